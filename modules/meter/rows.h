/* SPDX-License-Identifier: Apache-2.0 */
/* What the module declares as data besides its settings. */
#ifndef KW_METER_ROWS_H
#define KW_METER_ROWS_H

#include "base/event.h"
#include "core/route.h"

enum kw_meter_event {
    KW_METER_EVENT_LINE_DOWN,
    KW_METER_EVENT_FAILING,
    KW_METER_EVENT_OVERLOADED,
    KW_METER_EVENT_SCAN,
    KW_METER_EVENT_COUNTER,
};

extern const struct kw_event_kind kw_meter_events[]; /* bus.c */
extern const struct kw_route kw_meter_routes[];      /* routes.c */

/* scan_routes.c: handlers and what they take. */
extern const struct kw_setting kw_meter_scan_rows[];
extern const struct kw_setting kw_meter_scan_query_rows[];
struct kw_meter_scan_body {
    const char *line, *units;
    bool identify;
    struct kw_texts search;
    int64_t timeout_ms;
};
struct kw_meter_scan_query {
    const char *line;
};
void kw_meter_post_scan(void *self, struct kw_request *request);
void kw_meter_get_scans(void *self, struct kw_request *request);
void kw_meter_delete_scan(void *self, struct kw_request *request);

#endif
