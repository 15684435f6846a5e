/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What to do when a meter refuses a request (MODBUS Application Protocol
 * V1.1b3, 7), and the search for the part of a block that it does not have.
 *
 * A meter that lacks one register of a block refuses all of it. Which one, it
 * does not say: so shorter parts from the front are tried, half of what is
 * open each time, until the longest good part and the first point behind it
 * are known. That point is then asked alone; what is behind it is a block of
 * its own, searched in the same way. Some six requests find one missing
 * point among 64; what was found is kept, so that it costs them once. Pure.
 */
#ifndef KW_METER_REFUSAL_H
#define KW_METER_REFUSAL_H

#include <stdbool.h>
#include <stdint.h>

enum kw_meter_refusal {
    KW_METER_REFUSAL_FAILS,    /* now; the next poll asks again */
    KW_METER_REFUSAL_NARROWS,  /* an address or length: search */
    KW_METER_REFUSAL_FUNCTION, /* the meter does not have the function */
    KW_METER_REFUSAL_BUSY,     /* ask again a little later */
};

/* By the exception's code. */
enum kw_meter_refusal kw_meter_refusal(unsigned code);

enum { KW_METER_BUSY_MS = 250 }; /* pause before a busy meter is asked again */

/* Registers (functions 1 and 2: bits) that are left out for want of a usable
 * answer; function 0: none. */
struct kw_meter_gap {
    uint8_t quality; /* enum kw_quality: why */
    uint8_t function;
    uint16_t first, last;
};

/* The search in one block; zero while none is under way. */
struct kw_meter_narrow {
    uint16_t good;    /* points from the front that are answered together */
    uint16_t refused; /* so many are refused; 0: nothing known */
    bool first_alone; /* the first point is suspected: try it first */
};

/* How many points from the front to ask for, of a block of so many. */
unsigned kw_meter_narrow_ask(const struct kw_meter_narrow *narrow,
                             unsigned points);

enum kw_meter_narrowed {
    KW_METER_NARROW_WHOLE,   /* all of it is good */
    KW_METER_NARROW_MORE,    /* ask again */
    KW_METER_NARROW_SPLIT,   /* the first narrow->good points are a block; the
                                rest is another one */
    KW_METER_NARROW_MISSING, /* the first point alone is refused; the rest, if
                                there is any, is another block */
};

/* So many points of the block were answered, or refused for good. */
enum kw_meter_narrowed kw_meter_narrow_step(struct kw_meter_narrow *narrow,
                                            unsigned points, unsigned asked,
                                            bool answered);

#endif
