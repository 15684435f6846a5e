/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time on a serial line. Pure arithmetic.
 */
#ifndef KW_PLANT_PACE_H
#define KW_PLANT_PACE_H

#include "util.h"

struct kw_plant_pace {
    unsigned baud; /* 0 = the line takes no time */
    unsigned bits; /* of one character: start, data, parity, stop */
};

/* Parses a framing such as 8N1 or 7E2 into the bits of a character. */
bool kw_plant_pace_parse(const char *framing, unsigned *bits);

/* Time of one character in ns, 0 without a baud rate. */
int64_t kw_plant_pace_character_ns(const struct kw_plant_pace *pace);

/* The silence that ends a frame: 3.5 characters, above 19,200 baud (and
 * without a rate) 1.75 ms; MODBUS over serial line V1.02, 2.5.1.1. */
int64_t kw_plant_pace_silence_ns(const struct kw_plant_pace *pace);

/* How many whole characters are through `elapsed_ns` after the first one
 * began, at most `length`; all of them if a character takes no time. */
size_t kw_plant_pace_due(int64_t elapsed_ns, int64_t character_ns,
                         size_t length);

#endif
