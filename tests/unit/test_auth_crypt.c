/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OpenSSL behind auth: vectors of RFC 7914 and FIPS 180-4, cost, distinct
 * salts (SEC-06), and what happens when a call fails. scrypt is the real one
 * here; other tests of auth put a fast one in its place.
 */
#include "auth/crypt.h"

#include "base/err.h"
#include "base/secret.h"

#include <errno.h>
#include <openssl/evp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

static bool no_random;

int getentropy(void *bytes, size_t length)
{
    if (no_random) {
        errno = EIO;
        return -1;
    }
    return syscall(SYS_getrandom, bytes, length, 0) == (long)length ? 0 : -1;
}

static void test_digest(void **state)
{
    uint8_t digest[KW_AUTH_DIGEST_BYTES];
    char hex[2 * KW_AUTH_DIGEST_BYTES + 1];

    (void)state;
    assert_int_equal(kw_auth_digest("abc", 3, digest), 0);
    kw_secret_hex(digest, sizeof(digest), hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223"
                             "b00361a396177a9cb410ff61f20015ad");
}

static const char token[] = "000102030405060708090a0b0c0d0e0f"
                            "101112131415161718191a1b1c1d1e1f";

static void test_tokens(void **state)
{
    static const char *const bad[] = {
        "",
        "00",
        "000102030405060708090a0b0c0d0e0f",
        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f00",
        "000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F",
        "zz0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
    };
    uint8_t digest[KW_AUTH_DIGEST_BYTES];
    char hex[2 * KW_AUTH_DIGEST_BYTES + 1], csrf[KW_AUTH_CSRF_SIZE];
    char again[KW_AUTH_CSRF_SIZE];

    (void)state;
    assert_int_equal(kw_auth_token_digest(token, digest), 0);
    kw_secret_hex(digest, sizeof(digest), hex);
    assert_string_equal(hex, "630dcd2966c4336691125448bbb25b4f"
                             "f412a49c732db2c8abc1b8581bd710dd");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(kw_auth_token_digest(bad[i], digest), KW_EINVAL);
        assert_int_equal(kw_auth_csrf_of(bad[i], csrf), KW_EINVAL);
    }
    assert_int_equal(kw_auth_csrf_of(token, csrf), 0);
    assert_int_equal(strlen(csrf), 32);
    assert_int_equal(kw_auth_csrf_of(token, again), 0);
    assert_string_equal(csrf, again);
    assert_null(strstr(token, csrf));
}

/* RFC 7914, 12: the third vector has N = 16384, r = 8, p = 1. */
static void test_scrypt_vector(void **state)
{
    static const char expected[] = "7023bdcb3afd7348461c06cd81fd38eb"
                                   "fda8fbba904f8e3ea9b543f6545da1f2";
    unsigned char key[64];
    char hex[2 * 32 + 1];

    (void)state;
    assert_int_equal(EVP_PBE_scrypt("pleaseletmein", 13,
                                    (const unsigned char *)"SodiumChloride", 14,
                                    16384, 8, 1, UINT64_C(64) << 20, key,
                                    sizeof(key)),
                     1);
    kw_secret_hex(key, 32, hex);
    assert_string_equal(hex, expected);
}

static void test_scrypt(void **state)
{
    struct kw_auth_scrypt one, two;
    bool matched;

    (void)state;
    assert_int_equal(kw_auth_scrypt_make("blue mountain coffee", &one), 0);
    assert_int_equal(kw_auth_scrypt_make("blue mountain coffee", &two), 0);
    assert_int_equal(one.log2_n, 14);
    assert_int_equal(one.r, 8);
    assert_int_equal(one.p, 5);
    assert_memory_not_equal(one.salt, two.salt, sizeof(one.salt));
    assert_memory_not_equal(one.hash, two.hash, sizeof(one.hash));
    assert_int_equal(
        kw_auth_scrypt_check("blue mountain coffee", &one, &matched), 0);
    assert_true(matched);
    assert_int_equal(
        kw_auth_scrypt_check("blue mountain coffeE", &one, &matched), 0);
    assert_false(matched);
    assert_int_equal(kw_auth_scrypt_check("", &one, &matched), 0);
    assert_false(matched);
}

/* The whole password counts, not its first 72 bytes (SEC-03). */
static void test_no_truncation(void **state)
{
    char password[129];
    struct kw_auth_scrypt scrypt;
    bool matched;

    (void)state;
    memset(password, 'k', 128);
    password[128] = 0;
    assert_int_equal(kw_auth_scrypt_make(password, &scrypt), 0);
    password[127] = 'j';
    assert_int_equal(kw_auth_scrypt_check(password, &scrypt, &matched), 0);
    assert_false(matched);
    password[72] = 0;
    assert_int_equal(kw_auth_scrypt_check(password, &scrypt, &matched), 0);
    assert_false(matched);
}

/* A hash of the highest cost that a record may have can be checked. */
static void test_highest_cost(void **state)
{
    struct kw_auth_scrypt scrypt = {
        .log2_n = KW_AUTH_LOG2_N_MAX, .r = KW_AUTH_R, .p = 1};
    bool matched = true;

    (void)state;
    assert_int_equal(kw_auth_scrypt_check("x", &scrypt, &matched), 0);
    assert_false(matched);
    scrypt.p = 0;
    assert_int_equal(kw_auth_scrypt_check("x", &scrypt, &matched), KW_ENOMEM);
    assert_false(matched);
}

static void test_weak(void **state)
{
    static const struct {
        uint8_t log2_n, p;
        bool weak;
    } cases[] = {
        {14, 5, false}, {14, 4, true},  {13, 16, true},
        {15, 1, false}, {14, 6, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct kw_auth_scrypt scrypt = {
            .log2_n = cases[i].log2_n, .r = 8, .p = cases[i].p};

        assert_int_equal(kw_auth_scrypt_is_weak(&scrypt), cases[i].weak);
    }
}

static void test_no_random(void **state)
{
    struct kw_auth_scrypt scrypt;

    (void)state;
    no_random = true;
    assert_int_equal(kw_auth_scrypt_make("blue mountain coffee", &scrypt),
                     KW_EIO);
    no_random = false;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_digest),
        cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_scrypt_vector),
        cmocka_unit_test(test_scrypt),
        cmocka_unit_test(test_no_truncation),
        cmocka_unit_test(test_highest_cost),
        cmocka_unit_test(test_weak),
        cmocka_unit_test(test_no_random),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
