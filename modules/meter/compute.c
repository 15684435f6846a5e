/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/compute.h"

#include "base/formula.h"
#include "base/mem.h"

#include <math.h>

/* Multipliers first, then formulas in the file's order: see map_formula.c. */
static void find_order(const struct kw_map *map, uint16_t *order)
{
    size_t count = 0;

    for (int own = 1; own >= 0; own--) {
        for (size_t i = 0; i < map->count; i++) {
            if (map->points[i].compute != NULL &&
                kw_map_point_is_read(&map->points[i]) == (own == 1))
                order[count++] = (uint16_t)i;
        }
    }
}

int kw_meter_compute_init(struct kw_meter_compute *compute,
                          const struct kw_map *map)
{
    *compute = (struct kw_meter_compute){.map = map};
    if (map->computed == 0)
        return 0;
    compute->operands =
        kw_alloc_array(map->count, sizeof(struct kw_meter_operand));
    compute->values = kw_alloc_array(map->count, sizeof(double));
    compute->order = kw_alloc_array(map->computed, sizeof(uint16_t));
    if (compute->operands == NULL || compute->values == NULL ||
        compute->order == NULL) {
        kw_meter_compute_fini(compute);
        return KW_ENOMEM;
    }
    for (size_t i = 0; i < map->count; i++) {
        compute->operands[i].quality = KW_QUALITY_BAD_NEVER;
        compute->values[i] = (double)NAN;
    }
    find_order(map, compute->order);
    return 0;
}

void kw_meter_compute_fini(struct kw_meter_compute *compute)
{
    kw_free(compute->operands);
    kw_free(compute->values);
    kw_free(compute->order);
    *compute = (struct kw_meter_compute){0};
}

void kw_meter_compute_put(struct kw_meter_compute *compute, size_t index,
                          uint8_t quality, double value)
{
    if (compute->operands == NULL)
        return;
    compute->operands[index] = (struct kw_meter_operand){quality, true};
    compute->values[index] =
        kw_quality_has_value(quality) ? value : (double)NAN;
}

/* Worst quality of what a point uses; false when nothing of it is fresh. A
 * point with registers is computed when those came. */
static bool look_at(const struct kw_meter_compute *compute, size_t index,
                    uint8_t *quality)
{
    const struct kw_map_point *point = &compute->map->points[index];
    bool own = kw_map_point_is_read(point), fresh = false;
    size_t at = 0;
    uint16_t used;

    *quality = own ? compute->operands[index].quality : KW_QUALITY_GOOD;
    while (kw_formula_operand(point->compute, &at, &used)) {
        *quality = kw_quality_worse(*quality, compute->operands[used].quality);
        fresh = fresh || compute->operands[used].fresh;
    }
    return own ? compute->operands[index].fresh : fresh;
}

/* A number times 10^-2 is what it would be with a multiplier of 0.01. */
static double multiplied(double number, double multiplier)
{
    const struct kw_scale scale = kw_scale_make(multiplier);

    return number * scale.times / scale.per;
}

static void compute_value(const struct kw_meter_compute *compute, size_t index,
                          struct kw_meter_computed *computed)
{
    const struct kw_map_point *point = &compute->map->points[index];
    double value = kw_formula_value(point->compute, compute->values);

    computed->value = value;
    if (kw_map_point_is_read(point)) {
        computed->times = value;
        computed->value =
            value > 0 ? multiplied(compute->values[index], value) : (double)NAN;
    }
    if (!isfinite(computed->value)) {
        computed->quality = KW_QUALITY_BAD_NOT_AVAILABLE;
        computed->value = (double)NAN;
    }
}

bool kw_meter_compute_next(struct kw_meter_compute *compute,
                           struct kw_meter_computed *computed)
{
    for (; compute->at < compute->map->computed; compute->at++) {
        size_t index = compute->order[compute->at];

        if (!look_at(compute, index, &computed->quality))
            continue;
        computed->value = (double)NAN;
        computed->times = 1;
        if (kw_quality_has_value(computed->quality))
            compute_value(compute, index, computed);
        kw_meter_compute_put(compute, index, computed->quality,
                             computed->value);
        computed->place = compute->at++;
        return true;
    }
    compute->at = 0;
    for (size_t i = 0; compute->operands != NULL && i < compute->map->count;
         i++)
        compute->operands[i].fresh = false;
    return false;
}

void kw_meter_compute_refuse(struct kw_meter_compute *compute,
                             struct kw_meter_computed *computed)
{
    computed->quality = KW_QUALITY_BAD_IMPLAUSIBLE;
    computed->value = (double)NAN;
    kw_meter_compute_put(compute, compute->order[computed->place],
                         computed->quality, computed->value);
}

void kw_meter_compute_bound(struct kw_meter_compute *compute,
                            struct kw_meter_computed *computed,
                            const struct kw_map_bounds *bounds)
{
    if (kw_quality_has_value(computed->quality) &&
        !kw_map_within(bounds, computed->value))
        kw_meter_compute_refuse(compute, computed);
}
