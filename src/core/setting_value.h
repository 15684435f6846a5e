/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of the settings reader that look at one row and one value. Pure
 * but for the arena; private to core.
 */
#ifndef KW_CORE_SETTING_VALUE_H
#define KW_CORE_SETTING_VALUE_H

#include "core/setting.h"

#include <stdbool.h>

/* "whole number", "list", ...: for schema and tables. */
const char *kw_kind_name(enum kw_kind kind);

/* True when the row sets this limit of its own. */
bool kw_setting_has_min(const struct kw_setting *row);
bool kw_setting_has_max(const struct kw_setting *row);

/* True for kinds of which a value in quotes is a text: number, true, false. */
bool kw_setting_wants_plain(const struct kw_setting *row);

/*
 * Reads a value into the struct at out. plain: it was not quoted. KW_ERANGE,
 * KW_EINVAL without a message, KW_ENOMEM.
 */
KW_MUST_CHECK int kw_setting_parse(const struct kw_setting *row,
                                   const char *text, bool plain, void *out,
                                   struct kw_arena *arena);

/* A limit as the value is written: "250ms", "8GiB", "0.5". */
enum { KW_LIMIT_SIZE = 32 };
void kw_setting_limit(const struct kw_setting *row, double value,
                      char text[KW_LIMIT_SIZE]);

/* The limits of a row as "1 to 247", "at least 5"; "" when it has none. */
enum { KW_LIMITS_SIZE = 96 };
void kw_setting_limits(const struct kw_setting *row, char text[KW_LIMITS_SIZE]);

/* What a row wants, for "expected ...": "a whole number from 1 to 247". */
enum { KW_EXPECTED_SIZE = 224 };
void kw_setting_expected(const struct kw_setting *row,
                         char text[KW_EXPECTED_SIZE]);

/* A value as messages show it: quoted unless a literal, cut; secrets not. */
enum { KW_SHOWN_SIZE = 64 };
void kw_setting_shown(const struct kw_setting *row, const char *value,
                      bool plain, char text[KW_SHOWN_SIZE]);

/* The sentence on a value that kw_setting_parse has refused with err. */
enum { KW_COMPLAINT_SIZE = 384 };
void kw_setting_complaint(const struct kw_setting *row, const char *value,
                          bool plain, int err, char text[KW_COMPLAINT_SIZE]);

#endif
