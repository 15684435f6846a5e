/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_appends(void **state)
{
    struct kw_buf buf;

    (void)state;
    kw_buf_init(&buf, 1 << 16);
    assert_string_equal(kw_buf_text(&buf), "");
    kw_buf_put_text(&buf, "abc");
    kw_buf_put(&buf, "defg", 2);
    kw_buf_put(&buf, NULL, 0);
    kw_buf_put_byte(&buf, '!');
    kw_buf_printf(&buf, " %d %s", 7, "x");
    assert_string_equal(kw_buf_text(&buf), "abcde! 7 x");
    assert_int_equal(buf.length, 10);
    assert_int_equal(kw_buf_err(&buf), 0);
    kw_buf_reset(&buf);
    assert_string_equal(kw_buf_text(&buf), "");
    kw_buf_fini(&buf);
    kw_buf_put_text(&buf, "usable again");
    assert_string_equal(kw_buf_text(&buf), "usable again");
    kw_buf_fini(&buf);
}

static void test_long_formats(void **state)
{
    char text[5001];
    struct kw_buf buf;

    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = 0;
    for (int length = 250; length < 260; length++) {
        kw_buf_init(&buf, 1 << 16);
        kw_buf_printf(&buf, "%.*s", length, text);
        assert_int_equal(buf.length, length);
        kw_buf_fini(&buf);
    }
    kw_buf_init(&buf, 5003);
    kw_buf_printf(&buf, "<%s>", text);
    kw_buf_put_byte(&buf, '.');
    assert_int_equal(kw_buf_err(&buf), 0);
    assert_int_equal(buf.length, 5003);
    assert_string_equal(kw_buf_text(&buf) + 4999, "xx>.");
    kw_buf_printf(&buf, "%s", text);
    assert_int_equal(kw_buf_err(&buf), KW_EFULL);
    kw_buf_fini(&buf);
}

/* A full buffer is no failed one: the NUL behind doesn't count. */
static void test_ceiling_is_exact(void **state)
{
    struct kw_buf buf;

    (void)state;
    kw_buf_init(&buf, 5);
    kw_buf_put_text(&buf, "12345");
    assert_string_equal(kw_buf_text(&buf), "12345");
    assert_int_equal(kw_buf_err(&buf), 0);
    kw_buf_put_byte(&buf, '6');
    assert_int_equal(kw_buf_err(&buf), KW_EFULL);
    assert_string_equal(kw_buf_text(&buf), "");
    kw_buf_reset(&buf);
    kw_buf_put_text(&buf, "1234567");
    assert_int_equal(kw_buf_err(&buf), KW_EFULL);
    kw_buf_put_text(&buf, "1"); /* the failure sticks */
    assert_int_equal(buf.length, 0);
    kw_buf_fini(&buf);
    kw_buf_init(&buf, 10);
    assert_non_null(kw_buf_grow(&buf, 0));
    kw_buf_printf(&buf, "%s", "");
    assert_int_equal(buf.length, 0);
    kw_buf_fini(&buf);
    kw_buf_init(&buf, 0);
    assert_string_equal(kw_buf_text(&buf), "");
    assert_non_null(kw_buf_grow(&buf, 0));
    kw_buf_fini(&buf);
}

static void test_out_of_memory_sticks(void **state)
{
    struct kw_buf buf;

    (void)state;
    kw_buf_init(&buf, 1000);
    kw_mem_fail_at(1);
    kw_buf_put_text(&buf, "x");
    assert_int_equal(kw_buf_err(&buf), KW_ENOMEM);
    kw_buf_put_text(&buf, "y");
    kw_buf_put_be16(&buf, 1);
    kw_buf_printf(&buf, "z");
    assert_null(kw_buf_grow(&buf, 1));
    assert_string_equal(kw_buf_text(&buf), "");
    assert_int_equal(buf.length, 0);
    kw_buf_fini(&buf);
}

static void test_numbers_go_there_and_back(void **state)
{
    static const uint64_t values[] = {
        0, 1, 127, 128, 255, 16383, 16384, UINT32_MAX, INT64_MAX, UINT64_MAX};
    struct kw_reader reader;
    struct kw_buf buf;

    (void)state;
    kw_buf_init(&buf, 1000);
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        kw_buf_reset(&buf);
        kw_buf_put_varint(&buf, values[i]);
        kw_buf_put_be16(&buf, (uint16_t)values[i]);
        kw_buf_put_be32(&buf, (uint32_t)values[i]);
        kw_buf_put_be64(&buf, values[i]);
        kw_buf_put_byte(&buf, 0xAA);
        kw_reader_init(&reader, buf.data, buf.length);
        assert_int_equal(kw_read_varint(&reader), values[i]);
        assert_int_equal(kw_read_be16(&reader), (uint16_t)values[i]);
        assert_int_equal(kw_read_be32(&reader), (uint32_t)values[i]);
        assert_int_equal(kw_read_be64(&reader), values[i]);
        assert_int_equal(kw_reader_left(&reader), 1);
        assert_int_equal(kw_read_byte(&reader), 0xAA);
        assert_int_equal(kw_reader_left(&reader), 0);
        assert_int_equal(reader.err, 0);
    }
    kw_buf_fini(&buf);
}

static void test_bytes_of_numbers(void **state)
{
    struct kw_buf buf;

    (void)state;
    kw_buf_init(&buf, 100);
    kw_buf_put_be32(&buf, 0x01020304);
    kw_buf_put_varint(&buf, 300);
    assert_memory_equal(buf.data, "\x01\x02\x03\x04\xAC\x02", 6);
    kw_buf_fini(&buf);
}

static void test_reading_past_the_end_sticks(void **state)
{
    struct kw_reader reader;

    (void)state;
    kw_reader_init(&reader, "\x01\x02\x03", 3);
    assert_int_equal(kw_read_be16(&reader), 0x0102);
    assert_int_equal(kw_read_be16(&reader), 0);
    assert_int_equal(reader.err, KW_ECORRUPT);
    assert_int_equal(kw_read_byte(&reader), 0);
    assert_null(kw_read_bytes(&reader, 1));
    kw_reader_init(&reader, NULL, 0);
    assert_int_equal(kw_reader_left(&reader), 0);
    assert_int_equal(kw_read_be64(&reader), 0);
    assert_int_equal(reader.err, KW_ECORRUPT);
    kw_reader_init(&reader, "abc", 3);
    assert_memory_equal(kw_read_bytes(&reader, 3), "abc", 3);
    assert_int_equal(reader.err, 0);
}

static void test_bad_varints(void **state)
{
    static const struct {
        const char *bytes;
        size_t length;
    } rows[] = {
        {"", 0},
        {"\x80", 1},
        {"\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x02", 10},
        {"\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01", 11},
        {"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x81", 10},
    };
    struct kw_reader reader;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        kw_reader_init(&reader, rows[i].bytes, rows[i].length);
        assert_int_equal(kw_read_varint(&reader), 0);
        assert_int_equal(reader.err, KW_ECORRUPT);
    }
}

static void test_drop_front_and_take(void **state)
{
    unsigned char *data;
    struct kw_buf buf;
    size_t length;

    (void)state;
    kw_buf_init(&buf, 100);
    kw_buf_drop_front(&buf, 3);
    kw_buf_put_text(&buf, "abcdef");
    kw_buf_drop_front(&buf, 0);
    kw_buf_drop_front(&buf, 2);
    assert_string_equal(kw_buf_text(&buf), "cdef");
    data = kw_buf_take(&buf, &length);
    assert_int_equal(length, 4);
    assert_memory_equal(data, "cdef", 4);
    kw_free(data);
    assert_int_equal(buf.length, 0);
    assert_int_equal(buf.ceiling, 100);
    kw_buf_put_text(&buf, "xy");
    kw_buf_drop_front(&buf, 1000);
    assert_int_equal(buf.length, 0);
    kw_buf_fini(&buf);
}

static void test_grows_in_large_steps(void **state)
{
    uint64_t before;
    struct kw_buf buf;

    (void)state;
    kw_buf_init(&buf, 1 << 20);
    before = kw_mem_stats().allocations;
    for (size_t i = 0; i < 1 << 20; i++)
        kw_buf_put_byte(&buf, (unsigned char)i);
    assert_int_equal(kw_buf_err(&buf), 0);
    assert_int_equal(buf.length, 1 << 20);
    assert_in_range(kw_mem_stats().allocations - before, 1, 20);
    kw_buf_fini(&buf);
}

/* What a secret buffer held is nowhere in what it gives up or leaves behind
 * its end. */
static void test_secrets_are_wiped(void **state)
{
    struct kw_buf buf;

    (void)state;
    kw_buf_init(&buf, 1 << 20);
    buf.secret = true;
    kw_buf_put_text(&buf, "correct horse battery staple");
    kw_buf_reset(&buf);
    assert_true(buf.capacity >= 28);
    for (size_t i = 0; i < 28; i++)
        assert_int_equal(buf.data[i], 0);
    kw_buf_put_text(&buf, "0123456789");
    kw_buf_drop_front(&buf, 4);
    assert_string_equal(kw_buf_text(&buf), "456789");
    for (size_t i = 6; i < 28; i++)
        assert_int_equal(buf.data[i], 0);
    for (unsigned i = 0; i < 5000; i++) /* moves several times */
        kw_buf_put(&buf, "abcdefgh", 8);
    assert_int_equal(kw_buf_err(&buf), 0);
    assert_int_equal(buf.length, 40006);
    assert_memory_equal(buf.data, "456789abcdefgh", 14);
    assert_memory_equal(buf.data + 39998, "abcdefgh", 8);
    kw_buf_fini(&buf);
    assert_true(buf.secret);
    kw_buf_reset(&buf); /* nothing to wipe */
    kw_buf_drop_front(&buf, 1);
    kw_buf_fini(&buf);
}

/* A move that fails leaves the content where it is. */
static void test_secret_without_memory(void **state)
{
    struct kw_buf buf;

    (void)state;
    kw_buf_init(&buf, 1 << 20);
    buf.secret = true;
    kw_buf_put_text(&buf, "kept");
    kw_mem_fail_at(1);
    assert_null(kw_buf_grow(&buf, 1000));
    kw_mem_fail_at(0);
    assert_int_equal(kw_buf_err(&buf), KW_ENOMEM);
    assert_int_equal(buf.length, 4);
    assert_memory_equal(buf.data, "kept", 4);
    kw_buf_fini(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_appends),
        cmocka_unit_test(test_long_formats),
        cmocka_unit_test(test_ceiling_is_exact),
        cmocka_unit_test(test_out_of_memory_sticks),
        cmocka_unit_test(test_numbers_go_there_and_back),
        cmocka_unit_test(test_bytes_of_numbers),
        cmocka_unit_test(test_reading_past_the_end_sticks),
        cmocka_unit_test(test_bad_varints),
        cmocka_unit_test(test_drop_front_and_take),
        cmocka_unit_test(test_grows_in_large_steps),
        cmocka_unit_test(test_secrets_are_wiped),
        cmocka_unit_test(test_secret_without_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
