/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of a scan, shared by scan.c and scan_unit.c. */
#ifndef KW_METER_SCAN_IMPL_H
#define KW_METER_SCAN_IMPL_H

#include "meter/scan.h"

/* Tells the owner now, or when a quarter of a second has passed since it was
 * told last. */
void kw_meter_scan_tell(struct kw_meter_scan *scan, bool at_once);

/* The line that the questions go to. */
struct kw_meter_line *kw_meter_scan_line(const struct kw_meter_scan *scan);

/* Goes on with the next unit of the pass, the next pass, or ends. */
void kw_meter_scan_next_unit(struct kw_meter_scan *scan);

/*
 * scan_unit.c: begins with a unit; it goes on by itself and calls
 * kw_meter_scan_next_unit. True when there was nothing to ask.
 */
bool kw_meter_scan_begin_unit(struct kw_meter_scan *scan, unsigned unit);

#endif
