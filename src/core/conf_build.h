/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Builds a tree of nodes step by step and keeps its ceilings; the readers of
 * YAML and JSON drive it. The open maps and lists are a small stack of its
 * own. Private to core.
 *
 * Every step returns 0, KW_ENOMEM or, after a finding that ends the reading,
 * KW_EINVAL. Findings that let it go on (a key that is there twice, anchors)
 * are kept in err.
 */
#ifndef KW_CORE_CONF_BUILD_H
#define KW_CORE_CONF_BUILD_H

#include "core/conf.h"

/* A map or list whose end hasn't come yet. */
struct kw_conf_level {
    struct kw_node *node;
    struct kw_node **tail; /* where the next child goes */
    const char *key;       /* of the value that comes, NULL: a key comes */
    struct kw_mark key_mark;
};

struct kw_conf_builder {
    struct kw_arena *arena;
    struct kw_diag *diag;
    struct kw_node *root; /* NULL until the first value */
    struct kw_conf_level levels[KW_CONF_DEPTH];
    size_t depth, nodes, nodes_max;
    int err;
};

/* A finding after which the reading goes on. */
void kw_conf_refuse(struct kw_conf_builder *builder, struct kw_mark mark,
                    const char *text);

/* True when a map is open and its next key comes. */
bool kw_conf_wants_key(const struct kw_conf_builder *builder);

KW_MUST_CHECK int kw_conf_add_key(struct kw_conf_builder *builder,
                                  const char *text, size_t length,
                                  struct kw_mark mark);
KW_MUST_CHECK int kw_conf_add_null(struct kw_conf_builder *builder,
                                   struct kw_mark mark);
KW_MUST_CHECK int kw_conf_add_scalar(struct kw_conf_builder *builder,
                                     const char *text, size_t length,
                                     bool plain, struct kw_mark mark);
/* Opens a KW_NODE_MAP or KW_NODE_LIST; close ends the one opened last. */
KW_MUST_CHECK int kw_conf_open(struct kw_conf_builder *builder,
                               enum kw_node_kind kind, struct kw_mark mark);
void kw_conf_close(struct kw_conf_builder *builder);

#endif
