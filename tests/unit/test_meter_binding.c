/* SPDX-License-Identifier: Apache-2.0 */
#include "base/diag.h"
#include "base/sample.h"
#include "lib/fixture.h"
#include "meter/binding.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static int set_up(void **state)
{
    static struct kw_quantities *quantities;
    struct kw_diag diag;

    kw_diag_init(&diag);
    assert_int_equal(
        kw_quantities_load(&quantities, KW_TEST_CONF "/quantities.csv", &diag),
        0);
    kw_diag_fini(&diag);
    *state = quantities;
    return 0;
}

static int tear_down(void **state)
{
    kw_quantities_free(*state);
    return 0;
}

static void test_forms(void **state)
{
    static const struct {
        const char *quantity;
        double ct, vt;
        bool invert;
        const char *becomes;
        double scale; /* of a multiplier 0.1 */
        unsigned decimals;
    } rows[] = {
        {"voltage_l1_n", 1, 1, false, "voltage_l1_n", 0.1, 1},
        {"voltage_l1_n", 20, 100, true, "voltage_l1_n", 0.1 * 100, 0},
        {"current_l2", 20, 100, false, "current_l2", 0.1 * 20, 0},
        {"active_power_total", 20, 100, false, "active_power_total", 0.1 * 2000,
         0},
        {"active_power_total", 1, 1, true, "active_power_total", -0.1, 1},
        {"reactive_power_l1", 1, 1, true, "reactive_power_l1", -0.1, 1},
        {"apparent_power_total", 2, 1, true, "apparent_power_total", 0.1 * 2,
         1},
        {"power_factor_total", 20, 100, false, "power_factor_total", 0.1, 1},
        {"power_factor_l1", 1, 1, true, "power_factor_l1", -0.1, 1},
        {"frequency", 20, 100, true, "frequency", 0.1, 1},
        {"active_energy_import_total", 2, 3, true, "active_energy_export_total",
         0.6, 1},
        {"active_energy_export_partial_fine", 1, 1, true,
         "active_energy_import_partial_fine", 0.1, 1},
        {"reactive_energy_import_l3", 1, 1, true, "reactive_energy_export_l3",
         0.1, 1},
        {"active_energy_sum_total", 1, 1, true, "active_energy_sum_total", 0.1,
         1},
        {"thd_current_l1", 20, 1, true, "thd_current_l1", 0.1, 1},
        {"hour_meter", 20, 1, true, "hour_meter", 0.1, 1},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct kw_map_point point = {
            .quantity = kw_quantities_find(*state, rows[i].quantity),
            .function = 3,
            .type = KW_MAP_U32,
            .multiplier = 0.1,
            .factor = 1,
        };
        struct kw_meter_entry entry = {
            .scale = {rows[i].ct, rows[i].vt},
            .invert = rows[i].invert,
        };
        struct kw_point_form form;

        assert_non_null(point.quantity);
        kw_meter_binding_form(&point, *state, &entry, &form);
        assert_string_equal(form.quantity->name, rows[i].becomes);
        assert_true(form.scale == rows[i].scale);
        assert_int_equal(form.decimals, rows[i].decimals);
        assert_int_equal(form.encoding, KW_ENCODING_INTEGER);
    }
}

/* Bounds of a row are the meter's, before ratios and sign. */
static void test_bounds(void **state)
{
    static const struct {
        const char *quantity;
        bool bounded, invert;
        double min, max;
    } rows[] = {
        {"voltage_l1_n", true, false, -1000, 5000},
        {"current_l1", true, true, -200, 1000},
        {"active_power_total", true, false, -20000, 100000},
        {"active_power_total", true, true, -100000, 20000},
        {"power_factor_l1", true, true, -50, 10},
        {"frequency", true, true, -10, 50},
        {"active_power_total", false, true, -10, 50},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct kw_map_point point = {
            .quantity = kw_quantities_find(*state, rows[i].quantity),
            .bounds = {-10, 50},
            .bounded = rows[i].bounded,
        };
        const struct kw_meter_entry entry = {.scale = {20, 100},
                                             .invert = rows[i].invert};
        struct kw_map_bounds bounds = kw_meter_binding_bounds(&point, &entry);

        assert_true(bounds.min == rows[i].min && bounds.max == rows[i].max);
    }
}

/* What is computed has its value as raw; only the sign of what is directed
 * and the ratios of what it uses were applied. */
static void test_computed(void **state)
{
    static char formula; /* stands for one: nothing looks into it */
    struct kw_map_point point = {
        .quantity = kw_quantities_find(*state, "active_energy_import_total"),
        .multiplier = 1,
        .factor = 1,
        .compute = (struct kw_formula *)(void *)&formula,
    };
    struct kw_meter_entry entry = {.scale = {20, 1}, .invert = true};
    struct kw_point_form form;

    for (uint8_t function = 0; function <= 3; function += 3) {
        point.function = function;
        kw_meter_binding_form(&point, *state, &entry, &form);
        assert_string_equal(form.quantity->name, "active_energy_export_total");
        assert_int_equal(form.encoding, KW_ENCODING_FLOAT64);
        assert_true(form.scale == 1);
        assert_int_equal(form.decimals, form.quantity->decimals);
        assert_true(kw_meter_binding_scale(&point, &entry) == 20);
    }
}

/* Back and forth, and quantities without an opposite. */
static void test_opposite(void **state)
{
    for (size_t i = 0; i < kw_quantities_count(*state); i++) {
        const struct kw_quantity *quantity = kw_quantities_at(*state, i);
        const struct kw_quantity *other =
            kw_meter_binding_opposite(*state, quantity);

        assert_ptr_equal(kw_meter_binding_opposite(*state, other), quantity);
        assert_string_equal(other->unit, quantity->unit);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_computed),
        cmocka_unit_test(test_opposite),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
