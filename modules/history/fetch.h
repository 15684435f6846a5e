/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The part of GET /history that runs on a thread. A call does a bounded
 * amount of work, so that a query of any size comes back to the loop again
 * and again, where its client may have gone and other queries have their
 * turn. In this order:
 *
 *   weigh    counts the blocks that the answer must look at; a query with
 *            more than KW_HISTORY_QUERY_BLOCKS is refused
 *   count    raw samples only: counts the rows of each point; a query with
 *            more than its limit is refused
 *   produce  writes the answer, a slice a call
 *
 * All refusals come before the first byte of the answer.
 */
#ifndef KW_HISTORY_FETCH_H
#define KW_HISTORY_FETCH_H

#include "core/point.h"
#include "history/format.h"
#include "history/query.h"
#include "history/read.h"

/* What is known of a point, copied: names may change meanwhile. */
struct kw_history_fetch_point {
    struct kw_history_range range;
    uint8_t encoding;
    char name[KW_POINT_NAME_SIZE];
    const char *unit; /* constant, of its quantity */
};

enum kw_history_fetch_phase {
    KW_HISTORY_WEIGH,
    KW_HISTORY_COUNT,
    KW_HISTORY_PRODUCE,
    KW_HISTORY_FINISHED,
};

struct kw_history_fetch {
    /* The query, set before the first call. */
    struct kw_db *db;
    struct kw_history_tail tail; /* owned: copies of what isn't sealed */
    struct kw_history_fetch_point points[KW_HISTORY_QUERY_POINTS];
    size_t count;
    int64_t step_ms; /* 0: raw samples */
    size_t limit;    /* most rows of a point */
    bool csv;

    /* The result of a call. */
    enum kw_history_fetch_phase phase;
    struct kw_buf out; /* the next slice of the answer, "" before the first */
    size_t damaged;    /* blocks and parts left out so far */

    /* Where it stands. */
    size_t at;       /* the point at hand */
    uint64_t blocks; /* to look at, of all points so far */
    size_t rows_counted;
    struct kw_history_block_key next_key; /* the first block not weighed */
    bool weighing, reading, headed;
    struct kw_history_reader reader; /* open while reading */
    struct kw_history_run run;       /* of it, from run_at on not written */
    size_t run_at;
    struct kw_history_fold fold;
    struct kw_history_rows rows;
};

/* An empty query. */
void kw_history_fetch_init(struct kw_history_fetch *fetch);
void kw_history_fetch_fini(struct kw_history_fetch *fetch);

/*
 * Does the next piece of work: some tens of milliseconds at most. 0 when there
 * is a slice in out (it may be empty) or the phase is KW_HISTORY_FINISHED.
 * KW_ERANGE: too many blocks, in the phase KW_HISTORY_WEIGH, or more rows of a
 * point than the limit; KW_ENOMEM, KW_EIO.
 */
KW_MUST_CHECK int kw_history_fetch_next(struct kw_history_fetch *fetch);

#endif
