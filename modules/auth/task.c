/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owner of the task is whoever has to answer next: the handler until the job
 * is queued, hashed() from the job's end on, stored() from the commit's end
 * on. The request may vanish at any time on the loop; its on_closed is the
 * only one to tell, so every answer looks at task->request first.
 */
#include "auth/task.h"

#include "auth/state.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/text.h"
#include "core/core.h"
#include "core/db.h"
#include "core/route.h"

#include <stdio.h>
#include <string.h>

static void on_closed(void *arg)
{
    struct kw_auth_task *task = arg;

    task->request = NULL;
}

struct kw_auth_task *kw_auth_task_new(struct kw_auth *auth,
                                      struct kw_request *request)
{
    struct kw_auth_task *task = kw_alloc(sizeof(*task));

    if (task == NULL) {
        kw_reply_problem(request, 503, "no_memory", "Out of memory.");
        return NULL;
    }
    task->auth = auth;
    task->request = request;
    (void)kw_text_copy(task->address, sizeof(task->address),
                       request->who->address);
    request->on_closed = on_closed;
    request->arg = task;
    return task;
}

void kw_auth_task_begin_change(struct kw_auth_task *task)
{
    task->changing = true;
    task->auth->changing++;
}

void kw_auth_task_free(struct kw_auth_task *task)
{
    task->auth->changing -= task->changing;
    kw_secret_wipe(task, sizeof(*task));
    kw_free(task);
}

void kw_auth_task_refuse(struct kw_auth_task *task, int status,
                         unsigned retry_s, const char *key, const char *detail)
{
    char text[16];

    if (task->request != NULL) {
        if (retry_s > 0) {
            snprintf(text, sizeof(text), "%u", retry_s);
            kw_reply_header(task->request, "Retry-After", text);
        }
        kw_reply_problem(task->request, status, key, "%s", detail);
    }
    kw_auth_task_free(task);
}

/* The account's place in the throttle: hashed with a key of this start, so
 * that nobody can choose names that meet in one place. */
static int account_key(const struct kw_auth_task *task, uint64_t *account)
{
    uint8_t bytes[KW_AUTH_SALT_BYTES + KW_AUTH_NAME_SIZE] = {0};
    uint8_t digest[KW_AUTH_DIGEST_BYTES];
    struct kw_reader reader;
    int err;

    memcpy(bytes, task->auth->throttle_key, KW_AUTH_SALT_BYTES);
    memcpy(bytes + KW_AUTH_SALT_BYTES, task->key, strlen(task->key));
    err = kw_auth_digest(bytes, sizeof(bytes), digest);
    if (err != 0)
        return err;
    kw_reader_init(&reader, digest, sizeof(digest));
    *account = kw_read_be64(&reader);
    return 0;
}

bool kw_auth_task_throttle(struct kw_auth_task *task)
{
    struct kw_auth *auth = task->auth;
    uint64_t wait_ms;

    if (account_key(task, &task->charge.account) != 0) {
        kw_auth_task_refuse(task, 503, 0, "no_memory", "Out of memory.");
        return false;
    }
    task->charge.source = kw_auth_throttle_source(task->address);
    wait_ms = kw_auth_throttle_begin(&auth->throttle, &task->charge,
                                     kw_auth_mono_ms(auth));
    task->charged = wait_ms == 0;
    if (task->charged)
        return true;
    auth->counters.throttled++;
    kw_auth_task_refuse(task, 429, (unsigned)((wait_ms + 999) / 1000),
                        "login_throttled",
                        "There were too many failed attempts; wait a little.");
    return false;
}

/* Who was turned away before the verifier must not pay for it. */
void kw_auth_task_refund(struct kw_auth_task *task)
{
    if (task->charged)
        kw_auth_throttle_refund(&task->auth->throttle, &task->charge);
    task->charged = false;
}

/* On the thread of the hash lane: touches the task only. */
static void work(struct kw_job *job)
{
    struct kw_auth_task *task = KW_LIST_ENTRY(job, struct kw_auth_task, job);

    /* Compared first in every case: the time must not tell whether the
     * account exists, and a new hash is only made when it will be used. */
    task->err =
        kw_auth_scrypt_check(task->password, &task->check, &task->matched);
    for (size_t i = 1; task->check_wanted && i < task->makes &&
                       task->err == 0 && !task->matched;
         i++)
        task->err =
            kw_auth_scrypt_check(task->wanted[i], &task->check, &task->matched);
    if (task->matched != task->make_if)
        return;
    for (size_t i = 0; i < task->makes && task->err == 0; i++)
        task->err = kw_auth_scrypt_make(task->wanted[i], &task->made[i]);
}

/* Passwords live no longer than the job that needed them. */
static void on_done(struct kw_job *job, int err)
{
    struct kw_auth_task *task = KW_LIST_ENTRY(job, struct kw_auth_task, job);

    kw_secret_wipe(task->password, sizeof(task->password));
    kw_secret_wipe(task->wanted, sizeof(task->wanted));
    task->hashed(task, err != 0 ? err : task->err);
}

bool kw_auth_task_hash(struct kw_auth_task *task,
                       void (*hashed)(struct kw_auth_task *task, int err))
{
    struct kw_auth *auth = task->auth;
    int err;

    task->hashed = hashed;
    task->job.work = work;
    task->job.done = on_done;
    task->job.life = &auth->life;
    err = kw_jobs_submit(auth->core->jobs, KW_LANE_HASH, &task->job);
    if (err == 0)
        return true;
    kw_auth_task_refund(task);
    /* The lane is bounded so that a flood can't queue minutes of work. */
    if (err == KW_EFULL)
        kw_auth_task_refuse(task, 429, 1, "hash_busy",
                            "Too many passwords are being checked; try again "
                            "in a moment.");
    else
        kw_auth_task_refuse(task, 503, 0, "closing",
                            "The gateway is stopping.");
    return false;
}

static void on_committed(void *arg, int err)
{
    struct kw_auth_task *task = arg;
    struct kw_life *life = &task->auth->life;

    task->stored(task, err); /* frees the task */
    kw_life_drop(life);
}

void kw_auth_task_commit(struct kw_auth_task *task, struct kw_db_batch *take,
                         void (*stored)(struct kw_auth_task *task, int err))
{
    int err = KW_ENOMEM;

    task->stored = stored;
    kw_life_hold(&task->auth->life);
    if (take != NULL)
        err =
            kw_db_submit(task->auth->core->db, take, true, on_committed, task);
    if (err != 0)
        on_committed(task, err);
}
