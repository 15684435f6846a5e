/* SPDX-License-Identifier: Apache-2.0 */
/* The ends of sessions that nobody asked for: idle, and absolute. */
#include "auth/state.h"

#include "auth/store.h"
#include "auth/tell.h"
#include "core/core.h"

/* A first start that failed is tried again after this. */
enum { RETRY_MS = 5000 };

uint64_t kw_auth_mono_ms(const struct kw_auth *auth)
{
    return kw_clock_mono_ms(auth->core->clock);
}

int64_t kw_auth_wall_ms(const struct kw_auth *auth)
{
    return kw_clock_wall_ms(auth->core->clock);
}

static void on_timer(uv_timer_t *timer)
{
    struct kw_auth *auth = timer->data;

    if (!auth->ready)
        kw_auth_first_begin(auth);
    kw_auth_expiry_sweep(auth);
}

void kw_auth_expiry_arm(struct kw_auth *auth)
{
    uint64_t due = kw_auth_sessions_due_ms(&auth->sessions, &auth->limits);
    uint64_t now = kw_auth_mono_ms(auth), wait = due > now ? due - now : 0;

    /* Before the first account there are no sessions to wait for. A due time
     * only moves away by use, so an early timer is simply set again. */
    if (!auth->ready)
        wait = RETRY_MS;
    if (auth->ready && due == UINT64_MAX)
        uv_timer_stop(&auth->timer);
    else
        uv_timer_start(&auth->timer, on_timer, wait, 0);
}

struct kw_auth_session *kw_auth_expiry_check(struct kw_auth *auth,
                                             struct kw_auth_session *session)
{
    const struct kw_auth_user *user;

    if (kw_auth_session_due_ms(session, &auth->limits) > kw_auth_mono_ms(auth))
        return session;
    user = kw_auth_users_find(auth, session->ticket.user);
    kw_auth_tell(auth, KW_AUTH_EVENT_SESSION_EXPIRED,
                 user != NULL ? user->name : "", "");
    kw_auth_store_drop_session(auth, session);
    kw_auth_sessions_end(&auth->sessions, session);
    return NULL;
}

void kw_auth_expiry_sweep(struct kw_auth *auth)
{
    for (size_t i = 0; i < KW_AUTH_SESSIONS_MAX; i++) {
        if (auth->sessions.rows[i].handle != 0)
            (void)kw_auth_expiry_check(auth, &auth->sessions.rows[i]);
    }
    kw_auth_expiry_arm(auth);
}
