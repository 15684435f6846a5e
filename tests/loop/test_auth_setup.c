/* SPDX-License-Identifier: Apache-2.0 */
/* First start and set-up (SEC-01). */
#include "test_auth_stage.h"

#define SETUP(password, name, admin)                                           \
    "{\"password\":\"" password "\",\"admin_name\":\"" name                    \
    "\",\"admin_password\":\"" admin "\"}"

#define DOTTED "\xC4\xB0"
#define TEN                                                                    \
    DOTTED DOTTED DOTTED DOTTED DOTTED DOTTED DOTTED DOTTED DOTTED DOTTED

static bool is_required(struct stage *stage)
{
    struct ask ask = {0};

    assert_int_equal(ask_once(stage, &ask, KW_GET, "/setup", NULL, NULL), 200);
    return ask_says(&ask, "{\"required\":true}");
}

static void test_first_start(void **state)
{
    char one[KW_SECRET_PASSWORD_SIZE], two[KW_SECRET_PASSWORD_SIZE];
    struct stage stage;
    struct ask ask = {0};

    (void)state;
    hold_hashes(true);
    stage_open(&stage);
    stage_start(&stage); /* does not wait for the hash */
    assert_false(stage.auth->ready);
    assert_true(is_required(&stage));
    assert_int_equal(log_in(&stage, &ask, "security", "x"), 503);
    assert_true(ask_says(&ask, "\"not_ready\""));
    assert_string_equal(ask.retry_after, "1");
    hold_hashes(false);
    stage_until_ready(&stage);
    assert_true(stage_onetime(&stage, one));
    assert_true(is_required(&stage));
    assert_int_equal(stage_told(&stage, "password_alert"), 1);
    assert_true(stage.events[0].on);
    assert_int_equal(stage_rows(&stage, &kw_auth_users_table), 1);

    /* a restart before set-up: the same password stays valid */
    stage_stop(&stage);
    stage_start(&stage);
    assert_true(stage.auth->ready);
    assert_true(stage_onetime(&stage, two));
    assert_string_equal(one, two);
    kw_fixture_run_ms(&stage.fixture, 1);
    assert_int_equal(stage_told(&stage, "password_alert"), 2);
    assert_int_equal(log_in(&stage, &ask, "security", one), 201);
    stage_close(&stage);

    /* another device has another one */
    stage_open(&stage);
    stage_start(&stage);
    stage_until_ready(&stage);
    assert_true(stage_onetime(&stage, two));
    assert_string_not_equal(one, two);
    stage_close(&stage);
}

static void test_set_up(void **state)
{
    struct stage stage;
    struct ask ask;
    char onetime[KW_SECRET_PASSWORD_SIZE], setup[65];

    (void)state;
    stage_open(&stage);
    stage_start(&stage);
    stage_until_ready(&stage);
    assert_true(stage_onetime(&stage, onetime));
    ask_from(&ask, "192.0.2.1");
    assert_int_equal(log_in(&stage, &ask, "Security", onetime), 201);
    assert_true(ask_says(&ask, "\"user\":\"security\""));
    assert_true(ask_says(&ask, "\"profile\":\"cyber_security\""));
    assert_true(ask_says(&ask, "\"permissions\":[\"setup\",\"session\"]"));
    assert_true(ask_says(&ask, "\"setup\":true"));
    memcpy(setup, ask.token, sizeof(setup));

    /* nothing but set-up, log-out and who am I answers it */
    assert_int_equal(ask_once(&stage, &ask, KW_PUT, "/account/password", setup,
                              "{\"current\":\"x\",\"new\":\"y\"}"),
                     403);
    assert_int_equal(ask_once(&stage, &ask, KW_GET, "/session", setup, NULL),
                     200);
    assert_int_equal(ask_once(&stage, &ask, KW_POST, "/setup", NULL,
                              SETUP(SECURITY_PASSWORD, "anna", ADMIN_PASSWORD)),
                     401);

    assert_int_equal(ask_once(&stage, &ask, KW_POST, "/setup", setup,
                              SETUP(SECURITY_PASSWORD, "Anna", ADMIN_PASSWORD)),
                     201);
    assert_true(ask_says(&ask, "\"user\":\"Anna\""));
    assert_true(ask_says(&ask, "\"profile\":\"admin\""));
    assert_true(ask_says(
        &ask, "\"permissions\":[\"see\",\"self\",\"operate\",\"configure\","
              "\"session\"]"));
    assert_true(ask_says(&ask, "\"setup\":false"));
    assert_true(is_alive(&stage, ask.token));
    assert_false(is_alive(&stage, setup));
    assert_int_equal(stage_told(&stage, "setup_done"), 1);
    assert_int_equal(stage_told(&stage, "password_alert"), 2);
    assert_false(stage.events[stage.event_count - 1].on);
    assert_false(is_required(&stage));

    /* the one-time password is dead, its file is gone */
    while (stage_onetime(&stage, onetime))
        kw_fixture_run_ms(&stage.fixture, 1);
    assert_int_equal(log_in(&stage, &ask, "security", onetime), 401);
    assert_int_equal(log_in(&stage, &ask, "security", SECURITY_PASSWORD), 201);
    assert_int_equal(log_in(&stage, &ask, "ANNA", ADMIN_PASSWORD), 201);

    /* and all of it survives a restart */
    stage_stop(&stage);
    stage_start(&stage);
    assert_true(is_alive(&stage, ask.token));
    assert_int_equal(log_in(&stage, &ask, "security", SECURITY_PASSWORD), 201);
    assert_false(is_required(&stage));
    stage_close(&stage);
}

static void test_refused(void **state)
{
    static const struct {
        const char *body, *key, *detail;
    } cases[] = {
        {SETUP("short", "anna", ADMIN_PASSWORD), "\"password_refused\"",
         "\"path\":\"password\",\"message\":\"it has fewer"},
        {SETUP("123456789012345", "anna", "qwertyuiopasdfg"),
         "\"password_refused\"", "\"path\":\"admin_password\""},
        {SETUP("windmill hill 2026", "anna", ADMIN_PASSWORD),
         "\"password_refused\"", "the site"},
        {SETUP("security-security-1", "anna", ADMIN_PASSWORD),
         "\"password_refused\"", "the user"},
        {SETUP(SECURITY_PASSWORD, "margarethe", "margarethe 2026 !"),
         "\"password_refused\"", "the user"},
        {SETUP(SECURITY_PASSWORD, "anna", SECURITY_PASSWORD),
         "\"password_refused\"", "must not be the other"},
        {SETUP(SECURITY_PASSWORD, "an/na", ADMIN_PASSWORD), "\"name_refused\"",
         "letters, digits"},
        /* 31 letters of two bytes whose folded form has three */
        {SETUP(SECURITY_PASSWORD, TEN TEN TEN DOTTED, ADMIN_PASSWORD),
         "\"name_refused\"", "letters, digits"},
        {SETUP(SECURITY_PASSWORD, "SECURITY", ADMIN_PASSWORD),
         "\"name_refused\"", "taken"},
        {"{\"password\":\"" SECURITY_PASSWORD "\"}", "\"name_refused\"",
         "are needed"},
        {"{\"password\":\"" SECURITY_PASSWORD "\",\"admin_name\":\"anna\"}",
         "\"name_refused\"", "are needed"},
        {"{\"password\":\"" SECURITY_PASSWORD
         "\",\"admin_password\":\"" ADMIN_PASSWORD "\"}",
         "\"name_refused\"", "are needed"},
    };
    char onetime[KW_SECRET_PASSWORD_SIZE], token[65], body[256];
    struct stage stage;
    struct ask ask;

    (void)state;
    stage_open(&stage);
    stage_start(&stage);
    stage_until_ready(&stage);
    assert_true(stage_onetime(&stage, onetime));
    ask_from(&ask, "192.0.2.1");
    assert_int_equal(log_in(&stage, &ask, "security", onetime), 201);
    memcpy(token, ask.token, sizeof(token));
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(
            ask_once(&stage, &ask, KW_POST, "/setup", token, cases[i].body),
            422);
        assert_true(ask_says(&ask, cases[i].key));
        assert_true(ask_says(&ask, cases[i].detail));
    }
    /* the one-time password is not the owner's own */
    snprintf(body, sizeof(body), SETUP("%s", "anna", ADMIN_PASSWORD), onetime);
    assert_int_equal(ask_once(&stage, &ask, KW_POST, "/setup", token, body),
                     422);
    assert_true(ask_says(&ask, "it is the one-time password"));
    /* nor is it the Admin's */
    snprintf(body, sizeof(body), SETUP(SECURITY_PASSWORD, "anna", "%s"),
             onetime);
    assert_int_equal(ask_once(&stage, &ask, KW_POST, "/setup", token, body),
                     422);
    assert_true(ask_says(&ask, "it is the one-time password"));
    assert_true(is_required(&stage));
    assert_int_equal(stage_rows(&stage, &kw_auth_users_table), 1);
    /* no place for another account */
    stage.auth->user_count = KW_AUTH_USERS_MAX;
    assert_int_equal(ask_once(&stage, &ask, KW_POST, "/setup", token,
                              SETUP(SECURITY_PASSWORD, "anna", ADMIN_PASSWORD)),
                     422);
    assert_true(ask_says(&ask, "too many accounts"));
    stage.auth->user_count = 1;
    stage_close(&stage);
}

/* Opens a stage with a session of the one-time password. */
static void open_with_setup(struct stage *stage, struct ask *ask,
                            char token[65])
{
    char onetime[KW_SECRET_PASSWORD_SIZE];

    stage_open(stage);
    stage_start(stage);
    stage_until_ready(stage);
    assert_true(stage_onetime(stage, onetime));
    ask_from(ask, "192.0.2.1");
    assert_int_equal(log_in(stage, ask, "security", onetime), 201);
    memcpy(token, ask->token, 65);
}

static const char good_setup[] =
    SETUP(SECURITY_PASSWORD, "Anna", ADMIN_PASSWORD);

static void test_one_at_a_time(void **state)
{
    struct stage stage;
    struct ask ask, other;
    char token[65];

    (void)state;
    open_with_setup(&stage, &ask, token);
    ask_from(&other, "192.0.2.1");
    hold_hashes(true);
    ask_send(&stage, &ask, KW_POST, "/setup", token, good_setup);
    assert_int_equal(
        ask_once(&stage, &other, KW_POST, "/setup", token, good_setup), 409);
    hold_hashes(false);
    assert_int_equal(ask_wait(&stage, &ask), 201);
    /* the session that did it is over */
    assert_int_equal(
        ask_once(&stage, &other, KW_POST, "/setup", token, good_setup), 401);
    stage_close(&stage);
}

/* The last log-in with the one-time password is the one that counts. */
static void test_one_session(void **state)
{
    struct stage stage;
    struct ask ask, other;
    char onetime[KW_SECRET_PASSWORD_SIZE], token[65];

    (void)state;
    open_with_setup(&stage, &ask, token);
    assert_true(stage_onetime(&stage, onetime));
    ask_from(&other, "192.0.2.2");
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(log_in(&stage, &other, "security", onetime), 201);
    assert_false(is_alive(&stage, token));
    assert_true(is_alive(&stage, other.token));
    assert_int_equal(stage.auth->sessions.count, 1);
    /* it is in memory only */
    assert_int_equal(stage_rows(&stage, &kw_auth_sessions_table), 0);
    stage_stop(&stage);
    stage_start(&stage);
    assert_false(is_alive(&stage, other.token));
    stage_close(&stage);
}

/* The session ends while the hashes are computed: nothing changes. */
static void test_session_ends_meanwhile(void **state)
{
    struct stage stage;
    struct ask ask, other;
    char token[65];

    (void)state;
    open_with_setup(&stage, &ask, token);
    ask_from(&other, "192.0.2.1");
    hold_hashes(true);
    ask_send(&stage, &ask, KW_POST, "/setup", token, good_setup);
    assert_int_equal(
        ask_once(&stage, &other, KW_DELETE, "/session", token, NULL), 204);
    hold_hashes(false);
    assert_int_equal(ask_wait(&stage, &ask), 401);
    assert_true(ask_says(&ask, "session_ended"));
    assert_true(is_required(&stage));
    assert_false(stage.auth->setup_pending);
    stage_close(&stage);
}

static bool is_set_up(void *arg)
{
    const struct stage *stage = arg;

    return !stage->auth->setup_pending;
}

static void test_client_goes(void **state)
{
    struct stage stage;
    struct ask ask;
    char token[65];
    unsigned hashes;

    (void)state;
    open_with_setup(&stage, &ask, token);
    hold_hashes(true);
    ask_send(&stage, &ask, KW_POST, "/setup", token, good_setup);
    ask_leave(&ask);
    hold_hashes(false);
    kw_fixture_until(&stage.fixture, is_set_up, &stage);
    assert_true(is_required(&stage));

    /* during the commit: it is done, and the session is not left over */
    hashes = faults.hashes;
    hold_commits(true);
    ask_send(&stage, &ask, KW_POST, "/setup", token, good_setup);
    stage_until_committing(&stage, 2);
    ask_leave(&ask);
    hold_commits(false);
    kw_fixture_until(&stage.fixture, is_set_up, &stage);
    assert_int_equal(faults.hashes, hashes + 4); /* two checked, two made */
    assert_false(is_required(&stage));
    assert_int_equal(stage.auth->sessions.count, 0);
    stage_stop(&stage);
    assert_int_equal(stage_rows(&stage, &kw_auth_users_table), 2);
    assert_int_equal(stage_rows(&stage, &kw_auth_sessions_table), 0);
    stage_close(&stage);
}

/* The client goes during the commit, and its session has ended by then. */
static void test_client_and_session_go(void **state)
{
    struct stage stage;
    struct ask ask;
    char token[65];

    (void)state;
    open_with_setup(&stage, &ask, token);
    hold_commits(true);
    ask_send(&stage, &ask, KW_POST, "/setup", token, good_setup);
    stage_until_committing(&stage, 2);
    ask_leave(&ask);
    stage_advance(&stage, 600000);
    kw_auth_expiry_sweep(stage.auth);
    assert_int_equal(stage.auth->sessions.count, 0);
    hold_commits(false);
    kw_fixture_until(&stage.fixture, is_set_up, &stage);
    assert_false(is_required(&stage));
    stage_close(&stage);
}

/* An account that was given a one-time password later on: its own password
 * is all that is needed, and only Cyber security may make accounts. */
static void test_reset_account(void **state)
{
    struct stage stage;
    struct ask ask;
    struct kw_auth_user *anna, *security;
    char token[65], setup[65];

    (void)state;
    stage_open(&stage);
    stage_start(&stage);
    stage_set_up(&stage, &ask);
    stage_stop(&stage);
    stage_start(&stage);
    anna = kw_auth_users_find(stage.auth, "anna");
    security = kw_auth_users_find(stage.auth, "security");
    anna->flags |= KW_AUTH_ONE_TIME;
    security->flags |= KW_AUTH_ONE_TIME;
    assert_int_equal(log_in(&stage, &ask, "security", SECURITY_PASSWORD), 201);
    memcpy(setup, ask.token, sizeof(setup));
    assert_int_equal(log_in(&stage, &ask, "anna", ADMIN_PASSWORD), 201);
    assert_true(ask_says(&ask, "\"setup\":true"));
    assert_true(is_alive(&stage, setup)); /* another account's */
    memcpy(token, ask.token, sizeof(token));
    assert_int_equal(ask_once(&stage, &ask, KW_POST, "/setup", token,
                              SETUP(OTHER_PASSWORD, "bob", SECURITY_PASSWORD)),
                     422);
    assert_true(ask_says(&ask, "only Cyber security"));
    assert_int_equal(ask_once(&stage, &ask, KW_POST, "/setup", token,
                              "{\"password\":\"" OTHER_PASSWORD "\"}"),
                     201);
    assert_true(ask_says(&ask, "\"user\":\"Anna\""));
    assert_true(ask_says(&ask, "\"setup\":false"));
    /* another one-time password still waits: the alarm stays */
    assert_true(stage.auth->alert);
    assert_int_equal(log_in(&stage, &ask, "security", SECURITY_PASSWORD), 201);
    memcpy(token, ask.token, sizeof(token));
    /* without an Admin one must be made */
    anna->profile = KW_PROFILE_USER;
    assert_int_equal(ask_once(&stage, &ask, KW_POST, "/setup", token,
                              "{\"password\":\"copper lantern by the quay\"}"),
                     422);
    anna->profile = KW_PROFILE_ADMIN;
    assert_int_equal(ask_once(&stage, &ask, KW_POST, "/setup", token,
                              "{\"password\":\"copper lantern by the quay\"}"),
                     201);
    assert_true(ask_says(&ask, "\"user\":\"security\""));
    assert_int_equal(stage_rows(&stage, &kw_auth_users_table), 2);
    stage_close(&stage);
}

/* A file that was left when the machine stopped between commit and removal.
 */
static void test_stale_file(void **state)
{
    char onetime[KW_SECRET_PASSWORD_SIZE];
    struct stage stage;
    struct ask ask;

    (void)state;
    stage_open(&stage);
    stage_start(&stage);
    stage_set_up(&stage, &ask);
    stage_stop(&stage);
    assert_int_equal(
        kw_auth_onetime_reveal(stage.fixture.dir, "x", "AAAA-AAAA-AAAA-AAAA"),
        0);
    stage_start(&stage);
    while (stage_onetime(&stage, onetime))
        kw_fixture_run_ms(&stage.fixture, 1);
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_start),
        cmocka_unit_test(test_set_up),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_one_at_a_time),
        cmocka_unit_test(test_one_session),
        cmocka_unit_test(test_session_ends_meanwhile),
        cmocka_unit_test(test_client_goes),
        cmocka_unit_test(test_client_and_session_go),
        cmocka_unit_test(test_reset_account),
        cmocka_unit_test(test_stale_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
