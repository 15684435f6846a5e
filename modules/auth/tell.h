/* SPDX-License-Identifier: Apache-2.0 */
/* What happened to accounts and sessions, told to hub and log. */
#ifndef KW_AUTH_TELL_H
#define KW_AUTH_TELL_H

#include "base/event.h"

struct kw_auth;

enum kw_auth_event {
    KW_AUTH_EVENT_LOGIN,
    KW_AUTH_EVENT_LOGIN_FAILED,
    KW_AUTH_EVENT_LOGOUT,
    KW_AUTH_EVENT_PASSWORD_CHANGED,
    KW_AUTH_EVENT_PASSWORD_RESET,
    KW_AUTH_EVENT_SETUP_DONE,
    KW_AUTH_EVENT_SESSION_EXPIRED,
    KW_AUTH_EVENT_PASSWORD_ALERT,
    KW_AUTH_EVENT_COUNT
};

/* The module's catalogue; its order is the enum's. */
extern const struct kw_event_kind kw_auth_events[];

/* user is the account's name or "", address the peer or "". */
void kw_auth_tell(struct kw_auth *auth, enum kw_auth_event which,
                  const char *user, const char *address);

/*
 * A log-in that failed: told for the first few of a minute, then counted, so
 * that a flood fills neither log nor audit. user is "" when there is no such
 * account: what was typed may have been a password.
 */
void kw_auth_tell_failed(struct kw_auth *auth, const char *user,
                         const char *address);

/* The state "a one-time password waits to be replaced", when it changed. */
void kw_auth_tell_alert(struct kw_auth *auth);

#endif
