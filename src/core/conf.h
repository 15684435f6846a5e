/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tree of nodes with marks, from YAML 1.1 (libyaml's events) or from JSON
 * (RFC 8259): what the settings rows validate, whatever it was written in.
 * Refused: duplicate keys, anchors, aliases, tags, more than one document,
 * bytes that aren't UTF-8, and what exceeds the ceilings below. A syntax error
 * ends the reading; everything else is found in one pass.
 *
 * A scalar is text. Whether it was quoted matters only for texts that are a
 * number, true, false or null in JSON ("literals"): 5 is a number, "5" isn't.
 */
#ifndef KW_CORE_CONF_H
#define KW_CORE_CONF_H

#include "base/arena.h"
#include "base/diag.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    KW_CONF_BYTES = 4 << 20, /* length of YAML; JSON: the caller bounds it */
    KW_CONF_DEPTH = 16,      /* maps and lists inside each other */
    KW_CONF_NODES = 262144, /* values: 5,000 meters and lines, all keys given */
    KW_CONF_ARENA_BYTES = 64 << 20, /* the largest tree has room: 18 MiB of
                                       nodes, their keys and texts */
    KW_CONF_KEYS = 512,             /* keys of one map */
    KW_CONF_KEY_BYTES = 128,        /* length of a key */
};

enum kw_node_kind {
    KW_NODE_NULL,   /* empty, ~ or null */
    KW_NODE_SCALAR, /* text; plain tells whether it was unquoted */
    KW_NODE_LIST,
    KW_NODE_MAP,
};

struct kw_node {
    enum kw_node_kind kind;
    bool plain;              /* scalar without quotes (JSON: not a string) */
    struct kw_mark mark;     /* of the value; 0 when it came from JSON */
    struct kw_mark key_mark; /* of its key inside a map */
    const char *key;         /* inside a map, else NULL */
    const char *text;        /* scalar, NUL-terminated */
    struct kw_node *first;   /* children in order */
    struct kw_node *next;    /* sibling */
    size_t count;            /* children */
};

/*
 * Everything lives in the arena. diag->file should be set by the caller. An
 * empty text is a NULL node. KW_EINVAL with findings, or KW_ENOMEM, also when
 * the arena's ceiling is reached.
 */
KW_MUST_CHECK int kw_conf_parse_yaml(const char *text, size_t length,
                                     struct kw_arena *arena,
                                     struct kw_node **root,
                                     struct kw_diag *diag);
KW_MUST_CHECK int kw_conf_parse_json(const char *text, size_t length,
                                     struct kw_arena *arena,
                                     struct kw_node **root,
                                     struct kw_diag *diag);
/* The same for an answer of our own gateway: as many values as the arena has
 * room for. */
KW_MUST_CHECK int kw_conf_parse_answer(const char *text, size_t length,
                                       struct kw_arena *arena,
                                       struct kw_node **root,
                                       struct kw_diag *diag);

/* Lets the JSON library use kw_mem: once, before any thread. */
void kw_conf_use_mem(void);

/* True for what JSON writes without quotes: -1.5e3, true, false, null. */
bool kw_conf_is_literal(const char *text);

/* True for a number as JSON writes it (RFC 8259, 6), however large. */
bool kw_conf_is_number(const char *text);

/* The child of a map by key, NULL when absent or not a map. */
const struct kw_node *kw_node_get(const struct kw_node *node, const char *key);

/*
 * Gives errors and warnings without a mark the place in the tree of what their
 * path names ("meters[2].unit"), or of the nearest above it that is there.
 * Only those from index `from` on that are about diag->file.
 */
void kw_node_locate(const struct kw_node *root, struct kw_diag *diag,
                    size_t from);

/* A deep copy into another arena; NULL when it is full. */
struct kw_node *kw_node_copy(const struct kw_node *node,
                             struct kw_arena *arena);

/*
 * Replaces key's child of a map by a copy of value, or adds it; a NULL node
 * becomes a map. KW_EINVAL when it is neither, KW_ENOMEM.
 */
KW_MUST_CHECK int kw_node_set(struct kw_node *map, const char *key,
                              const struct kw_node *value,
                              struct kw_arena *arena);

/* Same content: marks, order of keys, needless quotes and ways of writing a
 * number don't count. */
bool kw_node_same(const struct kw_node *a, const struct kw_node *b);

/* Equal for trees that are the same; NULL is allowed. Not for security. */
uint64_t kw_node_hash(const struct kw_node *node);

struct kw_buf;
/*
 * The canonical form: YAML in block style, two spaces a level, keys in the
 * order of the tree, quotes where they are needed. Reading it back gives the
 * same content.
 */
void kw_node_format_yaml(const struct kw_node *node, struct kw_buf *out);
/* As JSON; scalars that are plain literals without quotes. */
void kw_node_format_json(const struct kw_node *node, struct kw_buf *out);

#endif
