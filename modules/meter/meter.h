/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the module offers to those that need it (the supervisor's bridge, the
 * scan): its lines by name. With a line, kw_meter_request_start queues a
 * request fairly among the polls.
 */
#ifndef KW_METER_METER_H
#define KW_METER_METER_H

#include "core/module.h"
#include "meter/line.h"
#include "meter/request.h"

struct kw_meter; /* the module's state: its `self` */

extern const struct kw_module kw_meter_module;

/*
 * The line of that name, NULL when there is none. Borrowed, and only for the
 * moment: a change of configuration may close it; requests that are under way
 * then are not answered any more and must be cancelled or forgotten.
 */
struct kw_meter_line *kw_meter_find_line(struct kw_meter *meter,
                                         const char *name);

#endif
