/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The forms of names and passwords: what people type is brought to Unicode
 * NFC, so that it does not matter on which keyboard an accent was made
 * (NIST SP 800-63B-4, 3.1.1.2). Pure; allocates nothing, wipes its copies.
 */
#ifndef KW_AUTH_FORM_H
#define KW_AUTH_FORM_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

enum {
    KW_AUTH_NAME_SIZE = 64,      /* bytes of a user name with the NUL */
    KW_AUTH_PASSWORD_MIN = 15,   /* characters of a new password */
    KW_AUTH_PASSWORD_MAX = 128,  /* characters of any password */
    KW_AUTH_PASSWORD_SIZE = 513, /* bytes of its NFC form with the NUL */
};

/*
 * The NFC form of a password and its length in characters. KW_EINVAL: not
 * UTF-8 or with control characters; KW_ERANGE: more than
 * KW_AUTH_PASSWORD_MAX characters. out is "" and chars 0 then.
 */
KW_MUST_CHECK int kw_auth_form_password(const char *text,
                                        char out[KW_AUTH_PASSWORD_SIZE],
                                        size_t *chars);

/*
 * The NFC form of a new account's name: letters, marks, digits and . _ - @,
 * a letter or a digit first. KW_EINVAL, or KW_ERANGE when empty or too long.
 */
KW_MUST_CHECK int kw_auth_form_name(const char *text,
                                    char out[KW_AUTH_NAME_SIZE]);

/*
 * The key by which an account is found: NFC and case folded. KW_EINVAL,
 * KW_ERANGE: no account can have that name.
 */
KW_MUST_CHECK int kw_auth_form_key(const char *text,
                                   char out[KW_AUTH_NAME_SIZE]);

/*
 * What is left of clean text when case, accents and compatibility forms are
 * taken away, for comparing with common words: at most max code points, the
 * rest is cut off. Returns how many.
 */
size_t kw_auth_form_fold(const char *text, int32_t *out, size_t max);

#endif
