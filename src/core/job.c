/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lanes of threads with a queue each, one mutex for all, one uv_async back to
 * the loop. A finished job moves to the done list and the async wakes the
 * loop, which runs done() for all of them in order.
 *
 * On close: lanes refuse new jobs; queued ones are marked KW_ECLOSING and
 * finish without work(), but those of the db lane are worked on to the end.
 * When every lane is empty and its threads have left, the async closes and
 * closed() runs.
 */
#include "core/job.h"

#include "base/mem.h"
#include "core/life.h"

#include <pthread.h>
#include <stdbool.h>

static const struct {
    unsigned threads;
    size_t queue; /* most jobs waiting and running */
} lane_rows[KW_LANE_COUNT] = {
    [KW_LANE_DB] = {1, 64},    [KW_LANE_HASH] = {1, 8},
    [KW_LANE_WORK] = {2, 256}, [KW_LANE_QUERY] = {1, 64},
    [KW_LANE_FILES] = {1, 16},
};

enum { MAX_THREADS = 2 };

struct lane {
    struct kw_jobs *jobs;
    struct kw_link queue;
    pthread_cond_t wake;
    size_t pending; /* submitted and not yet given to done() */
    pthread_t threads[MAX_THREADS];
    unsigned started;
};

struct kw_jobs {
    pthread_mutex_t lock;
    struct lane lanes[KW_LANE_COUNT];
    struct kw_link finished;
    bool closing;
    uv_async_t async;
    struct kw_life life;
    void (*closed)(void *arg);
    void *arg;
};

/* Waits for a job under the lock; NULL when the lane ends. */
static struct kw_job *next_job(struct lane *lane)
{
    struct kw_job *job;

    while (kw_list_empty(&lane->queue)) {
        if (lane->jobs->closing)
            return NULL;
        pthread_cond_wait(&lane->wake, &lane->jobs->lock);
    }
    job = KW_LIST_ENTRY(lane->queue.next, struct kw_job, link);
    kw_list_remove(&job->link);
    return job;
}

static void *run_lane(void *arg)
{
    struct lane *lane = arg;
    struct kw_jobs *jobs = lane->jobs;
    struct kw_job *job;

    pthread_mutex_lock(&jobs->lock);
    while ((job = next_job(lane)) != NULL) {
        pthread_mutex_unlock(&jobs->lock);
        if (job->err == 0)
            job->work(job);
        pthread_mutex_lock(&jobs->lock);
        kw_list_append(&jobs->finished, &job->link);
        uv_async_send(&jobs->async);
    }
    pthread_mutex_unlock(&jobs->lock);
    return NULL;
}

static void on_gone(struct kw_life *life)
{
    struct kw_jobs *jobs = KW_LIST_ENTRY(life, struct kw_jobs, life);
    void (*closed)(void *) = jobs->closed;
    void *arg = jobs->arg;

    for (int i = 0; i < KW_LANE_COUNT; i++)
        pthread_cond_destroy(&jobs->lanes[i].wake);
    pthread_mutex_destroy(&jobs->lock);
    kw_free(jobs);
    if (closed != NULL)
        closed(arg);
}

/* Everything is done: threads have nothing to wait for and are joined. */
static void finish_close(struct kw_jobs *jobs)
{
    for (int i = 0; i < KW_LANE_COUNT; i++) {
        struct lane *lane = &jobs->lanes[i];

        for (unsigned t = 0; t < lane->started; t++)
            pthread_join(lane->threads[t], NULL);
        lane->started = 0;
    }
    kw_life_close_handle(&jobs->life, (uv_handle_t *)&jobs->async);
    kw_life_close(&jobs->life);
}

static bool is_idle(const struct kw_jobs *jobs)
{
    for (int i = 0; i < KW_LANE_COUNT; i++) {
        if (jobs->lanes[i].pending > 0)
            return false;
    }
    return true;
}

static void on_async(uv_async_t *async)
{
    struct kw_jobs *jobs = async->data;
    bool finished;

    pthread_mutex_lock(&jobs->lock);
    while (!kw_list_empty(&jobs->finished)) {
        struct kw_job *job =
            KW_LIST_ENTRY(jobs->finished.next, struct kw_job, link);
        struct kw_life *life = job->life;

        kw_list_remove(&job->link);
        jobs->lanes[job->lane].pending--;
        pthread_mutex_unlock(&jobs->lock);
        job->done(job, job->err);
        if (life != NULL)
            kw_life_drop(life);
        pthread_mutex_lock(&jobs->lock);
    }
    finished = jobs->closing && is_idle(jobs);
    pthread_mutex_unlock(&jobs->lock);
    if (finished)
        finish_close(jobs);
}

/* Ends the threads that were started before something failed. */
static int abandon(struct kw_jobs *jobs)
{
    pthread_mutex_lock(&jobs->lock);
    jobs->closing = true;
    for (int i = 0; i < KW_LANE_COUNT; i++)
        pthread_cond_broadcast(&jobs->lanes[i].wake);
    pthread_mutex_unlock(&jobs->lock);
    finish_close(jobs);
    return KW_EIO;
}

int kw_jobs_new(struct kw_jobs **out, uv_loop_t *loop)
{
    struct kw_jobs *jobs = kw_alloc(sizeof(*jobs));

    if (jobs == NULL)
        return KW_ENOMEM;
    pthread_mutex_init(&jobs->lock, NULL);
    kw_list_init(&jobs->finished);
    kw_life_init(&jobs->life, on_gone);
    for (int i = 0; i < KW_LANE_COUNT; i++) {
        jobs->lanes[i].jobs = jobs;
        kw_list_init(&jobs->lanes[i].queue);
        pthread_cond_init(&jobs->lanes[i].wake, NULL);
    }
    if (uv_async_init(loop, &jobs->async, on_async) != 0) {
        kw_life_close(&jobs->life);
        return KW_EIO;
    }
    kw_life_hold(&jobs->life);
    jobs->async.data = jobs;
    for (int i = 0; i < KW_LANE_COUNT; i++) {
        struct lane *lane = &jobs->lanes[i];

        for (; lane->started < lane_rows[i].threads; lane->started++) {
            if (pthread_create(&lane->threads[lane->started], NULL, run_lane,
                               lane) != 0)
                return abandon(jobs);
        }
    }
    *out = jobs;
    return 0;
}

int kw_jobs_submit(struct kw_jobs *jobs, enum kw_lane which, struct kw_job *job)
{
    struct lane *lane = &jobs->lanes[which];
    int err = 0;

    pthread_mutex_lock(&jobs->lock);
    if (jobs->closing) {
        err = KW_ECLOSING;
    } else if (lane->pending >= lane_rows[which].queue) {
        err = KW_EFULL;
    } else {
        job->err = 0;
        job->lane = which;
        kw_list_append(&lane->queue, &job->link);
        lane->pending++;
        pthread_cond_signal(&lane->wake);
    }
    pthread_mutex_unlock(&jobs->lock);
    if (err == 0 && job->life != NULL)
        kw_life_hold(job->life);
    return err;
}

size_t kw_jobs_pending(struct kw_jobs *jobs, enum kw_lane lane)
{
    size_t pending;

    pthread_mutex_lock(&jobs->lock);
    pending = jobs->lanes[lane].pending;
    pthread_mutex_unlock(&jobs->lock);
    return pending;
}

void kw_jobs_close(struct kw_jobs *jobs, void (*closed)(void *arg), void *arg)
{
    jobs->closed = closed;
    jobs->arg = arg;
    pthread_mutex_lock(&jobs->lock);
    jobs->closing = true;
    for (int i = 0; i < KW_LANE_COUNT; i++) {
        if (i != KW_LANE_DB) {
            KW_LIST_EACH (link, &jobs->lanes[i].queue)
                KW_LIST_ENTRY(link, struct kw_job, link)->err = KW_ECLOSING;
        }
        pthread_cond_broadcast(&jobs->lanes[i].wake);
    }
    pthread_mutex_unlock(&jobs->lock);
    uv_async_send(&jobs->async);
}
