/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Configuration with the n-th allocation failing, for every n until a pass
 * needs no failure: each gives KW_ENOMEM or, where a finding was lost, still
 * KW_EINVAL; nothing leaks and nothing is half done.
 */
#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "core/conf.h"
#include "core/setting.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct item {
    const char *name, *ref;
    struct kw_texts texts;
    struct kw_pairs pairs;
    struct item *nested;
};

static const struct kw_setting nested_rows[] = {
    {.key = "name",
     .kind = KW_KIND_TEXT,
     .preset = "preset",
     .offset = offsetof(struct item, name)},
    {0},
};

static const struct kw_setting item_rows[] = {
    {.key = "name",
     .kind = KW_KIND_TEXT,
     .flags = KW_UNIQUE | KW_REQUIRED,
     .offset = offsetof(struct item, name)},
    {.key = "ref",
     .kind = KW_KIND_REF,
     .refers = "items",
     .offset = offsetof(struct item, ref)},
    {.key = "texts",
     .kind = KW_KIND_TEXTS,
     .refers = "items",
     .flags = KW_UNIQUE,
     .offset = offsetof(struct item, texts)},
    {.key = "pairs",
     .kind = KW_KIND_PAIRS,
     .offset = offsetof(struct item, pairs)},
    {.key = "nested",
     .kind = KW_KIND_OBJECT,
     .flags = KW_OPTIONAL,
     .rows = nested_rows,
     .size = sizeof(struct item),
     .offset = offsetof(struct item, nested)},
    {0},
};

static const struct kw_setting rows[] = {
    {.key = "items",
     .kind = KW_KIND_LIST,
     .rows = item_rows,
     .size = sizeof(struct item)},
    {0},
};

static const char good_yaml[] =
    "items:\n"
    "  - { name: \"a long enough name to need memory\", ref: b }\n"
    "  - { name: b, texts: [ b ], pairs: { k: v, l: w }, nested: }\n";

static const char good_json[] =
    "{\"items\":[{\"name\":\"a name with \\u00e9 and more than sixty-four "
    "bytes "
    "in it, so that it grows\",\"ref\":\"b\"},"
    "{\"name\":\"b\",\"texts\":[\"b\"],\"pairs\":{\"k\":\"v\"},"
    "\"nested\":"
    "{\"name\":-1.5e300}}]}";

static const char bad_yaml[] = "items:\n"
                               "  - { name: a, ref: c, colour: 1 }\n"
                               "  - { name: a, texts: [ x, x ], pairs: [] }\n";

typedef int parse_fn(const char *text, size_t length, struct kw_arena *arena,
                     struct kw_node **root, struct kw_diag *diag);

/* Small texts are padded, so that the arena needs several chunks. */
static int pass(parse_fn *parse, const char *text)
{
    struct kw_list_of items = {NULL, 0};
    struct kw_node *root = NULL;
    struct kw_arena arena;
    struct kw_diag diag;
    int err;

    kw_arena_init(&arena, 1 << 20);
    kw_diag_init(&diag);
    assert_non_null(kw_arena_alloc(&arena, 7000));
    err = parse(text, strlen(text), &arena, &root, &diag);
    if (err == 0)
        err = kw_settings_read(rows, root, root, &items, &arena, &diag);
    if (err == KW_EINVAL)
        assert_true(kw_diag_any(&diag));
    else if (err == 0)
        assert_int_equal(items.count, 2);
    kw_diag_fini(&diag);
    kw_arena_fini(&arena);
    return err;
}

static uint64_t held(void)
{
    struct kw_mem_stats stats = kw_mem_stats();

    return stats.allocations - stats.frees;
}

/* The first allocation of a pass is the test's own, so it starts at 2. */
static void sweep(parse_fn *parse, const char *text, int want)
{
    uint64_t before = held(), count = kw_mem_stats().allocations;

    assert_int_equal(pass(parse, text), want);
    count = kw_mem_stats().allocations - count;
    assert_in_range(count, 2, 1000);
    for (uint64_t n = 2; n <= count + 1; n++) {
        int err;

        kw_mem_fail_at(n);
        err = pass(parse, text);
        kw_mem_fail_at(0);
        assert_int_equal(held(), before);
        if (n > count)
            assert_int_equal(err, want);
        else
            assert_true(err == KW_ENOMEM || err == KW_EINVAL);
        if (want == 0 && n <= count)
            assert_int_equal(err, KW_ENOMEM);
    }
}

static void test_good_yaml(void **state)
{
    (void)state;
    sweep(kw_conf_parse_yaml, good_yaml, 0);
}

static void test_good_json(void **state)
{
    (void)state;
    sweep(kw_conf_parse_json, good_json, 0);
}

static int read_text(const char *text)
{
    struct kw_node *root = NULL;
    struct kw_arena arena;
    struct kw_diag diag;
    int err;

    kw_arena_init(&arena, 1 << 20);
    kw_diag_init(&diag);
    err = kw_conf_parse_json(text, strlen(text), &arena, &root, &diag);
    assert_int_equal(err == 0, root != NULL);
    kw_diag_fini(&diag);
    kw_arena_fini(&arena);
    return err;
}

/* Reads a text with each allocation failing in turn. */
static void sweep_text(const char *text, int want)
{
    uint64_t before = held(), count = kw_mem_stats().allocations;

    assert_int_equal(read_text(text), want);
    count = kw_mem_stats().allocations - count;
    for (uint64_t n = 1; n <= count; n++) {
        int err;

        kw_mem_fail_at(n);
        err = read_text(text);
        kw_mem_fail_at(0);
        assert_int_equal(held(), before);
        assert_true(err == KW_ENOMEM || (want != 0 && err == want));
    }
}

/* Tokens that outgrow the reader's first buffer: where Jansson itself goes on
 * with what it has when that can't grow. */
static void test_long_tokens(void **state)
{
    static const char *const texts[] = {
        "1234567890123456",
        "0.12345678901234567890123456789012345678901234567890123456789",
        "[-1234567890.1234567890123456789e-123, 123456789012345678]",
        "\"a text that is longer than the sixteen bytes of a first buffer\"",
        "\"\\u00e9\\n\\\"\\\\ escapes in a text that is long enough to grow\"",
        "\"\xE2\x82\xAC \xF0\x9F\x94\x8C bytes of several at the edge of a "
        "buffer \xE2\x82\xAC\"",
        "{\"a key of more than sixteen bytes\": {\"and another one, inside\": "
        "[true, false, null, \"x\", 1.5, {}]}}",
        "[[[[[[[[[[]]]]]]]]]]",
        "{\"1\":1,\"2\":2,\"3\":3,\"4\":4,\"5\":5,\"6\":6,\"7\":7,\"8\":8,"
        "\"9\":9,\"10\":10,\"11\":11,\"12\":12,\"13\":13,\"14\":14}",
    };
    static const char *const bad[] = {
        "12345678901234567890123456789012345678901234567890x",
        "\"a text that is longer than its first buffer and has no end",
        "{\"a key of more than sixteen bytes\": 1, \"a key of more than "
        "sixteen "
        "bytes\": 2}",
        "999999999999999999999999999999999999999999",
        "[1, 2, 3, \"\xFF is no UTF-8, behind a text that is long\"]",
        "[1e99999999999999999999999999]",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        sweep_text(texts[i], 0);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        sweep_text(bad[i], KW_EINVAL);
}

static void test_bad_yaml(void **state)
{
    (void)state;
    sweep(kw_conf_parse_yaml, bad_yaml, KW_EINVAL);
}

/* Every step that takes memory, by an arena that is one block too small. */
static void test_every_ceiling(void **state)
{
    static const char *const texts[] = {good_yaml, good_json, bad_yaml};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        parse_fn *parse = i == 1 ? kw_conf_parse_json : kw_conf_parse_yaml;
        int err = KW_ENOMEM;

        for (size_t ceiling = 0; err == KW_ENOMEM; ceiling += 16) {
            struct kw_list_of items = {NULL, 0};
            struct kw_node *root = NULL;
            struct kw_arena arena;
            struct kw_diag diag;

            kw_arena_init(&arena, ceiling);
            kw_diag_init(&diag);
            err = parse(texts[i], strlen(texts[i]), &arena, &root, &diag);
            if (err == 0)
                err = kw_settings_read(rows, root, root, &items, &arena, &diag);
            kw_diag_fini(&diag);
            kw_arena_fini(&arena);
        }
        assert_int_equal(err, i == 2 ? KW_EINVAL : 0);
    }
}

static void test_formats(void **state)
{
    struct kw_node *root = NULL;
    struct kw_arena arena;
    struct kw_diag diag;
    uint64_t before;

    (void)state;
    kw_arena_init(&arena, 1 << 20);
    kw_diag_init(&diag);
    assert_int_equal(
        kw_conf_parse_yaml(good_yaml, strlen(good_yaml), &arena, &root, &diag),
        0);
    before = held();
    for (unsigned form = 0; form < 4; form++) {
        int err = KW_ENOMEM;

        for (uint64_t n = 1; err != 0; n++) {
            struct kw_json json;
            struct kw_buf out;

            kw_buf_init(&out, 1 << 16);
            kw_mem_fail_at(n);
            kw_json_init(&json, &out);
            if (form == 0)
                kw_node_format_yaml(root, &out);
            else if (form == 1)
                kw_node_format_json(root, &out);
            else if (form == 2)
                kw_settings_schema(rows, NULL, &json);
            else
                kw_settings_table(rows, &out);
            kw_mem_fail_at(0);
            err = kw_buf_err(&out);
            assert_true(err == 0 || err == KW_ENOMEM);
            kw_buf_fini(&out);
            assert_int_equal(held(), before);
        }
    }
    kw_diag_fini(&diag);
    kw_arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_yaml), cmocka_unit_test(test_good_json),
        cmocka_unit_test(test_bad_yaml),  cmocka_unit_test(test_every_ceiling),
        cmocka_unit_test(test_formats),   cmocka_unit_test(test_long_tokens),
    };

    kw_conf_use_mem();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
