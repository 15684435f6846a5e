/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "history/series.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void test_tidy(void **state)
{
    static const struct {
        const char *times; /* one a letter */
        const char *sorted;
        const char *arrivals; /* index of each that stays */
    } rows[] = {
        {"", "", ""},          {"a", "a", "0"},           {"abc", "abc", "012"},
        {"cba", "abc", "210"}, {"aab", "ab", "12"},       {"abab", "ab", "23"},
        {"bbbb", "b", "3"},    {"azbyb", "abyz", "0431"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct kw_history_series series = {.key = {.point = 9}};
        size_t length = strlen(rows[i].times), wanted = strlen(rows[i].sorted);

        for (size_t at = 0; at < length; at++)
            assert_int_equal(kw_history_series_put(&series, rows[i].times[at],
                                                   at, (uint8_t)at),
                             0);
        assert_int_equal(kw_history_series_tidy(&series), 0);
        assert_int_equal(series.count, wanted);
        for (size_t at = 0; at < wanted; at++) {
            assert_int_equal(series.times[at], rows[i].sorted[at]);
            assert_int_equal(series.raw[at], rows[i].arrivals[at] - '0');
            assert_int_equal(series.quality[at], rows[i].arrivals[at] - '0');
        }
        assert_int_equal(series.key.point, 9);
        kw_history_series_fini(&series);
    }
}

static void test_set(void **state)
{
    struct kw_history_set set;
    struct kw_history_series *series;

    (void)state;
    kw_history_set_init(&set);
    for (uint32_t point = 40; point > 0; point--) {
        struct kw_history_key key = {point, 0, 0.1};

        assert_int_equal(kw_history_set_series(&set, &key, &series), 0);
        assert_int_equal(kw_history_series_put(series, 1000, point, 0), 0);
    }
    for (uint32_t point = 1; point <= 40; point++) {
        struct kw_history_key key = {point, 0, 0.1};

        assert_int_equal(kw_history_set_series(&set, &key, &series), 0);
        assert_int_equal(series->count, 1);
        assert_int_equal(series->raw[0], point);
    }
    assert_int_equal(set.count, 40);
    /* another scale or encoding is another series, the later one behind */
    for (uint8_t encoding = 0; encoding < 2; encoding++) {
        struct kw_history_key key = {7, encoding, 0.25};

        assert_int_equal(kw_history_set_series(&set, &key, &series), 0);
        assert_int_equal(kw_history_series_put(series, 500 - encoding, 0, 0),
                         0);
    }
    assert_int_equal(set.count, 42);
    for (uint32_t scale = 1; scale < 4; scale++) { /* and empty ones */
        struct kw_history_key key = {50, 0, scale};

        assert_int_equal(kw_history_set_series(&set, &key, &series), 0);
    }
    assert_int_equal(kw_history_set_tidy(&set), 0);
    assert_int_equal(kw_history_set_samples(&set), 42);
    assert_int_equal(set.items[5].key.point, 6);
    assert_int_equal(set.items[6].times[0], 499);
    assert_int_equal(set.items[7].times[0], 500);
    assert_int_equal(set.items[8].times[0], 1000);
    assert_int_equal(set.items[9].key.point, 8);
    kw_history_set_fini(&set);
}

static void test_ceilings(void **state)
{
    struct kw_history_series series = {.count = 5}, *made;
    struct kw_history_set set;
    int err = 0;

    (void)state;
    assert_int_equal(kw_history_series_reserve(&series, KW_HISTORY_SAMPLES),
                     KW_EFULL);
    assert_int_equal(kw_history_series_reserve(&series, SIZE_MAX), KW_EFULL);
    kw_history_set_init(&set);
    for (uint32_t point = 1; err == 0; point++) {
        struct kw_history_key key = {point, 0, 1};

        err = kw_history_set_series(&set, &key, &made);
    }
    assert_int_equal(err, KW_EFULL);
    assert_int_equal(set.count, KW_HISTORY_COLUMNS);
    kw_history_set_fini(&set);
}

/* Each allocation fails once; what was there stays. */
static void test_no_memory(void **state)
{
    uint64_t n = 1;
    int err;

    (void)state;
    do {
        struct kw_history_set set;
        struct kw_history_series *series;
        struct kw_history_key key = {1, 0, 1};

        kw_history_set_init(&set);
        kw_mem_fail_at(n++);
        err = kw_history_set_series(&set, &key, &series);
        for (int i = 0; err == 0 && i < 200; i++)
            err = kw_history_series_put(series, 200 - i, 0, 0);
        if (err == 0)
            err = kw_history_set_tidy(&set);
        kw_mem_fail_at(0);
        kw_history_set_fini(&set);
        assert_true(err == 0 || err == KW_ENOMEM);
    } while (err != 0);
    assert_true(n > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tidy),
        cmocka_unit_test(test_set),
        cmocka_unit_test(test_ceilings),
        cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests_name("history_series", tests, NULL, NULL);
}
