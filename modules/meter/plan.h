/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a map's points to the fewest requests. Points of one class and
 * function that lie together (or no farther apart than the map's gap) are
 * read at once, within the largest block the meter allows; forbidden
 * addresses are never read and a point is never split. It is the fewest
 * requests that can do it (tested against all that are possible). Points
 * without registers are no part of it. Pure: the memory is the caller's.
 */
#ifndef KW_METER_PLAN_H
#define KW_METER_PLAN_H

#include "meter/map.h"

/*
 * So many listed registers of another class are read along between two points:
 * their bytes take less time than another request (13 bytes in frames, two
 * silences of 3.5 characters, the meter's own time).
 */
enum { KW_PLAN_ALONG = 12 };

/* One request and the points it brings: order[first .. first + points). */
struct kw_plan_request {
    uint8_t function;
    uint8_t read_class; /* enum kw_map_class after merging */
    uint16_t address, count;
    uint16_t first, points;
};

struct kw_plan {
    uint16_t *order;                  /* room for map->count indexes */
    struct kw_plan_request *requests; /* room for map->count */
    size_t points, count;             /* used of both */
};

/*
 * load counts from 1 and must be one that the map has. merged gives for each
 * class the class whose period it shares (the lowest of equal ones), so that
 * points with the same period are read together. Requests come out in order
 * of class, function, address.
 */
void kw_meter_plan(const struct kw_map *map, unsigned load,
                   const uint8_t merged[KW_MAP_CLASSES], struct kw_plan *plan);

/* Fills merged from the periods of fast, normal and slow. */
void kw_meter_plan_merge(const int64_t period_ms[KW_MAP_ONCE],
                         uint8_t merged[KW_MAP_CLASSES]);

#endif
