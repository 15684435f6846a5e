/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What YAML and JSON have in common: keys and values come one after another,
 * and the ceilings on depth, values, keys and their length hold while they
 * come. The open maps and lists are a stack in the builder, not the C stack, so
 * that what comes from outside decides on no recursion here.
 *
 * A key that is there twice is a finding and not the end: the reading goes on,
 * and its owner looks at err when all is read.
 */
#include "core/conf_build.h"

#include <string.h>

void kw_conf_refuse(struct kw_conf_builder *builder, struct kw_mark mark,
                    const char *text)
{
    builder->err = kw_diag_add(builder->diag, mark, NULL, "%s", text);
}

static void find_duplicate(struct kw_conf_builder *builder,
                           const struct kw_node *map,
                           const struct kw_node *added)
{
    const struct kw_node *first = kw_node_get(map, added->key);

    if (first == added)
        return;
    if (first->key_mark.line > 0)
        builder->err = kw_diag_add(builder->diag, added->key_mark, NULL,
                                   "the key \"%s\" is here twice, first on "
                                   "line %u",
                                   added->key, first->key_mark.line);
    else
        builder->err = kw_diag_add(builder->diag, added->key_mark, NULL,
                                   "the key \"%s\" is here twice", added->key);
}

/* Hangs a node into the map or list that is open. */
static int hang(struct kw_conf_builder *builder, struct kw_node *node)
{
    struct kw_conf_level *level = &builder->levels[builder->depth - 1];
    struct kw_node *parent = level->node;

    if (parent->kind == KW_NODE_MAP && parent->count == KW_CONF_KEYS)
        return kw_diag_add(builder->diag, level->key_mark, NULL,
                           "more than %d keys in one map", KW_CONF_KEYS);
    node->key = level->key;
    node->key_mark = level->key_mark;
    level->key = NULL;
    *level->tail = node;
    level->tail = &node->next;
    parent->count++;
    if (parent->kind == KW_NODE_MAP)
        find_duplicate(builder, parent, node);
    return 0;
}

/* Makes a node where the next value goes; NULL: *err says why not. */
static struct kw_node *add(struct kw_conf_builder *builder,
                           enum kw_node_kind kind, struct kw_mark mark,
                           int *err)
{
    struct kw_node *node = NULL;

    *err = KW_ENOMEM;
    if (builder->nodes++ == builder->nodes_max)
        *err = kw_diag_add(builder->diag, mark, NULL, "more than %zu values",
                           builder->nodes_max);
    else
        node = kw_arena_alloc(builder->arena, sizeof(*node));
    if (node == NULL)
        return NULL;
    node->kind = kind;
    node->mark = mark;
    *err = 0;
    if (builder->depth > 0)
        *err = hang(builder, node);
    else
        builder->root = node;
    return *err == 0 ? node : NULL;
}

bool kw_conf_wants_key(const struct kw_conf_builder *builder)
{
    const struct kw_conf_level *level;

    if (builder->depth == 0)
        return false;
    level = &builder->levels[builder->depth - 1];
    return level->node->kind == KW_NODE_MAP && level->key == NULL;
}

int kw_conf_add_key(struct kw_conf_builder *builder, const char *text,
                    size_t length, struct kw_mark mark)
{
    struct kw_conf_level *level = &builder->levels[builder->depth - 1];

    if (length == 0)
        return kw_diag_add(builder->diag, mark, NULL, "an empty key");
    if (length > KW_CONF_KEY_BYTES)
        return kw_diag_add(builder->diag, mark, NULL,
                           "a key of more than %d bytes", KW_CONF_KEY_BYTES);
    level->key_mark = mark;
    level->key = kw_arena_strndup(builder->arena, text, length);
    return level->key != NULL ? 0 : KW_ENOMEM;
}

int kw_conf_add_null(struct kw_conf_builder *builder, struct kw_mark mark)
{
    int err;

    (void)add(builder, KW_NODE_NULL, mark, &err);
    return err;
}

int kw_conf_add_scalar(struct kw_conf_builder *builder, const char *text,
                       size_t length, bool plain, struct kw_mark mark)
{
    int err;
    struct kw_node *node = add(builder, KW_NODE_SCALAR, mark, &err);

    if (node == NULL)
        return err;
    node->plain = plain;
    node->text = kw_arena_strndup(builder->arena, text, length);
    return node->text != NULL ? 0 : KW_ENOMEM;
}

int kw_conf_open(struct kw_conf_builder *builder, enum kw_node_kind kind,
                 struct kw_mark mark)
{
    struct kw_node *node;
    int err;

    if (builder->depth == KW_CONF_DEPTH)
        return kw_diag_add(builder->diag, mark, NULL,
                           "maps and lists nested more than %d deep",
                           KW_CONF_DEPTH);
    node = add(builder, kind, mark, &err);
    if (node == NULL)
        return err;
    builder->levels[builder->depth++] =
        (struct kw_conf_level){.node = node, .tail = &node->first};
    return 0;
}

void kw_conf_close(struct kw_conf_builder *builder)
{
    builder->depth--;
}
