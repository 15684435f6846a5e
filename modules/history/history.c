/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The module history: takes every sample that the hub publishes.
 *
 * Happy path: samples go into the memory window (window.c); each commit
 * interval what is new becomes a journal row (flush.c); each second parts
 * whose hour is over are looked for and sealed (seal.c), old blocks deleted
 * (retain.c). At the start a job reads the journal back (load.c).
 *
 * Failure: see the README. Samples are never waited for: one that finds no
 * room is counted and dropped.
 *
 * On close: what is new is flushed; then the timers close, queries end, and
 * the jobs and commits under way are waited for.
 */
#include "history/history.h"

#include "base/mem.h"
#include "core/module.h"
#include "core/point.h"
#include "core/route.h"
#include "history/query.h"
#include "history/state.h"
#include "history/tables.h"

#include <stdio.h>

enum {
    TICK_MS = 1000,
    DROPPED_SHOWN_MS = 60000,
    ROW_BYTES = 16 << 20, /* most of one journal row */
};

static const struct kw_setting section_rows[] = {
    {.key = "commit",
     .kind = KW_KIND_DURATION,
     .flags = KW_RESTART,
     .offset = offsetof(struct kw_history_conf, commit_ms),
     .preset = "1s",
     .min = 100,
     .max = 60000,
     .help = "Time between two commits: the most that a power cut can cost. "
             "Longer wears the flash memory less."},
    {.key = "keep",
     .kind = KW_KIND_DURATION,
     .offset = offsetof(struct kw_history_conf, keep_ms),
     .preset = "10y",
     .min = 86400000.0,
     .max = 36500.0 * 86400000.0,
     .help = "Samples older than this are deleted."},
    {.key = "size",
     .kind = KW_KIND_BYTES,
     .flags = KW_RESTART,
     .offset = offsetof(struct kw_history_conf, size_bytes),
     .preset = "8GiB",
     .min = 64.0 * 1048576.0,
     .max = 4096.0 * 1073741824.0,
     .help = "When the database is larger, the oldest samples are deleted."},
    {.key = "window",
     .kind = KW_KIND_BYTES,
     .offset = offsetof(struct kw_history_conf, window_bytes),
     .preset = "64MiB",
     .min = 4.0 * 1048576.0,
     .max = 4.0 * 1073741824.0,
     .help = "Most memory for the samples of the hours under way; about 1.5 "
             "bytes a sample."},
    {0},
};

static const struct kw_setting settings[] = {
    {.key = "history",
     .kind = KW_KIND_OBJECT,
     .rows = section_rows,
     .size = sizeof(struct kw_history_conf),
     .permission = KW_MAY_CONFIGURE,
     .help = "What is kept of the measured values, and for how long."},
    {0},
};

static const char *const media_types[] = {"application/json", "text/csv", NULL};

static const struct kw_route routes[] = {
    {.path = "/history",
     .permission = KW_MAY_SEE,
     .flags = KW_ROUTE_STREAM,
     .cost = KW_COST_QUERY,
     .query = kw_history_query_rows,
     .query_size = sizeof(struct kw_history_query_text),
     .types = media_types,
     .help = "Stored samples of points, raw or as minimum, maximum, mean, "
             "first, last and count of each step; JSON or CSV.",
     .handle = kw_history_get},
    {0},
};

static const struct kw_metric metrics[] = {
    {"samples_total", "1", KW_METRIC_COUNTER, "Samples taken."},
    {"dropped_total", "1", KW_METRIC_COUNTER,
     "Samples that found no room in memory."},
    {"window_bytes", "B", KW_METRIC_GAUGE,
     "Memory for samples that are not sealed."},
    {"journal_rows_total", "1", KW_METRIC_COUNTER,
     "Rows written to the journal."},
    {"journal_bytes_total", "B", KW_METRIC_COUNTER, "Bytes of these rows."},
    {"commits_failed_total", "1", KW_METRIC_COUNTER,
     "Commits of samples that failed."},
    {"blocks_total", "1", KW_METRIC_COUNTER, "Blocks sealed."},
    {"sealed_samples_total", "1", KW_METRIC_COUNTER, "Samples in them."},
    {"sealed_bytes_total", "B", KW_METRIC_COUNTER, "Bytes of them."},
    {"deleted_blocks_total", "1", KW_METRIC_COUNTER,
     "Blocks deleted because of age or size."},
    {"damaged_total", "1", KW_METRIC_COUNTER,
     "Damaged blocks and rows that were left out."},
    {"queries_total", "1", KW_METRIC_COUNTER, "Queries answered."},
    {"queries", "1", KW_METRIC_GAUGE, "Queries under way."},
    {0},
};

static const struct kw_event_kind events[] = {
    [KW_HISTORY_DAMAGED] = {"history_damaged", KW_SEVERITY_ALARM, false, false,
                            "Stored samples can't be read."},
    [KW_HISTORY_DISK_FULL] = {"disk_full", KW_SEVERITY_ALARM, true, false,
                              "There is no space left for samples."},
    [KW_HISTORY_DELETED] = {"history_deleted", KW_SEVERITY_INFO, false, false,
                            "Old samples were deleted; at most once a day."},
    [KW_HISTORY_AHEAD] = {"history_ahead", KW_SEVERITY_WARNING, false, false,
                          "There are samples of a time that is still to "
                          "come: the clock was wrong, or is."},
    {0},
};

static const struct kw_db_table *const tables[] = {
    &kw_history_journal, &kw_history_blocks, &kw_history_sealed, NULL};

void kw_history_publish(struct kw_history *history, enum kw_history_event event,
                        bool on, const char *text)
{
    struct kw_event what = {
        .kind = &events[event],
        .time_ms = kw_clock_wall_ms(history->core->clock),
        .on = on,
        .subject = "history",
        .text = text,
        .actor = "",
    };

    kw_hub_publish_event(history->core->hub, &what);
}

/* How many samples from the front belong to one poll of one source. */
static size_t poll_length(const struct kw_history *history,
                          const struct kw_sample *samples, size_t count,
                          const struct kw_source **source)
{
    size_t length = 0;

    *source = NULL;
    for (; length < count && length < KW_HISTORY_FRAME; length++) {
        const struct kw_point *point =
            kw_points_get(history->core->points, samples[length].point);

        if (point == NULL || samples[length].time_ms != samples[0].time_ms ||
            (*source != NULL && point->source != *source))
            break;
        *source = point->source;
        history->scales[length] = point->scale;
    }
    return length;
}

/* The hub's: borrowed samples, nothing may wait here. */
static void on_samples(void *arg, const struct kw_sample *samples, size_t count)
{
    struct kw_history *history = arg;
    uint64_t now_ms = kw_clock_mono_ms(history->core->clock);

    while (count > 0) {
        const struct kw_source *source;
        size_t length = poll_length(history, samples, count, &source);
        struct kw_history_poll poll = {samples, history->scales, length};

        if (length > 0 &&
            kw_history_window_put(&history->window, source->number, &poll,
                                  now_ms) == 0)
            history->counters.samples += length;
        length = length > 0 ? length : 1; /* a point that nobody knows */
        samples += length;
        count -= length;
    }
}

static void on_flush(uv_timer_t *timer)
{
    kw_history_flush(timer->data);
}

/* At most one event a second, with how many there were. */
static void tell_damage(struct kw_history *history)
{
    uint64_t damaged = history->counters.damaged;
    char text[80];

    if (damaged == history->damage_told)
        return;
    snprintf(text, sizeof(text), "%llu damaged blocks or rows were left out.",
             (unsigned long long)(damaged - history->damage_told));
    history->damage_told = damaged;
    kw_log_write(history->core->log, KW_LOG_ERROR, "history", "%s", text);
    kw_history_publish(history, KW_HISTORY_DAMAGED, true, text);
}

static void on_tick(uv_timer_t *timer)
{
    struct kw_history *history = timer->data;

    if (history->window.dropped != history->dropped_told) {
        history->dropped_told = history->window.dropped;
        history->dropped_ms = kw_clock_mono_ms(history->core->clock);
    }
    kw_history_load_tick(history);
    kw_history_seal_tick(history);
    kw_history_retain_tick(history);
    tell_damage(history);
}

static void on_gone(struct kw_life *life)
{
    struct kw_history *history = KW_LIST_ENTRY(life, struct kw_history, life);

    kw_history_window_fini(&history->window);
    kw_buf_fini(&history->row);
    kw_free(history->scales);
    history->stopped(history->arg);
}

/* Takes over what can change while running. */
static void set_conf(struct kw_history *history,
                     const struct kw_history_conf *conf)
{
    history->conf = *conf;
    history->window.ceiling_chunks =
        (size_t)(conf->window_bytes / KW_HISTORY_CHUNK_BYTES);
}

static int start(void *self, const void *conf, struct kw_core *core,
                 struct kw_diag *diag)
{
    struct kw_history *history = self;
    const struct kw_history_conf *section = conf;
    struct kw_history_origin origin;
    int err = kw_history_origin_read(&origin, core->db);

    if (err != 0) {
        kw_diag_say(diag, "the history can't be read: %s", kw_strerror(err));
        return err;
    }
    history->scales =
        kw_alloc_array(KW_HISTORY_FRAME, sizeof(history->scales[0]));
    if (history->scales == NULL)
        return KW_ENOMEM;
    history->core = core;
    kw_list_init(&history->queries);
    kw_buf_init(&history->row, ROW_BYTES);
    kw_history_window_init(&history->window, section->window_bytes);
    set_conf(history, section);
    history->seal.batch_bytes = KW_HISTORY_BATCH_BYTES;
    history->retain_asked_ms = history->ahead_told_ms = INT64_MIN;
    history->window.next_segment = origin.next_segment;
    history->first_row = history->kept_row = origin.first_row;
    history->needed_row = origin.first_row;
    history->next_row = origin.next_row;
    kw_life_init(&history->life, on_gone);
    kw_life_timer(&history->life, &core->loop->uv, &history->flush_timer,
                  history);
    kw_life_timer(&history->life, &core->loop->uv, &history->tick_timer,
                  history);
    uv_timer_start(&history->flush_timer, on_flush,
                   (uint64_t)section->commit_ms, (uint64_t)section->commit_ms);
    uv_timer_start(&history->tick_timer, on_tick, TICK_MS, TICK_MS);
    history->subscriber =
        (struct kw_subscriber){.on_samples = on_samples, .arg = history};
    kw_hub_subscribe(core->hub, &history->subscriber);
    kw_history_load_tick(history);
    return 0;
}

static void stop(void *self, kw_stopped_fn *stopped, void *arg)
{
    struct kw_history *history = self;

    history->stopped = stopped;
    history->arg = arg;
    kw_hub_unsubscribe(&history->subscriber);
    kw_life_close(&history->life); /* the timers still hold it */
    kw_history_flush(history);
    kw_history_queries_stop(history);
    kw_life_close_handle(&history->life, (uv_handle_t *)&history->flush_timer);
    kw_life_close_handle(&history->life, (uv_handle_t *)&history->tick_timer);
}

/* commit and size take effect at the next start, as their rows say. */
static int reconfigure(void *self, const void *old, const void *conf,
                       struct kw_diag *diag)
{
    struct kw_history *history = self;
    const struct kw_history_conf *before = old, *after = conf;

    (void)diag;
    set_conf(history, after);
    if (after->keep_ms < before->keep_ms)
        kw_history_retain_asked(history);
    return 0;
}

/* The worst first: not stored, not kept, not readable. */
static void tell_health(const struct kw_history *history, struct kw_health *out)
{
    uint64_t now_ms = kw_clock_mono_ms(history->core->clock);
    bool dropping = history->dropped_ms > 0 &&
                    now_ms - history->dropped_ms < DROPPED_SHOWN_MS;

    out->level = KW_LEVEL_DEGRADED;
    if (history->write_err != 0)
        snprintf(out->text, sizeof(out->text), "samples can't be stored: %s",
                 kw_strerror(history->write_err));
    else if (dropping)
        snprintf(out->text, sizeof(out->text),
                 "samples find no room in memory: raise history.window");
    else if (history->counters.damaged > 0)
        snprintf(out->text, sizeof(out->text),
                 "%llu damaged blocks or rows were left out",
                 (unsigned long long)history->counters.damaged);
    else
        out->level = KW_LEVEL_OK;
}

static void health(const void *self, struct kw_health *out)
{
    const struct kw_history *history = self;
    const struct kw_history_counters *counters = &history->counters;
    const double values[] = {
        (double)counters->samples,
        (double)history->window.dropped,
        (double)kw_history_window_bytes(&history->window),
        (double)counters->journal_rows,
        (double)counters->journal_bytes,
        (double)counters->commits_failed,
        (double)counters->blocks,
        (double)counters->sealed_samples,
        (double)counters->sealed_bytes,
        (double)counters->deleted,
        (double)counters->damaged,
        (double)counters->queries,
        (double)history->query_count,
    };

    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
        out->values[i] = values[i];
    tell_health(history, out);
}

const struct kw_module kw_history_module = {
    .name = "history",
    .settings = settings,
    .routes = routes,
    .metrics = metrics,
    .events = events,
    .tables = tables,
    .conf_size = sizeof(struct kw_history_conf),
    .state_size = sizeof(struct kw_history),
    .start = start,
    .stop = stop,
    .reconfigure = reconfigure,
    .health = health,
};
