/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A journal row: what all sources added to their segments in one commit
 * interval. Its key is a sequence number; times are inside. Pieces tell where
 * in their segment they belong, so a piece that was never committed ends the
 * segment there instead of garbling it.
 *
 *   byte version, varint next segment number,
 *   pieces: varint source, varint segment, varint offset, varint length, bytes
 *   be32 check of all before
 */
#ifndef KW_HISTORY_JOURNAL_H
#define KW_HISTORY_JOURNAL_H

#include "base/buf.h"

struct kw_history_piece {
    uint32_t source;            /* its number */
    uint64_t segment;           /* numbers only grow, of all sources */
    size_t offset, length;      /* in the segment */
    const unsigned char *bytes; /* reading: borrowed */
};

/* Writing: begin, then for each piece its head and `length` bytes, then end.
 * Errors stay in the buffer. */
void kw_history_row_begin(struct kw_buf *row, uint64_t next_segment);
void kw_history_row_piece(struct kw_buf *row,
                          const struct kw_history_piece *piece);
void kw_history_row_end(struct kw_buf *row);

/* Checks a row. KW_ECORRUPT, KW_EVERSION. */
KW_MUST_CHECK int kw_history_row_open(struct kw_reader *reader,
                                      const void *bytes, size_t length,
                                      uint64_t *next_segment);
/* KW_EOF at the end, KW_ECORRUPT. */
KW_MUST_CHECK int kw_history_row_next(struct kw_reader *reader,
                                      struct kw_history_piece *piece);

#endif
