/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A timer that is finer than libuv's whole milliseconds: a timerfd on the
 * loop. The silence between frames is 1.75 ms, and each millisecond more is
 * capacity of the line thrown away.
 */
#ifndef KW_METER_FINE_TIMER_H
#define KW_METER_FINE_TIMER_H

#include "base/err.h"
#include "core/life.h"

#include <stdint.h>

struct kw_meter_fine_timer {
    uv_poll_t poll;
    int fd; /* -1: not open */
    struct kw_life *life;
    void (*expired)(void *arg);
    void *arg;
};

/* Holds life until closed. KW_EIO when there is no descriptor left. */
KW_MUST_CHECK int kw_meter_fine_timer_open(struct kw_meter_fine_timer *timer,
                                           uv_loop_t *loop,
                                           struct kw_life *life);

/* expired(arg) once after delay_ns (at least 1); replaces what was set. */
void kw_meter_fine_timer_set(struct kw_meter_fine_timer *timer,
                             uint64_t delay_ns);

/* Harmless when it isn't open. */
void kw_meter_fine_timer_close(struct kw_meter_fine_timer *timer);

#endif
