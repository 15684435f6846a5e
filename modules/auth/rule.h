/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a new password must be (NIST SP 800-63B-4, 3.1.1.2): 15 to 128
 * characters of any kind and not guessable from common words, patterns or
 * names. No composition rule, no expiry. Pure.
 */
#ifndef KW_AUTH_RULE_H
#define KW_AUTH_RULE_H

#include "auth/form.h"

enum kw_auth_refusal {
    KW_AUTH_ACCEPTED,
    KW_AUTH_NOT_TEXT, /* not UTF-8, or control characters */
    KW_AUTH_TOO_SHORT,
    KW_AUTH_TOO_LONG,
    KW_AUTH_FROM_NAMES,    /* little more than names of the context */
    KW_AUTH_FROM_WORDS,    /* little more than common words */
    KW_AUTH_FROM_PATTERNS, /* little more than sequences, repetitions */
};

/* A password that a good guesser finds with fewer bits is refused. */
enum { KW_AUTH_BITS_MIN = 32 };

/*
 * Judges what somebody typed; context lists names, NULL at the end. When it
 * is accepted its NFC form is in formed, else formed is "".
 */
enum kw_auth_refusal kw_auth_rule_check(const char *typed,
                                        const char *const *context,
                                        char formed[KW_AUTH_PASSWORD_SIZE]);

/* The reason as one sentence without the full stop; "" for accepted. */
const char *kw_auth_rule_text(enum kw_auth_refusal refusal);

#endif
