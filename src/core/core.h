/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every module is given at its start: the one struct that is passed
 * around instead of globals. Everything in it is borrowed and outlives all
 * modules.
 */
#ifndef KW_CORE_CORE_H
#define KW_CORE_CORE_H

#include "base/log.h"
#include "base/trust.h"
#include "core/loop.h"

#include <stdbool.h>

struct kw_jobs;
struct kw_db;
struct kw_points;
struct kw_hub;
struct kw_quantities;
struct kw_policy;
struct kw_registry;
struct kw_revisions;
struct kw_resolver;
struct kw_admission;

/* Where things are; known before anything starts, so also given to check. */
struct kw_env {
    const char *state_dir;   /* own, writable */
    const char *share_dir;   /* conf/: meters, quantities */
    const char *web_dir;     /* built web application */
    const char *config_file; /* or NULL */
    const struct kw_quantities *quantities;
    bool config_locked; /* the web may not change it */
};

struct kw_core {
    struct kw_loop *loop;
    const struct kw_clock *clock;
    struct kw_trust trust; /* of the clock, for what can't be undone */
    struct kw_log *log;
    struct kw_jobs *jobs;
    struct kw_db *db;
    struct kw_points *points;
    struct kw_hub *hub;
    struct kw_policy *policy;
    struct kw_registry *registry;
    struct kw_revisions *revisions;
    struct kw_resolver *resolver;   /* names to addresses, on the loop */
    struct kw_admission *admission; /* asked before a connection is taken */
    struct kw_env env;
    const char *version; /* of the program */
    char boot_id[17];    /* new at each start, hex */
    int64_t started_ms;  /* wall time of the start */
    uint64_t started_mono_ms;
};

#endif
