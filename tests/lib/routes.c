/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/routes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

struct query {
    int64_t number;
};

static void echo(void *self, struct kw_request *request)
{
    const struct query *query = request->query;
    struct kw_buf body;

    (void)self;
    kw_buf_init(&body, 4096);
    kw_buf_printf(&body, "{\"n\":%d,\"p\":\"%s\",\"m\":\"%s\",\"a\":\"%s\"}",
                  query != NULL ? (int)query->number : -1,
                  request->params[0] != NULL ? request->params[0] : "",
                  request->if_match != NULL ? request->if_match : "",
                  request->accept);
    kw_reply_json(request, 200, &body);
}

static void who(void *self, struct kw_request *request)
{
    struct kw_buf body;

    (void)self;
    kw_buf_init(&body, 4096);
    kw_buf_printf(&body, "\"%s %s %u\"", request->who->user,
                  request->who->address, request->who->permissions);
    kw_reply_json(request, 200, &body);
}

static void on_waiting_closed(void *arg)
{
    struct kw_test_routes *routes = arg;

    routes->waiting = NULL;
    routes->closed++;
}

static void later(void *self, struct kw_request *request)
{
    struct kw_test_routes *routes = self;

    routes->waiting = request;
    request->arg = routes;
    request->on_closed = on_waiting_closed;
}

/* Waits and doesn't want to know whether the client goes. */
static void later_deaf(void *self, struct kw_request *request)
{
    struct kw_test_routes *routes = self;

    routes->waiting = request;
}

static void text(void *self, struct kw_request *request)
{
    struct kw_buf body;

    (void)self;
    kw_buf_init(&body, 4096);
    kw_buf_put_text(&body, "two\n\"lines\"\n");
    kw_reply_header(request, "X-Odd", "1");
    kw_reply_take(request, 200, "text/plain", &body);
}

static void pretty(void *self, struct kw_request *request)
{
    struct kw_buf body;

    (void)self;
    kw_buf_init(&body, 4096);
    kw_buf_put_text(&body, "{\r\n  \"a\": [\n1\n]\n}");
    kw_reply_json(request, 200, &body);
}

static void nothing(void *self, struct kw_request *request)
{
    (void)self;
    kw_reply_take(request, 204, NULL, NULL);
}

static void stream(void *self, struct kw_request *request)
{
    (void)self;
    if (kw_reply_begin(request, 200, "text/csv") != 0)
        return;
    (void)kw_reply_write(request, "a,b\n", 4);
    (void)kw_reply_write(request, "1,2\n", 4);
    kw_reply_end(request);
}

static void incomplete(void *self, struct kw_request *request)
{
    (void)self;
    if (kw_reply_begin(request, 200, "text/csv") != 0)
        return;
    (void)kw_reply_write(request, "a,b\n", 4);
    kw_reply_fail(request);
}

static void events(void *self, struct kw_request *request)
{
    (void)self;
    assert_int_equal(kw_reply_begin(request, 200, "text/event-stream"),
                     KW_ECLOSING);
}

/* More than the control socket gathers. */
static void flood(void *self, struct kw_request *request)
{
    static const char zeros[1 << 16];

    (void)self;
    assert_int_equal(kw_reply_begin(request, 200, "text/csv"), 0);
    for (int i = 0; i < 513; i++)
        (void)kw_reply_write(request, zeros, sizeof(zeros));
    kw_reply_end(request);
}

static void put_many(struct kw_request *request, size_t count, char byte)
{
    struct kw_buf body;
    unsigned char *room;

    kw_buf_init(&body, count);
    room = kw_buf_grow(&body, count);
    assert_non_null(room);
    memset(room, byte, count);
    kw_reply_take(request, 200, "text/plain", &body);
}

static void big(void *self, struct kw_request *request)
{
    (void)self;
    put_many(request, KW_TEST_BIG_BYTES, 'x');
}

/* More than an answer may have. */
static void huge(void *self, struct kw_request *request)
{
    (void)self;
    put_many(request, 64 << 20, 'x');
}

static const struct kw_setting query_rows[] = {
    {.key = "n",
     .kind = KW_KIND_INT,
     .offset = offsetof(struct query, number),
     .preset = "7",
     .max = 99,
     .help = "A number."},
    {0},
};

static const struct kw_route rows[] = {
    {.path = "/echo",
     .permission = KW_MAY_SEE,
     .query = query_rows,
     .query_size = sizeof(struct query),
     .handle = echo},
    {.path = "/echo/{p}", .permission = KW_MAY_SEE, .handle = echo},
    {.method = KW_POST,
     .path = "/body",
     .permission = KW_MAY_SECURE,
     .body = query_rows,
     .body_size = sizeof(struct query),
     .handle = nothing},
    {.path = "/who", .permission = KW_MAY_CONFIGURE, .handle = who},
    {.path = "/later", .handle = later},
    {.path = "/later/deaf", .handle = later_deaf},
    {.path = "/text", .handle = text},
    {.path = "/pretty", .handle = pretty},
    {.path = "/nothing", .handle = nothing},
    {.path = "/stream", .flags = KW_ROUTE_STREAM, .handle = stream},
    {.path = "/incomplete", .flags = KW_ROUTE_STREAM, .handle = incomplete},
    {.path = "/events", .flags = KW_ROUTE_STREAM, .handle = events},
    {.path = "/flood", .flags = KW_ROUTE_STREAM, .handle = flood},
    {.path = "/big", .handle = big},
    {.path = "/huge", .handle = huge},
    {.path = "/setup", .permission = KW_MAY_SETUP, .handle = nothing},
    {.path = "/self", .permission = KW_MAY_SELF, .handle = nothing},
    {0},
};

static const struct kw_module module = {.name = "routes",
                                        .routes = rows,
                                        .state_size =
                                            sizeof(struct kw_test_routes)};

const struct kw_module *const kw_test_routes_table[] = {&module, NULL};

void kw_test_routes_answer(struct kw_test_routes *routes)
{
    struct kw_request *request = routes->waiting;

    assert_non_null(request);
    routes->waiting = NULL;
    kw_reply_take(request, 204, NULL, NULL);
}
