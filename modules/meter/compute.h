/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a map computes from other points, at the end of a poll: values whose
 * multiplier stands in another register, then formulas. A value is computed
 * when one of those that it uses came anew; of the others the last one counts
 * (a ratio that is read once a minute). Its quality is the worst of theirs.
 * Where a formula has no value (a power factor without load) and where a
 * multiplier is none (not above 0, or 10 to a power beyond -10 to 10) it is
 * bad_not_available.
 *
 * Put what came, then call next until it is false. Nothing is allocated
 * between init and fini.
 */
#ifndef KW_METER_COMPUTE_H
#define KW_METER_COMPUTE_H

#include "base/sample.h"
#include "meter/map.h"

struct kw_meter_compute {
    const struct kw_map *map; /* borrowed */
    /* Of each point of the map; NULL when the map computes nothing. Owned. */
    struct kw_meter_operand {
        uint8_t quality;
        bool fresh;
    } * operands;
    double *values;  /* base units, NaN when bad */
    uint16_t *order; /* points that are computed, each after what it uses */
    size_t at;       /* in order: what next looks at */
};

/* KW_ENOMEM. */
KW_MUST_CHECK int kw_meter_compute_init(struct kw_meter_compute *compute,
                                        const struct kw_map *map);
/* Harmless when zero. */
void kw_meter_compute_fini(struct kw_meter_compute *compute);

/*
 * The point at index of the map came from its registers: its value in the base
 * unit with all that the meter's entry does to it, or bad. A point with a
 * multiplier of its own gives what is to be multiplied.
 */
void kw_meter_compute_put(struct kw_meter_compute *compute, size_t index,
                          uint8_t quality, double value);

/* One value that was computed. */
struct kw_meter_computed {
    size_t place;    /* 0 .. map->computed - 1, as in order */
    uint8_t quality; /* enum kw_quality, good or bad */
    double value;    /* base unit; NaN when bad */
    double times;    /* what its own number was multiplied by; 1: it has none */
};

/* The next that has to be computed; false at the end, and all is as before
 * the first put. */
bool kw_meter_compute_next(struct kw_meter_compute *compute,
                           struct kw_meter_computed *computed);

/* Makes the value that was computed last bad_implausible, before anything is
 * computed from it; the second if it is out of bounds. */
void kw_meter_compute_refuse(struct kw_meter_compute *compute,
                             struct kw_meter_computed *computed);
void kw_meter_compute_bound(struct kw_meter_compute *compute,
                            struct kw_meter_computed *computed,
                            const struct kw_map_bounds *bounds);

#endif
