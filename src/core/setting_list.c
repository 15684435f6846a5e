/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of objects, lists of texts and maps of texts.
 *
 * Items are counted before anything is allocated for them, and a list with too
 * many is refused whole. One text may stand for a list of one, and a scalar for
 * the object's main key (its shorthand): what people write by hand first.
 */
#include "core/setting_read.h"

#include "base/text.h"
#include "core/setting_value.h"

#include <string.h>

/* Ceilings of the kinds; a row can only lower them. */
enum { ITEMS_MAX = 10000, PAIRS_MAX = 64, TEXT_MAX = 255 };

static const struct kw_setting text_row = {
    .kind = KW_KIND_TEXT, .min = 1, .max = TEXT_MAX};

/* False after a complaint about the number of items. */
static bool check_count(struct kw_reading *reading,
                        const struct kw_setting *row,
                        const struct kw_node *node,
                        const struct kw_place *place, size_t most)
{
    char limits[KW_LIMITS_SIZE];
    double count = (double)node->count;
    bool few = kw_setting_has_min(row) && count < row->min;
    bool many = kw_setting_has_max(row) && count > row->max;

    if (few || many) {
        kw_setting_limits(row, limits);
        kw_reading_complain(reading, node->mark, place,
                            "has %zu items, expected %s", node->count, limits);
    } else if (node->count > most) {
        kw_reading_complain(reading, node->mark, place,
                            "has %zu items, expected at most %zu", node->count,
                            most);
    }
    return !few && !many && node->count <= most;
}

/* False when there is nothing to read: wrong kind, wrong count or empty. */
static bool is_readable(struct kw_reading *reading,
                        const struct kw_setting *row,
                        const struct kw_node *node,
                        const struct kw_place *place)
{
    bool pairs = row->kind == KW_KIND_PAIRS;
    enum kw_node_kind wanted = pairs ? KW_NODE_MAP : KW_NODE_LIST;

    if (node->kind != wanted && node->kind != KW_NODE_NULL) {
        kw_reading_wrong_kind(reading, row, node, place);
        return false;
    }
    return check_count(reading, row, node, place,
                       pairs ? PAIRS_MAX : ITEMS_MAX) &&
           node->count > 0;
}

void kw_reading_list(struct kw_reading *reading, const struct kw_setting *row,
                     const struct kw_node *node, const struct kw_place *place,
                     void *out)
{
    struct kw_list_of list = {.count = node->count};
    struct kw_place item = {place, NULL, 0};

    if (!is_readable(reading, row, node, place))
        return;
    list.items = kw_reading_alloc(reading, node->count * row->size);
    if (list.items == NULL)
        return;
    memcpy((char *)out + row->offset, &list, sizeof(list));
    for (const struct kw_node *at = node->first; at != NULL; at = at->next) {
        kw_reading_object(reading, row, at, &item,
                          (char *)list.items + item.index * row->size);
        item.index++;
    }
    for (const struct kw_setting *nested = row->rows;
         nested->kind != KW_KIND_END; nested++) {
        if ((nested->flags & KW_UNIQUE) != 0 && nested->kind != KW_KIND_TEXTS)
            kw_reading_check_unique(reading, node, nested->key, row->shorthand,
                                    place);
    }
}

/* A clean text of 1 to 255 bytes, NULL after a complaint. */
static const char *read_text(struct kw_reading *reading,
                             const struct kw_node *node,
                             const struct kw_place *place)
{
    const char *text = NULL;

    kw_reading_scalar(reading, &text_row, node, place, &text);
    return text;
}

static void read_texts(struct kw_reading *reading, const struct kw_setting *row,
                       const struct kw_node *node, const struct kw_place *place,
                       void *out)
{
    struct kw_texts texts = {.count = node->count};
    struct kw_place item = {place, NULL, 0};

    if (!is_readable(reading, row, node, place))
        return;
    texts.items =
        kw_reading_alloc(reading, node->count * sizeof(texts.items[0]));
    if (texts.items == NULL)
        return;
    memcpy((char *)out + row->offset, &texts, sizeof(texts));
    for (const struct kw_node *at = node->first; at != NULL; at = at->next) {
        texts.items[item.index] = read_text(reading, at, &item);
        if (texts.items[item.index] != NULL && row->refers != NULL)
            kw_reading_check_ref(reading, row, at, &item);
        item.index++;
    }
    if ((row->flags & KW_UNIQUE) != 0)
        kw_reading_check_unique(reading, node, NULL, NULL, place);
}

void kw_reading_texts(struct kw_reading *reading, const struct kw_setting *row,
                      const struct kw_node *node, const struct kw_place *place,
                      void *out)
{
    struct kw_node item = *node;
    const struct kw_node list = {
        .kind = KW_NODE_LIST, .mark = node->mark, .first = &item, .count = 1};

    item.next = NULL;
    read_texts(reading, row, node->kind == KW_NODE_SCALAR ? &list : node, place,
               out);
}

void kw_reading_pairs(struct kw_reading *reading, const struct kw_setting *row,
                      const struct kw_node *node, const struct kw_place *place,
                      void *out)
{
    struct kw_pairs pairs = {.count = 0};

    if (!is_readable(reading, row, node, place))
        return;
    pairs.items =
        kw_reading_alloc(reading, node->count * sizeof(pairs.items[0]));
    if (pairs.items == NULL)
        return;
    for (const struct kw_node *at = node->first; at != NULL; at = at->next) {
        const struct kw_place item = {place, at->key, 0};
        struct kw_pair *pair = &pairs.items[pairs.count++];
        char *key;

        if (!kw_text_is_name(at->key))
            kw_reading_complain(reading, at->key_mark, place,
                                "\"%s\" is no name, expected letters, digits, "
                                "'_' and '-', at most 63",
                                at->key);
        pair->value = read_text(reading, at, &item);
        key = kw_reading_alloc(reading, strlen(at->key) + 1);
        if (key == NULL)
            return;
        memcpy(key, at->key, strlen(at->key));
        pair->key = key;
    }
    memcpy((char *)out + row->offset, &pairs, sizeof(pairs));
}
