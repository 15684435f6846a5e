/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registers to values: the bytes of an answer to the raw 64 bits of a sample
 * or to a quality. Bytes in a register come most significant first (MODBUS
 * Application Protocol V1.1b3, 4.2) unless the map says otherwise; the order
 * of registers is the map's. Pure.
 *
 * The sample's value is number in raw * scale, exactly as base/sample.h
 * computes it, where scale is kw_meter_decode_scale times whatever the meter's
 * entry adds (transformer ratios, inversion).
 */
#ifndef KW_METER_DECODE_H
#define KW_METER_DECODE_H

#include "meter/map.h"

/* enum kw_encoding of a point's raw values; of one with a multiplier in other
 * registers that of what is to be multiplied. */
uint8_t kw_meter_decode_encoding(const struct kw_map_point *point);

/* Number in raw times this is the value in the base unit. */
double kw_meter_decode_scale(const struct kw_map_point *point);

/*
 * Decimals that the value has in the base unit, 0 to 6: what the scale of a
 * whole number resolves; fallback for floating numbers.
 */
uint8_t kw_meter_decode_decimals(const struct kw_map_point *point, double scale,
                                 unsigned fallback);

/*
 * data: the answer's bytes from the point's first register on, as many as it
 * has registers. Returns enum kw_quality: good, or bad with *raw 0: not
 * available, or implausible when it is no number of the type (a digit above 9
 * in packed decimal). Not for functions 1 and 2 and not for strings.
 */
uint8_t kw_meter_decode_number(const struct kw_map_point *point,
                               const unsigned char *data, uint64_t *raw);

/* The bit at index (from 0) of an answer to function 1 or 2. */
uint64_t kw_meter_decode_bit(const unsigned char *data, size_t index);

/*
 * The text of a point: a string without padding and with '?' for bytes that
 * aren't printable ASCII, or a number in decimal; "" when not available.
 */
void kw_meter_decode_text(const struct kw_map_point *point,
                          const unsigned char *data, char *text, size_t size);

#endif
