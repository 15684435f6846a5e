/* SPDX-License-Identifier: Apache-2.0 */
/* Accounts without a running gateway: `kilowatch user` (SEC-13). */
#include "auth/offline.h"

#include "test_auth_stage.h"

static struct stage stage;
static struct ask anna;
static bool saved_tty;

int isatty(int fd)
{
    return fd == STDERR_FILENO && saved_tty;
}

static int open_stage(void **state)
{
    (void)state;
    stage_open(&stage);
    stage_start(&stage);
    stage_set_up(&stage, &anna);
    while (kw_jobs_pending(stage.fixture.core.jobs, KW_LANE_WORK) > 0)
        uv_run(&stage.fixture.loop.uv, UV_RUN_ONCE);
    stage_stop(&stage);
    return 0;
}

static int close_stage(void **state)
{
    (void)state;
    clear_faults();
    stage_close(&stage);
    return 0;
}

static int reset(const char *name)
{
    return kw_auth_offline_reset(stage.fixture.core.db, stage.fixture.dir, name,
                                 1767225600000);
}

struct list {
    char text[512];
    size_t length;
};

static void note(void *arg, const struct kw_auth_user *user, int err)
{
    struct list *list = arg;

    list->length += (size_t)snprintf(list->text + list->length,
                                     sizeof(list->text) - list->length,
                                     "%s,%s,%d;", user->key, user->name, err);
}

static void put_row(const struct kw_db_table *table, const char *key,
                    const char *value)
{
    struct kw_db_batch *batch = kw_db_batch_new();
    size_t before = stage_rows(&stage, table);

    assert_non_null(batch);
    kw_db_batch_delete(batch, table, kw_slice_text(key));
    assert_int_equal(
        kw_db_submit(stage.fixture.core.db, batch, true, NULL, NULL), 0);
    batch = kw_db_batch_new();
    assert_non_null(batch);
    kw_db_batch_put(batch, table, kw_slice_text(key), kw_slice_text(value));
    assert_int_equal(
        kw_db_submit(stage.fixture.core.db, batch, true, NULL, NULL), 0);
    while (kw_db_stats(stage.fixture.core.db).queued_bytes > 0)
        uv_run(&stage.fixture.loop.uv, UV_RUN_ONCE);
    assert_in_range(stage_rows(&stage, table), before, before + 1);
}

static void test_list(void **state)
{
    static const char longest[] =
        "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz";
    struct list list = {.length = 0};

    (void)state;
    put_row(&kw_auth_users_table, "bob", "\x01junk");
    put_row(&kw_auth_users_table, longest, "\x01junk");
    assert_int_equal(kw_auth_offline_each(stage.fixture.core.db, note, &list),
                     0);
    assert_string_equal(list.text, "anna,Anna,0;bob,,-12;"
                                   "security,security,0;,,-12;");
}

static void test_reset(void **state)
{
    char onetime[KW_SECRET_PASSWORD_SIZE];
    struct ask ask;

    (void)state;
    put_row(&kw_auth_sessions_table, "odd", "junk");
    assert_int_equal(reset("ANNA"), 0);
    assert_true(stage_onetime(&stage, onetime));
    assert_int_equal(stage_rows(&stage, &kw_auth_sessions_table), 0);

    stage.event_count = 0;
    stage_start(&stage);
    assert_true(stage.auth->ready);
    kw_fixture_run_ms(&stage.fixture, 1);
    assert_int_equal(stage_told(&stage, "password_reset"), 1);
    assert_int_equal(stage_told(&stage, "password_alert"), 1);
    assert_string_equal(stage.events[0].subject, "Anna");
    assert_true(stage_onetime(&stage, onetime)); /* it is still there */
    assert_false(is_alive(&stage, anna.token));
    ask_from(&ask, "192.0.2.1");
    assert_int_equal(log_in(&stage, &ask, "anna", ADMIN_PASSWORD), 401);
    assert_int_equal(log_in(&stage, &ask, "anna", onetime), 201);
    assert_true(ask_says(&ask, "\"setup\":true"));

    /* told once */
    stage_stop(&stage);
    stage_start(&stage);
    kw_fixture_run_ms(&stage.fixture, 1);
    assert_int_equal(stage_told(&stage, "password_reset"), 1);
    assert_int_equal(log_in(&stage, &ask, "anna", onetime), 201);
}

/* Another account's sessions live on; a disabled account is enabled. */
static void test_reset_other(void **state)
{
    (void)state;
    stage_start(&stage);
    stage_stop(&stage);
    assert_int_equal(reset("security"), 0);
    stage_start(&stage);
    assert_true(is_alive(&stage, anna.token));
}

/* It could not be noted as told: it is told again. */
static void test_told_again(void **state)
{
    (void)state;
    assert_int_equal(reset("anna"), 0);
    stage.event_count = 0;
    stage_start(&stage);
    faults.no_sync = true;
    kw_fixture_run_ms(&stage.fixture, 1);
    stage_stop(&stage);
    faults.no_sync = false;
    assert_int_equal(stage_told(&stage, "password_reset"), 1);
    for (uint64_t n = 1; n <= 2; n++) { /* batch, record */
        stage_start(&stage);
        kw_mem_fail_at(n);
        uv_run(&stage.fixture.loop.uv, UV_RUN_NOWAIT);
        kw_mem_fail_at(0);
        stage_stop(&stage);
        assert_int_equal(stage_told(&stage, "password_reset"), n + 1);
    }
    stage_start(&stage);
    kw_fixture_run_ms(&stage.fixture, 1);
    stage_stop(&stage);
    stage_start(&stage);
    kw_fixture_run_ms(&stage.fixture, 1);
    assert_int_equal(stage_told(&stage, "password_reset"), 4);
}

static void test_refused(void **state)
{
    char onetime[KW_SECRET_PASSWORD_SIZE];
    struct ask ask;

    (void)state;
    put_row(&kw_auth_users_table, "bob", "\x01junk");
    assert_int_equal(reset("nobody"), KW_ENOTFOUND);
    assert_int_equal(reset(""), KW_ENOTFOUND);
    assert_int_equal(reset("bob"), KW_ECORRUPT);
    faults.no_scrypt = true;
    assert_int_equal(reset("anna"), KW_ENOMEM);
    faults.no_scrypt = false;
    faults.no_random = true;
    assert_int_equal(reset("anna"), KW_EIO);
    faults.no_random = false;
    assert_int_equal(kw_auth_offline_reset(stage.fixture.core.db,
                                           stage_path(&stage, "none"), "anna",
                                           1),
                     KW_ENOTFOUND);
    faults.no_sync = true;
    assert_int_equal(reset("anna"), KW_EIO);
    faults.no_sync = false;
    assert_true(stage_onetime(&stage, onetime)); /* shown before stored */
    stage_start(&stage);
    ask_from(&ask, "192.0.2.1");
    assert_int_equal(log_in(&stage, &ask, "anna", ADMIN_PASSWORD), 201);
}

/* The way back in when the record of the first account is damaged. */
static void test_damaged_first(void **state)
{
    char onetime[KW_SECRET_PASSWORD_SIZE];
    struct ask ask;

    (void)state;
    put_row(&kw_auth_users_table, "security", "\x09newer");
    assert_int_equal(reset("security"), KW_EVERSION);
    put_row(&kw_auth_users_table, "security", "\x01junk");
    assert_int_equal(reset("security"), 0);
    assert_true(stage_onetime(&stage, onetime));
    stage_start(&stage);
    ask_from(&ask, "192.0.2.1");
    assert_int_equal(log_in(&stage, &ask, "security", onetime), 201);
    assert_true(ask_says(&ask, "cyber_security"));
}

static void test_no_memory(void **state)
{
    struct list list = {.length = 0};

    (void)state;
    for (uint64_t n = 1; n < 40; n++) {
        int err;

        kw_mem_fail_at(n);
        err = reset("anna");
        kw_mem_fail_at(0);
        assert_true(err == 0 || err == KW_ENOMEM);
        kw_mem_fail_at(n);
        err = kw_auth_offline_each(stage.fixture.core.db, note, &list);
        kw_mem_fail_at(0);
        assert_true(err == 0 || err == KW_ENOMEM);
        list.length = 0;
    }
}

int main(void)
{
#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, open_stage, close_stage)
    const struct CMUnitTest tests[] = {
        TEST(test_list),       TEST(test_reset),   TEST(test_reset_other),
        TEST(test_told_again), TEST(test_refused), TEST(test_damaged_first),
        TEST(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
