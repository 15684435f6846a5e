/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables of the history and their keys, which sort as they are read.
 *
 *   history.journal  be64 row                        journal.h
 *   history.blocks   be32 source, be64 hour, be16 n  block.h
 *   history.sealed   be32 source                     be64 last sealed segment
 *
 * The hour is UTC ms with the sign bit turned, so that byte order is order in
 * time. n is 0 but where a block of that hour can't be read or is full.
 */
#ifndef KW_HISTORY_TABLES_H
#define KW_HISTORY_TABLES_H

#include "core/db.h"

extern const struct kw_db_table kw_history_journal, kw_history_blocks,
    kw_history_sealed;

enum { KW_HISTORY_KEY_BYTES = 14 };

struct kw_history_block_key {
    uint32_t source;
    int64_t hour_ms;
    uint16_t number;
};

/* Bytes of a key; the slices borrow them. */
struct kw_history_key_bytes {
    unsigned char bytes[KW_HISTORY_KEY_BYTES];
};
struct kw_slice kw_history_key_block(struct kw_history_key_bytes *bytes,
                                     const struct kw_history_block_key *key);
/* Also the form of a segment's number in history.sealed. */
struct kw_slice kw_history_key_row(struct kw_history_key_bytes *bytes,
                                   uint64_t row);
struct kw_slice kw_history_key_source(struct kw_history_key_bytes *bytes,
                                      uint32_t source);

/* KW_ECORRUPT when the key has another length. */
KW_MUST_CHECK int kw_history_key_read(struct kw_slice slice,
                                      struct kw_history_block_key *key);

#endif
