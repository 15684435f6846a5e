/* SPDX-License-Identifier: Apache-2.0 */
#include "line.h"

void kw_plant_line_init(struct kw_plant_line *line, unsigned index,
                        struct kw_plant_clock *clock)
{
    *line = (struct kw_plant_line){.index = index, .clock = clock};
    pthread_mutex_init(&line->lock, NULL);
}

void kw_plant_line_fini(struct kw_plant_line *line)
{
    for (size_t i = 0; i < line->count; i++) {
        struct kw_plant_unit *unit = &line->units[i];
        for (size_t j = 0; j < unit->count; j++) {
            kw_plant_meter_fini(unit->meters[j]);
            kw_plant_free(unit->meters[j]);
        }
        kw_plant_free(unit->meters);
    }
    kw_plant_free(line->units);
    pthread_mutex_destroy(&line->lock);
}

struct kw_plant_unit *kw_plant_line_unit(struct kw_plant_line *line,
                                         unsigned number)
{
    size_t at = number < 256 ? line->unit_at[number] : 0;
    return at > 0 ? &line->units[at - 1] : NULL;
}

static struct kw_plant_unit *make_unit(struct kw_plant_line *line,
                                       unsigned number)
{
    line->units =
        kw_plant_grow(line->units, line->count + 1, sizeof *line->units);
    struct kw_plant_unit *unit = &line->units[line->count++];
    *unit = (struct kw_plant_unit){.number = number};
    line->unit_at[number] = line->count;
    return unit;
}

static void add_meter(struct kw_plant_unit *unit,
                      const struct kw_plant_map *map,
                      struct kw_plant_place place, const char *identity,
                      const struct kw_plant_era *era)
{
    struct kw_plant_meter *meter = kw_plant_alloc(1, sizeof *meter);
    kw_plant_meter_init(meter, map, place, identity, era);
    unit->meters =
        kw_plant_grow(unit->meters, unit->count + 1, sizeof *unit->meters);
    unit->meters[unit->count++] = meter;
}

int kw_plant_line_add(struct kw_plant_line *line,
                      const struct kw_plant_map *map,
                      const struct kw_plant_map *block,
                      struct kw_plant_place place,
                      const struct kw_plant_era *era,
                      struct kw_plant_diag *diag)
{
    struct kw_plant_unit *unit = kw_plant_line_unit(line, place.unit);
    const char *identity = block != NULL ? map->identity : map->title;
    if (map->is_fingerprint)
        return kw_plant_say(diag, "%s is an identification block, not a meter",
                            map->name);
    if (place.load > 1 && map->load_stride == 0)
        return kw_plant_say(diag, "%s has one load only", map->name);
    if (unit == NULL) {
        unit = make_unit(line, place.unit);
    } else if (unit->meters[0]->map != map) {
        return kw_plant_say(diag, "unit %u is a %s already", place.unit,
                            unit->meters[0]->map->name);
    }
    for (size_t i = 0; i < unit->count; i++)
        if (unit->meters[i]->load == place.load)
            return kw_plant_say(diag, "unit %u with load %u is there already",
                                place.unit, place.load);
    bool is_new = unit->count == 0;
    add_meter(unit, map, place, identity, era);
    place.load = 0;
    if (is_new && block != NULL)
        add_meter(unit, block, place, identity, era);
    return 0;
}

/* Tries the registers as they are first, as a test whether the meter has
 * them: only a meter that is read is brought up to date. */
unsigned kw_plant_line_read(struct kw_plant_line *line,
                            struct kw_plant_unit *unit, unsigned function,
                            struct kw_plant_range range, uint16_t *out)
{
    unsigned code = 1;
    for (size_t i = 0; i < unit->count; i++) {
        struct kw_plant_meter *meter = unit->meters[i];
        if (!kw_plant_map_has_function(meter->map, function))
            continue;
        if (meter->map->is_fingerprint && unit->fault.kind == KW_PLANT_NAMELESS)
            continue;
        if (range.last - range.first >= meter->map->max_registers)
            return 3;
        code = 2;
        if (range.first < meter->offset)
            continue;
        struct kw_plant_range place = {range.first - meter->offset,
                                       range.last - meter->offset};
        if (kw_plant_map_read(meter->map, meter->words, function, place, out) !=
            0)
            continue;
        kw_plant_meter_refresh(
            meter, kw_plant_clock_tick(line->clock, KW_PLANT_TICK_MS));
        return kw_plant_map_read(meter->map, meter->words, function, place,
                                 out);
    }
    return code;
}
