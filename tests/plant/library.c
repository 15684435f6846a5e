/* SPDX-License-Identifier: Apache-2.0 */
#include "csv.h"
#include "map.h"

#include <stdio.h>
#include <string.h>

static bool is_forbidden(const struct kw_plant_map *map, unsigned address)
{
    for (size_t i = 0; i < map->forbidden_count; i++)
        if (address >= map->forbidden[i].first &&
            address <= map->forbidden[i].last)
            return true;
    return false;
}

/* Index of the first point of `function` that ends after `address`. */
static size_t search(const struct kw_plant_map *map, unsigned function,
                     unsigned address)
{
    size_t low = 0, high = map->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        const struct kw_plant_point *point = &map->points[middle];
        if (point->function < function ||
            (point->function == function &&
             point->address + point->registers <= address))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* True if no point holds `address` but one on each side is near enough;
 * `next` is the first point that ends after it. */
static bool in_gap(const struct kw_plant_map *map, size_t next,
                   unsigned function)
{
    if (next == 0 || next == map->count)
        return false;
    const struct kw_plant_point *after = &map->points[next];
    const struct kw_plant_point *before = after - 1;
    return after->function == function && before->function == function &&
           after->address - before->address - before->registers <= map->gap;
}

unsigned kw_plant_map_read(const struct kw_plant_map *map,
                           const uint16_t *words, unsigned function,
                           struct kw_plant_range range, uint16_t *out)
{
    size_t next = search(map, function, range.first);
    for (unsigned address = range.first; address <= range.last; address++) {
        while (next < map->count && map->points[next].function == function &&
               address >=
                   map->points[next].address + map->points[next].registers)
            next++;
        const struct kw_plant_point *point = &map->points[next];
        if (is_forbidden(map, address))
            return 2;
        if (next < map->count && point->function == function &&
            address >= point->address)
            *out++ = words[point->at + address - point->address];
        else if (in_gap(map, next, function))
            *out++ = 0;
        else
            return 2;
    }
    return 0;
}

/* Looks at one row of the list; `seen` has a mark for each point. */
static int check_row(const struct kw_plant_map *map,
                     const struct kw_plant_csv *csv,
                     const struct kw_plant_field *fields, int count, bool *seen,
                     struct kw_plant_diag *diag)
{
    if (count < 3)
        return kw_plant_say(diag, "%s:%u:1: expected name,title,unit and more",
                            csv->path, csv->line);
    const struct kw_plant_point *point =
        kw_plant_map_point(map, fields[0].text);
    if (point == NULL)
        return 0;
    seen[point - map->points] = true;
    if (strcmp(point->unit, fields[2].text) != 0)
        return kw_plant_say(
            diag,
            "%s: the unit of '%s' is one of %s, which does not convert to "
            "%s",
            map->name, point->quantity, point->unit, fields[2].text);
    return 0;
}

/* Every point has a row in the list, with a unit that fits. */
static int check_quantities(const struct kw_plant_map *map, const char *path,
                            struct kw_plant_diag *diag)
{
    struct kw_plant_csv csv;
    struct kw_plant_field fields[KW_PLANT_CSV_FIELDS];
    if (kw_plant_csv_load(&csv, path, diag) < 0)
        return -1;
    bool *seen = kw_plant_alloc(map->count, sizeof *seen);
    int count, result = 0;
    while (result == 0 && (count = kw_plant_csv_row(&csv, fields, diag)) != 0)
        result =
            count < 0 ? -1 : check_row(map, &csv, fields, count, seen, diag);
    for (size_t i = 0; i < map->count && result == 0; i++)
        if (!seen[i])
            result = kw_plant_say(diag, "%s: quantity '%s' is not in %s",
                                  map->name, map->points[i].quantity, path);
    kw_plant_free(seen);
    kw_plant_csv_fini(&csv);
    return result;
}

const struct kw_plant_map *kw_plant_library_get(struct kw_plant_library *lib,
                                                const char *name,
                                                struct kw_plant_diag *diag)
{
    for (size_t i = 0; i < lib->count; i++)
        if (strcmp(lib->maps[i]->name, name) == 0)
            return lib->maps[i];

    char path[4096];
    int length = snprintf(path, sizeof path, "%s/%s.csv", lib->folder, name);
    if (length < 0 || (size_t)length >= sizeof path ||
        strchr(name, '/') != NULL) {
        kw_plant_say(diag, "'%s' is not the name of a map", name);
        return NULL;
    }
    struct kw_plant_map *map = kw_plant_alloc(1, sizeof *map);
    int result = kw_plant_map_load(map, name, path, diag);
    if (result == 0 && lib->quantities != NULL)
        result = check_quantities(map, lib->quantities, diag);
    if (result < 0) {
        kw_plant_map_fini(map);
        kw_plant_free(map);
        return NULL;
    }
    lib->maps = kw_plant_grow(lib->maps, lib->count + 1, sizeof *lib->maps);
    lib->maps[lib->count++] = map;
    return map;
}

void kw_plant_library_fini(struct kw_plant_library *lib)
{
    for (size_t i = 0; i < lib->count; i++) {
        kw_plant_map_fini(lib->maps[i]);
        kw_plant_free(lib->maps[i]);
    }
    kw_plant_free(lib->maps);
    lib->maps = NULL;
    lib->count = 0;
}
