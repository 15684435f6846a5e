/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Accounts without a running gateway: for `kilowatch user`. Who may write the
 * state folder is trusted (SEC-13: recovery only by local presence). Blocking.
 */
#ifndef KW_AUTH_OFFLINE_H
#define KW_AUTH_OFFLINE_H

#include "auth/record.h"

struct kw_db;

/*
 * Calls visit for every account in order of the keys; err is not 0 when the
 * record can't be read, then only user->key is there ("" when not even that).
 */
typedef void kw_auth_visit_fn(void *arg, const struct kw_auth_user *user,
                              int err);
KW_MUST_CHECK int kw_auth_offline_each(struct kw_db *db,
                                       kw_auth_visit_fn *visit, void *arg);

/*
 * Replaces an account's password by a one-time password, enables it, ends its
 * sessions. The password is shown on a terminal or written to the file in dir
 * (auth/onetime.h) before anything is stored. A damaged `security` is made
 * anew. The next start of the gateway tells of it.
 * KW_ENOTFOUND: no such account; KW_ECORRUPT: damaged; others as they come.
 */
KW_MUST_CHECK int kw_auth_offline_reset(struct kw_db *db, const char *dir,
                                        const char *name, int64_t now_ms);

#endif
