/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing only; commas and brackets are kept here, so that no caller can make
 * something that isn't JSON. Text is escaped for every reader at once: DEL and
 * the C1 controls too, which some terminals act on, and bytes that are no UTF-8
 * become U+FFFD rather than an answer that no parser takes.
 */
#include "base/json.h"

#include "base/text.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void kw_json_init(struct kw_json *json, struct kw_buf *out)
{
    *json = (struct kw_json){.out = out};
}

/* Length of the longest clean stretch at p that needs no escaping. */
static size_t plain_length(const char *p)
{
    size_t length = 0;

    while ((unsigned char)p[length] >= 0x20 && p[length] != '"' &&
           p[length] != '\\' && (unsigned char)p[length] < 0x7F)
        length++;
    return length;
}

/* Escapes what text begins with; returns the bytes of it, 1 or 2. */
static size_t put_escaped(struct kw_buf *out, const char *text)
{
    static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
    unsigned char c = (unsigned char)text[0], next = (unsigned char)text[1];
    const char *found = strchr(from, c);

    if (found != NULL) {
        kw_buf_put_byte(out, '\\');
        kw_buf_put_byte(out, (unsigned char)to[found - from]);
    } else if (c < 0x80) {
        kw_buf_printf(out, "\\u%04x", c);
    } else if (c == 0xC2 && next >= 0x80 && next < 0xA0) {
        kw_buf_printf(out, "\\u%04x", next); /* a C1 control */
        return 2;
    } else {
        kw_buf_put_text(out, "\\ufffd");
    }
    return 1;
}

static void put_string(struct kw_buf *out, const char *text)
{
    kw_buf_put_byte(out, '"');
    while (*text != 0) {
        size_t length = plain_length(text);

        if (length == 0 && (unsigned char)*text >= 0x80)
            length = kw_text_step(text, strnlen(text, 4));
        if (length > 0) {
            kw_buf_put(out, text, length);
            text += length;
        } else {
            text += put_escaped(out, text);
        }
    }
    kw_buf_put_byte(out, '"');
}

/* What stands before any value: comma and key. */
static void begin(struct kw_json *json, const char *key)
{
    if (json->comma[json->depth])
        kw_buf_put_byte(json->out, ',');
    json->comma[json->depth] = true;
    if (key != NULL) {
        put_string(json->out, key);
        kw_buf_put_byte(json->out, ':');
    }
}

static void open_level(struct kw_json *json, const char *key, char bracket)
{
    begin(json, key);
    kw_buf_put_byte(json->out, (unsigned char)bracket);
    if (json->depth + 1 < KW_JSON_DEPTH)
        json->depth++;
    else
        json->out->err = KW_EINVAL;
    json->comma[json->depth] = false;
}

static void close_level(struct kw_json *json, char bracket)
{
    kw_buf_put_byte(json->out, (unsigned char)bracket);
    if (json->depth > 0)
        json->depth--;
}

void kw_json_object(struct kw_json *json, const char *key)
{
    open_level(json, key, '{');
}

void kw_json_end_object(struct kw_json *json)
{
    close_level(json, '}');
}

void kw_json_array(struct kw_json *json, const char *key)
{
    open_level(json, key, '[');
}

void kw_json_end_array(struct kw_json *json)
{
    close_level(json, ']');
}

void kw_json_text(struct kw_json *json, const char *key, const char *value)
{
    if (value == NULL) {
        kw_json_null(json, key);
        return;
    }
    begin(json, key);
    put_string(json->out, value);
}

void kw_json_int(struct kw_json *json, const char *key, int64_t value)
{
    begin(json, key);
    kw_buf_printf(json->out, "%" PRId64, value);
}

void kw_json_uint(struct kw_json *json, const char *key, uint64_t value)
{
    begin(json, key);
    kw_buf_printf(json->out, "%" PRIu64, value);
}

void kw_json_bool(struct kw_json *json, const char *key, bool value)
{
    begin(json, key);
    kw_buf_put_text(json->out, value ? "true" : "false");
}

void kw_json_null(struct kw_json *json, const char *key)
{
    begin(json, key);
    kw_buf_put_text(json->out, "null");
}

unsigned kw_real_format(double value, char text[KW_REAL_TEXT_SIZE])
{
    int digits = 6, length;

    if (!isfinite(value))
        return (unsigned)snprintf(text, KW_REAL_TEXT_SIZE, "null");
    if (fabs(value) < 1e15 && trunc(value) == value)
        return (unsigned)snprintf(text, KW_REAL_TEXT_SIZE, "%" PRId64,
                                  (int64_t)value);
    length = snprintf(text, KW_REAL_TEXT_SIZE, "%.*g", digits, value);
    while (strtod(text, NULL) != value) {
        digits = digits < 15 ? 15 : digits + 1; /* 17 always suffice */
        length = snprintf(text, KW_REAL_TEXT_SIZE, "%.*g", digits, value);
    }
    return (unsigned)length;
}

void kw_json_real(struct kw_json *json, const char *key, double value)
{
    char text[KW_REAL_TEXT_SIZE];
    unsigned length = kw_real_format(value, text);

    begin(json, key);
    kw_buf_put(json->out, text, length);
}

void kw_json_raw(struct kw_json *json, const char *key, const char *text,
                 size_t length)
{
    begin(json, key);
    kw_buf_put(json->out, text, length);
}
