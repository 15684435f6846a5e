/* SPDX-License-Identifier: Apache-2.0 */
#include "loop.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { BATCH = 64, MS_NS = 1000000 };

int kw_plant_loop_init(struct kw_plant_loop *loop, struct kw_plant_diag *diag)
{
    loop->quit = false;
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (loop->epoll < 0)
        return kw_plant_say(diag, "no epoll: %s", strerror(errno));
    return 0;
}

void kw_plant_loop_fini(struct kw_plant_loop *loop)
{
    if (loop->epoll >= 0)
        close(loop->epoll);
    loop->epoll = -1;
}

int kw_plant_loop_add(struct kw_plant_loop *loop, struct kw_plant_watch *watch,
                      uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = watch};
    return epoll_ctl(loop->epoll, EPOLL_CTL_ADD, watch->fd, &event);
}

void kw_plant_loop_change(struct kw_plant_loop *loop,
                          struct kw_plant_watch *watch, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = watch};
    epoll_ctl(loop->epoll, EPOLL_CTL_MOD, watch->fd, &event);
}

/* Rounded up: a millisecond too early would spin. */
static int to_wait_ms(int64_t until_ns)
{
    if (until_ns == INT64_MAX)
        return -1;
    int64_t left_ms = (until_ns - kw_plant_now_ns() + MS_NS - 1) / MS_NS;
    return left_ms < 0 ? 0 : left_ms > 60000 ? 60000 : (int)left_ms;
}

/* An object may be freed only in its own callback or in `due`: no event of
 * the same batch can then refer to it. */
void kw_plant_loop_run(struct kw_plant_loop *loop, kw_plant_due_fn *due,
                       void *arg)
{
    struct epoll_event events[BATCH];
    while (!loop->quit) {
        int wait_ms = to_wait_ms(due(arg));
        int count = epoll_wait(loop->epoll, events, BATCH, wait_ms);
        for (int i = 0; i < count; i++) {
            struct kw_plant_watch *watch = events[i].data.ptr;
            watch->on_ready(watch, events[i].events);
        }
    }
}
