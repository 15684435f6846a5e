/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a configuration file: reading ends, stays within its ceilings,
 * and what was read is the same after it was written in canonical form, or as
 * JSON, and read back.
 */
#include "base/buf.h"
#include "core/conf.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ARENA_BYTES = 16 << 20, TEXT_BYTES = 32 << 20 };

typedef int parse_fn(const char *text, size_t length, struct kw_arena *arena,
                     struct kw_node **root, struct kw_diag *diag);
typedef void format_fn(const struct kw_node *node, struct kw_buf *out);

/* A key or text can grow by its quotes: more than a reader takes is no fault.
 */
static void check(const struct kw_node *root, format_fn *format,
                  parse_fn *parse)
{
    struct kw_node *back = NULL;
    struct kw_arena arena;
    struct kw_diag diag;
    struct kw_buf text;

    kw_arena_init(&arena, ARENA_BYTES);
    kw_diag_init(&diag);
    kw_buf_init(&text, TEXT_BYTES);
    format(root, &text);
    if (kw_buf_err(&text) != 0)
        abort();
    if (text.length <= KW_CONF_BYTES) {
        if (parse((const char *)text.data, text.length, &arena, &back, &diag) !=
            0)
            abort();
        if (!kw_node_same(root, back) ||
            kw_node_hash(root) != kw_node_hash(back))
            abort();
    }
    kw_buf_fini(&text);
    kw_diag_fini(&diag);
    kw_arena_fini(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kw_node *root = NULL;
    struct kw_arena arena;
    struct kw_diag diag;
    int err;

    kw_arena_init(&arena, ARENA_BYTES);
    kw_diag_init(&diag);
    err = kw_conf_parse_yaml((const char *)data, size, &arena, &root, &diag);
    if (err == 0) {
        check(root, kw_node_format_yaml, kw_conf_parse_yaml);
        check(root, kw_node_format_json, kw_conf_parse_json);
    } else if (err != KW_EINVAL || !kw_diag_any(&diag)) {
        abort();
    }
    kw_diag_fini(&diag);
    kw_arena_fini(&arena);
    return 0;
}
