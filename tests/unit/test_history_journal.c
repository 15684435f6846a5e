/* SPDX-License-Identifier: Apache-2.0 */
#include "history/journal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void make_row(struct kw_buf *row)
{
    static const struct kw_history_piece pieces[] = {
        {.source = 1, .segment = 300, .offset = 0, .length = 5},
        {.source = 70000, .segment = UINT64_MAX, .offset = 1 << 20},
        {.source = UINT32_MAX, .segment = 2, .offset = 9, .length = 3},
    };

    kw_history_row_begin(row, 301);
    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        kw_history_row_piece(row, &pieces[i]);
        kw_buf_put(row, "hello", pieces[i].length);
    }
    kw_history_row_end(row);
    assert_int_equal(kw_buf_err(row), 0);
}

static void test_round_trip(void **state)
{
    struct kw_history_piece piece;
    struct kw_reader reader;
    struct kw_buf row;
    uint64_t next = 0;

    (void)state;
    kw_buf_init(&row, 1000);
    make_row(&row);
    make_row(&row); /* begin forgets what was there */
    assert_int_equal(kw_history_row_open(&reader, row.data, row.length, &next),
                     0);
    assert_int_equal(next, 301);
    assert_int_equal(kw_history_row_next(&reader, &piece), 0);
    assert_int_equal(piece.source, 1);
    assert_int_equal(piece.segment, 300);
    assert_int_equal(piece.offset, 0);
    assert_int_equal(piece.length, 5);
    assert_memory_equal(piece.bytes, "hello", 5);
    assert_int_equal(kw_history_row_next(&reader, &piece), 0);
    assert_int_equal(piece.source, 70000);
    assert_int_equal(piece.segment, UINT64_MAX);
    assert_int_equal(piece.length, 0);
    assert_int_equal(kw_history_row_next(&reader, &piece), 0);
    assert_int_equal(piece.source, UINT32_MAX);
    assert_int_equal(piece.offset, 9);
    assert_memory_equal(piece.bytes, "hel", 3);
    assert_int_equal(kw_history_row_next(&reader, &piece), KW_EOF);
    kw_buf_fini(&row);
}

static void test_every_byte_is_checked(void **state)
{
    struct kw_reader reader;
    struct kw_buf row;
    uint64_t next;

    (void)state;
    kw_buf_init(&row, 1000);
    make_row(&row);
    for (size_t at = 0; at < row.length; at++) {
        row.data[at] ^= 1;
        assert_int_equal(
            kw_history_row_open(&reader, row.data, row.length, &next),
            KW_ECORRUPT);
        row.data[at] ^= 1;
        assert_int_equal(kw_history_row_open(&reader, row.data, at, &next),
                         KW_ECORRUPT);
    }
    kw_buf_fini(&row);
}

/* What a right check can't rule out. */
static void test_bad_pieces(void **state)
{
    static const struct {
        const char *bytes;
        size_t length;
    } rows[] = {
        {"\x01\x01\x00", 3}, /* ends early */
        {"\x01\x01\x00\x05"
         "abcd",
         8},                                         /* too short */
        {"\xff\xff\xff\xff\x1f\x01\x00\x00", 8},     /* source over 32 bits */
        {"\x01\x01\x00\xff\xff\xff\xff\xff\x01", 9}, /* very long */
    };
    struct kw_history_piece piece;
    struct kw_reader reader;
    struct kw_buf row;
    uint64_t next;

    (void)state;
    kw_buf_init(&row, 1000);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        kw_history_row_begin(&row, 1);
        kw_buf_put(&row, rows[i].bytes, rows[i].length);
        kw_history_row_end(&row);
        assert_int_equal(
            kw_history_row_open(&reader, row.data, row.length, &next), 0);
        assert_int_equal(kw_history_row_next(&reader, &piece), KW_ECORRUPT);
    }
    kw_buf_reset(&row);
    kw_buf_put_byte(&row, 2); /* another version */
    kw_history_row_end(&row);
    assert_int_equal(kw_history_row_open(&reader, row.data, row.length, &next),
                     KW_EVERSION);
    kw_buf_fini(&row);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_every_byte_is_checked),
        cmocka_unit_test(test_bad_pieces),
    };

    return cmocka_run_group_tests_name("history_journal", tests, NULL, NULL);
}
