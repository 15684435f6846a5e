/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The counters of a device, judged before they are published (plausible.h).
 * The largest power that the meter itself has told bounds what it can count.
 */
#ifndef KW_METER_COUNTERS_H
#define KW_METER_COUNTERS_H

#include "base/err.h"
#include "meter/plausible.h"

#include <stddef.h>

struct kw_meter_device;
struct kw_meter_point;

/* One counter of a device. */
struct kw_meter_counting {
    struct kw_meter_counter counter;
    struct kw_meter_counter_form form;
    bool told; /* that it is implausible */
};

/* Makes room for the counters among the device's points, which are bound.
 * KW_ENOMEM. */
KW_MUST_CHECK int kw_meter_counters_make(struct kw_meter_device *device);

/*
 * Judges the counters among the samples of a poll; those that can't be become
 * bad_implausible, once. now_ms: monotonic.
 */
void kw_meter_counters_judge(struct kw_meter_device *device, uint64_t now_ms);

#endif
