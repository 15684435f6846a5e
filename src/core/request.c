/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A query string becomes the same tree of nodes that a configuration file or a
 * JSON body gives, so that one reader with one set of messages validates all
 * three. Everything lives in the request's arena and ends with it.
 */
#include "core/request.h"

#include "base/secret.h"
#include "base/text.h"
#include "core/conf.h"

#include <ctype.h>
#include <string.h>

static int hex_byte(const char *text)
{
    char digits[3] = {(char)tolower((unsigned char)text[0]), 0, 0};
    unsigned char byte;

    if (digits[0] == 0)
        return -1;
    digits[1] = (char)tolower((unsigned char)text[1]);
    return kw_secret_unhex(digits, &byte, 1) == 0 ? byte : -1;
}

/* KW_EINVAL, KW_ENOMEM. */
static int decode(struct kw_arena *arena, const char *text, size_t length,
                  bool plus, const char **decoded)
{
    char *out = kw_arena_alloc(arena, length + 1);
    size_t used = 0;

    if (out == NULL)
        return KW_ENOMEM;
    for (size_t i = 0; i < length; i++) {
        int byte = (unsigned char)text[i];

        if (byte == '+' && plus)
            byte = ' ';
        if (byte == '%') {
            byte = length - i > 2 ? hex_byte(text + i + 1) : -1;
            i += 2;
        }
        if (byte <= 0)
            return KW_EINVAL;
        out[used++] = (char)byte;
    }
    *decoded = out;
    return kw_text_is_clean(out, used) ? 0 : KW_EINVAL;
}

const char *kw_request_decode(struct kw_arena *arena, const char *text,
                              size_t length, bool plus)
{
    const char *out;

    return decode(arena, text, length, plus, &out) == 0 ? out : NULL;
}

/* One "key=value" of a query as a node. */
static int query_node(struct kw_arena *arena, const char *pair, size_t length,
                      struct kw_node **out)
{
    const char *equals = memchr(pair, '=', length);
    size_t key_length = equals != NULL ? (size_t)(equals - pair) : length;
    size_t rest = equals != NULL ? length - key_length - 1 : 0;
    struct kw_node *node = kw_arena_alloc(arena, sizeof(*node));
    int err;

    if (node == NULL)
        return KW_ENOMEM;
    node->kind = KW_NODE_SCALAR;
    node->plain = true;
    *out = node;
    err = decode(arena, pair, key_length, true, &node->key);
    return err != 0
               ? err
               : decode(arena, pair + length - rest, rest, true, &node->text);
}

/* The query as a map node, so that the same rows read it. */
static int query_tree(struct kw_arena *arena, const char *query,
                      struct kw_node *map, struct kw_diag *diag)
{
    struct kw_node **link = &map->first;

    while (*query != 0) {
        size_t length = strcspn(query, "&");
        struct kw_node *node;
        int err = query_node(arena, query, length, &node);

        if (err == KW_EINVAL)
            kw_diag_say(diag, "the query is not well encoded: expected "
                              "key=value with %%XX for special characters");
        if (err != 0)
            return err;
        if (kw_node_get(map, node->key) != NULL)
            return kw_diag_add(diag, node->mark, node->key, "given twice");
        if (++map->count > KW_CONF_KEYS)
            return kw_diag_say(diag, "the query has too many keys");
        *link = node;
        link = &node->next;
        query += length + (query[length] == '&');
    }
    return 0;
}

/* Reads a map by rows into a fresh struct of the arena. */
static int read_rows(const struct kw_setting *rows, size_t size,
                     const struct kw_node *node, struct kw_arena *arena,
                     struct kw_diag *diag, const void **out)
{
    void *values = kw_arena_alloc(arena, size);

    *out = values;
    return values == NULL
               ? KW_ENOMEM
               : kw_settings_read(rows, node, NULL, values, arena, diag);
}

int kw_request_read_query(struct kw_request *request, const char *query,
                          struct kw_diag *diag)
{
    const struct kw_route *route = request->route;
    struct kw_node map = {.kind = KW_NODE_MAP};
    int err = 0;

    if (query != NULL && *query != 0) {
        if (route->query == NULL)
            return kw_diag_say(diag, "this address takes no query");
        err = query_tree(request->arena, query, &map, diag);
    }
    if (err != 0 || route->query == NULL)
        return err;
    return read_rows(route->query, route->query_size, &map, request->arena,
                     diag, &request->query);
}

int kw_request_read_body(struct kw_request *request, const struct kw_node *node,
                         struct kw_diag *diag)
{
    const struct kw_route *route = request->route;

    if (route->flags & KW_ROUTE_RAW_BODY) {
        request->body_node = node;
        return node != NULL ? 0 : kw_diag_say(diag, "the body is missing");
    }
    if (route->body == NULL)
        return node == NULL ? 0
                            : kw_diag_say(diag, "this address takes no body");
    if (node == NULL || node->kind != KW_NODE_MAP)
        return kw_diag_say(diag, "the body must be a JSON object");
    return read_rows(route->body, route->body_size, node, request->arena, diag,
                     &request->body);
}
