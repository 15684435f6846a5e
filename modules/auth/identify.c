/* SPDX-License-Identifier: Apache-2.0 */
/* What http asks: who is behind a token, and what belongs to a session. */
#include "auth/auth.h"

#include "auth/crypt.h"
#include "auth/state.h"
#include "auth/store.h"
#include "base/secret.h"
#include "base/text.h"

#include <string.h>

int kw_auth_identify(struct kw_auth *auth, const char *token, bool active,
                     struct kw_identity *who)
{
    uint8_t digest[KW_AUTH_DIGEST_BYTES];
    struct kw_auth_session *session = NULL;
    const struct kw_auth_user *user;

    who->user[0] = 0;
    who->profile = KW_PROFILE_USER;
    who->permissions = 0;
    who->session = 0;
    if (kw_auth_token_digest(token, digest) == 0)
        session = kw_auth_sessions_find(&auth->sessions, digest);
    if (session != NULL)
        session = kw_auth_expiry_check(auth, session);
    if (session == NULL)
        return KW_ENOTFOUND;
    /* Looked up each time, so that a change of the account acts at once. */
    user = kw_auth_users_find(auth, session->ticket.user);
    if (user == NULL || (user->flags & KW_AUTH_ENABLED) == 0) {
        kw_auth_store_drop_session(auth, session);
        kw_auth_sessions_end(&auth->sessions, session);
        return KW_ENOTFOUND;
    }
    if (active) /* what the page asks by itself keeps nobody logged in */
        session->active_ms = kw_auth_mono_ms(auth);
    (void)kw_text_copy(who->user, sizeof(who->user), user->name);
    who->profile = session->setup ? KW_PROFILE_SETUP : user->profile;
    who->permissions = kw_profile_permissions(who->profile);
    who->session = session->handle;
    return 0;
}

bool kw_auth_csrf_ok(const struct kw_auth *auth, uint64_t session,
                     const char *token)
{
    uint8_t digest[KW_AUTH_DIGEST_BYTES];
    const struct kw_auth_session *row =
        kw_auth_sessions_peek(&auth->sessions, session);

    return row != NULL && kw_auth_digest(token, strlen(token), digest) == 0 &&
           kw_secret_equal(digest, row->ticket.csrf, sizeof(digest));
}

bool kw_auth_is_recent(const struct kw_auth *auth, uint64_t session)
{
    const struct kw_auth_session *row =
        kw_auth_sessions_peek(&auth->sessions, session);

    return row != NULL && row->recent_until_ms > kw_auth_mono_ms(auth);
}

int kw_auth_watch(struct kw_auth *auth, uint64_t session,
                  struct kw_auth_watch *watch)
{
    struct kw_auth_session *row =
        kw_auth_sessions_get(&auth->sessions, session);

    if (row == NULL) /* it ended since the request was identified */
        return KW_ENOTFOUND;
    kw_list_append(&row->watches, &watch->link);
    return 0;
}

void kw_auth_unwatch(struct kw_auth_watch *watch)
{
    kw_list_remove(&watch->link);
}
