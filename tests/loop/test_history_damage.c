/* SPDX-License-Identifier: Apache-2.0 */
/* Damaged rows and blocks, a hole in the journal, a full disk: what can be
 * read is read, the rest is counted and told, and it goes on. */
#include "test_history_rig.h"

#include <signal.h>
#include <sys/resource.h>

enum { HOUR_MS = 3600000 };

/* Reads the n-th entry of a table into buffers of its own. */
static void read_entry(struct rig *rig, const struct kw_db_table *table,
                       unsigned number, struct kw_buf *key,
                       struct kw_buf *value)
{
    struct kw_db_txn *txn;
    struct kw_db_cursor *cursor;
    struct kw_slice at, what;

    kw_buf_init(key, 1000);
    kw_buf_init(value, 1 << 20);
    assert_int_equal(kw_db_read_begin(rig->fixture.core.db, &txn), 0);
    assert_int_equal(kw_db_cursor_open(txn, table, &cursor), 0);
    assert_int_equal(kw_db_cursor_seek(cursor, (struct kw_slice){NULL, 0}), 0);
    for (; number > 0; number--)
        assert_int_equal(kw_db_cursor_next(cursor), 0);
    kw_db_cursor_entry(cursor, &at, &what);
    kw_buf_put(key, at.data, at.length);
    kw_buf_put(value, what.data, what.length);
    kw_db_cursor_close(cursor);
    kw_db_read_end(txn);
}

static void on_written(void *arg, int err)
{
    assert_int_equal(err, 0);
    *(bool *)arg = true;
}

static void write_batch(struct rig *rig, struct kw_db_batch *batch)
{
    bool written = false;

    assert_int_equal(
        kw_db_submit(rig->fixture.core.db, batch, true, on_written, &written),
        0);
    kw_fixture_until_set(&rig->fixture, &written);
}

/* Turns a bit of the n-th entry; at counts from the end. */
static void damage(struct rig *rig, const struct kw_db_table *table,
                   unsigned number, size_t at)
{
    struct kw_db_batch *batch = kw_db_batch_new();
    struct kw_buf key, value;

    read_entry(rig, table, number, &key, &value);
    value.data[value.length - 1 - at] ^= 4;
    kw_db_batch_put(batch, table, (struct kw_slice){key.data, key.length},
                    (struct kw_slice){value.data, value.length});
    write_batch(rig, batch);
    kw_buf_fini(&key);
    kw_buf_fini(&value);
}

static void delete_entry(struct rig *rig, const struct kw_db_table *table,
                         unsigned number)
{
    struct kw_db_batch *batch = kw_db_batch_new();
    struct kw_buf key, value;

    read_entry(rig, table, number, &key, &value);
    kw_db_batch_delete(batch, table, (struct kw_slice){key.data, key.length});
    write_batch(rig, batch);
    kw_buf_fini(&key);
    kw_buf_fini(&value);
}

static void expect_degraded(struct rig *rig, const char *text)
{
    struct kw_health health = {0};

    kw_history_module.health(rig->history, &health);
    assert_int_equal(health.level, KW_LEVEL_DEGRADED);
    assert_non_null(strstr(health.text, text));
}

static void test_damaged_block(void **state)
{
    struct rig rig;
    int64_t t = rig_epoch_ms;

    (void)state;
    rig_open(&rig);
    rig_meter(&rig, 0, 12, KW_ENCODING_FLOAT32);
    rig_polls(&rig, 0, t, t + 3 * HOUR_MS, 1000);
    rig_seal(&rig, t + 4 * HOUR_MS);
    assert_int_equal(rig.history->counters.blocks, 3);
    damage(&rig, &kw_history_blocks, 1, 0); /* the last section: one column */
    rig_expect_none(&rig, 0, t - HOUR_MS, t);
    rig_expect(&rig, 0, t, t + HOUR_MS, 1000);
    rig_expect(&rig, 0, t + 2 * HOUR_MS, t + 3 * HOUR_MS, 1000);
    assert_int_equal(rig.history->counters.damaged, 0);
    rig.meters[0].count = 11; /* all but the damaged one are there */
    rig_expect(&rig, 0, t, t + 3 * HOUR_MS, 1000);
    assert_int_equal(rig.history->counters.damaged, 0);
    rig.meters[0].points[0] = rig.meters[0].points[11];
    rig_expect_none(&rig, 0, t + HOUR_MS, t + 2 * HOUR_MS);
    assert_true(rig.history->counters.damaged > 0);
    kw_fixture_run_ms(&rig.fixture, 1100);
    assert_int_equal(rig.damaged_events, 1);
    expect_degraded(&rig, "damaged");
    rig_close(&rig);
}

/* Late samples of an hour whose block is damaged stand beside it. */
static void test_damaged_base(void **state)
{
    struct rig rig;
    int64_t t = rig_epoch_ms;

    (void)state;
    rig_open(&rig);
    rig_meter(&rig, 0, 2, KW_ENCODING_INTEGER);
    rig_polls(&rig, 0, t, t + 60000, 1000);
    rig_seal(&rig, t + 2 * HOUR_MS);
    damage(&rig, &kw_history_blocks, 0, 0);
    rig_polls(&rig, 0, t + 60000, t + 120000, 1000);
    rig_seal(&rig, t + 4 * HOUR_MS);
    assert_int_equal(rig.history->counters.blocks, 2);
    assert_int_equal(rig.history->counters.damaged, 1);
    rig_expect(&rig, 0, t + 60000, t + 120000, 1000);
    /* and the next ones join that */
    rig_polls(&rig, 0, t + 120000, t + 180000, 1000);
    rig_seal(&rig, t + 6 * HOUR_MS);
    rig_expect(&rig, 0, t + 60000, t + 180000, 1000);
    rig_close(&rig);
}

/* The same beside a block whose key is damaged: its hour is out of range. */
static void test_damaged_key(void **state)
{
    struct rig rig;
    struct kw_history_block_key key = {.hour_ms = INT64_MIN};
    struct kw_history_key_bytes bytes;
    struct kw_db_batch *batch;
    int64_t t = rig_epoch_ms;

    (void)state;
    rig_open(&rig);
    rig_meter(&rig, 0, 2, KW_ENCODING_INTEGER);
    batch = kw_db_batch_new();
    key.source = rig.meters[0].source->number;
    kw_db_batch_put(batch, &kw_history_blocks,
                    kw_history_key_block(&bytes, &key), kw_slice_text("x"));
    write_batch(&rig, batch);
    rig_polls(&rig, 0, t, t + 60000, 1000);
    rig_seal(&rig, t + 2 * HOUR_MS);
    assert_int_equal(rig.history->counters.blocks, 1);
    rig_expect(&rig, 0, t, t + 60000, 1000);
    rig_close(&rig);
}

static void test_damaged_row(void **state)
{
    struct rig rig;
    int64_t t = rig_epoch_ms;

    (void)state;
    rig_open(&rig);
    rig_meter(&rig, 0, 3, KW_ENCODING_INTEGER);
    for (int i = 0; i < 5; i++) {
        rig_polls(&rig, 0, t + i * 10000, t + (i + 1) * 10000, 1000);
        rig_flush(&rig);
    }
    rig_stop(&rig);
    damage(&rig, &kw_history_journal, 3, 9);
    rig_start(&rig);
    rig_until_ready(&rig);
    assert_int_equal(rig.history->counters.damaged, 1);
    rig_expect(&rig, 0, t, t + 30000, 1000); /* up to the damage */
    rig_expect_none(&rig, 0, t + 30000, t + 50000);
    rig_polls(&rig, 0, t + 50000, t + 60000, 1000);
    rig_expect(&rig, 0, t + 50000, t + 60000, 1000);
    rig_stop(&rig);
    damage(&rig, &kw_history_journal, 5, 0); /* the last row */
    rig_start(&rig);
    rig_polls(&rig, 0, t + 60000, t + 70000, 1000);
    rig_stop(&rig);
    rig_start(&rig);
    rig_expect(&rig, 0, t + 60000, t + 70000, 1000);
    rig_close(&rig);
}

static void test_missing_row(void **state)
{
    struct rig rig;
    int64_t t = rig_epoch_ms;

    (void)state;
    rig_open(&rig);
    rig_meter(&rig, 0, 3, KW_ENCODING_INTEGER);
    for (int i = 0; i < 4; i++) {
        rig_polls(&rig, 0, t + i * 10000, t + (i + 1) * 10000, 1000);
        rig_flush(&rig);
    }
    rig_stop(&rig);
    delete_entry(&rig, &kw_history_journal, 2);
    rig_start(&rig);
    rig_expect(&rig, 0, t, t + 20000, 1000);
    rig_expect_none(&rig, 0, t + 20000, t + 40000);
    rig_close(&rig);
}

/* No page can be added to the file: samples stay in memory, an event tells
 * it; with space again everything is there, also after a restart. */
static void test_full_disk(void **state)
{
    struct rig rig;
    struct rlimit old, low;
    int64_t t = rig_epoch_ms;

    (void)state;
    rig_open(&rig);
    rig_meter(&rig, 0, 12, KW_ENCODING_FLOAT32);
    rig_polls(&rig, 0, t, t + 10000, 1000);
    rig_flush(&rig);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    low = (struct rlimit){8 * 4096, old.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
    rig_polls(&rig, 0, t + 10000, t + 600000, 1000);
    rig_flush(&rig);
    assert_int_not_equal(rig.history->write_err, 0);
    expect_degraded(&rig, "can't be stored");
    assert_int_equal(rig.full_on, 1);
    rig_expect(&rig, 0, t, t + 600000, 1000);
    rig_seal(&rig, t + 2 * HOUR_MS); /* fails as well, and keeps the parts */
    assert_int_equal(rig.history->counters.blocks, 0);
    rig_expect(&rig, 0, t, t + 600000, 1000);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    rig_polls(&rig, 0, t + 2 * HOUR_MS, t + 2 * HOUR_MS + 10000, 1000);
    rig_flush(&rig);
    assert_int_equal(rig.full_off, 1);
    assert_int_equal(rig.history->write_err, 0);
    rig_seal(&rig, t + 2 * HOUR_MS + 120000);
    assert_true(rig.history->counters.blocks > 0);
    rig_stop(&rig);
    rig_start(&rig);
    rig_expect(&rig, 0, t, t + 600000, 1000);
    rig_expect(&rig, 0, t + 2 * HOUR_MS, t + 2 * HOUR_MS + 10000, 1000);
    rig_close(&rig);
}

/* What a failed commit held up is in the journal when the disk works again. */
static void test_restart_after_failed_commit(void **state)
{
    struct rig rig;
    struct rlimit old, low;
    int64_t t = rig_epoch_ms;

    (void)state;
    rig_open(&rig);
    rig_meter(&rig, 0, 12, KW_ENCODING_FLOAT32);
    rig_polls(&rig, 0, t, t + 10000, 1000);
    rig_flush(&rig);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    low = (struct rlimit){8 * 4096, old.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
    rig_polls(&rig, 0, t + 10000, t + 600000, 1000);
    rig_flush(&rig);
    assert_int_not_equal(rig.history->write_err, 0);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    rig_polls(&rig, 0, t + 600000, t + 610000, 1000);
    rig_stop(&rig);
    rig_start(&rig);
    rig_expect(&rig, 0, t, t + 610000, 1000);
    assert_int_equal(rig.history->counters.damaged, 0);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_damaged_block),
        cmocka_unit_test(test_damaged_base),
        cmocka_unit_test(test_damaged_key),
        cmocka_unit_test(test_damaged_row),
        cmocka_unit_test(test_missing_row),
        cmocka_unit_test(test_full_disk),
        cmocka_unit_test(test_restart_after_failed_commit),
    };

    return cmocka_run_group_tests_name("history_damage", tests, NULL, NULL);
}
