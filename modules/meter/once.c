/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Happy path: one request of the plan after another, each decoded as it comes,
 * then done. A refused or garbled block marks its points and the next block is
 * asked. So does one without an answer, but the next one is asked once and, as
 * far as the line knows how long answers take, with a short time-out; when
 * nothing at all was answered the reading ends after four blocks. A line that
 * is lost ends it at once.
 * kw_meter_once_fini ends it without a call at any time.
 */
#include "meter/once.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/sample.h"
#include "core/quantity.h"
#include "meter/decode.h"
#include "meter/device.h"
#include "meter/settings.h"

#include <math.h>
#include <string.h>

enum { SILENT_BLOCKS_MAX = 4 };

/* All classes at once: whatever lies together is read together. */
static const uint8_t one_class[KW_MAP_CLASSES] = {0};

int kw_meter_once_init(struct kw_meter_once *once, struct kw_map *map,
                       uint8_t unit, unsigned load)
{
    *once = (struct kw_meter_once){.map = map, .unit = unit, .load = load};
    kw_meter_map_hold(map);
    once->plan.order = kw_alloc_array(map->count, sizeof(uint16_t));
    once->plan.requests =
        kw_alloc_array(map->count, sizeof(struct kw_plan_request));
    once->values =
        kw_alloc_array(map->count, sizeof(struct kw_meter_once_value));
    once->texts = kw_alloc_array(map->count, KW_METER_TEXT_SIZE);
    if (once->plan.order == NULL || once->plan.requests == NULL ||
        once->values == NULL || once->texts == NULL ||
        kw_meter_compute_init(&once->compute, map) != 0) {
        kw_meter_once_fini(once);
        return KW_ENOMEM;
    }
    kw_meter_plan(map, load, one_class, &once->plan);
    for (size_t i = 0; i < map->count; i++) {
        once->values[i].quality = KW_QUALITY_BAD_NEVER;
        once->values[i].text = once->texts + i * KW_METER_TEXT_SIZE;
    }
    return 0;
}

int kw_meter_once_init_range(struct kw_meter_once *once, uint8_t unit,
                             const struct kw_meter_range *range)
{
    *once = (struct kw_meter_once){.unit = unit, .load = 1, .range = *range};
    once->plan.requests = kw_alloc(sizeof(struct kw_plan_request));
    once->values = kw_alloc(sizeof(struct kw_meter_once_value));
    once->data = kw_alloc(range->count * 2U);
    if (once->plan.requests == NULL || once->values == NULL ||
        once->data == NULL) {
        kw_meter_once_fini(once);
        return KW_ENOMEM;
    }
    once->values->quality = KW_QUALITY_BAD_NEVER;
    once->plan.count = 1;
    once->plan.requests[0] = (struct kw_plan_request){
        .function = range->function,
        .address = range->address,
        .count = range->count,
    };
    return 0;
}

void kw_meter_once_fini(struct kw_meter_once *once)
{
    kw_meter_request_cancel(&once->request);
    kw_meter_compute_fini(&once->compute);
    kw_meter_map_drop(once->map);
    kw_free(once->plan.order);
    kw_free(once->plan.requests);
    kw_free(once->values);
    kw_free(once->texts);
    kw_free(once->data);
    *once = (struct kw_meter_once){0};
}

static void decode_point(struct kw_meter_once *once,
                         const struct kw_plan_request *request, size_t index,
                         const unsigned char *data)
{
    const struct kw_map_point *map = &once->map->points[index];
    struct kw_meter_once_value *value = &once->values[index];
    unsigned offset = map->address + (once->load - 1) * once->map->load_stride -
                      request->address;
    uint64_t raw = 0;

    value->quality = KW_QUALITY_GOOD;
    if (map->quantity->kind == KW_QUANTITY_TEXT) {
        kw_meter_decode_text(map, data + (size_t)offset * 2, value->text,
                             KW_METER_TEXT_SIZE);
        return;
    }
    if (map->type == KW_MAP_BIT)
        raw = kw_meter_decode_bit(data, offset);
    else
        value->quality =
            kw_meter_decode_number(map, data + (size_t)offset * 2, &raw);
    value->value = kw_sample_value(kw_meter_decode_encoding(map), raw,
                                   kw_meter_decode_scale(map));
    if (!isfinite(value->value) ||
        (value->quality == KW_QUALITY_GOOD && map->compute == NULL &&
         !kw_map_within(&map->bounds, value->value)))
        value->quality = KW_QUALITY_BAD_IMPLAUSIBLE;
    kw_meter_compute_put(&once->compute, index, value->quality, value->value);
}

/* All that came is there: what the map computes from it. */
static void compute(struct kw_meter_once *once)
{
    struct kw_meter_computed computed;

    while (once->map != NULL &&
           kw_meter_compute_next(&once->compute, &computed)) {
        size_t index = once->compute.order[computed.place];
        struct kw_meter_once_value *value = &once->values[index];

        kw_meter_compute_bound(&once->compute, &computed,
                               &once->map->points[index].bounds);
        value->quality = computed.quality;
        value->value = computed.value;
    }
}

static void take_answer(struct kw_meter_once *once, uint8_t quality,
                        const unsigned char *data)
{
    const struct kw_plan_request *request = &once->plan.requests[once->at];

    if (once->map == NULL) {
        once->values->quality = quality;
        if (quality == KW_QUALITY_GOOD)
            memcpy(once->data, data, once->range.count * 2U);
        return;
    }
    for (size_t i = request->first;
         i < (size_t)request->first + request->points; i++) {
        size_t index = once->plan.order[i];

        if (quality == KW_QUALITY_GOOD) {
            decode_point(once, request, index, data);
        } else {
            once->values[index].quality = quality;
            kw_meter_compute_put(&once->compute, index, quality, 0);
        }
    }
}

/* The pause that the meter wants between two requests. */
static uint64_t pause_ns(struct kw_meter_once *once)
{
    bool first = once->asked++ == 0;

    return first || once->map == NULL ? 0
                                      : (uint64_t)once->map->pause_ms * 1000000;
}

static int ask(struct kw_meter_once *once)
{
    const struct kw_plan_request *request = &once->plan.requests[once->at];

    once->request.ask = (struct kw_meter_ask){
        .unit = once->unit,
        .function = request->function,
        .address = request->address,
        .count = request->count,
        .timeout_ms = once->silent > 0
                          ? kw_meter_line_probe_ms(once->line, once->rtt_us)
                          : 0,
    };
    return kw_meter_request_start(&once->request, once->line,
                                  kw_clock_mono_ns(once->clock) +
                                      pause_ns(once));
}

static unsigned repetitions(const struct kw_meter_once *once)
{
    return once->silent > 0 ? 0
                            : (unsigned)kw_meter_line_conf(once->line)->retries;
}

/* Asks for the next block; without one, or when nobody is there, it is done. */
static void go_on(struct kw_meter_once *once, uint8_t quality)
{
    bool dead = quality == KW_QUALITY_BAD_LINE ||
                (!once->heard && once->silent >= SILENT_BLOCKS_MAX);

    while (++once->at < once->plan.count) {
        once->tries = repetitions(once);
        if (!dead && ask(once) == 0)
            return;
        take_answer(once, dead ? quality : KW_QUALITY_BAD_LINE, NULL);
    }
    compute(once);
    once->done(once);
}

static void on_done(struct kw_meter_request *request,
                    const struct kw_meter_answer *answer)
{
    struct kw_meter_once *once =
        KW_LIST_ENTRY(request, struct kw_meter_once, request);
    uint8_t quality = kw_meter_answer_quality(answer);
    bool heard =
        quality == KW_QUALITY_GOOD || quality == KW_QUALITY_BAD_EXCEPTION;
    bool again =
        quality == KW_QUALITY_BAD_TIMEOUT || quality == KW_QUALITY_BAD_CRC;

    if (again && once->tries > 0) {
        once->tries--;
        if (ask(once) == 0)
            return;
    }
    if (heard && answer->rtt_us > once->rtt_us)
        once->rtt_us = answer->rtt_us;
    once->heard = once->heard || heard;
    once->silent = quality == KW_QUALITY_BAD_TIMEOUT ? once->silent + 1 : 0;
    /* A refusal is what the one who asks for registers wants to know. */
    once->answered = once->answered || quality == KW_QUALITY_GOOD ||
                     (once->map == NULL && quality == KW_QUALITY_BAD_EXCEPTION);
    take_answer(once, quality, answer->data);
    go_on(once, quality);
}

int kw_meter_once_start(struct kw_meter_once *once, struct kw_meter_line *line,
                        const struct kw_clock *clock)
{
    once->line = line;
    once->clock = clock;
    once->request.done = on_done;
    once->tries = repetitions(once);
    return ask(once);
}

static void put_value(struct kw_json *json, const struct kw_map_point *map,
                      const struct kw_meter_once_value *value)
{
    kw_json_object(json, NULL);
    kw_json_text(json, "quantity", map->quantity->name);
    kw_json_text(json, "title", map->quantity->title);
    kw_json_text(json, "unit", map->quantity->unit);
    if (kw_quality_has_value(value->quality))
        kw_json_real(json, "value", value->value);
    else
        kw_json_null(json, "value");
    kw_json_text(json, "quality", kw_quality_name(value->quality));
    kw_json_end_object(json);
}

/* Registers as they came. */
static void format_range(const struct kw_meter_once *once, struct kw_buf *out)
{
    struct kw_json json;

    kw_json_init(&json, out);
    kw_json_object(&json, NULL);
    kw_json_text(&json, "line", kw_meter_line_conf(once->line)->name);
    kw_json_uint(&json, "unit", once->unit);
    kw_json_text(&json, "quality", kw_quality_name(once->values->quality));
    if (once->values->quality == KW_QUALITY_GOOD)
        kw_meter_preview(&json, &once->range, once->data);
    kw_json_end_object(&json);
}

void kw_meter_once_format(const struct kw_meter_once *once, struct kw_buf *out)
{
    const struct kw_map *map = once->map;
    struct kw_json json;

    if (map == NULL) {
        format_range(once, out);
        return;
    }
    kw_json_init(&json, out);
    kw_json_object(&json, NULL);
    kw_json_text(&json, "line", kw_meter_line_conf(once->line)->name);
    kw_json_uint(&json, "unit", once->unit);
    kw_json_uint(&json, "load", once->load);
    kw_json_text(&json, "profile", map->name);
    kw_json_text(&json, "title", map->title);
    kw_json_array(&json, "values");
    for (size_t i = 0; i < map->count; i++) {
        if (map->points[i].quantity->kind != KW_QUANTITY_TEXT)
            put_value(&json, &map->points[i], &once->values[i]);
    }
    kw_json_end_array(&json);
    kw_json_object(&json, "attributes");
    for (size_t i = 0; i < map->count; i++) {
        if (map->points[i].quantity->kind == KW_QUANTITY_TEXT)
            kw_json_text(&json, map->points[i].quantity->name,
                         once->values[i].text);
    }
    kw_json_end_object(&json);
    kw_json_end_object(&json);
}
