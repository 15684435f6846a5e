/* SPDX-License-Identifier: Apache-2.0 */
#include "net/role.h"

#include "base/text.h"

#include <string.h>

enum {
    UTF8_STRING = 0x0C, /* X.690, 8.23: universal, primitive, 12 */
    HEAD_BYTES = 2,     /* tag, and a length below 128 in one byte */
};

int kw_role_parse(const unsigned char *der, size_t length,
                  char role[KW_ROLE_SIZE])
{
    size_t bytes = length - HEAD_BYTES;

    role[0] = 0;
    /* In DER (X.690, 10.1) a length that fits has one form only. */
    if (length <= HEAD_BYTES || bytes > KW_ROLE_MAX || der[0] != UTF8_STRING ||
        der[1] != bytes ||
        !kw_text_is_clean((const char *)der + HEAD_BYTES, bytes))
        return KW_EINVAL;
    memcpy(role, der + HEAD_BYTES, bytes);
    role[bytes] = 0;
    return 0;
}
