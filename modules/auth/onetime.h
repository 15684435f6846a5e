/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a one-time password reaches its owner (decisions: first start): shown
 * on a terminal, or else kept in a file that only the service's user can
 * read. Blocking: for jobs and offline commands.
 */
#ifndef KW_AUTH_ONETIME_H
#define KW_AUTH_ONETIME_H

#include "base/err.h"

/* The file in the state folder; one line, the password. */
#define KW_AUTH_ONETIME_FILE "one-time-password"

/*
 * Shows the password of user on standard error when that is a terminal (a
 * file of an earlier one is removed), else writes it durably to the file
 * (mode 0600) in dir. KW_E... of the failed call.
 */
KW_MUST_CHECK int kw_auth_onetime_reveal(const char *dir, const char *user,
                                         const char *password);

/* Removes the file; no error when there is none. */
KW_MUST_CHECK int kw_auth_onetime_remove(const char *dir);

#endif
