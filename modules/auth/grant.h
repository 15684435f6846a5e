/* SPDX-License-Identifier: Apache-2.0 */
/* Begins a session for somebody whose password was right. */
#ifndef KW_AUTH_GRANT_H
#define KW_AUTH_GRANT_H

#include "auth/task.h"

struct kw_auth_session;

/*
 * Makes a session of this account in memory, as the task's: nobody knows its
 * token yet. The client's present session, if any, is marked as leaving.
 * KW_EFULL: too many sessions; KW_EIO, KW_ENOMEM.
 */
KW_MUST_CHECK int kw_auth_grant_open(struct kw_auth_task *task,
                                     const struct kw_auth_user *user);

/* Adds the new session and the end of the leaving one to a batch. */
KW_MUST_CHECK int kw_auth_grant_put(struct kw_auth_task *task,
                                    struct kw_db_batch *batch);

/* Takes the session back; stored: its row is there already. */
void kw_auth_grant_undo(struct kw_auth_task *task, bool stored);

/* Ends the leaving session, answers 201 with the new one; frees the task. */
void kw_auth_grant_reply(struct kw_auth_task *task);

/* Answers a request with what its client may know of its session. */
void kw_auth_grant_show(struct kw_auth *auth, struct kw_request *request,
                        const struct kw_auth_session *session,
                        const char *token, int status);

#endif
