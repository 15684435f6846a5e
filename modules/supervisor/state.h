/* SPDX-License-Identifier: Apache-2.0 */
/* The module's state, for its own files. */
#ifndef KW_SUPERVISOR_STATE_H
#define KW_SUPERVISOR_STATE_H

#include "base/bucket.h"
#include "net/doors.h"
#include "supervisor/bridge.h"
#include "supervisor/units.h"

struct kw_auth;
struct kw_cidr;
struct kw_supervisor_access;
struct kw_supervisor_secure;

enum { KW_SUPERVISOR_OUT_BYTES = 8192 };

enum kw_supervisor_event {
    KW_SUPERVISOR_EVENT_ADDRESS_CLOSED,
    KW_SUPERVISOR_EVENT_CERTIFICATE_BAD,
    KW_SUPERVISOR_EVENT_REFUSED,
    KW_SUPERVISOR_EVENT_WRITTEN,
    KW_SUPERVISOR_EVENT_WRITE_REFUSED,
};

struct kw_supervisor_counters {
    uint64_t accepted, refused, given_up, requests, exceptions, garbled;
    uint64_t writes, writes_refused;
};

/* Events that strangers can cause: so many a time, the rest is counted. */
struct kw_supervisor_limiter {
    struct kw_bucket bucket;
    uint64_t untold;
};

struct kw_supervisor;

/* The addresses of a service. */
struct kw_supervisor_port {
    struct kw_supervisor *supervisor;
    enum kw_supervisor_service service;
    struct kw_doors doors;
};

struct kw_supervisor {
    struct kw_life life; /* timers, doors, connections, jobs */
    struct kw_core *core;
    struct kw_auth *auth;
    struct kw_meter *meter;
    const struct kw_supervisor_conf *conf;
    struct kw_supervisor_access *access; /* owned: stations and rules */
    struct kw_supervisor_secure *secure; /* owned: TLS */
    struct kw_supervisor_port ports[KW_SUPERVISOR_SERVICES];
    struct kw_meter_watch watch;
    struct kw_supervisor_units units;
    bool units_failed; /* no memory for the table */
    struct kw_supervisor_bridge bridge;
    struct kw_link conns; /* struct kw_supervisor_conn, oldest first */
    size_t conn_count;
    uv_timer_t sweep; /* runs while there are connections */
    struct kw_supervisor_counters counters;
    struct kw_supervisor_limiter refusals, write_refusals;
    bool stopping;
    void (*stopped)(void *arg);
    void *stopped_arg;
    size_t out_length;
    unsigned char out[KW_SUPERVISOR_OUT_BYTES]; /* answers of one turn of a
                                                   connection */
};

/* tell.c: an event and a line in the log. actor may be "". */
struct kw_supervisor_news {
    enum kw_supervisor_event which;
    bool on;
    const char *subject, *text, *actor;
};
void kw_supervisor_tell(struct kw_supervisor *supervisor,
                        const struct kw_supervisor_news *news);
/* The same within the limiter's budget; says how many were left out. */
void kw_supervisor_tell_limited(struct kw_supervisor *supervisor,
                                struct kw_supervisor_limiter *limiter,
                                const struct kw_supervisor_news *news);

#endif
