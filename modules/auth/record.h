/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Accounts and sessions as they stand in the database. Every record begins
 * with its version, so that later ones can carry more (second factor). Pure.
 *
 *   auth.users     key: the name's key (auth/form.h)   value: account
 *   auth.sessions  key: SHA-256 of the session token   value: session
 */
#ifndef KW_AUTH_RECORD_H
#define KW_AUTH_RECORD_H

#include "auth/form.h"
#include "base/buf.h"
#include "core/policy.h"

#include <stdbool.h>

/* The account that the first start makes. */
#define KW_AUTH_FIRST_USER "security"

enum {
    KW_AUTH_SALT_BYTES = 16,
    KW_AUTH_HASH_BYTES = 32,
    KW_AUTH_DIGEST_BYTES = 32, /* SHA-256 */
    KW_AUTH_RECORD_MAX = 256,  /* bytes of any record */

    /* Bounds of the cost: 1 MiB to 64 MiB a hash. */
    KW_AUTH_LOG2_N_MIN = 10,
    KW_AUTH_LOG2_N_MAX = 16,
    KW_AUTH_R = 8,
    KW_AUTH_P_MAX = 16,
};

/* A password's hash by scrypt (RFC 7914): N = 2^log2_n. */
struct kw_auth_scrypt {
    uint8_t log2_n, r, p;
    uint8_t salt[KW_AUTH_SALT_BYTES];
    uint8_t hash[KW_AUTH_HASH_BYTES];
};

enum kw_auth_user_flag {
    KW_AUTH_ENABLED = 1 << 0,
    KW_AUTH_ONE_TIME = 1 << 1, /* may only set up a password of its own */
    KW_AUTH_USER_FLAGS = KW_AUTH_ENABLED | KW_AUTH_ONE_TIME,
    KW_AUTH_WAS_RESET = 1 << 2, /* in the record only: was_reset */
};

struct kw_auth_user {
    char key[KW_AUTH_NAME_SIZE];  /* of the record, not in its value */
    char name[KW_AUTH_NAME_SIZE]; /* as it was typed, NFC */
    enum kw_profile profile;
    unsigned flags;              /* of KW_AUTH_USER_FLAGS */
    bool was_reset;              /* offline; to be told at the next start */
    int64_t created_ms;          /* UTC */
    int64_t password_changed_ms; /* UTC */
    struct kw_auth_scrypt scrypt;
};

struct kw_auth_ticket {
    char user[KW_AUTH_NAME_SIZE];       /* key of the account */
    uint8_t csrf[KW_AUTH_DIGEST_BYTES]; /* SHA-256 of the CSRF token */
    int64_t created_ms;                 /* UTC */
    int64_t expires_ms;                 /* UTC: the end, used or not */
};

/* Appends the value; the buffer's error is the result. */
void kw_auth_user_encode(const struct kw_auth_user *user, struct kw_buf *out);
void kw_auth_ticket_encode(const struct kw_auth_ticket *ticket,
                           struct kw_buf *out);

/*
 * Reads a record; user->key is taken from the key's bytes. KW_ECORRUPT, or
 * KW_EVERSION when a newer program wrote it.
 */
KW_MUST_CHECK int kw_auth_user_decode(const void *key, size_t key_length,
                                      const void *value, size_t length,
                                      struct kw_auth_user *user);
KW_MUST_CHECK int kw_auth_ticket_decode(const void *value, size_t length,
                                        struct kw_auth_ticket *ticket);

#endif
