/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a meter is asked that gave no usable answer to a request: is it the
 * meter or that request alone?
 *
 * After a request without an answer the next one is asked once, with a short
 * time-out: when that is answered, the meter is there and the poll goes on;
 * otherwise the meter counts as silent and the rest of the poll fails. The
 * next poll of a silent meter begins with another request in the same way, so
 * that a few polls try all parts of a map.
 *
 * Such a probe asks for a few points only, as many as make it a read of a size
 * that has not been asked lately: on a line with CRC a late answer to what was
 * asked before can't pass for its own, and no marker is needed (doubt.h).
 */
#ifndef KW_METER_PROBE_H
#define KW_METER_PROBE_H

#include "meter/device.h"

/* A poll begins. */
void kw_meter_probe_begin(struct kw_meter_device *device);

/* The request of the poll that is asked next; there must be one to do. */
unsigned kw_meter_probe_next(const struct kw_meter_device *device);

/* Makes a request that is about to leave a probe where it is to be one, and
 * sets its time-out: 0 is the line's, see patience.h. */
void kw_meter_probe_ask(struct kw_meter_device *device, unsigned request,
                        struct kw_meter_ask *ask);

/* What was asked with that request was a probe of a part: when it is answered
 * the request itself is still to be asked. */
bool kw_meter_probe_is_part(const struct kw_meter_device *device,
                            unsigned request);

/* The meter has answered, be it with a refusal. */
void kw_meter_probe_heard(struct kw_meter_device *device);

/* The request had no usable answer. True: the poll goes on with the next one
 * as a probe; false: the rest of it fails. */
bool kw_meter_probe_lost(struct kw_meter_device *device, unsigned request);

#endif
