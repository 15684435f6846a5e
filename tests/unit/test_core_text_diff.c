/* SPDX-License-Identifier: Apache-2.0 */
#include "core/revision.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_differences(void **state)
{
    static const struct {
        const char *from, *to, *diff;
    } rows[] = {
        {"", "", ""},
        {"a\nb\n", "a\nb\n", ""},
        {"a\nb", "a\nb\n", ""},
        {"", "a\n", "@@ -0,0 +1,1 @@\n+a\n"},
        {"a\n", "", "@@ -1,1 +0,0 @@\n-a\n"},
        {"a\n", "b\n", "@@ -1,1 +1,1 @@\n-a\n+b\n"},
        {"a\nb\nc\n", "a\nx\nc\n", "@@ -1,3 +1,3 @@\n a\n-b\n+x\n c\n"},
        {"1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nx\n6\n7\n8\n9\n",
         "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+x\n 6\n 7\n 8\n"},
        {"1\n2\n3\n4\n5\n6\n7\n8\n", "0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n",
         "@@ -1,3 +1,4 @@\n+0\n 1\n 2\n 3\n"
         "@@ -6,3 +7,4 @@\n 6\n 7\n 8\n+9\n"},
        /* six lines apart: their context runs together; seven: it doesn't */
        {"a\n1\n2\n3\n4\n5\n6\nb\n", "A\n1\n2\n3\n4\n5\n6\nB\n",
         "@@ -1,8 +1,8 @@\n-a\n+A\n 1\n 2\n 3\n 4\n 5\n 6\n-b\n+B\n"},
        {"a\n1\n2\n3\n4\n5\n6\n7\nb\n", "A\n1\n2\n3\n4\n5\n6\n7\nB\n",
         "@@ -1,4 +1,4 @@\n-a\n+A\n 1\n 2\n 3\n"
         "@@ -6,4 +6,4 @@\n 5\n 6\n 7\n-b\n+B\n"},
        {"a\nb\nc\nd\n", "b\nd\nc\na\n",
         "@@ -1,4 +1,4 @@\n-a\n b\n-c\n d\n+c\n+a\n"},
        {"x\nx\nx\n", "x\n", "@@ -1,3 +1,1 @@\n x\n-x\n-x\n"},
        {"\n\n", "\n", "@@ -1,2 +1,1 @@\n \n-\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct kw_buf out;

        kw_buf_init(&out, 1 << 16);
        kw_text_diff(rows[i].from, rows[i].to, &out);
        assert_string_equal(kw_buf_text(&out), rows[i].diff);
        kw_buf_fini(&out);
    }
}

/* Applies a difference to the lines of `from`; the result must be `to`. */
static void patch(const char *from, const char *diff, struct kw_buf *out)
{
    while (*diff != 0) {
        size_t length = strcspn(diff, "\n") + 1;

        if (*diff == ' ' || *diff == '+')
            kw_buf_put(out, diff + 1, length - 1);
        if (*diff == ' ' || *diff == '-') {
            assert_memory_equal(from, diff + 1, length - 1);
            from += length - 1;
        } else if (*diff == '@') {
            assert_true(strncmp(diff, "@@ -1,", 6) == 0);
        }
        diff += length;
    }
    kw_buf_put_text(out, from);
}

/* Texts whose lines all differ from line to line or repeat a lot, by a
 * generator with a fixed seed; short enough for one hunk at line 1. */
static void test_made_up_texts(void **state)
{
    uint32_t seed = 1;

    (void)state;
    for (unsigned run = 0; run < 3000; run++) {
        struct kw_buf texts[2], out, back;

        kw_buf_init(&out, 1 << 16);
        kw_buf_init(&back, 1 << 16);
        for (unsigned t = 0; t < 2; t++) {
            kw_buf_init(&texts[t], 1 << 12);
            seed = seed * 1664525 + 1013904223;
            for (unsigned i = seed >> 29; i > 0; i--) {
                seed = seed * 1664525 + 1013904223;
                kw_buf_printf(&texts[t], "%c\n", 'a' + (int)(seed >> 30));
            }
        }
        kw_text_diff(kw_buf_text(&texts[0]), kw_buf_text(&texts[1]), &out);
        if (strncmp(kw_buf_text(&out), "@@ -1,", 6) == 0) {
            patch(kw_buf_text(&texts[0]), kw_buf_text(&out), &back);
            assert_string_equal(kw_buf_text(&back), kw_buf_text(&texts[1]));
        }
        kw_buf_fini(&texts[0]);
        kw_buf_fini(&texts[1]);
        kw_buf_fini(&out);
        kw_buf_fini(&back);
    }
}

static void put_lines(struct kw_buf *text, const char *word, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        kw_buf_printf(text, "%s %u\n", word, i);
}

static size_t count_lines(const char *text, char sign)
{
    size_t count = 0;

    for (const char *at = text; *at != 0; at = strchr(at, '\n') + 1)
        count += *at == sign;
    return count;
}

/* At the ceiling it still finds the common lines; beyond it gives up. */
static void test_ceiling(void **state)
{
    (void)state;
    for (unsigned extra = 0; extra < 2; extra++) {
        struct kw_buf from, to, out;

        kw_buf_init(&from, 1 << 20);
        kw_buf_init(&to, 1 << 20);
        kw_buf_init(&out, 1 << 20);
        kw_buf_put_text(&from, "begin\nfirst\n");
        kw_buf_put_text(&to, "begin\nerste\n");
        put_lines(&from, "line", 1998 + extra);
        put_lines(&to, "line", 1998 + extra);
        kw_buf_put_text(&from, "last\nend\n");
        kw_buf_put_text(&to, "letzte\nend\n");
        kw_text_diff(kw_buf_text(&from), kw_buf_text(&to), &out);
        assert_int_equal(count_lines(kw_buf_text(&out), '-'),
                         extra == 0 ? 2 : 2001);
        assert_int_equal(count_lines(kw_buf_text(&out), '+'),
                         extra == 0 ? 2 : 2001);
        kw_buf_fini(&from);
        kw_buf_fini(&to);
        kw_buf_fini(&out);
    }
}

/* One side beyond the ceiling is enough. */
static void test_ceiling_of_one_side(void **state)
{
    (void)state;
    for (unsigned side = 0; side < 2; side++) {
        struct kw_buf large, out;

        kw_buf_init(&large, 1 << 20);
        kw_buf_init(&out, 1 << 20);
        put_lines(&large, "line", 2001);
        kw_text_diff(side == 0 ? kw_buf_text(&large) : "x\nline 5\ny\n",
                     side == 0 ? "x\nline 5\ny\n" : kw_buf_text(&large), &out);
        assert_int_equal(count_lines(kw_buf_text(&out), '-'),
                         side == 0 ? 2001 : 3);
        assert_int_equal(count_lines(kw_buf_text(&out), '+'),
                         side == 0 ? 3 : 2001);
        kw_buf_fini(&large);
        kw_buf_fini(&out);
    }
}

static void test_out_of_memory(void **state)
{
    struct kw_mem_stats before = kw_mem_stats(), after;
    unsigned n = 0;
    int err;

    (void)state;
    do {
        struct kw_buf out;

        kw_buf_init(&out, 1 << 16);
        kw_mem_fail_at(++n);
        kw_text_diff("a\nb\nc\n", "a\nx\nc\n", &out);
        kw_mem_fail_at(0);
        err = kw_buf_err(&out);
        assert_true(err == 0 || err == KW_ENOMEM);
        kw_buf_fini(&out);
    } while (err != 0);
    assert_in_range(n, 6, 20);
    after = kw_mem_stats();
    assert_int_equal(after.allocations - before.allocations,
                     after.frees - before.frees);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_differences),
        cmocka_unit_test(test_made_up_texts),
        cmocka_unit_test(test_ceiling),
        cmocka_unit_test(test_ceiling_of_one_side),
        cmocka_unit_test(test_out_of_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
