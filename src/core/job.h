/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Work that must wait or takes long (fsync, password hash, compression), done
 * by threads of our own in named lanes; libuv's shared pool is not used.
 *
 * The submitter embeds a struct kw_job in an object that also holds a private
 * copy of the input. work() runs on a thread and touches only that object;
 * done() runs on the loop afterwards, always exactly once: with 0, or with
 * KW_ECLOSING when the lanes were closed before work() began.
 */
#ifndef KW_CORE_JOB_H
#define KW_CORE_JOB_H

#include "base/err.h"
#include "base/list.h"

#include <stddef.h>
#include <uv.h>

enum kw_lane {
    KW_LANE_DB,    /* 1 thread, in order: the database's only writer */
    KW_LANE_HASH,  /* 1 thread, queue of 8: password hashes */
    KW_LANE_WORK,  /* 2 threads: sealing, retention, files, certificates */
    KW_LANE_QUERY, /* 1 thread: what clients ask of the history, in pieces of
                      some tens of milliseconds */
    KW_LANE_FILES, /* 1 thread, queue of 16: configurations, register maps */
    KW_LANE_COUNT
};

struct kw_life;

struct kw_job {
    struct kw_link link;                       /* the lane's */
    void (*work)(struct kw_job *job);          /* on a thread */
    void (*done)(struct kw_job *job, int err); /* on the loop */
    struct kw_life *life;                      /* held meanwhile; may be NULL */
    int err;                                   /* the lanes' own, as is lane */
    enum kw_lane lane;
};

struct kw_jobs;

/* Starts the threads. KW_ENOMEM, KW_EIO. */
KW_MUST_CHECK int kw_jobs_new(struct kw_jobs **jobs, uv_loop_t *loop);

/*
 * Queues a job; KW_EFULL when the lane's queue is full, KW_ECLOSING after
 * close. On an error nothing was held and done() is not called.
 */
KW_MUST_CHECK int kw_jobs_submit(struct kw_jobs *jobs, enum kw_lane lane,
                                 struct kw_job *job);

/* Jobs queued and running in a lane. */
size_t kw_jobs_pending(struct kw_jobs *jobs, enum kw_lane lane);

/*
 * No new jobs; those of the db lane are all done, those queued in the others
 * are given back with KW_ECLOSING; then the threads end, closed(arg) runs on
 * the loop and jobs is freed after it.
 */
void kw_jobs_close(struct kw_jobs *jobs, void (*closed)(void *arg), void *arg);

#endif
