/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows as JSON Schema (2020-12). Beyond the standard's keywords: x-kind,
 * x-unit, x-order (of the row in its table), x-permission, x-restart,
 * x-refers, x-unique, x-minimum and x-maximum (of durations and sizes, as
 * text): what the settings pages are made from.
 */
#include "base/json.h"
#include "core/conf.h"
#include "core/policy.h"
#include "core/setting_value.h"

#include <stdio.h>
#include <string.h>

static const char name_pattern[] = "^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$";

static void put_limit(struct kw_json *json, const struct kw_setting *row,
                      const char *least, const char *most)
{
    if (kw_setting_has_min(row))
        kw_json_real(json, least, row->min);
    if (kw_setting_has_max(row))
        kw_json_real(json, most, row->max);
}

/* A number, or with a unit also a text with that unit behind it. */
static void put_number(struct kw_json *json, const struct kw_setting *row,
                       const char *type)
{
    char pattern[64];

    if (row->unit == NULL) {
        kw_json_text(json, "type", type);
    } else {
        kw_json_array(json, "type");
        kw_json_text(json, NULL, type);
        kw_json_text(json, NULL, "string");
        kw_json_end_array(json);
        snprintf(pattern, sizeof(pattern), "^[-+.0-9eE]+%s$", row->unit);
        kw_json_text(json, "pattern", pattern);
    }
    put_limit(json, row, "minimum", "maximum");
}

static void put_string(struct kw_json *json, const char *pattern)
{
    kw_json_text(json, "type", "string");
    if (pattern != NULL)
        kw_json_text(json, "pattern", pattern);
}

/* Durations and sizes are texts, so their limits are too. */
static void put_measure(struct kw_json *json, const struct kw_setting *row,
                        const char *pattern)
{
    char text[KW_LIMIT_SIZE];

    put_string(json, pattern);
    if (kw_setting_has_min(row)) {
        kw_setting_limit(row, row->min, text);
        kw_json_text(json, "x-minimum", text);
    }
    if (kw_setting_has_max(row)) {
        kw_setting_limit(row, row->max, text);
        kw_json_text(json, "x-maximum", text);
    }
}

static void put_words(struct kw_json *json, const char *const *words)
{
    kw_json_text(json, "type", "string");
    kw_json_array(json, "enum");
    for (; *words != NULL; words++)
        kw_json_text(json, NULL, *words);
    kw_json_end_array(json);
}

static void put_object(struct kw_json *json, const struct kw_setting *rows);
static void put_kind(struct kw_json *json, const struct kw_setting *row);

/* An object, or the scalar that stands for it. */
static void put_nested(struct kw_json *json, const struct kw_setting *row)
{
    const struct kw_setting *nested = row->rows;

    if (row->shorthand == NULL) {
        put_object(json, row->rows);
        return;
    }
    while (strcmp(nested->key, row->shorthand) != 0)
        nested++;
    kw_json_array(json, "oneOf");
    kw_json_object(json, NULL);
    put_kind(json, nested);
    kw_json_end_object(json);
    kw_json_object(json, NULL);
    put_object(json, row->rows);
    kw_json_end_object(json);
    kw_json_end_array(json);
}

static void put_list(struct kw_json *json, const struct kw_setting *row)
{
    kw_json_text(json, "type", "array");
    put_limit(json, row, "minItems", "maxItems");
    kw_json_object(json, "items");
    put_nested(json, row);
    kw_json_end_object(json);
}

/* Several texts, or one without the list. */
static void put_texts(struct kw_json *json, const struct kw_setting *row)
{
    kw_json_array(json, "type");
    kw_json_text(json, NULL, "array");
    kw_json_text(json, NULL, "string");
    kw_json_end_array(json);
    put_limit(json, row, "minItems", "maxItems");
    kw_json_object(json, "items");
    put_string(json, NULL);
    kw_json_end_object(json);
    if ((row->flags & KW_UNIQUE) != 0)
        kw_json_bool(json, "uniqueItems", true);
}

static void put_pairs(struct kw_json *json)
{
    kw_json_text(json, "type", "object");
    kw_json_object(json, "propertyNames");
    kw_json_text(json, "pattern", name_pattern);
    kw_json_end_object(json);
    kw_json_object(json, "additionalProperties");
    put_string(json, NULL);
    kw_json_end_object(json);
}

/* Texts: by the pattern of their kind, and the row's length. */
static void put_text(struct kw_json *json, const struct kw_setting *row)
{
    static const char *const patterns[] = {
        [KW_KIND_NAME] = name_pattern,
        [KW_KIND_ADDRESS] = "^[^ ]+:[0-9]{1,5}$",
        [KW_KIND_HOST] = "^[][A-Za-z0-9_.:-]+$",
        [KW_KIND_SECRET] = name_pattern,
        [KW_KIND_TIME] = "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$",
        [KW_KIND_REF] = NULL,
    };
    bool secret_itself = row->kind == KW_KIND_SECRET && kw_setting_has_max(row);

    put_string(json, secret_itself ? NULL : patterns[row->kind]);
    put_limit(json, row, "minLength", "maxLength");
}

static void put_kind(struct kw_json *json, const struct kw_setting *row)
{
    switch ((int)row->kind) {
    case KW_KIND_BOOL:
        kw_json_text(json, "type", "boolean");
        break;
    case KW_KIND_INT:
        put_number(json, row, "integer");
        break;
    case KW_KIND_REAL:
        put_number(json, row, "number");
        break;
    case KW_KIND_DURATION:
        put_measure(json, row,
                    "^(0|(?=.)([0-9]+y)?([0-9]+d)?([0-9]+h)?"
                    "([0-9]+min)?([0-9]+s)?([0-9]+ms)?)$");
        break;
    case KW_KIND_BYTES:
        put_measure(json, row, "^[0-9]+(B|KiB|MiB|GiB|TiB)$");
        break;
    case KW_KIND_KEYWORD:
        put_words(json, row->words);
        break;
    case KW_KIND_OBJECT:
        put_nested(json, row);
        break;
    case KW_KIND_LIST:
        put_list(json, row);
        break;
    case KW_KIND_TEXTS:
        put_texts(json, row);
        break;
    case KW_KIND_PAIRS:
        put_pairs(json);
        break;
    default:
        put_text(json, row);
        break;
    }
}

static void put_default(struct kw_json *json, const struct kw_setting *row)
{
    bool literal = row->kind == KW_KIND_BOOL || row->kind == KW_KIND_INT ||
                   row->kind == KW_KIND_REAL;

    if (row->preset == NULL)
        return;
    if (literal && kw_conf_is_literal(row->preset))
        kw_json_raw(json, "default", row->preset, strlen(row->preset));
    else
        kw_json_text(json, "default", row->preset);
}

static void put_property(struct kw_json *json, const struct kw_setting *row,
                         int64_t order)
{
    kw_json_object(json, row->key);
    if (row->help != NULL)
        kw_json_text(json, "description", row->help);
    put_kind(json, row);
    put_default(json, row);
    kw_json_text(json, "x-kind", kw_kind_name(row->kind));
    kw_json_int(json, "x-order", order);
    if (row->unit != NULL)
        kw_json_text(json, "x-unit", row->unit);
    if (row->refers != NULL)
        kw_json_text(json, "x-refers", row->refers);
    if ((row->flags & KW_UNIQUE) != 0)
        kw_json_bool(json, "x-unique", true);
    if ((row->flags & KW_RESTART) != 0)
        kw_json_bool(json, "x-restart", true);
    if (row->permission != 0)
        kw_json_text(json, "x-permission", kw_permission_name(row->permission));
    kw_json_end_object(json);
}

void kw_settings_properties(const struct kw_setting *rows, struct kw_json *json)
{
    int64_t order = 0;

    for (; rows->kind != KW_KIND_END; rows++)
        put_property(json, rows, order++);
}

static bool has_flag(const struct kw_setting *rows, unsigned flag)
{
    while (rows->kind != KW_KIND_END && (rows->flags & flag) == 0)
        rows++;
    return rows->kind != KW_KIND_END;
}

static void put_required(struct kw_json *json, const struct kw_setting *rows)
{
    if (!has_flag(rows, KW_REQUIRED))
        return;
    kw_json_array(json, "required");
    for (; rows->kind != KW_KIND_END; rows++) {
        if ((rows->flags & KW_REQUIRED) != 0)
            kw_json_text(json, NULL, rows->key);
    }
    kw_json_end_array(json);
}

static void put_one_of(struct kw_json *json, const struct kw_setting *rows)
{
    if (!has_flag(rows, KW_ONE_OF))
        return;
    kw_json_array(json, "oneOf");
    for (; rows->kind != KW_KIND_END; rows++) {
        if ((rows->flags & KW_ONE_OF) == 0)
            continue;
        kw_json_object(json, NULL);
        kw_json_array(json, "required");
        kw_json_text(json, NULL, rows->key);
        kw_json_end_array(json);
        kw_json_end_object(json);
    }
    kw_json_end_array(json);
}

/* The members of a schema for an object. */
static void put_object(struct kw_json *json, const struct kw_setting *rows)
{
    kw_json_text(json, "type", "object");
    kw_json_bool(json, "additionalProperties", false);
    kw_json_object(json, "properties");
    kw_settings_properties(rows, json);
    kw_json_end_object(json);
    put_required(json, rows);
    put_one_of(json, rows);
}

void kw_settings_schema(const struct kw_setting *rows, const char *key,
                        struct kw_json *json)
{
    kw_json_object(json, key);
    put_object(json, rows);
    kw_json_end_object(json);
}
