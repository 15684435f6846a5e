/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A device is what hangs on a line under one unit: one meter, or the loads of
 * one. Its unit here is its own unless `units` names one of its meters; then
 * it is that, for all its loads.
 */
#include "supervisor/units.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

/* A place wants to answer under a unit. */
struct claim {
    uint8_t unit;
    const struct kw_meter_place *place;
};

struct maker {
    struct kw_supervisor_units *units;
    const struct kw_supervisor_conf *conf;
    struct kw_meter_place *places; /* owned */
    size_t count;
    const struct kw_meter_place **moves; /* the place that each item of
                                            conf->units names; owned */
    struct claim *claims;                /* owned */
    size_t claim_count, block_count, blocks_used;
};

static void count_place(void *arg, const struct kw_meter_place *place)
{
    struct maker *maker = arg;

    (void)place;
    maker->count++;
}

static void keep_place(void *arg, const struct kw_meter_place *place)
{
    struct maker *maker = arg;

    maker->places[maker->count++] = *place;
}

static bool same_device(const struct kw_meter_place *a,
                        const struct kw_meter_place *b)
{
    return a->unit == b->unit && strcmp(a->line, b->line) == 0;
}

/* NULL stays where a meter is not polled. */
static void find_moves(struct maker *maker)
{
    for (size_t i = 0; i < maker->conf->units.count; i++) {
        const char *name = kw_supervisor_conf_unit(maker->conf, i)->meter;

        for (size_t at = 0; at < maker->count; at++) {
            if (strcmp(maker->places[at].name, name) == 0)
                maker->moves[i] = &maker->places[at];
        }
    }
}

static void add_claim(struct maker *maker, unsigned unit,
                      const struct kw_meter_place *place)
{
    if (maker->claims != NULL)
        maker->claims[maker->claim_count] =
            (struct claim){(uint8_t)unit, place};
    maker->claim_count++;
    maker->block_count += place->image->count;
}

/* Counts the claims, and notes them when there is room. */
static void find_claims(struct maker *maker)
{
    maker->claim_count = maker->block_count = 0;
    for (size_t at = 0; at < maker->count; at++) {
        const struct kw_meter_place *place = &maker->places[at];
        bool moved = false;

        for (size_t i = 0; i < maker->conf->units.count; i++) {
            if (maker->moves[i] == NULL || !same_device(maker->moves[i], place))
                continue;
            moved = true;
            add_claim(maker,
                      (unsigned)kw_supervisor_conf_unit(maker->conf, i)->unit,
                      place);
        }
        if (!moved)
            add_claim(maker, place->unit, place);
    }
}

/* By unit; those of a unit stay in the order of the places. */
static int claim_order(const void *a, const void *b)
{
    const struct claim *left = a, *right = b;

    if (left->unit != right->unit)
        return left->unit < right->unit ? -1 : 1;
    return (left->place > right->place) - (left->place < right->place);
}

static bool bridged(const struct kw_supervisor_conf *conf,
                    const struct kw_meter_place *place)
{
    for (size_t i = 0; i < conf->bridge.count; i++) {
        if (strcmp(conf->bridge.items[i], place->line) == 0 ||
            strcmp(conf->bridge.items[i], place->name) == 0)
            return true;
    }
    return false;
}

static void add_conflict(struct maker *maker, const struct claim *claim,
                         const char *taken_by)
{
    struct kw_supervisor_units *units = maker->units;

    if (units->conflict_count < KW_SUPERVISOR_CONFLICTS_MAX)
        units->conflicts[units->conflict_count] =
            (struct kw_supervisor_conflict){claim->unit, claim->place->name,
                                            claim->place->line, taken_by};
    units->conflict_count++;
}

static void add_blocks(struct maker *maker, struct kw_supervisor_unit *unit,
                       const struct kw_meter_image *image)
{
    for (size_t i = 0; i < image->count; i++) {
        maker->units->blocks[maker->blocks_used++] = &image->blocks[i];
        unit->functions |= 1U << image->blocks[i].function;
    }
    unit->blocks.count += image->count;
}

/* The first device that claims a unit has it, with all its loads, which stand
 * together. owner is the place that has it, or NULL. */
static const struct kw_meter_place *take(struct maker *maker,
                                         const struct claim *claim,
                                         const struct kw_meter_place *owner)
{
    struct kw_supervisor_unit *unit = &maker->units->list[claim->unit];
    const struct kw_meter_place *place = claim->place;

    if (claim->unit == maker->conf->points_unit ||
        claim->unit == maker->conf->points_f64_unit) {
        add_conflict(maker, claim, "points");
        return owner;
    }
    if (owner != NULL && !same_device(owner, place)) {
        add_conflict(maker, claim, owner->name);
        return owner;
    }
    if (owner == NULL) {
        owner = place;
        unit->first = maker->blocks_used;
        unit->meter = place->name;
        unit->line = place->line;
        unit->meter_unit = place->unit;
    }
    unit->bridged |= bridged(maker->conf, place);
    add_blocks(maker, unit, place->image);
    return owner;
}

static void fill(struct maker *maker)
{
    struct kw_supervisor_units *units = maker->units;
    const struct kw_meter_place *owner = NULL;

    qsort(maker->claims, maker->claim_count, sizeof(maker->claims[0]),
          claim_order);
    for (size_t i = 0; i < maker->claim_count; i++) {
        if (i > 0 && maker->claims[i].unit != maker->claims[i - 1].unit)
            owner = NULL;
        owner = take(maker, &maker->claims[i], owner);
    }
    for (unsigned i = 0; i < KW_SUPERVISOR_UNITS; i++) {
        struct kw_supervisor_unit *unit = &units->list[i];

        unit->blocks.list = units->blocks + unit->first;
        qsort(units->blocks + unit->first, unit->blocks.count,
              sizeof(units->blocks[0]), kw_meter_block_order);
    }
}

static int make(struct maker *maker, const struct kw_meter *meter)
{
    kw_meter_each(meter, count_place, maker);
    maker->places = kw_alloc_array(maker->count + 1, sizeof(maker->places[0]));
    maker->moves =
        kw_alloc_array(maker->conf->units.count + 1, sizeof(maker->moves[0]));
    if (maker->places == NULL || maker->moves == NULL)
        return KW_ENOMEM;
    maker->count = 0;
    kw_meter_each(meter, keep_place, maker);
    find_moves(maker);
    find_claims(maker);
    maker->claims =
        kw_alloc_array(maker->claim_count + 1, sizeof(maker->claims[0]));
    maker->units->blocks =
        kw_alloc_array(maker->block_count + 1, sizeof(maker->units->blocks[0]));
    if (maker->claims == NULL || maker->units->blocks == NULL)
        return KW_ENOMEM;
    find_claims(maker);
    fill(maker);
    return 0;
}

int kw_supervisor_units_make(struct kw_supervisor_units *units,
                             const struct kw_meter *meter,
                             const struct kw_supervisor_conf *conf)
{
    struct maker maker = {.units = units, .conf = conf};
    int err;

    kw_supervisor_units_fini(units);
    err = make(&maker, meter);
    if (err != 0)
        kw_supervisor_units_fini(units);
    kw_free(maker.places);
    kw_free(maker.moves);
    kw_free(maker.claims);
    return err;
}

void kw_supervisor_units_fini(struct kw_supervisor_units *units)
{
    kw_free(units->blocks);
    memset(units, 0, sizeof(*units));
}

uint8_t kw_supervisor_unit_function(const struct kw_supervisor_unit *unit,
                                    uint8_t function)
{
    uint8_t other = function <= 2 ? 3 - function : 7 - function;
    bool own = unit->functions >> function & 1U;

    return !own && unit->functions >> other & 1U ? other : function;
}
