/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration over the web: reading, changing whole and by section, who
 * may, revisions, going back, and what goes wrong on the way. Core itself with
 * modules made for it: a is restarted on a change, s is a section of Cyber
 * security, c takes changes over.
 */
#include "core/job.h"
#include "core/registry.h"
#include "core/revision.h"
#include "lib/gateway.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

static const char first_yaml[] = "site:\n  name: Works\n"
                                 "a:\n  value: 1\n"
                                 "s:\n  value: 2\n";

static void set_flag(void *arg)
{
    *(bool *)arg = true;
}

static int open_stage(void **state)
{
    struct kw_test_gateway *stage = calloc(1, sizeof(*stage));

    *state = stage;
    kw_test_gateway_open(stage);
    kw_test_modules_add(&stage->modules, "a", NULL, false);
    kw_test_modules_add(&stage->modules, "s", NULL, true)
        ->section[0]
        .permission = KW_MAY_SECURE;
    kw_test_modules_add(&stage->modules, "c", NULL, true)
        ->section[0]
        .permission = 0;
    kw_test_gateway_start(stage, first_yaml);
    return 0;
}

static int close_stage(void **state)
{
    kw_test_gateway_close(*state);
    free(*state);
    return 0;
}

static void be(struct kw_test_gateway *stage, enum kw_profile profile)
{
    stage->reply.who.profile = profile;
    stage->reply.who.permissions = kw_profile_permissions(profile);
}

/* Asks without waiting for the end. */
static void ask_put(struct kw_test_gateway *stage, const char *path,
                    const char *if_match, const char *body)
{
    stage->event[0] = 0;
    stage->reply.request.if_match = if_match;
    kw_test_ask(&stage->reply, stage->registry, "PUT", path, body);
    stage->reply.request.if_match = NULL;
}

static void put(struct kw_test_gateway *stage, const char *path,
                const char *if_match, const char *body, int status,
                const char *part)
{
    ask_put(stage, path, if_match, body);
    kw_test_gateway_settle(stage);
    kw_test_reply_expect(&stage->reply, status, part);
}

static uint64_t current(const struct kw_test_gateway *stage)
{
    return kw_revisions_current(stage->fixture.core.revisions);
}

static void test_read(void **state)
{
    struct kw_test_gateway *stage = *state;

    kw_test_gateway_get(stage, "/config", 200, "\"a\":{\"value\":1}");
    assert_true(kw_test_reply_has(&stage->reply, "ETag: \"1\""));
    kw_test_gateway_get(stage, "/config/a", 200, "{\"value\":1}");
    assert_true(kw_test_reply_has(&stage->reply, "ETag: \"1\""));
    kw_test_gateway_get(stage, "/config/circuits", 200,
                        "null"); /* known, but not given */
    assert_true(kw_test_reply_has(&stage->reply, "ETag: \"1\""));
    kw_test_gateway_get(stage, "/config/nothing", 404, "section_unknown");
    kw_test_gateway_get(stage, "/config/schema", 200, "\"circuits\":{");
    kw_test_gateway_get(
        stage, "/config/revisions", 200,
        "{\"current\":1,\"revisions\":[{\"number\":1,\"time\":1,"
        "\"author\":\"file\",\"reason\":\"first start\"}]}");
    kw_test_gateway_get(stage, "/config/revisions/1", 200, "name: Works");
    assert_string_equal(stage->reply.type, "application/yaml");
    kw_test_gateway_get(stage, "/config/revisions/2", 404, "revision_unknown");
    kw_test_gateway_get(stage, "/config/revisions/one", 404,
                        "revision_unknown");
}

/* A request that has next to no memory of its own can still read. */
static void test_small_arena(void **state)
{
    struct kw_test_gateway *stage = *state;

    stage->reply.arena.ceiling_bytes = 512;
    kw_test_gateway_get(stage, "/config", 200, "Works");
    kw_test_gateway_get(stage, "/config/a", 200, "{\"value\":1}");
}

static void test_put_section(void **state)
{
    struct kw_test_gateway *stage = *state;

    put(stage, "/config/a", "1", "{\"value\":5}", 200, "{\"revision\":2}");
    kw_test_trace(&stage->modules, "s2>2 c0>0 a- a. a+5 ");
    assert_string_equal(stage->event, "config_changed");
    assert_string_equal(stage->text, "revision 2 is in force");
    kw_test_gateway_get(stage, "/config/a", 200, "{\"value\":5}");
    assert_true(kw_test_reply_has(&stage->reply, "ETag: \"2\""));
    kw_test_gateway_get(stage, "/config/site", 200, "Works");
    kw_test_gateway_get(stage, "/config/revisions/2", 200, "value: 5");
    kw_test_gateway_get(stage, "/config/revisions", 200,
                        "\"reason\":\"web: a\"");

    /* An empty section goes back to its defaults. */
    put(stage, "/config/a", "2", "null", 200, "{\"revision\":3}");
    kw_test_trace(&stage->modules, "s2>2 c0>0 a- a. a+0 ");
    kw_test_gateway_get(stage, "/config/a", 200, "null");
}

static void test_put_whole(void **state)
{
    struct kw_test_gateway *stage = *state;

    put(stage, "/config", "1", "{\"s\":{\"value\":2},\"c\":{\"value\":9}}", 200,
        "{\"revision\":2}");
    kw_test_trace(&stage->modules, "s2>2 c0>9 a- a. a+0 ");
    kw_test_gateway_get(stage, "/config/site", 200, "null");
    kw_test_gateway_get(stage, "/site", 200, "Kilowatch");
    kw_test_gateway_get(stage, "/config/revisions", 200,
                        "web: whole configuration");
}

static void test_refused(void **state)
{
    static const struct {
        const char *path, *if_match, *body;
        int status;
        const char *part;
    } cases[] = {
        {"/config/a", NULL, "{}", 428, "if_match_missing"},
        {"/config/a", "2", "{}", 412, "revision 1 is in force"},
        {"/config/a", "", "{}", 412, "config_changed"},
        {"/config/a", "x", "{}", 412, "config_changed"},
        {"/config/a", "1", NULL, 422, "the body is missing"},
        {"/config/nothing", "1", "{}", 404, "section_unknown"},
        {"/config", NULL, "{}", 428, "if_match_missing"},
        {"/config", "1", "[]", 422, "config_invalid"},
        {"/config", "1", "5", 422, "config_invalid"},
        {"/config", "1", "null", 422, "config_invalid"},
        {"/config/a", "1", "{\"value\":\"x\"}", 422, "\"path\":\"a.value\""},
        {"/config/a", "1", "{\"value\":5000}", 422, "\"path\":\"a.value\""},
        {"/config/a", "1", "{\"vlaue\":5}", 422, "did you mean \\\"value\\\""},
        {"/config/a", "1", "[]", 422, "\"path\":\"a\""},
        {"/config/a", "1", "{\"refuse\":\"check\"}", 422, "check says no"},
        {"/config", "1", "{\"aa\":{},\"s\":{\"value\":2}}", 422,
         "\"errors\":[{\"path\":\"\""},
        {"/config/circuits", "1",
         "[{\"name\":\"x\",\"parent\":\"x\"},{\"name\":\"y\",\"kind\":3}]", 422,
         "circuits[1].kind"},
        {"/config/circuits", "1", "[{\"name\":\"x\",\"parent\":\"x\"}]", 422,
         "fed from itself"},
    };
    struct kw_test_gateway *stage = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        put(stage, cases[i].path, cases[i].if_match, cases[i].body,
            cases[i].status, cases[i].part);
        assert_int_equal(current(stage), 1);
        assert_string_equal(stage->event, "");
    }
    kw_test_trace(&stage->modules, "");
}

static void test_locked(void **state)
{
    struct kw_test_gateway *stage = *state;

    stage->fixture.core.env.config_locked = true;
    put(stage, "/config/a", "1", "{}", 403, "config_locked");
    put(stage, "/config", "1", "{}", 403, "config_locked");
    kw_test_ask(&stage->reply, stage->registry, "POST",
                "/config/revisions/1/restore", NULL);
    kw_test_reply_expect(&stage->reply, 403, "config_locked");
    kw_test_gateway_get(stage, "/config", 200, "Works");
}

/* Each section has its own permission, whichever way it is changed. */
static void test_permissions(void **state)
{
    static const struct {
        enum kw_profile profile;
        const char *path, *body;
        int status;
    } cases[] = {
        {KW_PROFILE_ADMIN, "/config/a", "{\"value\":7}", 200},
        {KW_PROFILE_ADMIN, "/config/s", "{\"value\":7}", 403},
        {KW_PROFILE_ADMIN, "/config/c", "{\"value\":7}", 200},
        {KW_PROFILE_CYBER_SECURITY, "/config/s", "{\"value\":8}", 200},
        {KW_PROFILE_CYBER_SECURITY, "/config/a", "{\"value\":8}", 403},
        {KW_PROFILE_CYBER_SECURITY, "/config/c", "{\"value\":8}", 403},
        {KW_PROFILE_CYBER_SECURITY, "/config/site", "{}", 403},
        {KW_PROFILE_ADVANCED_USER, "/config/a", "{\"value\":9}", 403},
        {KW_PROFILE_ADVANCED_USER, "/config/s", "{\"value\":9}", 403},
        {KW_PROFILE_USER, "/config/a", "{\"value\":9}", 403},
        {KW_PROFILE_USER, "/config", "{}", 403},
        {KW_PROFILE_SETUP, "/config/a", "{\"value\":9}", 403},
        /* Whole: what differs counts; added, changed and left out. */
        {KW_PROFILE_ADMIN, "/config",
         "{\"a\":{\"value\":1},\"s\":{\"value\":8}}", 200},
        {KW_PROFILE_ADMIN, "/config",
         "{\"a\":{\"value\":1},\"s\":{\"value\":9}}", 403},
        {KW_PROFILE_ADMIN, "/config", "{\"a\":{\"value\":1}}", 403},
        {KW_PROFILE_CYBER_SECURITY, "/config",
         "{\"s\":{\"value\":9},\"a\":{\"value\":1}}", 200},
        {KW_PROFILE_CYBER_SECURITY, "/config",
         "{\"s\":{\"value\":9},\"a\":{\"value\":1},\"c\":{}}", 403},
        {KW_PROFILE_CYBER_SECURITY, "/config", "{\"a\":{\"value\":1}}", 200},
        /* A section that nobody has is nobody's to add. */
        {KW_PROFILE_CYBER_SECURITY, "/config",
         "{\"a\":{\"value\":1},\"zzz\":{}}", 403},
    };
    struct kw_test_gateway *stage = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint64_t before = current(stage);
        char if_match[24];

        snprintf(if_match, sizeof(if_match), "%u", (unsigned)before);
        be(stage, cases[i].profile);
        put(stage, cases[i].path, if_match, cases[i].body, cases[i].status,
            cases[i].status == 403 ? "denied" : "revision");
        assert_int_equal(current(stage),
                         before + (cases[i].status == 200 ? 1 : 0));
    }
}

/* What says the same is answered, also to who may not change that section, and
 * makes no revision. */
static void test_nothing_changes(void **state)
{
    struct kw_test_gateway *stage = *state;

    be(stage, KW_PROFILE_USER); /* may change nothing: not even looked at */
    put(stage, "/config/a", "1", "{\"value\":1}", 403, "denied");
    be(stage, KW_PROFILE_CYBER_SECURITY);
    put(stage, "/config/a", "1", "{\"value\":1}", 200, "{\"revision\":1}");
    put(stage, "/config", "1",
        "{\"s\":{\"value\":2},\"a\":{\"value\":1},"
        "\"site\":{\"name\":\"Works\"}}",
        200, "{\"revision\":1}");
    kw_test_ask(&stage->reply, stage->registry, "POST",
                "/config/revisions/1/restore", NULL);
    kw_test_gateway_settle(stage);
    kw_test_reply_expect(&stage->reply, 200, "{\"revision\":1}");
    assert_int_equal(current(stage), 1);
    kw_test_trace(&stage->modules, "");
}

static void restore(struct kw_test_gateway *stage, const char *number,
                    int status, const char *part)
{
    char path[64];

    snprintf(path, sizeof(path), "/config/revisions/%s/restore", number);
    kw_test_ask(&stage->reply, stage->registry, "POST", path, NULL);
    kw_test_gateway_settle(stage);
    kw_test_reply_expect(&stage->reply, status, part);
}

static void test_restore(void **state)
{
    struct kw_test_gateway *stage = *state;

    put(stage, "/config/a", "1", "{\"value\":5}", 200, NULL);
    be(stage, KW_PROFILE_CYBER_SECURITY);
    put(stage, "/config/s", "2", "{\"value\":6}", 200, NULL);
    restore(stage, "1", 403, "section a");
    restore(stage, "2", 200, "{\"revision\":4}");
    be(stage, KW_PROFILE_ADMIN);
    restore(stage, "3", 403, "section s");
    restore(stage, "1", 200, "{\"revision\":5}");
    kw_test_gateway_get(stage, "/config/revisions", 200, "back to revision 1");
    kw_test_gateway_get(stage, "/config/a", 200, "{\"value\":1}");
    restore(stage, "9", 404, "revision_unknown");
    restore(stage, "-1", 404, "revision_unknown");
}

/* The page is closed before the answer: the change happens all the same. */
static void test_client_goes(void **state)
{
    struct kw_test_gateway *stage = *state;
    unsigned starts = stage->modules.list[0].starts;

    ask_put(stage, "/config/a", "1", "{\"value\":5}");
    assert_false(stage->reply.done);
    kw_test_reply_hang_up(&stage->reply);
    while (stage->modules.list[0].starts == starts)
        uv_run(&stage->fixture.loop.uv, UV_RUN_ONCE);
    assert_int_equal(stage->reply.status, 0);
    assert_int_equal(current(stage), 2);
    assert_string_equal(stage->event, "config_changed");
}

/* What can't be applied isn't in force, now or after the next start. */
static void test_not_applied(void **state)
{
    struct kw_test_gateway *stage = *state;

    put(stage, "/config/a", "1", "{\"value\":5,\"refuse\":\"start\"}", 200,
        "{\"revision\":2}");
    kw_test_trace(&stage->modules, "s2>2 c0>0 a- a. a+5! s2>2 c0>0 a+1 ");
    assert_string_equal(stage->event, "config_change_failed");
    assert_string_equal(stage->text, "a doesn't start with 5");
    assert_int_equal(current(stage), 3);
    kw_test_gateway_get(stage, "/config/a", 200, "{\"value\":1}");
    assert_true(kw_test_reply_has(&stage->reply, "ETag: \"3\""));
    kw_test_gateway_get(
        stage, "/config/revisions", 200,
        "\"author\":\"gateway\",\"reason\":\"revision 2 can't be applied\"");

    put(stage, "/config/c", "3", "{\"value\":5,\"refuse\":\"reconfigure\"}",
        200, "{\"revision\":4}");
    assert_string_equal(stage->event, "config_change_failed");
    assert_int_equal(current(stage), 5);
    put(stage, "/config/c", "5", "{\"value\":6}", 200, "{\"revision\":6}");
    assert_string_equal(stage->event, "config_changed");
}

/* One change at a time: while one is being stored, and while it is applied. */
static void test_two_at_once(void **state)
{
    struct kw_test_gateway *stage = *state;
    struct kw_test_reply second;

    kw_test_reply_init(&second, KW_PROFILE_ADMIN);
    second.request.if_match = "2";
    stage->modules.list[0].hold = true;
    ask_put(stage, "/config/a", "1", "{\"value\":5}");
    kw_test_ask(&second, stage->registry, "PUT", "/config/c", "{\"value\":1}");
    kw_test_reply_expect(&second, 409, "change_under_way");
    while (!stage->reply.done)
        uv_run(&stage->fixture.loop.uv, UV_RUN_ONCE);
    kw_test_reply_expect(&stage->reply, 200, "{\"revision\":2}");
    assert_true(kw_registry_is_changing(stage->registry));
    kw_test_ask(&second, stage->registry, "PUT", "/config/c", "{\"value\":1}");
    kw_test_reply_expect(&second, 409, "change_under_way");
    stage->modules.list[0].hold = false;
    kw_test_let_go(&stage->modules.list[0]);
    kw_test_gateway_settle(stage);
    put(stage, "/config/c", "2", "{\"value\":1}", 200, "{\"revision\":3}");
    kw_test_reply_fini(&second);
}

/* Keeps the lane of files busy, as one that hangs does. */
struct slow_file {
    struct kw_job job;
    pthread_mutex_t lock;
};

static void hang(struct kw_job *job)
{
    struct slow_file *file = KW_LIST_ENTRY(job, struct slow_file, job);

    pthread_mutex_lock(&file->lock);
    pthread_mutex_unlock(&file->lock);
}

static void on_read(struct kw_job *job, int err)
{
    (void)job;
    assert_int_equal(err, 0);
}

/* A file that is read for as long as it likes holds up the change and nothing
 * else: the loop turns, a second change is told so. */
static void test_slow_files(void **state)
{
    struct kw_test_gateway *stage = *state;
    struct slow_file file = {.job = {.work = hang, .done = on_read}};
    struct kw_test_reply second;

    pthread_mutex_init(&file.lock, NULL);
    pthread_mutex_lock(&file.lock);
    assert_int_equal(
        kw_jobs_submit(stage->fixture.core.jobs, KW_LANE_FILES, &file.job), 0);
    ask_put(stage, "/config/a", "1", "{\"value\":5}");
    kw_test_reply_init(&second, KW_PROFILE_ADMIN);
    second.request.if_match = "1";
    for (int turn = 0; turn < 100; turn++)
        uv_run(&stage->fixture.loop.uv, UV_RUN_NOWAIT);
    assert_false(stage->reply.done);
    kw_test_ask(&second, stage->registry, "PUT", "/config/c", "{\"value\":1}");
    kw_test_reply_expect(&second, 409, "change_under_way");
    kw_test_ask(&second, stage->registry, "GET", "/config/a", NULL);
    kw_test_reply_expect(&second, 200, "{\"value\":1}");
    pthread_mutex_unlock(&file.lock);
    kw_test_gateway_settle(stage);
    kw_test_reply_expect(&stage->reply, 200, "{\"revision\":2}");
    kw_test_reply_fini(&second);
    pthread_mutex_destroy(&file.lock);
}

/* Warnings are answered with the revision, and logged when it is in force. */
static void test_warnings(void **state)
{
    struct kw_test_gateway *stage = *state;

    put(stage, "/config/c", "1", "{\"refuse\":\"warn\"}", 200,
        "{\"revision\":2,\"warnings\":[{\"path\":\"refuse\",\"message\":"
        "\"check is not sure\"}]}");
}

/* The gateway stops while a change is on its way to the disk: it is stored,
 * not applied, and core waits for that. */
static void test_stop_while_storing(void **state)
{
    struct kw_test_gateway *stage = *state;

    ask_put(stage, "/config/a", "1", "{\"value\":5}");
    kw_test_reply_hang_up(&stage->reply); /* as http does when it stops */
    kw_registry_stop(stage->registry, set_flag, &stage->stopped);
    kw_fixture_until_set(&stage->fixture, &stage->stopped);
    assert_int_equal(current(stage), 2);
    kw_test_trace(&stage->modules, "c- c. s- s. a- a. ");
    assert_string_equal(stage->event, "");
}

/* A disk that is full: told, and nothing has changed. */
static void test_disk_full(void **state)
{
    struct kw_test_gateway *stage = *state;
    struct rlimit usual, none;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &usual), 0);
    none = usual;
    none.rlim_cur = 1;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    put(stage, "/config/a", "1", "{\"value\":5}", 503, "not_stored");
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &usual), 0);
    assert_int_equal(current(stage), 1);
    kw_test_trace(&stage->modules, "");
    put(stage, "/config/a", "1", "{\"value\":6}", 200, "{\"revision\":2}");
    kw_test_trace(&stage->modules, "s2>2 c0>0 a- a. a+6 ");
}

#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, open_stage, close_stage)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_read),
        TEST(test_small_arena),
        TEST(test_put_section),
        TEST(test_put_whole),
        TEST(test_refused),
        TEST(test_locked),
        TEST(test_permissions),
        TEST(test_nothing_changes),
        TEST(test_slow_files),
        TEST(test_warnings),
        TEST(test_restore),
        TEST(test_client_goes),
        TEST(test_not_applied),
        TEST(test_two_at_once),
        TEST(test_stop_while_storing),
        TEST(test_disk_full),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
