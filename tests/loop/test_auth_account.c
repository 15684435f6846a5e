/* SPDX-License-Identifier: Apache-2.0 */
/* Changing the own password (SEC-10). */
#include "test_auth_stage.h"

#define CHANGE(current, wanted)                                                \
    "{\"current\":\"" current "\",\"new\":\"" wanted "\"}"

static const char path[] = "/account/password";
static const char good_change[] = CHANGE(ADMIN_PASSWORD, OTHER_PASSWORD);

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
    hold_hashes(false);
    hold_commits(false);
    clear_faults();
    stage_close(&stage);
    return 0;
}

static void test_change(void **state)
{
    struct ask ask, other, security;

    (void)state;
    ask_from(&ask, "192.0.2.1");
    ask_from(&other, "192.0.2.2");
    ask_from(&security, "192.0.2.3");
    assert_int_equal(log_in(&stage, &other, "anna", ADMIN_PASSWORD), 201);
    assert_int_equal(log_in(&stage, &security, "security", SECURITY_PASSWORD),
                     201);
    stage_advance(&stage, 400000);
    assert_false(kw_auth_is_recent(stage.auth, 2));
    assert_int_equal(
        ask_once(&stage, &ask, KW_PUT, path, anna.token, good_change), 204);
    assert_true(is_alive(&stage, anna.token));
    assert_false(is_alive(&stage, other.token));
    assert_true(is_alive(&stage, security.token));
    assert_int_equal(stage_told(&stage, "password_changed"), 1);
    assert_int_equal(
        ask_once(&stage, &ask, KW_GET, "/session", anna.token, NULL), 200);
    assert_true(kw_auth_is_recent(stage.auth, ask.who.session));

    assert_int_equal(log_in(&stage, &ask, "anna", ADMIN_PASSWORD), 401);
    assert_int_equal(log_in(&stage, &ask, "anna", OTHER_PASSWORD), 201);
    stage_stop(&stage);
    stage_start(&stage);
    assert_true(is_alive(&stage, anna.token));
    assert_false(is_alive(&stage, other.token));
    assert_int_equal(log_in(&stage, &ask, "anna", OTHER_PASSWORD), 201);
    assert_int_equal(log_in(&stage, &ask, "anna", ADMIN_PASSWORD), 401);
}

static void test_refused(void **state)
{
    static const struct {
        const char *body, *key, *detail;
        int status;
    } cases[] = {
        {CHANGE("wrong", OTHER_PASSWORD), "\"current_wrong\"", "", 403},
        {CHANGE(ADMIN_PASSWORD, "short"), "\"password_refused\"",
         "\"path\":\"new\",\"message\":\"it has fewer", 422},
        {CHANGE(ADMIN_PASSWORD, ADMIN_PASSWORD), "\"password_refused\"",
         "it is the current password", 422},
        {CHANGE(ADMIN_PASSWORD, "anna.anna.anna.2026"), "\"password_refused\"",
         "the user", 422},
    };
    struct ask ask;
    char longer[513], body[640];

    (void)state;
    ask_from(&ask, "192.0.2.1");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(
            ask_once(&stage, &ask, KW_PUT, path, anna.token, cases[i].body),
            cases[i].status);
        assert_true(ask_says(&ask, cases[i].key));
        assert_true(ask_says(&ask, cases[i].detail));
    }
    /* what can't be the current one is wrong, at the same price */
    memset(longer, 'k', 512);
    longer[512] = 0;
    snprintf(body, sizeof(body), CHANGE("%s", OTHER_PASSWORD), longer);
    assert_int_equal(ask_once(&stage, &ask, KW_PUT, path, anna.token, body),
                     403);
    assert_int_equal(stage.auth->counters.failures, 2);
    assert_int_equal(stage_told(&stage, "login_failed"), 2);
    assert_int_equal(ask_once(&stage, &ask, KW_PUT, path, NULL, good_change),
                     401);
    assert_int_equal(log_in(&stage, &ask, "anna", ADMIN_PASSWORD), 201);
}

/* Asked without a session of an account, whatever let it through. */
static void test_no_account(void **state)
{
    struct ask ask;
    struct kw_auth_session *session = kw_auth_sessions_get(
        &stage.auth->sessions, stage.auth->sessions.last_handle);

    (void)state;
    ask_from(&ask, "192.0.2.1");
    ask_send(&stage, &ask, KW_GET, "/setup", NULL, NULL);
    kw_arena_fini(&ask.arena);
    ask.answered = false;
    kw_auth_put_password(stage.auth, &ask.request);
    assert_int_equal(ask.status, 401);
    session->setup = true;
    ask.answered = false;
    ask.who.session = session->handle;
    kw_auth_put_password(stage.auth, &ask.request);
    assert_int_equal(ask.status, 401);
    session->setup = false;
    stage.auth->user_count = 1;
    ask.answered = false;
    kw_auth_put_password(stage.auth, &ask.request);
    assert_int_equal(ask.status, 401);
    stage.auth->user_count = 2;
}

/* SEC-12: failures here count at the log-in, and the other way round. */
static void test_throttle(void **state)
{
    struct ask ask;
    unsigned wrong = 0;

    (void)state;
    ask_from(&ask, "192.0.2.1");
    for (unsigned i = 0; i < 10; i++)
        wrong += ask_once(&stage, &ask, KW_PUT, path, anna.token,
                          CHANGE("wrong", OTHER_PASSWORD)) == 403;
    assert_int_equal(wrong, 5);
    assert_int_equal(log_in(&stage, &ask, "anna", ADMIN_PASSWORD), 429);
    assert_int_equal(
        ask_once(&stage, &ask, KW_PUT, path, anna.token, good_change), 429);
    assert_true(ask_says(&ask, "login_throttled"));
}

static void test_busy(void **state)
{
    struct ask ask, asks[8];

    (void)state;
    hold_hashes(true);
    for (size_t i = 0; i < 8; i++) {
        char address[32];

        snprintf(address, sizeof(address), "10.0.0.%zu", i);
        ask_from(&asks[i], address);
        begin_log_in(&stage, &asks[i], i % 2 ? "a" : "b", "wrong");
    }
    ask_from(&ask, "192.0.2.1");
    assert_int_equal(
        ask_once(&stage, &ask, KW_PUT, path, anna.token, good_change), 429);
    assert_true(ask_says(&ask, "hash_busy"));
    hold_hashes(false);
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(ask_wait(&stage, &asks[i]), 401);
}

static void test_failures(void **state)
{
    struct ask ask;

    (void)state;
    ask_from(&ask, "192.0.2.1");
    faults.no_scrypt = true;
    assert_int_equal(
        ask_once(&stage, &ask, KW_PUT, path, anna.token, good_change), 503);
    faults.no_scrypt = false;
    faults.no_random = true; /* no salt for the new hash */
    assert_int_equal(
        ask_once(&stage, &ask, KW_PUT, path, anna.token, good_change), 503);
    faults.no_random = false;
    faults.no_sync = true;
    assert_int_equal(
        ask_once(&stage, &ask, KW_PUT, path, anna.token, good_change), 503);
    assert_true(ask_says(&ask, "store_failed"));
    faults.no_sync = false;
    /* nothing has changed */
    assert_int_equal(log_in(&stage, &ask, "anna", OTHER_PASSWORD), 401);
    assert_int_equal(log_in(&stage, &ask, "anna", ADMIN_PASSWORD), 201);
}

static bool has_no_hash(void *arg)
{
    (void)arg;
    return kw_jobs_pending(stage.fixture.core.jobs, KW_LANE_HASH) == 0;
}

static bool is_changed(void *arg)
{
    (void)arg;
    return stage_told(&stage, "password_changed") == 1;
}

static void test_client_goes(void **state)
{
    struct ask ask;

    (void)state;
    ask_from(&ask, "192.0.2.1");
    hold_hashes(true);
    ask_send(&stage, &ask, KW_PUT, path, anna.token, good_change);
    ask_leave(&ask);
    hold_hashes(false);
    kw_fixture_until(&stage.fixture, has_no_hash, NULL);
    assert_int_equal(log_in(&stage, &ask, "anna", OTHER_PASSWORD), 401);

    /* during the commit: it is done; the own session ended meanwhile too */
    hold_commits(true);
    ask_send(&stage, &ask, KW_PUT, path, anna.token, good_change);
    kw_fixture_until(&stage.fixture, has_no_hash, NULL);
    ask_leave(&ask);
    kw_auth_sessions_end(
        &stage.auth->sessions,
        kw_auth_sessions_get(&stage.auth->sessions, ask.who.session));
    hold_commits(false);
    kw_fixture_until(&stage.fixture, is_changed, NULL);
    assert_int_equal(log_in(&stage, &ask, "anna", OTHER_PASSWORD), 201);
}

/* Somebody logs in with the old password while the new one is committed. */
static void test_race(void **state)
{
    struct ask change, late;
    size_t before = stage.auth->sessions.count;

    (void)state;
    ask_from(&change, "192.0.2.1");
    ask_from(&late, "192.0.2.2");
    hold_hashes(true);
    ask_send(&stage, &change, KW_PUT, path, anna.token, good_change);
    begin_log_in(&stage, &late, "anna", ADMIN_PASSWORD);
    hold_hashes(false);
    (void)ask_wait(&stage, &late);
    assert_int_equal(ask_wait(&stage, &change), 204);
    assert_true(late.status == 401 || !is_alive(&stage, late.token));
    assert_int_equal(stage.auth->sessions.count, before);
    stage_stop(&stage);
    assert_int_equal(stage_rows(&stage, &kw_auth_sessions_table), before);
    stage_start(&stage);
}

/* A hash of the current password with less than today's cost. */
static void weaken(struct kw_auth_user *user)
{
    struct kw_auth_scrypt weak = {.log2_n = 13, .r = 8, .p = 1};

    assert_int_equal(EVP_PBE_scrypt(ADMIN_PASSWORD, strlen(ADMIN_PASSWORD),
                                    weak.salt, sizeof(weak.salt), 8192, 8, 1,
                                    1 << 30, weak.hash, sizeof(weak.hash)),
                     1);
    user->scrypt = weak;
}

/* Only the new password is good, now and after a restart. */
static void check_changed(void)
{
    struct ask ask;

    ask_from(&ask, "192.0.2.9");
    assert_int_equal(stage.auth->changing, 0);
    for (int restarted = 0; restarted < 2; restarted++) {
        assert_int_equal(log_in(&stage, &ask, "anna", ADMIN_PASSWORD), 401);
        assert_int_equal(log_in(&stage, &ask, "anna", OTHER_PASSWORD), 201);
        if (restarted == 0) {
            stage_stop(&stage);
            stage_start(&stage);
        }
    }
}

static bool is_changing(void *arg)
{
    (void)arg;
    return kw_jobs_pending(stage.fixture.core.jobs, KW_LANE_HASH) == 0;
}

/*
 * A log-in whose hash is to be made stronger, and a change of the password,
 * meet. Written after the change, the new hash of the old password would undo
 * it, in the database and in memory.
 */
static void test_upgrade_after_change(void **state)
{
    struct ask change, late;

    (void)state;
    ask_from(&change, "192.0.2.1");
    ask_from(&late, "192.0.2.2");
    weaken(kw_auth_users_find(stage.auth, "anna"));
    hold_hashes(true);
    ask_send(&stage, &change, KW_PUT, path, anna.token, good_change);
    begin_log_in(&stage, &late, "anna", ADMIN_PASSWORD);
    /* both are verified while the change is still on its way to the disk */
    hold_commits(true);
    hold_hashes(false);
    kw_fixture_until(&stage.fixture, is_changing, NULL);
    hold_commits(false);
    assert_int_equal(ask_wait(&stage, &change), 204);
    (void)ask_wait(&stage, &late);
    check_changed();
}

/* The other order: the log-in is committed first. */
static void test_upgrade_before_change(void **state)
{
    struct ask change, late;

    (void)state;
    ask_from(&change, "192.0.2.1");
    ask_from(&late, "192.0.2.2");
    weaken(kw_auth_users_find(stage.auth, "anna"));
    hold_commits(true);
    begin_log_in(&stage, &late, "anna", ADMIN_PASSWORD);
    stage_until_committing(&stage, 2);
    ask_send(&stage, &change, KW_PUT, path, anna.token, good_change);
    kw_fixture_until(&stage.fixture, is_changing, NULL);
    hold_commits(false);
    assert_int_equal(ask_wait(&stage, &late), 201);
    assert_int_equal(ask_wait(&stage, &change), 204);
    check_changed();
}

/* A change that comes to nothing leaves the next log-in free to upgrade. */
static void test_upgrade_after_refused_change(void **state)
{
    struct kw_auth_user *user = kw_auth_users_find(stage.auth, "anna");
    struct ask ask;

    (void)state;
    ask_from(&ask, "192.0.2.1");
    weaken(user);
    assert_int_equal(ask_once(&stage, &ask, KW_PUT, path, anna.token,
                              CHANGE("not that one", OTHER_PASSWORD)),
                     403);
    assert_int_equal(stage.auth->changing, 0);
    stage_advance(&stage, 60000);
    assert_int_equal(log_in(&stage, &ask, "anna", ADMIN_PASSWORD), 201);
    assert_int_equal(user->scrypt.log2_n, 14);
}

/* The account is gone, or its password was changed, while this one was
 * verified. */
static void test_changed_meanwhile(void **state)
{
    struct ask ask;
    struct kw_auth_user *user = kw_auth_users_find(stage.auth, "anna");

    (void)state;
    ask_from(&ask, "192.0.2.1");
    hold_hashes(true);
    ask_send(&stage, &ask, KW_PUT, path, anna.token, good_change);
    user->scrypt.salt[0] ^= 1;
    hold_hashes(false);
    assert_int_equal(ask_wait(&stage, &ask), 403);
    user->scrypt.salt[0] ^= 1;
    hold_hashes(true);
    ask_send(&stage, &ask, KW_PUT, path, anna.token, good_change);
    stage.auth->user_count = 1;
    hold_hashes(false);
    assert_int_equal(ask_wait(&stage, &ask), 403);
    stage.auth->user_count = 2;
}

int main(void)
{
#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, open_stage, close_stage)
    const struct CMUnitTest tests[] = {
        TEST(test_change),
        TEST(test_refused),
        TEST(test_no_account),
        TEST(test_throttle),
        TEST(test_busy),
        TEST(test_failures),
        TEST(test_client_goes),
        TEST(test_race),
        TEST(test_upgrade_after_change),
        TEST(test_upgrade_before_change),
        TEST(test_upgrade_after_refused_change),
        TEST(test_changed_meanwhile),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
