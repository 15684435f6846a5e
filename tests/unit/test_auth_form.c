/* SPDX-License-Identifier: Apache-2.0 */
/* Forms of names and passwords: NFC, case, limits (SEC-03). */
#include "auth/form.h"

#include "base/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* Writes text count times. */
static void repeat(char *out, size_t size, const char *text, size_t count)
{
    size_t length = strlen(text);

    assert_true(length * count < size);
    for (size_t i = 0; i < count; i++)
        memcpy(out + i * length, text, length);
    out[length * count] = 0;
}

static void test_password_cases(void **state)
{
    static const struct {
        const char *text, *formed;
        size_t chars;
        int err;
    } cases[] = {
        {"", "", 0, 0},
        {"abc", "abc", 3, 0},
        {"a b  c ", "a b  c ", 7, 0},
        {"Abc", "Abc", 3, 0},
        /* e with acute: composed, and from two characters */
        {"caf\xC3\xA9", "caf\xC3\xA9", 4, 0},
        {"cafe\xCC\x81", "caf\xC3\xA9", 4, 0},
        /* Angstrom sign and the letter are canonically the same */
        {"\xE2\x84\xAB", "\xC3\x85", 1, 0},
        /* Hangul from its parts */
        {"\xE1\x84\x92\xE1\x85\xA1\xE1\x86\xAB", "\xED\x95\x9C", 1, 0},
        /* compatibility forms stay what they are */
        {"\xEF\xBC\xA1", "\xEF\xBC\xA1", 1, 0},
        {"\xF0\x9F\x94\x91", "\xF0\x9F\x94\x91", 1, 0},
        {"a\tb", "", 0, KW_EINVAL},
        {"a\x7F", "", 0, KW_EINVAL},
        {"\xC3", "", 0, KW_EINVAL},
        {"\xED\xA0\x80", "", 0, KW_EINVAL},
        {"\xC0\x80", "", 0, KW_EINVAL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char formed[KW_AUTH_PASSWORD_SIZE];
        size_t chars = 99;

        assert_int_equal(kw_auth_form_password(cases[i].text, formed, &chars),
                         cases[i].err);
        assert_string_equal(formed, cases[i].formed);
        assert_int_equal(chars, cases[i].chars);
    }
}

static void test_password_limits(void **state)
{
    static const struct {
        const char *unit; /* one character */
        size_t count;
        int err;
    } cases[] = {
        {"x", 64, 0},
        {"x", 128, 0},
        {"x", 129, KW_ERANGE},
        {"x", 513, KW_ERANGE},
        {"\xF0\x9F\x94\x91", 128, 0},
        {"\xF0\x9F\x94\x91", 129, KW_ERANGE},
        {"e\xCC\x81", 128, 0},
        {"e\xCC\x81", 129, KW_ERANGE},
        /* omega with three marks: one character from four */
        {"\xCF\x89\xCC\x93\xCD\x82\xCD\x85", 128, 0},
        {"\xCF\x89\xCC\x93\xCD\x82\xCD\x85", 129, KW_ERANGE},
    };
    char text[4096];

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char formed[KW_AUTH_PASSWORD_SIZE];
        size_t chars;

        repeat(text, sizeof(text), cases[i].unit, cases[i].count);
        assert_int_equal(kw_auth_form_password(text, formed, &chars),
                         cases[i].err);
        assert_int_equal(chars, cases[i].err == 0 ? cases[i].count : 0);
    }
}

static void test_names(void **state)
{
    static const struct {
        const char *text, *formed;
        int err;
    } cases[] = {
        {"anna", "anna", 0},
        {"Anna.Smith-2_x@site", "Anna.Smith-2_x@site", 0},
        {"7up", "7up", 0},
        {"Rene\xCC\x81", "Ren\xC3\xA9", 0},
        {"\xD0\x90\xD0\xBD\xD0\xBD\xD0\xB0", "\xD0\x90\xD0\xBD\xD0\xBD\xD0\xB0",
         0},
        /* a mark that does not compose, behind a letter */
        {"q\xCC\x81", "q\xCC\x81", 0},
        {"", "", KW_ERANGE},
        {".anna", "", KW_EINVAL},
        {"@anna", "", KW_EINVAL},
        {"-", "", KW_EINVAL},
        {"\xCC\x81q", "", KW_EINVAL},
        {"anna smith", "", KW_EINVAL},
        {"anna\n", "", KW_EINVAL},
        {"an/na", "", KW_EINVAL},
        {"a\xE2\x80\x8B"
         "b",
         "", KW_EINVAL}, /* zero width space */
        {"a\xE2\x80\xAE"
         "b",
         "", KW_EINVAL}, /* right-to-left override */
        {"a\xC2\xA0"
         "b",
         "", KW_EINVAL},                  /* blank that does not break */
        {"a\xE2\x82\xAC", "", KW_EINVAL}, /* euro sign */
        {"a\xCD\xB8", "", KW_EINVAL},     /* not assigned */
        {"\xFF", "", KW_EINVAL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char formed[KW_AUTH_NAME_SIZE];

        assert_int_equal(kw_auth_form_name(cases[i].text, formed),
                         cases[i].err);
        assert_string_equal(formed, cases[i].formed);
    }
}

static void test_name_limits(void **state)
{
    char text[4096], formed[KW_AUTH_NAME_SIZE];

    (void)state;
    repeat(text, sizeof(text), "x", 63);
    assert_int_equal(kw_auth_form_name(text, formed), 0);
    assert_int_equal(strlen(formed), 63);
    repeat(text, sizeof(text), "x", 64);
    assert_int_equal(kw_auth_form_name(text, formed), KW_ERANGE);
    repeat(text, sizeof(text), "x", 65);
    assert_int_equal(kw_auth_form_name(text, formed), KW_ERANGE);
    repeat(text, sizeof(text), "\xC3\xA9", 32);
    assert_int_equal(kw_auth_form_name(text, formed), KW_ERANGE);
    repeat(text, sizeof(text), "\xC3\xA9", 31);
    assert_int_equal(kw_auth_form_name(text, formed), 0);
    repeat(text, sizeof(text), "x", 4000);
    assert_int_equal(kw_auth_form_name(text, formed), KW_ERANGE);
}

static void test_keys(void **state)
{
    static const struct {
        const char *text, *key;
        int err;
    } cases[] = {
        {"Anna", "anna", 0},
        {"ANNA", "anna", 0},
        {"Ren\xC3\x89", "ren\xC3\xA9", 0},
        {"rene\xCC\x81", "ren\xC3\xA9", 0},
        {"RENE\xCC\x81", "ren\xC3\xA9", 0},
        {"Stra\xC3\x9F"
         "e",
         "strasse", 0},
        {"STRASSE", "strasse", 0},
        /* alpha with its marks in either order: iota becomes a letter */
        {"\xE1\xBE\x86", "\xE1\xBC\x86\xCE\xB9", 0},
        {"\xE1\xBE\x80\xCD\x82", "\xE1\xBC\x86\xCE\xB9", 0},
        {"", "", KW_ERANGE},
        {"a\x01", "", KW_EINVAL},
    };
    char text[512], key[KW_AUTH_NAME_SIZE];

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(kw_auth_form_key(cases[i].text, key), cases[i].err);
        assert_string_equal(key, cases[i].key);
    }
    repeat(text, sizeof(text), "A", 63);
    assert_int_equal(kw_auth_form_key(text, key), 0);
    repeat(text, sizeof(text), "A", 64);
    assert_int_equal(kw_auth_form_key(text, key), KW_ERANGE);
}

static void test_fold(void **state)
{
    static const struct {
        const char *text, *folded; /* ASCII */
    } cases[] = {
        {"", ""},
        {"PassWord", "password"},
        {"p\xC3\xA4ssw\xC3\xB6rd", "password"},
        /* full width letters */
        {"\xEF\xBC\xB0\xEF\xBD\x81", "pa"},
        {"\xEF\xAC\x81ne", "fine"}, /* ligature */
    };
    int32_t out[8];

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t length = strlen(cases[i].folded);

        assert_int_equal(kw_auth_form_fold(cases[i].text, out, COUNT(out)),
                         length);
        for (size_t k = 0; k < length; k++)
            assert_int_equal(out[k], cases[i].folded[k]);
    }
    assert_int_equal(kw_auth_form_fold("123456789", out, COUNT(out)), 8);
    assert_int_equal(out[7], '8');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_password_cases),
        cmocka_unit_test(test_password_limits),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_name_limits),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_fold),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
