/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entries live as long as the table, so pointers to points stay good whatever
 * is defined, renamed or retired. Numbers are small and dense: an array finds
 * a point by its number, which is what each sample costs.
 */
#include "core/point.h"

#include "base/list.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/text.h"
#include "core/point_internal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { UID_BYTES = 6, STALE_PERIODS = 3, FIRST_SIZE = 64 };

/* The entry that holds a node of the index. */
#define BY_NAME(node) KW_LIST_ENTRY(node, struct kw_point_entry, by_name)
#define SOURCE_BY_NAME(node)                                                   \
    KW_LIST_ENTRY(node, struct kw_source_entry, by_name)
#define SOURCE_BY_UID(node) KW_LIST_ENTRY(node, struct kw_source_entry, by_uid)

int kw_points_new(struct kw_points **out, struct kw_db *db,
                  const struct kw_quantities *quantities)
{
    struct kw_points *points = kw_alloc(sizeof(*points));
    int err;

    if (points == NULL)
        return KW_ENOMEM;
    points->db = db;
    points->quantities = quantities;
    points->next_point = points->next_source = 1;
    err = kw_points_load(points);
    if (err != 0) {
        kw_points_free(points);
        return err;
    }
    *out = points;
    return 0;
}

void kw_points_free(struct kw_points *points)
{
    if (points == NULL)
        return;
    for (size_t i = 0; i < points->count; i++)
        kw_free(points->list[i]);
    for (size_t i = 0; i < points->source_count; i++)
        kw_free(points->sources[i]);
    kw_free(points->by_id);
    kw_free(points->list);
    kw_free(points->sources);
    kw_free(points->names.chains);
    kw_free(points->source_names.chains);
    kw_free(points->uids.chains);
    kw_free(points);
}

/* An array of pointers that can hold index; new places are NULL. NULL: out
 * of memory, the old array lives. */
static void *with_room(void *array, size_t *size, size_t index)
{
    size_t wanted = *size > 0 ? *size : FIRST_SIZE;
    char *grown;

    if (index < *size)
        return array;
    while (wanted <= index)
        wanted *= 2;
    grown = kw_realloc(array, wanted * sizeof(void *));
    if (grown == NULL)
        return NULL;
    memset(grown + *size * sizeof(void *), 0,
           (wanted - *size) * sizeof(void *));
    *size = wanted;
    return grown;
}

struct kw_source_entry *kw_points_uid(const struct kw_points *points,
                                      const char *uid)
{
    struct kw_point_node *node = kw_point_index_first(&points->uids, uid);

    for (; node != NULL; node = kw_point_index_next(node)) {
        struct kw_source_entry *entry = SOURCE_BY_UID(node);

        if (strcmp(entry->source.uid, uid) == 0)
            return entry;
    }
    return NULL;
}

int kw_points_add_source(struct kw_points *points,
                         const struct kw_source *source,
                         struct kw_source_entry **out)
{
    struct kw_source_entry *entry;
    void *grown =
        with_room(points->sources, &points->sources_size, points->source_count);

    if (grown == NULL)
        return KW_ENOMEM;
    points->sources = grown;
    if (kw_point_index_reserve(&points->source_names) != 0 ||
        kw_point_index_reserve(&points->uids) != 0)
        return KW_ENOMEM;
    entry = kw_alloc(sizeof(*entry));
    if (entry == NULL)
        return KW_ENOMEM;
    entry->source = *source;
    points->sources[points->source_count++] = entry;
    kw_point_index_put(&points->source_names, &entry->by_name, source->name);
    kw_point_index_put(&points->uids, &entry->by_uid, source->uid);
    *out = entry;
    return 0;
}

/* Names the point after its source and puts it into the index. */
static void name_point(struct kw_points *points, struct kw_point_entry *entry)
{
    struct kw_point *point = &entry->point;

    snprintf(point->name, sizeof(point->name), "%s.%s", point->source->name,
             point->quantity->name);
    kw_point_index_put(&points->names, &entry->by_name, point->name);
}

int kw_points_add(struct kw_points *points, struct kw_source_entry *source,
                  const struct kw_point *point, struct kw_point_entry **out)
{
    struct kw_point_entry *entry;
    void *grown = with_room(points->by_id, &points->by_id_size, point->id);

    if (grown == NULL)
        return KW_ENOMEM;
    points->by_id = grown;
    grown = with_room(points->list, &points->list_size, points->count);
    if (grown == NULL)
        return KW_ENOMEM;
    points->list = grown;
    if (kw_point_index_reserve(&points->names) != 0)
        return KW_ENOMEM;
    entry = kw_alloc(sizeof(*entry));
    if (entry == NULL)
        return KW_ENOMEM;
    entry->point = *point;
    entry->point.source = &source->source;
    entry->point.latest = (struct kw_sample){.point = point->id,
                                             .quality = KW_QUALITY_BAD_NEVER,
                                             .encoding = point->encoding,
                                             .value = (double)NAN};
    entry->sibling = source->points;
    source->points = entry;
    points->by_id[point->id] = entry;
    points->list[points->count++] = entry;
    name_point(points, entry);
    *out = entry;
    return 0;
}

/* The living source of a name and kind, else the newest retired one. */
static struct kw_source_entry *source_named(const struct kw_points *points,
                                            char kind, const char *name)
{
    struct kw_point_node *node =
        kw_point_index_first(&points->source_names, name);
    struct kw_source_entry *best = NULL;

    for (; node != NULL; node = kw_point_index_next(node)) {
        struct kw_source_entry *entry = SOURCE_BY_NAME(node);
        const struct kw_source *source = &entry->source;

        if (source->uid[0] != kind || strcmp(source->name, name) != 0)
            continue;
        if (!source->retired)
            return entry;
        if (best == NULL || source->number > best->source.number)
            best = entry;
    }
    return best;
}

/* The new name goes to the source and to all its points. */
static int rename_source(struct kw_points *points,
                         struct kw_source_entry *entry, const char *name)
{
    struct kw_source renamed = entry->source;
    int err;

    kw_text_copy(renamed.name, sizeof(renamed.name), name);
    err = kw_points_save(points, &renamed, NULL);
    if (err != 0)
        return err;
    kw_point_index_remove(&points->source_names, &entry->by_name);
    entry->source = renamed;
    kw_point_index_put(&points->source_names, &entry->by_name, renamed.name);
    for (struct kw_point_entry *at = entry->points; at != NULL;
         at = at->sibling) {
        kw_point_index_remove(&points->names, &at->by_name);
        name_point(points, at);
    }
    return 0;
}

/* A letter for the kind and twelve hex digits. */
static bool is_uid(const char *uid, char kind)
{
    unsigned char bytes[UID_BYTES];

    return uid[0] == kind && kw_secret_unhex(uid + 1, bytes, UID_BYTES) == 0;
}

/* Random: two gateways' histories can be put together without a clash. */
static int make_uid(const struct kw_points *points, char kind,
                    char uid[KW_UID_SIZE])
{
    unsigned char bytes[UID_BYTES];
    int err;

    do {
        err = kw_secret_random(bytes, sizeof(bytes));
        if (err != 0)
            return err;
        uid[0] = kind;
        kw_secret_hex(bytes, sizeof(bytes), uid + 1);
    } while (kw_points_uid(points, uid) != NULL);
    return 0;
}

/* Stored before it is used, so that what follows can't outlive it. */
static int new_source(struct kw_points *points, char kind, const char *name,
                      const char *uid, struct kw_source_entry **entry)
{
    struct kw_source source = {.number = points->next_source};
    int err = 0;

    if (points->next_source >= KW_SOURCES_MAX)
        return KW_EFULL;
    if (uid == NULL)
        err = make_uid(points, kind, source.uid);
    else
        kw_text_copy(source.uid, sizeof(source.uid), uid);
    if (err != 0)
        return err;
    kw_text_copy(source.name, sizeof(source.name), name);
    points->next_source++; /* whatever fails below: never given again */
    err = kw_points_save(points, &source, NULL);
    return err != 0 ? err : kw_points_add_source(points, &source, entry);
}

int kw_points_source(struct kw_points *points, char kind, const char *name,
                     const char *uid, struct kw_source **source)
{
    struct kw_source_entry *entry;
    int err = 0;

    if (strlen(name) >= KW_NAME_SIZE || (uid != NULL && !is_uid(uid, kind)))
        return KW_EINVAL;
    entry = uid != NULL ? kw_points_uid(points, uid)
                        : source_named(points, kind, name);
    if (entry == NULL)
        err = new_source(points, kind, name, uid, &entry);
    else if (strcmp(entry->source.name, name) != 0)
        err = entry->source.retired ? rename_source(points, entry, name)
                                    : KW_ECONFLICT;
    if (err != 0)
        return err;
    entry->source.retired = false;
    *source = &entry->source;
    return 0;
}

static struct kw_source_entry *entry_of(struct kw_source *source)
{
    return KW_LIST_ENTRY(source, struct kw_source_entry, source);
}

/* An existing point takes over what its source says of it now. */
static int reform(struct kw_points *points, struct kw_point *point,
                  const struct kw_point_form *form)
{
    struct kw_point changed = *point;
    bool same = point->encoding == form->encoding &&
                point->decimals == form->decimals &&
                memcmp(&point->scale, &form->scale, sizeof(form->scale)) == 0;
    int err;

    changed.encoding = form->encoding;
    changed.decimals = form->decimals;
    changed.scale = form->scale;
    changed.period_ms = form->period_ms;
    changed.retired = false;
    err = same ? 0 : kw_points_save(points, NULL, &changed);
    if (err == 0)
        *point = changed;
    return err;
}

/* Stored before it is used, like a source. */
static int new_point(struct kw_points *points, struct kw_source_entry *source,
                     const struct kw_point_form *form,
                     struct kw_point_entry **entry)
{
    struct kw_point point = {.id = points->next_point,
                             .source = &source->source,
                             .quantity = form->quantity,
                             .encoding = form->encoding,
                             .decimals = form->decimals,
                             .scale = form->scale,
                             .period_ms = form->period_ms};
    int err;

    if (points->next_point >= KW_POINTS_MAX)
        return KW_EFULL;
    points->next_point++; /* whatever fails below: never given again */
    err = kw_points_save(points, NULL, &point);
    return err != 0 ? err : kw_points_add(points, source, &point, entry);
}

int kw_points_define(struct kw_points *points, struct kw_source *source,
                     const struct kw_point_form *form,
                     const struct kw_point **point)
{
    struct kw_source_entry *owner = entry_of(source);
    struct kw_point_entry *entry = owner->points;
    int err;

    while (entry != NULL && entry->point.quantity != form->quantity)
        entry = entry->sibling;
    if (entry != NULL)
        err = reform(points, &entry->point, form);
    else
        err = new_point(points, owner, form, &entry);
    if (err == 0)
        *point = &entry->point;
    return err;
}

void kw_points_retire(struct kw_points *points, struct kw_source *source)
{
    (void)points;
    source->retired = true;
    for (struct kw_point_entry *at = entry_of(source)->points; at != NULL;
         at = at->sibling)
        at->point.retired = true;
}

static struct kw_point *get(const struct kw_points *points, uint32_t id)
{
    struct kw_point_entry *entry =
        id < points->by_id_size ? points->by_id[id] : NULL;

    return entry != NULL ? &entry->point : NULL;
}

const struct kw_point *kw_points_get(const struct kw_points *points,
                                     uint32_t id)
{
    return get(points, id);
}

const struct kw_point *kw_points_find(const struct kw_points *points,
                                      const char *name)
{
    struct kw_point_node *node = kw_point_index_first(&points->names, name);
    const struct kw_point *best = NULL;

    for (; node != NULL; node = kw_point_index_next(node)) {
        const struct kw_point *point = &BY_NAME(node)->point;

        if (strcmp(point->name, name) != 0)
            continue;
        if (!point->retired)
            return point;
        if (best == NULL || point->id > best->id)
            best = point;
    }
    return best;
}

size_t kw_points_count(const struct kw_points *points)
{
    return points->count;
}

const struct kw_point *kw_points_at(const struct kw_points *points,
                                    size_t index)
{
    return &points->list[index]->point;
}

uint8_t kw_point_quality(const struct kw_point *point, int64_t now_ms)
{
    const struct kw_sample *latest = &point->latest;

    if (latest->quality == KW_QUALITY_GOOD && point->period_ms > 0 &&
        now_ms - latest->time_ms > STALE_PERIODS * point->period_ms)
        return KW_QUALITY_UNCERTAIN_STALE;
    return latest->quality;
}

void kw_points_update(struct kw_points *points, const struct kw_sample *samples,
                      size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct kw_point *point = get(points, samples[i].point);

        if (point != NULL)
            point->latest = samples[i];
    }
}
