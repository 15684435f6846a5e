/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/offline.h"

#include "auth/crypt.h"
#include "auth/onetime.h"
#include "auth/store.h"
#include "base/secret.h"
#include "base/text.h"

#include <string.h>

/* Who looks at the accounts, or which sessions are to end. */
struct walk {
    kw_auth_visit_fn *visit;
    void *arg;
    struct kw_db_batch *batch;
    const char *user;
};

static void take_user(void *arg, struct kw_slice key, struct kw_slice value)
{
    const struct walk *walk = arg;
    struct kw_auth_user user;
    int err = kw_auth_user_decode(key.data, key.length, value.data,
                                  value.length, &user);

    if (err != 0) {
        user = (struct kw_auth_user){0};
        if (key.length < sizeof(user.key))
            memcpy(user.key, key.data, key.length);
    }
    walk->visit(walk->arg, &user, err);
}

int kw_auth_offline_each(struct kw_db *db, kw_auth_visit_fn *visit, void *arg)
{
    struct walk walk = {.visit = visit, .arg = arg};
    struct kw_db_txn *txn;
    int err = kw_db_read_begin(db, &txn);

    if (err != 0)
        return err;
    err = kw_auth_store_walk(txn, &kw_auth_users_table, take_user, &walk);
    kw_db_read_end(txn);
    return err;
}

/* A session that belongs to the account, or that nobody can read. */
static void take_session(void *arg, struct kw_slice key, struct kw_slice value)
{
    const struct walk *walk = arg;
    struct kw_auth_ticket ticket;

    if (kw_auth_ticket_decode(value.data, value.length, &ticket) != 0 ||
        strcmp(ticket.user, walk->user) == 0)
        kw_db_batch_delete(walk->batch, &kw_auth_sessions_table, key);
}

/* The account to be reset. */
static int read_user(struct kw_db_txn *txn, const char *name,
                     struct kw_auth_user *user)
{
    char key[KW_AUTH_NAME_SIZE];
    struct kw_slice value;
    int err;

    if (kw_auth_form_key(name, key) != 0)
        return KW_ENOTFOUND;
    err = kw_db_get(txn, &kw_auth_users_table, kw_slice_text(key), &value);
    if (err != 0)
        return err;
    err = kw_auth_user_decode(key, strlen(key), value.data, value.length, user);
    if (err != KW_ECORRUPT || strcmp(key, KW_AUTH_FIRST_USER) != 0)
        return err;
    *user = (struct kw_auth_user){
        .key = KW_AUTH_FIRST_USER,
        .name = KW_AUTH_FIRST_USER,
        .profile = KW_PROFILE_CYBER_SECURITY,
    };
    return 0;
}

/* Gives the account its one-time password. */
static int renew(struct kw_auth_user *user, const char *dir, int64_t now_ms)
{
    char password[KW_SECRET_PASSWORD_SIZE];
    int err = kw_secret_password(password);

    if (err != 0)
        return err;
    /* Shown before it is stored, as at the first start. */
    err = kw_auth_scrypt_make(password, &user->scrypt);
    if (err == 0)
        err = kw_auth_onetime_reveal(dir, user->name, password);
    kw_secret_wipe(password, sizeof(password));
    user->flags = KW_AUTH_ENABLED | KW_AUTH_ONE_TIME;
    user->was_reset = true;
    user->password_changed_ms = now_ms;
    return err;
}

/* Reads, renews and fills the batch. */
static int prepare(struct kw_db_txn *txn, struct kw_db_batch *batch,
                   struct kw_auth_user *user, const char *dir, int64_t now_ms)
{
    struct walk walk = {.batch = batch, .user = user->key};
    int err = renew(user, dir, now_ms);

    if (err == 0)
        err = kw_auth_store_put_user(batch, user);
    if (err == 0)
        err = kw_auth_store_walk(txn, &kw_auth_sessions_table, take_session,
                                 &walk);
    return err;
}

int kw_auth_offline_reset(struct kw_db *db, const char *dir, const char *name,
                          int64_t now_ms)
{
    struct kw_db_batch *batch = kw_db_batch_new();
    struct kw_db_txn *txn;
    struct kw_auth_user user;
    int err;

    if (batch == NULL)
        return KW_ENOMEM;
    err = kw_db_read_begin(db, &txn);
    if (err == 0) {
        err = read_user(txn, name, &user);
        if (err == 0)
            err = prepare(txn, batch, &user, dir, now_ms);
        kw_db_read_end(txn);
    }
    if (err == 0)
        return kw_db_write_now(db, batch);
    kw_db_batch_free(batch);
    return err;
}
