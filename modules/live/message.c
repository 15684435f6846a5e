/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages of the event stream (HTML, 9.2): "event:", "data:", an empty line.
 * Values are arrays and not objects, for they are most of what is sent: [id,
 * time, value], with the quality behind when it is not good. A message is made
 * once for all browsers that are owed the same.
 */
#include "live/message.h"

#include "base/event.h"
#include "base/json.h"
#include "core/core.h"
#include "core/module.h"
#include "core/point.h"
#include "core/registry.h"

static void begin(struct kw_buf *out, struct kw_json *json, const char *event)
{
    kw_buf_put_text(out, "event: ");
    kw_buf_put_text(out, event);
    kw_buf_put_text(out, "\ndata: ");
    kw_json_init(json, out);
    kw_json_object(json, NULL);
}

static void end(struct kw_buf *out, struct kw_json *json)
{
    kw_json_end_object(json);
    kw_buf_put(out, "\n\n", 2);
}

void kw_live_put_hello(struct kw_buf *out, const struct kw_core *core)
{
    struct kw_json json;

    kw_buf_put_text(out, "retry: 2000\n\n");
    begin(out, &json, "hello");
    kw_json_int(&json, "time", kw_clock_wall_ms(core->clock));
    kw_json_text(&json, "boot", core->boot_id);
    end(out, &json);
}

/* [id, time, value, quality]; quality is left out when it is good. */
static void put_row(struct kw_json *json, const struct kw_point *point,
                    int64_t now_ms)
{
    uint8_t quality = kw_point_quality(point, now_ms);

    kw_json_array(json, NULL);
    kw_json_uint(json, NULL, point->id);
    if (point->latest.time_ms != 0)
        kw_json_int(json, NULL, point->latest.time_ms);
    else
        kw_json_null(json, NULL);
    if (kw_quality_has_value(quality))
        kw_json_real(json, NULL, point->latest.value);
    else
        kw_json_null(json, NULL);
    if (!kw_quality_is_good(quality))
        kw_json_text(json, NULL, kw_quality_name(quality));
    kw_json_end_array(json);
}

void kw_live_put_values(struct kw_buf *out, const struct kw_core *core,
                        struct kw_live_bits *owed, size_t max)
{
    int64_t now_ms = kw_clock_wall_ms(core->clock);
    size_t start = out->length, rows = 0;
    struct kw_json json;

    begin(out, &json, "values");
    kw_json_int(&json, "time", now_ms);
    kw_json_array(&json, "values");
    for (uint32_t id = kw_live_bits_next(owed, 0);
         id != UINT32_MAX && rows < max; id = kw_live_bits_next(owed, id + 1)) {
        const struct kw_point *point = kw_points_get(core->points, id);

        kw_live_bits_remove(owed, id);
        if (point == NULL || point->retired)
            continue;
        put_row(&json, point, now_ms);
        rows++;
    }
    kw_json_end_array(&json);
    end(out, &json);
    if (rows == 0 && kw_buf_err(out) == 0)
        out->length = start;
}

static const char *whole_level(const struct kw_core *core)
{
    static const char *const names[] = {"ok", "degraded", "failed"};
    enum kw_level worst = KW_LEVEL_OK;

    for (size_t i = 0; kw_registry_module(core->registry, i) != NULL; i++) {
        struct kw_health health;

        kw_registry_health(core->registry, i, &health);
        worst = health.level > worst ? health.level : worst;
    }
    return names[worst];
}

void kw_live_put_status(struct kw_buf *out, const struct kw_core *core)
{
    struct kw_json json;

    begin(out, &json, "status");
    kw_json_text(&json, "status", whole_level(core));
    kw_json_uint(&json, "loop_longest_us",
                 core->loop->stats.last_minute_longest_us);
    end(out, &json);
}

void kw_live_put_event(struct kw_buf *out, const struct kw_event *event)
{
    kw_buf_put_text(out, "event: ");
    kw_buf_put_text(out, event->kind->key);
    kw_buf_put_text(out, "\ndata: ");
    kw_buf_put_text(out, event->data);
    kw_buf_put(out, "\n\n", 2);
}

void kw_live_put_beat(struct kw_buf *out)
{
    kw_buf_put(out, ":\n\n", 3);
}
