/* SPDX-License-Identifier: Apache-2.0 */
#include "base/diag.h"
#include "base/mem.h"
#include "core/quantity.h"
#include "lib/fixture.h"
#include "meter/compute.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* What stands where in the map below. */
enum {
    CURRENT,
    VOLTAGE,
    POWER,
    SCALE,
    APPARENT,
    FACTOR,
    TWICE,
    COUNT,
};

static const char text[] =
    "quantity,function,address,registers,type,word_order,multiplier,unit,"
    "class,na,formula,note,source\n"
    "current_l1,3,1,1,u16,-,10^scale_current,A,fast,,,,\n"
    "voltage_l1_n,3,2,1,u16,-,0.1,V,fast,,,,\n"
    "active_power_l1,3,3,1,s16,-,1,W,fast,,,,\n"
    "scale_current,3,4,1,s16,-,1,1,slow,,,,\n"
    "apparent_power_l1,,,,,,,,,,= voltage_l1_n * current_l1,,\n"
    "power_factor_l1,,,,,,,,,,= active_power_l1 / apparent_power_l1,,\n"
    "active_power_total,,,,,,,,,,= 2 * active_power_l1,,\n";

struct bench {
    struct kw_quantities *quantities;
    struct kw_map *map;
    struct kw_meter_compute compute;
};

static struct kw_map *parse(const struct bench *bench, const char *csv)
{
    struct kw_map *map = NULL;
    struct kw_diag diag;
    char line[512];

    kw_diag_init(&diag);
    if (kw_meter_map_parse(&map, "x", csv, strlen(csv), bench->quantities,
                           &diag) != 0)
        fail_msg("%s", kw_diag_first(&diag, line, sizeof(line)));
    kw_diag_fini(&diag);
    return map;
}

static int set_up(void **state)
{
    static struct bench bench;
    struct kw_diag diag;

    kw_diag_init(&diag);
    assert_int_equal(kw_quantities_load(&bench.quantities,
                                        KW_TEST_CONF "/quantities.csv", &diag),
                     0);
    kw_diag_fini(&diag);
    bench.map = parse(&bench, text);
    assert_int_equal(bench.map->count, COUNT);
    assert_int_equal(kw_meter_compute_init(&bench.compute, bench.map), 0);
    *state = &bench;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;

    kw_meter_compute_fini(&bench->compute);
    kw_meter_map_drop(bench->map);
    kw_quantities_free(bench->quantities);
    return 0;
}

static void put(struct bench *bench, size_t index, double value)
{
    kw_meter_compute_put(&bench->compute, index, KW_QUALITY_GOOD, value);
}

/* The next computed value is this point's. */
static void expect(struct bench *bench, size_t index, double value)
{
    struct kw_meter_computed computed;

    assert_true(kw_meter_compute_next(&bench->compute, &computed));
    assert_int_equal(bench->compute.order[computed.place], index);
    assert_int_equal(computed.quality, KW_QUALITY_GOOD);
    assert_true(fabs(computed.value - value) < 1e-9);
}

static void expect_bad(struct bench *bench, size_t index, uint8_t quality)
{
    struct kw_meter_computed computed;

    assert_true(kw_meter_compute_next(&bench->compute, &computed));
    assert_int_equal(bench->compute.order[computed.place], index);
    assert_int_equal(computed.quality, quality);
    assert_true(isnan(computed.value));
}

static void expect_end(struct bench *bench)
{
    struct kw_meter_computed computed;

    assert_false(kw_meter_compute_next(&bench->compute, &computed));
}

static void test_all(void **state)
{
    struct bench *bench = *state;

    put(bench, CURRENT, 1500);
    put(bench, VOLTAGE, 230);
    put(bench, POWER, 1725);
    put(bench, SCALE, -2);
    expect(bench, CURRENT, 15);
    expect(bench, APPARENT, 3450);
    expect(bench, FACTOR, 0.5);
    expect(bench, TWICE, 3450);
    expect_end(bench);
    /* Nothing is fresh any more. */
    expect_end(bench);
}

/* Only what depends on what came; of the others the last value counts. */
static void test_some(void **state)
{
    struct bench *bench = *state;

    put(bench, POWER, 345);
    expect(bench, FACTOR, 0.1);
    expect(bench, TWICE, 690);
    expect_end(bench);
    put(bench, CURRENT, 3000);
    expect(bench, CURRENT, 30);
    expect(bench, APPARENT, 6900);
    expect(bench, FACTOR, 0.05);
    expect_end(bench);
    /* A multiplier alone gives no new value of what it multiplies. */
    put(bench, SCALE, -1);
    expect_end(bench);
    put(bench, CURRENT, 300);
    expect(bench, CURRENT, 30);
    expect(bench, APPARENT, 6900);
    expect(bench, FACTOR, 0.05);
    expect_end(bench);
}

/* The worst quality of what is used, through all steps. */
static void test_bad(void **state)
{
    struct bench *bench = *state;

    kw_meter_compute_put(&bench->compute, SCALE, KW_QUALITY_BAD_EXCEPTION, 5);
    put(bench, CURRENT, 300);
    put(bench, POWER, 100);
    expect_bad(bench, CURRENT, KW_QUALITY_BAD_EXCEPTION);
    expect_bad(bench, APPARENT, KW_QUALITY_BAD_EXCEPTION);
    expect_bad(bench, FACTOR, KW_QUALITY_BAD_EXCEPTION);
    expect(bench, TWICE, 200);
    expect_end(bench);
    put(bench, SCALE, -2);
    kw_meter_compute_put(&bench->compute, CURRENT, KW_QUALITY_BAD_TIMEOUT, 0);
    kw_meter_compute_put(&bench->compute, POWER, KW_QUALITY_BAD_CRC, 0);
    expect_bad(bench, CURRENT, KW_QUALITY_BAD_TIMEOUT);
    expect_bad(bench, APPARENT, KW_QUALITY_BAD_TIMEOUT);
    expect_bad(bench, FACTOR, KW_QUALITY_BAD_CRC);
    expect_bad(bench, TWICE, KW_QUALITY_BAD_CRC);
    expect_end(bench);
}

/* Without a load there is no power factor; that is nobody's fault. */
static void test_no_value(void **state)
{
    struct bench *bench = *state;

    put(bench, CURRENT, 0);
    put(bench, VOLTAGE, 230);
    put(bench, POWER, 0);
    put(bench, SCALE, 0);
    expect(bench, CURRENT, 0);
    expect(bench, APPARENT, 0);
    expect_bad(bench, FACTOR, KW_QUALITY_BAD_NOT_AVAILABLE);
    expect(bench, TWICE, 0);
    expect_end(bench);
    put(bench, POWER, 1e308);
    expect_bad(bench, FACTOR, KW_QUALITY_BAD_NOT_AVAILABLE);
    expect_bad(bench, TWICE, KW_QUALITY_BAD_NOT_AVAILABLE);
    expect_end(bench);
}

/* A multiplier that is none: a power of ten that no scale has, such as the
 * code 8000 for "not used". */
static void test_no_multiplier(void **state)
{
    static const struct {
        double scale, value; /* 0: none */
    } rows[] = {
        {-32768, 0}, {32767, 0}, {-11, 0},   {11, 0},
        {-10, 5e-8}, {10, 5e12}, {0, 500.0}, {-2, 5},
    };
    struct bench *bench = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct kw_meter_computed computed;

        put(bench, CURRENT, 500);
        put(bench, SCALE, rows[i].scale);
        assert_true(kw_meter_compute_next(&bench->compute, &computed));
        if (rows[i].value == 0) {
            assert_int_equal(computed.quality, KW_QUALITY_BAD_NOT_AVAILABLE);
            assert_true(isnan(computed.value));
        } else {
            assert_int_equal(computed.quality, KW_QUALITY_GOOD);
            assert_true(fabs(computed.value - rows[i].value) <=
                        rows[i].value * 1e-12);
            assert_true(fabs(computed.times - pow(10, rows[i].scale)) <=
                        computed.times * 1e-12);
        }
        while (kw_meter_compute_next(&bench->compute, &computed))
            assert_true(computed.times == 1);
    }
}

/* A ratio that is not set, or below 0, gives nothing. */
static void test_no_ratio(void **state)
{
    static const char ratios[] =
        "quantity,function,address,registers,type,word_order,multiplier,unit,"
        "class,na,formula,note,source\n"
        "current_l1,3,2,1,u16,-,0.1*ratio_ct,A,fast,,,,\n"
        "ratio_ct,3,3,1,s16,-,1,1,fast,,,,\n";
    struct bench *bench = *state;
    struct kw_map *map = parse(bench, ratios);
    struct kw_meter_compute all = bench->compute;

    assert_int_equal(kw_meter_compute_init(&bench->compute, map), 0);
    for (int ratio = -1; ratio <= 1; ratio++) {
        put(bench, 0, 500);
        put(bench, 1, ratio);
        if (ratio > 0)
            expect(bench, 0, 50);
        else
            expect_bad(bench, 0, KW_QUALITY_BAD_NOT_AVAILABLE);
        expect_end(bench);
    }
    kw_meter_compute_fini(&bench->compute);
    kw_meter_map_drop(map);
    bench->compute = all;
}

/* What is refused is bad for whatever is computed from it. */
static void test_refused(void **state)
{
    static const struct kw_map_bounds bounds = {0, 20};
    struct bench *bench = *state;
    struct kw_meter_computed computed;

    put(bench, CURRENT, 1500);
    put(bench, VOLTAGE, 230);
    put(bench, POWER, 1725);
    put(bench, SCALE, -2);
    assert_true(kw_meter_compute_next(&bench->compute, &computed));
    kw_meter_compute_bound(&bench->compute, &computed, &bounds);
    assert_true(computed.value == 15);
    expect(bench, APPARENT, 3450);
    expect(bench, FACTOR, 0.5);
    expect(bench, TWICE, 3450);
    expect_end(bench);
    put(bench, CURRENT, 2001);
    assert_true(kw_meter_compute_next(&bench->compute, &computed));
    kw_meter_compute_bound(&bench->compute, &computed, &bounds);
    assert_int_equal(computed.quality, KW_QUALITY_BAD_IMPLAUSIBLE);
    assert_true(isnan(computed.value));
    expect_bad(bench, APPARENT, KW_QUALITY_BAD_IMPLAUSIBLE);
    expect_bad(bench, FACTOR, KW_QUALITY_BAD_IMPLAUSIBLE);
    expect_end(bench);
    /* What is bad already stays what it is. */
    kw_meter_compute_put(&bench->compute, CURRENT, KW_QUALITY_BAD_CRC, 0);
    assert_true(kw_meter_compute_next(&bench->compute, &computed));
    kw_meter_compute_bound(&bench->compute, &computed, &bounds);
    assert_int_equal(computed.quality, KW_QUALITY_BAD_CRC);
    while (kw_meter_compute_next(&bench->compute, &computed))
        continue;
}

/* What was never read is not there, whatever else is. */
static void test_never(void **state)
{
    struct bench *bench = *state;
    struct kw_meter_compute all = bench->compute;

    assert_int_equal(kw_meter_compute_init(&bench->compute, bench->map), 0);
    put(bench, POWER, 5);
    expect_bad(bench, FACTOR, KW_QUALITY_BAD_NEVER);
    expect(bench, TWICE, 10);
    expect_end(bench);
    kw_meter_compute_fini(&bench->compute);
    bench->compute = all;
}

/* A map that computes nothing costs nothing. */
static void test_nothing_to_do(void **state)
{
    static const char plain[] =
        "quantity,function,address,registers,type,word_order,multiplier,unit,"
        "class,na,formula,note,source\n"
        "voltage_l1_n,3,2,1,u16,-,0.1,V,fast,,,,\n";
    struct bench *bench = *state;
    struct kw_map *map = parse(bench, plain);
    struct kw_meter_compute compute;
    struct kw_meter_computed computed;

    assert_int_equal(kw_meter_compute_init(&compute, map), 0);
    assert_null(compute.values);
    kw_meter_compute_put(&compute, 0, KW_QUALITY_GOOD, 1);
    assert_false(kw_meter_compute_next(&compute, &computed));
    kw_meter_compute_fini(&compute);
    kw_meter_map_drop(map);
}

static void test_no_memory(void **state)
{
    struct bench *bench = *state;
    struct kw_meter_compute compute;

    for (uint64_t i = 1; i <= 3; i++) {
        kw_mem_fail_at(i);
        assert_int_equal(kw_meter_compute_init(&compute, bench->map),
                         KW_ENOMEM);
        kw_mem_fail_at(0);
        assert_null(compute.values);
    }
}

/* The steady path allocates nothing. */
static void test_no_allocation(void **state)
{
    struct bench *bench = *state;
    uint64_t before = kw_mem_stats().allocations;

    for (int i = 0; i < 100; i++) {
        struct kw_meter_computed computed;

        put(bench, CURRENT, i);
        put(bench, POWER, i);
        while (kw_meter_compute_next(&bench->compute, &computed))
            continue;
    }
    assert_int_equal(kw_mem_stats().allocations, before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all),
        cmocka_unit_test(test_some),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_no_value),
        cmocka_unit_test(test_no_multiplier),
        cmocka_unit_test(test_no_ratio),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_never),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_nothing_to_do),
        cmocka_unit_test(test_no_allocation),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
