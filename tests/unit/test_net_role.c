/* SPDX-License-Identifier: Apache-2.0 */
#include "net/role.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void test_table(void **state)
{
    static const struct {
        const char *name;
        const char *der;
        size_t length;
        const char *role; /* NULL: refused */
    } rows[] = {
        {"a word", "\x0C\x08operator", 10, "operator"},
        {"one byte",
         "\x0C\x01"
         "a",
         3, "a"},
        {"not ASCII", "\x0C\x05\xC3\xA9t\xC3\xA9", 7, "\xC3\xA9t\xC3\xA9"},
        {"nothing", "", 0, NULL},
        {"a tag alone", "\x0C", 1, NULL},
        {"empty", "\x0C\x00", 2, NULL},
        {"PrintableString", "\x13\x08operator", 10, NULL},
        {"a constructed string",
         "\x2C\x03\x0C\x01"
         "a",
         5, NULL},
        {"a length in two bytes", "\x0C\x81\x08operator", 11, NULL},
        {"no end said",
         "\x0C\x80"
         "a\x00\x00",
         5, NULL},
        {"too short", "\x0C\x09operator", 10, NULL},
        {"bytes behind it", "\x0C\x07operator", 10, NULL},
        {"NUL inside",
         "\x0C\x03"
         "a\0b",
         5, NULL},
        {"a line break",
         "\x0C\x03"
         "a\nb",
         5, NULL},
        {"not UTF-8", "\x0C\x02\xC3(", 4, NULL},
        {"overlong UTF-8", "\x0C\x02\xC0\x80", 4, NULL},
    };
    char role[KW_ROLE_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int err = kw_role_parse((const unsigned char *)rows[i].der,
                                rows[i].length, role);

        if (err != (rows[i].role != NULL ? 0 : KW_EINVAL) ||
            strcmp(role, rows[i].role != NULL ? rows[i].role : "") != 0)
            fail_msg("%s: %d \"%s\"", rows[i].name, err, role);
    }
}

/* As long as a role may be, and one byte more. */
static void test_length(void **state)
{
    unsigned char der[KW_ROLE_MAX + 3] = {0x0C};
    char role[KW_ROLE_SIZE];

    (void)state;
    memset(der + 2, 'r', sizeof(der) - 2);
    for (unsigned length = 1; length <= KW_ROLE_MAX + 1; length++) {
        der[1] = (unsigned char)length;
        assert_int_equal(kw_role_parse(der, length + 2, role),
                         length <= KW_ROLE_MAX ? 0 : KW_EINVAL);
        assert_int_equal(strlen(role), length <= KW_ROLE_MAX ? length : 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_length),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
