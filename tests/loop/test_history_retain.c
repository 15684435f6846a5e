/* SPDX-License-Identifier: Apache-2.0 */
/* Retention and the clock: what a wrong one deletes (nothing), how fast old
 * samples go, and what is told. */
#include "test_history_rig.h"

#include <unistd.h>

enum { HOUR_MS = 3600000, HOURS = 2000, SOURCES = 2, JOBS_AN_HOUR = 6 };

static const int64_t year_ms = INT64_C(31556952000);
static const int64_t day_ms = 86400000;

/* Nothing here is about the disk. */
int fdatasync(int fd)
{
    (void)fd;
    return 0;
}

static void on_written(void *arg, int err)
{
    assert_int_equal(err, 0);
    *(bool *)arg = true;
}

/* A block an hour of each source; the last one is of the clock's hour. */
static void open_with_blocks(struct rig *rig, int64_t keep_ms)
{
    struct kw_db_batch *batch;
    bool written = false;

    rig_open(rig);
    rig->history->conf.keep_ms = keep_ms;
    rig_until_ready(rig);
    uv_timer_stop(&rig->history->tick_timer); /* by hand */
    batch = kw_db_batch_new();
    for (uint32_t i = 0; i < SOURCES * HOURS; i++) {
        struct kw_history_key_bytes bytes;
        struct kw_history_block_key key = {
            1 + i / HOURS, rig_epoch_ms - i % HOURS * (int64_t)HOUR_MS, 0};

        kw_db_batch_put(batch, &kw_history_blocks,
                        kw_history_key_block(&bytes, &key),
                        kw_slice_text("hour"));
    }
    assert_int_equal(
        kw_db_submit(rig->fixture.core.db, batch, true, on_written, &written),
        0);
    kw_fixture_until_set(&rig->fixture, &written);
}

static uint64_t deleted(const struct rig *rig)
{
    return rig->history->counters.deleted;
}

/* Twelve years ahead, an hour later back: all is there. */
static void test_ahead_and_back(void **state)
{
    struct rig rig;

    (void)state;
    open_with_blocks(&rig, year_ms);
    rig.fixture.manual.wall_ms += 12 * year_ms;
    rig_retain(&rig, JOBS_AN_HOUR);
    assert_int_equal(deleted(&rig), 0);
    rig.fixture.manual.wall_ms -= 12 * year_ms;
    rig_retain(&rig, 30 * JOBS_AN_HOUR);
    assert_int_equal(deleted(&rig), 0);
    assert_int_equal(rig.told_events, 0);
    rig_close(&rig);
}

/* A start in 2038, and in a year that can't be: nothing goes for a day; then an
 * hour of samples a job, and it is told once a day. */
static void test_start_ahead(void **state)
{
    struct rig rig;
    uint64_t first;

    (void)state;
    open_with_blocks(&rig, year_ms);
    rig.fixture.manual.wall_ms = INT64_C(4102444800000); /* 2100 */
    rig_retain(&rig, 30 * JOBS_AN_HOUR);
    assert_int_equal(deleted(&rig), 0);
    rig.fixture.manual.wall_ms = INT64_C(2147483648000); /* 2038 */
    rig_retain(&rig, 23 * JOBS_AN_HOUR);
    assert_int_equal(deleted(&rig), 0);
    rig_retain(&rig, 2 * JOBS_AN_HOUR);
    first = deleted(&rig);
    assert_in_range(first, 1, SOURCES * 2 * JOBS_AN_HOUR);
    assert_int_equal(rig.told_events, 1);
    assert_non_null(strstr(rig.told, "from 2025-10-09T17:00:00.000Z to "
                                     "2025-10-09T18:00:00.000Z"));
    assert_non_null(strstr(rig.told, "older"));
    rig_retain(&rig, 10 * JOBS_AN_HOUR);
    assert_int_equal(deleted(&rig), first + SOURCES * 10 * JOBS_AN_HOUR);
    assert_int_equal(rig.told_events, 1);
    rig_retain(&rig, 14 * JOBS_AN_HOUR);
    assert_int_equal(rig.told_events, 2);
    /* corrected: nothing more goes */
    rig.fixture.manual.wall_ms = rig_epoch_ms + 10 * day_ms;
    first = deleted(&rig);
    rig_retain(&rig, 3 * JOBS_AN_HOUR);
    assert_int_equal(deleted(&rig), first);
    rig_close(&rig);
}

/* A clock that is right: each hour the hour that became too old goes. */
static void test_normal(void **state)
{
    struct rig rig;

    (void)state;
    open_with_blocks(&rig, HOURS * (int64_t)HOUR_MS);
    rig_retain(&rig, JOBS_AN_HOUR);
    for (uint64_t hour = 1; hour < 10 * 24; hour++) {
        assert_in_range(deleted(&rig), SOURCES * (hour - 1), SOURCES * hour);
        rig_retain(&rig, JOBS_AN_HOUR);
    }
    assert_in_range(rig.told_events, 9, 11);
    rig_close(&rig);
}

/* Behind by a year, and never set: nothing goes; set right again, after a day
 * what is due goes. */
static void test_behind(void **state)
{
    struct rig rig;

    (void)state;
    open_with_blocks(&rig, (HOURS - 10) * (int64_t)HOUR_MS);
    rig.fixture.manual.wall_ms = 1000;
    rig_retain(&rig, 1);
    rig.fixture.manual.wall_ms = rig_epoch_ms - year_ms;
    rig_retain(&rig, 50);
    assert_in_range(deleted(&rig), 0, SOURCES);
    rig.fixture.manual.wall_ms = rig_epoch_ms + HOUR_MS;
    rig_retain(&rig, 30 * JOBS_AN_HOUR);
    assert_in_range(deleted(&rig), SOURCES * 30, SOURCES * 45);
    rig_close(&rig);
}

/* Somebody makes `keep` shorter: what is too old goes at once. */
static void test_shorter_keep(void **state)
{
    struct rig rig;
    struct kw_history_conf conf;
    struct kw_diag diag;

    (void)state;
    open_with_blocks(&rig, year_ms);
    rig.conf = conf = rig.history->conf;
    conf.keep_ms = 10 * day_ms;
    rig_retain(&rig, 1);
    kw_diag_init(&diag);
    assert_int_equal(
        kw_history_module.reconfigure(rig.history, &rig.conf, &conf, &diag), 0);
    kw_diag_fini(&diag);
    rig_retain(&rig, 10); /* 512 blocks a job */
    assert_in_range(deleted(&rig), SOURCES * (HOURS - 242),
                    SOURCES * (HOURS - 238));
    rig_close(&rig);
}

/* A full disk has six hours deleted, and again after ten minutes. */
static void test_full_disk(void **state)
{
    struct rig rig;

    (void)state;
    open_with_blocks(&rig, 10 * year_ms);
    rig.history->disk_full = true;
    rig_retain(&rig, 1);
    assert_int_equal(deleted(&rig), SOURCES * 6);
    assert_non_null(strstr(rig.told, "no room"));
    rig.history->retain.next_ms = 0;
    kw_history_retain_tick(rig.history);
    kw_fixture_until(&rig.fixture, rig_is_idle, &rig);
    assert_int_equal(deleted(&rig), SOURCES * 6);
    rig_retain(&rig, 1);
    assert_int_equal(deleted(&rig), SOURCES * 12);
    rig_close(&rig);
}

/* Damaged keys: hours at both ends of what a number can hold. They go like any
 * other when there is no room, and are told of. */
static void test_damaged_hours(void **state)
{
    static const int64_t hours_ms[] = {INT64_MIN, INT64_MAX - 1};
    struct rig rig;

    (void)state;
    rig_open(&rig);
    rig_until_ready(&rig);
    for (unsigned i = 0; i < 2; i++) {
        const struct kw_history_block_key key = {1, hours_ms[i], 0};
        struct kw_db_batch *batch = kw_db_batch_new();
        struct kw_history_key_bytes bytes;

        kw_db_batch_put(batch, &kw_history_blocks,
                        kw_history_key_block(&bytes, &key),
                        kw_slice_text("hour"));
        assert_int_equal(kw_db_write_now(rig.fixture.core.db, batch), 0);
        rig.history->disk_full = true;
        rig.history->deleted_room.next_ms = 0;
        rig_retain(&rig, 1);
        assert_int_equal(deleted(&rig), i + 1);
        assert_non_null(strstr(rig.told, "out of range"));
    }
    rig_close(&rig);
}

/* Samples that were taken while the clock was ahead are told of once, in memory
 * and as blocks. */
static void test_ahead_is_told(void **state)
{
    struct rig rig;
    int64_t ahead_ms = rig_epoch_ms + 12 * year_ms;

    (void)state;
    rig_open(&rig);
    rig_meter(&rig, 0, 2, KW_ENCODING_INTEGER);
    rig_until_ready(&rig);
    rig_poll(&rig, 0, ahead_ms, KW_QUALITY_GOOD);
    rig_poll(&rig, 0, rig_epoch_ms, KW_QUALITY_GOOD);
    rig_retain(&rig, 3);
    assert_int_equal(rig.told_events, 1);
    assert_non_null(strstr(rig.told, "2037-12-31T"));
    rig_seal(&rig, rig_epoch_ms + 2 * HOUR_MS);
    assert_int_equal(rig.history->counters.blocks, 2);
    rig_stop(&rig);
    rig_start(&rig);
    rig_until_ready(&rig);
    rig_retain(&rig, 3);
    assert_int_equal(rig.told_events, 2);
    rig_expect(&rig, 0, ahead_ms, ahead_ms + 1000, 1000);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ahead_and_back),
        cmocka_unit_test(test_start_ahead),
        cmocka_unit_test(test_normal),
        cmocka_unit_test(test_behind),
        cmocka_unit_test(test_shorter_keep),
        cmocka_unit_test(test_full_disk),
        cmocka_unit_test(test_damaged_hours),
        cmocka_unit_test(test_ahead_is_told),
    };

    return cmocka_run_group_tests_name("history_retain", tests, NULL, NULL);
}
