/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /meters: lines and meters with how they do. POST /read: one meter, read
 * once over a line of this gateway. A reading waits for its answers; if the
 * client goes first, or the line is closed, it ends without them.
 */
#include "meter/rows.h"

#include "base/json.h"
#include "base/mem.h"
#include "core/core.h"
#include "core/point.h"
#include "meter/bus.h"
#include "meter/once.h"
#include "meter/settings.h"

#include <math.h>

enum { ANSWER_MAX_BYTES = 64 << 20 };

static const char *line_kind(const struct kw_meter_line_conf *conf)
{
    if (conf->serial != NULL)
        return "serial";
    return conf->tcp != NULL ? "tcp" : "rtu_tcp";
}

static void put_line(struct kw_json *json, const struct kw_meter_bus *bus)
{
    static const char *const states[] = {
        [KW_METER_LINE_CONNECTING] = "connecting",
        [KW_METER_LINE_UP] = "up",
        [KW_METER_LINE_DOWN] = "down",
    };
    char address[320];

    kw_meter_line_address(bus->conf, address, sizeof(address));
    kw_json_object(json, NULL);
    kw_json_text(json, "name", bus->conf->name);
    kw_json_text(json, "kind", line_kind(bus->conf));
    kw_json_text(json, "address", address);
    kw_json_text(json, "state", states[kw_meter_line_state(bus->line)]);
    kw_json_text(json, "text", kw_meter_line_text(bus->line));
    kw_json_real(json, "utilisation",
                 round(kw_meter_line_usage(bus->line) * 1000) / 1000);
    kw_json_uint(json, "meters", bus->count);
    kw_json_end_object(json);
}

static void put_bus_figures(struct kw_json *json,
                            const struct kw_meter_stats *stats)
{
    kw_json_object(json, "bus");
    kw_json_uint(json, "polls", stats->polls);
    kw_json_uint(json, "good", stats->good);
    kw_json_uint(json, "requests", stats->requests);
    kw_json_uint(json, "timeouts", stats->timeouts);
    kw_json_uint(json, "crc", stats->crc);
    kw_json_uint(json, "foreign", stats->foreign);
    kw_json_uint(json, "exceptions", stats->exceptions);
    kw_json_object(json, "rtt_us");
    kw_json_uint(json, "last", stats->rtt_last_us);
    kw_json_uint(json, "mean", kw_meter_stats_mean_us(stats));
    kw_json_uint(json, "max", stats->rtt_max_us);
    kw_json_end_object(json);
    if (stats->last_good_ms > 0)
        kw_json_int(json, "last_good", stats->last_good_ms);
    else
        kw_json_null(json, "last_good");
    kw_json_end_object(json);
}

static void put_labels(struct kw_json *json, const struct kw_pairs *labels)
{
    kw_json_object(json, "labels");
    for (size_t i = 0; i < labels->count; i++)
        kw_json_text(json, labels->items[i].key, labels->items[i].value);
    kw_json_end_object(json);
}

static void put_every(struct kw_json *json, const struct kw_meter_every *every)
{
    int64_t period_ms[3];

    kw_meter_periods(every, period_ms);
    kw_json_object(json, "every_ms");
    kw_json_int(json, "fast", period_ms[0]);
    kw_json_int(json, "normal", period_ms[1]);
    kw_json_int(json, "slow", period_ms[2]);
    kw_json_end_object(json);
}

static void put_points(struct kw_json *json,
                       const struct kw_meter_device *device)
{
    kw_json_object(json, "attributes");
    for (size_t i = 0; i < device->map->count; i++) {
        const struct kw_meter_point *point = &device->points[i];

        if (point->text != NULL && point->text[0] != 0)
            kw_json_text(json, point->map->quantity->name, point->text);
    }
    kw_json_end_object(json);
    kw_json_array(json, "points");
    for (size_t i = 0; i < device->map->count; i++) {
        if (device->points[i].text == NULL)
            kw_json_uint(json, NULL, device->points[i].id);
    }
    kw_json_end_array(json);
}

static void put_meter(struct kw_json *json,
                      const struct kw_meter_device *device)
{
    static const char *const states[] = {
        [KW_METER_DEVICE_WAITING] = "waiting",
        [KW_METER_DEVICE_OK] = "ok",
        [KW_METER_DEVICE_FAILING] = "failing",
    };
    const struct kw_meter_entry *entry = device->entry;
    char text[160];

    kw_meter_device_text(device, text, sizeof(text));
    kw_json_object(json, NULL);
    kw_json_text(json, "uid", device->source->uid);
    kw_json_text(json, "name", device->source->name);
    kw_json_text(json, "line", entry->line);
    kw_json_int(json, "unit", entry->unit);
    kw_json_int(json, "load", entry->load);
    kw_json_text(json, "profile", entry->profile);
    kw_json_text(json, "title", device->map->title);
    put_labels(json, &entry->labels);
    kw_json_text(json, "state", states[device->state]);
    kw_json_text(json, "text", text);
    kw_json_int(json, "since", device->since_ms);
    put_every(json, &entry->every);
    put_bus_figures(json, &device->stats);
    put_points(json, device);
    kw_json_end_object(json);
}

static void get_meters(void *self, struct kw_request *request)
{
    const struct kw_meter *meter = self;
    struct kw_json json;
    struct kw_buf out;

    kw_buf_init(&out, ANSWER_MAX_BYTES);
    kw_json_init(&json, &out);
    kw_json_object(&json, NULL);
    kw_json_array(&json, "lines");
    KW_LIST_EACH (link, &meter->buses) {
        put_line(&json, KW_LIST_ENTRY(link, struct kw_meter_bus, link));
    }
    kw_json_end_array(&json);
    kw_json_array(&json, "meters");
    KW_LIST_EACH (bus_link, &meter->buses) {
        const struct kw_meter_bus *bus =
            KW_LIST_ENTRY(bus_link, struct kw_meter_bus, link);

        KW_LIST_EACH (link, &bus->devices) {
            put_meter(&json, KW_LIST_ENTRY(link, struct kw_meter_device, link));
        }
    }
    kw_json_end_array(&json);
    kw_json_end_object(&json);
    kw_reply_json(request, 200, &out);
}

/* --- POST /read */

struct read_body {
    const char *line, *profile;
    int64_t unit, load;
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
     .flags = KW_REQUIRED,
     .offset = offsetof(struct read_body, profile),
     .help = "Register map to read by."},
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

/* Starts a reading of a map; the answer comes later. */
static int begin_reading(struct kw_meter *meter, struct kw_request *request,
                         struct kw_meter_line *line, struct kw_map *map)
{
    const struct read_body *body = request->body;
    struct reading *reading = kw_alloc(sizeof(*reading));
    int err = KW_ENOMEM;

    if (reading == NULL)
        return err;
    err = kw_meter_once_init(&reading->once, map, (uint8_t)body->unit,
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
                    struct kw_meter_bus *bus, struct kw_map *map)
{
    const struct read_body *body = request->body;
    int err;

    if (!kw_meter_map_has_load(map, body->load)) {
        kw_reply_problem(request, 422, "no_such_load", "%s has no load %d.",
                         map->name, (int)body->load);
        return;
    }
    err = begin_reading(meter, request, bus->line, map);
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

static void post_read(void *self, struct kw_request *request)
{
    struct kw_meter *meter = self;
    const struct read_body *body = request->body;
    struct kw_meter_bus *bus = kw_meter_find_bus(meter, body->line);
    struct kw_meter_library library;
    struct kw_map *map;
    struct kw_diag diag;
    int err;

    if (bus == NULL) {
        kw_reply_problem(request, 404, "no_such_line", "There is no line %s.",
                         body->line);
        return;
    }
    kw_diag_init(&diag);
    kw_meter_library_init(&library, &meter->core->env);
    err = kw_meter_library_get(&library, body->profile, &map, &diag);
    if (err == KW_EINVAL)
        kw_reply_diag(request, 422, "bad_profile", &diag);
    else if (err != 0)
        kw_reply_problem(request, 404, "no_such_profile",
                         "There is no register map %s: %s.", body->profile,
                         kw_strerror(err));
    else
        read_on(meter, request, bus, map);
    kw_meter_library_fini(&library);
    kw_diag_fini(&diag);
}

const struct kw_route kw_meter_routes[] = {
    {.method = KW_GET,
     .path = "/meters",
     .permission = KW_MAY_SEE,
     .help = "Lines and meters with their state and bus figures.",
     .handle = get_meters},
    {.method = KW_POST,
     .path = "/read",
     .permission = KW_MAY_CONFIGURE,
     .help = "Reads a meter once by a register map over a line of this "
             "gateway.",
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
