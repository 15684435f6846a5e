/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection of the control socket.
 *
 * Happy path: read a line, find and run the route, write the answer as one
 * line, read the next. What comes meanwhile waits in the buffer.
 * Failure: a line that isn't JSON is answered with a problem and the
 * connection ends; too long a line and an idle peer end it at once. An answer
 * that can't be made is told by a bare status.
 * Who says that nothing more comes gets the answers of the lines that came,
 * unless a handler waits just then: that client counts as gone.
 * On close: a request that still waits is told by on_closed; the memory goes
 * with the last handle.
 */
#include "base/json.h"
#include "base/mem.h"
#include "core/conf.h"
#include "core/control_internal.h"
#include "core/core.h"
#include "core/request.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    LINE_MAX_BYTES = 1 << 20,
    ANSWER_MAX_BYTES = 64 << 20,
    IDLE_MS = 30000,
};

static void on_connection_gone(struct kw_life *life)
{
    struct kw_control_connection *connection =
        KW_LIST_ENTRY(life, struct kw_control_connection, life);
    struct kw_control *control = connection->control;

    kw_buf_fini(&connection->in);
    kw_buf_fini(&connection->out);
    kw_buf_fini(&connection->stream);
    kw_arena_fini(&connection->arena);
    kw_list_remove(&connection->link);
    control->connections--;
    kw_free(connection);
    kw_life_drop(&control->life);
}

void kw_control_drop(struct kw_control_connection *connection)
{
    struct kw_request *request = &connection->request;

    if (connection->life.closing)
        return;
    kw_life_close_handle(&connection->life, (uv_handle_t *)&connection->pipe);
    kw_life_close_handle(&connection->life, (uv_handle_t *)&connection->timer);
    if (connection->busy && request->on_closed != NULL)
        request->on_closed(request->arg);
    kw_life_close(&connection->life);
}

static void on_idle(uv_timer_t *timer)
{
    struct kw_control_connection *connection = timer->data;

    if (!connection->busy)
        kw_control_drop(connection);
}

static void wait_on(struct kw_control_connection *connection)
{
    uv_timer_start(&connection->timer, on_idle, IDLE_MS, 0);
}

static void next_line(struct kw_control_connection *connection);

static void on_written(uv_write_t *write, int status)
{
    struct kw_control_connection *connection = write->data;

    kw_buf_fini(&connection->out);
    connection->writing = false;
    if (connection->life.closing) {
        /* dropped while libuv still had this write to report */
    } else if (status < 0 || connection->last) {
        kw_control_drop(connection);
    } else {
        wait_on(connection);
        next_line(connection);
        if (connection->ended && !connection->busy && !connection->writing)
            kw_control_drop(connection);
    }
    kw_life_drop(&connection->life);
}

static void write_line(struct kw_control_connection *connection)
{
    struct kw_buf *out = &connection->out;
    uv_buf_t bytes = uv_buf_init((char *)out->data, (unsigned)out->length);

    connection->write.data = connection;
    connection->writing = true;
    wait_on(connection);
    kw_life_hold(&connection->life);
    if (uv_write(&connection->write, (uv_stream_t *)&connection->pipe, &bytes,
                 1, on_written) != 0) {
        /* UNTESTED: libuv refuses only a pipe that isn't connected. */
        kw_life_drop(&connection->life);
        kw_control_drop(connection);
    }
}

/* JSON on one line: outside of strings a line end is a blank. */
static void put_json(struct kw_json *json, struct kw_buf *body)
{
    for (size_t i = 0; i < body->length; i++) {
        if (body->data[i] == '\n' || body->data[i] == '\r')
            body->data[i] = ' ';
    }
    kw_json_raw(json, "body", (const char *)body->data, body->length);
}

/* The answer's line: JSON bodies as they are, other text as a string. */
static void put_answer(struct kw_buf *out, int status, const char *type,
                       struct kw_buf *body)
{
    struct kw_json json;

    type = type != NULL ? type : "";
    kw_buf_reset(out);
    kw_json_init(&json, out);
    kw_json_object(&json, NULL);
    kw_json_int(&json, "status", status);
    kw_json_text(&json, "type", type);
    if (body == NULL || body->length == 0)
        kw_json_null(&json, "body");
    else if (strstr(type, "json") != NULL)
        put_json(&json, body);
    else
        kw_json_text(&json, "body", kw_buf_text(body));
    kw_json_end_object(&json);
    kw_buf_put_byte(out, '\n');
}

/* What a buffer that failed is told as. */
static int status_of(int err)
{
    return err == KW_EFULL ? 413 : 503;
}

static void answer(struct kw_control_connection *connection, int status,
                   const char *type, struct kw_buf *body)
{
    struct kw_buf *out = &connection->out;

    connection->busy = false;
    put_answer(out, status, type, body);
    if (kw_buf_err(out) != 0)
        put_answer(out, status_of(kw_buf_err(out)), NULL, NULL);
    if (kw_buf_err(out) == 0)
        write_line(connection);
    else
        kw_control_drop(connection);
}

static struct kw_control_connection *connection_of(struct kw_request *request)
{
    return KW_LIST_ENTRY(request, struct kw_control_connection, request);
}

static void op_header(struct kw_request *request, const char *name,
                      const char *value)
{
    (void)request; /* the control socket's answers have no headers */
    (void)name;
    (void)value;
}

static void op_send(struct kw_request *request, int status, const char *type,
                    struct kw_buf *take)
{
    answer(connection_of(request), status, type, take);
    if (take != NULL)
        kw_buf_fini(take);
}

/* A stream is gathered and answered whole when it ends; one that never does
 * is refused. */
static int op_begin(struct kw_request *request, int status, const char *type)
{
    struct kw_control_connection *connection = connection_of(request);

    if (strcmp(type, "text/event-stream") == 0) {
        kw_reply_problem(request, 406, "stream_endless",
                         "The control socket has no streams of events.");
        return KW_ECLOSING;
    }
    connection->stream_status = status;
    (void)snprintf(connection->stream_type, sizeof(connection->stream_type),
                   "%s", type);
    kw_buf_reset(&connection->stream);
    return 0;
}

static size_t op_write(struct kw_request *request, const void *bytes,
                       size_t length)
{
    kw_buf_put(&connection_of(request)->stream, bytes, length);
    return 0;
}

static void op_end(struct kw_request *request)
{
    struct kw_control_connection *connection = connection_of(request);

    if (kw_buf_err(&connection->stream) != 0)
        kw_reply_problem(request, status_of(kw_buf_err(&connection->stream)),
                         "not_gathered",
                         "The stream could not be gathered: %s.",
                         kw_strerror(kw_buf_err(&connection->stream)));
    else
        answer(connection, connection->stream_status, connection->stream_type,
               &connection->stream);
    kw_buf_fini(&connection->stream);
}

/* Nothing of it was sent yet: the answer is a problem instead. */
static void op_fail(struct kw_request *request)
{
    kw_buf_fini(&connection_of(request)->stream);
    kw_reply_problem(request, 500, "incomplete",
                     "The answer could not be completed.");
}

static const struct kw_reply_ops ops = {op_header, op_send, op_begin,
                                        op_write,  op_end,  op_fail};

static void run_route(struct kw_request *request, void *self, const char *query,
                      const struct kw_node *body)
{
    struct kw_diag diag;
    int err;

    kw_diag_init(&diag);
    err = kw_request_read_query(request, query, &diag);
    if (err == 0)
        err = kw_request_read_body(request, body, &diag);
    if (err == 0)
        request->route->handle(self, request);
    else if (err == KW_ENOMEM)
        kw_reply_problem(request, 503, "no_memory",
                         "The gateway is out of memory.");
    else
        kw_reply_diag(request, 422, "request_invalid", &diag);
    kw_diag_fini(&diag);
}

/* Finds, checks and runs what target asks for, "/path?query". */
static void run_request(struct kw_control_connection *connection,
                        const char *method, const char *target,
                        const struct kw_node *body)
{
    struct kw_request *request = &connection->request;
    size_t length = strcspn(target, "?");
    const char *path =
        kw_request_decode(&connection->arena, target, length, false);
    struct kw_route_match match;

    if (path == NULL) {
        kw_reply_problem(request, 400, "bad_request",
                         "The path is not well encoded.");
        return;
    }
    kw_route_find(connection->control->core->registry, method, path,
                  &connection->arena, &match);
    if (match.route == NULL) {
        kw_reply_problem(request, match.status, "route_unknown",
                         "There is nothing at %s %s.", method, path);
        return;
    }
    if (match.route->permission != KW_MAY_PUBLIC &&
        (match.route->permission & connection->who.permissions) == 0) {
        kw_reply_problem(request, 403, "denied",
                         "That needs a session of the web application.");
        return;
    }
    request->route = match.route;
    memcpy(request->params, match.params, sizeof(match.params));
    run_route(request,
              kw_route_self(connection->control->core->registry, match.route),
              target[length] != 0 ? target + length + 1 : NULL, body);
}

/* The text of a child, NULL when there is none. */
static const char *text_of(const struct kw_node *root, const char *key)
{
    const struct kw_node *node = kw_node_get(root, key);

    return node != NULL ? node->text : NULL;
}

static void handle_tree(struct kw_control_connection *connection,
                        const struct kw_node *root)
{
    struct kw_request *request = &connection->request;
    const char *method = text_of(root, "method");
    const char *path = text_of(root, "path");
    const char *accept = text_of(root, "accept");

    request->if_match = text_of(root, "if_match");
    if (accept != NULL)
        request->accept = accept;
    if (method == NULL || path == NULL)
        kw_reply_problem(request, 400, "bad_request",
                         "Expected {\"method\", \"path\", \"body\"}.");
    else
        run_request(connection, method, path, kw_node_get(root, "body"));
}

static void handle_line(struct kw_control_connection *connection, size_t length)
{
    struct kw_request *request = &connection->request;
    struct kw_node *root = NULL;
    struct kw_diag diag;
    int err;

    kw_arena_fini(&connection->arena);
    *request = (struct kw_request){
        .accept = "application/json",
        .who = &connection->who,
        .arena = &connection->arena,
        .ops = &ops,
    };
    connection->busy = true;
    kw_diag_init(&diag);
    err = kw_conf_parse_json((const char *)connection->in.data, length,
                             &connection->arena, &root, &diag);
    kw_buf_drop_front(&connection->in, length + 1);
    connection->last = err != 0;
    if (err == 0)
        handle_tree(connection, root);
    else if (err == KW_ENOMEM)
        kw_reply_problem(request, 503, "no_memory",
                         "The gateway is out of memory.");
    else
        kw_reply_diag(request, 400, "bad_request", &diag);
    kw_diag_fini(&diag);
}

/* Works on the next whole line when nothing else is under way. */
static void next_line(struct kw_control_connection *connection)
{
    const unsigned char *end = NULL;

    if (connection->busy || connection->writing)
        return;
    if (connection->in.length > 0)
        end = memchr(connection->in.data, '\n', connection->in.length);
    if (end != NULL)
        handle_line(connection, (size_t)(end - connection->in.data));
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct kw_control_connection *connection = handle->data;

    (void)suggested;
    buf->base = connection->control->chunk;
    buf->len = sizeof(connection->control->chunk);
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buf)
{
    struct kw_control_connection *connection = stream->data;

    if (count == UV_EOF && connection->writing) {
        connection->ended = true; /* who has asked may still be reading */
        uv_read_stop(stream);
        return;
    }
    if (count > 0)
        kw_buf_put(&connection->in, buf->base, (size_t)count);
    if (count < 0 || kw_buf_err(&connection->in) != 0) {
        kw_control_drop(connection);
        return;
    }
    wait_on(connection);
    next_line(connection);
}

int kw_control_serve(struct kw_control *control, int fd,
                     const struct kw_identity *who)
{
    struct kw_control_connection *connection = kw_alloc(sizeof(*connection));
    uv_loop_t *loop = &control->core->loop->uv;

    if (connection == NULL) {
        close(fd);
        return KW_ENOMEM;
    }
    connection->control = control;
    connection->who = *who;
    kw_life_init(&connection->life, on_connection_gone);
    kw_buf_init(&connection->in, LINE_MAX_BYTES);
    kw_buf_init(&connection->out, ANSWER_MAX_BYTES);
    kw_buf_init(&connection->stream, ANSWER_MAX_BYTES / 2);
    kw_arena_init(&connection->arena, 4 * (size_t)LINE_MAX_BYTES);
    kw_list_append(&control->open, &connection->link);
    control->connections++;
    kw_life_hold(&control->life);
    uv_pipe_init(loop, &connection->pipe, 0);
    connection->pipe.data = connection;
    kw_life_hold(&connection->life);
    kw_life_timer(&connection->life, loop, &connection->timer, connection);
    wait_on(connection);
    if (uv_pipe_open(&connection->pipe, fd) != 0) {
        /* UNTESTED: fails only for what isn't a socket. */
        close(fd);
        kw_control_drop(connection);
        return KW_EIO;
    }
    uv_read_start((uv_stream_t *)&connection->pipe, on_alloc, on_read);
    return 0;
}
