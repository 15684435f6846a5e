/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/library.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "core/core.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

void kw_meter_library_init(struct kw_meter_library *library,
                           const struct kw_env *env)
{
    *library = (struct kw_meter_library){.env = env};
}

void kw_meter_library_fini(struct kw_meter_library *library)
{
    for (size_t i = 0; i < library->count; i++)
        kw_meter_map_drop(library->items[i].map);
    kw_free(library->items);
    *library = (struct kw_meter_library){0};
}

/* Reads a map from a folder's meters/; KW_ENOTFOUND when it has none. */
static int load_from(struct kw_meter_library *library, const char *folder,
                     const char *name, struct kw_map **map,
                     struct kw_diag *diag)
{
    const char *file = diag->file;
    char path[1024];
    struct kw_buf text;
    int err,
        length = snprintf(path, sizeof(path), "%s/meters/%s.csv", folder, name);

    if (length < 0 || (size_t)length >= sizeof(path))
        return KW_ENOTFOUND;
    kw_buf_init(&text, KW_MAP_BYTES_MAX);
    diag->file = path;
    err = kw_file_read(path, &text);
    if (err == KW_EFULL)
        err = kw_diag_say(diag, "larger than %d bytes", KW_MAP_BYTES_MAX);
    else if (err == 0)
        err = kw_meter_map_parse(map, name, (const char *)text.data,
                                 text.length, library->env->quantities, diag);
    diag->file = file;
    kw_buf_fini(&text);
    return err;
}

static struct kw_meter_library_item *
find_item(const struct kw_meter_library *library, const char *name)
{
    for (size_t i = 0; i < library->count; i++) {
        if (strcmp(library->items[i].name, name) == 0)
            return &library->items[i];
    }
    return NULL;
}

/* Reads the map of that name, or remembers why it can't be used. */
static struct kw_meter_library_item *load_item(struct kw_meter_library *library,
                                               const char *name,
                                               struct kw_diag *diag)
{
    const char *folders[] = {library->env->state_dir, library->env->share_dir};
    struct kw_meter_library_item *items =
        kw_realloc(library->items, (library->count + 1) * sizeof(*items));
    struct kw_meter_library_item *item;

    if (items == NULL)
        return NULL;
    library->items = items;
    item = &items[library->count++];
    *item = (struct kw_meter_library_item){.err = KW_ENOTFOUND};
    (void)kw_text_copy(item->name, sizeof(item->name), name);
    for (size_t i = 0; i < 2 && item->err == KW_ENOTFOUND; i++)
        item->err = load_from(library, folders[i], name, &item->map, diag);
    return item;
}

int kw_meter_library_get(struct kw_meter_library *library, const char *name,
                         struct kw_map **map, struct kw_diag *diag)
{
    struct kw_meter_library_item *item = find_item(library, name);

    if (item == NULL)
        item = load_item(library, name, diag);
    if (item == NULL)
        return KW_ENOMEM;
    *map = item->map;
    return item->err;
}

/* Calls found for the name of each map in a folder. */
static void each_name(const char *folder,
                      void (*found)(void *arg, const char *name), void *arg)
{
    char path[PATH_MAX];
    struct dirent *entry;
    DIR *dir;

    if (snprintf(path, sizeof(path), "%s/meters", folder) >= (int)sizeof(path))
        return;
    dir = opendir(path);
    if (dir == NULL)
        return;
    while ((entry = readdir(dir)) != NULL) {
        char name[KW_MAP_NAME_SIZE];

        if (!kw_text_ends(entry->d_name, ".csv") ||
            !kw_text_copy(name, sizeof(name), entry->d_name))
            continue;
        name[strlen(name) - strlen(".csv")] = 0;
        found(arg, name);
    }
    closedir(dir);
}

/* What kw_meter_library_all hands to itself. */
struct all {
    struct kw_meter_library *library;
    struct kw_diag *diag;
    int err;
};

static void load_name(void *arg, const char *name)
{
    struct all *all = arg;

    if (all->err == 0 && find_item(all->library, name) == NULL &&
        load_item(all->library, name, all->diag) == NULL)
        all->err = KW_ENOMEM;
}

int kw_meter_library_all(struct kw_meter_library *library, struct kw_diag *diag)
{
    struct all all = {library, diag, 0};

    each_name(library->env->state_dir, load_name, &all);
    each_name(library->env->share_dir, load_name, &all);
    return all.err;
}

/* The name that comes nearest to another one. */
struct nearest {
    const char *name;
    char *best; /* KW_MAP_NAME_SIZE */
    size_t distance;
};

static void keep_nearest(void *arg, const char *name)
{
    struct nearest *nearest = arg;
    size_t far = kw_text_distance(name, nearest->name);

    if (far < nearest->distance) {
        nearest->distance = far;
        (void)kw_text_copy(nearest->best, KW_MAP_NAME_SIZE, name);
    }
}

bool kw_meter_library_nearest(const struct kw_meter_library *library,
                              const char *name, char best[KW_MAP_NAME_SIZE])
{
    struct nearest nearest = {name, best, strlen(name) / 3 + 2};

    best[0] = 0;
    each_name(library->env->state_dir, keep_nearest, &nearest);
    each_name(library->env->share_dir, keep_nearest, &nearest);
    return best[0] != 0;
}
