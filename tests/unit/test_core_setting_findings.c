/* SPDX-License-Identifier: Apache-2.0 */
/* Every finding about a wrong configuration, word for word. */
#include "setting_rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* One finding each: place, path, value, and what was expected. */
static void test_single_findings(void **state)
{
    static const struct {
        const char *text, *finding;
    } cases[] = {
        /* unknown keys */
        {"sit: x\n", "f:1:1: unknown key \"sit\", did you mean \"site\"?\n"},
        {"zebra: x\n",
         "f:1:1: unknown key \"zebra\", expected one of site, lines, meters, "
         "virtual, size, listen, secret, from, path, polling\n"},
        {"lines: [{name: a, tcp: {host: h, prot: 1}}]\n",
         "f:1:34: lines[0].tcp: unknown key \"prot\", did you mean "
         "\"port\"?\n"},
        {"polling: {quick: 1s}\n",
         "f:1:11: polling: unknown key \"quick\", expected one of fast, "
         "slow\n"},
        /* wrong kinds */
        {"- 1\n", "f:1:1: is a list, expected a map of sections\n"},
        {"text\n", "f:1:1: is a text, expected a map of sections\n"},
        {"site: [x]\n",
         "f:1:7: site: is a list, expected a text of 1 to 8 bytes\n"},
        {"site: {a: x}\n",
         "f:1:7: site: is a map, expected a text of 1 to 8 bytes\n"},
        {"site:\n", "f:1:6: site: is empty, expected a text of 1 to 8 bytes\n"},
        {"lines: x\n",
         "f:1:8: lines: is a text, expected a list of maps with at most 3 "
         "items\n"},
        {"lines: {}\n",
         "f:1:8: lines: is a map, expected a list of maps with at most 3 "
         "items\n"},
        {"lines: [x]\n", "f:1:9: lines[0]: is a text, expected a map\n"},
        {"meters: [[1]]\n", "f:1:10: meters[0]: is a list, expected a map\n"},
        {"polling: 5\n",
         "f:1:10: polling: is a single value, expected a map\n"},
        {"polling: '5'\n", "f:1:10: polling: is a text, expected a map\n"},
        {"polling: abc\n", "f:1:10: polling: is a text, expected a map\n"},
        {"polling: {fast: '5'}\n", "f:1:17: polling.fast: \"5\" is not valid, "
                                   "expected a duration such as "
                                   "1s or 1min30s of at least 100ms\n"},
        {"polling: []\n", "f:1:10: polling: is a list, expected a map\n"},
        /* texts */
        {"site: much too long\n",
         "f:1:7: site: \"much too long\" is out of range, expected a text of 1 "
         "to 8 bytes\n"},
        {"site: ''\n",
         "f:1:7: site: \"\" is out of range, expected a text of 1 "
         "to 8 bytes\n"},
        {"site: \"a\\tb\"\n",
         "f:1:7: site: \"a\\x09b\" is not valid, expected a text of 1 to 8 "
         "bytes\n"},
        /* sizes, addresses, times, secrets */
        {"size: 100\n", "f:1:7: size: 100 is not valid, expected a size such "
                        "as 512MiB from 1MiB to 1TiB\n"},
        {"size: 1KiB\n", "f:1:7: size: \"1KiB\" is out of range, expected a "
                         "size such as 512MiB from 1MiB to 1TiB\n"},
        {"listen: 8443\n",
         "f:1:9: listen: 8443 is not valid, expected an address such as "
         "192.0.2.1:8443 or \"[::]:8443\"\n"},
        {"from: 24:01\n",
         "f:1:7: from: \"24:01\" is out of range, expected a time of day from "
         "\"00:00\" to \"24:00\"\n"},
        {"secret: hunter 2!\n",
         "f:1:9: secret: the value is not valid, expected the name of a "
         "secret\n"},
        {"path: ''\n", "f:1:7: path: \"\" is out of range, expected a path\n"},
        /* one of */
        {"lines: [{name: a}]\n",
         "f:1:9: lines[0]: expected one of serial, tcp\n"},
        {"lines: [{name: a, serial: {port: p}, tcp: h}]\n",
         "f:1:38: lines[0]: \"serial\" and \"tcp\" exclude each other, "
         "expected only one\n"},
        {"lines: [{name: a, serial: {}}]\n",
         "f:1:27: lines[0].serial: the key \"port\" is missing, expected a "
         "path\n"},
        {"lines: [{name: a, serial: }]\n",
         "f:1:27: lines[0].serial: the key \"port\" is missing, expected a "
         "path\n"},
        /* missing */
        {"lines: [{tcp: h}]\n",
         "f:1:9: lines[0]: the key \"name\" is missing, expected a name of "
         "letters, digits, '_' and '-', at most 63\n"},
        /* keywords */
        {"lines: [{name: a, serial: {port: p, parity: evn}}]\n",
         "f:1:45: lines[0].serial.parity: \"evn\" is not valid, did you mean "
         "\"even\"? expected one of none, even, odd\n"},
        {"lines: [{name: a, serial: {port: p, parity: marks}}]\n",
         "f:1:45: lines[0].serial.parity: \"marks\" is not valid, expected one "
         "of none, even, odd\n"},
        /* durations */
        {"polling: {fast: 1}\n",
         "f:1:17: polling.fast: 1 is not valid, expected a duration such as 1s "
         "or 1min30s of at least 100ms\n"},
        {"polling: {fast: 50ms}\n",
         "f:1:17: polling.fast: \"50ms\" is out of range, expected a duration "
         "such as 1s or 1min30s of at least 100ms\n"},
        {"lines: [{name: a, serial: {port: p, timeout: 2min}}]\n",
         "f:1:46: lines[0].serial.timeout: \"2min\" is out of range, expected "
         "a duration such as 1s or 1min30s from 50ms to 1min\n"},
        /* count */
        {"lines: [{name: a, tcp: h}, {name: b, tcp: h}, {name: c, tcp: h}, "
         "{name: d, tcp: h}]\n",
         "f:1:8: lines: has 4 items, expected at most 3\n"},
        /* uniqueness */
        {"lines:\n- {name: a, tcp: h}\n- {name: b, tcp: h}\n"
         "- {name: a, tcp: h}\n",
         "f:4:10: lines[2].name: \"a\" is used already by lines[0] on line "
         "2\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fixture f;

        read_conf(&f, cases[i].text);
        assert_string_equal(findings(&f), cases[i].finding);
        assert_int_equal(f.err, KW_EINVAL);
        clean(&f);
    }
}

/* The same for keys of a meter: the text stands behind "unit: 1, ". */
static void test_meter_findings(void **state)
{
    static const struct {
        const char *text, *finding;
    } cases[] = {
        {"name: m, line: p, unit: 300",
         "f:3:29: meters[0].unit: 300 is out of range, expected a whole number "
         "from 1 to 247\n"},
        {"name: m, line: p, unit: 0",
         "f:3:29: meters[0].unit: 0 is out of range, expected a whole number "
         "from 1 to 247\n"},
        {"name: m, line: p, unit: abc", "f:3:29: meters[0].unit: \"abc\" is "
                                        "not valid, expected a whole number "
                                        "from 1 to 247\n"},
        {"name: m, line: p, unit: 1.5",
         "f:3:29: meters[0].unit: 1.5 is not valid, expected a whole number "
         "from 1 to 247\n"},
        {"name: m, line: p, unit: '5'",
         "f:3:29: meters[0].unit: \"5\" is not valid, expected a whole number "
         "from 1 to 247 without quotes\n"},
        {"name: m, line: p, unit: \"010\"",
         "f:3:29: meters[0].unit: \"010\" is not valid, expected a whole "
         "number "
         "from 1 to 247 without quotes\n"},
        {"name: m, line: p, unit: \"0x0A\"",
         "f:3:29: meters[0].unit: \"0x0A\" is not valid, expected a whole "
         "number from 1 to 247 without quotes\n"},
        {"name: m, line: p, unit: 0x0A",
         "f:3:29: meters[0].unit: \"0x0A\" is not valid, expected a whole "
         "number from 1 to 247\n"},
        {"name: m, line: p, unit: 99999999999999999999",
         "f:3:29: meters[0].unit: \"99999999999999999999\" is out of range, "
         "expected a whole number from 1 to 247\n"},
        {"name: m, line: p, unit: 1, ratio: 400V",
         "f:3:39: meters[0].ratio: \"400V\" is not valid, expected a number "
         "from 0.001 to 10000 in A\n"},
        {"name: m, line: p, unit: 1, ratio: 400 A",
         "f:3:39: meters[0].ratio: \"400 A\" is not valid, expected a number "
         "from 0.001 to 10000 in A\n"},
        {"name: m, line: p, unit: 1, ratio: A",
         "f:3:39: meters[0].ratio: \"A\" is not valid, expected a number from "
         "0.001 to 10000 in A\n"},
        {"name: m, line: p, unit: 1, ratio: \"1\"",
         "f:3:39: meters[0].ratio: \"1\" is not valid, expected a number from "
         "0.001 to 10000 in A without quotes\n"},
        {"name: m, line: p, unit: 1, ratio: -5",
         "f:3:39: meters[0].ratio: -5 is out of range, expected a number from "
         "0.001 to 10000 in A\n"},
        {"name: m, line: p, unit: 1, invert: yes",
         "f:3:40: meters[0].invert: \"yes\" is not valid, expected true or "
         "false; yes, no, on and off are texts here\n"},
        {"name: m, line: p, unit: 1, invert: maybe",
         "f:3:40: meters[0].invert: \"maybe\" is not valid, expected true or "
         "false\n"},
        {"name: m, line: p, unit: 1, invert: 1",
         "f:3:40: meters[0].invert: 1 is not valid, expected true or false\n"},
        {"name: m, line: p, unit: 1, invert: 'true'",
         "f:3:40: meters[0].invert: \"true\" is not valid, expected true or "
         "false without quotes\n"},
        {"name: m, line: p, unit: 1, every: 10",
         "f:3:39: meters[0].every.fast: 10 is not valid, expected a duration "
         "such as 1s or 1min30s of at least 100ms\n"},
        {"name: a b, line: p, unit: 1",
         "f:3:11: meters[0].name: \"a b\" is not valid, expected a name of "
         "letters, digits, '_' and '-', at most 63\n"},
        {"name: m, line: panle, unit: 1",
         "f:3:20: meters[0].line: there is no \"panle\" in lines, did you mean "
         "\"panel\"?\n"},
        {"name: m, line: zoo, unit: 1", "f:3:20: meters[0].line: there is no "
                                        "\"zoo\" in lines, expected one of "
                                        "p, panel\n"},
        {"name: m, line: '', unit: 1",
         "f:3:20: meters[0].line: \"\" is out of range, expected a name from "
         "lines\n"},
        {"name: m, line: p, unit: 1, labels: [a]",
         "f:3:40: meters[0].labels: is a list, expected a map of names with a "
         "text each with at most 3 items\n"},
        {"name: m, line: p, unit: 1, labels: {a: {}}",
         "f:3:44: meters[0].labels.a: is a map, expected a text of 1 to 255 "
         "bytes\n"},
        {"name: m, line: p, unit: 1, labels: {a: }",
         "f:3:44: meters[0].labels.a: is empty, expected a text of 1 to 255 "
         "bytes\n"},
        {"name: m, line: p, unit: 1, labels: {a b: x}",
         "f:3:41: meters[0].labels: \"a b\" is no name, expected letters, "
         "digits, '_' and '-', at most 63\n"},
        {"name: m, line: p, unit: 1, labels: {a: 1, b: 2, c: 3, d: 4}",
         "f:3:40: meters[0].labels: has 4 items, expected at most 3\n"},
        {"name: much-longer-than-any-name-may-be-much-longer-than-any-name-may-"
         "be, line: p, unit: 1",
         "f:3:11: meters[0].name: \"much-longer-than-any-name-may-be-much-lo..."
         "\" is not valid, expected a name of letters, digits, '_' and '-', at "
         "most 63\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fixture f;
        char text[512];

        snprintf(text, sizeof(text),
                 "lines: [{name: panel, tcp: h}, {name: p, tcp: h}]\n"
                 "meters:\n- { %s }\n",
                 cases[i].text);
        read_conf(&f, text);
        assert_string_equal(findings(&f), cases[i].finding);
        assert_int_equal(f.err, KW_EINVAL);
        clean(&f);
    }
}

static void test_all_findings_at_once(void **state)
{
    struct fixture f;

    (void)state;
    read_conf(&f, "sitee: x\n"
                  "lines:\n"
                  "  - { name: p, tcp: { host: h, port: 70000 } }\n"
                  "  - { name: p, baud: 9600 }\n"
                  "meters:\n"
                  "  - { name: m, line: q }\n"
                  "  - { name: m, line: p, unit: x }\n"
                  "size: 5\n");
    kw_diag_sort(&f.diag);
    assert_string_equal(
        findings(&f),
        "f:1:1: unknown key \"sitee\", did you mean \"site\"?\n"
        "f:3:38: lines[0].tcp.port: 70000 is out of range, expected a whole "
        "number from 1 to 65535\n"
        "f:4:5: lines[1]: expected one of serial, tcp\n"
        "f:4:13: lines[1].name: \"p\" is used already by lines[0] on line 3\n"
        "f:4:16: lines[1]: unknown key \"baud\", expected one of name, serial, "
        "tcp\n"
        "f:6:5: meters[0]: the key \"unit\" is missing, expected a whole "
        "number "
        "from 1 to 247\n"
        "f:6:22: meters[0].line: there is no \"q\" in lines, did you mean "
        "\"p\"?\n"
        "f:7:13: meters[1].name: \"m\" is used already by meters[0] on line 6\n"
        "f:7:31: meters[1].unit: \"x\" is not valid, expected a whole number "
        "from 1 to 247\n"
        "f:8:7: size: 5 is not valid, expected a size such as 512MiB from 1MiB "
        "to 1TiB\n");
    clean(&f);
}

struct twin {
    const char *name, *port;
};

/* A scalar stands for the port, of which two may be the same; names not. */
static void test_unique_beside_a_shorthand(void **state)
{
    static const struct kw_setting twin_rows[] = {
        {.key = "name",
         .kind = KW_KIND_TEXT,
         .flags = KW_UNIQUE,
         .offset = offsetof(struct twin, name)},
        {.key = "port",
         .kind = KW_KIND_TEXT,
         .offset = offsetof(struct twin, port)},
        {0},
    };
    static const struct kw_setting twins[] = {
        {.key = "twins",
         .kind = KW_KIND_LIST,
         .rows = twin_rows,
         .size = sizeof(struct twin),
         .shorthand = "port"},
        {0},
    };
    static const struct {
        const char *text;
        size_t findings;
    } cases[] = {
        {"twins: [a, a, b]", 0},
        {"twins: [a, {name: a}, {name: b}]", 0},
        {"twins: [{name: a}, {name: a}]", 1},
        {"twins: [{name: a}, x, {name: a}, x, {name: a}]", 2},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct kw_list_of list = {NULL, 0};
        struct kw_node *root = NULL;
        struct kw_arena arena;
        struct kw_diag diag;

        kw_arena_init(&arena, 1 << 16);
        kw_diag_init(&diag);
        assert_int_equal(kw_conf_parse_yaml(cases[i].text,
                                            strlen(cases[i].text), &arena,
                                            &root, &diag),
                         0);
        assert_int_equal(
            kw_settings_read(twins, root, root, &list, &arena, &diag),
            cases[i].findings > 0 ? KW_EINVAL : 0);
        assert_int_equal(diag.count, cases[i].findings);
        kw_diag_fini(&diag);
        kw_arena_fini(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unique_beside_a_shorthand),
        cmocka_unit_test(test_single_findings),
        cmocka_unit_test(test_meter_findings),
        cmocka_unit_test(test_all_findings_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
