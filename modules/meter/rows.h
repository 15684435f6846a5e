/* SPDX-License-Identifier: Apache-2.0 */
/* What the module declares as data besides its settings. */
#ifndef KW_METER_ROWS_H
#define KW_METER_ROWS_H

#include "base/event.h"
#include "core/route.h"

enum kw_meter_event { KW_METER_EVENT_LINE_DOWN, KW_METER_EVENT_FAILING };

extern const struct kw_event_kind kw_meter_events[]; /* bus.c */
extern const struct kw_route kw_meter_routes[];      /* routes.c */

#endif
