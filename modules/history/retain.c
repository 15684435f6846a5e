/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Retention. Every few minutes a job looks at the first blocks of every
 * source and deletes those older than `keep`; when the database is larger
 * than `size`, or the disk is full, the oldest hours go too, whatever their
 * age. LMDB uses the freed pages again; its file never shrinks.
 */
#include "core/db.h"
#include "core/point.h"
#include "history/state.h"
#include "history/tables.h"

enum {
    PERIOD_MS = 600000,
    SOON_MS = 5000,   /* when there is more to delete */
    OLDEST_HOURS = 6, /* that go at once when there is no room */
};

/* The source's first block; KW_ENOTFOUND when it has none from `source` on. */
static int first_block(struct kw_db_cursor *cursor, uint32_t source,
                       struct kw_history_block_key *key)
{
    const struct kw_history_block_key from = {.source = source,
                                              .hour_ms = INT64_MIN};
    struct kw_history_key_bytes bytes;
    struct kw_slice at, value;
    int err = kw_db_cursor_seek(cursor, kw_history_key_block(&bytes, &from));

    if (err != 0)
        return err;
    kw_db_cursor_entry(cursor, &at, &value);
    return kw_history_key_read(at, key);
}

/* The oldest hour of all sources. */
static int64_t oldest_hour(struct kw_db_cursor *cursor)
{
    struct kw_history_block_key key;
    int64_t oldest = INT64_MAX;
    uint32_t source = 0;

    while (first_block(cursor, source, &key) == 0) {
        oldest = key.hour_ms < oldest ? key.hour_ms : oldest;
        if (key.source == UINT32_MAX)
            break;
        source = key.source + 1;
    }
    return oldest;
}

/* Deletes what a source has before the limit; the cursor stands on its
 * first block. */
static int delete_blocks(struct kw_history_retain *retain,
                         struct kw_db_cursor *cursor, uint32_t source)
{
    struct kw_history_block_key key;
    struct kw_slice at, value;
    int err = 0;

    while (err == 0) {
        kw_db_cursor_entry(cursor, &at, &value);
        err = kw_history_key_read(at, &key);
        if (err != 0 || key.source != source ||
            key.hour_ms >= retain->before_ms)
            return err;
        if (retain->deleted == KW_HISTORY_RETAIN_KEYS) {
            retain->more = true;
            return KW_EOF;
        }
        kw_db_batch_delete(retain->batch, &kw_history_blocks, at);
        retain->deleted++;
        err = kw_db_cursor_next(cursor);
    }
    return err;
}

static int delete_all(struct kw_history_retain *retain,
                      struct kw_db_cursor *cursor)
{
    struct kw_history_block_key key = {0};
    uint32_t source = 0;
    int err = 0;

    if (retain->full) {
        int64_t limit_ms = oldest_hour(cursor);

        if (limit_ms != INT64_MAX)
            limit_ms += (int64_t)OLDEST_HOURS * KW_HISTORY_HOUR_MS;
        if (limit_ms != INT64_MAX && limit_ms > retain->before_ms)
            retain->before_ms = limit_ms;
    }
    while (err == 0) {
        err = first_block(cursor, source, &key);
        if (err == 0)
            err = delete_blocks(retain, cursor, key.source);
        if (key.source == UINT32_MAX)
            break;
        source = key.source + 1;
    }
    return err == KW_ENOTFOUND || err == KW_EOF ? 0 : err;
}

/* Reads keys only; what is to go is put into the batch. */
static void work(struct kw_job *job)
{
    struct kw_history_retain *retain =
        KW_LIST_ENTRY(job, struct kw_history_retain, job);
    struct kw_db_cursor *cursor;
    struct kw_db_txn *txn;

    retain->batch = kw_db_batch_new();
    retain->err =
        retain->batch != NULL ? kw_db_read_begin(retain->db, &txn) : KW_ENOMEM;
    if (retain->err != 0)
        return;
    retain->err = kw_db_cursor_open(txn, &kw_history_blocks, &cursor);
    if (retain->err == 0) {
        retain->err = delete_all(retain, cursor);
        kw_db_cursor_close(cursor);
    } else if (retain->err == KW_ENOTFOUND) {
        retain->err = 0;
    }
    kw_db_read_end(txn);
}

/* The blocks are gone, or stay for the next time. */
static void on_committed(void *arg, int err)
{
    struct kw_history *history = arg;
    struct kw_history_retain *retain = &history->retain;

    if (err == 0)
        history->counters.deleted += retain->deleted;
    retain->busy = false;
    kw_life_drop(&history->life);
}

static void on_done(struct kw_job *job, int err)
{
    struct kw_history_retain *retain =
        KW_LIST_ENTRY(job, struct kw_history_retain, job);
    struct kw_history *history =
        KW_LIST_ENTRY(retain, struct kw_history, retain);

    if (err == 0)
        err = history->life.closing ? KW_ECLOSING : retain->err;
    if (err == 0 && (retain->more || retain->full))
        retain->next_ms = kw_clock_mono_ms(history->core->clock) + SOON_MS;
    if (err != 0 || retain->deleted == 0) {
        kw_db_batch_free(retain->batch);
        retain->busy = false;
        return;
    }
    kw_life_hold(&history->life);
    err = kw_db_submit(history->core->db, retain->batch, false, on_committed,
                       history);
    if (err != 0)
        on_committed(history, err);
}

/* One job a period; soon again while there is more to delete than one takes. */
void kw_history_retain_tick(struct kw_history *history)
{
    struct kw_history_retain *retain = &history->retain;
    uint64_t now_ms = kw_clock_mono_ms(history->core->clock);
    int64_t wall_ms = kw_clock_wall_ms(history->core->clock);

    /* A clock that is plainly wrong must not delete anything by age. */
    if (retain->busy || now_ms < retain->next_ms || !kw_clock_sane(wall_ms))
        return;
    retain->next_ms = now_ms + PERIOD_MS;
    retain->full =
        history->disk_full ||
        kw_db_stats(history->core->db).used_bytes > history->conf.size_bytes;
    retain->before_ms = wall_ms - history->conf.keep_ms;
    retain->db = history->core->db;
    retain->batch = NULL;
    retain->deleted = 0;
    retain->more = false;
    retain->job =
        (struct kw_job){.work = work, .done = on_done, .life = &history->life};
    kw_list_init(&retain->job.link);
    retain->busy =
        kw_jobs_submit(history->core->jobs, KW_LANE_WORK, &retain->job) == 0;
}
