/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parts of the settings reader share during one reading. Findings go
 * to the diag at once; only being out of memory is carried back. Private to
 * core.
 */
#ifndef KW_CORE_SETTING_READ_H
#define KW_CORE_SETTING_READ_H

#include "core/conf.h"
#include "core/setting.h"

struct kw_known_names;

struct kw_reading {
    const struct kw_node *root; /* where `refers` looks; may be NULL */
    struct kw_arena *arena;
    struct kw_diag *diag;
    struct kw_known_names *known; /* lists that were looked up so far */
    bool out_of_memory;
};

/* Where a value stands: a chain on the stack, key NULL for a list's item. */
struct kw_place {
    const struct kw_place *up;
    const char *key;
    size_t index;
};

/* "meters[2].unit" into text; the root is "". */
void kw_place_format(const struct kw_place *place,
                     char text[KW_DIAG_PATH_SIZE]);

void kw_reading_complain(struct kw_reading *reading, struct kw_mark mark,
                         const struct kw_place *place, const char *format, ...)
    KW_PRINTF(4, 5);

/* Memory of the arena, NULL is noted. */
void *kw_reading_alloc(struct kw_reading *reading, size_t size);

/* "a list", "a map", ... for messages. */
const char *kw_node_kind_name(const struct kw_node *node);

/* Complains about a value of the wrong kind. */
void kw_reading_wrong_kind(struct kw_reading *reading,
                           const struct kw_setting *row,
                           const struct kw_node *node,
                           const struct kw_place *place);

/* A scalar value into the struct at out. */
void kw_reading_scalar(struct kw_reading *reading, const struct kw_setting *row,
                       const struct kw_node *node, const struct kw_place *place,
                       void *out);

/* A nested object (or its shorthand) into the struct at target itself. */
void kw_reading_object(struct kw_reading *reading, const struct kw_setting *row,
                       const struct kw_node *node, const struct kw_place *place,
                       void *target);

/* LIST, TEXTS and PAIRS into the struct at out. */
void kw_reading_list(struct kw_reading *reading, const struct kw_setting *row,
                     const struct kw_node *node, const struct kw_place *place,
                     void *out);
void kw_reading_texts(struct kw_reading *reading, const struct kw_setting *row,
                      const struct kw_node *node, const struct kw_place *place,
                      void *out);
void kw_reading_pairs(struct kw_reading *reading, const struct kw_setting *row,
                      const struct kw_node *node, const struct kw_place *place,
                      void *out);

/* Complains about the keys of a map that have no row. */
void kw_reading_find_unknown(struct kw_reading *reading,
                             const struct kw_setting *rows,
                             const struct kw_node *map,
                             const struct kw_place *place);

/* Complains unless the scalar is a name of the lists in row->refers. */
void kw_reading_check_ref(struct kw_reading *reading,
                          const struct kw_setting *row,
                          const struct kw_node *node,
                          const struct kw_place *place);

/* Complains when the scalar is a name of the lists in row->apart. */
void kw_reading_check_apart(struct kw_reading *reading,
                            const struct kw_setting *row,
                            const struct kw_node *node,
                            const struct kw_place *place);

/*
 * Complains about items of a list that have the same text: at key in each
 * item, or with key NULL the items themselves. An item that is a scalar counts
 * when key is the list's shorthand.
 */
void kw_reading_check_unique(struct kw_reading *reading,
                             const struct kw_node *list, const char *key,
                             const char *shorthand,
                             const struct kw_place *place);

#endif
