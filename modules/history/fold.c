/* SPDX-License-Identifier: Apache-2.0 */
/* One step is under way at a time; it ends when a sample of another comes. */
#include "history/fold.h"

#include <math.h>

void kw_history_fold_init(struct kw_history_fold *fold, int64_t step_ms)
{
    *fold = (struct kw_history_fold){.step_ms = step_ms};
}

/* Rounds down, for times before 1970 too. */
static int64_t begin_of(int64_t time_ms, int64_t step_ms)
{
    int64_t into = time_ms % step_ms;

    return time_ms - (into < 0 ? into + step_ms : into);
}

bool kw_history_fold_end(struct kw_history_fold *fold,
                         struct kw_history_step *done)
{
    if (fold->step.count == 0)
        return false;
    *done = fold->step;
    done->mean = fold->sum / (double)done->count;
    fold->step.count = 0;
    return true;
}

bool kw_history_fold_add(struct kw_history_fold *fold, int64_t time_ms,
                         double value, struct kw_history_step *done)
{
    struct kw_history_step *step = &fold->step;
    bool ended = false;

    if (isnan(value))
        return false;
    if (step->count > 0 &&
        (time_ms < step->time_ms || time_ms - step->time_ms >= fold->step_ms))
        ended = kw_history_fold_end(fold, done);
    if (step->count == 0) {
        step->time_ms = begin_of(time_ms, fold->step_ms);
        step->min = step->max = step->first = value;
        fold->sum = 0;
    }
    step->min = value < step->min ? value : step->min;
    step->max = value > step->max ? value : step->max;
    step->last = value;
    fold->sum += value;
    step->count++;
    return ended;
}
