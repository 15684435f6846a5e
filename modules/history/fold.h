/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Steps: samples folded into minimum, maximum, mean, first, last and count of
 * each step of time. Steps begin at whole multiples of their length since
 * 1970 UTC, so that the same step always holds the same samples.
 */
#ifndef KW_HISTORY_FOLD_H
#define KW_HISTORY_FOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kw_history_step {
    int64_t time_ms; /* its begin */
    double min, max, mean, first, last;
    uint64_t count;
};

struct kw_history_fold {
    int64_t step_ms;
    double sum;
    struct kw_history_step step; /* under way; count 0: none */
};

/* step_ms is above 0. */
void kw_history_fold_init(struct kw_history_fold *fold, int64_t step_ms);

/*
 * Adds a sample, in order of time. True: it began another step and *done is
 * the one that ended. A sample without a value (NaN) is left out.
 */
bool kw_history_fold_add(struct kw_history_fold *fold, int64_t time_ms,
                         double value, struct kw_history_step *done);

/* The last step; false when there is none. The fold is empty afterwards. */
bool kw_history_fold_end(struct kw_history_fold *fold,
                         struct kw_history_step *done);

#endif
