/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The module http: what it declares, and its life. Happy path: start begins
 * the opening; the sweep timer looks at deadlines four times a second. On
 * stop: the doors close, idle connections end, answers under way get two
 * seconds, then all ends; when the last handle is gone, stopped is called.
 */
#include "core/module.h"
#include "base/event.h"
#include "core/hub.h"
#include "core/registry.h"
#include "http/conn.h"
#include "http/files.h"
#include "http/server.h"
#include "net/tls.h"

#include <stdio.h>

extern const struct kw_module kw_http_module;

enum {
    SWEEP_MS = 250,
    STOP_SWEEP_MS = 20,
    STOP_MS = 2000,
    SCRATCH_MAX_BYTES = 16 << 20, /* a stream's chunk passes it whole */
    EXPIRY_DAYS = 14,
};

static const struct kw_event_kind events[] = {
    [KW_HTTP_EVENT_CERTIFICATE_MADE] =
        {
            .key = "web_certificate_made",
            .severity = KW_SEVERITY_INFO,
            .audit = true,
            .help = "The gateway made itself a key and a certificate.",
        },
    [KW_HTTP_EVENT_CERTIFICATE_BAD] =
        {
            .key = "web_certificate_bad",
            .severity = KW_SEVERITY_ALARM,
            .state = true,
            .audit = true,
            .help = "The web server's certificate or key can't be used.",
        },
    [KW_HTTP_EVENT_ADDRESS_CLOSED] =
        {
            .key = "web_address_closed",
            .severity = KW_SEVERITY_WARNING,
            .state = true,
            .help = "The web server can't listen on one of its addresses.",
        },
    {0},
};

void kw_http_publish(struct kw_http *http, enum kw_http_event which, bool on,
                     const char *subject, const char *text)
{
    struct kw_event event = {
        .kind = &events[which],
        .time_ms = kw_clock_wall_ms(http->core->clock),
        .on = on,
        .subject = subject,
        .text = text,
        .actor = "",
    };
    bool bad = on && events[which].severity != KW_SEVERITY_INFO;

    kw_log_write(http->core->log, bad ? KW_LOG_WARN : KW_LOG_NOTICE, "http",
                 "%s: %s", subject, text);
    kw_hub_publish_event(http->core->hub, &event);
}

/* Connections, doors, the job and the timers are gone. */
static void on_gone(struct kw_life *life)
{
    struct kw_http *http = KW_LIST_ENTRY(life, struct kw_http, life);

    kw_loop_turn_end_cancel(&http->serve_waiting);
    kw_http_files_free(http->files);
    kw_tls_drop(http->tls);
    kw_buf_fini(&http->scratch);
    http->stopped(http->stopped_arg);
}

/* The date is made here four times a second, not once an answer. */
static void on_sweep(uv_timer_t *timer)
{
    struct kw_http *http = timer->data;
    uint64_t now_ms = kw_clock_mono_ms(http->core->clock);

    kw_http_date(kw_clock_wall_ms(http->core->clock), http->date);
    kw_http_conn_sweep(http);
    if (!http->stopping)
        return;
    if (now_ms >= http->stop_at_ms)
        kw_http_conn_abort_all(http);
    if (http->conn_count == 0)
        kw_life_close_handle(&http->life, (uv_handle_t *)&http->sweep);
}

static void set_conf(struct kw_http *http, const struct kw_http_conf *conf)
{
    http->conf = conf;
    http->limits = (struct kw_http_limits){
        .request_line_bytes = (size_t)conf->limits.request_line_bytes,
        .header_block_bytes = (size_t)conf->limits.header_block_bytes,
        .headers = (size_t)conf->limits.headers,
    };
}

static int start(void *self, const void *conf, struct kw_core *core,
                 struct kw_diag *diag)
{
    struct kw_http *http = self;

    (void)diag;
    kw_life_init(&http->life, on_gone);
    http->core = core;
    http->auth = kw_registry_need(core->registry, "auth");
    kw_list_init(&http->conns);
    kw_list_init(&http->waiting);
    kw_list_init(&http->serve_waiting.link);
    http->serve_waiting.run = kw_http_conn_serve_waiting;
    http->serve_waiting.arg = http;
    kw_buf_init(&http->scratch, SCRATCH_MAX_BYTES);
    http->scratch.secret = true; /* heads with session cookies */
    kw_http_date(kw_clock_wall_ms(core->clock), http->date);
    set_conf(http, conf);
    kw_life_timer(&http->life, &core->loop->uv, &http->sweep, http);
    uv_timer_start(&http->sweep, on_sweep, SWEEP_MS, SWEEP_MS);
    kw_http_opening_start(http);
    return 0;
}

static void stop(void *self, kw_stopped_fn *stopped, void *arg)
{
    struct kw_http *http = self;

    http->stopped = stopped;
    http->stopped_arg = arg;
    http->stopping = true;
    http->stop_at_ms = kw_clock_mono_ms(http->core->clock) + STOP_MS;
    kw_http_opening_stop(http);
    kw_http_conn_stop_all(http);
    uv_timer_start(&http->sweep, on_sweep, 0, STOP_SWEEP_MS);
    kw_life_close(&http->life);
}

/* Limits count for what begins from now on; doors that stay wanted stay open,
 * so the connection that asked for the change gets its answer. */
static int reconfigure(void *self, const void *old, const void *conf,
                       struct kw_diag *diag)
{
    struct kw_http *http = self;

    (void)old;
    (void)diag;
    set_conf(http, conf);
    kw_http_opening_update(http);
    return 0;
}

static const struct kw_metric metrics[] = {
    {"port", "1", KW_METRIC_GAUGE, "Port of the first open address."},
    {"connections", "1", KW_METRIC_GAUGE, "Open connections."},
    {"streams", "1", KW_METRIC_GAUGE, "Open streams."},
    {"connections_total", "1", KW_METRIC_COUNTER, "Connections taken."},
    {"connections_refused_total", "1", KW_METRIC_COUNTER,
     "Connections refused because there were too many or no memory."},
    {"handshakes_failed_total", "1", KW_METRIC_COUNTER,
     "TLS handshakes that failed."},
    {"requests_total", "1", KW_METRIC_COUNTER, "Requests begun."},
    {"answers_4xx_total", "1", KW_METRIC_COUNTER,
     "Answers that refuse a request."},
    {"answers_5xx_total", "1", KW_METRIC_COUNTER,
     "Answers that name a failure of the gateway."},
    {"malformed_total", "1", KW_METRIC_COUNTER,
     "Requests that were not well-formed or over a limit."},
    {"timeouts_total", "1", KW_METRIC_COUNTER,
     "Requests that did not come, or were not answered, in time."},
    {"certificate_days", "d", KW_METRIC_GAUGE,
     "Days until the certificate ends."},
    {0},
};

static int days_left(const struct kw_http *http)
{
    return http->tls != NULL
               ? kw_tls_days_left(http->tls,
                                  kw_clock_wall_ms(http->core->clock))
               : 0;
}

static void set_values(const struct kw_http *http, double *values, int days)
{
    const struct kw_http_counters *counters = &http->counters;
    const double now[] = {
        kw_doors_port(&http->opening.doors),
        (double)http->conn_count,
        counters->streams,
        (double)counters->accepted,
        (double)counters->refused,
        (double)counters->handshakes_failed,
        (double)counters->requests,
        (double)counters->answers_4xx,
        (double)counters->answers_5xx,
        (double)counters->malformed,
        (double)counters->timeouts,
        days,
    };

    for (size_t i = 0; i < sizeof(now) / sizeof(now[0]); i++)
        values[i] = now[i];
}

/* The worst first: no TLS at all, an address that is closed, no pages, a
 * certificate that ends soon. */
static void health(const void *self, struct kw_health *out)
{
    const struct kw_http *http = self;
    const struct kw_door *missing = kw_doors_failing(&http->opening.doors);
    int days = days_left(http);

    set_values(http, out->values, days);
    if (http->opening.failing) {
        out->level = http->tls == NULL ? KW_LEVEL_FAILED : KW_LEVEL_DEGRADED;
        snprintf(out->text, sizeof(out->text), "%s", http->opening.why);
    } else if (missing != NULL) {
        out->level = KW_LEVEL_DEGRADED;
        snprintf(out->text, sizeof(out->text), "not listening on %s",
                 missing->address);
    } else if (http->tls != NULL && http->files == NULL) {
        out->level = KW_LEVEL_DEGRADED;
        snprintf(out->text, sizeof(out->text),
                 "the web application is not installed");
    } else if (http->tls != NULL && days < EXPIRY_DAYS) {
        out->level = KW_LEVEL_DEGRADED;
        snprintf(out->text, sizeof(out->text),
                 "the certificate ends in %d days", days);
    }
}

static const struct kw_service services[] = {
    {"https", "tcp", 8443, "Web pages and web API."},
    {0},
};

static const char *const needs[] = {"auth", NULL};

const struct kw_module kw_http_module = {
    .name = "http",
    .needs = needs,
    .settings = kw_http_settings,
    .services = services,
    .metrics = metrics,
    .events = events,
    .conf_size = sizeof(struct kw_http_conf),
    .state_size = sizeof(struct kw_http),
    .check = kw_http_conf_check,
    .start = start,
    .stop = stop,
    .reconfigure = reconfigure,
    .health = health,
};
