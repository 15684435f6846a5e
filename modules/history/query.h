/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What GET /history asks for: the rows of its query string and their reading
 * into numbers.
 */
#ifndef KW_HISTORY_QUERY_H
#define KW_HISTORY_QUERY_H

#include "core/setting.h"

#include <stdbool.h>

struct kw_points;

enum {
    KW_HISTORY_QUERY_POINTS = 64,
    KW_HISTORY_QUERY_ROWS = 50000, /* of a point */
    /* Blocks that an answer looks at: those of each point's meter, added up.
     * A block is an hour of a meter, or more; a million are some ten seconds
     * of a thread. */
    KW_HISTORY_QUERY_BLOCKS = 1000000,
};

/* As described by the rows. */
struct kw_history_query_text {
    const char *points, *from, *to, *step;
    int64_t limit;
};
extern const struct kw_setting kw_history_query_rows[];

struct kw_history_query {
    const struct kw_point *points[KW_HISTORY_QUERY_POINTS]; /* borrowed */
    size_t count;
    int64_t from_ms, to_ms;
    int64_t step_ms; /* 0: raw */
    size_t limit;    /* most rows of a point */
};

/* Why a query is refused: a stable key and a sentence. */
struct kw_history_refusal {
    const char *key;
    char text[200];
};

/* False with *refusal when the query can't be answered. */
bool kw_history_query_read(struct kw_history_query *query,
                           const struct kw_history_query_text *text,
                           const struct kw_points *points, int64_t now_ms,
                           struct kw_history_refusal *refusal);

#endif
