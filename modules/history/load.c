/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The start: a job reads what the last run didn't seal. Samples are taken
 * meanwhile, in segments with higher numbers; sealing and queries wait until
 * the old parts stand in front of the new ones. When that fails it is tried
 * again later.
 */
#include "history/state.h"

static void work(struct kw_job *job)
{
    struct kw_history_load *load =
        KW_LIST_ENTRY(job, struct kw_history_load, job);

    load->err = kw_history_replay_read(&load->replay, load->db);
}

/* The next tick after a minute tries again. */
static void failed(struct kw_history *history, int err)
{
    if (err == KW_ECLOSING)
        return;
    kw_log_write(history->core->log, KW_LOG_ERROR, "history",
                 "unsealed samples could not be read: %s", kw_strerror(err));
    history->load.next_ms =
        kw_clock_mono_ms(history->core->clock) + KW_HISTORY_RETRY_MS;
}

static void on_done(struct kw_job *job, int err)
{
    struct kw_history_load *load =
        KW_LIST_ENTRY(job, struct kw_history_load, job);
    struct kw_history *history = KW_LIST_ENTRY(load, struct kw_history, load);

    load->busy = false;
    if (err == 0)
        err = load->err;
    if (err == 0) {
        history->counters.damaged += load->replay.damaged;
        err = kw_history_replay_adopt(&load->replay, &history->window);
    }
    kw_history_replay_fini(&load->replay);
    if (err != 0) {
        failed(history, err);
    } else {
        history->ready = true;
        kw_history_trim(history);
    }
    kw_history_queries_resume(history);
}

void kw_history_load_tick(struct kw_history *history)
{
    struct kw_history_load *load = &history->load;
    int err;

    if (history->ready || load->busy ||
        kw_clock_mono_ms(history->core->clock) < load->next_ms)
        return;
    load->busy = true;
    load->db = history->core->db;
    load->job =
        (struct kw_job){.work = work, .done = on_done, .life = &history->life};
    kw_list_init(&load->job.link);
    kw_history_window_init(&load->replay.window, 0);
    err = kw_jobs_submit(history->core->jobs, KW_LANE_WORK, &load->job);
    if (err != 0) { /* the lanes are full or closing */
        load->busy = false;
        failed(history, err);
    }
}
