/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a block. Nothing in the bytes is trusted: every length is checked
 * against what is there before anything is allocated for it.
 */
#include "history/block.h"

#include "base/mem.h"
#include "base/sample.h"
#include "history/block_form.h"

#include <string.h>
#include <zstd.h>

static uint64_t read_signed(struct kw_reader *reader)
{
    return kw_history_unzigzag(kw_read_varint(reader));
}

/* A count of things that take at least one byte each. */
static uint32_t read_count(struct kw_reader *reader, uint32_t most)
{
    uint64_t count = kw_read_varint(reader);

    if (count > most || count > kw_reader_left(reader)) {
        reader->err = KW_ECORRUPT;
        return 0;
    }
    return (uint32_t)count;
}

/* A length of up to most bytes that are elsewhere. */
static uint32_t read_length(struct kw_reader *reader, uint32_t most)
{
    uint64_t length = kw_read_varint(reader);

    if (length > most) {
        reader->err = KW_ECORRUPT;
        return 0;
    }
    return (uint32_t)length;
}

/* An array of count zeroed items in *items; nothing for none. */
static int make_array(void *items, uint32_t count, size_t size)
{
    void *array = NULL;

    if (count > 0) {
        array = kw_alloc_array(count, size);
        if (array == NULL)
            return KW_ENOMEM;
    }
    memcpy(items, &array, sizeof(array));
    return 0;
}

/* The scales that columns refer to by number. */
static int read_scales(struct kw_history_block *block, struct kw_reader *reader)
{
    int err;

    block->scale_count = read_count(reader, KW_HISTORY_COLUMNS);
    err = make_array(&block->scales, block->scale_count,
                     sizeof(block->scales[0]));
    for (uint32_t i = 0; err == 0 && i < block->scale_count; i++) {
        uint64_t bits = kw_read_be64(reader);

        memcpy(&block->scales[i], &bits, sizeof(bits));
    }
    return err != 0 ? err : reader->err;
}

/* Lengths and checks of the sections; their bytes lie one after another. */
static int read_sections(struct kw_history_block *block,
                         struct kw_reader *reader, struct kw_reader *body)
{
    int err;

    block->section_count = read_count(reader, 2 * KW_HISTORY_COLUMNS);
    err = make_array(&block->sections, block->section_count,
                     sizeof(block->sections[0]));
    for (uint32_t i = 0; err == 0 && i < block->section_count; i++) {
        struct kw_history_section *section = &block->sections[i];

        section->symbols = read_length(reader, KW_HISTORY_BLOCK_BYTES);
        section->packed = read_length(reader, KW_HISTORY_BLOCK_BYTES);
        section->extra = read_length(reader, KW_HISTORY_BLOCK_BYTES);
        section->check = kw_read_be32(reader);
        section->bytes =
            kw_read_bytes(body, (size_t)section->packed + section->extra);
        err = reader->err != 0 ? reader->err : body->err;
        if (section->packed > section->symbols)
            err = KW_ECORRUPT;
    }
    return err != 0 ? err : reader->err;
}

/* Where the next column's share of the sections begins. */
struct place {
    uint32_t section, symbols, extra;
    bool begun;
};

/* The part that columns of times and of values have in common. */
static int read_numbers(const struct kw_history_block *block,
                        struct kw_reader *reader, struct place *place,
                        struct kw_history_column *column)
{
    uint8_t flags = kw_read_byte(reader);
    const struct kw_history_section *section;

    column->key.encoding = flags & KW_HISTORY_FLAG_ENCODING;
    column->still = flags & KW_HISTORY_FLAG_STILL;
    column->code.slope = flags & KW_HISTORY_FLAG_SLOPE;
    column->code.first = read_signed(reader);
    if (column->code.slope)
        column->code.step = read_signed(reader);
    if (column->still)
        return reader->err;
    /* a column without symbols is in no section at all */
    if (flags & KW_HISTORY_FLAG_SECTION)
        *place = (struct place){
            .section = place->begun ? place->section + 1 : 0, .begun = true};
    column->extra_bytes = read_length(reader, KW_HISTORY_BLOCK_BYTES);
    if (!place->begun || place->section >= block->section_count)
        return KW_ECORRUPT;
    section = &block->sections[place->section];
    column->section = place->section;
    column->symbols_at = place->symbols;
    column->extra_at = place->extra;
    if (section->symbols - place->symbols < column->numbers ||
        section->extra - place->extra < column->extra_bytes)
        return KW_ECORRUPT;
    place->symbols += column->numbers;
    place->extra += column->extra_bytes;
    return reader->err;
}

/* Skips the runs, counting the samples that have a number. */
static int read_runs(struct kw_reader *reader, struct kw_history_column *column)
{
    uint32_t runs = read_count(reader, KW_HISTORY_SAMPLES), left;

    column->numbers = runs == 0 ? column->count : 0;
    column->runs = runs == 0 ? NULL : reader->at;
    left = runs == 0 ? 0 : column->count;
    for (uint32_t i = 0; i < runs; i++) {
        uint64_t length = kw_read_varint(reader);
        uint8_t quality = kw_read_byte(reader);

        if (length == 0 || length > left)
            return KW_ECORRUPT;
        left -= (uint32_t)length;
        if (kw_quality_has_value(quality))
            column->numbers += (uint32_t)length;
    }
    if (runs > 0)
        column->runs_bytes = (size_t)(reader->at - column->runs);
    return left == 0 ? reader->err : KW_ECORRUPT;
}

/* A column of values; *point is that of the column before it. */
static int read_value_column(const struct kw_history_block *block,
                             struct kw_reader *reader, struct place *place,
                             uint32_t *point, struct kw_history_column *column)
{
    uint64_t step = kw_read_varint(reader);
    uint64_t scale = kw_read_varint(reader), axis = kw_read_varint(reader);
    int err;

    if (reader->err != 0 || step > UINT32_MAX - *point ||
        scale >= block->scale_count || axis >= block->axis_count)
        return KW_ECORRUPT;
    *point += (uint32_t)step;
    column->key.point = *point;
    column->key.scale = block->scales[scale];
    column->axis = (uint32_t)axis;
    column->count = block->axes[axis].count;
    err = read_runs(reader, column);
    return err != 0 ? err : read_numbers(block, reader, place, column);
}

/* All columns, those of times first: values refer to them. */
static int read_columns(struct kw_history_block *block,
                        struct kw_reader *reader)
{
    struct place place = {0};
    uint32_t point = 0;
    int err;

    block->axis_count = read_count(reader, KW_HISTORY_COLUMNS);
    block->column_count = read_count(reader, KW_HISTORY_COLUMNS);
    err = make_array(&block->axes, block->axis_count, sizeof(block->axes[0]));
    if (err == 0)
        err = make_array(&block->columns, block->column_count,
                         sizeof(block->columns[0]));
    for (uint32_t i = 0; err == 0 && i < block->axis_count; i++) {
        struct kw_history_column *axis = &block->axes[i];

        axis->count = axis->numbers = read_length(reader, KW_HISTORY_SAMPLES);
        err = read_numbers(block, reader, &place, axis);
    }
    for (uint32_t i = 0; err == 0 && i < block->column_count; i++)
        err = read_value_column(block, reader, &place, &point,
                                &block->columns[i]);
    return err != 0 ? err : reader->err;
}

static int read_directory(struct kw_history_block *block,
                          struct kw_reader *reader, struct kw_reader *body)
{
    uint64_t span;
    int err;

    block->first_ms = (int64_t)read_signed(reader);
    span = kw_read_varint(reader);
    block->last_ms = (int64_t)((uint64_t)block->first_ms + span);
    if (reader->err != 0 || block->last_ms < block->first_ms)
        return KW_ECORRUPT;
    err = read_scales(block, reader);
    if (err == 0)
        err = read_sections(block, reader, body);
    return err != 0 ? err : read_columns(block, reader);
}

int kw_history_block_open(struct kw_history_block *block, const void *bytes,
                          size_t length)
{
    struct kw_reader body, directory;
    const unsigned char *start;
    uint64_t head;
    uint32_t check;
    int err;

    *block = (struct kw_history_block){0};
    kw_reader_init(&body, bytes, length);
    if (kw_read_byte(&body) != KW_HISTORY_BLOCK_VERSION)
        return body.err != 0 ? body.err : KW_EVERSION;
    head = kw_read_varint(&body);
    check = kw_read_be32(&body);
    if (body.err != 0 || head > kw_reader_left(&body))
        return KW_ECORRUPT;
    start = kw_read_bytes(&body, (size_t)head);
    if (start == NULL || kw_history_check(start, (size_t)head) != check)
        return KW_ECORRUPT;
    kw_reader_init(&directory, start, (size_t)head);
    err = read_directory(block, &directory, &body);
    if (err != 0)
        kw_history_block_close(block);
    return err;
}

void kw_history_block_close(struct kw_history_block *block)
{
    kw_free(block->scales);
    kw_free(block->sections);
    kw_free(block->axes);
    kw_free(block->columns);
    *block = (struct kw_history_block){0};
}

/* The symbols of a section: where they stand, or unpacked into *owned. */
static int unpack(const struct kw_history_section *section,
                  const unsigned char **symbols, unsigned char **owned)
{
    size_t got;

    if (kw_history_check(section->bytes, (size_t)section->packed +
                                             section->extra) != section->check)
        return KW_ECORRUPT;
    *symbols = section->bytes;
    if (section->packed == section->symbols)
        return 0;
    *owned = kw_alloc(section->symbols);
    if (*owned == NULL)
        return KW_ENOMEM;
    got = ZSTD_decompress(*owned, section->symbols, section->bytes,
                          section->packed);
    *symbols = *owned;
    return got == section->symbols ? 0 : KW_ECORRUPT;
}

/* Unpacks one column; numbers has room for column->numbers. */
static int get_numbers(const struct kw_history_block *block,
                       const struct kw_history_column *column,
                       uint64_t *numbers)
{
    const struct kw_history_section *section;
    const unsigned char *symbols = NULL;
    unsigned char *owned = NULL;
    struct kw_reader extra;
    int err;

    kw_reader_init(&extra, "", 0);
    if (column->still)
        return kw_history_code_get(&column->code, NULL, column->numbers, &extra,
                                   numbers);
    section = &block->sections[column->section];
    err = unpack(section, &symbols, &owned);
    if (err == 0) {
        kw_reader_init(&extra,
                       section->bytes + section->packed + column->extra_at,
                       column->extra_bytes);
        err = kw_history_code_get(&column->code, symbols + column->symbols_at,
                                  column->numbers, &extra, numbers);
    }
    kw_free(owned);
    return err;
}

/* Spreads the numbers over the samples that have one. */
static void spread(const struct kw_history_column *column,
                   const uint64_t *numbers, uint64_t *raw, uint8_t *quality)
{
    struct kw_reader runs;
    size_t at = 0, next = 0;

    if (column->runs == NULL) {
        memset(quality, KW_QUALITY_GOOD, column->count);
        for (; at < column->count; at++)
            raw[at] = kw_history_raw(column->key.encoding, numbers[at]);
        return;
    }
    kw_reader_init(&runs, column->runs, column->runs_bytes);
    while (kw_reader_left(&runs) > 0) {
        uint64_t length = kw_read_varint(&runs);
        uint8_t which = kw_read_byte(&runs);

        for (; length > 0; length--, at++) {
            quality[at] = which;
            raw[at] =
                kw_quality_has_value(which)
                    ? kw_history_raw(column->key.encoding, numbers[next++])
                    : 0;
        }
    }
}

int kw_history_block_read(const struct kw_history_block *block,
                          const struct kw_history_column *column,
                          struct kw_history_series *series)
{
    const struct kw_history_column *axis = &block->axes[column->axis];
    size_t at = series->count, count = column->count;
    uint64_t *numbers;
    int err = kw_history_series_reserve(series, count);

    if (err != 0 || count == 0)
        return err;
    numbers = kw_alloc_array(count, sizeof(numbers[0]));
    if (numbers == NULL)
        return KW_ENOMEM;
    err = get_numbers(block, axis, numbers);
    for (size_t i = 0; i < count; i++)
        series->times[at + i] =
            (int64_t)((uint64_t)block->first_ms + numbers[i]);
    if (err == 0)
        err = get_numbers(block, column, numbers);
    if (err == 0) {
        spread(column, numbers, series->raw + at, series->quality + at);
        series->count += count;
    }
    kw_free(numbers);
    return err;
}
