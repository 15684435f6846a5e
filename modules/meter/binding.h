/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a meter's entry does to a point of its map: transformer ratios, and
 * current transformers that are mounted the wrong way round. No loop, no file.
 */
#ifndef KW_METER_BINDING_H
#define KW_METER_BINDING_H

#include "core/point.h"
#include "meter/map.h"
#include "meter/settings.h"

/* Number in the registers to the base unit, with ratios and sign. */
double kw_meter_binding_scale(const struct kw_map_point *point,
                              const struct kw_meter_entry *entry);

/* What the point's value can be in the base unit: bounds of the map's row go
 * with the ratios and the sign, those of the quantity stay. */
struct kw_map_bounds
kw_meter_binding_bounds(const struct kw_map_point *point,
                        const struct kw_meter_entry *entry);

/*
 * Fills form but for the period. Import is positive (decisions.md 16): with
 * `invert` powers and power factors change their sign, and what the meter
 * counts as import becomes export. What is computed has its value as raw: the
 * points that it uses are bound already.
 */
void kw_meter_binding_form(const struct kw_map_point *point,
                           const struct kw_quantities *quantities,
                           const struct kw_meter_entry *entry,
                           struct kw_point_form *form);

/* The quantity with import and export exchanged; itself when it has none. */
const struct kw_quantity *
kw_meter_binding_opposite(const struct kw_quantities *quantities,
                          const struct kw_quantity *quantity);

#endif
