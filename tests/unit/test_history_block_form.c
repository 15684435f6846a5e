/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Directories of blocks whose check is right and whose content is not: what
 * a decayed or forged block could say. One row changes one number of a good
 * block with one column of times and one of values, two samples each.
 */
#include "base/sample.h"
#include "history/block.h"
#include "history/block_form.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct form {
    uint64_t span, scales;
    uint64_t sections, symbols, packed, extra;
    uint64_t axes, columns;
    uint64_t times, axis_flags, axis_extra;
    uint64_t point, scale, axis, runs, flags, value_extra;
    uint64_t run[4]; /* length and quality of two */
    size_t body;     /* bytes that are there */
    bool wrong_check;
};

static const struct form good = {
    .span = 1,
    .scales = 1,
    .sections = 1,
    .symbols = 4,
    .packed = 4,
    .extra = 1,
    .axes = 1,
    .columns = 1,
    .times = 2,
    .axis_flags = KW_HISTORY_FLAG_SECTION,
    .point = 1,
    .value_extra = 1,
    .body = 5,
};

static const unsigned char body[5] = {0, 2, 0, 4, 0xFF};

static void put_directory(const struct form *form, struct kw_buf *out)
{
    kw_buf_put_varint(out, 0); /* first time */
    kw_buf_put_varint(out, form->span);
    kw_buf_put_varint(out, form->scales);
    if (form->scales == 1)
        kw_buf_put_be64(out, UINT64_C(0x3FF0000000000000));
    kw_buf_put_varint(out, form->sections);
    if (form->sections > 0) {
        kw_buf_put_varint(out, form->symbols);
        kw_buf_put_varint(out, form->packed);
        kw_buf_put_varint(out, form->extra);
        kw_buf_put_be32(out, kw_history_check(body, sizeof(body)) ^
                                 form->wrong_check);
    }
    kw_buf_put_varint(out, form->axes);
    kw_buf_put_varint(out, form->columns);
    kw_buf_put_varint(out, form->times);
    kw_buf_put_byte(out, (unsigned char)form->axis_flags);
    kw_buf_put_varint(out, 0);
    if (!(form->axis_flags & KW_HISTORY_FLAG_STILL))
        kw_buf_put_varint(out, form->axis_extra);
    kw_buf_put_varint(out, form->point);
    kw_buf_put_varint(out, form->scale);
    kw_buf_put_varint(out, form->axis);
    kw_buf_put_varint(out, form->runs);
    for (uint64_t i = 0; i < form->runs && i < 2; i++) {
        kw_buf_put_varint(out, form->run[2 * i]);
        kw_buf_put_byte(out, (unsigned char)form->run[2 * i + 1]);
    }
    kw_buf_put_byte(out, (unsigned char)form->flags);
    kw_buf_put_varint(out, 20);
    kw_buf_put_varint(out, form->value_extra);
}

/* Cuts the directory by `cut` bytes. */
static void put_block(const struct form *form, size_t cut, struct kw_buf *out)
{
    struct kw_buf directory;

    kw_buf_init(&directory, 1000);
    put_directory(form, &directory);
    directory.length -= cut < directory.length ? cut : directory.length;
    kw_buf_reset(out);
    kw_buf_put_byte(out, KW_HISTORY_BLOCK_VERSION);
    kw_buf_put_varint(out, directory.length);
    kw_buf_put_be32(out, kw_history_check(directory.data, directory.length));
    kw_buf_put(out, directory.data, directory.length);
    kw_buf_put(out, body, form->body);
    kw_buf_fini(&directory);
}

/* 0, or the error of opening, or of reading the column. */
static int try_block(const struct kw_buf *bytes,
                     struct kw_history_series *series)
{
    struct kw_history_block block;
    int err = kw_history_block_open(&block, bytes->data, bytes->length);

    if (err != 0)
        return err;
    if (block.column_count == 0) {
        kw_history_block_close(&block);
        return KW_ENOTFOUND;
    }
    series->key = block.columns[0].key;
    err = kw_history_block_read(&block, &block.columns[0], series);
    kw_history_block_close(&block);
    return err;
}

static void test_good(void **state)
{
    struct kw_history_series series = {0};
    struct kw_buf bytes;

    (void)state;
    kw_buf_init(&bytes, 1000);
    put_block(&good, 0, &bytes);
    assert_int_equal(try_block(&bytes, &series), 0);
    assert_int_equal(series.count, 2);
    assert_int_equal(series.key.point, 1);
    assert_true(series.key.scale == 1);
    assert_int_equal(series.times[0], 0);
    assert_int_equal(series.times[1], 1);
    assert_int_equal(series.raw[0], 10);
    assert_int_equal(series.raw[1], 12);
    kw_history_series_fini(&series);
    for (size_t cut = 1; cut < 40; cut++) {
        put_block(&good, cut, &bytes);
        assert_int_equal(try_block(&bytes, &series), KW_ECORRUPT);
        kw_history_series_fini(&series);
    }
    kw_buf_fini(&bytes);
}

static void test_runs(void **state)
{
    struct form form = good;
    struct kw_history_series series = {0};
    struct kw_buf bytes;

    (void)state;
    kw_buf_init(&bytes, 1000);
    form.runs = 2;
    form.run[0] = form.run[2] = 1;
    form.run[1] = KW_QUALITY_BAD_TIMEOUT;
    put_block(&form, 0, &bytes);
    assert_int_equal(try_block(&bytes, &series), 0);
    assert_int_equal(series.count, 2);
    assert_int_equal(series.quality[0], KW_QUALITY_BAD_TIMEOUT);
    assert_int_equal(series.raw[0], 0);
    assert_int_equal(series.raw[1], 10);
    kw_history_series_fini(&series);
    kw_buf_fini(&bytes);
}

static void test_bad(void **state)
{
    static const struct {
        size_t at; /* of the number in the form */
        uint64_t value;
    } rows[] = {
        {offsetof(struct form, span), UINT64_C(1) << 63},
        {offsetof(struct form, scales), 0},
        {offsetof(struct form, scales), 5000},
        {offsetof(struct form, sections), 0},
        {offsetof(struct form, sections), 9000},
        {offsetof(struct form, symbols), 3}, /* packed is longer */
        {offsetof(struct form, symbols), UINT64_C(1) << 40},
        {offsetof(struct form, symbols), 9}, /* not what zstd wrote */
        {offsetof(struct form, packed), 6},
        {offsetof(struct form, packed), UINT64_C(1) << 40},
        {offsetof(struct form, extra), 2}, /* beyond the end */
        {offsetof(struct form, extra), UINT64_C(1) << 40},
        {offsetof(struct form, extra), 0},
        {offsetof(struct form, axes), 0},
        {offsetof(struct form, axes), 2},
        {offsetof(struct form, axes), 5000},
        {offsetof(struct form, columns), 2},
        {offsetof(struct form, columns), 5000},
        {offsetof(struct form, times), 3}, /* more than there are symbols */
        {offsetof(struct form, times), UINT64_C(1) << 40},
        {offsetof(struct form, axis_flags), 0}, /* in no section */
        {offsetof(struct form, axis_extra), 2},
        {offsetof(struct form, axis_extra), 1}, /* the value's is gone */
        {offsetof(struct form, point), UINT64_C(1) << 32},
        {offsetof(struct form, scale), 1},
        {offsetof(struct form, axis), 1},
        {offsetof(struct form, runs), 1}, /* a run of length 0 */
        {offsetof(struct form, runs), 5000},
        {offsetof(struct form, flags), KW_HISTORY_FLAG_SECTION}, /* a second */
        {offsetof(struct form, value_extra), 2},
        {offsetof(struct form, value_extra), UINT64_C(1) << 40},
        {offsetof(struct form, body), 4},
        {offsetof(struct form, wrong_check), 1},
    };
    struct kw_buf bytes;

    (void)state;
    kw_buf_init(&bytes, 1000);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct form form = good;
        struct kw_history_series series = {0};
        size_t size = rows[i].at == offsetof(struct form, wrong_check) ? 1 : 8;

        memcpy((unsigned char *)&form + rows[i].at, &rows[i].value, size);
        put_block(&form, 0, &bytes);
        if (try_block(&bytes, &series) != KW_ECORRUPT)
            fail_msg("row %zu was taken", i);
        kw_history_series_fini(&series);
    }
    kw_buf_fini(&bytes);
}

/* Runs that are too long, too short, or end early. */
static void test_bad_runs(void **state)
{
    static const struct {
        uint64_t runs, run[4];
    } rows[] = {
        {1, {3, 0, 0, 0}}, {1, {1, 0, 0, 0}}, {2, {2, 0, 1, 0}},
        {2, {1, 0, 2, 0}}, {2, {1, 0, 0, 0}},
    };
    struct kw_buf bytes;

    (void)state;
    kw_buf_init(&bytes, 1000);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct form form = good;
        struct kw_history_series series = {0};

        form.runs = rows[i].runs;
        memcpy(form.run, rows[i].run, sizeof(form.run));
        put_block(&form, 0, &bytes);
        assert_int_equal(try_block(&bytes, &series), KW_ECORRUPT);
        kw_history_series_fini(&series);
    }
    kw_buf_fini(&bytes);
}

/* A column without samples or numbers is allowed and empty. */
static void test_empty(void **state)
{
    struct form form = good;
    struct kw_history_series series = {0};
    struct kw_buf bytes;

    (void)state;
    kw_buf_init(&bytes, 1000);
    form.times = 0;
    put_block(&form, 0, &bytes);
    assert_int_equal(try_block(&bytes, &series), 0);
    assert_int_equal(series.count, 0);
    form = good;
    form.columns = 0;
    put_block(&form, 0, &bytes);
    assert_int_equal(try_block(&bytes, &series), KW_ENOTFOUND);
    kw_history_series_fini(&series);
    kw_buf_fini(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),  cmocka_unit_test(test_runs),
        cmocka_unit_test(test_bad),   cmocka_unit_test(test_bad_runs),
        cmocka_unit_test(test_empty),
    };

    return cmocka_run_group_tests_name("history_block_form", tests, NULL, NULL);
}
