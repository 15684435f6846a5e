/* SPDX-License-Identifier: Apache-2.0 */
/* Rows as JSON Schema and as the table of a README. */
#include "core/setting.h"

#include "base/buf.h"
#include "base/json.h"
#include "core/conf.h"
#include "core/policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char *schema_of(const struct kw_setting *rows, struct kw_buf *out)
{
    struct kw_json json;

    kw_buf_init(out, 1 << 16);
    kw_json_init(&json, out);
    kw_settings_schema(rows, NULL, &json);
    return kw_buf_text(out);
}

#define DURATION                                                               \
    "^(0|(?=.)([0-9]+y)?([0-9]+d)?([0-9]+h)?([0-9]+min)?([0-9]+s)?"            \
    "([0-9]+ms)?)$"

static const char *const words[] = {"a", "b", NULL};

static const struct kw_setting nested[] = {
    {.key = "fast", .kind = KW_KIND_DURATION, .preset = "1s"},
    {0},
};

static const struct kw_setting second[] = {
    {.key = "on", .kind = KW_KIND_BOOL},
    {.key = "way", .kind = KW_KIND_KEYWORD, .words = words},
    {0},
};

/* The schema of one row, between the frame of the object. */
static void test_properties(void **state)
{
    static const struct {
        struct kw_setting row;
        const char *schema;
    } cases[] = {
        {{.kind = KW_KIND_BOOL, .preset = "true", .help = "Help."},
         "\"description\":\"Help.\",\"type\":\"boolean\",\"default\":true,"
         "\"x-kind\":\"boolean\""},
        {{.kind = KW_KIND_INT, .min = 1, .max = 247, .preset = "5"},
         "\"type\":\"integer\",\"minimum\":1,\"maximum\":247,\"default\":5,"
         "\"x-kind\":\"whole number\""},
        {{.kind = KW_KIND_REAL, .min = 0.5, .unit = "A", .preset = "2A"},
         "\"type\":[\"number\",\"string\"],"
         "\"pattern\":\"^[-+.0-9eE]+A$\",\"minimum\":0.5,\"default\":\"2A\","
         "\"x-kind\":\"number\""},
        {{.kind = KW_KIND_DURATION, .min = 100, .max = 60000, .preset = "1s"},
         "\"type\":\"string\",\"pattern\":\"" DURATION "\","
         "\"x-minimum\":\"100ms\",\"x-maximum\":\"1min\",\"default\":\"1s\","
         "\"x-kind\":\"duration\""},
        {{.kind = KW_KIND_BYTES},
         "\"type\":\"string\",\"pattern\":\"^[0-9]+(B|KiB|MiB|GiB|TiB)$\","
         "\"x-kind\":\"size\""},
        {{.kind = KW_KIND_KEYWORD, .words = words, .preset = "b"},
         "\"type\":\"string\",\"enum\":[\"a\",\"b\"],\"default\":\"b\","
         "\"x-kind\":\"keyword\""},
        {{.kind = KW_KIND_TEXT, .min = 1, .max = 9},
         "\"type\":\"string\",\"minLength\":1,\"maxLength\":9,"
         "\"x-kind\":\"text\""},
        {{.kind = KW_KIND_NAME},
         "\"type\":\"string\","
         "\"pattern\":\"^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$\","
         "\"x-kind\":\"name\""},
        {{.kind = KW_KIND_SECRET},
         "\"type\":\"string\","
         "\"pattern\":\"^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$\","
         "\"x-kind\":\"secret\""},
        {{.kind = KW_KIND_SECRET, .max = 64},
         "\"type\":\"string\",\"minLength\":0,\"maxLength\":64,"
         "\"x-kind\":\"secret\""},
        {{.kind = KW_KIND_ADDRESS},
         "\"type\":\"string\",\"pattern\":\"^[^ ]+:[0-9]{1,5}$\","
         "\"x-kind\":\"address\""},
        {{.kind = KW_KIND_PATH}, "\"type\":\"string\",\"x-kind\":\"path\""},
        {{.kind = KW_KIND_TIME},
         "\"type\":\"string\","
         "\"pattern\":\"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$\","
         "\"x-kind\":\"time of day\""},
        {{.kind = KW_KIND_REF, .refers = "lines"},
         "\"type\":\"string\",\"x-kind\":\"reference\""},
        {{.kind = KW_KIND_OBJECT, .rows = nested},
         "\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
         "\"fast\":{\"type\":\"string\","
         "\"pattern\":\"" DURATION "\",\"default\":\"1s\","
         "\"x-kind\":\"duration\",\"x-order\":0}},\"x-kind\":\"object\""},
        {{.kind = KW_KIND_OBJECT, .rows = nested, .shorthand = "fast"},
         "\"oneOf\":[{\"type\":\"string\","
         "\"pattern\":\"" DURATION "\"},"
         "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
         "\"fast\":{\"type\":\"string\","
         "\"pattern\":\"" DURATION "\",\"default\":\"1s\","
         "\"x-kind\":\"duration\",\"x-order\":0}}}],\"x-kind\":\"object\""},
        {{.kind = KW_KIND_OBJECT, .rows = second, .shorthand = "way"},
         "\"oneOf\":[{\"type\":\"string\",\"enum\":[\"a\",\"b\"]},"
         "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
         "\"on\":{\"type\":\"boolean\",\"x-kind\":\"boolean\",\"x-order\":0},"
         "\"way\":{\"type\":\"string\",\"enum\":[\"a\",\"b\"],\"x-kind\":"
         "\"keyword\",\"x-order\":1}}}],\"x-kind\":\"object\""},
        {{.kind = KW_KIND_LIST, .rows = nested, .min = 1, .max = 4},
         "\"type\":\"array\",\"minItems\":1,\"maxItems\":4,\"items\":{"
         "\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
         "\"fast\":{\"type\":\"string\","
         "\"pattern\":\"" DURATION "\",\"default\":\"1s\","
         "\"x-kind\":\"duration\",\"x-order\":0}}},\"x-kind\":\"list\""},
        {{.kind = KW_KIND_TEXTS},
         "\"type\":[\"array\",\"string\"],\"items\":{\"type\":\"string\"},"
         "\"x-kind\":\"list of texts\""},
        {{.kind = KW_KIND_PAIRS},
         "\"type\":\"object\",\"propertyNames\":{"
         "\"pattern\":\"^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$\"},"
         "\"additionalProperties\":{\"type\":\"string\"},"
         "\"x-kind\":\"map of texts\""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct kw_setting rows[] = {cases[i].row, {0}};
        struct kw_buf out, want;

        rows[0].key = "k";
        kw_buf_init(&want, 1 << 16);
        kw_buf_printf(&want,
                      "{\"type\":\"object\",\"additionalProperties\":false,"
                      "\"properties\":{\"k\":{%s,\"x-order\":0%s}}}",
                      cases[i].schema,
                      rows[0].unit != NULL     ? ",\"x-unit\":\"A\""
                      : rows[0].refers != NULL ? ",\"x-refers\":\"lines\""
                                               : "");
        assert_string_equal(schema_of(rows, &out), kw_buf_text(&want));
        kw_buf_fini(&want);
        kw_buf_fini(&out);
    }
}

static const struct kw_setting line_rows[] = {
    {.key = "name", .kind = KW_KIND_NAME, .flags = KW_REQUIRED | KW_UNIQUE},
    {.key = "serial",
     .kind = KW_KIND_OBJECT,
     .flags = KW_OPTIONAL | KW_ONE_OF,
     .rows = nested},
    {.key = "host", .kind = KW_KIND_TEXT, .flags = KW_ONE_OF},
    {.key = "tags",
     .kind = KW_KIND_TEXTS,
     .flags = KW_UNIQUE | KW_REQUIRED,
     .refers = "a|b",
     .max = 4,
     .help = "One | two."},
    {0},
};

static const struct kw_setting rows[] = {
    {.key = "lines",
     .kind = KW_KIND_LIST,
     .rows = line_rows,
     .max = 9,
     .flags = KW_RESTART,
     .permission = KW_MAY_CONFIGURE,
     .help = "Lines."},
    {.key = "mode", .kind = KW_KIND_KEYWORD, .words = words, .preset = "a"},
    {.key = "rated", .kind = KW_KIND_REAL, .unit = "A", .max = 100},
    {0},
};

static void test_flags(void **state)
{
    static const char *const parts[] = {
        "\"required\":[\"name\",\"tags\"]",
        "\"oneOf\":[{\"required\":[\"serial\"]},{\"required\":[\"host\"]}]",
        "\"x-unique\":true",
        "\"uniqueItems\":true",
        "\"x-refers\":\"a|b\"",
        "\"x-restart\":true,\"x-permission\":\"configure\"",
        "\"x-order\":3",
    };
    struct kw_buf out;
    const char *schema = schema_of(rows, &out);

    (void)state;
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        assert_non_null(strstr(schema, parts[i]));
    kw_buf_fini(&out);
}

/* What is written is JSON, alone and as a part of something. */
static void test_it_is_json(void **state)
{
    struct kw_arena arena;
    struct kw_diag diag;
    struct kw_node *root = NULL;
    struct kw_json json;
    struct kw_buf out;

    (void)state;
    kw_buf_init(&out, 1 << 16);
    kw_json_init(&json, &out);
    kw_json_object(&json, NULL);
    kw_settings_schema(rows, "schema", &json);
    kw_json_object(&json, "properties");
    kw_settings_properties(rows, &json);
    kw_settings_properties(nested, &json);
    kw_json_end_object(&json);
    kw_json_end_object(&json);
    kw_arena_init(&arena, 1 << 20);
    kw_diag_init(&diag);
    assert_int_equal(
        kw_conf_parse_json(kw_buf_text(&out), out.length, &arena, &root, &diag),
        0);
    assert_int_equal(kw_node_get(root, "properties")->count, 4);
    assert_non_null(kw_node_get(kw_node_get(root, "schema"), "properties"));
    kw_diag_fini(&diag);
    kw_arena_fini(&arena);
    kw_buf_fini(&out);
}

static void test_table(void **state)
{
    struct kw_buf out;

    (void)state;
    kw_buf_init(&out, 1 << 16);
    kw_settings_table(rows, &out);
    assert_string_equal(
        kw_buf_text(&out),
        "| Key | Type | Limits | Default | Unit | Meaning |\n"
        "| --- | --- | --- | --- | --- | --- |\n"
        "| `lines` | list | at most 9 |  |  | Lines. After a restart. |\n"
        "| `lines[].name` | name |  | required |  |  |\n"
        "| `lines[].serial` | object |  | one of these |  |  |\n"
        "| `lines[].serial.fast` | duration |  | `1s` |  |  |\n"
        "| `lines[].host` | text |  | one of these |  |  |\n"
        "| `lines[].tags` | list of texts | at most 4, from a\\|b | required | "
        " | One \\| "
        "two. |\n"
        "| `mode` | keyword | a, b | `a` |  |  |\n"
        "| `rated` | number | 0 to 100 |  | A |  |\n");
    kw_buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_properties),
        cmocka_unit_test(test_flags),
        cmocka_unit_test(test_it_is_json),
        cmocka_unit_test(test_table),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
