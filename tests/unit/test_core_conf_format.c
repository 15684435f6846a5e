/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trees to text and back: the canonical form, JSON, copies, hashes, and that
 * reading what was written gives the same content, for made-up trees too.
 */
#include "core/conf.h"

#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { ARENA_BYTES = 16 << 20 };

static struct kw_node *read_yaml(const char *text, struct kw_arena *arena)
{
    struct kw_node *root = NULL;
    struct kw_diag diag;
    char line[512];

    kw_diag_init(&diag);
    if (kw_conf_parse_yaml(text, strlen(text), arena, &root, &diag) != 0)
        fail_msg("%s in\n%s", kw_diag_first(&diag, line, sizeof(line)), text);
    kw_diag_fini(&diag);
    return root;
}

static struct kw_node *read_json(const char *text, struct kw_arena *arena)
{
    struct kw_node *root = NULL;
    struct kw_diag diag;
    char line[512];

    kw_diag_init(&diag);
    if (kw_conf_parse_json(text, strlen(text), arena, &root, &diag) != 0)
        fail_msg("%s in\n%s", kw_diag_first(&diag, line, sizeof(line)), text);
    kw_diag_fini(&diag);
    return root;
}

/* Writes both forms, reads them back and compares. */
static void assert_round_trip(const struct kw_node *root)
{
    struct kw_arena arena;
    struct kw_buf yaml, again, json;
    struct kw_node *back;

    kw_arena_init(&arena, ARENA_BYTES);
    kw_buf_init(&yaml, 4 << 20);
    kw_buf_init(&again, 4 << 20);
    kw_buf_init(&json, 4 << 20);
    kw_node_format_yaml(root, &yaml);
    assert_int_equal(kw_buf_err(&yaml), 0);
    back = read_yaml(kw_buf_text(&yaml), &arena);
    if (!kw_node_same(root, back))
        fail_msg("not the same:\n%s", kw_buf_text(&yaml));
    assert_true(kw_node_hash(root) == kw_node_hash(back));
    kw_node_format_yaml(back, &again);
    assert_string_equal(kw_buf_text(&yaml), kw_buf_text(&again));
    kw_node_format_json(root, &json);
    assert_int_equal(kw_buf_err(&json), 0);
    back = read_json(kw_buf_text(&json), &arena);
    if (!kw_node_same(root, back))
        fail_msg("not the same:\n%s", kw_buf_text(&json));
    kw_buf_fini(&json);
    kw_buf_fini(&again);
    kw_buf_fini(&yaml);
    kw_arena_fini(&arena);
}

static void test_canonical_form(void **state)
{
    static const struct {
        const char *text, *canonical, *json;
    } rows[] = {
        {"", "null\n", "null"},
        {"{}", "{}\n", "{}"},
        {"[]", "[]\n", "[]"},
        {"word", "word\n", "\"word\""},
        {"'5'", "\"5\"\n", "\"5\""},
        {"site: { name: Plant 1, 'timezone': \"Europe/Paris\" }",
         "site:\n  name: Plant 1\n  timezone: Europe/Paris\n",
         "{\"site\":{\"name\":\"Plant 1\",\"timezone\":\"Europe/Paris\"}}"},
        {"lines:\n- {name: a, tcp: {host: 192.0.2.1, port: 502}}\n- {name: "
         "b}\n",
         "lines:\n  - name: a\n    tcp:\n      host: \"192.0.2.1\"\n"
         "      port: 502\n  - name: b\n",
         "{\"lines\":[{\"name\":\"a\",\"tcp\":{\"host\":\"192.0.2.1\","
         "\"port\":502}},{\"name\":\"b\"}]}"},
        {"a: [1, '1', true, 'true', null, 'null', 1.50, x, '', ~]",
         "a:\n  - 1\n  - \"1\"\n  - true\n  - \"true\"\n  - null\n"
         "  - \"null\"\n  - 1.50\n  - x\n  - \"\"\n  - null\n",
         "{\"a\":[1,\"1\",true,\"true\",null,\"null\",1.50,\"x\",\"\",null]}"},
        {"a: [[1, [2]], {}, [], {b: {}}, [{c: 1}]]",
         "a:\n  -\n    - 1\n    -\n      - 2\n  - {}\n  - []\n  - b: {}\n"
         "  -\n    - c: 1\n",
         "{\"a\":[[1,[2]],{},[],{\"b\":{}},[{\"c\":1}]]}"},
        {"{from: 06:00, to: '24:00', on: off, Yes: 010, x: 0x1F, y: .5}",
         "from: \"06:00\"\nto: \"24:00\"\n\"on\": \"off\"\n\"Yes\": \"010\"\n"
         "x: \"0x1F\"\n\"y\": \".5\"\n",
         "{\"from\":\"06:00\",\"to\":\"24:00\",\"on\":\"off\",\"Yes\":\"010\","
         "\"x\":\"0x1F\",\"y\":\".5\"}"},
        {"{a: 'x: y', b: 'x #y', c: ' x', d: 'x ', e: '- x', f: 'x:', g: '#'}",
         "a: \"x: y\"\nb: \"x #y\"\nc: \" x\"\nd: \"x \"\ne: \"- x\"\n"
         "f: \"x:\"\ng: \"#\"\n",
         "{\"a\":\"x: y\",\"b\":\"x #y\",\"c\":\" x\",\"d\":\"x \","
         "\"e\":\"- x\",\"f\":\"x:\",\"g\":\"#\"}"},
        {"{a: \"[::]:8443\", b: 10y, c: 8GiB, d: 400A, e: a:b, f: Stra\xC3\x9F"
         "e}",
         "a: \"[::]:8443\"\nb: 10y\nc: 8GiB\nd: 400A\ne: a:b\n"
         "f: Stra\xC3\x9F"
         "e\n",
         "{\"a\":\"[::]:8443\",\"b\":\"10y\",\"c\":\"8GiB\",\"d\":\"400A\","
         "\"e\":\"a:b\",\"f\":\"Stra\xC3\x9F"
         "e\"}"},
        {"\"a\\n\\t\\r\\\"\\\\\\x01\\x7f\\u0085\\u2028\\ufeff\\ufffe\\uffff\\u0"
         "0a0\"",
         "\"a\\n\\t\\r\\\"\\\\\\x01\\x7F\\x85\\u2028\\uFEFF\\uFFFE\\uFFFF\xC2"
         "\xA0\"\n",
         "\"a\\n\\t\\r\\\"\\\\\\u0001\\u007f\\u0085\xE2\x80\xA8\xEF\xBB\xBF"
         "\xEF\xBF\xBE\xEF\xBF\xBF\xC2\xA0\""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct kw_arena arena;
        struct kw_node *root;
        struct kw_buf out;

        kw_arena_init(&arena, ARENA_BYTES);
        kw_buf_init(&out, 1 << 16);
        root = read_yaml(rows[i].text, &arena);
        kw_node_format_yaml(root, &out);
        assert_string_equal(kw_buf_text(&out), rows[i].canonical);
        kw_buf_reset(&out);
        kw_node_format_json(root, &out);
        assert_string_equal(kw_buf_text(&out), rows[i].json);
        kw_buf_fini(&out);
        assert_round_trip(root);
        kw_arena_fini(&arena);
    }
}

/* What YAML 1.1 (yaml.org/type) or 1.2 (10.3.2) takes for another type than a
 * text is quoted; what no reader does stands bare. */
static void test_ambiguous_texts(void **state)
{
    static const char *const quoted[] = {
        "0x10",
        "0X10",
        "0xDEAD_BEEF",
        "0b101",
        "0b1_0",
        "0o17",
        "017",
        "010",
        "1_000",
        "1_000.5",
        "1__0",
        "06:00",
        "190:20:30",
        "190:20:30.15",
        "6:30:59",
        "2024-01-01",
        "2024-1-1",
        "2001-12-14t21:59:43.10-05:00",
        "2001-12-14 21:59:43.10 -5",
        "2001-12-15 2:59:43.10",
        "2024-01-01T12:00:00Z",
        "1e3_0",
        "1.",
        "1.e5",
        "12e03",
        "685.230_15e+03",
        "00",
        "1-247",
        "192.0.2.1",
        "+1",
        "-1_0",
        "-0x1F",
        "+0x1F",
        ".5",
        "-.5",
        "+.5",
        ".inf",
        "-.INF",
        "+.Inf",
        ".nan",
        ".NaN",
        "-1:30",
        "y",
        "Y",
        "n",
        "N",
        "yes",
        "Yes",
        "NO",
        "on",
        "Off",
        "TRUE",
        "True",
        "False",
        "Null",
        "NULL",
        "~",
        "<<",
        "=",
        "-",
        "?",
        "- a",
        "null",
        "true",
        "5",
        "-0",
        "1e3",
        "1.5",
        "-1.5e-3",
        "",
    };
    static const char *const bare[] = {
        "a",    "10y", "1min30s",     "250ms",  "8GiB",  "400A",      "0x1G",
        "0b2x", "1a",  "2024-01-01a", "v1.2.3", "m1e3x", "yesterday",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(quoted) / sizeof(quoted[0]); i++) {
        const struct kw_node node = {.kind = KW_NODE_SCALAR, .text = quoted[i]};
        struct kw_buf out;

        kw_buf_init(&out, 256);
        kw_node_format_yaml(&node, &out);
        if (kw_buf_text(&out)[0] != '"')
            fail_msg("bare: %s", quoted[i]);
        kw_buf_fini(&out);
        assert_round_trip(&node);
    }
    for (size_t i = 0; i < sizeof(bare) / sizeof(bare[0]); i++) {
        const struct kw_node node = {.kind = KW_NODE_SCALAR, .text = bare[i]};
        struct kw_buf out;

        kw_buf_init(&out, 256);
        kw_node_format_yaml(&node, &out);
        if (kw_buf_text(&out)[0] == '"')
            fail_msg("quoted: %s", bare[i]);
        kw_buf_fini(&out);
        assert_round_trip(&node);
    }
}

static void test_a_part_of_a_tree(void **state)
{
    struct kw_arena arena;
    struct kw_node *root;
    struct kw_buf out;

    (void)state;
    kw_arena_init(&arena, ARENA_BYTES);
    kw_buf_init(&out, 1 << 16);
    root = read_yaml("a: {b: 1}\nc: 2\n", &arena);
    kw_node_format_yaml(kw_node_get(root, "a"), &out);
    kw_node_format_json(kw_node_get(root, "a"), &out);
    kw_node_format_json(kw_node_get(root, "c"), &out);
    assert_string_equal(kw_buf_text(&out), "b: 1\n{\"b\":1}2");
    kw_buf_fini(&out);
    kw_arena_fini(&arena);
}

static void test_same_and_hash(void **state)
{
    static const struct {
        const char *a, *b;
        bool same;
    } rows[] = {
        {"{a: 1, b: 2}", "{b: 2, a: 1}", true},
        {"{a: x}", "{a: 'x'}", true},
        {"{a: 400A}", "{a: \"400A\"}", true},
        {"# remark\na: [1, 2]\n", "{a: [1, 2]}", true},
        {"{a: 5}", "{a: '5'}", false},
        {"{a: true}", "{a: 'true'}", false},
        {"{a: 1, b: 2}", "{a: 2, b: 1}", false},
        {"{a: 1}", "{a: 1, b: 2}", false},
        {"{a: 1}", "{b: 1}", false},
        {"[1, 2]", "[2, 1]", false},
        {"[1]", "[1, 1]", false},
        {"[[1], 2]", "[[1, 2]]", false},
        {"{a: {}}", "{a: []}", false},
        {"{a: }", "{a: {}}", false},
        {"{a: }", "{}", false},
        {"{a: 5}", "{a: 5.0}", true},
        {"{a: 5e2}", "{a: 500}", true},
        {"{a: -0}", "{a: 0.0}", true},
        {"{a: 5}", "{a: 5.01}", false},
        {"{a: 5.0}", "{a: '5.0'}", false},
        {"", "~", true},
        {"x", "y", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct kw_arena arena;
        struct kw_node *a, *b;

        kw_arena_init(&arena, ARENA_BYTES);
        a = read_yaml(rows[i].a, &arena);
        b = read_yaml(rows[i].b, &arena);
        assert_int_equal(kw_node_same(a, b), rows[i].same);
        assert_int_equal(kw_node_same(b, a), rows[i].same);
        assert_int_equal(kw_node_hash(a) == kw_node_hash(b), rows[i].same);
        kw_arena_fini(&arena);
    }
    assert_int_equal(kw_node_hash(NULL), 0);
}

static void test_copy_lives_alone(void **state)
{
    struct kw_arena first, second;
    struct kw_node *root, *copy, *again;

    (void)state;
    kw_arena_init(&first, ARENA_BYTES);
    kw_arena_init(&second, ARENA_BYTES);
    root = read_yaml("a: {b: [1, 'x', ~], c: d}\n", &first);
    copy = kw_node_copy(kw_node_get(root, "a"), &second);
    assert_non_null(copy);
    assert_string_equal(copy->key, "a");
    assert_null(copy->next);
    assert_int_equal(copy->mark.column, 4);
    kw_arena_fini(&first);
    again = read_yaml("{b: [1, 'x', ~], c: d}\n", &second);
    assert_true(kw_node_same(copy, again));
    kw_arena_fini(&second);
}

static void test_copy_into_a_full_arena(void **state)
{
    struct kw_arena arena, small;
    struct kw_node *root;
    size_t need;

    (void)state;
    kw_arena_init(&arena, ARENA_BYTES);
    root = read_yaml("key: [text, {other: text}]\n", &arena);
    kw_arena_init(&small, ARENA_BYTES);
    assert_non_null(kw_node_copy(root, &small));
    need = small.used_bytes;
    kw_arena_fini(&small);
    for (size_t ceiling = 0; ceiling < need; ceiling += 16) {
        kw_arena_init(&small, ceiling);
        assert_null(kw_node_copy(root, &small));
        kw_arena_fini(&small);
    }
    kw_arena_fini(&arena);
}

static void test_set(void **state)
{
    struct kw_arena arena, full, small;
    struct kw_node *root, *value;

    (void)state;
    kw_arena_init(&arena, ARENA_BYTES);
    root = read_yaml("a: 1\nb: 2\nc: 3\n", &arena);
    value = read_yaml("[x]", &arena);
    assert_int_equal(kw_node_set(root, "b", value, &arena), 0);
    assert_int_equal(kw_node_set(root, "d", value, &arena), 0);
    assert_true(
        kw_node_same(root, read_yaml("{a: 1, b: [x], c: 3, d: [x]}", &arena)));
    assert_int_equal(root->count, 4);
    assert_string_equal(root->first->next->key, "b"); /* keeps its place */
    root = read_yaml("", &arena);
    assert_int_equal(kw_node_set(root, "a", value, &arena), 0);
    assert_true(kw_node_same(root, read_yaml("{a: [x]}", &arena)));
    assert_int_equal(kw_node_set(value, "a", value, &arena), KW_EINVAL);
    kw_arena_init(&full, ARENA_BYTES);
    assert_int_equal(kw_node_set(root, "a", value, &full), 0);
    for (size_t ceiling = 0; ceiling < full.used_bytes; ceiling += 16) {
        kw_arena_init(&small, ceiling);
        assert_int_equal(kw_node_set(root, "b", value, &small), KW_ENOMEM);
        kw_arena_fini(&small);
    }
    assert_int_equal(root->count, 1);
    kw_arena_fini(&full);
    kw_arena_fini(&arena);
}

/* Made-up trees from a generator with a fixed seed. */
struct maker {
    struct kw_arena arena;
    uint64_t seed;
    unsigned nodes;
};

static unsigned draw(struct maker *maker, unsigned below)
{
    maker->seed = maker->seed * 6364136223846793005U + 1442695040888963407U;
    return (unsigned)(maker->seed >> 33) % below;
}

static void append(char *text, size_t size, const char *part)
{
    size_t used = strlen(text);

    snprintf(text + used, size - used, "%s", part);
}

static const char *make_text(struct maker *maker, bool key)
{
    static const char *const parts[] = {"a",
                                        "B",
                                        "7",
                                        "0",
                                        "-",
                                        ":",
                                        " ",
                                        "#",
                                        "'",
                                        "\"",
                                        "\\",
                                        ",",
                                        "[",
                                        "]",
                                        "{",
                                        "}",
                                        "&",
                                        "*",
                                        "!",
                                        "|",
                                        ">",
                                        "%",
                                        "@",
                                        "`",
                                        "~",
                                        "?",
                                        ".",
                                        "_",
                                        "e",
                                        "x",
                                        "true",
                                        "null",
                                        "no",
                                        "\n",
                                        "\t",
                                        "\x01",
                                        "\x7f",
                                        "\xC2\x85",
                                        "\xC3\xA4",
                                        "\xE2\x80\xA8",
                                        "\xEF\xBB\xBF",
                                        "\xEF\xBF\xBE",
                                        "\xF0\x9F\x94\x8C",
                                        "- ",
                                        ": ",
                                        " #",
                                        "---",
                                        "...",
                                        "06:00",
                                        "1_000",
                                        "=",
                                        "<<",
                                        "\r",
                                        "\xC2\xA0"};
    unsigned count = draw(maker, 5) + (key ? 1 : 0);
    char text[64] = "";

    for (unsigned i = 0; i < count; i++)
        append(text, sizeof(text),
               parts[draw(maker, sizeof(parts) / sizeof(parts[0]))]);
    return kw_arena_strndup(&maker->arena, text, strlen(text));
}

static struct kw_node *make_tree(struct maker *maker, unsigned depth)
{
    struct kw_node *node = kw_arena_alloc(&maker->arena, sizeof(*node));
    struct kw_node **tail = &node->first;
    unsigned kind = draw(maker, depth < 6 ? 6 : 3);

    if (kind == 0)
        return node;
    if (kind < 3) {
        node->kind = KW_NODE_SCALAR;
        node->text = make_text(maker, false);
        node->plain = kind == 1 && kw_conf_is_literal(node->text) &&
                      strcmp(node->text, "null") != 0;
        return node;
    }
    node->kind = kind == 3 ? KW_NODE_LIST : KW_NODE_MAP;
    for (unsigned i = draw(maker, 5); i > 0 && maker->nodes < 200; i--) {
        const char *key = make_text(maker, true);

        if (node->kind == KW_NODE_MAP && kw_node_get(node, key) != NULL)
            continue;
        maker->nodes++;
        *tail = make_tree(maker, depth + 1);
        (*tail)->key = node->kind == KW_NODE_MAP ? key : NULL;
        tail = &(*tail)->next;
        node->count++;
    }
    return node;
}

static void test_made_up_trees(void **state)
{
    struct maker maker = {.seed = 20260131};

    (void)state;
    for (unsigned i = 0; i < 4000; i++) {
        struct kw_node *root;

        maker.nodes = 0;
        kw_arena_init(&maker.arena, ARENA_BYTES);
        root = make_tree(&maker, 0);
        assert_round_trip(root);
        kw_arena_fini(&maker.arena);
    }
}

/* Bytes that no reader lets through are still written as something. */
static void test_text_that_is_no_utf8(void **state)
{
    struct kw_node node = {.kind = KW_NODE_SCALAR, .text = "a\xFF\xC2"};
    struct kw_buf out;

    (void)state;
    kw_buf_init(&out, 100);
    kw_node_format_yaml(&node, &out);
    assert_string_equal(kw_buf_text(&out), "\"a\\xFF\\xC2\"\n");
    kw_buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_canonical_form),
        cmocka_unit_test(test_ambiguous_texts),
        cmocka_unit_test(test_a_part_of_a_tree),
        cmocka_unit_test(test_same_and_hash),
        cmocka_unit_test(test_copy_lives_alone),
        cmocka_unit_test(test_copy_into_a_full_arena),
        cmocka_unit_test(test_set),
        cmocka_unit_test(test_made_up_trees),
        cmocka_unit_test(test_text_that_is_no_utf8),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
