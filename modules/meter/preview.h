/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registers as they came, read in every way that is usual: for the one who
 * writes a register map and wants to see which type and order makes sense.
 * Pure.
 */
#ifndef KW_METER_PREVIEW_H
#define KW_METER_PREVIEW_H

#include "base/json.h"

#include <stdbool.h>
#include <stdint.h>

/* Registers that lie together. */
struct kw_meter_range {
    uint8_t function; /* 3 or 4 */
    uint16_t address; /* as sent on the wire, counted from 0 */
    uint16_t count;   /* 1 to 125 */
};

/* "3:3059-3070" or "4:52": function, first and last address. */
bool kw_meter_range_parse(const char *text, struct kw_meter_range *range);

/*
 * Writes "function", "address" and "registers" into the object that is open:
 * for each register its hex, u16, s16 and text, and with the one behind it u32,
 * s32 and f32 in the orders ABCD, CDAB, BADC, DCBA; null where a float is no
 * number. data: two bytes a register, as they came.
 */
void kw_meter_preview(struct kw_json *json, const struct kw_meter_range *range,
                      const unsigned char *data);

#endif
