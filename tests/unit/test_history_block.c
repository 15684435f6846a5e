/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks: everything comes back; damage is found and costs no more than it
 * must; the first version's bytes stay readable. */
#include "base/mem.h"
#include "base/sample.h"
#include "base/secret.h"
#include "history/block.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const int64_t t0 = INT64_C(1767225600000);

/* A meter of many kinds of columns; samples a column. */
static void make_set(struct kw_history_set *set, size_t samples)
{
    static const double scales[] = {0.1, 0.001, 10, 1};
    uint64_t seed = 3;

    kw_history_set_init(set);
    for (uint32_t point = 1; point <= 24; point++) {
        struct kw_history_key key = {point * 3, (uint8_t)(point % 3),
                                     scales[point % 4]};
        struct kw_history_series *series;

        assert_int_equal(kw_history_set_series(set, &key, &series), 0);
        for (size_t i = 0; i < samples; i++) {
            size_t every = point % 5 == 0 ? 60 : 1; /* a slow class */
            uint8_t quality = KW_QUALITY_GOOD;
            uint64_t raw;

            if (i % every != 0)
                continue;
            seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
            raw = point % 7 == 0 ? 5 : 40000 + (seed >> (40 + point % 20));
            if (point % 4 == 1 && i % 50 < 3)
                quality = KW_QUALITY_BAD_TIMEOUT;
            if (point == 24)
                quality = KW_QUALITY_BAD_NEVER;
            assert_int_equal(
                kw_history_series_put(series,
                                      t0 + (int64_t)i * 1000 +
                                          (int64_t)(point % 2 ? i % 3 : 0),
                                      kw_quality_has_value(quality)
                                          ? kw_history_raw(key.encoding, raw)
                                          : 0,
                                      quality),
                0);
        }
    }
    assert_int_equal(kw_history_set_tidy(set), 0);
}

static void expect_same(const struct kw_history_series *got,
                        const struct kw_history_series *wanted)
{
    assert_int_equal(got->count, wanted->count);
    assert_memory_equal(got->times, wanted->times, got->count * 8);
    assert_memory_equal(got->raw, wanted->raw, got->count * 8);
    assert_memory_equal(got->quality, wanted->quality, got->count);
}

static void expect_block(const struct kw_buf *bytes,
                         const struct kw_history_set *set)
{
    struct kw_history_block block;

    assert_int_equal(kw_history_block_open(&block, bytes->data, bytes->length),
                     0);
    assert_int_equal(block.column_count, set->count);
    for (uint32_t i = 0; i < block.column_count; i++) {
        const struct kw_history_series *wanted = &set->items[i];
        struct kw_history_series got = {.key = block.columns[i].key};

        assert_int_equal(got.key.point, wanted->key.point);
        assert_int_equal(got.key.encoding, wanted->key.encoding);
        assert_true(
            memcmp(&got.key.scale, &wanted->key.scale, sizeof(double)) == 0);
        assert_int_equal(block.columns[i].count, wanted->count);
        assert_int_equal(kw_history_block_read(&block, &block.columns[i], &got),
                         0);
        expect_same(&got, wanted);
        kw_history_series_fini(&got);
    }
    kw_history_block_close(&block);
}

static void test_round_trip(void **state)
{
    static const size_t sizes[] = {1, 2, 3, 61, 600, 3600, 7000};

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct kw_history_set set;
        struct kw_buf bytes;

        make_set(&set, sizes[i]);
        kw_buf_init(&bytes, KW_HISTORY_BLOCK_BYTES);
        assert_int_equal(kw_history_block_encode(&set, &bytes), 0);
        expect_block(&bytes, &set);
        kw_buf_fini(&bytes);
        kw_history_set_fini(&set);
    }
}

static void test_span(void **state)
{
    struct kw_history_set set;
    struct kw_history_block block;
    struct kw_history_series *series;
    struct kw_history_key key = {1, 0, 1};
    struct kw_buf bytes;

    (void)state;
    kw_history_set_init(&set);
    kw_buf_init(&bytes, KW_HISTORY_BLOCK_BYTES);
    assert_int_equal(kw_history_block_encode(&set, &bytes), KW_EINVAL);
    assert_int_equal(kw_history_set_series(&set, &key, &series), 0);
    assert_int_equal(kw_history_block_encode(&set, &bytes), KW_EINVAL);
    assert_int_equal(kw_history_series_put(series, -5, 1, 0), 0);
    assert_int_equal(kw_history_series_put(series, 0, 1, 0), 0);
    key.point = 2;
    assert_int_equal(kw_history_set_series(&set, &key, &series), 0);
    assert_int_equal(kw_history_series_put(series, -7, 1, 0), 0);
    assert_int_equal(kw_history_series_put(series, 9, 1, 0), 0);
    assert_int_equal(kw_history_block_encode(&set, &bytes), 0);
    assert_int_equal(kw_history_block_open(&block, bytes.data, bytes.length),
                     0);
    assert_int_equal(block.first_ms, -7);
    assert_int_equal(block.last_ms, 9);
    kw_history_block_close(&block);
    expect_block(&bytes, &set);
    kw_buf_fini(&bytes);
    kw_history_set_fini(&set);
}

/* Reads all columns; returns how many could be read, -1: not even opened. */
static int read_all(const void *data, size_t length)
{
    struct kw_history_block block;
    int good = 0;

    if (kw_history_block_open(&block, data, length) != 0)
        return -1;
    for (uint32_t i = 0; i < block.column_count; i++) {
        struct kw_history_series got = {.key = block.columns[i].key};

        good += kw_history_block_read(&block, &block.columns[i], &got) == 0;
        kw_history_series_fini(&got);
    }
    kw_history_block_close(&block);
    return good;
}

/* Any changed byte is found: the block can't be opened, or some columns of
 * one section are missing and the others are there. */
static void test_every_byte_is_checked(void **state)
{
    struct kw_history_set set;
    struct kw_buf bytes;
    int partly = 0;

    (void)state;
    make_set(&set, 300);
    kw_buf_init(&bytes, KW_HISTORY_BLOCK_BYTES);
    assert_int_equal(kw_history_block_encode(&set, &bytes), 0);
    assert_int_equal(read_all(bytes.data, bytes.length), 24);
    for (size_t at = 0; at < bytes.length; at += at < 800 ? 1 : 37) {
        int good;

        bytes.data[at] ^= 0x10;
        good = read_all(bytes.data, bytes.length);
        assert_true(good < 24);
        partly += good > 0;
        bytes.data[at] ^= 0x10;
    }
    assert_true(partly > 10);
    kw_buf_fini(&bytes);
    kw_history_set_fini(&set);
}

static void test_every_cut_is_found(void **state)
{
    struct kw_history_set set;
    struct kw_buf bytes;

    (void)state;
    make_set(&set, 40);
    kw_buf_init(&bytes, KW_HISTORY_BLOCK_BYTES);
    assert_int_equal(kw_history_block_encode(&set, &bytes), 0);
    for (size_t length = 0; length < bytes.length; length++) {
        unsigned char *exact = kw_alloc(length + 1);

        memcpy(exact, bytes.data, length);
        assert_int_equal(read_all(exact, length), -1);
        kw_free(exact);
    }
    kw_buf_fini(&bytes);
    kw_history_set_fini(&set);
}

static void test_newer_version(void **state)
{
    struct kw_history_block block;

    (void)state;
    assert_int_equal(kw_history_block_open(&block, "\x02zzzzzzz", 8),
                     KW_EVERSION);
    assert_int_equal(kw_history_block_open(&block, "", 0), KW_ECORRUPT);
}

static void test_no_memory(void **state)
{
    struct kw_history_set set;
    uint64_t n = 1, before;
    int err;

    (void)state;
    make_set(&set, 200);
    before = kw_mem_stats().allocations - kw_mem_stats().frees;
    do {
        struct kw_history_block block;
        struct kw_buf bytes;

        kw_buf_init(&bytes, KW_HISTORY_BLOCK_BYTES);
        kw_mem_fail_at(n++);
        err = kw_history_block_encode(&set, &bytes);
        if (err == 0)
            err = kw_history_block_open(&block, bytes.data, bytes.length);
        if (err == 0) {
            struct kw_history_series got = {.key = block.columns[1].key};

            err = kw_history_block_read(&block, &block.columns[1], &got);
            kw_history_series_fini(&got);
            kw_history_block_close(&block);
        }
        kw_mem_fail_at(0);
        kw_buf_fini(&bytes);
        assert_true(err == 0 || err == KW_ENOMEM);
        assert_int_equal(kw_mem_stats().allocations - kw_mem_stats().frees,
                         before);
    } while (err != 0);
    assert_true(n > 15);
    kw_history_set_fini(&set);
}

/* Too small a ceiling of the output. */
static void test_output_is_full(void **state)
{
    struct kw_history_set set;
    struct kw_buf bytes;

    (void)state;
    make_set(&set, 200);
    kw_buf_init(&bytes, 100);
    assert_int_equal(kw_history_block_encode(&set, &bytes), KW_EFULL);
    kw_buf_fini(&bytes);
    kw_history_set_fini(&set);
}

/*
 * A block as version 1 wrote it on a gateway: two points of 0.1 V and a
 * counter, five polls a second apart, one of them timed out. Whatever the
 * program becomes, it must read this.
 */
static void test_golden(void **state)
{
    static const char golden[] =
        "01538e79d3bc80a0d5edee66a01f023fb999999999999a402400000000000001"
        "0808015cc6ca7e0103050c00d00f0700000302000181020010fa230101000003"
        "020001810200088c240101000302000181020004c09a0c020000080b34000002"
        "010a";
    static const struct {
        uint32_t point;
        double scale;
        int64_t raw[5];
    } columns[] = {
        {7, 0.1, {2301, 2305, 0, 2299, 2400}},
        {8, 0.1, {2310, 2310, 0, 2310, 2310}},
        {9, 10, {100000, 100001, 0, 100003, 100004}},
    };
    unsigned char bytes[sizeof(golden) / 2];
    struct kw_history_block block;

    (void)state;
    assert_int_equal(kw_secret_unhex(golden, bytes, sizeof(bytes)), 0);
    assert_int_equal(kw_history_block_open(&block, bytes, sizeof(bytes)), 0);
    assert_int_equal(block.column_count, 3);
    for (uint32_t i = 0; i < 3; i++) {
        struct kw_history_series got = {.key = block.columns[i].key};

        assert_int_equal(got.key.point, columns[i].point);
        assert_true(got.key.scale == columns[i].scale);
        assert_int_equal(kw_history_block_read(&block, &block.columns[i], &got),
                         0);
        assert_int_equal(got.count, 5);
        for (size_t at = 0; at < 5; at++) {
            assert_int_equal(got.times[at], t0 + (int64_t)at * 1000);
            assert_int_equal(got.raw[at], columns[i].raw[at]);
            assert_int_equal(got.quality[at], at == 2 ? KW_QUALITY_BAD_TIMEOUT
                                                      : KW_QUALITY_GOOD);
        }
        kw_history_series_fini(&got);
    }
    kw_history_block_close(&block);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_span),
        cmocka_unit_test(test_every_byte_is_checked),
        cmocka_unit_test(test_every_cut_is_found),
        cmocka_unit_test(test_newer_version),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_output_is_full),
        cmocka_unit_test(test_golden),
    };

    return cmocka_run_group_tests_name("history_block", tests, NULL, NULL);
}
