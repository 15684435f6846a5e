/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sealed blocks. The first byte chooses: the bytes as a block; the bytes as a
 * directory and body under a right check, so that more than the check is
 * tried; the bytes as symbols and low bits; the bytes as samples, which must
 * come back from a block as they were.
 */
#include "base/sample.h"
#include "history/block.h"
#include "history/block_form.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { COLUMNS_READ = 16, SAMPLES_READ = 1 << 16, NUMBERS = 512, SERIES = 4 };

static void read_columns(const struct kw_history_block *block)
{
    uint32_t read = 0;

    for (uint32_t i = 0; i < block->column_count && read < COLUMNS_READ; i++) {
        const struct kw_history_column *column = &block->columns[i];
        struct kw_history_series series = {.key = column->key};
        int err;

        if (column->count > SAMPLES_READ)
            continue;
        read++;
        err = kw_history_block_read(block, column, &series);
        if (err == 0 ? series.count != column->count : err != KW_ECORRUPT)
            abort();
        if (kw_history_series_tidy(&series) != 0 ||
            series.count > column->count)
            abort();
        kw_history_series_fini(&series);
    }
}

static void as_block(const uint8_t *data, size_t size)
{
    struct kw_history_block block;
    int err = kw_history_block_open(&block, data, size);

    if (err == 0) {
        if (block.last_ms < block.first_ms)
            abort();
        read_columns(&block);
        kw_history_block_close(&block);
    } else if (err != KW_ECORRUPT && err != KW_EVERSION) {
        abort();
    }
}

/* One more byte tells where the directory ends, in quarters of the rest. */
static void as_directory(const uint8_t *data, size_t size)
{
    struct kw_buf block;
    size_t length;

    if (size == 0)
        return;
    size--;
    length = size * (data[0] % 5U) / 4;
    data++;
    kw_buf_init(&block, KW_HISTORY_BLOCK_BYTES);
    kw_buf_put_byte(&block, KW_HISTORY_BLOCK_VERSION);
    kw_buf_put_varint(&block, length);
    kw_buf_put_be32(&block, kw_history_check(data, length));
    kw_buf_put(&block, data, size);
    as_block(block.data, block.length);
    kw_buf_fini(&block);
}

static void as_symbols(const uint8_t *data, size_t size)
{
    uint64_t numbers[NUMBERS];
    size_t count = size / 2 < NUMBERS ? size / 2 : NUMBERS;
    struct kw_history_code code = {.slope = size % 2 == 1, .step = size};
    struct kw_reader extra;
    int err;

    kw_reader_init(&extra, data + count, size - count);
    err = kw_history_code_get(&code, data, count, &extra, numbers);
    if (err != 0 && err != KW_ECORRUPT)
        abort();
}

/* Three bytes a sample: series, time and quality, and value. */
static void fill(struct kw_history_set *set, const uint8_t *data, size_t size)
{
    static const uint8_t qualities[4] = {0, 0x40, 0x81, 0x84};
    uint64_t time_ms[SERIES] = {0};
    uint64_t raw[SERIES] = {0};

    for (; size >= 3; data += 3, size -= 3) {
        unsigned which = data[0] % SERIES;
        uint8_t quality = qualities[data[1] & 3];
        struct kw_history_key key = {which + 1U, (uint8_t)(which % 3), 0.5};
        struct kw_history_series *series;

        time_ms[which] += ((uint64_t)data[1] - 60) << (data[0] >> 3);
        raw[which] += (uint64_t)data[2] << (data[0] >> 2);
        if (which == 1)
            raw[which] &= UINT32_MAX;
        if (kw_history_set_series(set, &key, &series) != 0 ||
            kw_history_series_put(
                series, (int64_t)time_ms[which],
                kw_quality_has_value(quality) ? raw[which] : 0, quality) != 0)
            abort();
    }
}

static void as_samples(const uint8_t *data, size_t size)
{
    struct kw_history_set set;
    struct kw_history_block block;
    struct kw_buf bytes;

    kw_history_set_init(&set);
    kw_buf_init(&bytes, KW_HISTORY_BLOCK_BYTES);
    fill(&set, data, size);
    if (kw_history_set_tidy(&set) != 0)
        abort();
    if (set.count > 0) {
        if (kw_history_block_encode(&set, &bytes) != 0 ||
            kw_history_block_open(&block, bytes.data, bytes.length) != 0 ||
            block.column_count != set.count)
            abort();
        for (uint32_t i = 0; i < block.column_count; i++) {
            const struct kw_history_series *wanted = &set.items[i];
            struct kw_history_series got = {.key = block.columns[i].key};

            if (kw_history_block_read(&block, &block.columns[i], &got) != 0 ||
                got.count != wanted->count ||
                memcmp(got.times, wanted->times, got.count * 8) != 0 ||
                memcmp(got.raw, wanted->raw, got.count * 8) != 0 ||
                memcmp(got.quality, wanted->quality, got.count) != 0)
                abort();
            kw_history_series_fini(&got);
        }
        kw_history_block_close(&block);
    }
    kw_buf_fini(&bytes);
    kw_history_set_fini(&set);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const ways[])(const uint8_t *, size_t) = {
        as_block, as_directory, as_symbols, as_samples};

    if (size > 0)
        ways[data[0] % 4](data + 1, size - 1);
    return 0;
}
