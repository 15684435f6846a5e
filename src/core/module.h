/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The module contract. A module is one constant struct: what it declares as
 * data, and what core may call. Its name is its folder, build target,
 * configuration section, policy key, log tag and symbol prefix.
 *
 * Life: check (all modules, before anything starts) - start - running - stop.
 * state is zeroed memory of state_size bytes owned by core and freed after
 * stopped was called. All calls run on the loop's thread but check, which is a
 * job's when the gateway runs: it may wait for files, it sees conf and env and
 * nothing that changes, and what it has read it may leave in conf for start
 * and reconfigure, which must not wait.
 */
#ifndef KW_CORE_MODULE_H
#define KW_CORE_MODULE_H

#include "base/diag.h"

#include <stddef.h>
#include <stdint.h>

struct kw_core;
struct kw_db_table;
struct kw_env;
struct kw_event_kind;
struct kw_object;
struct kw_route;
struct kw_setting;

/* A figure that a module shows: /status, /metrics, `status`, SNMP. */
struct kw_metric {
    const char *name; /* Prometheus form without prefix: "polls_total" */
    const char *unit; /* base unit or "1" */
    enum kw_metric_kind { KW_METRIC_GAUGE, KW_METRIC_COUNTER } kind;
    const char *help; /* one sentence */
};

/* A socket that a module can listen on: policy, start and documents. */
struct kw_service {
    const char *name;     /* "https" */
    const char *protocol; /* "tcp", "udp" */
    uint16_t port;        /* usual port */
    const char *help;
};

enum kw_level { KW_LEVEL_OK, KW_LEVEL_DEGRADED, KW_LEVEL_FAILED };
enum { KW_METRICS_MAX = 32 };

struct kw_health {
    enum kw_level level;
    char text[160];                /* why not ok, for people; "" when ok */
    double values[KW_METRICS_MAX]; /* one a metric row, in order */
};

typedef void kw_stopped_fn(void *arg);

struct kw_module {
    const char *name;
    const char *const *needs;          /* as NEEDS in the build; NULL ends */
    const struct kw_setting *settings; /* top-level sections */
    const struct kw_route *routes;     /* {0} ends, as in all tables */
    const struct kw_object *objects;
    const struct kw_service *services;
    const struct kw_metric *metrics;
    const struct kw_event_kind *events;
    const struct kw_db_table *const *tables; /* NULL ends */
    size_t conf_size, state_size;

    /* Semantic checks beyond the rows; errors and warnings go to diag with
     * their path (kw_diag_at, kw_diag_warn), core adds line and column.
     * KW_EINVAL when there is an error. May be NULL. */
    int (*check)(void *conf, const struct kw_env *env, struct kw_diag *diag);
    /* Frees what check has put into conf, whatever came of it; conf is that of
     * a set of which nobody is left. May be NULL. */
    void (*release)(void *conf);
    /*
     * Brings the module up. Only a reason to end the program is an error: a
     * missing resource degrades, is retried and told by health. conf is valid
     * until reconfigure returned 0 or stopped was called. self is freed after
     * an error, so nothing may be open by then: what can fail comes before
     * the first handle.
     */
    int (*start)(void *self, const void *conf, struct kw_core *core,
                 struct kw_diag *diag);
    /* Ends it; stopped(arg) runs when nothing of it is left, maybe at once. */
    void (*stop)(void *self, kw_stopped_fn *stopped, void *arg);
    /* Takes over a changed configuration; NULL: it is stopped and started. On
     * an error it goes on with the old one as if it had not been asked. */
    int (*reconfigure)(void *self, const void *old, const void *conf,
                       struct kw_diag *diag);
    /* Cheap, never blocks. May be NULL: always ok. */
    void (*health)(const void *self, struct kw_health *out);
};

#endif
