/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The living sessions: a table in memory, bounded. Pure: times, random bytes
 * and digests come from the caller; nothing is stored here.
 *
 * A session ends when it was idle too long (memory only, a restart begins
 * anew), at its absolute end (kept in the database), by log-out, or with its
 * account. A session of a one-time password (setup) is in memory only.
 */
#ifndef KW_AUTH_SESSION_H
#define KW_AUTH_SESSION_H

#include "auth/record.h"
#include "base/list.h"

#include <stdbool.h>

enum {
    KW_AUTH_SESSIONS_MAX = 256,
    KW_AUTH_RECENT_MS = 300000, /* an authentication counts as recent */
};

/* The section `auth`. */
struct kw_auth_limits {
    int64_t idle_ms, absolute_ms;
    int64_t sessions_per_user, sessions;
};

struct kw_auth_session {
    uint64_t handle;                      /* 0: the place is free */
    uint8_t digest[KW_AUTH_DIGEST_BYTES]; /* SHA-256 of the token */
    struct kw_auth_ticket ticket;
    bool setup;
    uint64_t active_ms;       /* monotonic: last use by a person */
    uint64_t ends_ms;         /* monotonic: the absolute end */
    uint64_t recent_until_ms; /* monotonic; 0: since the start */
    struct kw_link watches;   /* struct kw_auth_watch */
};

struct kw_auth_sessions {
    struct kw_auth_session rows[KW_AUTH_SESSIONS_MAX];
    size_t count;
    uint64_t last_handle;
};

void kw_auth_sessions_init(struct kw_auth_sessions *sessions);

/* By the digest of its token, or by its handle; NULL: there is none. */
struct kw_auth_session *
kw_auth_sessions_find(struct kw_auth_sessions *sessions,
                      const uint8_t digest[KW_AUTH_DIGEST_BYTES]);
struct kw_auth_session *kw_auth_sessions_get(struct kw_auth_sessions *sessions,
                                             uint64_t handle);
const struct kw_auth_session *
kw_auth_sessions_peek(const struct kw_auth_sessions *sessions, uint64_t handle);

/*
 * May this account have one more? leaving is a session that is about to end
 * and isn't counted (0: none). Set-up sessions count among all only.
 */
bool kw_auth_sessions_admit(const struct kw_auth_sessions *sessions,
                            const struct kw_auth_limits *limits,
                            const char *user, uint64_t leaving);

/*
 * Adds a session that lives left_ms from now on at most; NULL when the table
 * is full. Digest and ticket are copied.
 */
struct kw_auth_session *
kw_auth_sessions_add(struct kw_auth_sessions *sessions,
                     const uint8_t digest[KW_AUTH_DIGEST_BYTES],
                     const struct kw_auth_ticket *ticket, uint64_t now_ms,
                     uint64_t left_ms);

/* Ends it: its place is free, then each watch is taken out and told. */
void kw_auth_sessions_end(struct kw_auth_sessions *sessions,
                          struct kw_auth_session *session);

/* The monotonic time when it ends if nobody uses it. */
uint64_t kw_auth_session_due_ms(const struct kw_auth_session *session,
                                const struct kw_auth_limits *limits);

/* The earliest of these times; UINT64_MAX when there is no session. */
uint64_t kw_auth_sessions_due_ms(const struct kw_auth_sessions *sessions,
                                 const struct kw_auth_limits *limits);

/*
 * What a stored session has left at wall time now_ms; 0: it is over. One that
 * begins in the future, or a clock that is not sane, is over too: a clock set
 * back must not prolong it. Never more than the absolute limit.
 */
uint64_t kw_auth_ticket_left_ms(const struct kw_auth_ticket *ticket,
                                const struct kw_auth_limits *limits,
                                int64_t now_ms);

#endif
