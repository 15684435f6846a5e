/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/fine_timer.h"

#include <errno.h>
#include <sys/timerfd.h>
#include <unistd.h>

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct kw_meter_fine_timer *timer = poll->data;
    uint64_t times;

    (void)status;
    (void)events;
    /* Nothing to read: it was set again after it had expired. */
    if (read(timer->fd, &times, sizeof(times)) == (ssize_t)sizeof(times))
        timer->expired(timer->arg);
}

int kw_meter_fine_timer_open(struct kw_meter_fine_timer *timer, uv_loop_t *loop,
                             struct kw_life *life)
{
    timer->life = life;
    timer->fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (timer->fd < 0)
        return kw_err_from_errno(errno);
    if (uv_poll_init(loop, &timer->poll, timer->fd) != 0) {
        close(timer->fd);
        timer->fd = -1;
        return KW_EIO;
    }
    timer->poll.data = timer;
    kw_life_hold(life);
    uv_poll_start(&timer->poll, UV_READABLE, on_readable);
    return 0;
}

void kw_meter_fine_timer_set(struct kw_meter_fine_timer *timer,
                             uint64_t delay_ns)
{
    struct itimerspec when = {
        .it_value =
            {
                .tv_sec = (time_t)(delay_ns / 1000000000U),
                .tv_nsec = (long)(delay_ns % 1000000000U),
            },
    };

    if (delay_ns == 0) /* would switch it off */
        when.it_value.tv_nsec = 1;
    (void)timerfd_settime(timer->fd, 0, &when, NULL);
}

void kw_meter_fine_timer_close(struct kw_meter_fine_timer *timer)
{
    if (timer->fd < 0)
        return;
    kw_life_close_handle(timer->life, (uv_handle_t *)&timer->poll);
    close(timer->fd); /* libuv has let go of it in uv_close */
    timer->fd = -1;
}
