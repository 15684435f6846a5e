/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /meters: lines and meters with how they do. GET /bus: one line and what
 * was on it. POST /read: one meter, read
 * once over a line of this gateway. A reading waits for its answers; if the
 * client goes first, or the line is closed, it ends without them.
 */
#include "meter/rows.h"

#include "base/json.h"
#include "base/mem.h"
#include "core/core.h"
#include "core/point.h"
#include "meter/fetch.h"
#include "meter/once.h"
#include "meter/report.h"
#include "meter/settings.h"

#include <math.h>

enum { ANSWER_MAX_BYTES = 64 << 20 };

/* Calls put for a report on each line; false when memory is out. */
static bool report_all(const struct kw_meter *meter, struct kw_json *json,
                       void (*put)(const struct kw_meter_report *report,
                                   struct kw_json *json))
{
    KW_LIST_EACH (link, &meter->buses) {
        struct kw_meter_report report;

        if (kw_meter_report_init(
                &report, KW_LIST_ENTRY(link, struct kw_meter_bus, link)) != 0)
            return false;
        put(&report, json);
        kw_meter_report_fini(&report);
    }
    return true;
}

static void get_meters(void *self, struct kw_request *request)
{
    const struct kw_meter *meter = self;
    struct kw_json json;
    struct kw_buf out;
    bool whole;

    kw_buf_init(&out, ANSWER_MAX_BYTES);
    kw_json_init(&json, &out);
    kw_json_object(&json, NULL);
    kw_json_array(&json, "lines");
    whole = report_all(meter, &json, kw_meter_report_line);
    kw_json_end_array(&json);
    kw_json_array(&json, "meters");
    whole = report_all(meter, &json, kw_meter_report_meters) && whole;
    kw_json_end_array(&json);
    kw_json_end_object(&json);
    if (!whole) {
        kw_buf_fini(&out);
        kw_reply_problem(request, 500, "internal", "%s.",
                         kw_strerror(KW_ENOMEM));
        return;
    }
    kw_reply_json(request, 200, &out);
}

static void reply_no_line(struct kw_request *request, const char *line)
{
    kw_reply_problem(request, 404, "no_such_line", "There is no line %s.",
                     line);
}

/* --- GET /bus */

struct bus_query {
    const char *line;
};

static const struct kw_setting bus_rows[] = {
    {.key = "line",
     .kind = KW_KIND_NAME,
     .flags = KW_REQUIRED,
     .offset = offsetof(struct bus_query, line),
     .help = "Name of a line of this gateway."},
    {0},
};

static void get_bus(void *self, struct kw_request *request)
{
    const struct bus_query *query = request->query;
    const struct kw_meter_bus *bus = kw_meter_find_bus(self, query->line);
    struct kw_meter_report report;
    struct kw_json json;
    struct kw_buf out;

    if (bus == NULL) {
        reply_no_line(request, query->line);
        return;
    }
    if (kw_meter_report_init(&report, bus) != 0) {
        kw_reply_problem(request, 500, "internal", "%s.",
                         kw_strerror(KW_ENOMEM));
        return;
    }
    kw_buf_init(&out, ANSWER_MAX_BYTES);
    kw_json_init(&json, &out);
    kw_meter_report_bus(&report, &json);
    kw_meter_report_fini(&report);
    kw_reply_json(request, 200, &out);
}

/* --- POST /read */

struct read_body {
    const char *line, *profile;
    int64_t unit, load;
    const char *registers;
};

static const struct kw_setting read_rows[] = {
    {.key = "line",
     .kind = KW_KIND_NAME,
     .flags = KW_REQUIRED,
     .offset = offsetof(struct read_body, line),
     .help = "Name of a line of this gateway."},
    {.key = "unit",
     .kind = KW_KIND_INT,
     .flags = KW_REQUIRED,
     .offset = offsetof(struct read_body, unit),
     .max = 255,
     .help = "Modbus address."},
    {.key = "profile",
     .kind = KW_KIND_NAME,
     .offset = offsetof(struct read_body, profile),
     .help = "Register map to read by."},
    {.key = "registers",
     .kind = KW_KIND_TEXT,
     .offset = offsetof(struct read_body, registers),
     .min = 3,
     .max = 16,
     .help = "Instead of a profile: function, first and last address of "
             "registers that are shown as they are, as 3:3059-3070."},
    {.key = "load",
     .kind = KW_KIND_INT,
     .offset = offsetof(struct read_body, load),
     .preset = "1",
     .min = 1,
     .max = 999,
     .help = "Which load of a meter that measures several."},
    {0},
};

/* A reading under way. */
struct reading {
    struct kw_link link;
    struct kw_meter_once once;
    struct kw_request *request;
};

static void end_reading(struct reading *reading)
{
    reading->request->on_closed = NULL;
    kw_list_remove(&reading->link);
    kw_meter_once_fini(&reading->once);
    kw_free(reading);
}

static void on_client_gone(void *arg)
{
    end_reading(arg);
}

static void on_read(struct kw_meter_once *once)
{
    struct reading *reading = once->arg;
    struct kw_request *request = reading->request;
    struct kw_buf out;

    if (!once->answered) {
        request->on_closed = NULL;
        kw_reply_problem(request, 503, "no_answer",
                         "Unit %u on the line %s does not answer.", once->unit,
                         kw_meter_line_conf(once->line)->name);
    } else {
        kw_buf_init(&out, ANSWER_MAX_BYTES);
        kw_meter_once_format(once, &out);
        request->on_closed = NULL;
        kw_reply_json(request, 200, &out);
    }
    kw_list_remove(&reading->link);
    kw_meter_once_fini(once);
    kw_free(reading);
}

void kw_meter_stop_readings(struct kw_meter *meter,
                            const struct kw_meter_line *line)
{
    KW_LIST_EACH_SAFE (link, after, &meter->readings) {
        struct reading *reading = KW_LIST_ENTRY(link, struct reading, link);
        struct kw_request *request = reading->request;

        if (reading->once.line != line)
            continue;
        end_reading(reading);
        kw_reply_problem(request, 503, "line_closed",
                         "The line was closed while it was read.");
    }
}

/* Starts a reading of a map, or of a range without one; the answer comes
 * later. */
static int begin_reading(struct kw_meter *meter, struct kw_request *request,
                         struct kw_meter_line *line, struct kw_map *map,
                         const struct kw_meter_range *range)
{
    const struct read_body *body = request->body;
    struct reading *reading = kw_alloc(sizeof(*reading));
    int err = KW_ENOMEM;

    if (reading == NULL)
        return err;
    err = map == NULL
              ? kw_meter_once_init_range(&reading->once, (uint8_t)body->unit,
                                         range)
              : kw_meter_once_init(&reading->once, map, (uint8_t)body->unit,
                                   (unsigned)body->load);
    if (err != 0) {
        kw_free(reading);
        return err;
    }
    reading->request = request;
    reading->once.done = on_read;
    reading->once.arg = reading;
    err = kw_meter_once_start(&reading->once, line, meter->core->clock);
    if (err != 0) {
        kw_meter_once_fini(&reading->once);
        kw_free(reading);
        return err;
    }
    kw_list_append(&meter->readings, &reading->link);
    request->on_closed = on_client_gone;
    request->arg = reading;
    return 0;
}

static void read_on(struct kw_meter *meter, struct kw_request *request,
                    struct kw_meter_bus *bus, struct kw_map *map,
                    const struct kw_meter_range *range)
{
    const struct read_body *body = request->body;
    int err;

    if (map != NULL && !kw_meter_map_has_load(map, body->load)) {
        kw_reply_problem(request, 422, "no_such_load", "%s has no load %d.",
                         map->name, (int)body->load);
        return;
    }
    err = begin_reading(meter, request, bus->line, map, range);
    if (err == KW_EIO)
        kw_reply_problem(request, 503, "line_down", "The line %s is down: %s.",
                         bus->conf->name, kw_meter_line_text(bus->line));
    else if (err == KW_EFULL)
        kw_reply_problem(request, 429, "line_busy",
                         "Too many requests wait for the line %s.",
                         bus->conf->name);
    else if (err != 0)
        kw_reply_problem(request, 500, "internal", "%s.", kw_strerror(err));
}

static void read_range(struct kw_meter *meter, struct kw_request *request,
                       struct kw_meter_bus *bus)
{
    const struct read_body *body = request->body;
    struct kw_meter_range range;

    if (kw_meter_range_parse(body->registers, &range))
        read_on(meter, request, bus, NULL, &range);
    else
        kw_reply_problem(request, 422, "bad_registers",
                         "\"%s\" names no registers, expected function 3 or 4 "
                         "and at most 125 addresses as in 3:3059-3070.",
                         body->registers);
}

static void on_map(struct kw_meter *meter, struct kw_request *request,
                   struct kw_meter_library *library, const struct kw_diag *diag)
{
    const struct read_body *body = request->body;
    struct kw_meter_bus *bus = kw_meter_find_bus(meter, body->line);
    struct kw_diag told;
    struct kw_map *map;
    int err;

    kw_diag_init(&told); /* stays empty: the map was asked for before */
    err = kw_meter_library_get(library, body->profile, &map, &told);
    kw_diag_fini(&told);
    if (bus == NULL)
        reply_no_line(request, body->line);
    else if (err == KW_EINVAL)
        kw_reply_diag(request, 422, "bad_profile", diag);
    else if (err != 0)
        kw_reply_problem(request, 404, "no_such_profile",
                         "There is no register map %s: %s.", body->profile,
                         kw_strerror(err));
    else
        read_on(meter, request, bus, map, NULL);
}

static void post_read(void *self, struct kw_request *request)
{
    struct kw_meter *meter = self;
    const struct read_body *body = request->body;
    struct kw_meter_bus *bus = kw_meter_find_bus(meter, body->line);

    if (bus == NULL)
        reply_no_line(request, body->line);
    else if ((body->profile == NULL) == (body->registers == NULL))
        kw_reply_problem(request, 422, "bad_request",
                         "Expected profile or registers, one of them.");
    else if (body->registers != NULL)
        read_range(meter, request, bus);
    else
        kw_meter_fetch(meter, request, body->profile, on_map);
}

const struct kw_route kw_meter_routes[] = {
    {.method = KW_GET,
     .path = "/meters",
     .permission = KW_MAY_SEE,
     .cost = KW_COST_QUERY,
     .help = "Lines and meters with their state and bus figures.",
     .handle = get_meters},
    {.method = KW_GET,
     .path = "/bus",
     .permission = KW_MAY_SEE,
     .cost = KW_COST_QUERY,
     .help = "One line: round trips, errors by meter, the last frames with "
             "their meaning, and where a fault is.",
     .query = bus_rows,
     .query_size = sizeof(struct bus_query),
     .handle = get_bus},
    {.method = KW_POST,
     .path = "/read",
     .permission = KW_MAY_CONFIGURE,
     .help = "Reads a meter once over a line of this gateway, by a register "
             "map or registers as they are.",
     .body = read_rows,
     .body_size = sizeof(struct read_body),
     .handle = post_read},
    {.method = KW_POST,
     .path = "/scan",
     .permission = KW_MAY_CONFIGURE,
     .help = "Begins to look for meters on a line.",
     .body = kw_meter_scan_rows,
     .body_size = sizeof(struct kw_meter_scan_body),
     .handle = kw_meter_post_scan},
    {.method = KW_GET,
     .path = "/scan",
     .permission = KW_MAY_CONFIGURE,
     .help = "The last scan of each line: progress and what was found.",
     .handle = kw_meter_get_scans},
    {.method = KW_DELETE,
     .path = "/scan",
     .permission = KW_MAY_CONFIGURE,
     .help = "Ends the scan of a line; what was found stays.",
     .query = kw_meter_scan_query_rows,
     .query_size = sizeof(struct kw_meter_scan_query),
     .handle = kw_meter_delete_scan},
    {0},
};
