/* SPDX-License-Identifier: Apache-2.0 */
/* From the hub to the database and back: journal, window, blocks, restart. */
#include "test_history_rig.h"

enum { HOUR_MS = 3600000 };

static uint64_t count_rows(struct rig *rig, const struct kw_db_table *table)
{
    struct kw_db_txn *txn;
    struct kw_db_cursor *cursor;
    uint64_t rows = 0;
    int err;

    assert_int_equal(kw_db_read_begin(rig->fixture.core.db, &txn), 0);
    if (kw_db_cursor_open(txn, table, &cursor) == 0) {
        err = kw_db_cursor_seek(cursor, (struct kw_slice){NULL, 0});
        for (; err == 0; err = kw_db_cursor_next(cursor))
            rows++;
        kw_db_cursor_close(cursor);
    }
    kw_db_read_end(txn);
    return rows;
}

static void test_window_answers(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig);
    rig_meter(&rig, 0, 5, KW_ENCODING_INTEGER);
    rig_meter(&rig, 1, 12, KW_ENCODING_FLOAT32);
    rig_polls(&rig, 0, rig_epoch_ms, rig_epoch_ms + 600000, 1000);
    rig_polls(&rig, 1, rig_epoch_ms + 7, rig_epoch_ms + 600007, 10000);
    rig_expect(&rig, 0, rig_epoch_ms, rig_epoch_ms + 600000, 1000);
    rig_expect(&rig, 0, rig_epoch_ms + 5000, rig_epoch_ms + 9000, 1000);
    rig_expect(&rig, 1, rig_epoch_ms + 7, rig_epoch_ms + 600007, 10000);
    assert_int_equal(rig.history->counters.samples, 5 * 600 + 12 * 60);
    rig_close(&rig);
}

static void test_journal_survives_restart(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig);
    rig_meter(&rig, 0, 5, KW_ENCODING_INTEGER);
    rig_meter(&rig, 1, 3, KW_ENCODING_FLOAT32);
    for (int i = 0; i < 20; i++) {
        int64_t at = rig_epoch_ms + i * 30000;

        rig_polls(&rig, 0, at, at + 30000, 1000);
        rig_polls(&rig, 1, at, at + 30000, 10000);
        rig_flush(&rig);
    }
    rig_stop(&rig);
    rig_start(&rig);
    rig_expect(&rig, 0, rig_epoch_ms, rig_epoch_ms + 600000, 1000);
    rig_expect(&rig, 1, rig_epoch_ms, rig_epoch_ms + 600000, 10000);
    /* and goes on, with a gap in between that isn't one in the data */
    rig_polls(&rig, 0, rig_epoch_ms + 600000, rig_epoch_ms + 700000, 1000);
    rig_expect(&rig, 0, rig_epoch_ms, rig_epoch_ms + 700000, 1000);
    rig_stop(&rig);
    rig_start(&rig);
    rig_expect(&rig, 0, rig_epoch_ms, rig_epoch_ms + 700000, 1000);
    assert_int_equal(rig.history->counters.damaged, 0);
    rig_close(&rig);
}

static void test_seal_and_trim(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig);
    rig_meter(&rig, 0, 5, KW_ENCODING_INTEGER);
    rig_meter(&rig, 1, 12, KW_ENCODING_FLOAT32);
    for (int64_t at = rig_epoch_ms; at < rig_epoch_ms + 2 * HOUR_MS;
         at += 60000) {
        rig_polls(&rig, 0, at, at + 60000, 1000);
        rig_polls(&rig, 1, at, at + 60000, 10000);
        rig_flush(&rig);
    }
    assert_int_equal(count_rows(&rig, &kw_history_journal), 120);
    rig_seal(&rig, rig_epoch_ms + 2 * HOUR_MS + 1000);
    /* the hour that has just ended stays open a little */
    assert_int_equal(rig.history->counters.sealed_samples, 5 * 3600 + 12 * 360);
    rig_expect(&rig, 0, rig_epoch_ms, rig_epoch_ms + 2 * HOUR_MS, 1000);
    rig_seal(&rig, rig_epoch_ms + 2 * HOUR_MS + 11000);
    assert_int_equal(rig.history->counters.sealed_samples,
                     2 * (5 * 3600 + 12 * 360));
    for (int i = 0; i < 10; i++)
        rig_flush(&rig); /* rows go a few at a time */
    assert_int_equal(count_rows(&rig, &kw_history_journal), 0);
    assert_int_equal(kw_history_window_bytes(&rig.history->window), 0);
    rig_expect(&rig, 0, rig_epoch_ms, rig_epoch_ms + 2 * HOUR_MS, 1000);
    rig_expect(&rig, 1, rig_epoch_ms, rig_epoch_ms + 2 * HOUR_MS, 10000);
    /* the slow meter's hours have grown together */
    assert_int_equal(count_rows(&rig, &kw_history_blocks), 2);
    rig_stop(&rig);
    rig_start(&rig);
    rig_expect(&rig, 0, rig_epoch_ms, rig_epoch_ms + 2 * HOUR_MS, 1000);
    rig_close(&rig);
}

/* Rows that hold sealed and unsealed samples are replayed in part only. */
static void test_restart_between_seals(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig);
    rig_meter(&rig, 0, 5, KW_ENCODING_INTEGER);
    rig_meter(&rig, 1, 5, KW_ENCODING_INTEGER);
    for (int64_t at = rig_epoch_ms; at < rig_epoch_ms + 3 * HOUR_MS / 2;
         at += 300000) {
        rig_polls(&rig, 0, at, at + 300000, 5000);
        rig_polls(&rig, 1, at, at + 300000, 5000);
        rig_flush(&rig);
    }
    rig_seal(&rig, rig_epoch_ms + 3 * HOUR_MS / 2);
    assert_int_equal(rig.history->counters.blocks, 2);
    rig_stop(&rig);
    rig_start(&rig);
    rig_until_ready(&rig);
    rig_expect(&rig, 0, rig_epoch_ms, rig_epoch_ms + 3 * HOUR_MS / 2, 5000);
    rig_polls(&rig, 0, rig_epoch_ms + 3 * HOUR_MS / 2,
              rig_epoch_ms + 2 * HOUR_MS, 5000);
    rig_seal(&rig, rig_epoch_ms + 2 * HOUR_MS + 60000);
    rig_expect(&rig, 0, rig_epoch_ms, rig_epoch_ms + 2 * HOUR_MS, 5000);
    rig_expect(&rig, 1, rig_epoch_ms, rig_epoch_ms + 3 * HOUR_MS / 2, 5000);
    rig_close(&rig);
}

static void test_clock_goes_back(void **state)
{
    struct rig rig;
    int64_t t = rig_epoch_ms + 2 * HOUR_MS;

    (void)state;
    rig_open(&rig);
    rig_meter(&rig, 0, 2, KW_ENCODING_INTEGER);
    rig_polls(&rig, 0, t, t + 100000, 2000);
    rig_polls(&rig, 0, t + 1000, t + 100000, 2000);   /* interleaved */
    rig_polls(&rig, 0, t - HOUR_MS, t, 1000);         /* an hour back */
    rig_polls(&rig, 0, t + 100000, t + 200000, 1000); /* and again here */
    rig_expect(&rig, 0, t - HOUR_MS, t + 200000, 1000);
    rig_seal(&rig, t + 5 * HOUR_MS);
    assert_int_equal(kw_history_window_bytes(&rig.history->window), 0);
    rig_expect(&rig, 0, t - HOUR_MS, t + 200000, 1000);
    /* late samples of a sealed hour join its block */
    rig_polls(&rig, 0, t + 200000, t + 300000, 1000);
    rig_expect(&rig, 0, t - HOUR_MS, t + 300000, 1000);
    rig_seal(&rig, t + 6 * HOUR_MS);
    rig_expect(&rig, 0, t - HOUR_MS, t + 300000, 1000);
    rig_close(&rig);
}

static void test_form_changes(void **state)
{
    struct rig rig;
    int64_t t = rig_epoch_ms;
    double first;

    (void)state;
    rig_open(&rig);
    rig_meter(&rig, 0, 2, KW_ENCODING_INTEGER);
    rig_polls(&rig, 0, t, t + 10000, 1000);
    first = rig_value(rig.meters[0].points[0], 0, t);
    rig_meter(&rig, 0, 2, KW_ENCODING_FLOAT32); /* another register map */
    rig_polls(&rig, 0, t + 10000, t + 20000, 1000);
    rig_expect(&rig, 0, t + 10000, t + 20000, 1000);
    for (int sealed = 0; sealed < 2; sealed++) {
        struct kw_history_query_text text = {"meter0.voltage_l1_n",
                                             "2026-01-01T00:00:00Z",
                                             "2026-01-01T00:00:01Z", NULL, 10};
        struct kw_test_reply reply;
        json_t *root;

        kw_test_reply_init(&reply, KW_PROFILE_USER);
        rig_ask(&rig, &reply, &text);
        root = rig_json(&reply);
        assert_true(fabs(json_number_value(json_array_get(
                             json_array_get(rig_rows(root), 0), 1)) -
                         first) < 1e-9);
        json_decref(root);
        kw_test_reply_fini(&reply);
        rig_seal(&rig, t + 2 * HOUR_MS);
    }
    rig_close(&rig);
}

static void test_full_window_drops(void **state)
{
    struct rig rig;
    struct kw_health health = {0};

    (void)state;
    rig_open(&rig);
    rig.history->window.ceiling_chunks = 4;
    rig_meter(&rig, 0, 12, KW_ENCODING_FLOAT32);
    rig_polls(&rig, 0, rig_epoch_ms, rig_epoch_ms + HOUR_MS / 2, 1000);
    assert_true(rig.history->window.dropped > 0);
    kw_fixture_run_ms(&rig.fixture, 1100); /* a tick: seals what it can */
    kw_history_module.health(rig.history, &health);
    assert_int_equal(health.level, KW_LEVEL_DEGRADED);
    assert_non_null(strstr(health.text, "no room"));
    kw_fixture_until(&rig.fixture, rig_is_idle, &rig);
    assert_true(rig.history->counters.sealed_samples > 0);
    /* and room is there again */
    rig_poll(&rig, 0, rig_epoch_ms + HOUR_MS / 2, KW_QUALITY_GOOD);
    rig_expect(&rig, 0, rig_epoch_ms + HOUR_MS / 2,
               rig_epoch_ms + HOUR_MS / 2 + 1000, 1000);
    rig_close(&rig);
}

/* A warm window takes polls and commits them without an allocation. */
static void test_steady_path_allocates_nothing(void **state)
{
    struct rig rig;
    struct kw_mem_stats before, after;
    int64_t t = rig_epoch_ms;

    (void)state;
    rig_open(&rig);
    rig_meter(&rig, 0, 12, KW_ENCODING_INTEGER);
    rig_until_ready(&rig);
    rig_polls(&rig, 0, t, t + HOUR_MS - 60000, 1000);
    rig_flush(&rig);
    rig_seal(&rig, t + HOUR_MS + 60000);
    rig_polls(&rig, 0, t + HOUR_MS, t + HOUR_MS + 10000, 1000);
    rig_flush(&rig);
    before = kw_mem_stats();
    for (int i = 10; i < 600; i++) {
        rig_poll(&rig, 0, t + HOUR_MS + i * 1000,
                 i == 300 ? KW_QUALITY_BAD_TIMEOUT : KW_QUALITY_GOOD);
        if (i % 10 == 0)
            rig_flush(&rig);
    }
    after = kw_mem_stats();
    assert_int_equal(after.allocations - before.allocations, 0);
    rig_close(&rig);
}

static void test_retention(void **state)
{
    struct rig rig;
    int64_t t = rig_epoch_ms, day = 24 * (int64_t)HOUR_MS;

    (void)state;
    rig_open(&rig);
    rig.history->conf.keep_ms = 2 * day;
    rig_meter(&rig, 0, 2, KW_ENCODING_INTEGER);
    rig_meter(&rig, 1, 2, KW_ENCODING_INTEGER);
    for (int i = 0; i < 4; i++) {
        rig_polls(&rig, 0, t + i * day, t + i * day + 60000, 1000);
        rig_polls(&rig, 1, t + i * day, t + i * day + 60000, 1000);
        rig_seal(&rig, t + i * day + 2 * HOUR_MS);
    }
    assert_int_equal(count_rows(&rig, &kw_history_blocks), 8);
    rig_retain(&rig, 1); /* an hour, of both */
    assert_int_equal(count_rows(&rig, &kw_history_blocks), 6);
    rig_retain(&rig, 2);
    assert_int_equal(count_rows(&rig, &kw_history_blocks), 4);
    rig_expect(&rig, 0, t + 2 * day, t + 2 * day + 60000, 1000);
    rig_expect_none(&rig, 0, t, t + 60000);
    /* too large: the oldest hours go, whatever their age */
    rig.history->conf.size_bytes = 1;
    rig.history->retain.next_ms = 0;
    kw_history_retain_tick(rig.history);
    kw_fixture_until(&rig.fixture, rig_is_idle, &rig);
    assert_int_equal(count_rows(&rig, &kw_history_blocks), 2);
    assert_int_equal(rig.history->counters.deleted, 6);
    rig_expect(&rig, 1, t + 3 * day, t + 3 * day + 60000, 1000);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_window_answers),
        cmocka_unit_test(test_journal_survives_restart),
        cmocka_unit_test(test_seal_and_trim),
        cmocka_unit_test(test_restart_between_seals),
        cmocka_unit_test(test_clock_goes_back),
        cmocka_unit_test(test_form_changes),
        cmocka_unit_test(test_full_window_drops),
        cmocka_unit_test(test_steady_path_allocates_nothing),
        cmocka_unit_test(test_retention),
    };

    return cmocka_run_group_tests_name("history_store", tests, NULL, NULL);
}
