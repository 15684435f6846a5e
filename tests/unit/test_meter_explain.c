/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/explain.h"

#include "meter/frame_rtu.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum {
    GOOD = KW_METER_TRACED_GOOD,
    REFUSED = KW_METER_TRACED_EXCEPTION,
    GARBLED = KW_METER_TRACED_GARBLED,
    LATE = KW_METER_TRACED_LATE,
    TWICE = KW_METER_TRACED_TWICE,
    FOREIGN = KW_METER_TRACED_FOREIGN,
    ECHO = KW_METER_TRACED_ECHO,
    NOISE = KW_METER_TRACED_NOISE,
};

static unsigned digit(char c)
{
    return (unsigned)(c <= '9' ? c - '0' : c - 'A' + 10);
}

static unsigned char byte_at(const char *hex)
{
    return (unsigned char)(digit(hex[0]) << 4 | digit(hex[1]));
}

/* Bytes of "05 03 ..."; returns how many. */
static size_t from_hex(const char *hex, unsigned char *bytes)
{
    size_t length = 0;

    for (;; hex += 3) {
        bytes[length++] = byte_at(hex);
        if (hex[2] == 0)
            return length;
    }
}

struct row {
    const char *hex; /* PDU with unit; CRC or header are added */
    bool out;
    int as;
    unsigned unit, function, address, count; /* of the request */
    const char *meaning;
};

static const struct row frames[] = {
    /* requests */
    {"05 01 00 64 00 01", true, GOOD, 0, 0, 0, 0, "read 1 coil from 100"},
    {"05 02 00 64 00 0A", true, GOOD, 0, 0, 0, 0,
     "read 10 discrete inputs from 100"},
    {"05 03 48 00 00 0A", true, GOOD, 0, 0, 0, 0,
     "read 10 holding registers from 18432"},
    {"05 04 00 00 00 01", true, GOOD, 0, 0, 0, 0,
     "read 1 input register from 0"},
    {"05 05 00 07 FF 00", true, GOOD, 0, 0, 0, 0, "write coil 7: on"},
    {"05 05 00 07 00 00", true, GOOD, 0, 0, 0, 0, "write coil 7: off"},
    {"05 06 00 07 04 D2", true, GOOD, 0, 0, 0, 0, "write register 7: 1234"},
    {"05 0F 00 07 00 0A 02 FF 03", true, GOOD, 0, 0, 0, 0,
     "write 10 coils from 7"},
    {"05 10 E1 00 00 06 0C 00 01", true, GOOD, 0, 0, 0, 0,
     "write 6 registers from 57600"},
    {"05 11", true, GOOD, 0, 0, 0, 0, "report server ID"},
    {"05 2B 0E 01 00", true, GOOD, 0, 0, 0, 0,
     "read device identification, basic, from object 0"},
    {"05 2B 0E 04 02", true, GOOD, 0, 0, 0, 0,
     "read device identification, one object, from object 2"},
    {"05 2B 0E 09 02", true, GOOD, 0, 0, 0, 0,
     "read device identification, unknown, from object 2"},
    {"05 2B 0D 01 00", true, GOOD, 0, 0, 0, 0, "function 43, 4 bytes"},
    {"05 2B", true, GOOD, 0, 0, 0, 0, "function 43, 1 bytes"},
    {"05 2B 0E", true, GOOD, 0, 0, 0, 0, "function 43, 2 bytes"},
    {"05 41 01", true, GOOD, 0, 0, 0, 0, "function 65, 2 bytes"},
    {"05 03 00", true, GOOD, 0, 0, 0, 0, "function 3, 2 bytes"},
    {"05 05 00", true, GOOD, 0, 0, 0, 0, "function 5, 2 bytes"},
    {"05 10 00", true, GOOD, 0, 0, 0, 0, "function 16, 2 bytes"},
    /* answers */
    {"05 01 02 FF 03", false, GOOD, 5, 1, 7, 10, "10 coils from 7"},
    {"05 02 02 FF 03", false, GOOD, 0, 0, 0, 0, "2 bytes of discrete inputs"},
    {"05 03 04 00 01 00 02", false, GOOD, 5, 3, 18432, 2,
     "2 holding registers from 18432"},
    {"05 03 02 00 01", false, GOOD, 5, 3, 18432, 2, "1 holding register"},
    {"05 04 04 00 01 00 02", false, GOOD, 5, 3, 18432, 2, "2 input registers"},
    {"05 04 04 00 01", false, GOOD, 5, 4, 0, 2,
     "2 input registers from 0, 2 bytes of them missing"},
    {"05 05 00 07 FF 00", false, GOOD, 5, 5, 7, 1, "written: coil 7: on"},
    {"05 06 00 07 04 D2", false, GOOD, 5, 6, 7, 1, "written: register 7: 1234"},
    {"05 0F 00 07 00 01", false, GOOD, 5, 15, 7, 1, "written: 1 coil from 7"},
    {"05 10 00 07 00 02", false, GOOD, 5, 16, 7, 2,
     "written: 2 registers from 7"},
    {"05 11 03 01 FF 00", false, GOOD, 5, 17, 0, 0, "server ID, 3 bytes"},
    {"05 2B 0E 02 82 00 00 03", false, GOOD, 5, 43, 0x0200, 0,
     "device identification, regular, 3 objects"},
    {"05 2B 0E 03 82", false, GOOD, 5, 43, 0x0300, 0, "function 43, 4 bytes"},
    {"05 83 02", false, REFUSED, 5, 3, 0, 9,
     "exception 2: illegal data address"},
    {"05 AB 63", false, REFUSED, 5, 43, 0, 0, "exception 99: unknown"},
    {"05 83", false, REFUSED, 5, 3, 0, 9, "function 131, 1 bytes"},
    {"05 03", false, GOOD, 5, 3, 0, 9, "function 3, 1 bytes"},
    {"05 06 00", false, GOOD, 5, 6, 0, 1, "function 6, 2 bytes"},
    {"05 10 00", false, GOOD, 5, 16, 0, 1, "function 16, 2 bytes"},
    {"05 11", false, GOOD, 5, 17, 0, 0, "function 17, 1 bytes"},
    /* whose? */
    {"05 03 02 00 01", false, LATE, 6, 3, 0, 9,
     "late answer of unit 5: 1 holding register"},
    {"05 83 02", false, TWICE, 0, 0, 0, 0,
     "unit 5 answers once more: exception 2: illegal data address"},
    {"08 03 02 00 01", false, FOREIGN, 7, 3, 0, 9,
     "unit 8 answers while unit 7 was asked: 1 holding register"},
    {"07 04 02 00 01", false, FOREIGN, 7, 3, 0, 9,
     "unit 7 answers something else: 1 input register"},
    {"07 04 02 00 01", false, FOREIGN, 0, 0, 0, 0,
     "unit 7 answers what this gateway did not ask: 1 input register"},
    {"05 03 00 64 00 01", false, ECHO, 5, 3, 100, 1,
     "the line gives back what was sent: read 1 holding register from 100"},
    {"05 03 00 64 00 01", false, NOISE, 0, 0, 0, 0,
     "%u bytes that are no frame"},
};

static void explain(const struct row *row, bool rtu, char *text, size_t *length)
{
    static const unsigned char header[] = {0x12, 0x34, 0, 0, 0, 0};
    unsigned char bytes[64];
    struct kw_meter_traced frame = {
        .out = row->out,
        .as = (uint8_t)row->as,
        .unit = (uint8_t)row->unit,
        .function = (uint8_t)row->function,
        .address = (uint16_t)row->address,
        .count = (uint16_t)row->count,
    };
    uint16_t crc;

    if (rtu) {
        *length = from_hex(row->hex, bytes) + 2;
        crc = kw_meter_rtu_crc(bytes, *length - 2);
        bytes[*length - 2] = (unsigned char)crc;
        bytes[*length - 1] = (unsigned char)(crc >> 8);
    } else {
        memcpy(bytes, header, sizeof(header));
        *length = from_hex(row->hex, bytes + 6) + 6;
    }
    assert_int_equal(kw_meter_frame_unit(rtu, bytes, *length),
                     byte_at(row->hex));
    frame.length = (uint16_t)*length;
    kw_meter_explain(&frame, rtu, bytes, *length, text);
}

static void test_frames(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
        for (int rtu = 0; rtu < 2; rtu++) {
            char text[KW_METER_MEANING_SIZE], expected[160];
            size_t length;

            explain(&frames[i], rtu, text, &length);
            if (strchr(frames[i].meaning, '%') != NULL)
                snprintf(expected, sizeof(expected),
                         "%zu bytes that are no frame", length);
            else
                snprintf(expected, sizeof(expected), "%s", frames[i].meaning);
            assert_string_equal(text, expected);
        }
    }
}

/* Without a right CRC: bytes as they came. */
static void test_garbled(void **state)
{
    static const struct {
        const char *hex;
        unsigned function, count;
        const char *meaning;
    } rows[] = {
        {"05 03 02 00 01 12 34", 3, 1, "CRC is 12 34, 88 44 expected"},
        {"05 03 02 00 01 12 34 FF FF", 3, 1, "CRC is 12 34, 88 44 expected"},
        {"05 03 02 00", 3, 1, "4 bytes of 7: the rest did not come"},
        {"05 01 02 00", 1, 9, "4 bytes of 7: the rest did not come"},
        {"05 83 02 00 00", 3, 10, "CRC is 00 00, 81 30 expected"},
        {"05 83 02", 3, 10, "3 bytes of 5: the rest did not come"},
        {"05 11 01 01 00 00", 17, 0, "CRC is 00 00, 90 BD expected"},
        {"05 11 01", 17, 0, "3 bytes that are no frame"},
        {"05", 0, 0, "1 bytes that are no frame"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        unsigned char bytes[64];
        char text[KW_METER_MEANING_SIZE];
        size_t length = from_hex(rows[i].hex, bytes);
        struct kw_meter_traced frame = {
            .as = GARBLED,
            .unit = 5,
            .function = (uint8_t)rows[i].function,
            .count = (uint16_t)rows[i].count,
            .length = (uint16_t)length,
        };

        kw_meter_explain(&frame, true, bytes, length, text);
        assert_string_equal(text, rows[i].meaning);
    }
}

/* What is too short to be anything. */
static void test_short(void **state)
{
    static const unsigned char bytes[8] = {5, 3};

    (void)state;
    for (int rtu = 0; rtu < 2; rtu++) {
        for (size_t length = 0; length <= (rtu ? 3 : 7); length++) {
            char text[KW_METER_MEANING_SIZE];
            char expected[40];
            struct kw_meter_traced frame = {.as = GOOD,
                                            .length = (uint16_t)length};

            kw_meter_explain(&frame, rtu, bytes, length, text);
            snprintf(expected, sizeof(expected), "%zu bytes that are no frame",
                     length);
            assert_string_equal(text, expected);
        }
    }
    assert_int_equal(kw_meter_frame_unit(true, bytes, 0), 0);
    assert_int_equal(kw_meter_frame_unit(false, bytes, 6), 0);
}

/* Another master's request is told from an answer. */
static void test_masters(void **state)
{
    static const struct row row = {"05 04 00 10 00 02",
                                   false,
                                   FOREIGN,
                                   7,
                                   3,
                                   0,
                                   1,
                                   "another master asks unit 5: read 2 input "
                                   "registers from 16"};
    static const unsigned char not_read[8] = {5, 16, 0, 1, 0, 2};
    static const unsigned char coils[8] = {5, 1, 3, 0xFF, 0xFF, 3};
    char text[KW_METER_MEANING_SIZE];
    size_t length;

    (void)state;
    explain(&row, true, text, &length);
    assert_string_equal(text, row.meaning);
    assert_false(kw_meter_frame_is_request(not_read, 8));
    assert_false(kw_meter_frame_is_request(coils, 8));
    assert_false(kw_meter_frame_is_request(coils, 7));
}

/* Any bytes of any length give a text that ends, with every state. */
static void test_anything(void **state)
{
    unsigned seed = 1;

    (void)state;
    for (int i = 0; i < 20000; i++) {
        unsigned char bytes[KW_METER_TRACE_FRAME];
        char text[KW_METER_MEANING_SIZE];
        size_t length = (size_t)(i % KW_METER_TRACE_FRAME);
        struct kw_meter_traced frame = {
            .out = i % 2 == 0,
            .as = (uint8_t)(i / 7 % KW_METER_TRACED_KINDS),
            .function = (uint8_t)(i % 50),
            .count = (uint16_t)(i * 31),
            .length = (uint16_t)length,
        };

        for (size_t j = 0; j < length; j++) {
            seed = seed * 1103515245U + 12345U;
            bytes[j] = (unsigned char)(seed >> 16);
        }
        if (length > 1)
            bytes[1] = (unsigned char)(i % 48);
        memset(text, 0x7F, sizeof(text));
        kw_meter_explain(&frame, i % 3 == 0, bytes, length, text);
        assert_in_range(strnlen(text, sizeof(text)), 5, sizeof(text) - 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frames),   cmocka_unit_test(test_garbled),
        cmocka_unit_test(test_short),    cmocka_unit_test(test_masters),
        cmocka_unit_test(test_anything),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
