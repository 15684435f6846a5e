/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a row wants, and what was wrong with a value, in words.
 *
 * All messages about settings are made here from the row alone: "expected a
 * whole number from 1 to 247" can't disagree with what is checked. A value is
 * quoted as it was written, cut to a length, and never when it is a secret.
 */
#include "base/json.h"
#include "base/text.h"
#include "core/conf.h"
#include "core/setting_value.h"

#include <stdio.h>
#include <string.h>

/* X(kind, name, expected) */
#define KINDS(X)                                                               \
    X(KW_KIND_BOOL, "boolean", "true or false")                                \
    X(KW_KIND_INT, "whole number", "a whole number")                           \
    X(KW_KIND_REAL, "number", "a number")                                      \
    X(KW_KIND_DURATION, "duration", "a duration such as 1s or 1min30s")        \
    X(KW_KIND_BYTES, "size", "a size such as 512MiB")                          \
    X(KW_KIND_KEYWORD, "keyword", "one of")                                    \
    X(KW_KIND_TEXT, "text", "a text")                                          \
    X(KW_KIND_NAME, "name",                                                    \
      "a name of letters, digits, '_' and '-', at most 63")                    \
    X(KW_KIND_ADDRESS, "address",                                              \
      "an address such as 192.0.2.1:8443 or \"[::]:8443\"")                    \
    X(KW_KIND_HOST, "host", "a host name or a numeric address, nothing else")  \
    X(KW_KIND_PATH, "path", "a path")                                          \
    X(KW_KIND_SECRET, "secret", "the name of a secret")                        \
    X(KW_KIND_TIME, "time of day",                                             \
      "a time of day from \"00:00\" to \"24:00\"")                             \
    X(KW_KIND_REF, "reference", "a name from")                                 \
    X(KW_KIND_OBJECT, "object", "a map")                                       \
    X(KW_KIND_LIST, "list", "a list of maps")                                  \
    X(KW_KIND_TEXTS, "list of texts", "a list of texts")                       \
    X(KW_KIND_PAIRS, "map of texts", "a map of names with a text each")

static const struct {
    const char *name, *expected;
} kinds[] = {
#define KIND_ROW(kind, name, expected) [kind] = {name, expected},
    KINDS(KIND_ROW)
#undef KIND_ROW
};

const char *kw_kind_name(enum kw_kind kind)
{
    return kinds[kind].name;
}

static void format_bytes(double value, char text[KW_LIMIT_SIZE])
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    uint64_t rest = (uint64_t)value;
    size_t unit = 0;

    while (unit < 4 && rest > 0 && rest % 1024 == 0) {
        rest /= 1024;
        unit++;
    }
    snprintf(text, KW_LIMIT_SIZE, "%llu%s", (unsigned long long)rest,
             units[unit]);
}

void kw_setting_limit(const struct kw_setting *row, double value,
                      char text[KW_LIMIT_SIZE])
{
    if (row->kind == KW_KIND_DURATION)
        kw_text_format_duration((int64_t)value, text, KW_LIMIT_SIZE);
    else if (row->kind == KW_KIND_BYTES)
        format_bytes(value, text);
    else
        (void)kw_real_format(value, text);
}

/* True when the limits are those of a length, so that 0 goes without saying. */
static bool limits_length(const struct kw_setting *row)
{
    switch ((int)row->kind) {
    case KW_KIND_INT:
    case KW_KIND_REAL:
    case KW_KIND_DURATION:
    case KW_KIND_BYTES:
        return false;
    default:
        return true;
    }
}

void kw_setting_limits(const struct kw_setting *row, char text[KW_LIMITS_SIZE])
{
    char least[KW_LIMIT_SIZE], most[KW_LIMIT_SIZE];

    text[0] = 0;
    if (!kw_setting_has_min(row))
        return;
    kw_setting_limit(row, row->min, least);
    kw_setting_limit(row, row->max, most);
    if (!kw_setting_has_max(row))
        snprintf(text, KW_LIMITS_SIZE, "at least %s", least);
    else if (row->min == row->max)
        snprintf(text, KW_LIMITS_SIZE, "%s", least);
    else if (row->min == 0 && limits_length(row))
        snprintf(text, KW_LIMITS_SIZE, "at most %s", most);
    else
        snprintf(text, KW_LIMITS_SIZE, "%s to %s", least, most);
}

/* Words with commas between, as many as fit. */
static void join_words(const char *const *words, char *text, size_t size)
{
    size_t used = strlen(text);

    for (size_t i = 0; words[i] != NULL; i++) {
        int length = snprintf(text + used, size - used, "%s%s",
                              i > 0 ? ", " : " ", words[i]);

        if ((size_t)length >= size - used) {
            text[used] = 0;
            return;
        }
        used += (size_t)length;
    }
}

static void add_refers(const char *refers, char *text, size_t size)
{
    size_t used = strlen(text);

    snprintf(text + used, size - used, " %s", refers);
    for (char *at = text + used; *at != 0; at++) {
        if (*at == '|')
            *at = ',';
    }
}

static void add_limits(const struct kw_setting *row, char *text, size_t size)
{
    char limits[KW_LIMITS_SIZE];
    size_t used = strlen(text);
    bool list = row->kind == KW_KIND_LIST || row->kind == KW_KIND_TEXTS ||
                row->kind == KW_KIND_PAIRS;

    kw_setting_limits(row, limits);
    if (limits[0] == 0)
        return;
    if (list)
        snprintf(text + used, size - used, " with %s items", limits);
    else if (limits_length(row))
        snprintf(text + used, size - used, " of %s bytes", limits);
    else if (kw_text_starts(limits, "at") || row->min == row->max)
        snprintf(text + used, size - used, " of %s", limits);
    else
        snprintf(text + used, size - used, " from %s", limits);
}

void kw_setting_expected(const struct kw_setting *row,
                         char text[KW_EXPECTED_SIZE])
{
    const char *words = kinds[row->kind].expected;
    size_t used;

    if (row->kind == KW_KIND_SECRET && kw_setting_has_max(row))
        words = "a secret";
    snprintf(text, KW_EXPECTED_SIZE, "%s", words);
    if (row->kind == KW_KIND_KEYWORD)
        join_words(row->words, text, KW_EXPECTED_SIZE);
    else if (row->kind == KW_KIND_REF)
        add_refers(row->refers, text, KW_EXPECTED_SIZE);
    else
        add_limits(row, text, KW_EXPECTED_SIZE);
    used = strlen(text);
    if (row->unit != NULL &&
        (row->kind == KW_KIND_INT || row->kind == KW_KIND_REAL))
        snprintf(text + used, KW_EXPECTED_SIZE - used, " in %s", row->unit);
}

void kw_setting_shown(const struct kw_setting *row, const char *value,
                      bool plain, char text[KW_SHOWN_SIZE])
{
    char cut[41];
    bool whole = kw_text_copy(cut, sizeof(cut), value);

    if (row->kind == KW_KIND_SECRET) {
        snprintf(text, KW_SHOWN_SIZE, "the value");
        return;
    }
    if (plain && whole && kw_conf_is_literal(value)) {
        snprintf(text, KW_SHOWN_SIZE, "%s", value);
        return;
    }
    snprintf(text, KW_SHOWN_SIZE, "\"%s%s\"", cut, whole ? "" : "...");
}

static bool is_foreign_bool(const char *text)
{
    static const char *const words[] = {"yes",  "no",    "on",  "off",  "Yes",
                                        "No",   "On",    "Off", "True", "False",
                                        "TRUE", "FALSE", NULL};
    size_t i = 0;

    while (words[i] != NULL && strcmp(words[i], text) != 0)
        i++;
    return words[i] != NULL;
}

void kw_setting_complaint(const struct kw_setting *row, const char *value,
                          bool plain, int err, char text[KW_COMPLAINT_SIZE])
{
    char shown[KW_SHOWN_SIZE], expected[KW_EXPECTED_SIZE];
    const char *what = err == KW_ERANGE ? "is out of range" : "is not valid";
    const char *hint = "", *near = NULL;

    kw_setting_shown(row, value, plain, shown);
    kw_setting_expected(row, expected);
    if (!plain && kw_setting_wants_plain(row))
        hint = " without quotes";
    if (row->kind == KW_KIND_BOOL && is_foreign_bool(value))
        hint = "; yes, no, on and off are texts here";
    if (row->kind == KW_KIND_KEYWORD)
        near = kw_text_nearest(value, row->words);
    if (near != NULL)
        snprintf(text, KW_COMPLAINT_SIZE,
                 "%s %s, did you mean \"%s\"? expected %s", shown, what, near,
                 expected);
    else
        snprintf(text, KW_COMPLAINT_SIZE, "%s %s, expected %s%s", shown, what,
                 expected, hint);
}
