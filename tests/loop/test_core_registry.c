/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The registry with modules that do what their configuration says: a; b needs
 * a; c takes changes over; d needs b; e stands alone. What is done with them
 * is compared as a trace, see lib/modules.h.
 */
#include "core/core_module.h"
#include "core/registry.h"
#include "lib/fixture.h"
#include "lib/modules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct stage {
    struct kw_fixture fixture;
    struct kw_test_modules modules;
    struct kw_registry *registry;
    struct kw_subscriber subscriber;
    char event[512]; /* text of the last one, "" none */
    unsigned applied;
    int err;
    char why[256]; /* first finding of the last change */
    bool stopped;
};

static void on_event(void *arg, const struct kw_event *event)
{
    struct stage *stage = arg;

    assert_string_equal(event->kind->key, "config_change_failed");
    snprintf(stage->event, sizeof(stage->event), "%s", event->text);
}

static void on_applied(void *arg, int err, const struct kw_diag *diag)
{
    struct stage *stage = arg;

    stage->applied++;
    stage->err = err;
    (void)kw_diag_first(diag, stage->why, sizeof(stage->why));
}

static void on_stopped(void *arg)
{
    struct stage *stage = arg;

    stage->stopped = true;
}

/* Everything but the start. */
static void open_stage(struct stage *stage)
{
    *stage = (struct stage){.err = 0};
    kw_fixture_open(&stage->fixture, 0);
    kw_test_modules_init(&stage->modules);
    kw_test_modules_add(&stage->modules, "a", NULL, false);
    kw_test_modules_add(&stage->modules, "b", "a", false);
    kw_test_modules_add(&stage->modules, "c", NULL, true);
    kw_test_modules_add(&stage->modules, "d", "b", false);
    kw_test_modules_add(&stage->modules, "e", NULL, false);
    assert_int_equal(kw_registry_new(&stage->registry, stage->modules.table),
                     0);
    stage->fixture.core.registry = stage->registry;
    stage->subscriber.on_event = on_event;
    stage->subscriber.arg = stage;
    kw_hub_subscribe(stage->fixture.core.hub, &stage->subscriber);
}

static int start_with(struct stage *stage, const char *yaml)
{
    struct kw_core *core = &stage->fixture.core;
    struct kw_conf_set *set = kw_test_conf(stage->registry, &core->env, yaml);
    struct kw_diag diag;
    int err;

    kw_diag_init(&diag);
    err = kw_registry_start(stage->registry, core, set, &diag);
    (void)kw_diag_first(&diag, stage->why, sizeof(stage->why));
    kw_diag_fini(&diag);
    kw_conf_set_drop(set);
    return err;
}

static void start(struct stage *stage, const char *yaml)
{
    open_stage(stage);
    assert_int_equal(start_with(stage, yaml), 0);
    stage->modules.trace[0] = 0;
}

static void close_stage(struct stage *stage)
{
    if (!stage->stopped)
        kw_registry_stop(stage->registry, on_stopped, stage);
    kw_fixture_until_set(&stage->fixture, &stage->stopped);
    kw_registry_free(stage->registry);
    kw_fixture_close(&stage->fixture);
}

static int apply(struct stage *stage, const char *yaml)
{
    struct kw_conf_set *set =
        kw_test_conf(stage->registry, &stage->fixture.core.env, yaml);
    int err = kw_registry_apply(stage->registry, set, on_applied, stage);

    kw_conf_set_drop(set);
    return err;
}

static bool is_still(void *arg)
{
    const struct stage *stage = arg;

    return !kw_registry_is_changing(stage->registry);
}

/* Applies and waits for the end; gives its result. */
static int change(struct stage *stage, const char *yaml)
{
    unsigned before = stage->applied;

    stage->event[0] = 0;
    assert_int_equal(apply(stage, yaml), 0);
    kw_fixture_until(&stage->fixture, is_still, stage);
    assert_int_equal(stage->applied, before + 1);
    return stage->err;
}

static enum kw_module_state state_of(const struct stage *stage, size_t index)
{
    return kw_registry_state(stage->registry, index);
}

static void assert_all_run(const struct stage *stage)
{
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(state_of(stage, i), KW_MODULE_RUNNING);
}

static void test_start_and_stop(void **state)
{
    struct stage stage;

    (void)state;
    open_stage(&stage);
    assert_int_equal(start_with(&stage, "a: {value: 1}\ne: {value: 5}\n"), 0);
    kw_test_trace(&stage.modules, "a+1 b+0 c+0 d+0 e+5 ");
    assert_all_run(&stage);
    kw_registry_stop(stage.registry, on_stopped, &stage);
    assert_false(stage.stopped);
    assert_int_equal(state_of(&stage, 4), KW_MODULE_STOPPING);
    assert_null(kw_registry_self(stage.registry, 4));
    kw_fixture_until_set(&stage.fixture, &stage.stopped);
    kw_test_trace(&stage.modules, "e- e. d- d. c- c. b- b. a- a. ");
    close_stage(&stage);
}

static void test_stop_at_once(void **state)
{
    struct stage stage;

    (void)state;
    open_stage(&stage);
    for (size_t i = 0; i < stage.modules.count; i++)
        stage.modules.list[i].stop_now = true;
    assert_int_equal(start_with(&stage, ""), 0);
    kw_registry_stop(stage.registry, on_stopped, &stage);
    assert_true(stage.stopped);
    close_stage(&stage);
}

/* Each row: what runs, what comes, what is done, how it ends. */
static const struct {
    const char *from, *to, *trace;
    int err;
    const char *event;
} changes[] = {
    /* Nothing differs: only who takes changes over hears of it. */
    {"a: {value: 1}", "a: {value: 1}", "c0>0 ", 0, ""},
    {"", "c: {value: 4}", "c0>4 ", 0, ""},
    {"", "e: {value: 4}", "c0>0 e- e. e+4 ", 0, ""},
    /* Keys in another order say the same. */
    {"a: {value: 1, text: x}", "a: {text: x, value: 1}", "c0>0 ", 0, ""},
    /* Who needs a restarted one is restarted. */
    {"", "a: {value: 1}", "c0>0 d- d. b- b. a- a. a+1 b+0 d+0 ", 0, ""},
    {"", "b: {value: 1}", "c0>0 d- d. b- b. b+1 d+0 ", 0, ""},
    {"", "b: {value: 1}\ne: {value: 2}", "c0>0 e- e. d- d. b- b. b+1 d+0 e+2 ",
     0, ""},
    /* A refused reconfigure: nothing was stopped yet, nothing is. */
    {"", "a: {value: 1}\nc: {value: 3, refuse: reconfigure}", "c0>3! ",
     KW_EDENIED, "c doesn't take 3"},
    /* A refused start: c goes back, b comes up with the old one. */
    {"b: {value: 1}\nc: {value: 2}",
     "b: {value: 7, refuse: start}\nc: {value: 3}",
     "c2>3 d- d. b- b. b+7! c3>2 b+1 d+0 ", KW_EBUSY, "b doesn't start with 7"},
    /* What was restarted with the new one already goes back too. */
    {"a: {value: 1}\ne: {value: 5}",
     "a: {value: 2}\ne: {value: 6, refuse: start}",
     "c0>0 e- e. d- d. b- b. a- a. a+2 b+0 d+0 e+6! "
     "c0>0 d- d. b- b. a- a. a+1 b+0 d+0 e+5 ",
     KW_EBUSY, "e doesn't start with 6"},
    /* One that doesn't want to go back is restarted. */
    {"c: {value: 1, refuse: reconfigure}", "c: {value: 2}\ne: {refuse: start}",
     "c1>2 e- e. e+0! c2>1! c- c. c+1 e+0 ", KW_EBUSY, "e doesn't start"},
};

static void test_changes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        struct stage stage;

        start(&stage, changes[i].from);
        assert_int_equal(change(&stage, changes[i].to), changes[i].err);
        kw_test_trace(&stage.modules, changes[i].trace);
        assert_non_null(strstr(stage.event, changes[i].event));
        assert_int_equal(stage.event[0] != 0, changes[i].err != 0);
        assert_all_run(&stage);
        close_stage(&stage);
    }
}

/* A start that fails with both: it stays down with all that need it, and its
 * section brings it back. */
static void test_lost_and_found(void **state)
{
    struct stage stage;
    struct kw_health health;

    (void)state;
    start(&stage, "b: {value: 1}");
    stage.modules.list[1].fail_next = 2;
    assert_int_equal(change(&stage, "b: {value: 2}"), KW_EBUSY);
    kw_test_trace(&stage.modules, "c0>0 d- d. b- b. b+2! c0>0 b+1! ");
    assert_non_null(strstr(stage.event, "b doesn't start with 2"));
    assert_non_null(strstr(stage.event, "; module b doesn't run"));
    assert_non_null(strstr(stage.event, "; module d doesn't run"));
    assert_int_equal(state_of(&stage, 1), KW_MODULE_STOPPED);
    assert_int_equal(state_of(&stage, 3), KW_MODULE_STOPPED);
    assert_null(kw_registry_need(stage.registry, "b"));
    kw_registry_health(stage.registry, 1, &health);
    assert_int_equal(health.level, KW_LEVEL_FAILED);
    assert_non_null(strstr(health.text, "could not be started again"));

    /* A change of something else doesn't try them. */
    assert_int_equal(change(&stage, "b: {value: 1}\ne: {value: 1}"), 0);
    kw_test_trace(&stage.modules, "c0>0 e- e. e+1 ");

    assert_int_equal(change(&stage, "b: {value: 3}\ne: {value: 1}"), 0);
    kw_test_trace(&stage.modules, "c0>0 b+3 d+0 ");
    assert_all_run(&stage);
    kw_registry_health(stage.registry, 1, &health);
    assert_int_equal(health.level, KW_LEVEL_OK);
    close_stage(&stage);
}

static void test_lost_again(void **state)
{
    struct stage stage;

    (void)state;
    start(&stage, "");
    stage.modules.list[4].fail_next = 3;
    assert_int_equal(change(&stage, "e: {value: 2}"), KW_EBUSY);
    assert_int_equal(change(&stage, "e: {value: 3}"), KW_EBUSY);
    kw_test_trace(&stage.modules,
                  "c0>0 e- e. e+2! c0>0 e+0! c0>0 e+3! c0>0 e+0 ");
    assert_all_run(&stage);
    close_stage(&stage);
}

static void test_start_refused(void **state)
{
    struct stage stage;

    (void)state;
    open_stage(&stage);
    assert_int_equal(start_with(&stage, "c: {refuse: start}"), KW_EBUSY);
    assert_string_equal(stage.why, "c doesn't start with 0");
    kw_test_trace(&stage.modules, "a+0 b+0 c+0! ");
    assert_int_equal(state_of(&stage, 2), KW_MODULE_STOPPED);
    close_stage(&stage);
    kw_test_trace(&stage.modules, "b- b. a- a. ");
}

static void test_nothing_started(void **state)
{
    struct stage stage;
    struct kw_health health;

    (void)state;
    open_stage(&stage);
    kw_registry_health(stage.registry, 0, &health);
    assert_int_equal(health.level, KW_LEVEL_OK);
    kw_registry_stop(stage.registry, on_stopped, &stage);
    assert_true(stage.stopped);
    close_stage(&stage);
}

static void test_stop_during_change(void **state)
{
    struct stage stage;

    (void)state;
    start(&stage, "");
    stage.modules.list[4].hold = true;
    assert_int_equal(apply(&stage, "e: {value: 1}"), 0);
    kw_test_trace(&stage.modules, "c0>0 e- ");
    kw_registry_stop(stage.registry, on_stopped, &stage);
    assert_int_equal(apply(&stage, ""), KW_ECLOSING);
    kw_fixture_run_ms(&stage.fixture, 5);
    kw_test_trace(&stage.modules, "");
    stage.modules.list[4].hold = false;
    kw_test_let_go(&stage.modules.list[4]);
    kw_fixture_until_set(&stage.fixture, &stage.stopped);
    assert_int_equal(stage.applied, 1);
    assert_int_equal(stage.err, 0);
    kw_test_trace(&stage.modules, "e. e+1 e- e. d- d. c- c. b- b. a- a. ");
    close_stage(&stage);
}

static void test_stop_during_turn_round(void **state)
{
    struct stage stage;

    (void)state;
    start(&stage, "");
    stage.modules.list[4].hold = true;
    assert_int_equal(apply(&stage, "e: {refuse: start}"), 0);
    kw_registry_stop(stage.registry, on_stopped, &stage);
    stage.modules.list[4].hold = false;
    kw_test_let_go(&stage.modules.list[4]);
    kw_fixture_until_set(&stage.fixture, &stage.stopped);
    assert_int_equal(stage.err, KW_EBUSY);
    kw_test_trace(&stage.modules, "c0>0 e- e. e+0! c0>0 e+0 "
                                  "e- e. d- d. c- c. b- b. a- a. ");
    close_stage(&stage);
}

/* What is down for a moment has not failed; nor has it after the end. */
static void test_health_meanwhile(void **state)
{
    struct stage stage;
    struct kw_health health;

    (void)state;
    start(&stage, "");
    stage.modules.list[1].hold = true;
    assert_int_equal(apply(&stage, "b: {value: 1}"), 0);
    while (state_of(&stage, 3) != KW_MODULE_STOPPED)
        uv_run(&stage.fixture.loop.uv, UV_RUN_ONCE);
    kw_registry_health(stage.registry, 3, &health);
    assert_int_equal(health.level, KW_LEVEL_OK);
    stage.modules.list[1].hold = false;
    while (stage.modules.list[1].self == NULL)
        uv_run(&stage.fixture.loop.uv, UV_RUN_ONCE);
    kw_test_let_go(&stage.modules.list[1]);
    kw_fixture_until(&stage.fixture, is_still, &stage);
    kw_registry_stop(stage.registry, on_stopped, &stage);
    kw_registry_stop(stage.registry, on_stopped, &stage); /* nothing new */
    kw_fixture_until_set(&stage.fixture, &stage.stopped);
    kw_registry_health(stage.registry, 3, &health);
    assert_int_equal(health.level, KW_LEVEL_OK);
    close_stage(&stage);
}

static void test_one_at_a_time(void **state)
{
    struct stage stage;

    (void)state;
    start(&stage, "");
    stage.modules.list[4].hold = true;
    assert_int_equal(apply(&stage, "e: {value: 1}"), 0);
    assert_true(kw_registry_is_changing(stage.registry));
    assert_int_equal(apply(&stage, "e: {value: 2}"), KW_EBUSY);
    stage.modules.list[4].hold = false;
    kw_test_let_go(&stage.modules.list[4]);
    kw_fixture_until(&stage.fixture, is_still, &stage);
    kw_test_trace(&stage.modules, "c0>0 e- e. e+1 ");
    close_stage(&stage);
}

static void apply_more(void *arg, int err, const struct kw_diag *diag)
{
    struct stage *stage = arg;

    on_applied(arg, err, diag);
    assert_int_equal(apply(stage, "c: {value: 9}"), 0);
}

/* A change from inside the end of one. */
static void test_change_after_change(void **state)
{
    struct stage stage;
    struct kw_conf_set *set;

    (void)state;
    start(&stage, "");
    set =
        kw_test_conf(stage.registry, &stage.fixture.core.env, "c: {value: 8}");
    assert_int_equal(kw_registry_apply(stage.registry, set, apply_more, &stage),
                     0);
    kw_conf_set_drop(set);
    assert_int_equal(stage.applied, 2);
    kw_test_trace(&stage.modules, "c0>8 c8>9 ");
    close_stage(&stage);
}

static void stop_all(void *arg, int err, const struct kw_diag *diag)
{
    struct stage *stage = arg;

    on_applied(arg, err, diag);
    kw_registry_stop(stage->registry, on_stopped, stage);
}

static void test_stop_after_change(void **state)
{
    struct stage stage;
    struct kw_conf_set *set;

    (void)state;
    start(&stage, "");
    for (size_t i = 0; i < stage.modules.count; i++)
        stage.modules.list[i].hold = false;
    set = kw_test_conf(stage.registry, &stage.fixture.core.env, "");
    assert_int_equal(kw_registry_apply(stage.registry, set, stop_all, &stage),
                     0);
    kw_conf_set_drop(set);
    kw_fixture_until_set(&stage.fixture, &stage.stopped);
    kw_test_trace(&stage.modules, "c0>0 e- e. d- d. c- c. b- b. a- a. ");
    close_stage(&stage);
}

/* Nobody has to hear of the end; old sets go when nobody runs with them. */
static void test_sets_go(void **state)
{
    struct stage stage;
    uint64_t blocks = 0;

    (void)state;
    start(&stage, "e: {value: 5}");
    for (int i = 1; i <= 40; i++) {
        char yaml[64];
        struct kw_conf_set *set;

        snprintf(yaml, sizeof(yaml), "a: {value: %d}\ne: {value: 5}", i);
        set = kw_test_conf(stage.registry, &stage.fixture.core.env, yaml);
        assert_int_equal(kw_registry_apply(stage.registry, set, NULL, NULL), 0);
        kw_fixture_until(&stage.fixture, is_still, &stage);
        assert_ptr_equal(kw_registry_conf(stage.registry), set);
        kw_conf_set_drop(set);
        stage.modules.trace[0] = 0;
        if (i == 2)
            blocks = kw_test_blocks();
    }
    assert_int_equal(kw_test_blocks(), blocks);
    assert_int_equal(stage.modules.list[4].starts, 1); /* e never noticed */
    close_stage(&stage);
}

static void test_policy(void **state)
{
    static const char *const forbidden[] = {"b", NULL};
    struct stage stage;
    struct kw_health health;

    (void)state;
    open_stage(&stage);
    stage.fixture.policy.forbidden = forbidden;
    assert_int_equal(start_with(&stage, ""), 0);
    kw_test_trace(&stage.modules, "a+0 c+0 e+0 ");
    assert_int_equal(state_of(&stage, 1), KW_MODULE_FORBIDDEN);
    assert_int_equal(state_of(&stage, 3), KW_MODULE_FORBIDDEN); /* needs b */
    kw_registry_health(stage.registry, 3, &health);
    assert_int_equal(health.level, KW_LEVEL_OK);
    assert_string_equal(health.text, "switched off by the policy");
    assert_null(kw_registry_self(stage.registry, 1));
    assert_int_equal(
        change(&stage, "a: {value: 1}\nb: {value: 2}\nd: {value: 3}"), 0);
    kw_test_trace(&stage.modules, "c0>0 a- a. a+1 ");
    close_stage(&stage);
}

static void test_need_absent(void **state)
{
    struct stage stage;

    (void)state;
    open_stage(&stage);
    stage.modules.list[0].needs[0] = "nobody";
    assert_int_equal(start_with(&stage, ""), KW_ENOTFOUND);
    assert_string_equal(stage.why, "module a needs nobody, which doesn't run");
    close_stage(&stage);
}

static void test_look_around(void **state)
{
    struct stage stage;
    struct kw_health health;

    (void)state;
    start(&stage, "a: {value: 950}");
    assert_string_equal(kw_registry_module(stage.registry, 1)->name, "b");
    assert_null(kw_registry_module(stage.registry, 5));
    assert_null(kw_registry_self(stage.registry, 5));
    assert_null(kw_registry_self(stage.registry, 5000));
    assert_int_equal(kw_registry_state(stage.registry, 5), KW_MODULE_STOPPED);
    assert_ptr_equal(kw_registry_need(stage.registry, "c"),
                     kw_registry_self(stage.registry, 2));
    assert_null(kw_registry_need(stage.registry, "nobody"));
    kw_registry_health(stage.registry, 0, &health);
    assert_int_equal(health.level, KW_LEVEL_DEGRADED);
    assert_true(health.values[0] > 949 && health.values[0] < 951);
    kw_registry_health(stage.registry, 5, &health);
    assert_int_equal(health.level, KW_LEVEL_OK);
    assert_string_equal(kw_registry_section(stage.registry, "d")->key, "d");
    assert_null(kw_registry_section(stage.registry, "f"));
    assert_non_null(kw_conf_set_get(kw_registry_conf(stage.registry), 4));
    assert_null(kw_conf_set_get(kw_registry_conf(stage.registry), 5));
    close_stage(&stage);
}

static void test_schema(void **state)
{
    struct stage stage;
    struct kw_buf out;

    (void)state;
    open_stage(&stage);
    kw_buf_init(&out, 65536);
    kw_registry_schema(stage.registry, &out);
    assert_int_equal(kw_buf_err(&out), 0);
    assert_non_null(strstr(kw_buf_text(&out), "\"a\":{"));
    assert_non_null(strstr(kw_buf_text(&out), "\"e\":{"));
    assert_non_null(
        strstr(kw_buf_text(&out), "\"additionalProperties\":false"));
    kw_buf_fini(&out);
    close_stage(&stage);
}

/* Findings of rows, unknown sections and checks. */
static void test_check(void **state)
{
    static const struct {
        const char *yaml;
        int err;
        const char *text;
    } cases[] = {
        {"a: {value: 1}", 0, ""},
        {"", 0, ""},
        {"a: {value: x}", KW_EINVAL, "a.value"},
        {"a: {valu: 1}", KW_EINVAL, "value"},
        {"aa: {value: 1}", KW_EINVAL, "aa"},
        {"[1, 2]", KW_EINVAL, "map of sections"},
        {"text", KW_EINVAL, "map of sections"},
        {"d: {refuse: check}", KW_EINVAL, "check says no"},
    };
    struct stage stage;

    (void)state;
    open_stage(&stage);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct kw_conf_set *set = NULL;
        char text[512];
        int err = kw_test_check(stage.registry, &stage.fixture.core.env,
                                cases[i].yaml, &set, text, sizeof(text));

        assert_int_equal(err, cases[i].err);
        assert_non_null(strstr(text, cases[i].text));
        if (err == 0)
            kw_conf_set_drop(set);
        else
            assert_null(set);
    }
    close_stage(&stage);
}

/* Modules that have nothing but a name, or a single row. */
static void test_bare_module(void **state)
{
    static const struct kw_setting rows[] = {
        {.key = "text", .kind = KW_KIND_TEXT, .offset = 8, .help = "A text."},
        {0},
    };
    static const struct kw_module bare = {.name = "bare"};
    static const struct kw_module plain = {
        .name = "plain", .settings = rows, .conf_size = 16};
    static const struct kw_module *const table[] = {&bare, &plain, NULL};
    struct stage stage;
    struct kw_conf_set *set;
    struct kw_health health;
    struct kw_buf out;

    (void)state;
    open_stage(&stage);
    kw_registry_free(stage.registry);
    assert_int_equal(kw_registry_new(&stage.registry, table), 0);
    stage.fixture.core.registry = stage.registry;
    assert_int_equal(start_with(&stage, ""), 0);
    kw_registry_health(stage.registry, 0, &health);
    assert_int_equal(health.level, KW_LEVEL_OK);
    set = kw_test_conf(stage.registry, &stage.fixture.core.env, "text: x");
    assert_int_equal(kw_registry_apply(stage.registry, set, on_applied, &stage),
                     0);
    kw_conf_set_drop(set);
    assert_int_equal(stage.applied, 1);
    assert_ptr_equal(kw_registry_section(stage.registry, "text"), &rows[0]);
    assert_null(kw_registry_section(stage.registry, "bare"));
    kw_buf_init(&out, 4096);
    kw_registry_schema(stage.registry, &out);
    assert_non_null(strstr(kw_buf_text(&out), "\"text\":{"));
    kw_buf_fini(&out);
    close_stage(&stage);
}

static void test_too_many(void **state)
{
    static const struct kw_module module = {.name = "m"};
    const struct kw_module *table[34] = {NULL};
    struct kw_registry *registry = NULL;
    uint64_t blocks = kw_test_blocks();

    (void)state;
    for (size_t i = 0; i < 33; i++)
        table[i] = &module;
    assert_int_equal(kw_registry_new(&registry, table), KW_EFULL);
    assert_null(registry);
    table[32] = NULL;
    assert_int_equal(kw_registry_new(&registry, table), 0);
    kw_registry_free(registry);
    kw_registry_free(NULL);
    assert_int_equal(kw_test_blocks(), blocks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_start_and_stop),
        cmocka_unit_test(test_stop_at_once),
        cmocka_unit_test(test_changes),
        cmocka_unit_test(test_lost_and_found),
        cmocka_unit_test(test_lost_again),
        cmocka_unit_test(test_start_refused),
        cmocka_unit_test(test_nothing_started),
        cmocka_unit_test(test_stop_during_change),
        cmocka_unit_test(test_stop_during_turn_round),
        cmocka_unit_test(test_health_meanwhile),
        cmocka_unit_test(test_one_at_a_time),
        cmocka_unit_test(test_change_after_change),
        cmocka_unit_test(test_stop_after_change),
        cmocka_unit_test(test_sets_go),
        cmocka_unit_test(test_policy),
        cmocka_unit_test(test_need_absent),
        cmocka_unit_test(test_look_around),
        cmocka_unit_test(test_schema),
        cmocka_unit_test(test_check),
        cmocka_unit_test(test_bare_module),
        cmocka_unit_test(test_too_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
