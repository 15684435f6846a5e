/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The counters of a device, judged before they are published (plausible.h).
 * The largest power that the meter itself has told bounds what it can count.
 *
 * Counters in registers are judged at the end of a poll, before anything is
 * computed from them. A counter whose multiplier stands in another register is
 * judged with that. One that is computed from others begins anew whenever one
 * of those does.
 */
#ifndef KW_METER_COUNTERS_H
#define KW_METER_COUNTERS_H

#include "base/err.h"
#include "meter/plausible.h"

#include <stddef.h>

struct kw_meter_computed;
struct kw_meter_device;
struct kw_meter_point;

/* One counter of a device. */
struct kw_meter_counting {
    struct kw_meter_counter counter;
    struct kw_meter_counter_form form;
    bool told; /* that it is implausible */
};

struct kw_meter_counters {
    double power_w;      /* the largest that the meter has told; 0: none */
    double flow_w;       /* the largest of the poll before */
    double told_w;       /* the largest of this poll; below 0: none */
    int64_t replaced_ms; /* when a counter was last believed; below 0: never */
    int64_t anew_ms;     /* when one last went on from another value */
    size_t count;
    struct kw_meter_counting counting[];
};

/* Makes room for the counters among the device's points, which are bound.
 * KW_ENOMEM. */
KW_MUST_CHECK int kw_meter_counters_make(struct kw_meter_device *device);

/*
 * Judges the counters among the samples of a poll; those that can't be become
 * bad_implausible, once. now_ms: monotonic.
 */
void kw_meter_counters_judge(struct kw_meter_device *device, uint64_t now_ms);

/* Judges a value that was computed, if it is a counter: one that can't be
 * becomes bad_implausible. */
void kw_meter_counters_judge_computed(struct kw_meter_device *device,
                                      const struct kw_meter_point *point,
                                      struct kw_meter_computed *computed,
                                      uint64_t now_ms);

#endif
