/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Retention. Every ten minutes a job looks at the first blocks of every source
 * and deletes those older than `keep`; when the database is larger than
 * `size`, or the disk is full, the oldest hours go too, whatever their age.
 * LMDB uses the freed pages again; its file never shrinks.
 *
 * What is deleted is gone, so that a wrong clock must not decide it: age counts
 * from the trusted time (base/trust.h), which follows a step ahead after a day
 * of uptime. And one job deletes by age no more than one hour of all samples,
 * six times what a gateway makes meanwhile: who sees that a clock is wrong
 * after two days has lost 12 days of years. Only when somebody makes `keep`
 * shorter all that is too old goes at once.
 */
#include "core/db.h"
#include "core/point.h"
#include "history/state.h"
#include "history/tables.h"

enum {
    SOON_MS = 5000,   /* when there is more to delete */
    AGED_HOURS = 1,   /* that one job deletes by age */
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

/* The source's last block; the cursor stands on its first one. */
static int64_t last_hour(struct kw_db_cursor *cursor, uint32_t source)
{
    const struct kw_history_block_key end = {
        .source = source, .hour_ms = INT64_MAX, .number = UINT16_MAX};
    struct kw_history_key_bytes bytes;
    struct kw_history_block_key key;
    struct kw_slice at, value;
    int err = kw_db_cursor_seek(cursor, kw_history_key_block(&bytes, &end));

    err = err == KW_ENOTFOUND ? kw_db_cursor_last(cursor)
                              : kw_db_cursor_previous(cursor);
    if (err != 0)
        return INT64_MIN;
    kw_db_cursor_entry(cursor, &at, &value);
    return kw_history_key_read(at, &key) == 0 ? key.hour_ms : INT64_MIN;
}

/* Oldest and newest block of all sources; the oldest is INT64_MAX when there
 * is none. */
static void find_ends(struct kw_history_retain *retain,
                      struct kw_db_cursor *cursor, int64_t *oldest_ms)
{
    struct kw_history_block_key key;
    uint32_t source = 0;

    *oldest_ms = INT64_MAX;
    while (first_block(cursor, source, &key) == 0) {
        int64_t last_ms = last_hour(cursor, key.source);

        if (key.hour_ms < *oldest_ms)
            *oldest_ms = key.hour_ms;
        if (last_ms > retain->newest_ms)
            retain->newest_ms = last_ms;
        if (key.source == UINT32_MAX)
            break;
        source = key.source + 1;
    }
}

/* Sets before_ms, the limit of this job, and by_age, the reason for it. */
static void choose_limit(struct kw_history_retain *retain, int64_t oldest_ms)
{
    int64_t aged_ms =
        kw_history_later(oldest_ms, (int64_t)AGED_HOURS * KW_HISTORY_HOUR_MS);
    int64_t room_ms =
        kw_history_later(oldest_ms, (int64_t)OLDEST_HOURS * KW_HISTORY_HOUR_MS);

    if (aged_ms < retain->asked_ms)
        aged_ms = retain->asked_ms;
    retain->before_ms = aged_ms < retain->old_ms ? aged_ms : retain->old_ms;
    retain->by_age = !retain->full || room_ms <= retain->before_ms;
    if (!retain->by_age)
        retain->before_ms = room_ms;
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
        if (retain->deleted == 0 || key.hour_ms < retain->from_ms)
            retain->from_ms = key.hour_ms;
        if (retain->deleted == 0 || key.hour_ms > retain->to_ms)
            retain->to_ms = key.hour_ms;
        retain->deleted++;
        err = kw_db_cursor_next(cursor);
    }
    return err;
}

static int delete_all(struct kw_history_retain *retain,
                      struct kw_db_cursor *cursor)
{
    struct kw_history_block_key key = {0};
    int64_t oldest_ms;
    uint32_t source = 0;
    int err = 0;

    find_ends(retain, cursor, &oldest_ms);
    if (oldest_ms == INT64_MAX)
        return 0;
    choose_limit(retain, oldest_ms);
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
        kw_history_tell_deleted(history);
    retain->busy = false;
    kw_life_drop(&history->life);
}

static bool is_too_large(const struct kw_history *history)
{
    return kw_db_stats(history->core->db).used_bytes > history->conf.size_bytes;
}

static void on_done(struct kw_job *job, int err)
{
    struct kw_history_retain *retain =
        KW_LIST_ENTRY(job, struct kw_history_retain, job);
    struct kw_history *history =
        KW_LIST_ENTRY(retain, struct kw_history, retain);

    if (err == 0)
        err = history->life.closing ? KW_ECLOSING : retain->err;
    if (err == 0 && (retain->more || is_too_large(history)))
        retain->next_ms = kw_clock_mono_ms(history->core->clock) + SOON_MS;
    if (err == 0)
        kw_history_tell_ahead(history, retain->newest_ms);
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

/* A full disk has its oldest hours deleted once a period: they make room for
 * hours, and a disk that is full again after a minute has another reason. */
static bool wants_room(struct kw_history *history, uint64_t now_ms)
{
    struct kw_history_retain *retain = &history->retain;

    if (is_too_large(history))
        return true;
    if (!history->disk_full || now_ms < retain->room_ms)
        return false;
    retain->room_ms = now_ms + KW_HISTORY_RETAIN_MS;
    return true;
}

static int64_t old_ms(struct kw_history *history)
{
    struct kw_core *core = history->core;

    return kw_trust_time(&core->trust, core->clock) - history->conf.keep_ms;
}

void kw_history_retain_asked(struct kw_history *history)
{
    history->retain_asked_ms = old_ms(history);
    history->retain.next_ms = 0;
}

/* One job a period; soon again while there is more to delete than one takes. */
void kw_history_retain_tick(struct kw_history *history)
{
    struct kw_history_retain *retain = &history->retain;
    uint64_t now_ms = kw_clock_mono_ms(history->core->clock);

    if (retain->busy || now_ms < retain->next_ms)
        return;
    retain->next_ms = now_ms + KW_HISTORY_RETAIN_MS;
    retain->full = wants_room(history, now_ms);
    retain->old_ms = old_ms(history);
    retain->asked_ms = history->retain_asked_ms;
    retain->db = history->core->db;
    retain->batch = NULL;
    retain->deleted = 0;
    retain->newest_ms = INT64_MIN;
    retain->more = false;
    retain->job =
        (struct kw_job){.work = work, .done = on_done, .life = &history->life};
    kw_list_init(&retain->job.link);
    retain->busy =
        kw_jobs_submit(history->core->jobs, KW_LANE_WORK, &retain->job) == 0;
}
