/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one list of error codes. A function that can fail returns 0 or one of
 * these; nothing else. Each library's own codes are translated into these in
 * one function of its wrapper (LMDB in core/db.c, OpenSSL in net/tls.c, ...).
 * Text for people goes into struct kw_diag, not into the code.
 */
#ifndef KW_BASE_ERR_H
#define KW_BASE_ERR_H

/* The caller must look at the result: gcc and clang warn when it does not. */
#define KW_MUST_CHECK __attribute__((warn_unused_result))
/* Checks a printf-like call: position of the format, of the first value. */
#define KW_PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))

/*
 * X(code, number, text). The numbers are part of the control socket's answers
 * and are never used again for something else.
 */
#define KW_ERRORS(X)                                                           \
    X(KW_ENOMEM, -1, "out of memory")                                          \
    X(KW_EINVAL, -2, "not valid")                                              \
    X(KW_ENOTFOUND, -3, "not found")                                           \
    X(KW_EEXIST, -4, "exists already")                                         \
    X(KW_EFULL, -5, "full")                                                    \
    X(KW_EBUSY, -6, "busy")                                                    \
    X(KW_ECLOSING, -7, "closing")                                              \
    X(KW_ETIMEOUT, -8, "timed out")                                            \
    X(KW_EIO, -9, "input or output failed")                                    \
    X(KW_EPROTO, -10, "protocol violated")                                     \
    X(KW_EDENIED, -11, "not allowed")                                          \
    X(KW_ECORRUPT, -12, "data damaged")                                        \
    X(KW_EVERSION, -13, "version not supported")                               \
    X(KW_ERANGE, -14, "out of range")                                          \
    X(KW_EOF, -15, "end reached")                                              \
    X(KW_EAGAIN, -16, "not now")                                               \
    X(KW_ENOSPC, -17, "no space left")                                         \
    X(KW_ECONFLICT, -18, "changed meanwhile")

enum kw_err {
    KW_OK = 0,
#define KW_ERROR_ENUM(code, number, text) code = (number),
    KW_ERRORS(KW_ERROR_ENUM)
#undef KW_ERROR_ENUM
};

/* The text of a code, English, without a full stop; never NULL. */
const char *kw_strerror(int err);

/* Translates an errno value (positive) into a code; 0 stays 0. */
int kw_err_from_errno(int number);

#endif
