/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/report.h"

#include "base/mem.h"
#include "core/core.h"
#include "core/point.h"
#include "core/quantity.h"
#include "meter/explain.h"
#include "meter/refused.h"
#include "meter/settings.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const uint64_t us_per_ms = 1000;

/* The list is walked, and none of it changed. */
#define DEVICE_AT(at)                                                          \
    ((const struct kw_meter_device *)KW_LIST_ENTRY(at, struct kw_meter_device, \
                                                   link))

int kw_meter_report_init(struct kw_meter_report *report,
                         const struct kw_meter_bus *bus)
{
    struct kw_meter_recent recent = bus->recent;
    size_t count = 0;

    *report = (struct kw_meter_report){.bus = bus};
    report->cases = kw_alloc_array(bus->count, sizeof(*report->cases));
    if (report->cases == NULL)
        return KW_ENOMEM;
    KW_LIST_EACH (link, &bus->devices) {
        const struct kw_meter_device *device = DEVICE_AT(link);
        struct kw_meter_case *at = &report->cases[count++];

        kw_meter_recent_sum(&device->recent, &at->counts);
        at->unit = (uint8_t)device->entry->unit;
        at->exception = device->last_exception;
        at->refused = kw_meter_device_refused_points(device);
        (void)kw_meter_refused_gap(device, &at->gap);
    }
    report->line = (struct kw_meter_line_case){
        .serial = bus->conf->serial != NULL,
        .down = !kw_meter_line_is_open(bus->line),
        .timeout_us = (uint32_t)(bus->conf->timeout_ms * (int64_t)us_per_ms),
        .meters = report->cases,
        .count = count,
    };
    kw_meter_recent_turn(&recent, 0, kw_clock_mono_ns(bus->meter->core->clock));
    kw_meter_recent_sum(&recent, &report->line.counts);
    report->line.demand = kw_meter_line_demand(bus->line);
    report->line.stretch = kw_meter_line_stretch(bus->line);
    kw_meter_survey(&report->line, &report->survey);
    return 0;
}

void kw_meter_report_fini(struct kw_meter_report *report)
{
    kw_free(report->cases);
    report->cases = NULL;
}

static double rounded(double value)
{
    return round(value * 1000) / 1000;
}

static void put_verdict(struct kw_json *json,
                        const struct kw_meter_verdict *verdict)
{
    char text[KW_METER_VERDICT_SIZE];

    kw_meter_verdict_text(verdict, text);
    kw_json_text(json, "verdict", text);
    kw_json_text(json, "verdict_key", kw_meter_verdict_key(verdict));
    kw_json_object(json, "verdict_values");
    kw_json_uint(json, "unit", verdict->unit);
    kw_json_real(json, "share", rounded(verdict->share));
    kw_json_uint(json, "count", verdict->count);
    kw_json_uint(json, "of", verdict->of);
    kw_json_uint(json, "exception", verdict->exception);
    kw_json_uint(json, "function", verdict->gap.function);
    kw_json_uint(json, "first", verdict->gap.first);
    kw_json_uint(json, "last", verdict->gap.last);
    kw_json_real(json, "mean", verdict->mean_us / 1000);
    kw_json_real(json, "timeout", verdict->timeout_us / 1000);
    kw_json_real(json, "demand", rounded(verdict->demand));
    kw_json_end_object(json);
}

static const char *line_kind(const struct kw_meter_line_conf *conf)
{
    if (conf->serial != NULL)
        return "serial";
    return conf->tcp != NULL ? "tcp" : "rtu_tcp";
}

/* What GET /meters and GET /bus have of a line. */
static void put_line(const struct kw_meter_report *report, struct kw_json *json)
{
    const struct kw_meter_bus *bus = report->bus;
    struct kw_meter_verdict verdict = kw_meter_verdict_line(&report->survey);
    static const char *const states[] = {
        [KW_METER_LINE_CONNECTING] = "connecting",
        [KW_METER_LINE_UP] = "up",
        [KW_METER_LINE_DOWN] = "down",
    };
    char address[320];

    kw_meter_line_address(bus->conf, address, sizeof(address));
    kw_json_text(json, "name", bus->conf->name);
    kw_json_text(json, "kind", line_kind(bus->conf));
    kw_json_text(json, "address", address);
    kw_json_text(json, "state", states[kw_meter_line_state(bus->line)]);
    kw_json_text(json, "text", kw_meter_line_text(bus->line));
    kw_json_real(json, "utilisation", rounded(kw_meter_line_usage(bus->line)));
    kw_json_real(json, "demand", rounded(report->line.demand));
    kw_json_real(json, "stretch", rounded(report->line.stretch));
    kw_json_uint(json, "foreign", kw_meter_line_foreign(bus->line));
    put_verdict(json, &verdict);
    kw_json_uint(json, "meters", bus->count);
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
                      const struct kw_meter_device *device,
                      const struct kw_meter_verdict *verdict)
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
    if (device->achieved_ns > 0)
        kw_json_uint(json, "achieved_ms", device->achieved_ns / 1000000);
    else
        kw_json_null(json, "achieved_ms");
    put_verdict(json, verdict);
    put_bus_figures(json, &device->stats);
    put_points(json, device);
    kw_json_end_object(json);
}

void kw_meter_report_line(const struct kw_meter_report *report,
                          struct kw_json *json)
{
    kw_json_object(json, NULL);
    put_line(report, json);
    kw_json_end_object(json);
}

void kw_meter_report_meters(const struct kw_meter_report *report,
                            struct kw_json *json)
{
    size_t at = 0;

    KW_LIST_EACH (link, &report->bus->devices) {
        struct kw_meter_verdict verdict =
            kw_meter_verdict_meter(&report->survey, at++);

        put_meter(json, DEVICE_AT(link), &verdict);
    }
}

/* --- GET /bus */

static void put_histogram(struct kw_json *json,
                          const struct kw_meter_stats *stats)
{
    kw_json_object(json, "rtt_ms");
    kw_json_array(json, "bounds");
    for (unsigned i = 0; i < KW_METER_RTT_BOUNDS; i++)
        kw_json_real(json, NULL, kw_meter_rtt_bounds_us[i] / 1000.0);
    kw_json_end_array(json);
    kw_json_array(json, "counts");
    for (unsigned i = 0; i <= KW_METER_RTT_BOUNDS; i++)
        kw_json_uint(json, NULL, stats->rtt[i]);
    kw_json_end_array(json);
    kw_json_end_object(json);
}

/* What the meter refuses or, with exception 0, gives no usable answer to. */
static void put_narrowed(struct kw_json *json,
                         const struct kw_meter_device *device)
{
    kw_json_array(json, "narrowed");
    for (size_t i = 0; i < device->plan.count; i++) {
        const struct kw_plan_request *request = &device->plan.requests[i];

        if (device->request[i].left_out == KW_QUALITY_GOOD)
            continue;
        kw_json_object(json, NULL);
        kw_json_uint(json, "function", request->function);
        kw_json_uint(json, "first", request->address);
        kw_json_uint(json, "last", request->address + request->count - 1U);
        kw_json_uint(json, "exception", device->request[i].exception);
        kw_json_end_object(json);
    }
    kw_json_end_array(json);
}

static void put_bus_meter(struct kw_json *json,
                          const struct kw_meter_device *device,
                          const struct kw_meter_verdict *verdict)
{
    const struct kw_meter_stats *stats = &device->stats;

    kw_json_object(json, NULL);
    kw_json_text(json, "name", device->source->name);
    kw_json_int(json, "unit", device->entry->unit);
    kw_json_uint(json, "requests", stats->requests);
    kw_json_uint(json, "timeouts", stats->timeouts);
    kw_json_uint(json, "crc", stats->crc);
    kw_json_uint(json, "foreign", stats->foreign);
    kw_json_uint(json, "late", stats->late);
    kw_json_uint(json, "exceptions", stats->exceptions);
    kw_json_uint(json, "implausible", stats->implausible);
    put_histogram(json, stats);
    put_verdict(json, verdict);
    put_narrowed(json, device);
    kw_json_end_object(json);
}

static void put_hex(struct kw_json *json, const unsigned char *bytes,
                    size_t length)
{
    static const char digits[] = "0123456789ABCDEF";
    char text[3 * KW_METER_TRACE_FRAME + 1], *at = text;

    for (size_t i = 0; i < length; i++) {
        if (i > 0)
            *at++ = ' ';
        *at++ = digits[bytes[i] >> 4];
        *at++ = digits[bytes[i] & 0x0F];
    }
    *at = 0;
    kw_json_text(json, "hex", text);
}

static void put_frame(struct kw_json *json, const struct kw_meter_bus *bus,
                      uint32_t number)
{
    const struct kw_clock *clock = bus->meter->core->clock;
    unsigned char bytes[KW_METER_TRACE_FRAME];
    char text[KW_METER_MEANING_SIZE];
    const struct kw_meter_traced *frame;
    size_t length = kw_meter_trace_get(kw_meter_line_trace(bus->line), number,
                                       &frame, bytes);
    bool rtu = kw_meter_line_is_rtu(bus->line);
    int64_t ago_ms =
        (int64_t)((kw_clock_mono_ns(clock) - frame->time_ns) / 1000000);

    kw_meter_explain(frame, rtu, bytes, length, text);
    kw_json_object(json, NULL);
    kw_json_int(json, "time", kw_clock_wall_ms(clock) - ago_ms);
    kw_json_text(json, "direction", frame->out ? "out" : "in");
    kw_json_uint(json, "unit", kw_meter_frame_unit(rtu, bytes, length));
    put_hex(json, bytes, length);
    kw_json_uint(json, "length", frame->length);
    kw_json_text(json, "meaning", text);
    snprintf(text, sizeof(text),
             frame->as == KW_METER_TRACED_EXCEPTION ? "%s %u" : "%s",
             kw_meter_traced_name((enum kw_meter_traced_as)frame->as),
             (unsigned)frame->exception);
    kw_json_text(json, "outcome", text);
    if (frame->rtt_us > 0)
        kw_json_uint(json, "rtt_us", frame->rtt_us);
    else
        kw_json_null(json, "rtt_us");
    kw_json_end_object(json);
}

void kw_meter_report_bus(const struct kw_meter_report *report,
                         struct kw_json *json)
{
    const struct kw_meter_trace *trace = kw_meter_line_trace(report->bus->line);
    struct kw_meter_stats sum = {.polls = 0};
    size_t at = 0;

    kw_json_object(json, NULL);
    kw_json_object(json, "line");
    put_line(report, json);
    KW_LIST_EACH (link, &report->bus->devices) {
        kw_meter_stats_add(&sum, &DEVICE_AT(link)->stats);
    }
    put_histogram(json, &sum);
    kw_json_end_object(json);
    kw_json_array(json, "meters");
    KW_LIST_EACH (link, &report->bus->devices) {
        struct kw_meter_verdict verdict =
            kw_meter_verdict_meter(&report->survey, at++);

        put_bus_meter(json, DEVICE_AT(link), &verdict);
    }
    kw_json_end_array(json);
    kw_json_array(json, "frames");
    for (uint32_t i = kw_meter_trace_first(trace); i != trace->count; i++)
        put_frame(json, report->bus, i);
    kw_json_end_array(json);
    kw_json_end_object(json);
}
