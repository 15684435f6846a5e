/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sealed block: what one meter measured in an hour or, when that is little,
 * in several hours of one UTC day. A directory of columns, then their symbols
 * (zstd) and low bits in sections, so that one column is read without
 * unpacking the others. Columns that were polled together share one column of
 * times. Directory and sections carry a check each: a damaged section costs
 * its columns, a damaged directory the block; neither more than that.
 *
 *   byte    version
 *   varint  length of the directory, be32 its check, the directory:
 *     signed first time, varint span to the last, scales, sections, times
 *     columns, value columns
 *   the sections, each: symbols (packed when that is shorter), low bits
 *
 * A signed number is stored zigzag as a varint.
 */
#ifndef KW_HISTORY_BLOCK_H
#define KW_HISTORY_BLOCK_H

#include "base/buf.h"
#include "history/code.h"
#include "history/series.h"

enum {
    KW_HISTORY_BLOCK_VERSION = 1,
    KW_HISTORY_BLOCK_BYTES = 64 << 20, /* most that is written or read */
};

/* Appends the block of a tidy set to out. KW_ENOMEM, KW_EFULL, KW_EINVAL
 * when the set has no samples. */
KW_MUST_CHECK int kw_history_block_encode(const struct kw_history_set *set,
                                          struct kw_buf *out);

struct kw_history_section {
    const unsigned char *bytes;      /* borrowed */
    uint32_t symbols, packed, extra; /* lengths; packed as it stands here */
    uint32_t check;
};

/* A column of times, or of the values of a series. */
struct kw_history_column {
    struct kw_history_key key; /* of values */
    struct kw_history_code code;
    uint32_t count;   /* samples */
    uint32_t numbers; /* samples that have a number */
    uint32_t axis;    /* of values: index of their times */
    uint32_t section;
    uint32_t symbols_at, extra_at, extra_bytes; /* in the section */
    bool still;                /* no symbols: all of them are 0 */
    const unsigned char *runs; /* of quality; borrowed, NULL: all good */
    size_t runs_bytes;
};

/* An opened block; the bytes are borrowed until it is closed. */
struct kw_history_block {
    int64_t first_ms, last_ms;
    double *scales; /* owned, as the others */
    struct kw_history_section *sections;
    struct kw_history_column *axes, *columns;
    uint32_t scale_count, section_count, axis_count, column_count;
};

/* Checks and reads the directory. KW_ECORRUPT, KW_EVERSION, KW_ENOMEM. */
KW_MUST_CHECK int kw_history_block_open(struct kw_history_block *block,
                                        const void *bytes, size_t length);
void kw_history_block_close(struct kw_history_block *block);

/* Appends the samples of a column to a series. KW_ECORRUPT, KW_ENOMEM. */
KW_MUST_CHECK int kw_history_block_read(const struct kw_history_block *block,
                                        const struct kw_history_column *column,
                                        struct kw_history_series *series);

#endif
