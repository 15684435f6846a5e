/* SPDX-License-Identifier: Apache-2.0 */
/* The row form: polls in, polls out, one byte a steady sample, damage found. */
#include "base/mem.h"
#include "base/secret.h"
#include "history/stream.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const int64_t t0 = INT64_C(1767225600000);

enum { MOST = 8 };

/* A poll of points `first` and up, all with the same quality and scale. */
struct form {
    uint32_t first;
    size_t count;
    uint8_t quality, encoding;
    double scale;
};

static uint64_t raw_of(uint32_t point, int64_t time_ms)
{
    return (uint64_t)(point * 1000 + time_ms / 1000 * 7919 % 60);
}

static int put(struct kw_history_segment *segment, const struct form *form,
               int64_t time_ms, struct kw_buf *out)
{
    struct kw_sample samples[MOST];
    double scales[MOST];
    struct kw_history_poll poll = {samples, scales, form->count};

    for (size_t i = 0; i < form->count; i++) {
        uint32_t point = form->first + (uint32_t)i;

        scales[i] = form->scale;
        samples[i] = (struct kw_sample){
            .point = point,
            .quality = form->quality,
            .encoding = form->encoding,
            .time_ms = time_ms,
            .raw = raw_of(point, time_ms),
        };
    }
    return kw_history_frame_put(segment, &poll, out);
}

static const struct form all = {1, 8, 0, 0, 0.1};
static const struct form some = {3, 2, 0, 0, 0.1};
static const struct form timeout = {1, 8, KW_QUALITY_BAD_TIMEOUT, 0, 0.1};

static void expect_sample(const struct kw_history_set *set, uint32_t point,
                          size_t index, int64_t time_ms, uint8_t quality)
{
    for (size_t i = 0; i < set->count; i++) {
        const struct kw_history_series *series = &set->items[i];

        if (series->key.point != point)
            continue;
        assert_true(index < series->count);
        assert_int_equal(series->times[index], time_ms);
        assert_int_equal(series->quality[index], quality);
        assert_int_equal(series->raw[index], kw_quality_has_value(quality)
                                                 ? raw_of(point, time_ms)
                                                 : 0);
        return;
    }
    fail_msg("no point %u", (unsigned)point);
}

static void test_round_trip(void **state)
{
    struct kw_history_segment segment;
    struct kw_history_set set;
    struct kw_reader reader;
    struct kw_buf out;

    (void)state;
    kw_history_segment_init(&segment);
    kw_buf_init(&out, 1 << 20);
    assert_int_equal(put(&segment, &all, t0, &out), 0);
    assert_int_equal(put(&segment, &some, t0 + 500, &out), 0);
    assert_int_equal(put(&segment, &all, t0 + 1000, &out), 0);
    assert_int_equal(put(&segment, &timeout, t0 + 2003, &out), 0);
    assert_int_equal(put(&segment, &some, t0 - 5000, &out), 0); /* back */
    assert_int_equal(put(&segment, &all, t0 + 3000, &out), 0);
    kw_history_set_init(&set);
    kw_reader_init(&reader, out.data, out.length);
    assert_int_equal(kw_history_segment_read(&reader, 0, &set), 0);
    assert_int_equal(set.count, 8);
    assert_int_equal(kw_history_set_samples(&set), 4 * 8 + 2 * 2);
    expect_sample(&set, 1, 0, t0, 0);
    expect_sample(&set, 1, 1, t0 + 1000, 0);
    expect_sample(&set, 1, 2, t0 + 2003, KW_QUALITY_BAD_TIMEOUT);
    expect_sample(&set, 1, 3, t0 + 3000, 0);
    expect_sample(&set, 4, 1, t0 + 500, 0);
    expect_sample(&set, 4, 4, t0 - 5000, 0);
    kw_history_set_fini(&set);
    /* only one point */
    kw_reader_init(&reader, out.data, out.length);
    assert_int_equal(kw_history_segment_read(&reader, 4, &set), 0);
    assert_int_equal(set.count, 1);
    assert_int_equal(set.items[0].count, 6);
    kw_history_set_fini(&set);
    kw_buf_fini(&out);
    kw_history_segment_fini(&segment);
}

static void test_steady_polls_are_small(void **state)
{
    struct kw_history_segment segment;
    struct kw_mem_stats before, after;
    struct kw_buf out;

    (void)state;
    kw_history_segment_init(&segment);
    kw_buf_init(&out, 1 << 20);
    for (int64_t i = 0; i < 2; i++)
        assert_int_equal(put(&segment, &all, t0 + i * 1000, &out), 0);
    kw_buf_reset(&out);
    before = kw_mem_stats();
    for (int64_t i = 2; i < 12; i++) {
        size_t length = out.length;

        assert_int_equal(put(&segment, &all, t0 + i * 1000, &out), 0);
        assert_int_equal(out.length - length, 2 + 8);
    }
    /* reset: the next segment needs no memory either */
    kw_history_segment_reset(&segment);
    assert_int_equal(put(&segment, &all, t0, &out), 0);
    after = kw_mem_stats();
    assert_int_equal(after.allocations - before.allocations, 1); /* out */
    kw_buf_fini(&out);
    kw_history_segment_fini(&segment);
}

/* Another scale or encoding needs another segment, and nothing is written. */
static void test_forms(void **state)
{
    static const struct form others[] = {
        {1, 8, 0, 0, 0.2},
        {1, 8, 0, KW_ENCODING_FLOAT32, 0.1},
        {2, 3, 0, 0, 0.2},
    };
    struct kw_history_segment segment;
    struct kw_buf out;
    size_t length;

    (void)state;
    kw_history_segment_init(&segment);
    kw_buf_init(&out, 1 << 20);
    assert_int_equal(put(&segment, &all, t0, &out), 0);
    length = out.length;
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        assert_int_equal(put(&segment, &others[i], t0, &out), KW_EAGAIN);
    assert_int_equal(out.length, length);
    assert_int_equal(put(&segment, &all, t0 + 1000, &out), 0);
    kw_buf_fini(&out);
    kw_history_segment_fini(&segment);
}

static void test_too_many_shapes(void **state)
{
    struct kw_history_segment segment;
    struct kw_buf out;
    uint32_t shapes = 0;
    int err = 0;

    (void)state;
    kw_history_segment_init(&segment);
    kw_buf_init(&out, 1 << 20);
    while (err == 0) {
        struct form form = {1 + shapes, 1, 0, 0, 1};

        err = put(&segment, &form, t0, &out);
        shapes += err == 0;
    }
    assert_int_equal(err, KW_EAGAIN);
    assert_int_equal(shapes, KW_HISTORY_SHAPES);
    kw_buf_fini(&out);
    kw_history_segment_fini(&segment);
}

/* Qualities of each sample on its own. */
static void test_mixed_qualities(void **state)
{
    static const uint8_t polls[][3] = {
        {0, 0x84, 0}, {0, 0x84, 0}, {0x81, 0, 0x40}, {0x82, 0x82, 0x82},
        {0x82, 0, 0}, {0, 0, 0x85}, {0, 0, 0},       {0x80, 0x80, 0x80},
    };
    struct kw_history_segment segment;
    struct kw_history_set set;
    struct kw_reader reader;
    struct kw_buf out;
    const size_t count = sizeof(polls) / sizeof(polls[0]);

    (void)state;
    kw_history_segment_init(&segment);
    kw_buf_init(&out, 1 << 20);
    for (size_t p = 0; p < count; p++) {
        struct kw_sample samples[3];
        double scales[3] = {1, 1, 1};
        struct kw_history_poll poll = {samples, scales, 3};

        for (uint32_t i = 0; i < 3; i++)
            samples[i] = (struct kw_sample){
                .point = 5 - i,
                .quality = polls[p][i],
                .time_ms = t0 + (int64_t)p * 1000,
                .raw = raw_of(5 - i, t0 + (int64_t)p * 1000),
            };
        assert_int_equal(kw_history_frame_put(&segment, &poll, &out), 0);
    }
    kw_history_set_init(&set);
    kw_reader_init(&reader, out.data, out.length);
    assert_int_equal(kw_history_segment_read(&reader, 0, &set), 0);
    for (size_t p = 0; p < count; p++) {
        for (uint32_t i = 0; i < 3; i++)
            expect_sample(&set, 5 - i, p, t0 + (int64_t)p * 1000, polls[p][i]);
    }
    kw_history_set_fini(&set);
    kw_buf_fini(&out);
    kw_history_segment_fini(&segment);
}

static void test_limits(void **state)
{
    static struct kw_sample samples[KW_HISTORY_FRAME + 1];
    static double scales[KW_HISTORY_FRAME + 1];
    struct kw_history_poll poll = {samples, scales, KW_HISTORY_FRAME + 1};
    struct kw_history_segment segment;
    struct kw_history_set set;
    struct kw_reader reader;
    struct kw_buf out;

    (void)state;
    for (uint32_t i = 0; i <= KW_HISTORY_FRAME; i++) {
        samples[i].point = i + 1;
        scales[i] = 1;
    }
    kw_history_segment_init(&segment);
    kw_buf_init(&out, 1 << 20);
    assert_int_equal(kw_history_frame_put(&segment, &poll, &out), KW_EINVAL);
    poll.count = KW_HISTORY_FRAME;
    assert_int_equal(kw_history_frame_put(&segment, &poll, &out), 0);
    kw_history_set_init(&set);
    kw_reader_init(&reader, out.data, out.length);
    assert_int_equal(kw_history_segment_read(&reader, 0, &set), 0);
    assert_int_equal(set.count, KW_HISTORY_FRAME);
    kw_history_set_fini(&set);
    /* one column more than a segment holds */
    poll.samples++;
    assert_int_equal(kw_history_frame_put(&segment, &poll, &out), KW_EFULL);
    kw_buf_fini(&out);
    kw_history_segment_fini(&segment);
}

static void test_damage(void **state)
{
    static const struct {
        const char *bytes;
        size_t length;
    } rows[] = {
        {"\x80", 1},                 /* no whole head */
        {"\x02", 1},                 /* a shape too far */
        {"\x7e", 1},                 /* above all shapes */
        {"\x01\x00", 2},             /* a shape of none */
        {"\x01\xff\xff\x7f", 4},     /* of very many */
        {"\x01\x01", 2},             /* and none there */
        {"\x01\x01\x01", 3},         /* a column too far */
        {"\x01\x01\x00\x07\x00", 5}, /* no scale */
        {"\x01\x01\x00\x00\x00"
         "12345678"
         "\x00",
         14}, /* point 0 */
        {"\x01\x01\x00\x07\x04"
         "12345678"
         "\x00",
         14}, /* encoding 4 */
        {"\x01\x01\x00\x07\x00"
         "12345678",
         13}, /* no time */
        {"\x01\x01\x00\x07\x00"
         "12345678"
         "\x02\x00",
         15}, /* no quality */
        {"\x01\x01\x00\x07\x00"
         "12345678"
         "\x02\x02\x01\x00",
         17},
        {"\x01\x01\x00\x07\x00"
         "12345678"
         "\x02\x01",
         15}, /* no value */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct kw_history_set set;
        struct kw_reader reader;

        kw_history_set_init(&set);
        kw_reader_init(&reader, rows[i].bytes, rows[i].length);
        assert_int_equal(kw_history_segment_read(&reader, 0, &set),
                         KW_ECORRUPT);
        assert_int_equal(kw_history_set_samples(&set), 0);
        kw_history_set_fini(&set);
    }
}

static void test_no_memory(void **state)
{
    uint64_t n = 1;
    int err;

    (void)state;
    do {
        struct kw_history_segment segment;
        struct kw_history_set set;
        struct kw_reader reader;
        struct kw_buf out;

        kw_history_segment_init(&segment);
        kw_history_set_init(&set);
        kw_buf_init(&out, 1 << 20);
        kw_mem_fail_at(n++);
        err = put(&segment, &all, t0, &out);
        if (err == 0) {
            kw_reader_init(&reader, out.data, out.length);
            err = kw_history_segment_read(&reader, 0, &set);
        }
        kw_mem_fail_at(0);
        kw_history_set_fini(&set);
        kw_buf_fini(&out);
        kw_history_segment_fini(&segment);
        assert_true(err == 0 || err == KW_ENOMEM);
    } while (err != 0);
    assert_true(n > 8);
}

/* A segment as the first version wrote it: a journal outlives the program
 * that wrote it. */
static void test_golden(void **state)
{
    static const char golden[] =
        "01030007003fb999999999999a0108003fb999999999999a0209004024000000"
        "00000080a0d5edee6601fa238c24c09a0c00af90d5edee660800020100008101"
        "0000000b00040000ca010002";
    static const int64_t raw[3][5] = {
        {2301, 2305, 0, 2299, 2400},
        {2310, 2310, 0, 2310, 2310},
        {100000, 100001, 0, 100003, 100004},
    };
    unsigned char bytes[sizeof(golden) / 2];
    struct kw_history_set set;
    struct kw_reader reader;

    (void)state;
    assert_int_equal(kw_secret_unhex(golden, bytes, sizeof(bytes)), 0);
    kw_history_set_init(&set);
    kw_reader_init(&reader, bytes, sizeof(bytes));
    assert_int_equal(kw_history_segment_read(&reader, 0, &set), 0);
    assert_int_equal(set.count, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(set.items[i].key.point, 7 + i);
        assert_true(set.items[i].key.scale == (i < 2 ? 0.1 : 10));
        assert_int_equal(set.items[i].count, 5);
        for (size_t at = 0; at < 5; at++) {
            assert_int_equal(set.items[i].times[at], t0 + (int64_t)at * 1000);
            assert_int_equal(set.items[i].raw[at], raw[i][at]);
            assert_int_equal(set.items[i].quality[at], at == 2 ? 0x81 : 0);
        }
    }
    kw_history_set_fini(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_steady_polls_are_small),
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_too_many_shapes),
        cmocka_unit_test(test_mixed_qualities),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_golden),
    };

    return cmocka_run_group_tests_name("history_stream", tests, NULL, NULL);
}
