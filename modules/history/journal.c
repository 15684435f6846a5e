/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The check stands at the end, so a row is checked before anything in it is
 * believed; a piece is checked again against what is left of the row.
 */
#include "history/journal.h"

#include "history/block_form.h"

enum { ROW_VERSION = 1, CHECK_BYTES = 4 };

void kw_history_row_begin(struct kw_buf *row, uint64_t next_segment)
{
    kw_buf_reset(row);
    kw_buf_put_byte(row, ROW_VERSION);
    kw_buf_put_varint(row, next_segment);
}

void kw_history_row_piece(struct kw_buf *row,
                          const struct kw_history_piece *piece)
{
    kw_buf_put_varint(row, piece->source);
    kw_buf_put_varint(row, piece->segment);
    kw_buf_put_varint(row, piece->offset);
    kw_buf_put_varint(row, piece->length);
}

void kw_history_row_end(struct kw_buf *row)
{
    kw_buf_put_be32(row, kw_history_check(row->data, row->length));
}

int kw_history_row_open(struct kw_reader *reader, const void *bytes,
                        size_t length, uint64_t *next_segment)
{
    const unsigned char *data = bytes;
    struct kw_reader check;

    if (length < 1 + CHECK_BYTES)
        return KW_ECORRUPT;
    length -= CHECK_BYTES;
    kw_reader_init(&check, data + length, CHECK_BYTES);
    if (kw_read_be32(&check) != kw_history_check(data, length))
        return KW_ECORRUPT;
    kw_reader_init(reader, data, length);
    if (kw_read_byte(reader) != ROW_VERSION)
        return KW_EVERSION;
    *next_segment = kw_read_varint(reader);
    return reader->err;
}

int kw_history_row_next(struct kw_reader *reader,
                        struct kw_history_piece *piece)
{
    uint64_t source, length;

    if (kw_reader_left(reader) == 0)
        return KW_EOF;
    source = kw_read_varint(reader);
    piece->segment = kw_read_varint(reader);
    piece->offset = (size_t)kw_read_varint(reader);
    length = kw_read_varint(reader);
    if (source > UINT32_MAX || length > kw_reader_left(reader))
        return KW_ECORRUPT;
    piece->source = (uint32_t)source;
    piece->length = (size_t)length;
    piece->bytes = kw_read_bytes(reader, (size_t)length);
    return reader->err;
}
