/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Happy path of a large body: the head claims http->large, the bytes come, a
 * job takes body and arena away and parses, gives both back, and the handler
 * runs. Until the answer is written nobody else may send one.
 * Failures: no thread, no memory: 503, 500. The session ended meanwhile: the
 * handler is not called.
 * On close: the job keeps what it works on and frees it when it is done;
 * http->parsing stays until then.
 */
#include "http/body.h"

#include "base/mem.h"
#include "core/conf.h"
#include "core/request.h"
#include "http/conn.h"
#include "http/server.h"

#include <strings.h>

enum {
    BODY_MAX_BYTES = 65536, /* where the route says nothing; more is large */
    COST_BYTES = 4096,      /* weigh as much as a light request */
};

/* Runs on a thread: the bytes, the arena and what was made of them. */
struct kw_http_reading {
    struct kw_job job;
    struct kw_http *http;
    struct kw_http_conn *conn; /* NULL: it has gone */
    struct kw_buf body;
    struct kw_arena arena;
    struct kw_node *node;
    struct kw_diag diag;
    int err;
};

static bool refuse(struct kw_http_conn *conn, int status, const char *key,
                   const char *detail)
{
    kw_http_reply_refuse(conn, status, key, detail);
    return false;
}

size_t kw_http_body_max(const struct kw_route *route)
{
    if (route->method == KW_GET)
        return 0;
    return route->body_max_bytes > 0 ? route->body_max_bytes : BODY_MAX_BYTES;
}

/* Of a chunked body nobody knows: it is large where it may be. */
static bool may_be_large(const struct kw_http_conn *conn, size_t most)
{
    return most > BODY_MAX_BYTES &&
           (kw_http_parser_field(&conn->parser, KW_HTTP_TRANSFER_ENCODING) !=
                NULL ||
            kw_http_parser_length(&conn->parser) > BODY_MAX_BYTES);
}

/* The one place for a large body. */
static bool claim_large(struct kw_http_conn *conn)
{
    struct kw_http *http = conn->http;

    if (http->large == NULL && !http->parsing) {
        http->large = conn;
        return true;
    }
    kw_reply_header(&conn->request, "Retry-After", "1");
    return refuse(conn, 429, "busy",
                  "Another large request is being worked on. Try again.");
}

bool kw_http_body_check(struct kw_http_conn *conn, const struct kw_route *route)
{
    const char *expect = kw_http_parser_field(&conn->parser, KW_HTTP_EXPECT);
    size_t most = kw_http_body_max(route);

    kw_buf_init(&conn->body, most);
    conn->body.secret = true;
    if (kw_http_parser_length(&conn->parser) > most)
        return refuse(conn, 413, "body_too_large", "The body is too large.");
    if (expect != NULL && strcasecmp(expect, "100-continue") != 0)
        return refuse(conn, 417, "expectation",
                      "Only 100-continue can be expected.");
    return !may_be_large(conn, most) || claim_large(conn);
}

unsigned kw_http_body_cost(const struct kw_http_conn *conn)
{
    return (unsigned)(conn->body.length / COST_BYTES);
}

/* What could not be parsed is answered; else the rows are filled. */
static void finish(struct kw_http_conn *conn, const struct kw_node *node,
                   int err, struct kw_diag *diag)
{
    if (err == 0) {
        err = kw_http_exchange_permits(conn)
                  ? kw_request_read_body(&conn->request, node, diag)
                  : KW_EDENIED;
        if (err == KW_EINVAL)
            kw_reply_diag(&conn->request, 422, "body_invalid", diag);
    } else if (err != KW_ENOMEM) {
        kw_reply_diag(&conn->request, 400, "body_malformed", diag);
    }
    if (err == KW_ENOMEM)
        (void)refuse(conn, 500, "no_memory", "There is not enough memory.");
    if (err == 0)
        kw_http_exchange_handle(conn);
}

static int parse(const struct kw_buf *body, struct kw_arena *arena,
                 struct kw_node **node, struct kw_diag *diag)
{
    *node = NULL;
    return body->length == 0
               ? 0
               : kw_conf_parse_json((const char *)body->data, body->length,
                                    arena, node, diag);
}

static void work(struct kw_job *job)
{
    struct kw_http_reading *reading =
        KW_LIST_ENTRY(job, struct kw_http_reading, job);

    reading->err =
        parse(&reading->body, &reading->arena, &reading->node, &reading->diag);
}

static void on_done(struct kw_job *job, int err)
{
    struct kw_http_reading *reading =
        KW_LIST_ENTRY(job, struct kw_http_reading, job);
    struct kw_http_conn *conn = reading->conn;

    reading->http->parsing = false;
    if (conn == NULL) {
        kw_buf_fini(&reading->body);
        kw_arena_fini(&reading->arena);
    } else {
        conn->body = reading->body;
        conn->arena = reading->arena;
        conn->reading = NULL;
        conn->state = KW_HTTP_BUSY;
        if (err == 0)
            finish(conn, reading->node, reading->err, &reading->diag);
        else
            (void)refuse(conn, 503, "stopping", "The gateway stops.");
    }
    kw_diag_fini(&reading->diag);
    kw_free(reading);
}

/* Takes body and arena; the strings of the request, which are in the arena,
 * stay where they are. */
static void parse_later(struct kw_http_conn *conn)
{
    struct kw_http *http = conn->http;
    struct kw_http_reading *reading = kw_alloc(sizeof(*reading));

    if (reading == NULL) {
        (void)refuse(conn, 500, "no_memory", "There is not enough memory.");
        return;
    }
    *reading = (struct kw_http_reading){
        .job = {.work = work, .done = on_done, .life = &http->life},
        .http = http,
        .conn = conn,
        .body = conn->body,
        .arena = conn->arena,
    };
    kw_diag_init(&reading->diag);
    if (kw_jobs_submit(http->core->jobs, KW_LANE_WORK, &reading->job) != 0) {
        kw_free(reading);
        (void)refuse(conn, 503, "busy",
                     "The gateway is busy with other requests. Try again.");
        return;
    }
    kw_buf_init(&conn->body, 0);
    kw_arena_init(&conn->arena, 0);
    http->parsing = true;
    conn->reading = reading;
    conn->state = KW_HTTP_PARSING;
}

void kw_http_body_read(struct kw_http_conn *conn)
{
    struct kw_node *node;
    struct kw_diag diag;
    int err;

    if (conn->body.length > BODY_MAX_BYTES) {
        parse_later(conn);
        return;
    }
    kw_diag_init(&diag);
    err = parse(&conn->body, &conn->arena, &node, &diag);
    finish(conn, node, err, &diag);
    kw_diag_fini(&diag);
}

void kw_http_body_release(struct kw_http_conn *conn)
{
    if (conn->http->large == conn)
        conn->http->large = NULL;
    if (conn->reading != NULL)
        conn->reading->conn = NULL;
    conn->reading = NULL;
}
