/* SPDX-License-Identifier: Apache-2.0 */
/* The module's state, for its own files. */
#ifndef KW_HTTP_SERVER_H
#define KW_HTTP_SERVER_H

#include "core/core.h"
#include "http/answer.h"
#include "http/conf.h"
#include "http/opening.h"

struct kw_auth;

struct kw_http_counters {
    uint64_t accepted, refused, handshakes_failed, requests;
    uint64_t answers_4xx, answers_5xx, malformed, timeouts;
    unsigned streams; /* open now */
};

enum kw_http_event {
    KW_HTTP_EVENT_CERTIFICATE_MADE,
    KW_HTTP_EVENT_CERTIFICATE_BAD,
    KW_HTTP_EVENT_ADDRESS_CLOSED,
};

struct kw_http {
    struct kw_life life; /* timers, doors, connections, the job */
    struct kw_core *core;
    const struct kw_http_conf *conf;
    struct kw_http_limits limits; /* of conf, for the parser */
    struct kw_auth *auth;         /* NULL: nobody can log in */
    struct kw_tls *tls;           /* held; NULL until there is one */
    struct kw_http_files *files;  /* owned; NULL: none */
    struct kw_http_opening opening;
    struct kw_link conns; /* of struct kw_http_conn */
    size_t conn_count;
    struct kw_link waiting; /* those that wait for the turn's budget */
    struct kw_turn_end serve_waiting;
    struct kw_http_conn *large; /* the one that has a large body, or NULL */
    bool parsing;               /* a job works on it, its connection or not */
    struct kw_buf scratch;      /* an answer being put together */
    char date[KW_HTTP_DATE_SIZE];
    uv_timer_t sweep; /* deadlines and the date */
    struct kw_http_counters counters;
    bool stopping;
    uint64_t stop_at_ms;
    void (*stopped)(void *arg);
    void *stopped_arg;
};

/* Says that a state of the web server begins or ends: event and log. */
void kw_http_publish(struct kw_http *http, enum kw_http_event which, bool on,
                     const char *subject, const char *text);

#endif
