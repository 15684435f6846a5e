/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/values.h"

#include "core/core.h"
#include "core/hub.h"
#include "meter/counters.h"
#include "meter/decode.h"
#include "meter/refused.h"

#include <math.h>
#include <string.h>

static const uint64_t ns_per_ms = 1000000;

/*
 * Adds a sample; a bad one only when the point was not bad like that. While a
 * missing point is searched others are read several times in a poll: the
 * newest value counts, and one that came is not made bad again.
 */
static void add_sample(struct kw_meter_device *device,
                       struct kw_meter_point *point, const struct kw_sample *of)
{
    bool good = of->quality == KW_QUALITY_GOOD;
    uint8_t quality = of->quality;

    if (good && !kw_clock_sane(device->stamp_ms))
        quality = KW_QUALITY_UNCERTAIN_CLOCK;
    if (!good && (point->quality == quality || point->place != 0))
        return;
    point->quality = quality;
    if (point->place == 0) {
        device->sampled[device->samples_count++] =
            (uint16_t)(point - device->points);
        point->place = (uint16_t)device->samples_count;
    }
    device->samples[point->place - 1] = (struct kw_sample){
        .point = point->id,
        .quality = quality,
        .encoding = of->encoding,
        .time_ms = device->stamp_ms,
        .raw = good ? of->raw : 0,
        .value = good ? of->value : (double)NAN,
    };
}

void kw_meter_values_forget(struct kw_meter_device *device)
{
    for (size_t i = 0; i < device->samples_count; i++)
        device->points[device->sampled[i]].place = 0;
    device->samples_count = 0;
}

/* What came from registers; it may still have to be multiplied. */
static void take_number(struct kw_meter_device *device,
                        struct kw_meter_point *point, uint8_t quality,
                        uint64_t raw)
{
    struct kw_sample sample = {.encoding = point->encoding, .raw = raw};

    if (quality == KW_QUALITY_GOOD) {
        sample.value = kw_scale_value(&point->scale, point->encoding, raw);
        if (!isfinite(sample.value) ||
            (point->map->compute == NULL &&
             !kw_map_within(&point->bounds, sample.value)))
            quality = KW_QUALITY_BAD_IMPLAUSIBLE;
    }
    sample.quality = quality;
    if (quality != KW_QUALITY_GOOD && point->place != 0)
        return;
    kw_meter_compute_put(&device->compute,
                         (size_t)(point->map - device->map->points), quality,
                         sample.value);
    if (point->map->compute == NULL)
        add_sample(device, point, &sample);
}

/* What is computed from what came. */
static void add_computed(struct kw_meter_device *device, uint64_t now_ms)
{
    struct kw_meter_computed computed;

    while (kw_meter_compute_next(&device->compute, &computed)) {
        struct kw_meter_point *point =
            &device->points[device->computed[computed.place]];
        struct kw_sample sample = {.encoding = KW_ENCODING_FLOAT64};

        kw_meter_compute_bound(&device->compute, &computed, &point->bounds);
        kw_meter_counters_judge_computed(device, point, &computed, now_ms);
        sample.quality = computed.quality;
        sample.value = computed.value;
        memcpy(&sample.raw, &computed.value, sizeof(sample.raw));
        add_sample(device, point, &sample);
    }
}

/* The points of a request, as a range of device->points. */
static struct kw_meter_point *first_point(struct kw_meter_device *device,
                                          unsigned request)
{
    return &device->points[device->plan.requests[request].first];
}

void kw_meter_values_take(struct kw_meter_device *device, unsigned request,
                          const unsigned char *data)
{
    struct kw_meter_point *point = first_point(device, request);
    unsigned count = device->request[request].asked;

    for (; count > 0; count--, point++) {
        const struct kw_map_point *map = point->map;
        const unsigned char *at = data + (size_t)point->offset * 2;
        uint8_t quality = KW_QUALITY_GOOD;
        uint64_t raw = 0;

        if (point->text != NULL) {
            kw_meter_decode_text(map, at, point->text, KW_METER_TEXT_SIZE);
            continue;
        }
        if (map->type == KW_MAP_BIT)
            raw = kw_meter_decode_bit(data, point->offset);
        else
            quality = kw_meter_decode_number(map, at, &raw);
        take_number(device, point, quality, raw);
    }
}

void kw_meter_values_fail(struct kw_meter_device *device, unsigned first,
                          unsigned count, uint8_t quality)
{
    struct kw_meter_point *point = &device->points[first];

    for (; count > 0; count--, point++) {
        if (point->text == NULL)
            take_number(device, point, quality, 0);
        else if (quality != KW_QUALITY_BAD_EXCEPTION)
            device->attributes_due = true; /* with the next poll */
    }
}

void kw_meter_values_withdraw(struct kw_meter_device *device, unsigned first,
                              unsigned count)
{
    struct kw_meter_point *point = &device->points[first];
    const uint8_t quality = KW_QUALITY_BAD_FOREIGN;

    for (; count > 0; count--, point++) {
        if (point->text != NULL) {
            device->attributes_due = true;
            continue;
        }
        kw_meter_compute_put(&device->compute,
                             (size_t)(point->map - device->map->points),
                             quality, (double)NAN);
        if (point->place == 0)
            continue;
        device->samples[point->place - 1].raw = 0;
        device->samples[point->place - 1].value = (double)NAN;
        device->samples[point->place - 1].quality = point->quality = quality;
    }
}

void kw_meter_values_publish(struct kw_meter_device *device, uint64_t now_ns)
{
    kw_meter_image_keep(&device->image);
    kw_meter_counters_judge(device, now_ns / ns_per_ms);
    add_computed(device, now_ns / ns_per_ms);
    if (device->samples_count > 0)
        kw_hub_publish_samples(device->core->hub, device->samples,
                               device->samples_count);
    kw_meter_values_forget(device);
}
