/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values of header fields that lists are in: Cookie, Accept-Encoding,
 * If-None-Match, If-Match. The bytes up to the first NUL are the value, what
 * follows up to the next one is the name of the cookie and the entity tag.
 */
#include "base/mem.h"
#include "http/check.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { NAME_SIZE = 16 };

static void must(bool right)
{
    if (!right)
        abort();
}

/* A Cookie field as RFC 6265, 5.4 writes it, taken apart by its pairs. */
static void check_cookie(const char *header, const char *name)
{
    const char *value = NULL, *found = NULL;
    size_t length = kw_http_cookie(header, name, &value);
    size_t pairs = 0, name_length = strlen(name), found_length = 0;

    for (const char *at = header; *at != 0;) {
        size_t pair = strcspn(at, ";");

        if (pair > name_length && at[name_length] == '=' &&
            strncmp(at, name, name_length) == 0) {
            pairs++;
            found = at + name_length + 1;
            found_length = pair - name_length - 1;
        }
        at += pair;
        at += strspn(at, "; ");
    }
    must(length == (pairs == 1 ? found_length : 0));
    must(length == 0 || value == found);
}

/* Whether the text names a coding, or all of them. */
static bool names(const char *accept, const char *coding)
{
    for (; *accept != 0; accept++) {
        if (*accept == '*' || strncasecmp(accept, coding, strlen(coding)) == 0)
            return true;
    }
    return false;
}

/* The best of some forms is also the best of fewer that it is among. */
static void check_choice(const char *accept)
{
    static const char *const codings[KW_HTTP_FORMS] = {"", "br", "gzip"};
    bool has[KW_HTTP_FORMS] = {true, true, true};
    enum kw_http_form best = kw_http_choose(accept, has);

    must(best < KW_HTTP_FORMS);
    must(best == KW_HTTP_PLAIN || names(accept, codings[best]));
    for (size_t i = KW_HTTP_BR; i < KW_HTTP_FORMS; i++) {
        enum kw_http_form other;

        has[i] = false;
        other = kw_http_choose(accept, has);
        must(other == (size_t)best || best == i);
        must(other != i);
        has[i] = true;
    }
}

static void check_tags(const char *header, const char *name)
{
    const char *tag = NULL;
    size_t length = kw_http_etag_unquote(header, &tag);

    must(!kw_http_etag_listed(header, name) || strcmp(header, "*") == 0 ||
         strstr(header, name) != NULL);
    must(length == 0 ||
         (tag == header + 1 && length + 2 == strlen(header) &&
          memchr(tag, '"', length) == NULL && tag[length] == '"'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *header = kw_strndup((const char *)data, size);
    char name[NAME_SIZE] = "k";
    size_t used;

    if (header == NULL)
        return 0;
    used = strlen(header);
    if (used + 1 < size && data[used + 1] != 0) {
        size_t rest = size - used - 1;

        rest = rest < NAME_SIZE - 1 ? rest : NAME_SIZE - 1;
        memcpy(name, data + used + 1, rest);
        name[rest] = 0;
    }
    check_cookie(header, name);
    check_choice(header);
    check_tags(header, name);
    (void)kw_http_is_json(header);
    (void)kw_http_host_ok(header);
    kw_free(header);
    return 0;
}
