/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_copy(void **state)
{
    static const struct {
        const char *from;
        size_t size;
        const char *to;
        bool whole;
    } rows[] = {
        {"", 1, "", true},
        {"abc", 4, "abc", true},
        {"abc", 10, "abc", true},
        {"abc", 3, "ab", false},
        {"abc", 1, "", false},
        {"a\xC3\xA4", 3, "a", false}, /* not through a character */
        {"a\xC3\xA4", 4, "a\xC3\xA4", true},
        {"\xE2\x82\xAC", 3, "", false},
        {"\xF0\x9F\x94\x8C!", 5, "\xF0\x9F\x94\x8C", false},
        {"\x80\x80\x80", 3, "", false},
    };
    char to[16];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(kw_text_copy(to, rows[i].size, rows[i].from),
                         rows[i].whole);
        assert_string_equal(to, rows[i].to);
    }
    to[0] = 'x';
    assert_false(kw_text_copy(to, 0, "abc"));
    assert_int_equal(to[0], 'x');
}

static void test_step_and_clean(void **state)
{
    static const struct {
        const char *text;
        size_t length, step;
    } rows[] = {
        {"", 0, 0},
        {"a", 1, 1},
        {" ", 1, 1},
        {"~", 1, 1},
        {"\x7f", 1, 0},
        {"\x1f", 1, 0},
        {"\n", 1, 0},
        {"\0", 1, 0},
        {"\xC2\x80", 2, 0}, /* C1 */
        {"\xC2\x9F", 2, 0},
        {"\xC2\xA0", 2, 2},
        {"\xC2\xBF", 2, 2},
        {"\xC2\xC0", 2, 0},
        {"\xC3\x80", 2, 2},
        {"\xC3", 1, 0}, /* cut */
        {"\xC3\x7F", 2, 0},
        {"\xC1\xBF", 2, 0}, /* overlong */
        {"\xC0\x80", 2, 0},
        {"\x80", 1, 0},
        {"\xDF\xBF", 2, 2},
        {"\xE0\xA0\x80", 3, 3},
        {"\xE0\x9F\xBF", 3, 0}, /* overlong */
        {"\xE1\x80\x80", 3, 3},
        {"\xE1\x80\x7F", 3, 0},
        {"\xE1\x80\xC0", 3, 0},
        {"\xE1\x80", 2, 0},
        {"\xED\x9F\xBF", 3, 3},
        {"\xED\xA0\x80", 3, 0}, /* surrogate */
        {"\xEE\x80\x80", 3, 3},
        {"\xEF\xBF\xBF", 3, 3},
        {"\xF0\x90\x80\x80", 4, 4},
        {"\xF0\x8F\xBF\xBF", 4, 0}, /* overlong */
        {"\xF1\x80\x80\x80", 4, 4},
        {"\xF1\x80\x80\x20", 4, 0},
        {"\xF3\xBF\xBF\xBF", 4, 4},
        {"\xF4\x8F\xBF\xBF", 4, 4}, /* U+10FFFF */
        {"\xF4\x90\x80\x80", 4, 0},
        {"\xF5\x80\x80\x80", 4, 0},
        {"\xF4\x8F\xBF", 3, 0},
        {"\xFF", 1, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(kw_text_step(rows[i].text, rows[i].length),
                         rows[i].step);
        assert_int_equal(kw_text_is_clean(rows[i].text, rows[i].length),
                         rows[i].step > 0 || rows[i].length == 0);
    }
    assert_int_equal(kw_text_step("abc", 3), 1);
    assert_true(kw_text_is_clean("Zähler 5 \xE2\x82\xAC", 13));
    assert_false(kw_text_is_clean("tab\there", 8));
}

static void test_names(void **state)
{
    static const struct {
        const char *text;
        bool name;
    } rows[] = {
        {"a", true},          {"A9_-z", true}, {"9lives", true}, {"", false},
        {"_a", false},        {"-a", false},   {"a b", false},   {"a.b", false},
        {"Z\xC3\xA4", false}, {"a/", false},   {"a:", false},    {"@", false},
        {"[", false},         {"`", false},    {"{", false},
    };
    char longest[65];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(kw_text_is_name(rows[i].text), rows[i].name);
    memset(longest, 'a', 64);
    longest[64] = 0;
    assert_false(kw_text_is_name(longest));
    longest[63] = 0;
    assert_true(kw_text_is_name(longest));
}

static void test_starts_and_ends(void **state)
{
    (void)state;
    assert_true(kw_text_starts("kilowatch", "kilo"));
    assert_true(kw_text_starts("kilo", "kilo"));
    assert_true(kw_text_starts("kilo", ""));
    assert_false(kw_text_starts("kil", "kilo"));
    assert_true(kw_text_ends("kilowatch", "watch"));
    assert_true(kw_text_ends("watch", "watch"));
    assert_true(kw_text_ends("watch", ""));
    assert_false(kw_text_ends("atch", "watch"));
    assert_false(kw_text_ends("watches", "watch"));
}

static void test_distance(void **state)
{
    static const struct {
        const char *a, *b;
        size_t distance;
    } rows[] = {
        {"", "", 0},          {"a", "", 1},
        {"", "abc", 3},       {"port", "port", 0},
        {"prot", "port", 1},  {"pot", "port", 1},
        {"porrt", "port", 1}, {"pory", "port", 1},
        {"ab", "ba", 1},      {"kitten", "sitting", 3},
        {"abcd", "badc", 2},  {"flaw", "lawn", 2},
        {"ca", "abc", 3},
    };
    char a[200], b[200];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(kw_text_distance(rows[i].a, rows[i].b),
                         rows[i].distance);
        assert_int_equal(kw_text_distance(rows[i].b, rows[i].a),
                         rows[i].distance);
    }
    /* only the first 48 characters count */
    memset(a, 'a', sizeof(a) - 1);
    memset(b, 'b', sizeof(b) - 1);
    a[199] = b[199] = 0;
    assert_int_equal(kw_text_distance(a, b), 48);
}

static void test_nearest(void **state)
{
    static const char *const words[] = {"port", "baud", "parity", "stop_bits",
                                        NULL};
    static const char *const none[] = {NULL};
    static const struct {
        const char *text, *nearest;
    } rows[] = {
        {"port", "port"},
        {"prot", "port"},
        {"bad", "baud"},
        {"stopbits", "stop_bits"},
        {"stop-bits", "stop_bits"},
        {"parity_bits", NULL},
        {"paritty", "parity"},
        {"", NULL},
        {"x", NULL},
        {"speed", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *nearest = kw_text_nearest(rows[i].text, words);

        if (rows[i].nearest == NULL)
            assert_null(nearest);
        else
            assert_string_equal(nearest, rows[i].nearest);
    }
    assert_null(kw_text_nearest("port", none));
}

/* The published vectors of FNV-1a, 64 bits. */
static void test_hash(void **state)
{
    (void)state;
    assert_true(kw_text_hash("", 0) == 0xCBF29CE484222325U);
    assert_true(kw_text_hash("a", 1) == 0xAF63DC4C8601EC8CU);
    assert_true(kw_text_hash("foobar", 6) == 0x85944171F73967E8U);
}

static void test_hosts(void **state)
{
    static const struct {
        const char *text;
        bool host;
    } rows[] = {
        {"m", true},
        {"meter-1.plant_2.example", true},
        {"meter.example.", true},
        {"xn--bcher-kva.example", true},
        {"3com.example", true},
        {"1.a", true},
        {"0x1g", true},
        {"192.0.2.20", true},
        {"::1", true},
        {"2001:db8::192.0.2.1", true},
        {"[2001:db8::1]", true},
        {"", false},
        {".", false},
        {"a..b", false},
        {".a", false},
        {"a..", false},
        {"-a", false},
        {"a-.b", false},
        {"tcp://192.0.2.20", false},
        {"192.0.2.20:502", false},
        {"a:502", false},
        {"192.0.2.20 ", false},
        {" a", false},
        {"192.0.2", false},
        {"192.0.2.256", false},
        {"1.2.3.4.5", false},
        {"010.0.0.1", false},
        {"5", false},
        {"0x7f000001", false},
        {"a.0x1F", false},
        {"192.0.2.20, 192.0.2.21", false},
        {"b\xC3\xBC"
         "cher.example",
         false},
        {"[192.0.2.1]", false},
        {"[::1", false},
        {"::1]", false},
        {"[]", false},
        {"[", false},
        {"1:2:3:4:5:6:7:8:9", false},
        {"fe80::1%eth0", false},
    };
    char longest[256];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (kw_text_is_host(rows[i].text) != rows[i].host)
            fail_msg("\"%s\"", rows[i].text);
    }
    memset(longest, 'a', sizeof(longest));
    for (size_t i = 63; i < sizeof(longest); i += 64)
        longest[i] = '.';
    longest[254] = 0;
    assert_false(kw_text_is_host(longest)); /* 254 */
    longest[253] = 0;
    assert_true(kw_text_is_host(longest));
    longest[63] = 'a';
    assert_false(kw_text_is_host(longest)); /* a label of 127 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_copy),
        cmocka_unit_test(test_step_and_clean),
        cmocka_unit_test(test_hosts),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_starts_and_ends),
        cmocka_unit_test(test_distance),
        cmocka_unit_test(test_nearest),
        cmocka_unit_test(test_hash),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
