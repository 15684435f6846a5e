/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first start: no account exists, so one is made, `security`, with a
 * one-time password.
 *
 * A job of the hash lane shows the password to its owner (terminal or file)
 * and hashes it; then the account is committed and log-in is open. Shown
 * first, stored second: after a crash in between the next start makes another
 * one, which is better than an account whose password nobody has seen. Start
 * does not wait for any of it. A failure is logged and tried again by the
 * module's timer. On close the life waits for job and commit.
 */
#include "auth/crypt.h"
#include "auth/onetime.h"
#include "auth/state.h"
#include "auth/store.h"
#include "auth/tell.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/text.h"
#include "core/core.h"
#include "core/job.h"

/* Used for the first account and for removing the file. */
struct first {
    struct kw_job job;
    struct kw_auth *auth;
    char password[KW_SECRET_PASSWORD_SIZE];
    struct kw_auth_user user;
    int err;
};

static void free_first(struct first *first)
{
    kw_secret_wipe(first, sizeof(*first));
    kw_free(first);
}

/* Ends the attempt; an error is tried again. */
static void finish(struct kw_auth *auth, int err)
{
    auth->first_pending = false;
    auth->ready = err == 0;
    if (err != 0)
        kw_log_write(auth->core->log, KW_LOG_ERROR, "auth",
                     "the first account could not be made, trying again: %s",
                     kw_strerror(err));
    kw_auth_expiry_arm(auth);
}

static void on_stored(void *arg, int err)
{
    struct first *first = arg;
    struct kw_auth *auth = first->auth;

    if (err == 0) {
        kw_auth_users_put(auth, &first->user);
        kw_auth_tell_alert(auth);
    }
    free_first(first);
    finish(auth, err);
    kw_life_drop(&auth->life);
}

static void store(struct first *first)
{
    struct kw_auth *auth = first->auth;
    struct kw_db_batch *batch = kw_db_batch_new();
    int err =
        batch != NULL ? kw_auth_store_put_user(batch, &first->user) : KW_ENOMEM;

    kw_life_hold(&auth->life);
    if (err == 0)
        err = kw_db_submit(auth->core->db, batch, true, on_stored, first);
    else
        kw_db_batch_free(batch);
    if (err != 0)
        on_stored(first, err);
}

/* On the thread of the hash lane: reads the path of the state folder, which
 * doesn't change, and touches nothing else of core. */
static void make(struct kw_job *job)
{
    struct first *first = KW_LIST_ENTRY(job, struct first, job);

    first->err = kw_auth_onetime_reveal(first->auth->core->env.state_dir,
                                        first->user.name, first->password);
    if (first->err == 0)
        first->err = kw_auth_scrypt_make(first->password, &first->user.scrypt);
}

static void on_made(struct kw_job *job, int err)
{
    struct first *first = KW_LIST_ENTRY(job, struct first, job);
    struct kw_auth *auth = first->auth;

    if (err == 0)
        err = first->err;
    if (err == 0) {
        store(first);
        return;
    }
    free_first(first);
    finish(auth, err);
}

/* The job's object; NULL: out of memory. */
static struct first *new_first(struct kw_auth *auth,
                               void (*work)(struct kw_job *job),
                               void (*done)(struct kw_job *job, int err))
{
    struct first *first = kw_alloc(sizeof(*first));

    if (first == NULL)
        return NULL;
    first->auth = auth;
    first->job.work = work;
    first->job.done = done;
    first->job.life = &auth->life;
    return first;
}

void kw_auth_first_begin(struct kw_auth *auth)
{
    struct first *first;
    int err = KW_ENOMEM;

    if (auth->first_pending)
        return;
    auth->first_pending = true;
    first = new_first(auth, make, on_made);
    if (first != NULL) {
        first->user.profile = KW_PROFILE_CYBER_SECURITY;
        first->user.flags = KW_AUTH_ENABLED | KW_AUTH_ONE_TIME;
        first->user.created_ms = kw_auth_wall_ms(auth);
        first->user.password_changed_ms = first->user.created_ms;
        (void)kw_text_copy(first->user.name, KW_AUTH_NAME_SIZE,
                           KW_AUTH_FIRST_USER);
        (void)kw_text_copy(first->user.key, KW_AUTH_NAME_SIZE,
                           KW_AUTH_FIRST_USER);
        err = kw_secret_password(first->password);
        if (err == 0)
            err = kw_jobs_submit(auth->core->jobs, KW_LANE_HASH, &first->job);
        if (err == 0)
            return;
        free_first(first);
    }
    finish(auth, err);
}

static void forget(struct kw_job *job)
{
    struct first *first = KW_LIST_ENTRY(job, struct first, job);

    first->err = kw_auth_onetime_remove(first->auth->core->env.state_dir);
}

/* err: the lanes close; the next start removes the file. */
static void on_forgotten(struct kw_job *job, int err)
{
    struct first *first = KW_LIST_ENTRY(job, struct first, job);

    if (err == 0 && first->err != 0)
        kw_log_write(first->auth->core->log, KW_LOG_WARN, "auth",
                     "the file with the used one-time password could not be "
                     "removed: %s",
                     kw_strerror(first->err));
    free_first(first);
}

void kw_auth_first_forget(struct kw_auth *auth)
{
    struct first *first = new_first(auth, forget, on_forgotten);

    /* Without memory or place in the lane the next start removes it. */
    if (first != NULL &&
        kw_jobs_submit(auth->core->jobs, KW_LANE_WORK, &first->job) != 0)
        free_first(first);
}
