/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A failed write of LMDB's meta page, after which LMDB refuses every
 * transaction: the database is opened anew by itself. The program's own pwrite
 * stands before the C library's and fails while it is told to.
 */
#include "core/db.h"
#include "core/db_internal.h"
#include "core/loop.h"
#include "lib/fixture.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

static const struct kw_db_table red = {.name = "test.red"};
static const struct kw_db_table blue = {.name = "test.blue"};

enum { PAGE_BYTES = 4096 };

static atomic_uint meta_failures; /* of the next writes of a meta page */
static atomic_bool sync_fails;

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at)
{
    if (length < PAGE_BYTES && at < 2 * PAGE_BYTES && meta_failures > 0) {
        meta_failures--;
        errno = EIO;
        return -1;
    }
    return syscall(SYS_pwrite64, fd, bytes, length, at);
}

int fdatasync(int fd)
{
    (void)fd;
    errno = EIO;
    return sync_fails ? -1 : 0;
}

struct answer {
    bool done;
    int err;
};

static void on_done(void *arg, int err)
{
    struct answer *answer = arg;

    answer->done = true;
    answer->err = err;
}

static int put(struct kw_fixture *fixture, const struct kw_db_table *table,
               const char *value)
{
    struct kw_db_batch *batch = kw_db_batch_new();
    struct answer answer = {0};

    assert_non_null(batch);
    kw_db_batch_put(batch, table, kw_slice_text("key"), kw_slice_text(value));
    assert_int_equal(
        kw_db_submit(fixture->core.db, batch, true, on_done, &answer), 0);
    kw_fixture_until_set(fixture, &answer.done);
    return answer.err;
}

/* The first letter of the value, or an error. */
static int get(struct kw_fixture *fixture, const struct kw_db_table *table)
{
    struct kw_db_txn *txn;
    struct kw_slice value;
    int err = kw_db_read_begin(fixture->core.db, &txn);

    if (err != 0)
        return err;
    err = kw_db_get(txn, table, kw_slice_text("key"), &value);
    if (err == 0)
        err = *(const char *)value.data;
    kw_db_read_end(txn);
    return err;
}

/* That commit fails; the next one works, and so does reading. */
static void test_once(void **state)
{
    struct kw_fixture fixture;

    (void)state;
    kw_fixture_open(&fixture, KW_FIXTURE_DB);
    assert_int_equal(put(&fixture, &red, "a"), 0);
    meta_failures = 1;
    assert_int_equal(put(&fixture, &red, "b"), KW_EIO);
    assert_int_equal(get(&fixture, &red), 'a');
    assert_int_equal(put(&fixture, &blue, "c"), 0); /* a new table, too */
    assert_int_equal(get(&fixture, &blue), 'c');
    assert_int_equal(put(&fixture, &red, "d"), 0);
    assert_int_equal(get(&fixture, &red), 'd');
    kw_fixture_close(&fixture);
}

/* The page that LMDB puts back can't be written either. */
static void test_twice(void **state)
{
    struct kw_fixture fixture;

    (void)state;
    kw_fixture_open(&fixture, KW_FIXTURE_DB);
    assert_int_equal(put(&fixture, &red, "a"), 0);
    meta_failures = 2;
    assert_int_equal(put(&fixture, &red, "b"), KW_EIO);
    assert_int_equal(get(&fixture, &red), 'a');
    assert_int_equal(put(&fixture, &red, "c"), 0);
    assert_int_equal(get(&fixture, &red), 'c');
    kw_fixture_close(&fixture);
}

/* A reader keeps its map until it ends; nobody else reads meanwhile. */
static void test_reader_under_way(void **state)
{
    struct kw_fixture fixture;
    struct kw_db_txn *txn;
    struct kw_slice value;

    (void)state;
    kw_fixture_open(&fixture, KW_FIXTURE_DB);
    assert_int_equal(put(&fixture, &red, "a"), 0);
    assert_int_equal(kw_db_read_begin(fixture.core.db, &txn), 0);
    meta_failures = 1;
    assert_int_equal(put(&fixture, &red, "b"), KW_EIO);
    assert_int_equal(put(&fixture, &red, "c"), KW_EIO);
    assert_int_equal(kw_db_get(txn, &red, kw_slice_text("key"), &value), 0);
    assert_int_equal(*(const char *)value.data, 'a');
    assert_int_equal(get(&fixture, &red), KW_EIO);
    kw_db_read_end(txn);
    assert_int_equal(put(&fixture, &red, "d"), 0);
    assert_int_equal(get(&fixture, &red), 'd');
    kw_fixture_close(&fixture);
}

static bool can_read(void *arg)
{
    return get(arg, &red) == 'a';
}

static bool paused_twice(void *arg)
{
    const struct kw_fixture *fixture = arg;

    return fixture->core.db->pause_ms > 1000;
}

/* Nothing is written, and the disk fails for a while longer: the timer brings
 * reading back, with growing pauses. */
static void test_by_timer(void **state)
{
    struct kw_fixture fixture;
    struct kw_db_txn *txn;

    (void)state;
    kw_fixture_open(&fixture, KW_FIXTURE_DB);
    assert_int_equal(put(&fixture, &red, "a"), 0);
    assert_int_equal(kw_db_read_begin(fixture.core.db, &txn), 0);
    meta_failures = 1;
    assert_int_equal(put(&fixture, &red, "b"), KW_EIO);
    kw_db_read_end(txn);
    sync_fails = true; /* the first attempt of the timer fails too */
    kw_fixture_until(&fixture, paused_twice, &fixture);
    assert_int_equal(get(&fixture, &red), KW_EIO);
    sync_fails = false;
    kw_fixture_until(&fixture, can_read, &fixture);
    assert_int_equal(put(&fixture, &red, "c"), 0);
    assert_int_equal(fixture.core.db->pause_ms, 0);
    kw_fixture_close(&fixture);
}

/* A batch that is not urgent does not wait for the end of a long pause. */
static void test_batch_in_a_pause(void **state)
{
    struct kw_fixture fixture;
    struct kw_db_txn *txn;
    struct kw_db_batch *batch;
    struct answer answer = {0};

    (void)state;
    kw_fixture_open(&fixture, KW_FIXTURE_DB);
    assert_int_equal(put(&fixture, &red, "a"), 0);
    assert_int_equal(kw_db_read_begin(fixture.core.db, &txn), 0);
    fixture.core.db->pause_ms = 60000;
    meta_failures = 1;
    assert_int_equal(put(&fixture, &red, "b"), KW_EIO);
    kw_db_read_end(txn);
    assert_true(uv_timer_get_due_in(&fixture.core.db->timer) > 50000);
    batch = kw_db_batch_new();
    kw_db_batch_put(batch, &red, kw_slice_text("key"), kw_slice_text("c"));
    assert_int_equal(
        kw_db_submit(fixture.core.db, batch, false, on_done, &answer), 0);
    assert_in_range(uv_timer_get_due_in(&fixture.core.db->timer), 0,
                    fixture.core.db->commit_ms);
    kw_fixture_until_set(&fixture, &answer.done);
    assert_int_equal(answer.err, 0);
    assert_int_equal(get(&fixture, &red), 'c');
    kw_fixture_close(&fixture);
}

/* The program ends before it was opened anew. */
static void test_closed_while_away(void **state)
{
    struct kw_fixture fixture;
    struct kw_db_txn *txn;

    (void)state;
    kw_fixture_open(&fixture, KW_FIXTURE_DB);
    assert_int_equal(put(&fixture, &red, "a"), 0);
    assert_int_equal(kw_db_read_begin(fixture.core.db, &txn), 0);
    meta_failures = 1;
    assert_int_equal(put(&fixture, &red, "b"), KW_EIO);
    kw_db_read_end(txn);
    kw_fixture_close(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_once),
        cmocka_unit_test(test_twice),
        cmocka_unit_test(test_reader_under_way),
        cmocka_unit_test(test_by_timer),
        cmocka_unit_test(test_batch_in_a_pause),
        cmocka_unit_test(test_closed_while_away),
    };

    return cmocka_run_group_tests_name("core_db_disk", tests, NULL, NULL);
}
