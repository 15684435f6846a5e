/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects: rows against the keys of a map.
 *
 * The rows lead: each looks for its key, so that defaults and missing keys
 * come out in one pass; keys without a row are found afterwards. Nothing stops
 * at a finding. Memory that ran out is noted once and told at the end, since a
 * list of findings with a hole would send the user to the wrong place.
 *
 * Places ("meters[2].unit") are linked frames on the C stack and become text
 * only when there is something to complain about.
 */
#include "core/setting_read.h"

#include "core/setting_value.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void kw_place_format(const struct kw_place *place, char text[KW_DIAG_PATH_SIZE])
{
    size_t used;

    text[0] = 0;
    if (place == NULL)
        return;
    kw_place_format(place->up, text);
    used = strlen(text);
    if (place->key == NULL)
        snprintf(text + used, KW_DIAG_PATH_SIZE - used, "[%zu]", place->index);
    else
        snprintf(text + used, KW_DIAG_PATH_SIZE - used, "%s%s",
                 used > 0 ? "." : "", place->key);
}

void kw_reading_complain(struct kw_reading *reading, struct kw_mark mark,
                         const struct kw_place *place, const char *format, ...)
{
    char path[KW_DIAG_PATH_SIZE], text[KW_DIAG_TEXT_SIZE];
    va_list args;

    kw_place_format(place, path);
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    kw_diag_add(reading->diag, mark, path, "%s", text);
}

void *kw_reading_alloc(struct kw_reading *reading, size_t size)
{
    void *block = kw_arena_alloc(reading->arena, size);

    reading->out_of_memory |= block == NULL;
    return block;
}

const char *kw_node_kind_name(const struct kw_node *node)
{
    static const char *const names[] = {
        [KW_NODE_NULL] = "empty",
        [KW_NODE_SCALAR] = "a text",
        [KW_NODE_LIST] = "a list",
        [KW_NODE_MAP] = "a map",
    };
    bool literal = node->kind == KW_NODE_SCALAR && node->plain &&
                   kw_conf_is_literal(node->text);

    return literal ? "a single value" : names[node->kind];
}

void kw_reading_wrong_kind(struct kw_reading *reading,
                           const struct kw_setting *row,
                           const struct kw_node *node,
                           const struct kw_place *place)
{
    char expected[KW_EXPECTED_SIZE];

    kw_setting_expected(row, expected);
    kw_reading_complain(reading, node->mark, place, "is %s, expected %s",
                        kw_node_kind_name(node), expected);
}

void kw_reading_scalar(struct kw_reading *reading, const struct kw_setting *row,
                       const struct kw_node *node, const struct kw_place *place,
                       void *out)
{
    char complaint[KW_COMPLAINT_SIZE];
    int err;

    if (node->kind != KW_NODE_SCALAR) {
        kw_reading_wrong_kind(reading, row, node, place);
        return;
    }
    err = kw_setting_parse(row, node->text, node->plain, out, reading->arena);
    if (err == KW_ENOMEM) {
        reading->out_of_memory = true;
    } else if (err != 0) {
        kw_setting_complaint(row, node->text, node->plain, err, complaint);
        kw_reading_complain(reading, node->mark, place, "%s", complaint);
    } else if (row->kind == KW_KIND_REF) {
        kw_reading_check_ref(reading, row, node, place);
    } else if (row->apart != NULL) {
        kw_reading_check_apart(reading, row, node, place);
    }
}

/* Exactly one of the rows with KW_ONE_OF must be given. */
static void check_one_of(struct kw_reading *reading,
                         const struct kw_setting *rows,
                         const struct kw_node *map, struct kw_mark mark,
                         const struct kw_place *place)
{
    const struct kw_node *first = NULL;
    char names[128] = "";
    size_t used = 0;

    for (const struct kw_setting *row = rows; row->kind != KW_KIND_END; row++) {
        const struct kw_node *given;

        if ((row->flags & KW_ONE_OF) == 0)
            continue;
        if (used < sizeof(names))
            used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s",
                                     used > 0 ? ", " : "", row->key);
        given = kw_node_get(map, row->key);
        if (given != NULL && first != NULL)
            kw_reading_complain(reading, given->key_mark, place,
                                "\"%s\" and \"%s\" exclude each other, "
                                "expected only one",
                                first->key, given->key);
        first = first == NULL ? given : first;
    }
    if (used > 0 && first == NULL)
        kw_reading_complain(reading, mark, place, "expected one of %s", names);
}

static void read_rows(struct kw_reading *reading, const struct kw_setting *rows,
                      const struct kw_node *map, struct kw_mark mark,
                      const struct kw_place *place, void *out);
static void read_row(struct kw_reading *reading, const struct kw_setting *row,
                     const struct kw_node *node, const struct kw_place *up,
                     void *out);

/* A key that isn't given: its default, or a complaint. */
static void read_absent(struct kw_reading *reading,
                        const struct kw_setting *row, struct kw_mark mark,
                        const struct kw_place *place, void *out)
{
    const struct kw_place here = {place, row->key, 0};
    const struct kw_node preset = {.kind = KW_NODE_SCALAR,
                                   .plain = true,
                                   .mark = mark,
                                   .text = row->preset};
    char expected[KW_EXPECTED_SIZE];

    if ((row->flags & KW_REQUIRED) != 0) {
        kw_setting_expected(row, expected);
        kw_reading_complain(reading, mark, place,
                            "the key \"%s\" is missing, expected %s", row->key,
                            expected);
    } else if (row->preset != NULL) {
        read_row(reading, row, &preset, place, out);
    } else if (row->kind == KW_KIND_OBJECT &&
               (row->flags & (KW_OPTIONAL | KW_ONE_OF)) == 0) {
        read_rows(reading, row->rows, NULL, mark, &here,
                  (char *)out + row->offset);
    }
}

void kw_reading_object(struct kw_reading *reading, const struct kw_setting *row,
                       const struct kw_node *node, const struct kw_place *place,
                       void *target)
{
    struct kw_node value, map;

    if (node->kind == KW_NODE_SCALAR && row->shorthand != NULL) {
        value = *node;
        value.key = row->shorthand;
        value.key_mark = node->mark;
        value.next = NULL;
        map = (struct kw_node){.kind = KW_NODE_MAP,
                               .mark = node->mark,
                               .first = &value,
                               .count = 1};
        node = &map;
    }
    if (node->kind == KW_NODE_MAP || node->kind == KW_NODE_NULL)
        read_rows(reading, row->rows, node, node->mark, place, target);
    else if (place->key == NULL)
        kw_reading_complain(reading, node->mark, place, "is %s, expected a map",
                            kw_node_kind_name(node));
    else
        kw_reading_wrong_kind(reading, row, node, place);
}

static void read_object_row(struct kw_reading *reading,
                            const struct kw_setting *row,
                            const struct kw_node *node,
                            const struct kw_place *place, void *out)
{
    void *target = (char *)out + row->offset;

    if ((row->flags & KW_OPTIONAL) != 0) {
        void *nested = kw_reading_alloc(reading, row->size);

        if (nested == NULL)
            return;
        memcpy(target, &nested, sizeof(nested));
        target = nested;
    }
    kw_reading_object(reading, row, node, place, target);
}

static void read_row(struct kw_reading *reading, const struct kw_setting *row,
                     const struct kw_node *node, const struct kw_place *up,
                     void *out)
{
    const struct kw_place place = {up, row->key, 0};

    switch ((int)row->kind) {
    case KW_KIND_OBJECT:
        read_object_row(reading, row, node, &place, out);
        break;
    case KW_KIND_LIST:
        kw_reading_list(reading, row, node, &place, out);
        break;
    case KW_KIND_TEXTS:
        kw_reading_texts(reading, row, node, &place, out);
        break;
    case KW_KIND_PAIRS:
        kw_reading_pairs(reading, row, node, &place, out);
        break;
    default:
        kw_reading_scalar(reading, row, node, &place, out);
        break;
    }
}

/* map NULL or empty: all keys are absent; mark is the object's or, when it
 * isn't there, its parent's. */
static void read_rows(struct kw_reading *reading, const struct kw_setting *rows,
                      const struct kw_node *map, struct kw_mark mark,
                      const struct kw_place *place, void *out)
{
    for (const struct kw_setting *row = rows; row->kind != KW_KIND_END; row++) {
        const struct kw_node *node;

        node = kw_node_get(map, row->key);
        if (node == NULL)
            read_absent(reading, row, mark, place, out);
        else
            read_row(reading, row, node, place, out);
    }
    check_one_of(reading, rows, map, mark, place);
    if (map != NULL && map != reading->root)
        kw_reading_find_unknown(reading, rows, map, place);
}

int kw_settings_read(const struct kw_setting *rows, const struct kw_node *node,
                     const struct kw_node *root, void *out,
                     struct kw_arena *arena, struct kw_diag *diag)
{
    struct kw_reading reading = {.root = root, .arena = arena, .diag = diag};
    size_t before = diag->errors;
    struct kw_mark mark = {0, 0};

    if (node != NULL)
        mark = node->mark;
    if (node == NULL || node->kind == KW_NODE_MAP || node->kind == KW_NODE_NULL)
        read_rows(&reading, rows, node, mark, NULL, out);
    else if (node == root)
        return KW_EINVAL; /* kw_settings_unknown says so, once */
    else
        kw_reading_complain(&reading, mark, NULL, "is %s, expected a map",
                            kw_node_kind_name(node));
    if (reading.out_of_memory)
        return KW_ENOMEM;
    return diag->errors > before ? KW_EINVAL : 0;
}
