/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the database share. db.c opens and reads, db_env.c opens
 * LMDB's environment (anew, after a fault), db_table.c knows the tables,
 * db_batch.c collects changes, db_write.c applies them, db_lock.c keeps a
 * second instance away.
 *
 * Threads: `tables` is written by the one writer only (the db lane's thread,
 * or the caller's before kw_db_attach) and read by everybody up to `known`.
 * `env` is changed by the writer only, while `away` is set and `readers` is 0.
 * `commit` belongs to the job while it runs. All the rest is the loop's.
 */
#ifndef KW_CORE_DB_INTERNAL_H
#define KW_CORE_DB_INTERNAL_H

#include "base/buf.h"
#include "core/db.h"
#include "core/job.h"
#include "core/life.h"

#include <lmdb.h>
#include <stdatomic.h>

enum {
    KW_DB_FORMAT = 1,      /* of the whole database, in core.meta */
    KW_DB_TABLES = 64,     /* most tables */
    KW_DB_KEY_BYTES = 511, /* LMDB's limit */
    KW_DB_NAME_SIZE = 48,
    KW_DB_QUEUE_BYTES = 64 << 20,
    KW_DB_SPARE_BATCHES = 4,
    KW_DB_SPARE_BYTES = 256 << 10, /* a bigger one isn't kept */
};

struct kw_db_slot {
    char name[KW_DB_NAME_SIZE];
    MDB_dbi dbi;
};

/* What a commit gives back. */
struct kw_db_result {
    int err;
    bool reopened; /* the environment, first */
    uint64_t sequence, us, used_bytes;
};

struct kw_db {
    MDB_env *env;        /* NULL only while away */
    atomic_uint readers; /* read transactions, and those that begin */
    atomic_bool away;    /* env must be opened anew; nobody reads */
    char path[4096];
    int lock_fd;
    struct kw_log *log;
    uint32_t commit_ms;
    struct kw_db_slot tables[KW_DB_TABLES];
    atomic_size_t known; /* slots that every transaction may use */
    size_t opened;       /* writer: known and those of its transaction */

    struct kw_loop *loop; /* NULL: not attached */
    struct kw_jobs *jobs;
    struct kw_life life;
    uv_timer_t timer;
    struct kw_job job;
    struct kw_link queue;  /* batches that wait */
    struct kw_link commit; /* batches of the job under way */
    struct kw_link spare;  /* used batches, for kw_db_batch_reuse */
    unsigned spares;
    bool busy;         /* a job is under way */
    bool due;          /* what is queued must not wait for the timer */
    uint64_t pause_ms; /* before the next attempt to reopen by the timer */
    struct kw_db_result result;
    int told; /* of the last commit: what the log says */
    struct kw_db_stats stats;
    void (*closed)(void *arg);
    void *arg;
};

struct kw_db_batch {
    struct kw_link link;
    struct kw_buf ops; /* see struct kw_db_op */
    int err;           /* the first failure */
    kw_db_done_fn *done;
    void *arg;
};

/* Followed by the key and the value. */
struct kw_db_op {
    const struct kw_db_table *table;
    size_t key_length, value_length;
    bool is_delete;
};

/* The one translation of LMDB's codes and errno values. */
int kw_db_error(int code);

/* Bytes of address space: never less than the file at path with some room to
 * delete in. */
uint64_t kw_db_map_size(const char *path, uint64_t wanted);
/* Opens db->path with a map of stats.map_bytes. On an error close it too. */
KW_MUST_CHECK int kw_db_env_open(struct kw_db *db);
void kw_db_env_close(struct kw_db *db);
/* Whether every transaction is refused until the environment is reopened. */
bool kw_db_env_is_dead(struct kw_db *db);
/* Opens it anew, tables too; the writer only. Until that has succeeded
 * readers get KW_EIO. KW_EIO while somebody reads, or what LMDB says. */
KW_MUST_CHECK int kw_db_env_reopen(struct kw_db *db);

/* Takes STATE/lock. On KW_EBUSY diag names the process that has it. */
KW_MUST_CHECK int kw_db_lock(const char *dir, int *fd, struct kw_diag *diag);

/* Opens all tables that the file has. */
KW_MUST_CHECK int kw_db_find_tables(struct kw_db *db);
/* The handle among the first `known`; KW_ENOTFOUND. */
KW_MUST_CHECK int kw_db_table_get(const struct kw_db *db, size_t known,
                                  const char *name, MDB_dbi *dbi);
/* The same inside the write transaction, made when it is missing. */
KW_MUST_CHECK int kw_db_table_make(struct kw_db *db, MDB_txn *txn,
                                   const char *name, MDB_dbi *dbi);
/* Tells everybody of the tables made, or forgets them after a failure. */
void kw_db_tables_settle(struct kw_db *db, bool committed);
/* Bytes of all pages that hold something, seen by txn. */
uint64_t kw_db_used_bytes(const struct kw_db *db, MDB_txn *txn);

/* The next operation; *at starts at 0. False at the end. */
bool kw_db_batch_next(const struct kw_db_batch *batch, size_t *at,
                      struct kw_db_op *op, MDB_val *key, MDB_val *value);
/* Frees it or keeps it for kw_db_batch_reuse. */
void kw_db_batch_retire(struct kw_db *db, struct kw_db_batch *batch);

#endif
