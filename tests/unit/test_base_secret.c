/* SPDX-License-Identifier: Apache-2.0 */
#include "base/secret.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_random_bytes_differ(void **state)
{
    unsigned char a[1000] = {0}, b[1000] = {0};

    (void)state;
    assert_int_equal(kw_secret_random(a, sizeof(a)), 0);
    assert_int_equal(kw_secret_random(b, sizeof(b)), 0);
    assert_memory_not_equal(a, b, sizeof(a));
    assert_int_equal(kw_secret_random(NULL, 0), 0);
}

static void test_equal(void **state)
{
    unsigned char a[32], b[32];

    (void)state;
    memset(a, 7, sizeof(a));
    memset(b, 7, sizeof(b));
    assert_true(kw_secret_equal(a, b, sizeof(a)));
    assert_true(kw_secret_equal(a, b, 0));
    for (size_t i = 0; i < 8 * sizeof(b); i++) {
        b[i / 8] ^= (unsigned char)(1U << i % 8);
        assert_false(kw_secret_equal(a, b, sizeof(a)));
        b[i / 8] ^= (unsigned char)(1U << i % 8);
    }
}

static void test_wipe(void **state)
{
    unsigned char bytes[16], zeros[16] = {0};

    (void)state;
    memset(bytes, 0xAB, sizeof(bytes));
    kw_secret_wipe(bytes, sizeof(bytes));
    assert_memory_equal(bytes, zeros, sizeof(bytes));
}

static void test_hex(void **state)
{
    static const char *const bad[] = {"",         "0",      "0g09ff",
                                      "g009ff",   "000fAA", "000f",
                                      "000fffaa", "/0:0@0", "0`0{00"};
    unsigned char bytes[3];
    char text[7];

    (void)state;
    kw_secret_hex("\x00\x9f\xff", 3, text);
    assert_string_equal(text, "009fff");
    assert_int_equal(kw_secret_unhex("009fff", bytes, 3), 0);
    assert_memory_equal(bytes, "\x00\x9f\xff", 3);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(kw_secret_unhex(bad[i], bytes, 3), KW_EINVAL);
    kw_secret_hex("", 0, text);
    assert_string_equal(text, "");
    assert_int_equal(kw_secret_unhex("", bytes, 0), 0);
}

static void test_password(void **state)
{
    static const char letters[] = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    char first[KW_SECRET_PASSWORD_SIZE], text[KW_SECRET_PASSWORD_SIZE];
    unsigned seen = 0;

    (void)state;
    assert_int_equal(strlen(letters), 32);
    assert_int_equal(kw_secret_password(first), 0);
    for (int run = 0; run < 200; run++) {
        assert_int_equal(kw_secret_password(text), 0);
        assert_int_equal(strlen(text), 19);
        assert_string_not_equal(text, first);
        for (size_t i = 0; i < 19; i++) {
            if (i % 5 == 4) {
                assert_int_equal(text[i], '-');
                continue;
            }
            assert_non_null(strchr(letters, text[i]));
            seen |= 1U << (strchr(letters, text[i]) - letters);
        }
    }
    assert_true(seen == UINT32_MAX); /* every letter comes */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_bytes_differ),
        cmocka_unit_test(test_equal),
        cmocka_unit_test(test_wipe),
        cmocka_unit_test(test_hex),
        cmocka_unit_test(test_password),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
