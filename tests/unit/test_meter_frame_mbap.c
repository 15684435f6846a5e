/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/frame_mbap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* The example of the Messaging guide V1.0b, 4.4: read register 4 of unit FF,
 * transaction 1501; and a write of two registers, whose length differs. */
static void test_encode(void **state)
{
    static const unsigned char values[] = {0x00, 0x0A, 0x01, 0x02};
    static const struct {
        struct kw_meter_ask ask;
        size_t length;
        unsigned char frame[20];
    } rows[] = {
        {{0xFF, 3, 4, 1},
         12,
         {0x15, 0x01, 0, 0, 0, 6, 0xFF, 0x03, 0x00, 0x04, 0x00, 0x01}},
        {{1, 16, 1, 2, 0, values},
         17,
         {0x15, 0x01, 0, 0, 0, 11, 1, 16, 0, 1, 0, 2, 4, 0, 10, 1, 2}},
        {{1, 17}, 8, {0x15, 0x01, 0, 0, 0, 2, 1, 17}},
        {{1, 43, 0x0200}, 11, {0x15, 0x01, 0, 0, 0, 5, 1, 43, 14, 2, 0}},
    };
    unsigned char frame[KW_METER_MBAP_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(kw_meter_mbap_encode(&rows[i].ask, 0x1501, frame),
                         rows[i].length);
        assert_memory_equal(frame, rows[i].frame, rows[i].length);
    }
}

/* The longest request fits the longest frame. */
static void test_encode_longest(void **state)
{
    static const unsigned char values[246];
    const struct kw_meter_ask asks[] = {{1, 16, 0, 123, 0, values},
                                        {1, 15, 0, 1968, 0, values}};
    unsigned char frame[KW_METER_MBAP_MAX];
    struct kw_meter_mbap decoded;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(kw_meter_mbap_encode(&asks[i], 1, frame), 259);
        assert_int_equal(kw_meter_mbap_decode(frame, 259, &decoded), 0);
        assert_int_equal(decoded.length, 259);
        assert_int_equal(decoded.pdu_length, 252);
    }
}

static void test_decode_example(void **state)
{
    static const unsigned char bytes[] = {0x15, 0x01, 0x00, 0x00, 0x00, 0x05,
                                          0xFF, 0x03, 0x02, 0x00, 0x05, 0xAA};
    struct kw_meter_mbap frame;

    (void)state;
    assert_int_equal(kw_meter_mbap_decode(bytes, sizeof(bytes), &frame), 0);
    assert_int_equal(frame.transaction, 0x1501);
    assert_int_equal(frame.unit, 0xFF);
    assert_int_equal(frame.length, 11);
    assert_int_equal(frame.pdu_length, 4);
    assert_ptr_equal(frame.pdu, bytes + 7);
}

static void test_every_prefix(void **state)
{
    static const unsigned char bytes[] = {0x15, 0x01, 0x00, 0x00, 0x00, 0x05,
                                          0xFF, 0x03, 0x02, 0x00, 0x05};
    struct kw_meter_mbap frame;

    (void)state;
    for (size_t length = 0; length < sizeof(bytes); length++)
        assert_int_equal(kw_meter_mbap_decode(bytes, length, &frame),
                         KW_EAGAIN);
}

/* Boundaries of the header's fields (SEC-56). */
static void test_boundaries(void **state)
{
    static const struct {
        unsigned protocol, length;
        int err;
    } rows[] = {
        {0, 0, KW_EPROTO},
        {0, 1, KW_EPROTO},
        {0, 2, 0},
        {0, 3, 0},
        {0, 253, 0},
        {0, 254, 0},
        {0, 255, KW_EPROTO},
        {0, 256, KW_EPROTO},
        {0, 65535, KW_EPROTO},
        {1, 5, KW_EPROTO},
        {0x100, 5, KW_EPROTO},
        {0xFFFF, 5, KW_EPROTO},
        {0, 512, KW_EPROTO},
        {0, 0x0200, KW_EPROTO},
        {0, 0xFE00, KW_EPROTO},
    };
    unsigned char bytes[600] = {0};
    struct kw_meter_mbap frame;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        bytes[2] = (unsigned char)(rows[i].protocol >> 8);
        bytes[3] = (unsigned char)rows[i].protocol;
        bytes[4] = (unsigned char)(rows[i].length >> 8);
        bytes[5] = (unsigned char)rows[i].length;
        assert_int_equal(kw_meter_mbap_decode(bytes, sizeof(bytes), &frame),
                         rows[i].err);
        if (rows[i].err == 0)
            assert_int_equal(frame.pdu_length, rows[i].length - 1);
    }
}

/* A wrong protocol is seen before the length has come. */
static void test_early_refusal(void **state)
{
    static const unsigned char http[] = "HTTP/1.1 400 Bad Request";
    struct kw_meter_mbap frame;

    (void)state;
    assert_int_equal(kw_meter_mbap_decode(http, 3, &frame), KW_EAGAIN);
    assert_int_equal(kw_meter_mbap_decode(http, 4, &frame), KW_EPROTO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_encode),
        cmocka_unit_test(test_encode_longest),
        cmocka_unit_test(test_decode_example),
        cmocka_unit_test(test_every_prefix),
        cmocka_unit_test(test_boundaries),
        cmocka_unit_test(test_early_refusal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
