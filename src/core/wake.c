/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A set time goes into the heap; at the end of the turn the timerfd is set to
 * the earliest. When that has come the descriptor is readable, all that is due
 * runs, and the end of that turn sets the descriptor anew, which also makes it
 * unreadable: nothing is ever read from it.
 */
#include "core/wake.h"

#include "base/clock.h"
#include "base/mem.h"
#include "core/loop.h"

#include <sys/timerfd.h>
#include <unistd.h>

/* Four children lie in one line of the processor's cache. */
enum { CHILDREN = 4, FIRST_ROOM = 16 };

static const uint64_t ns_per_s = 1000000000;

static uint64_t now_ns(void)
{
    return kw_clock_mono_ns(&kw_clock_system);
}

static void put(struct kw_wakes *wakes, size_t at, struct kw_wake_entry entry)
{
    wakes->heap[at] = entry;
    entry.wake->place = at + 1;
}

static void sift_up(struct kw_wakes *wakes, size_t at,
                    struct kw_wake_entry entry)
{
    while (at > 0) {
        size_t parent = (at - 1) / CHILDREN;

        if (wakes->heap[parent].due_ns <= entry.due_ns)
            break;
        put(wakes, at, wakes->heap[parent]);
        at = parent;
    }
    put(wakes, at, entry);
}

static void sift_down(struct kw_wakes *wakes, size_t at,
                      struct kw_wake_entry entry)
{
    for (;;) {
        size_t child = at * CHILDREN + 1, end = child + CHILDREN, least = child;

        if (child >= wakes->count)
            break;
        if (end > wakes->count)
            end = wakes->count;
        for (size_t i = child + 1; i < end; i++) {
            if (wakes->heap[i].due_ns < wakes->heap[least].due_ns)
                least = i;
        }
        if (wakes->heap[least].due_ns >= entry.due_ns)
            break;
        put(wakes, at, wakes->heap[least]);
        at = least;
    }
    put(wakes, at, entry);
}

/* Puts an entry where another one stood. */
static void replace(struct kw_wakes *wakes, size_t at,
                    struct kw_wake_entry entry)
{
    if (at > 0 && wakes->heap[(at - 1) / CHILDREN].due_ns > entry.due_ns)
        sift_up(wakes, at, entry);
    else
        sift_down(wakes, at, entry);
}

static void take_out(struct kw_wakes *wakes, struct kw_wake *wake)
{
    size_t at = wake->place - 1;

    wake->place = 0;
    wakes->count--;
    if (at < wakes->count)
        replace(wakes, at, wakes->heap[wakes->count]);
    if (wakes->count == 0)
        uv_unref((uv_handle_t *)&wakes->poll);
}

int kw_wake_open(struct kw_loop *loop, struct kw_wake *wake)
{
    struct kw_wakes *wakes = &loop->wakes;
    size_t room = wakes->room > 0 ? wakes->room * 2 : FIRST_ROOM;

    if (wakes->open == wakes->room) {
        struct kw_wake_entry *heap =
            kw_realloc(wakes->heap, room * sizeof(*heap));

        if (heap == NULL)
            return KW_ENOMEM;
        wakes->heap = heap;
        wakes->room = room;
    }
    wakes->open++;
    wake->loop = loop;
    wake->place = 0;
    return 0;
}

void kw_wake_set(struct kw_wake *wake, uint64_t delay_ns)
{
    struct kw_wakes *wakes = &wake->loop->wakes;
    struct kw_wake_entry entry = {now_ns() + delay_ns, wake};

    if (wake->place > 0) {
        replace(wakes, wake->place - 1, entry);
        return;
    }
    if (wakes->count == 0)
        uv_ref((uv_handle_t *)&wakes->poll);
    sift_up(wakes, wakes->count++, entry);
}

void kw_wake_clear(struct kw_wake *wake)
{
    if (wake->place > 0)
        take_out(&wake->loop->wakes, wake);
}

bool kw_wake_is_set(const struct kw_wake *wake)
{
    return wake->place > 0;
}

void kw_wake_close(struct kw_wake *wake)
{
    if (wake->loop == NULL)
        return;
    kw_wake_clear(wake);
    wake->loop->wakes.open--;
    wake->loop = NULL;
}

/* Runs what is due; what is set meanwhile waits for the next turn, so that
 * nobody can keep the loop here. */
static void on_due(uv_poll_t *poll, int status, int events)
{
    struct kw_wakes *wakes = poll->data;
    uint64_t until_ns = now_ns();

    (void)status;
    (void)events;
    wakes->armed_ns = 0; /* the descriptor must be set anew */
    while (wakes->count > 0 && wakes->heap[0].due_ns <= until_ns) {
        struct kw_wake *wake = wakes->heap[0].wake;

        take_out(wakes, wake);
        wake->run(wake);
    }
}

void kw_wakes_arm(struct kw_wakes *wakes)
{
    uint64_t due_ns = wakes->count > 0 ? wakes->heap[0].due_ns : UINT64_MAX;
    struct itimerspec when = {.it_interval = {0}};

    if (due_ns == wakes->armed_ns)
        return;
    wakes->armed_ns = due_ns;
    if (due_ns != UINT64_MAX) { /* else zero: off */
        when.it_value.tv_sec = (time_t)(due_ns / ns_per_s);
        when.it_value.tv_nsec = (long)(due_ns % ns_per_s);
    }
    (void)timerfd_settime(wakes->fd, TFD_TIMER_ABSTIME, &when, NULL);
}

int kw_wakes_init(struct kw_loop *loop)
{
    struct kw_wakes *wakes = &loop->wakes;

    wakes->armed_ns = UINT64_MAX;
    wakes->fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (wakes->fd < 0 || uv_poll_init(&loop->uv, &wakes->poll, wakes->fd) != 0)
        return KW_EIO; /* without a loop the program ends */
    wakes->poll.data = wakes;
    uv_poll_start(&wakes->poll, UV_READABLE, on_due);
    uv_unref((uv_handle_t *)&wakes->poll);
    return 0;
}

void kw_wakes_fini(struct kw_wakes *wakes)
{
    uv_close((uv_handle_t *)&wakes->poll, NULL);
    close(wakes->fd); /* libuv has let go of it in uv_close */
    kw_free(wakes->heap);
}
