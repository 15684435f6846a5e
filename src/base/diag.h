/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages for people: where, what was wrong, what was expected. A check
 * collects all its findings here and goes on, so that a user mends a file in
 * one pass. Printed as FILE:LINE:COLUMN: message, the form that editors know.
 */
#ifndef KW_BASE_DIAG_H
#define KW_BASE_DIAG_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

enum { KW_DIAG_MAX = 100, KW_DIAG_TEXT_SIZE = 320, KW_DIAG_PATH_SIZE = 96 };

/* A place in a file; line and column count from 1, 0 means unknown. */
struct kw_mark {
    unsigned line, column;
};

struct kw_diag_item {
    struct kw_mark mark;
    bool warning;                 /* what can be so, but is hardly meant */
    char file[KW_DIAG_PATH_SIZE]; /* base name as the user gave it, or "" */
    char path[KW_DIAG_PATH_SIZE]; /* "meters[2].unit", or "" */
    char text[KW_DIAG_TEXT_SIZE]; /* one sentence, no full stop */
};

struct kw_diag {
    struct kw_diag_item *items; /* owned */
    size_t count;               /* items kept, at most KW_DIAG_MAX */
    size_t dropped;             /* findings beyond that or out of memory */
    size_t errors;              /* findings but warnings, kept or not */
    const char *file; /* borrowed; stamped on new items; may be NULL */
};

void kw_diag_init(struct kw_diag *diag);
void kw_diag_fini(struct kw_diag *diag);

/*
 * Adds a finding. path may be NULL. Control characters in what is put in are
 * escaped as in the log. Always returns KW_EINVAL, so that a check can end
 * with `return kw_diag_add(...)`.
 */
int kw_diag_add(struct kw_diag *diag, struct kw_mark mark, const char *path,
                const char *format, ...) KW_PRINTF(4, 5);

/*
 * Adds an error at a path of which only the caller's caller knows the place:
 * kw_node_locate looks it up in the tree that was read. Returns KW_EINVAL.
 */
int kw_diag_at(struct kw_diag *diag, const char *path, const char *format, ...)
    KW_PRINTF(3, 4);

/*
 * Adds a warning in the same way. Warnings fill at most half of the items, so
 * that they push no error out; those beyond are counted in dropped.
 */
void kw_diag_warn(struct kw_diag *diag, const char *path, const char *format,
                  ...) KW_PRINTF(3, 4);

/* An error without a place. Returns KW_EINVAL too. */
int kw_diag_say(struct kw_diag *diag, const char *format, ...) KW_PRINTF(2, 3);

/* True when there is an error; warnings don't count. */
bool kw_diag_any(const struct kw_diag *diag);

/* Sorts by file, line, column: findings of several checks in reading order;
 * those of the same place stay in the order in which they were found. */
void kw_diag_sort(struct kw_diag *diag);

/* One line of an item without the newline; returns text. */
const char *kw_diag_format(const struct kw_diag_item *item, char *text,
                           size_t size);

/* The first error as one line, or "" when there is none. */
const char *kw_diag_first(const struct kw_diag *diag, char *text, size_t size);

#endif
