/* SPDX-License-Identifier: Apache-2.0 */
/* Time on the line, frames, faults and what the line options say. */
#include "fault.h"
#include "frame.h"
#include "pace.h"
#include "spec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void test_framing(void **state)
{
    static const struct framing {
        const char *text;
        unsigned bits;
    } rows[] = {{"8N1", 10}, {"8E1", 11}, {"8O1", 11}, {"8N2", 11},
                {"8E2", 12}, {"7E1", 10}, {"7N1", 9}};
    static const char *const wrong[] = {"", "8N", "9N1", "8X1", "8N3", "8N1 "};
    unsigned bits = 0;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_true(kw_plant_pace_parse(rows[i].text, &bits));
        assert_int_equal(bits, rows[i].bits);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(kw_plant_pace_parse(wrong[i], &bits));
}

static void test_silence(void **state)
{
    static const struct silence {
        struct kw_plant_pace pace;
        int64_t character_ns, silence_ns;
    } rows[] = {
        {{9600, 10}, 1041666, 3645833}, {{9600, 11}, 1145833, 4010416},
        {{19200, 11}, 572916, 2005208}, {{38400, 10}, 260416, 1750000},
        {{0, 10}, 0, 1750000},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(kw_plant_pace_character_ns(&rows[i].pace),
                         rows[i].character_ns);
        assert_int_equal(kw_plant_pace_silence_ns(&rows[i].pace),
                         rows[i].silence_ns);
    }
}

static void test_characters_due(void **state)
{
    (void)state;
    assert_int_equal(kw_plant_pace_due(0, 1000, 9), 0);
    assert_int_equal(kw_plant_pace_due(999, 1000, 9), 0);
    assert_int_equal(kw_plant_pace_due(1000, 1000, 9), 1);
    assert_int_equal(kw_plant_pace_due(8999, 1000, 9), 8);
    assert_int_equal(kw_plant_pace_due(90000, 1000, 9), 9);
    assert_int_equal(kw_plant_pace_due(-5, 1000, 9), 0);
    assert_int_equal(kw_plant_pace_due(0, 0, 9), 9);
}

/* The example of MODBUS over serial line V1.02 is bytes 02 07: CRC 41 12. */
static void test_crc(void **state)
{
    uint8_t bytes[8] = {0x02, 0x07};
    uint8_t read[] = {0x01, 0x03, 0x00, 0x00, 0x00, 0x0A, 0xC5, 0xCD};
    (void)state;
    assert_int_equal(kw_plant_frame_add_crc(bytes, 2), 4);
    assert_int_equal(bytes[2], 0x41);
    assert_int_equal(bytes[3], 0x12);
    assert_true(kw_plant_frame_crc_ok(read, sizeof read));
    read[1] ^= 1;
    assert_false(kw_plant_frame_crc_ok(read, sizeof read));
    assert_false(kw_plant_frame_crc_ok(read, 3));
}

static void test_request_lengths(void **state)
{
    static const struct length {
        uint8_t bytes[12];
        size_t have;
        int length;
    } rows[] = {
        {{1}, 1, 0},
        {{1, 3}, 2, 8},
        {{1, 4, 0, 0}, 4, 8},
        {{1, 16, 0, 0, 0, 2}, 6, 0},
        {{1, 16, 0, 0, 0, 2, 4}, 7, 13},
        {{1, 15, 0, 0, 0, 8, 1}, 7, 10},
        {{1, 22}, 2, 10},
        {{1, 23, 0, 0, 0, 1, 0, 0, 0, 1, 2}, 11, 15},
        {{1, 17}, 2, 4},
        {{1, 43}, 2, 7},
        {{1, 100}, 2, -1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(kw_plant_frame_length(rows[i].bytes, rows[i].have),
                         rows[i].length);
}

static void test_tcp_lengths(void **state)
{
    uint8_t frame[12] = {0, 1, 0, 0, 0, 6, 1, 3, 0, 0, 0, 1};
    (void)state;
    assert_int_equal(kw_plant_frame_tcp_length(frame, 5), 0);
    assert_int_equal(kw_plant_frame_tcp_length(frame, 6), 12);
    frame[3] = 1;
    assert_int_equal(kw_plant_frame_tcp_length(frame, 12), -1);
    frame[3] = 0;
    frame[4] = 1;
    assert_int_equal(kw_plant_frame_tcp_length(frame, 12), -1);
    frame[4] = 0;
    frame[5] = 1;
    assert_int_equal(kw_plant_frame_tcp_length(frame, 12), -1);
}

static void test_identification(void **state)
{
    static const char *const objects[3] = {"Maker", "Model", "1.0"};
    static const struct identify {
        uint8_t request[5];
        const char *reply;
        size_t length;
    } rows[] = {
        {{9, 43, 14, 1, 0},
         "\x09\x2B\x0E\x01\x81\0\0\x03\0\x05Maker\x01\x05Model\x02\x03"
         "1.0",
         27},
        {{9, 43, 14, 4, 1}, "\x09\x2B\x0E\x04\x81\0\0\x01\x01\x05Model", 15},
        {{9, 43, 14, 2, 9},
         "\x09\x2B\x0E\x02\x81\0\0\x03\0\x05Maker\x01\x05Model\x02\x03"
         "1.0",
         27},
        {{9, 43, 14, 4, 3}, "\x09\xAB\x02", 3},
        {{9, 43, 14, 7, 0}, "\x09\xAB\x03", 3},
        {{9, 43, 13, 1, 0}, "\x09\xAB\x01", 3},
    };
    uint8_t reply[KW_PLANT_ADU_BYTES];
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t length =
            kw_plant_frame_identify(rows[i].request, 5, objects, reply);
        assert_int_equal(length, rows[i].length);
        assert_memory_equal(reply, rows[i].reply, length);
    }
    assert_int_equal(kw_plant_frame_report(9, "abc", reply), 8);
    assert_memory_equal(reply,
                        "\x09\x11\x05\x09\xFF"
                        "abc",
                        8);
}

static void test_fault_words(void **state)
{
    struct kw_plant_fault fault;
    struct kw_plant_diag diag;
    static const char *const wrong[] = {
        "",        "lat",      "late(",   "late()",       "late(0)",
        "late(x)", "late(5)x", "dead(1)", "late(600001)", "exception(12)",
    };
    (void)state;
    assert_int_equal(kw_plant_fault_parse("late(250)", false, &fault, &diag),
                     0);
    assert_int_equal(fault.kind, KW_PLANT_LATE);
    assert_int_equal(fault.parameter, 250);
    assert_int_equal(kw_plant_fault_parse("drip", true, &fault, &diag), 0);
    assert_int_equal(fault.parameter, 20);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(kw_plant_fault_parse(wrong[i], true, &fault, &diag),
                         -1);
    assert_int_equal(kw_plant_fault_parse("bad_crc", true, &fault, &diag), -1);
    assert_int_equal(kw_plant_fault_parse("close", false, &fault, &diag), -1);
}

static void test_fault_counts_down(void **state)
{
    struct kw_plant_fault fault = {.kind = KW_PLANT_DEAD, .left = 2};
    (void)state;
    assert_int_equal(kw_plant_fault_take(&fault).kind, KW_PLANT_DEAD);
    assert_int_equal(kw_plant_fault_take(&fault).kind, KW_PLANT_DEAD);
    assert_int_equal(kw_plant_fault_take(&fault).kind, KW_PLANT_NO_FAULT);
    fault = (struct kw_plant_fault){.kind = KW_PLANT_BIG};
    for (int i = 0; i < 5; i++)
        assert_int_equal(kw_plant_fault_take(&fault).kind, KW_PLANT_BIG);
}

/* Two registers, 0x1111 and 0x2222, of unit 5. */
static const uint8_t tcp_reply[] = {0, 9, 0,    0,    0,    7,   5,
                                    3, 4, 0x11, 0x11, 0x22, 0x22};

static uint8_t *spoil(enum kw_plant_fault_kind kind, bool tcp, size_t *length)
{
    struct kw_plant_fault fault = {.kind = kind, .parameter = 10};
    uint8_t serial[16];
    memcpy(serial, tcp_reply + 6, 7);
    size_t size = kw_plant_frame_add_crc(serial, 7);
    return tcp ? kw_plant_fault_spoil(&fault, true, tcp_reply, sizeof tcp_reply,
                                      length)
               : kw_plant_fault_spoil(&fault, false, serial, size, length);
}

static void test_spoiled_serial_replies(void **state)
{
    static const struct spoiled {
        enum kw_plant_fault_kind kind;
        size_t length;
        bool crc_ok;
        uint8_t unit, bytes;
    } rows[] = {
        {KW_PLANT_NO_FAULT, 9, true, 5, 4},
        {KW_PLANT_LATE, 9, true, 5, 4},
        {KW_PLANT_TRUNCATED, 4, false, 5, 4},
        {KW_PLANT_WRONG_UNIT, 9, true, 6, 4},
        {KW_PLANT_BAD_CRC, 9, false, 5, 4},
        {KW_PLANT_WRONG_LENGTH, 7, true, 5, 2},
        {KW_PLANT_BABBLE, 19, false, 5, 4},
        {KW_PLANT_BIG, KW_PLANT_BIG_BYTES, false, 5, 4},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t length = 0;
        uint8_t *frame = spoil(rows[i].kind, false, &length);
        assert_int_equal(length, rows[i].length);
        assert_int_equal(kw_plant_frame_crc_ok(frame, length), rows[i].crc_ok);
        assert_int_equal(frame[0], rows[i].unit);
        assert_int_equal(frame[2], rows[i].bytes);
        kw_plant_free(frame);
    }
}

static void test_spoiled_tcp_replies(void **state)
{
    size_t length = 0;
    (void)state;
    uint8_t *frame = spoil(KW_PLANT_FOREIGN_TID, true, &length);
    assert_int_equal(frame[1], 10);
    kw_plant_free(frame);
    frame = spoil(KW_PLANT_WRONG_UNIT, true, &length);
    assert_int_equal(frame[6], 6);
    kw_plant_free(frame);
    frame = spoil(KW_PLANT_WRONG_LENGTH, true, &length);
    assert_int_equal(length, 11);
    assert_int_equal(frame[5], 5);
    assert_int_equal(frame[8], 2);
    kw_plant_free(frame);
}

static void test_serial_line_option(void **state)
{
    struct kw_plant_spec spec;
    struct kw_plant_diag diag;
    (void)state;
    assert_int_equal(
        kw_plant_spec_parse(&spec, false, "panel:9600:8E1:1-3=a,5=b@2", &diag),
        0);
    assert_string_equal(spec.name, "panel");
    assert_int_equal(spec.pace.baud, 9600);
    assert_int_equal(spec.pace.bits, 11);
    assert_int_equal(spec.count, 2);
    assert_int_equal(spec.meters[0].first, 1);
    assert_int_equal(spec.meters[0].last, 3);
    assert_int_equal(spec.meters[0].load, 1);
    assert_string_equal(spec.meters[1].profile, "b");
    assert_int_equal(spec.meters[1].load, 2);
    kw_plant_spec_fini(&spec);
}

static void test_tcp_line_option(void **state)
{
    struct kw_plant_spec spec;
    struct kw_plant_diag diag;
    (void)state;
    assert_int_equal(
        kw_plant_spec_parse(&spec, true, "15000-15009:0-255=a", &diag), 0);
    assert_int_equal(spec.first_port, 15000);
    assert_int_equal(spec.last_port, 15009);
    assert_int_equal(spec.meters[0].last, 255);
    kw_plant_spec_fini(&spec);
}

static void test_wrong_line_options(void **state)
{
    static const struct wrong {
        bool tcp;
        const char *text, *says;
    } rows[] = {
        {false, "panel", "expected NAME"},
        {false, "panel:9600:8N1", "expected NAME"},
        {false, ":9600:8N1:1=a", "expected NAME"},
        {false, "a/b:9600:8N1:1=a", "expected NAME"},
        {false, "p:fast:8N1:1=a", "expected NAME"},
        {false, "p:9600:8X1:1=a", "expected NAME"},
        {false, "p:9600:8N1:", "expected UNIT"},
        {false, "p:9600:8N1:0=a", "units 1 to 247"},
        {false, "p:9600:8N1:1-248=a", "units 1 to 247"},
        {false, "p:9600:8N1:5-3=a", "expected UNIT"},
        {false, "p:9600:8N1:1=a,", "expected UNIT"},
        {false, "p:9600:8N1:1=a@0", "expected UNIT"},
        {false, "p:9600:8N1:1=", "expected UNIT"},
        {true, "502", "expected PORT"},
        {true, "65536:1=a", "expected PORT"},
        {true, "10-9:1=a", "expected PORT"},
        {true, "502:1-1000=a", "units 0 to 255"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct kw_plant_spec spec;
        struct kw_plant_diag diag = {""};
        assert_int_equal(
            kw_plant_spec_parse(&spec, rows[i].tcp, rows[i].text, &diag), -1);
        if (strstr(diag.text, rows[i].says) == NULL)
            fail_msg("%s: says %s", rows[i].text, diag.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_framing),
        cmocka_unit_test(test_silence),
        cmocka_unit_test(test_characters_due),
        cmocka_unit_test(test_crc),
        cmocka_unit_test(test_request_lengths),
        cmocka_unit_test(test_tcp_lengths),
        cmocka_unit_test(test_identification),
        cmocka_unit_test(test_fault_words),
        cmocka_unit_test(test_fault_counts_down),
        cmocka_unit_test(test_spoiled_serial_replies),
        cmocka_unit_test(test_spoiled_tcp_replies),
        cmocka_unit_test(test_serial_line_option),
        cmocka_unit_test(test_tcp_line_option),
        cmocka_unit_test(test_wrong_line_options),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
