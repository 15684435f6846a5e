/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading and changing the configuration when an allocation fails: the asker
 * is told, what was refused has changed nothing, what was accepted is in force
 * or its failure is an event, and the newest revision is what runs.
 */
#include "core/registry.h"
#include "core/revision.h"
#include "lib/gateway.h"
#include "lib/sweep.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void open_stage(struct kw_test_gateway *stage)
{
    kw_test_gateway_open(stage);
    kw_test_modules_add(&stage->modules, "a", NULL, false);
    kw_test_modules_add(&stage->modules, "c", NULL, true);
    kw_test_gateway_start(stage, "a: {value: 1}\ncircuits: [{name: x}]\n");
}

/* One GET; the usual status is the one without a failure. */
static void sweep_get(const char *path, int usual)
{
    for (struct kw_test_sweep sweep = {0}; kw_test_sweep_next(&sweep);) {
        struct kw_test_gateway stage;

        open_stage(&stage);
        kw_test_sweep_begin(&sweep);
        kw_test_ask(&stage.reply, stage.registry, "GET", path, NULL);
        kw_test_sweep_end(&sweep);
        assert_true(stage.reply.done);
        if (!kw_test_sweep_hit(&sweep))
            assert_int_equal(stage.reply.status, usual);
        else
            assert_true(stage.reply.status == usual ||
                        stage.reply.status >= 422);
        kw_test_gateway_close(&stage);
    }
}

static void test_get(void **state)
{
    (void)state;
    sweep_get("/config", 200);
    sweep_get("/config/a", 200);
    sweep_get("/config/schema", 200);
    sweep_get("/config/revisions", 200);
    sweep_get("/config/revisions/1", 200);
    sweep_get("/status", 200);
    sweep_get("/metrics", 200);
    sweep_get("/openapi.json", 200);
    sweep_get("/points", 200);
    sweep_get("/circuits", 200);
}

static void sweep_put(const char *path, const char *body)
{
    for (struct kw_test_sweep sweep = {0}; kw_test_sweep_next(&sweep);) {
        struct kw_test_gateway stage;
        uint64_t current;

        open_stage(&stage);
        stage.reply.request.if_match = "1";
        kw_test_sweep_begin(&sweep);
        kw_test_ask(&stage.reply, stage.registry, "PUT", path, body);
        kw_test_gateway_settle(&stage);
        kw_test_sweep_end(&sweep);
        current = kw_revisions_current(stage.fixture.core.revisions);
        assert_true(stage.reply.status == 200 || kw_test_sweep_hit(&sweep));
        if (stage.event[0] == 0) { /* 500 may also be an answer that failed */
            assert_true(stage.reply.status >= 422);
            assert_int_equal(current, 1);
            assert_int_equal(stage.events, 0);
        } else if (strcmp(stage.event, "config_changed") == 0) {
            assert_int_equal(current, 2);
        } else {
            assert_string_equal(stage.event, "config_change_failed");
            assert_int_equal(current, 3);
        }
        for (size_t i = 0; i < 3; i++)
            assert_int_equal(kw_registry_state(stage.registry, i),
                             KW_MODULE_RUNNING);
        kw_test_gateway_close(&stage);
    }
}

static void test_put(void **state)
{
    (void)state;
    sweep_put("/config/a", "{\"value\":5}");
    sweep_put("/config/c", "{\"value\":5}");
    sweep_put("/config", "{\"site\":{\"name\":\"New\"}}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_get),
        cmocka_unit_test(test_put),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
