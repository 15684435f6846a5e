/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The database and the points with the n-th allocation failing, n from 1 until
 * a pass needs no failure: every call succeeds or says KW_ENOMEM, nothing is
 * lost that was said to be stored, nothing leaks, and with memory again all
 * works.
 */
#include "base/mem.h"
#include "core/db.h"
#include "core/point.h"
#include "core/quantity.h"
#include "lib/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { PASSES_MAX = 2000 };

static const struct kw_db_table red = {.name = "test.red"};

static const char quantities_text[] = "name,title,unit,kind,decimals,group\n"
                                      "power,Power,W,gauge,0,power\n"
                                      "energy,Energy,Wh,counter,0,energy\n";

/* Whether err was 0; anything but that must be want of memory. */
static bool good(int err)
{
    assert_true(err == 0 || err == KW_ENOMEM);
    return err == 0;
}

static int open_db(struct kw_db **db, const char *dir)
{
    struct kw_db_options options = {
        .dir = dir, .map_bytes = 16 << 20, .tables = 8, .commit_ms = 20};
    struct kw_diag diag;
    int err;

    kw_diag_init(&diag);
    err = kw_db_open(db, &options, &diag);
    kw_diag_fini(&diag);
    return err;
}

static struct kw_db_batch *filled(const char *value)
{
    struct kw_db_batch *batch = kw_db_batch_new();

    if (batch != NULL)
        kw_db_batch_put(batch, &red, kw_slice_text("key"),
                        kw_slice_text(value));
    return batch;
}

static bool write_value(struct kw_db *db, const char *value)
{
    struct kw_db_batch *batch = filled(value);

    return batch != NULL && good(kw_db_write_now(db, batch));
}

/* The value's first letter; 0 when memory was missing. */
static char read_value(struct kw_db *db)
{
    struct kw_db_cursor *cursor;
    struct kw_db_txn *txn;
    struct kw_slice key, value;
    char letter = 0;

    if (!good(kw_db_read_begin(db, &txn)))
        return 0;
    if (good(kw_db_cursor_open(txn, &red, &cursor))) {
        assert_int_equal(kw_db_cursor_last(cursor), 0);
        kw_db_cursor_entry(cursor, &key, &value);
        letter = *(const char *)value.data;
        kw_db_cursor_close(cursor);
    }
    kw_db_read_end(txn);
    return letter;
}

static void test_db(void **state)
{
    bool failed = true;
    uint64_t n = 0;
    char dir[64];

    (void)state;
    kw_test_make_dir(dir, sizeof(dir));
    while (failed) {
        uint64_t before = kw_test_blocks();
        struct kw_db *db = NULL;
        char letter;

        assert_true(++n < PASSES_MAX);
        kw_mem_fail_at(n);
        failed = !good(open_db(&db, dir));
        if (db != NULL) {
            failed = !write_value(db, "one") || failed;
            failed = !write_value(db, "two") || failed;
            letter = read_value(db);
            assert_true(failed || letter == 't' || letter == 0);
            failed = letter == 0 || failed;
        }
        kw_mem_fail_at(0);
        if (db != NULL) {
            assert_true(write_value(db, "three"));
            assert_int_equal(read_value(db), 't');
            kw_db_free(db);
        }
        assert_int_equal(kw_test_blocks(), before);
    }
    assert_true(n > 8);
    kw_test_remove(dir);
}

struct answer {
    bool done;
    int err;
};

static void on_done(void *arg, int err)
{
    struct answer *answer = arg;

    assert_false(answer->done);
    answer->done = true;
    answer->err = err;
}

/* On the loop: done() comes exactly when the submit said so. */
static void test_submit(void **state)
{
    struct kw_fixture fixture;
    bool failed = true;
    uint64_t n = 0;

    (void)state;
    kw_fixture_open(&fixture, KW_FIXTURE_DB);
    while (failed) {
        struct answer answer = {0};
        struct kw_db_batch *batch;

        assert_true(++n < PASSES_MAX);
        kw_mem_fail_at(n);
        batch = filled("value");
        failed = batch == NULL || !good(kw_db_submit(fixture.core.db, batch,
                                                     true, on_done, &answer));
        kw_mem_fail_at(0);
        if (!failed)
            kw_fixture_until_set(&fixture, &answer.done);
        else
            assert_false(answer.done);
        assert_int_equal(answer.err, 0);
    }
    assert_true(n > 1);
    kw_fixture_close(&fixture);
}

static bool define_two(struct kw_points *points,
                       const struct kw_quantities *quantities)
{
    struct kw_source *source;
    const struct kw_point *point;

    if (!good(kw_points_source(points, 'm', "m1", NULL, &source)))
        return false;
    for (size_t i = 0; i < 2; i++) {
        struct kw_point_form form = {
            .quantity = kw_quantities_at(quantities, i), .scale = 1};

        if (!good(kw_points_define(points, source, &form, &point)))
            return false;
        assert_int_equal(point->quantity == form.quantity, true);
    }
    return true;
}

/* A number that was used in a failed attempt is never given again. */
static void test_points(void **state)
{
    struct kw_quantities *quantities;
    struct kw_diag diag;
    bool failed = true;
    uint64_t n = 0;

    (void)state;
    kw_diag_init(&diag);
    assert_int_equal(kw_quantities_parse(&quantities, quantities_text,
                                         strlen(quantities_text), &diag),
                     0);
    kw_diag_fini(&diag);
    while (failed) {
        uint64_t before = kw_test_blocks();
        struct kw_points *points = NULL;
        struct kw_db *db;
        char dir[64];
        uint32_t ids[2];

        assert_true(++n < PASSES_MAX);
        kw_test_make_dir(dir, sizeof(dir));
        assert_int_equal(open_db(&db, dir), 0);
        kw_mem_fail_at(n);
        failed = !good(kw_points_new(&points, db, quantities));
        if (!failed)
            failed = !define_two(points, quantities);
        kw_mem_fail_at(0);
        if (points != NULL) {
            assert_true(define_two(points, quantities));
            ids[0] = kw_points_find(points, "m1.power")->id;
            ids[1] = kw_points_find(points, "m1.energy")->id;
            assert_int_not_equal(ids[0], ids[1]);
            kw_points_free(points);
            /* what is stored says the same, also when reading it fails */
            points = NULL;
            kw_mem_fail_at(n);
            failed = !good(kw_points_new(&points, db, quantities)) || failed;
            kw_mem_fail_at(0);
            if (points == NULL)
                assert_int_equal(kw_points_new(&points, db, quantities), 0);
            assert_int_equal(kw_points_find(points, "m1.power")->id, ids[0]);
            assert_int_equal(kw_points_find(points, "m1.energy")->id, ids[1]);
            kw_points_free(points);
        }
        kw_db_free(db);
        kw_test_remove(dir);
        assert_int_equal(kw_test_blocks(), before);
    }
    assert_true(n > 10);
    kw_quantities_free(quantities);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_db),
        cmocka_unit_test(test_submit),
        cmocka_unit_test(test_points),
    };

    return cmocka_run_group_tests_name("core_db", tests, NULL, NULL);
}
