/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/counters.h"

#include "base/mem.h"
#include "base/text.h"
#include "core/core.h"
#include "core/point.h"
#include "core/quantity.h"
#include "meter/device.h"

#include <math.h>
#include <string.h>

static const struct kw_quantity *quantity_of(const struct kw_meter_point *point)
{
    return point->map->quantity;
}

static bool is_counter(const struct kw_meter_point *point)
{
    return point->text == NULL &&
           quantity_of(point)->kind == KW_QUANTITY_COUNTER;
}

/* How much of the meter's power a point tells: 1 all of it, 3 of a phase as
 * if the others had as much, 0 nothing. */
static uint8_t power_share(const struct kw_meter_point *point)
{
    const struct kw_quantity *quantity = quantity_of(point);

    if (strcmp(quantity->unit, "W") != 0 &&
        strcmp(quantity->unit, "var") != 0 && strcmp(quantity->unit, "VA") != 0)
        return 0;
    return kw_text_ends(quantity->name, "_total") ? 1 : 3;
}

/* Where the whole number in the registers begins anew: behind the last that
 * its bits hold. A meter may leave the bit for the sign alone, or count
 * through it. Decimal digits end at a power of ten only. */
static void find_moduli(const struct kw_map_point *map, double *modulus)
{
    int bits = map->bits > 0 ? map->bits : 16 * map->registers;

    switch ((int)map->type) {
    case KW_MAP_S16:
    case KW_MAP_S32:
    case KW_MAP_S64:
        modulus[0] = ldexp(1, bits);
        modulus[1] = ldexp(1, bits - 1);
        break;
    case KW_MAP_U16:
    case KW_MAP_U32:
    case KW_MAP_U64:
        modulus[0] = ldexp(1, bits);
        break;
    case KW_MAP_SM16:
    case KW_MAP_SM32:
        modulus[0] = ldexp(1, bits - 1);
        break;
    default:
        break;
    }
}

static struct kw_meter_counter_form form_of(const struct kw_meter_point *point)
{
    const struct kw_map_point *map = point->map;
    struct kw_meter_counter_form form = {
        .unit = fabs(point->scale.factor),
        .step = 1,
        .decimal = kw_map_point_is_read(map),
        .is_float = map->type == KW_MAP_F32,
        .resettable = strstr(map->quantity->name, "_partial") != NULL,
    };

    if (kw_map_point_is_read(map) && map->type != KW_MAP_F32 &&
        map->type != KW_MAP_F64) {
        form.step = form.unit;
        find_moduli(map, form.modulus);
    }
    return form;
}

int kw_meter_counters_make(struct kw_meter_device *device)
{
    struct kw_meter_counters *counters;
    size_t count = 0;

    for (size_t i = 0; i < device->map->count; i++)
        count += is_counter(&device->points[i]);
    if (count == 0)
        return 0;
    counters =
        kw_alloc(sizeof(*counters) + count * sizeof(counters->counting[0]));
    if (counters == NULL)
        return KW_ENOMEM;
    counters->told_w = -1;
    counters->replaced_ms = counters->anew_ms = -1;
    for (size_t i = 0; i < device->map->count; i++) {
        struct kw_meter_point *point = &device->points[i];

        if (point->text == NULL)
            point->power_share = power_share(point);
        if (!is_counter(point))
            continue;
        counters->counting[counters->count].form = form_of(point);
        point->counting = &counters->counting[counters->count++];
    }
    device->counters = counters;
    return 0;
}

static void note_power(struct kw_meter_counters *counters,
                       const struct kw_meter_point *point, double value)
{
    double power_w = fabs(value) * point->power_share;

    if (point->power_share == 0)
        return;
    counters->told_w = fmax(counters->told_w, power_w);
    counters->power_w = fmax(counters->power_w, power_w);
}

/* Judges the value of a counter; a number in its registers was multiplied by
 * times. True when it can be. */
static bool is_plausible(struct kw_meter_device *device,
                         const struct kw_meter_point *point, double value,
                         double times, int64_t now_ms)
{
    struct kw_meter_counters *counters = device->counters;
    struct kw_meter_counting *counting = point->counting;
    const char *unit = quantity_of(point)->unit;
    struct kw_meter_counter_form form = counting->form;
    struct kw_meter_counter_reading reading = {
        .value = value,
        .rate = kw_meter_counter_rate(unit, counters->power_w),
        .flow = kw_text_ends(unit, "h") ? counters->flow_w : 0,
        .now_ms = now_ms,
        .replaced_ms = counters->replaced_ms,
    };
    double before;

    form.unit *= times;
    if (!form.is_float)
        form.step *= times;
    switch (
        kw_meter_counter_check(&counting->counter, &form, &reading, &before)) {
    case KW_METER_PLAUSIBLE_ANEW:
        counters->replaced_ms = now_ms;
        device->owner.on_counter(device->owner.arg, device, point, before,
                                 value);
        counters->anew_ms = now_ms;
        break;
    case KW_METER_PLAUSIBLE_OVER:
        counters->anew_ms = now_ms;
        break;
    case KW_METER_IMPLAUSIBLE:
        device->stats.implausible++;
        return false;
    case KW_METER_PLAUSIBLE:
        break;
    }
    return true;
}

/* True when the sample is to be published. */
static bool judge(struct kw_meter_device *device, struct kw_meter_point *point,
                  struct kw_sample *sample, int64_t now_ms)
{
    struct kw_meter_counting *counting = point->counting;
    bool told;

    if (counting == NULL)
        return true;
    told = counting->told;
    counting->told = false; /* another reason is shown by now */
    if (!kw_quality_has_value(sample->quality) ||
        is_plausible(device, point, sample->value, 1, now_ms))
        return true;
    counting->told = true;
    point->quality = sample->quality = KW_QUALITY_BAD_IMPLAUSIBLE;
    sample->raw = 0;
    sample->value = (double)NAN;
    kw_meter_compute_put(&device->compute,
                         (size_t)(point->map - device->map->points),
                         sample->quality, sample->value);
    return !told;
}

void kw_meter_counters_judge(struct kw_meter_device *device, uint64_t now_ms)
{
    struct kw_meter_counters *counters = device->counters;
    size_t kept = 0;

    if (counters == NULL)
        return;
    if (counters->told_w >= 0)
        counters->flow_w = counters->told_w;
    counters->told_w = -1;
    for (size_t i = 0; i < device->samples_count; i++) {
        if (kw_quality_has_value(device->samples[i].quality))
            note_power(counters, &device->points[device->sampled[i]],
                       device->samples[i].value);
    }
    for (size_t i = 0; i < device->samples_count; i++) {
        struct kw_meter_point *point = &device->points[device->sampled[i]];

        if (!judge(device, point, &device->samples[i], (int64_t)now_ms)) {
            point->place = 0;
            continue;
        }
        point->place = (uint16_t)(kept + 1);
        device->samples[kept] = device->samples[i];
        device->sampled[kept++] = device->sampled[i];
    }
    device->samples_count = kept;
}

void kw_meter_counters_judge_computed(struct kw_meter_device *device,
                                      const struct kw_meter_point *point,
                                      struct kw_meter_computed *computed,
                                      uint64_t now_ms)
{
    struct kw_meter_counters *counters = device->counters;

    if (counters == NULL || !kw_quality_has_value(computed->quality))
        return;
    note_power(counters, point, computed->value);
    if (point->counting == NULL)
        return;
    if (!kw_map_point_is_read(point->map) &&
        counters->anew_ms == (int64_t)now_ms)
        point->counting->counter = (struct kw_meter_counter){0};
    if (!is_plausible(device, point, computed->value, computed->times,
                      (int64_t)now_ms))
        kw_meter_compute_refuse(&device->compute, computed);
}
