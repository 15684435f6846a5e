/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The accounts in memory: what the database holds, and authoritative. A change
 * is put here when it is durable and not before, so that a power cut never
 * takes back what somebody was told. At most 256, so they are walked.
 */
#include "auth/auth.h"
#include "auth/state.h"

#include "core/core.h"
#include "core/core_module.h"
#include "core/registry.h"

#include <string.h>

struct kw_auth_user *kw_auth_users_find(struct kw_auth *auth, const char *key)
{
    for (size_t i = 0; i < auth->user_count; i++) {
        if (strcmp(auth->users[i].key, key) == 0)
            return &auth->users[i];
    }
    return NULL;
}

bool kw_auth_users_put(struct kw_auth *auth, const struct kw_auth_user *user)
{
    struct kw_auth_user *place = kw_auth_users_find(auth, user->key);

    if (place == NULL) {
        if (auth->user_count == KW_AUTH_USERS_MAX)
            return false;
        place = &auth->users[auth->user_count++];
    }
    *place = *user;
    return true;
}

/* Exactly these flags: an account that waits for its own password does not
 * count as one that can be used. */
bool kw_auth_users_any(const struct kw_auth *auth, int profile, unsigned flags)
{
    for (size_t i = 0; i < auth->user_count; i++) {
        const struct kw_auth_user *user = &auth->users[i];

        if (user->flags == (flags | KW_AUTH_ENABLED) &&
            (profile < 0 || (int)user->profile == profile))
            return true;
    }
    return false;
}

void kw_auth_users_context(const struct kw_auth *auth, const char *name,
                           const char *other,
                           const char *names[KW_AUTH_CONTEXT])
{
    const struct kw_core_conf *conf =
        kw_conf_set_get(kw_registry_conf(auth->core->registry), 0);
    size_t count = 0;

    /* The site's name is looked up each time: it may have been changed. */
    names[count++] = "kilowatch";
    names[count++] = conf->site.name;
    names[count++] = auth->host;
    names[count++] = name;
    if (other != NULL)
        names[count++] = other;
    names[count] = NULL;
}

bool kw_auth_is_set_up(const struct kw_auth *auth)
{
    return kw_auth_users_any(auth, -1, 0);
}
