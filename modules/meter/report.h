/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines and meters as JSON: how they do, and the verdict on them. GET /meters
 * has all of them, GET /bus one line with its last frames.
 */
#ifndef KW_METER_REPORT_H
#define KW_METER_REPORT_H

#include "base/json.h"
#include "meter/bus.h"
#include "meter/verdict.h"

/* What is known of a line at the moment. Big: not for the stack of a
 * recursion. */
struct kw_meter_report {
    const struct kw_meter_bus *bus;
    struct kw_meter_case *cases; /* one a meter; owned */
    struct kw_meter_line_case line;
    struct kw_meter_survey survey;
};

/* Looks at a line; fini afterwards. KW_ENOMEM. */
KW_MUST_CHECK int kw_meter_report_init(struct kw_meter_report *report,
                                       const struct kw_meter_bus *bus);
void kw_meter_report_fini(struct kw_meter_report *report);

/* The line, and its meters in full, as in GET /meters: objects of an array. */
void kw_meter_report_line(const struct kw_meter_report *report,
                          struct kw_json *json);
void kw_meter_report_meters(const struct kw_meter_report *report,
                            struct kw_json *json);

/* All of GET /bus: one object. */
void kw_meter_report_bus(const struct kw_meter_report *report,
                         struct kw_json *json);

#endif
