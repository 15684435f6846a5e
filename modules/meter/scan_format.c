/* SPDX-License-Identifier: Apache-2.0 */
/* A scan as JSON. */
#include "base/json.h"
#include "base/text.h"
#include "meter/scan.h"

static const char *const states[] = {
    [KW_METER_SCAN_RUNNING] = "running",
    [KW_METER_SCAN_DONE] = "done",
    [KW_METER_SCAN_CANCELLED] = "cancelled",
    [KW_METER_SCAN_FAILED] = "failed",
};

/* One period for all that is new: together they have to fit the line. */
static int64_t every_ms(const struct kw_meter_scan *scan)
{
    uint64_t busy_us = 0;

    for (size_t i = 0; i < scan->found_count; i++) {
        if (scan->found[i]->meter[0] == 0)
            busy_us += scan->found[i]->poll_us;
    }
    return kw_meter_scan_every_ms(busy_us, 1 - scan->usage);
}

static void put_answers(struct kw_json *json, unsigned said)
{
    static const char *const names[] = {"43", "17", "50000", "registers"};

    kw_json_array(json, "answers");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if ((said >> i & 1) != 0)
            kw_json_text(json, NULL, names[i]);
    }
    kw_json_end_array(json);
}

static void put_proposals(struct kw_json *json,
                          const struct kw_meter_found *found)
{
    kw_json_array(json, "proposals");
    for (size_t i = 0; i < found->proposed; i++) {
        const struct kw_map *map = found->proposals[i].map;

        kw_json_object(json, NULL);
        kw_json_text(json, "profile", map->name);
        kw_json_text(json, "title", map->title);
        kw_json_uint(json, "score", found->proposals[i].score);
        kw_json_end_object(json);
    }
    kw_json_end_array(json);
}

/* The second name says more where it is not the same. */
static void put_identity(struct kw_json *json,
                         const struct kw_meter_identity *identity)
{
    kw_json_text(json, "make", identity->make);
    kw_json_text(json, "model",
                 identity->model[0] != 0 ? identity->model : identity->name);
    kw_json_text(json, "revision", identity->revision);
    kw_json_text(json, "serial", identity->serial);
    put_answers(json, identity->said);
}

static void put_found(struct kw_json *json, const struct kw_meter_found *found,
                      int64_t period_ms)
{
    static const char *const found_states[] = {
        [KW_METER_FOUND_METER] = "found",
        [KW_METER_FOUND_CONFLICT] = "conflict",
        [KW_METER_FOUND_FOREIGN] = "foreign",
    };
    char every[32];

    kw_text_format_duration(period_ms, every, sizeof(every));
    kw_json_object(json, NULL);
    kw_json_uint(json, "unit", found->unit);
    kw_json_text(json, "state", found_states[found->state]);
    kw_json_text(json, "settings", found->settings);
    put_identity(json, &found->identity);
    put_proposals(json, found);
    kw_json_text(json, "name", found->name);
    kw_json_text(json, "every", every);
    kw_json_array(json, "loads");
    for (unsigned load = 0; load < KW_METER_LOADS_MAX; load++) {
        if ((found->loads >> load & 1) != 0)
            kw_json_uint(json, NULL, load + 1);
    }
    kw_json_end_array(json);
    kw_json_text(json, "meter", found->meter[0] != 0 ? found->meter : NULL);
    kw_json_text(json, "text", found->text);
    kw_json_end_object(json);
}

void kw_meter_scan_format(const struct kw_meter_scan *scan,
                          struct kw_json *json)
{
    int64_t period_ms = every_ms(scan);

    kw_json_object(json, NULL);
    kw_json_text(json, "line", scan->conf->name);
    kw_json_text(json, "state", states[scan->state]);
    kw_json_text(json, "text", scan->text);
    kw_json_int(json, "started", scan->started_ms);
    if (scan->finished_ms != 0)
        kw_json_int(json, "finished", scan->finished_ms);
    else
        kw_json_null(json, "finished");
    kw_json_text(json, "settings", scan->settings);
    kw_json_uint(json, "done", scan->done);
    kw_json_uint(json, "total", scan->total);
    kw_json_array(json, "found");
    for (size_t i = 0; i < scan->found_count; i++)
        put_found(json, scan->found[i], period_ms);
    kw_json_end_array(json);
    kw_json_end_object(json);
}

void kw_meter_scan_format_progress(const struct kw_meter_scan *scan,
                                   struct kw_json *json)
{
    kw_json_object(json, NULL);
    kw_json_text(json, "line", scan->conf->name);
    kw_json_text(json, "state", states[scan->state]);
    kw_json_uint(json, "done", scan->done);
    kw_json_uint(json, "total", scan->total);
    kw_json_uint(json, "found", scan->found_count);
    kw_json_text(json, "settings", scan->settings);
    kw_json_end_object(json);
}
