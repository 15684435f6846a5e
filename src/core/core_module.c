/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The module core: its rows, and a timer that looks once a second whether the
 * wall clock jumped against the monotonic one (who sets it, or a machine that
 * slept) and whether a turn of the loop took over 50 ms. The same timer keeps
 * the trusted time (base/trust.h) and stores it once an hour.
 *
 * Happy path: start builds the virtual meters as the hub's second stage;
 * reconfigure builds new ones beside the old, so that without memory the old
 * ones go on. On close, which is the last of all modules', the stage is taken
 * out, the trusted time stored and the timer closed.
 */
#include "core/core_module.h"

#include "base/event.h"
#include "core/core_clock.h"
#include "core/core_state.h"
#include "core/db.h"
#include "core/hub.h"
#include "core/point.h"
#include "core/revision.h"
#include "core/virtual.h"

#include <inttypes.h>
#include <stdio.h>

/* A wall clock that moves by more than this against the monotonic one. */
static const int64_t clock_step_ms = 2000;

enum { STORE_MS = 3600000 }; /* between two times that are stored */

/* Turns that are told: of so much CPU time, or so much wall time, which a
 * machine that is busy with others stretches too. */
static const uint64_t slow_cpu_us = 50000, slow_wall_ms = 1000;

const struct kw_event_kind kw_core_events[] = {
    [KW_EVENT_CHANGE_FAILED] = {.key = "config_change_failed",
                                .severity = KW_SEVERITY_ALARM,
                                .audit = true,
                                .help = "A changed configuration could not be "
                                        "applied; the old one is in force."},
    [KW_EVENT_CHANGED] = {.key = "config_changed",
                          .severity = KW_SEVERITY_INFO,
                          .audit = true,
                          .help = "A new revision of the configuration is in "
                                  "force."},
    [KW_EVENT_REVISION_DROPPED] = {.key = "config_revision_dropped",
                                   .severity = KW_SEVERITY_WARNING,
                                   .audit = true,
                                   .help = "The configuration file changed and "
                                           "won over changes from the web."},
    [KW_EVENT_CLOCK_STEP] = {.key = "clock_step",
                             .severity = KW_SEVERITY_WARNING,
                             .audit = true,
                             .help = "The wall clock jumped."},
    [KW_EVENT_SLOW_TURN] = {.key = "loop_slow",
                            .severity = KW_SEVERITY_WARNING,
                            .help = "The gateway was busy with one thing for "
                                    "over 50 ms, or waited for over a "
                                    "second."},
    {0},
};

static const struct kw_metric metrics[] = {
    {"uptime_seconds", "s", KW_METRIC_GAUGE, "Time since the start."},
    {"loop_turns_total", "1", KW_METRIC_COUNTER, "Turns of the loop."},
    {"loop_longest_turn_seconds", "s", KW_METRIC_GAUGE,
     "Longest turn of the last two minutes, CPU time."},
    {"loop_longest_turn_wall_seconds", "s", KW_METRIC_GAUGE,
     "Longest turn of the last two minutes by the clock: more than its CPU "
     "time when something waited."},
    {"loop_slow_turns_total", "1", KW_METRIC_COUNTER,
     "Turns longer than 50 ms."},
    {"hub_samples_total", "1", KW_METRIC_COUNTER, "Samples published."},
    {"hub_events_total", "1", KW_METRIC_COUNTER, "Events published."},
    {"db_committed_sequence", "1", KW_METRIC_COUNTER,
     "Sequence of the last commit of the database."},
    {"db_commit_seconds", "s", KW_METRIC_GAUGE, "Duration of the last commit."},
    {"db_used_bytes", "B", KW_METRIC_GAUGE, "Bytes the database uses."},
    {"db_commits_failed_total", "1", KW_METRIC_COUNTER, "Commits that failed."},
    {0},
};

static const struct kw_db_table *const tables[] = {
    &kw_revision_table, &kw_point_table, &kw_source_table, &kw_clock_table,
    NULL};

static void on_gone(struct kw_life *life)
{
    struct kw_core_state *state =
        KW_LIST_ENTRY(life, struct kw_core_state, life);

    kw_virtuals_free(state->virtuals);
    state->stopped(state->arg);
}

static void publish(struct kw_core_state *state, enum kw_core_event which,
                    const char *text)
{
    struct kw_event event = {
        .kind = &kw_core_events[which],
        .time_ms = kw_clock_wall_ms(state->core->clock),
        .on = true,
        .subject = "gateway",
        .text = text,
        .actor = "",
    };

    kw_log_write(state->core->log, KW_LOG_WARN, "core", "%s", text);
    kw_hub_publish_event(state->core->hub, &event);
}

/* How far the wall clock went beyond the time that passed. */
static void look_at_clock(struct kw_core_state *state)
{
    uint64_t mono_ms = kw_clock_mono_ms(state->core->clock);
    int64_t wall_ms = kw_clock_wall_ms(state->core->clock);
    int64_t step = wall_ms - state->watch_wall_ms -
                   (int64_t)(mono_ms - state->watch_mono_ms);
    char text[96];

    state->watch_mono_ms = mono_ms;
    state->watch_wall_ms = wall_ms;
    if (step > -clock_step_ms && step < clock_step_ms)
        return;
    snprintf(text, sizeof(text), "the clock went %s by %.1f s",
             step > 0 ? "forward" : "back",
             (double)(step > 0 ? step : -step) / 1000.0);
    publish(state, KW_EVENT_CLOCK_STEP, text);
}

/* The time is looked at each second, so that no step of the clock is missed. */
static void keep_trust(struct kw_core_state *state)
{
    struct kw_core *core = state->core;
    uint64_t mono_ms = kw_clock_mono_ms(core->clock);

    (void)kw_trust_time(&core->trust, core->clock);
    if (mono_ms - state->stored_mono_ms < STORE_MS)
        return;
    state->stored_mono_ms = mono_ms;
    kw_core_clock_store(core, NULL, NULL);
}

/* Told once a second at most, however many turns were slow. */
static void on_watch(uv_timer_t *timer)
{
    struct kw_core_state *state = timer->data;
    struct kw_turn longest = kw_loop_look(state->core->loop);
    char text[96];

    look_at_clock(state);
    keep_trust(state);
    if (longest.cpu_us <= slow_cpu_us && longest.wall_ms < slow_wall_ms)
        return;
    snprintf(text, sizeof(text),
             "a turn of the loop took %.0f ms of CPU time, one %" PRIu64
             " ms by the clock",
             (double)longest.cpu_us / 1000.0, longest.wall_ms);
    publish(state, KW_EVENT_SLOW_TURN, text);
}

/* (Re)builds the virtual meters for a configuration. */
static int use_conf(struct kw_core_state *state,
                    const struct kw_core_conf *conf)
{
    struct kw_virtuals *virtuals;
    int err = kw_virtuals_new(&virtuals, state->core->points, conf);

    if (err != 0)
        return err;
    kw_virtuals_free(state->virtuals);
    state->virtuals = virtuals;
    state->conf = conf;
    state->core->hub->stage = (struct kw_hub_stage){
        .derive = kw_virtuals_derive,
        .arg = virtuals,
    };
    return 0;
}

static int start(void *self, const void *conf, struct kw_core *core,
                 struct kw_diag *diag)
{
    struct kw_core_state *state = self;
    int err;

    (void)diag;
    state->core = core;
    kw_life_init(&state->life, on_gone);
    err = use_conf(state, conf);
    if (err != 0)
        return err;
    kw_core_clock_load(core);
    state->watch_mono_ms = kw_clock_mono_ms(core->clock);
    state->stored_mono_ms = state->watch_mono_ms;
    state->watch_wall_ms = kw_clock_wall_ms(core->clock);
    kw_life_timer(&state->life, &core->loop->uv, &state->watch, state);
    uv_timer_start(&state->watch, on_watch, 1000, 1000);
    return 0;
}

static void on_stored(void *arg, int err)
{
    struct kw_core_state *state = arg;

    (void)err; /* then the time of the last hour counts */
    kw_life_drop(&state->life);
}

static void stop(void *self, kw_stopped_fn *stopped, void *arg)
{
    struct kw_core_state *state = self;

    state->stopped = stopped;
    state->arg = arg;
    state->core->hub->stage = (struct kw_hub_stage){0};
    kw_life_hold(&state->life);
    kw_core_clock_store(state->core, on_stored, state);
    kw_life_close_handle(&state->life, (uv_handle_t *)&state->watch);
    kw_life_close(&state->life);
}

static int reconfigure(void *self, const void *old, const void *conf,
                       struct kw_diag *diag)
{
    (void)old;
    (void)diag;
    return use_conf(self, conf);
}

static void health(const void *self, struct kw_health *out)
{
    const struct kw_core_state *state = self;
    const struct kw_core *core = state->core;
    const struct kw_loop_stats *loop = &core->loop->stats;
    struct kw_db_stats db = kw_db_stats(core->db);
    double values[] = {
        (double)(kw_clock_mono_ms(core->clock) - core->started_mono_ms) / 1e3,
        (double)loop->turns,
        (double)loop->last_minute_longest_us / 1e6,
        (double)loop->last_minute_wall_ms / 1e3,
        (double)loop->over_50ms,
        (double)core->hub->samples,
        (double)core->hub->events,
        (double)db.committed,
        (double)db.commit_us_last / 1e6,
        (double)db.used_bytes,
        (double)db.commits_failed,
    };

    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
        out->values[i] = values[i];
}

const struct kw_module kw_core_module = {
    .name = "core",
    .settings = kw_core_settings,
    .routes = kw_core_routes,
    .metrics = metrics,
    .events = kw_core_events,
    .tables = tables,
    .conf_size = sizeof(struct kw_core_conf),
    .state_size = sizeof(struct kw_core_state),
    .check = kw_core_check,
    .start = start,
    .stop = stop,
    .reconfigure = reconfigure,
    .health = health,
};
