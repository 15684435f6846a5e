/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The comparison reads both sides to the end whatever it finds and keeps the
 * difference in a volatile chain, so that no compiler ends it early. Random
 * bytes come from the kernel alone; if it has none the caller must refuse the
 * service, never go on with something weaker (SEC-44).
 */
#include "base/secret.h"

#include <string.h>
#include <unistd.h>

int kw_secret_random(void *bytes, size_t length)
{
    unsigned char *at = bytes;

    while (length > 0) {
        /* 256 bytes are given whole, never less: getentropy(3) */
        size_t part = length < 256 ? length : 256;

        if (getentropy(at, part) != 0)
            return KW_EIO; /* UNTESTED: a kernel without getrandom */
        at += part;
        length -= part;
    }
    return 0;
}

bool kw_secret_equal(const void *a, const void *b, size_t length)
{
    const volatile unsigned char *left = a, *right = b;
    unsigned char difference = 0;

    for (size_t i = 0; i < length; i++)
        difference |= (unsigned char)(left[i] ^ right[i]);
    return difference == 0;
}

void kw_secret_wipe(void *bytes, size_t length)
{
    explicit_bzero(bytes, length);
}

void kw_secret_hex(const void *bytes, size_t length, char *text)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *at = bytes;

    for (size_t i = 0; i < length; i++) {
        *text++ = digits[at[i] >> 4];
        *text++ = digits[at[i] & 15];
    }
    *text = 0;
}

static int nibble(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

int kw_secret_unhex(const char *text, void *bytes, size_t length)
{
    unsigned char *at = bytes;

    for (size_t i = 0; i < length; i++, text += 2) {
        int high = nibble(text[0]);
        int low = high >= 0 ? nibble(text[1]) : -1;

        if (low < 0)
            return KW_EINVAL;
        at[i] = (unsigned char)(high << 4 | low);
    }
    return *text == 0 ? 0 : KW_EINVAL;
}

int kw_secret_password(char text[KW_SECRET_PASSWORD_SIZE])
{
    static const char letters[] = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    unsigned char bytes[16];

    if (kw_secret_random(bytes, sizeof(bytes)) != 0)
        return KW_EIO; /* UNTESTED: the kernel always has 16 bytes */
    for (size_t i = 0; i < sizeof(bytes); i++) {
        if (i > 0 && i % 4 == 0)
            *text++ = '-';
        *text++ = letters[bytes[i] & 31];
    }
    *text = 0;
    kw_secret_wipe(bytes, sizeof(bytes));
    return 0;
}
