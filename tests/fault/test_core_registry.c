/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The registry when an allocation fails: whatever fails, nothing leaks, the
 * error is told, and one failure never costs a module that ran.
 */
#include "core/registry.h"
#include "lib/fixture.h"
#include "lib/modules.h"
#include "lib/sweep.h"

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
    unsigned events, applied;
    int err;
    bool stopped;
};

static void on_event(void *arg, const struct kw_event *event)
{
    struct stage *stage = arg;

    stage->events++;
    assert_true(event->text[0] != 0); /* told in words, memory or not */
}

static void on_applied(void *arg, int err, const struct kw_diag *diag)
{
    struct stage *stage = arg;

    (void)diag;
    stage->applied++;
    stage->err = err;
}

static void on_stopped(void *arg)
{
    *(bool *)arg = true;
}

static void open_stage(struct stage *stage)
{
    *stage = (struct stage){.err = 0};
    kw_fixture_open(&stage->fixture, 0);
    kw_test_modules_init(&stage->modules);
    kw_test_modules_add(&stage->modules, "a", NULL, false);
    kw_test_modules_add(&stage->modules, "b", "a", false);
    kw_test_modules_add(&stage->modules, "c", NULL, true);
    kw_test_modules_add(&stage->modules, "d", "b", false);
    stage->subscriber.on_event = on_event;
    stage->subscriber.arg = stage;
    kw_hub_subscribe(stage->fixture.core.hub, &stage->subscriber);
}

static void close_stage(struct stage *stage)
{
    if (stage->registry != NULL) {
        kw_registry_stop(stage->registry, on_stopped, &stage->stopped);
        kw_fixture_until_set(&stage->fixture, &stage->stopped);
        kw_registry_free(stage->registry);
    }
    kw_fixture_close(&stage->fixture);
}

static int check(struct stage *stage, const char *yaml,
                 struct kw_conf_set **set)
{
    char text[KW_DIAG_TEXT_SIZE];
    int err = kw_test_check(stage->registry, &stage->fixture.core.env, yaml,
                            set, text, sizeof(text));

    assert_true(err == 0 || err == KW_ENOMEM);
    return err;
}

/* Registry, check and start. */
static int bring_up(struct stage *stage, const char *yaml)
{
    struct kw_core *core = &stage->fixture.core;
    struct kw_conf_set *set = NULL;
    struct kw_diag diag;
    int err = kw_registry_new(&stage->registry, stage->modules.table);

    if (err == 0)
        err = check(stage, yaml, &set);
    if (err != 0)
        return err;
    core->registry = stage->registry;
    kw_diag_init(&diag);
    err = kw_registry_start(stage->registry, core, set, &diag);
    kw_diag_fini(&diag);
    kw_conf_set_drop(set);
    return err;
}

static bool is_still(void *arg)
{
    const struct stage *stage = arg;

    return !kw_registry_is_changing(stage->registry);
}

static void assert_all_run(const struct stage *stage)
{
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(kw_registry_state(stage->registry, i),
                         KW_MODULE_RUNNING);
}

static void test_start(void **state)
{
    (void)state;
    for (struct kw_test_sweep sweep = {0}; kw_test_sweep_next(&sweep);) {
        struct stage stage;
        int err;

        open_stage(&stage);
        kw_test_sweep_begin(&sweep);
        err = bring_up(&stage, "a: {value: 1}\nc: {value: 2, text: long}");
        kw_test_sweep_end(&sweep);
        assert_int_equal(err, kw_test_sweep_hit(&sweep) ? KW_ENOMEM : 0);
        close_stage(&stage);
    }
}

/* Validating something wrong: never accepted, even if nothing can be said. */
static void test_wrong(void **state)
{
    (void)state;
    for (struct kw_test_sweep sweep = {0}; kw_test_sweep_next(&sweep);) {
        struct stage stage;
        struct kw_conf_set *set = NULL;
        char text[KW_DIAG_TEXT_SIZE];
        int err;

        open_stage(&stage);
        assert_int_equal(bring_up(&stage, ""), 0);
        kw_test_sweep_begin(&sweep);
        err = kw_test_check(stage.registry, &stage.fixture.core.env,
                            "a: {value: x}\nz: 5\nd: {refuse: check}", &set,
                            text, sizeof(text));
        kw_test_sweep_end(&sweep);
        assert_true(err == KW_EINVAL || err == KW_ENOMEM);
        assert_null(set);
        close_stage(&stage);
    }
}

/* from runs, to comes; every allocation of the change fails once. */
static void sweep_change(const char *from, const char *to, int refused)
{
    for (struct kw_test_sweep sweep = {0}; kw_test_sweep_next(&sweep);) {
        struct kw_conf_set *set = NULL;
        struct stage stage;
        int err;

        open_stage(&stage);
        assert_int_equal(bring_up(&stage, from), 0);
        assert_int_equal(check(&stage, to, &set), 0);
        kw_test_sweep_begin(&sweep);
        err = kw_registry_apply(stage.registry, set, on_applied, &stage);
        kw_fixture_until(&stage.fixture, is_still, &stage);
        kw_test_sweep_end(&sweep);
        assert_true(err == 0 || err == KW_ENOMEM);
        assert_int_equal(stage.applied, err == 0 ? 1 : 0);
        assert_int_equal(stage.events, stage.err != 0 ? 1 : 0);
        if (!kw_test_sweep_hit(&sweep))
            assert_int_equal(stage.err, refused);
        if (refused == 0 || !kw_test_sweep_hit(&sweep))
            assert_all_run(&stage);
        assert_int_equal(kw_registry_conf(stage.registry) == set,
                         err == 0 && stage.err == 0);
        kw_conf_set_drop(set);
        close_stage(&stage);
    }
}

static void test_restart(void **state)
{
    (void)state;
    sweep_change("a: {value: 1}", "a: {value: 2}\nc: {value: 3}", 0);
}

static void test_nothing_to_do(void **state)
{
    (void)state;
    sweep_change("a: {value: 1}", "a: {value: 1}", 0);
}

static void test_refused_start(void **state)
{
    (void)state;
    sweep_change("b: {value: 1}", "b: {value: 2, refuse: start}", KW_EBUSY);
}

static void test_refused_reconfigure(void **state)
{
    (void)state;
    sweep_change("c: {value: 1}", "a: {value: 1}\nc: {refuse: reconfigure}",
                 KW_EDENIED);
}

static void test_schema(void **state)
{
    (void)state;
    for (struct kw_test_sweep sweep = {0}; kw_test_sweep_next(&sweep);) {
        struct stage stage;
        struct kw_buf out;

        open_stage(&stage);
        assert_int_equal(bring_up(&stage, ""), 0);
        kw_buf_init(&out, 65536);
        kw_test_sweep_begin(&sweep);
        kw_registry_schema(stage.registry, &out);
        kw_test_sweep_end(&sweep);
        assert_int_equal(kw_buf_err(&out),
                         kw_test_sweep_hit(&sweep) ? KW_ENOMEM : 0);
        kw_buf_fini(&out);
        close_stage(&stage);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_start),
        cmocka_unit_test(test_wrong),
        cmocka_unit_test(test_restart),
        cmocka_unit_test(test_nothing_to_do),
        cmocka_unit_test(test_refused_start),
        cmocka_unit_test(test_refused_reconfigure),
        cmocka_unit_test(test_schema),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
