/* SPDX-License-Identifier: Apache-2.0 */
/* Parts, chunks and rows of the memory window. */
#include "base/mem.h"
#include "history/window.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const int64_t t0 = INT64_C(1767225600000); /* a full hour */

enum { POINTS = 10 };

static int put(struct kw_history_window *window, uint32_t source,
               int64_t time_ms)
{
    struct kw_sample samples[POINTS];
    double scales[POINTS];
    struct kw_history_poll poll = {samples, scales, POINTS};

    for (uint32_t i = 0; i < POINTS; i++) {
        scales[i] = 1;
        samples[i] = (struct kw_sample){
            .point = source * 100 + i,
            .time_ms = time_ms,
            .raw = (uint64_t)(time_ms / 1000 % 50 * (i + 1)),
        };
    }
    return kw_history_window_put(window, source, &poll, 7);
}

static size_t count_closed(const struct kw_history_source *source)
{
    size_t count = 0;

    KW_LIST_EACH (link, &source->closed)
        count++;
    return count;
}

static struct kw_history_part *oldest(const struct kw_history_source *source)
{
    return KW_LIST_ENTRY(source->closed.next, struct kw_history_part, link);
}

static void test_hours(void **state)
{
    struct kw_history_window window;
    struct kw_history_source *source;

    (void)state;
    kw_history_window_init(&window, 1 << 20);
    for (int i = 0; i < 100; i++)
        assert_int_equal(put(&window, 3, t0 + i * 1000), 0);
    source = window.sources[3];
    assert_int_equal(count_closed(source), 0);
    assert_int_equal(source->open->samples, 1000);
    assert_int_equal(source->open->hour_ms, t0);
    assert_int_equal(source->open->last_ms, t0 + 99000);
    assert_int_equal(put(&window, 3, t0 + 5), 0); /* back a little */
    assert_int_equal(put(&window, 3, t0 + 2), 0);
    assert_int_equal(source->open->first_ms, t0);
    assert_int_equal(source->open->samples, 1020);
    assert_int_equal(put(&window, 3, t0 + KW_HISTORY_HOUR_MS), 0);
    assert_int_equal(put(&window, 3, t0 - 1), 0); /* an hour back */
    assert_int_equal(count_closed(source), 2);
    assert_int_equal(source->open->hour_ms, t0 - KW_HISTORY_HOUR_MS);
    assert_int_equal(oldest(source)->samples, 1020);
    assert_int_equal(oldest(source)->closed_ms, 7);
    kw_history_window_drop(&window, oldest(source));
    assert_int_equal(oldest(source)->hour_ms, t0 + KW_HISTORY_HOUR_MS);
    kw_history_window_fini(&window);
}

/* A part that is full is closed within its hour. */
static void test_long_parts(void **state)
{
    struct kw_history_window window;

    (void)state;
    kw_history_window_init(&window, 1 << 20);
    assert_int_equal(put(&window, 700, t0 + 9), 0);
    assert_int_equal(put(&window, 700, t0 + 8), 0);
    assert_int_equal(window.sources[700]->open->first_ms, t0 + 8);
    window.sources[700]->open->samples = KW_HISTORY_PART_SAMPLES;
    assert_int_equal(put(&window, 700, t0 + 10), 0);
    assert_int_equal(count_closed(window.sources[700]), 1);
    window.sources[700]->open->bytes = KW_HISTORY_PART_BYTES;
    assert_int_equal(put(&window, 700, t0 + 11), 0);
    assert_int_equal(count_closed(window.sources[700]), 2);
    assert_int_equal(window.sources[700]->open->samples, POINTS);
    kw_history_window_fini(&window);
}

static void test_copy_is_what_was_put(void **state)
{
    struct kw_history_window window;
    struct kw_history_set set;
    struct kw_reader reader;
    struct kw_buf copy;

    (void)state;
    kw_history_window_init(&window, 1 << 20);
    kw_buf_init(&copy, 1 << 20);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(put(&window, 1, t0 + i * 1000), 0);
    assert_true(window.sources[1]->open->bytes > 4 * KW_HISTORY_CHUNK_BYTES);
    kw_history_part_copy(window.sources[1]->open, &copy);
    assert_int_equal(copy.length, window.sources[1]->open->bytes);
    kw_history_set_init(&set);
    kw_reader_init(&reader, copy.data, copy.length);
    assert_int_equal(kw_history_segment_read(&reader, 0, &set), 0);
    assert_int_equal(kw_history_set_samples(&set), 1000 * POINTS);
    assert_int_equal(set.items[9].raw[30], 300);
    kw_history_set_fini(&set);
    kw_buf_fini(&copy);
    kw_history_window_fini(&window);
}

/* Rows put together give the part again, whatever the pieces are. */
static void test_rows(void **state)
{
    struct kw_history_window window;
    struct kw_buf row, whole, copy;
    uint64_t rows = 0, next;

    (void)state;
    kw_history_window_init(&window, 1 << 20);
    kw_buf_init(&row, 1 << 20);
    kw_buf_init(&whole, 1 << 20);
    kw_buf_init(&copy, 1 << 20);
    assert_false(kw_history_window_row(&window, 1, &row));
    for (int i = 0; i < 1000; i++) {
        struct kw_history_piece piece;
        struct kw_reader reader;

        assert_int_equal(put(&window, 1, t0 + i * 1000), 0);
        if (i % 97 % 7 != 0)
            continue;
        assert_true(kw_history_window_row(&window, 10 + rows, &row));
        kw_history_window_settle(&window, true);
        rows++;
        assert_int_equal(
            kw_history_row_open(&reader, row.data, row.length, &next), 0);
        assert_int_equal(next, 2);
        assert_int_equal(kw_history_row_next(&reader, &piece), 0);
        assert_int_equal(piece.source, 1);
        assert_int_equal(piece.segment, 1);
        assert_int_equal(piece.offset, whole.length);
        kw_buf_put(&whole, piece.bytes, piece.length);
        assert_int_equal(kw_history_row_next(&reader, &piece), KW_EOF);
    }
    assert_int_equal(kw_history_window_first_row(&window), 10);
    kw_history_part_copy(window.sources[1]->open, &copy);
    assert_true(whole.length <= copy.length);
    assert_memory_equal(whole.data, copy.data, whole.length);
    kw_buf_fini(&row);
    kw_buf_fini(&whole);
    kw_buf_fini(&copy);
    kw_history_window_fini(&window);
}

/* The first piece of a row. */
static struct kw_history_piece first_piece(const struct kw_buf *row)
{
    struct kw_history_piece piece;
    struct kw_reader reader;
    uint64_t next;

    assert_int_equal(
        kw_history_row_open(&reader, row->data, row->length, &next), 0);
    assert_int_equal(kw_history_row_next(&reader, &piece), 0);
    return piece;
}

/* The bytes of a row that was not committed come with the next one, the older
 * part of a source first. */
static void test_row_fails(void **state)
{
    struct kw_history_window window;
    struct kw_history_piece piece;
    struct kw_buf row, copy;
    size_t stored;

    (void)state;
    kw_history_window_init(&window, 1 << 20);
    kw_buf_init(&row, 1 << 20);
    kw_buf_init(&copy, 1 << 20);
    for (int i = 0; i < 500; i++)
        assert_int_equal(put(&window, 1, t0 + i * 1000), 0);
    assert_true(kw_history_window_row(&window, 1, &row));
    stored = first_piece(&row).length;
    kw_history_window_settle(&window, true);
    for (int i = 500; i < 3000; i++)
        assert_int_equal(put(&window, 1, t0 + i * 1000), 0);
    assert_true(kw_history_window_row(&window, 2, &row));
    assert_int_equal(put(&window, 1, t0 + 3000 * 1000), 0);
    assert_int_equal(put(&window, 1, t0 + KW_HISTORY_HOUR_MS), 0);
    kw_history_window_settle(&window, false);
    assert_true(kw_history_window_row(&window, 3, &row));
    piece = first_piece(&row);
    assert_int_equal(piece.segment, 1);
    assert_int_equal(piece.offset, stored);
    kw_history_part_copy(oldest(window.sources[1]), &copy);
    assert_int_equal(piece.offset + piece.length, copy.length);
    assert_memory_equal(piece.bytes, copy.data + stored, piece.length);
    kw_history_window_settle(&window, true);
    assert_false(kw_history_window_row(&window, 4, &row));
    kw_buf_fini(&row);
    kw_buf_fini(&copy);
    kw_history_window_fini(&window);
}

/* A row takes parts until it is long enough; one that is sealed meanwhile is
 * no longer wanted. */
static void test_long_rows(void **state)
{
    struct kw_history_window window;
    struct kw_buf row;
    unsigned rows = 0;

    (void)state;
    kw_history_window_init(&window, 8 << 20);
    kw_buf_init(&row, 1 << 20);
    for (uint32_t source = 1; source <= 40; source++) {
        for (int i = 0; i < 2000; i++)
            assert_int_equal(put(&window, source, t0 + i * 1000), 0);
        kw_history_window_close(&window, window.sources[source], 7);
    }
    assert_true(kw_history_window_row(&window, 1, &row));
    kw_history_window_drop(&window, oldest(window.sources[1]));
    kw_history_window_settle(&window, false);
    while (kw_history_window_row(&window, 2 + rows, &row)) {
        if (rows++ == 0)
            assert_int_equal(first_piece(&row).source, 2);
        assert_true(row.length < 2 * KW_HISTORY_ROW_BYTES);
        kw_history_window_settle(&window, true);
    }
    assert_true(rows > 2);
    kw_buf_fini(&row);
    kw_history_window_fini(&window);
}

static void test_first_row(void **state)
{
    struct kw_history_window window;
    struct kw_buf row;

    (void)state;
    kw_history_window_init(&window, 1 << 20);
    kw_buf_init(&row, 1 << 20);
    assert_int_equal(kw_history_window_first_row(&window), UINT64_MAX);
    assert_int_equal(put(&window, 1, t0), 0);
    assert_int_equal(kw_history_window_first_row(&window), UINT64_MAX);
    assert_true(kw_history_window_row(&window, 5, &row));
    kw_history_window_settle(&window, true);
    assert_int_equal(put(&window, 1, t0 + KW_HISTORY_HOUR_MS), 0);
    assert_int_equal(put(&window, 2, t0), 0);
    assert_true(kw_history_window_row(&window, 6, &row));
    assert_int_equal(kw_history_window_first_row(&window), 5);
    kw_history_window_drop(&window, oldest(window.sources[1]));
    assert_int_equal(kw_history_window_first_row(&window), 6);
    kw_buf_fini(&row);
    kw_history_window_fini(&window);
}

static void test_ceiling(void **state)
{
    struct kw_history_window window;
    uint64_t put_polls = 0;

    (void)state;
    kw_history_window_init(&window, 8 * KW_HISTORY_CHUNK_BYTES);
    assert_null(kw_history_window_longest(&window));
    while (put(&window, 1, t0 + (int64_t)put_polls * 100) == 0)
        put_polls++;
    assert_true(put_polls > 1000);
    assert_int_equal(window.dropped, POINTS);
    assert_true(kw_history_window_tight(&window));
    assert_int_equal(kw_history_window_bytes(&window),
                     8 * KW_HISTORY_CHUNK_BYTES);
    assert_null(kw_history_window_longest(&window)); /* it was closed */
    kw_history_window_drop(&window, oldest(window.sources[1]));
    assert_false(kw_history_window_tight(&window));
    assert_int_equal(put(&window, 1, t0), 0);
    assert_int_equal(put(&window, 2, t0), 0);
    assert_int_equal(put(&window, 2, t0 + 1), 0);
    assert_ptr_equal(kw_history_window_longest(&window), window.sources[2]);
    assert_int_equal(put(&window, KW_HISTORY_SOURCES, t0), KW_EFULL);
    kw_history_window_fini(&window);
}

static void test_floor(void **state)
{
    (void)state;
    assert_int_equal(kw_history_floor(7200001, KW_HISTORY_HOUR_MS), 7200000);
    assert_int_equal(kw_history_floor(7200000, KW_HISTORY_HOUR_MS), 7200000);
    assert_int_equal(kw_history_floor(-1, KW_HISTORY_HOUR_MS), -3600000);
    assert_int_equal(kw_history_floor(-3600000, KW_HISTORY_HOUR_MS), -3600000);
    assert_int_equal(kw_history_floor(INT64_MIN, KW_HISTORY_HOUR_MS),
                     INT64_MIN);
    assert_int_equal(kw_history_floor(INT64_MAX, KW_HISTORY_HOUR_MS),
                     INT64_MAX - INT64_MAX % KW_HISTORY_HOUR_MS);
    assert_int_equal(kw_history_later(1, 2), 3);
    assert_int_equal(kw_history_later(INT64_MAX - 2, 2), INT64_MAX);
    assert_int_equal(kw_history_later(INT64_MAX - 1, 2), INT64_MAX);
    assert_int_equal(kw_history_later(INT64_MIN, 2), INT64_MIN + 2);
}

/* Without memory samples are dropped and counted, and the next poll goes. */
static void test_no_memory(void **state)
{
    bool failed = true;

    (void)state;
    for (uint64_t n = 1; failed; n++) {
        struct kw_history_window window;

        kw_history_window_init(&window, 1 << 20);
        kw_mem_fail_at(n);
        failed = put(&window, 1, t0) != 0;
        failed = put(&window, 1, t0 + KW_HISTORY_HOUR_MS) != 0 || failed;
        kw_mem_fail_at(0);
        assert_int_equal(window.dropped, failed ? POINTS : 0);
        assert_int_equal(put(&window, 1, t0 + KW_HISTORY_HOUR_MS), 0);
        kw_history_window_fini(&window);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hours),
        cmocka_unit_test(test_long_parts),
        cmocka_unit_test(test_copy_is_what_was_put),
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_row_fails),
        cmocka_unit_test(test_long_rows),
        cmocka_unit_test(test_first_row),
        cmocka_unit_test(test_ceiling),
        cmocka_unit_test(test_floor),
        cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests_name("history_window", tests, NULL, NULL);
}
