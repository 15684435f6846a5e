/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const int codes[] = {
#define CODE(code, number, text) code,
    KW_ERRORS(CODE)
#undef CODE
};

enum { COUNT = sizeof(codes) / sizeof(codes[0]) };

static void test_every_code_has_a_text_of_its_own(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        const char *text = kw_strerror(codes[i]);

        assert_true(codes[i] < 0);
        assert_string_not_equal(text, "unknown error");
        assert_true(text[strlen(text) - 1] != '.');
        for (size_t j = 0; j < i; j++) {
            assert_int_not_equal(codes[i], codes[j]);
            assert_string_not_equal(text, kw_strerror(codes[j]));
        }
    }
    assert_string_equal(kw_strerror(0), "no error");
    assert_string_equal(kw_strerror(1), "unknown error");
    assert_string_equal(kw_strerror(-1000), "unknown error");
}

/* The numbers are answered over the control socket: they never change. */
static void test_numbers_are_fixed(void **state)
{
    (void)state;
    assert_int_equal(KW_ENOMEM, -1);
    assert_int_equal(KW_ENOTFOUND, -3);
    assert_int_equal(KW_EDENIED, -11);
    assert_int_equal(KW_ECONFLICT, -18);
}

static void test_errno_is_translated(void **state)
{
    static const struct {
        int number, err;
    } rows[] = {
        {0, 0},
        {ENOMEM, KW_ENOMEM},
        {EINVAL, KW_EINVAL},
        {ENOENT, KW_ENOTFOUND},
        {ENODEV, KW_ENOTFOUND},
        {ENXIO, KW_ENOTFOUND},
        {EEXIST, KW_EEXIST},
        {EBUSY, KW_EBUSY},
        {EADDRINUSE, KW_EBUSY},
        {EACCES, KW_EDENIED},
        {EPERM, KW_EDENIED},
        {EROFS, KW_EDENIED},
        {ETIMEDOUT, KW_ETIMEOUT},
        {EAGAIN, KW_EAGAIN},
        {ENOSPC, KW_ENOSPC},
        {EDQUOT, KW_ENOSPC},
        {EMFILE, KW_EFULL},
        {ENFILE, KW_EFULL},
        {ERANGE, KW_ERANGE},
        {EIO, KW_EIO},
        {ECONNRESET, KW_EIO},
        {99999, KW_EIO},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(kw_err_from_errno(rows[i].number), rows[i].err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_code_has_a_text_of_its_own),
        cmocka_unit_test(test_numbers_are_fixed),
        cmocka_unit_test(test_errno_is_translated),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
