/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the module declares, and its life. Happy path: start makes the table of
 * units and opens the addresses of the settings; changes of the meters and of
 * the settings make the table anew. On stop: all connections end, the
 * addresses close, and when the last handle is gone, stopped is called.
 */
#include "core/module.h"

#include "auth/auth.h"
#include "core/registry.h"
#include "supervisor/conn.h"
#include "supervisor/rows.h"
#include "supervisor/secure.h"

#include <stdio.h>

extern const struct kw_module kw_supervisor_module;

enum { BACKLOG = 64, REFUSALS_BURST = 10 };

const struct kw_service kw_supervisor_services[] = {
    [KW_SUPERVISOR_TCP] = {"modbus_tcp", "tcp", 502, "Modbus TCP."},
    [KW_SUPERVISOR_RTU_TCP] = {"modbus_rtu_tcp", "tcp", 503,
                               "Modbus RTU frames over TCP."},
    [KW_SUPERVISOR_TLS] = {"modbus_tls", "tcp", 802,
                           "Modbus/TCP Security: both sides show "
                           "certificates."},
    {0},
};

static void on_accepted(void *arg, int take_fd, const struct sockaddr *peer)
{
    const struct kw_supervisor_port *port = arg;

    kw_supervisor_conn_accept(port->supervisor, port->service, take_fd, peer);
}

static void on_door(void *arg, const struct kw_door *door)
{
    struct kw_supervisor_port *port = arg;
    struct kw_supervisor_news news = {
        .which = KW_SUPERVISOR_EVENT_ADDRESS_CLOSED,
        .on = door->failing,
        .subject = door->address,
        .text = door->why,
        .actor = "",
    };

    kw_supervisor_tell(port->supervisor, &news);
}

static void make_units(struct kw_supervisor *supervisor)
{
    supervisor->units_failed =
        kw_supervisor_units_make(&supervisor->units, supervisor->meter,
                                 supervisor->conf) != 0;
}

static void on_line_closing(void *arg, const struct kw_meter_line *line)
{
    struct kw_supervisor *supervisor = arg;

    kw_supervisor_bridge_close(&supervisor->bridge, line);
}

static void on_meters_changed(void *arg)
{
    make_units(arg);
}

static void on_gone(struct kw_life *life)
{
    struct kw_supervisor *supervisor =
        KW_LIST_ENTRY(life, struct kw_supervisor, life);

    kw_supervisor_secure_free(supervisor->secure);
    kw_supervisor_access_free(supervisor->access);
    kw_supervisor_units_fini(&supervisor->units);
    supervisor->stopped(supervisor->stopped_arg);
}

/* Opens and closes as the settings say. */
static void set_ports(struct kw_supervisor *supervisor)
{
    for (int i = 0; i < KW_SUPERVISOR_TLS; i++) {
        const struct kw_texts *listen = kw_supervisor_listen(
            supervisor->conf, (enum kw_supervisor_service)i);

        kw_doors_set(&supervisor->ports[i].doors, listen->items, listen->count);
    }
    kw_supervisor_secure_update(supervisor->secure);
}

static void open_ports(struct kw_supervisor *supervisor)
{
    for (int i = 0; i < KW_SUPERVISOR_SERVICES; i++) {
        struct kw_supervisor_port *port = &supervisor->ports[i];
        struct kw_doors_options options = {
            .service = kw_supervisor_services[i].name,
            .tag = "supervisor",
            .backlog = BACKLOG,
            .accepted = on_accepted,
            .said = on_door,
            .arg = port,
            .life = &supervisor->life,
        };

        port->supervisor = supervisor;
        port->service = (enum kw_supervisor_service)i;
        kw_doors_init(&port->doors, supervisor->core, &options);
    }
    kw_supervisor_secure_start(supervisor->secure);
    set_ports(supervisor);
}

static void init(struct kw_supervisor *supervisor)
{
    struct kw_core *core = supervisor->core;
    uint64_t now_ns = kw_clock_mono_ns(core->clock);

    kw_life_init(&supervisor->life, on_gone);
    kw_list_init(&supervisor->conns);
    kw_bucket_init(&supervisor->refusals.bucket, 1, REFUSALS_BURST, now_ns);
    kw_bucket_init(&supervisor->write_refusals.bucket, 1, REFUSALS_BURST,
                   now_ns);
    kw_supervisor_bridge_init(&supervisor->bridge, core->loop);
    supervisor->bridge.written = kw_supervisor_written;
    supervisor->bridge.arg = supervisor;
    supervisor->watch = (struct kw_meter_watch){
        .closing = on_line_closing,
        .changed = on_meters_changed,
        .arg = supervisor,
    };
    kw_meter_watch(supervisor->meter, &supervisor->watch);
    kw_life_timer(&supervisor->life, &core->loop->uv, &supervisor->sweep,
                  supervisor);
}

static void use(struct kw_supervisor *supervisor,
                const struct kw_supervisor_conf *conf)
{
    supervisor->conf = conf;
    supervisor->bridge.cache_ms = (uint64_t)conf->bridge_cache_ms;
    make_units(supervisor);
}

static int start(void *self, const void *conf, struct kw_core *core,
                 struct kw_diag *diag)
{
    struct kw_supervisor *supervisor = self;

    (void)diag;
    supervisor->core = core;
    supervisor->auth = kw_registry_need(core->registry, "auth");
    supervisor->meter = kw_registry_need(core->registry, "meter");
    supervisor->access = kw_supervisor_access_new(conf);
    supervisor->secure = kw_supervisor_secure_new(supervisor);
    if (supervisor->access == NULL || supervisor->secure == NULL) {
        kw_supervisor_access_free(supervisor->access);
        kw_supervisor_secure_free(supervisor->secure);
        return KW_ENOMEM;
    }
    init(supervisor);
    use(supervisor, conf);
    open_ports(supervisor);
    return 0;
}

static void stop(void *self, kw_stopped_fn *stopped, void *arg)
{
    struct kw_supervisor *supervisor = self;

    supervisor->stopped = stopped;
    supervisor->stopped_arg = arg;
    supervisor->stopping = true;
    kw_meter_unwatch(&supervisor->watch);
    kw_supervisor_conn_end_all(supervisor);
    kw_supervisor_bridge_fini(&supervisor->bridge);
    for (int i = 0; i < KW_SUPERVISOR_SERVICES; i++)
        kw_doors_stop(&supervisor->ports[i].doors);
    kw_supervisor_secure_stop(supervisor->secure);
    kw_life_close_handle(&supervisor->life, (uv_handle_t *)&supervisor->sweep);
    kw_life_close(&supervisor->life);
}

static int reconfigure(void *self, const void *old, const void *conf,
                       struct kw_diag *diag)
{
    struct kw_supervisor *supervisor = self;
    struct kw_supervisor_access *access = kw_supervisor_access_new(conf);

    (void)old;
    (void)diag;
    if (access == NULL)
        return KW_ENOMEM;
    kw_supervisor_access_free(supervisor->access);
    supervisor->access = access;
    use(supervisor, conf);
    set_ports(supervisor);
    kw_supervisor_conn_recheck(supervisor);
    return 0;
}

enum metric {
    CONNECTIONS,
    CONNECTIONS_TOTAL,
    REFUSED,
    GIVEN_UP,
    REQUESTS,
    EXCEPTIONS,
    GARBLED,
    BRIDGED,
    BRIDGE_SPARED,
    WRITES,
    WRITES_REFUSED,
    CONFLICTS,
};

static const struct kw_metric metrics[] = {
    [CONNECTIONS] = {"connections", "1", KW_METRIC_GAUGE, "Open connections."},
    [CONNECTIONS_TOTAL] = {"connections_total", "1", KW_METRIC_COUNTER,
                           "Connections taken."},
    [REFUSED] = {"connections_refused_total", "1", KW_METRIC_COUNTER,
                 "Connections refused: station, certificate or number."},
    [GIVEN_UP] = {"connections_given_up_total", "1", KW_METRIC_COUNTER,
                  "Connections ended since they idled, stopped within a "
                  "request or took no answers."},
    [REQUESTS] = {"requests_total", "1", KW_METRIC_COUNTER, "Requests."},
    [EXCEPTIONS] = {"exceptions_total", "1", KW_METRIC_COUNTER,
                    "Requests answered with an exception."},
    [GARBLED] = {"garbled_total", "1", KW_METRIC_COUNTER,
                 "Frames that were none, or had a wrong check sum."},
    [BRIDGED] = {"bridged_total", "1", KW_METRIC_COUNTER,
                 "Requests that were asked on a line."},
    [BRIDGE_SPARED] = {"bridge_spared_total", "1", KW_METRIC_COUNTER,
                       "Requests for a line that a kept or shared answer "
                       "served."},
    [WRITES] = {"writes_total", "1", KW_METRIC_COUNTER,
                "Writes that were allowed and sent to a meter."},
    [WRITES_REFUSED] = {"writes_refused_total", "1", KW_METRIC_COUNTER,
                        "Writes that were refused."},
    [CONFLICTS] = {"unit_conflicts", "1", KW_METRIC_GAUGE,
                   "Meters that can't be reached since their unit is taken."},
    {0},
};

/* The first thing that is not as the settings want it. */
static bool explain(const struct kw_supervisor *supervisor, char *text,
                    size_t size)
{
    const struct kw_supervisor_units *units = &supervisor->units;
    const char *why = kw_supervisor_secure_why(supervisor->secure);

    if (!kw_auth_is_set_up(supervisor->auth)) {
        snprintf(text, size,
                 "everybody is refused until the gateway is set "
                 "up: its one-time password waits to be replaced");
        return true;
    }
    for (int i = 0; i < KW_SUPERVISOR_SERVICES; i++) {
        const struct kw_door *door =
            kw_doors_failing(&supervisor->ports[i].doors);

        if (door != NULL) {
            snprintf(text, size, "not listening on %s", door->why);
            return true;
        }
    }
    if (why[0] != 0)
        snprintf(text, size, "Modbus/TCP Security: %s", why);
    else if (supervisor->units_failed)
        snprintf(text, size, "no memory for the table of units");
    else if (units->conflict_count > 0)
        snprintf(text, size,
                 "unit %u is %s: %s on %s needs another one in "
                 "supervisor.units (%zu such meters)",
                 units->conflicts[0].unit, units->conflicts[0].taken_by,
                 units->conflicts[0].meter, units->conflicts[0].line,
                 units->conflict_count);
    else
        return false;
    return true;
}

static bool is_on(const struct kw_supervisor *supervisor)
{
    for (int i = 0; i < KW_SUPERVISOR_SERVICES; i++) {
        if (kw_supervisor_listen(supervisor->conf,
                                 (enum kw_supervisor_service)i)
                ->count > 0)
            return true;
    }
    return false;
}

static void health(const void *self, struct kw_health *out)
{
    const struct kw_supervisor *supervisor = self;
    const struct kw_supervisor_counters *counters = &supervisor->counters;
    double *values = out->values;

    values[CONNECTIONS] = (double)supervisor->conn_count;
    values[CONNECTIONS_TOTAL] = (double)counters->accepted;
    values[REFUSED] = (double)counters->refused;
    values[GIVEN_UP] = (double)counters->given_up;
    values[REQUESTS] = (double)counters->requests;
    values[EXCEPTIONS] = (double)counters->exceptions;
    values[GARBLED] = (double)counters->garbled;
    values[BRIDGED] = (double)supervisor->bridge.asked;
    values[BRIDGE_SPARED] = (double)supervisor->bridge.spared;
    values[WRITES] = (double)counters->writes;
    values[WRITES_REFUSED] = (double)counters->writes_refused;
    values[CONFLICTS] = (double)supervisor->units.conflict_count;
    if (is_on(supervisor) && explain(supervisor, out->text, sizeof(out->text)))
        out->level = KW_LEVEL_DEGRADED;
}

static const char *const needs[] = {"auth", "meter", NULL};

const struct kw_module kw_supervisor_module = {
    .name = "supervisor",
    .needs = needs,
    .settings = kw_supervisor_settings,
    .routes = kw_supervisor_routes,
    .services = kw_supervisor_services,
    .metrics = metrics,
    .events = kw_supervisor_events,
    .conf_size = sizeof(struct kw_supervisor_conf),
    .state_size = sizeof(struct kw_supervisor),
    .check = kw_supervisor_check,
    .start = start,
    .stop = stop,
    .reconfigure = reconfigure,
    .health = health,
};
