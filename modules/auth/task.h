/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request whose answer needs a password hash and a commit. Happy path:
 *
 *   kw_auth_task_new - kw_auth_task_throttle - kw_auth_task_hash
 *     - a job of the hash lane - hashed() - kw_auth_task_commit
 *     - the database - stored() - reply, kw_auth_task_free
 *
 * Failures: throttle and hash answer 429 themselves and free the task; a
 * failed job or commit comes to hashed() or stored() as err. When the client
 * goes first, request is NULL from then on and the rest goes its way. On
 * close of the module the life waits for job and commit.
 */
#ifndef KW_AUTH_TASK_H
#define KW_AUTH_TASK_H

#include "auth/crypt.h"
#include "auth/throttle.h"
#include "core/job.h"

struct kw_auth;
struct kw_db_batch;
struct kw_request;

enum { KW_AUTH_MAKES = 2 };

struct kw_auth_task {
    struct kw_job job;
    struct kw_auth *auth;
    struct kw_request *request; /* NULL: the client went */
    void (*hashed)(struct kw_auth_task *task, int err);
    void (*stored)(struct kw_auth_task *task, int err);
    struct kw_auth_charge charge;
    bool charged;                /* by kw_auth_task_throttle */
    bool changing;               /* counted in auth->changing */
    char key[KW_AUTH_NAME_SIZE]; /* of the account; "" for no possible one */
    char address[64];            /* of the peer */

    /* The job: password is compared with check; when matched comes out as
     * make_if says, the first makes of wanted are hashed into made. */
    char password[KW_AUTH_PASSWORD_SIZE];
    struct kw_auth_scrypt check;
    bool matched, make_if;
    bool check_wanted; /* all of wanted are compared with check, too */
    char wanted[KW_AUTH_MAKES][KW_AUTH_PASSWORD_SIZE];
    struct kw_auth_scrypt made[KW_AUTH_MAKES];
    size_t makes;
    int err;

    /* The new session (grant.h). */
    char token[KW_AUTH_TOKEN_SIZE];
    uint64_t session, leaving;   /* handles; leaving ends when it begins */
    struct kw_auth_user changed; /* what becomes of the account once stored */
    struct kw_auth_user added;   /* a second account; key "": none */
};

/* Made for a request; NULL: it was answered with 503. */
struct kw_auth_task *kw_auth_task_new(struct kw_auth *auth,
                                      struct kw_request *request);

/*
 * The task will write a new password: until it is freed no log-in may write the
 * account's hash, which it would have made of the password that was.
 */
void kw_auth_task_begin_change(struct kw_auth_task *task);

/* Wipes and frees. An open request must have been answered. */
void kw_auth_task_free(struct kw_auth_task *task);

/* Answers with a problem, with Retry-After when retry_s > 0; frees. */
void kw_auth_task_refuse(struct kw_auth_task *task, int status,
                         unsigned retry_s, const char *key, const char *detail);

/* Charges the attempt to key and peer; false: answered 429 and freed. */
KW_MUST_CHECK bool kw_auth_task_throttle(struct kw_auth_task *task);

/* Gives back what the throttle was charged: nothing was verified. */
void kw_auth_task_refund(struct kw_auth_task *task);

/* Starts the job; the passwords are wiped when hashed() runs. False:
 * answered 429 or 503 and freed. */
bool kw_auth_task_hash(struct kw_auth_task *task,
                       void (*hashed)(struct kw_auth_task *task, int err));

/* Commits the batch (taken; NULL: out of memory), then calls stored(). */
void kw_auth_task_commit(struct kw_auth_task *task, struct kw_db_batch *take,
                         void (*stored)(struct kw_auth_task *task, int err));

#endif
