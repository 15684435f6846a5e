/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Core as a module of its own: it owns the sections site, circuits, virtual
 * and tariffs and the routes /health, /status, /metrics, /config*, /points,
 * /site, /circuits and /openapi.json. It is always the first in the table.
 */
#ifndef KW_CORE_CORE_MODULE_H
#define KW_CORE_CORE_MODULE_H

#include "base/event.h"
#include "core/module.h"
#include "core/setting.h"

extern const struct kw_module kw_core_module;

/* Every module of this build in the order of start, NULL at the end; written
 * by the build (cmake/module.cmake). */
extern const struct kw_module *const kw_modules[];

/* Core's catalogue of events. */
enum kw_core_event {
    KW_EVENT_CHANGE_FAILED,    /* a configuration could not be applied */
    KW_EVENT_CHANGED,          /* a new revision is in force */
    KW_EVENT_REVISION_DROPPED, /* the file won over changes from the web */
    KW_EVENT_CLOCK_STEP,       /* the wall clock jumped */
    KW_EVENT_SLOW_TURN,        /* the loop was busy for over 50 ms */
};
extern const struct kw_event_kind kw_core_events[];

/* --- the sections, as kw_settings_read fills them */

struct kw_circuit {
    const char *name;
    int kind;            /* enum kw_circuit_kind */
    const char *parent;  /* another circuit, NULL: none */
    const char *meter;   /* of lists meters or virtual, NULL: none */
    double rated_a;      /* rated current; 0 unknown */
    const char *breaker; /* free text, NULL: none */
};
enum kw_circuit_kind {
    KW_CIRCUIT_INCOMER,   /* where energy comes into the switchboard */
    KW_CIRCUIT_FEEDER,    /* an outgoing circuit */
    KW_CIRCUIT_GENERATOR, /* feeds in: solar, set, storage */
};

struct kw_virtual {
    const char *name;
    const char *title;     /* NULL: the name */
    const char *uid;       /* identity kept over a rename; NULL: by name */
    struct kw_texts sum;   /* meters added */
    struct kw_texts minus; /* meters taken away */
};

struct kw_tariff {
    const char *name;
    int days;              /* index into: all, mon-fri, sat-sun, mon .. sun */
    const char *from, *to; /* "HH:MM", local time of the site */
    double price;          /* a kWh */
    const char *currency;  /* ISO 4217 */
    double subscribed_w;   /* subscribed power; 0 unknown */
};

struct kw_core_conf {
    struct {
        const char *name, *timezone; /* IANA zone */
    } site;
    struct kw_list_of circuits; /* struct kw_circuit */
    struct kw_list_of virtuals; /* struct kw_virtual */
    struct kw_list_of tariffs;  /* struct kw_tariff */
};

extern const struct kw_setting kw_core_settings[];

/* The check beyond the rows: parents without a circle, known time zone. */
KW_MUST_CHECK int kw_core_check(void *conf, const struct kw_env *env,
                                struct kw_diag *diag);

#endif
