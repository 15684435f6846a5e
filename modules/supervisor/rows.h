/* SPDX-License-Identifier: Apache-2.0 */
/* The rows that the module declares, where they are not in module.c. */
#ifndef KW_SUPERVISOR_ROWS_H
#define KW_SUPERVISOR_ROWS_H

#include "base/event.h"
#include "core/module.h"
#include "core/route.h"

extern const struct kw_event_kind kw_supervisor_events[]; /* tell.c */
extern const struct kw_route kw_supervisor_routes[];      /* routes.c */
extern const struct kw_service kw_supervisor_services[];  /* module.c */

#endif
