/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control socket when an allocation fails: every request gets an answer
 * or a hang-up, the next client is served as if nothing had been, and nothing
 * leaks.
 */
#include "core/control.h"

#include "core/registry.h"
#include "lib/dial.h"
#include "lib/modules.h"
#include "lib/routes.h"
#include "lib/sweep.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct stage {
    struct kw_fixture fixture;
    struct kw_registry *registry;
    struct kw_control *control;
    struct kw_test_routes *routes;
    bool closed, stopped;
};

static void set_flag(void *arg)
{
    *(bool *)arg = true;
}

static void open_stage(struct stage *stage)
{
    struct kw_core *core = &stage->fixture.core;
    struct kw_conf_set *set;
    struct kw_diag diag;

    *stage = (struct stage){.closed = false};
    kw_fixture_open(&stage->fixture, 0);
    kw_diag_init(&diag);
    assert_int_equal(kw_registry_new(&stage->registry, kw_test_routes_table),
                     0);
    core->registry = stage->registry;
    set = kw_test_conf(stage->registry, &core->env, "");
    assert_int_equal(kw_registry_start(stage->registry, core, set, &diag), 0);
    kw_conf_set_drop(set);
    kw_diag_fini(&diag);
    stage->routes = kw_registry_self(stage->registry, 0);
}

static int open_control(struct stage *stage)
{
    struct kw_diag diag;
    int err;

    kw_diag_init(&diag);
    err = kw_control_open(&stage->control, &stage->fixture.core, &diag);
    kw_diag_fini(&diag);
    return err;
}

static void close_stage(struct stage *stage)
{
    if (stage->control != NULL) {
        kw_control_close(stage->control, set_flag, &stage->closed);
        kw_fixture_until_set(&stage->fixture, &stage->closed);
    }
    kw_registry_stop(stage->registry, set_flag, &stage->stopped);
    kw_fixture_until_set(&stage->fixture, &stage->stopped);
    kw_registry_free(stage->registry);
    kw_fixture_close(&stage->fixture);
}

static void test_open(void **state)
{
    (void)state;
    for (struct kw_test_sweep sweep = {0}; kw_test_sweep_next(&sweep);) {
        struct stage stage;
        int err;

        open_stage(&stage);
        kw_test_sweep_begin(&sweep);
        err = open_control(&stage);
        kw_test_sweep_end(&sweep);
        assert_int_equal(err, kw_test_sweep_hit(&sweep) ? KW_ENOMEM : 0);
        close_stage(&stage);
    }
}

/* One line with the n-th allocation failing. */
static void sweep_line(const char *line, int status)
{
    char usual[32];

    snprintf(usual, sizeof(usual), "{\"status\":%d,", status);
    for (struct kw_test_sweep sweep = {0}; kw_test_sweep_next(&sweep);) {
        struct stage stage;
        bool hung_up;
        char *heard;
        int fd;

        open_stage(&stage);
        assert_int_equal(open_control(&stage), 0);
        fd = kw_test_dial(&stage.fixture);
        kw_test_sweep_begin(&sweep);
        kw_test_say(&stage.fixture, fd, line);
        heard = kw_test_hear(&stage.fixture, fd, 1, &hung_up);
        kw_test_sweep_end(&sweep);
        if (!kw_test_sweep_hit(&sweep))
            assert_true(strncmp(heard, usual, strlen(usual)) == 0);
        assert_true(hung_up || strncmp(heard, "{\"status\":", 10) == 0);
        free(heard);
        kw_test_hang_up(fd);

        fd = kw_test_dial(&stage.fixture);
        kw_test_say(&stage.fixture, fd, line);
        kw_test_expect_line(&stage.fixture, fd, usual);
        kw_test_hang_up(fd);
        close_stage(&stage);
    }
}

static void test_lines(void **state)
{
    (void)state;
    sweep_line(KW_TEST_GET("/echo/abc"), 200);
    sweep_line(KW_TEST_GET("/echo?n=5"), 200);
    sweep_line(KW_TEST_GET("/text"), 200);
    sweep_line(KW_TEST_GET("/stream"), 200);
    sweep_line("{\"method\":\"POST\",\"path\":\"/body\",\"body\":{\"n\":5}}\n",
               204);
    sweep_line(KW_TEST_GET("/echo?m=5"), 422);
    sweep_line(KW_TEST_GET("/absent"), 404);
    sweep_line(KW_TEST_GET("/events"), 406);
    sweep_line("no JSON\n", 400);
}

/* A handler waits when memory runs out, and the client goes. */
static void test_wait_and_go(void **state)
{
    (void)state;
    for (struct kw_test_sweep sweep = {0}; kw_test_sweep_next(&sweep);) {
        struct stage stage;
        int fd;

        open_stage(&stage);
        assert_int_equal(open_control(&stage), 0);
        fd = kw_test_dial(&stage.fixture);
        kw_test_sweep_begin(&sweep);
        kw_test_say(&stage.fixture, fd, KW_TEST_GET("/later"));
        for (int i = 0; i < 10; i++)
            kw_test_turn(&stage.fixture, -1, 0);
        kw_test_sweep_end(&sweep);
        if (!kw_test_sweep_hit(&sweep))
            assert_non_null(stage.routes->waiting);
        kw_test_hang_up(fd);
        for (int i = 0; i < 10; i++)
            kw_test_turn(&stage.fixture, -1, 0);
        assert_null(stage.routes->waiting);
        close_stage(&stage);
    }
}

/* The answer comes late, and there is no memory for it. */
static void test_late_answer(void **state)
{
    (void)state;
    for (struct kw_test_sweep sweep = {0}; kw_test_sweep_next(&sweep);) {
        struct stage stage;
        bool hung_up;
        char *heard;
        int fd;

        open_stage(&stage);
        assert_int_equal(open_control(&stage), 0);
        fd = kw_test_dial(&stage.fixture);
        kw_test_say(&stage.fixture, fd, KW_TEST_GET("/later"));
        while (stage.routes->waiting == NULL)
            kw_test_turn(&stage.fixture, -1, 0);
        kw_test_sweep_begin(&sweep);
        kw_test_routes_answer(stage.routes);
        heard = kw_test_hear(&stage.fixture, fd, 1, &hung_up);
        kw_test_sweep_end(&sweep);
        assert_true(hung_up || strstr(heard, "\"status\":") != NULL);
        free(heard);
        kw_test_hang_up(fd);
        close_stage(&stage);
    }
}

/* The command line's side. */
static void test_ask(void **state)
{
    (void)state;
    for (struct kw_test_sweep sweep = {0}; kw_test_sweep_next(&sweep);) {
        struct stage stage;
        char *answer = NULL;
        int err;

        open_stage(&stage);
        kw_test_sweep_begin(&sweep);
        err = kw_control_ask(stage.fixture.dir, "{}", &answer);
        kw_test_sweep_end(&sweep);
        assert_int_equal(err, KW_ENOTFOUND);
        assert_null(answer);
        close_stage(&stage);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open),        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_wait_and_go), cmocka_unit_test(test_late_answer),
        cmocka_unit_test(test_ask),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
