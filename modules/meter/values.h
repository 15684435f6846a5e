/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The samples of a poll under way: what its answers bring, decoded and scaled,
 * what is computed from it at the end, and the one publication. A bad quality
 * is published once, when it changes.
 */
#ifndef KW_METER_VALUES_H
#define KW_METER_VALUES_H

#include "meter/device.h"

/* A poll begins: what an earlier one has left is dropped. */
void kw_meter_values_forget(struct kw_meter_device *device);

/* Decodes the data of the points that were asked for with that request. */
void kw_meter_values_take(struct kw_meter_device *device, unsigned request,
                          const unsigned char *data);

/* Gives count points from first on, as indexes into device->points, that bad
 * quality (enum kw_quality), unless this poll has brought a value of them.
 * Texts that were lost are read again with the next poll. */
void kw_meter_values_fail(struct kw_meter_device *device, unsigned first,
                          unsigned count, uint8_t quality);

/* What this poll has brought of count points from first on may not be theirs:
 * bad_foreign, unless it comes again. Texts are read again with the next poll.
 */
void kw_meter_values_withdraw(struct kw_meter_device *device, unsigned first,
                              unsigned count);

/* Judges the counters, adds what is computed and publishes all of it in one
 * call. now_ns is monotonic. */
void kw_meter_values_publish(struct kw_meter_device *device, uint64_t now_ns);

#endif
