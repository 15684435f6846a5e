/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What core shows of itself and of the points: /health, /status, /metrics,
 * /openapi.json, /points, /site, /circuits; and the events of its watch.
 */
#include "core/conf.h"
#include "core/core_state.h"
#include "core/point.h"
#include "core/quantity.h"
#include "core/registry.h"
#include "lib/gateway.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char yaml[] =
    "site: {name: Works, timezone: UTC}\n"
    "circuits:\n"
    "  - {name: main, kind: incomer, rated: 400, breaker: Q1}\n"
    "  - {name: \"light \\\"1\\\"\", parent: main}\n"
    "a: {value: 950}\n";

/* Routes with everything that a row can say. */
static void answer(void *self, struct kw_request *request)
{
    (void)self;
    kw_reply_take(request, 204, NULL, NULL);
}

static const struct kw_setting odd_rows[] = {
    {.key = "flag", .kind = KW_KIND_BOOL, .help = "A truth."},
    {.key = "count", .kind = KW_KIND_INT, .help = "A number.", .offset = 8},
    {.key = "share", .kind = KW_KIND_REAL, .help = "A part.", .offset = 16},
    {.key = "name",
     .kind = KW_KIND_NAME,
     .flags = KW_REQUIRED,
     .help = "A name.",
     .offset = 24},
    {0},
};

static const char *const odd_types[] = {"text/csv", "application/json", NULL};

static const struct kw_route odd_routes[] = {
    {.method = KW_DELETE,
     .path = "/odd/{one}/{two}",
     .permission = KW_MAY_SECURE,
     .query = odd_rows,
     .query_size = 32,
     .types = odd_types,
     .schema = "{\"type\":\"array\"}",
     .help = "Odd.",
     .handle = answer},
    {.method = KW_POST,
     .path = "/odd/{one}/{two}",
     .body = odd_rows,
     .body_size = 32,
     .help = "Odd too.",
     .handle = answer},
    {0},
};

static int open_stage(void **state)
{
    static const char *const forbidden[] = {"b", NULL};
    struct kw_test_gateway *stage = calloc(1, sizeof(*stage));
    struct kw_core *core = &stage->fixture.core;

    *state = stage;
    kw_test_gateway_open(stage);
    core->clock = &stage->fixture.manual.clock;
    core->started_ms = kw_clock_wall_ms(core->clock);
    core->started_mono_ms = kw_clock_mono_ms(core->clock);
    stage->fixture.policy.forbidden = forbidden;
    kw_test_modules_add(&stage->modules, "a", NULL, false)->module.routes =
        odd_routes;
    kw_test_modules_add(&stage->modules, "b", NULL, false)->module.metrics =
        NULL;
    kw_test_gateway_start(stage, yaml);
    return 0;
}

static int close_stage(void **state)
{
    kw_test_gateway_close(*state);
    free(*state);
    return 0;
}

/* The answer as a tree, in the reply's arena. */
static const struct kw_node *tree(struct kw_test_gateway *stage)
{
    struct kw_node *root = NULL;
    struct kw_diag diag;

    kw_diag_init(&diag);
    assert_int_equal(kw_conf_parse_json((const char *)stage->reply.body.data,
                                        stage->reply.body.length,
                                        &stage->reply.arena, &root, &diag),
                     0);
    return root;
}

static const struct kw_node *find(const struct kw_node *list, const char *key,
                                  const char *value)
{
    const struct kw_node *at = list->first;

    while (at != NULL && strcmp(kw_node_get(at, key)->text, value) != 0)
        at = at->next;
    return at;
}

static void expect_text(const struct kw_node *node, const char *key,
                        const char *value)
{
    assert_non_null(node);
    assert_non_null(kw_node_get(node, key));
    assert_string_equal(kw_node_get(node, key)->text, value);
}

static void test_health(void **state)
{
    struct kw_test_gateway *stage = *state;

    /* Public, and it tells nothing of what is degraded. */
    stage->reply.who.permissions = 0;
    kw_test_gateway_get(stage, "/health", 200, NULL);
    assert_string_equal(kw_test_reply_text(&stage->reply),
                        "{\"status\":\"ok\"}");
    kw_test_gateway_get(stage, "/status", 403, NULL);
}

static void test_status(void **state)
{
    struct kw_test_gateway *stage = *state;
    const struct kw_node *root, *modules, *metrics;

    kw_clock_manual_advance(&stage->fixture.manual, 1500);
    kw_test_gateway_get(stage, "/status", 200, NULL);
    root = tree(stage);
    expect_text(root, "version", "test");
    expect_text(root, "status", "degraded"); /* the worst of all: a's */
    expect_text(root, "uptime_ms", "1500");
    assert_non_null(kw_node_get(kw_node_get(root, "loop"), "longest_us"));
    modules = kw_node_get(root, "modules");
    assert_int_equal(modules->count, 3);
    expect_text(find(modules, "name", "core"), "state", "running");
    expect_text(find(modules, "name", "core"), "level", "ok");
    expect_text(find(modules, "name", "a"), "level", "degraded");
    expect_text(find(modules, "name", "a"), "text", "more than it likes");
    expect_text(find(modules, "name", "b"), "state", "forbidden");
    expect_text(find(modules, "name", "b"), "text",
                "switched off by the policy");
    metrics = kw_node_get(find(modules, "name", "a"), "metrics");
    expect_text(find(metrics, "name", "value"), "value", "950");
    metrics = kw_node_get(find(modules, "name", "core"), "metrics");
    expect_text(find(metrics, "name", "uptime_seconds"), "value", "1.5");
    expect_text(find(metrics, "name", "loop_turns_total"), "kind", "counter");
}

static void test_metrics(void **state)
{
    struct kw_test_gateway *stage = *state;

    kw_test_gateway_get(stage, "/metrics", 200,
                        "# HELP kilowatch_a_value What is configured.\n"
                        "# TYPE kilowatch_a_value gauge\n"
                        "kilowatch_a_value 950\n");
    assert_string_equal(stage->reply.type, "text/plain; version=0.0.4");
    assert_non_null(strstr(kw_test_reply_text(&stage->reply),
                           "# TYPE kilowatch_core_hub_events_total counter"));
}

static void no_number(const void *self, struct kw_health *out)
{
    (void)self;
    out->values[0] = (double)NAN;
}

/* A figure that isn't there: null in JSON, NaN for Prometheus. */
static void test_no_number(void **state)
{
    struct kw_test_gateway *stage = *state;

    stage->modules.list[0].module.health = no_number;
    kw_test_gateway_get(stage, "/metrics", 200, "\nkilowatch_a_value NaN\n");
    kw_test_gateway_get(stage, "/status", 200, "\"value\":null");
}

static void expect_type(const struct kw_node *parameters, const char *name,
                        const char *in, const char *type, const char *required)
{
    const struct kw_node *parameter = find(parameters, "name", name);

    expect_text(parameter, "in", in);
    expect_text(parameter, "required", required);
    expect_text(kw_node_get(parameter, "schema"), "type", type);
}

static void expect_odd(const struct kw_node *path)
{
    const struct kw_node *at = kw_node_get(path, "delete"), *parameters;

    expect_text(at, "x-permission", "secure");
    parameters = kw_node_get(at, "parameters");
    assert_int_equal(parameters->count, 6);
    expect_type(parameters, "one", "path", "string", "true");
    expect_type(parameters, "two", "path", "string", "true");
    expect_type(parameters, "flag", "query", "boolean", "false");
    expect_type(parameters, "count", "query", "integer", "false");
    expect_type(parameters, "share", "query", "number", "false");
    expect_type(parameters, "name", "query", "string", "true");
    at = kw_node_get(kw_node_get(at, "responses"), "200");
    at = kw_node_get(at, "content");
    assert_int_equal(at->count, 2);
    expect_text(kw_node_get(kw_node_get(at, "text/csv"), "schema"), "type",
                "array");
    at = kw_node_get(path, "post");
    expect_text(at, "x-permission", "public");
    at = kw_node_get(kw_node_get(at, "requestBody"), "content");
    at = kw_node_get(kw_node_get(at, "application/json"), "schema");
    assert_non_null(kw_node_get(kw_node_get(at, "properties"), "share"));
}

/* Paths stand once, every parameter says its type, every operation what it
 * needs (OpenAPI 3.1, 4.8.12.2: a parameter has a schema). */
static void test_openapi(void **state)
{
    struct kw_test_gateway *stage = *state;
    const struct kw_node *root, *paths, *put;
    size_t operations = 0;

    kw_test_gateway_get(stage, "/openapi.json", 200, NULL);
    root = tree(stage); /* a path that stands twice would be refused */
    expect_text(root, "openapi", "3.1.0");
    paths = kw_node_get(root, "paths");
    for (const struct kw_node *path = paths->first; path != NULL;
         path = path->next) {
        for (const struct kw_node *at = path->first; at != NULL;
             at = at->next) {
            const struct kw_node *parameter =
                kw_node_get(at, "parameters")->first;

            operations++;
            assert_non_null(kw_node_get(at, "x-permission"));
            assert_non_null(kw_node_get(at, "responses"));
            for (; parameter != NULL; parameter = parameter->next)
                assert_non_null(
                    kw_node_get(kw_node_get(parameter, "schema"), "type"));
        }
    }
    for (const struct kw_route *at = kw_core_routes; at->path != NULL; at++)
        operations--;
    assert_int_equal(operations, 2); /* the odd ones */
    expect_odd(kw_node_get(paths, "/odd/{one}/{two}"));
    put = kw_node_get(kw_node_get(paths, "/config/{section}"), "put");
    expect_text(put, "x-permission", "change");
    assert_non_null(kw_node_get(put, "requestBody"));
    expect_text(kw_node_get(put, "parameters")->first, "name", "section");
    assert_non_null(
        kw_node_get(kw_node_get(kw_node_get(paths, "/points"), "get"),
                    "parameters")
            ->first);
}

static void test_site_and_circuits(void **state)
{
    struct kw_test_gateway *stage = *state;

    kw_test_gateway_get(stage, "/site", 200,
                        "{\"name\":\"Works\",\"timezone\":\"UTC\"}");
    kw_test_gateway_get(
        stage, "/circuits", 200,
        "{\"circuits\":[{\"name\":\"main\",\"kind\":\"incomer\","
        "\"parent\":null,\"meter\":null,\"breaker\":\"Q1\",\"rated_a\":400},"
        "{\"name\":\"light \\\"1\\\"\",\"kind\":\"feeder\","
        "\"parent\":\"main\",\"meter\":null,\"breaker\":null,"
        "\"rated_a\":0}]}");
}

static const struct kw_point *define(struct kw_test_gateway *stage,
                                     const char *meter, const char *quantity)
{
    struct kw_core *core = &stage->fixture.core;
    struct kw_source *source;
    const struct kw_point *point = NULL;
    const struct kw_point_form form = {
        .quantity = kw_quantities_find(core->env.quantities, quantity),
        .scale = 1,
        .decimals = 1,
        .period_ms = 1000,
    };

    assert_int_equal(kw_points_source(core->points, 'm', meter, NULL, &source),
                     0);
    assert_int_equal(kw_points_define(core->points, source, &form, &point), 0);
    return point;
}

static void test_points(void **state)
{
    struct kw_test_gateway *stage = *state;
    struct kw_core *core = &stage->fixture.core;
    const struct kw_point *power = define(stage, "m1", "active_power_total");
    struct kw_source *source;
    struct kw_sample sample = {
        .point = power->id,
        .time_ms = kw_clock_wall_ms(core->clock),
        .value = 1234.5,
    };

    (void)define(stage, "m1", "frequency");
    (void)define(stage, "m2", "frequency");
    (void)define(stage, "gone", "frequency");
    assert_int_equal(kw_points_source(core->points, 'm', "gone", NULL, &source),
                     0);
    kw_points_retire(core->points, source);

    kw_test_gateway_get(stage, "/points", 200, "\"name\":\"m2.frequency\"");
    assert_int_equal(kw_node_get(tree(stage), "points")->count, 3);
    assert_null(strstr(kw_test_reply_text(&stage->reply), "gone"));
    kw_test_gateway_get(stage, "/points?meter=m1", 200, NULL);
    assert_int_equal(kw_node_get(tree(stage), "points")->count, 2);
    kw_test_gateway_get(stage, "/points?quantity=frequency", 200, NULL);
    assert_int_equal(kw_node_get(tree(stage), "points")->count, 2);
    kw_test_gateway_get(stage, "/points?meter=m2&quantity=active_power_total",
                        200, "\"points\":[]");
    kw_test_gateway_get(stage, "/points?metre=m2", 422,
                        "did you mean \\\"meter\\\"?");
    kw_test_gateway_get(stage, "/points?meter=", 422, "meter");

    kw_test_gateway_get(
        stage, "/points?meter=m1&quantity=active_power_total", 200,
        "\"value\":null,\"time\":null,\"quality\":\"bad_never\"");
    kw_hub_publish_samples(core->hub, &sample, 1);
    kw_test_gateway_get(
        stage, "/points?meter=m1&quantity=active_power_total", 200,
        "\"unit\":\"W\",\"kind\":\"gauge\",\"decimals\":1,\"value\":1234.5,"
        "\"time\":1767225600000,\"quality\":\"good\"");
    kw_clock_manual_advance(&stage->fixture.manual, 3001);
    kw_test_gateway_get(stage, "/points?meter=m1&quantity=active_power_total",
                        200,
                        "\"value\":1234.5,\"time\":1767225600000,"
                        "\"quality\":\"uncertain_stale\"");
}

/* Lets core's watch look now. */
static void watch(struct kw_test_gateway *stage)
{
    struct kw_core_state *core = kw_registry_self(stage->registry, 0);

    core->watch.timer_cb(&core->watch);
}

static void test_clock_step(void **state)
{
    struct kw_test_gateway *stage = *state;
    struct kw_clock_manual *manual = &stage->fixture.manual;

    kw_clock_manual_advance(manual, 3600000); /* both clocks: no step */
    watch(stage);
    manual->wall_ms += 1999;
    watch(stage);
    manual->wall_ms -= 1999;
    watch(stage);
    assert_int_equal(stage->events, 0);
    manual->wall_ms += 2500;
    watch(stage);
    assert_string_equal(stage->event, "clock_step");
    assert_string_equal(stage->text, "the clock went forward by 2.5 s");
    manual->wall_ms -= 3600000;
    watch(stage);
    assert_string_equal(stage->text, "the clock went back by 3600.0 s");
    watch(stage); /* told once */
    assert_int_equal(stage->events, 2);
}

/* The one since the last look is told, not the longest of the minute. */
static void test_slow_turn(void **state)
{
    struct kw_test_gateway *stage = *state;
    struct kw_loop *loop = &stage->fixture.loop;

    (void)kw_loop_look(loop); /* this machine may have been slow itself */
    watch(stage);
    stage->events = 0;
    loop->looked = (struct kw_turn){.cpu_us = 1551000, .wall_ms = 1600};
    watch(stage);
    assert_string_equal(stage->event, "loop_slow");
    assert_string_equal(stage->text, "a turn of the loop took 1551 ms of CPU "
                                     "time, one 1600 ms by the clock");
    loop->looked = (struct kw_turn){.cpu_us = 61000, .wall_ms = 62};
    watch(stage);
    assert_string_equal(stage->text, "a turn of the loop took 61 ms of CPU "
                                     "time, one 62 ms by the clock");
    loop->looked = (struct kw_turn){.cpu_us = 700, .wall_ms = 3000};
    watch(stage);
    assert_string_equal(stage->text, "a turn of the loop took 1 ms of CPU "
                                     "time, one 3000 ms by the clock");
    assert_int_equal(stage->events, 3);
}

#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, open_stage, close_stage)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_health),    TEST(test_status),
        TEST(test_metrics),   TEST(test_no_number),
        TEST(test_openapi),   TEST(test_site_and_circuits),
        TEST(test_points),    TEST(test_clock_step),
        TEST(test_slow_turn),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
