/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tree itself: looking up, copying, comparing.
 *
 * Two trees are the same when they mean the same: order of keys, quotes that
 * change nothing and the way a number is written don't count. That decides
 * whether the file has changed since it was applied, so a comment or a moved
 * section in it discards nothing of what was set over the web.
 */
#include "core/conf.h"

#include "base/json.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

static const char *skip_digits(const char *at)
{
    while (*at >= '0' && *at <= '9')
        at++;
    return at;
}

bool kw_conf_is_number(const char *at)
{
    const char *digits;

    at += *at == '-';
    digits = at;
    at = skip_digits(at);
    if (at == digits || (*digits == '0' && at > digits + 1))
        return false;
    if (*at == '.') {
        digits = ++at;
        at = skip_digits(at);
        if (at == digits)
            return false;
    }
    if (*at == 'e' || *at == 'E') {
        at++;
        at += *at == '-' || *at == '+';
        digits = at;
        at = skip_digits(at);
        if (at == digits)
            return false;
    }
    return *at == 0;
}

/* A number that JSON's readers can hold: 64 bits, or a finite double. */
static bool is_held(const char *text)
{
    int64_t integer;
    double real;

    if (strpbrk(text, ".eE") != NULL)
        return kw_text_parse_real(text, &real) == 0;
    return kw_text_parse_i64(text, &integer) == 0;
}

bool kw_conf_is_literal(const char *text)
{
    return strcmp(text, "true") == 0 || strcmp(text, "false") == 0 ||
           strcmp(text, "null") == 0 ||
           (kw_conf_is_number(text) && is_held(text));
}

const struct kw_node *kw_node_get(const struct kw_node *node, const char *key)
{
    if (node == NULL || node->kind != KW_NODE_MAP)
        return NULL;
    for (const struct kw_node *at = node->first; at != NULL; at = at->next) {
        if (strcmp(at->key, key) == 0)
            return at;
    }
    return NULL;
}

/* The child that the path begins with, "key" or "[2]"; moves *path behind it.
 * NULL when there is none. */
static const struct kw_node *step(const struct kw_node *node, const char **path)
{
    char key[KW_DIAG_PATH_SIZE];
    size_t length = strcspn(*path, ".[");

    if ((*path)[0] == '[') {
        const struct kw_node *at =
            node->kind == KW_NODE_LIST ? node->first : NULL;

        size_t index = 0;

        for (++*path; **path >= '0' && **path <= '9'; ++*path)
            index = index * 10 + (size_t)(**path - '0');
        *path += **path == ']';
        while (at != NULL && index-- > 0)
            at = at->next;
        return at;
    }
    snprintf(key, sizeof(key), "%.*s", (int)length, *path);
    *path += length;
    return kw_node_get(node, key);
}

static struct kw_mark mark_at(const struct kw_node *root, const char *path)
{
    const struct kw_node *node = root;
    struct kw_mark mark = {0, 0};

    for (; node != NULL; node = *path != 0 ? step(node, &path) : NULL) {
        mark = node->mark;
        path += *path == '.';
    }
    return mark;
}

void kw_node_locate(const struct kw_node *root, struct kw_diag *diag,
                    size_t from)
{
    char file[KW_DIAG_PATH_SIZE] = "";

    if (diag->file != NULL)
        (void)kw_text_copy(file, sizeof(file), diag->file);
    for (; from < diag->count; from++) {
        struct kw_diag_item *item = &diag->items[from];

        if (item->mark.line == 0 && strcmp(item->file, file) == 0)
            item->mark = mark_at(root, item->path);
    }
}

static const char *copy_text(const char *text, struct kw_arena *arena)
{
    return kw_arena_strndup(arena, text, strlen(text));
}

/* Recursion is bounded by the depth of a tree, KW_CONF_DEPTH. */
struct kw_node *kw_node_copy(const struct kw_node *node, struct kw_arena *arena)
{
    struct kw_node *copy = kw_arena_alloc(arena, sizeof(*copy)), **tail;

    if (copy == NULL)
        return NULL;
    *copy = *node;
    copy->first = copy->next = NULL;
    if (node->key != NULL && (copy->key = copy_text(node->key, arena)) == NULL)
        return NULL;
    if (node->text != NULL &&
        (copy->text = copy_text(node->text, arena)) == NULL)
        return NULL;
    tail = &copy->first;
    for (const struct kw_node *at = node->first; at != NULL; at = at->next) {
        *tail = kw_node_copy(at, arena);
        if (*tail == NULL)
            return NULL;
        tail = &(*tail)->next;
    }
    return copy;
}

int kw_node_set(struct kw_node *map, const char *key,
                const struct kw_node *value, struct kw_arena *arena)
{
    struct kw_node *copy, **at = &map->first;

    if (map->kind != KW_NODE_MAP && map->kind != KW_NODE_NULL)
        return KW_EINVAL;
    copy = kw_node_copy(value, arena);
    if (copy == NULL)
        return KW_ENOMEM;
    copy->key = copy_text(key, arena);
    if (copy->key == NULL)
        return KW_ENOMEM;
    while (*at != NULL && strcmp((*at)->key, key) != 0)
        at = &(*at)->next;
    if (*at != NULL)
        copy->next = (*at)->next;
    else
        map->count++;
    *at = copy;
    map->kind = KW_NODE_MAP;
    return 0;
}

/* True when quotes make a difference for this scalar and it has none. */
static bool is_plain_literal(const struct kw_node *node)
{
    return node->plain && kw_conf_is_literal(node->text);
}

static bool same_children(const struct kw_node *a, const struct kw_node *b)
{
    const struct kw_node *other = b->first;

    for (const struct kw_node *at = a->first; at != NULL; at = at->next) {
        if (a->kind == KW_NODE_MAP)
            other = kw_node_get(b, at->key);
        if (other == NULL || !kw_node_same(at, other))
            return false;
        other = other->next;
    }
    return true;
}

/* What a scalar says: one number may be written in several ways. */
static const char *meaning(const struct kw_node *node,
                           char text[KW_REAL_TEXT_SIZE])
{
    double real;

    if (!is_plain_literal(node) || strpbrk(node->text, ".eE0") == NULL ||
        kw_text_parse_real(node->text, &real) != 0)
        return node->text;
    if (strpbrk(node->text, ".eE") == NULL && real != 0)
        return node->text; /* whole numbers have one form but for -0 */
    (void)kw_real_format(real, text);
    return text;
}

bool kw_node_same(const struct kw_node *a, const struct kw_node *b)
{
    char text_a[KW_REAL_TEXT_SIZE], text_b[KW_REAL_TEXT_SIZE];

    if (a->kind != b->kind || a->count != b->count)
        return false;
    if (a->kind == KW_NODE_SCALAR)
        return strcmp(meaning(a, text_a), meaning(b, text_b)) == 0 &&
               is_plain_literal(a) == is_plain_literal(b);
    return same_children(a, b);
}

static uint64_t mix(uint64_t hash, uint64_t value)
{
    uint64_t both[2] = {hash, value};

    return kw_text_hash(both, sizeof(both));
}

/* Keys are summed up, so that their order makes no difference. */
static uint64_t hash_children(const struct kw_node *node)
{
    uint64_t hash = node->count;

    for (const struct kw_node *at = node->first; at != NULL; at = at->next) {
        uint64_t child = kw_node_hash(at);

        if (node->kind == KW_NODE_MAP)
            hash += mix(kw_text_hash(at->key, strlen(at->key)), child);
        else
            hash = mix(hash, child);
    }
    return hash;
}

uint64_t kw_node_hash(const struct kw_node *node)
{
    char text[KW_REAL_TEXT_SIZE];
    const char *says;

    if (node == NULL)
        return 0;
    if (node->kind == KW_NODE_SCALAR) {
        says = meaning(node, text);
        return mix(KW_NODE_SCALAR + 2U * is_plain_literal(node),
                   kw_text_hash(says, strlen(says)));
    }
    return mix((uint64_t)node->kind + 16, hash_children(node));
}
