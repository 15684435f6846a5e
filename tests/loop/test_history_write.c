/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commits that fail, of the journal, of sealed blocks and of what is deleted;
 * and blocks that are too large for one batch. Nothing is lost, nothing is
 * left behind, and it goes on by itself.
 */
#include "core/db.h"
#include "history/tables.h"
#include "test_history_rig.h"

#include <errno.h>
#include <stdatomic.h>
#include <unistd.h>

enum { HOUR_MS = 3600000 };

/* What the next commits end with; 0: they work. */
static _Atomic int sync_errno;

/* What LMDB commits with. */
int fdatasync(int fd)
{
    (void)fd;
    errno = sync_errno;
    return sync_errno == 0 ? 0 : -1;
}

static size_t rows_in(struct rig *rig, const struct kw_db_table *table)
{
    struct kw_db_txn *txn;
    struct kw_db_cursor *cursor;
    size_t count = 0;

    assert_int_equal(kw_db_read_begin(rig->fixture.core.db, &txn), 0);
    if (kw_db_cursor_open(txn, table, &cursor) == 0) {
        int err = kw_db_cursor_seek(cursor, (struct kw_slice){"", 0});

        for (; err == 0; err = kw_db_cursor_next(cursor))
            count++;
        kw_db_cursor_close(cursor);
    }
    kw_db_read_end(txn);
    return count;
}

/* A poll and its row, so often. */
static void write_rows(struct rig *rig, int64_t from_ms, unsigned rows)
{
    for (unsigned i = 0; i < rows; i++) {
        rig_poll(rig, 0, from_ms + i * 1000, KW_QUALITY_GOOD);
        rig_flush(rig);
    }
}

static struct kw_health health_of(struct rig *rig)
{
    struct kw_health health = {0};

    kw_history_module.health(rig->history, &health);
    return health;
}

/* The commit of a row fails: what was in it comes with the next row, so that
 * a restart finds it. */
static void test_row_fails(void **state)
{
    struct rig rig;
    int64_t t = rig_epoch_ms;

    (void)state;
    rig_open(&rig);
    rig_meter(&rig, 0, 3, KW_ENCODING_INTEGER);
    rig_until_ready(&rig);
    write_rows(&rig, t, 10);
    sync_errno = EIO;
    write_rows(&rig, t + 10000, 1);
    assert_int_equal(rig.history->counters.commits_failed, 1);
    assert_int_equal(health_of(&rig).level, KW_LEVEL_DEGRADED);
    sync_errno = 0;
    write_rows(&rig, t + 11000, 10);
    assert_int_equal(health_of(&rig).level, KW_LEVEL_OK);
    assert_int_equal(rig.full_on, 0); /* the disk isn't full */
    rig_expect(&rig, 0, t, t + 21000, 1000);
    rig_stop(&rig);
    rig_start(&rig);
    rig_until_ready(&rig);
    rig_expect(&rig, 0, t, t + 21000, 1000);
    rig_close(&rig);
}

/*
 * What a long fault held up is more than one row takes. The rows follow each
 * other without waiting for their interval, and a stop writes them all.
 */
static void test_rows_catch_up(void **state)
{
    struct rig rig;
    int64_t t = rig_epoch_ms;
    uint64_t rows;

    (void)state;
    rig_open(&rig);
    for (unsigned i = 0; i < RIG_METERS; i++)
        rig_meter(&rig, i, RIG_POINTS, KW_ENCODING_FLOAT32);
    rig_until_ready(&rig);
    sync_errno = EIO;
    for (unsigned i = 0; i < RIG_METERS; i++)
        rig_polls(&rig, i, t, t + 3 * (int64_t)HOUR_MS, 1000);
    rig_flush(&rig);
    assert_int_equal(rows_in(&rig, &kw_history_journal), 0);
    assert_true(rig.history->behind);
    sync_errno = 0;
    rows = rig.history->counters.journal_rows;
    rig_flush(&rig);
    assert_true(rig.history->counters.journal_rows > rows + 2);
    assert_true(kw_list_empty(&rig.history->window.dirty));
    rig_stop(&rig);
    rig_start(&rig);
    rig_until_ready(&rig);
    for (unsigned i = 0; i < RIG_METERS; i++)
        rig_expect(&rig, i, t, t + 3 * (int64_t)HOUR_MS, 1000);
    rig_close(&rig);
}

/* A row is under way when the module stops: what came since follows it. */
static void test_stop_while_flushing(void **state)
{
    struct rig rig;
    int64_t t = rig_epoch_ms;

    (void)state;
    rig_open(&rig);
    rig_meter(&rig, 0, 3, KW_ENCODING_INTEGER);
    rig_until_ready(&rig);
    rig_poll(&rig, 0, t, KW_QUALITY_GOOD);
    kw_history_flush(rig.history);
    assert_true(rig.history->flushing);
    rig_poll(&rig, 0, t + 1000, KW_QUALITY_GOOD);
    kw_history_flush(rig.history); /* waits for its turn */
    rig_stop(&rig);
    rig_start(&rig);
    rig_until_ready(&rig);
    rig_expect(&rig, 0, t, t + 2000, 1000);
    rig_close(&rig);
}

/* The same without the restart: sealed, all of it is there. */
static void test_row_fails_then_seal(void **state)
{
    struct rig rig;
    int64_t t = rig_epoch_ms;

    (void)state;
    rig_open(&rig);
    rig_meter(&rig, 0, 3, KW_ENCODING_INTEGER);
    rig_until_ready(&rig);
    write_rows(&rig, t, 5);
    sync_errno = EIO;
    write_rows(&rig, t + 5000, 3);
    sync_errno = 0;
    write_rows(&rig, t + 8000, 5);
    rig_seal(&rig, t + 2 * HOUR_MS);
    rig_stop(&rig);
    rig_start(&rig);
    rig_until_ready(&rig);
    rig_expect(&rig, 0, t, t + 13000, 1000);
    rig_close(&rig);
}

/*
 * Rows of sealed samples are deleted with later commits. One of these fails:
 * its rows are deleted with the next, and not forgotten until a restart.
 */
static void test_trim_fails(void **state)
{
    struct rig rig;
    int64_t t = rig_epoch_ms;
    size_t before;

    (void)state;
    rig_open(&rig);
    rig_meter(&rig, 0, 3, KW_ENCODING_INTEGER);
    rig_until_ready(&rig);
    write_rows(&rig, t, 100);
    assert_int_equal(rows_in(&rig, &kw_history_journal), 100);
    rig_seal(&rig, t + 2 * HOUR_MS);
    before = rows_in(&rig, &kw_history_journal);
    assert_true(before >= 50);
    sync_errno = EIO;
    kw_history_flush(rig.history); /* deletes some */
    kw_fixture_until(&rig.fixture, rig_is_idle, &rig);
    assert_int_equal(rig.history->first_row, rig.history->kept_row);
    sync_errno = 0;
    assert_int_equal(rows_in(&rig, &kw_history_journal), before);
    for (unsigned i = 0; i < 100; i++)
        rig_flush(&rig);
    assert_int_equal(rows_in(&rig, &kw_history_journal), 0);
    assert_int_equal(rig.history->kept_row, rig.history->first_row);
    /* and with rows between */
    write_rows(&rig, t + 2 * HOUR_MS, 40);
    rig_seal(&rig, t + 4 * HOUR_MS);
    for (unsigned i = 0; i < 80; i++) {
        sync_errno = i % 3 == 0 ? EIO : 0;
        write_rows(&rig, t + 4 * HOUR_MS + i * 1000, 1);
    }
    sync_errno = 0;
    rig_seal(&rig, t + 6 * HOUR_MS);
    for (unsigned i = 0; i < 100; i++)
        rig_flush(&rig);
    assert_int_equal(rows_in(&rig, &kw_history_journal), 0);
    rig_expect(&rig, 0, t + 4 * HOUR_MS, t + 4 * HOUR_MS + 80000, 1000);
    rig_close(&rig);
}

/* A full disk is told once, the oldest hours are looked for at once, and what
 * was taken meanwhile is stored when there is room again. */
static void test_disk_full(void **state)
{
    struct rig rig;
    int64_t t = rig_epoch_ms;

    (void)state;
    rig_open(&rig);
    rig_meter(&rig, 0, 3, KW_ENCODING_INTEGER);
    rig_until_ready(&rig);
    write_rows(&rig, t, 5);
    sync_errno = ENOSPC;
    write_rows(&rig, t + 5000, 5);
    assert_int_equal(rig.full_on, 1);
    assert_int_equal(rig.full_off, 0);
    assert_true(rig.history->disk_full);
    assert_int_equal(rig.history->retain.next_ms, 0);
    assert_non_null(strstr(health_of(&rig).text, "space"));
    sync_errno = 0;
    write_rows(&rig, t + 10000, 5);
    assert_int_equal(rig.full_off, 1);
    rig_seal(&rig, t + 2 * HOUR_MS);
    rig_expect(&rig, 0, t, t + 15000, 1000);
    rig_close(&rig);
}

/* The commit of sealed blocks fails: the parts stay, the next attempt is a
 * minute later, and each sample is there once. */
static void test_seal_fails(void **state)
{
    struct rig rig;
    int64_t t = rig_epoch_ms;

    (void)state;
    rig_open(&rig);
    rig_meter(&rig, 0, 3, KW_ENCODING_INTEGER);
    rig_until_ready(&rig);
    write_rows(&rig, t, 20);
    rig.fixture.manual.wall_ms = t + 2 * HOUR_MS;
    rig.fixture.manual.mono_ns += UINT64_C(300) * 1000000000;
    kw_history_seal_tick(rig.history); /* closes */
    rig.fixture.manual.mono_ns += UINT64_C(300) * 1000000000;
    sync_errno = EIO;
    kw_history_seal_tick(rig.history);
    assert_true(rig.history->seal.busy);
    kw_fixture_until(&rig.fixture, rig_is_idle, &rig);
    sync_errno = 0;
    assert_int_equal(rig.history->counters.blocks, 0);
    kw_history_seal_tick(rig.history); /* not yet */
    assert_false(rig.history->seal.busy);
    rig.fixture.manual.mono_ns += UINT64_C(61) * 1000000000;
    kw_history_seal_tick(rig.history);
    kw_fixture_until(&rig.fixture, rig_is_idle, &rig);
    assert_int_equal(rig.history->counters.blocks, 1);
    assert_int_equal(rig.history->counters.sealed_samples, 60);
    rig_expect(&rig, 0, t, t + 20000, 1000);
    rig_close(&rig);
}

/* The commit of deletions fails: the blocks stay and go the next time. */
static void test_retention_fails(void **state)
{
    struct rig rig;
    int64_t t = rig_epoch_ms;

    (void)state;
    rig_open(&rig);
    rig_meter(&rig, 0, 3, KW_ENCODING_INTEGER);
    rig_until_ready(&rig);
    write_rows(&rig, t, 5);
    rig_seal(&rig, t + 2 * HOUR_MS);
    assert_int_equal(rows_in(&rig, &kw_history_blocks), 1);
    rig.history->conf.keep_ms = HOUR_MS;
    rig.history->retain.next_ms = 0;
    sync_errno = EIO;
    kw_history_retain_tick(rig.history);
    kw_fixture_until(&rig.fixture, rig_is_idle, &rig);
    sync_errno = 0;
    assert_int_equal(rig.history->counters.deleted, 0);
    assert_int_equal(rows_in(&rig, &kw_history_blocks), 1);
    rig.history->retain.next_ms = 0;
    kw_history_retain_tick(rig.history);
    kw_fixture_until(&rig.fixture, rig_is_idle, &rig);
    assert_int_equal(rig.history->counters.deleted, 1);
    assert_int_equal(rows_in(&rig, &kw_history_blocks), 0);
    rig_close(&rig);
}

/* Blocks that fill a batch end it; the other meters have the next ones. */
static void test_seal_in_portions(void **state)
{
    struct rig rig;
    int64_t t = rig_epoch_ms;

    (void)state;
    rig_open(&rig);
    for (unsigned i = 0; i < RIG_METERS; i++)
        rig_meter(&rig, i, 3, KW_ENCODING_FLOAT32);
    rig_until_ready(&rig);
    for (unsigned i = 0; i < RIG_METERS; i++)
        rig_polls(&rig, i, t, t + 60000, 1000);
    rig_flush(&rig);
    rig.history->seal.batch_bytes = 1; /* any block is too large for two */
    rig.fixture.manual.wall_ms = t + 2 * HOUR_MS;
    rig.fixture.manual.mono_ns += UINT64_C(300) * 1000000000;
    kw_history_seal_tick(rig.history);
    rig.fixture.manual.mono_ns += UINT64_C(300) * 1000000000;
    for (unsigned i = 1; i <= RIG_METERS; i++) {
        kw_history_seal_tick(rig.history);
        kw_fixture_until(&rig.fixture, rig_is_idle, &rig);
        assert_int_equal(rig.history->counters.blocks, i);
    }
    kw_history_seal_tick(rig.history);
    assert_false(rig.history->seal.busy);
    for (unsigned i = 0; i < RIG_METERS; i++)
        rig_expect(&rig, i, t, t + 60000, 1000);
    rig_close(&rig);
}

/* The last commit fails, at the stop: it ends all the same, and what was
 * committed before is there. */
static void test_stop_fails(void **state)
{
    struct rig rig;
    int64_t t = rig_epoch_ms;

    (void)state;
    rig_open(&rig);
    rig_meter(&rig, 0, 3, KW_ENCODING_INTEGER);
    rig_until_ready(&rig);
    write_rows(&rig, t, 5);
    rig_poll(&rig, 0, t + 5000, KW_QUALITY_GOOD);
    sync_errno = EIO;
    rig_stop(&rig);
    sync_errno = 0;
    rig_start(&rig);
    rig_until_ready(&rig);
    rig_expect(&rig, 0, t, t + 5000, 1000);
    rig_expect_none(&rig, 0, t + 5000, t + 6000);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_row_fails),
        cmocka_unit_test(test_row_fails_then_seal),
        cmocka_unit_test(test_rows_catch_up),
        cmocka_unit_test(test_stop_while_flushing),
        cmocka_unit_test(test_trim_fails),
        cmocka_unit_test(test_disk_full),
        cmocka_unit_test(test_seal_fails),
        cmocka_unit_test(test_retention_fails),
        cmocka_unit_test(test_seal_in_portions),
        cmocka_unit_test(test_stop_fails),
    };

    return cmocka_run_group_tests_name("history_write", tests, NULL, NULL);
}
