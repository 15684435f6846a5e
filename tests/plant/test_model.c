/* SPDX-License-Identifier: Apache-2.0 */
/* The physics: values agree with each other, counters with the power. */
#include "load.h"
#include "model.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* 2026-03-04 00:00:00 UTC, a Wednesday. */
static const int64_t midnight_ms = INT64_C(1772582400000);

enum { HOUR_MS = 3600 * 1000, DAY_MS = 24 * HOUR_MS };

static void assert_near(double a, double b, double limit)
{
    if (!(fabs(a - b) <= limit))
        fail_msg("%.9g and %.9g differ by more than %g", a, b, limit);
}

static void start(struct kw_plant_model *model, unsigned unit, unsigned phases,
                  int64_t start_ms)
{
    struct kw_plant_place place = {0, unit, 1};
    kw_plant_model_init(model, 42, place, phases, start_ms, HOUR_MS);
}

static double sum_3(const double *real, int first)
{
    return real[first] + real[first + 1] + real[first + 2];
}

static void check_phase(const double *r, int i)
{
    double p = r[KW_PLANT_P + i], q = r[KW_PLANT_Q + i];
    double s = r[KW_PLANT_S + i], pf = r[KW_PLANT_PF + i];
    double v = r[KW_PLANT_V_LN + i], a = r[KW_PLANT_I + i];
    assert_near(v * a, s, 1e-6);
    assert_near(v * a * pf, p, 1e-6);
    assert_near(p * p + q * q, s * s, 1e-3);
    assert_true(v > 220 && v < 242);
    assert_true(a >= 0 && fabs(pf) <= 1);
}

/* Neutral current as the sum of three phasors, by their components. */
static double neutral(const double *r)
{
    double re = 0, im = 0;
    for (int i = 0; i < 3; i++) {
        double angle = -i * 2.0943951023931953 -
                       atan2(r[KW_PLANT_Q + i], r[KW_PLANT_P + i]);
        re += r[KW_PLANT_I + i] * cos(angle);
        im += r[KW_PLANT_I + i] * sin(angle);
    }
    return sqrt(re * re + im * im);
}

static void check_sums(const double *r)
{
    assert_near(sum_3(r, KW_PLANT_P), r[KW_PLANT_P_SUM], 1e-6);
    assert_near(sum_3(r, KW_PLANT_Q), r[KW_PLANT_Q_SUM], 1e-6);
    assert_near(hypot(r[KW_PLANT_P_SUM], r[KW_PLANT_Q_SUM]), r[KW_PLANT_S_SUM],
                1e-6);
    assert_near(r[KW_PLANT_P_SUM], r[KW_PLANT_S_SUM] * r[KW_PLANT_PF_SUM],
                1e-6);
    assert_near(tan(r[KW_PLANT_ANGLE] * 0.017453292519943295),
                r[KW_PLANT_Q_SUM] / r[KW_PLANT_P_SUM], 1e-6);
    assert_near(sum_3(r, KW_PLANT_I), r[KW_PLANT_I_SUM], 1e-9);
    assert_near(r[KW_PLANT_I_SUM] / 3, r[KW_PLANT_I_AVG], 1e-9);
    assert_near(sum_3(r, KW_PLANT_V_LN) / 3, r[KW_PLANT_V_LN_AVG], 1e-9);
    assert_near(neutral(r), r[KW_PLANT_I_N], 1e-6);
    for (int i = 0; i < 3; i++)
        assert_true(r[KW_PLANT_V_LL + i] > 385 && r[KW_PLANT_V_LL + i] < 415);
    assert_true(r[KW_PLANT_F] > 49.95 && r[KW_PLANT_F] < 50.05);
}

static void check_counters(const double *r)
{
    static const int sums[] = {KW_PLANT_EP_IN,  KW_PLANT_EP_OUT,
                               KW_PLANT_EQ_IN,  KW_PLANT_EQ_OUT,
                               KW_PLANT_EP_ALL, KW_PLANT_EQ_ALL};
    for (size_t i = 0; i < sizeof sums / sizeof *sums; i++)
        assert_near(sum_3(r, sums[i]), r[sums[i] + 3], 1e-3);
    assert_near(r[KW_PLANT_EP_IN_SUM] + r[KW_PLANT_EP_OUT_SUM],
                r[KW_PLANT_EP_ALL_SUM], 1e-3);
    assert_near(r[KW_PLANT_ES_IN_SUM] + r[KW_PLANT_ES_OUT_SUM],
                r[KW_PLANT_ES_SUM], 1e-3);
}

static void test_values_agree(void **state)
{
    (void)state;
    for (unsigned unit = 1; unit <= 16; unit++) {
        struct kw_plant_model model;
        struct kw_plant_values values;
        start(&model, unit, 3, midnight_ms);
        for (int64_t t = 0; t < DAY_MS; t += 1234567) {
            kw_plant_model_at(&model, midnight_ms + t, &values);
            for (int i = 0; i < 3; i++)
                check_phase(values.real, i);
            check_sums(values.real);
            check_counters(values.real);
        }
    }
}

/* Ticks of 100 ms, added up by the rule of trapezoids, against the closed
 * form. Slots may begin with a step, so each slot is added on its own. */
static void test_slot_energy_is_the_integral_of_the_power(void **state)
{
    static const struct kw_plant_slot slots[] = {
        {.at = 5000,
         .rise = 12,
         .size = {0.004, 0.003, 0.002},
         .angle = {1, 2, 3}},
        {.at = -3000, .rise = -7, .size = {0.004}, .angle = {0.5}},
        {.at = 600,
         .rise = -150,
         .size = {0.004, 0.004, 0.004},
         .angle = {4, 5, 6}},
        {.at = -600, .rise = 250, .size = {0.001}},
        {.at = 0, .rise = 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof slots / sizeof *slots; i++) {
        double in = 0, out = 0, got[2], step = 0.0005;
        for (int k = 0; k < 14600; k++) {
            double middle = ((double)k + 0.5) * step;
            double power = kw_plant_slot_power(&slots[i], middle);
            in += power > 0 ? power * step : 0;
            out -= power < 0 ? power * step : 0;
        }
        kw_plant_slot_energy(&slots[i], 7.3, got);
        assert_near(got[0], in, 0.05);
        assert_near(got[1], out, 0.05);
    }
}

static void test_counters_do_not_depend_on_when_they_are_read(void **state)
{
    struct kw_plant_model often, seldom;
    struct kw_plant_values a, b;
    (void)state;
    start(&often, 7, 3, midnight_ms + 5300);
    start(&seldom, 7, 3, midnight_ms + 5300);
    for (int64_t t = 5300; t <= DAY_MS; t += 1900)
        kw_plant_model_at(&often, midnight_ms + t, &a);
    kw_plant_model_at(&often, midnight_ms + DAY_MS, &a);
    kw_plant_model_at(&seldom, midnight_ms + DAY_MS, &b);
    for (int i = 0; i < KW_PLANT_VALUES; i++)
        assert_true(a.real[i] == b.real[i]);
}

static void test_counters_integrate_the_power(void **state)
{
    struct kw_plant_model model;
    struct kw_plant_values values;
    (void)state;
    for (unsigned unit = 1; unit <= 7; unit += 3) {
        start(&model, unit, 3, midnight_ms + 12 * HOUR_MS);
        kw_plant_model_at(&model, midnight_ms + 12 * HOUR_MS, &values);
        double from =
            values.real[KW_PLANT_EP_IN_SUM] - values.real[KW_PLANT_EP_OUT_SUM];
        double reactive = values.real[KW_PLANT_EQ_ALL_SUM];
        double sum = 0, sum_q = 0;
        for (int64_t t = 50; t < HOUR_MS; t += 100) {
            kw_plant_model_at(&model, midnight_ms + 12 * HOUR_MS + t, &values);
            sum += values.real[KW_PLANT_P_SUM] * 0.1 / 3600;
            sum_q += fabs(values.real[KW_PLANT_Q_SUM]) * 0.1 / 3600;
        }
        kw_plant_model_at(&model, midnight_ms + 13 * HOUR_MS, &values);
        double net = values.real[KW_PLANT_EP_IN_SUM] -
                     values.real[KW_PLANT_EP_OUT_SUM] - from;
        assert_near(net, sum, fabs(sum) * 1e-4 + 0.01);
        assert_near(values.real[KW_PLANT_EQ_ALL_SUM] - reactive, sum_q,
                    sum_q * 1e-4 + 0.01);
    }
}

static void test_counters_never_fall(void **state)
{
    struct kw_plant_model model;
    struct kw_plant_values now, before;
    (void)state;
    start(&model, 15, 3, midnight_ms);
    kw_plant_model_at(&model, midnight_ms, &before);
    for (int64_t t = 0; t < 2 * DAY_MS; t += 61700) {
        kw_plant_model_at(&model, midnight_ms + t, &now);
        for (int i = KW_PLANT_EP_IN; i <= KW_PLANT_SAMPLE_TIME; i++)
            assert_true(now.real[i] >= before.real[i]);
        before = now;
    }
}

static void test_same_seed_same_values(void **state)
{
    struct kw_plant_model a, b, c;
    struct kw_plant_values va, vb, vc;
    (void)state;
    start(&a, 3, 3, midnight_ms);
    start(&b, 3, 3, midnight_ms);
    start(&c, 4, 3, midnight_ms);
    kw_plant_model_at(&a, midnight_ms + 777700, &va);
    kw_plant_model_at(&b, midnight_ms + 777700, &vb);
    kw_plant_model_at(&c, midnight_ms + 777700, &vc);
    assert_memory_equal(va.real, vb.real, sizeof va.real);
    assert_true(va.real[KW_PLANT_P_SUM] != vc.real[KW_PLANT_P_SUM]);
    assert_true(va.real[KW_PLANT_F] == vc.real[KW_PLANT_F]);
}

/* Local noon is 11:00 UTC here. */
static void test_a_solar_plant_exports_at_noon(void **state)
{
    struct kw_plant_model model;
    struct kw_plant_values values;
    (void)state;
    start(&model, 7, 3, midnight_ms);
    kw_plant_model_at(&model, midnight_ms + 2 * HOUR_MS, &values);
    assert_true(values.real[KW_PLANT_P_SUM] > 0);
    double out = values.real[KW_PLANT_EP_OUT_SUM];
    kw_plant_model_at(&model, midnight_ms + 12 * HOUR_MS, &values);
    assert_true(values.real[KW_PLANT_P_SUM] < 0);
    assert_true(values.real[KW_PLANT_PF_SUM] < 0);
    assert_true(values.leading);
    assert_true(values.real[KW_PLANT_EP_OUT_SUM] > out + 1000);
}

static void test_offices_follow_the_day(void **state)
{
    struct kw_plant_load night, day, sunday;
    (void)state;
    kw_plant_load_at(0, 9, 3, midnight_ms + 3 * HOUR_MS, 1, &night);
    kw_plant_load_at(0, 9, 3, midnight_ms + 10 * HOUR_MS, 1, &day);
    kw_plant_load_at(0, 9, 3, midnight_ms + 10 * HOUR_MS + 4 * (int64_t)DAY_MS,
                     1, &sunday);
    assert_true(day.phase[0] > 2 * night.phase[0]);
    assert_true(day.phase[1] > sunday.phase[1]);
    assert_true(day.solar == 0);
}

static void test_one_phase(void **state)
{
    struct kw_plant_model model;
    struct kw_plant_values values;
    (void)state;
    start(&model, 1, 1, midnight_ms);
    kw_plant_model_at(&model, midnight_ms + 9 * HOUR_MS, &values);
    const double *r = values.real;
    check_phase(r, 0);
    assert_true(r[KW_PLANT_P] == r[KW_PLANT_P_SUM]);
    assert_true(r[KW_PLANT_I] == r[KW_PLANT_I_AVG]);
    assert_true(r[KW_PLANT_V_LN] == r[KW_PLANT_V_LN_AVG]);
    assert_true(r[KW_PLANT_P + 1] == 0 && r[KW_PLANT_P + 2] == 0);
}

static void test_times(void **state)
{
    struct kw_plant_model model;
    struct kw_plant_values values;
    (void)state;
    start(&model, 1, 3, midnight_ms);
    kw_plant_model_at(&model, midnight_ms, &values);
    double hours = values.real[KW_PLANT_HOURS];
    assert_near(values.real[KW_PLANT_SAMPLE_TIME], 825897600, 0);
    kw_plant_model_at(&model, midnight_ms + 90500, &values);
    assert_near(values.real[KW_PLANT_HOURS] - hours, 90.5, 1e-6);
    assert_near(values.real[KW_PLANT_SAMPLE_TIME], 825897690, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_agree),
        cmocka_unit_test(test_slot_energy_is_the_integral_of_the_power),
        cmocka_unit_test(test_counters_do_not_depend_on_when_they_are_read),
        cmocka_unit_test(test_counters_integrate_the_power),
        cmocka_unit_test(test_counters_never_fall),
        cmocka_unit_test(test_same_seed_same_values),
        cmocka_unit_test(test_a_solar_plant_exports_at_noon),
        cmocka_unit_test(test_offices_follow_the_day),
        cmocka_unit_test(test_one_phase),
        cmocka_unit_test(test_times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
