/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/schedule.h"

static const uint64_t tick_ns = 10000000;

void kw_meter_schedule_init(struct kw_meter_schedule *schedule,
                            struct kw_meter_task **memory, size_t capacity)
{
    *schedule = (struct kw_meter_schedule){
        .waiting = {.tasks = memory},
        .ready = {.tasks = memory + capacity},
        .capacity = capacity,
    };
}

static void place(struct kw_meter_heap *heap, struct kw_meter_task *task,
                  size_t at)
{
    heap->tasks[at] = task;
    task->at = at + 1;
}

/* Moves the task, whose place may be any, from there towards the top. */
static void sift_up(struct kw_meter_heap *heap, struct kw_meter_task *task,
                    size_t at)
{
    while (at > 0) {
        struct kw_meter_task *above = heap->tasks[(at - 1) / 2];

        if (above->key <= task->key)
            break;
        place(heap, above, at);
        at = (at - 1) / 2;
    }
    place(heap, task, at);
}

static void sift_down(struct kw_meter_heap *heap, struct kw_meter_task *task,
                      size_t at)
{
    for (size_t below = 2 * at + 1; below < heap->count; below = 2 * at + 1) {
        if (below + 1 < heap->count &&
            heap->tasks[below + 1]->key < heap->tasks[below]->key)
            below++;
        if (heap->tasks[below]->key >= task->key)
            break;
        place(heap, heap->tasks[below], at);
        at = below;
    }
    place(heap, task, at);
}

static void push(struct kw_meter_heap *heap, struct kw_meter_task *task,
                 uint64_t key)
{
    task->key = key;
    sift_up(heap, task, heap->count++);
}

static void take_out(struct kw_meter_heap *heap, struct kw_meter_task *task)
{
    size_t at = task->at - 1;
    struct kw_meter_task *last = heap->tasks[--heap->count];

    task->at = 0;
    if (last == task)
        return;
    if (at > 0 && heap->tasks[(at - 1) / 2]->key > last->key)
        sift_up(heap, last, at);
    else
        sift_down(heap, last, at);
}

void kw_meter_schedule_remove(struct kw_meter_schedule *schedule,
                              struct kw_meter_task *task)
{
    if (task->at == 0)
        return;
    take_out(task->ready ? &schedule->ready : &schedule->waiting, task);
    task->ready = false;
}

bool kw_meter_schedule_put(struct kw_meter_schedule *schedule,
                           struct kw_meter_task *task, uint64_t due_ns,
                           uint64_t deadline_ns)
{
    kw_meter_schedule_remove(schedule, task);
    if (schedule->waiting.count + schedule->ready.count >= schedule->capacity)
        return false;
    task->due_ns = due_ns;
    task->deadline_ns = deadline_ns;
    push(&schedule->waiting, task, due_ns);
    return true;
}

struct kw_meter_task *kw_meter_schedule_take(struct kw_meter_schedule *schedule,
                                             uint64_t now_ns)
{
    struct kw_meter_heap *waiting = &schedule->waiting;
    struct kw_meter_task *task;

    while (waiting->count > 0 && waiting->tasks[0]->key <= now_ns) {
        task = waiting->tasks[0];
        take_out(waiting, task);
        task->ready = true;
        push(&schedule->ready, task, task->deadline_ns);
    }
    if (schedule->ready.count == 0)
        return NULL;
    task = schedule->ready.tasks[0];
    kw_meter_schedule_remove(schedule, task);
    return task;
}

uint64_t kw_meter_schedule_next(const struct kw_meter_schedule *schedule)
{
    if (schedule->ready.count > 0)
        return 0;
    if (schedule->waiting.count == 0)
        return UINT64_MAX;
    return schedule->waiting.tasks[0]->key;
}

uint64_t kw_meter_grid_next(uint64_t start_ns, uint64_t period_ns,
                            uint64_t now_ns)
{
    if (now_ns < start_ns)
        return start_ns;
    return start_ns + ((now_ns - start_ns) / period_ns + 1) * period_ns;
}

uint64_t kw_meter_grid_start(uint64_t about_ns)
{
    return about_ns / tick_ns * tick_ns;
}

uint64_t kw_meter_phase_ns(uint32_t index, uint64_t period_ns)
{
    /* index * 2^32 / golden ratio, modulo 2^32: the fraction in 1/2^32. */
    uint32_t fraction = index * 2654435769U;

    /* In two steps, so that no product exceeds 64 bits (a day in ns has 47). */
    return (period_ns >> 16) * (fraction >> 16) +
           ((period_ns & 0xFFFF) * (fraction >> 16) >> 16);
}

static void set_demand(struct kw_meter_schedule *schedule,
                       struct kw_meter_task *task)
{
    schedule->demand_ns -= task->demand_ns;
    task->demand_ns = (uint64_t)(task->rate * (double)task->cost_ns);
    schedule->demand_ns += task->demand_ns;
}

void kw_meter_schedule_claim(struct kw_meter_schedule *schedule,
                             struct kw_meter_task *task, double rate,
                             uint64_t reckoned_ns)
{
    task->rate = rate;
    if (!task->measured)
        task->cost_ns = reckoned_ns;
    set_demand(schedule, task);
}

void kw_meter_schedule_cost(struct kw_meter_schedule *schedule,
                            struct kw_meter_task *task, uint64_t took_ns)
{
    task->cost_ns =
        task->measured ? (task->cost_ns * 15 + took_ns) / 16 : took_ns;
    task->measured = true;
    set_demand(schedule, task);
}

double kw_meter_schedule_demand(const struct kw_meter_schedule *schedule,
                                unsigned lanes)
{
    return (double)schedule->demand_ns / 1e9 / lanes;
}

bool kw_meter_overload_step(struct kw_meter_overload *overload, double demand,
                            uint64_t now_ns)
{
    static const uint64_t while_ns =
        (uint64_t)KW_METER_OVERLOAD_SECONDS * 1000000000U;
    bool other = overload->on ? demand < 0.98 : demand > 1.02;

    if (!other) {
        overload->since_ns = 0;
        return false;
    }
    if (overload->since_ns == 0)
        overload->since_ns = now_ns;
    if (now_ns - overload->since_ns < while_ns)
        return false;
    overload->on = !overload->on;
    overload->since_ns = 0;
    return true;
}

uint64_t kw_meter_stretched_next(uint64_t start_ns, uint64_t period_ns,
                                 uint64_t now_ns, double demand)
{
    if (demand <= 1)
        return kw_meter_grid_next(start_ns, period_ns, now_ns);
    return now_ns + (uint64_t)((double)period_ns * demand);
}
