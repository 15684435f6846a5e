/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sealing, the loop's part.
 *
 * Each second the tick closes open parts whose hour is over and looks for
 * closed ones that are due: some time after they were closed, spread over a
 * few minutes by the source's number, so that the meters don't all seal at
 * the full hour; at once when the window is short of memory. Those found are
 * borrowed by one job of the work lane, whose batch is then committed; only
 * after that the parts are given back and the journal's rows may go.
 *
 * Failure: the parts stay, the next attempt is a minute later. On close: the
 * job ends, its batch is thrown away; the journal still has it all.
 */
#include "core/db.h"
#include "history/state.h"

enum {
    GRACE_MS = 10000,   /* an open part is closed so long after its hour */
    SPREAD_MS = 240000, /* parts are sealed within this time */
};

/* Where in the spread a source has its place: neighbours far apart. */
static uint64_t place_ms(uint32_t source)
{
    return (uint64_t)(source * UINT32_C(2654435769)) * SPREAD_MS >> 32;
}

/* By the wall clock, which may have been set back as well. */
static bool hour_is_over(const struct kw_history_part *part, int64_t wall_ms)
{
    return wall_ms >= part->hour_ms + KW_HISTORY_HOUR_MS + GRACE_MS ||
           wall_ms < part->hour_ms - GRACE_MS;
}

static struct kw_history_part *first_closed(struct kw_history_source *source)
{
    return kw_list_empty(&source->closed)
               ? NULL
               : KW_LIST_ENTRY(source->closed.next, struct kw_history_part,
                               link);
}

/* Parts of the hour under way wait for its end, so that one block takes them
 * all, unless memory is short. */
static bool is_due(const struct kw_history *history,
                   const struct kw_history_part *part, uint64_t now_ms,
                   int64_t wall_ms)
{
    return kw_history_window_tight(&history->window) ||
           (hour_is_over(part, wall_ms) &&
            now_ms >= part->closed_ms + place_ms(part->source));
}

/* Takes the first parts of a source that make one block; returns bytes. */
static size_t add_item(struct kw_history_seal *seal,
                       struct kw_history_source *source)
{
    struct kw_history_seal_item *item = &seal->items[seal->count++];
    size_t bytes = 0, samples = 0;
    int64_t hour_ms = 0;

    item->count = 0;
    KW_LIST_EACH (link, &source->closed) {
        struct kw_history_part *part =
            KW_LIST_ENTRY(link, struct kw_history_part, link);

        if (item->count == 0)
            hour_ms = part->hour_ms;
        samples += part->samples;
        if (part->hour_ms != hour_ms || item->count == KW_HISTORY_SEAL_PARTS ||
            (item->count > 0 && samples > KW_HISTORY_PART_SAMPLES))
            break;
        item->parts[item->count++] = part;
        bytes += part->bytes;
    }
    return bytes;
}

/* Fills the job; sources take turns. */
static void find_items(struct kw_history *history, uint64_t now_ms,
                       int64_t wall_ms)
{
    struct kw_history_window *window = &history->window;
    struct kw_history_seal *seal = &history->seal;
    size_t bytes = 0;

    seal->count = 0;
    for (size_t i = 0; i < window->size; i++) {
        size_t at = (seal->next_source + i) % window->size;
        struct kw_history_source *source = window->sources[at];

        if (source == NULL)
            continue;
        if (source->open != NULL && hour_is_over(source->open, wall_ms))
            kw_history_window_close(window, source, now_ms);
        if (first_closed(source) == NULL ||
            seal->count == KW_HISTORY_SEAL_ITEMS ||
            bytes >= KW_HISTORY_SEAL_BYTES ||
            !is_due(history, first_closed(source), now_ms, wall_ms))
            continue;
        bytes += add_item(seal, source);
        if (seal->count == KW_HISTORY_SEAL_ITEMS ||
            bytes >= KW_HISTORY_SEAL_BYTES)
            seal->next_source = at + 1;
    }
}

static void work(struct kw_job *job)
{
    kw_history_seal_work(KW_LIST_ENTRY(job, struct kw_history_seal, job));
}

/* Nothing was changed: the parts are where they were. */
static void retry_later(struct kw_history *history, int err)
{
    struct kw_history_seal *seal = &history->seal;

    seal->busy = false;
    if (err == KW_ECLOSING)
        return;
    kw_log_write(history->core->log, KW_LOG_ERROR, "history",
                 "samples could not be sealed: %s", kw_strerror(err));
    seal->retry_ms =
        kw_clock_mono_ms(history->core->clock) + KW_HISTORY_RETRY_MS;
}

/* Items hold parts as const: the job must not change them. */
static void drop_parts(struct kw_history *history,
                       const struct kw_history_seal_item *item)
{
    struct kw_history_source *source =
        history->window.sources[item->parts[0]->source];

    for (size_t i = 0; i < item->count; i++) {
        struct kw_history_part *part = first_closed(source);

        if (part != NULL)
            kw_history_window_drop(&history->window, part);
    }
}

/* Durable: memory and journal may let go of it. */
static void on_committed(void *arg, int err)
{
    struct kw_history *history = arg;
    struct kw_history_seal *seal = &history->seal;
    struct kw_history_counters *counters = &history->counters;

    kw_history_note_write(history, err);
    if (err != 0) {
        retry_later(history, err);
    } else {
        for (size_t i = 0; i < seal->count; i++)
            drop_parts(history, &seal->items[i]);
        counters->blocks += seal->blocks;
        counters->sealed_samples += seal->samples;
        counters->sealed_bytes += seal->bytes;
        counters->damaged += seal->damaged;
        kw_history_trim(history);
        seal->busy = false;
    }
    kw_life_drop(&history->life);
}

/* The job is back: what it made is committed with the others. */
static void on_done(struct kw_job *job, int err)
{
    struct kw_history_seal *seal =
        KW_LIST_ENTRY(job, struct kw_history_seal, job);
    struct kw_history *history = KW_LIST_ENTRY(seal, struct kw_history, seal);

    if (err == 0)
        err = history->life.closing ? KW_ECLOSING : seal->err;
    if (err != 0) {
        kw_db_batch_free(seal->batch);
        retry_later(history, err);
        return;
    }
    kw_life_hold(&history->life);
    err = kw_db_submit(history->core->db, seal->batch, false, on_committed,
                       history);
    if (err != 0)
        on_committed(history, err);
}

/* One job at a time; when memory is short and nothing is due, the longest open
 * part is closed and sealed before its hour is over. */
void kw_history_seal_tick(struct kw_history *history)
{
    struct kw_history_seal *seal = &history->seal;
    uint64_t now_ms = kw_clock_mono_ms(history->core->clock);
    struct kw_history_source *longest;
    int err;

    if (!history->ready || seal->busy || now_ms < seal->retry_ms)
        return;
    find_items(history, now_ms, kw_clock_wall_ms(history->core->clock));
    longest = kw_history_window_longest(&history->window);
    if (seal->count == 0 && kw_history_window_tight(&history->window) &&
        longest != NULL) {
        kw_history_window_close(&history->window, longest, now_ms);
        (void)add_item(seal, longest);
    }
    if (seal->count == 0)
        return;
    seal->db = history->core->db;
    seal->batch = NULL;
    seal->blocks = seal->samples = seal->bytes = seal->damaged = 0;
    seal->job =
        (struct kw_job){.work = work, .done = on_done, .life = &history->life};
    kw_list_init(&seal->job.link);
    seal->busy = true;
    err = kw_jobs_submit(history->core->jobs, KW_LANE_WORK, &seal->job);
    if (err != 0)
        retry_later(history, err);
}
