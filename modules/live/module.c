/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event stream to browsers. Whatever is published in a turn is noted as a
 * bit a point; at the end of the turn one message is written for all browsers
 * that follow everything and have kept up, and one for each of the others.
 * While there are streams a timer writes the status every 5 s and a comment
 * every 15 s. On close all streams end, then the timer.
 */
#include "core/module.h"
#include "core/core.h"
#include "core/route.h"
#include "live/state.h"

extern const struct kw_module kw_live_module;

enum {
    STATUS_MS = 5000,
    BEAT_EVERY = 3, /* status periods: 15 s */
    MESSAGE_MAX_BYTES = 1 << 20,
};

static void on_turn_end(void *arg)
{
    kw_live_stream_changes(arg);
}

static void on_samples(void *arg, const struct kw_sample *samples, size_t count)
{
    struct kw_live *live = arg;

    if (live->stream_count == 0)
        return;
    for (size_t i = 0; i < count; i++) {
        if (kw_live_bits_add(&live->changed, samples[i].point) < 0)
            live->lost++;
    }
    kw_loop_turn_end(live->core->loop, &live->turn_end);
}

/* What is of the moment goes to all that keep up; the others read it where it
 * is kept. */
static void on_event(void *arg, const struct kw_event *event)
{
    struct kw_live *live = arg;

    if (event->data == NULL || live->stream_count == 0)
        return;
    kw_buf_reset(&live->message);
    kw_live_put_event(&live->message, event);
    kw_live_stream_message(live);
}

static void on_timer(uv_timer_t *timer)
{
    struct kw_live *live = timer->data;

    kw_buf_reset(&live->message);
    kw_live_put_status(&live->message, live->core);
    if (++live->ticks % BEAT_EVERY == 0)
        kw_live_put_beat(&live->message);
    kw_live_stream_message(live);
    if (live->stream_count == 0)
        uv_timer_stop(timer);
}

static void get_live(void *self, struct kw_request *request)
{
    struct kw_live *live = self;

    if (live->stream_count == KW_LIVE_STREAMS_MAX) {
        live->refused++;
        kw_reply_header(request, "Retry-After", "10");
        kw_reply_problem(request, 503, "too_many_streams",
                         "There are %d live streams already.",
                         KW_LIVE_STREAMS_MAX);
        return;
    }
    if (!uv_is_active((uv_handle_t *)&live->timer))
        uv_timer_start(&live->timer, on_timer, STATUS_MS, STATUS_MS);
    kw_live_stream_open(live, request);
}

static void on_gone(struct kw_life *life)
{
    struct kw_live *live = KW_LIST_ENTRY(life, struct kw_live, life);

    kw_buf_fini(&live->message);
    kw_live_bits_fini(&live->changed);
    live->stopped(live->stopped_arg);
}

static int start(void *self, const void *conf, struct kw_core *core,
                 struct kw_diag *diag)
{
    struct kw_live *live = self;

    (void)conf;
    (void)diag;
    kw_life_init(&live->life, on_gone);
    live->core = core;
    kw_list_init(&live->streams);
    kw_list_init(&live->turn_end.link);
    live->turn_end.run = on_turn_end;
    live->turn_end.arg = live;
    kw_buf_init(&live->message, MESSAGE_MAX_BYTES);
    kw_life_timer(&live->life, &core->loop->uv, &live->timer, live);
    live->subscriber.on_samples = on_samples;
    live->subscriber.on_event = on_event;
    live->subscriber.arg = live;
    kw_hub_subscribe(core->hub, &live->subscriber);
    return 0;
}

static void stop(void *self, kw_stopped_fn *stopped, void *arg)
{
    struct kw_live *live = self;

    live->stopped = stopped;
    live->stopped_arg = arg;
    kw_hub_unsubscribe(&live->subscriber);
    kw_loop_turn_end_cancel(&live->turn_end);
    kw_live_stream_end_all(live);
    kw_life_close(&live->life);
    kw_life_close_handle(&live->life, (uv_handle_t *)&live->timer);
}

static const struct kw_metric metrics[] = {
    {"streams", "1", KW_METRIC_GAUGE, "Browsers that follow live values."},
    {"streams_total", "1", KW_METRIC_COUNTER, "Streams begun."},
    {"streams_refused_total", "1", KW_METRIC_COUNTER,
     "Streams refused because there were too many."},
    {"messages_total", "1", KW_METRIC_COUNTER, "Messages written."},
    {"coalesced_total", "1", KW_METRIC_COUNTER,
     "Values replaced by newer ones before a slow browser took them."},
    {"lost_total", "1", KW_METRIC_COUNTER,
     "Changes that no browser was told of for want of memory."},
    {0},
};

static void health(const void *self, struct kw_health *out)
{
    const struct kw_live *live = self;

    out->values[0] = (double)live->stream_count;
    out->values[1] = (double)live->streams_total;
    out->values[2] = (double)live->refused;
    out->values[3] = (double)live->messages;
    out->values[4] = (double)live->coalesced;
    out->values[5] = (double)live->lost;
}

static const char *const types[] = {"text/event-stream", NULL};

static const struct kw_setting query_rows[] = {
    {
        .key = "points",
        .kind = KW_KIND_TEXT,
        .offset = offsetof(struct kw_live_query, points),
        .max = 8192,
        .help = "Numbers or names of points, separated by commas; all when "
                "absent.",
    },
    {0},
};

static const struct kw_route routes[] = {
    {
        .method = KW_GET,
        .path = "/live",
        .permission = KW_MAY_SEE,
        .flags = KW_ROUTE_STREAM,
        .help = "Live values as server-sent events.",
        .query = query_rows,
        .query_size = sizeof(struct kw_live_query),
        .types = types,
        .handle = get_live,
    },
    {0},
};

const struct kw_module kw_live_module = {
    .name = "live",
    .routes = routes,
    .metrics = metrics,
    .state_size = sizeof(struct kw_live),
    .start = start,
    .stop = stop,
    .health = health,
};
