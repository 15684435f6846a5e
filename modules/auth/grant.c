/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session begins in memory first, so that the limits count it, and is known
 * to nobody until its row is durable: the token leaves in grant_reply only.
 * If the commit fails or the client is gone by then, grant_undo takes it back.
 */
#include "auth/grant.h"

#include "auth/auth.h"
#include "auth/state.h"
#include "auth/store.h"
#include "base/json.h"
#include "base/secret.h"
#include "core/core.h"
#include "core/route.h"

#include <stdio.h>
#include <string.h>

enum { BODY_MAX_BYTES = 4096 };

/* A new token, its digest and the ticket that goes with it. */
static int make_ticket(struct kw_auth_task *task,
                       const struct kw_auth_user *user,
                       uint8_t digest[KW_AUTH_DIGEST_BYTES],
                       struct kw_auth_ticket *ticket)
{
    uint8_t bytes[KW_AUTH_TOKEN_BYTES];
    char csrf[KW_AUTH_CSRF_SIZE];
    int err = kw_secret_random(bytes, sizeof(bytes));

    if (err != 0)
        return err;
    kw_secret_hex(bytes, sizeof(bytes), task->token);
    kw_secret_wipe(bytes, sizeof(bytes));
    *ticket = (struct kw_auth_ticket){0};
    memcpy(ticket->user, user->key, sizeof(ticket->user));
    ticket->created_ms = kw_auth_wall_ms(task->auth);
    ticket->expires_ms = ticket->created_ms + task->auth->limits.absolute_ms;
    err = kw_auth_token_digest(task->token, digest);
    if (err == 0)
        err = kw_auth_csrf_of(task->token, csrf);
    if (err == 0)
        err = kw_auth_digest(csrf, strlen(csrf), ticket->csrf);
    kw_secret_wipe(csrf, sizeof(csrf));
    return err;
}

/* A one-time password gives one session at a time: the last. */
static void end_setups(struct kw_auth *auth, const char *key)
{
    for (size_t i = 0; i < KW_AUTH_SESSIONS_MAX; i++) {
        struct kw_auth_session *row = &auth->sessions.rows[i];

        if (row->handle != 0 && row->setup &&
            strcmp(row->ticket.user, key) == 0)
            kw_auth_sessions_end(&auth->sessions, row);
    }
}

int kw_auth_grant_open(struct kw_auth_task *task,
                       const struct kw_auth_user *user)
{
    struct kw_auth *auth = task->auth;
    bool setup = (user->flags & KW_AUTH_ONE_TIME) != 0;
    uint8_t digest[KW_AUTH_DIGEST_BYTES];
    struct kw_auth_ticket ticket;
    struct kw_auth_session *session;
    uint64_t now_ms = kw_auth_mono_ms(auth);
    int err;

    /* The browser has one cookie: what it came with is replaced. */
    task->leaving = task->request->who->session;
    if (setup)
        end_setups(auth, user->key);
    if (!kw_auth_sessions_admit(&auth->sessions, &auth->limits, user->key,
                                task->leaving))
        return KW_EFULL;
    err = make_ticket(task, user, digest, &ticket);
    if (err != 0)
        return err;
    session = kw_auth_sessions_add(&auth->sessions, digest, &ticket, now_ms,
                                   (uint64_t)auth->limits.absolute_ms);
    if (session == NULL) /* the leaving one still has its place */
        return KW_EFULL;
    session->setup = setup;
    session->recent_until_ms = now_ms + KW_AUTH_RECENT_MS;
    task->session = session->handle;
    kw_auth_expiry_arm(auth);
    return 0;
}

int kw_auth_grant_put(struct kw_auth_task *task, struct kw_db_batch *batch)
{
    struct kw_auth_sessions *sessions = &task->auth->sessions;
    const struct kw_auth_session *session =
        kw_auth_sessions_get(sessions, task->session);
    const struct kw_auth_session *leaving =
        kw_auth_sessions_get(sessions, task->leaving);

    if (leaving != NULL)
        kw_auth_store_delete_session(batch, leaving);
    return kw_auth_store_put_session(batch, session);
}

void kw_auth_grant_undo(struct kw_auth_task *task, bool stored)
{
    struct kw_auth *auth = task->auth;
    struct kw_auth_session *session =
        kw_auth_sessions_get(&auth->sessions, task->session);

    if (session == NULL)
        return;
    if (stored)
        kw_auth_store_drop_session(auth, session);
    kw_auth_sessions_end(&auth->sessions, session);
}

/* The names of the bits, lowest first. */
static void put_permissions(struct kw_json *json, unsigned permissions)
{
    kw_json_array(json, "permissions");
    for (unsigned bit = 1; bit <= permissions; bit <<= 1) {
        if ((permissions & bit) != 0)
            kw_json_text(json, NULL, kw_permission_name(bit));
    }
    kw_json_end_array(json);
}

void kw_auth_grant_show(struct kw_auth *auth, struct kw_request *request,
                        const struct kw_auth_session *session,
                        const char *token, int status)
{
    const struct kw_auth_user *user =
        kw_auth_users_find(auth, session->ticket.user);
    char csrf[KW_AUTH_CSRF_SIZE];
    struct kw_json json;
    struct kw_buf body;

    if (user == NULL || kw_auth_csrf_of(token, csrf) != 0) {
        kw_reply_problem(request, 503, "no_memory", "Out of memory.");
        return;
    }
    kw_buf_init(&body, BODY_MAX_BYTES);
    body.secret = true;
    kw_json_init(&json, &body);
    kw_json_object(&json, NULL);
    kw_json_text(&json, "user", user->name);
    kw_json_text(&json, "profile", kw_profile_name(user->profile));
    put_permissions(&json,
                    kw_profile_permissions(session->setup ? KW_PROFILE_SETUP
                                                          : user->profile));
    kw_json_text(&json, "csrf", csrf);
    kw_json_int(&json, "expires", session->ticket.expires_ms);
    kw_json_int(&json, "idle_ms", auth->limits.idle_ms);
    kw_json_bool(&json, "setup", session->setup);
    kw_json_end_object(&json);
    kw_secret_wipe(csrf, sizeof(csrf));
    kw_reply_json(request, status, &body);
}

void kw_auth_grant_reply(struct kw_auth_task *task)
{
    struct kw_auth *auth = task->auth;
    const struct kw_auth_session *session =
        kw_auth_sessions_get(&auth->sessions, task->session);
    struct kw_auth_session *leaving =
        kw_auth_sessions_get(&auth->sessions, task->leaving);
    char cookie[160];

    if (session == NULL) {
        kw_auth_task_refuse(task, 401, 0, "session_ended",
                            "The session has ended meanwhile.");
        return;
    }
    snprintf(cookie, sizeof(cookie),
             KW_AUTH_COOKIE "=%s; Path=/; Secure; HttpOnly; SameSite=Strict",
             task->token);
    kw_reply_header(task->request, "Set-Cookie", cookie);
    kw_secret_wipe(cookie, sizeof(cookie));
    kw_auth_grant_show(auth, task->request, session, task->token, 201);
    kw_auth_task_free(task);
    /* Last: its watches end streams, which may free what is theirs. */
    if (leaving != NULL)
        kw_auth_sessions_end(&auth->sessions, leaving);
}
