/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of history stand on: the module on a fixture with a database
 * and a clock turned by hand, meters whose points count in a known way, and
 * the answers of GET /history as numbers.
 */
#ifndef KW_TEST_HISTORY_RIG_H
#define KW_TEST_HISTORY_RIG_H

#include "base/mem.h"
#include "core/db.h"
#include "core/module.h"
#include "core/point.h"
#include "core/quantity.h"
#include "core/registry.h"
#include "history/query.h"
#include "history/state.h"
#include "history/tables.h"
#include "lib/fixture.h"
#include "lib/reply.h"

#include <jansson.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { RIG_METERS = 4, RIG_POINTS = 12 };

/* 2026-01-01T00:00:00Z */
static const int64_t rig_epoch_ms = INT64_C(1767225600000);

struct rig_meter {
    struct kw_source *source;
    const struct kw_point *points[RIG_POINTS];
    size_t count;
};

struct rig {
    struct kw_fixture fixture;
    struct kw_history_conf conf;
    struct kw_history *history; /* NULL: stopped */
    struct rig_meter meters[RIG_METERS];
    struct kw_subscriber subscriber;
    unsigned damaged_events, full_on, full_off, told_events;
    char told[200]; /* by the last of told_events */
    bool stopped;
};

/* What retention told. */
static inline void rig_note(struct rig *rig, const struct kw_event *event)
{
    snprintf(rig->told, sizeof(rig->told), "%s", event->text);
    rig->told_events++;
}

static inline void rig_on_event(void *arg, const struct kw_event *event)
{
    struct rig *rig = arg;

    if (strcmp(event->kind->key, "history_damaged") == 0)
        rig->damaged_events++;
    else if (strcmp(event->kind->key, "history_deleted") == 0 ||
             strcmp(event->kind->key, "history_ahead") == 0)
        rig_note(rig, event);
    else if (event->on)
        rig->full_on++;
    else
        rig->full_off++;
}

/* A meter with `count` points, integers with scale 0.1 or floats. */
static inline void rig_meter(struct rig *rig, unsigned number, size_t count,
                             uint8_t encoding)
{
    struct rig_meter *meter = &rig->meters[number];
    struct kw_core *core = &rig->fixture.core;
    char name[16];

    snprintf(name, sizeof(name), "meter%u", number);
    assert_int_equal(
        kw_points_source(core->points, 'm', name, NULL, &meter->source), 0);
    meter->count = count;
    for (size_t i = 0; i < count; i++) {
        struct kw_point_form form = {
            .quantity = kw_quantities_at(rig->fixture.quantities, i),
            .encoding = encoding,
            .decimals = 1,
            .scale = encoding == KW_ENCODING_INTEGER ? 0.1 : 1.0,
            .period_ms = 1000,
        };

        assert_int_equal(kw_points_define(core->points, meter->source, &form,
                                          &meter->points[i]),
                         0);
    }
}

static inline void rig_start(struct rig *rig)
{
    struct kw_diag diag;

    kw_diag_init(&diag);
    rig->history = kw_alloc(kw_history_module.state_size);
    assert_non_null(rig->history);
    assert_int_equal(kw_history_module.start(rig->history, &rig->conf,
                                             &rig->fixture.core, &diag),
                     0);
    kw_diag_fini(&diag);
}

static inline void rig_on_stopped(void *arg)
{
    *(bool *)arg = true;
}

static inline void rig_stop(struct rig *rig)
{
    rig->stopped = false;
    kw_history_module.stop(rig->history, rig_on_stopped, &rig->stopped);
    kw_fixture_until_set(&rig->fixture, &rig->stopped);
    kw_free(rig->history);
    rig->history = NULL;
}

static inline void rig_open(struct rig *rig)
{
    *rig = (struct rig){.conf = {.commit_ms = 60000, /* by hand */
                                 .keep_ms = INT64_C(3650) * 86400000,
                                 .size_bytes = 1 << 30,
                                 .window_bytes = 16 << 20}};
    kw_fixture_open(&rig->fixture, KW_FIXTURE_DB);
    rig->fixture.core.clock = &rig->fixture.manual.clock;
    rig->fixture.manual.wall_ms = rig_epoch_ms;
    rig->fixture.manual.mono_ns = UINT64_C(1000000000);
    kw_trust_init(&rig->fixture.core.trust, rig->fixture.core.clock,
                  rig_epoch_ms);
    rig->subscriber =
        (struct kw_subscriber){.on_event = rig_on_event, .arg = rig};
    kw_hub_subscribe(&rig->fixture.hub, &rig->subscriber);
    rig_start(rig);
}

static inline void rig_close(struct rig *rig)
{
    if (rig->history != NULL)
        rig_stop(rig);
    kw_hub_unsubscribe(&rig->subscriber);
    kw_fixture_close(&rig->fixture);
}

static inline bool rig_is_ready(void *arg)
{
    return ((struct rig *)arg)->history->ready;
}

static inline void rig_until_ready(struct rig *rig)
{
    kw_fixture_until(&rig->fixture, rig_is_ready, rig);
}

/* The raw value of a point at a time: different everywhere, not too smooth. */
static inline int64_t rig_raw(size_t point, int64_t time_ms)
{
    int64_t second = time_ms / 1000;

    return 23000 + (int64_t)point * 1000 + second * 7919 % 97;
}

static inline uint64_t rig_bits(uint8_t encoding, int64_t number)
{
    float single = (float)number / 8;
    uint32_t bits;

    if (encoding == KW_ENCODING_INTEGER)
        return (uint64_t)number;
    memcpy(&bits, &single, sizeof(bits));
    return bits;
}

/* The value that a point has at a time. */
static inline double rig_value(const struct kw_point *point, size_t index,
                               int64_t time_ms)
{
    return kw_sample_value(point->encoding,
                           rig_bits(point->encoding, rig_raw(index, time_ms)),
                           point->scale);
}

/* One poll of a meter, all points of one quality. */
static inline void rig_poll(struct rig *rig, unsigned number, int64_t time_ms,
                            uint8_t quality)
{
    const struct rig_meter *meter = &rig->meters[number];
    struct kw_sample samples[RIG_POINTS];

    for (size_t i = 0; i < meter->count; i++) {
        const struct kw_point *point = meter->points[i];

        samples[i] = (struct kw_sample){
            .point = point->id,
            .quality = quality,
            .encoding = point->encoding,
            .time_ms = time_ms,
            .raw = rig_bits(point->encoding, rig_raw(i, time_ms)),
            .value = rig_value(point, i, time_ms),
        };
    }
    kw_hub_publish_samples(&rig->fixture.hub, samples, meter->count);
}

/* Good polls from..to in steps. */
static inline void rig_polls(struct rig *rig, unsigned number, int64_t from_ms,
                             int64_t to_ms, int64_t step_ms)
{
    for (int64_t at = from_ms; at < to_ms; at += step_ms)
        rig_poll(rig, number, at, KW_QUALITY_GOOD);
}

static inline bool rig_is_idle(void *arg)
{
    const struct kw_history *history = ((struct rig *)arg)->history;

    return history->flushing == 0 && !history->seal.busy &&
           !history->retain.busy;
}

/* Commits what is new. */
static inline void rig_flush(struct rig *rig)
{
    kw_history_flush(rig->history);
    kw_fixture_until(&rig->fixture, rig_is_idle, rig);
}

/* Turns the clock to `wall_ms` and seals all that is due then. */
static inline void rig_seal(struct rig *rig, int64_t wall_ms)
{
    struct kw_clock_manual *clock = &rig->fixture.manual;

    rig_until_ready(rig);
    kw_clock_manual_advance(clock, wall_ms - clock->wall_ms);
    for (int i = 0; i < 8; i++) {
        kw_history_seal_tick(rig->history);
        kw_fixture_until(&rig->fixture, rig_is_idle, rig);
        clock->mono_ns += UINT64_C(300) * 1000000000; /* past the spread */
    }
}

/* So many jobs of retention, one each ten minutes. */
static inline void rig_retain(struct rig *rig, unsigned jobs)
{
    for (unsigned i = 0; i < jobs; i++) {
        kw_clock_manual_advance(&rig->fixture.manual, KW_HISTORY_RETAIN_MS);
        kw_history_retain_tick(rig->history);
        kw_fixture_until(&rig->fixture, rig_is_idle, rig);
    }
}

/* Asks GET /history and waits for the answer. */
static inline void rig_ask(struct rig *rig, struct kw_test_reply *reply,
                           const struct kw_history_query_text *text)
{
    reply->request.query = text;
    kw_history_get(rig->history, &reply->request);
    kw_fixture_until_set(&rig->fixture, &reply->done);
}

static inline json_t *rig_json(struct kw_test_reply *reply)
{
    json_error_t error;
    json_t *root = json_loads(kw_test_reply_text(reply), 0, &error);

    if (root == NULL)
        fail_msg("%s at %d: %.200s", error.text, error.position,
                 kw_test_reply_text(reply));
    return root;
}

/* The rows of the one point that is asked for; json_decref the root. */
static inline json_t *rig_rows(const json_t *root)
{
    return json_object_get(json_array_get(json_object_get(root, "series"), 0),
                           "rows");
}

static inline int rig_add_run(void *arg, const struct kw_history_run *run)
{
    *(size_t *)arg += run->count;
    return 0;
}

/* How many samples of a point are stored, with what the tail (or NULL) has. */
static inline size_t rig_count(struct rig *rig,
                               const struct kw_history_tail *tail,
                               const struct kw_history_range *range)
{
    size_t count = 0;

    assert_int_equal(kw_history_read(rig->fixture.core.db, tail, range, NULL,
                                     rig_add_run, &count),
                     0);
    return count;
}

/* Checks that the first point of a meter has no samples in that time. */
static inline void rig_expect_none(struct rig *rig, unsigned number,
                                   int64_t from_ms, int64_t to_ms)
{
    char point[32], from[32], to[32];
    struct kw_history_query_text text = {point, from, to, NULL, 50000};
    struct kw_test_reply reply;
    json_t *root;

    snprintf(point, sizeof(point), "%u", rig->meters[number].points[0]->id);
    snprintf(from, sizeof(from), "%lld", (long long)from_ms);
    snprintf(to, sizeof(to), "%lld", (long long)to_ms);
    kw_test_reply_init(&reply, KW_PROFILE_USER);
    rig_ask(rig, &reply, &text);
    root = rig_json(&reply);
    assert_int_equal(json_array_size(rig_rows(root)), 0);
    json_decref(root);
    kw_test_reply_fini(&reply);
}

/*
 * Checks that the history has exactly the polls from..to in steps of that
 * meter, each value as it was published.
 */
static inline void rig_expect(struct rig *rig, unsigned number, int64_t from_ms,
                              int64_t to_ms, int64_t step_ms)
{
    const struct rig_meter *meter = &rig->meters[number];
    char points[256] = "", from[32], to[32];
    struct kw_history_query_text text = {points, from, to, NULL, 50000};
    struct kw_test_reply reply;
    json_t *root, *series;

    for (size_t i = 0; i < meter->count; i++)
        snprintf(points + strlen(points), sizeof(points) - strlen(points),
                 "%s%u", i > 0 ? "," : "", meter->points[i]->id);
    snprintf(from, sizeof(from), "%lld", (long long)from_ms);
    snprintf(to, sizeof(to), "%lld", (long long)to_ms);
    kw_test_reply_init(&reply, KW_PROFILE_USER);
    rig_ask(rig, &reply, &text);
    assert_int_equal(reply.status, 200);
    root = rig_json(&reply);
    series = json_object_get(root, "series");
    assert_int_equal(json_array_size(series), meter->count);
    for (size_t i = 0; i < meter->count; i++) {
        json_t *rows = json_object_get(json_array_get(series, i), "rows");
        size_t row = 0;

        for (int64_t at = from_ms; at < to_ms; at += step_ms, row++) {
            json_t *cells = json_array_get(rows, row);

            assert_non_null(cells);
            assert_int_equal(json_integer_value(json_array_get(cells, 0)), at);
            assert_true(fabs(json_number_value(json_array_get(cells, 1)) -
                             rig_value(meter->points[i], i, at)) < 1e-9);
        }
        assert_int_equal(json_array_size(rows), row);
    }
    json_decref(root);
    kw_test_reply_fini(&reply);
}

#endif
