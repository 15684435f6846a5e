/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST, GET and DELETE /scan, and the event `scan` that /live passes on. One
 * scan a line at a time; the result stays until the line's next scan or until
 * the line is gone.
 */
#include "meter/rows.h"

#include "base/json.h"
#include "core/core.h"
#include "core/hub.h"
#include "meter/fetch.h"
#include "meter/scan.h"
#include "meter/settings.h"

#include <stdio.h>
#include <string.h>

enum {
    SCANS_MAX = 32,             /* under way at once */
    SCANS_MAX_BYTES = 16 << 20, /* of GET /scan */
    PROGRESS_MAX_BYTES = 1024,  /* of an event */
    USABLE_UNITS_FROM = 1,      /* on a serial line, 0 is everybody */
    USABLE_UNITS_TO = 247
};

const struct kw_setting kw_meter_scan_rows[] = {
    {.key = "line",
     .kind = KW_KIND_NAME,
     .flags = KW_REQUIRED,
     .offset = offsetof(struct kw_meter_scan_body, line),
     .help = "Name of a line of this gateway."},
    {.key = "units",
     .kind = KW_KIND_TEXT,
     .offset = offsetof(struct kw_meter_scan_body, units),
     .preset = "1-247",
     .min = 1,
     .max = 255,
     .help = "Modbus addresses and ranges, 1-32,100."},
    {.key = "identify",
     .kind = KW_KIND_BOOL,
     .offset = offsetof(struct kw_meter_scan_body, identify),
     .preset = "true",
     .help = "Ask those that answer what they are."},
    {.key = "search",
     .kind = KW_KIND_TEXTS,
     .offset = offsetof(struct kw_meter_scan_body, search),
     .max = KW_METER_SPEEDS_MAX,
     .help = "Serial lines: true tries the usual speeds and parities, or those "
             "to try, as 9600 8N1; polling is suspended meanwhile."},
    {.key = "timeout",
     .kind = KW_KIND_DURATION,
     .offset = offsetof(struct kw_meter_scan_body, timeout_ms),
     .min = 0,
     .max = 60000,
     .unit = "ms",
     .help = "How long a unit may be silent; 0: by the line's speed and the "
             "answers seen on it."},
    {0},
};

const struct kw_setting kw_meter_scan_query_rows[] = {
    {.key = "line",
     .kind = KW_KIND_NAME,
     .flags = KW_REQUIRED,
     .offset = offsetof(struct kw_meter_scan_query, line),
     .help = "Line whose scan is to end."},
    {0},
};

static struct kw_meter_scan *scan_of(struct kw_link *link)
{
    return KW_LIST_ENTRY(link, struct kw_meter_scan, link);
}

static struct kw_meter_scan *find_scan(struct kw_meter *meter, const char *line)
{
    KW_LIST_EACH (link, &meter->scans) {
        if (strcmp(scan_of(link)->conf->name, line) == 0)
            return scan_of(link);
    }
    return NULL;
}

static void free_scan(struct kw_meter_scan *scan)
{
    kw_list_remove(&scan->link);
    kw_meter_scan_free(scan);
}

/* --- the scan's owner */

static void on_changed(void *arg, struct kw_meter_scan *scan)
{
    const struct kw_meter *meter = arg;
    struct kw_event event = {
        .kind = &kw_meter_events[KW_METER_EVENT_SCAN],
        .time_ms = kw_clock_wall_ms(meter->core->clock),
        .on = scan->state == KW_METER_SCAN_RUNNING,
        .subject = scan->conf->name,
        .text = scan->text,
        .actor = "",
    };
    struct kw_json json;
    struct kw_buf out;

    kw_buf_init(&out, PROGRESS_MAX_BYTES);
    kw_json_init(&json, &out);
    kw_meter_scan_format_progress(scan, &json);
    event.data = kw_buf_text(&out);
    if (kw_buf_err(&out) == 0)
        kw_hub_publish_event(meter->core->hub, &event);
    kw_buf_fini(&out);
}

static bool on_known(void *arg, const struct kw_meter_scan *scan, unsigned unit,
                     struct kw_meter_scan_known *known)
{
    const struct kw_meter_bus *bus = kw_meter_find_bus(arg, scan->conf->name);

    if (bus == NULL)
        return false;
    KW_LIST_EACH (link, &bus->devices) {
        const struct kw_meter_device *device =
            KW_LIST_ENTRY(link, struct kw_meter_device, link);

        if (device->entry->unit != (int64_t)unit)
            continue;
        *known = (struct kw_meter_scan_known){
            .name = device->entry->name,
            .map = device->map,
            .answers = device->state == KW_METER_DEVICE_OK,
        };
        return true;
    }
    return false;
}

static bool is_proposed(const struct kw_meter_scan *scan, const char *name)
{
    for (size_t i = 0; i < scan->found_count; i++) {
        /* The one that is being named stands last and has none yet. */
        if (strcmp(scan->found[i]->name, name) == 0 &&
            scan->found[i]->name != name)
            return true;
    }
    return false;
}

static bool on_taken(void *arg, const char *name)
{
    const struct kw_meter *meter = arg;

    KW_LIST_EACH (bus_link, &meter->buses) {
        const struct kw_meter_bus *bus =
            KW_LIST_ENTRY(bus_link, struct kw_meter_bus, link);

        KW_LIST_EACH (link, &bus->devices) {
            if (strcmp(KW_LIST_ENTRY(link, struct kw_meter_device, link)
                           ->entry->name,
                       name) == 0)
                return true;
        }
    }
    KW_LIST_EACH (link, &meter->scans) {
        if (is_proposed(scan_of(link), name))
            return true;
    }
    return false;
}

static void on_scan_gone(void *arg)
{
    struct kw_meter *meter = arg;

    kw_life_drop(&meter->life);
}

void kw_meter_stop_scans(struct kw_meter *meter,
                         const struct kw_meter_line *line)
{
    KW_LIST_EACH (link, &meter->scans) {
        if (scan_of(link)->shared == line)
            kw_meter_scan_forget_line(scan_of(link),
                                      "the line was closed or changed");
    }
}

void kw_meter_free_scans(struct kw_meter *meter)
{
    while (!kw_list_empty(&meter->scans))
        free_scan(scan_of(meter->scans.next));
}

/* Results of lines that are gone. */
static void forget_old(struct kw_meter *meter)
{
    KW_LIST_EACH_SAFE (link, after, &meter->scans) {
        if (kw_meter_find_bus(meter, scan_of(link)->conf->name) == NULL)
            free_scan(scan_of(link));
    }
}

/* --- the routes */

static void reply_scan(struct kw_request *request, int status,
                       const struct kw_meter_scan *scan)
{
    struct kw_json json;
    struct kw_buf out;

    kw_buf_init(&out, SCANS_MAX_BYTES);
    kw_json_init(&json, &out);
    kw_meter_scan_format(scan, &json);
    kw_reply_json(request, status, &out);
}

/* Fills speeds from `search`; false with a problem sent. */
static bool read_search(struct kw_request *request,
                        const struct kw_meter_line_conf *conf,
                        struct kw_meter_speed speeds[KW_METER_SPEEDS_MAX],
                        size_t *count)
{
    const struct kw_texts *search =
        &((const struct kw_meter_scan_body *)request->body)->search;
    bool all = search->count == 1 && strcmp(search->items[0], "true") == 0;

    *count = 0;
    if (search->count == 0 ||
        (search->count == 1 && strcmp(search->items[0], "false") == 0))
        return true;
    if (conf->serial == NULL) {
        kw_reply_problem(request, 422, "not_serial",
                         "The line %s is no serial line: it has no speed to "
                         "search for.",
                         conf->name);
        return false;
    }
    if (all) {
        struct kw_meter_speed own = {conf->serial->baud, conf->serial->parity,
                                     conf->serial->stop_bits};

        *count = kw_meter_speeds(&own, speeds);
        return true;
    }
    for (size_t i = 0; i < search->count; i++) {
        if (kw_meter_speed_parse(search->items[i], &speeds[i]) != 0 ||
            !kw_meter_baud_exists(speeds[i].baud)) {
            kw_reply_problem(request, 422, "bad_search",
                             "search \"%s\": expected true or speeds like "
                             "9600 8N1.",
                             search->items[i]);
            return false;
        }
        (*count)++;
    }
    return true;
}

/* The longest mean round trip of the meters on the line. */
static uint64_t longest_us(const struct kw_meter_bus *bus)
{
    uint64_t longest = 0;

    KW_LIST_EACH (link, &bus->devices) {
        uint64_t mean = kw_meter_stats_mean_us(
            &KW_LIST_ENTRY(link, struct kw_meter_device, link)->stats);

        longest = mean > longest ? mean : longest;
    }
    return longest;
}

/* Share of the line's time that the polls of its meters ask for. What it was
 * used for lately would count scans too. */
static double usage(const struct kw_meter_bus *bus)
{
    double share = 0;

    KW_LIST_EACH (link, &bus->devices) {
        const struct kw_meter_device *device =
            KW_LIST_ENTRY(link, struct kw_meter_device, link);
        int64_t period_ms[3];

        kw_meter_periods(&device->entry->every, period_ms);
        share += (double)kw_meter_scan_poll_us(
                     device->map, bus->conf,
                     kw_meter_stats_mean_us(&device->stats)) /
                 (double)period_ms[0] / 1000;
    }
    return share < 1 ? share : 1;
}

static bool read_units(struct kw_request *request,
                       const struct kw_meter_line_conf *conf,
                       struct kw_meter_units *units)
{
    const struct kw_meter_scan_body *body = request->body;
    unsigned low = conf->tcp != NULL ? 0 : USABLE_UNITS_FROM;
    unsigned high = conf->tcp != NULL ? 255 : USABLE_UNITS_TO;

    if (kw_meter_units_parse(body->units, low, high, units) == 0)
        return true;
    kw_reply_problem(request, 422, "bad_units",
                     "units \"%s\": expected units and ranges from %u to %u, "
                     "like 1-32,100.",
                     body->units, low, high);
    return false;
}

static unsigned running(const struct kw_meter *meter)
{
    unsigned count = 0;

    KW_LIST_EACH (link, &meter->scans) {
        count += scan_of(link)->state == KW_METER_SCAN_RUNNING;
    }
    return count;
}

/* True when a scan may begin on that line; else a problem is sent. */
static bool may_begin(struct kw_meter *meter, struct kw_request *request,
                      const struct kw_meter_bus *bus)
{
    const struct kw_meter_scan *scan = find_scan(meter, bus->conf->name);

    if (scan != NULL && scan->state == KW_METER_SCAN_RUNNING)
        kw_reply_problem(request, 409, "scan_runs",
                         "The line %s is being scanned.", bus->conf->name);
    else if (running(meter) >= SCANS_MAX)
        kw_reply_problem(request, 429, "too_many_scans",
                         "%d scans are under way already.", SCANS_MAX);
    else
        return true;
    return false;
}

/* Makes the scan; the result of the one before goes. */
static void begin_scan(struct kw_meter *meter, struct kw_request *request,
                       struct kw_meter_scan_options *options)
{
    const struct kw_meter_scan_owner owner = {on_changed, on_known, on_taken,
                                              on_scan_gone, meter};
    struct kw_meter_scan *scan, *old = find_scan(meter, options->conf->name);

    if (kw_meter_scan_new(&scan, meter->core, options, &owner) == 0) {
        if (old != NULL)
            free_scan(old);
        kw_life_hold(&meter->life);
        kw_list_append(&meter->scans, &scan->link);
        reply_scan(request, 202, scan);
    } else {
        kw_reply_problem(request, 503, "no_memory",
                         "There is not enough memory.");
    }
}

/* Fills options, whose speeds has room for KW_METER_SPEEDS_MAX; false with a
 * problem sent when the scan can't begin. */
static bool prepare(struct kw_meter *meter, struct kw_request *request,
                    struct kw_meter_scan_options *options,
                    struct kw_meter_speed *speeds)
{
    const struct kw_meter_scan_body *body = request->body;
    const struct kw_meter_bus *bus = kw_meter_find_bus(meter, body->line);

    forget_old(meter);
    if (bus == NULL) {
        kw_reply_problem(request, 404, "no_such_line", "There is no line %s.",
                         body->line);
        return false;
    }
    *options = (struct kw_meter_scan_options){
        .conf = bus->conf,
        .shared = bus->line,
        .usage = usage(bus),
        .longest_us = longest_us(bus),
        .identify = body->identify,
        .timeout_ms = (uint32_t)body->timeout_ms,
        .speeds = speeds,
    };
    return read_units(request, bus->conf, &options->units) &&
           read_search(request, bus->conf, speeds, &options->speeds_count) &&
           may_begin(meter, request, bus);
}

/* Maps that are wrong are left out. Meanwhile the line may have gone; if it is
 * down now the scan itself says so. */
static void on_maps(struct kw_meter *meter, struct kw_request *request,
                    struct kw_meter_library *library,
                    const struct kw_diag *diag)
{
    struct kw_meter_speed speeds[KW_METER_SPEEDS_MAX];
    struct kw_meter_scan_options options;

    (void)diag;
    if (!prepare(meter, request, &options, speeds))
        return;
    options.library = library;
    begin_scan(meter, request, &options);
}

void kw_meter_post_scan(void *self, struct kw_request *request)
{
    struct kw_meter_speed speeds[KW_METER_SPEEDS_MAX];
    struct kw_meter_scan_options options;

    if (!prepare(self, request, &options, speeds))
        return;
    if (options.speeds_count == 0 &&
        kw_meter_line_state(options.shared) == KW_METER_LINE_DOWN &&
        !kw_meter_line_is_open(options.shared))
        kw_reply_problem(request, 503, "line_down", "The line %s is down: %s.",
                         options.conf->name,
                         kw_meter_line_text(options.shared));
    else
        kw_meter_fetch(self, request, NULL, on_maps);
}

void kw_meter_get_scans(void *self, struct kw_request *request)
{
    struct kw_meter *meter = self;
    struct kw_json json;
    struct kw_buf out;

    forget_old(meter);
    kw_buf_init(&out, SCANS_MAX_BYTES);
    kw_json_init(&json, &out);
    kw_json_object(&json, NULL);
    kw_json_array(&json, "scans");
    KW_LIST_EACH (link, &meter->scans) {
        kw_meter_scan_format(scan_of(link), &json);
    }
    kw_json_end_array(&json);
    kw_json_end_object(&json);
    kw_reply_json(request, 200, &out);
}

void kw_meter_delete_scan(void *self, struct kw_request *request)
{
    struct kw_meter *meter = self;
    const struct kw_meter_scan_query *query = request->query;
    struct kw_meter_scan *scan = find_scan(meter, query->line);

    if (scan == NULL) {
        kw_reply_problem(request, 404, "no_scan",
                         "The line %s has not been scanned.", query->line);
        return;
    }
    kw_meter_scan_end(scan, KW_METER_SCAN_CANCELLED, "cancelled");
    reply_scan(request, 200, scan);
}
