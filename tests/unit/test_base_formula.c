/* SPDX-License-Identifier: Apache-2.0 */
#include "base/formula.h"
#include "base/mem.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define DIM(...)                                                               \
    {                                                                          \
        .of = { __VA_ARGS__ }                                                  \
    }
#define POWER [KW_VOLT] = 1, [KW_AMPERE] = 1

/* The values that formulas here may use; their numbers are their places. */
static const struct {
    const char *name;
    double value;
    struct kw_dimension dimension;
} values[] = {
    {"p1", 100, DIM(POWER)},
    {"p2", 200, DIM(POWER)},
    {"q", 400, DIM(POWER)},
    {"u", 230, DIM([KW_VOLT] = 1)},
    {"i", 5, DIM([KW_AMPERE] = 1)},
    {"pf", 0.5, DIM(0)},
    {"scale", -2, DIM(0)},
    {"phi", 60, DIM([KW_DEGREE] = 1)},
    {"none", (double)NAN, DIM(POWER)},
    {"zero", 0, DIM(POWER)},
    {"f", 50, DIM([KW_SECOND] = -1)},
    {"e", 1234, DIM(POWER, [KW_HOUR] = 1)},
    {"t", 3600, DIM([KW_SECOND] = 1)},
};

static bool find_value(void *arg, const char *name, uint16_t *index,
                       struct kw_dimension *dimension)
{
    (void)arg;
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        if (strcmp(values[i].name, name) != 0)
            continue;
        *index = (uint16_t)i;
        *dimension = values[i].dimension;
        return true;
    }
    return false;
}

static bool find_unit(void *arg, const char *name, double *factor,
                      struct kw_dimension *dimension)
{
    static const struct kw_dimension power = DIM(POWER);

    (void)arg;
    *factor = 1000;
    *dimension = power;
    return strcmp(name, "kW") == 0;
}

static const struct kw_formula_names names = {find_value, find_unit, NULL};

static double compute(const struct kw_formula *formula)
{
    double numbers[sizeof(values) / sizeof(values[0])];

    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
        numbers[i] = values[i].value;
    return kw_formula_value(formula, numbers);
}

static void test_values(void **state)
{
    static const struct {
        const char *text;
        double value;
    } rows[] = {
        {"1", 1},
        {" 1 + 2 * 3 ", 7},
        {"(1 + 2) * 3", 9},
        {"10 - 4 - 3", 3},
        {"100 / 10 / 2", 5},
        {"2^3^2", 512},
        {"-2^2", -4},
        {"2^-1", 0.5},
        {"(-2)^2", 4},
        {"--3", 3},
        {"2 * -3", -6},
        {".5 + 1.5e1 + 1e+1 + 1E-1", 25.6},
        {"p1 + p2", 300},
        {"sqrt(p1^2 + (p2 + p1)^2)", 316.22776601683796},
        {"sqrt((p1 + p2)^2 + q^2)", 500},
        {"(q^2 + (p1 + p2)^2)^(1/2)", 500},
        {"u * i", 1150},
        {"u * i * pf", 575},
        {"p1 / q", 0.25},
        {"0.1 * 10^scale", 0.001},
        {"10^(scale * 5) * 10^10", 1},
        {"abs(p1 - p2)", 100},
        {"min(p1, p2, q)", 100},
        {"max(p1, p2, q)", 400},
        {"max(0, p1 - p2)", 0},
        {"max(p1 - p2, 0)", 0},
        {"cos(phi) + sin(30)", 1},
        {"acos(pf)", 60},
        {"phi - 60", 0},
        {"2 kW + p1", 2100},
        {"1.5kW / 3", 500},
        {"1 / f + t", 3600.02},
        {"e / e", 1},
        {"sqrt(16) * p1", 400},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct kw_formula_result result;
        struct kw_formula_error error;
        struct kw_formula *formula;

        if (kw_formula_compile(&formula, rows[i].text, &names, &result,
                               &error) != 0)
            fail_msg("%s: %zu: %s", rows[i].text, error.at, error.text);
        if (fabs(compute(formula) - rows[i].value) > 1e-9)
            fail_msg("%s: %.17g", rows[i].text, compute(formula));
        kw_formula_free(formula);
    }
}

/* What has no value: the caller sees that it isn't finite. */
static void test_no_value(void **state)
{
    static const char *const texts[] = {
        "p1 / zero",     "zero / zero",  "sqrt(pf - 1)",  "none + p1",
        "max(none, 0)",  "min(p1,none)", "max(p1, none)", "acos(pf * 3)",
        "10^(scale*6)",  "0 * none",     "sqrt(scale)",   "-none",
        "10^(scale*-6)",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct kw_formula_result result;
        struct kw_formula_error error;
        struct kw_formula *formula;

        if (kw_formula_compile(&formula, texts[i], &names, &result, &error) !=
            0)
            fail_msg("%s: %zu: %s", texts[i], error.at, error.text);
        if (isfinite(compute(formula)))
            fail_msg("%s: %g", texts[i], compute(formula));
        kw_formula_free(formula);
    }
}

static void test_dimensions(void **state)
{
    static const struct {
        const char *text;
        struct kw_dimension dimension;
        bool constant;
    } rows[] = {
        {"p1 + q", DIM(POWER), false},
        {"p1 + 5", DIM(POWER), false},
        {"5 + p1", DIM(POWER), false},
        {"u * i", DIM(POWER), false},
        {"p1 / u", DIM([KW_AMPERE] = 1), false},
        {"sqrt(p1^2 + q^2)", DIM(POWER), false},
        {"sqrt(u^2)", DIM([KW_VOLT] = 1), false},
        {"u^2", DIM([KW_VOLT] = 2), false},
        {"u^-1 * u", DIM(0), false},
        {"p1 / q", DIM(0), false},
        {"cos(phi)", DIM(0), false},
        {"acos(pf)", DIM([KW_DEGREE] = 1), false},
        {"acos(1)", DIM([KW_DEGREE] = 1), false},
        {"5", DIM(0), true},
        {"-5 * 3 + 2", DIM(0), true},
        {"sqrt(4)", DIM(0), true},
        {"2 kW", DIM(POWER), false},
        {"2 kW / 1 kW", DIM(0), false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct kw_formula_result result;
        struct kw_formula_error error;
        struct kw_formula *formula;

        if (kw_formula_compile(&formula, rows[i].text, &names, &result,
                               &error) != 0)
            fail_msg("%s: %zu: %s", rows[i].text, error.at, error.text);
        if (!kw_dimension_equal(result.dimension, rows[i].dimension) ||
            result.constant != rows[i].constant)
            fail_msg("%s", rows[i].text);
        kw_formula_free(formula);
    }
}

/* Where the mistake is and what is said about it. */
static void test_refused(void **state)
{
    static const struct {
        const char *text;
        size_t at;
        const char *says;
    } rows[] = {
        {"", 0, "a number, a name"},
        {"  ", 2, "a number, a name"},
        {"1 +", 3, "a number, a name"},
        {"1 2", 2, "an operator or the end"},
        {"1 $ 2", 2, "an operator or the end"},
        {"* 2", 0, "a number, a name"},
        {"(1", 2, "\")\" is expected"},
        {"(1 + ", 5, "a number, a name"},
        {"1)", 1, "an operator or the end"},
        {"1.2.3", 0, "a number is expected"},
        {"1e999", 0, "a number is expected"},
        {"12345678901234567890123456789012345678901", 0, "a shorter number"},
        {"5 xyz", 2, "\"xyz\" is no unit"},
        {"xyz", 0, "\"xyz\" is no value"},
        {"p1 + xyz", 5, "\"xyz\" is no value"},
        {"log(p1)", 0, "\"log\" is no function"},
        {"sqrt(p1", 7, "\")\" is expected"},
        {"sqrt(p1, q)", 7, "\")\" is expected"},
        {"sqrt()", 5, "a number, a name"},
        {"sqrt", 0, "\"sqrt\" is no value"},
        {"min(p1)", 6, "two and more"},
        {"min(p1, q", 9, "\",\" or \")\""},
        {"min(p1, )", 8, "a number, a name"},
        {"p1 + u", 3, "of the same unit"},
        {"p1 - 5 * u", 3, "of the same unit"},
        {"min(p1, u)", 0, "of the same unit"},
        {"e + p1 * t", 2, "of the same unit"}, /* Wh and Ws */
        {"2 ^ p1", 2, "an exponent has no unit"},
        {"p1 ^ scale", 3, "raised to a number"},
        {"u ^ 0.5", 2, "this power has no unit"},
        {"u ^ 200", 2, "this power has no unit"},
        {"u ^ (1/0)", 6, "this has no value"},
        {"acos(2)", 0, "this has no value"},
        {"p1 * 10^11", 7, "this has no value"},
        {"sqrt(u)", 0, "this root has no unit"},
        {"cos(u)", 0, "an angle in degrees"},
        {"sin(p1)", 0, "an angle in degrees"},
        {"acos(phi)", 0, "a number without a unit"},
        {"u^100 * u", 6, "powers of the units are too high"},
        {"((((((((((((((((1))))))))))))))))", 16, "nests too deeply"},
        {"----------------1", 16, "nests too deeply"},
        {"2^2^2^2^2^2^2^2^2^2^2^2^2^2^2^2^2", 32, "nests too deeply"},
        {"this_name_is_much_longer_than_any_that_could_be_in_the_list_of_names",
         0, "a shorter name"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct kw_formula_result result;
        struct kw_formula_error error;
        struct kw_formula *formula;

        assert_int_equal(
            kw_formula_compile(&formula, rows[i].text, &names, &result, &error),
            KW_EINVAL);
        assert_null(formula);
        if (error.at != rows[i].at || strstr(error.text, rows[i].says) == NULL)
            fail_msg("%s: %zu: %s", rows[i].text, error.at, error.text);
    }
}

/* "p1+p1+p1" */
static void repeat(char *text, size_t size, const char *word, int count)
{
    size_t length = 0;

    for (int i = 0; i < count; i++)
        length += (size_t)snprintf(text + length, size - length, "%s%s",
                                   i > 0 ? "+" : "", word);
    assert_true(length < size);
}

/* As many steps as fit, and one more; a constant part takes one only. */
static void test_length(void **state)
{
    struct kw_formula_result result;
    struct kw_formula_error error;
    struct kw_formula *formula;
    char text[1024];

    (void)state;
    repeat(text, sizeof(text), "p1", (KW_FORMULA_OPS + 1) / 2);
    assert_int_equal(
        kw_formula_compile(&formula, text, &names, &result, &error), 0);
    assert_true(compute(formula) == 4800);
    kw_formula_free(formula);
    repeat(text, sizeof(text), "p1", (KW_FORMULA_OPS + 1) / 2 + 1);
    assert_int_equal(
        kw_formula_compile(&formula, text, &names, &result, &error), KW_EINVAL);
    assert_non_null(strstr(error.text, "too long"));
    repeat(text, sizeof(text), "1", 201);
    assert_int_equal(
        kw_formula_compile(&formula, text, &names, &result, &error), 0);
    assert_true(compute(formula) == 201);
    kw_formula_free(formula);
}

/* Sixteen values wait at once, not seventeen. */
static void test_depth(void **state)
{
    struct kw_formula_result result;
    struct kw_formula_error error;
    struct kw_formula *formula;

    (void)state;
    assert_int_equal(kw_formula_compile(
                         &formula,
                         "p1+1*(p1+1*(p1+1*(p1+1*(p1+1*(p1+pf*(p1+pf*p1))))))",
                         &names, &result, &error),
                     0);
    assert_true(isfinite(compute(formula)));
    kw_formula_free(formula);
    assert_int_equal(
        kw_formula_compile(
            &formula,
            "p1+pf*(p1+pf*(p1+pf*(p1+pf*(p1+pf*(p1+pf*(p1+pf*(p1+pf*(p1+pf*p1"
            "))))))))",
            &names, &result, &error),
        KW_EINVAL);
    assert_non_null(strstr(error.text, "too long"));
}

static void test_operands(void **state)
{
    static const uint16_t expected[] = {0, 1, 0};
    struct kw_formula_result result;
    struct kw_formula_error error;
    struct kw_formula *formula;
    size_t at = 0, count = 0;
    uint16_t index;

    (void)state;
    assert_int_equal(kw_formula_compile(&formula, "5 * (p1 + p2) - p1 * 2",
                                        &names, &result, &error),
                     0);
    while (kw_formula_operand(formula, &at, &index))
        assert_int_equal(index, expected[count++]);
    assert_int_equal(count, 3);
    kw_formula_free(formula);
}

static void test_no_memory(void **state)
{
    struct kw_formula_result result;
    struct kw_formula_error error;
    struct kw_formula *formula;

    (void)state;
    kw_mem_fail_at(1);
    assert_int_equal(
        kw_formula_compile(&formula, "p1", &names, &result, &error), KW_ENOMEM);
    kw_mem_fail_at(0);
    assert_null(formula);
    kw_formula_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),     cmocka_unit_test(test_no_value),
        cmocka_unit_test(test_dimensions), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_length),     cmocka_unit_test(test_depth),
        cmocka_unit_test(test_operands),   cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
