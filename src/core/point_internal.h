/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the point table share: point.c is the table itself,
 * point_index.c finds by name, point_store.c keeps the numbers in the
 * database.
 */
#ifndef KW_CORE_POINT_INTERNAL_H
#define KW_CORE_POINT_INTERNAL_H

#include "base/err.h"
#include "core/point.h"

enum {
    KW_POINTS_MAX = 1 << 20,  /* numbers ever given */
    KW_SOURCES_MAX = 1 << 16, /* the same of sources */
};

/* A link of the index, inside what is found. */
struct kw_point_node {
    struct kw_point_node *next;
    uint64_t hash;
};

/* Chains by hash. Several nodes may have one name: the caller looks. */
struct kw_point_index {
    struct kw_point_node **chains; /* owned, NULL while empty */
    size_t size, count;            /* size: a power of two */
};

/* Makes room for one more node; after that put can't fail. */
KW_MUST_CHECK int kw_point_index_reserve(struct kw_point_index *index);
void kw_point_index_put(struct kw_point_index *index,
                        struct kw_point_node *node, const char *name);
void kw_point_index_remove(struct kw_point_index *index,
                           struct kw_point_node *node);
/* The first node of a name's chain with that hash, and the next one. */
struct kw_point_node *kw_point_index_first(const struct kw_point_index *index,
                                           const char *name);
struct kw_point_node *kw_point_index_next(const struct kw_point_node *node);

struct kw_point_entry {
    struct kw_point point;
    struct kw_point_node by_name;
    struct kw_point_entry *sibling; /* next of the same source */
};

struct kw_source_entry {
    struct kw_source source;
    struct kw_point_node by_name, by_uid;
    struct kw_point_entry *points;
};

struct kw_points {
    struct kw_db *db; /* borrowed or NULL */
    const struct kw_quantities *quantities;
    struct kw_point_entry **by_id; /* index is the number; holes are NULL */
    size_t by_id_size;
    struct kw_point_entry **list; /* in order of the numbers */
    size_t count, list_size;
    struct kw_source_entry **sources;
    size_t source_count, sources_size;
    struct kw_point_index names, source_names, uids;
    uint32_t next_point, next_source; /* numbers not given yet */
    bool saving_all;                  /* the repair below is under way */
};

/* Adds what is known already: from the database or just numbered. */
KW_MUST_CHECK int kw_points_add_source(struct kw_points *points,
                                       const struct kw_source *source,
                                       struct kw_source_entry **entry);
KW_MUST_CHECK int kw_points_add(struct kw_points *points,
                                struct kw_source_entry *source,
                                const struct kw_point *point,
                                struct kw_point_entry **entry);
struct kw_source_entry *kw_points_uid(const struct kw_points *points,
                                      const char *uid);

/* Reads all that is stored. */
KW_MUST_CHECK int kw_points_load(struct kw_points *points);

/*
 * Stores a source or a point (the other is NULL) and the counters. 0 without
 * a database. When the commit fails later, everything is stored again with
 * the next one, so that no number can be given twice.
 */
KW_MUST_CHECK int kw_points_save(struct kw_points *points,
                                 const struct kw_source *source,
                                 const struct kw_point *point);

#endif
