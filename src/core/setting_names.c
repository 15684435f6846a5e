/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules between values: references to names of other lists, and texts that no
 * two items may share. Names are sorted once a reading, so that a site with
 * thousands of meters is checked in no time.
 */
#include "core/setting_read.h"

#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAMES_SHOWN = 8 };

/* The names of the lists in one `refers`, sorted, NULL at the end. */
struct kw_known_names {
    struct kw_known_names *next;
    const char *refers;
    const char **names;
    size_t count;
};

static int compare_names(const void *left, const void *right)
{
    const char *const *a = left, *const *b = right;

    return strcmp(*a, *b);
}

/* Copies the next part of "a|b" into name; NULL at the end. */
static const char *next_part(const char *refers, char *name, size_t size)
{
    size_t length = strcspn(refers, "|");

    snprintf(name, size, "%.*s", (int)length, refers);
    refers += length;
    return *refers == '|' ? refers + 1 : NULL;
}

/* Writes the names in root's list to names (NULL: only counts them). */
static size_t collect(const struct kw_node *root, const char *list,
                      const char **names)
{
    const struct kw_node *node = kw_node_get(root, list);
    size_t count = 0;

    if (node == NULL || node->kind != KW_NODE_LIST)
        return 0;
    for (const struct kw_node *at = node->first; at != NULL; at = at->next) {
        const struct kw_node *name = kw_node_get(at, "name");

        if (name == NULL || name->kind != KW_NODE_SCALAR)
            continue;
        if (names != NULL)
            names[count] = name->text;
        count++;
    }
    return count;
}

static size_t collect_all(const struct kw_node *root, const char *refers,
                          const char **names)
{
    size_t count = 0;

    while (refers != NULL) {
        char list[64];

        refers = next_part(refers, list, sizeof(list));
        count += collect(root, list, names != NULL ? names + count : NULL);
    }
    return count;
}

/* The names of `refers`, looked up once a reading; NULL: out of memory. */
static const struct kw_known_names *find_known(struct kw_reading *reading,
                                               const char *refers)
{
    struct kw_known_names *known = reading->known;

    while (known != NULL && strcmp(known->refers, refers) != 0)
        known = known->next;
    if (known != NULL)
        return known;
    known = kw_reading_alloc(reading, sizeof(*known));
    if (known == NULL)
        return NULL;
    known->refers = refers;
    known->count = collect_all(reading->root, refers, NULL);
    known->names =
        kw_reading_alloc(reading, (known->count + 1) * sizeof(char *));
    if (known->names == NULL)
        return NULL;
    collect_all(reading->root, refers, known->names);
    qsort(known->names, known->count, sizeof(char *), compare_names);
    known->next = reading->known;
    reading->known = known;
    return known;
}

/* "lines" or "meters or virtual". */
static void format_lists(const char *refers, char *text, size_t size)
{
    text[0] = 0;
    while (refers != NULL) {
        size_t used = strlen(text);
        char list[64];

        refers = next_part(refers, list, sizeof(list));
        snprintf(text + used, size - used, "%s%s", list,
                 refers != NULL ? " or " : "");
    }
}

static void complain_ref(struct kw_reading *reading,
                         const struct kw_known_names *known,
                         const struct kw_node *node,
                         const struct kw_place *place)
{
    const char *near = kw_text_nearest(node->text, known->names);
    char lists[96], names[160] = "";
    size_t used = 0;

    format_lists(known->refers, lists, sizeof(lists));
    for (size_t i = 0; i < known->count && used < sizeof(names); i++)
        used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s",
                                 i > 0 ? ", " : "", known->names[i]);
    if (near != NULL)
        kw_reading_complain(reading, node->mark, place,
                            "there is no \"%s\" in %s, did you mean \"%s\"?",
                            node->text, lists, near);
    else if (known->count > NAMES_SHOWN || used >= sizeof(names))
        kw_reading_complain(reading, node->mark, place,
                            "there is no \"%s\" in %s", node->text, lists);
    else if (known->count > 0)
        kw_reading_complain(reading, node->mark, place,
                            "there is no \"%s\" in %s, expected one of %s",
                            node->text, lists, names);
    else
        kw_reading_complain(reading, node->mark, place,
                            "there is no \"%s\": %s has no names", node->text,
                            lists);
}

static bool is_known(const struct kw_known_names *known, const char *name)
{
    return known->count > 0 && bsearch(&name, known->names, known->count,
                                       sizeof(char *), compare_names) != NULL;
}

void kw_reading_check_ref(struct kw_reading *reading,
                          const struct kw_setting *row,
                          const struct kw_node *node,
                          const struct kw_place *place)
{
    const struct kw_known_names *known =
        reading->root != NULL ? find_known(reading, row->refers) : NULL;

    if (known != NULL && !is_known(known, node->text))
        complain_ref(reading, known, node, place);
}

void kw_reading_check_apart(struct kw_reading *reading,
                            const struct kw_setting *row,
                            const struct kw_node *node,
                            const struct kw_place *place)
{
    const struct kw_known_names *known =
        reading->root != NULL ? find_known(reading, row->apart) : NULL;
    char lists[96];

    if (known == NULL || !is_known(known, node->text))
        return;
    format_lists(row->apart, lists, sizeof(lists));
    kw_reading_complain(reading, node->mark, place,
                        "\"%s\" is a name in %s already; choose another",
                        node->text, lists);
}

/* A text that must not come twice, and the item it comes from. */
struct entry {
    const struct kw_node *node;
    size_t index;
};

static int compare_entries(const void *left, const void *right)
{
    const struct entry *a = left, *b = right;
    int order = strcmp(a->node->text, b->node->text);

    if (order != 0)
        return order;
    return (a->index > b->index) - (a->index < b->index);
}

static const struct kw_node *
unique_value(const struct kw_node *item, const char *key, const char *shorthand)
{
    bool whole =
        key == NULL || (shorthand != NULL && item->kind == KW_NODE_SCALAR &&
                        strcmp(key, shorthand) == 0);
    const struct kw_node *value = whole ? item : kw_node_get(item, key);

    return value != NULL && value->kind == KW_NODE_SCALAR ? value : NULL;
}

static void complain_twice(struct kw_reading *reading,
                           const struct entry *first,
                           const struct entry *second, const char *key,
                           const struct kw_place *place)
{
    const struct kw_place first_item = {place, NULL, first->index};
    const struct kw_place item = {place, NULL, second->index};
    const struct kw_place value = {&item, key, 0};
    char path[KW_DIAG_PATH_SIZE];

    kw_place_format(&first_item, path);
    if (first->node->mark.line > 0)
        kw_reading_complain(reading, second->node->mark,
                            key != NULL ? &value : &item,
                            "\"%s\" is used already by %s on line %u",
                            second->node->text, path, first->node->mark.line);
    else
        kw_reading_complain(
            reading, second->node->mark, key != NULL ? &value : &item,
            "\"%s\" is used already by %s", second->node->text, path);
}

void kw_reading_check_unique(struct kw_reading *reading,
                             const struct kw_node *list, const char *key,
                             const char *shorthand,
                             const struct kw_place *place)
{
    struct entry *entries =
        kw_reading_alloc(reading, list->count * sizeof(*entries));
    size_t count = 0, index = 0, first = 0;

    if (entries == NULL)
        return;
    for (const struct kw_node *at = list->first; at != NULL; at = at->next) {
        entries[count] =
            (struct entry){unique_value(at, key, shorthand), index++};
        count += entries[count].node != NULL;
    }
    qsort(entries, count, sizeof(*entries), compare_entries);
    for (size_t i = 1; i < count; i++) {
        if (strcmp(entries[i].node->text, entries[first].node->text) != 0)
            first = i;
        else
            complain_twice(reading, &entries[first], &entries[i], key, place);
    }
}
