/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/form.h"

#include "base/secret.h"
#include "base/text.h"

#include <stdbool.h>
#include <string.h>
#include <utf8proc.h>

/* One composed character stands for at most four decomposed ones, so a
 * password that needs more than this has more than 128 characters. */
enum { DECOMPOSED_MAX = 4 * KW_AUTH_PASSWORD_MAX };

static const utf8proc_option_t nfc =
    (utf8proc_option_t)(UTF8PROC_STABLE | UTF8PROC_COMPOSE);

/* The code points of text after options; negative when they don't fit. */
static utf8proc_ssize_t decompose(const char *text, int32_t *out, size_t max,
                                  utf8proc_option_t options)
{
    return utf8proc_decompose((const utf8proc_uint8_t *)text,
                              (utf8proc_ssize_t)strlen(text), out,
                              (utf8proc_ssize_t)max, options);
}

/* Composed UTF-8 of at most max characters and size bytes with the NUL. */
static int compose(const char *text, utf8proc_option_t options, size_t max,
                   char *out, size_t size, size_t *chars)
{
    int32_t points[DECOMPOSED_MAX + 1]; /* one more: the last write's NUL */
    utf8proc_ssize_t count, bytes;
    int err = KW_ERANGE;

    out[0] = 0;
    *chars = 0;
    if (!kw_text_is_clean(text, strlen(text)))
        return KW_EINVAL;
    count = decompose(text, points, DECOMPOSED_MAX, options);
    if (count <= DECOMPOSED_MAX)
        count = utf8proc_normalize_utf32(points, count, options);
    if ((size_t)count <= max) {
        bytes = utf8proc_reencode(points, count, options);
        if ((size_t)bytes < size) {
            memcpy(out, points, (size_t)bytes + 1);
            *chars = (size_t)count;
            err = 0;
        }
    }
    kw_secret_wipe(points, sizeof(points));
    return err;
}

int kw_auth_form_password(const char *text, char out[KW_AUTH_PASSWORD_SIZE],
                          size_t *chars)
{
    return compose(text, nfc, KW_AUTH_PASSWORD_MAX, out, KW_AUTH_PASSWORD_SIZE,
                   chars);
}

/* The form of a name: never empty. */
static int compose_name(const char *text, utf8proc_option_t options,
                        char out[KW_AUTH_NAME_SIZE])
{
    size_t chars;
    int err = compose(text, options, KW_AUTH_NAME_SIZE, out, KW_AUTH_NAME_SIZE,
                      &chars);

    return err == 0 && chars == 0 ? KW_ERANGE : err;
}

/* May this character stand in a user name? */
static bool is_name_char(int32_t point, bool first)
{
    utf8proc_category_t category = utf8proc_category(point);

    if (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_NO)
        return !first || category <= UTF8PROC_CATEGORY_LO ||
               category >= UTF8PROC_CATEGORY_ND;
    return !first && point < 0x80 && strchr("._-@", (char)point) != NULL;
}

int kw_auth_form_name(const char *text, char out[KW_AUTH_NAME_SIZE])
{
    utf8proc_ssize_t step;
    int err = compose_name(text, nfc, out);

    for (const char *at = out; err == 0 && *at != 0; at += step) {
        int32_t point;

        step = utf8proc_iterate((const utf8proc_uint8_t *)at, -1, &point);
        if (!is_name_char(point, at == out))
            err = KW_EINVAL;
    }
    if (err != 0)
        out[0] = 0;
    return err;
}

/* Folded after it was composed: the order of marks matters to folding. */
int kw_auth_form_key(const char *text, char out[KW_AUTH_NAME_SIZE])
{
    char form[KW_AUTH_NAME_SIZE];
    int err = compose_name(text, nfc, form);

    out[0] = 0;
    if (err != 0)
        return err;
    return compose_name(form, (utf8proc_option_t)(nfc | UTF8PROC_CASEFOLD),
                        out);
}

size_t kw_auth_form_fold(const char *text, int32_t *out, size_t max)
{
    utf8proc_ssize_t count =
        decompose(text, out, max,
                  (utf8proc_option_t)(UTF8PROC_STABLE | UTF8PROC_COMPAT |
                                      UTF8PROC_DECOMPOSE | UTF8PROC_CASEFOLD |
                                      UTF8PROC_STRIPMARK));

    return (size_t)count < max ? (size_t)count : max;
}
