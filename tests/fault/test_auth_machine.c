/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the machine can refuse auth: random bytes, the disk, the state folder,
 * places in the lanes. First start and set-up go on when it gives again.
 */
#include "loop/test_auth_stage.h"

#include <dlfcn.h>
#include <lmdb.h>

static struct stage stage;

static const char good_setup[] =
    "{\"password\":\"" SECURITY_PASSWORD "\",\"admin_name\":\"anna\","
    "\"admin_password\":\"" ADMIN_PASSWORD "\"}";

/* The first attempt ends without an account. */
static void until_given_up(void)
{
    while (stage.auth->first_pending)
        uv_run(&stage.fixture.loop.uv, UV_RUN_ONCE);
    assert_false(stage.auth->ready);
    assert_int_equal(stage.auth->user_count, 0);
    assert_true(uv_is_active((uv_handle_t *)&stage.auth->timer));
}

/* The module's timer tries again; the test does not wait for it. */
static void retry_now(void)
{
    clear_faults();
    uv_timer_start(&stage.auth->timer, stage.auth->timer.timer_cb, 0, 0);
    stage_until_ready(&stage);
    assert_int_equal(stage.auth->user_count, 1);
}

static void no_disk(void)
{
    faults.no_sync = true;
}

static void no_scrypt(void)
{
    faults.no_scrypt = true;
}

static void no_random_password(void)
{
    faults.random_fail_at = 2; /* after the throttle's key */
}

static void no_random_salt(void)
{
    faults.random_fail_at = 3;
}

static void no_folder(void)
{
    stage.fixture.core.env.state_dir = stage_path(&stage, "none");
}

static void test_first_start(void **state)
{
    static void (*const refuse[])(void) = {
        no_disk, no_scrypt, no_random_password, no_random_salt, no_folder};

    (void)state;
    for (size_t i = 0; i < sizeof(refuse) / sizeof(refuse[0]); i++) {
        struct ask ask;

        stage_open(&stage);
        refuse[i]();
        stage_start(&stage);
        until_given_up();
        ask_from(&ask, "192.0.2.1");
        assert_int_equal(log_in(&stage, &ask, "security", "x"), 503);
        stage.fixture.core.env.state_dir = stage.fixture.dir;
        retry_now();
        stage_close(&stage);
    }
}

static void test_start_without_random(void **state)
{
    (void)state;
    stage_open(&stage);
    faults.no_random = true;
    assert_int_equal(stage_try_start(&stage), KW_EIO);
    clear_faults();
    stage_close(&stage);
}

/* A job that holds a thread of a lane until it is let go. */
struct plug {
    struct kw_job job;
    bool done;
};

static void plug_work(struct kw_job *job)
{
    (void)job;
    pthread_mutex_lock(&faults.lock);
    while (faults.hold)
        pthread_cond_wait(&faults.wake, &faults.lock);
    pthread_mutex_unlock(&faults.lock);
}

static void plug_done(struct kw_job *job, int err)
{
    (void)err;
    KW_LIST_ENTRY(job, struct plug, job)->done = true;
}

static void plug_lane(struct plug *plugs, size_t count, enum kw_lane lane)
{
    hold_hashes(true);
    for (size_t i = 0; i < count; i++) {
        plugs[i] = (struct plug){.job = {.work = plug_work, .done = plug_done}};
        assert_int_equal(
            kw_jobs_submit(stage.fixture.core.jobs, lane, &plugs[i].job), 0);
    }
}

static void open_lanes(void)
{
    assert_int_equal(
        kw_jobs_new(&stage.fixture.core.jobs, &stage.fixture.loop.uv), 0);
}

/* Closes the lanes with what is queued behind the plugs. */
static void close_lanes(void)
{
    bool closed = false;

    kw_jobs_close(stage.fixture.core.jobs, stage_on_stopped, &closed);
    hold_hashes(false);
    kw_fixture_until_set(&stage.fixture, &closed);
}

static void test_lane_full(void **state)
{
    struct plug plugs[8];

    (void)state;
    stage_open(&stage);
    plug_lane(plugs, 8, KW_LANE_HASH);
    stage_start(&stage);
    until_given_up();
    hold_hashes(false);
    kw_fixture_until_set(&stage.fixture, &plugs[7].done);
    retry_now();
    stage_close(&stage);
}

/* The program stops while the first account waits for its hash. */
static void test_lanes_close(void **state)
{
    struct plug plug;
    struct kw_db *db;

    (void)state;
    stage_open(&stage);
    db = stage.fixture.core.db;
    plug_lane(&plug, 1, KW_LANE_HASH);
    stage_start(&stage);
    kw_auth_first_begin(stage.auth); /* once is enough */
    assert_int_equal(kw_jobs_pending(stage.fixture.core.jobs, KW_LANE_HASH), 2);
    close_lanes();
    until_given_up();
    stage_stop(&stage);
    open_lanes();
    kw_db_free(NULL);
    assert_ptr_equal(stage.fixture.core.db, db);
    stage_close(&stage);
}

/* The file of the used password can't be removed now; the next start does. */
static void test_file_stays(void **state)
{
    struct plug plugs[2];
    struct ask ask;
    char onetime[KW_SECRET_PASSWORD_SIZE];

    (void)state;
    stage_open(&stage);
    stage_start(&stage);
    stage_set_up(&stage, &ask);
    while (kw_jobs_pending(stage.fixture.core.jobs, KW_LANE_WORK) > 0)
        uv_run(&stage.fixture.loop.uv, UV_RUN_ONCE);
    assert_int_equal(kw_auth_onetime_reveal(stage.fixture.dir, "security",
                                            "AAAA-AAAA-AAAA-AAAA"),
                     0);
    plug_lane(plugs, 2, KW_LANE_WORK);
    kw_auth_first_forget(stage.auth);
    close_lanes();
    assert_true(stage_onetime(&stage, onetime));
    stage_stop(&stage);
    open_lanes();

    /* a folder in its place can't be removed by unlink */
    assert_int_equal(unlink(stage_path(&stage, KW_AUTH_ONETIME_FILE)), 0);
    assert_int_equal(mkdir(stage_path(&stage, KW_AUTH_ONETIME_FILE), 0700), 0);
    stage_start(&stage);
    while (kw_jobs_pending(stage.fixture.core.jobs, KW_LANE_WORK) > 0)
        uv_run(&stage.fixture.loop.uv, UV_RUN_ONCE);
    assert_int_equal(access(stage_path(&stage, KW_AUTH_ONETIME_FILE), F_OK), 0);
    stage_close(&stage);
}

static void no_session(void)
{
    faults.random_fail_at = 3; /* after the salts of both accounts */
}

/* Set-up fails as a whole and can be done again. */
static void test_set_up(void **state)
{
    static void (*const refuse[])(void) = {no_disk, no_scrypt, no_session};
    char onetime[KW_SECRET_PASSWORD_SIZE], token[65];
    struct plug plugs[8];
    struct ask ask;

    (void)state;
    stage_open(&stage);
    stage_start(&stage);
    stage_until_ready(&stage);
    assert_true(stage_onetime(&stage, onetime));
    ask_from(&ask, "192.0.2.1");
    assert_int_equal(log_in(&stage, &ask, "security", onetime), 201);
    memcpy(token, ask.token, sizeof(token));
    for (size_t i = 0; i < sizeof(refuse) / sizeof(refuse[0]); i++) {
        refuse[i]();
        assert_int_equal(
            ask_once(&stage, &ask, KW_POST, "/setup", token, good_setup), 503);
        clear_faults();
        assert_int_equal(stage.auth->user_count, 1);
        assert_int_equal(stage.auth->sessions.count, 1);
        assert_true(is_alive(&stage, token));
    }
    plug_lane(plugs, 8, KW_LANE_HASH);
    assert_int_equal(
        ask_once(&stage, &ask, KW_POST, "/setup", token, good_setup), 429);
    hold_hashes(false);
    kw_fixture_until_set(&stage.fixture, &plugs[7].done);

    /* the account has gone, whatever let the request through */
    stage.auth->user_count = 0;
    ask.answered = false;
    ask.who.session = stage.auth->sessions.last_handle;
    kw_auth_post_setup(stage.auth, &ask.request);
    assert_int_equal(ask.status, 409);
    ask.answered = false;
    ask.who.session = 0;
    kw_auth_post_setup(stage.auth, &ask.request);
    assert_int_equal(ask.status, 409);
    stage.auth->user_count = 1;

    assert_int_equal(
        ask_once(&stage, &ask, KW_POST, "/setup", token, good_setup), 201);
    /* a session that has nothing to set up */
    ask.answered = false;
    ask.who.session = stage.auth->sessions.last_handle;
    kw_auth_post_setup(stage.auth, &ask.request);
    assert_int_equal(ask.status, 409);
    stage_close(&stage);
}

/* A log-in is waiting when the lanes close: one answer, nothing left. */
static void test_log_in_closes(void **state)
{
    struct plug plug;
    struct ask ask;

    (void)state;
    stage_open(&stage);
    stage_start(&stage);
    stage_set_up(&stage, &ask);
    plug_lane(&plug, 1, KW_LANE_HASH);
    begin_log_in(&stage, &ask, "anna", ADMIN_PASSWORD);
    close_lanes();
    assert_int_equal(ask_wait(&stage, &ask), 503);
    stage_stop(&stage);
    open_lanes();
    stage_close(&stage);
}

/* Reading the tables fails at the n-th step. */
static unsigned cursor_fail_at;

int mdb_cursor_get(MDB_cursor *cursor, MDB_val *key, MDB_val *data,
                   MDB_cursor_op op)
{
    union {
        void *symbol;
        int (*call)(MDB_cursor *cursor, MDB_val *key, MDB_val *data,
                    MDB_cursor_op op);
    } real = {.symbol = dlsym(RTLD_NEXT, "mdb_cursor_get")};

    if (cursor_fail_at > 0 && --cursor_fail_at == 0)
        return MDB_CORRUPTED;
    return real.call(cursor, key, data, op);
}

/* A table that can't be read ends the start; it does not mean "no account".
 */
static void test_unreadable(void **state)
{
    struct ask ask;

    (void)state;
    stage_open(&stage);
    stage_start(&stage);
    stage_set_up(&stage, &ask);
    stage_stop(&stage);
    for (unsigned n = 1; n <= 5; n++) { /* two accounts, one session, ends */
        cursor_fail_at = n;
        assert_int_equal(stage_try_start(&stage), KW_ECORRUPT);
    }
    cursor_fail_at = 0;
    stage_start(&stage);
    assert_true(is_alive(&stage, ask.token));
    stage_close(&stage);
}

/* The machine has no name that can be told. */
int gethostname(char *name, size_t size)
{
    (void)name;
    (void)size;
    errno = ENAMETOOLONG;
    return -1;
}

static void test_no_host_name(void **state)
{
    (void)state;
    stage_open(&stage);
    stage_start(&stage);
    assert_string_equal(stage.auth->host, "");
    stage_until_ready(&stage);
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_start),
        cmocka_unit_test(test_start_without_random),
        cmocka_unit_test(test_lane_full),
        cmocka_unit_test(test_lanes_close),
        cmocka_unit_test(test_file_stays),
        cmocka_unit_test(test_set_up),
        cmocka_unit_test(test_log_in_closes),
        cmocka_unit_test(test_unreadable),
        cmocka_unit_test(test_no_host_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
