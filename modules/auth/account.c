/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The own password: needs the current one (SEC-10), throttled and hashed like
 * a log-in. The account and the end of its other sessions are one batch; they
 * end in memory when it is durable. A client that goes before the hash is
 * there has changed nothing.
 */
#include "auth/routes.h"

#include "auth/rule.h"
#include "auth/state.h"
#include "auth/store.h"
#include "auth/task.h"
#include "auth/tell.h"
#include "base/diag.h"
#include "base/secret.h"
#include "core/route.h"

#include <string.h>

/* The other sessions of the task's account, from handle after on. */
static struct kw_auth_session *next_other(struct kw_auth_task *task,
                                          size_t *index)
{
    while (*index < KW_AUTH_SESSIONS_MAX) {
        struct kw_auth_session *row = &task->auth->sessions.rows[(*index)++];

        if (row->handle != 0 && row->handle != task->session &&
            strcmp(row->ticket.user, task->key) == 0)
            return row;
    }
    return NULL;
}

static void on_stored(struct kw_auth_task *task, int err)
{
    struct kw_auth *auth = task->auth;
    struct kw_auth_session *session;
    size_t index = 0;

    if (err != 0) {
        kw_auth_task_refuse(task, 503, 0, "store_failed",
                            "The password could not be stored; try again.");
        return;
    }
    kw_auth_users_put(auth, &task->changed);
    /* Rows too: a session may have begun since the batch was made. */
    while ((session = next_other(task, &index)) != NULL) {
        kw_auth_store_drop_session(auth, session);
        kw_auth_sessions_end(&auth->sessions, session);
    }
    session = kw_auth_sessions_get(&auth->sessions, task->session);
    if (session != NULL)
        session->recent_until_ms = kw_auth_mono_ms(auth) + KW_AUTH_RECENT_MS;
    kw_auth_tell(auth, KW_AUTH_EVENT_PASSWORD_CHANGED, task->changed.name,
                 task->address);
    if (task->request != NULL)
        kw_reply_take(task->request, 204, NULL, NULL);
    kw_auth_task_free(task);
}

/* One transaction: a power cut leaves either the old password with all its
 * sessions or the new one without the others. */
static struct kw_db_batch *make_batch(struct kw_auth_task *task)
{
    struct kw_db_batch *batch = kw_db_batch_new();
    const struct kw_auth_session *session;
    size_t index = 0;

    if (batch == NULL)
        return NULL;
    while ((session = next_other(task, &index)) != NULL)
        kw_auth_store_delete_session(batch, session);
    if (kw_auth_store_put_user(batch, &task->changed) == 0)
        return batch;
    kw_db_batch_free(batch);
    return NULL;
}

/* The current password is compared a second time with what stands now: two
 * changes may have been under way. */
static void on_hashed(struct kw_auth_task *task, int err)
{
    struct kw_auth *auth = task->auth;
    const struct kw_auth_user *user = kw_auth_users_find(auth, task->key);

    if (err != 0) {
        kw_auth_task_refund(task);
        kw_auth_task_refuse(task, 503, 0, "no_memory", "Out of memory.");
        return;
    }
    if (user == NULL || !task->matched ||
        !kw_secret_equal(&user->scrypt, &task->check, sizeof(task->check))) {
        auth->counters.failures++;
        kw_auth_tell_failed(auth, task->changed.name, task->address);
        kw_auth_task_refuse(task, 403, 0, "current_wrong",
                            "The current password is wrong.");
        return;
    }
    kw_auth_throttle_succeed(&auth->throttle, &task->charge);
    /* Nobody would learn of the change: rather none. */
    if (task->request == NULL) {
        kw_auth_task_free(task);
        return;
    }
    task->changed = *user;
    task->changed.scrypt = task->made[0];
    task->changed.password_changed_ms = kw_auth_wall_ms(auth);
    kw_auth_task_commit(task, make_batch(task), on_stored);
}

/* Judges the new password; false: answered. */
static bool judge(struct kw_auth_task *task,
                  const struct kw_auth_password_body *body)
{
    const char *names[KW_AUTH_CONTEXT];
    const char *text;
    struct kw_diag diag;

    kw_auth_users_context(task->auth, task->changed.name, NULL, names);
    text = kw_auth_rule_text(
        kw_auth_rule_check(body->wanted, names, task->wanted[0]));
    if (*text == 0 && strcmp(task->wanted[0], task->password) == 0)
        text = "it is the current password";
    if (*text == 0)
        return true;
    kw_diag_init(&diag);
    (void)kw_diag_at(&diag, "new", "%s", text);
    kw_reply_diag(task->request, 422, "password_refused", &diag);
    kw_diag_fini(&diag);
    return false;
}

void kw_auth_put_password(void *self, struct kw_request *request)
{
    struct kw_auth *auth = self;
    const struct kw_auth_password_body *body = request->body;
    const struct kw_auth_session *session =
        kw_auth_sessions_get(&auth->sessions, request->who->session);
    const struct kw_auth_user *user =
        session != NULL && !session->setup
            ? kw_auth_users_find(auth, session->ticket.user)
            : NULL;
    struct kw_auth_task *task;
    size_t chars;

    if (user == NULL) {
        kw_reply_problem(request, 401, "no_session", "Log in first.");
        return;
    }
    task = kw_auth_task_new(auth, request);
    if (task == NULL)
        return;
    kw_auth_task_begin_change(task);
    task->changed = *user;
    task->check = user->scrypt;
    task->session = session->handle;
    task->make_if = true;
    task->makes = 1;
    memcpy(task->key, user->key, sizeof(task->key));
    /* What can't be a password is "" then, which no account has. */
    if (kw_auth_form_password(body->current, task->password, &chars) != 0)
        kw_auth_scrypt_nobody(&task->check);
    if (!judge(task, body))
        kw_auth_task_free(task);
    else if (kw_auth_task_throttle(task))
        (void)kw_auth_task_hash(task, on_hashed);
}
