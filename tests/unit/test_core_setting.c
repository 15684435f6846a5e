/* SPDX-License-Identifier: Apache-2.0 */
/* Rows against a configuration: what is filled in, and rules between values. */
#include "setting_rows.h"

#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void test_defaults(void **state)
{
    struct fixture f;

    (void)state;
    read_conf(&f, "");
    assert_string_equal(findings(&f), "");
    assert_int_equal(f.err, 0);
    assert_string_equal(f.conf.site, "here");
    assert_int_equal(f.conf.lines.count, 0);
    assert_null(f.conf.lines.items);
    assert_true(f.conf.size_bytes == UINT64_C(8589934592));
    assert_null(f.conf.listen);
    assert_int_equal(f.conf.polling.fast_ms, 1000);
    assert_int_equal(f.conf.polling.slow_ms, 60000);
    clean(&f);
}

static void test_everything_given(void **state)
{
    const struct line *lines;
    const struct meter *meters;
    const struct sum *sums;
    struct fixture f;

    (void)state;
    read_conf(&f,
              "site: 5\n"
              "lines:\n"
              "  - name: panel\n"
              "    serial: { port: /dev/ttyUSB0, baud: 38400, parity: odd }\n"
              "  - { name: office, tcp: 192.0.2.20 }\n"
              "meters:\n"
              "  - { name: a, line: panel, unit: 16, every: 500ms, labels: }\n"
              "  - { name: b, line: office, unit: 247, ratio: 400A,\n"
              "      every: { slow: 5min }, invert: true,\n"
              "      labels: { zone: north, floor: 2 } }\n"
              "virtual: [ { name: rest, sum: [ a, b ] }, "
              "{ name: all, sum: [ rest ] } ]\n"
              "size: 512MiB\n"
              "listen: \"[::]:8443\"\n"
              "secret: mail-password\n"
              "from: 06:30\n"
              "path: certs/own.pem\n"
              "polling:\n");
    assert_string_equal(findings(&f), "");
    assert_int_equal(f.err, 0);
    assert_string_equal(f.conf.site, "5");
    lines = f.conf.lines.items;
    assert_int_equal(f.conf.lines.count, 2);
    assert_string_equal(lines[0].name, "panel");
    assert_string_equal(lines[0].serial->port, "/dev/ttyUSB0");
    assert_int_equal(lines[0].serial->baud, 38400);
    assert_int_equal(lines[0].serial->parity, 2);
    assert_int_equal(lines[0].serial->timeout_ms, 1000);
    assert_null(lines[0].tcp);
    assert_null(lines[1].serial);
    assert_string_equal(lines[1].tcp->host, "192.0.2.20");
    assert_int_equal(lines[1].tcp->port, 502);
    meters = f.conf.meters.items;
    assert_int_equal(meters[0].unit, 16);
    assert_int_equal(meters[0].every.fast_ms, 500);
    assert_int_equal(meters[0].every.slow_ms, 60000);
    assert_true(meters[0].ratio == 1.0);
    assert_false(meters[0].invert);
    assert_true(meters[1].ratio == 400.0);
    assert_int_equal(meters[1].every.fast_ms, 1000);
    assert_int_equal(meters[1].every.slow_ms, 300000);
    assert_true(meters[1].invert);
    assert_int_equal(meters[1].labels.count, 2);
    assert_string_equal(meters[1].labels.items[1].key, "floor");
    assert_string_equal(meters[1].labels.items[1].value, "2");
    sums = f.conf.virtuals.items;
    assert_int_equal(sums[0].sum.count, 2);
    assert_string_equal(sums[0].sum.items[1], "b");
    assert_string_equal(sums[1].sum.items[0], "rest");
    assert_true(f.conf.size_bytes == UINT64_C(536870912));
    assert_string_equal(f.conf.listen, "[::]:8443");
    assert_string_equal(f.conf.secret, "mail-password");
    assert_string_equal(f.conf.from, "06:30");
    assert_string_equal(f.conf.path, "certs/own.pem");
    assert_int_equal(f.conf.polling.slow_ms, 60000);
    clean(&f);
}

static void test_references(void **state)
{
    static const struct {
        const char *text, *finding;
    } cases[] = {
        {"virtual: [{name: v, sum: [w]}]\n",
         "f:1:27: virtual[0].sum[0]: there is no \"w\" in meters or virtual, "
         "did you mean \"v\"?\n"},
        {"virtual: [{sum: [www]}]\n", "f:1:18: virtual[0].sum[0]: there is no "
                                      "\"www\": meters or virtual has "
                                      "no names\n"},
        {"virtual: [{name: v, sum: [v, v]}]\n",
         "f:1:30: virtual[0].sum[1]: \"v\" is used already by "
         "virtual[0].sum[0] "
         "on line 1\n"},
        {"virtual: [{name: v, sum: []}]\n",
         "f:1:26: virtual[0].sum: has 0 items, expected 1 to 4\n"},
        {"virtual: [{name: v, sum: {}}]\n",
         "f:1:26: virtual[0].sum: is a map, expected a list of texts with 1 to "
         "4 items\n"},
        {"meters: {name: v}\nvirtual: [{sum: [www]}, {name: [v], sum: "
         "[www]}]\n",
         "f:1:9: meters: is a map, expected a list of maps\n"
         "f:2:18: virtual[0].sum[0]: there is no \"www\": meters or virtual "
         "has "
         "no names\n"
         "f:2:32: virtual[1].name: is a list, expected a name of letters, "
         "digits, '_' and '-', at most 63\n"
         "f:2:43: virtual[1].sum[0]: there is no \"www\": meters or virtual "
         "has "
         "no names\n"},
        {"virtual: [{name: v, sum: w}]\n",
         "f:1:26: virtual[0].sum[0]: there is no \"w\" in meters or virtual, "
         "did you mean \"v\"?\n"},
        {"virtual: [{name: v, sum: [[]]}]\n",
         "f:1:27: virtual[0].sum[0]: is a list, expected a text of 1 to 255 "
         "bytes\n"},
        {"virtual: [{name: a-long-name, sum: [a-long-name]}, {name: "
         "b-long-name,"
         " sum: [a-long-name]}, {name: c, sum: [q-q-q-q-q-q]},\n"
         " {name: d, sum: [c]}, {name: e, sum: [c]}, {name: f, sum: [c]},\n"
         " {name: g, sum: [c]}, {name: h, sum: [c]}, {name: i, sum: [c]}]\n",
         "f:1:109: virtual[2].sum[0]: there is no \"q-q-q-q-q-q\" in meters or "
         "virtual\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fixture f;

        read_conf(&f, cases[i].text);
        assert_string_equal(findings(&f), cases[i].finding);
        clean(&f);
    }
}

/* Names that are too many bytes to be listed, although they are few. */
static void test_long_names_are_not_listed(void **state)
{
    struct fixture f;

    (void)state;
    read_conf(&f,
              "virtual:\n"
              "- {name: a-name-of-sixty-characters-or-so-which-is-quite-long-"
              "1, sum: zzz}\n"
              "- {name: a-name-of-sixty-characters-or-so-which-is-quite-long-"
              "2, sum: zzz}\n"
              "- {name: a-name-of-sixty-characters-or-so-which-is-quite-long-"
              "3, sum: zzz}\n"
              "- {name: a-name-of-sixty-characters-or-so-which-is-quite-long-"
              "4, sum: zzz}\n");
    assert_int_equal(f.diag.count, 4);
    assert_string_equal(f.diag.items[0].text,
                        "there is no \"zzz\" in meters or virtual");
    clean(&f);
}

/* A section of a table behind 64 others is known all the same. */
static void test_many_sections(void **state)
{
    static char names[70][8];
    struct kw_setting many[71] = {0}, last[] = {rows[0], {0}};
    const struct kw_setting *const tables[] = {many, last, NULL};
    struct kw_node child = {.kind = KW_NODE_NULL, .key = "site"};
    const struct kw_node map = {
        .kind = KW_NODE_MAP, .first = &child, .count = 1};
    struct kw_diag diag;

    (void)state;
    for (size_t i = 0; i < 70; i++) {
        snprintf(names[i], sizeof(names[i]), "key%zu", i);
        many[i] = (struct kw_setting){.key = names[i], .kind = KW_KIND_TEXT};
    }
    kw_diag_init(&diag);
    kw_settings_unknown(tables, &map, &diag);
    assert_false(kw_diag_any(&diag));
    child.key = "zebra";
    kw_settings_unknown(tables, &map, &diag);
    assert_string_equal(diag.items[0].text, "unknown key \"zebra\"");
    kw_diag_fini(&diag);
}

/* Many alternatives and many long keys: cut, never overrun. */
static void test_long_keys_are_cut(void **state)
{
    static char names[10][48];
    struct kw_setting many[11] = {0};
    struct kw_node child = {.kind = KW_NODE_NULL, .key = "zebra"};
    const struct kw_node map = {
        .kind = KW_NODE_MAP, .first = &child, .count = 1};
    const char *out[10];
    struct fixture f;

    (void)state;
    for (size_t i = 0; i < 10; i++) {
        snprintf(names[i], sizeof(names[i]),
                 "a-key-of-more-than-thirty-letters-"
                 "%zu",
                 i);
        many[i] = (struct kw_setting){
            .key = names[i], .kind = KW_KIND_TEXT, .flags = KW_ONE_OF};
    }
    kw_arena_init(&f.arena, 1 << 20);
    kw_diag_init(&f.diag);
    assert_int_equal(kw_settings_read(many, &map, NULL, out, &f.arena, &f.diag),
                     KW_EINVAL);
    assert_int_equal(f.diag.count, 2);
    assert_string_equal(f.diag.items[1].text, "unknown key \"zebra\"");
    clean(&f);
}

/* One text without a list, also as the default; an object's default is its
 * shorthand. */
static void test_single_texts_and_presets(void **state)
{
    static const struct kw_setting preset_rows[] = {
        {.key = "sum",
         .kind = KW_KIND_TEXTS,
         .preset = "[::]:8443",
         .offset = offsetof(struct sum, sum)},
        {0},
    };
    static const struct kw_setting object_rows[] = {
        {.key = "every",
         .kind = KW_KIND_OBJECT,
         .rows = every_rows,
         .shorthand = "fast",
         .preset = "5s"},
        {0},
    };
    struct every every = {0};
    struct sum sum = {0};
    const struct sum *sums;
    struct fixture f;

    (void)state;
    read_conf(&f, "virtual: [{name: v, sum: v}]\n");
    assert_string_equal(findings(&f), "");
    sums = f.conf.virtuals.items;
    assert_int_equal(sums[0].sum.count, 1);
    assert_string_equal(sums[0].sum.items[0], "v");
    assert_int_equal(
        kw_settings_read(preset_rows, NULL, NULL, &sum, &f.arena, &f.diag), 0);
    assert_int_equal(sum.sum.count, 1);
    assert_string_equal(sum.sum.items[0], "[::]:8443");
    assert_int_equal(
        kw_settings_read(object_rows, NULL, NULL, &every, &f.arena, &f.diag),
        0);
    assert_int_equal(every.fast_ms, 5000);
    assert_int_equal(every.slow_ms, 60000);
    clean(&f);
}

/* An item given by the list's shorthand counts like one that is a map. */
static void test_shorthand_items(void **state)
{
    struct fixture f;

    (void)state;
    read_conf(&f, "virtual:\n- v\n- {name: v, sum: [v]}\n");
    assert_string_equal(
        findings(&f),
        "f:2:3: virtual[0]: the key \"sum\" is missing, expected a list of "
        "texts with 1 to 4 items\n"
        "f:3:10: virtual[1].name: \"v\" is used already by virtual[0] on line "
        "2\n"
        "");
    clean(&f);
}

static void test_texts_twice_in_a_body(void **state)
{
    static const char text[] = "{\"sum\":[\"b\",\"a\",\"b\",\"b\"]}";
    struct kw_node *root = NULL;
    struct sum sum = {0};
    struct fixture f;

    (void)state;
    kw_arena_init(&f.arena, 1 << 20);
    kw_diag_init(&f.diag);
    assert_int_equal(
        kw_conf_parse_json(text, sizeof(text) - 1, &f.arena, &root, &f.diag),
        0);
    assert_int_equal(
        kw_settings_read(sum_rows, root, NULL, &sum, &f.arena, &f.diag),
        KW_EINVAL);
    assert_string_equal(findings(&f),
                        "sum[2]: \"b\" is used already by sum[0]\n"
                        "sum[3]: \"b\" is used already by sum[0]\n");
    clean(&f);
}

/* From JSON there are no lines; a body is strict about its keys. */
static void test_json_body(void **state)
{
    static const char text[] =
        "{\"name\":\"m\",\"line\":\"anything\",\"unit\":5,\"ratio\":\"2.5A\","
        "\"labels\":{},\"colour\":1}";
    static const char twice[] =
        "[{\"name\":\"v\",\"sum\":[\"a\"]},{\"name\":\"v\",\"sum\":[\"b\"]}]";
    struct kw_node *root = NULL, map = {.kind = KW_NODE_MAP, .count = 1};
    struct meter meter = {0};
    struct conf conf = {0};
    struct fixture f;

    (void)state;
    kw_arena_init(&f.arena, 1 << 20);
    kw_diag_init(&f.diag);
    assert_int_equal(
        kw_conf_parse_json(text, sizeof(text) - 1, &f.arena, &root, &f.diag),
        0);
    assert_int_equal(
        kw_settings_read(meter_rows, root, NULL, &meter, &f.arena, &f.diag),
        KW_EINVAL);
    assert_string_equal(findings(&f),
                        "unknown key \"colour\", expected one of name, line, "
                        "unit, ratio, every, labels, invert\n");
    assert_string_equal(meter.line, "anything");
    assert_true(meter.ratio == 2.5);
    kw_diag_fini(&f.diag);
    assert_int_equal(kw_conf_parse_json(twice, sizeof(twice) - 1, &f.arena,
                                        &map.first, &f.diag),
                     0);
    map.first->key = "virtual";
    assert_int_equal(
        kw_settings_read(rows, &map, NULL, &conf, &f.arena, &f.diag),
        KW_EINVAL);
    assert_string_equal(
        findings(&f), "virtual[1].name: \"v\" is used already by virtual[0]\n");
    kw_diag_fini(&f.diag);
    assert_int_equal(kw_settings_read(meter_rows, map.first, NULL, &meter,
                                      &f.arena, &f.diag),
                     KW_EINVAL);
    assert_string_equal(findings(&f), "is a list, expected a map\n");
    clean(&f);
}

static void test_no_body(void **state)
{
    struct every every = {0};
    struct fixture f;

    (void)state;
    kw_arena_init(&f.arena, 1 << 20);
    kw_diag_init(&f.diag);
    assert_int_equal(
        kw_settings_read(every_rows, NULL, NULL, &every, &f.arena, &f.diag), 0);
    assert_int_equal(every.fast_ms, 1000);
    clean(&f);
}

/* Foreign sections are no business of one module's rows. */
static void test_sections_of_several_tables(void **state)
{
    static const struct kw_setting other[] = {
        {.key = "http", .kind = KW_KIND_TEXT}, {0}};
    const struct kw_setting *const tables[] = {rows, other, NULL};
    const struct kw_setting *const none[] = {NULL};
    static const char text[] = "http: x\nsite: y\nhtpp: z\n";
    struct kw_node *root = NULL;
    struct conf conf = {0};
    struct fixture f;

    (void)state;
    kw_arena_init(&f.arena, 1 << 20);
    kw_diag_init(&f.diag);
    assert_int_equal(
        kw_conf_parse_yaml(text, sizeof(text) - 1, &f.arena, &root, &f.diag),
        0);
    assert_int_equal(
        kw_settings_read(rows, root, root, &conf, &f.arena, &f.diag), 0);
    kw_settings_unknown(tables, root, &f.diag);
    assert_string_equal(findings(&f),
                        "unknown key \"htpp\", did you mean \"http\"?\n");
    kw_diag_fini(&f.diag);
    kw_settings_unknown(none, root, &f.diag);
    assert_int_equal(f.diag.count, 3);
    clean(&f);
}

static void test_long_lists_of_keys_are_left_out(void **state)
{
    static const char *const keys[] = {
        "alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf",
        "hotel", "india", "juliett", "kilo",  "lima", "mike"};
    struct kw_setting many[14] = {0};
    struct kw_node child = {.kind = KW_NODE_NULL, .key = "zzzzzz"};
    const struct kw_node map = {
        .kind = KW_NODE_MAP, .first = &child, .count = 1};
    struct fixture f;
    const char *out[13] = {0};

    (void)state;
    for (size_t i = 0; i < 13; i++)
        many[i] = (struct kw_setting){
            .key = keys[i], .kind = KW_KIND_TEXT, .offset = i * sizeof(out[0])};
    kw_arena_init(&f.arena, 1 << 20);
    kw_diag_init(&f.diag);
    assert_int_equal(kw_settings_read(many, &map, NULL, out, &f.arena, &f.diag),
                     KW_EINVAL);
    assert_string_equal(findings(&f), "unknown key \"zzzzzz\"\n");
    clean(&f);
}

/* A thousand meters are checked in a moment. */
static void test_large_sites(void **state)
{
    struct fixture f;
    struct kw_buf text;

    (void)state;
    kw_buf_init(&text, 1 << 20);
    kw_buf_put_text(&text, "lines: [{name: p, tcp: h}]\nmeters:\n");
    for (unsigned i = 0; i < 3000; i++)
        kw_buf_printf(&text, "- {name: m%u, line: p, unit: %u}\n", i,
                      i % 247 + 1);
    kw_buf_put_text(&text, "virtual: [{name: v, sum: [m0, m1500, m2999]}]\n");
    read_conf(&f, kw_buf_text(&text));
    assert_string_equal(findings(&f), "");
    assert_int_equal(f.conf.meters.count, 3000);
    clean(&f);
    kw_buf_fini(&text);
}

static void test_too_many_items(void **state)
{
    struct fixture f;
    struct kw_buf text;

    (void)state;
    kw_buf_init(&text, 1 << 20);
    kw_buf_put_text(&text, "meters: [1");
    for (unsigned i = 0; i < 10000; i++)
        kw_buf_put_text(&text, ",1");
    kw_buf_put_text(&text, "]\n");
    read_conf(&f, kw_buf_text(&text));
    assert_string_equal(findings(&f), "f:1:9: meters: has 10001 items, "
                                      "expected at most 10000\n");
    clean(&f);
    kw_buf_fini(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_everything_given),
        cmocka_unit_test(test_references),
        cmocka_unit_test(test_long_names_are_not_listed),
        cmocka_unit_test(test_many_sections),
        cmocka_unit_test(test_long_keys_are_cut),
        cmocka_unit_test(test_texts_twice_in_a_body),
        cmocka_unit_test(test_single_texts_and_presets),
        cmocka_unit_test(test_shorthand_items),
        cmocka_unit_test(test_json_body),
        cmocka_unit_test(test_no_body),
        cmocka_unit_test(test_sections_of_several_tables),
        cmocka_unit_test(test_long_lists_of_keys_are_left_out),
        cmocka_unit_test(test_large_sites),
        cmocka_unit_test(test_too_many_items),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
