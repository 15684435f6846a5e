/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The database: one LMDB environment in the state folder, one writer.
 *
 * Reads on the loop are short and never span turns. Writes are batches: a list
 * of puts and deletes that is applied whole or not at all. Batches queue in
 * order; one transaction takes all that arrived in a commit interval, run as a
 * job of the db lane, so nobody opens a write transaction on the loop. Each
 * commit raises the committed sequence (LMDB's transaction number, so it costs
 * no page of its own): after a crash everything up to that number is there.
 *
 * Failure: a full disk or an I/O error fails the batches of that transaction
 * (done(err)); the queue goes on with the next ones. Memory is authoritative:
 * owners keep what they submitted, so there is no read-your-writes gap. LMDB
 * refuses every transaction after a failed write of its meta page: the writer
 * then opens the environment anew, at the latest with the next commit after
 * the last reader has ended; until then reads and writes get KW_EIO.
 *
 * Stop: kw_db_close commits what is queued, then calls closed.
 */
#ifndef KW_CORE_DB_H
#define KW_CORE_DB_H

#include "base/diag.h"
#include "base/log.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kw_loop;
struct kw_jobs;
struct kw_db;
struct kw_db_txn;

/* A table ("named database"), declared as data by its module. */
struct kw_db_table {
    const char *name; /* "history.journal" */
    bool backup;      /* part of a back-up */
    bool reset;       /* emptied by a factory reset */
    bool append;      /* keys nearly always grow: pages are filled up */
    const char *help;
};

/* Bytes borrowed from the map: valid until the transaction ends. */
struct kw_slice {
    const void *data;
    size_t length;
};

struct kw_db_options {
    const char *dir;    /* state folder, exists */
    uint64_t map_bytes; /* address space reserved, sparse */
    unsigned tables;    /* most tables */
    uint32_t commit_ms; /* commit interval */
    struct kw_log *log; /* borrowed */
};

/*
 * Opens or makes DIR/kilowatch.db and takes the state folder's lock: a second
 * instance gets KW_EBUSY with "in use by process N". An unwritable folder,
 * a damaged file or a newer format: KW_EDENIED, KW_ECORRUPT, KW_EVERSION with
 * one line in diag.
 */
KW_MUST_CHECK int kw_db_open(struct kw_db **db,
                             const struct kw_db_options *options,
                             struct kw_diag *diag);

/*
 * Makes the tables that aren't there yet, in one transaction; tables ends
 * with NULL. A batch makes a table that it misses too; doing it here keeps
 * the first commits short. Before kw_db_attach only.
 */
KW_MUST_CHECK int kw_db_tables(struct kw_db *db,
                               const struct kw_db_table *const *tables);

/* Connects the writer to the loop. Before that the caller's own thread
 * writes: kw_db_write_now, and kw_db_submit does the same. */
void kw_db_attach(struct kw_db *db, struct kw_loop *loop, struct kw_jobs *jobs);

/* Commits what is queued, calls closed(arg) on the loop. Then kw_db_free. */
void kw_db_close(struct kw_db *db, void (*closed)(void *arg), void *arg);
void kw_db_free(struct kw_db *db);

/* A read transaction; sees one state. End it in the same turn or job. */
KW_MUST_CHECK int kw_db_read_begin(struct kw_db *db, struct kw_db_txn **txn);
void kw_db_read_end(struct kw_db_txn *txn);

/* KW_ENOTFOUND when the key or the table isn't there. */
KW_MUST_CHECK int kw_db_get(struct kw_db_txn *txn,
                            const struct kw_db_table *table,
                            struct kw_slice key, struct kw_slice *value);

/* Walks keys in byte order. */
struct kw_db_cursor;
KW_MUST_CHECK int kw_db_cursor_open(struct kw_db_txn *txn,
                                    const struct kw_db_table *table,
                                    struct kw_db_cursor **cursor);
void kw_db_cursor_close(struct kw_db_cursor *cursor);
/* First entry with a key not below it; an empty key: the very first. */
KW_MUST_CHECK int kw_db_cursor_seek(struct kw_db_cursor *cursor,
                                    struct kw_slice key);
/* The last entry. */
KW_MUST_CHECK int kw_db_cursor_last(struct kw_db_cursor *cursor);
/* Next and previous; KW_ENOTFOUND at the end. */
KW_MUST_CHECK int kw_db_cursor_next(struct kw_db_cursor *cursor);
KW_MUST_CHECK int kw_db_cursor_previous(struct kw_db_cursor *cursor);
/* The entry the cursor stands on. */
void kw_db_cursor_entry(const struct kw_db_cursor *cursor, struct kw_slice *key,
                        struct kw_slice *value);

/* A batch under construction; owned by the caller until taken. */
struct kw_db_batch;
struct kw_db_batch *kw_db_batch_new(void); /* NULL: out of memory */
/* The same for who writes all the time: one that was used before, with its
 * memory, when there is one. */
struct kw_db_batch *kw_db_batch_reuse(struct kw_db *db);
void kw_db_batch_free(struct kw_db_batch *batch); /* NULL is allowed */
/* Copies key and value. A key has 1 to 511 bytes. An error sticks and fails
 * the submit. Deleting what isn't there is no error. */
void kw_db_batch_put(struct kw_db_batch *batch, const struct kw_db_table *table,
                     struct kw_slice key, struct kw_slice value);
void kw_db_batch_delete(struct kw_db_batch *batch,
                        const struct kw_db_table *table, struct kw_slice key);

/*
 * Queues a batch (taken in every case, also on errors). urgent: commit now,
 * not at the interval (passwords, sessions, configuration). done may be NULL;
 * otherwise it runs on the loop exactly once when 0 was returned: err 0 means
 * durable, KW_ENOSPC disk or map full, KW_EIO. KW_EFULL when more than 64 MiB
 * is queued, KW_ECLOSING. On a db that isn't attached it commits before it
 * returns: an error is returned, else done was called.
 */
typedef void kw_db_done_fn(void *arg, int err);
KW_MUST_CHECK int kw_db_submit(struct kw_db *db, struct kw_db_batch *take,
                               bool urgent, kw_db_done_fn *done, void *arg);

/* Applies a batch and waits: before the loop runs, and for offline commands. */
KW_MUST_CHECK int kw_db_write_now(struct kw_db *db, struct kw_db_batch *take);

struct kw_db_stats {
    uint64_t committed; /* sequence number of the last commit */
    uint64_t commits_failed;
    uint64_t queued_bytes;
    uint64_t commit_us_last, commit_us_longest;
    uint64_t used_bytes, map_bytes;
};
struct kw_db_stats kw_db_stats(const struct kw_db *db);

/* A slice of a NUL-terminated text (without the NUL). */
struct kw_slice kw_slice_text(const char *text);

#endif
