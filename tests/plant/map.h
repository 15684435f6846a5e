/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Register maps, as in conf/meters: read from their files by the plant's own
 * reader, so that the gateway's reader has something to be compared with.
 */
#ifndef KW_PLANT_MAP_H
#define KW_PLANT_MAP_H

#include "point.h"

enum { KW_PLANT_RANGES = 16 };

struct kw_plant_range {
    unsigned first, last;
};

/* Never changed once loaded. Points are sorted by function and address. */
struct kw_plant_map {
    char name[KW_PLANT_NAME_BYTES]; /* of the file, without .csv */
    char title[KW_PLANT_NAME_BYTES];
    char make[KW_PLANT_NAME_BYTES];
    unsigned max_registers; /* of one request */
    unsigned gap;           /* unlisted registers that may be read along */
    unsigned load_stride;   /* added to addresses for each further load */
    struct kw_plant_range forbidden[KW_PLANT_RANGES];
    size_t forbidden_count;
    bool is_fingerprint;
    char fingerprint[KW_PLANT_NAME_BYTES]; /* map that identifies this one */
    char identity[KW_PLANT_NAME_BYTES];    /* text that it shows then */
    unsigned phases;                       /* 1 or 3 */
    struct kw_plant_point *points;         /* owned */
    size_t count;
    size_t words; /* registers of all points together */
};

/* All maps that were asked for; a map is read when first asked for. */
struct kw_plant_library {
    const char *folder;     /* borrowed */
    const char *quantities; /* borrowed; file to check names against or NULL */
    struct kw_plant_map **maps; /* owned */
    size_t count;
};

/* Reads one map. `name` is its profile name, `path` its file. Returns 0, or
 * -1 with file:line:column and what was expected. */
int kw_plant_map_load(struct kw_plant_map *map, const char *name,
                      const char *path, struct kw_plant_diag *diag);

void kw_plant_map_fini(struct kw_plant_map *map);

/* True if `function` reads any register of the map. */
bool kw_plant_map_has_function(const struct kw_plant_map *map,
                               unsigned function);

/* The point with this quantity; NULL if there is none. */
const struct kw_plant_point *kw_plant_map_point(const struct kw_plant_map *map,
                                                const char *quantity);

/* Reads `count` registers at `address` (without load offset) out of `words`,
 * the registers of a meter in the map's order. Gaps that the map allows read
 * as 0. Returns 0 or the Modbus exception code, 2. */
unsigned kw_plant_map_read(const struct kw_plant_map *map,
                           const uint16_t *words, unsigned function,
                           struct kw_plant_range range, uint16_t *out);

/* The map called `name`, read from the folder if need be; NULL with a
 * message. Borrowed from the library. */
const struct kw_plant_map *kw_plant_library_get(struct kw_plant_library *lib,
                                                const char *name,
                                                struct kw_plant_diag *diag);

void kw_plant_library_fini(struct kw_plant_library *lib);

#endif
