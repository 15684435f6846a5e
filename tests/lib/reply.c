/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/reply.h"

#include "base/list.h"
#include "base/text.h"
#include "core/conf.h"
#include "core/registry.h"
#include "core/request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { BODY_MAX_BYTES = 128 << 20, ARENA_MAX_BYTES = 64 << 20 };

static struct kw_test_reply *reply_of(struct kw_request *request)
{
    return KW_LIST_ENTRY(request, struct kw_test_reply, request);
}

static void op_header(struct kw_request *request, const char *name,
                      const char *value)
{
    kw_buf_printf(&reply_of(request)->headers, "%s: %s\n", name, value);
}

static void begin(struct kw_test_reply *reply, int status, const char *type)
{
    assert_int_equal(reply->status, 0); /* answered once and no more */
    reply->status = status;
    (void)kw_text_copy(reply->type, sizeof(reply->type),
                       type != NULL ? type : "");
}

static void op_send(struct kw_request *request, int status, const char *type,
                    struct kw_buf *take)
{
    struct kw_test_reply *reply = reply_of(request);

    begin(reply, status, type);
    reply->sends++;
    reply->done = true;
    if (take == NULL)
        return;
    assert_int_equal(kw_buf_err(take), 0);
    kw_buf_put(&reply->body, take->data, take->length);
    kw_buf_fini(take);
}

static int op_begin(struct kw_request *request, int status, const char *type)
{
    struct kw_test_reply *reply = reply_of(request);

    if (reply->refuse_begin)
        return KW_ECLOSING;
    begin(reply, status, type);
    reply->begins++;
    return 0;
}

static size_t op_write(struct kw_request *request, const void *bytes,
                       size_t length)
{
    struct kw_test_reply *reply = reply_of(request);

    assert_int_equal(reply->begins, 1);
    assert_false(reply->done);
    reply->writes++;
    kw_buf_put(&reply->body, bytes, length);
    return reply->queued;
}

static void op_end(struct kw_request *request)
{
    struct kw_test_reply *reply = reply_of(request);

    assert_int_equal(reply->begins, 1);
    assert_false(reply->done);
    reply->ends++;
    reply->done = true;
}

static void op_fail(struct kw_request *request)
{
    struct kw_test_reply *reply = reply_of(request);

    assert_int_equal(reply->begins, 1);
    assert_false(reply->done);
    reply->fails++;
    reply->done = true;
}

static const struct kw_reply_ops ops = {
    .header = op_header,
    .send = op_send,
    .begin = op_begin,
    .write = op_write,
    .end = op_end,
    .fail = op_fail,
};

void kw_test_reply_init(struct kw_test_reply *reply, enum kw_profile profile)
{
    *reply = (struct kw_test_reply){
        .who =
            {
                .profile = profile,
                .permissions = kw_profile_permissions(profile),
                .address = "127.0.0.1",
            },
    };
    snprintf(reply->who.user, sizeof(reply->who.user), "%s",
             kw_profile_name(profile));
    kw_arena_init(&reply->arena, ARENA_MAX_BYTES);
    kw_buf_init(&reply->body, BODY_MAX_BYTES);
    kw_buf_init(&reply->headers, 4096);
    reply->request.accept = "";
    kw_test_reply_reset(reply);
}

void kw_test_reply_fini(struct kw_test_reply *reply)
{
    kw_arena_fini(&reply->arena);
    kw_buf_fini(&reply->body);
    kw_buf_fini(&reply->headers);
}

void kw_test_reply_reset(struct kw_test_reply *reply)
{
    struct kw_request *request = &reply->request;

    kw_arena_fini(&reply->arena);
    kw_buf_fini(&reply->body);
    kw_buf_fini(&reply->headers);
    *request = (struct kw_request){
        .accept = request->accept,
        .if_match = request->if_match,
        .cookie = request->cookie,
        .who = &reply->who,
        .arena = &reply->arena,
        .ops = &ops,
    };
    reply->status = 0;
    reply->type[0] = 0;
    reply->sends = reply->begins = reply->writes = 0;
    reply->ends = reply->fails = 0;
    reply->done = false;
}

/* Reads the query and the body by the rows of the route and runs it. */
static void run(struct kw_test_reply *reply, void *self, const char *query,
                const char *body)
{
    struct kw_request *request = &reply->request;
    struct kw_node *root = NULL;
    struct kw_diag diag;
    int err = 0;

    kw_diag_init(&diag);
    if (body != NULL)
        err =
            kw_conf_parse_json(body, strlen(body), &reply->arena, &root, &diag);
    if (err == 0)
        err = kw_request_read_query(request, query, &diag);
    if (err == 0)
        err = kw_request_read_body(request, root, &diag);
    if (err != 0)
        kw_reply_diag(request, 422, "request_invalid", &diag);
    else
        request->route->handle(self, request);
    kw_diag_fini(&diag);
}

void kw_test_ask(struct kw_test_reply *reply,
                 const struct kw_registry *registry, const char *method,
                 const char *target, const char *body)
{
    size_t length = strcspn(target, "?");
    struct kw_route_match match;
    const char *path;

    kw_test_reply_reset(reply);
    path = kw_arena_strndup(&reply->arena, target, length);
    if (path == NULL) {
        kw_reply_problem(&reply->request, 503, "no_memory", "No.");
        return;
    }
    kw_route_find(registry, method, path, &reply->arena, &match);
    if (match.route == NULL) {
        kw_reply_problem(&reply->request, match.status, "route_unknown", "%s",
                         match.allow);
        return;
    }
    if (match.route->permission != KW_MAY_PUBLIC &&
        (match.route->permission & reply->who.permissions) == 0) {
        kw_reply_problem(&reply->request, 403, "denied", "No.");
        return;
    }
    reply->request.route = match.route;
    memcpy(reply->request.params, match.params, sizeof(match.params));
    run(reply, kw_route_self(registry, match.route),
        target[length] != 0 ? target + length + 1 : NULL, body);
}

void kw_test_reply_hang_up(struct kw_test_reply *reply)
{
    assert_false(reply->done);
    if (reply->request.on_closed != NULL)
        reply->request.on_closed(reply->request.arg);
}

const char *kw_test_reply_text(struct kw_test_reply *reply)
{
    return kw_buf_text(&reply->body);
}

bool kw_test_reply_has(struct kw_test_reply *reply, const char *line)
{
    const char *at = kw_buf_text(&reply->headers);
    size_t length = strlen(line);

    while (*at != 0) {
        size_t end = strcspn(at, "\n");

        if (end == length && memcmp(at, line, length) == 0)
            return true;
        at += end + 1;
    }
    return false;
}

void kw_test_reply_expect(struct kw_test_reply *reply, int status,
                          const char *part)
{
    const char *text = kw_test_reply_text(reply);

    if (reply->status != status || !reply->done ||
        (part != NULL && strstr(text, part) == NULL))
        print_error("expected %d with %s, got %d: %s\n", status,
                    part != NULL ? part : "anything", reply->status, text);
    assert_int_equal(reply->status, status);
    assert_true(reply->done);
    if (part != NULL)
        assert_non_null(strstr(text, part));
}
