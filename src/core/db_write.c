/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one writer.
 *
 * A batch is queued; the first one starts the commit timer. When the timer
 * ends, or at once when a batch is urgent, all that is queued moves to the
 * job of the db lane, which applies it in one transaction. Back on the loop
 * the answers are given in order; what was queued meanwhile waits for its own
 * timer, or goes at once when that has ended or one of it is urgent.
 *
 * A failure is that of the whole transaction: all its batches are told, and
 * those that their owners queue again from done() are in the very next
 * transaction, before or together with what was queued later. So an owner
 * that repeats a failed batch keeps the order that matters to readers.
 *
 * A failure may leave an environment that refuses everything (db_env.c). It is
 * opened anew by the job that met the failure, and when that does not succeed
 * by the job of each later commit; while nothing is written, by the timer with
 * growing pauses, since readers wait for it too.
 *
 * On close: no new batches; what is queued is committed without waiting, then
 * the timer closes and closed() runs.
 */
#include "core/db_internal.h"

#include "core/loop.h"

#include <time.h>

enum { PAUSE_MS = 1000, PAUSE_MOST_MS = 60000 };

static uint64_t now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000U + (uint64_t)now.tv_nsec / 1000U;
}

/* Appending fills pages to the end; inserting halves them. */
static int put(MDB_txn *txn, MDB_dbi dbi, MDB_val *key, MDB_val *value,
               bool append)
{
    int code = MDB_KEYEXIST;

    if (append)
        code = mdb_put(txn, dbi, key, value, MDB_APPEND);
    if (code == MDB_KEYEXIST) /* not above all others */
        code = mdb_put(txn, dbi, key, value, 0);
    return kw_db_error(code);
}

static int apply_batch(struct kw_db *db, MDB_txn *txn,
                       const struct kw_db_batch *batch)
{
    const struct kw_db_table *table = NULL;
    struct kw_db_op op;
    MDB_val key, value;
    MDB_dbi dbi = 0;
    size_t at = 0;
    int err = 0;

    while (err == 0 && kw_db_batch_next(batch, &at, &op, &key, &value)) {
        if (op.table != table)
            err = kw_db_table_make(db, txn, op.table->name, &dbi);
        table = op.table;
        if (err == 0 && op.is_delete) {
            err = kw_db_error(mdb_del(txn, dbi, &key, NULL));
            err = err == KW_ENOTFOUND ? 0 : err;
        } else if (err == 0) {
            err = put(txn, dbi, &key, &value, table->append);
        }
    }
    return err;
}

/* Opens the environment anew if need be; its outcome. */
static int revive(struct kw_db *db, struct kw_db_result *result)
{
    int err;

    if (!atomic_load(&db->away) && !kw_db_env_is_dead(db))
        return 0;
    err = kw_db_env_reopen(db);
    result->reopened = result->reopened || err == 0;
    return err;
}

/* One transaction with all batches of a list. */
static void apply(struct kw_db *db, struct kw_link *batches,
                  struct kw_db_result *result)
{
    MDB_txn *txn;

    result->err = kw_db_error(mdb_txn_begin(db->env, NULL, 0, &txn));
    if (result->err != 0)
        return;
    KW_LIST_EACH (link, batches) {
        if (result->err == 0)
            result->err = apply_batch(
                db, txn, KW_LIST_ENTRY(link, struct kw_db_batch, link));
    }
    result->sequence = mdb_txn_id(txn);
    result->used_bytes = kw_db_used_bytes(db, txn);
    if (result->err == 0)
        result->err = kw_db_error(mdb_txn_commit(txn));
    else
        mdb_txn_abort(txn);
    kw_db_tables_settle(db, result->err == 0);
}

/* The writer's work, whatever its thread; an empty list only revives. */
static struct kw_db_result commit(struct kw_db *db, struct kw_link *batches)
{
    struct kw_db_result result = {0};
    uint64_t start_us = now_us();

    if (atomic_load(&db->away))
        result.err = revive(db, &result);
    if (result.err == 0 && !kw_list_empty(batches)) {
        apply(db, batches, &result);
        if (result.err != 0)
            (void)revive(db, &result); /* else with the next commit */
    }
    result.us = now_us() - start_us;
    return result;
}

/* What the statistics say of a commit. */
static void note(struct kw_db *db, const struct kw_db_result *result)
{
    struct kw_db_stats *stats = &db->stats;

    if (result->err != 0) {
        stats->commits_failed++;
        return;
    }
    stats->committed = result->sequence;
    stats->used_bytes = result->used_bytes;
    stats->commit_us_last = result->us;
    if (result->us > stats->commit_us_longest)
        stats->commit_us_longest = result->us;
}

/* Gives the answers of a list in order; done() may submit again. */
static void answer(struct kw_db *db, struct kw_link *batches, int err)
{
    while (!kw_list_empty(batches)) {
        struct kw_db_batch *batch =
            KW_LIST_ENTRY(batches->next, struct kw_db_batch, link);
        kw_db_done_fn *done = batch->done;
        void *arg = batch->arg;

        kw_list_remove(&batch->link);
        db->stats.queued_bytes -= batch->ops.length;
        kw_db_batch_retire(db, batch);
        if (done != NULL)
            done(arg, err);
    }
}

static void work(struct kw_job *job)
{
    struct kw_db *db = KW_LIST_ENTRY(job, struct kw_db, job);

    db->result = commit(db, &db->commit);
}

static void finish_close(struct kw_db *db)
{
    kw_life_close_handle(&db->life, (uv_handle_t *)&db->timer);
}

static void start_commit(struct kw_db *db)
{
    int err;

    while (!kw_list_empty(&db->queue)) {
        struct kw_link *link = db->queue.next;

        kw_list_remove(link);
        kw_list_append(&db->commit, link);
    }
    uv_timer_stop(&db->timer);
    db->due = false;
    db->busy = true;
    err = kw_jobs_submit(db->jobs, KW_LANE_DB, &db->job);
    if (err != 0) { /* the lane is full or gone: these can't be written */
        db->busy = false;
        db->stats.commits_failed++;
        answer(db, &db->commit, err);
    }
}

/* Says once that writing fails, and once that it works again. */
static void tell(struct kw_db *db, const struct kw_db_result *result)
{
    int err = result->err;

    if (result->reopened)
        kw_log_write(db->log, KW_LOG_NOTICE, "core",
                     "the database was opened anew after a failed write");
    if (err != db->told && err != 0)
        kw_log_write(db->log, KW_LOG_ERROR, "core",
                     "the database can't be written: %s", kw_strerror(err));
    else if (err != db->told)
        kw_log_write(db->log, KW_LOG_NOTICE, "core",
                     "the database is written again");
    db->told = err;
}

/* The interval is over, or the pause; a commit under way is waited for. */
static void on_timer(uv_timer_t *timer)
{
    struct kw_db *db = timer->data;

    db->due = true;
    if (!db->busy && (!kw_list_empty(&db->queue) || atomic_load(&db->away)))
        start_commit(db);
}

/* The timer brings the next attempt, unless a commit comes first. */
static void plan_reopening(struct kw_db *db)
{
    if (!atomic_load(&db->away)) {
        db->pause_ms = 0;
        return;
    }
    db->pause_ms = db->pause_ms == 0 ? PAUSE_MS : 2 * db->pause_ms;
    if (db->pause_ms > PAUSE_MOST_MS)
        db->pause_ms = PAUSE_MOST_MS;
    if (!db->life.closing && !uv_is_active((uv_handle_t *)&db->timer))
        uv_timer_start(&db->timer, on_timer, db->pause_ms, 0);
}

static void on_done(struct kw_job *job, int err)
{
    struct kw_db *db = KW_LIST_ENTRY(job, struct kw_db, job);

    if (err != 0)
        db->result = (struct kw_db_result){.err = err};
    tell(db, &db->result);
    if (!kw_list_empty(&db->commit))
        note(db, &db->result);
    answer(db, &db->commit, db->result.err);
    db->busy = false;
    plan_reopening(db);
    if (!kw_list_empty(&db->queue) && (db->due || db->life.closing))
        start_commit(db);
    else if (db->life.closing)
        finish_close(db);
}

static void on_gone(struct kw_life *life)
{
    struct kw_db *db = KW_LIST_ENTRY(life, struct kw_db, life);

    db->loop = NULL;
    if (db->closed != NULL)
        db->closed(db->arg);
}

void kw_db_attach(struct kw_db *db, struct kw_loop *loop, struct kw_jobs *jobs)
{
    db->loop = loop;
    db->jobs = jobs;
    kw_life_init(&db->life, on_gone);
    kw_life_timer(&db->life, &loop->uv, &db->timer, db);
    db->job = (struct kw_job){.work = work, .done = on_done, .life = &db->life};
    kw_list_init(&db->job.link);
}

void kw_db_close(struct kw_db *db, void (*closed)(void *arg), void *arg)
{
    if (db->loop == NULL) {
        if (closed != NULL)
            closed(arg);
        return;
    }
    db->closed = closed;
    db->arg = arg;
    kw_life_close(&db->life); /* the timer still holds it */
    if (!db->busy && !kw_list_empty(&db->queue))
        start_commit(db);
    if (!db->busy)
        finish_close(db);
}

/* On the caller's thread; takes the batch. */
static int write_here(struct kw_db *db, struct kw_db_batch *batch)
{
    struct kw_db_result result;
    struct kw_link one;

    kw_list_init(&one);
    kw_list_append(&one, &batch->link);
    result = commit(db, &one);
    note(db, &result);
    kw_list_remove(&batch->link);
    kw_db_batch_retire(db, batch);
    return result.err;
}

int kw_db_write_now(struct kw_db *db, struct kw_db_batch *take)
{
    int err = take->err;

    if (err == 0)
        return write_here(db, take);
    kw_db_batch_free(take);
    return err;
}

/* Why a batch can't be queued; 0: it can. */
static int refuse(const struct kw_db *db, const struct kw_db_batch *batch)
{
    if (batch->err != 0)
        return batch->err;
    if (db->life.closing)
        return KW_ECLOSING;
    return db->stats.queued_bytes + batch->ops.length > KW_DB_QUEUE_BYTES
               ? KW_EFULL
               : 0;
}

int kw_db_submit(struct kw_db *db, struct kw_db_batch *take, bool urgent,
                 kw_db_done_fn *done, void *arg)
{
    int err = refuse(db, take);

    if (err != 0) {
        kw_db_batch_free(take);
        return err;
    }
    if (db->loop == NULL) {
        err = write_here(db, take);
        if (err == 0 && done != NULL)
            done(arg, 0);
        return err;
    }
    take->done = done;
    take->arg = arg;
    db->stats.queued_bytes += take->ops.length;
    kw_list_append(&db->queue, &take->link);
    if (urgent)
        db->due = true;
    if (urgent && !db->busy)
        start_commit(db);
    else if (!uv_is_active((uv_handle_t *)&db->timer) ||
             uv_timer_get_due_in(&db->timer) > db->commit_ms) /* a pause */
        uv_timer_start(&db->timer, on_timer, db->commit_ms, 0);
    return 0;
}

int kw_db_tables(struct kw_db *db, const struct kw_db_table *const *tables)
{
    MDB_txn *txn;
    MDB_dbi dbi;
    int err = kw_db_error(mdb_txn_begin(db->env, NULL, 0, &txn));

    if (err != 0)
        return err;
    for (size_t i = 0; err == 0 && tables[i] != NULL; i++)
        err = kw_db_table_make(db, txn, tables[i]->name, &dbi);
    if (err == 0)
        err = kw_db_error(mdb_txn_commit(txn));
    else
        mdb_txn_abort(txn);
    kw_db_tables_settle(db, err == 0);
    return err;
}
