/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/plan.h"

#include "meter/pdu.h"

void kw_meter_plan_merge(const int64_t period_ms[KW_MAP_ONCE],
                         uint8_t merged[KW_MAP_CLASSES])
{
    for (uint8_t i = 0; i < KW_MAP_ONCE; i++) {
        merged[i] = i;
        for (uint8_t j = i; j-- > 0;) {
            if (period_ms[j] == period_ms[i])
                merged[i] = j;
        }
    }
    merged[KW_MAP_ONCE] = KW_MAP_ONCE;
}

/* Class, function, address, length: one number to sort by. */
static uint64_t rank(const struct kw_map_point *point, const uint8_t *merged)
{
    return (uint64_t)merged[point->read_class] << 40 |
           (uint64_t)point->function << 32 | (uint64_t)point->address << 8 |
           point->registers;
}

/* Insertion: maps come almost sorted, and it happens once a meter. What has
 * no registers is left out. Gives the number of points. */
static size_t sort(const struct kw_map *map, const uint8_t *merged,
                   uint16_t *order)
{
    size_t count = 0;

    for (size_t i = 0; i < map->count; i++) {
        uint64_t key = rank(&map->points[i], merged);
        size_t at = count;

        if (!kw_map_point_is_read(&map->points[i]))
            continue;
        for (; at > 0 && rank(&map->points[order[at - 1]], merged) > key; at--)
            order[at] = order[at - 1];
        order[at] = (uint16_t)i;
        count++;
    }
    return count;
}

/* True when no address from first up to end (exclusive) is forbidden. */
static bool may_read(const struct kw_map *map, unsigned first, unsigned end)
{
    for (size_t i = 0; i < map->forbidden_count; i++) {
        if (first <= map->forbidden[i].last && end > map->forbidden[i].first)
            return false;
    }
    return true;
}

/* Ends of the listed registers that address is among; address when it is
 * not listed. */
static unsigned listed_until(const struct kw_map *map, unsigned function,
                             unsigned address)
{
    for (size_t i = 0; i < map->count; i++) {
        const struct kw_map_point *point = &map->points[i];
        unsigned end = point->address + point->registers;

        if (point->function == function && point->address <= address &&
            address < end)
            return end;
    }
    return address;
}

/*
 * True when the registers from first up to end may be read along: those that
 * the map doesn't list as far as its gap goes, those that it lists (of another
 * class) as long as that costs less than another request.
 */
static bool may_bridge(const struct kw_map *map, unsigned function,
                       unsigned first, unsigned end)
{
    unsigned unknown = 0, known = 0;

    while (first < end) {
        unsigned until = listed_until(map, function, first);

        if (until == first) {
            unknown++;
            first++;
        } else {
            until = until < end ? until : end;
            known += until - first;
            first = until;
            unknown = 0;
        }
        if (unknown > map->gap || known > KW_PLAN_ALONG)
            return false;
    }
    return true;
}

/* True when the point may join the request; addresses are the first load's. */
static bool joins(const struct kw_map *map,
                  const struct kw_plan_request *request,
                  const struct kw_map_point *point, uint8_t read_class)
{
    unsigned end = request->address + request->count;
    unsigned point_end = point->address + point->registers;
    unsigned most =
        point->function <= 2 ? (unsigned)KW_METER_BITS_MAX : map->max_registers;

    if (request->read_class != read_class ||
        request->function != point->function)
        return false;
    if (point_end > end && point_end - request->address > most)
        return false;
    return point->address <= end ||
           (may_read(map, end, point->address) &&
            may_bridge(map, point->function, end, point->address));
}

void kw_meter_plan(const struct kw_map *map, unsigned load,
                   const uint8_t merged[KW_MAP_CLASSES], struct kw_plan *plan)
{
    struct kw_plan_request *request = NULL;

    plan->points = sort(map, merged, plan->order);
    plan->count = 0;
    for (size_t i = 0; i < plan->points; i++) {
        const struct kw_map_point *point = &map->points[plan->order[i]];
        uint8_t read_class = merged[point->read_class];
        unsigned end = point->address + point->registers;

        if (request == NULL || !joins(map, request, point, read_class)) {
            request = &plan->requests[plan->count++];
            *request = (struct kw_plan_request){
                .function = point->function,
                .read_class = read_class,
                .address = point->address,
                .first = (uint16_t)i,
            };
        }
        if (end > (unsigned)request->address + request->count)
            request->count = (uint16_t)(end - request->address);
        request->points++;
    }
    for (size_t i = 0; i < plan->count; i++)
        plan->requests[i].address = (uint16_t)(plan->requests[i].address +
                                               (load - 1) * map->load_stride);
}
