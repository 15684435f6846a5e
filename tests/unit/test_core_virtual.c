/* SPDX-License-Identifier: Apache-2.0 */
/* Virtual meters as a stage of the hub: what comes out for what goes in. */
#include "core/virtual.h"

#include "base/mem.h"
#include "core/core_module.h"
#include "core/point.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char quantity_text[] =
    "name,title,unit,kind,decimals,group\n"
    "active_power_total,Power,W,gauge,1,power\n"
    "reactive_power_l1,Power,var,gauge,0,power\n"
    "active_energy_import_total,Energy,Wh,counter,0,energy\n"
    "apparent_power_total,Power,VA,gauge,0,power\n"
    "power_factor_total,Factor,1,gauge,3,power\n"
    "active_state,State,1,state,0,info\n"
    "frequency,Frequency,Hz,gauge,2,frequency\n";

enum { METERS = 4, OUT_MAX = 256, VIRTUALS_MAX = 100 };

static const char power[] = "active_power_total";
static const char energy[] = "active_energy_import_total";

struct stage {
    struct kw_quantities *quantities;
    struct kw_points *points;
    struct kw_hub hub;
    struct kw_subscriber subscriber;
    struct kw_core_conf conf;
    struct kw_virtual list[VIRTUALS_MAX];
    struct kw_virtuals *virtuals;
    struct kw_sample out[OUT_MAX]; /* what was derived since the last look */
    size_t out_count;
};

static void on_samples(void *arg, const struct kw_sample *samples, size_t count)
{
    struct stage *stage = arg;

    for (size_t i = 0; i < count; i++) {
        const struct kw_point *point =
            kw_points_get(stage->points, samples[i].point);

        if (point == NULL || point->source->uid[0] != 'v')
            continue;
        assert_true(stage->out_count < OUT_MAX);
        stage->out[stage->out_count++] = samples[i];
    }
}

static int open_stage(void **state)
{
    struct stage *stage = kw_alloc(sizeof(*stage));
    struct kw_diag diag;

    assert_non_null(stage);
    *state = stage;
    kw_diag_init(&diag);
    assert_int_equal(kw_quantities_parse(&stage->quantities, quantity_text,
                                         strlen(quantity_text), &diag),
                     0);
    kw_diag_fini(&diag);
    assert_int_equal(kw_points_new(&stage->points, NULL, stage->quantities), 0);
    kw_hub_init(&stage->hub, stage->points);
    stage->subscriber.on_samples = on_samples;
    stage->subscriber.arg = stage;
    kw_hub_subscribe(&stage->hub, &stage->subscriber);
    stage->conf.virtuals.items = stage->list;
    return 0;
}

static int close_stage(void **state)
{
    struct stage *stage = *state;

    kw_virtuals_free(stage->virtuals);
    kw_points_free(stage->points);
    kw_quantities_free(stage->quantities);
    kw_free(stage);
    return 0;
}

static const struct kw_point *define(struct stage *stage, const char *meter,
                                     const char *quantity, int64_t period_ms)
{
    struct kw_source *source;
    const struct kw_point *point = NULL;
    const struct kw_point_form form = {
        .quantity = kw_quantities_find(stage->quantities, quantity),
        .scale = 1,
        .period_ms = period_ms,
    };

    assert_int_equal(kw_points_source(stage->points, 'm', meter, NULL, &source),
                     0);
    assert_int_equal(kw_points_define(stage->points, source, &form, &point), 0);
    return point;
}

static const char *names[] = {"m1", "m2", "m3", "m4"};

/* One more virtual meter: the first `sum` meters added, the next `minus`
 * taken away. */
static void add(struct stage *stage, const char *name, size_t sum, size_t minus)
{
    stage->list[stage->conf.virtuals.count++] = (struct kw_virtual){
        .name = name,
        .sum = {.items = names, .count = sum},
        .minus = {.items = names + sum, .count = minus},
    };
}

/* Takes the configuration over, as core does it. */
static void use(struct stage *stage)
{
    struct kw_virtuals *virtuals = NULL;

    assert_int_equal(kw_virtuals_new(&virtuals, stage->points, &stage->conf),
                     0);
    kw_virtuals_free(stage->virtuals);
    stage->virtuals = virtuals;
    stage->hub.stage = (struct kw_hub_stage){kw_virtuals_derive, virtuals};
}

static void publish(struct stage *stage, const struct kw_point *point,
                    int64_t time_ms, double value, uint8_t quality)
{
    const struct kw_sample sample = {
        .point = point->id,
        .quality = quality,
        .time_ms = time_ms,
        .value = quality < 0x80 ? value : (double)NAN,
    };

    stage->out_count = 0;
    kw_hub_publish_samples(&stage->hub, &sample, 1);
}

static void good(struct stage *stage, const struct kw_point *point,
                 int64_t time_ms, double value)
{
    publish(stage, point, time_ms, value, KW_QUALITY_GOOD);
}

static void expect_none(const struct stage *stage)
{
    assert_int_equal(stage->out_count, 0);
}

static void expect(const struct stage *stage, const char *name, int64_t time_ms,
                   double value)
{
    const struct kw_sample *out = &stage->out[0];
    const struct kw_point *point = kw_points_find(stage->points, name);
    double raw;

    assert_int_equal(stage->out_count, 1);
    assert_non_null(point);
    assert_int_equal(out->point, point->id);
    assert_int_equal(out->time_ms, time_ms);
    assert_int_equal(out->quality, KW_QUALITY_GOOD);
    assert_int_equal(out->encoding, KW_ENCODING_FLOAT64);
    assert_true(fabs(out->value - value) < 1e-9);
    memcpy(&raw, &out->raw, sizeof(raw));
    assert_true(fabs(raw - value) < 1e-9);
}

static void test_sum_and_minus(void **state)
{
    struct stage *stage = *state;
    const struct kw_point *m1 = define(stage, "m1", power, 1000);
    const struct kw_point *m2 = define(stage, "m2", power, 5000);
    const struct kw_point *m3 = define(stage, "m3", power, 2000);
    const struct kw_point *out;

    add(stage, "rest", 2, 1);
    use(stage);
    good(stage, m1, 1000, 10);
    expect_none(stage);
    good(stage, m2, 1001, 20.5);
    expect_none(stage);
    good(stage, m3, 999, 4);
    expect(stage, "rest.active_power_total", 1001, 26.5);
    out = kw_points_find(stage->points, "rest.active_power_total");
    assert_int_equal(out->period_ms, 5000);
    assert_int_equal(out->decimals, 1);
    assert_false(out->retired);
    assert_string_equal(out->source->name, "rest");

    /* The next round waits for all again, in any order. */
    good(stage, m3, 2000, 5);
    good(stage, m2, 2000, 21);
    expect_none(stage);
    good(stage, m1, 2000, 11);
    expect(stage, "rest.active_power_total", 2000, 27);
}

static void test_single(void **state)
{
    struct stage *stage = *state;
    const struct kw_point *m1 = define(stage, "m1", power, 1000);

    add(stage, "copy", 1, 0);
    use(stage);
    good(stage, m1, 1000, 10);
    expect(stage, "copy.active_power_total", 1000, 10);
    good(stage, m1, 2000, -3);
    expect(stage, "copy.active_power_total", 2000, -3);
}

static void test_second_sample(void **state)
{
    struct stage *stage = *state;
    const struct kw_point *m1 = define(stage, "m1", power, 0);
    const struct kw_point *m2 = define(stage, "m2", power, 0);

    add(stage, "v", 2, 0);
    use(stage);
    good(stage, m1, 1000, 1);
    good(stage, m2, 1000, 10);
    expect(stage, "v.active_power_total", 1000, 11);

    /* m2 falls silent: every second sample of m1 counts. */
    good(stage, m1, 2000, 2);
    expect_none(stage);
    good(stage, m1, 3000, 3);
    expect(stage, "v.active_power_total", 3000, 13);
    good(stage, m1, 4000, 4);
    expect_none(stage);
    good(stage, m1, 5000, 5);
    expect(stage, "v.active_power_total", 5000, 15);

    /* It comes back. */
    good(stage, m2, 5500, 20);
    expect_none(stage);
    good(stage, m1, 6000, 6);
    expect(stage, "v.active_power_total", 6000, 26);
}

static void test_never_two_of_one_time(void **state)
{
    struct stage *stage = *state;
    const struct kw_point *m1 = define(stage, "m1", power, 0);
    const struct kw_point *m2 = define(stage, "m2", power, 0);

    add(stage, "v", 2, 0);
    use(stage);
    good(stage, m1, 1000, 1);
    good(stage, m2, 1000, 10);
    good(stage, m1, 2000, 2);
    good(stage, m1, 3000, 3);
    expect(stage, "v.active_power_total", 3000, 13);
    good(stage, m2, 2000, 20); /* both late */
    expect_none(stage);
    good(stage, m2, 3000, 30);
    expect_none(stage);
    good(stage, m1, 4000, 4); /* the next sample of any brings it */
    expect(stage, "v.active_power_total", 4000, 34);

    /* A clock that is set back is no reason to fall silent. */
    good(stage, m1, 500, 5);
    good(stage, m2, 500, 40);
    expect(stage, "v.active_power_total", 500, 45);
}

static void test_quality(void **state)
{
    struct stage *stage = *state;
    const struct kw_point *m1 = define(stage, "m1", power, 0);
    const struct kw_point *m2 = define(stage, "m2", power, 0);

    add(stage, "v", 2, 0);
    use(stage);
    publish(stage, m1, 1000, 1, KW_QUALITY_UNCERTAIN_CLOCK);
    good(stage, m2, 1000, 10);
    assert_int_equal(stage->out_count, 1);
    assert_int_equal(stage->out[0].quality, KW_QUALITY_UNCERTAIN_CLOCK);
    assert_true(fabs(stage->out[0].value - 11) < 1e-9);

    /* A failing meter tells once; so does the sum. */
    publish(stage, m1, 2000, 0, KW_QUALITY_BAD_TIMEOUT);
    expect_none(stage);
    good(stage, m2, 2000, 10);
    assert_int_equal(stage->out_count, 1);
    assert_int_equal(stage->out[0].quality, KW_QUALITY_BAD_TIMEOUT);
    assert_true(isnan(stage->out[0].value));
    for (int64_t time_ms = 3000; time_ms < 9000; time_ms += 1000) {
        good(stage, m2, time_ms, 10);
        expect_none(stage);
    }
    /* Another reason is news. */
    publish(stage, m1, 9000, 0, KW_QUALITY_BAD_CRC);
    good(stage, m2, 9000, 10);
    assert_int_equal(stage->out_count, 1);
    assert_int_equal(stage->out[0].quality, KW_QUALITY_BAD_CRC);
    good(stage, m1, 10000, 1);
    good(stage, m2, 10000, 10);
    expect(stage, "v.active_power_total", 10000, 11);
}

static void test_stale(void **state)
{
    struct stage *stage = *state;
    const struct kw_point *m1 = define(stage, "m1", power, 1000);
    const struct kw_point *m2 = define(stage, "m2", power, 1000);

    add(stage, "v", 2, 0);
    use(stage);
    good(stage, m1, 1000, 1);
    good(stage, m2, 1000, 10);
    good(stage, m1, 3000, 2);
    good(stage, m1, 4000, 3);
    expect(stage, "v.active_power_total", 4000, 13);
    good(stage, m1, 5000, 4);
    good(stage, m1, 6000, 5); /* m2 is more than three periods old */
    assert_int_equal(stage->out_count, 1);
    assert_int_equal(stage->out[0].quality, KW_QUALITY_UNCERTAIN_STALE);
    assert_true(fabs(stage->out[0].value - 15) < 1e-9);
}

/* Only what can be added, and only what all inputs have. */
static void test_which_quantities(void **state)
{
    static const char *const all[] = {"active_power_total",
                                      "reactive_power_l1",
                                      "apparent_power_total",
                                      "power_factor_total",
                                      "active_state",
                                      "frequency",
                                      "active_energy_import_total"};
    struct stage *stage = *state;

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        (void)define(stage, "m1", all[i], 0);
        if (i != 1)
            (void)define(stage, "m2", all[i], 0);
    }
    add(stage, "v", 2, 0);
    add(stage, "w", 1, 0);
    add(stage, "x", 1, 1);
    use(stage);
    good(stage, kw_points_find(stage->points, "m1.frequency"), 1000, 50);
    assert_non_null(kw_points_find(stage->points, "v.active_power_total"));
    assert_non_null(
        kw_points_find(stage->points, "v.active_energy_import_total"));
    assert_null(kw_points_find(stage->points, "v.reactive_power_l1"));
    assert_null(kw_points_find(stage->points, "v.apparent_power_total"));
    assert_null(kw_points_find(stage->points, "v.power_factor_total"));
    assert_null(kw_points_find(stage->points, "v.active_state"));
    assert_null(kw_points_find(stage->points, "v.frequency"));
    assert_non_null(kw_points_find(stage->points, "w.reactive_power_l1"));
    assert_null(kw_points_find(stage->points, "x.reactive_power_l1"));
    assert_non_null(kw_points_find(stage->points, "x.active_power_total"));
}

/* One publication of several points feeds several sums. */
static void test_together(void **state)
{
    struct stage *stage = *state;
    const struct kw_point *m1p = define(stage, "m1", power, 0);
    const struct kw_point *m1e = define(stage, "m1", energy, 0);
    const struct kw_sample samples[] = {
        {.point = m1p->id, .time_ms = 1000, .value = 5},
        {.point = m1e->id, .time_ms = 1000, .value = 7},
        {.point = m1p->id, .time_ms = 2000, .value = 6}, /* counts once */
        {.point = 999, .time_ms = 1000},
    };

    add(stage, "v", 1, 0);
    use(stage);
    kw_hub_publish_samples(&stage->hub, samples, 4);
    assert_int_equal(stage->out_count, 2);
    assert_true(fabs(stage->out[0].value - 6) < 1e-9);
    assert_true(fabs(stage->out[1].value - 7) < 1e-9);
}

/* However many sums one sample is part of, all are published. */
static void test_many(void **state)
{
    static char many[VIRTUALS_MAX][8];
    struct stage *stage = *state;
    const struct kw_point *m1 = define(stage, "m1", power, 0);

    for (size_t i = 0; i < VIRTUALS_MAX; i++) {
        snprintf(many[i], sizeof(many[i]), "v%zu", i);
        add(stage, many[i], 1, 0);
    }
    use(stage);
    for (int64_t time_ms = 1; time_ms < 4; time_ms++) {
        good(stage, m1, time_ms, (double)time_ms);
        assert_int_equal(stage->out_count, VIRTUALS_MAX);
    }
}

static void test_inputs_come_later(void **state)
{
    struct stage *stage = *state;
    const struct kw_point *m1 = define(stage, "m1", power, 0), *m2;

    add(stage, "v", 2, 0);
    use(stage);
    good(stage, m1, 1000, 1);
    assert_null(kw_points_find(stage->points, "v.active_power_total"));
    m2 = define(stage, "m2", power, 0);
    good(stage, m2, 1000, 2);
    good(stage, m1, 1000, 1);
    expect(stage, "v.active_power_total", 1000, 3);
}

static void test_no_inputs(void **state)
{
    struct stage *stage = *state;
    const struct kw_sample sample = {.point = 5, .time_ms = 1};
    const struct kw_point *m1;
    struct kw_source *source;

    add(stage, "v", 1, 0);
    use(stage);
    kw_hub_publish_samples(&stage->hub, &sample, 1); /* no points at all */
    expect_none(stage);
    m1 = define(stage, "m1", power, 0);
    assert_int_equal(kw_points_source(stage->points, 'm', "m1", NULL, &source),
                     0);
    kw_points_retire(stage->points, source);
    good(stage, m1, 1000, 1); /* there, but retired */
    expect_none(stage);
    assert_null(kw_points_find(stage->points, "v.active_power_total"));
}

/* A point that was there and retired at the look-up is seen when it lives. */
static void test_input_returns(void **state)
{
    struct stage *stage = *state;
    const struct kw_point *m1 = define(stage, "m1", power, 0);
    const struct kw_point *m2 = define(stage, "m2", power, 0);
    struct kw_source *source;

    assert_int_equal(kw_points_source(stage->points, 'm', "m2", NULL, &source),
                     0);
    kw_points_retire(stage->points, source);
    add(stage, "v", 2, 0);
    use(stage);
    good(stage, m1, 1000, 1);
    assert_null(kw_points_find(stage->points, "v.active_power_total"));
    (void)define(stage, "m2", power, 0);
    good(stage, m1, 2000, 1); /* tells nothing of m2 */
    expect_none(stage);
    good(stage, m2, 2000, 2);
    good(stage, m1, 3000, 1);
    expect(stage, "v.active_power_total", 3000, 3);
}

static void test_reconfigure(void **state)
{
    struct stage *stage = *state;
    const struct kw_point *m1 = define(stage, "m1", power, 0);
    const struct kw_point *kept, *dropped;

    add(stage, "kept", 1, 0);
    add(stage, "dropped", 1, 0);
    use(stage);
    good(stage, m1, 1000, 1);
    assert_int_equal(stage->out_count, 2);
    kept = kw_points_find(stage->points, "kept.active_power_total");
    dropped = kw_points_find(stage->points, "dropped.active_power_total");

    stage->conf.virtuals.count = 1;
    use(stage);
    assert_true(kept->retired); /* until the next sample names it */
    good(stage, m1, 2000, 2);
    expect(stage, "kept.active_power_total", 2000, 2);
    assert_false(kept->retired);
    assert_true(dropped->retired);
    assert_true(dropped->source->retired);
    assert_int_equal(stage->out[0].point, kept->id);

    stage->conf.virtuals.count = 0;
    use(stage);
    good(stage, m1, 3000, 3);
    expect_none(stage);
    assert_true(kept->retired);

    /* It had its number before and gets it again. */
    stage->conf.virtuals.count = 2;
    use(stage);
    good(stage, m1, 4000, 4);
    assert_int_equal(stage->out_count, 2);
    assert_int_equal(stage->out[1].point, dropped->id);
}

/* An identity keeps the number over a new name; a wrong one is left out. */
static void test_uid(void **state)
{
    struct stage *stage = *state;
    const struct kw_point *m1 = define(stage, "m1", power, 0), *point;

    add(stage, "first", 1, 0);
    stage->list[0].uid = "v0123456789ab";
    use(stage);
    good(stage, m1, 1000, 1);
    point = kw_points_find(stage->points, "first.active_power_total");
    assert_non_null(point);
    stage->list[0].name = "second";
    use(stage);
    good(stage, m1, 2000, 2);
    expect(stage, "second.active_power_total", 2000, 2);
    assert_int_equal(stage->out[0].point, point->id);

    stage->list[0].uid = "nonsense";
    add(stage, "third", 1, 0);
    use(stage);
    good(stage, m1, 3000, 3);
    expect(stage, "third.active_power_total", 3000, 3);
}

/* The steady path allocates nothing. */
static void test_no_allocation(void **state)
{
    struct stage *stage = *state;
    const struct kw_point *m1 = define(stage, "m1", power, 0);
    const struct kw_point *m2 = define(stage, "m2", power, 0);
    struct kw_mem_stats before;

    add(stage, "v", 2, 0);
    use(stage);
    good(stage, m1, 1000, 1);
    good(stage, m2, 1000, 1);
    before = kw_mem_stats();
    for (int64_t time_ms = 2000; time_ms < 20000; time_ms += 1000) {
        good(stage, m1, time_ms, 1);
        good(stage, m2, time_ms, 1);
        assert_int_equal(stage->out_count, 1);
    }
    assert_int_equal(kw_mem_stats().allocations, before.allocations);
}

/* Every allocation of a look-up fails once: the next sample tries again. */
static void test_no_memory(void **state)
{
    struct stage *stage = *state;
    const struct kw_point *m1 = define(stage, "m1", power, 0);
    const struct kw_point *m1e = define(stage, "m1", energy, 0);
    int64_t time_ms = 1000;
    bool failed = true;

    add(stage, "v", 1, 0);
    add(stage, "absent", 2, 0); /* never is, and costs nothing */
    for (uint64_t n = 1; failed; n++) {
        char name[8];

        snprintf(name, sizeof(name), "v%d", (int)n);
        stage->list[0].name = name;
        use(stage);
        kw_mem_fail_at(n);
        good(stage, m1, time_ms, 1);
        kw_mem_fail_at(0);
        failed = stage->out_count == 0;
        good(stage, m1, time_ms + 1, 2);
        assert_int_equal(stage->out_count, 1);
        good(stage, m1e, time_ms + 1, 2);
        assert_int_equal(stage->out_count, 1);
        time_ms += 1000;
        assert_true(n < 50);
    }
    stage->conf.virtuals.count = 0;
    kw_mem_fail_at(1);
    assert_int_equal(kw_virtuals_new(&(struct kw_virtuals *){NULL},
                                     stage->points, &stage->conf),
                     KW_ENOMEM);
    kw_mem_fail_at(0);
}

static void test_free_null(void **state)
{
    (void)state;
    kw_virtuals_free(NULL);
}

#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, open_stage, close_stage)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_sum_and_minus),
        TEST(test_single),
        TEST(test_second_sample),
        TEST(test_never_two_of_one_time),
        TEST(test_quality),
        TEST(test_stale),
        TEST(test_which_quantities),
        TEST(test_together),
        TEST(test_many),
        TEST(test_inputs_come_later),
        TEST(test_no_inputs),
        TEST(test_input_returns),
        TEST(test_reconfigure),
        TEST(test_uid),
        TEST(test_no_allocation),
        TEST(test_no_memory),
        cmocka_unit_test(test_free_null),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
