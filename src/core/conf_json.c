/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON (RFC 8259) to nodes: Jansson reads, the builder keeps the ceilings.
 * The caller has bounded the text's length, so Jansson's own tree is bounded
 * too; it is gone when the nodes are made. Its memory is conf_heap.c's, so
 * that running out of it is KW_ENOMEM at any point.
 */
#include "base/json.h"
#include "base/mem.h"
#include "core/conf_build.h"
#include "core/conf_heap.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

static const struct kw_mark nowhere = {0, 0};

void kw_conf_use_mem(void)
{
    json_set_alloc_funcs(kw_conf_heap_alloc, kw_conf_heap_free);
}

/* Jansson's error as a finding, without the piece of text that it quotes: that
 * may be a secret. */
static int translate(const json_error_t *error, struct kw_diag *diag)
{
    const char *quoted = strstr(error->text, " near ");
    int length = quoted != NULL ? (int)(quoted - error->text) : -1;
    struct kw_mark mark = {
        error->line > 0 ? (unsigned)error->line : 1,
        error->column > 0 ? (unsigned)error->column : 1,
    };

    return kw_diag_add(diag, mark, NULL, "not valid JSON: %.*s", length,
                       error->text);
}

static int add_number(struct kw_conf_builder *builder, const json_t *value)
{
    char text[KW_REAL_TEXT_SIZE];
    unsigned length;

    if (json_is_integer(value))
        length = (unsigned)snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT,
                                    json_integer_value(value));
    else
        length = kw_real_format(json_real_value(value), text);
    return kw_conf_add_scalar(builder, text, length, true, nowhere);
}

static int add_scalar(struct kw_conf_builder *builder, const json_t *value)
{
    const char *word = json_is_true(value) ? "true" : "false";

    if (json_is_null(value))
        return kw_conf_add_null(builder, nowhere);
    if (json_is_boolean(value))
        return kw_conf_add_scalar(builder, word, strlen(word), true, nowhere);
    if (json_is_string(value))
        return kw_conf_add_scalar(builder, json_string_value(value),
                                  json_string_length(value), false, nowhere);
    return add_number(builder, value);
}

/* No deeper than KW_CONF_DEPTH: the builder refuses to open more. */
static int add_value(struct kw_conf_builder *builder, json_t *value)
{
    enum kw_node_kind kind = json_is_object(value) ? KW_NODE_MAP : KW_NODE_LIST;
    const char *key;
    json_t *child;
    size_t index;
    int err;

    if (!json_is_object(value) && !json_is_array(value))
        return add_scalar(builder, value);
    err = kw_conf_open(builder, kind, nowhere);
    if (err != 0)
        return err;
    json_object_foreach(value, key, child)
    {
        err = kw_conf_add_key(builder, key, strlen(key), nowhere);
        if (err == 0)
            err = add_value(builder, child);
        if (err != 0)
            return err;
    }
    json_array_foreach(value, index, child)
    {
        err = add_value(builder, child);
        if (err != 0)
            return err;
    }
    kw_conf_close(builder);
    return 0;
}

/* The one frame that an allocation may come back to: it changes nothing of
 * its own between the two returns of setjmp. */
static int load(struct kw_conf_heap *heap, const char *text, size_t length,
                json_t **value, json_error_t *error)
{
    if (setjmp(heap->full) != 0)
        return KW_ENOMEM;
    *value = json_loadb(length > 0 ? text : "", length,
                        JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, error);
    return 0;
}

static int parse(const char *text, size_t length,
                 struct kw_conf_builder *builder, struct kw_node **root)
{
    struct kw_conf_heap heap;
    json_error_t error = {0};
    json_t *value = NULL;
    int err;

    if (length > 0 && memchr(text, 0, length) != NULL)
        return kw_diag_say(builder->diag, "not valid JSON: a NUL byte");
    kw_conf_heap_enter(&heap);
    err = load(&heap, text, length, &value, &error);
    if (err == 0 && value == NULL)
        err = translate(&error, builder->diag);
    else if (err == 0)
        err = add_value(builder, value);
    json_decref(value);
    kw_conf_heap_leave(&heap);
    if (err == 0)
        err = builder->err;
    if (err == 0)
        *root = builder->root;
    return err;
}

int kw_conf_parse_json(const char *text, size_t length, struct kw_arena *arena,
                       struct kw_node **root, struct kw_diag *diag)
{
    struct kw_conf_builder builder = {
        .arena = arena, .diag = diag, .nodes_max = KW_CONF_NODES};

    return parse(text, length, &builder, root);
}

int kw_conf_parse_answer(const char *text, size_t length,
                         struct kw_arena *arena, struct kw_node **root,
                         struct kw_diag *diag)
{
    struct kw_conf_builder builder = {
        .arena = arena, .diag = diag, .nodes_max = SIZE_MAX};

    return parse(text, length, &builder, root);
}
