/* SPDX-License-Identifier: Apache-2.0 */
/* What a new password must be, and what a guesser finds (SEC-03, 04, 05). */
#include "auth/rule.h"

#include "auth/common.h"
#include "auth/guess.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const char *const context[] = {"kilowatch", "Plant 1, north",
                                      "panel-3.plant.example", "anna", NULL};

static enum kw_auth_refusal judge(const char *text)
{
    char formed[KW_AUTH_PASSWORD_SIZE];
    enum kw_auth_refusal refusal = kw_auth_rule_check(text, context, formed);

    assert_int_equal(formed[0] != 0, refusal == KW_AUTH_ACCEPTED);
    return refusal;
}

static void test_length(void **state)
{
    static const struct {
        size_t chars;
        enum kw_auth_refusal refusal;
    } cases[] = {
        {0, KW_AUTH_TOO_SHORT},  {14, KW_AUTH_TOO_SHORT},
        {15, KW_AUTH_ACCEPTED},  {64, KW_AUTH_ACCEPTED},
        {72, KW_AUTH_ACCEPTED},  {128, KW_AUTH_ACCEPTED},
        {129, KW_AUTH_TOO_LONG}, {1024, KW_AUTH_TOO_LONG},
    };
    static const char letters[] = "gkwpqzmxnvbtyrwjdhsafcue";
    char text[1100];

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        for (size_t k = 0; k < cases[i].chars; k++)
            text[k] = letters[(k * 7 + k / 24) % 24];
        text[cases[i].chars] = 0;
        assert_int_equal(judge(text), cases[i].refusal);
    }
}

static void test_cases(void **state)
{
    static const struct {
        const char *text;
        enum kw_auth_refusal refusal;
    } cases[] = {
        /* no composition rule (SEC-04) */
        {"gkwpqzmxnvbtyrwjdhsa", KW_AUTH_ACCEPTED},
        {"blue mountain coffee window", KW_AUTH_ACCEPTED},
        {"winter dragon monkey river", KW_AUTH_ACCEPTED},
        {"984376150298374", KW_AUTH_ACCEPTED},
        {"~#%^&*()_+-=[]{}", KW_AUTH_ACCEPTED},
        {"caf\xC3\xA9 zw\xC3\xB6lf gr\xC3\xBC\xC3\x9F"
         "e",
         KW_AUTH_ACCEPTED},
        {"a\tbcdefghijklmno", KW_AUTH_NOT_TEXT},
        {"\xFF"
         "bcdefghijklmnopq",
         KW_AUTH_NOT_TEXT},
        /* runs, keys, repetitions */
        {"aaaaaaaaaaaaaaa", KW_AUTH_FROM_PATTERNS},
        {"123456789012345", KW_AUTH_FROM_PATTERNS},
        {"987654321098765", KW_AUTH_FROM_PATTERNS},
        {"abcdefghijklmnopqrst", KW_AUTH_FROM_PATTERNS},
        {"qwertyuiopasdfg", KW_AUTH_FROM_PATTERNS},
        {"poiuytrewqlkjhgfdsa", KW_AUTH_FROM_PATTERNS},
        {"1q2w3e4r5t6y7u8i", KW_AUTH_FROM_PATTERNS},
        {"1qaz2wsx3edc4rfv", KW_AUTH_FROM_PATTERNS},
        {"qazwsxedcrfvtgb", KW_AUTH_FROM_PATTERNS},
        {"a.b.c.d.e.f.g.h.", KW_AUTH_FROM_PATTERNS},
        {"...............", KW_AUTH_FROM_PATTERNS},
        {"kjxqzkjxqzkjxqz", KW_AUTH_FROM_PATTERNS},
        {"1990199119921993", KW_AUTH_FROM_PATTERNS},
        {"2024-2025-2026-2027", KW_AUTH_FROM_PATTERNS},
        /* words */
        {"passwordpassword", KW_AUTH_FROM_WORDS},
        {"Password1234567!", KW_AUTH_FROM_WORDS},
        {"P@ssw0rd P@ssw0rd", KW_AUTH_FROM_WORDS},
        {"drowssapdrowssap", KW_AUTH_FROM_WORDS},
        {"administrator2024!", KW_AUTH_FROM_WORDS},
        {"correct horse battery staple", KW_AUTH_FROM_WORDS},
        {"thequickbrownfox", KW_AUTH_FROM_WORDS},
        {"iloveyou12345678", KW_AUTH_FROM_WORDS},
        {"p@$$w0rd$p@$$w0rd", KW_AUTH_FROM_WORDS},
        {"p\xC3\xA4ssw\xC3\xB6rd p\xC3\xA4ssw\xC3\xB6rd", KW_AUTH_FROM_WORDS},
        {"Liverpool2019!!!", KW_AUTH_FROM_WORDS},
        /* names (the last part of SEC-05) */
        {"kilowatch-2024!!", KW_AUTH_FROM_NAMES},
        {"KILOWATCHKILOWATCH", KW_AUTH_FROM_NAMES},
        {"annaannaannaanna", KW_AUTH_FROM_NAMES},
        {"AnnaAnna12345678", KW_AUTH_FROM_NAMES},
        {"anna@panel-3.plant", KW_AUTH_FROM_NAMES},
        {"panel-3.plant.example", KW_AUTH_FROM_NAMES},
        {"Plant 1, north 1234", KW_AUTH_FROM_NAMES},
        {"plantplantnorth99", KW_AUTH_FROM_NAMES},
        {"htron htron htron", KW_AUTH_FROM_NAMES},
        {"anna.password.1990", KW_AUTH_FROM_NAMES},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        if (judge(cases[i].text) != cases[i].refusal)
            fail_msg("%s: %d", cases[i].text, judge(cases[i].text));
    }
}

/* Runs visit for each common word; gives how many there are. */
static size_t each_word(size_t (*visit)(const char *word, size_t length))
{
    size_t total = 0;

    for (const char *const *line = kw_auth_common; *line != NULL; line++) {
        const char *at = *line;

        while (*at != 0) {
            size_t length = strcspn(at, " ");

            total += visit(at, length);
            at += length + (at[length] == ' ');
        }
    }
    return total;
}

static size_t check_word(const char *word, size_t length)
{
    assert_in_range(length, 3, 40);
    assert_int_equal(strspn(word, "abcdefghijklmnopqrstuvwxyz"), length);
    return 1;
}

/* The forms in which a word stands in lists of leaked passwords. */
static size_t refuse_forms(const char *word, size_t length)
{
    static const char *const forms[] = {
        "%s%s%s%s%s",     "%s123456789012",   "%s2024%s2024!!!",
        "%s!!!!!!!!!!!!", "%s_%s_%s_%s_%s_1",
    };
    char base[64], text[512];
    size_t tried = 0;

    snprintf(base, sizeof(base), "%.*s", (int)length, word);
    base[0] = (char)(base[0] - 'a' + 'A');
    for (size_t i = 0; i < COUNT(forms); i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(text, sizeof(text), forms[i], base, base, base, base, base);
#pragma GCC diagnostic pop
        if (strlen(text) < KW_AUTH_PASSWORD_MIN ||
            strlen(text) > KW_AUTH_PASSWORD_MAX)
            continue;
        tried++;
        if (judge(text) == KW_AUTH_ACCEPTED)
            fail_msg("%s is accepted", text);
    }
    return tried;
}

static void test_three_thousand(void **state)
{
    (void)state;
    assert_in_range(each_word(check_word), 600, 1000);
    assert_in_range(each_word(refuse_forms), 3000, 8000);
}

static void test_bits(void **state)
{
    static const char *const nobody[] = {"x", "", NULL};
    static const struct {
        const char *text;
        unsigned bits, pieces;
    } cases[] = {
        {"", 0, 0},
        {"7", 3, 0},
        {"k", 5, 0},
        {"\xE2\x82\xAC", 6, 0},
        {"k,x,q", 18, 0}, /* the separator counts once */
        {"kx", 10, 0},
        {"xxx", 6, KW_AUTH_PIECE_PATTERN},
        {"1987", 6, KW_AUTH_PIECE_PATTERN},
        {"2087", 6, KW_AUTH_PIECE_PATTERN},
        {"1887", 12, 0},
        {"198x", 14, 0},
        {"19x7", 14, 0},
        {"dragon", 9, KW_AUTH_PIECE_WORD},
        {"dr4g0n", 9, KW_AUTH_PIECE_WORD},
        {"nogard", 10, KW_AUTH_PIECE_WORD},
        {"dragonx", 14, KW_AUTH_PIECE_WORD},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        unsigned pieces = 99;

        assert_int_equal(kw_auth_guess_bits(cases[i].text, nobody, &pieces),
                         cases[i].bits);
        assert_int_equal(pieces, cases[i].pieces);
    }
}

/* Names beyond what is looked at are cut, not overrun. */
static void test_long_names(void **state)
{
    char name[1024];
    const char *const names[] = {"windmill", name, "turbine", NULL};
    unsigned pieces;

    (void)state;
    for (size_t i = 0; i < sizeof(name); i++)
        name[i] = (char)('a' + i * i % 23);
    name[sizeof(name) - 1] = 0;
    assert_int_equal(kw_auth_guess_bits("windmill", names, &pieces), 2);
    assert_int_equal(kw_auth_guess_bits("turbine", names, &pieces), 9);
    name[500] = 0;
    assert_int_equal(kw_auth_guess_bits("turbine", names, &pieces), 9);
    name[400] = 0;
    assert_int_equal(kw_auth_guess_bits("turbine", names, &pieces), 2);
}

/* However long, it stays in bounds and does not take long. */
static void test_long(void **state)
{
    char text[2 * KW_AUTH_GUESS_MAX + 1];
    unsigned pieces;

    (void)state;
    memset(text, 'a', sizeof(text) - 1);
    text[sizeof(text) - 1] = 0;
    assert_int_equal(kw_auth_guess_bits(text, context, &pieces), 6);
    for (size_t i = 0; i < sizeof(text) - 1; i++)
        text[i] = "qwkzmx"[(i * i + i / 3) % 6];
    assert_in_range(kw_auth_guess_bits(text, context, &pieces), 33, 2000);
}

static void test_texts(void **state)
{
    (void)state;
    assert_string_equal(kw_auth_rule_text(KW_AUTH_ACCEPTED), "");
    for (int i = KW_AUTH_NOT_TEXT; i <= KW_AUTH_FROM_PATTERNS; i++)
        assert_in_range(strlen(kw_auth_rule_text((enum kw_auth_refusal)i)), 20,
                        200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_length),         cmocka_unit_test(test_cases),
        cmocka_unit_test(test_three_thousand), cmocka_unit_test(test_bits),
        cmocka_unit_test(test_long),           cmocka_unit_test(test_texts),
        cmocka_unit_test(test_long_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
