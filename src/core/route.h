/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Web endpoints as rows of data, and the request that a handler answers. A
 * module declares routes and never sees HTTP: the http module (and the
 * control socket) parse, authorise and validate by the row, then call handle.
 *
 * A handler replies exactly once: kw_reply_* at once or later. When it answers
 * later it stores the pointer and sets request->on_closed: if the client goes
 * first, on_closed runs and the pointer is dead afterwards. A stream (SSE,
 * long CSV) is begun with kw_reply_begin, fed with kw_reply_write and ended
 * with kw_reply_end, or with kw_reply_fail when something of it is missing.
 */
#ifndef KW_CORE_ROUTE_H
#define KW_CORE_ROUTE_H

#include "base/buf.h"
#include "core/policy.h"
#include "core/setting.h"

#include <stdbool.h>
#include <stddef.h>

enum kw_method { KW_GET, KW_POST, KW_PUT, KW_DELETE };

enum kw_route_flags {
    KW_ROUTE_REAUTH = 1 << 0,   /* needs an authentication of the last 5 min */
    KW_ROUTE_STREAM = 1 << 1,   /* answers with a stream: no request deadline */
    KW_ROUTE_NO_CSRF = 1 << 2,  /* log-in: there is no token yet */
    KW_ROUTE_RAW_BODY = 1 << 3, /* body rows NULL, node tree in body_node */
};

/*
 * What a request takes of a turn of the loop. The http module serves 16 light
 * requests a turn, or one query; each 4 KiB of body weigh as much as a light
 * request.
 */
enum kw_cost {
    KW_COST_LIGHT, /* less than 1 ms, whatever the size of the plant */
    KW_COST_QUERY, /* grows with the plant or the answer */
    KW_COST_HASH,  /* hands a password to the hash lane */
};

struct kw_request;

struct kw_route {
    enum kw_method method;
    const char *path;    /* below /api/v1: "/points/{id}" */
    unsigned permission; /* any of these bits; 0: public */
    unsigned flags;      /* enum kw_route_flags */
    enum kw_cost cost;
    const char *help;               /* one sentence for openapi.json */
    const struct kw_setting *query; /* rows; NULL: no query allowed */
    size_t query_size;
    const struct kw_setting *body; /* rows; NULL: no body allowed */
    size_t body_size;
    size_t body_max_bytes;    /* 0: 64 KiB */
    const char *const *types; /* media types of answers; NULL: JSON */
    const char *schema;       /* JSON Schema of the answer, or NULL */
    void (*handle)(void *self, struct kw_request *request);
};

enum { KW_REQUEST_PARAMS = 4 };

struct kw_reply_ops;

/* Made by http or control; lives until the answer is complete. */
struct kw_request {
    const struct kw_route *route;
    const char *params[KW_REQUEST_PARAMS]; /* of {…} in order */
    const void *query;                     /* struct described by the rows */
    const void *body;
    const struct kw_node *body_node; /* with KW_ROUTE_RAW_BODY */
    const char *accept;              /* header or "" */
    const char *if_match;            /* header without quotes, or NULL */
    const char *cookie;              /* session token for auth, or NULL */
    const struct kw_identity *who;   /* never NULL */
    struct kw_arena *arena;          /* until the answer is complete */
    const struct kw_reply_ops *ops;
    void (*on_closed)(void *arg); /* set by a handler that waits */
    void (*on_drain)(void *arg);  /* a stream can take more */
    void *arg;                    /* of both */
};

/* What http and control implement. */
struct kw_reply_ops {
    void (*header)(struct kw_request *request, const char *name,
                   const char *value);
    void (*send)(struct kw_request *request, int status, const char *type,
                 struct kw_buf *take);
    int (*begin)(struct kw_request *request, int status, const char *type);
    size_t (*write)(struct kw_request *request, const void *bytes,
                    size_t length);
    void (*end)(struct kw_request *request);
    void (*fail)(struct kw_request *request);
};

/* Adds a header to the answer that comes; name and value are copied. */
void kw_reply_header(struct kw_request *request, const char *name,
                     const char *value);

/* The whole answer. The buffer is taken (left empty); NULL: no body. */
void kw_reply_take(struct kw_request *request, int status, const char *type,
                   struct kw_buf *take);

/* The same with application/json; a failed buffer becomes a 500. */
void kw_reply_json(struct kw_request *request, int status, struct kw_buf *take);

/* A problem document (RFC 9457). key is stable, the text is for people. */
void kw_reply_problem(struct kw_request *request, int status, const char *key,
                      const char *format, ...) KW_PRINTF(4, 5);
/* The same with the findings of a validation in "errors". */
void kw_reply_diag(struct kw_request *request, int status, const char *key,
                   const struct kw_diag *diag);
/* The errors of diag, or its warnings, as an array of the object that is open
 * in json: path, line and column when they are known, message. */
struct kw_json;
void kw_reply_findings(struct kw_json *json, const char *key,
                       const struct kw_diag *diag, bool warnings);
/* Writes such a document; title by status. diag may be NULL. */
void kw_problem_format(struct kw_buf *out, int status, const char *key,
                       const char *detail, const struct kw_diag *diag);

/* A stream. 0 or KW_ECLOSING (the request is then gone). */
KW_MUST_CHECK int kw_reply_begin(struct kw_request *request, int status,
                                 const char *type);
/*
 * Queues bytes; returns what is queued and not yet taken by the network. A
 * writer stops above its own limit and goes on in on_drain.
 */
size_t kw_reply_write(struct kw_request *request, const void *bytes,
                      size_t length);
/* The stream is complete. */
void kw_reply_end(struct kw_request *request);
/* The stream stays incomplete, and the client can tell: over HTTP the
 * connection ends without the last chunk (RFC 9112, 8). */
void kw_reply_fail(struct kw_request *request);

/*
 * Finds the route of a method and path (below /api/v1, without query, already
 * percent-decoded). The parameters are copied into the arena. Without a route
 * status is 404, or 405 with the methods that the path has in allow, or 503:
 * the arena is full. A module that doesn't run has no routes.
 */
struct kw_route_match {
    const struct kw_route *route; /* NULL: none */
    const char *params[KW_REQUEST_PARAMS];
    int status;
    char allow[32]; /* "GET, POST, PUT, DELETE" is the longest */
};
struct kw_registry;
void kw_route_find(const struct kw_registry *registry, const char *method,
                   const char *path, struct kw_arena *arena,
                   struct kw_route_match *match);

/*
 * self of the running module that has this very row; NULL: it doesn't run. To
 * be asked when the handler is called and not before: between a request's head
 * and its body the module may have been stopped, or started again with another
 * state.
 */
void *kw_route_self(const struct kw_registry *registry,
                    const struct kw_route *route);

/* The phrase of a status (RFC 9110, 15), "Other" for one we never send. */
const char *kw_status_title(int status);

/* The "GET" of KW_GET. */
const char *kw_method_name(enum kw_method method);

#endif
