/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Log-in, log-out, who am I.
 *
 * A log-in is charged to the throttle, hashed in a job and compared; unknown
 * users are compared with a hash that nobody has, so that status, body and
 * time are the same (SEC-09). When it is right the session's row is committed
 * before the answer leaves. A client that goes meanwhile leaves no session.
 *
 * A hash that is weaker than today's is made anew of the password that was just
 * right, and written along. That is only a chance taken: while a change of a
 * password is under way, in either order, nothing is written, or the password
 * that was would come back. The next log-in tries again.
 */
#include "auth/routes.h"

#include "auth/auth.h"
#include "auth/grant.h"
#include "auth/state.h"
#include "auth/store.h"
#include "auth/tell.h"
#include "base/secret.h"
#include "core/core.h"
#include "core/route.h"

#include <string.h>

static void refuse_login(struct kw_auth_task *task, const char *user)
{
    task->auth->counters.failures++;
    kw_auth_tell_failed(task->auth, user, task->address);
    kw_auth_task_refuse(task, 401, 0, "login_failed",
                        "The user or the password is wrong.");
}

static void refuse_session(struct kw_auth_task *task)
{
    kw_auth_task_refuse(task, 503, 0, "store_failed",
                        "The session could not be made.");
}

/* Is the stored hash still the one that was verified, and will stay it? */
static bool may_upgrade(const struct kw_auth_task *task,
                        const struct kw_auth_user *user)
{
    return task->makes > 0 && task->auth->changing == 0 &&
           kw_secret_equal(&user->scrypt, &task->check, sizeof(task->check));
}

/* The session is durable, or err: it isn't and must not exist. */
static void on_stored(struct kw_auth_task *task, int err)
{
    struct kw_auth *auth = task->auth;
    struct kw_auth_user *user = kw_auth_users_find(auth, task->key);

    if (err != 0 || task->request == NULL) {
        kw_auth_grant_undo(task, err == 0);
        refuse_session(task);
        return;
    }
    if (may_upgrade(task, user))
        user->scrypt = task->made[0];
    auth->counters.logins++;
    kw_auth_tell(auth, KW_AUTH_EVENT_LOGIN, user->name, task->address);
    kw_auth_grant_reply(task);
}

/* The session's row, and the account's when its hash was made stronger. */
static struct kw_db_batch *make_batch(struct kw_auth_task *task,
                                      const struct kw_auth_user *user)
{
    struct kw_db_batch *batch = kw_db_batch_new();
    struct kw_auth_user changed = *user;
    int err;

    if (batch == NULL)
        return NULL;
    err = kw_auth_grant_put(task, batch);
    if (err == 0 && may_upgrade(task, user)) {
        changed.scrypt = task->made[0];
        err = kw_auth_store_put_user(batch, &changed);
    }
    if (err == 0)
        return batch;
    kw_db_batch_free(batch);
    return NULL;
}

static void on_hashed(struct kw_auth_task *task, int err)
{
    struct kw_auth *auth = task->auth;
    struct kw_auth_user *user = kw_auth_users_find(auth, task->key);

    if (err != 0) {
        kw_auth_task_refund(task);
        refuse_session(task);
        return;
    }
    /* The hash is compared again: the password may have been changed while
     * this one was computed. */
    if (user == NULL || !task->matched ||
        (user->flags & KW_AUTH_ENABLED) == 0 ||
        !kw_secret_equal(&user->scrypt, &task->check, sizeof(task->check))) {
        refuse_login(task, user != NULL ? user->name : "");
        return;
    }
    kw_auth_throttle_succeed(&auth->throttle, &task->charge);
    if (task->request == NULL) {
        kw_auth_task_free(task);
        return;
    }
    err = kw_auth_grant_open(task, user);
    if (err == KW_EFULL)
        kw_auth_task_refuse(task, 429, 0, "session_limit",
                            "Too many sessions are open; log out elsewhere "
                            "first.");
    else if (err != 0)
        refuse_session(task);
    else if ((user->flags & KW_AUTH_ONE_TIME) != 0)
        on_stored(task, 0); /* lives in memory only */
    else
        kw_auth_task_commit(task, make_batch(task, user), on_stored);
}

void kw_auth_post_session(void *self, struct kw_request *request)
{
    struct kw_auth *auth = self;
    const struct kw_auth_login_body *body = request->body;
    const struct kw_auth_user *user = NULL;
    struct kw_auth_task *task;
    size_t chars;

    if (!auth->ready) {
        kw_reply_header(request, "Retry-After", "1");
        kw_reply_problem(request, 503, "not_ready",
                         "The first account is being made; try again.");
        return;
    }
    task = kw_auth_task_new(auth, request);
    if (task == NULL)
        return;
    if (kw_auth_form_key(body->user, task->key) == 0)
        user = kw_auth_users_find(auth, task->key);
    /* What can't be a password is "" then, which no account has. */
    if (kw_auth_form_password(body->password, task->password, &chars) != 0)
        user = NULL;
    if (user != NULL)
        task->check = user->scrypt;
    else
        kw_auth_scrypt_nobody(&task->check);
    if (user != NULL && kw_auth_scrypt_is_weak(&user->scrypt)) {
        memcpy(task->wanted[0], task->password, sizeof(task->wanted[0]));
        task->make_if = true;
        task->makes = 1;
    }
    if (kw_auth_task_throttle(task))
        (void)kw_auth_task_hash(task, on_hashed);
}

/* The session that a request comes with; NULL: answered with 401. */
static struct kw_auth_session *own_session(struct kw_auth *auth,
                                           struct kw_request *request)
{
    struct kw_auth_session *session =
        kw_auth_sessions_get(&auth->sessions, request->who->session);

    if (session == NULL || request->cookie == NULL) {
        kw_reply_problem(request, 401, "no_session", "Log in first.");
        return NULL;
    }
    return session;
}

void kw_auth_get_session(void *self, struct kw_request *request)
{
    struct kw_auth *auth = self;
    const struct kw_auth_session *session = own_session(auth, request);

    if (session != NULL)
        kw_auth_grant_show(auth, request, session, request->cookie, 200);
}

/* The row is gone, or err: it would count again after a restart. */
static void on_logged_out(struct kw_auth_task *task, int err)
{
    if (err != 0) {
        kw_auth_task_refuse(task, 503, 0, "store_failed",
                            "The session has ended, but that could not be "
                            "stored: after a restart it counts again.");
        return;
    }
    if (task->request != NULL)
        kw_reply_take(task->request, 204, NULL, NULL);
    kw_auth_task_free(task);
}

void kw_auth_delete_session(void *self, struct kw_request *request)
{
    struct kw_auth *auth = self;
    struct kw_auth_session *session = own_session(auth, request);
    struct kw_db_batch *batch;
    struct kw_auth_task *task;

    if (session == NULL)
        return;
    task = kw_auth_task_new(auth, request);
    if (task == NULL)
        return;
    kw_reply_header(request, "Set-Cookie",
                    KW_AUTH_COOKIE "=; Path=/; Secure; HttpOnly; "
                                   "SameSite=Strict; Max-Age=0");
    kw_auth_tell(auth, KW_AUTH_EVENT_LOGOUT, request->who->user, task->address);
    batch = kw_db_batch_new();
    if (batch != NULL)
        kw_auth_store_delete_session(batch, session);
    kw_auth_sessions_end(&auth->sessions, session);
    kw_auth_task_commit(task, batch, on_logged_out);
}
