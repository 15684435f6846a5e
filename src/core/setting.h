/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings as rows of data. One row gives parsing, validation with line and
 * column, the default, the JSON Schema, the tables of the READMEs and the
 * forms of the settings pages. The same rows describe the query and the body
 * of a web route.
 *
 *   static const struct kw_setting serial_rows[] = {
 *       {.key = "port", .kind = KW_KIND_PATH, .offset = offsetof(...),
 *        .flags = KW_REQUIRED, .help = "Device of the serial line."},
 *       {.key = "baud", .kind = KW_KIND_INT, .preset = "19200", ...},
 *       {0},
 *   };
 *
 * What each kind writes at its offset:
 *   BOOL bool | INT int64_t | REAL double | DURATION int64_t (ms)
 *   BYTES uint64_t | KEYWORD int (index of the word)
 *   TEXT NAME ADDRESS HOST PATH SECRET REF TIME const char * (NULL when absent)
 *   OBJECT the nested struct inline, or with KW_OPTIONAL a pointer to it
 *   LIST   struct kw_list_of {items, count}: an array of nested structs
 *   TEXTS  struct kw_texts: an array of texts
 *   PAIRS  struct kw_pairs: free keys with text values (labels)
 *
 * BOOL, INT and REAL want the value without quotes and as JSON writes it: no
 * 010, +5 or 0x0A, which readers of YAML take for different numbers. INT and
 * REAL with a unit also take exactly that unit behind the number, 400A. A key
 * without a value (null) is refused for scalars and is empty for everything
 * else.
 */
#ifndef KW_CORE_SETTING_H
#define KW_CORE_SETTING_H

#include "base/arena.h"
#include "base/diag.h"

#include <stddef.h>
#include <stdint.h>

struct kw_node;
struct kw_buf;

enum kw_kind {
    KW_KIND_END, /* all-zero row ends a table */
    KW_KIND_BOOL,
    KW_KIND_INT,
    KW_KIND_REAL,
    KW_KIND_DURATION,
    KW_KIND_BYTES,
    KW_KIND_KEYWORD,
    KW_KIND_TEXT,    /* min..max bytes of clean UTF-8 */
    KW_KIND_NAME,    /* kw_text_is_name */
    KW_KIND_ADDRESS, /* "host:port" or "[v6]:port"; resolved by its user */
    KW_KIND_HOST,    /* kw_text_is_host */
    KW_KIND_PATH,    /* absolute, or relative to where it runs */
    KW_KIND_SECRET,  /* never printed: the name of a secret in the key store;
                        with max: the secret itself (bodies), min..max bytes */
    KW_KIND_TIME,    /* "HH:MM" of a day, 00:00 to 24:00 */
    KW_KIND_REF,     /* a name that another list has: refers = "lines" */
    KW_KIND_OBJECT,
    KW_KIND_LIST,  /* of objects described by rows */
    KW_KIND_TEXTS, /* of texts, or one; with refers: each such a name */
    KW_KIND_PAIRS, /* names with a text each */
};

enum kw_setting_flags {
    KW_REQUIRED = 1 << 0, /* must be given */
    KW_OPTIONAL = 1 << 1, /* an OBJECT that may be absent: a pointer */
    KW_UNIQUE = 1 << 2,   /* no two items of the list with the same text; on
                             a TEXTS row: no text twice */
    KW_RESTART = 1 << 3,  /* takes effect only after a restart */
    KW_ONE_OF = 1 << 4,   /* exactly one of the object's rows with this flag */
};

struct kw_setting {
    const char *key;
    enum kw_kind kind;
    unsigned flags;
    size_t offset;                 /* into the struct of this table */
    const char *preset;            /* default as text (TEXTS: one, OBJECT: its
                                      shorthand); NULL: zero or absent */
    double min, max;               /* numbers (ms, bytes), length of text or
                                      list; 0, 0: the kind's own limits; a max
                                      below min: no upper limit of the row */
    const char *unit;              /* "ms", "V", ... for people; may be NULL */
    const char *help;              /* one sentence */
    const char *const *words;      /* KEYWORD: words, NULL at the end */
    const struct kw_setting *rows; /* OBJECT, LIST: nested table */
    size_t size;                   /* sizeof the nested struct */
    const char *shorthand; /* OBJECT or item of a LIST given as a scalar:
                              the value of this key */
    const char *refers;    /* REF, TEXTS: "lines": names in that list;
                              several separated by '|' */
    const char *apart;     /* NAME: lists that must not have it, as refers */
    unsigned permission;   /* top-level sections: enum kw_permission */
};

struct kw_list_of {
    void *items;
    size_t count;
};
struct kw_texts {
    const char **items;
    size_t count;
};
struct kw_pair {
    const char *key, *value;
};
struct kw_pairs {
    struct kw_pair *items;
    size_t count;
};

/*
 * Validates node (a map; NULL counts as empty) against rows and fills the
 * struct at out (zeroed by the caller). Findings, all of them, go to diag with
 * path and mark. root is where `refers` looks names up; NULL: not checked.
 * When node is root itself, rows are the sections of one module among others:
 * foreign keys, and a root that is no map, are then left to
 * kw_settings_unknown. KW_EINVAL when something was found, KW_ENOMEM. What out
 * points to lives in the arena.
 */
KW_MUST_CHECK int kw_settings_read(const struct kw_setting *rows,
                                   const struct kw_node *node,
                                   const struct kw_node *root, void *out,
                                   struct kw_arena *arena,
                                   struct kw_diag *diag);

/*
 * Finds the keys of root that are in none of the tables (NULL ends the array),
 * and a root that is no map.
 */
void kw_settings_unknown(const struct kw_setting *const *tables,
                         const struct kw_node *root, struct kw_diag *diag);

/*
 * One value of a scalar kind from text, for query strings and flags. out is
 * the struct of the row's table, as for kw_settings_read. KW_EINVAL with a
 * finding whose path is the key, KW_ENOMEM.
 */
KW_MUST_CHECK int kw_setting_read_text(const struct kw_setting *row,
                                       const char *text, void *out,
                                       struct kw_arena *arena,
                                       struct kw_diag *diag);

struct kw_json;
/*
 * JSON Schema (2020-12) of a table: an object with properties, as the member
 * key (NULL at the top or in an array).
 */
void kw_settings_schema(const struct kw_setting *rows, const char *key,
                        struct kw_json *json);
/* Only the members of "properties", for a schema made of several tables. */
void kw_settings_properties(const struct kw_setting *rows,
                            struct kw_json *json);

/*
 * The Markdown table of a README: key, type, limits, default, unit, meaning;
 * one line a scalar row, nested keys as "serial.baud" and "meters[].unit".
 */
void kw_settings_table(const struct kw_setting *rows, struct kw_buf *out);

#endif
