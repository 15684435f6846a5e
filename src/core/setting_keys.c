/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys that no row knows: refused, never ignored. A slip in an optional key
 * would otherwise be a setting that silently does nothing; what it may have
 * been meant for is suggested.
 */
#include "core/setting_read.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

enum { KNOWN_KEYS_SHOWN = 12, KEYS_MAX = 64 };

static bool is_known(const struct kw_setting *rows, const char *key)
{
    for (; rows->kind != KW_KIND_END; rows++) {
        if (strcmp(rows->key, key) == 0)
            return true;
    }
    return false;
}

/* Adds the keys of a table to an array of KEYS_MAX + 1 that ends with NULL; no
 * more than fit, since they only serve to suggest something. */
static size_t collect_keys(const struct kw_setting *rows, const char **keys,
                           size_t count)
{
    for (; rows->kind != KW_KIND_END && count < KEYS_MAX; rows++) {
        keys[count++] = rows->key;
    }
    keys[count] = NULL;
    return count;
}

static void complain_unknown(struct kw_reading *reading,
                             const struct kw_node *node,
                             const struct kw_place *place,
                             const char *const *keys, size_t count)
{
    const char *near = kw_text_nearest(node->key, keys);
    char list[160];
    size_t used = 0;

    if (near != NULL) {
        kw_reading_complain(reading, node->key_mark, place,
                            "unknown key \"%s\", did you mean \"%s\"?",
                            node->key, near);
        return;
    }
    list[0] = 0;
    for (size_t i = 0; i < count && used < sizeof(list); i++)
        used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s",
                                 i > 0 ? ", " : "", keys[i]);
    if (count > KNOWN_KEYS_SHOWN || used >= sizeof(list))
        kw_reading_complain(reading, node->key_mark, place,
                            "unknown key \"%s\"", node->key);
    else
        kw_reading_complain(reading, node->key_mark, place,
                            "unknown key \"%s\", expected one of %s", node->key,
                            list);
}

void kw_reading_find_unknown(struct kw_reading *reading,
                             const struct kw_setting *rows,
                             const struct kw_node *map,
                             const struct kw_place *place)
{
    const char *keys[KEYS_MAX + 1];

    for (const struct kw_node *at = map->first; at != NULL; at = at->next) {
        if (is_known(rows, at->key))
            continue;
        complain_unknown(reading, at, place, keys, collect_keys(rows, keys, 0));
    }
}

void kw_settings_unknown(const struct kw_setting *const *tables,
                         const struct kw_node *root, struct kw_diag *diag)
{
    struct kw_reading reading = {.root = root, .diag = diag};
    const char *keys[KEYS_MAX + 1] = {NULL};
    size_t count = 0;

    if (root->kind == KW_NODE_SCALAR || root->kind == KW_NODE_LIST)
        kw_reading_complain(&reading, root->mark, NULL,
                            "is %s, expected a map of sections",
                            kw_node_kind_name(root));
    if (root->kind != KW_NODE_MAP)
        return;
    for (size_t i = 0; tables[i] != NULL; i++)
        count = collect_keys(tables[i], keys, count);
    for (const struct kw_node *at = root->first; at != NULL; at = at->next) {
        size_t i = 0;

        while (tables[i] != NULL && !is_known(tables[i], at->key))
            i++;
        if (tables[i] == NULL)
            complain_unknown(&reading, at, NULL, keys, count);
    }
}
