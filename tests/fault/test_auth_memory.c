/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each allocation of each request of auth fails once: the answer is an error
 * or the whole thing done, never something in between, nobody gets in who
 * should not, nothing is lost or left over (SEC-35).
 */
#include "loop/test_auth_stage.h"

static struct stage stage;
static struct ask anna;

static void open_stage(void)
{
    stage_open(&stage);
    stage_start(&stage);
    stage_set_up(&stage, &anna);
}

/* Runs story with the n-th allocation failing, n = 1 .. until it needs no
 * failure any more. A story makes one request and gives what was allocated. */
static void sweep(uint64_t (*story)(uint64_t fail_at))
{
    uint64_t most = story(0);

    assert_in_range(most, 1, 500);
    for (uint64_t n = 1; n <= most + 1; n++)
        (void)story(n);
}

static bool can_log_in(const char *user, const char *password)
{
    struct ask ask;
    int status;

    ask_from(&ask, "198.51.100.99");
    stage_advance(&stage, 2000);
    status = log_in(&stage, &ask, user, password);
    assert_true(status == 201 || status == 401);
    return status == 201;
}

static uint64_t log_in_story(uint64_t fail_at)
{
    struct ask ask;
    int status;

    open_stage();
    ask_from(&ask, "192.0.2.1");
    faults.memory_fail_at = fail_at;
    status = log_in(&stage, &ask, "security", SECURITY_PASSWORD);
    faults.memory_fail_at = 0;
    assert_true(status == 201 || status >= 500);
    assert_true(status == 201 || fail_at > 0);
    if (status == 201)
        assert_true(is_alive(&stage, ask.token));
    assert_true(can_log_in("security", SECURITY_PASSWORD));
    stage_close(&stage);
    return faults.memory_used;
}

static void test_log_in(void **state)
{
    (void)state;
    sweep(log_in_story);
}

static uint64_t wrong_story(uint64_t fail_at)
{
    struct ask ask;
    int status;

    open_stage();
    ask_from(&ask, "192.0.2.1");
    faults.memory_fail_at = fail_at;
    status = log_in(&stage, &ask, "security", ADMIN_PASSWORD);
    faults.memory_fail_at = 0;
    assert_true(status == 401 || (status >= 500 && fail_at > 0));
    assert_int_equal(stage.auth->sessions.count, 1);
    stage_close(&stage);
    return faults.memory_used;
}

static void test_wrong(void **state)
{
    (void)state;
    sweep(wrong_story);
}

/* The account's hash is made stronger in the same batch. */
static uint64_t upgrade_story(uint64_t fail_at)
{
    struct ask ask;
    struct kw_auth_user *user;
    int status;

    open_stage();
    user = kw_auth_users_find(stage.auth, "security");
    user->scrypt.p = 1;
    assert_int_equal(
        EVP_PBE_scrypt(SECURITY_PASSWORD, strlen(SECURITY_PASSWORD),
                       user->scrypt.salt, KW_AUTH_SALT_BYTES, 16384, 8, 1,
                       1 << 30, user->scrypt.hash, KW_AUTH_HASH_BYTES),
        1);
    ask_from(&ask, "192.0.2.1");
    faults.memory_fail_at = fail_at;
    status = log_in(&stage, &ask, "security", SECURITY_PASSWORD);
    faults.memory_fail_at = 0;
    assert_true(status == 201 || (status >= 500 && fail_at > 0));
    if (status == 201)
        assert_int_equal(user->scrypt.p, 5);
    assert_true(can_log_in("security", SECURITY_PASSWORD));
    stage_close(&stage);
    return faults.memory_used;
}

static void test_upgrade(void **state)
{
    (void)state;
    sweep(upgrade_story);
}

static uint64_t set_up_story(uint64_t fail_at)
{
    char onetime[KW_SECRET_PASSWORD_SIZE];
    struct ask ask;
    bool done;
    int status;

    stage_open(&stage);
    stage_start(&stage);
    stage_until_ready(&stage);
    assert_true(stage_onetime(&stage, onetime));
    ask_from(&ask, "192.0.2.1");
    assert_int_equal(log_in(&stage, &ask, "security", onetime), 201);
    faults.memory_fail_at = fail_at;
    status = ask_once(&stage, &ask, KW_POST, "/setup", ask.token,
                      "{\"password\":\"" SECURITY_PASSWORD
                      "\",\"admin_name\":\"anna\",\"admin_password\":"
                      "\"" ADMIN_PASSWORD "\"}");
    faults.memory_fail_at = 0;
    assert_true(status == 201 || (status >= 500 && fail_at > 0));
    assert_false(stage.auth->setup_pending);
    /* all of it or nothing */
    done = can_log_in("anna", ADMIN_PASSWORD);
    assert_int_equal(can_log_in("security", SECURITY_PASSWORD), done);
    assert_int_equal(can_log_in("security", onetime), !done);
    assert_true(done || status != 201);
    stage_close(&stage);
    return faults.memory_used;
}

static void test_set_up(void **state)
{
    (void)state;
    sweep(set_up_story);
}

/* Passwords that are refused: the findings need memory too. */
static uint64_t refused_story(uint64_t fail_at)
{
    char onetime[KW_SECRET_PASSWORD_SIZE];
    struct ask ask;
    int status;

    stage_open(&stage);
    stage_start(&stage);
    stage_until_ready(&stage);
    assert_true(stage_onetime(&stage, onetime));
    ask_from(&ask, "192.0.2.1");
    assert_int_equal(log_in(&stage, &ask, "security", onetime), 201);
    faults.memory_fail_at = fail_at;
    status = ask_once(&stage, &ask, KW_POST, "/setup", ask.token,
                      "{\"password\":\"short\",\"admin_name\":\"an/na\","
                      "\"admin_password\":\"123456789012345\"}");
    faults.memory_fail_at = 0;
    assert_true(status == 422 || (status >= 500 && fail_at > 0));
    assert_int_equal(stage.auth->user_count, 1);
    stage_close(&stage);
    return faults.memory_used;
}

static void test_refused(void **state)
{
    (void)state;
    sweep(refused_story);
}

static uint64_t change_story(uint64_t fail_at)
{
    struct ask ask, other;
    bool changed;
    int status;

    open_stage();
    ask_from(&ask, "192.0.2.1");
    ask_from(&other, "192.0.2.2");
    assert_int_equal(log_in(&stage, &other, "anna", ADMIN_PASSWORD), 201);
    faults.memory_fail_at = fail_at;
    status = ask_once(&stage, &ask, KW_PUT, "/account/password", anna.token,
                      "{\"current\":\"" ADMIN_PASSWORD
                      "\",\"new\":\"" OTHER_PASSWORD "\"}");
    faults.memory_fail_at = 0;
    assert_true(status == 204 || (status >= 500 && fail_at > 0));
    changed = can_log_in("anna", OTHER_PASSWORD);
    assert_int_equal(can_log_in("anna", ADMIN_PASSWORD), !changed);
    assert_true(is_alive(&stage, anna.token));
    assert_int_equal(is_alive(&stage, other.token), !changed);
    assert_true(changed || status != 204);
    stage_close(&stage);
    return faults.memory_used;
}

static void test_change(void **state)
{
    (void)state;
    sweep(change_story);
}

static uint64_t log_out_story(uint64_t fail_at)
{
    struct ask ask;
    int status;

    open_stage();
    ask_from(&ask, "192.0.2.1");
    faults.memory_fail_at = fail_at;
    status = ask_once(&stage, &ask, KW_DELETE, "/session", anna.token, NULL);
    faults.memory_fail_at = 0;
    assert_true(status == 204 || (status >= 500 && fail_at > 0));
    if (status == 204) {
        assert_false(is_alive(&stage, anna.token));
        stage_stop(&stage);
        assert_int_equal(stage_rows(&stage, &kw_auth_sessions_table), 0);
        stage_start(&stage);
    }
    stage_close(&stage);
    return faults.memory_used;
}

static void test_log_out(void **state)
{
    (void)state;
    sweep(log_out_story);
}

static uint64_t who_am_i_story(uint64_t fail_at)
{
    struct ask ask;
    int status;

    open_stage();
    ask_from(&ask, "192.0.2.1");
    faults.memory_fail_at = fail_at;
    status = ask_once(&stage, &ask, KW_GET, "/session", anna.token, NULL);
    assert_true(status == 200 || (status >= 500 && fail_at > 0));
    status = ask_once(&stage, &ask, KW_GET, "/setup", NULL, NULL);
    assert_true(status == 200 || (status >= 500 && fail_at > 0));
    faults.memory_fail_at = 0;
    stage_close(&stage);
    return faults.memory_used + 10;
}

static void test_who_am_i(void **state)
{
    (void)state;
    sweep(who_am_i_story);
}

/* A start that fails ends; one that doesn't makes the account in the end. */
static uint64_t first_start_story(uint64_t fail_at)
{
    char onetime[KW_SECRET_PASSWORD_SIZE];
    struct ask ask;
    uint64_t used;

    stage_open(&stage);
    used = kw_mem_stats().allocations;
    kw_mem_fail_at(fail_at > 0 ? fail_at + 1 : 0); /* the state's own block */
    if (stage_try_start(&stage) != 0) {
        assert_true(fail_at > 0);
        kw_mem_fail_at(0);
        stage_start(&stage);
    }
    while (!stage.auth->ready) {
        uv_run(&stage.fixture.loop.uv, UV_RUN_ONCE);
        if (!stage.auth->ready && !stage.auth->first_pending)
            kw_auth_first_begin(stage.auth);
    }
    used = kw_mem_stats().allocations - used;
    kw_mem_fail_at(0);
    assert_true(stage_onetime(&stage, onetime));
    ask_from(&ask, "192.0.2.1");
    assert_int_equal(log_in(&stage, &ask, "security", onetime), 201);
    stage_close(&stage);
    return used;
}

static void test_first_start(void **state)
{
    (void)state;
    sweep(first_start_story);
}

/* A restart with a session that lives and one that is over. */
static uint64_t restart_story(uint64_t fail_at)
{
    struct ask ask;
    uint64_t used;

    open_stage();
    ask_from(&ask, "192.0.2.1");
    stage_advance(&stage, 30000000);
    assert_false(is_alive(&stage, anna.token));
    assert_int_equal(log_in(&stage, &ask, "anna", ADMIN_PASSWORD), 201);
    assert_int_equal(log_in(&stage, &anna, "anna", ADMIN_PASSWORD), 201);
    stage_stop(&stage);
    stage_advance(&stage, 43100000);
    stage_start(&stage);
    assert_int_equal(log_in(&stage, &anna, "anna", ADMIN_PASSWORD), 201);
    stage_stop(&stage);
    stage_advance(&stage, 1000000);
    used = kw_mem_stats().allocations;
    kw_mem_fail_at(fail_at > 0 ? fail_at + 1 : 0); /* the state's own block */
    if (stage_try_start(&stage) != 0) {
        assert_true(fail_at > 0);
        kw_mem_fail_at(0);
        stage_start(&stage);
    }
    assert_true(is_alive(&stage, anna.token));
    assert_false(is_alive(&stage, ask.token));
    assert_int_equal(stage.auth->user_count, 2);
    kw_fixture_run_ms(&stage.fixture, 1);
    used = kw_mem_stats().allocations - used;
    kw_mem_fail_at(0);
    stage_close(&stage);
    return used;
}

static void test_restart(void **state)
{
    (void)state;
    sweep(restart_story);
}

static uint64_t expiry_story(uint64_t fail_at)
{
    uint64_t used;

    open_stage();
    stage_advance(&stage, 600000);
    used = kw_mem_stats().allocations;
    kw_mem_fail_at(fail_at);
    kw_auth_expiry_sweep(stage.auth);
    assert_false(is_alive(&stage, anna.token));
    kw_fixture_run_ms(&stage.fixture, 1);
    used = kw_mem_stats().allocations - used;
    kw_mem_fail_at(0);
    stage_close(&stage);
    return used;
}

static void test_expiry(void **state)
{
    (void)state;
    sweep(expiry_story);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_log_in),      cmocka_unit_test(test_wrong),
        cmocka_unit_test(test_upgrade),     cmocka_unit_test(test_set_up),
        cmocka_unit_test(test_refused),     cmocka_unit_test(test_change),
        cmocka_unit_test(test_log_out),     cmocka_unit_test(test_who_am_i),
        cmocka_unit_test(test_first_start), cmocka_unit_test(test_restart),
        cmocka_unit_test(test_expiry),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
