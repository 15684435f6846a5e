/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Thousands of wake-up times on one timerfd, to the nanosecond: libuv's timers
 * are whole milliseconds, and each change of one walks a heap of pointers.
 * Here the times stand in an array, and the kernel is told once a turn, only
 * when the earliest has changed.
 *
 *   open: makes room, may fail - set, clear: never fail, allocate nothing
 *
 * A wake is no libuv handle: after kw_wake_close its memory may go at once.
 */
#ifndef KW_CORE_WAKE_H
#define KW_CORE_WAKE_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct kw_loop;

/* Embedded by its owner. */
struct kw_wake {
    void (*run)(struct kw_wake *wake); /* on the loop; it is not set then */
    struct kw_loop *loop;              /* borrowed; NULL: not open */
    size_t place;                      /* in the heap, from 1; 0: not set */
};

struct kw_wake_entry {
    uint64_t due_ns; /* monotonic, the machine's clock */
    struct kw_wake *wake;
};

/* All of a loop; struct kw_loop has it. */
struct kw_wakes {
    struct kw_wake_entry *heap; /* owned; heap of 4 children, place 1 is
                                   heap[0] */
    size_t count, room, open;   /* set, allocated, opened */
    uint64_t armed_ns;          /* what the kernel knows; UINT64_MAX: off,
                                   0: it has expired */
    int fd;
    uv_poll_t poll;
};

/* wake->run is set by the caller. KW_ENOMEM. */
KW_MUST_CHECK int kw_wake_open(struct kw_loop *loop, struct kw_wake *wake);

/* Runs it once in so long, in the loop's next turn at the earliest; a time
 * that was set before is forgotten. Those of the same time run in no
 * particular order. */
void kw_wake_set(struct kw_wake *wake, uint64_t delay_ns);
void kw_wake_clear(struct kw_wake *wake);
bool kw_wake_is_set(const struct kw_wake *wake);

/* Harmless when it isn't open. */
void kw_wake_close(struct kw_wake *wake);

/* For core/loop.c: begin, end of a turn, end. KW_EIO. */
KW_MUST_CHECK int kw_wakes_init(struct kw_loop *loop);
void kw_wakes_arm(struct kw_wakes *wakes);
void kw_wakes_fini(struct kw_wakes *wakes);

#endif
