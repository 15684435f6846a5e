/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/pdu.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const unsigned char on[] = {0xFF, 0x00}, off[] = {0x00, 0x00};
static const unsigned char odd[] = {0x01, 0x00}, odder[] = {0xFF, 0x01};
static const unsigned char values[246] = {0x00, 0x0A, 0x01, 0x02};

static void test_valid(void **state)
{
    static const struct {
        struct kw_meter_ask ask;
        bool valid;
    } rows[] = {
        {{1, 3, 0, 1}, true},
        {{1, 0, 0, 1}, false},
        {{1, 7, 0, 1}, false},
        {{1, 255, 0, 1}, false},
        {{1, 3, 0, 0}, false},
        {{1, 3, 0, 125}, true},
        {{1, 3, 0, 126}, false},
        {{1, 4, 0, 125}, true},
        {{1, 4, 0, 126}, false},
        {{1, 1, 0, 2000}, true},
        {{1, 1, 0, 2001}, false},
        {{1, 2, 0, 2000}, true},
        {{1, 2, 0, 65535}, false},
        {{1, 3, 65535, 1}, true},
        {{1, 3, 65535, 2}, false},
        {{1, 3, 65411, 125}, true},
        {{1, 3, 65412, 125}, false},
        {{1, 1, 63536, 2000}, true},
        {{1, 1, 63537, 2000}, false},
        {{0, 3, 0, 1}, true},
        {{255, 3, 0, 1}, true},
        /* writes */
        {{1, 5, 0, 1}, false}, /* no value */
        {{1, 5, 0, 1, 0, on}, true},
        {{1, 5, 65535, 1, 0, off}, true},
        {{1, 5, 0, 1, 0, odd}, false},
        {{1, 5, 0, 1, 0, odder}, false},
        {{1, 5, 0, 2, 0, on}, false},
        {{1, 5, 0, 0, 0, on}, false},
        {{1, 6, 0, 1, 0, odd}, true},
        {{1, 6, 0, 1}, false},
        {{1, 6, 0, 2, 0, values}, false},
        {{1, 15, 0, 1968, 0, values}, true},
        {{1, 15, 0, 1969, 0, values}, false},
        {{1, 15, 0, 0, 0, values}, false},
        {{1, 15, 65535, 2, 0, values}, false},
        {{1, 15, 0, 8}, false},
        {{1, 16, 0, 123, 0, values}, true},
        {{1, 16, 0, 124, 0, values}, false},
        {{1, 16, 65534, 3, 0, values}, false},
        {{1, 16, 0, 1}, false},
        /* identity */
        {{1, 17}, true},
        {{1, 43, 0x0100}, true},
        {{1, 43, 0x04FF}, true},
        {{1, 43, 0x0000}, false},
        {{1, 43, 0x0500}, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (kw_meter_ask_valid(&rows[i].ask) != rows[i].valid)
            fail_msg("row %zu", i);
    }
}

static void test_bytes(void **state)
{
    static const struct {
        struct kw_meter_ask ask;
        size_t answer, values;
        bool bits, write;
    } rows[] = {
        {{1, 3, 0, 1}, 2, 0, false, false},
        {{1, 4, 0, 125}, 250, 0, false, false},
        {{1, 1, 0, 1}, 1, 0, true, false},
        {{1, 1, 0, 8}, 1, 0, true, false},
        {{1, 2, 0, 9}, 2, 0, true, false},
        {{1, 2, 0, 2000}, 250, 0, true, false},
        {{1, 1, 0, 16}, 2, 0, true, false},
        {{1, 5, 0, 1, 0, on}, 4, 2, false, true},
        {{1, 6, 0, 1, 0, on}, 4, 2, false, true},
        {{1, 15, 0, 9, 0, on}, 4, 2, true, true},
        {{1, 16, 0, 2, 0, values}, 4, 4, false, true},
        {{1, 17}, 0, 0, false, false},
        {{1, 43, 0x0100}, 0, 0, false, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct kw_meter_ask *ask = &rows[i].ask;

        assert_int_equal(kw_meter_ask_data_bytes(ask), rows[i].answer);
        assert_int_equal(kw_meter_ask_value_bytes(ask), rows[i].values);
        assert_int_equal(kw_meter_ask_is_bits(ask), rows[i].bits);
        assert_int_equal(kw_meter_ask_is_write(ask), rows[i].write);
    }
}

/* The examples of the Application Protocol V1.1b3, 6.1 to 6.6, 6.11 to 6.13
 * and 6.21. */
static void test_encode_examples(void **state)
{
    static const unsigned char three[] = {0x00, 0x03}, bits[] = {0xCD, 0x01};
    static const struct {
        struct kw_meter_ask ask;
        size_t length;
        unsigned char pdu[12];
    } rows[] = {
        {{1, 1, 0x13, 0x13}, 5, {0x01, 0x00, 0x13, 0x00, 0x13}},
        {{1, 2, 0xC4, 0x16}, 5, {0x02, 0x00, 0xC4, 0x00, 0x16}},
        {{1, 3, 0x6B, 3}, 5, {0x03, 0x00, 0x6B, 0x00, 0x03}},
        {{1, 4, 8, 1}, 5, {0x04, 0x00, 0x08, 0x00, 0x01}},
        {{1, 3, 0xFFFF, 0x7D}, 5, {0x03, 0xFF, 0xFF, 0x00, 0x7D}},
        {{1, 5, 0xAC, 1, 0, on}, 5, {0x05, 0x00, 0xAC, 0xFF, 0x00}},
        {{1, 6, 1, 1, 0, three}, 5, {0x06, 0x00, 0x01, 0x00, 0x03}},
        {{1, 15, 0x13, 10, 0, bits},
         8,
         {0x0F, 0x00, 0x13, 0x00, 0x0A, 0x02, 0xCD, 0x01}},
        {{1, 16, 1, 2, 0, values},
         10,
         {0x10, 0x00, 0x01, 0x00, 0x02, 0x04, 0x00, 0x0A, 0x01, 0x02}},
        {{1, 17}, 1, {0x11}},
        {{1, 43, 0x0100}, 4, {0x2B, 0x0E, 0x01, 0x00}},
        {{1, 43, 0x0480}, 4, {0x2B, 0x0E, 0x04, 0x80}},
    };
    unsigned char pdu[KW_METER_PDU_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(kw_meter_ask_encode(&rows[i].ask, pdu),
                         rows[i].length);
        assert_memory_equal(pdu, rows[i].pdu, rows[i].length);
    }
}

enum {
    FOREIGN = KW_METER_ANSWER_FOREIGN,
    DATA = KW_METER_ANSWER_DATA,
    REFUSED = KW_METER_ANSWER_EXCEPTION,
};

struct judged {
    struct kw_meter_ask ask;
    size_t length;
    unsigned char pdu[32];
    int kind;
};

static void judge_all(const struct judged *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct judged *row = &rows[i];
        size_t length = row->length;

        if ((int)kw_meter_pdu_judge(&row->ask, row->pdu, length) != row->kind)
            fail_msg("row %zu", i);
        /* Cut anywhere it is none, and needs more than is there. */
        while (row->kind != FOREIGN && length-- > 0) {
            assert_int_equal(kw_meter_pdu_judge(&row->ask, row->pdu, length),
                             FOREIGN);
            assert_true(kw_meter_pdu_need(&row->ask, row->pdu, length) >
                        length);
        }
    }
}

static void test_judge_reads(void **state)
{
    static const struct judged rows[] = {
        /* the answers of the same examples */
        {{1, 3, 0x6B, 3}, 8, {0x03, 0x06, 0x02, 0x2B, 0, 0, 0, 0x64}, DATA},
        {{1, 1, 0x13, 0x13}, 5, {0x01, 0x03, 0xCD, 0x6B, 0x05}, DATA},
        {{1, 2, 0xC4, 0x16}, 5, {0x02, 0x03, 0xAC, 0xDB, 0x35}, DATA},
        {{1, 4, 8, 1}, 4, {0x04, 0x02, 0x00, 0x0A}, DATA},
        {{1, 3, 0x6B, 3}, 2, {0x83, 0x02}, REFUSED},
        {{1, 1, 0, 1}, 2, {0x81, 0x01}, REFUSED},
        /* one thing wrong each */
        {{1, 3, 0, 1}, 4, {0x04, 0x02, 0, 1}, FOREIGN},
        {{1, 3, 0, 1}, 4, {0x03, 0x04, 0, 1}, FOREIGN},
        {{1, 3, 0, 1}, 3, {0x03, 0x02, 0}, FOREIGN},
        {{1, 3, 0, 1}, 5, {0x03, 0x02, 0, 1, 2}, FOREIGN},
        {{1, 3, 0, 2}, 4, {0x03, 0x02, 0, 1}, FOREIGN},
        {{1, 3, 0, 1}, 2, {0x84, 0x02}, FOREIGN},
        {{1, 3, 0, 1}, 3, {0x83, 0x02, 0}, FOREIGN},
        {{1, 3, 0, 1}, 1, {0x83}, FOREIGN},
        {{1, 3, 0, 1}, 1, {0x03}, FOREIGN},
        {{1, 3, 0, 1}, 0, {0}, FOREIGN},
    };

    (void)state;
    judge_all(rows, sizeof(rows) / sizeof(rows[0]));
}

static void test_judge_writes(void **state)
{
    static const struct judged rows[] = {
        {{1, 5, 0xAC, 1, 0, on}, 5, {5, 0, 0xAC, 0xFF, 0}, DATA},
        {{1, 6, 1, 1, 0, values}, 5, {6, 0, 1, 0, 10}, DATA},
        {{1, 15, 0x13, 10, 0, values}, 5, {15, 0, 0x13, 0, 10}, DATA},
        {{1, 16, 1, 2, 0, values}, 5, {16, 0, 1, 0, 2}, DATA},
        {{1, 16, 1, 2, 0, values}, 2, {0x90, 2}, REFUSED},
        /* one thing wrong each: value, address, count, function, length */
        {{1, 5, 0xAC, 1, 0, on}, 5, {5, 0, 0xAC, 0, 0}, FOREIGN},
        {{1, 6, 1, 1, 0, values}, 5, {6, 0, 1, 0, 11}, FOREIGN},
        {{1, 6, 1, 1, 0, values}, 5, {6, 0, 2, 0, 10}, FOREIGN},
        {{1, 15, 0x13, 10, 0, values}, 5, {15, 0, 0x13, 0, 9}, FOREIGN},
        {{1, 16, 1, 2, 0, values}, 5, {16, 1, 1, 0, 2}, FOREIGN},
        {{1, 16, 1, 2, 0, values}, 5, {6, 0, 1, 0, 2}, FOREIGN},
        {{1, 16, 1, 2, 0, values}, 6, {16, 0, 1, 0, 2, 4}, FOREIGN},
        {{1, 16, 1, 2, 0, values}, 4, {16, 0, 1, 0}, FOREIGN},
    };

    (void)state;
    judge_all(rows, sizeof(rows) / sizeof(rows[0]));
}

static void test_judge_identity(void **state)
{
    static const struct judged rows[] = {
        {{1, 17}, 5, {17, 3, 'K', 'W', 0xFF}, DATA},
        {{1, 17}, 2, {17, 0}, DATA},
        {{1, 17}, 2, {0x91, 1}, REFUSED},
        {{1, 17}, 4, {17, 3, 'K', 'W'}, FOREIGN},
        {{1, 17}, 5, {17, 2, 'K', 'W', 0xFF}, FOREIGN},
        {{1, 17}, 3, {17, 252, 0}, FOREIGN}, /* longer than a PDU */
        /* no object, one, three; then the last of an empty text */
        {{1, 43, 0x0100}, 7, {43, 14, 1, 1, 0, 0, 0}, DATA},
        {{1, 43, 0x0100}, 11, {43, 14, 1, 1, 0, 0, 1, 0, 2, 'K', 'W'}, DATA},
        {{1, 43, 0x0100},
         17,
         {43, 14, 1, 1, 0xFF, 3, 3, 0, 2, 'K', 'W', 1, 1, '7', 2, 1, '1'},
         DATA},
        {{1, 43, 0x0200}, 9, {43, 14, 2, 2, 0, 0, 1, 3, 0}, DATA},
        {{1, 43, 0x0401}, 10, {43, 14, 4, 1, 0, 0, 1, 1, 1, 'x'}, DATA},
        {{1, 43, 0x0401}, 2, {0xAB, 2}, REFUSED},
        /* MEI type, read code */
        {{1, 43, 0x0100}, 7, {43, 13, 1, 1, 0, 0, 0}, FOREIGN},
        {{1, 43, 0x0100}, 7, {43, 14, 2, 1, 0, 0, 0}, FOREIGN},
        /* one object: not two, and not another one */
        {{1, 43, 0x0401}, 11, {43, 14, 4, 1, 0, 0, 2, 1, 0, 2, 0}, FOREIGN},
        {{1, 43, 0x0401}, 7, {43, 14, 4, 1, 0, 0, 0}, FOREIGN},
        {{1, 43, 0x0401}, 10, {43, 14, 4, 1, 0, 0, 1, 2, 1, 'x'}, FOREIGN},
        /* the list against the length */
        {{1, 43, 0x0100}, 11, {43, 14, 1, 1, 0, 0, 1, 0, 3, 'K', 'W'}, FOREIGN},
        {{1, 43, 0x0100}, 11, {43, 14, 1, 1, 0, 0, 1, 0, 1, 'K', 'W'}, FOREIGN},
        {{1, 43, 0x0100}, 11, {43, 14, 1, 1, 0, 0, 2, 0, 2, 'K', 'W'}, FOREIGN},
        {{1, 43, 0x0100}, 8, {43, 14, 1, 1, 0, 0, 0, 0}, FOREIGN},
        {{1, 43, 0x0100}, 7, {43, 14, 1, 1, 0, 0, 255}, FOREIGN},
        {{1, 43, 0x0100}, 9, {43, 14, 1, 1, 0, 0, 1, 0, 245}, FOREIGN},
    };

    (void)state;
    judge_all(rows, sizeof(rows) / sizeof(rows[0]));
}

/* What can't become an answer is known as soon as it shows. */
static void test_need(void **state)
{
    static const struct {
        struct kw_meter_ask ask;
        size_t length;
        unsigned char pdu[12];
        size_t need;
    } rows[] = {
        {{1, 3, 0, 10}, 0, {0}, 2},
        {{1, 3, 0, 10}, 1, {3}, 22},
        {{1, 3, 0, 10}, 1, {0x83}, 2},
        {{1, 3, 0, 10}, 1, {4}, 0},
        {{1, 3, 0, 10}, 2, {3, 18}, 0},
        {{1, 16, 1, 2, 0, values}, 1, {16}, 5},
        {{1, 16, 1, 2, 0, values}, 3, {16, 0, 2}, 0},
        {{1, 17}, 1, {17}, 2},
        {{1, 17}, 2, {17, 251}, 253},
        {{1, 17}, 2, {17, 252}, 0},
        {{1, 43, 0x0100}, 1, {43}, 7},
        {{1, 43, 0x0100}, 2, {43, 13}, 0},
        {{1, 43, 0x0100}, 6, {43, 14, 1, 1, 0, 0}, 7},
        {{1, 43, 0x0100}, 7, {43, 14, 1, 1, 0, 0, 3}, 13},
        {{1, 43, 0x0100}, 8, {43, 14, 1, 1, 0, 0, 3, 0}, 13},
        {{1, 43, 0x0100}, 9, {43, 14, 1, 1, 0, 0, 3, 0, 9}, 22},
        {{1, 43, 0x0100}, 9, {43, 14, 1, 1, 0, 0, 1, 0, 244}, 253},
        {{1, 43, 0x0100}, 9, {43, 14, 1, 1, 0, 0, 1, 0, 245}, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (kw_meter_pdu_need(&rows[i].ask, rows[i].pdu, rows[i].length) !=
            rows[i].need)
            fail_msg("row %zu", i);
    }
}

static void test_data(void **state)
{
    static const struct {
        struct kw_meter_ask ask;
        size_t length, at, bytes;
    } rows[] = {
        {{1, 3, 0, 2}, 6, 2, 4},
        {{1, 6, 1, 1, 0, values}, 5, 1, 4},
        {{1, 17}, 7, 2, 5},
        {{1, 43, 0x0100}, 11, 2, 9},
    };
    static const unsigned char pdu[12];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t length = rows[i].length;

        assert_ptr_equal(kw_meter_pdu_data(&rows[i].ask, pdu, &length),
                         pdu + rows[i].at);
        assert_int_equal(length, rows[i].bytes);
    }
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
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_encode_examples),
        cmocka_unit_test(test_judge_reads),
        cmocka_unit_test(test_judge_writes),
        cmocka_unit_test(test_judge_identity),
        cmocka_unit_test(test_need),
        cmocka_unit_test(test_data),
        cmocka_unit_test(test_exceptions),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
