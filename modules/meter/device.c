/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/device.h"

#include "base/mem.h"
#include "core/core.h"
#include "core/point.h"
#include "meter/binding.h"
#include "meter/counters.h"
#include "meter/decode.h"
#include "meter/refused.h"
#include "meter/settings.h"

#include <stdio.h>
#include <string.h>

static const uint64_t ns_per_ms = 1000000;

void kw_meter_device_free(struct kw_meter_device *device)
{
    if (device == NULL)
        return;
    kw_meter_line_remove(&device->job);
    kw_meter_compute_fini(&device->compute);
    kw_free(device->computed);
    if (device->map != NULL)
        kw_meter_map_drop(device->map);
    kw_free(device->plan.order);
    kw_free(device->plan.requests);
    kw_free(device->request);
    kw_free(device->points);
    kw_free(device->samples);
    kw_free(device->sampled);
    kw_free(device->counters);
    kw_free(device->texts);
    kw_meter_image_fini(&device->image);
    kw_free(device);
}

static size_t count_attributes(const struct kw_map *map)
{
    size_t count = 0;

    for (size_t i = 0; i < map->count; i++)
        count += map->points[i].read_class == KW_MAP_ONCE;
    return count;
}

/* The most each array can need; the plan shows how much of it is used. */
static int make_arrays(struct kw_meter_device *device)
{
    size_t count = device->map->count;
    size_t attributes = count_attributes(device->map);

    device->plan.order = kw_alloc_array(count, sizeof(uint16_t));
    device->plan.requests =
        kw_alloc_array(count, sizeof(struct kw_plan_request));
    device->points = kw_alloc_array(count, sizeof(struct kw_meter_point));
    device->samples =
        kw_alloc_array(count - attributes, sizeof(struct kw_sample));
    device->sampled = kw_alloc_array(count - attributes, sizeof(uint16_t));
    device->texts = kw_alloc_array(attributes, KW_METER_TEXT_SIZE);
    device->computed = kw_alloc_array(device->map->computed, sizeof(uint16_t));
    if (device->plan.order == NULL || device->plan.requests == NULL ||
        device->points == NULL || device->samples == NULL ||
        device->sampled == NULL || device->texts == NULL ||
        device->computed == NULL)
        return KW_ENOMEM;
    return kw_meter_compute_init(&device->compute, device->map);
}

/* Plans the requests and gives back what the arrays have too much. */
static int plan_requests(struct kw_meter_device *device)
{
    int64_t period_ms[KW_MAP_ONCE];
    uint8_t merged[KW_MAP_CLASSES];
    struct kw_plan_request *requests;

    kw_meter_periods(&device->entry->every, period_ms);
    for (int i = 0; i < KW_MAP_ONCE; i++) {
        device->period_ns[i] = (uint64_t)period_ms[i] * ns_per_ms;
        device->due_ns[i] = UINT64_MAX;
    }
    kw_meter_plan_merge(period_ms, merged);
    kw_meter_plan(device->map, (unsigned)device->entry->load, merged,
                  &device->plan);
    requests = kw_realloc(device->plan.requests,
                          device->plan.count * sizeof(*requests));
    if (requests == NULL)
        return KW_ENOMEM;
    device->plan.requests = requests;
    device->request = kw_alloc_array(device->plan.count,
                                     sizeof(struct kw_meter_request_state));
    if (device->request == NULL)
        return KW_ENOMEM;
    for (size_t i = 0; i < device->plan.count; i++)
        device->request[i].block = (uint16_t)i;
    return kw_meter_image_init(&device->image, &device->plan,
                               device->period_ns);
}

static int define_point(struct kw_meter_device *device,
                        struct kw_meter_point *point)
{
    const struct kw_map_point *map = point->map;
    const struct kw_point *defined;
    struct kw_point_form form;
    int err;

    kw_meter_binding_form(map, device->core->env.quantities, device->entry,
                          &form);
    form.period_ms = (int64_t)(device->period_ns[map->read_class] / ns_per_ms);
    err =
        kw_points_define(device->core->points, device->source, &form, &defined);
    if (err != 0)
        return err;
    point->id = defined->id;
    point->scale = kw_scale_make(kw_meter_binding_scale(map, device->entry));
    point->bounds = kw_meter_binding_bounds(map, device->entry);
    point->encoding = kw_meter_decode_encoding(map);
    point->quality = KW_METER_UNPUBLISHED;
    return 0;
}

/* A point that comes with a request: a text, or a value with its number. */
static int bind_read(struct kw_meter_device *device, size_t index,
                     const struct kw_plan_request *request, char **text)
{
    struct kw_meter_point *point = &device->points[index];
    uint32_t shift =
        ((uint32_t)device->entry->load - 1) * device->map->load_stride;

    point->map = &device->map->points[device->plan.order[index]];
    point->offset = (uint16_t)(point->map->address + shift - request->address);
    if (point->map->read_class != KW_MAP_ONCE)
        return define_point(device, point);
    point->text = *text;
    *text += KW_METER_TEXT_SIZE;
    return 0;
}

/* Those without registers, behind those that are read. */
static int bind_computed(struct kw_meter_device *device)
{
    struct kw_meter_point *point = &device->points[device->plan.points];
    int err = 0;

    for (size_t i = 0; i < device->map->count && err == 0; i++) {
        if (kw_map_point_is_read(&device->map->points[i]))
            continue;
        point->map = &device->map->points[i];
        err = define_point(device, point++);
    }
    return err;
}

/* Where in device->points each computed value goes. */
static void index_computed(struct kw_meter_device *device)
{
    const struct kw_map *map = device->map;

    for (size_t i = 0; i < map->computed; i++) {
        uint16_t at = 0;

        while (device->points[at].map != &map->points[device->compute.order[i]])
            at++;
        device->computed[i] = at;
    }
}

/* Binds the points in the order in which the requests bring them. */
static int bind_points(struct kw_meter_device *device)
{
    char *text = device->texts;
    int err = 0;

    for (size_t i = 0; i < device->plan.count && err == 0; i++) {
        const struct kw_plan_request *request = &device->plan.requests[i];
        size_t end = (size_t)request->first + request->points;

        for (size_t j = request->first; j < end && err == 0; j++)
            err = bind_read(device, j, request, &text);
    }
    if (err == 0)
        err = bind_computed(device);
    if (err == 0)
        index_computed(device);
    return err;
}

/*
 * Each class has its own grid of times. The fast one is shifted by the
 * meter's phase; the others lie on the fast grid, so that they fall together
 * into one poll, but not all meters at the same time.
 */
static void lay_grids(struct kw_meter_device *device, uint32_t sequence)
{
    uint64_t now_ns = kw_clock_mono_ns(device->core->clock);
    uint64_t fast_ns = device->period_ns[KW_MAP_FAST];
    uint64_t phase_ns = kw_meter_phase_ns(sequence, fast_ns);

    for (int i = 0; i < KW_MAP_ONCE; i++) {
        uint64_t later_ns = kw_meter_phase_ns(sequence, device->period_ns[i]);

        device->grid_ns[i] = kw_meter_grid_start(now_ns + phase_ns) +
                             (i > 0 ? later_ns / fast_ns * fast_ns : 0);
    }
    /* The first poll is at once and brings everything. */
    for (size_t i = 0; i < device->plan.count; i++) {
        uint8_t read_class = device->plan.requests[i].read_class;

        if (read_class == KW_MAP_ONCE)
            device->attributes_due = true;
        else
            device->due_ns[read_class] = now_ns;
    }
}

int kw_meter_device_new(struct kw_meter_device **out, struct kw_core *core,
                        const struct kw_meter_device_options *options)
{
    struct kw_meter_device *device = kw_alloc(sizeof(*device));
    int err;

    if (device == NULL)
        return KW_ENOMEM;
    device->job.ops = &kw_meter_poll_ops;
    device->core = core;
    device->owner = options->owner;
    device->entry = options->entry;
    device->retries = options->retries;
    device->map = options->map;
    kw_meter_map_hold(device->map);
    kw_list_init(&device->link);
    device->since_ms = kw_clock_wall_ms(core->clock);
    err = make_arrays(device);
    if (err == 0)
        err = plan_requests(device);
    if (err == 0)
        err = kw_points_source(core->points, 'm', options->entry->name,
                               options->entry->uid, &device->source);
    if (err == 0)
        err = bind_points(device);
    if (err == 0)
        err = kw_meter_counters_make(device);
    if (err != 0) {
        kw_meter_device_free(device);
        return err;
    }
    kw_free(device->plan.order); /* the points stand in it now */
    device->plan.order = NULL;
    lay_grids(device, options->sequence);
    *out = device;
    return 0;
}

unsigned kw_meter_device_refused_points(const struct kw_meter_device *device)
{
    unsigned points = 0;

    for (size_t i = 0; i < device->plan.count; i++) {
        if (device->request[i].left_out == KW_QUALITY_BAD_EXCEPTION)
            points += device->plan.requests[i].points;
    }
    return points;
}

bool kw_meter_device_is_absent(const struct kw_meter_device *device)
{
    return device->failures > 0 && device->stats.rtt_count == 0 &&
           device->worst == KW_QUALITY_BAD_TIMEOUT &&
           kw_meter_line_probe_ms(device->job.line, 0) > 0;
}

void kw_meter_device_claim(struct kw_meter_device *device)
{
    bool asks = device->state != KW_METER_DEVICE_FAILING &&
                !kw_meter_device_is_absent(device);
    double requests = 0, bytes = 0;

    for (size_t i = 0; asks && i < device->plan.count; i++) {
        const struct kw_plan_request *request = &device->plan.requests[i];
        struct kw_meter_ask ask = {.function = request->function,
                                   .count = request->count};
        double rate;

        if (request->read_class == KW_MAP_ONCE ||
            device->request[i].left_out != KW_QUALITY_GOOD)
            continue;
        rate = 1e9 / (double)device->period_ns[request->read_class];
        requests += rate;
        /* with CRC: 8 bytes ask, 5 stand around the answer */
        bytes += rate * (double)(kw_meter_ask_data_bytes(&ask) + 13);
    }
    kw_meter_line_claim(&device->job, requests, bytes);
}

/* True when an answer is overdue: three of the periods in which the line can
 * ask have passed without a good poll. */
static bool is_overdue(const struct kw_meter_device *device)
{
    uint64_t now_ns = kw_clock_mono_ns(device->core->clock);
    uint64_t period_ns = UINT64_MAX;

    for (int i = KW_MAP_ONCE; i-- > 0;) {
        if (device->due_ns[i] != UINT64_MAX)
            period_ns = device->period_ns[i];
    }
    return period_ns != UINT64_MAX &&
           (double)(now_ns - device->heard_ns) >
               (double)(KW_METER_FRESH_PERIODS * period_ns) *
                   kw_meter_line_stretch(device->job.line);
}

void kw_meter_device_text(const struct kw_meter_device *device, char *text,
                          size_t size)
{
    char since[KW_TIME_TEXT_SIZE];

    text[0] = 0;
    if (device->state == KW_METER_DEVICE_WAITING) {
        snprintf(text, size, "no answer yet");
        return;
    }
    if (device->state == KW_METER_DEVICE_OK) {
        kw_time_format(device->stats.last_good_ms, since);
        if (is_overdue(device))
            snprintf(text, size, "no values since %s", since);
        return;
    }
    kw_time_format(device->since_ms, since);
    switch (device->shown_quality) {
    case KW_QUALITY_BAD_CRC:
        snprintf(text, size, "garbled answers since %s", since);
        break;
    case KW_QUALITY_BAD_LINE:
        snprintf(text, size, "the line breaks when it is asked, since %s",
                 since);
        break;
    case KW_QUALITY_BAD_FOREIGN:
        snprintf(text, size, "several answers to one request since %s", since);
        break;
    case KW_QUALITY_BAD_EXCEPTION:
        snprintf(text, size, "answers with exception %u (%s) since %s",
                 device->shown_exception,
                 kw_meter_exception_text(device->shown_exception), since);
        break;
    default:
        snprintf(text, size, "no answer since %s", since);
        break;
    }
}
