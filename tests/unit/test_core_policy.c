/* SPDX-License-Identifier: Apache-2.0 */
#include "core/policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum {
    SEE = KW_MAY_SEE,
    SELF = KW_MAY_SELF,
    OPERATE = KW_MAY_OPERATE,
    CONFIGURE = KW_MAY_CONFIGURE,
    SECURE = KW_MAY_SECURE,
    SETUP = KW_MAY_SETUP,
    SESSION = KW_MAY_SESSION,
    ALL = SEE | SELF | OPERATE | CONFIGURE | SECURE | SETUP | SESSION,
};

/* Row by row. */
static const struct {
    enum kw_profile profile;
    const char *name;
    int may, may_not;
} profiles[] = {
    {KW_PROFILE_USER, "user", SESSION | SEE | SELF,
     OPERATE | CONFIGURE | SECURE | SETUP},
    {KW_PROFILE_ADVANCED_USER, "advanced_user", SESSION | SEE | SELF | OPERATE,
     CONFIGURE | SECURE | SETUP},
    {KW_PROFILE_ADMIN, "admin", SESSION | SEE | SELF | OPERATE | CONFIGURE,
     SECURE | SETUP},
    {KW_PROFILE_CYBER_SECURITY, "cyber_security",
     SESSION | SEE | SELF | OPERATE | SECURE, CONFIGURE | SETUP},
    {KW_PROFILE_SETUP, "setup", SESSION | SETUP,
     SEE | SELF | OPERATE | CONFIGURE | SECURE},
};

static void test_profiles(void **state)
{
    (void)state;
    assert_int_equal(sizeof(profiles) / sizeof(profiles[0]), KW_PROFILE_COUNT);
    for (size_t i = 0; i < KW_PROFILE_COUNT; i++) {
        unsigned may = kw_profile_permissions(profiles[i].profile);

        assert_int_equal(may, (unsigned)profiles[i].may | KW_MAY_SESSION);
        assert_int_equal(may & (unsigned)profiles[i].may_not, 0);
        assert_int_equal(profiles[i].may | profiles[i].may_not, ALL);
        assert_string_equal(kw_profile_name(profiles[i].profile),
                            profiles[i].name);
    }
}

static void test_no_profile(void **state)
{
    (void)state;
    assert_int_equal(kw_profile_permissions(KW_PROFILE_COUNT), 0);
    assert_int_equal(kw_profile_permissions((enum kw_profile)1000), 0);
    assert_string_equal(kw_profile_name(KW_PROFILE_COUNT), "?");
}

static void test_parse(void **state)
{
    static const struct {
        const char *name;
        int profile;
    } cases[] = {
        {"user", KW_PROFILE_USER},
        {"advanced_user", KW_PROFILE_ADVANCED_USER},
        {"admin", KW_PROFILE_ADMIN},
        {"cyber_security", KW_PROFILE_CYBER_SECURITY},
        {"setup", -1}, /* a session's, never an account's */
        {"Admin", -1},
        {"admi", -1},
        {"", -1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(kw_profile_parse(cases[i].name), cases[i].profile);
}

static void test_permission_names(void **state)
{
    static const struct {
        unsigned permission;
        const char *name;
    } cases[] = {
        {KW_MAY_PUBLIC, "public"},
        {KW_MAY_SEE, "see"},
        {KW_MAY_SELF, "self"},
        {KW_MAY_OPERATE, "operate"},
        {KW_MAY_CONFIGURE, "configure"},
        {KW_MAY_SECURE, "secure"},
        {KW_MAY_SETUP, "setup"},
        {KW_MAY_SESSION, "session"},
        {KW_MAY_CHANGE, "change"},
        {KW_MAY_SEE | KW_MAY_SELF, "?"},
        {1U << 31, "?"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_string_equal(kw_permission_name(cases[i].permission),
                            cases[i].name);
}

static void test_gate(void **state)
{
    static const char *const names[] = {"snmp", "supervisor", NULL};
    static const char *const none[] = {NULL};
    const struct kw_policy open = {.forbidden = NULL}, empty = {none},
                           closed = {names};

    (void)state;
    assert_true(kw_policy_allows(&open, "snmp"));
    assert_true(kw_policy_allows(&empty, "snmp"));
    assert_false(kw_policy_allows(&closed, "snmp"));
    assert_false(kw_policy_allows(&closed, "supervisor"));
    assert_true(kw_policy_allows(&closed, "snm"));
    assert_true(kw_policy_allows(&closed, "meter"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_profiles),
        cmocka_unit_test(test_no_profile),
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_permission_names),
        cmocka_unit_test(test_gate),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
