/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An event: something happened that people, the alarm rules, the audit log or
 * a trap want to know. Events are rows of data declared by their module
 * (struct kw_event_kind); one that happens carries the row and its details.
 */
#ifndef KW_BASE_EVENT_H
#define KW_BASE_EVENT_H

#include <stdbool.h>
#include <stdint.h>

enum kw_severity {
    KW_SEVERITY_INFO,
    KW_SEVERITY_WARNING,
    KW_SEVERITY_ALARM,
};

/* A row of a module's event catalogue. */
struct kw_event_kind {
    const char *key; /* stable: "meter_failing"; the page translates it */
    enum kw_severity severity;
    bool state;       /* true: lasts until it is published with on=false */
    bool audit;       /* security relevant: goes into the audit log */
    const char *help; /* one sentence for the catalogue */
};

struct kw_event {
    const struct kw_event_kind *kind;
    int64_t time_ms;     /* UTC */
    bool on;             /* of a state: begins or ends; true otherwise */
    const char *subject; /* meter, line, user or service; borrowed, "" */
    const char *text;    /* English, one sentence; borrowed */
    const char *actor;   /* user and address for audit; borrowed, "" */
    /* Of the moment, like progress: a JSON object that /live passes on as it
     * is, under the kind's key; nobody keeps such an event. NULL: none. */
    const char *data;
};

#endif
