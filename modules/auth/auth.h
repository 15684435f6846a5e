/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What others ask auth: who is behind a session cookie, is the CSRF token
 * right, was the password given lately, has the gateway an owner. Log-in,
 * set-up and log-out are routes of this module. Everything runs on the loop.
 */
#ifndef KW_AUTH_AUTH_H
#define KW_AUTH_AUTH_H

#include "base/err.h"
#include "base/list.h"
#include "core/policy.h"

#include <stdbool.h>
#include <stdint.h>

struct kw_auth; /* the module's state: its `self` */

/* The session cookie's name; the prefix makes browsers insist on Secure,
 * Path=/ and no Domain (RFC 6265bis, 4.1.3.2). */
#define KW_AUTH_COOKIE "__Host-kw"

/* False until somebody has replaced the one-time password of the first start:
 * till then nothing but the set-up page is to be served. */
bool kw_auth_is_set_up(const struct kw_auth *auth);

/*
 * Fills who for the token of a cookie. active: a person did this, so the idle
 * time starts anew. KW_ENOTFOUND: no such session, or it ended; who is then
 * nobody. who->address is left alone.
 */
KW_MUST_CHECK int kw_auth_identify(struct kw_auth *auth, const char *token,
                                   bool active, struct kw_identity *who);

/* True when token is the session's CSRF token; constant time. */
bool kw_auth_csrf_ok(const struct kw_auth *auth, uint64_t session,
                     const char *token);

/* True when that session's password was checked in the last five minutes. */
bool kw_auth_is_recent(const struct kw_auth *auth, uint64_t session);

/* A stream that must end with its session. Embedded by its owner. */
struct kw_auth_watch {
    struct kw_link link; /* kw_list_init before the first use */
    void (*on_ended)(void *arg);
    void *arg;
};
/* on_ended runs once when the session ends, then the watch is free again.
 * KW_ENOTFOUND: there is no such session any more, nothing is watched. */
int kw_auth_watch(struct kw_auth *auth, uint64_t session,
                  struct kw_auth_watch *watch);
void kw_auth_unwatch(struct kw_auth_watch *watch);

#endif
