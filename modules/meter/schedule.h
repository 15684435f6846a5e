/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who asks next on a line: earliest deadline first. A task waits until it is
 * due; among those that are due the one with the earliest deadline goes.
 * Since a deadline stays while a task waits, and the deadline of one that has
 * had its turn moves on by its period, an overloaded line stretches all
 * periods and starves nobody. Pure: the caller gives the time (monotonic
 * nanoseconds) and the memory.
 */
#ifndef KW_METER_SCHEDULE_H
#define KW_METER_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Embedded by its owner; zero before the first use. */
struct kw_meter_task {
    uint64_t due_ns, deadline_ns;
    uint64_t key; /* the schedule's: what its heap is ordered by */
    size_t at;    /* the schedule's: position in the heap plus 1, 0 none */
    bool ready;   /* the schedule's: which heap */
};

struct kw_meter_heap {
    struct kw_meter_task **tasks;
    size_t count;
};

struct kw_meter_schedule {
    struct kw_meter_heap waiting; /* by due_ns */
    struct kw_meter_heap ready;   /* by deadline_ns */
    size_t capacity;
};

/*
 * memory has room for 2 * capacity pointers and is the caller's; no more than
 * capacity tasks may ever be in the schedule at once.
 */
void kw_meter_schedule_init(struct kw_meter_schedule *schedule,
                            struct kw_meter_task **memory, size_t capacity);

/* Puts a task in; one that is in is moved. False when there is no room. */
bool kw_meter_schedule_put(struct kw_meter_schedule *schedule,
                           struct kw_meter_task *task, uint64_t due_ns,
                           uint64_t deadline_ns);

/* Takes a task out; harmless when it is not in. */
void kw_meter_schedule_remove(struct kw_meter_schedule *schedule,
                              struct kw_meter_task *task);

/* The task to serve at that time, taken out; NULL when none is due. */
struct kw_meter_task *kw_meter_schedule_take(struct kw_meter_schedule *schedule,
                                             uint64_t now_ns);

/* When a task will be due: 0 at once, UINT64_MAX never. */
uint64_t kw_meter_schedule_next(const struct kw_meter_schedule *schedule);

/* The first time of the grid start + k * period that is after now. */
uint64_t kw_meter_grid_next(uint64_t start_ns, uint64_t period_ns,
                            uint64_t now_ns);

/*
 * Where a grid starts that shall go through about this time: grids lie on
 * ticks of 10 ms that all lines share, so that with thousands of meters one
 * wake of the processor begins several polls.
 */
uint64_t kw_meter_grid_start(uint64_t about_ns);

/*
 * A phase within period for the index-th of any number of members: the
 * multiples of the golden ratio lie apart however many there are.
 */
uint64_t kw_meter_phase_ns(uint32_t index, uint64_t period_ns);

#endif
