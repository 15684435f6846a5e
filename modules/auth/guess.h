/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How hard is a password to guess by somebody who tries common words, dates,
 * rows of keys, repetitions and names first? Pure.
 *
 * The password is cut into the pieces that such a guesser would need least
 * bits for; the sum is the estimate. It compares itself with a list without
 * having one: "Password2024!!!" is a word, a year and a repetition.
 */
#ifndef KW_AUTH_GUESS_H
#define KW_AUTH_GUESS_H

#include <stddef.h>
#include <stdint.h>

/* Only so many characters are looked at; more can't make it worse. */
enum { KW_AUTH_GUESS_MAX = 256 };

/* What the password was found to be made of, as bits. */
enum kw_auth_piece {
    KW_AUTH_PIECE_CONTEXT = 1 << 0, /* names of user, site, machine, product */
    KW_AUTH_PIECE_WORD = 1 << 1,    /* common words */
    KW_AUTH_PIECE_PATTERN = 1 << 2, /* sequences, keys, years, repetitions */
};

/*
 * The estimate in bits. text is clean UTF-8; context lists names in clean
 * UTF-8, NULL at the end. pieces receives the bits of enum kw_auth_piece.
 */
unsigned kw_auth_guess_bits(const char *text, const char *const *context,
                            unsigned *pieces);

#endif
