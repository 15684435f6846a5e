/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading step by step: sealed blocks and unsealed parts of one point as runs
 * in order of time. Each step has its own read transaction, so a reader can be
 * put aside between two steps while its client is slow. Sealing goes on
 * meanwhile: it only moves samples from parts, of which the reader has its own
 * copy, into blocks; what then comes twice is given once.
 */
#ifndef KW_HISTORY_READ_H
#define KW_HISTORY_READ_H

#include "history/history.h"
#include "history/tables.h"
#include "history/window.h"

/* A copied part. */
struct kw_history_tail_part {
    uint32_t source;
    int64_t hour_ms, first_ms, last_ms;
    size_t at, length; /* in bytes */
};

struct kw_history_tail {
    struct kw_buf bytes;
    struct kw_history_tail_part *parts; /* owned; by source, then hour */
    size_t count, size;
};

enum { KW_HISTORY_TAIL_BYTES = 32 << 20 }; /* most that a copy takes */

void kw_history_tail_init(struct kw_history_tail *tail);
void kw_history_tail_fini(struct kw_history_tail *tail);
/*
 * Adds copies of a source's parts that have samples in from..to. After the
 * last source, sort. KW_EFULL: more than the ceiling.
 */
KW_MUST_CHECK int kw_history_tail_add(struct kw_history_tail *tail,
                                      const struct kw_history_source *source,
                                      int64_t from_ms, int64_t to_ms);
void kw_history_tail_sort(struct kw_history_tail *tail);

struct kw_history_reader {
    struct kw_db *db;
    const struct kw_history_tail *tail; /* or NULL */
    struct kw_history_range range;
    struct kw_history_block_key next; /* first block not looked at */
    size_t next_part;                 /* the same of the tail */
    bool any;                         /* something was given: */
    int64_t given_ms;                 /* everything up to this time */
    struct kw_history_series found;   /* values as bits of doubles */
    double *values;
    size_t values_size;
    size_t damaged;  /* blocks and parts left out */
    bool only_count; /* samples of whole columns are counted, not given */
    size_t counted;  /* so many, until the caller sets it to 0 */
};

void kw_history_reader_init(struct kw_history_reader *reader, struct kw_db *db,
                            const struct kw_history_tail *tail,
                            const struct kw_history_range *range);
void kw_history_reader_fini(struct kw_history_reader *reader);

/*
 * The next run, valid until the next call; it may be empty when much was
 * looked at for nothing, so that a caller can see whether it is still wanted.
 * KW_EOF at the end, KW_ENOMEM, KW_EIO.
 */
KW_MUST_CHECK int kw_history_reader_next(struct kw_history_reader *reader,
                                         struct kw_history_run *run);

/* The first key that a block with samples of the range may have. */
struct kw_history_block_key
kw_history_first_key(const struct kw_history_range *range);

/*
 * Counts the sealed blocks of the range's source from the key *next on,
 * without opening them: *looked, at most max. *next becomes the first one
 * not counted. 0: there are more; KW_EOF: that was the last; KW_EIO.
 */
KW_MUST_CHECK int kw_history_weigh(struct kw_db *db,
                                   const struct kw_history_range *range,
                                   struct kw_history_block_key *next,
                                   uint64_t max, uint64_t *looked);

#endif
