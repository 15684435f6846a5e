/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One value of a scalar kind: text to what stands in the struct.
 *
 * A parser answers KW_EINVAL or KW_ERANGE and says nothing; setting_expect.c
 * finds the words. Nothing is written to the struct before the value is known
 * to be good.
 */
#include "core/setting_value.h"

#include "base/text.h"
#include "core/conf.h"

#include <string.h>

enum { TEXT_MAX = 255, PATH_MAX_BYTES = 4095, NUMBER_SIZE = 64 };

bool kw_setting_has_min(const struct kw_setting *row)
{
    return row->min != 0 || row->max != 0;
}

bool kw_setting_has_max(const struct kw_setting *row)
{
    return kw_setting_has_min(row) && row->max >= row->min;
}

/* 0 or KW_ERANGE. */
static int check_limits(const struct kw_setting *row, double value)
{
    if (kw_setting_has_min(row) && value < row->min)
        return KW_ERANGE;
    if (kw_setting_has_max(row) && value > row->max)
        return KW_ERANGE;
    return 0;
}

static void *place(const struct kw_setting *row, void *out)
{
    return (char *)out + row->offset;
}

static int parse_bool(const struct kw_setting *row, const char *text, void *out)
{
    bool value = strcmp(text, "true") == 0;

    if (!value && strcmp(text, "false") != 0)
        return KW_EINVAL;
    memcpy(place(row, out), &value, sizeof(value));
    return 0;
}

/* The number without the row's unit behind it; NULL when it is too long or
 * not one of JSON. */
static const char *cut_unit(const struct kw_setting *row, const char *text,
                            char number[NUMBER_SIZE])
{
    size_t length = strlen(text);

    if (row->unit != NULL && kw_text_ends(text, row->unit))
        length -= strlen(row->unit);
    if (length >= NUMBER_SIZE)
        return NULL;
    memcpy(number, text, length);
    number[length] = 0;
    return kw_conf_is_number(number) ? number : NULL;
}

static int parse_int(const struct kw_setting *row, const char *text, void *out)
{
    char number[NUMBER_SIZE];
    int64_t value;
    int err;

    text = cut_unit(row, text, number);
    err = text != NULL ? kw_text_parse_i64(text, &value) : KW_EINVAL;
    if (err == 0)
        err = check_limits(row, (double)value);
    if (err == 0)
        memcpy(place(row, out), &value, sizeof(value));
    return err;
}

static int parse_real(const struct kw_setting *row, const char *text, void *out)
{
    char number[NUMBER_SIZE];
    double value;
    int err;

    text = cut_unit(row, text, number);
    err = text != NULL ? kw_text_parse_real(text, &value) : KW_EINVAL;
    if (err == 0)
        err = check_limits(row, value);
    if (err == 0)
        memcpy(place(row, out), &value, sizeof(value));
    return err;
}

static int parse_duration(const struct kw_setting *row, const char *text,
                          void *out)
{
    int64_t value;
    int err = kw_text_parse_duration(text, &value);

    if (err == 0)
        err = check_limits(row, (double)value);
    if (err == 0)
        memcpy(place(row, out), &value, sizeof(value));
    return err;
}

static int parse_bytes(const struct kw_setting *row, const char *text,
                       void *out)
{
    uint64_t value;
    int err = kw_text_parse_bytes(text, &value);

    if (err == 0)
        err = check_limits(row, (double)value);
    if (err == 0)
        memcpy(place(row, out), &value, sizeof(value));
    return err;
}

static int parse_keyword(const struct kw_setting *row, const char *text,
                         void *out)
{
    for (int i = 0; row->words[i] != NULL; i++) {
        if (strcmp(row->words[i], text) == 0) {
            memcpy(place(row, out), &i, sizeof(i));
            return 0;
        }
    }
    return KW_EINVAL;
}

/* Clean text within the row's limits or else within least..most bytes. */
static int check_text(const struct kw_setting *row, const char *text,
                      size_t least, size_t most)
{
    size_t length = strlen(text);

    if (!kw_text_is_clean(text, length))
        return KW_EINVAL;
    if (kw_setting_has_max(row))
        return check_limits(row, (double)length);
    if (kw_setting_has_min(row))
        least = (size_t)row->min;
    return length < least || length > most ? KW_ERANGE : 0;
}

static int check_name(const char *text)
{
    return kw_text_is_name(text) ? 0 : KW_EINVAL;
}

/* "host:port" or "[v6]:port", port 0 to 65535 in plain digits. */
static int check_address(const struct kw_setting *row, const char *text)
{
    const char *colon = strrchr(text, ':');
    size_t host = colon != NULL ? (size_t)(colon - text) : 0;
    size_t digits = host > 0 ? strspn(colon + 1, "0123456789") : 0;

    if (digits == 0 || digits > 5 || colon[1 + digits] != 0)
        return KW_EINVAL;
    if (digits == 5 && strcmp(colon + 1, "65535") > 0)
        return KW_EINVAL;
    if (memchr(text, ':', host) != NULL &&
        (text[0] != '[' || text[host - 1] != ']'))
        return KW_EINVAL;
    if (memchr(text, ' ', host) != NULL)
        return KW_EINVAL;
    return check_text(row, text, 1, TEXT_MAX);
}

/* "HH:MM", 00:00 to 24:00. */
static int check_time(const char *text)
{
    unsigned hours, minutes;

    if (strlen(text) != 5 || text[2] != ':' || strspn(text, "0123456789:") != 5)
        return KW_EINVAL;
    if (text[0] == ':' || text[1] == ':' || text[3] == ':' || text[4] == ':')
        return KW_EINVAL;
    hours = (unsigned)(text[0] - '0') * 10 + (unsigned)(text[1] - '0');
    minutes = (unsigned)(text[3] - '0') * 10 + (unsigned)(text[4] - '0');
    return minutes < 60 && hours * 60 + minutes <= 1440 ? 0 : KW_ERANGE;
}

static int check_kind(const struct kw_setting *row, const char *text)
{
    switch ((int)row->kind) {
    case KW_KIND_NAME:
        return check_name(text);
    case KW_KIND_SECRET:
        return kw_setting_has_max(row) ? check_text(row, text, 0, TEXT_MAX)
                                       : check_name(text);
    case KW_KIND_ADDRESS:
        return check_address(row, text);
    case KW_KIND_HOST:
        return kw_text_is_host(text) ? 0 : KW_EINVAL;
    case KW_KIND_PATH:
        return check_text(row, text, 1, PATH_MAX_BYTES);
    case KW_KIND_TIME:
        return check_time(text);
    case KW_KIND_REF:
        return check_text(row, text, 1, TEXT_MAX);
    default:
        return check_text(row, text, 0, TEXT_MAX);
    }
}

static int parse_text(const struct kw_setting *row, const char *text, void *out,
                      struct kw_arena *arena)
{
    const char *copy;
    int err = check_kind(row, text);

    if (err != 0)
        return err;
    copy = kw_arena_strndup(arena, text, strlen(text));
    if (copy == NULL)
        return KW_ENOMEM;
    memcpy(place(row, out), &copy, sizeof(copy));
    return 0;
}

bool kw_setting_wants_plain(const struct kw_setting *row)
{
    return row->kind == KW_KIND_BOOL || row->kind == KW_KIND_INT ||
           row->kind == KW_KIND_REAL;
}

int kw_setting_parse(const struct kw_setting *row, const char *text, bool plain,
                     void *out, struct kw_arena *arena)
{
    if (!plain && kw_setting_wants_plain(row) && kw_conf_is_literal(text))
        return KW_EINVAL;
    switch ((int)row->kind) {
    case KW_KIND_BOOL:
        return parse_bool(row, text, out);
    case KW_KIND_INT:
        return parse_int(row, text, out);
    case KW_KIND_REAL:
        return parse_real(row, text, out);
    case KW_KIND_DURATION:
        return parse_duration(row, text, out);
    case KW_KIND_BYTES:
        return parse_bytes(row, text, out);
    case KW_KIND_KEYWORD:
        return parse_keyword(row, text, out);
    default:
        return parse_text(row, text, out, arena);
    }
}

int kw_setting_read_text(const struct kw_setting *row, const char *text,
                         void *out, struct kw_arena *arena,
                         struct kw_diag *diag)
{
    char complaint[KW_COMPLAINT_SIZE];
    int err = kw_setting_parse(row, text, true, out, arena);

    if (err == 0 || err == KW_ENOMEM)
        return err;
    kw_setting_complaint(row, text, true, err, complaint);
    return kw_diag_at(diag, row->key, "%s", complaint);
}
