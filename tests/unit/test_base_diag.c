/* SPDX-License-Identifier: Apache-2.0 */
#include "base/diag.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_formats(void **state)
{
    static const struct {
        const char *file;
        struct kw_mark mark;
        const char *path, *text, *line;
    } rows[] = {
        {"a.yaml",
         {3, 5},
         "meters[2].unit",
         "is odd",
         "a.yaml:3:5: meters[2].unit: is odd"},
        {"a.yaml", {3, 5}, NULL, "is odd", "a.yaml:3:5: is odd"},
        {"a.yaml", {0, 0}, "site", "is odd", "a.yaml: site: is odd"},
        {"a.yaml", {0, 0}, NULL, "is odd", "a.yaml: is odd"},
        {NULL, {3, 5}, "site", "is odd", "site: is odd"},
        {NULL, {0, 0}, NULL, "is odd", "is odd"},
    };
    char line[256];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct kw_diag diag;

        kw_diag_init(&diag);
        assert_false(kw_diag_any(&diag));
        diag.file = rows[i].file;
        assert_int_equal(
            kw_diag_add(&diag, rows[i].mark, rows[i].path, "%s", rows[i].text),
            KW_EINVAL);
        assert_true(kw_diag_any(&diag));
        assert_string_equal(kw_diag_first(&diag, line, sizeof(line)),
                            rows[i].line);
        kw_diag_fini(&diag);
    }
}

static void test_say_has_no_place(void **state)
{
    struct kw_diag diag;
    char line[64];

    (void)state;
    kw_diag_init(&diag);
    assert_string_equal(kw_diag_first(&diag, line, sizeof(line)), "");
    line[0] = 'x';
    (void)kw_diag_first(&diag, line, 0);
    assert_int_equal(line[0], 'x');
    assert_int_equal(kw_diag_say(&diag, "%d of %s", 3, "them"), KW_EINVAL);
    assert_string_equal(kw_diag_first(&diag, line, sizeof(line)), "3 of them");
    kw_diag_fini(&diag);
    assert_false(kw_diag_any(&diag));
}

static void test_controls_are_escaped_and_long_texts_cut(void **state)
{
    struct kw_diag diag;
    char text[1000];

    (void)state;
    memset(text, 'a', sizeof(text) - 1);
    text[sizeof(text) - 1] = 0;
    kw_diag_init(&diag);
    diag.file = text;
    kw_diag_add(&diag, (struct kw_mark){1, 1}, text, "%s", text);
    kw_diag_add(&diag, (struct kw_mark){1, 1}, "a\nb", "\x1b[31m%s", "\xff");
    assert_int_equal(strlen(diag.items[0].text), KW_DIAG_TEXT_SIZE - 4);
    assert_int_equal(strlen(diag.items[0].file), KW_DIAG_PATH_SIZE - 1);
    assert_string_equal(diag.items[1].path, "a\\x0Ab");
    assert_string_equal(diag.items[1].text, "\\x1B[31m\\xFF");
    kw_diag_fini(&diag);
}

static void test_keeps_a_hundred_and_counts_the_rest(void **state)
{
    struct kw_diag diag;

    (void)state;
    kw_diag_init(&diag);
    for (unsigned i = 0; i < KW_DIAG_MAX + 7; i++)
        kw_diag_say(&diag, "finding %u", i);
    assert_int_equal(diag.count, KW_DIAG_MAX);
    assert_int_equal(diag.dropped, 7);
    kw_diag_fini(&diag);
}

static void test_out_of_memory_is_still_a_finding(void **state)
{
    struct kw_diag diag;
    char line[64] = "x";

    (void)state;
    kw_diag_init(&diag);
    kw_mem_fail_at(1);
    assert_int_equal(kw_diag_say(&diag, "lost"), KW_EINVAL);
    assert_int_equal(diag.count, 0);
    assert_int_equal(diag.dropped, 1);
    assert_true(kw_diag_any(&diag));
    assert_string_equal(kw_diag_first(&diag, line, sizeof(line)), "");
    kw_diag_fini(&diag);
}

static void test_warnings_are_no_errors(void **state)
{
    struct kw_diag diag;
    char line[64] = "x";

    (void)state;
    kw_diag_init(&diag);
    diag.file = "a";
    kw_diag_warn(&diag, "lines[0]", "is %s", "odd");
    assert_false(kw_diag_any(&diag));
    assert_string_equal(kw_diag_first(&diag, line, sizeof(line)), "");
    assert_string_equal(kw_diag_format(&diag.items[0], line, sizeof(line)),
                        "a: warning: lines[0]: is odd");
    assert_int_equal(kw_diag_at(&diag, "site", "is %d", 5), KW_EINVAL);
    assert_true(kw_diag_any(&diag));
    assert_int_equal(diag.errors, 1);
    assert_string_equal(kw_diag_first(&diag, line, sizeof(line)),
                        "a: site: is 5");
    kw_diag_fini(&diag);
}

/* However many warnings there are, errors are still kept. */
static void test_warnings_leave_room(void **state)
{
    struct kw_diag diag;
    char line[64];

    (void)state;
    kw_diag_init(&diag);
    for (unsigned i = 0; i < 2 * KW_DIAG_MAX; i++)
        kw_diag_warn(&diag, "x", "warning %u", i);
    assert_int_equal(diag.count, KW_DIAG_MAX / 2);
    assert_int_equal(diag.dropped, 2 * KW_DIAG_MAX - KW_DIAG_MAX / 2);
    assert_false(kw_diag_any(&diag));
    kw_diag_say(&diag, "error");
    assert_string_equal(kw_diag_first(&diag, line, sizeof(line)), "error");
    kw_diag_fini(&diag);
}

static void test_sorts_by_place_and_keeps_the_order_of_equals(void **state)
{
    static const struct {
        const char *file;
        struct kw_mark mark;
        const char *text;
    } rows[] = {
        {"b", {1, 1}, "6"}, {"a", {2, 9}, "4"}, {"a", {2, 1}, "2"},
        {"a", {2, 1}, "3"}, {"a", {1, 5}, "1"}, {"a", {3, 1}, "5"},
    };
    struct kw_diag diag;

    (void)state;
    kw_diag_init(&diag);
    kw_diag_sort(&diag);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        diag.file = rows[i].file;
        kw_diag_add(&diag, rows[i].mark, NULL, "%s", rows[i].text);
    }
    kw_diag_sort(&diag);
    for (size_t i = 0; i < diag.count; i++)
        assert_int_equal(diag.items[i].text[0], '1' + (int)i);
    kw_diag_fini(&diag);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_formats),
        cmocka_unit_test(test_say_has_no_place),
        cmocka_unit_test(test_controls_are_escaped_and_long_texts_cut),
        cmocka_unit_test(test_keeps_a_hundred_and_counts_the_rest),
        cmocka_unit_test(test_out_of_memory_is_still_a_finding),
        cmocka_unit_test(test_warnings_are_no_errors),
        cmocka_unit_test(test_warnings_leave_room),
        cmocka_unit_test(test_sorts_by_place_and_keeps_the_order_of_equals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
