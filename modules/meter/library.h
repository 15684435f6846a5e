/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The meter library: register maps by name, each read once. A map in
 * STATE/meters wins over one of the same name that was shipped in
 * SHARE/meters.
 */
#ifndef KW_METER_LIBRARY_H
#define KW_METER_LIBRARY_H

#include "base/diag.h"
#include "meter/map.h"

struct kw_env;

struct kw_meter_library {
    const struct kw_env *env; /* borrowed */
    struct kw_meter_library_item {
        char name[KW_MAP_NAME_SIZE];
        struct kw_map *map; /* held; NULL when it can't be used */
        int err;            /* why not */
    } * items;              /* owned */
    size_t count;
};

/* An empty library. */
void kw_meter_library_init(struct kw_meter_library *library,
                           const struct kw_env *env);
void kw_meter_library_fini(struct kw_meter_library *library);

/*
 * The map of that name, borrowed from the library (hold it to keep it). A name
 * that was not asked for before is looked for in the folders, which waits for
 * the disk: for jobs and commands; one that was costs nothing. KW_EINVAL: the
 * findings went to diag the first time the name was asked for. KW_ENOTFOUND,
 * KW_EIO, ... without a finding. KW_ENOMEM.
 */
KW_MUST_CHECK int kw_meter_library_get(struct kw_meter_library *library,
                                       const char *name, struct kw_map **map,
                                       struct kw_diag *diag);

/*
 * Reads all maps of both folders that were not read yet: all of items then are
 * what there is. Waits for the disk. Findings of wrong ones go to diag.
 * KW_ENOMEM.
 */
KW_MUST_CHECK int kw_meter_library_all(struct kw_meter_library *library,
                                       struct kw_diag *diag);

/* The name of a map that is there and looks like name, for a message; false
 * when none does. */
bool kw_meter_library_nearest(const struct kw_meter_library *library,
                              const char *name, char best[KW_MAP_NAME_SIZE]);

#endif
