/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes a block: first the columns of times, each different one once, then
 * the columns of values. Symbols of neighbours are packed together until a
 * section is worth its own table of symbols: a column of an hour at 1 s fills
 * one alone, sixty columns of a minute's period share one.
 */
#include "history/block.h"

#include "base/mem.h"
#include "base/sample.h"
#include "history/block_form.h"

#include <string.h>
#include <zstd.h>

enum { SECTION_SYMBOLS = 2048, LEVEL = 6 };

struct encoder {
    const struct kw_history_set *set;
    int64_t first_ms, last_ms;
    struct kw_buf directory;      /* of the columns */
    struct kw_buf sections;       /* their records, for the directory */
    struct kw_buf body;           /* their bytes */
    struct kw_buf symbols, extra; /* of the open section */
    uint32_t section_count;
    bool fresh;     /* the open section is empty */
    uint32_t *axes; /* index of a series's times */
    uint32_t axis_count;
    double *scales;
    uint32_t scale_count;
    uint64_t *numbers; /* of the column at hand */
    ZSTD_CCtx *zstd;
};

static void put_signed(struct kw_buf *out, uint64_t number)
{
    kw_buf_put_varint(out, kw_history_zigzag(number));
}

/* Appends the open section to the body, its record to the sections. */
static int close_section(struct encoder *encoder)
{
    struct kw_buf *body = &encoder->body, *symbols = &encoder->symbols;
    size_t start = body->length, room = ZSTD_compressBound(symbols->length);
    size_t packed = symbols->length;
    unsigned char *at;

    if (encoder->fresh)
        return 0;
    if (kw_buf_err(&encoder->extra) != 0)
        return kw_buf_err(&encoder->extra);
    at = kw_buf_grow(body, room);
    if (at == NULL)
        return kw_buf_err(body);
    if (symbols->length > 0)
        packed = ZSTD_compressCCtx(encoder->zstd, at, room, symbols->data,
                                   symbols->length, LEVEL);
    if (ZSTD_isError(packed))
        return KW_ENOMEM;
    body->length = start + packed;
    /* noise doesn't pack: the symbols stand as they are */
    if (packed >= symbols->length) {
        packed = symbols->length;
        body->length = start;
        kw_buf_put(body, symbols->data, symbols->length);
    }
    kw_buf_put(body, encoder->extra.data, encoder->extra.length);
    if (kw_buf_err(body) != 0)
        return kw_buf_err(body);
    kw_buf_put_varint(&encoder->sections, symbols->length);
    kw_buf_put_varint(&encoder->sections, packed);
    kw_buf_put_varint(&encoder->sections, encoder->extra.length);
    kw_buf_put_be32(&encoder->sections,
                    kw_history_check(body->data + start, body->length - start));
    kw_buf_reset(symbols);
    kw_buf_reset(&encoder->extra);
    encoder->section_count++;
    encoder->fresh = true;
    return 0;
}

/* Codes the numbers at hand into the open section; writes the record's end. */
static int put_numbers(struct encoder *encoder, size_t count, unsigned flags)
{
    struct kw_buf *directory = &encoder->directory;
    struct kw_buf *symbols = &encoder->symbols;
    size_t before = encoder->extra.length, start = symbols->length;
    struct kw_history_code code;
    unsigned char *room = kw_buf_grow(symbols, count);
    bool any;

    if (kw_buf_err(symbols) != 0)
        return kw_buf_err(symbols);
    any = kw_history_code_put(&code, encoder->numbers, count, room,
                              &encoder->extra);
    if (!any) {
        flags |= KW_HISTORY_FLAG_STILL;
        symbols->length = start;
    } else if (encoder->fresh) {
        flags |= KW_HISTORY_FLAG_SECTION;
        encoder->fresh = false;
    }
    if (code.slope)
        flags |= KW_HISTORY_FLAG_SLOPE;
    kw_buf_put_byte(directory, (unsigned char)flags);
    put_signed(directory, code.first);
    if (code.slope)
        put_signed(directory, code.step);
    if (any)
        kw_buf_put_varint(directory, encoder->extra.length - before);
    return symbols->length >= SECTION_SYMBOLS ? close_section(encoder) : 0;
}

/* A column of times: milliseconds since the block's first. */
static int put_axis(struct encoder *encoder,
                    const struct kw_history_series *series)
{
    kw_buf_put_varint(&encoder->directory, series->count);
    for (size_t i = 0; i < series->count; i++)
        encoder->numbers[i] =
            (uint64_t)series->times[i] - (uint64_t)encoder->first_ms;
    return put_numbers(encoder, series->count, 0);
}

/* Polled together: the same times, sample by sample. */
static bool same_times(const struct kw_history_series *a,
                       const struct kw_history_series *b)
{
    return a->count == b->count &&
           memcmp(a->times, b->times, a->count * sizeof(a->times[0])) == 0;
}

/* Gives each series its column of times; the newest one is tried first. */
static int put_axes(struct encoder *encoder)
{
    const struct kw_history_series *items = encoder->set->items;
    int err = 0;

    for (size_t i = 0; err == 0 && i < encoder->set->count; i++) {
        size_t twin = i;

        while (twin > 0 && !same_times(&items[twin - 1], &items[i]))
            twin--;
        if (twin > 0) {
            encoder->axes[i] = encoder->axes[twin - 1];
            continue;
        }
        encoder->axes[i] = encoder->axis_count++;
        err = put_axis(encoder, &items[i]);
    }
    return err;
}

/* Scales are few and take eight bytes: each one is kept once. */
static uint32_t scale_index(struct encoder *encoder, double scale)
{
    for (uint32_t i = 0; i < encoder->scale_count; i++) {
        if (memcmp(&encoder->scales[i], &scale, sizeof(scale)) == 0)
            return i;
    }
    encoder->scales[encoder->scale_count] = scale;
    return encoder->scale_count++;
}

/* Runs of equal quality; none when all are good. */
static void put_runs(struct kw_buf *out, const struct kw_history_series *series)
{
    const uint8_t *quality = series->quality;
    size_t runs = 0, start = 0;

    for (size_t i = 0; i < series->count; i++)
        runs += i == 0 || quality[i] != quality[i - 1];
    if (runs == 1 && quality[0] == KW_QUALITY_GOOD)
        runs = 0;
    kw_buf_put_varint(out, runs);
    for (size_t i = 1; runs > 0 && i <= series->count; i++) {
        if (i < series->count && quality[i] == quality[start])
            continue;
        kw_buf_put_varint(out, i - start);
        kw_buf_put_byte(out, quality[start]);
        start = i;
    }
}

/* A column of values: point, scale, times, qualities, numbers. */
static int put_column(struct encoder *encoder, size_t index,
                      uint32_t previous_point)
{
    const struct kw_history_series *series = &encoder->set->items[index];
    struct kw_buf *directory = &encoder->directory;
    size_t numbers = 0;

    kw_buf_put_varint(directory, series->key.point - previous_point);
    kw_buf_put_varint(directory, scale_index(encoder, series->key.scale));
    kw_buf_put_varint(directory, encoder->axes[index]);
    put_runs(directory, series);
    for (size_t i = 0; i < series->count; i++) {
        if (kw_quality_has_value(series->quality[i]))
            encoder->numbers[numbers++] =
                kw_history_ordered(series->key.encoding, series->raw[i]);
    }
    return put_numbers(encoder, numbers,
                       series->key.encoding & KW_HISTORY_FLAG_ENCODING);
}

static int put_columns(struct encoder *encoder)
{
    const struct kw_history_set *set = encoder->set;
    int err = put_axes(encoder);

    for (size_t i = 0; err == 0 && i < set->count; i++)
        err = put_column(encoder, i, i > 0 ? set->items[i - 1].key.point : 0);
    return err != 0 ? err : close_section(encoder);
}

/* The directory's head, in front of what was gathered. */
static void put_head(struct encoder *encoder, struct kw_buf *out)
{
    put_signed(out, (uint64_t)encoder->first_ms);
    kw_buf_put_varint(out,
                      (uint64_t)encoder->last_ms - (uint64_t)encoder->first_ms);
    kw_buf_put_varint(out, encoder->scale_count);
    for (uint32_t i = 0; i < encoder->scale_count; i++) {
        uint64_t bits;

        memcpy(&bits, &encoder->scales[i], sizeof(bits));
        kw_buf_put_be64(out, bits);
    }
    kw_buf_put_varint(out, encoder->section_count);
    kw_buf_put(out, encoder->sections.data, encoder->sections.length);
    kw_buf_put_varint(out, encoder->axis_count);
    kw_buf_put_varint(out, encoder->set->count);
}

/* Version, directory with its check, sections. */
static int put_block(struct encoder *encoder, struct kw_buf *out)
{
    struct kw_buf head;
    int err;

    kw_buf_init(&head, KW_HISTORY_BLOCK_BYTES);
    put_head(encoder, &head);
    kw_buf_put(&head, encoder->directory.data, encoder->directory.length);
    err = kw_buf_err(&encoder->sections);
    if (err == 0)
        err = kw_buf_err(&encoder->directory);
    if (err == 0)
        err = kw_buf_err(&head);
    if (err == 0) {
        kw_buf_put_byte(out, KW_HISTORY_BLOCK_VERSION);
        kw_buf_put_varint(out, head.length);
        kw_buf_put_be32(out, kw_history_check(head.data, head.length));
        kw_buf_put(out, head.data, head.length);
        kw_buf_put(out, encoder->body.data, encoder->body.length);
        err = kw_buf_err(out);
    }
    kw_buf_fini(&head);
    return err;
}

/* The span of a set, and its longest series. */
static size_t survey(struct encoder *encoder)
{
    const struct kw_history_set *set = encoder->set;
    size_t longest = 0;

    for (size_t i = 0; i < set->count; i++) {
        const struct kw_history_series *series = &set->items[i];

        if (series->count == 0)
            return 0;
        if (i == 0 || series->times[0] < encoder->first_ms)
            encoder->first_ms = series->times[0];
        if (i == 0 || series->times[series->count - 1] > encoder->last_ms)
            encoder->last_ms = series->times[series->count - 1];
        if (series->count > longest)
            longest = series->count;
    }
    return longest;
}

static void init_bufs(struct encoder *encoder)
{
    kw_buf_init(&encoder->directory, KW_HISTORY_BLOCK_BYTES);
    kw_buf_init(&encoder->sections, KW_HISTORY_BLOCK_BYTES);
    kw_buf_init(&encoder->body, KW_HISTORY_BLOCK_BYTES);
    kw_buf_init(&encoder->symbols, KW_HISTORY_BLOCK_BYTES);
    kw_buf_init(&encoder->extra, KW_HISTORY_BLOCK_BYTES);
}

int kw_history_block_encode(const struct kw_history_set *set,
                            struct kw_buf *out)
{
    struct encoder encoder = {.set = set, .fresh = true};
    size_t longest = survey(&encoder);
    int err = KW_ENOMEM;

    if (longest == 0)
        return KW_EINVAL;
    init_bufs(&encoder);
    encoder.axes = kw_alloc_array(set->count, sizeof(encoder.axes[0]));
    encoder.scales = kw_alloc_array(set->count, sizeof(encoder.scales[0]));
    encoder.numbers = kw_alloc_array(longest, sizeof(encoder.numbers[0]));
    encoder.zstd = ZSTD_createCCtx();
    if (encoder.axes != NULL && encoder.scales != NULL &&
        encoder.numbers != NULL && encoder.zstd != NULL)
        err = put_columns(&encoder);
    if (err == 0)
        err = put_block(&encoder, out);
    ZSTD_freeCCtx(encoder.zstd);
    kw_free(encoder.numbers);
    kw_free(encoder.scales);
    kw_free(encoder.axes);
    kw_buf_fini(&encoder.directory);
    kw_buf_fini(&encoder.sections);
    kw_buf_fini(&encoder.body);
    kw_buf_fini(&encoder.symbols);
    kw_buf_fini(&encoder.extra);
    return err;
}
