/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What auth takes from OpenSSL, and the only place that translates its
 * failures. Nothing here keeps state; every function may run in a job.
 */
#ifndef KW_AUTH_CRYPT_H
#define KW_AUTH_CRYPT_H

#include "auth/record.h"

#include <stdbool.h>

enum {
    KW_AUTH_TOKEN_BYTES = 32,                         /* 256 random bits */
    KW_AUTH_TOKEN_SIZE = 2 * KW_AUTH_TOKEN_BYTES + 1, /* hex with NUL */
    KW_AUTH_CSRF_BYTES = 16,
    KW_AUTH_CSRF_SIZE = 2 * KW_AUTH_CSRF_BYTES + 1,

    /* The cost of new hashes: 16 MiB, five times over. */
    KW_AUTH_LOG2_N = 14,
    KW_AUTH_P = 5,
};

/* SHA-256. KW_ENOMEM. */
KW_MUST_CHECK int kw_auth_digest(const void *bytes, size_t length,
                                 uint8_t digest[KW_AUTH_DIGEST_BYTES]);

/* The digest of a token in hex; KW_EINVAL when it isn't one. */
KW_MUST_CHECK int kw_auth_token_digest(const char *token,
                                       uint8_t digest[KW_AUTH_DIGEST_BYTES]);

/*
 * The CSRF token of a session: made from its token by HMAC-SHA-256, so that
 * it is the same after a restart although only digests are stored, and tells
 * nothing about the token. KW_EINVAL when token isn't one, KW_ENOMEM.
 */
KW_MUST_CHECK int kw_auth_csrf_of(const char *token,
                                  char csrf[KW_AUTH_CSRF_SIZE]);

/* Hashes a password with a new salt at today's cost; takes 0.1 to 0.5 s.
 * KW_EIO: no random bytes; KW_ENOMEM. */
KW_MUST_CHECK int kw_auth_scrypt_make(const char *password,
                                      struct kw_auth_scrypt *scrypt);

/* Is it the password? Takes as long whatever the answer is. KW_ENOMEM. */
KW_MUST_CHECK int kw_auth_scrypt_check(const char *password,
                                       const struct kw_auth_scrypt *scrypt,
                                       bool *matched);

/* True when the hash has a lower cost than new ones get. */
bool kw_auth_scrypt_is_weak(const struct kw_auth_scrypt *scrypt);

/* A hash of today's cost that no password has: unknown users are checked
 * against it, so that they take as long as known ones. */
void kw_auth_scrypt_nobody(struct kw_auth_scrypt *scrypt);

#endif
