/* SPDX-License-Identifier: Apache-2.0 */
/* Stored accounts and sessions: golden bytes, damage, versions (SEC-06). */
#include "auth/record.h"

#include "base/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include <cmocka.h>

static const unsigned char golden_user[] = {
    1,    2,    3,    4,    'A',  'n',  'n',  'a',  0,    0,    1,
    0x9B, 0x77, 0,    0,    1,                   /* created */
    0,    0,    1,    0x9B, 0x77, 0,    0,    2, /* password changed */
    14,   8,    5,    0,    1,    2,    3,    4,    5,    6,    7,
    8,    9,    10,   11,   12,   13,   14,   15, /* salt */
    0xF0, 0xF1, 0xF2, 0xF3, 0xF4, 0xF5, 0xF6, 0xF7, 0xF8, 0xF9, 0xFA,
    0xFB, 0xFC, 0xFD, 0xFE, 0xFF, 0xE0, 0xE1, 0xE2, 0xE3, 0xE4, 0xE5,
    0xE6, 0xE7, 0xE8, 0xE9, 0xEA, 0xEB, 0xEC, 0xED, 0xEE, 0xEF,
};

/* Where the parts of the golden account stand. */
enum {
    AT_VERSION = 0,
    AT_PROFILE = 1,
    AT_FLAGS = 2,
    AT_NAME_LENGTH = 3,
    AT_NAME = 4,
    AT_LOG2_N = 24,
    AT_R = 25,
    AT_P = 26,
};

static struct kw_auth_user sample_user(void)
{
    struct kw_auth_user user = {
        .key = "anna",
        .name = "Anna",
        .profile = KW_PROFILE_ADMIN,
        .flags = KW_AUTH_ENABLED | KW_AUTH_ONE_TIME,
        .created_ms = 0x19B77000001,
        .password_changed_ms = 0x19B77000002,
        .scrypt = {.log2_n = 14, .r = 8, .p = 5},
    };

    for (unsigned i = 0; i < KW_AUTH_SALT_BYTES; i++)
        user.scrypt.salt[i] = (uint8_t)i;
    for (unsigned i = 0; i < KW_AUTH_HASH_BYTES; i++)
        user.scrypt.hash[i] = (uint8_t)((i < 16 ? 0xF0 : 0xE0) + i % 16);
    return user;
}

static int decode(const unsigned char *value, size_t length,
                  struct kw_auth_user *user)
{
    return kw_auth_user_decode("anna", 4, value, length, user);
}

static void test_user_golden(void **state)
{
    struct kw_auth_user user = sample_user(), read;
    struct kw_buf out;

    (void)state;
    kw_buf_init(&out, KW_AUTH_RECORD_MAX);
    kw_auth_user_encode(&user, &out);
    assert_int_equal(kw_buf_err(&out), 0);
    assert_int_equal(out.length, sizeof(golden_user));
    assert_memory_equal(out.data, golden_user, sizeof(golden_user));
    kw_buf_fini(&out);

    assert_int_equal(decode(golden_user, sizeof(golden_user), &read), 0);
    assert_string_equal(read.key, "anna");
    assert_string_equal(read.name, "Anna");
    assert_int_equal(read.profile, KW_PROFILE_ADMIN);
    assert_int_equal(read.flags, user.flags);
    assert_true(read.created_ms == user.created_ms);
    assert_true(read.password_changed_ms == user.password_changed_ms);
    assert_memory_equal(&read.scrypt, &user.scrypt, sizeof(user.scrypt));
}

/* Cut anywhere, and with something behind. */
static void test_user_lengths(void **state)
{
    unsigned char longer[sizeof(golden_user) + 1] = {0};
    struct kw_auth_user user;

    (void)state;
    for (size_t length = 0; length < sizeof(golden_user); length++)
        assert_int_equal(decode(golden_user, length, &user), KW_ECORRUPT);
    memcpy(longer, golden_user, sizeof(golden_user));
    assert_int_equal(decode(longer, sizeof(longer), &user), KW_ECORRUPT);
}

static void test_user_damage(void **state)
{
    static const struct {
        size_t at;
        unsigned char byte;
        int err;
    } cases[] = {
        {AT_VERSION, 0, KW_ECORRUPT},
        {AT_VERSION, 2, KW_EVERSION},
        {AT_VERSION, 255, KW_EVERSION},
        {AT_PROFILE, KW_PROFILE_CYBER_SECURITY, 0},
        {AT_PROFILE, KW_PROFILE_SETUP, KW_ECORRUPT},
        {AT_PROFILE, 255, KW_ECORRUPT},
        {AT_FLAGS, 0, 0},
        {AT_FLAGS, 4, 0},
        {AT_FLAGS, 8, KW_ECORRUPT},
        {AT_FLAGS, 0x81, KW_ECORRUPT},
        {AT_NAME_LENGTH, 0, KW_ECORRUPT},
        {AT_NAME_LENGTH, 64, KW_ECORRUPT},
        {AT_NAME_LENGTH, 255, KW_ECORRUPT},
        {AT_NAME, 0, KW_ECORRUPT},
        {AT_NAME, '\n', KW_ECORRUPT},
        {AT_NAME, 0xFF, KW_ECORRUPT},
        {AT_LOG2_N, KW_AUTH_LOG2_N_MIN - 1, KW_ECORRUPT},
        {AT_LOG2_N, KW_AUTH_LOG2_N_MIN, 0},
        {AT_LOG2_N, KW_AUTH_LOG2_N_MAX, 0},
        {AT_LOG2_N, KW_AUTH_LOG2_N_MAX + 1, KW_ECORRUPT},
        {AT_R, 7, KW_ECORRUPT},
        {AT_R, 9, KW_ECORRUPT},
        {AT_P, 0, KW_ECORRUPT},
        {AT_P, 1, 0},
        {AT_P, KW_AUTH_P_MAX, 0},
        {AT_P, KW_AUTH_P_MAX + 1, KW_ECORRUPT},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        unsigned char bytes[sizeof(golden_user)];
        struct kw_auth_user user;

        memcpy(bytes, golden_user, sizeof(bytes));
        bytes[cases[i].at] = cases[i].byte;
        assert_int_equal(decode(bytes, sizeof(bytes), &user), cases[i].err);
    }
}

/* The mark of an offline reset is no flag of the account. */
static void test_user_reset(void **state)
{
    struct kw_auth_user user = sample_user(), read;
    struct kw_buf out;

    (void)state;
    user.was_reset = true;
    kw_buf_init(&out, KW_AUTH_RECORD_MAX);
    kw_auth_user_encode(&user, &out);
    assert_int_equal(kw_buf_err(&out), 0);
    assert_int_equal(out.data[AT_FLAGS], 7);
    assert_int_equal(decode(out.data, out.length, &read), 0);
    assert_true(read.was_reset);
    assert_int_equal(read.flags, user.flags);
    assert_int_equal(decode(golden_user, sizeof(golden_user), &read), 0);
    assert_false(read.was_reset);
    kw_buf_fini(&out);
}

static void test_user_keys(void **state)
{
    char longest[KW_AUTH_NAME_SIZE];
    struct kw_auth_user user;

    (void)state;
    memset(longest, 'x', sizeof(longest));
    assert_int_equal(kw_auth_user_decode(longest, 63, golden_user,
                                         sizeof(golden_user), &user),
                     0);
    assert_int_equal(strlen(user.key), 63);
    assert_int_equal(kw_auth_user_decode(longest, 64, golden_user,
                                         sizeof(golden_user), &user),
                     KW_ECORRUPT);
    assert_int_equal(
        kw_auth_user_decode("", 0, golden_user, sizeof(golden_user), &user),
        KW_ECORRUPT);
    assert_int_equal(kw_auth_user_decode("a\x01", 2, golden_user,
                                         sizeof(golden_user), &user),
                     KW_ECORRUPT);
}

static void test_ticket(void **state)
{
    static const unsigned char tail[] = {
        0, 0, 1, 0x9B, 0x77, 0, 0, 1, 0, 0, 1, 0x9B, 0x77, 0, 0, 9,
    };
    struct kw_auth_ticket ticket = {
        .user = "anna",
        .created_ms = 0x19B77000001,
        .expires_ms = 0x19B77000009,
    };
    struct kw_auth_ticket read;
    struct kw_buf out;

    (void)state;
    memset(ticket.csrf, 0xAB, sizeof(ticket.csrf));
    kw_buf_init(&out, KW_AUTH_RECORD_MAX);
    kw_auth_ticket_encode(&ticket, &out);
    assert_int_equal(kw_buf_err(&out), 0);
    assert_int_equal(out.length, 1 + 1 + 4 + 32 + 16);
    assert_memory_equal(out.data, "\1\4anna\xAB\xAB", 8);
    assert_memory_equal(out.data + 38, tail, sizeof(tail));

    assert_int_equal(kw_auth_ticket_decode(out.data, out.length, &read), 0);
    assert_memory_equal(&read, &ticket, sizeof(read));
    for (size_t length = 0; length < out.length; length++)
        assert_int_equal(kw_auth_ticket_decode(out.data, length, &read),
                         KW_ECORRUPT);
    kw_buf_put_byte(&out, 0);
    assert_int_equal(kw_auth_ticket_decode(out.data, out.length, &read),
                     KW_ECORRUPT);
    out.data[0] = 2;
    assert_int_equal(kw_auth_ticket_decode(out.data, out.length - 1, &read),
                     KW_EVERSION);
    kw_buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_user_golden), cmocka_unit_test(test_user_lengths),
        cmocka_unit_test(test_user_damage), cmocka_unit_test(test_user_keys),
        cmocka_unit_test(test_ticket),      cmocka_unit_test(test_user_reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
