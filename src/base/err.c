/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one translation from errno. What isn't in the table is KW_EIO: a caller
 * can act on "full", "denied" or "not there", and on nothing else.
 */
#include "base/err.h"

#include <errno.h>

const char *kw_strerror(int err)
{
    switch (err) {
    case KW_OK:
        return "no error";
#define KW_ERROR_CASE(code, number, text)                                      \
    case code:                                                                 \
        return text;
        KW_ERRORS(KW_ERROR_CASE)
#undef KW_ERROR_CASE
    default:
        return "unknown error";
    }
}

int kw_err_from_errno(int number)
{
    static const struct {
        int number, err;
    } rows[] = {
        {0, KW_OK},
        {ENOMEM, KW_ENOMEM},
        {EINVAL, KW_EINVAL},
        {ENOENT, KW_ENOTFOUND},
        {ENODEV, KW_ENOTFOUND},
        {ENXIO, KW_ENOTFOUND},
        {EEXIST, KW_EEXIST},
        {EBUSY, KW_EBUSY},
        {EADDRINUSE, KW_EBUSY},
        {EACCES, KW_EDENIED},
        {EPERM, KW_EDENIED},
        {EROFS, KW_EDENIED},
        {ETIMEDOUT, KW_ETIMEOUT},
        {EAGAIN, KW_EAGAIN},
        {ENOSPC, KW_ENOSPC},
        {EDQUOT, KW_ENOSPC},
        {EMFILE, KW_EFULL},
        {ENFILE, KW_EFULL},
        {ERANGE, KW_ERANGE},
    };

    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].number == number)
            return rows[i].err;
    }
    return KW_EIO;
}
