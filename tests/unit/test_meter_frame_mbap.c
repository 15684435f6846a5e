/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/frame_mbap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* The example of the Messaging guide V1.0b, 4.4: read register 4 of unit FF,
 * transaction 1501. */
static void test_encode(void **state)
{
    static const unsigned char expected[] = {
        0x15, 0x01, 0x00, 0x00, 0x00, 0x06, 0xFF, 0x03, 0x00, 0x04, 0x00, 0x01};
    const struct kw_meter_ask ask = {0xFF, 3, 4, 1};
    unsigned char frame[KW_METER_MBAP_ASK_BYTES];

    (void)state;
    kw_meter_mbap_encode(&ask, 0x1501, frame);
    assert_memory_equal(frame, expected, sizeof(expected));
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
        cmocka_unit_test(test_decode_example),
        cmocka_unit_test(test_every_prefix),
        cmocka_unit_test(test_boundaries),
        cmocka_unit_test(test_early_refusal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
