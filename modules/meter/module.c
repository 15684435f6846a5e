/* SPDX-License-Identifier: Apache-2.0 */
#include "core/module.h"

#include "core/core.h"
#include "core/point.h"
#include "meter/bus.h"
#include "meter/index.h"
#include "meter/meter.h"
#include "meter/rows.h"

#include <stdio.h>
#include <sys/resource.h>

enum { OTHER_DESCRIPTORS = 512 };

enum metric {
    POLLS,
    FAILED,
    TIMEOUTS,
    CRC_ERRORS,
    FOREIGN,
    LATE,
    EXCEPTIONS,
    IMPLAUSIBLE,
    LINES,
    LINES_DOWN,
    METERS,
    METERS_FAILING,
    ROUND_TRIP_LONGEST,
};

static const struct kw_metric metrics[] = {
    [POLLS] = {"polls_total", "1", KW_METRIC_COUNTER,
               "Polls of meters that have ended."},
    [FAILED] = {"polls_failed_total", "1", KW_METRIC_COUNTER,
                "Polls without any good answer."},
    [TIMEOUTS] = {"timeouts_total", "1", KW_METRIC_COUNTER,
                  "Requests that were not answered in time."},
    [CRC_ERRORS] = {"crc_errors_total", "1", KW_METRIC_COUNTER,
                    "Requests whose answer was garbled."},
    [FOREIGN] = {"foreign_total", "1", KW_METRIC_COUNTER,
                 "Frames dropped because they answered something else."},
    [LATE] = {"late_total", "1", KW_METRIC_COUNTER,
              "Answers that came after the time-out."},
    [IMPLAUSIBLE] = {"implausible_total", "1", KW_METRIC_COUNTER,
                     "Readings of counters that can't be."},
    [EXCEPTIONS] = {"exceptions_total", "1", KW_METRIC_COUNTER,
                    "Requests that a meter refused."},
    [LINES] = {"lines", "1", KW_METRIC_GAUGE, "Lines configured."},
    [LINES_DOWN] = {"lines_down", "1", KW_METRIC_GAUGE,
                    "Lines whose port or connection is down."},
    [METERS] = {"meters", "1", KW_METRIC_GAUGE, "Meters polled."},
    [METERS_FAILING] = {"meters_failing", "1", KW_METRIC_GAUGE,
                        "Meters set aside because they do not answer."},
    [ROUND_TRIP_LONGEST] = {"round_trip_longest_seconds", "s", KW_METRIC_GAUGE,
                            "Longest time from a request to its answer."},
    {0},
};

static void on_gone(struct kw_life *life)
{
    struct kw_meter *meter = KW_LIST_ENTRY(life, struct kw_meter, life);

    meter->stopped(meter->stopped_arg);
}

/* Closes the buses that the new settings don't have in the same form. */
static void close_changed(struct kw_meter *meter,
                          const struct kw_meter_conf *conf,
                          const struct kw_meter_index *entries)
{
    KW_LIST_EACH (link, &meter->buses) {
        KW_LIST_ENTRY(link, struct kw_meter_bus, link)->stays = false;
    }
    for (size_t i = 0; i < conf->lines.count; i++) {
        struct kw_meter_bus_plan plan = {
            .conf = kw_meter_conf_line(conf, i),
            .library = conf->library,
        };
        struct kw_meter_bus *bus = kw_meter_find_bus(meter, plan.conf->name);

        plan.count =
            kw_meter_index_line(entries, plan.conf->name, &plan.entries);
        if (bus != NULL)
            bus->stays = kw_meter_bus_same(bus, &plan);
    }
    KW_LIST_EACH_SAFE (link, after, &meter->buses) {
        struct kw_meter_bus *bus =
            KW_LIST_ENTRY(link, struct kw_meter_bus, link);

        if (!bus->stays)
            kw_meter_bus_close(bus);
    }
}

/* Makes the buses that are missing, in the order of the settings. */
static int open_missing(struct kw_meter *meter,
                        const struct kw_meter_conf *conf,
                        const struct kw_meter_index *entries)
{
    struct kw_meter_copies *copies = kw_meter_copies_new();
    int first = 0;

    if (copies == NULL)
        return KW_ENOMEM;
    meter->broken = 0;
    for (size_t i = 0; i < conf->lines.count; i++) {
        struct kw_meter_bus_plan plan = {
            .conf = kw_meter_conf_line(conf, i),
            .library = conf->library,
            .copies = copies,
        };
        struct kw_meter_bus *bus = kw_meter_find_bus(meter, plan.conf->name);
        int err = 0;

        plan.count =
            kw_meter_index_line(entries, plan.conf->name, &plan.entries);
        if (bus == NULL)
            err = kw_meter_bus_new(meter, &plan);
        if (err == 0) {
            bus = kw_meter_find_bus(meter, plan.conf->name);
            kw_list_remove(&bus->link);
            kw_list_append(&meter->buses, &bus->link);
            continue;
        }
        kw_log_write(meter->core->log, KW_LOG_ERROR, "meter",
                     "the line %s can't be made: %s", plan.conf->name,
                     kw_strerror(err));
        meter->broken++;
        first = first != 0 ? first : err;
    }
    kw_meter_copies_drop(copies);
    return first;
}

static void tell_watches(const struct kw_meter *meter)
{
    KW_LIST_EACH (link, &meter->watches) {
        const struct kw_meter_watch *watch =
            KW_LIST_ENTRY(link, struct kw_meter_watch, link);

        watch->changed(watch->arg);
    }
}

/* Each line has one; the rest is for web and Modbus clients and files. */
static void look_at_descriptors(const struct kw_meter *meter, size_t lines)
{
    struct rlimit limit;
    size_t need = lines + OTHER_DESCRIPTORS;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < need)
        kw_log_write(meter->core->log, KW_LOG_WARN, "meter",
                     "%zu lines and the rest need up to %zu file descriptors, "
                     "the system allows %llu: lines will stay down (systemd: "
                     "LimitNOFILE, shell: ulimit -n)",
                     lines, need, (unsigned long long)limit.rlim_cur);
}

static int apply(struct kw_meter *meter, const struct kw_meter_conf *conf)
{
    struct kw_meter_index entries;
    int err = kw_meter_index_init(&entries, conf);

    if (err != 0)
        return err;
    close_changed(meter, conf, &entries);
    err = open_missing(meter, conf, &entries);
    kw_meter_index_fini(&entries);
    tell_watches(meter);
    meter->core->loop->lines = conf->lines.count;
    look_at_descriptors(meter, conf->lines.count);
    return err;
}

static int start(void *self, const void *conf, struct kw_core *core,
                 struct kw_diag *diag)
{
    struct kw_meter *meter = self;

    (void)diag;
    meter->core = core;
    kw_list_init(&meter->buses);
    kw_list_init(&meter->readings);
    kw_list_init(&meter->watches);
    kw_list_init(&meter->scans);
    kw_life_init(&meter->life, on_gone);
    /* A line that can't be made is told by health and costs no other one. */
    if (apply(meter, conf) != 0 && meter->broken == 0)
        meter->broken = 1;
    return 0;
}

static void stop(void *self, kw_stopped_fn *stopped, void *arg)
{
    struct kw_meter *meter = self;

    meter->stopped = stopped;
    meter->stopped_arg = arg;
    kw_meter_free_scans(meter);
    while (!kw_list_empty(&meter->buses))
        kw_meter_bus_close(
            KW_LIST_ENTRY(meter->buses.next, struct kw_meter_bus, link));
    (void)kw_life_close(&meter->life);
}

static int reconfigure(void *self, const void *old, const void *conf,
                       struct kw_diag *diag)
{
    int err = apply(self, conf);

    (void)old;
    if (err != 0)
        kw_diag_say(diag, "a line can't be made: %s", kw_strerror(err));
    return err;
}

/* How many lines and meters there are and are not well. */
static void count_states(const struct kw_meter *meter, double *values)
{
    KW_LIST_EACH (bus_link, &meter->buses) {
        const struct kw_meter_bus *bus =
            KW_LIST_ENTRY(bus_link, struct kw_meter_bus, link);

        values[LINES]++;
        values[LINES_DOWN] +=
            kw_meter_line_state(bus->line) == KW_METER_LINE_DOWN;
        values[METERS] += (double)bus->count;
        KW_LIST_EACH (link, &bus->devices) {
            values[METERS_FAILING] +=
                KW_LIST_ENTRY(link, struct kw_meter_device, link)->state ==
                KW_METER_DEVICE_FAILING;
        }
    }
}

static void health(const void *self, struct kw_health *out)
{
    const struct kw_meter *meter = self;
    struct kw_meter_stats total;
    double *values = out->values;

    kw_meter_total(meter, &total);
    count_states(meter, values);
    values[POLLS] = (double)total.polls;
    values[FAILED] = (double)(total.polls - total.good);
    values[TIMEOUTS] = (double)total.timeouts;
    values[CRC_ERRORS] = (double)total.crc;
    values[FOREIGN] = (double)total.foreign;
    values[LATE] = (double)total.late;
    values[EXCEPTIONS] = (double)total.exceptions;
    values[IMPLAUSIBLE] = (double)total.implausible;
    values[ROUND_TRIP_LONGEST] = (double)total.rtt_max_us / 1e6;
    if (meter->broken > 0) {
        out->level = KW_LEVEL_FAILED;
        snprintf(out->text, sizeof(out->text),
                 "%u lines could not be made: see the log", meter->broken);
    } else if (values[LINES_DOWN] > 0 || values[METERS_FAILING] > 0) {
        out->level = KW_LEVEL_DEGRADED;
        snprintf(out->text, sizeof(out->text),
                 "%d of %d lines down, %d of %d meters failing",
                 (int)values[LINES_DOWN], (int)values[LINES],
                 (int)values[METERS_FAILING], (int)values[METERS]);
    }
}

struct kw_meter_line *kw_meter_find_line(struct kw_meter *meter,
                                         const char *name)
{
    struct kw_meter_bus *bus = kw_meter_find_bus(meter, name);

    return bus != NULL ? bus->line : NULL;
}

void kw_meter_each(const struct kw_meter *meter,
                   void (*each)(void *arg, const struct kw_meter_place *place),
                   void *arg)
{
    KW_LIST_EACH (bus_link, &meter->buses) {
        const struct kw_meter_bus *bus =
            KW_LIST_ENTRY(bus_link, struct kw_meter_bus, link);

        KW_LIST_EACH (link, &bus->devices) {
            const struct kw_meter_device *device =
                KW_LIST_ENTRY(link, struct kw_meter_device, link);
            struct kw_meter_place place = {
                .name = device->source->name,
                .line = bus->conf->name,
                .unit = (uint8_t)device->entry->unit,
                .image = &device->image,
            };

            each(arg, &place);
        }
    }
}

void kw_meter_watch(struct kw_meter *meter, struct kw_meter_watch *watch)
{
    kw_list_append(&meter->watches, &watch->link);
}

void kw_meter_unwatch(struct kw_meter_watch *watch)
{
    if (watch->link.next != NULL)
        kw_list_remove(&watch->link);
}

const struct kw_module kw_meter_module = {
    .name = "meter",
    .settings = kw_meter_settings,
    .routes = kw_meter_routes,
    .metrics = metrics,
    .events = kw_meter_events,
    .conf_size = sizeof(struct kw_meter_conf),
    .state_size = sizeof(struct kw_meter),
    .check = kw_meter_check,
    .release = kw_meter_release,
    .start = start,
    .stop = stop,
    .reconfigure = reconfigure,
    .health = health,
};
