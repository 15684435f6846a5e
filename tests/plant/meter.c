/* SPDX-License-Identifier: Apache-2.0 */
#include "meter.h"

#include <stdio.h>
#include <string.h>

/* Numbers of the identification blocks; see conf/meters for their sources. */
static const struct code {
    const char *quantity;
    uint64_t number;
} codes[] = {
    {"info_model", 15270},        {"product_id", 1017},
    {"table_version", 101},       {"software_version", 100},
    {"product_version_major", 1}, {"product_version_minor", 4},
};

static bool is(const struct kw_plant_point *point, const char *quantity)
{
    return strcmp(point->quantity, quantity) == 0;
}

static uint64_t attribute_code(const struct kw_plant_meter *meter,
                               const struct kw_plant_point *point)
{
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (is(point, codes[i].quantity))
            return codes[i].number;
    if (is(point, "product_order_id"))
        return strncmp(meter->identity, "COUNTIS", 7) == 0 ? 100 : 400;
    if (is(point, "serial_year_week_1"))
        return 0x2024;
    if (is(point, "serial_year_week_2"))
        return 0x0031;
    if (is(point, "serial_reserve"))
        return 0;
    return 1000 + meter->model.seed % 60000; /* serial numbers */
}

static void attribute_text(const struct kw_plant_meter *meter,
                           const struct kw_plant_point *point, char *text,
                           size_t room)
{
    if (is(point, "vendor_signature"))
        kw_plant_copy(text, room, "SOCO");
    else if (is(point, "vendor_name"))
        kw_plant_copy(text, room, "SOCOMEC");
    else if (is(point, "info_name"))
        snprintf(text, room, "Meter %u", meter->unit);
    else
        kw_plant_copy(text, room, meter->identity);
}

/* What the point's registers hold as text. */
static void point_text(const struct kw_plant_meter *meter, size_t index,
                       char *text, size_t room)
{
    const struct kw_plant_point *point = &meter->map->points[index];
    if (meter->pattern)
        snprintf(text, room, "%016llX",
                 (unsigned long long)kw_plant_mix(meter->model.seed, index));
    else
        attribute_text(meter, point, text, room);
    size_t limit = point->registers * (point->one_character ? 1 : 2);
    if (limit < strlen(text))
        text[limit] = '\0';
}

void kw_plant_meter_init(struct kw_plant_meter *meter,
                         const struct kw_plant_map *map,
                         struct kw_plant_place place, const char *identity,
                         const struct kw_plant_era *era)
{
    *meter = (struct kw_plant_meter){
        .map = map, .unit = place.unit, .load = place.load, .tick_ms = -1};
    if (map->load_stride > 0 && place.load > 1)
        meter->offset = (place.load - 1) * map->load_stride;
    kw_plant_copy(meter->identity, sizeof meter->identity, identity);
    meter->raw = kw_plant_alloc(map->count, sizeof *meter->raw);
    meter->forced = kw_plant_alloc(map->count, sizeof *meter->forced);
    meter->words = kw_plant_alloc(map->words, sizeof *meter->words);
    kw_plant_model_init(&meter->model, era->seed, place, map->phases,
                        era->start_ms, era->offset_ms);
    kw_plant_model_at(&meter->model, era->start_ms, &meter->start);
}

void kw_plant_meter_fini(struct kw_plant_meter *meter)
{
    kw_plant_free(meter->raw);
    kw_plant_free(meter->forced);
    kw_plant_free(meter->words);
}

static double true_value(const struct kw_plant_meter *meter,
                         const struct kw_plant_point *point)
{
    if (point->source.part == KW_PLANT_ATTRIBUTE)
        return (double)attribute_code(meter, point);
    return kw_plant_source_value(&point->source, &meter->now, &meter->start);
}

/* What a reader makes of a point that others are multiplied by. */
static double read_value(const void *arg, size_t index)
{
    const struct kw_plant_meter *meter = arg;
    return kw_plant_point_decode(&meter->map->points[index], meter->raw[index]);
}

/* The point with the multiplier that its meter has now. */
static struct kw_plant_point fixed_point(const struct kw_plant_meter *meter,
                                         size_t index)
{
    return kw_plant_point_fixed(&meter->map->points[index], read_value, meter);
}

static uint64_t point_code(const struct kw_plant_meter *meter, size_t index)
{
    const struct kw_plant_point *point = &meter->map->points[index];
    if (meter->pattern)
        return kw_plant_point_pattern(point, meter->model.seed,
                                      (unsigned)index);
    struct kw_plant_point fixed = fixed_point(meter, index);
    return kw_plant_point_encode(&fixed, true_value(meter, point),
                                 meter->now.leading);
}

static void make_point(struct kw_plant_meter *meter, size_t index)
{
    const struct kw_plant_point *point = &meter->map->points[index];
    uint16_t *words = meter->words + point->at;
    if (point->type == KW_PLANT_STRING) {
        char text[KW_PLANT_NAME_BYTES];
        point_text(meter, index, text, sizeof text);
        kw_plant_point_put_text(point, text, words);
        return;
    }
    if (!meter->forced[index])
        meter->raw[index] = point_code(meter, index);
    kw_plant_point_put(point, meter->raw[index], words);
}

void kw_plant_meter_refresh(struct kw_plant_meter *meter, int64_t tick_ms)
{
    if (tick_ms <= meter->tick_ms)
        return;
    meter->tick_ms = tick_ms;
    kw_plant_model_at(&meter->model, tick_ms, &meter->now);
    /* Those that others are multiplied by come first. */
    for (int own = 0; own < 2; own++)
        for (size_t i = 0; i < meter->map->count; i++)
            if ((meter->map->points[i].factor_count > 0) == (own == 1))
                make_point(meter, i);
}

static int code_of(const struct kw_plant_point *point, const char *how,
                   uint64_t *raw, struct kw_plant_diag *diag)
{
    double value = 0;
    bool known = true;
    if (strcmp(how, "min") == 0)
        *raw = kw_plant_point_min(point);
    else if (strcmp(how, "max") == 0)
        *raw = kw_plant_point_max(point);
    else if (strcmp(how, "na") == 0)
        known = kw_plant_point_na(point, raw);
    else if (strcmp(how, "negative") == 0)
        known = kw_plant_point_negative(point, raw);
    else if (strncmp(how, "0x", 2) == 0)
        known = strlen(how + 2) <= 4 * (size_t)point->registers &&
                kw_plant_parse_whole(how + 2, 16, UINT64_MAX, raw);
    else if (kw_plant_parse_real(how, &value))
        *raw = kw_plant_point_encode(point, value, false);
    else
        return kw_plant_say(diag,
                            "'%s': expected a number, 0x…, na, min, max "
                            "or negative",
                            how);
    if (!known)
        return kw_plant_say(diag, "'%s' has no code for %s", point->quantity,
                            how);
    return 0;
}

int kw_plant_meter_set(struct kw_plant_meter *meter, const char *quantity,
                       const char *how, struct kw_plant_diag *diag)
{
    const struct kw_plant_point *point =
        kw_plant_map_point(meter->map, quantity);
    if (point == NULL)
        return kw_plant_say(diag, "%s has no quantity '%s'", meter->map->name,
                            quantity);
    if (point->type == KW_PLANT_STRING)
        return kw_plant_say(diag, "'%s' is a text and stays as it is",
                            quantity);
    size_t index = (size_t)(point - meter->map->points);
    struct kw_plant_point fixed = fixed_point(meter, index);
    if (code_of(&fixed, how, &meter->raw[index], diag) < 0)
        return -1;
    meter->forced[index] = true;
    meter->tick_ms = -1;
    return 0;
}

void kw_plant_meter_pattern(struct kw_plant_meter *meter, bool on)
{
    meter->pattern = on;
    meter->tick_ms = -1;
}

void kw_plant_meter_clear(struct kw_plant_meter *meter)
{
    memset(meter->forced, 0, meter->map->count * sizeof *meter->forced);
    kw_plant_meter_pattern(meter, false);
}

static void print_point(const struct kw_plant_meter *meter, size_t index,
                        struct kw_plant_out *out)
{
    const struct kw_plant_point *point = &meter->map->points[index];
    kw_plant_out(out, "{\"quantity\":\"%s\",\"raw\":\"", point->quantity);
    if (point->type == KW_PLANT_STRING) {
        char text[KW_PLANT_NAME_BYTES];
        for (unsigned i = 0; i < point->registers; i++)
            kw_plant_out(out, "%04X", meter->words[point->at + i]);
        point_text(meter, index, text, sizeof text);
        kw_plant_out(out, "\",\"value\":");
        kw_plant_out_string(out, text);
        kw_plant_out(out, ",\"true\":");
        kw_plant_out_string(out, text);
    } else {
        uint64_t raw = meter->raw[index];
        kw_plant_out(out, "%0*llX\",\"value\":", (int)point->registers * 4,
                     (unsigned long long)raw);
        struct kw_plant_point fixed = fixed_point(meter, index);
        kw_plant_out_real(out, kw_plant_point_decode(&fixed, raw));
        kw_plant_out(out, ",\"true\":");
        kw_plant_out_real(out, true_value(meter, point));
    }
    kw_plant_out(out, "}");
}

void kw_plant_meter_print(const struct kw_plant_meter *meter,
                          struct kw_plant_out *out)
{
    kw_plant_out(out, "[");
    for (size_t i = 0; i < meter->map->count; i++) {
        if (i > 0)
            kw_plant_out(out, ",");
        print_point(meter, i, out);
    }
    kw_plant_out(out, "]");
}
