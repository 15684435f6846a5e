/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two units that have all points. Point number N (persistent, never given
 * to another) stands
 *
 *   in the float32 unit in registers 2N and 2N+1, N up to 32,767,
 *   in the float64 unit in registers 4N to 4N+3, N up to 16,383,
 *   in both as discrete input N: 1 when its value is good.
 *
 * Functions 3 and 4 read the same, 1 and 2 too. Most significant register
 * first, base units. Numbers that were never given are outside; those of
 * meters that have left stay, without a good value, so that a block read
 * doesn't break when a meter goes.
 */
#ifndef KW_SUPERVISOR_POINTS_H
#define KW_SUPERVISOR_POINTS_H

#include "core/point.h"
#include "meter/pdu.h"

enum {
    KW_SUPERVISOR_F32 = 2, /* registers a value */
    KW_SUPERVISOR_F64 = 4,
};

/* The first register of a point's value; -1: beyond what can be addressed. */
int kw_supervisor_point_address(uint32_t number, unsigned registers);

/* True when the point has a value that may be shown as the present one. */
bool kw_supervisor_point_good(const struct kw_point *point, int64_t now_ms);

struct kw_supervisor_points {
    const struct kw_points *points;
    unsigned registers; /* a value: KW_SUPERVISOR_F32 or F64 */
    bool nan;           /* bad ones read as NaN, else all is refused */
    int64_t now_ms;
};

/* Answers a valid read into data. 0 or an exception code. */
unsigned kw_supervisor_points_read(const struct kw_supervisor_points *from,
                                   const struct kw_meter_ask *ask,
                                   unsigned char *data);

#endif
