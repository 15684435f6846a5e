/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One-shot calls only: no context to free, nothing to leak on an error path.
 */
#include "auth/crypt.h"

#include "base/secret.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <string.h>

/* scrypt's working memory at the highest cost that a record may have is
 * 64 MiB; with 0 OpenSSL would refuse more than 32. */
static const uint64_t scrypt_memory_max = UINT64_C(80) << 20;

/* OpenSSL's only failure here is memory; its notes about it are dropped. */
static int translate(bool good)
{
    if (good)
        return 0;
    ERR_clear_error();
    return KW_ENOMEM;
}

int kw_auth_digest(const void *bytes, size_t length,
                   uint8_t digest[KW_AUTH_DIGEST_BYTES])
{
    return translate(SHA256(bytes, length, digest) != NULL);
}

int kw_auth_token_digest(const char *token,
                         uint8_t digest[KW_AUTH_DIGEST_BYTES])
{
    uint8_t bytes[KW_AUTH_TOKEN_BYTES];
    int err = kw_secret_unhex(token, bytes, sizeof(bytes));

    if (err == 0)
        err = kw_auth_digest(bytes, sizeof(bytes), digest);
    kw_secret_wipe(bytes, sizeof(bytes));
    return err;
}

int kw_auth_csrf_of(const char *token, char csrf[KW_AUTH_CSRF_SIZE])
{
    static const unsigned char purpose[] = "kilowatch csrf";
    uint8_t bytes[KW_AUTH_TOKEN_BYTES], mac[KW_AUTH_DIGEST_BYTES];
    int err = kw_secret_unhex(token, bytes, sizeof(bytes));

    if (err == 0)
        err = translate(HMAC(EVP_sha256(), bytes, sizeof(bytes), purpose,
                             sizeof(purpose) - 1, mac, NULL) != NULL);
    if (err == 0)
        kw_secret_hex(mac, KW_AUTH_CSRF_BYTES, csrf);
    kw_secret_wipe(bytes, sizeof(bytes));
    return err;
}

static int derive(const char *password, const struct kw_auth_scrypt *scrypt,
                  uint8_t hash[KW_AUTH_HASH_BYTES])
{
    return translate(EVP_PBE_scrypt(password, strlen(password), scrypt->salt,
                                    sizeof(scrypt->salt),
                                    UINT64_C(1) << scrypt->log2_n, scrypt->r,
                                    scrypt->p, scrypt_memory_max, hash,
                                    KW_AUTH_HASH_BYTES) == 1);
}

int kw_auth_scrypt_make(const char *password, struct kw_auth_scrypt *scrypt)
{
    kw_auth_scrypt_nobody(scrypt);
    if (kw_secret_random(scrypt->salt, sizeof(scrypt->salt)) != 0)
        return KW_EIO;
    return derive(password, scrypt, scrypt->hash);
}

int kw_auth_scrypt_check(const char *password,
                         const struct kw_auth_scrypt *scrypt, bool *matched)
{
    uint8_t hash[KW_AUTH_HASH_BYTES];
    int err = derive(password, scrypt, hash);

    *matched = err == 0 && kw_secret_equal(hash, scrypt->hash, sizeof(hash));
    kw_secret_wipe(hash, sizeof(hash));
    return err;
}

bool kw_auth_scrypt_is_weak(const struct kw_auth_scrypt *scrypt)
{
    return scrypt->log2_n < KW_AUTH_LOG2_N ||
           (scrypt->log2_n == KW_AUTH_LOG2_N && scrypt->p < KW_AUTH_P);
}

void kw_auth_scrypt_nobody(struct kw_auth_scrypt *scrypt)
{
    *scrypt = (struct kw_auth_scrypt){
        .log2_n = KW_AUTH_LOG2_N,
        .r = KW_AUTH_R,
        .p = KW_AUTH_P,
    };
}
