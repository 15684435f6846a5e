/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stands in for the module auth in tests of http: sessions are a table, and
 * the linker takes these definitions instead of the module's. Included by one
 * .c file of a test program.
 */
#ifndef KW_TEST_FAKE_AUTH_H
#define KW_TEST_FAKE_AUTH_H

#include "auth/auth.h"
#include "core/module.h"

#include <string.h>

/* token: what the cookie says; the CSRF token is "csrf-" and the token. */
struct fake_session {
    const char *token;
    enum kw_profile profile;
    bool recent, ended;
    unsigned active; /* how often a person did something */
};

struct kw_auth {
    bool not_set_up;
    struct fake_session sessions[6];
    struct kw_link watches;
};

static struct kw_auth *fake_auth; /* while the module runs */

static int fake_auth_start(void *self, const void *conf, struct kw_core *core,
                           struct kw_diag *diag)
{
    static const struct fake_session sessions[] = {
        {.token = "user", .profile = KW_PROFILE_USER},
        {.token = "admin", .profile = KW_PROFILE_ADMIN},
        {.token = "recent", .profile = KW_PROFILE_ADMIN, .recent = true},
        {.token = "setup", .profile = KW_PROFILE_SETUP},
    };

    (void)conf;
    (void)core;
    (void)diag;
    fake_auth = self;
    memcpy(fake_auth->sessions, sessions, sizeof(sessions));
    kw_list_init(&fake_auth->watches);
    return 0;
}

static const struct kw_module fake_auth_module = {
    .name = "auth",
    .state_size = sizeof(struct kw_auth),
    .start = fake_auth_start,
};

bool kw_auth_is_set_up(const struct kw_auth *auth)
{
    return !auth->not_set_up;
}

int kw_auth_identify(struct kw_auth *auth, const char *token, bool active,
                     struct kw_identity *who)
{
    for (size_t i = 0; auth->sessions[i].token != NULL; i++) {
        struct fake_session *session = &auth->sessions[i];

        if (strcmp(session->token, token) != 0 || session->ended)
            continue;
        session->active += active;
        who->session = i + 1;
        who->profile = session->profile;
        who->permissions = kw_profile_permissions(session->profile);
        return 0;
    }
    return KW_ENOTFOUND;
}

bool kw_auth_csrf_ok(const struct kw_auth *auth, uint64_t session,
                     const char *token)
{
    return strncmp(token, "csrf-", 5) == 0 &&
           strcmp(token + 5, auth->sessions[session - 1].token) == 0;
}

bool kw_auth_is_recent(const struct kw_auth *auth, uint64_t session)
{
    return auth->sessions[session - 1].recent;
}

int kw_auth_watch(struct kw_auth *auth, uint64_t session,
                  struct kw_auth_watch *watch)
{
    if (auth->sessions[session - 1].ended)
        return KW_ENOTFOUND;
    kw_list_append(&auth->watches, &watch->link);
    return 0;
}

void kw_auth_unwatch(struct kw_auth_watch *watch)
{
    kw_list_remove(&watch->link);
}

/* Ends a session and what watches it (there is one stream a test). */
static inline void fake_auth_end(size_t index)
{
    fake_auth->sessions[index].ended = true;
    KW_LIST_EACH_SAFE (link, after, &fake_auth->watches) {
        struct kw_auth_watch *watch =
            KW_LIST_ENTRY(link, struct kw_auth_watch, link);

        kw_list_remove(link);
        watch->on_ended(watch->arg);
    }
}

#endif
