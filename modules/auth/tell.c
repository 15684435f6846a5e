/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/tell.h"

#include "auth/state.h"
#include "core/core.h"
#include "core/hub.h"

#include <stdio.h>

/* All are security relevant: the audit log takes them from the hub. */
const struct kw_event_kind kw_auth_events[] = {
    [KW_AUTH_EVENT_LOGIN] = {"login", KW_SEVERITY_INFO, false, true,
                             "Somebody logged in."},
    [KW_AUTH_EVENT_LOGIN_FAILED] = {"login_failed", KW_SEVERITY_WARNING, false,
                                    true,
                                    "A log-in or a password check failed."},
    [KW_AUTH_EVENT_LOGOUT] = {"logout", KW_SEVERITY_INFO, false, true,
                              "Somebody logged out."},
    [KW_AUTH_EVENT_PASSWORD_CHANGED] = {"password_changed", KW_SEVERITY_INFO,
                                        false, true,
                                        "Somebody changed the own password; "
                                        "the other sessions have ended."},
    [KW_AUTH_EVENT_PASSWORD_RESET] = {"password_reset", KW_SEVERITY_WARNING,
                                      false, true,
                                      "A password was replaced by a one-time "
                                      "password on the machine itself."},
    [KW_AUTH_EVENT_SETUP_DONE] = {"setup_done", KW_SEVERITY_INFO, false, true,
                                  "A one-time password was replaced."},
    [KW_AUTH_EVENT_SESSION_EXPIRED] = {"session_expired", KW_SEVERITY_INFO,
                                       false, true,
                                       "A session ended by its time limits."},
    [KW_AUTH_EVENT_PASSWORD_ALERT] = {"password_alert", KW_SEVERITY_ALARM, true,
                                      true,
                                      "A one-time password waits to be "
                                      "replaced by the owner's own."},
    [KW_AUTH_EVENT_COUNT] = {0},
};

static const char *const sentences[] = {
    [KW_AUTH_EVENT_LOGIN] = "logged in",
    [KW_AUTH_EVENT_LOGIN_FAILED] = "failed to give the right password",
    [KW_AUTH_EVENT_LOGOUT] = "logged out",
    [KW_AUTH_EVENT_PASSWORD_CHANGED] = "changed the own password",
    [KW_AUTH_EVENT_PASSWORD_RESET] =
        "had the password reset on the machine itself",
    [KW_AUTH_EVENT_SETUP_DONE] = "replaced the one-time password",
    [KW_AUTH_EVENT_SESSION_EXPIRED] = "was logged out by the time limits",
};

/* Publishes and logs; text is the sentence, actor who did it. */
static void publish(struct kw_auth *auth, enum kw_auth_event which, bool on,
                    const char *subject, const char *actor, const char *text)
{
    const struct kw_event_kind *kind = &kw_auth_events[which];
    enum kw_log_level level =
        kind->severity == KW_SEVERITY_INFO || !on ? KW_LOG_INFO : KW_LOG_WARN;
    struct kw_event event = {
        .kind = kind,
        .time_ms = kw_auth_wall_ms(auth),
        .on = on,
        .subject = subject,
        .text = text,
        .actor = actor,
    };

    /* Never a format: the text holds a name from outside. */
    kw_log_write(auth->core->log, level, "auth", "%s", text);
    kw_hub_publish_event(auth->core->hub, &event);
}

/* hidden: how many more there were that were not told. */
static void tell(struct kw_auth *auth, enum kw_auth_event which,
                 const char *user, const char *address, unsigned hidden)
{
    char actor[192], text[320], more[64] = "";

    snprintf(actor, sizeof(actor), "%s%s%s", user, *address != 0 ? "@" : "",
             address);
    if (hidden > 0)
        snprintf(more, sizeof(more), ", and %u before that were not told",
                 hidden);
    snprintf(text, sizeof(text), "%s%s%s %s%s.",
             *user != 0 ? user : "An unknown user",
             *address != 0 ? " from " : "", address, sentences[which], more);
    publish(auth, which, true, user, actor, text);
}

void kw_auth_tell(struct kw_auth *auth, enum kw_auth_event which,
                  const char *user, const char *address)
{
    tell(auth, which, user, address, 0);
}

void kw_auth_tell_failed(struct kw_auth *auth, const char *user,
                         const char *address)
{
    uint64_t now_ms = kw_auth_mono_ms(auth);

    if (auth->told == 0 || now_ms - auth->told_since_ms >= 60000) {
        auth->told_since_ms = now_ms;
        auth->told = 0;
    }
    /* What is left out is added to the next that is told. */
    if (auth->told == KW_AUTH_FAILURES_TOLD) {
        auth->untold++;
        return;
    }
    auth->told++;
    tell(auth, KW_AUTH_EVENT_LOGIN_FAILED, user, address, auth->untold);
    auth->untold = 0;
}

void kw_auth_tell_alert(struct kw_auth *auth)
{
    bool on = kw_auth_users_any(auth, -1, KW_AUTH_ONE_TIME);

    if (on == auth->alert)
        return;
    auth->alert = on;
    publish(auth, KW_AUTH_EVENT_PASSWORD_ALERT, on, "", "",
            on ? "A one-time password waits to be replaced."
               : "All one-time passwords have been replaced.");
}
