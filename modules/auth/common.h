/* SPDX-License-Identifier: Apache-2.0 */
/* The common words that a guessable password is made of. */
#ifndef KW_AUTH_COMMON_H
#define KW_AUTH_COMMON_H

/*
 * Lines of words with one blank between them; NULL ends. Sorted, lower-case
 * ASCII letters only, at least three a word.
 */
extern const char *const kw_auth_common[];

#endif
