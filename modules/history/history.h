/* SPDX-License-Identifier: Apache-2.0 */
/*
 * History: every sample that the hub publishes, for years.
 *
 * This header is what others may use: the settings, which the program needs
 * before it opens the database, and reading the stored samples of a point.
 */
#ifndef KW_HISTORY_HISTORY_H
#define KW_HISTORY_HISTORY_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

struct kw_db;
struct kw_module;

extern const struct kw_module kw_history_module;

/* The section `history`. */
struct kw_history_conf {
    int64_t commit_ms;     /* between two commits: what a crash may cost */
    int64_t keep_ms;       /* older blocks are deleted */
    uint64_t size_bytes;   /* more than this: the oldest blocks are deleted */
    uint64_t window_bytes; /* most memory for samples that aren't sealed */
};

/* What is not sealed yet: a copy of it, or of the journal on disk. */
struct kw_history_tail;

/*
 * Reads the unsealed samples from the journal of a database that no gateway
 * has open. May take long; the caller frees. KW_ENOMEM, KW_EIO.
 */
KW_MUST_CHECK int kw_history_tail_load(struct kw_history_tail **tail,
                                       struct kw_db *db);
void kw_history_tail_free(struct kw_history_tail *tail); /* NULL is allowed */

struct kw_history_range {
    uint32_t source, point; /* numbers; of core/point.h */
    int64_t from_ms, to_ms; /* UTC; from included, to not */
};

/* Samples of one point in order of time, no time twice. Borrowed. */
struct kw_history_run {
    const int64_t *times;   /* UTC ms */
    const double *values;   /* base unit; NaN where there is none */
    const uint8_t *quality; /* enum kw_quality */
    size_t count;
};

/*
 * Calls each(arg) with run after run until it returns something else than 0,
 * which is then returned. tail may be NULL: only what is sealed. Blocks, so
 * for jobs and offline commands; short read transactions, so a slow caller
 * holds nothing up. Damaged blocks are left out and counted in *damaged
 * (may be NULL). KW_ENOMEM, KW_EIO.
 */
typedef int kw_history_run_fn(void *arg, const struct kw_history_run *run);
KW_MUST_CHECK int kw_history_read(struct kw_db *db,
                                  const struct kw_history_tail *tail,
                                  const struct kw_history_range *range,
                                  size_t *damaged, kw_history_run_fn *each,
                                  void *arg);

#endif
