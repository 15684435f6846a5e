/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One simulated meter: a register map filled from the model, with values that
 * a test may force. Its registers are made when somebody reads them, all from
 * the same tick. Not safe for threads: the line's lock guards it.
 */
#ifndef KW_PLANT_METER_H
#define KW_PLANT_METER_H

#include "map.h"
#include "model.h"

enum { KW_PLANT_TICK_MS = 100 };

struct kw_plant_meter {
    const struct kw_plant_map *map; /* borrowed from the library */
    unsigned unit, load;
    unsigned offset;                    /* added to the map's addresses */
    char identity[KW_PLANT_NAME_BYTES]; /* extended name of the device */
    struct kw_plant_model model;
    struct kw_plant_values start, now;
    int64_t tick_ms; /* of `now` and the registers; -1 = make them again */
    bool pattern;    /* every point shows its test pattern */
    uint64_t *raw;   /* owned; a code for each point, 0 for a text */
    bool *forced;    /* owned; points whose code stays as it was set */
    uint16_t *words; /* owned; registers in the map's order */
};

struct kw_plant_era {
    uint64_t seed;
    int64_t start_ms, offset_ms;
};

/* Prepares a meter; `identity` is what an identification block shows as
 * extended name. Free with kw_plant_meter_fini(). */
void kw_plant_meter_init(struct kw_plant_meter *meter,
                         const struct kw_plant_map *map,
                         struct kw_plant_place place, const char *identity,
                         const struct kw_plant_era *era);

void kw_plant_meter_fini(struct kw_plant_meter *meter);

/* Brings values and registers to a tick (UTC ms), if they are older. */
void kw_plant_meter_refresh(struct kw_plant_meter *meter, int64_t tick_ms);

/* Forces a quantity: `how` is a number in the base unit, `0x…` for a raw
 * code, or na, min, max, negative. -1 with a message if that cannot be. */
int kw_plant_meter_set(struct kw_plant_meter *meter, const char *quantity,
                       const char *how, struct kw_plant_diag *diag);

/* Shows a pattern in every point, or not. Forced points stay forced. */
void kw_plant_meter_pattern(struct kw_plant_meter *meter, bool on);

/* Ends all forcing and the pattern. */
void kw_plant_meter_clear(struct kw_plant_meter *meter);

/* Adds the points as a JSON array: quantity, raw, value, true. The meter must
 * have been refreshed. */
void kw_plant_meter_print(const struct kw_plant_meter *meter,
                          struct kw_plant_out *out);

#endif
