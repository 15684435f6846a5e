/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Handling of secrets: unguessable bytes from the kernel, comparison in
 * constant time, wiping that the compiler can't leave out, text forms.
 */
#ifndef KW_BASE_SECRET_H
#define KW_BASE_SECRET_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

/* Random bytes by getrandom(2). KW_EIO: the caller must give up. */
KW_MUST_CHECK int kw_secret_random(void *bytes, size_t length);

/* Time depends on length only. */
bool kw_secret_equal(const void *a, const void *b, size_t length);

/* Overwrites with zeros. */
void kw_secret_wipe(void *bytes, size_t length);

/* Lower-case hex with NUL: text has room for 2 * length + 1. */
void kw_secret_hex(const void *bytes, size_t length, char *text);

/* Reads exactly 2 * length lower-case hex digits and nothing else. */
KW_MUST_CHECK int kw_secret_unhex(const char *text, void *bytes, size_t length);

/*
 * A one-time password for people: four groups of four characters without
 * look-alikes (32 letters, so 80 bits), "K7QM-....".
 */
enum { KW_SECRET_PASSWORD_SIZE = 20 };
KW_MUST_CHECK int kw_secret_password(char text[KW_SECRET_PASSWORD_SIZE]);

#endif
