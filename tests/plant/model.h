/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The physics behind a simulated meter. Pure: a seed and a time in, values
 * out, the same on every run.
 *
 * Time is cut into slots of 10 s. In a slot the total active power is a
 * straight line times (1 + n), where n is a small sum of sines; the shares of
 * the phases and their power factors are constant. So power, and every energy
 * as its integral, have closed forms, and counters are exact whether a meter
 * is read each 100 ms or once a day. A year that nobody looked takes about a
 * second to catch up with.
 */
#ifndef KW_PLANT_MODEL_H
#define KW_PLANT_MODEL_H

#include "values.h"

enum { KW_PLANT_SLOT_MS = 10000, KW_PLANT_SINES = 3 };

/* One slot of one meter. */
struct kw_plant_slot {
    int64_t number;  /* since 1970 */
    double at, rise; /* total active power: at + rise x seconds, W */
    double size[KW_PLANT_SINES], angle[KW_PLANT_SINES]; /* of n */
    double share[3]; /* of the phases, sum is 1 */
    double tan_phi[3];
};

struct kw_plant_model {
    uint64_t grid_seed; /* the same for the whole plant */
    uint64_t seed;      /* of this meter */
    unsigned kind;      /* row of the table of loads */
    unsigned phases;    /* 1 or 3 */
    int64_t start_ms;   /* UTC, when the simulation began */
    int64_t offset_ms;  /* local time minus UTC */
    struct kw_plant_slot slot;
    double energy[KW_PLANT_VALUES]; /* counters at the start of the slot */
};

struct kw_plant_place {
    unsigned line, unit, load;
};

/* Prepares a meter at the start of the simulation. Units whose number leaves
 * 7 when divided by 8 have a solar plant and export around noon. */
void kw_plant_model_init(struct kw_plant_model *model, uint64_t seed,
                         struct kw_plant_place place, unsigned phases,
                         int64_t start_ms, int64_t offset_ms);

/* The values at `time_ms` (UTC), not before the time of the last call. */
void kw_plant_model_at(struct kw_plant_model *model, int64_t time_ms,
                       struct kw_plant_values *values);

/* Integral of |power| in Ws over the part of the slot up to `seconds`:
 * import in [0], export in [1]. For the tests too. */
void kw_plant_slot_energy(const struct kw_plant_slot *slot, double seconds,
                          double energy[2]);

/* Total active power in W, `seconds` after the start of the slot. */
double kw_plant_slot_power(const struct kw_plant_slot *slot, double seconds);

#endif
