/* SPDX-License-Identifier: Apache-2.0 */
/* The value of a certificate's role extension: what is taken is clean text
 * that encodes to the same bytes again. */
#include "base/text.h"
#include "net/role.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char role[KW_ROLE_SIZE];
    int err = kw_role_parse(data, size, role);
    size_t length = strlen(role);

    if (err != 0 && (err != KW_EINVAL || length != 0))
        abort();
    if (err == 0 &&
        (length == 0 || length > KW_ROLE_MAX || length + 2 != size ||
         data[1] != length || memcmp(data + 2, role, length) != 0 ||
         !kw_text_is_clean(role, length)))
        abort();
    return 0;
}
