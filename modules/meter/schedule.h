/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who asks next on a line: earliest deadline first. A task waits until it is
 * due; among those that are due the one with the earliest deadline goes.
 * Since a deadline stays while a task waits, and the deadline of one that has
 * had its turn moves on by its period, an overloaded line stretches all
 * periods and starves nobody.
 *
 * What is asked for is known, too: each task claims so many requests a second,
 * and what a request of it takes is measured. Their products add up to the
 * demand, the time asked for over the time there is. When it exceeds 1 all
 * periods become longer by that factor: without it those with short periods
 * would wait, measured by their period, longer than the others.
 *
 * Pure: the caller gives the time (monotonic nanoseconds) and the memory.
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

    /* The schedule's: what it claims. */
    double rate;        /* requests a second */
    uint64_t cost_ns;   /* of a request */
    uint64_t demand_ns; /* a second: rate * cost */
    bool measured;      /* cost_ns was seen, not only reckoned */
};

struct kw_meter_heap {
    struct kw_meter_task **tasks;
    size_t count;
};

struct kw_meter_schedule {
    struct kw_meter_heap waiting; /* by due_ns */
    struct kw_meter_heap ready;   /* by deadline_ns */
    size_t capacity;
    uint64_t demand_ns; /* a second, of all tasks */
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

/*
 * The task will ask rate times a second; reckoned_ns is what a request takes as
 * long as none was measured. A rate of 0 takes the claim back, which the owner
 * of a task does before it goes.
 */
void kw_meter_schedule_claim(struct kw_meter_schedule *schedule,
                             struct kw_meter_task *task, double rate,
                             uint64_t reckoned_ns);

/* A request of the task took so long, silence before it included. */
void kw_meter_schedule_cost(struct kw_meter_schedule *schedule,
                            struct kw_meter_task *task, uint64_t took_ns);

/* Time asked for over the time there is; lanes: requests at a time. */
double kw_meter_schedule_demand(const struct kw_meter_schedule *schedule,
                                unsigned lanes);

/* Whether a line is asked for too much: told once it has been so for a while,
 * and taken back once it has been clearly better for as long. */
struct kw_meter_overload {
    bool on;
    uint64_t since_ns; /* it would change; 0: it would not */
};
enum { KW_METER_OVERLOAD_SECONDS = 10 };

/* True when on has changed. Goes on above 1.02, off below 0.98. */
bool kw_meter_overload_step(struct kw_meter_overload *overload, double demand,
                            uint64_t now_ns);

/*
 * When what is done now is due again: the next time of its grid, or, when
 * demand exceeds 1, a period stretched by it from now.
 */
uint64_t kw_meter_stretched_next(uint64_t start_ns, uint64_t period_ns,
                                 uint64_t now_ns, double demand);

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
