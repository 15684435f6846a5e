/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Set-up: the owner of a one-time password makes his own. At the first start
 * that is Cyber security, who makes an Admin account in the same step and
 * goes on as that Admin, since metering is the Admin's work.
 *
 * The new passwords are judged at once, compared with the one-time password
 * and hashed in one job, and everything is committed in one batch: accounts,
 * session of the Admin. Then the file with the one-time password goes. One
 * set-up at a time. A client that goes during the commit finds it done, one
 * that goes before has changed nothing.
 */
#include "auth/routes.h"

#include "auth/grant.h"
#include "auth/rule.h"
#include "auth/state.h"
#include "auth/store.h"
#include "auth/tell.h"
#include "base/diag.h"
#include "base/json.h"
#include "core/core.h"
#include "core/route.h"

#include <string.h>

enum { BODY_MAX_BYTES = 256 };

void kw_auth_get_setup(void *self, struct kw_request *request)
{
    const struct kw_auth *auth = self;
    struct kw_json json;
    struct kw_buf body;

    kw_buf_init(&body, BODY_MAX_BYTES);
    kw_json_init(&json, &body);
    kw_json_object(&json, NULL);
    kw_json_bool(&json, "required", !kw_auth_users_any(auth, -1, 0));
    kw_json_end_object(&json);
    kw_reply_json(request, 200, &body);
}

static void find_fault(struct kw_diag *diag, const char *path, const char *text)
{
    if (*text != 0)
        (void)kw_diag_at(diag, path, "%s", text);
}

/* The account that the request's session belongs to. */
static const struct kw_auth_user *own_account(struct kw_auth *auth,
                                              uint64_t handle)
{
    const struct kw_auth_session *session =
        kw_auth_sessions_get(&auth->sessions, handle);

    return session != NULL && session->setup
               ? kw_auth_users_find(auth, session->ticket.user)
               : NULL;
}

/* Judges the name of the Admin account and takes it over. */
static void take_admin_name(struct kw_auth_task *task, const char *name,
                            struct kw_diag *diag)
{
    struct kw_auth_user *added = &task->added;

    if (kw_auth_form_name(name, added->name) != 0 ||
        kw_auth_form_key(name, added->key) != 0) {
        added->key[0] = 0;
        find_fault(diag, "admin_name",
                   "it needs 1 to 63 bytes of letters, digits and . _ - @, a "
                   "letter or a digit first");
    } else if (kw_auth_users_find(task->auth, added->key) != NULL) {
        find_fault(diag, "admin_name", "this name is taken");
    } else if (task->auth->user_count == KW_AUTH_USERS_MAX) {
        find_fault(diag, "admin_name", "there are too many accounts");
    }
}

/* The Admin account that is made along: when it must be, when it may be. */
static void take_admin(struct kw_auth_task *task,
                       const struct kw_auth_setup_body *body,
                       struct kw_diag *diag)
{
    struct kw_auth *auth = task->auth;
    bool may = task->changed.profile == KW_PROFILE_CYBER_SECURITY;
    const char *names[KW_AUTH_CONTEXT];

    if (body->admin_name == NULL || body->admin_password == NULL) {
        if (body->admin_name != NULL || body->admin_password != NULL ||
            (may && !kw_auth_users_any(auth, KW_PROFILE_ADMIN, 0)))
            find_fault(diag, "admin_name",
                       "name and password of an Admin account are needed");
        return;
    }
    if (!may) {
        find_fault(diag, "admin_name", "only Cyber security makes accounts");
        return;
    }
    take_admin_name(task, body->admin_name, diag);
    kw_auth_users_context(auth, task->changed.name, body->admin_name, names);
    find_fault(diag, "admin_password",
               kw_auth_rule_text(kw_auth_rule_check(body->admin_password, names,
                                                    task->wanted[1])));
    if (strcmp(body->admin_password, body->password) == 0)
        find_fault(diag, "admin_password",
                   "it must not be the other account's password");
    task->makes = 2;
}

static void refuse_faults(struct kw_auth_task *task, const struct kw_diag *diag)
{
    const char *key = "name_refused";

    for (size_t i = 0; i < diag->count; i++) {
        if (strstr(diag->items[i].path, "password") != NULL)
            key = "password_refused";
    }
    kw_reply_diag(task->request, 422, key, diag);
    task->request = NULL;
}

/* True when everything that was given is good; otherwise answered. */
static bool judge(struct kw_auth_task *task,
                  const struct kw_auth_setup_body *body)
{
    const char *names[KW_AUTH_CONTEXT];
    struct kw_diag diag;
    bool good;

    kw_diag_init(&diag);
    kw_auth_users_context(task->auth, task->changed.name, body->admin_name,
                          names);
    find_fault(&diag, "password",
               kw_auth_rule_text(
                   kw_auth_rule_check(body->password, names, task->wanted[0])));
    task->makes = 1;
    take_admin(task, body, &diag);
    good = !kw_diag_any(&diag);
    if (!good)
        refuse_faults(task, &diag);
    kw_diag_fini(&diag);
    return good;
}

static void refuse_store(struct kw_auth_task *task)
{
    kw_auth_task_refuse(task, 503, 0, "store_failed",
                        "The passwords could not be stored; try again.");
}

/* Accounts and session are durable, or err: nothing has changed. */
static void on_stored(struct kw_auth_task *task, int err)
{
    struct kw_auth *auth = task->auth;
    struct kw_auth_session *setup;

    auth->setup_pending = false;
    if (err != 0) {
        kw_auth_grant_undo(task, false);
        refuse_store(task);
        return;
    }
    kw_auth_users_put(auth, &task->changed);
    if (task->makes > 1)
        kw_auth_users_put(auth, &task->added);
    kw_auth_tell(auth, KW_AUTH_EVENT_SETUP_DONE, task->changed.name,
                 task->address);
    kw_auth_tell_alert(auth);
    if (!auth->alert)
        kw_auth_first_forget(auth);
    if (task->request != NULL) {
        kw_auth_grant_reply(task);
        return;
    }
    kw_auth_grant_undo(task, true);
    setup = kw_auth_sessions_get(&auth->sessions, task->leaving);
    if (setup != NULL)
        kw_auth_sessions_end(&auth->sessions, setup);
    kw_auth_task_free(task);
}

static struct kw_db_batch *make_batch(struct kw_auth_task *task)
{
    struct kw_db_batch *batch = kw_db_batch_new();
    int err;

    if (batch == NULL)
        return NULL;
    err = kw_auth_store_put_user(batch, &task->changed);
    if (err == 0 && task->makes > 1)
        err = kw_auth_store_put_user(batch, &task->added);
    if (err == 0)
        err = kw_auth_grant_put(task, batch);
    if (err == 0)
        return batch;
    kw_db_batch_free(batch);
    return NULL;
}

/* Completes the two accounts with their hashes. */
static void fill_accounts(struct kw_auth_task *task)
{
    int64_t now_ms = kw_auth_wall_ms(task->auth);

    task->changed.flags &= ~(unsigned)KW_AUTH_ONE_TIME;
    task->changed.password_changed_ms = now_ms;
    task->changed.scrypt = task->made[0];
    task->added.profile = KW_PROFILE_ADMIN;
    task->added.flags = KW_AUTH_ENABLED;
    task->added.created_ms = now_ms;
    task->added.password_changed_ms = now_ms;
    task->added.scrypt = task->made[1];
}

static void on_hashed(struct kw_auth_task *task, int err)
{
    struct kw_auth *auth = task->auth;
    const struct kw_auth_user *next =
        task->makes > 1 ? &task->added : &task->changed;

    if (err == 0 && task->request != NULL && !task->matched &&
        own_account(auth, task->request->who->session) != NULL) {
        fill_accounts(task);
        if (kw_auth_grant_open(task, next) == 0)
            kw_auth_task_commit(task, make_batch(task), on_stored);
        else
            on_stored(task, KW_ENOMEM);
        return;
    }
    auth->setup_pending = false;
    if (err != 0)
        refuse_store(task);
    else if (task->matched)
        kw_auth_task_refuse(task, 422, 0, "password_refused",
                            "password: it is the one-time password");
    else
        kw_auth_task_refuse(task, 401, 0, "session_ended",
                            "The session has ended meanwhile.");
}

void kw_auth_post_setup(void *self, struct kw_request *request)
{
    struct kw_auth *auth = self;
    const struct kw_auth_setup_body *body = request->body;
    const struct kw_auth_user *user = own_account(auth, request->who->session);
    struct kw_auth_task *task;

    if (user == NULL || auth->setup_pending) {
        kw_reply_problem(request, 409, "setup_running",
                         "There is nothing to set up, or it is under way.");
        return;
    }
    task = kw_auth_task_new(auth, request);
    if (task == NULL)
        return;
    task->changed = *user;
    task->check = user->scrypt;
    memcpy(task->key, user->key, sizeof(task->key));
    if (!judge(task, body)) {
        kw_auth_task_free(task);
        return;
    }
    memcpy(task->password, task->wanted[0], sizeof(task->password));
    task->check_wanted = true;
    auth->setup_pending = kw_auth_task_hash(task, on_hashed);
}
