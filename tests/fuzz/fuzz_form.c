/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names and passwords as they are typed. What is taken keeps its limits, is
 * its own form, and a name leads to the same account in each of its forms.
 */
#include "auth/form.h"
#include "base/mem.h"
#include "base/text.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FOLDED_MAX = 32 };

static void must(bool right)
{
    if (!right)
        abort();
}

static void check_password(const char *text)
{
    char form[KW_AUTH_PASSWORD_SIZE], again[KW_AUTH_PASSWORD_SIZE];
    size_t chars = 0, same = 0;
    int err = kw_auth_form_password(text, form, &chars);

    if (err != 0) {
        must(err == KW_EINVAL || err == KW_ERANGE);
        must(form[0] == 0 && chars == 0);
        return;
    }
    must(chars <= KW_AUTH_PASSWORD_MAX && chars <= strlen(form));
    must((chars == 0) == (text[0] == 0));
    must(kw_text_is_clean(form, strlen(form)));
    must(kw_auth_form_password(form, again, &same) == 0);
    must(same == chars && strcmp(form, again) == 0);
}

static void check_name(const char *text)
{
    char form[KW_AUTH_NAME_SIZE], again[KW_AUTH_NAME_SIZE];
    char key[KW_AUTH_NAME_SIZE], key_of_form[KW_AUTH_NAME_SIZE];
    int err = kw_auth_form_name(text, form);
    int key_err = kw_auth_form_key(text, key);

    must(key_err == 0 || key_err == KW_EINVAL || key_err == KW_ERANGE);
    must((key[0] == 0) == (key_err != 0));
    if (err != 0) {
        must(err == KW_EINVAL || err == KW_ERANGE);
        must(form[0] == 0);
        return;
    }
    must(kw_auth_form_name(form, again) == 0 && strcmp(form, again) == 0);
    must(kw_auth_form_key(form, key_of_form) == key_err);
    must(strcmp(key, key_of_form) == 0);
}

/* Into memory of exactly that size, so that a write behind it is seen. */
static void check_fold(const char *text, size_t max)
{
    int32_t *out = kw_alloc_array(max, sizeof(*out));

    if (out == NULL)
        return;
    must(kw_auth_form_fold(text, out, max) <= max);
    kw_free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = kw_strndup((const char *)data, size);

    if (text == NULL)
        return 0;
    check_password(text);
    check_name(text);
    if (kw_text_is_clean(text, strlen(text)))
        check_fold(text, size % FOLDED_MAX + 1);
    kw_free(text);
    return 0;
}
