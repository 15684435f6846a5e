/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers in keys are big-endian: LMDB sorts keys as bytes. */
#include "history/tables.h"

#include "base/buf.h"

const struct kw_db_table kw_history_journal = {
    .name = "history.journal",
    .backup = true,
    .reset = true,
    .append = true,
    .help = "Samples of each commit interval until they are sealed.",
};

const struct kw_db_table kw_history_blocks = {
    .name = "history.blocks",
    .backup = true,
    .reset = true,
    .help = "Sealed samples, one block a meter and hour or hours.",
};

const struct kw_db_table kw_history_sealed = {
    .name = "history.sealed",
    .backup = true,
    .reset = true,
    .help = "How far each meter's samples are sealed.",
};

static const uint64_t sign = UINT64_C(1) << 63;

static void put(unsigned char *to, uint64_t value, size_t bytes)
{
    for (size_t i = bytes; i-- > 0; value >>= 8)
        to[i] = (unsigned char)value;
}

struct kw_slice kw_history_key_block(struct kw_history_key_bytes *bytes,
                                     const struct kw_history_block_key *key)
{
    put(bytes->bytes, key->source, 4);
    put(bytes->bytes + 4, (uint64_t)key->hour_ms ^ sign, 8);
    put(bytes->bytes + 12, key->number, 2);
    return (struct kw_slice){bytes->bytes, KW_HISTORY_KEY_BYTES};
}

struct kw_slice kw_history_key_row(struct kw_history_key_bytes *bytes,
                                   uint64_t row)
{
    put(bytes->bytes, row, 8);
    return (struct kw_slice){bytes->bytes, 8};
}

struct kw_slice kw_history_key_source(struct kw_history_key_bytes *bytes,
                                      uint32_t source)
{
    put(bytes->bytes, source, 4);
    return (struct kw_slice){bytes->bytes, 4};
}

int kw_history_key_read(struct kw_slice slice, struct kw_history_block_key *key)
{
    struct kw_reader reader;

    if (slice.length != KW_HISTORY_KEY_BYTES)
        return KW_ECORRUPT;
    kw_reader_init(&reader, slice.data, slice.length);
    key->source = kw_read_be32(&reader);
    key->hour_ms = (int64_t)(kw_read_be64(&reader) ^ sign);
    key->number = kw_read_be16(&reader);
    return reader.err;
}
