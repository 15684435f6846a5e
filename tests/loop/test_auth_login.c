/* SPDX-License-Identifier: Apache-2.0 */
/* Log-in: what it says, what it costs, what it withstands (SEC-03, 06..09). */
#include "test_auth_stage.h"

static struct stage stage;

static int open_stage(void **state)
{
    struct ask ask;

    (void)state;
    stage_open(&stage);
    stage_start(&stage);
    stage_set_up(&stage, &ask);
    assert_int_equal(
        ask_once(&stage, &ask, KW_DELETE, "/session", ask.token, NULL), 204);
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

static void test_answer(void **state)
{
    static const char attributes[] =
        "; Path=/; Secure; HttpOnly; SameSite=Strict";
    struct ask ask, me;
    char expires[64];

    (void)state;
    ask_from(&ask, "192.0.2.1");
    ask_from(&me, "192.0.2.1");
    assert_int_equal(log_in(&stage, &ask, "anna", ADMIN_PASSWORD), 201);
    assert_true(kw_text_starts(ask.cookie, "__Host-kw="));
    assert_int_equal(strlen(ask.token), 64);
    assert_string_equal(ask.cookie + 10 + 64, attributes);
    assert_null(strstr(ask.body, ask.token));
    assert_int_equal(strlen(ask.csrf), 32);
    snprintf(expires, sizeof(expires), "\"expires\":%lld,\"idle_ms\":600000",
             (long long)stage.fixture.manual.wall_ms + 43200000);
    assert_true(ask_says(&ask, expires));

    assert_int_equal(ask_once(&stage, &me, KW_GET, "/session", ask.token, NULL),
                     200);
    assert_string_equal(me.body, ask.body);
    assert_string_equal(me.cookie, "");
    assert_int_equal(ask_once(&stage, &me, KW_GET, "/session", NULL, NULL),
                     401);
    assert_int_equal(stage.auth->counters.logins, 2);
    assert_int_equal(stage_told(&stage, "login"), 2);
    assert_string_equal(stage.events[stage.event_count - 1].subject, "Anna");
    assert_string_equal(stage.events[stage.event_count - 1].actor,
                        "Anna@192.0.2.1");
    assert_string_equal(stage.events[stage.event_count - 1].text,
                        "Anna from 192.0.2.1 logged in.");
}

/* A session without its cookie's text (control socket) can't be shown. */
static void test_no_cookie(void **state)
{
    struct ask ask, me;

    (void)state;
    ask_from(&ask, "192.0.2.1");
    ask_from(&me, "192.0.2.1");
    assert_int_equal(log_in(&stage, &ask, "anna", ADMIN_PASSWORD), 201);
    kw_arena_init(&me.arena, 4096);
    me.request.who = &me.who;
    me.request.ops = ask.request.ops;
    me.who.session = stage.auth->sessions.last_handle;
    kw_auth_get_session(stage.auth, &me.request);
    assert_int_equal(ask_wait(&stage, &me), 401);
    assert_true(ask_says(&me, "\"no_session\""));

    /* the session ended while the body was read */
    me.answered = false;
    me.who.session = 4711;
    kw_auth_delete_session(stage.auth, &me.request);
    assert_int_equal(me.status, 401);
}

/* SEC-09: nothing tells which part was wrong. */
static void test_wrong(void **state)
{
    static const char *const pairs[][2] = {
        {"anna", SECURITY_PASSWORD},
        {"nobody", SECURITY_PASSWORD},
        {"anna", "x"},
        {"an na", ADMIN_PASSWORD},
        {"an\\u0301na", "x"},
    };
    struct ask ask, first;
    char json[1024], longer[400];
    unsigned hashes = faults.hashes;

    (void)state;
    ask_from(&first, "192.0.2.9");
    assert_int_equal(log_in(&stage, &first, "anna", "wrong"), 401);
    assert_true(ask_says(&first, "\"login_failed\""));
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        char address[32];

        snprintf(address, sizeof(address), "192.0.2.%zu", 10 + i);
        stage_advance(&stage, 2000);
        ask_from(&ask, address);
        assert_int_equal(log_in(&stage, &ask, pairs[i][0], pairs[i][1]), 401);
        assert_string_equal(ask.body, first.body);
        assert_string_equal(ask.cookie, "");
    }
    /* one verification each, known or not */
    assert_int_equal(faults.hashes - hashes, 6);
    /* neither a password of 200 characters nor a name of 200 is one */
    memset(longer, 'k', 200);
    longer[200] = 0;
    ask_from(&ask, "192.0.2.30");
    assert_int_equal(log_in(&stage, &ask, "anna", longer), 401);
    snprintf(json, sizeof(json), "{\"user\":\"%s\",\"password\":\"x\"}",
             longer);
    assert_int_equal(ask_once(&stage, &ask, KW_POST, "/session", NULL, json),
                     401);
    assert_string_equal(ask.body, first.body);
    assert_int_equal(faults.hashes - hashes, 8);
    assert_int_equal(stage.auth->counters.failures, 8);
}

/* SEC-03: both forms of an accent log in. */
static void test_forms(void **state)
{
    struct ask ask;
    struct kw_auth_user *anna = kw_auth_users_find(stage.auth, "anna");

    (void)state;
    assert_int_equal(
        kw_auth_scrypt_make("caf\xC3\xA9 am See um vier", &anna->scrypt), 0);
    ask_from(&ask, "192.0.2.1");
    assert_int_equal(log_in(&stage, &ask, "ANNA", "caf\xC3\xA9 am See um vier"),
                     201);
    assert_int_equal(
        log_in(&stage, &ask, "Anna", "cafe\xCC\x81 am See um vier"), 201);
    assert_int_equal(log_in(&stage, &ask, "Anna", "cafe am See um vier"), 401);
}

/* SEC-06: the cost is raised at log-in. */
static void test_upgrade(void **state)
{
    struct ask ask;
    struct kw_auth_user *anna = kw_auth_users_find(stage.auth, "anna");
    struct kw_auth_scrypt weak = {.log2_n = 13, .r = 8, .p = 1};

    (void)state;
    assert_int_equal(EVP_PBE_scrypt(ADMIN_PASSWORD, strlen(ADMIN_PASSWORD),
                                    weak.salt, sizeof(weak.salt), 8192, 8, 1,
                                    1 << 30, weak.hash, sizeof(weak.hash)),
                     1);
    anna->scrypt = weak;
    ask_from(&ask, "192.0.2.1");
    assert_int_equal(log_in(&stage, &ask, "anna", "wrong"), 401);
    assert_int_equal(anna->scrypt.log2_n, 13);
    assert_int_equal(log_in(&stage, &ask, "anna", ADMIN_PASSWORD), 201);
    assert_int_equal(anna->scrypt.log2_n, 14);
    assert_int_equal(anna->scrypt.p, 5);
    stage_stop(&stage);
    stage_start(&stage);
    anna = kw_auth_users_find(stage.auth, "anna");
    assert_int_equal(anna->scrypt.log2_n, 14);
    assert_int_equal(log_in(&stage, &ask, "anna", ADMIN_PASSWORD), 201);
}

static void test_disabled(void **state)
{
    struct ask ask, wrong;

    (void)state;
    ask_from(&ask, "192.0.2.1");
    ask_from(&wrong, "192.0.2.2");
    kw_auth_users_find(stage.auth, "anna")->flags = 0;
    assert_int_equal(log_in(&stage, &wrong, "anna", "wrong"), 401);
    assert_int_equal(log_in(&stage, &ask, "anna", ADMIN_PASSWORD), 401);
    assert_string_equal(ask.body, wrong.body);
}

/* SEC-07: queue of 8, the next one is answered at once. */
static void test_queue(void **state)
{
    static struct ask asks[12];
    unsigned busy = 0, good = 0;

    (void)state;
    stage.limits.sessions_per_user = 12;
    assert_int_equal(
        kw_auth_module.reconfigure(stage.auth, NULL, &stage.limits, NULL), 0);
    hold_hashes(true);
    for (size_t i = 0; i < 12; i++) {
        char address[32];

        snprintf(address, sizeof(address), "192.0.2.%zu", 10 + i);
        ask_from(&asks[i], address);
        begin_log_in(&stage, &asks[i], i % 2 ? "security" : "anna",
                     i % 2 ? SECURITY_PASSWORD : ADMIN_PASSWORD);
        if (!asks[i].answered)
            continue;
        busy++;
        assert_int_equal(asks[i].status, 429);
        if (ask_says(&asks[i], "hash_busy"))
            assert_string_equal(asks[i].retry_after, "1");
        else
            assert_true(ask_says(&asks[i], "login_throttled"));
    }
    assert_int_equal(busy, 4);
    hold_hashes(false);
    for (size_t i = 0; i < 12; i++)
        good += ask_wait(&stage, &asks[i]) == 201;
    assert_int_equal(good, 8);
    /* those that were refused were not charged: another round works */
    assert_int_equal(log_in(&stage, &asks[11], "anna", ADMIN_PASSWORD), 201);
}

/* SEC-08 from one source, with the owner elsewhere. */
static void test_throttle(void **state)
{
    struct ask bad, good;
    unsigned reached = 0;

    (void)state;
    ask_from(&bad, "203.0.113.7");
    for (unsigned i = 0; i < 600; i++) {
        int status = log_in(&stage, &bad, "anna", "wrong");

        reached += status == 401;
        if (status == 429) {
            assert_true(ask_says(&bad, "\"login_throttled\""));
            assert_true(bad.retry_after[0] != 0);
        }
        stage_advance(&stage, 1000);
    }
    assert_in_range(reached, 10, 20);
    assert_int_equal(stage.auth->counters.throttled, 600 - reached);
    assert_int_equal(stage.auth->counters.failures, reached);
    ask_from(&good, "198.51.100.1");
    stage_advance(&stage, 2000);
    assert_int_equal(log_in(&stage, &good, "anna", ADMIN_PASSWORD), 201);
}

/* A flood of failures fills neither log nor audit; what is not told is
 * counted. What was typed as an unknown user's name is told nowhere. */
static void test_told(void **state)
{
    struct ask ask;
    const char *last;

    (void)state;
    for (unsigned i = 0; i < 20; i++) {
        char address[32];

        snprintf(address, sizeof(address), "10.0.%u.1", i);
        ask_from(&ask, address);
        assert_int_equal(
            log_in(&stage, &ask, i == 0 ? "anna" : "my-secret", "wrong"),
            i < 6 ? 401 : 429);
        stage_advance(&stage, 1);
    }
    assert_int_equal(stage_told(&stage, "login_failed"), 6);
    for (unsigned i = 0; i < 20; i++) {
        char name[32];

        snprintf(name, sizeof(name), "user%u", i);
        ask_from(&ask, name);
        assert_int_equal(log_in(&stage, &ask, name, "wrong"),
                         i < 5 ? 401 : 429);
    }
    assert_int_equal(stage_told(&stage, "login_failed"), 8);
    stage_advance(&stage, 60000);
    ask_from(&ask, "10.9.9.9");
    assert_int_equal(log_in(&stage, &ask, "my-secret", "wrong"), 401);
    assert_int_equal(stage_told(&stage, "login_failed"), 9);
    last = stage.events[stage.event_count - 1].text;
    assert_string_equal(last,
                        "An unknown user from 10.9.9.9 failed to give the "
                        "right password, and 3 before that were not told.");
    for (size_t i = 0; i < stage.event_count; i++) {
        assert_null(strstr(stage.events[i].text, "my-secret"));
        assert_null(strstr(stage.events[i].actor, "my-secret"));
    }
}

/* SEC-20: at the limit new ones are refused, the others untouched. */
static void test_limits(void **state)
{
    struct ask asks[5];

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        ask_from(&asks[i], "192.0.2.1");
        assert_int_equal(log_in(&stage, &asks[i], "anna", ADMIN_PASSWORD),
                         i < 3 ? 201 : 429);
    }
    assert_true(ask_says(&asks[3], "\"session_limit\""));
    for (size_t i = 0; i < 3; i++)
        assert_true(is_alive(&stage, asks[i].token));
    ask_from(&asks[4], "192.0.2.1");
    stage.limits.sessions = 3;
    assert_int_equal(
        kw_auth_module.reconfigure(stage.auth, NULL, &stage.limits, NULL), 0);
    assert_int_equal(log_in(&stage, &asks[4], "security", SECURITY_PASSWORD),
                     429);
    /* one leaves, one comes */
    assert_int_equal(
        ask_once(&stage, &asks[3], KW_DELETE, "/session", asks[0].token, NULL),
        204);
    assert_int_equal(log_in(&stage, &asks[4], "security", SECURITY_PASSWORD),
                     201);
}

/* The whole table can be in use, and one of it may be replaced only when
 * there is a place meanwhile. */
static void test_table_full(void **state)
{
    struct ask ask, again;
    uint8_t digest[KW_AUTH_DIGEST_BYTES] = {0};
    struct kw_auth_ticket ticket = {.user = "bob"};

    (void)state;
    stage.limits.sessions = KW_AUTH_SESSIONS_MAX;
    assert_int_equal(
        kw_auth_module.reconfigure(stage.auth, NULL, &stage.limits, NULL), 0);
    ask_from(&ask, "192.0.2.1");
    assert_int_equal(log_in(&stage, &ask, "anna", ADMIN_PASSWORD), 201);
    for (unsigned i = 1; i < KW_AUTH_SESSIONS_MAX; i++) {
        digest[0] = (uint8_t)i;
        assert_non_null(kw_auth_sessions_add(&stage.auth->sessions, digest,
                                             &ticket, 0, 999999999));
    }
    ask_from(&again, "192.0.2.1");
    assert_int_equal(
        ask_once(&stage, &again, KW_POST, "/session", ask.token,
                 "{\"user\":\"anna\",\"password\":\"" ADMIN_PASSWORD "\"}"),
        429);
    assert_true(is_alive(&stage, ask.token));
}

/* SEC-16: a new token at each log-in; the old session of this browser ends. */
static void test_again(void **state)
{
    struct ask ask, again;

    (void)state;
    ask_from(&ask, "192.0.2.1");
    ask_from(&again, "192.0.2.1");
    assert_int_equal(log_in(&stage, &ask, "anna", ADMIN_PASSWORD), 201);
    assert_int_equal(
        ask_once(&stage, &again, KW_POST, "/session", ask.token,
                 "{\"user\":\"anna\",\"password\":\"" ADMIN_PASSWORD "\"}"),
        201);
    assert_string_not_equal(ask.token, again.token);
    assert_string_not_equal(ask.csrf, again.csrf);
    assert_false(is_alive(&stage, ask.token));
    assert_true(is_alive(&stage, again.token));
    stage_stop(&stage);
    assert_int_equal(stage_rows(&stage, &kw_auth_sessions_table), 1);
    /* a failure leaves it alone */
    stage_start(&stage);
    assert_int_equal(ask_once(&stage, &ask, KW_POST, "/session", again.token,
                              "{\"user\":\"anna\",\"password\":\"wrong\"}"),
                     401);
    assert_true(is_alive(&stage, again.token));
}

static void test_log_out(void **state)
{
    struct ask ask, out;

    (void)state;
    ask_from(&ask, "192.0.2.1");
    ask_from(&out, "192.0.2.1");
    assert_int_equal(log_in(&stage, &ask, "anna", ADMIN_PASSWORD), 201);
    ask_send(&stage, &out, KW_DELETE, "/session", ask.token, NULL);
    assert_false(is_alive(&stage, ask.token)); /* at once */
    assert_int_equal(ask_wait(&stage, &out), 204);
    assert_string_equal(out.cookie, "__Host-kw=; Path=/; Secure; HttpOnly; "
                                    "SameSite=Strict; Max-Age=0");
    assert_int_equal(
        ask_once(&stage, &out, KW_DELETE, "/session", ask.token, NULL), 401);
    assert_int_equal(stage_rows(&stage, &kw_auth_sessions_table), 0);

    /* the client does not wait for the answer */
    assert_int_equal(log_in(&stage, &ask, "anna", ADMIN_PASSWORD), 201);
    hold_commits(true);
    ask_send(&stage, &out, KW_DELETE, "/session", ask.token, NULL);
    ask_leave(&out);
    hold_commits(false);
    stage_stop(&stage);
    assert_int_equal(stage_rows(&stage, &kw_auth_sessions_table), 0);
    stage_start(&stage);
}

static bool has_no_hash(void *arg)
{
    (void)arg;
    return kw_jobs_pending(stage.fixture.core.jobs, KW_LANE_HASH) == 0;
}

static void test_client_goes(void **state)
{
    struct ask ask;

    (void)state;
    ask_from(&ask, "192.0.2.1");
    hold_hashes(true);
    begin_log_in(&stage, &ask, "anna", ADMIN_PASSWORD);
    ask_leave(&ask);
    hold_hashes(false);
    kw_fixture_until(&stage.fixture, has_no_hash, NULL);
    assert_int_equal(stage.auth->sessions.count, 0);
    assert_int_equal(stage.auth->throttle.accounts[0].failures, 0);

    /* with the wrong password it is a failure all the same */
    hold_hashes(true);
    begin_log_in(&stage, &ask, "anna", "wrong");
    ask_leave(&ask);
    hold_hashes(false);
    kw_fixture_until(&stage.fixture, has_no_hash, NULL);
    assert_int_equal(stage.auth->counters.failures, 1);

    /* during the commit: the session goes again */
    hold_commits(true);
    begin_log_in(&stage, &ask, "anna", ADMIN_PASSWORD);
    stage_until_committing(&stage, 1);
    ask_leave(&ask);
    hold_commits(false);
    stage_stop(&stage);
    assert_int_equal(stage_rows(&stage, &kw_auth_sessions_table), 0);
    stage_start(&stage);
}

/* The password is changed while the old one is being verified. */
static void test_race(void **state)
{
    struct ask ask;
    struct kw_auth_user *anna = kw_auth_users_find(stage.auth, "anna");

    (void)state;
    ask_from(&ask, "192.0.2.1");
    hold_hashes(true);
    begin_log_in(&stage, &ask, "anna", ADMIN_PASSWORD);
    anna->scrypt.salt[0] ^= 1;
    hold_hashes(false);
    assert_int_equal(ask_wait(&stage, &ask), 401);
    anna->scrypt.salt[0] ^= 1;

    /* the account is gone meanwhile */
    hold_hashes(true);
    begin_log_in(&stage, &ask, "anna", ADMIN_PASSWORD);
    stage.auth->user_count = 1;
    hold_hashes(false);
    assert_int_equal(ask_wait(&stage, &ask), 401);
    stage.auth->user_count = 2;

    /* the session is ended while it is being committed */
    hold_commits(true);
    begin_log_in(&stage, &ask, "anna", ADMIN_PASSWORD);
    stage_until_committing(&stage, 1);
    kw_auth_sessions_end(
        &stage.auth->sessions,
        kw_auth_sessions_get(&stage.auth->sessions,
                             stage.auth->sessions.last_handle));
    hold_commits(false);
    assert_int_equal(ask_wait(&stage, &ask), 401);
    assert_true(ask_says(&ask, "session_ended"));
}

/* The same, and the client goes too. */
static void test_nothing_to_undo(void **state)
{
    struct ask ask;

    (void)state;
    ask_from(&ask, "192.0.2.1");
    hold_commits(true);
    begin_log_in(&stage, &ask, "anna", ADMIN_PASSWORD);
    stage_until_committing(&stage, 1);
    stage_advance(&stage, 600000);
    kw_auth_expiry_sweep(stage.auth);
    ask_leave(&ask);
    hold_commits(false);
    stage_stop(&stage);
    assert_int_equal(stage_rows(&stage, &kw_auth_sessions_table), 0);
    stage_start(&stage);
}

/* Calls of the machine that fail: refused, never let in (SEC-35, 44). */
static void test_failures(void **state)
{
    struct ask ask, good;

    (void)state;
    ask_from(&ask, "192.0.2.1");
    ask_from(&good, "192.0.2.1");
    faults.no_scrypt = true;
    for (unsigned i = 0; i < 20; i++) { /* and it is not charged */
        assert_int_equal(log_in(&stage, &ask, "anna", ADMIN_PASSWORD), 503);
        assert_true(ask_says(&ask, "\"store_failed\""));
    }
    faults.no_scrypt = false;
    faults.no_random = true;
    assert_int_equal(log_in(&stage, &ask, "anna", ADMIN_PASSWORD), 503);
    faults.no_random = false;
    faults.no_digest = true;
    assert_int_equal(log_in(&stage, &ask, "anna", ADMIN_PASSWORD), 503);
    assert_true(ask_says(&ask, "\"no_memory\""));
    faults.no_digest = false;
    hold_hashes(true);
    begin_log_in(&stage, &ask, "anna", ADMIN_PASSWORD);
    faults.no_digest = true;
    hold_hashes(false);
    assert_int_equal(ask_wait(&stage, &ask), 503);
    faults.no_digest = false;
    assert_int_equal(stage.auth->sessions.count, 0);

    faults.no_sync = true;
    assert_int_equal(log_in(&stage, &ask, "anna", ADMIN_PASSWORD), 503);
    assert_int_equal(stage.auth->sessions.count, 0);
    faults.no_sync = false;
    assert_int_equal(log_in(&stage, &good, "anna", ADMIN_PASSWORD), 201);

    /* log-out ends the session even if that can't be stored */
    faults.no_sync = true;
    assert_int_equal(
        ask_once(&stage, &ask, KW_DELETE, "/session", good.token, NULL), 503);
    faults.no_sync = false;
    assert_true(ask_says(&ask, "after a restart"));
    assert_false(is_alive(&stage, good.token));

    /* an account that isn't there any more can't be shown */
    assert_int_equal(log_in(&stage, &good, "anna", ADMIN_PASSWORD), 201);
    good.who.session = stage.auth->sessions.last_handle;
    good.answered = false;
    stage.auth->user_count = 1;
    kw_auth_grant_show(
        stage.auth, &good.request,
        kw_auth_sessions_peek(&stage.auth->sessions, good.who.session),
        good.token, 200);
    stage.auth->user_count = 2;
    assert_int_equal(good.status, 503);
    good.answered = false;
    kw_auth_grant_show(
        stage.auth, &good.request,
        kw_auth_sessions_peek(&stage.auth->sessions, good.who.session),
        "not a token", 200);
    assert_int_equal(good.status, 503);
}

/* The lanes are closing: one clear answer. */
static void test_closing(void **state)
{
    struct ask ask;
    struct kw_jobs *jobs = stage.fixture.core.jobs;
    bool closed = false;

    (void)state;
    ask_from(&ask, "192.0.2.1");
    kw_jobs_close(jobs, stage_on_stopped, &closed);
    kw_auth_first_forget(stage.auth); /* no place in the lane: next start */
    assert_int_equal(log_in(&stage, &ask, "anna", ADMIN_PASSWORD), 503);
    assert_true(ask_says(&ask, "\"closing\""));
    kw_fixture_until_set(&stage.fixture, &closed);
    assert_int_equal(
        kw_jobs_new(&stage.fixture.core.jobs, &stage.fixture.loop.uv), 0);
}

int main(void)
{
#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, open_stage, close_stage)
    const struct CMUnitTest tests[] = {
        TEST(test_answer),          TEST(test_no_cookie),   TEST(test_wrong),
        TEST(test_forms),           TEST(test_upgrade),     TEST(test_disabled),
        TEST(test_queue),           TEST(test_throttle),    TEST(test_told),
        TEST(test_limits),          TEST(test_table_full),  TEST(test_again),
        TEST(test_log_out),         TEST(test_client_goes), TEST(test_race),
        TEST(test_nothing_to_undo), TEST(test_failures),    TEST(test_closing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
