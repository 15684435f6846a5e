/* SPDX-License-Identifier: Apache-2.0 */
/* Single values by kind, and what is said about wrong ones. */
#include "core/setting_value.h"

#include "core/conf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char *const words[] = {"none", "even", "odd", NULL};

union value {
    bool flag;
    int word;
    int64_t whole;
    uint64_t bytes;
    double real;
    const char *text;
};

static int read_value(const struct kw_setting *row, const char *text,
                      union value *value)
{
    static struct kw_arena arena;
    struct kw_diag diag;
    int err;

    kw_arena_fini(&arena);
    kw_arena_init(&arena, 1 << 16);
    kw_diag_init(&diag);
    memset(value, 0, sizeof(*value));
    err = kw_setting_read_text(row, text, value, &arena, &diag);
    assert_int_equal(diag.count, err == KW_EINVAL);
    kw_diag_fini(&diag);
    return err;
}

/* Texts that a row takes, and texts that it refuses. */
struct texts {
    struct kw_setting row;
    const char *good[12], *bad[20];
};

static void test_good_and_bad_texts(void **state)
{
    static const struct texts cases[] = {
        {{.key = "k", .kind = KW_KIND_BOOL},
         {"true", "false"},
         {"", "1", "True", "yes", "on", "true "}},
        {{.key = "k", .kind = KW_KIND_INT},
         {"0", "-5", "9223372036854775807"},
         {"", "1.5", "5A", "1e3", " 1", "9223372036854775808", "0x1F", "010",
          "+5"}},
        {{.key = "k", .kind = KW_KIND_INT, .min = -10, .max = 0},
         {"-10", "0"},
         {"1", "-11"}},
        {{.key = "k", .kind = KW_KIND_INT, .min = 5},
         {"5", "100000"},
         {"4", "-1"}},
        {{.key = "k", .kind = KW_KIND_INT, .max = 5, .unit = "ms"},
         {"0", "5", "5ms"},
         {"0000000000000000000000000000000000000000000000000000000000000005ms",
          "-1", "6", "6ms", "ms", "5 ms", "5s", "5msms"}},
        {{.key = "k", .kind = KW_KIND_REAL, .unit = "A"},
         {"400", "400A", "-0.5A", "1e3A"},
         {"A", "400a", "400 A", "400V", "0x10A", "010A", "+1A",
          "1111111111111111111111111111111111111111111111111111111111111111A"}},
        {{.key = "k", .kind = KW_KIND_REAL, .min = 0.5, .max = 0.5},
         {"0.5"},
         {".5", "0.49", "0.51", "1e400"}},
        {{.key = "k", .kind = KW_KIND_DURATION, .min = 1000, .max = 60000},
         {"1s", "1000ms", "1min", "30s"},
         {"999ms", "61s", "1", "", "1m"}},
        {{.key = "k", .kind = KW_KIND_BYTES, .max = 4096},
         {"0B", "4KiB"},
         {"4097B", "8KiB", "4", "4KB"}},
        {{.key = "k", .kind = KW_KIND_KEYWORD, .words = words},
         {"none", "even", "odd"},
         {"", "None", "eve", "evenodd"}},
        {{.key = "k", .kind = KW_KIND_TEXT},
         {"", "x", "Z\xC3\xA4hler"},
         {"a\nb", "\xFF", "\x1b[2J"}},
        {{.key = "k", .kind = KW_KIND_TEXT, .min = 2},
         {"ab", "abc"},
         {"a", ""}},
        {{.key = "k", .kind = KW_KIND_TEXT, .min = 3, .max = 3},
         {"EUR"},
         {"EU", "EURO"}},
        {{.key = "k", .kind = KW_KIND_NAME},
         {"a", "Panel-1_x", "9"},
         {"", "_a", "a b", "a.b"}},
        {{.key = "k", .kind = KW_KIND_SECRET},
         {"mail-password"},
         {"", "a b", "p\xC3\xA4ss"}},
        {{.key = "k", .kind = KW_KIND_SECRET, .min = 15, .max = 64},
         {"correct horse battery"},
         {"", "too short", "tab\tinside the password"}},
        {{.key = "k", .kind = KW_KIND_ADDRESS},
         {"[::]:8443", "192.0.2.1:0", "host.example:65535", "[fe80::1%eth0]:1"},
         {"", "8443", ":8443", "host", "host:", "host:65536", "host:1x",
          "host:0x10", "::1:8443", "[::1]", "[::1:80", "::1]:80", "a b:80",
          "host:-1", "host:000080", "host:65599", "h\x01:80"}},
        {{.key = "k", .kind = KW_KIND_HOST},
         {"192.0.2.1", "2001:db8::1", "[2001:db8::1]", "meter-1.local", "m"},
         {"", "tcp://192.0.2.20", "192.0.2.20:502", "192.0.2.20 ", "192.0.2",
          "192.0.2.20, 192.0.2.21"}},
        {{.key = "k", .kind = KW_KIND_PATH},
         {"/dev/ttyUSB0", "certs/own.pem"},
         {"", "a\nb"}},
        {{.key = "k", .kind = KW_KIND_TIME},
         {"00:00", "06:30", "23:59", "24:00"},
         {"", "6:30", "06:60", "24:01", "25:00", "0630", "06-30", "06:3a",
          "06:300", ":6:30", "0::30", "06::0", "06:3:", "-6:30"}},
        {{.key = "k", .kind = KW_KIND_REF, .refers = "lines"},
         {"panel", "two words"},
         {"", "a\nb"}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        union value value;

        for (size_t k = 0; cases[i].good[k] != NULL; k++) {
            if (read_value(&cases[i].row, cases[i].good[k], &value) != 0)
                fail_msg("case %zu refuses \"%s\"", i, cases[i].good[k]);
        }
        for (size_t k = 0; k < 20 && cases[i].bad[k] != NULL; k++) {
            if (read_value(&cases[i].row, cases[i].bad[k], &value) == 0)
                fail_msg("case %zu takes \"%s\"", i, cases[i].bad[k]);
        }
    }
}

static void test_what_is_stored(void **state)
{
    const struct kw_setting flag = {.kind = KW_KIND_BOOL};
    const struct kw_setting whole = {.kind = KW_KIND_INT, .unit = "ms"};
    const struct kw_setting real = {.kind = KW_KIND_REAL, .unit = "A"};
    const struct kw_setting duration = {.kind = KW_KIND_DURATION};
    const struct kw_setting bytes = {.kind = KW_KIND_BYTES};
    const struct kw_setting word = {.kind = KW_KIND_KEYWORD, .words = words};
    const struct kw_setting text = {.kind = KW_KIND_TEXT};
    union value value;

    (void)state;
    assert_int_equal(read_value(&flag, "true", &value), 0);
    assert_true(value.flag);
    assert_int_equal(read_value(&whole, "-12ms", &value), 0);
    assert_int_equal(value.whole, -12);
    assert_int_equal(read_value(&real, "32.5A", &value), 0);
    assert_true(value.real == 32.5);
    assert_int_equal(read_value(&duration, "1min30s", &value), 0);
    assert_int_equal(value.whole, 90000);
    assert_int_equal(read_value(&bytes, "8GiB", &value), 0);
    assert_true(value.bytes == UINT64_C(8589934592));
    assert_int_equal(read_value(&word, "odd", &value), 0);
    assert_int_equal(value.word, 2);
    assert_int_equal(read_value(&text, "x y", &value), 0);
    assert_string_equal(value.text, "x y");
}

static void test_offset_and_finding(void **state)
{
    struct {
        int64_t before, value;
    } out = {7, 0};
    const struct kw_setting row = {
        .key = "limit", .kind = KW_KIND_INT, .offset = 8, .max = 10};
    struct kw_arena arena;
    struct kw_diag diag;
    char line[256];

    (void)state;
    kw_arena_init(&arena, 1024);
    kw_diag_init(&diag);
    assert_int_equal(kw_setting_read_text(&row, "9", &out, &arena, &diag), 0);
    assert_int_equal(out.before, 7);
    assert_int_equal(out.value, 9);
    assert_int_equal(kw_setting_read_text(&row, "11", &out, &arena, &diag),
                     KW_EINVAL);
    assert_string_equal(kw_diag_first(&diag, line, sizeof(line)),
                        "limit: 11 is out of range, expected a whole number "
                        "from 0 to 10");
    assert_int_equal(out.value, 9);
    kw_diag_fini(&diag);
    kw_arena_fini(&arena);
}

static void test_full_arena(void **state)
{
    const struct kw_setting row = {.key = "k", .kind = KW_KIND_TEXT};
    struct kw_arena arena;
    struct kw_diag diag;
    const char *out;

    (void)state;
    kw_arena_init(&arena, 0);
    kw_diag_init(&diag);
    assert_int_equal(kw_setting_read_text(&row, "x", &out, &arena, &diag),
                     KW_ENOMEM);
    assert_false(kw_diag_any(&diag));
    kw_arena_fini(&arena);
}

/* The kinds' own limits, where a row sets none. */
static void test_own_limits(void **state)
{
    static const struct {
        enum kw_kind kind;
        size_t most;
    } cases[] = {{KW_KIND_TEXT, 255}, {KW_KIND_PATH, 4095}, {KW_KIND_REF, 255}};
    static char text[5000];
    union value value;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct kw_setting row = {
            .key = "k", .kind = cases[i].kind, .refers = "x"};

        memset(text, 'x', sizeof(text));
        text[cases[i].most] = 0;
        assert_int_equal(read_value(&row, text, &value), 0);
        text[cases[i].most] = 'x';
        text[cases[i].most + 1] = 0;
        assert_int_equal(read_value(&row, text, &value), KW_EINVAL);
    }
}

static void test_expected(void **state)
{
    static const struct {
        struct kw_setting row;
        const char *expected;
    } cases[] = {
        {{.kind = KW_KIND_BOOL}, "true or false"},
        {{.kind = KW_KIND_INT}, "a whole number"},
        {{.kind = KW_KIND_INT, .min = 1, .max = 247},
         "a whole number from 1 to 247"},
        {{.kind = KW_KIND_INT, .min = 5}, "a whole number of at least 5"},
        {{.kind = KW_KIND_INT, .min = 5, .max = 5, .unit = "V"},
         "a whole number of 5 in V"},
        {{.kind = KW_KIND_REAL, .unit = "A"}, "a number in A"},
        {{.kind = KW_KIND_DURATION, .min = 1000, .max = 3600000, .unit = "ms"},
         "a duration such as 1s or 1min30s from 1s to 1h"},
        {{.kind = KW_KIND_BYTES, .max = 1 << 30},
         "a size such as 512MiB from 0B to 1GiB"},
        {{.kind = KW_KIND_BYTES, .min = 1025, .max = 2048},
         "a size such as 512MiB from 1025B to 2KiB"},
        {{.kind = KW_KIND_KEYWORD, .words = words}, "one of none, even, odd"},
        {{.kind = KW_KIND_TEXT}, "a text"},
        {{.kind = KW_KIND_TEXT, .max = 63}, "a text of at most 63 bytes"},
        {{.kind = KW_KIND_TEXT, .min = 3, .max = 3}, "a text of 3 bytes"},
        {{.kind = KW_KIND_SECRET, .min = 15, .max = 64},
         "a secret of 15 to 64 bytes"},
        {{.kind = KW_KIND_REF, .refers = "meters|virtual"},
         "a name from meters,virtual"},
        {{.kind = KW_KIND_OBJECT}, "a map"},
        {{.kind = KW_KIND_LIST, .min = 1},
         "a list of maps with at least 1 "
         "items"},
        {{.kind = KW_KIND_TEXTS, .max = 9},
         "a list of texts with at most 9 "
         "items"},
    };
    char text[KW_EXPECTED_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        kw_setting_expected(&cases[i].row, text);
        assert_string_equal(text, cases[i].expected);
    }
}

static void test_long_word_lists_are_cut_at_a_word(void **state)
{
    static const char *const many[] = {"a-rather-long-keyword-number-one",
                                       "a-rather-long-keyword-number-two",
                                       "a-rather-long-keyword-number-3",
                                       "a-rather-long-keyword-number-4",
                                       "a-rather-long-keyword-number-5",
                                       "a-rather-long-keyword-number-6",
                                       "a-rather-long-keyword-number-7",
                                       "a-rather-long-keyword-number-8",
                                       NULL};
    const struct kw_setting row = {.kind = KW_KIND_KEYWORD, .words = many};
    char text[KW_EXPECTED_SIZE];

    (void)state;
    kw_setting_expected(&row, text);
    assert_string_equal(text + strlen(text) - 8, "number-6");
}

static void test_shown(void **state)
{
    static const struct {
        const char *value, *shown;
        enum kw_kind kind;
        bool plain;
    } cases[] = {
        {"5", "5", KW_KIND_INT, true},
        {"5", "\"5\"", KW_KIND_INT, false},
        {"abc", "\"abc\"", KW_KIND_INT, true},
        {"1234567890123456789012345678901234567890x",
         "\"1234567890123456789012345678901234567890...\"", KW_KIND_TEXT,
         false},
        {"12345678901234567890123456789012345678901",
         "\"1234567890123456789012345678901234567890...\"", KW_KIND_INT, true},
        {"hunter2", "the value", KW_KIND_SECRET, true},
    };
    char text[KW_SHOWN_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct kw_setting row = {.kind = cases[i].kind};

        kw_setting_shown(&row, cases[i].value, cases[i].plain, text);
        assert_string_equal(text, cases[i].shown);
    }
}

/* The longest of everything must not run over. */
static void test_long_complaints(void **state)
{
    static const char *const many[] = {
        "twentyone-characters1", "twentyone-characters2",
        "twentyone-characters3", "twentyone-characters4",
        "twentyone-characters5", "twentyone-characters6",
        "twentyone-characters7", "twentyone-characters8",
        "twentyone-characters9", NULL};
    const struct kw_setting row = {.kind = KW_KIND_KEYWORD, .words = many};
    char text[KW_COMPLAINT_SIZE];

    (void)state;
    kw_setting_complaint(&row, "twentyone-characters", true, KW_EINVAL, text);
    assert_true(strlen(text) < KW_COMPLAINT_SIZE);
    assert_non_null(strstr(text, "did you mean \"twentyone-characters1\"?"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_and_bad_texts),
        cmocka_unit_test(test_what_is_stored),
        cmocka_unit_test(test_offset_and_finding),
        cmocka_unit_test(test_full_arena),
        cmocka_unit_test(test_own_limits),
        cmocka_unit_test(test_expected),
        cmocka_unit_test(test_long_word_lists_are_cut_at_a_word),
        cmocka_unit_test(test_shown),
        cmocka_unit_test(test_long_complaints),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
