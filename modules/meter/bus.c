/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bus lives from the start of the module, or the change of configuration
 * that brought it, to the one that takes it away. Closing: its meters go at
 * once, their points are retired, the line closes its port or connection, and
 * the memory goes when that has happened.
 */
#include "meter/bus.h"

#include "base/mem.h"
#include "core/core.h"
#include "core/hub.h"
#include "core/point.h"
#include "core/quantity.h"
#include "meter/copy.h"
#include "meter/meter.h"
#include "meter/request.h"
#include "meter/rows.h"

#include <stdio.h>
#include <string.h>

enum { COPIES_MAX_BYTES = 64 << 20 };

const struct kw_event_kind kw_meter_events[] = {
    [KW_METER_EVENT_LINE_DOWN] = {"line_down", KW_SEVERITY_ALARM, true, false,
                                  "A line's port or connection is down."},
    [KW_METER_EVENT_FAILING] = {"meter_failing", KW_SEVERITY_WARNING, true,
                                false, "A meter does not answer."},
    [KW_METER_EVENT_OVERLOADED] = {"line_overloaded", KW_SEVERITY_WARNING, true,
                                   false,
                                   "A line is asked for more than it has "
                                   "time for."},
    [KW_METER_EVENT_SCAN] = {"scan", KW_SEVERITY_INFO, false, false,
                             "How the scan of a line goes."},
    [KW_METER_EVENT_COUNTER] = {"counter_jump", KW_SEVERITY_WARNING, false,
                                false,
                                "A counter goes on from another value: the "
                                "meter was replaced or set."},
    {0},
};

static void publish_event(const struct kw_meter *meter,
                          enum kw_meter_event which, bool on,
                          const char *subject, const char *text)
{
    struct kw_event event = {
        .kind = &kw_meter_events[which],
        .time_ms = kw_clock_wall_ms(meter->core->clock),
        .on = on,
        .subject = subject,
        .text = text,
        .actor = "",
    };

    kw_log_write(meter->core->log, on ? KW_LOG_WARN : KW_LOG_NOTICE, "meter",
                 "%s: %s", subject, text);
    kw_hub_publish_event(meter->core->hub, &event);
}

static void on_line_state(void *arg, enum kw_meter_line_state state)
{
    struct kw_meter_bus *bus = arg;
    bool down = state == KW_METER_LINE_DOWN;

    if (down == bus->was_down || state == KW_METER_LINE_CONNECTING)
        return;
    bus->was_down = down;
    publish_event(bus->meter, KW_METER_EVENT_LINE_DOWN, down, bus->conf->name,
                  down ? kw_meter_line_text(bus->line) : "the line is up");
}

static void on_line_overload(void *arg, bool on)
{
    const struct kw_meter_bus *bus = arg;
    char text[160] = "no longer asked for too much";

    if (on)
        snprintf(text, sizeof(text),
                 "asked for %.2f times what it has time for: all periods are "
                 "that much longer",
                 kw_meter_line_demand(bus->line));
    publish_event(bus->meter, KW_METER_EVENT_OVERLOADED, on, bus->conf->name,
                  text);
}

static void on_device_state(void *arg, struct kw_meter_device *device,
                            enum kw_meter_device_state old)
{
    const struct kw_meter_bus *bus = arg;
    bool failing = device->state == KW_METER_DEVICE_FAILING;
    char text[160];

    if (!failing && old != KW_METER_DEVICE_FAILING)
        return; /* the first answer of all */
    kw_meter_device_text(device, text, sizeof(text));
    publish_event(bus->meter, KW_METER_EVENT_FAILING, failing,
                  device->source->name, failing ? text : "it answers again");
}

static void on_counter(void *arg, struct kw_meter_device *device,
                       const struct kw_meter_point *point, double before,
                       double after)
{
    const struct kw_meter_bus *bus = arg;
    const struct kw_quantity *quantity = point->map->quantity;
    char text[200];

    snprintf(text, sizeof(text), "%s went from %.15g to %.15g %s and stays",
             quantity->name, before, after, quantity->unit);
    publish_event(bus->meter, KW_METER_EVENT_COUNTER, true,
                  device->source->name, text);
}

static struct kw_meter_device *device_of_unit(const struct kw_meter_bus *bus,
                                              int unit)
{
    KW_LIST_EACH (link, &bus->devices) {
        struct kw_meter_device *device =
            KW_LIST_ENTRY(link, struct kw_meter_device, link);

        if (device->entry->unit == unit)
            return device;
    }
    return NULL;
}

/* A frame that should not be there goes to the account of the meter that sent
 * it, or was asked, or else of the line. */
static void on_seen(void *arg, const struct kw_meter_seen *seen)
{
    struct kw_meter_bus *bus = arg;
    struct kw_meter_device *from = device_of_unit(bus, seen->unit);
    struct kw_meter_device *asked = device_of_unit(bus, seen->asked);
    struct kw_meter_counts *line = &bus->recent.now;

    kw_meter_recent_turn(&bus->recent, 0,
                         kw_clock_mono_ns(bus->meter->core->clock));
    if (seen->as == KW_METER_TRACED_LATE && from != NULL) {
        from->recent.now.late++;
        from->stats.late++;
    } else if (seen->as == KW_METER_TRACED_TWICE && from != NULL) {
        from->recent.now.twice++;
    } else if (seen->request) {
        line->masters++;
    } else if (seen->as == KW_METER_TRACED_FOREIGN && asked != NULL) {
        asked->recent.now.foreign++;
    } else if (seen->as == KW_METER_TRACED_ECHO) {
        line->echoes++;
    } else if (seen->as == KW_METER_TRACED_NOISE) {
        line->noise++;
    } else if (seen->as != KW_METER_TRACED_GARBLED) {
        line->foreign++;
    }
}

struct kw_meter_copies *kw_meter_copies_new(void)
{
    struct kw_meter_copies *copies = kw_alloc(sizeof(*copies));

    if (copies == NULL)
        return NULL;
    copies->uses = 1;
    kw_arena_init(&copies->arena, COPIES_MAX_BYTES);
    return copies;
}

void kw_meter_copies_drop(struct kw_meter_copies *copies)
{
    if (--copies->uses > 0)
        return;
    kw_arena_fini(&copies->arena);
    kw_free(copies);
}

static void free_bus(struct kw_meter_bus *bus)
{
    kw_meter_copies_drop(bus->copies);
    kw_free(bus);
}

static void on_line_gone(void *arg)
{
    struct kw_meter_bus *bus = arg;
    struct kw_meter *meter = bus->meter;

    free_bus(bus);
    kw_life_drop(&meter->life);
}

void kw_meter_total(const struct kw_meter *meter, struct kw_meter_stats *total)
{
    *total = meter->past;
    KW_LIST_EACH (bus_link, &meter->buses) {
        const struct kw_meter_bus *bus =
            KW_LIST_ENTRY(bus_link, struct kw_meter_bus, link);

        total->foreign += kw_meter_line_foreign(bus->line);
        KW_LIST_EACH (link, &bus->devices) {
            kw_meter_stats_add(
                total,
                &KW_LIST_ENTRY(link, struct kw_meter_device, link)->stats);
        }
    }
}

static void drop_devices(struct kw_meter_bus *bus)
{
    while (!kw_list_empty(&bus->devices)) {
        struct kw_meter_device *device =
            KW_LIST_ENTRY(bus->devices.next, struct kw_meter_device, link);

        kw_points_retire(bus->meter->core->points, device->source);
        kw_meter_stats_add(&bus->meter->past, &device->stats);
        kw_list_remove(&device->link);
        kw_meter_device_free(device);
    }
    bus->count = 0;
}

void kw_meter_bus_close(struct kw_meter_bus *bus)
{
    struct kw_meter *meter = bus->meter;

    kw_list_remove(&bus->link);
    KW_LIST_EACH (link, &meter->watches) {
        const struct kw_meter_watch *watch =
            KW_LIST_ENTRY(link, struct kw_meter_watch, link);

        watch->closing(watch->arg, bus->line);
    }
    kw_meter_stop_readings(meter, bus->line);
    kw_meter_stop_scans(meter, bus->line);
    if (kw_meter_line_overloaded(bus->line))
        on_line_overload(bus, false);
    meter->past.foreign += kw_meter_line_foreign(bus->line);
    drop_devices(bus);
    kw_meter_line_close(bus->line);
}

static int add_device(struct kw_meter_bus *bus,
                      const struct kw_meter_entry *entry,
                      struct kw_meter_library *library)
{
    struct kw_meter_device_options options = {
        .entry = kw_meter_copy_entry(&bus->copies->arena, entry),
        .retries = (unsigned)bus->conf->retries,
        .sequence = bus->meter->sequence++,
        .owner = {on_device_state, on_counter, bus},
    };
    struct kw_meter_device *device;
    struct kw_diag diag;
    int err;

    if (options.entry == NULL)
        return KW_ENOMEM;
    kw_diag_init(&diag); /* the map was checked before */
    err = kw_meter_library_get(library, entry->profile, &options.map, &diag);
    kw_diag_fini(&diag);
    if (err == 0)
        err = kw_meter_device_new(&device, bus->meter->core, &options);
    if (err != 0)
        return err;
    kw_list_append(&bus->devices, &device->link);
    bus->count++;
    return kw_meter_device_start(device, bus->line);
}

static struct kw_meter_bus *make_bus(struct kw_meter *meter,
                                     const struct kw_meter_bus_plan *plan)
{
    struct kw_meter_line_owner owner = {.on_state = on_line_state,
                                        .on_gone = on_line_gone,
                                        .on_seen = on_seen,
                                        .on_overload = on_line_overload};
    struct kw_meter_bus *bus = kw_alloc(sizeof(*bus));

    if (bus == NULL)
        return NULL;
    owner.arg = bus;
    bus->meter = meter;
    kw_list_init(&bus->link);
    kw_list_init(&bus->devices);
    bus->copies = plan->copies;
    bus->copies->uses++;
    bus->conf = kw_meter_copy_line(&bus->copies->arena, plan->conf);
    if (bus->conf == NULL ||
        kw_meter_line_new(&bus->line, meter->core, bus->conf,
                          plan->count + KW_METER_REQUESTS_MAX, &owner) != 0) {
        free_bus(bus);
        return NULL;
    }
    return bus;
}

int kw_meter_bus_new(struct kw_meter *meter,
                     const struct kw_meter_bus_plan *plan)
{
    struct kw_meter_bus *bus = make_bus(meter, plan);
    int err = 0;

    if (bus == NULL)
        return KW_ENOMEM;
    kw_life_hold(&meter->life);
    kw_list_append(&meter->buses, &bus->link);
    for (size_t i = 0; i < plan->count && err == 0; i++) {
        if (plan->entries[i]->enabled)
            err = add_device(bus, plan->entries[i], plan->library);
    }
    if (err != 0)
        kw_meter_bus_close(bus);
    return err;
}

bool kw_meter_bus_same(const struct kw_meter_bus *bus,
                       const struct kw_meter_bus_plan *plan)
{
    struct kw_link *at = bus->devices.next;
    struct kw_diag diag;
    bool same = kw_meter_same_line(bus->conf, plan->conf);

    kw_diag_init(&diag);
    for (size_t i = 0; i < plan->count && same; i++) {
        const struct kw_meter_device *device;
        struct kw_map *map;

        if (!plan->entries[i]->enabled)
            continue;
        same = at != &bus->devices;
        if (!same)
            break;
        device = KW_LIST_ENTRY(at, struct kw_meter_device, link);
        same = kw_meter_same_entry(device->entry, plan->entries[i]) &&
               kw_meter_library_get(plan->library, device->entry->profile, &map,
                                    &diag) == 0 &&
               map->hash == device->map->hash;
        at = at->next;
    }
    kw_diag_fini(&diag);
    return same && at == &bus->devices;
}

struct kw_meter_bus *kw_meter_find_bus(struct kw_meter *meter, const char *line)
{
    KW_LIST_EACH (link, &meter->buses) {
        struct kw_meter_bus *bus =
            KW_LIST_ENTRY(link, struct kw_meter_bus, link);

        if (strcmp(bus->conf->name, line) == 0)
            return bus;
    }
    return NULL;
}
