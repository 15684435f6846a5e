/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much a kind of load takes at which hour: the day-shaped curves of the
 * model. Pure.
 */
#ifndef KW_PLANT_LOAD_H
#define KW_PLANT_LOAD_H

#include "util.h"

/* What the consumers behind a meter take at one moment. */
struct kw_plant_load {
    double phase[3]; /* W, before solar power is taken off */
    double solar;    /* W */
    double cos_phi[3];
    bool capacitive;
};

/* The number of a kind for a meter: chosen by `seed`, or the one with a solar
 * plant. */
unsigned kw_plant_load_kind(uint64_t seed, bool solar);

/* A smooth random curve between -1 and 1 that turns about each `period_ms`.
 * Curves of different `channel` are independent. */
double kw_plant_wander(uint64_t seed, unsigned channel, int64_t time_ms,
                       int64_t period_ms);

/* A random number from 0 to 1 for a whole-numbered place. */
double kw_plant_random(uint64_t seed, unsigned channel, int64_t place);

/* The load at a local time. `slot` numbers the 10 s slot: appliances switch
 * only between slots. With one phase everything is on L1. */
void kw_plant_load_at(unsigned kind, uint64_t seed, unsigned phases,
                      int64_t local_ms, int64_t slot,
                      struct kw_plant_load *load);

#endif
