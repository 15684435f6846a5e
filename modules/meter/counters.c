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

static struct kw_meter_counter_form form_of(const struct kw_meter_point *point)
{
    struct kw_meter_counter_form form = {
        .step = fabs(kw_scale_value(&point->scale, KW_ENCODING_INTEGER, 1)),
    };

    if (point->map->compute != NULL) {
        form.step = 1;
        return form;
    }
    if (point->encoding != KW_ENCODING_INTEGER) {
        form.step = 1;
        form.is_float = point->encoding == KW_ENCODING_FLOAT32;
        return form;
    }
    form.decimal = true;
    if (point->map->type == KW_MAP_U16)
        form.modulus = 65536.0 * form.step;
    else if (point->map->type == KW_MAP_U32)
        form.modulus = 4294967296.0 * form.step;
    return form;
}

int kw_meter_counters_make(struct kw_meter_device *device)
{
    size_t count = 0, at = 0;

    for (size_t i = 0; i < device->map->count; i++)
        count += is_counter(&device->points[i]);
    if (count == 0)
        return 0;
    device->counters = kw_alloc_array(count, sizeof(*device->counters));
    if (device->counters == NULL)
        return KW_ENOMEM;
    for (size_t i = 0; i < device->map->count; i++) {
        struct kw_meter_point *point = &device->points[i];

        if (point->text == NULL)
            point->power_share = power_share(point);
        if (!is_counter(point))
            continue;
        device->counters[at].form = form_of(point);
        point->counting = &device->counters[at++];
    }
    return 0;
}

static void note_power(struct kw_meter_device *device)
{
    for (size_t i = 0; i < device->samples_count; i++) {
        const struct kw_sample *sample = &device->samples[i];
        const struct kw_meter_point *point =
            &device->points[device->sampled[i]];
        double power_w = fabs(sample->value) * point->power_share;

        if (kw_quality_has_value(sample->quality) && power_w > device->power_w)
            device->power_w = power_w;
    }
}

/* True when the sample is to be published. */
static bool judge(struct kw_meter_device *device, struct kw_meter_point *point,
                  struct kw_sample *sample, uint64_t now_ms)
{
    struct kw_meter_counting *counting = point->counting;
    double before, rate;
    bool told;

    if (counting == NULL)
        return true;
    if (!kw_quality_has_value(sample->quality)) {
        counting->told = false; /* another reason is shown by now */
        return true;
    }
    rate = kw_meter_counter_rate(quantity_of(point)->unit, device->power_w);
    told = counting->told;
    switch (kw_meter_counter_check(&counting->counter, &counting->form,
                                   sample->value, rate, now_ms, &before)) {
    case KW_METER_PLAUSIBLE_ANEW:
        device->owner.on_counter(device->owner.arg, device, point, before,
                                 sample->value);
        break;
    case KW_METER_IMPLAUSIBLE:
        counting->told = true;
        device->stats.implausible++;
        point->quality = sample->quality = KW_QUALITY_BAD_IMPLAUSIBLE;
        sample->raw = 0;
        sample->value = (double)NAN;
        return !told;
    case KW_METER_PLAUSIBLE:
        break;
    }
    counting->told = false;
    return true;
}

void kw_meter_counters_judge(struct kw_meter_device *device, uint64_t now_ms)
{
    size_t kept = 0;

    if (device->counters == NULL)
        return;
    note_power(device);
    for (size_t i = 0; i < device->samples_count; i++) {
        struct kw_meter_point *point = &device->points[device->sampled[i]];

        if (!judge(device, point, &device->samples[i], now_ms)) {
            point->place = 0;
            continue;
        }
        device->samples[kept] = device->samples[i];
        device->sampled[kept++] = device->sampled[i];
    }
    device->samples_count = kept;
}
