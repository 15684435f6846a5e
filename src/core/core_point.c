/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /points, /site, /circuits: what the page needs once; changes come over
 * the event stream. All of /points is one buffer, since it is made in one turn
 * and must show one moment; 100,000 points are about 30 MB.
 */
#include "base/json.h"
#include "core/core_state.h"
#include "core/point.h"
#include "core/route.h"

#include <string.h>

enum { ANSWER_MAX_BYTES = 64 << 20 };

static bool is_wanted(const struct kw_point *point,
                      const struct kw_points_query *query)
{
    if (point->retired)
        return false;
    if (query->meter != NULL && strcmp(query->meter, point->source->name) != 0)
        return false;
    return query->quantity == NULL ||
           strcmp(query->quantity, point->quantity->name) == 0;
}

static void put_point(struct kw_json *json, const struct kw_point *point,
                      int64_t now_ms)
{
    const struct kw_quantity *quantity = point->quantity;
    const struct kw_sample *latest = &point->latest;
    uint8_t quality = kw_point_quality(point, now_ms);

    kw_json_object(json, NULL);
    kw_json_uint(json, "id", point->id);
    kw_json_text(json, "name", point->name);
    kw_json_text(json, "meter", point->source->name);
    kw_json_text(json, "quantity", quantity->name);
    kw_json_text(json, "title", quantity->title);
    kw_json_text(json, "group", quantity->group);
    kw_json_text(json, "unit", quantity->unit);
    kw_json_text(json, "kind", kw_quantity_kind_name(quantity->kind));
    kw_json_uint(json, "decimals", point->decimals);
    if (kw_quality_has_value(quality))
        kw_json_real(json, "value", latest->value);
    else
        kw_json_null(json, "value");
    if (latest->time_ms != 0)
        kw_json_int(json, "time", latest->time_ms);
    else
        kw_json_null(json, "time");
    kw_json_text(json, "quality", kw_quality_name(quality));
    kw_json_end_object(json);
}

void kw_core_get_points(void *self, struct kw_request *request)
{
    struct kw_core_state *state = self;
    const struct kw_points *points = state->core->points;
    int64_t now_ms = kw_clock_wall_ms(state->core->clock);
    struct kw_json json;
    struct kw_buf body;

    kw_buf_init(&body, ANSWER_MAX_BYTES);
    kw_json_init(&json, &body);
    kw_json_object(&json, NULL);
    kw_json_int(&json, "time", now_ms);
    kw_json_array(&json, "points");
    for (size_t i = 0; i < kw_points_count(points); i++) {
        const struct kw_point *point = kw_points_at(points, i);

        if (is_wanted(point, request->query))
            put_point(&json, point, now_ms);
    }
    kw_json_end_array(&json);
    kw_json_end_object(&json);
    kw_reply_json(request, 200, &body);
}

void kw_core_get_site(void *self, struct kw_request *request)
{
    struct kw_core_state *state = self;
    struct kw_json json;
    struct kw_buf body;

    kw_buf_init(&body, 4096);
    kw_json_init(&json, &body);
    kw_json_object(&json, NULL);
    kw_json_text(&json, "name", state->conf->site.name);
    kw_json_text(&json, "timezone", state->conf->site.timezone);
    kw_json_end_object(&json);
    kw_reply_json(request, 200, &body);
}

static void put_text(struct kw_json *json, const char *key, const char *text)
{
    if (text != NULL)
        kw_json_text(json, key, text);
    else
        kw_json_null(json, key);
}

void kw_core_get_circuits(void *self, struct kw_request *request)
{
    static const char *const kinds[] = {"incomer", "feeder", "generator"};
    struct kw_core_state *state = self;
    const struct kw_circuit *circuits = state->conf->circuits.items;
    struct kw_json json;
    struct kw_buf body;

    kw_buf_init(&body, 1 << 20);
    kw_json_init(&json, &body);
    kw_json_object(&json, NULL);
    kw_json_array(&json, "circuits");
    for (size_t i = 0; i < state->conf->circuits.count; i++) {
        kw_json_object(&json, NULL);
        kw_json_text(&json, "name", circuits[i].name);
        kw_json_text(&json, "kind", kinds[circuits[i].kind]);
        put_text(&json, "parent", circuits[i].parent);
        put_text(&json, "meter", circuits[i].meter);
        put_text(&json, "breaker", circuits[i].breaker);
        kw_json_real(&json, "rated_a", circuits[i].rated_a);
        kw_json_end_object(&json);
    }
    kw_json_end_array(&json);
    kw_json_end_object(&json);
    kw_reply_json(request, 200, &body);
}
