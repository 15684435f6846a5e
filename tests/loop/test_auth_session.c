/* SPDX-License-Identifier: Apache-2.0 */
/* Living sessions: identity, ends, restart, watches (SEC-16..20, 24). */
#include "test_auth_stage.h"

static struct stage stage;
static struct ask anna; /* her session after set-up */

static int open_stage(void **state)
{
    (void)state;
    stage_open(&stage);
    stage_start(&stage);
    stage_set_up(&stage, &anna);
    return 0;
}

static int close_stage(void **state)
{
    (void)state;
    clear_faults();
    stage_close(&stage);
    return 0;
}

static uint64_t handle_of(const char *token)
{
    struct kw_identity who = {0};

    assert_int_equal(kw_auth_identify(stage.auth, token, false, &who), 0);
    return who.session;
}

static void test_identity(void **state)
{
    static const char *const strangers[] = {
        "",
        "x",
        "00",
        "0000000000000000000000000000000000000000000000000000000000000000",
    };
    struct kw_identity who = {.address = "192.0.2.1"};

    (void)state;
    assert_int_equal(kw_auth_identify(stage.auth, anna.token, true, &who), 0);
    assert_string_equal(who.user, "Anna");
    assert_string_equal(who.address, "192.0.2.1");
    assert_int_equal(who.profile, KW_PROFILE_ADMIN);
    assert_int_equal(who.permissions, kw_profile_permissions(KW_PROFILE_ADMIN));
    assert_int_not_equal(who.session, 0);
    for (size_t i = 0; i < sizeof(strangers) / sizeof(strangers[0]); i++) {
        who.permissions = 0xFF;
        assert_int_equal(kw_auth_identify(stage.auth, strangers[i], true, &who),
                         KW_ENOTFOUND);
        assert_int_equal(who.permissions, 0);
        assert_int_equal(who.session, 0);
        assert_string_equal(who.user, "");
    }
    faults.no_digest = true;
    assert_int_equal(kw_auth_identify(stage.auth, anna.token, true, &who),
                     KW_ENOTFOUND);
}

static void test_csrf(void **state)
{
    uint64_t handle = handle_of(anna.token);
    struct ask other;

    (void)state;
    ask_from(&other, "192.0.2.1");
    assert_int_equal(log_in(&stage, &other, "anna", ADMIN_PASSWORD), 201);
    assert_true(kw_auth_csrf_ok(stage.auth, handle, anna.csrf));
    assert_false(kw_auth_csrf_ok(stage.auth, handle, other.csrf));
    assert_false(kw_auth_csrf_ok(stage.auth, handle, ""));
    assert_false(kw_auth_csrf_ok(stage.auth, handle, anna.token));
    assert_false(kw_auth_csrf_ok(stage.auth, 0, anna.csrf));
    assert_false(kw_auth_csrf_ok(stage.auth, 4711, anna.csrf));
    faults.no_digest = true;
    assert_false(kw_auth_csrf_ok(stage.auth, handle, anna.csrf));
}

static void test_recent(void **state)
{
    uint64_t handle = handle_of(anna.token);

    (void)state;
    assert_true(kw_auth_is_recent(stage.auth, handle));
    assert_false(kw_auth_is_recent(stage.auth, 4711));
    stage_advance(&stage, 299999);
    assert_true(kw_auth_is_recent(stage.auth, handle));
    stage_advance(&stage, 1);
    assert_false(kw_auth_is_recent(stage.auth, handle));
}

/* SEC-18: what the page does by itself does not count as use. */
static void test_idle(void **state)
{
    struct kw_identity who = {0};

    (void)state;
    for (unsigned i = 0; i < 10; i++) {
        stage_advance(&stage, 599999);
        assert_int_equal(kw_auth_identify(stage.auth, anna.token, true, &who),
                         0);
    }
    stage_advance(&stage, 300000);
    assert_true(is_alive(&stage, anna.token));
    stage_advance(&stage, 299999);
    assert_true(is_alive(&stage, anna.token));
    stage_advance(&stage, 1);
    assert_false(is_alive(&stage, anna.token));
    assert_int_equal(stage_told(&stage, "session_expired"), 1);
    assert_string_equal(stage.events[stage.event_count - 1].subject, "Anna");
    stage_stop(&stage);
    assert_int_equal(stage_rows(&stage, &kw_auth_sessions_table), 0);
    stage_start(&stage);
}

static void test_absolute(void **state)
{
    struct kw_identity who = {0};

    (void)state;
    for (unsigned i = 0; i < 143; i++) {
        stage_advance(&stage, 300000);
        assert_int_equal(kw_auth_identify(stage.auth, anna.token, true, &who),
                         0);
    }
    stage_advance(&stage, 299999);
    assert_int_equal(kw_auth_identify(stage.auth, anna.token, true, &who), 0);
    stage_advance(&stage, 1);
    assert_false(is_alive(&stage, anna.token));
}

/* SEC-24, SEC-19: permissions and accounts act at the next request. */
static void test_demotion(void **state)
{
    struct kw_auth_user *user = kw_auth_users_find(stage.auth, "anna");
    struct kw_identity who = {0};

    (void)state;
    user->profile = KW_PROFILE_USER;
    assert_int_equal(kw_auth_identify(stage.auth, anna.token, true, &who), 0);
    assert_int_equal(who.permissions, kw_profile_permissions(KW_PROFILE_USER));
    user->flags = 0;
    assert_int_equal(kw_auth_identify(stage.auth, anna.token, true, &who),
                     KW_ENOTFOUND);
    user->flags = KW_AUTH_ENABLED;
    assert_false(is_alive(&stage, anna.token)); /* it has ended for good */
    stage_stop(&stage);
    assert_int_equal(stage_rows(&stage, &kw_auth_sessions_table), 0);
    stage_start(&stage);
}

static void test_account_gone(void **state)
{
    (void)state;
    stage.auth->user_count = 1;
    assert_false(is_alive(&stage, anna.token));
    stage.auth->user_count = 2;
    assert_int_equal(stage.auth->sessions.count, 0);
}

/* decisions 25: the absolute end survives a restart, the idle time begins
 * anew, and an authentication is no longer recent. */
static void test_restart(void **state)
{
    struct ask ask;
    uint64_t handle;

    (void)state;
    stage_advance(&stage, 500000);
    stage_stop(&stage);
    stage_advance(&stage, 10000000);
    stage_start(&stage);
    assert_true(is_alive(&stage, anna.token));
    handle = handle_of(anna.token);
    assert_false(kw_auth_is_recent(stage.auth, handle));
    assert_true(kw_auth_csrf_ok(stage.auth, handle, anna.csrf));
    ask_from(&ask, "192.0.2.1");
    assert_int_equal(
        ask_once(&stage, &ask, KW_GET, "/session", anna.token, NULL), 200);
    assert_string_equal(ask.csrf, anna.csrf);
    stage_stop(&stage);
    stage_advance(&stage, 43200000 - 10500000);
    stage_start(&stage);
    assert_false(is_alive(&stage, anna.token));
    stage_stop(&stage);
    assert_int_equal(stage_rows(&stage, &kw_auth_sessions_table), 0);
    stage_start(&stage);
}

/* A clock that was set back must not prolong a session. */
static void test_clock_set_back(void **state)
{
    (void)state;
    stage_stop(&stage);
    stage.fixture.manual.wall_ms -= 3600000;
    stage_start(&stage);
    assert_false(is_alive(&stage, anna.token));
}

/* The same when the session had begun by the time it was set back to: what the
 * clock was trusted for when the gateway stopped has passed. */
static void test_clock_set_back_less(void **state)
{
    struct kw_core *core = &stage.fixture.core;

    (void)state;
    stage_advance(&stage, 500000);
    kw_trust_init(&core->trust, core->clock,
                  kw_clock_wall_ms(core->clock) + 43200000);
    stage_stop(&stage);
    stage_start(&stage);
    assert_false(is_alive(&stage, anna.token));
    core->trust = (struct kw_trust){0};
}

static void put_anna(unsigned flags)
{
    struct kw_db_batch *batch = kw_db_batch_new();
    struct kw_auth_user user = *kw_auth_users_find(stage.auth, "anna");

    assert_non_null(batch);
    user.flags = flags;
    assert_int_equal(kw_auth_store_put_user(batch, &user), 0);
    assert_int_equal(
        kw_db_submit(stage.fixture.core.db, batch, true, NULL, NULL), 0);
    while (kw_auth_users_find(stage.auth, "anna")->flags != flags) {
        kw_fixture_run_ms(&stage.fixture, 1);
        stage_stop(&stage);
        stage_start(&stage);
    }
}

/* Sessions of an account that was disabled or reset offline are over. */
static void test_restart_disabled(void **state)
{
    static const unsigned flags[] = {0, KW_AUTH_ENABLED | KW_AUTH_ONE_TIME};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        assert_true(is_alive(&stage, anna.token));
        put_anna(flags[i]);
        assert_int_equal(stage.auth->sessions.count, 0);
        put_anna(KW_AUTH_ENABLED);
        assert_false(is_alive(&stage, anna.token));
        assert_int_equal(log_in(&stage, &anna, "anna", ADMIN_PASSWORD), 201);
    }
}

/* A session whose end has passed unseen ends with the next one's begin. */
static void test_overdue(void **state)
{
    struct ask ask;

    (void)state;
    stage_advance(&stage, 700000);
    ask_from(&ask, "192.0.2.1");
    assert_int_equal(log_in(&stage, &ask, "security", SECURITY_PASSWORD), 201);
    while (stage.auth->sessions.count > 1)
        uv_run(&stage.fixture.loop.uv, UV_RUN_ONCE);
    assert_true(is_alive(&stage, ask.token));
    assert_false(is_alive(&stage, anna.token));
}

static void test_check(void **state)
{
    static const struct {
        struct kw_auth_limits limits;
        size_t findings;
    } cases[] = {
        {{600000, 43200000, 3, 32}, 0}, {{600000, 600000, 3, 3}, 0},
        {{600001, 600000, 3, 32}, 1},   {{600000, 600000, 4, 3}, 1},
        {{600001, 600000, 4, 3}, 2},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct kw_auth_limits limits = cases[i].limits;
        struct kw_diag diag;

        kw_diag_init(&diag);
        assert_int_equal(kw_auth_module.check(&limits, NULL, &diag),
                         cases[i].findings > 0 ? KW_EINVAL : 0);
        assert_int_equal(diag.count, cases[i].findings);
        kw_diag_fini(&diag);
    }
}

struct watcher {
    struct kw_auth_watch watch;
    unsigned told;
};

static void on_ended(void *arg)
{
    struct watcher *watcher = arg;

    watcher->told++;
}

static void watch(struct watcher *watcher, uint64_t handle)
{
    *watcher = (struct watcher){
        .watch = {.on_ended = on_ended, .arg = watcher},
    };
    kw_list_init(&watcher->watch.link);
    assert_int_equal(kw_auth_watch(stage.auth, handle, &watcher->watch), 0);
}

static void test_watch(void **state)
{
    uint64_t handle = handle_of(anna.token);
    struct watcher one, two, three;
    struct ask ask;

    (void)state;
    watch(&one, handle);
    watch(&two, handle);
    kw_auth_unwatch(&two.watch);
    kw_auth_unwatch(&two.watch);
    ask_from(&ask, "192.0.2.1");
    assert_int_equal(
        ask_once(&stage, &ask, KW_DELETE, "/session", anna.token, NULL), 204);
    assert_int_equal(one.told, 1);
    assert_int_equal(two.told, 0);
    assert_int_equal(kw_auth_watch(stage.auth, handle, &one.watch),
                     KW_ENOTFOUND);

    /* when the module stops nothing is told, and unwatching is harmless */
    assert_int_equal(log_in(&stage, &ask, "anna", ADMIN_PASSWORD), 201);
    watch(&three, handle_of(ask.token));
    stage_stop(&stage);
    assert_int_equal(three.told, 0);
    kw_auth_unwatch(&three.watch);
    stage_start(&stage);
}

static bool has_no_session(void *arg)
{
    (void)arg;
    return stage.auth->sessions.count == 0;
}

/* The timer by itself, on the machine's clock. */
static void test_timer(void **state)
{
    struct watcher watcher;
    struct ask ask;

    (void)state;
    stage_stop(&stage);
    stage.fixture.core.clock = &kw_clock_system;
    stage_start(&stage);
    ask_from(&ask, "192.0.2.1");
    assert_int_equal(log_in(&stage, &ask, "security", SECURITY_PASSWORD), 201);
    watch(&watcher, stage.auth->sessions.last_handle);
    kw_fixture_run_ms(&stage.fixture, 20);
    assert_int_equal(watcher.told, 0);
    stage.limits.idle_ms = 1;
    assert_int_equal(
        kw_auth_module.reconfigure(stage.auth, NULL, &stage.limits, NULL), 0);
    kw_fixture_until(&stage.fixture, has_no_session, NULL);
    assert_int_equal(watcher.told, 1);
    assert_false(uv_is_active((uv_handle_t *)&stage.auth->timer));
}

/* A session whose account is gone ends by the timer like any other. */
static void test_sweep_nobody(void **state)
{
    (void)state;
    stage.auth->user_count = 1;
    stage_advance(&stage, 600000);
    kw_auth_expiry_sweep(stage.auth);
    stage.auth->user_count = 2;
    assert_int_equal(stage.auth->sessions.count, 0);
    assert_string_equal(stage.events[stage.event_count - 1].text,
                        "An unknown user was logged out by the time limits.");
}

/* Changes of the settings keep the sessions. */
static void test_reconfigure(void **state)
{
    (void)state;
    stage.limits.idle_ms = 60000;
    assert_int_equal(
        kw_auth_module.reconfigure(stage.auth, NULL, &stage.limits, NULL), 0);
    assert_true(is_alive(&stage, anna.token));
    stage_advance(&stage, 60000);
    assert_false(is_alive(&stage, anna.token));
}

static void put_row(const struct kw_db_table *table, struct kw_slice key,
                    struct kw_slice value)
{
    struct kw_db_batch *batch = kw_db_batch_new();
    bool done = false;

    assert_non_null(batch);
    kw_db_batch_put(batch, table, key, value);
    assert_int_equal(
        kw_db_submit(stage.fixture.core.db, batch, true, NULL, NULL), 0);
    while (!done) { /* until it can be read */
        struct kw_db_txn *txn;
        struct kw_slice found;

        uv_run(&stage.fixture.loop.uv, UV_RUN_ONCE);
        assert_int_equal(kw_db_read_begin(stage.fixture.core.db, &txn), 0);
        done = kw_db_get(txn, table, key, &found) == 0;
        kw_db_read_end(txn);
    }
}

/* One damaged account: the others work, nothing starts over (SEC-35). */
static void test_damaged(void **state)
{
    static const uint8_t odd[KW_AUTH_DIGEST_BYTES] = {1};
    struct kw_health health = {0};
    struct ask ask;

    (void)state;
    kw_auth_module.health(stage.auth, &health);
    assert_int_equal(health.level, KW_LEVEL_OK);
    put_row(&kw_auth_users_table, kw_slice_text("bob"), kw_slice_text("junk"));
    put_row(&kw_auth_sessions_table, kw_slice_text("short"),
            kw_slice_text("junk"));
    put_row(&kw_auth_sessions_table, (struct kw_slice){odd, sizeof(odd)},
            kw_slice_text("junk"));
    stage_stop(&stage);
    stage_start(&stage);
    assert_true(stage.auth->ready);
    assert_int_equal(stage.auth->damaged, 1);
    assert_true(is_alive(&stage, anna.token));
    ask_from(&ask, "192.0.2.1");
    assert_int_equal(log_in(&stage, &ask, "bob", "junk"), 401);
    assert_int_equal(log_in(&stage, &ask, "security", SECURITY_PASSWORD), 201);
    kw_auth_module.health(stage.auth, &health);
    assert_int_equal(health.level, KW_LEVEL_DEGRADED);
    assert_true(health.text[0] != 0);
    assert_true(health.values[0] > 1.5 && health.values[0] < 2.5);
    assert_true(health.values[1] > 0.5);
    assert_true(health.values[2] > 0.5);
    assert_true(health.values[3] < 0.5);
    stage_stop(&stage);
    assert_int_equal(stage_rows(&stage, &kw_auth_sessions_table), 2);

    /* even the only account: no second first start */
    stage_start(&stage);
    put_row(&kw_auth_users_table, kw_slice_text("anna"), kw_slice_text("x"));
    put_row(&kw_auth_users_table, kw_slice_text("security"),
            kw_slice_text("x"));
    while (stage.auth->damaged != 3) { /* the rows replaced good ones */
        kw_fixture_run_ms(&stage.fixture, 1);
        stage_stop(&stage);
        stage_start(&stage);
    }
    assert_true(stage.auth->ready);
    assert_int_equal(stage.auth->user_count, 0);
    assert_int_equal(stage.auth->sessions.count, 0);
}

/* More accounts than there is room for are left out, not mixed up. */
static void test_too_many_accounts(void **state)
{
    struct kw_auth_user user = *kw_auth_users_find(stage.auth, "anna");
    struct kw_db_batch *batch = kw_db_batch_new();

    (void)state;
    for (unsigned i = 0; i < KW_AUTH_USERS_MAX; i++) {
        snprintf(user.key, sizeof(user.key), "zz%u", i);
        assert_int_equal(kw_auth_store_put_user(batch, &user), 0);
    }
    assert_int_equal(
        kw_db_submit(stage.fixture.core.db, batch, true, NULL, NULL), 0);
    while (stage_rows(&stage, &kw_auth_users_table) < 258)
        uv_run(&stage.fixture.loop.uv, UV_RUN_ONCE);
    stage_stop(&stage);
    stage_start(&stage);
    assert_int_equal(stage.auth->user_count, KW_AUTH_USERS_MAX);
    assert_int_equal(stage.auth->damaged, 2);
}

/* The same for sessions: the table's size is the limit. */
static void test_too_many_sessions(void **state)
{
    struct kw_db_batch *batch = kw_db_batch_new();
    struct kw_auth_session session = *kw_auth_sessions_peek(
        &stage.auth->sessions, stage.auth->sessions.last_handle);

    (void)state;
    session.digest[1] ^= 1; /* never her own */
    for (unsigned i = 0; i < KW_AUTH_SESSIONS_MAX; i++) {
        session.digest[0] = (uint8_t)i;
        assert_int_equal(kw_auth_store_put_session(batch, &session), 0);
    }
    assert_int_equal(
        kw_db_submit(stage.fixture.core.db, batch, true, NULL, NULL), 0);
    while (stage_rows(&stage, &kw_auth_sessions_table) < 257)
        uv_run(&stage.fixture.loop.uv, UV_RUN_ONCE);
    stage_stop(&stage);
    stage_start(&stage);
    assert_int_equal(stage.auth->sessions.count, KW_AUTH_SESSIONS_MAX);
}

/* The end of a session can't be stored: it has ended, and the log says so. */
static void test_drop_fails(void **state)
{
    (void)state;
    faults.no_sync = true;
    stage_advance(&stage, 600000);
    kw_auth_expiry_sweep(stage.auth);
    assert_false(is_alive(&stage, anna.token));
    stage_stop(&stage);
    faults.no_sync = false;
    stage_start(&stage);
}

int main(void)
{
#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, open_stage, close_stage)
    const struct CMUnitTest tests[] = {
        TEST(test_identity),
        TEST(test_csrf),
        TEST(test_recent),
        TEST(test_idle),
        TEST(test_absolute),
        TEST(test_demotion),
        TEST(test_account_gone),
        TEST(test_restart),
        TEST(test_clock_set_back_less),
        TEST(test_restart_disabled),
        TEST(test_overdue),
        TEST(test_check),
        TEST(test_clock_set_back),
        TEST(test_watch),
        TEST(test_timer),
        TEST(test_sweep_nobody),
        TEST(test_reconfigure),
        TEST(test_damaged),
        TEST(test_too_many_accounts),
        TEST(test_too_many_sessions),
        TEST(test_drop_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
