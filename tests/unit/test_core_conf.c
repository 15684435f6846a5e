/* SPDX-License-Identifier: Apache-2.0 */
/* YAML and JSON to nodes: what is read, and every refusal with its place. */
#include "core/conf.h"

#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct fixture {
    struct kw_arena arena;
    struct kw_diag diag;
    struct kw_node *root;
    char line[512];
};

typedef int parse_fn(const char *text, size_t length, struct kw_arena *arena,
                     struct kw_node **root, struct kw_diag *diag);

static int parse(struct fixture *f, parse_fn *parser, const char *text,
                 size_t length)
{
    kw_arena_init(&f->arena, KW_CONF_ARENA_BYTES);
    kw_diag_init(&f->diag);
    f->diag.file = "f";
    f->root = NULL;
    return parser(text, length, &f->arena, &f->root, &f->diag);
}

static void clean(struct fixture *f)
{
    kw_diag_fini(&f->diag);
    kw_arena_fini(&f->arena);
}

static const char *first_finding(struct fixture *f)
{
    return kw_diag_first(&f->diag, f->line, sizeof(f->line));
}

/* A tree in one line: {k:v}, [v], plain text as it is, quoted in quotes. */
static void dump(const struct kw_node *node, struct kw_buf *out)
{
    if (node->key != NULL)
        kw_buf_printf(out, "%s:", node->key);
    if (node->kind == KW_NODE_NULL)
        kw_buf_put_text(out, "null");
    else if (node->kind == KW_NODE_SCALAR)
        kw_buf_printf(out, node->plain ? "%s" : "'%s'", node->text);
    else
        kw_buf_put_text(out, node->kind == KW_NODE_MAP ? "{" : "[");
    for (const struct kw_node *at = node->first; at != NULL; at = at->next) {
        if (at != node->first)
            kw_buf_put_text(out, " ");
        dump(at, out);
    }
    if (node->kind == KW_NODE_MAP || node->kind == KW_NODE_LIST)
        kw_buf_put_text(out, node->kind == KW_NODE_MAP ? "}" : "]");
}

static void assert_tree(const struct kw_node *root, const char *want)
{
    struct kw_buf out;

    kw_buf_init(&out, 1 << 20);
    dump(root, &out);
    assert_string_equal(kw_buf_text(&out), want);
    kw_buf_fini(&out);
}

static void test_yaml_trees(void **state)
{
    static const struct {
        const char *text, *tree;
    } rows[] = {
        {"", "null"},
        {"# nothing\n", "null"},
        {"---\n", "null"},
        {"---\n...\n", "null"},
        {"a: 1\n", "{a:1}"},
        {"%YAML 1.1\n---\na: 1\n", "{a:1}"},
        {"\xEF\xBB\xBF"
         "a: 1\n",
         "{a:1}"},
        {"a:\r\n  b: c\r\n", "{a:{b:c}}"},
        {"a: ~\nb: null\nc:\nd: 'null'\ne: \"~\"\nf: ''\n",
         "{a:null b:null c:null d:'null' e:'~' f:''}"},
        {"a: Null\nb: yes\n", "{a:Null b:yes}"},
        {"- 1\n- [x, 'y']\n- {z: 2}\n", "[1 [x 'y'] {z:2}]"},
        {"from: 06:00\nport: /dev/ttyUSB0\n", "{from:06:00 port:/dev/ttyUSB0}"},
        {"a: |\n  two\n  lines\n", "{a:'two\nlines\n'}"},
        {"a: >\n  one\n  line\n", "{a:'one line\n'}"},
        {"a: \"\\u00e9\\x41\\t\"\n", "{a:'\xC3\xA9"
                                     "A\t'}"},
        {"listen: \"[::]:8443\"\n", "{listen:'[::]:8443'}"},
        {"? a\n: 1\n", "{a:1}"},
        {"5: x\n", "{5:x}"},
        {"a: {}\nb: []\n", "{a:{} b:[]}"},
        {"text", "text"},
        {"site: { name: Plant 1, timezone: Europe/Paris }\n",
         "{site:{name:Plant 1 timezone:Europe/Paris}}"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fixture f;
        int err =
            parse(&f, kw_conf_parse_yaml, rows[i].text, strlen(rows[i].text));

        assert_string_equal(first_finding(&f), "");
        assert_int_equal(err, 0);
        assert_tree(f.root, rows[i].tree);
        clean(&f);
    }
}

static void test_yaml_findings(void **state)
{
    static const struct {
        const char *text, *finding;
    } rows[] = {
        {"a: 1\nb: 2\na: 3\n",
         "f:3:1: the key \"a\" is here twice, first on line 1"},
        {"a: {b: 1, b: 2}\n",
         "f:1:11: the key \"b\" is here twice, first on line 1"},
        {"a: &x 1\n", "f:1:4: anchors (&name) are not supported"},
        {"a: *x\n", "f:1:4: aliases (*name) are not supported"},
        {"*x : 1\n", "f:1:1: aliases (*name) are not supported"},
        {"a: !!str 1\n", "f:1:4: tags (!name) are not supported"},
        {"a: !x [1]\n", "f:1:4: tags (!name) are not supported"},
        {"a: &x {b: 1}\n", "f:1:4: anchors (&name) are not supported"},
        {"a: 1\n---\nb: 2\n", "f:2:1: a second document, expected only one"},
        {"[a]: 1\n", "f:1:1: a key must be a text, not a map or a list"},
        {"{a: 1}: 1\n", "f:1:1: a key must be a text, not a map or a list"},
        {"\"\": 1\n", "f:1:1: an empty key"},
        {"a: \"x\\0y\"\n", "f:1:4: a NUL character in a text"},
        {"a: x\xFFy\n",
         "f:1:5: byte 0xFF is no UTF-8 text or a control character"},
        {"a: 1\nb: \xC3\xA9\x01\n",
         "f:2:5: byte 0x01 is no UTF-8 text or a control character"},
        {"a:\n\tb: 1\n", "f:2:1: not valid YAML: a tab in front, expected "
                         "spaces"},
        {"a: [1, 2\n", "f:2:1: not valid YAML: did not find expected ',' or "
                       "']', while parsing a flow sequence on line 1"},
        {"a: b: c\n",
         "f:1:5: not valid YAML: mapping values are not allowed in this "
         "context"},
        {"a: \"x\n", "f:2:1: not valid YAML: found unexpected end of stream, "
                     "while scanning a quoted scalar on line 1"},
        {"a: @x\n", "f:1:4: not valid YAML: found character that cannot start "
                    "any token, while scanning for the next token on line 1"},
        {"a:\r\r\r@x\n", "f:4:1: not valid YAML: found character that cannot "
                         "start any token, while scanning for the next token "
                         "on line 4"},
        {"a: 1\n b: 2\n",
         "f:2:3: not valid YAML: mapping values are not allowed in this "
         "context"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fixture f;
        int err =
            parse(&f, kw_conf_parse_yaml, rows[i].text, strlen(rows[i].text));

        assert_string_equal(first_finding(&f), rows[i].finding);
        assert_int_equal(err, KW_EINVAL);
        clean(&f);
    }
}

static void test_yaml_findings_come_together(void **state)
{
    static const char text[] = "a: &x 1\nb: *x\na: !t 2\nc: [*x, &y {d: 1}]\n";
    static const unsigned lines[] = {1, 2, 3, 3, 4, 4};
    struct fixture f;

    (void)state;
    assert_int_equal(parse(&f, kw_conf_parse_yaml, text, sizeof(text) - 1),
                     KW_EINVAL);
    assert_int_equal(f.diag.count, 6);
    for (size_t i = 0; i < f.diag.count; i++)
        assert_int_equal(f.diag.items[i].mark.line, lines[i]);
    clean(&f);
}

static void test_yaml_marks(void **state)
{
    static const char text[] = "meters:\n"
                               "  - { name: lift,  unit: 300 }\n"
                               "  - name: \"\xC3\xA4\"\n";
    const struct kw_node *meters, *unit;
    struct fixture f;

    (void)state;
    assert_int_equal(parse(&f, kw_conf_parse_yaml, text, sizeof(text) - 1), 0);
    meters = kw_node_get(f.root, "meters");
    assert_int_equal(meters->key_mark.line, 1);
    assert_int_equal(meters->key_mark.column, 1);
    assert_int_equal(meters->mark.line, 2);
    unit = kw_node_get(meters->first, "unit");
    assert_int_equal(unit->key_mark.column, 20);
    assert_int_equal(unit->mark.line, 2);
    assert_int_equal(unit->mark.column, 26);
    assert_int_equal(meters->count, 2);
    assert_int_equal(meters->first->next->mark.line, 3);
    assert_null(kw_node_get(meters, "name"));
    assert_null(kw_node_get(NULL, "name"));
    assert_null(kw_node_get(f.root, "lines"));
    clean(&f);
}

static void test_json_trees(void **state)
{
    static const struct {
        const char *text, *tree;
    } rows[] = {
        {"{}", "{}"},
        {" [ ] ", "[]"},
        {"\t{\"a\":1,\r\n\"b\":[true,false,null,-1.5e+3]}\n",
         "{a:1 b:[true false null -1500]}"},
        {"\"x\"", "'x'"},
        {"\"\"", "''"},
        {"0", "0"},
        {"-0.0", "0"},
        {"null", "null"},
        {"[\"null\",\"5\"]", "['null' '5']"},
        {"[1.0]", "[1]"},
        {"[-9223372036854775808]", "[-9223372036854775808]"},
        {"[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"]", "['\"\\/\b\f\n\r\t']"},
        {"[\"\\u0041\\u00e9\\u20AC\\ud83d\\udd0C\"]",
         "['A\xC3\xA9\xE2\x82\xAC\xF0\x9F\x94\x8C']"},
        {"[\"\xC3\xA9\"]", "['\xC3\xA9']"},
        {"{\"a\":{\"a\":{}},\"b\":[[],[[]]]}", "{a:{a:{}} b:[[] [[]]]}"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fixture f;
        int err =
            parse(&f, kw_conf_parse_json, rows[i].text, strlen(rows[i].text));

        assert_string_equal(first_finding(&f), "");
        assert_int_equal(err, 0);
        assert_tree(f.root, rows[i].tree);
        assert_int_equal(f.root->mark.line, 0);
        clean(&f);
    }
}

static void test_json_findings(void **state)
{
    static const char *const rows[] = {
        "",
        "  \n",
        "{",
        "[1,",
        "[1",
        "{\"a\"",
        "{\"a\" 1}",
        "{\"a\":",
        "{a:1}",
        "{\"a\":1,}",
        "[1,]",
        "[1 2]",
        "{\"a\":1;}",
        "{\"a\":[]]",
        "[}",
        "1 2",
        "[]x",
        "tru",
        "True",
        "NaN",
        "01",
        "-",
        "+1",
        "1.",
        "1e",
        "'x'",
        "\"x",
        "\"x\\",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\u12g4\"",
        "\"\\u0000\"",
        "\"\\ud83d\"",
        "\"\\ud83dx\"",
        "\"\\ud83d\\u0041\"",
        "\"\\udc00\"",
        "\"a\nb\"",
        "\"\xFF\"",
        "{\"a\":1,\"a\":2}",
        "1e999",
        "[123456789012345678901234567890]",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fixture f;
        int err = parse(&f, kw_conf_parse_json, rows[i], strlen(rows[i]));

        assert_non_null(strstr(first_finding(&f), ": not valid JSON: "));
        assert_int_equal(err, KW_EINVAL);
        assert_true(f.diag.items[0].mark.line > 0);
        clean(&f);
    }
}

static void test_json_empty_key(void **state)
{
    struct fixture f;

    (void)state;
    assert_int_equal(parse(&f, kw_conf_parse_json, "{\"\":1}", 6), KW_EINVAL);
    assert_string_equal(first_finding(&f), "f: an empty key");
    clean(&f);
}

/* What stands near an error may be a password: it isn't repeated. */
static void test_json_findings_quote_nothing(void **state)
{
    static const char text[] = "{\"password\":\"hunter2\" hunter3}";
    struct fixture f;

    (void)state;
    assert_int_equal(parse(&f, kw_conf_parse_json, text, sizeof(text) - 1),
                     KW_EINVAL);
    assert_null(strstr(first_finding(&f), "hunter"));
    clean(&f);
}

static void test_json_with_nul_bytes(void **state)
{
    struct fixture f;

    (void)state;
    assert_int_equal(parse(&f, kw_conf_parse_json, "1\0", 2), KW_EINVAL);
    clean(&f);
    assert_int_equal(parse(&f, kw_conf_parse_json, "\"\0\"", 3), KW_EINVAL);
    clean(&f);
    assert_int_equal(parse(&f, kw_conf_parse_json, "\"\\\0\"", 4), KW_EINVAL);
    clean(&f);
    assert_int_equal(parse(&f, kw_conf_parse_json, NULL, 0), KW_EINVAL);
    clean(&f);
    assert_int_equal(parse(&f, kw_conf_parse_yaml, "a: \0", 4), KW_EINVAL);
    assert_string_equal(first_finding(&f), "f:1:4: byte 0x00 is no UTF-8 text "
                                           "or a control character");
    clean(&f);
}

/* Depth, keys, key length, values and bytes: at the ceiling and one more. */
static void put_times(struct kw_buf *out, const char *text, unsigned times)
{
    for (unsigned i = 0; i < times; i++)
        kw_buf_put_text(out, text);
}

static void assert_parse(parse_fn *parser, struct kw_buf *text,
                         const char *finding)
{
    struct fixture f;
    int err;

    assert_int_equal(kw_buf_err(text), 0);
    err = parse(&f, parser, (const char *)text->data, text->length);
    if (finding == NULL) {
        assert_string_equal(first_finding(&f), "");
        assert_int_equal(err, 0);
    } else {
        assert_int_equal(err, KW_EINVAL);
        assert_non_null(strstr(first_finding(&f), finding));
    }
    clean(&f);
    kw_buf_reset(text);
}

static void test_ceilings(void **state)
{
    parse_fn *const parsers[] = {kw_conf_parse_yaml, kw_conf_parse_json};
    struct kw_buf text;

    (void)state;
    kw_buf_init(&text, 8 << 20);
    for (size_t p = 0; p < 2; p++) {
        parse_fn *parser = parsers[p];

        for (unsigned extra = 0; extra < 2; extra++) {
            put_times(&text, "[", KW_CONF_DEPTH + extra);
            put_times(&text, "]", KW_CONF_DEPTH + extra);
            assert_parse(parser, &text,
                         extra > 0 ? "nested more than 16 deep" : NULL);
            kw_buf_put_text(&text, "{");
            for (unsigned i = 0; i < KW_CONF_KEYS + extra; i++)
                kw_buf_printf(&text, "%s\"k%u\": 1", i > 0 ? "," : "", i);
            kw_buf_put_text(&text, "}");
            assert_parse(parser, &text,
                         extra > 0 ? "more than 512 keys in one map" : NULL);
            kw_buf_put_text(&text, "{\"");
            put_times(&text, "k", KW_CONF_KEY_BYTES + extra);
            kw_buf_put_text(&text, "\": 1}");
            assert_parse(parser, &text,
                         extra > 0 ? "a key of more than 128 bytes" : NULL);
            kw_buf_put_text(&text, "[1");
            put_times(&text, ",1", KW_CONF_NODES - 2 + extra);
            kw_buf_put_text(&text, "]");
            assert_parse(parser, &text,
                         extra > 0 ? "more than 262144 values" : NULL);
            kw_buf_put_text(&text, "1");
            put_times(&text, " ", KW_CONF_BYTES - 1 + extra);
            assert_parse(parser, &text,
                         extra > 0 && parser == kw_conf_parse_yaml
                             ? "larger than 4 MiB"
                             : NULL);
        }
    }
    kw_buf_fini(&text);
}

/* What a hostile text can take: some MiB of arena, whatever it says. */
static void test_memory_of_hostile_texts(void **state)
{
    struct fixture f;
    struct kw_buf text;

    (void)state;
    kw_buf_init(&text, 8 << 20);
    kw_buf_put_text(&text, "[1");
    put_times(&text, ",1", KW_CONF_NODES - 2);
    kw_buf_put_text(&text, "]");
    assert_int_equal(
        parse(&f, kw_conf_parse_json, (const char *)text.data, text.length), 0);
    assert_in_range(f.arena.used_bytes, 1, 28 << 20);
    clean(&f);
    kw_arena_init(&f.arena, 4096);
    kw_diag_init(&f.diag);
    assert_int_equal(kw_conf_parse_json((const char *)text.data, text.length,
                                        &f.arena, &f.root, &f.diag),
                     KW_ENOMEM);
    clean(&f);
    kw_buf_fini(&text);
}

static void test_places_of_paths(void **state)
{
    static const struct {
        const char *path;
        struct kw_mark mark;
    } rows[] = {
        {"", {1, 1}},
        {"site.timezone", {1, 19}},
        {"site.name", {1, 7}}, /* absent: what it would be in */
        {"http.listen[0]", {3, 13}},
        {"http.listen[1]", {3, 23}},
        {"http.listen[2]", {3, 11}},
        {"lines[1].tcp.host", {6, 28}},
        {"lines[0].tcp.host", {5, 21}}, /* the shorthand of the object */
        {"lines[1].serial.port", {6, 5}},
        {"lines.name", {5, 3}}, /* no map */
        {"http[0]", {3, 3}},    /* no list */
        {"nothing", {1, 1}},
    };
    static const char yaml[] = "site: { timezone: Nowhere }\n"
                               "http:\n"
                               "  listen: [ \"[::]:1\", b ]\n"
                               "lines:\n"
                               "  - { name: a, tcp: h }\n"
                               "  - { name: b, tcp: {host: i} }\n";
    struct kw_node *root = NULL;
    struct kw_arena arena;
    struct kw_diag diag;

    (void)state;
    kw_arena_init(&arena, 1 << 20);
    kw_diag_init(&diag);
    diag.file = "k.yaml";
    assert_int_equal(
        kw_conf_parse_yaml(yaml, strlen(yaml), &arena, &root, &diag), 0);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        (void)kw_diag_at(&diag, rows[i].path, "is odd");
    kw_diag_add(&diag, (struct kw_mark){9, 9}, "site", "has a place");
    diag.file = "map.csv";
    kw_diag_at(&diag, "site", "is of another file");
    diag.file = "k.yaml";
    kw_node_locate(root, &diag, 1);
    assert_int_equal(diag.items[0].mark.line, 0); /* before `from` */
    kw_node_locate(root, &diag, 0);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct kw_mark mark = diag.items[i].mark;

        if (mark.line != rows[i].mark.line ||
            mark.column != rows[i].mark.column)
            fail_msg("%s: %u:%u", rows[i].path, mark.line, mark.column);
    }
    assert_int_equal(diag.items[diag.count - 2].mark.line, 9);
    assert_int_equal(diag.items[diag.count - 1].mark.line, 0);
    kw_diag_fini(&diag);
    kw_arena_fini(&arena);
}

static void test_literals(void **state)
{
    static const char *const yes[] = {"0",     "-0",   "10",     "-1.5",
                                      "1e5",   "1E+5", "0.1e-2", "true",
                                      "false", "null"};
    static const char *const no[] = {"",     "-",  "01",  "+1",    ".5",
                                     "5.",   "1e", "1e+", "0x10",  "True",
                                     "400A", "1 ", "--1", "1.2.3", "NaN"};

    (void)state;
    for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
        assert_true(kw_conf_is_literal(yes[i]));
    for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
        assert_false(kw_conf_is_literal(no[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_yaml_trees),
        cmocka_unit_test(test_yaml_findings),
        cmocka_unit_test(test_yaml_findings_come_together),
        cmocka_unit_test(test_yaml_marks),
        cmocka_unit_test(test_json_trees),
        cmocka_unit_test(test_json_findings),
        cmocka_unit_test(test_json_empty_key),
        cmocka_unit_test(test_json_findings_quote_nothing),
        cmocka_unit_test(test_json_with_nul_bytes),
        cmocka_unit_test(test_ceilings),
        cmocka_unit_test(test_memory_of_hostile_texts),
        cmocka_unit_test(test_places_of_paths),
        cmocka_unit_test(test_literals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
