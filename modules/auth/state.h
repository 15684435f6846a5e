/* SPDX-License-Identifier: Apache-2.0 */
/* The state of the module: its `self`. Private to modules/auth. */
#ifndef KW_AUTH_STATE_H
#define KW_AUTH_STATE_H

#include "auth/session.h"
#include "auth/throttle.h"
#include "core/life.h"
#include "core/loop.h"

struct kw_core;

enum {
    KW_AUTH_USERS_MAX = 256,
    KW_AUTH_FAILURES_TOLD = 8, /* failed log-ins named a minute; the rest is
                                  only counted, so a flood fills no log */
};

struct kw_auth_counters {
    uint64_t logins, failures, throttled;
};

struct kw_auth {
    struct kw_core *core;
    struct kw_auth_limits limits;
    struct kw_life life;
    uv_timer_t timer;           /* ends of sessions; first start's retry */
    struct kw_turn_end opening; /* after all modules have started */
    void (*stopped)(void *arg);
    void *stopped_arg;

    struct kw_auth_user users[KW_AUTH_USERS_MAX];
    size_t user_count;
    size_t damaged; /* account records that can't be read */
    struct kw_auth_sessions sessions;
    struct kw_auth_throttle throttle;
    uint8_t throttle_key[KW_AUTH_SALT_BYTES]; /* of account names */

    bool ready;                   /* false while the first account is made */
    bool first_pending;           /* that is under way */
    bool setup_pending;           /* a POST /setup is under way */
    bool alert;                   /* password_alert was told as on */
    unsigned changing;            /* password changes under way */
    char host[KW_AUTH_NAME_SIZE]; /* this machine's name, or "" */

    struct kw_auth_counters counters;
    uint64_t told_since_ms; /* begin of the minute of failures told */
    unsigned told, untold;
};

/* --- users.c: the accounts in memory */

struct kw_auth_user *kw_auth_users_find(struct kw_auth *auth, const char *key);

/* Adds it, or replaces the one with its key; false: there is no room. */
bool kw_auth_users_put(struct kw_auth *auth, const struct kw_auth_user *user);

/* Is there an account, not disabled, with just these other flags? profile
 * -1: any. */
bool kw_auth_users_any(const struct kw_auth *auth, int profile, unsigned flags);

/* Names that a password of this account must not be made of; names has room
 * for KW_AUTH_CONTEXT entries, the last is NULL. */
enum { KW_AUTH_CONTEXT = 6 };
void kw_auth_users_context(const struct kw_auth *auth, const char *name,
                           const char *other,
                           const char *names[KW_AUTH_CONTEXT]);

/* --- expiry.c */

/* Sets the timer to the next end of a session. */
void kw_auth_expiry_arm(struct kw_auth *auth);

/* The session if it is alive; one whose time is over is ended here. */
struct kw_auth_session *kw_auth_expiry_check(struct kw_auth *auth,
                                             struct kw_auth_session *session);

/* Ends what is over; the timer's work. */
void kw_auth_expiry_sweep(struct kw_auth *auth);

/* --- first.c */

/* Makes the first account; nothing when that is under way. */
void kw_auth_first_begin(struct kw_auth *auth);

/* Removes the file of the one-time password, in a job. */
void kw_auth_first_forget(struct kw_auth *auth);

/* The current monotonic and wall times. */
uint64_t kw_auth_mono_ms(const struct kw_auth *auth);
int64_t kw_auth_wall_ms(const struct kw_auth *auth);

#endif
