/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests on the edge of the specification, from a table of bytes and what
 * becomes of them. Each stands in a block of memory that ends where it ends,
 * so that a sanitizer sees every byte read too far.
 */
#include "supervisor/ask.h"
#include "supervisor/frame.h"

#include "meter/frame_rtu.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { BYTES_MAX = 400, LINE_MAX = 2 * BYTES_MAX + 64 };

struct row {
    enum kw_supervisor_framing framing;
    char expected[32];
    unsigned char *bytes; /* owned, exactly length */
    size_t length;
};

static unsigned digit(char c)
{
    return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

static bool read_row(char *line, struct row *row)
{
    char *first = strchr(line, ';'), *second;

    if (line[0] == '#' || first == NULL)
        return false;
    second = strchr(first + 1, ';');
    assert_non_null(second);
    *first = *second = 0;
    row->framing =
        strcmp(line, "rtu") == 0 ? KW_SUPERVISOR_RTU : KW_SUPERVISOR_MBAP;
    snprintf(row->expected, sizeof(row->expected), "%s", first + 1);
    second[1 + strspn(second + 1, "0123456789abcdef")] = 0;
    row->length = strlen(second + 1) / 2;
    row->bytes = malloc(row->length > 0 ? row->length : 1);
    assert_non_null(row->bytes);
    for (size_t i = 0; i < row->length; i++)
        row->bytes[i] = (unsigned char)(digit(second[1 + 2 * i]) << 4 |
                                        digit(second[2 + 2 * i]));
    return true;
}

/* In the words of the table. */
static void describe(const struct row *row, char *text, size_t size)
{
    struct kw_supervisor_frame frame;
    struct kw_meter_ask ask;
    unsigned code;

    switch (kw_supervisor_frame_find(row->framing, row->bytes, row->length,
                                     &frame)) {
    case 0:
        break;
    case KW_EAGAIN:
        snprintf(text, size, "more");
        return;
    case KW_EPROTO:
        snprintf(text, size, "proto");
        return;
    case KW_ECORRUPT:
        snprintf(text, size, "corrupt");
        return;
    default:
        fail();
    }
    assert_in_range(frame.pdu_length, 1, KW_SUPERVISOR_PDU_MAX);
    assert_true(frame.length <= row->length);
    assert_true(frame.pdu > row->bytes &&
                frame.pdu + frame.pdu_length <= row->bytes + frame.length);
    switch (kw_supervisor_kind_of(frame.pdu[0])) {
    case KW_SUPERVISOR_CHANGE:
        snprintf(text, size, "change %u", frame.pdu[0]);
        return;
    case KW_SUPERVISOR_OTHER:
        snprintf(text, size, "other %u", frame.pdu[0]);
        return;
    case KW_SUPERVISOR_READ:
    case KW_SUPERVISOR_WRITE:
    default:
        break;
    }
    code = kw_supervisor_ask_parse(frame.pdu, frame.pdu_length, &ask);
    if (code != 0)
        snprintf(text, size, "x%u", code);
    else
        snprintf(text, size, "%s %u %u %u",
                 kw_meter_ask_is_write(&ask) ? "write" : "read", ask.function,
                 ask.address, ask.count);
}

static void test_table(void **state)
{
    static char line[LINE_MAX];
    FILE *file = fopen(KW_TEST_DATA "/modbus/requests.txt", "r");
    unsigned rows = 0;
    struct row row;
    char text[64];

    (void)state;
    assert_non_null(file);
    while (fgets(line, sizeof(line), file) != NULL) {
        if (!read_row(line, &row))
            continue;
        describe(&row, text, sizeof(text));
        if (strcmp(text, row.expected) != 0)
            fail_msg("row %u: %s, expected %s", rows, text, row.expected);
        free(row.bytes);
        rows++;
    }
    fclose(file);
    assert_true(rows >= 200);
}

/* The data of a write, and what a read has none of. */
static void test_data(void **state)
{
    static const unsigned char many[] = {16, 0, 7, 0, 2, 4, 1, 2, 3, 4};
    static const unsigned char one[] = {6, 0, 7, 9, 8};
    static const unsigned char read[] = {3, 0, 7, 0, 2};
    struct kw_meter_ask ask;

    (void)state;
    assert_int_equal(kw_supervisor_ask_parse(many, sizeof(many), &ask), 0);
    assert_ptr_equal(ask.data, many + 6);
    assert_int_equal(kw_supervisor_ask_parse(one, sizeof(one), &ask), 0);
    assert_ptr_equal(ask.data, one + 3);
    assert_int_equal(kw_supervisor_ask_parse(read, sizeof(read), &ask), 0);
    assert_null(ask.data);
}

static void test_kinds(void **state)
{
    unsigned reads = 0, writes = 0, changes = 0;

    (void)state;
    for (unsigned i = 0; i < 256; i++) {
        enum kw_supervisor_kind kind = kw_supervisor_kind_of((uint8_t)i);

        reads += kind == KW_SUPERVISOR_READ;
        writes += kind == KW_SUPERVISOR_WRITE;
        changes += kind == KW_SUPERVISOR_CHANGE;
    }
    assert_int_equal(reads, 4);
    assert_int_equal(writes, 4);
    assert_int_equal(changes, 3);
}

static void test_close_mbap(void **state)
{
    static const unsigned char expected[] = {0xAB, 0xCD, 0, 0, 0, 5,
                                             7,    3,    2, 9, 8};
    const struct kw_supervisor_frame request = {.transaction = 0xABCD,
                                                .unit = 7};
    const struct kw_meter_ask ask = {.function = 3, .count = 1};
    unsigned char out[KW_SUPERVISOR_FRAME_MAX];
    size_t head = kw_supervisor_frame_head(KW_SUPERVISOR_MBAP), length;

    (void)state;
    out[head + 2] = 9;
    out[head + 3] = 8;
    length = kw_supervisor_put_data(&ask, out + head);
    length =
        kw_supervisor_frame_close(KW_SUPERVISOR_MBAP, &request, out, length);
    assert_int_equal(length, sizeof(expected));
    assert_memory_equal(out, expected, length);
}

static void test_close_rtu(void **state)
{
    const struct kw_supervisor_frame request = {.unit = 7};
    unsigned char out[KW_SUPERVISOR_FRAME_MAX];
    size_t head = kw_supervisor_frame_head(KW_SUPERVISOR_RTU), length;

    (void)state;
    length = kw_supervisor_put_exception(3, 2, out + head);
    length =
        kw_supervisor_frame_close(KW_SUPERVISOR_RTU, &request, out, length);
    assert_int_equal(length, 5);
    assert_int_equal(out[0], 7);
    assert_int_equal(out[1], 0x83);
    assert_int_equal(out[2], 2);
    assert_int_equal(kw_meter_rtu_crc(out, length), 0);
}

/* The longest answer of all fits the longest frame. */
static void test_longest(void **state)
{
    const struct kw_supervisor_frame request = {.unit = 1};
    const struct kw_meter_ask asks[] = {{.function = 3, .count = 125},
                                        {.function = 1, .count = 2000}};
    unsigned char out[KW_SUPERVISOR_FRAME_MAX] = {0};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        for (int framing = 0; framing < 2; framing++) {
            enum kw_supervisor_framing of = (enum kw_supervisor_framing)framing;
            size_t head = kw_supervisor_frame_head(of);
            size_t length = kw_supervisor_put_data(&asks[i], out + head);

            assert_int_equal(length, 252);
            assert_true(kw_supervisor_frame_close(of, &request, out, length) <=
                        sizeof(out));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),     cmocka_unit_test(test_data),
        cmocka_unit_test(test_kinds),     cmocka_unit_test(test_close_mbap),
        cmocka_unit_test(test_close_rtu), cmocka_unit_test(test_longest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
