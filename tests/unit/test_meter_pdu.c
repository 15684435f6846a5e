/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/pdu.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void test_valid(void **state)
{
    static const struct {
        struct kw_meter_ask ask;
        bool valid;
    } rows[] = {
        {{1, 3, 0, 1}, true},         {{1, 0, 0, 1}, false},
        {{1, 5, 0, 1}, false},        {{1, 255, 0, 1}, false},
        {{1, 3, 0, 0}, false},        {{1, 3, 0, 125}, true},
        {{1, 3, 0, 126}, false},      {{1, 4, 0, 125}, true},
        {{1, 4, 0, 126}, false},      {{1, 1, 0, 2000}, true},
        {{1, 1, 0, 2001}, false},     {{1, 2, 0, 2000}, true},
        {{1, 2, 0, 65535}, false},    {{1, 3, 65535, 1}, true},
        {{1, 3, 65535, 2}, false},    {{1, 3, 65411, 125}, true},
        {{1, 3, 65412, 125}, false},  {{1, 1, 63536, 2000}, true},
        {{1, 1, 63537, 2000}, false}, {{0, 3, 0, 1}, true},
        {{255, 3, 0, 1}, true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(kw_meter_ask_valid(&rows[i].ask), rows[i].valid);
}

static void test_data_bytes(void **state)
{
    static const struct {
        struct kw_meter_ask ask;
        size_t bytes;
    } rows[] = {
        {{1, 3, 0, 1}, 2},  {{1, 4, 0, 125}, 250}, {{1, 1, 0, 1}, 1},
        {{1, 1, 0, 8}, 1},  {{1, 2, 0, 9}, 2},     {{1, 2, 0, 2000}, 250},
        {{1, 1, 0, 16}, 2},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(kw_meter_ask_data_bytes(&rows[i].ask), rows[i].bytes);
}

/* The examples of the Application Protocol V1.1b3, 6.1 to 6.4. */
static void test_encode_examples(void **state)
{
    static const struct {
        struct kw_meter_ask ask;
        unsigned char pdu[KW_METER_ASK_BYTES];
    } rows[] = {
        {{1, 1, 0x13, 0x13}, {0x01, 0x00, 0x13, 0x00, 0x13}},
        {{1, 2, 0xC4, 0x16}, {0x02, 0x00, 0xC4, 0x00, 0x16}},
        {{1, 3, 0x6B, 3}, {0x03, 0x00, 0x6B, 0x00, 0x03}},
        {{1, 4, 8, 1}, {0x04, 0x00, 0x08, 0x00, 0x01}},
        {{1, 3, 0xFFFF, 0x7D}, {0x03, 0xFF, 0xFF, 0x00, 0x7D}},
    };
    unsigned char pdu[KW_METER_ASK_BYTES];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        kw_meter_ask_encode(&rows[i].ask, pdu);
        assert_memory_equal(pdu, rows[i].pdu, sizeof(pdu));
    }
}

static void test_judge(void **state)
{
    static const struct {
        struct kw_meter_ask ask;
        unsigned char pdu[10];
        size_t length;
        enum kw_meter_answer_kind kind;
    } rows[] = {
        /* the answers of the same examples */
        {{1, 3, 0x6B, 3},
         {0x03, 0x06, 0x02, 0x2B, 0x00, 0x00, 0x00, 0x64},
         8,
         KW_METER_ANSWER_DATA},
        {{1, 1, 0x13, 0x13},
         {0x01, 0x03, 0xCD, 0x6B, 0x05},
         5,
         KW_METER_ANSWER_DATA},
        {{1, 2, 0xC4, 0x16},
         {0x02, 0x03, 0xAC, 0xDB, 0x35},
         5,
         KW_METER_ANSWER_DATA},
        {{1, 4, 8, 1}, {0x04, 0x02, 0x00, 0x0A}, 4, KW_METER_ANSWER_DATA},
        {{1, 3, 0x6B, 3}, {0x83, 0x02}, 2, KW_METER_ANSWER_EXCEPTION},
        {{1, 1, 0, 1}, {0x81, 0x01}, 2, KW_METER_ANSWER_EXCEPTION},
        /* one thing wrong each */
        {{1, 3, 0, 1}, {0x04, 0x02, 0, 1}, 4, KW_METER_ANSWER_FOREIGN},
        {{1, 3, 0, 1}, {0x03, 0x04, 0, 1}, 4, KW_METER_ANSWER_FOREIGN},
        {{1, 3, 0, 1}, {0x03, 0x02, 0}, 3, KW_METER_ANSWER_FOREIGN},
        {{1, 3, 0, 1}, {0x03, 0x02, 0, 1, 2}, 5, KW_METER_ANSWER_FOREIGN},
        {{1, 3, 0, 2}, {0x03, 0x02, 0, 1}, 4, KW_METER_ANSWER_FOREIGN},
        {{1, 3, 0, 1}, {0x84, 0x02}, 2, KW_METER_ANSWER_FOREIGN},
        {{1, 3, 0, 1}, {0x83, 0x02, 0}, 3, KW_METER_ANSWER_FOREIGN},
        {{1, 3, 0, 1}, {0x83}, 1, KW_METER_ANSWER_FOREIGN},
        {{1, 3, 0, 1}, {0x03}, 1, KW_METER_ANSWER_FOREIGN},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(
            kw_meter_pdu_judge(&rows[i].ask, rows[i].pdu, rows[i].length),
            rows[i].kind);
}

static void test_exceptions(void **state)
{
    static const struct {
        unsigned code;
        const char *text;
        bool silence;
    } rows[] = {
        {0, "unknown", false},
        {1, "illegal function", false},
        {2, "illegal data address", false},
        {3, "illegal data value", false},
        {4, "device failure", false},
        {5, "acknowledge", false},
        {6, "device busy", false},
        {7, "unknown", false},
        {8, "memory parity error", false},
        {10, "gateway path unavailable", true},
        {11, "no answer from the device behind the gateway", true},
        {12, "unknown", false},
        {255, "unknown", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_string_equal(kw_meter_exception_text(rows[i].code),
                            rows[i].text);
        assert_int_equal(kw_meter_exception_is_silence(rows[i].code),
                         rows[i].silence);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_valid),
        cmocka_unit_test(test_data_bytes),
        cmocka_unit_test(test_encode_examples),
        cmocka_unit_test(test_judge),
        cmocka_unit_test(test_exceptions),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
