/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of an answer as JSON or CSV (RFC 4180), straight into a buffer. Numbers
 * are written with the digits that the meter gave: a raw 23010 in steps of
 * 0.01 is 230.1, not the 17 digits of the nearest double.
 */
#ifndef KW_HISTORY_FORMAT_H
#define KW_HISTORY_FORMAT_H

#include "base/buf.h"
#include "base/sample.h"
#include "history/fold.h"

/* What every row of a point needs. */
struct kw_history_rows {
    struct kw_buf *out;
    bool csv, first; /* first: no row was written yet */
    const char *name, *unit;
    uint32_t point;
    uint8_t encoding; /* of its raw values: digits of a float32 */
};

/* The shortest of: up to 6 decimals, 9 digits (float32), all digits. */
void kw_history_put_number(struct kw_buf *out, double value, uint8_t encoding);

/* A text as a CSV field; one that a spreadsheet would take for a formula gets
 * an apostrophe in front. */
void kw_history_put_field(struct kw_buf *out, const char *text);

/* The head of everything; step_ms 0: raw. */
void kw_history_put_head(struct kw_buf *out, bool csv, int64_t from_ms,
                         int64_t to_ms, int64_t step_ms);
/* Begin and end of a point's rows, and the end of everything. */
void kw_history_put_begin(struct kw_history_rows *rows, bool first_series);
void kw_history_put_end(struct kw_history_rows *rows);
void kw_history_put_tail(struct kw_buf *out, bool csv);

void kw_history_put_sample(struct kw_history_rows *rows, int64_t time_ms,
                           double value, uint8_t quality);
void kw_history_put_step(struct kw_history_rows *rows,
                         const struct kw_history_step *step);

#endif
