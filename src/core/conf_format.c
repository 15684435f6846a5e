/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nodes to text: the canonical YAML, and JSON.
 *
 * Canonical means that the same tree always gives the same bytes and that any
 * reader of YAML 1.1 or 1.2 gets the same tree back. So a text stands without
 * quotes only when it is harmless in both (no "no", no "1:30", no "0x1F"), and
 * what is stored as a revision can be compared, hashed and given again as a
 * file.
 */
#include "base/buf.h"
#include "base/json.h"
#include "base/text.h"
#include "core/conf.h"

#include <string.h>
#include <strings.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/*
 * Texts that begin with a digit and that some reader of YAML takes for a number
 * or a date: in 1.1 1_000, 0b1, 0x1F, 017, 06:00 and 190:20:30.15 (to the base
 * of 60), 2026-01-31 and 2026-01-31T12:00:00Z; in 1.2 0o17. A plain literal is
 * a number to all of them and is none of these.
 */
static bool is_like_number(const char *text)
{
    static const char digits[] = "0123456789_.:+-eE";
    size_t rest = strlen(text);

    if (text[0] == '0' && text[1] != 0 && strchr("xXoObB", text[1]) != NULL)
        return strspn(text + 2, "0123456789abcdefABCDEF_") == rest - 2;
    return strspn(text, digits) == rest ||
           (text[strspn(text, "0123456789")] == '-' &&
            strspn(text, "0123456789:.+- tTzZ") == rest);
}

/* Texts that some reader of YAML takes for something else than a text. */
static bool is_ambiguous(const char *text)
{
    static const char *const words[] = {"y",   "n",    "yes",   "no",   "on",
                                        "off", "true", "false", "null", NULL};

    for (size_t i = 0; words[i] != NULL; i++) {
        if (strcasecmp(text, words[i]) == 0)
            return true;
    }
    return is_digit(text[0]) && is_like_number(text);
}

/* The code point of a sequence that kw_text_step has found sound. */
static uint32_t decode(const char *text, size_t step)
{
    static const unsigned char masks[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    uint32_t c = (unsigned char)text[0] & masks[step];

    for (size_t i = 1; i < step; i++)
        c = c << 6 | ((unsigned char)text[i] & 0x3FU);
    return c;
}

/* Separators, byte order mark and non-characters, which YAML wants escaped. */
static bool is_printable(uint32_t c)
{
    return c != 0x2028 && c != 0x2029 && c != 0xFEFF && c != 0xFFFE &&
           c != 0xFFFF;
}

/* True when the character that takes step bytes needs no quotes inside. */
static bool is_safe(const char *at, size_t step)
{
    if (step != 1)
        return step > 0 && is_printable(decode(at, step));
    if (*at == ' ' || *at == ':')
        return at[1] != 0 && strchr(" :#", at[1]) == NULL;
    return is_letter(*at) || is_digit(*at) || strchr("_-./+%@", *at) != NULL;
}

/* True when a text reads the same without quotes, in any place. */
static bool is_bare(const char *text)
{
    size_t step;

    if (text[0] == 0 || strchr(" :-.+%@", text[0]) != NULL ||
        is_ambiguous(text))
        return false;
    for (; *text != 0; text += step) {
        step = kw_text_step(text, strnlen(text, 4));
        if (!is_safe(text, step))
            return false;
    }
    return true;
}

static void put_escape(struct kw_buf *out, unsigned char c)
{
    static const char from[] = "\"\\\n\r\t", to[] = "\"\\nrt";
    const char *found = strchr(from, c);

    if (found != NULL)
        kw_buf_printf(out, "\\%c", to[found - from]);
    else
        kw_buf_printf(out, "\\x%02X", c);
}

static void put_quoted(struct kw_buf *out, const char *text)
{
    kw_buf_put_byte(out, '"');
    while (*text != 0) {
        size_t step = kw_text_step(text, strnlen(text, 4));
        uint32_t c = decode(text, step);

        if (step == 0 && (unsigned char)text[0] == 0xC2 && text[1] != 0) {
            put_escape(out, (unsigned char)text[1]); /* a C1 control */
            text += 2;
            continue;
        }
        if (step == 0 || c == '"' || c == '\\')
            put_escape(out, (unsigned char)*text);
        else if (is_printable(c))
            kw_buf_put(out, text, step);
        else
            kw_buf_printf(out, "\\u%04X", (unsigned)c);
        text += step > 0 ? step : 1;
    }
    kw_buf_put_byte(out, '"');
}

static void put_text(struct kw_buf *out, const char *text)
{
    if (is_bare(text))
        kw_buf_put_text(out, text);
    else
        put_quoted(out, text);
}

static void put_scalar(struct kw_buf *out, const struct kw_node *node)
{
    bool literal = kw_conf_is_literal(node->text);

    if (literal && node->plain)
        kw_buf_put_text(out, node->text);
    else if (literal)
        put_quoted(out, node->text);
    else
        put_text(out, node->text);
}

static void put_indent(struct kw_buf *out, unsigned indent)
{
    for (unsigned i = 0; i < indent; i++)
        kw_buf_put_text(out, "  ");
}

static void put_children(struct kw_buf *out, const struct kw_node *node,
                         unsigned indent, bool first_is_placed);

/* A value behind "key:" or "-", with the line end. */
static void put_value(struct kw_buf *out, const struct kw_node *node,
                      unsigned indent)
{
    bool full = node->count > 0;

    switch (node->kind) {
    case KW_NODE_NULL:
        kw_buf_put_text(out, " null\n");
        return;
    case KW_NODE_SCALAR:
        kw_buf_put_byte(out, ' ');
        put_scalar(out, node);
        kw_buf_put_byte(out, '\n');
        return;
    case KW_NODE_LIST:
        kw_buf_put_text(out, full ? "\n" : " []\n");
        break;
    case KW_NODE_MAP:
        kw_buf_put_text(out, full ? "\n" : " {}\n");
        break;
    }
    put_children(out, node, indent, false);
}

/* One line a child; the first may stand behind a "- " already. */
static void put_children(struct kw_buf *out, const struct kw_node *node,
                         unsigned indent, bool first_is_placed)
{
    for (const struct kw_node *at = node->first; at != NULL; at = at->next) {
        if (!first_is_placed)
            put_indent(out, indent);
        first_is_placed = false;
        if (node->kind == KW_NODE_MAP) {
            put_text(out, at->key);
            kw_buf_put_byte(out, ':');
            put_value(out, at, indent + 1);
        } else if (at->kind == KW_NODE_MAP && at->count > 0) {
            kw_buf_put_text(out, "- ");
            put_children(out, at, indent + 1, true);
        } else {
            kw_buf_put_byte(out, '-');
            put_value(out, at, indent + 1);
        }
    }
}

void kw_node_format_yaml(const struct kw_node *node, struct kw_buf *out)
{
    if (node->count > 0)
        put_children(out, node, 0, false);
    else if (node->kind == KW_NODE_SCALAR)
        put_scalar(out, node);
    else if (node->kind == KW_NODE_NULL)
        kw_buf_put_text(out, "null");
    else
        kw_buf_put_text(out, node->kind == KW_NODE_MAP ? "{}" : "[]");
    if (node->count == 0)
        kw_buf_put_byte(out, '\n');
}

static void put_json(struct kw_json *json, const char *key,
                     const struct kw_node *node)
{
    switch (node->kind) {
    case KW_NODE_NULL:
        kw_json_null(json, key);
        return;
    case KW_NODE_SCALAR:
        if (node->plain && kw_conf_is_literal(node->text))
            kw_json_raw(json, key, node->text, strlen(node->text));
        else
            kw_json_text(json, key, node->text);
        return;
    case KW_NODE_LIST:
        kw_json_array(json, key);
        break;
    case KW_NODE_MAP:
        kw_json_object(json, key);
        break;
    }
    for (const struct kw_node *at = node->first; at != NULL; at = at->next)
        put_json(json, at->key, at);
    if (node->kind == KW_NODE_MAP)
        kw_json_end_object(json);
    else
        kw_json_end_array(json);
}

void kw_node_format_json(const struct kw_node *node, struct kw_buf *out)
{
    struct kw_json json;

    kw_json_init(&json, out);
    put_json(&json, NULL, node);
}
