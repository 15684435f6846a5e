/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Length first, then how hard it is to guess; no rule on kinds of characters
 * and no expiry (NIST SP 800-63B 3.1.1.2, SEC-03 to SEC-05). A refused password
 * leaves no copy in formed; the refusal says why, since "too weak" teaches
 * nobody.
 */
#include "auth/rule.h"

#include "auth/guess.h"
#include "base/secret.h"

static enum kw_auth_refusal judge(const char *formed,
                                  const char *const *context)
{
    unsigned pieces;

    if (kw_auth_guess_bits(formed, context, &pieces) >= KW_AUTH_BITS_MIN)
        return KW_AUTH_ACCEPTED;
    if ((pieces & KW_AUTH_PIECE_CONTEXT) != 0)
        return KW_AUTH_FROM_NAMES;
    if ((pieces & KW_AUTH_PIECE_WORD) != 0)
        return KW_AUTH_FROM_WORDS;
    return KW_AUTH_FROM_PATTERNS;
}

enum kw_auth_refusal kw_auth_rule_check(const char *typed,
                                        const char *const *context,
                                        char formed[KW_AUTH_PASSWORD_SIZE])
{
    size_t chars;
    int err = kw_auth_form_password(typed, formed, &chars);
    enum kw_auth_refusal refusal;

    if (err == KW_EINVAL)
        return KW_AUTH_NOT_TEXT;
    if (err != 0)
        return KW_AUTH_TOO_LONG;
    refusal = chars < KW_AUTH_PASSWORD_MIN ? KW_AUTH_TOO_SHORT
                                           : judge(formed, context);
    if (refusal != KW_AUTH_ACCEPTED)
        kw_secret_wipe(formed, KW_AUTH_PASSWORD_SIZE);
    return refusal;
}

const char *kw_auth_rule_text(enum kw_auth_refusal refusal)
{
    static const char *const texts[] = {
        [KW_AUTH_ACCEPTED] = "",
        [KW_AUTH_NOT_TEXT] = "it contains characters that are not text",
        [KW_AUTH_TOO_SHORT] = "it has fewer than 15 characters",
        [KW_AUTH_TOO_LONG] = "it has more than 128 characters",
        [KW_AUTH_FROM_NAMES] =
            "it is easy to guess: little more than the name of the user, the "
            "site, this machine or the product",
        [KW_AUTH_FROM_WORDS] =
            "it is easy to guess: little more than very common words",
        [KW_AUTH_FROM_PATTERNS] =
            "it is easy to guess: little more than a sequence, a repetition "
            "or a row of keys",
    };

    return texts[refusal];
}
