/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The module live against a scripted web server: a request whose answer is
 * gathered here, with a network that takes or does not take.
 */
#include "base/mem.h"
#include "base/text.h"
#include "core/conf.h"
#include "core/module.h"
#include "core/point.h"
#include "core/registry.h"
#include "core/request.h"
#include "core/route.h"
#include "lib/fixture.h"
#include "live/state.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

extern const struct kw_module kw_live_module;

enum { POINTS = 8, STREAMS_MAX = 32 };

/* A browser: what http would be for the module. */
struct browser {
    struct kw_request request;
    struct kw_arena arena;
    struct kw_identity who;
    struct kw_buf got;
    int status;
    size_t queued; /* what the network has not taken */
    bool stalls;   /* takes nothing */
    bool refuses;  /* begin fails: the session is over */
    bool ended;
};

struct scene {
    struct kw_fixture fixture;
    struct kw_registry *registry;
    const struct kw_point *points[POINTS];
    bool stopped;
};

static struct browser *browser_of(struct kw_request *request)
{
    return KW_LIST_ENTRY(request, struct browser, request);
}

static void op_header(struct kw_request *request, const char *name,
                      const char *value)
{
    kw_buf_printf(&browser_of(request)->got, "%s: %s\n", name, value);
}

static void op_send(struct kw_request *request, int status, const char *type,
                    struct kw_buf *take)
{
    struct browser *browser = browser_of(request);

    (void)type;
    browser->status = status;
    kw_buf_put(&browser->got, take->data, take->length);
    kw_buf_fini(take);
}

static int op_begin(struct kw_request *request, int status, const char *type)
{
    struct browser *browser = browser_of(request);

    assert_string_equal(type, "text/event-stream");
    browser->status = browser->refuses ? 401 : status;
    return browser->refuses ? KW_ECLOSING : 0;
}

static size_t op_write(struct kw_request *request, const void *bytes,
                       size_t length)
{
    struct browser *browser = browser_of(request);

    kw_buf_put(&browser->got, bytes, length);
    if (browser->stalls)
        browser->queued += length;
    return browser->queued;
}

static void op_end(struct kw_request *request)
{
    browser_of(request)->ended = true;
}

static const struct kw_reply_ops ops = {.header = op_header,
                                        .send = op_send,
                                        .begin = op_begin,
                                        .write = op_write,
                                        .end = op_end};

static void define_points(struct scene *scene)
{
    static const char *const names[POINTS] = {
        "voltage_l1_n", "voltage_l2_n", "voltage_l3_n", "current_l1",
        "current_l2",   "current_l3",   "frequency",    "active_power_total"};
    struct kw_points *points = scene->fixture.core.points;
    struct kw_source *source;

    assert_int_equal(kw_points_source(points, 'm', "incomer", NULL, &source),
                     0);
    for (size_t i = 0; i < POINTS; i++) {
        struct kw_point_form form = {
            .quantity = kw_quantities_find(scene->fixture.quantities, names[i]),
            .encoding = KW_ENCODING_FLOAT64,
            .scale = 1.0,
        };

        assert_non_null(form.quantity);
        assert_int_equal(
            kw_points_define(points, source, &form, &scene->points[i]), 0);
    }
}

static void open_scene(struct scene *scene)
{
    static const struct kw_module *const modules[] = {&kw_live_module, NULL};
    static const struct kw_node empty = {.kind = KW_NODE_MAP};
    struct kw_conf_set *set;
    struct kw_diag diag;

    memset(scene, 0, sizeof(*scene));
    kw_fixture_open(&scene->fixture, 0);
    define_points(scene);
    assert_int_equal(kw_registry_new(&scene->registry, modules), 0);
    scene->fixture.core.registry = scene->registry;
    kw_diag_init(&diag);
    assert_int_equal(kw_registry_check(scene->registry, &empty,
                                       &scene->fixture.core.env, &set, &diag),
                     0);
    assert_int_equal(
        kw_registry_start(scene->registry, &scene->fixture.core, set, &diag),
        0);
    kw_conf_set_drop(set);
    kw_diag_fini(&diag);
}

static void on_stopped(void *arg)
{
    *(bool *)arg = true;
}

static void stop_scene(struct scene *scene)
{
    kw_registry_stop(scene->registry, on_stopped, &scene->stopped);
    kw_fixture_until_set(&scene->fixture, &scene->stopped);
}

static void close_scene(struct scene *scene)
{
    if (!scene->stopped)
        stop_scene(scene);
    kw_registry_free(scene->registry);
    kw_fixture_close(&scene->fixture);
}

/* GET /live with a query, as http would do it. */
static void come(struct scene *scene, struct browser *browser,
                 const char *query)
{
    struct kw_route_match match;
    struct kw_diag diag;

    browser->request = (struct kw_request){
        .ops = &ops,
        .arena = &browser->arena,
        .who = &browser->who,
        .accept = "",
    };
    kw_buf_init(&browser->got, 8 << 20);
    kw_arena_init(&browser->arena, 1 << 20);
    kw_route_find(scene->registry, "GET", "/live", &browser->arena, &match);
    assert_non_null(match.route);
    assert_true(match.route->flags & KW_ROUTE_STREAM);
    assert_int_equal(match.route->permission, KW_MAY_SEE);
    browser->request.route = match.route;
    kw_diag_init(&diag);
    assert_int_equal(kw_request_read_query(&browser->request, query, &diag), 0);
    kw_diag_fini(&diag);
    match.route->handle(kw_route_self(scene->registry, match.route),
                        &browser->request);
}

/* The client goes. */
static void go(struct browser *browser)
{
    if (browser->request.on_closed != NULL)
        browser->request.on_closed(browser->request.arg);
    kw_buf_fini(&browser->got);
    kw_arena_fini(&browser->arena);
}

/* All that came since the last look. */
static const char *take(struct browser *browser, char *text, size_t size)
{
    snprintf(text, size, "%s", kw_buf_text(&browser->got));
    kw_buf_reset(&browser->got);
    return text;
}

static void publish(struct scene *scene, size_t index, double value)
{
    struct kw_sample sample = {
        .point = scene->points[index]->id,
        .quality = isnan(value) ? KW_QUALITY_BAD_TIMEOUT : KW_QUALITY_GOOD,
        .encoding = KW_ENCODING_FLOAT64,
        .time_ms = 1767225600000,
        .value = value,
    };

    kw_hub_publish_samples(&scene->fixture.hub, &sample, 1);
}

static void turn(struct scene *scene)
{
    kw_fixture_run_ms(&scene->fixture, 1);
}

static double metric(struct scene *scene, size_t index)
{
    struct kw_health health;

    kw_registry_health(scene->registry, 0, &health);
    return health.values[index];
}

static void test_hello(void **state)
{
    struct scene scene;
    struct browser browser = {.status = 0};
    char text[8192];

    (void)state;
    open_scene(&scene);
    publish(&scene, 1, 230.5);
    come(&scene, &browser, "");
    assert_int_equal(browser.status, 200);
    take(&browser, text, sizeof(text));
    assert_int_equal(strncmp(text, "retry: 2000\n\nevent: hello\ndata: {", 32),
                     0);
    assert_non_null(strstr(text, "\"boot\":\"0123456789abcdef\""));
    assert_non_null(strstr(text, "\n\nevent: values\ndata: {\"time\":"));
    assert_non_null(strstr(text, "[1,null,null,\"bad_never\"]"));
    assert_non_null(strstr(text, "[2,1767225600000,230.5]"));
    assert_non_null(
        strstr(text, "\n\nevent: status\ndata: {\"status\":\"ok\""));
    assert_string_equal(text + strlen(text) - 2, "\n\n");
    go(&browser);
    close_scene(&scene);
}

static void test_changes(void **state)
{
    struct scene scene;
    struct browser browser = {.status = 0};
    char text[8192];

    (void)state;
    open_scene(&scene);
    come(&scene, &browser, "");
    take(&browser, text, sizeof(text));
    publish(&scene, 0, 1.5);
    publish(&scene, 3, 7);
    publish(&scene, 0, 2.5); /* the newest of a turn */
    turn(&scene);
    take(&browser, text, sizeof(text));
    assert_non_null(strstr(text, "\"values\":[[1,1767225600000,2.5],"
                                 "[4,1767225600000,7]]}\n\n"));
    publish(&scene, 0, (double)NAN);
    turn(&scene);
    take(&browser, text, sizeof(text));
    assert_non_null(strstr(text, "[[1,1767225600000,null,\"bad_timeout\"]]"));
    turn(&scene);
    assert_int_equal(browser.got.length, 0);
    go(&browser);
    publish(&scene, 0, 3);
    turn(&scene);
    assert_int_equal(metric(&scene, 0), 0);
    close_scene(&scene);
}

/* What is of the moment is passed on as it is; other events are not. */
static void test_events(void **state)
{
    static const struct kw_event_kind kind = {.key = "scan"};
    struct kw_event event = {.kind = &kind, .subject = "a", .text = ""};
    struct scene scene;
    struct browser browser = {.status = 0};
    char text[8192];

    (void)state;
    open_scene(&scene);
    event.data = "{\"done\":0}";
    kw_hub_publish_event(&scene.fixture.hub, &event); /* nobody is there */
    come(&scene, &browser, "");
    take(&browser, text, sizeof(text));
    assert_null(strstr(text, "scan"));
    event.data = NULL;
    kw_hub_publish_event(&scene.fixture.hub, &event);
    assert_int_equal(browser.got.length, 0);
    event.data = "{\"done\":1}";
    kw_hub_publish_event(&scene.fixture.hub, &event);
    assert_string_equal(take(&browser, text, sizeof(text)),
                        "event: scan\ndata: {\"done\":1}\n\n");
    go(&browser);
    close_scene(&scene);
}

static void test_filter(void **state)
{
    struct scene scene;
    struct browser browser = {.status = 0};
    char text[8192];

    (void)state;
    open_scene(&scene);
    come(&scene, &browser, "points=2,incomer.frequency");
    take(&browser, text, sizeof(text));
    assert_non_null(strstr(text, "\"values\":[[2,null,null,\"bad_never\"],"
                                 "[7,null,null,\"bad_never\"]]"));
    publish(&scene, 0, 1);
    turn(&scene);
    assert_int_equal(browser.got.length, 0);
    publish(&scene, 0, 1);
    publish(&scene, 6, 50);
    turn(&scene);
    take(&browser, text, sizeof(text));
    assert_non_null(strstr(text, "\"values\":[[7,1767225600000,50]]"));
    go(&browser);
    close_scene(&scene);
}

static void test_bad_points(void **state)
{
    static const char *const queries[] = {
        "points=99",      "points=incomer.none",  "points=1,,2",
        "points=1,other", "points=4294967296000", "points=,"};
    struct scene scene;
    char text[8192];

    (void)state;
    open_scene(&scene);
    for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
        struct browser browser = {.status = 0};

        come(&scene, &browser, queries[i]);
        assert_int_equal(browser.status, 422);
        assert_non_null(strstr(take(&browser, text, sizeof(text)),
                               "\"key\":\"point_unknown\""));
        go(&browser);
    }
    assert_int_equal(metric(&scene, 0), 0);
    close_scene(&scene);
}

/* A slow browser gets the newest value of each point, once it takes again. */
static void test_slow(void **state)
{
    struct scene scene;
    struct browser slow = {.status = 0}, quick = {.status = 0};
    char text[8192];

    (void)state;
    open_scene(&scene);
    come(&scene, &slow, "");
    come(&scene, &quick, "");
    take(&slow, text, sizeof(text));
    slow.stalls = true;
    slow.queued = 70000;
    publish(&scene, 0, 1);
    turn(&scene); /* this one it still gets */
    take(&slow, text, sizeof(text));
    for (int i = 2; i <= 5; i++) {
        publish(&scene, 0, i);
        publish(&scene, 1, i * 10);
        turn(&scene);
    }
    assert_int_equal(slow.got.length, 0);
    assert_int_equal(metric(&scene, 4), 6); /* coalesced */
    take(&quick, text, sizeof(text));
    assert_non_null(strstr(text, "[1,1767225600000,3]"));
    slow.stalls = false;
    slow.queued = 0;
    slow.request.on_drain(slow.request.arg);
    take(&slow, text, sizeof(text));
    assert_non_null(strstr(text, "\"values\":[[1,1767225600000,5],"
                                 "[2,1767225600000,50]]"));
    publish(&scene, 2, 9);
    turn(&scene);
    assert_non_null(
        strstr(take(&slow, text, sizeof(text)), "[[3,1767225600000,9]]"));
    go(&slow);
    go(&quick);
    close_scene(&scene);
}

static void test_too_many(void **state)
{
    static struct browser browsers[STREAMS_MAX + 1];
    struct scene scene;
    char text[8192];

    (void)state;
    memset(browsers, 0, sizeof(browsers));
    open_scene(&scene);
    for (size_t i = 0; i <= STREAMS_MAX; i++)
        come(&scene, &browsers[i], "");
    assert_int_equal(browsers[STREAMS_MAX - 1].status, 200);
    assert_int_equal(browsers[STREAMS_MAX].status, 503);
    take(&browsers[STREAMS_MAX], text, sizeof(text));
    assert_non_null(strstr(text, "Retry-After: 10\n"));
    assert_non_null(strstr(text, "too_many_streams"));
    assert_int_equal(metric(&scene, 0), STREAMS_MAX);
    assert_int_equal(metric(&scene, 2), 1);
    publish(&scene, 0, 1);
    turn(&scene);
    for (size_t i = 0; i <= STREAMS_MAX; i++)
        go(&browsers[i]);
    close_scene(&scene);
}

static bool has_status(void *arg)
{
    struct browser *browser = arg;

    return strstr(kw_buf_text(&browser->got), "event: status") != NULL;
}

/* The status comes by itself, every five seconds. */
static void test_status(void **state)
{
    struct scene scene;
    struct browser browser = {.status = 0};

    (void)state;
    open_scene(&scene);
    come(&scene, &browser, "");
    kw_buf_reset(&browser.got);
    kw_fixture_until(&scene.fixture, has_status, &browser);
    go(&browser);
    close_scene(&scene);
}

/* The session ended before the stream could begin. */
static void test_refused(void **state)
{
    struct scene scene;
    struct browser browser = {.refuses = true};

    (void)state;
    open_scene(&scene);
    come(&scene, &browser, "");
    assert_int_equal(browser.status, 401);
    assert_null(browser.request.on_closed);
    assert_int_equal(metric(&scene, 0), 0);
    go(&browser);
    close_scene(&scene);
}

static void test_stop(void **state)
{
    struct scene scene;
    struct browser browser = {.status = 0};

    (void)state;
    open_scene(&scene);
    come(&scene, &browser, "");
    publish(&scene, 0, 1);
    stop_scene(&scene);
    assert_true(browser.ended);
    assert_null(browser.request.on_closed);
    go(&browser);
    close_scene(&scene);
}

/* Comes, gets one change, goes; the n-th allocation fails. True when it was
 * told so. */
static bool come_without_memory(struct scene *scene, uint64_t n)
{
    struct kw_live_query query = {"1,2,3"};
    struct browser browser = {
        .request = {.ops = &ops, .query = &query, .arena = &browser.arena},
    };
    struct kw_route_match match;
    bool told;

    kw_arena_init(&browser.arena, 1 << 20);
    kw_buf_init(&browser.got, 8 << 20);
    (void)kw_buf_grow(&browser.got, 100000); /* the browser has memory */
    kw_buf_reset(&browser.got);
    kw_route_find(scene->registry, "GET", "/live", &browser.arena, &match);
    kw_mem_fail_at(n);
    match.route->handle(kw_route_self(scene->registry, match.route),
                        &browser.request);
    publish(scene, 0, 1);
    turn(scene);
    kw_mem_fail_at(0);
    told = browser.status == 503 || browser.ended;
    go(&browser);
    return told;
}

/* An answer that says so, or a stream that ends; never a leak. */
static void test_no_memory(void **state)
{
    struct scene scene;
    unsigned told = 0;

    (void)state;
    open_scene(&scene);
    for (uint64_t n = 1; n < 12; n++)
        told += come_without_memory(&scene, n);
    assert_true(told > 1);
    close_scene(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hello),      cmocka_unit_test(test_changes),
        cmocka_unit_test(test_events),     cmocka_unit_test(test_filter),
        cmocka_unit_test(test_bad_points), cmocka_unit_test(test_slow),
        cmocka_unit_test(test_too_many),   cmocka_unit_test(test_status),
        cmocka_unit_test(test_refused),    cmocka_unit_test(test_stop),
        cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
