/* SPDX-License-Identifier: Apache-2.0 */
/* Accounts and sessions in the database. */
#ifndef KW_AUTH_STORE_H
#define KW_AUTH_STORE_H

#include "auth/record.h"
#include "core/db.h"

struct kw_auth;
struct kw_auth_session;

extern const struct kw_db_table kw_auth_users_table;
extern const struct kw_db_table kw_auth_sessions_table;

/*
 * Reads all accounts and the sessions that are still alive into memory;
 * *first: there is no account at all. An account that can't be read is
 * skipped, counted and logged: its user can't log in, the others can.
 * Sessions that are over are deleted. An error: the database can't be read.
 */
KW_MUST_CHECK int kw_auth_store_load(struct kw_auth *auth, bool *first);

/* Calls take for every row of a table, in order of the keys; 0 also when
 * there is no such table yet. */
typedef void kw_auth_row_fn(void *arg, struct kw_slice key,
                            struct kw_slice value);
KW_MUST_CHECK int kw_auth_store_walk(struct kw_db_txn *txn,
                                     const struct kw_db_table *table,
                                     kw_auth_row_fn *take, void *arg);

/* Tells of passwords that were reset while no gateway ran, once. */
void kw_auth_store_note_resets(struct kw_auth *auth);

/* Adds to a batch. KW_ENOMEM; the batch's own errors show at its submit. */
KW_MUST_CHECK int kw_auth_store_put_user(struct kw_db_batch *batch,
                                         const struct kw_auth_user *user);
KW_MUST_CHECK int
kw_auth_store_put_session(struct kw_db_batch *batch,
                          const struct kw_auth_session *session);
void kw_auth_store_delete_session(struct kw_db_batch *batch,
                                  const struct kw_auth_session *session);

/* Deletes the row of a session that is ending; a failure is logged: the row
 * then counts again after a restart, until its absolute end. */
void kw_auth_store_drop_session(struct kw_auth *auth,
                                const struct kw_auth_session *session);

#endif
