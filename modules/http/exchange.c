/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request, from its head to its handler. The order of the checks is fixed
 * and every step fails closed:
 *
 *   framing, Host (parser.c) - target - route - method - session - permission
 *   - source and CSRF token - recent password - query - body - handler
 *
 * What is not below /api/ is a file; files are public.
 */
#include "base/text.h"
#include "core/registry.h"
#include "core/request.h"
#include "http/body.h"
#include "http/conn.h"
#include "http/files.h"
#include "http/server.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum {
    PATH_MAX_BYTES = 16384 + 1, /* the setting's upper bound */
    ARENA_BYTES = 256 << 10,
    ARENA_PER_BODY_BYTE = 64, /* a tree of "[1,1,...]" is that much larger */
};

static const char api[] = "/api/v1";
static const char no_page[] =
    "Kilowatch is running, but its web application is not installed.\n"
    "Build it in webroot/ (npm ci && npm run build), or start the gateway "
    "with --web FOLDER.\n";

/* A refusal by key; returns false so that checks can end with it. */
static bool refuse(struct kw_http_conn *conn, int status, const char *key,
                   const char *detail)
{
    kw_http_reply_refuse(conn, status, key, detail);
    return false;
}

static const char *field(const struct kw_http_conn *conn,
                         enum kw_http_field which)
{
    return kw_http_parser_field(&conn->parser, which);
}

/* Copies a header field for the handler; "" when it is absent. */
static const char *keep(struct kw_http_conn *conn, enum kw_http_field which)
{
    const char *value = field(conn, which);
    const char *copy =
        value != NULL ? kw_arena_strndup(&conn->arena, value, strlen(value))
                      : NULL;

    return copy != NULL ? copy : "";
}

/* A person did this: neither the page by itself nor a stream. */
static bool is_active(const struct kw_http_conn *conn, unsigned route_flags)
{
    const char *background = field(conn, KW_HTTP_X_BACKGROUND);

    return (background == NULL || strcmp(background, "1") != 0) &&
           (route_flags & KW_ROUTE_STREAM) == 0;
}

/* Who it is: the session behind the cookie, or nobody. */
static void identify(struct kw_http_conn *conn, bool active)
{
    const char *cookies = field(conn, KW_HTTP_COOKIE);
    const char *token = NULL;
    size_t length = 0;

    if (cookies != NULL)
        length = kw_http_cookie(cookies, KW_AUTH_COOKIE, &token);
    if (length == 0 || conn->http->auth == NULL)
        return;
    conn->request.cookie = kw_arena_strndup(&conn->arena, token, length);
    if (conn->request.cookie == NULL ||
        kw_auth_identify(conn->http->auth, conn->request.cookie, active,
                         &conn->who) != 0)
        conn->who.session = 0;
    if (conn->who.session == 0)
        conn->who.permissions = 0;
}

/* A person's or program's right to do that. */
static bool check_permission(struct kw_http_conn *conn, unsigned permission)
{
    if (permission == KW_MAY_PUBLIC ||
        (conn->who.permissions & permission) != 0)
        return true;
    if (conn->who.session == 0)
        return refuse(conn, 401, "no_session", "Log in first.");
    if (conn->who.permissions & KW_MAY_SETUP)
        return refuse(conn, 403, "setup_required",
                      "Finish the set-up first: set your own password.");
    return refuse(conn, 403, "not_permitted",
                  "Your profile does not permit that.");
}

/* Did our own page send it (SEC-21)? */
static bool check_source(struct kw_http_conn *conn,
                         const struct kw_route *route)
{
    struct kw_http_source source = {
        .host = field(conn, KW_HTTP_HOST),
        .origin = field(conn, KW_HTTP_ORIGIN),
        .fetch_site = field(conn, KW_HTTP_SEC_FETCH_SITE),
    };
    const char *type = field(conn, KW_HTTP_CONTENT_TYPE);
    const char *token = field(conn, KW_HTTP_X_CSRF_TOKEN);
    bool changes = route->method != KW_GET;

    if (!kw_http_source_ok(&source, changes))
        return refuse(conn, 403, "foreign_origin",
                      "The request comes from another site.");
    if (!changes)
        return true;
    if ((route->flags & KW_ROUTE_NO_CSRF) == 0 &&
        (conn->who.session == 0 || token == NULL ||
         !kw_auth_csrf_ok(conn->http->auth, conn->who.session, token)))
        return refuse(conn, 403, "csrf_token",
                      "The X-CSRF-Token field is missing or wrong.");
    if (type == NULL || !kw_http_is_json(type))
        return refuse(conn, 403, "content_type",
                      "The Content-Type must be application/json.");
    return true;
}

static bool check_recent(struct kw_http_conn *conn,
                         const struct kw_route *route)
{
    if ((route->flags & KW_ROUTE_REAUTH) == 0 ||
        kw_auth_is_recent(conn->http->auth, conn->who.session))
        return true;
    return refuse(conn, 401, "reauthenticate",
                  "Give your password again first.");
}

static bool check_query(struct kw_http_conn *conn, const char *query)
{
    struct kw_diag diag;
    int err;

    kw_diag_init(&diag);
    err = kw_request_read_query(&conn->request, query, &diag);
    if (err == KW_ENOMEM)
        (void)refuse(conn, 500, "no_memory", "There is not enough memory.");
    else if (err != 0)
        kw_reply_diag(&conn->request, 422, "query_invalid", &diag);
    kw_diag_fini(&diag);
    return err == 0;
}

/* The tag of If-Match without its quotes, or NULL. */
static const char *match_tag(struct kw_http_conn *conn)
{
    const char *header = field(conn, KW_HTTP_IF_MATCH), *tag = NULL;
    size_t length = header != NULL ? kw_http_etag_unquote(header, &tag) : 0;

    return length > 0 ? kw_arena_strndup(&conn->arena, tag, length) : NULL;
}

/* Copies: the parser's memory is used again while a late answer is owed. */
static void fill_request(struct kw_http_conn *conn,
                         const struct kw_route_match *match)
{
    struct kw_request *request = &conn->request;

    request->route = match->route;
    memcpy(request->params, match->params, sizeof(request->params));
    request->accept = keep(conn, KW_HTTP_ACCEPT);
    request->if_match = match_tag(conn);
}

/* No such route, or not that method. Whether an address exists is told only
 * to those who are logged in. */
static void refuse_route(struct kw_http_conn *conn,
                         const struct kw_route_match *match)
{
    if (match->status == 405) {
        kw_reply_header(&conn->request, "Allow", match->allow);
        refuse(conn, 405, "method_not_allowed",
               "This address does not know that method.");
        return;
    }
    identify(conn, is_active(conn, 0));
    if (conn->who.session == 0)
        refuse(conn, 401, "no_session", "Log in first.");
    else
        refuse(conn, 404, "not_found", "There is no such address.");
}

/* Everything that can be decided from the head alone, so that a body that
 * would be refused is not waited for. */
static void begin_api(struct kw_http_conn *conn, const char *path,
                      const char *query)
{
    struct kw_route_match match = {.status = 404};
    const struct kw_route *route;

    kw_arena_init(&conn->arena, ARENA_BYTES);
    conn->arena.secret = true;
    conn->request.arena = &conn->arena;
    if (strncmp(path, api, sizeof(api) - 1) == 0)
        kw_route_find(conn->http->core->registry,
                      kw_http_parser_method(&conn->parser),
                      path + sizeof(api) - 1, &conn->arena, &match);
    route = match.route;
    if (route == NULL) {
        refuse_route(conn, &match);
        return;
    }
    conn->arena.ceiling_bytes += kw_http_body_max(route) * ARENA_PER_BODY_BYTE;
    identify(conn, is_active(conn, route->flags));
    fill_request(conn, &match);
    /* each of these answers when it says no */
    (void)(check_permission(conn, route->permission) &&
           check_source(conn, route) && check_recent(conn, route) &&
           check_query(conn, query) && kw_http_body_check(conn, route));
}

/* A client that sends a body along with GET is refused when it comes: there is
 * no room for one. */
static void begin_file(struct kw_http_conn *conn, const char *path)
{
    const char *method = kw_http_parser_method(&conn->parser);

    conn->head_only = strcmp(method, "HEAD") == 0;
    kw_buf_init(&conn->body, 0);
    if (!conn->head_only && strcmp(method, "GET") != 0) {
        kw_reply_header(&conn->request, "Allow", "GET, HEAD");
        refuse(conn, 405, "method_not_allowed",
               "This address does not know that method.");
        return;
    }
    conn->file = kw_http_files_find(conn->http->files, path);
    if (conn->file == NULL && conn->http->files == NULL &&
        strcmp(path, "/") == 0)
        kw_http_reply_text(conn, 503, no_page);
    else if (conn->file == NULL)
        refuse(conn, 404, "not_found", "There is no such address.");
}

/* Who it is starts as nobody, each time: nothing of the request before, on the
 * same connection, may count for this one. */
void kw_http_exchange_begin(struct kw_http_conn *conn)
{
    char path[PATH_MAX_BYTES];
    const char *target = kw_http_parser_target(&conn->parser), *query = NULL;

    conn->who = (struct kw_identity){0};
    (void)kw_text_copy(conn->who.address, sizeof(conn->who.address),
                       conn->stream.peer);
    conn->request = (struct kw_request){
        .ops = &kw_http_reply_ops,
        .who = &conn->who,
        .accept = "",
    };
    if (strlen(target) >= sizeof(path) ||
        !kw_http_target_split(target, path, &query)) {
        conn->last = true;
        conn->http->counters.malformed++;
        refuse(conn, 400, "malformed", "The address is malformed.");
        return;
    }
    if (strcmp(path, "/api") == 0 || kw_text_starts(path, "/api/"))
        begin_api(conn, path, query);
    else
        begin_file(conn, path);
}

/* The body may have come long after the head: a session that ended in
 * between must not act any more. */
bool kw_http_exchange_permits(struct kw_http_conn *conn)
{
    const struct kw_route *route = conn->request.route;

    if (route->permission == KW_MAY_PUBLIC)
        return true;
    identify(conn, false);
    return check_permission(conn, route->permission);
}

void kw_http_exchange_handle(struct kw_http_conn *conn)
{
    void *self = kw_route_self(conn->http->core->registry, conn->request.route);

    if (self == NULL)
        (void)refuse(conn, 503, "not_running",
                     "That part of the gateway does not run now.");
    else
        conn->request.route->handle(self, &conn->request);
}

void kw_http_exchange_go(struct kw_http_conn *conn)
{
    conn->state = KW_HTTP_BUSY;
    if (conn->request.route->method == KW_GET)
        kw_http_exchange_handle(conn);
    else
        kw_http_body_read(conn);
}

unsigned kw_http_exchange_cost(const struct kw_http_conn *conn)
{
    static const unsigned costs[] = {
        [KW_COST_LIGHT] = 0, [KW_COST_QUERY] = 16, [KW_COST_HASH] = 3};

    return costs[conn->request.route->cost] + kw_http_body_cost(conn);
}

/* The handler may answer inside this call, later, or be cancelled. */
void kw_http_exchange_run(struct kw_http_conn *conn)
{
    struct kw_http *http = conn->http;
    struct kw_loop *loop = http->core->loop;
    unsigned cost;

    if (conn->file != NULL) {
        kw_http_reply_file(conn, conn->file);
        return;
    }
    cost = kw_http_exchange_cost(conn);
    if (cost == 0 || (kw_list_empty(&http->waiting) &&
                      kw_loop_budget_take(loop, KW_BUDGET_REQUEST, cost))) {
        kw_http_exchange_go(conn);
        return;
    }
    conn->state = KW_HTTP_READY;
    kw_list_append(&http->waiting, &conn->wait);
    kw_loop_turn_end(loop, &http->serve_waiting);
}

/* on_closed runs once, and the handler's pointer to the request is dead. */
void kw_http_exchange_cancel(struct kw_http_conn *conn)
{
    void (*on_closed)(void *arg) = conn->request.on_closed;

    if (conn->state != KW_HTTP_BUSY && conn->state != KW_HTTP_STREAMING)
        return;
    kw_http_reply_release(conn);
    conn->request.on_closed = NULL;
    conn->request.on_drain = NULL;
    if (on_closed != NULL)
        on_closed(conn->request.arg);
}
