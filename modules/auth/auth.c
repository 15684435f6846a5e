/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The module: what it declares, its start and its end.
 *
 * Start reads accounts and living sessions; without any account the first one
 * is made in the background and log-in waits for it. One timer ends sessions.
 * On stop nothing more is told to watches; the life waits for jobs and
 * commits under way.
 */
#include "auth/routes.h"
#include "auth/state.h"
#include "auth/store.h"
#include "auth/tell.h"
#include "base/secret.h"
#include "base/text.h"
#include "core/core.h"

#include <unistd.h>

static const struct kw_db_table *const auth_tables[] = {
    &kw_auth_users_table,
    &kw_auth_sessions_table,
    NULL,
};

static int check(void *conf, const struct kw_env *env, struct kw_diag *diag)
{
    const struct kw_auth_limits *limits = conf;
    int err = 0;

    (void)env;
    if (limits->idle_ms > limits->absolute_ms)
        err = kw_diag_at(diag, "auth.idle", "is longer than auth.absolute");
    if (limits->sessions_per_user > limits->sessions)
        err = kw_diag_at(diag, "auth.sessions_per_user",
                         "is more than auth.sessions");
    return err;
}

static void on_opening(void *arg)
{
    kw_auth_store_note_resets(arg);
    kw_auth_tell_alert(arg);
}

static void on_gone(struct kw_life *life)
{
    struct kw_auth *auth = KW_LIST_ENTRY(life, struct kw_auth, life);

    auth->stopped(auth->stopped_arg);
}

static int start(void *self, const void *conf, struct kw_core *core,
                 struct kw_diag *diag)
{
    struct kw_auth *auth = self;
    bool first;
    int err;

    auth->core = core;
    auth->limits = *(const struct kw_auth_limits *)conf;
    kw_life_init(&auth->life, on_gone);
    kw_auth_sessions_init(&auth->sessions);
    kw_list_init(&auth->opening.link);
    auth->opening.run = on_opening;
    auth->opening.arg = auth;
    if (gethostname(auth->host, sizeof(auth->host) - 1) != 0)
        auth->host[0] = 0;
    err = kw_secret_random(auth->throttle_key, sizeof(auth->throttle_key));
    if (err == 0)
        err = kw_auth_store_load(auth, &first);
    if (err != 0) {
        kw_diag_say(diag, "the accounts can't be read: %s", kw_strerror(err));
        return err;
    }
    /* From here on nothing fails: a start that failed has no handle open. */
    auth->ready = !first;
    kw_life_timer(&auth->life, &core->loop->uv, &auth->timer, auth);
    kw_auth_expiry_arm(auth);
    kw_loop_turn_end(core->loop, &auth->opening);
    if (first)
        kw_auth_first_begin(auth);
    else if (!kw_auth_users_any(auth, -1, KW_AUTH_ONE_TIME))
        kw_auth_first_forget(auth);
    return 0;
}

static void stop(void *self, kw_stopped_fn *stopped, void *arg)
{
    struct kw_auth *auth = self;

    auth->stopped = stopped;
    auth->stopped_arg = arg;
    kw_loop_turn_end_cancel(&auth->opening);
    /* Watchers have stopped before; a link left over must not dangle. */
    for (size_t i = 0; i < KW_AUTH_SESSIONS_MAX; i++) {
        struct kw_link *watches = &auth->sessions.rows[i].watches;

        while (!kw_list_empty(watches))
            kw_list_remove(watches->next);
    }
    kw_life_close_handle(&auth->life, (uv_handle_t *)&auth->timer);
    kw_life_close(&auth->life);
}

static int reconfigure(void *self, const void *old, const void *conf,
                       struct kw_diag *diag)
{
    struct kw_auth *auth = self;

    (void)old;
    (void)diag;
    auth->limits = *(const struct kw_auth_limits *)conf;
    kw_auth_expiry_arm(auth);
    return 0;
}

static void health(const void *self, struct kw_health *out)
{
    const struct kw_auth *auth = self;

    out->values[0] = (double)auth->sessions.count;
    out->values[1] = (double)auth->counters.logins;
    out->values[2] = (double)auth->counters.failures;
    out->values[3] = (double)auth->counters.throttled;
    if (auth->damaged == 0)
        return;
    out->level = KW_LEVEL_DEGRADED;
    (void)kw_text_copy(out->text, sizeof(out->text),
                       "some accounts can't be read; their users can't log in");
}

const struct kw_module kw_auth_module = {
    .name = "auth",
    .settings = kw_auth_settings,
    .routes = kw_auth_routes,
    .metrics = kw_auth_metrics,
    .events = kw_auth_events,
    .tables = auth_tables,
    .conf_size = sizeof(struct kw_auth_limits),
    .state_size = sizeof(struct kw_auth),
    .check = check,
    .start = start,
    .stop = stop,
    .reconfigure = reconfigure,
    .health = health,
};
