/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One browser's connection: a TLS stream, one request after the other. Split
 * into three files: conn.c (bytes in, life, deadlines), exchange.c (what a
 * request may do and who handles it), reply.c (bytes out).
 */
#ifndef KW_HTTP_CONN_H
#define KW_HTTP_CONN_H

#include "auth/auth.h"
#include "core/route.h"
#include "http/parser.h"
#include "net/stream.h"

struct kw_http;
struct kw_http_file;
struct kw_http_reading;

enum kw_http_state {
    KW_HTTP_SHAKING,   /* TLS handshake */
    KW_HTTP_IDLE,      /* between requests */
    KW_HTTP_WAITING,   /* a request is there, the turn's budget is spent */
    KW_HTTP_HEADING,   /* reads the head */
    KW_HTTP_BODY,      /* the head was accepted, reads the body */
    KW_HTTP_READY,     /* the request is complete, the budget is spent */
    KW_HTTP_PARSING,   /* a job reads its large body */
    KW_HTTP_BUSY,      /* a handler has the request */
    KW_HTTP_STREAMING, /* the handler feeds a stream */
    KW_HTTP_SENDING,   /* the answer is complete, not all of it is written */
    KW_HTTP_DONE,      /* the answer is written, the next request may come */
    KW_HTTP_ENDING,    /* closing; nothing more happens */
};

struct kw_http_conn {
    struct kw_link link; /* http->conns */
    struct kw_link wait; /* http->waiting */
    struct kw_http *http;
    struct kw_stream stream;
    enum kw_http_state state;
    uint64_t since_ms;        /* monotonic: when the request (idling) began */
    uint64_t body_ms;         /* when the body began */
    struct kw_turn_end go_on; /* takes what waits after a late answer */
    struct kw_buf pending;    /* read ahead of the answer */
    bool granted;             /* has the budget for its next request */
    bool consuming;           /* inside conn.c's reading loop */
    bool last;                /* the connection ends after this answer */
    bool head_only;           /* HEAD: no content */
    bool chunked;             /* how a stream ends */
    bool events;              /* the stream is one of events, without an end */
    bool counted;             /* in http->counters.streams */

    struct kw_http_parser parser;
    struct kw_buf body;              /* of the request */
    struct kw_http_reading *reading; /* the job that has it, or NULL */
    struct kw_arena arena;           /* of the request */
    struct kw_identity who;
    struct kw_request request;
    const struct kw_http_file *file; /* or the file that answers */
    struct kw_auth_watch watch;      /* a stream ends with its session */

    struct kw_buf fields;         /* header lines of the answer */
    struct kw_buf sending;        /* content of the answer, owned */
    const unsigned char *send_at; /* in sending or in a file */
    size_t send_left;
};

/* --- conn.c */

/* Takes the socket: a new connection, or none when there are too many. */
void kw_http_conn_accept(struct kw_http *http, int take_fd);

/* Every so often: deadlines of all connections. */
void kw_http_conn_sweep(struct kw_http *http);

/* Orderly: idle ones end now, the others after their answer. */
void kw_http_conn_stop_all(struct kw_http *http);
/* Ends all that are left. */
void kw_http_conn_abort_all(struct kw_http *http);

/* Ends it now; a handler that has its request is told. */
void kw_http_conn_abort(struct kw_http_conn *conn);

/* Gives turns to those that wait for the budget; a turn's end. */
void kw_http_conn_serve_waiting(void *arg);

/* --- exchange.c */

/* The head is complete: finds who answers and whether they may. On return the
 * state is still HEADING, or an answer (a refusal) is on its way. */
void kw_http_exchange_begin(struct kw_http_conn *conn);

/* The whole request is there: lets the handler or the file answer, or puts it
 * into http->waiting when it costs more than is left of this turn. */
void kw_http_exchange_run(struct kw_http_conn *conn);

/* The same with the turn's budget already taken. */
void kw_http_exchange_go(struct kw_http_conn *conn);

/* A complete request: is its session still there, and permitted? False:
 * answered. */
bool kw_http_exchange_permits(struct kw_http_conn *conn);

/* Calls the handler. */
void kw_http_exchange_handle(struct kw_http_conn *conn);

/* What it costs beyond the one request that was paid for at its begin. */
unsigned kw_http_exchange_cost(const struct kw_http_conn *conn);

/* The client or the session is gone: the handler must forget the request. */
void kw_http_exchange_cancel(struct kw_http_conn *conn);

/* --- reply.c */

extern const struct kw_reply_ops kw_http_reply_ops;

/* A problem document instead of the answer. */
void kw_http_reply_refuse(struct kw_http_conn *conn, int status,
                          const char *key, const char *detail);

/* The file in the form that suits the client, or 304. */
void kw_http_reply_file(struct kw_http_conn *conn,
                        const struct kw_http_file *file);

/* A short text page. */
void kw_http_reply_text(struct kw_http_conn *conn, int status,
                        const char *text);

/* Goes on writing the content: the network has taken what was queued. */
void kw_http_reply_pump(struct kw_http_conn *conn);

/* Gives up the watch on the session; harmless when there is none. */
void kw_http_reply_release(struct kw_http_conn *conn);

/* The session of a stream ended: ends the stream. */
void kw_http_reply_end_stream(void *arg);

#endif
