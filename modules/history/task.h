/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The jobs of the module, each with what its thread may touch. One of each
 * kind is under way at most.
 */
#ifndef KW_HISTORY_TASK_H
#define KW_HISTORY_TASK_H

#include "core/job.h"
#include "core/life.h"
#include "history/history.h"
#include "history/replay.h"

/* Replay at the start. */
struct kw_history_load {
    struct kw_job job;
    struct kw_db *db;
    struct kw_history_replay replay;
    int err;
    bool busy;
    uint64_t next_ms; /* monotonic: not before, after a failure */
};

enum {
    KW_HISTORY_SEAL_ITEMS = 64,        /* sources of one job */
    KW_HISTORY_SEAL_PARTS = 8,         /* parts of one block */
    KW_HISTORY_SEAL_BYTES = 4 << 20,   /* encoded bytes of one job, about */
    KW_HISTORY_BATCH_BYTES = 16 << 20, /* of its blocks; see batch_bytes */
    KW_HISTORY_RETAIN_KEYS = 512,      /* blocks deleted by one job */
    KW_HISTORY_RETAIN_MS = 600000,     /* between two jobs */
    KW_HISTORY_RETRY_MS = 60000,       /* after a job that failed */
};

/* One block to be made of closed parts of one source and hour. */
struct kw_history_seal_item {
    const struct kw_history_part *parts[KW_HISTORY_SEAL_PARTS]; /* borrowed */
    size_t count;
};

struct kw_history_seal {
    struct kw_job job;
    struct kw_db *db;
    struct kw_history_seal_item items[KW_HISTORY_SEAL_ITEMS];
    size_t count;
    bool busy;          /* from the job's begin to its commit's end */
    uint64_t retry_ms;  /* monotonic: not before, after a failure */
    size_t next_source; /* where the next search begins */
    size_t batch_bytes; /* blocks so large in all end the batch: what the
                           blocks they grow from add isn't known before, and
                           64 of these would not fit the database's queue */
    /* results; count becomes the number of items that are in the batch */
    struct kw_db_batch *batch;
    int err;
    size_t blocks, samples, bytes, damaged;
};

/* The thread's part: reads seal->items, makes seal->batch. */
void kw_history_seal_work(struct kw_history_seal *seal);

struct kw_history_retain {
    struct kw_job job;
    struct kw_db *db;
    bool busy;
    bool full;         /* delete the oldest hours whatever their age */
    uint64_t next_ms;  /* monotonic: not before */
    uint64_t room_ms;  /* the same for a full disk's oldest hours */
    int64_t old_ms;    /* blocks that begin earlier are older than `keep` */
    int64_t asked_ms;  /* those before it because `keep` was made shorter */
    int64_t before_ms; /* blocks that begin earlier go now */
    /* results */
    struct kw_db_batch *batch;
    size_t deleted;
    int64_t from_ms, to_ms; /* first and last block of these */
    int64_t newest_ms;      /* newest block of all; INT64_MIN: there is none */
    bool by_age;            /* else for want of room */
    bool more;              /* the limit of one job was reached */
    int err;
};

/* What was deleted since it was told last. */
struct kw_history_deletion {
    size_t blocks;
    int64_t from_ms, to_ms;
    uint64_t next_ms; /* monotonic: not told before */
};

#endif
