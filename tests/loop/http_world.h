/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A web server with routes that show what http makes of a request. Included
 * by one .c file of a test program.
 */
#ifndef KW_TEST_HTTP_WORLD_H
#define KW_TEST_HTTP_WORLD_H

#include "base/json.h"
#include "base/mem.h"
#include "core/conf.h"
#include "core/registry_internal.h"
#include "fake_auth.h"
#include "lib/web_client.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

extern const struct kw_module kw_http_module;

enum { HTTP_INDEX = 1, WORLD_INDEX = 2, BIG_BYTES = 3000000 };

/* What the routes saw; one server runs at a time. */
static struct {
    unsigned canary, closed, drains;
    void *self;              /* that a handler was given last */
    bool end_first;          /* the session of a stream ends as it begins */
    bool csv;                /* the stream is an answer that has an end */
    struct kw_request *late; /* a request that waits for its answer */
    size_t most_queued;
    const struct kw_loop *loop;
    uint64_t query_turn; /* of the last query */
    unsigned same_turn;  /* queries in a turn that had one already */
} seen;

/* What GET /text and GET /canary answer. */
static const char *world_answer;

static void reply_text(struct kw_request *request, int status, const char *text)
{
    struct kw_buf body;

    kw_buf_init(&body, BIG_BYTES);
    kw_buf_put_text(&body, text);
    kw_reply_json(request, status, &body);
}

static void get_open(void *self, struct kw_request *request)
{
    (void)self;
    reply_text(request, 200, "{\"ok\":true}");
}

static void get_text(void *self, struct kw_request *request)
{
    (void)self;
    reply_text(request, 200, world_answer);
}

static void get_canary(void *self, struct kw_request *request)
{
    seen.canary++;
    get_text(self, request);
}

struct echo {
    const char *text;
};
static const struct kw_setting echo_rows[] = {
    {
        .key = "text",
        .kind = KW_KIND_TEXT,
        .flags = KW_REQUIRED,
        .offset = offsetof(struct echo, text),
        .max = 60000,
        .help = "Comes back.",
    },
    {0},
};

static void reply_echo(struct kw_request *request, const struct echo *echo)
{
    struct kw_json json;
    struct kw_buf body;

    kw_buf_init(&body, 1 << 20);
    kw_json_init(&json, &body);
    kw_json_object(&json, NULL);
    kw_json_text(&json, "text", echo->text);
    kw_json_text(&json, "address", request->who->address);
    kw_json_text(&json, "accept", request->accept);
    kw_json_text(&json, "if_match",
                 request->if_match != NULL ? request->if_match : "none");
    if (request->params[0] != NULL)
        kw_json_text(&json, "param", request->params[0]);
    kw_json_end_object(&json);
    kw_reply_json(request, 200, &body);
}

static void post_echo(void *self, struct kw_request *request)
{
    seen.self = self;
    reply_echo(request, request->body);
}

static void get_echo(void *self, struct kw_request *request)
{
    (void)self;
    reply_echo(request, request->query);
}

static void put_tree(void *self, struct kw_request *request)
{
    (void)self;
    reply_text(request, 200,
               request->body_node->kind == KW_NODE_LIST ? "\"list\""
                                                        : "\"other\"");
}

static void get_query(void *self, struct kw_request *request)
{
    seen.same_turn += seen.loop->turn == seen.query_turn;
    seen.query_turn = seen.loop->turn;
    get_open(self, request);
}

static void delete_it(void *self, struct kw_request *request)
{
    (void)self;
    kw_reply_header(request, "Set-Cookie", "__Host-kw=; Path=/; Secure");
    kw_reply_header(request, "Bad name", "x");
    kw_reply_header(request, "X-Bad", "a\r\nX-Evil: b");
    kw_reply_take(request, 204, NULL, NULL);
}

static void get_big(void *self, struct kw_request *request)
{
    struct kw_buf body;

    (void)self;
    kw_buf_init(&body, BIG_BYTES);
    for (unsigned i = 0; i < BIG_BYTES / 8; i++)
        kw_buf_printf(&body, "%07u\n", i);
    if (kw_buf_err(&body) != 0)
        kw_reply_problem(request, 500, "no_memory", "No memory.");
    else
        kw_reply_take(request, 200, "text/plain", &body);
    kw_buf_fini(&body);
}

static void on_late_closed(void *arg)
{
    (void)arg;
    seen.closed++;
    seen.late = NULL;
}

static void get_late(void *self, struct kw_request *request)
{
    (void)self;
    seen.late = request;
    request->on_closed = on_late_closed;
}

static void on_stream_drain(void *arg)
{
    (void)arg;
    seen.drains++;
}

static void get_stream(void *self, struct kw_request *request)
{
    (void)self;
    kw_reply_header(request, "X-Stream", "1");
    if (seen.end_first)
        fake_auth_end(0);
    if (kw_reply_begin(request, 200,
                       seen.csv ? "text/csv" : "text/event-stream") != 0)
        return;
    request->on_closed = on_late_closed;
    request->on_drain = on_stream_drain;
    seen.late = request;
    (void)kw_reply_write(request, "first\n", 6);
}

static const struct kw_route world_routes[] = {
    {.method = KW_GET, .path = "/open", .handle = get_open},
    {.method = KW_GET, .path = "/canary", .handle = get_canary},
    {.method = KW_GET,
     .path = "/query",
     .cost = KW_COST_QUERY,
     .handle = get_query},
    {.method = KW_PUT,
     .path = "/large",
     .permission = KW_MAY_CHANGE,
     .flags = KW_ROUTE_RAW_BODY,
     .body_max_bytes = 1 << 20,
     .handle = put_tree},
    {.method = KW_GET, .path = "/text", .handle = get_text},
    {.method = KW_GET,
     .path = "/open-stream",
     .flags = KW_ROUTE_STREAM,
     .handle = get_stream},
    {.method = KW_POST,
     .path = "/echo",
     .flags = KW_ROUTE_NO_CSRF,
     .body = echo_rows,
     .body_size = sizeof(struct echo),
     .handle = post_echo},
    {.method = KW_GET,
     .path = "/echo",
     .query = echo_rows,
     .query_size = sizeof(struct echo),
     .handle = get_echo},
    {.method = KW_GET,
     .path = "/echo/{name}",
     .query = echo_rows,
     .query_size = sizeof(struct echo),
     .handle = get_echo},
    {.method = KW_GET,
     .path = "/see",
     .permission = KW_MAY_SEE,
     .handle = get_open},
    {.method = KW_POST,
     .path = "/configure",
     .permission = KW_MAY_CONFIGURE,
     .body = echo_rows,
     .body_size = sizeof(struct echo),
     .handle = post_echo},
    {.method = KW_DELETE,
     .path = "/configure",
     .permission = KW_MAY_CONFIGURE,
     .handle = delete_it},
    {.method = KW_PUT,
     .path = "/tree",
     .permission = KW_MAY_CONFIGURE,
     .flags = KW_ROUTE_RAW_BODY | KW_ROUTE_REAUTH,
     .handle = put_tree},
    {.method = KW_GET,
     .path = "/setup-only",
     .permission = KW_MAY_SETUP,
     .handle = get_open},
    {.method = KW_GET, .path = "/big", .handle = get_big},
    {.method = KW_GET, .path = "/late", .handle = get_late},
    {.method = KW_GET,
     .path = "/stream",
     .permission = KW_MAY_SEE,
     .flags = KW_ROUTE_STREAM,
     .handle = get_stream},
    {0},
};

static const struct kw_module world_module = {
    .name = "world",
    .routes = world_routes,
};

struct http_world {
    struct kw_fixture fixture;
    struct kw_registry *registry;
    uint16_t port;
    bool stopped;
};

static inline void world_file(struct http_world *world, const char *path,
                              const char *text)
{
    char full[256];
    FILE *file;

    snprintf(full, sizeof(full), "%s/%s", world->fixture.dir, path);
    file = fopen(full, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

static inline double world_metric(struct http_world *world, size_t index)
{
    struct kw_health health;

    kw_registry_health(world->registry, HTTP_INDEX, &health);
    return health.values[index];
}

static bool world_listens(void *arg)
{
    struct http_world *world = arg;

    world->port = (uint16_t)world_metric(world, 0);
    return world->port != 0;
}

/* A set from text; dropped by the caller. */
static inline struct kw_conf_set *world_conf(struct http_world *world,
                                             const char *text)
{
    struct kw_conf_set *set = NULL;
    struct kw_arena arena;
    struct kw_node *root;
    struct kw_diag diag;
    char why[400];

    kw_arena_init(&arena, 1 << 20);
    kw_diag_init(&diag);
    assert_int_equal(
        kw_conf_parse_yaml(text, strlen(text), &arena, &root, &diag), 0);
    if (kw_registry_check(world->registry, root, &world->fixture.core.env, &set,
                          &diag) != 0)
        fail_msg("%s", kw_diag_first(&diag, why, sizeof(why)));
    kw_diag_fini(&diag);
    kw_arena_fini(&arena);
    return set;
}

/* Starts the modules; does not wait for the port. */
static inline void world_start(struct http_world *world, const char *conf)
{
    static const struct kw_module *const modules[] = {
        &fake_auth_module, &kw_http_module, &world_module, NULL};
    struct kw_conf_set *set;
    struct kw_diag diag;

    memset(&seen, 0, sizeof(seen));
    seen.loop = &world->fixture.loop;
    world_answer = "{\"ok\":true}";
    world->fixture.core.registry = NULL;
    assert_int_equal(kw_registry_new(&world->registry, modules), 0);
    world->fixture.core.registry = world->registry;
    set = world_conf(world, conf);
    kw_diag_init(&diag);
    assert_int_equal(
        kw_registry_start(world->registry, &world->fixture.core, set, &diag),
        0);
    kw_diag_fini(&diag);
    kw_conf_set_drop(set);
}

/* A fixture with files and a running server. */
static inline void world_open(struct http_world *world)
{
    memset(world, 0, sizeof(*world));
    kw_fixture_open(&world->fixture, 0);
    world_file(world, "index.html", "<!doctype html>");
    world_start(world, "http: {listen: [\"127.0.0.1:0\"]}\n");
    kw_fixture_until(&world->fixture, world_listens, world);
}

static inline void on_world_stopped(void *arg)
{
    *(bool *)arg = true;
}

static inline void world_stop(struct http_world *world)
{
    kw_registry_stop(world->registry, on_world_stopped, &world->stopped);
    kw_fixture_until_set(&world->fixture, &world->stopped);
    kw_registry_free(world->registry);
}

static inline void world_close(struct http_world *world)
{
    world_stop(world);
    kw_fixture_close(&world->fixture);
}

#endif
