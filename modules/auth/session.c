/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A table of 256 rows that is walked. A request looks for its digest in every
 * row in constant time a row, a few microseconds in all, and nothing an
 * attacker chooses decides where a session lies. Handles count up and are never
 * used again, so that one kept by a stream or a task can't reach another's
 * session.
 */
#include "auth/session.h"

#include "auth/auth.h"
#include "base/clock.h"
#include "base/secret.h"

#include <string.h>

void kw_auth_sessions_init(struct kw_auth_sessions *sessions)
{
    memset(sessions, 0, sizeof(*sessions));
    for (size_t i = 0; i < KW_AUTH_SESSIONS_MAX; i++)
        kw_list_init(&sessions->rows[i].watches);
}

struct kw_auth_session *
kw_auth_sessions_find(struct kw_auth_sessions *sessions,
                      const uint8_t digest[KW_AUTH_DIGEST_BYTES])
{
    for (size_t i = 0; i < KW_AUTH_SESSIONS_MAX; i++) {
        struct kw_auth_session *row = &sessions->rows[i];

        if (row->handle != 0 &&
            kw_secret_equal(row->digest, digest, sizeof(row->digest)))
            return row;
    }
    return NULL;
}

/* The row of a handle; KW_AUTH_SESSIONS_MAX: there is none. */
static size_t place_of(const struct kw_auth_sessions *sessions, uint64_t handle)
{
    size_t place = 0;

    while (place < KW_AUTH_SESSIONS_MAX &&
           (handle == 0 || sessions->rows[place].handle != handle))
        place++;
    return place;
}

struct kw_auth_session *kw_auth_sessions_get(struct kw_auth_sessions *sessions,
                                             uint64_t handle)
{
    size_t place = place_of(sessions, handle);

    return place < KW_AUTH_SESSIONS_MAX ? &sessions->rows[place] : NULL;
}

const struct kw_auth_session *
kw_auth_sessions_peek(const struct kw_auth_sessions *sessions, uint64_t handle)
{
    size_t place = place_of(sessions, handle);

    return place < KW_AUTH_SESSIONS_MAX ? &sessions->rows[place] : NULL;
}

bool kw_auth_sessions_admit(const struct kw_auth_sessions *sessions,
                            const struct kw_auth_limits *limits,
                            const char *user, uint64_t leaving)
{
    int64_t all = 0, own = 0;

    for (size_t i = 0; i < KW_AUTH_SESSIONS_MAX; i++) {
        const struct kw_auth_session *row = &sessions->rows[i];

        if (row->handle == 0 || row->handle == leaving)
            continue;
        all++;
        own += !row->setup && strcmp(row->ticket.user, user) == 0;
    }
    return all < limits->sessions && own < limits->sessions_per_user;
}

struct kw_auth_session *
kw_auth_sessions_add(struct kw_auth_sessions *sessions,
                     const uint8_t digest[KW_AUTH_DIGEST_BYTES],
                     const struct kw_auth_ticket *ticket, uint64_t now_ms,
                     uint64_t left_ms)
{
    for (size_t i = 0; i < KW_AUTH_SESSIONS_MAX; i++) {
        struct kw_auth_session *row = &sessions->rows[i];

        if (row->handle != 0)
            continue;
        /* Never used twice, so an old handle can't reach a new session. */
        row->handle = ++sessions->last_handle;
        row->ticket = *ticket;
        row->active_ms = now_ms;
        row->ends_ms = now_ms + left_ms;
        memcpy(row->digest, digest, sizeof(row->digest));
        sessions->count++;
        return row;
    }
    return NULL;
}

void kw_auth_sessions_end(struct kw_auth_sessions *sessions,
                          struct kw_auth_session *session)
{
    struct kw_link watches;

    /* The watches move to a list of our own before anybody is told: what
     * they do may end other sessions or take out other watches. */
    kw_list_init(&watches);
    while (!kw_list_empty(&session->watches)) {
        struct kw_link *link = session->watches.next;

        kw_list_remove(link);
        kw_list_append(&watches, link);
    }
    *session = (struct kw_auth_session){0};
    kw_list_init(&session->watches);
    sessions->count--;
    while (!kw_list_empty(&watches)) {
        struct kw_auth_watch *watch =
            KW_LIST_ENTRY(watches.next, struct kw_auth_watch, link);

        kw_list_remove(&watch->link);
        watch->on_ended(watch->arg);
    }
}

uint64_t kw_auth_session_due_ms(const struct kw_auth_session *session,
                                const struct kw_auth_limits *limits)
{
    uint64_t idle = session->active_ms + (uint64_t)limits->idle_ms;

    return idle < session->ends_ms ? idle : session->ends_ms;
}

uint64_t kw_auth_sessions_due_ms(const struct kw_auth_sessions *sessions,
                                 const struct kw_auth_limits *limits)
{
    uint64_t due = UINT64_MAX;

    for (size_t i = 0; i < KW_AUTH_SESSIONS_MAX; i++) {
        const struct kw_auth_session *row = &sessions->rows[i];
        uint64_t own =
            row->handle != 0 ? kw_auth_session_due_ms(row, limits) : due;

        due = own < due ? own : due;
    }
    return due;
}

uint64_t kw_auth_ticket_left_ms(const struct kw_auth_ticket *ticket,
                                const struct kw_auth_limits *limits,
                                int64_t now_ms)
{
    int64_t left;

    /* A machine without a battery starts in the past: rather log in again
     * than let a stolen token live on. */
    if (!kw_clock_sane(now_ms) || ticket->created_ms > now_ms ||
        ticket->expires_ms <= now_ms)
        return 0;
    left = ticket->expires_ms - now_ms;
    return (uint64_t)(left < limits->absolute_ms ? left : limits->absolute_ms);
}
