/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/store.h"

#include "auth/state.h"
#include "auth/tell.h"
#include "core/core.h"

#include <string.h>

const struct kw_db_table kw_auth_users_table = {
    .name = "auth.users",
    .backup = true,
    .reset = true,
    .help = "Accounts: profile and password hash.",
};

const struct kw_db_table kw_auth_sessions_table = {
    .name = "auth.sessions",
    .reset = true,
    .help = "Sessions: digests of their tokens and when they end.",
};

static struct kw_slice digest_key(const uint8_t *digest)
{
    return (struct kw_slice){.data = digest, .length = KW_AUTH_DIGEST_BYTES};
}

/* Puts the content of value, which is freed. A record that could not be made
 * must fail the batch, not leave a hole in it. */
static int put(struct kw_db_batch *batch, const struct kw_db_table *table,
               struct kw_slice key, struct kw_buf *value)
{
    int err = kw_buf_err(value);

    if (err == 0)
        kw_db_batch_put(batch, table, key,
                        (struct kw_slice){value->data, value->length});
    kw_buf_fini(value);
    return err;
}

int kw_auth_store_put_user(struct kw_db_batch *batch,
                           const struct kw_auth_user *user)
{
    struct kw_buf value;

    kw_buf_init(&value, KW_AUTH_RECORD_MAX);
    kw_auth_user_encode(user, &value);
    return put(batch, &kw_auth_users_table, kw_slice_text(user->key), &value);
}

int kw_auth_store_put_session(struct kw_db_batch *batch,
                              const struct kw_auth_session *session)
{
    struct kw_buf value;

    kw_buf_init(&value, KW_AUTH_RECORD_MAX);
    kw_auth_ticket_encode(&session->ticket, &value);
    return put(batch, &kw_auth_sessions_table, digest_key(session->digest),
               &value);
}

void kw_auth_store_delete_session(struct kw_db_batch *batch,
                                  const struct kw_auth_session *session)
{
    if (!session->setup)
        kw_db_batch_delete(batch, &kw_auth_sessions_table,
                           digest_key(session->digest));
}

static void on_dropped(void *arg, int err)
{
    struct kw_auth *auth = arg;

    if (err != 0)
        kw_log_write(auth->core->log, KW_LOG_WARN, "auth",
                     "a change of sessions could not be stored: %s",
                     kw_strerror(err));
    kw_life_drop(&auth->life);
}

/* Submits a batch that nobody waits for. */
static void submit(struct kw_auth *auth, struct kw_db_batch *batch)
{
    int err = KW_ENOMEM;

    kw_life_hold(&auth->life);
    if (batch != NULL)
        err = kw_db_submit(auth->core->db, batch, true, on_dropped, auth);
    if (err != 0)
        on_dropped(auth, err);
}

void kw_auth_store_drop_session(struct kw_auth *auth,
                                const struct kw_auth_session *session)
{
    struct kw_db_batch *batch;

    if (session->setup)
        return;
    batch = kw_db_batch_new();
    if (batch != NULL)
        kw_auth_store_delete_session(batch, session);
    submit(auth, batch);
}

int kw_auth_store_walk(struct kw_db_txn *txn, const struct kw_db_table *table,
                       kw_auth_row_fn *take, void *arg)
{
    struct kw_db_cursor *cursor;
    struct kw_slice key, value;
    int err = kw_db_cursor_open(txn, table, &cursor);

    if (err != 0)
        return err == KW_ENOTFOUND ? 0 : err;
    err = kw_db_cursor_seek(cursor, (struct kw_slice){"", 0});
    while (err == 0) {
        kw_db_cursor_entry(cursor, &key, &value);
        take(arg, key, value);
        err = kw_db_cursor_next(cursor);
    }
    kw_db_cursor_close(cursor);
    return err == KW_ENOTFOUND ? 0 : err;
}

/* What is gathered while the tables are read. */
struct loading {
    struct kw_auth *auth;
    struct kw_db_batch *over; /* rows to delete; made by the first */
    bool first;
    int64_t now_ms; /* for the ends of sessions */
};

static void take_user(void *arg, struct kw_slice key, struct kw_slice value)
{
    struct loading *loading = arg;
    struct kw_auth *auth = loading->auth;
    struct kw_auth_user user;
    int err = kw_auth_user_decode(key.data, key.length, value.data,
                                  value.length, &user);

    loading->first = false;
    if (err == 0 && !kw_auth_users_put(auth, &user))
        err = KW_EFULL;
    if (err == 0)
        return;
    auth->damaged++;
    kw_log_write(auth->core->log, KW_LOG_ERROR, "auth",
                 "an account can't be read and is left out: %s",
                 kw_strerror(err));
}

/* Takes a session over, or notes its row for deletion. Without memory for
 * that the row stays until next time. */
static void take_session(void *arg, struct kw_slice key, struct kw_slice value)
{
    struct loading *loading = arg;
    struct kw_auth *auth = loading->auth;
    struct kw_auth_ticket ticket;
    const struct kw_auth_user *user = NULL;
    uint64_t left = 0;

    if (key.length == KW_AUTH_DIGEST_BYTES &&
        kw_auth_ticket_decode(value.data, value.length, &ticket) == 0) {
        user = kw_auth_users_find(auth, ticket.user);
        left = kw_auth_ticket_left_ms(&ticket, &auth->limits, loading->now_ms);
    }
    if (user != NULL && user->flags == KW_AUTH_ENABLED && left > 0 &&
        kw_auth_sessions_add(&auth->sessions, key.data, &ticket,
                             kw_auth_mono_ms(auth), left) != NULL)
        return;
    if (loading->over == NULL)
        loading->over = kw_db_batch_new();
    if (loading->over != NULL)
        kw_db_batch_delete(loading->over, &kw_auth_sessions_table, key);
}

/* A clock that was set back while the gateway was off does not prolong a
 * session: it is at least as late as when the gateway stopped. */
static int64_t latest_time(const struct kw_auth *auth)
{
    const struct kw_core *core = auth->core;
    int64_t known_ms = kw_trust_known(&core->trust, core->clock);
    int64_t wall_ms = kw_auth_wall_ms(auth);

    return kw_clock_sane(wall_ms) && wall_ms < known_ms ? known_ms : wall_ms;
}

int kw_auth_store_load(struct kw_auth *auth, bool *first)
{
    struct loading loading = {
        .auth = auth, .first = true, .now_ms = latest_time(auth)};
    struct kw_db_txn *txn;
    int err = kw_db_read_begin(auth->core->db, &txn);

    if (err != 0)
        return err;
    err = kw_auth_store_walk(txn, &kw_auth_users_table, take_user, &loading);
    if (err == 0)
        err = kw_auth_store_walk(txn, &kw_auth_sessions_table, take_session,
                                 &loading);
    kw_db_read_end(txn);
    /* Counted by rows, not by accounts that can be read: damage must never
     * lead to a new first start. */
    *first = loading.first;
    if (err == 0 && loading.over != NULL)
        submit(auth, loading.over);
    else
        kw_db_batch_free(loading.over);
    return err;
}

void kw_auth_store_note_resets(struct kw_auth *auth)
{
    for (size_t i = 0; i < auth->user_count; i++) {
        struct kw_auth_user *user = &auth->users[i];
        struct kw_db_batch *batch;

        if (!user->was_reset)
            continue;
        user->was_reset = false;
        kw_auth_tell(auth, KW_AUTH_EVENT_PASSWORD_RESET, user->name, "");
        batch = kw_db_batch_new();
        /* What can't be stored now is told again at the next start. */
        if (batch == NULL || kw_auth_store_put_user(batch, user) == 0)
            submit(auth, batch);
        else
            kw_db_batch_free(batch);
    }
}
