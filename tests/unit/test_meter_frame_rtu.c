/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/frame_rtu.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* Bytes of a line, put together piece by piece. */
struct wire {
    unsigned char bytes[600];
    size_t length;
};

static void put(struct wire *wire, const void *bytes, size_t length)
{
    memcpy(wire->bytes + wire->length, bytes, length);
    wire->length += length;
}

/* A frame with a right CRC around unit, function and what follows. */
static void put_frame(struct wire *wire, const void *bytes, size_t length)
{
    uint16_t crc = kw_meter_rtu_crc(bytes, length);
    unsigned char tail[2] = {(unsigned char)crc, (unsigned char)(crc >> 8)};

    put(wire, bytes, length);
    put(wire, tail, 2);
}

/* The answer of unit to a request for count registers, counting up. */
static void put_answer(struct wire *wire, uint8_t unit, uint8_t function,
                       unsigned count)
{
    unsigned char frame[256] = {unit, function, (unsigned char)(count * 2)};

    for (unsigned i = 0; i < count * 2; i++)
        frame[3 + i] = (unsigned char)(i * 7);
    put_frame(wire, frame, 3 + count * 2);
}

static struct kw_meter_rtu_found find(const struct kw_meter_ask *ask,
                                      const struct wire *wire)
{
    struct kw_meter_rtu_found found;

    kw_meter_rtu_find(ask, wire->bytes, wire->length, &found);
    return found;
}

static void test_crc(void **state)
{
    static const struct {
        const char *bytes;
        size_t length;
        uint16_t crc;
    } rows[] = {
        /* MODBUS over Serial Line V1.02, appendix B: 02 07 gives 1241 */
        {"\x02\x07", 2, 0x1241},
        {"\x01\x03\x00\x6B\x00\x03", 6, 0x1774},
        {"\x11\x03\x00\x6B\x00\x03", 6, 0x8776},
        {"\x01\x04\x02\xFF\xFF", 5, 0x80B8},
        {"", 0, 0xFFFF},
        {"123456789", 9, 0x4B37},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(kw_meter_rtu_crc((const unsigned char *)rows[i].bytes,
                                          rows[i].length),
                         rows[i].crc);
}

static void test_encode(void **state)
{
    static const unsigned char values[] = {0x00, 0x0A, 0x01, 0x02};
    static const struct {
        struct kw_meter_ask ask;
        size_t length;
        unsigned char frame[13];
    } rows[] = {
        {{1, 3, 0x6B, 3}, 8, {0x01, 0x03, 0x00, 0x6B, 0x00, 0x03, 0x74, 0x17}},
        {{0x11, 3, 0x6B, 3},
         8,
         {0x11, 0x03, 0x00, 0x6B, 0x00, 0x03, 0x76, 0x87}},
        {{0x11, 1, 0x13, 0x25},
         8,
         {0x11, 0x01, 0x00, 0x13, 0x00, 0x25, 0x0E, 0x84}},
        {{0x11, 4, 8, 1}, 8, {0x11, 0x04, 0x00, 0x08, 0x00, 0x01, 0xB2, 0x98}},
        {{0x11, 2, 0xC4, 0x16},
         8,
         {0x11, 0x02, 0x00, 0xC4, 0x00, 0x16, 0xBA, 0xA9}},
        {{0x11, 16, 1, 2, 0, values},
         13,
         {0x11, 0x10, 0x00, 0x01, 0x00, 0x02, 0x04, 0x00, 0x0A, 0x01, 0x02,
          0xC6, 0xF0}},
        {{1, 17}, 4, {0x01, 0x11, 0xC0, 0x2C}},
        {{1, 43, 0x0100}, 7, {0x01, 0x2B, 0x0E, 0x01, 0x00, 0x70, 0x77}},
    };
    unsigned char frame[KW_METER_RTU_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(kw_meter_rtu_encode(&rows[i].ask, frame),
                         rows[i].length);
        assert_memory_equal(frame, rows[i].frame, rows[i].length);
    }
}

static void test_whole_answer(void **state)
{
    const struct kw_meter_ask ask = {5, 3, 100, 10};
    struct wire wire = {.length = 0};
    struct kw_meter_rtu_found found;

    (void)state;
    put_answer(&wire, 5, 3, 10);
    found = find(&ask, &wire);
    assert_int_equal(found.verdict, KW_METER_RTU_ANSWER);
    assert_int_equal(found.pdu, 1);
    assert_int_equal(found.pdu_length, 22);
    assert_int_equal(found.foreign, 0);
}

/* Cut anywhere, an answer is an answer that has begun. */
static void test_every_prefix(void **state)
{
    const struct kw_meter_ask ask = {5, 3, 100, 10};
    struct wire wire = {.length = 0};
    size_t whole;

    (void)state;
    put_answer(&wire, 5, 3, 10);
    whole = wire.length;
    for (wire.length = 0; wire.length < whole; wire.length++) {
        struct kw_meter_rtu_found found = find(&ask, &wire);

        assert_int_equal(found.verdict, KW_METER_RTU_MORE);
        assert_int_equal(found.skip, 0);
        assert_int_equal(found.started, wire.length > 0);
    }
}

/* Any single bit that is wrong is noticed; those in the head make the frame
 * one that is not ours. */
static void test_every_bit(void **state)
{
    const struct kw_meter_ask ask = {5, 3, 100, 4};
    struct wire good = {.length = 0};

    (void)state;
    put_answer(&good, 5, 3, 4);
    for (size_t bit = 0; bit < good.length * 8; bit++) {
        struct wire wire = good;

        wire.bytes[bit / 8] ^= (unsigned char)(1U << (bit % 8));
        assert_int_not_equal(find(&ask, &wire).verdict, KW_METER_RTU_ANSWER);
        if (bit >= 24)
            assert_int_equal(find(&ask, &wire).verdict, KW_METER_RTU_GARBLED);
    }
}

static void test_exception(void **state)
{
    const struct kw_meter_ask ask = {5, 4, 100, 10};
    struct wire wire = {.length = 0};
    struct kw_meter_rtu_found found;

    (void)state;
    put_frame(&wire, "\x05\x84\x02", 3);
    found = find(&ask, &wire);
    assert_int_equal(found.verdict, KW_METER_RTU_ANSWER);
    assert_int_equal(found.pdu_length, 2);
    assert_int_equal(wire.bytes[found.pdu], 0x84);
    wire.bytes[2] ^= 1;
    assert_int_equal(find(&ask, &wire).verdict, KW_METER_RTU_GARBLED);
    wire.length = 4;
    assert_int_equal(find(&ask, &wire).verdict, KW_METER_RTU_MORE);
}

/* What others say before the answer is skipped frame by frame. */
static void test_foreign_first(void **state)
{
    const struct kw_meter_ask ask = {5, 3, 100, 10};
    static const struct {
        uint8_t unit, function;
        unsigned count;
    } others[] = {{6, 3, 10}, {5, 4, 10}, {5, 3, 11}, {7, 3, 125}};

    (void)state;
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        struct wire wire = {.length = 0};
        struct kw_meter_rtu_found found;

        put_answer(&wire, others[i].unit, others[i].function, others[i].count);
        found = find(&ask, &wire);
        assert_int_equal(found.verdict, KW_METER_RTU_MORE);
        assert_int_equal(found.skip, wire.length);
        assert_int_equal(found.foreign, 1);
        assert_false(found.started);
        put_answer(&wire, 5, 3, 10);
        found = find(&ask, &wire);
        assert_int_equal(found.verdict, KW_METER_RTU_ANSWER);
        assert_int_equal(found.foreign, 1);
    }
}

static void test_foreign_and_begun(void **state)
{
    const struct kw_meter_ask ask = {5, 3, 100, 10};
    struct wire wire = {.length = 0};
    struct kw_meter_rtu_found found;
    size_t foreign;

    (void)state;
    put_frame(&wire, "\x09\x83\x02", 3);
    foreign = wire.length;
    put_answer(&wire, 5, 3, 10);
    wire.length = foreign + 4;
    found = find(&ask, &wire);
    assert_int_equal(found.verdict, KW_METER_RTU_MORE);
    assert_int_equal(found.skip, foreign);
    assert_true(found.started);
}

/* Noise without a frame before the answer is searched through. */
static void test_noise_first(void **state)
{
    const struct kw_meter_ask ask = {5, 3, 100, 10};

    (void)state;
    for (size_t noise = 1; noise < 200; noise++) {
        struct wire wire = {.length = noise};
        struct kw_meter_rtu_found found;

        memset(wire.bytes, 0x5A, noise);
        assert_int_equal(find(&ask, &wire).verdict, KW_METER_RTU_MORE);
        assert_false(find(&ask, &wire).started);
        put_answer(&wire, 5, 3, 10);
        found = find(&ask, &wire);
        assert_int_equal(found.verdict, KW_METER_RTU_ANSWER);
        assert_int_equal(found.pdu, noise + 1);
    }
}

/* Answers of all functions: cut anywhere they have begun, whole they are
 * found, also behind the request itself, and one wrong bit is noticed. */
static const unsigned char written[] = {0x00, 0x0A, 0x01, 0x02};
static const struct {
    struct kw_meter_ask ask;
    size_t length;
    unsigned char answer[20];
} answers[] = {
    {{5, 3, 0x0200, 1}, 5, {5, 3, 2, 0, 1}},
    {{5, 15, 0x10, 9, 0, written}, 6, {5, 15, 0, 0x10, 0, 9}},
    {{5, 16, 0x10, 2, 0, written}, 6, {5, 16, 0, 0x10, 0, 2}},
    {{5, 16, 0x10, 2, 0, written}, 3, {5, 0x90, 4}},
    {{5, 17}, 6, {5, 17, 3, 'K', 'W', 0xFF}},
    {{5, 43, 0x0100},
     15,
     {5, 43, 14, 1, 1, 0, 0, 2, 0, 2, 'K', 'W', 1, 1, 'M'}},
    {{5, 43, 0x0100}, 3, {5, 0xAB, 1}},
};

static void test_all_functions(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        struct wire wire = {.length = 0};
        size_t whole;

        put_frame(&wire, answers[i].answer, answers[i].length);
        whole = wire.length;
        for (wire.length = 1; wire.length < whole; wire.length++) {
            struct kw_meter_rtu_found found = find(&answers[i].ask, &wire);

            assert_int_equal(found.verdict, KW_METER_RTU_MORE);
            assert_true(found.started);
        }
        assert_int_equal(find(&answers[i].ask, &wire).verdict,
                         KW_METER_RTU_ANSWER);
        assert_int_equal(find(&answers[i].ask, &wire).pdu_length, whole - 3);
        assert_int_equal(kw_meter_rtu_frame(wire.bytes, whole), whole);
        wire.bytes[whole - 1] ^= 4;
        assert_int_equal(find(&answers[i].ask, &wire).verdict,
                         KW_METER_RTU_GARBLED);
    }
}

static void test_echo_of_all_functions(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        struct wire wire = {.length = 0};
        size_t whole;

        wire.length = kw_meter_rtu_encode(&answers[i].ask, wire.bytes);
        assert_int_equal(kw_meter_rtu_frame(wire.bytes, wire.length),
                         wire.length);
        put_frame(&wire, answers[i].answer, answers[i].length);
        whole = wire.length;
        for (wire.length = 1; wire.length < whole; wire.length++)
            assert_int_equal(find(&answers[i].ask, &wire).verdict,
                             KW_METER_RTU_MORE);
        assert_int_equal(find(&answers[i].ask, &wire).verdict,
                         KW_METER_RTU_ANSWER);
        assert_int_equal(find(&answers[i].ask, &wire).foreign, 1);
    }
}

/* The answer to a single write is the request: the first one found counts. */
static void test_single_write(void **state)
{
    const struct kw_meter_ask ask = {5, 6, 0x10, 1, 0, written};
    struct wire wire = {.length = 0};

    (void)state;
    wire.length = kw_meter_rtu_encode(&ask, wire.bytes);
    assert_int_equal(wire.length, 8);
    assert_int_equal(find(&ask, &wire).verdict, KW_METER_RTU_ANSWER);
    assert_int_equal(find(&ask, &wire).pdu, 1);
    wire.bytes[5] ^= 1; /* another value, so of somebody else; CRC made new */
    wire.length = 0;
    put_frame(&wire, "\x05\x06\x00\x10\x00\x0B", 6);
    assert_int_equal(find(&ask, &wire).verdict, KW_METER_RTU_MORE);
    assert_int_equal(find(&ask, &wire).foreign, 1);
}

/* The beginning of an answer that would pass for a frame with a right CRC is
 * no frame: the rest comes, and it is the answer. */
static void test_part_is_no_frame(void **state)
{
    const struct kw_meter_ask ask = {5, 3, 100, 10};
    unsigned char bytes[23] = {5, 3, 20, 0, 7, 0};
    uint16_t crc = kw_meter_rtu_crc(bytes, 6);
    struct wire wire = {.length = 0};
    struct kw_meter_rtu_found found;

    (void)state;
    bytes[6] = (unsigned char)crc;
    bytes[7] = (unsigned char)(crc >> 8);
    put_frame(&wire, bytes, sizeof(bytes));
    wire.length = 12;
    found = find(&ask, &wire);
    assert_int_equal(found.verdict, KW_METER_RTU_MORE);
    assert_int_equal(found.skip, 0);
    assert_true(found.started);
    wire.length = 25;
    assert_int_equal(find(&ask, &wire).verdict, KW_METER_RTU_ANSWER);
}

/* The request comes back first, in any number of pieces. */
static void test_echo(void **state)
{
    /* The address makes the echo look like the head of an answer. */
    const struct kw_meter_ask asks[] = {{5, 3, 0x0200, 1}, {5, 3, 0x1400, 10}};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct wire wire = {.length = 0};
        size_t whole;

        wire.length = kw_meter_rtu_encode(&asks[i], wire.bytes);
        put_answer(&wire, 5, 3, asks[i].count);
        whole = wire.length;
        for (wire.length = 1; wire.length < whole; wire.length++)
            assert_int_equal(find(&asks[i], &wire).verdict, KW_METER_RTU_MORE);
        assert_int_equal(find(&asks[i], &wire).verdict, KW_METER_RTU_ANSWER);
        assert_int_equal(find(&asks[i], &wire).foreign, 1);
    }
}

/* An answer of 7 bytes whose CRC is wrong and that isn't the echo. */
static void test_short_garbled(void **state)
{
    const struct kw_meter_ask ask = {5, 3, 0x0200, 1};
    struct wire wire = {.length = 0};

    (void)state;
    put(&wire, "\x05\x03\x02\x00\x01\x00\x00", 7);
    assert_int_equal(find(&ask, &wire).verdict, KW_METER_RTU_GARBLED);
}

static void test_frame(void **state)
{
    struct wire wire = {.length = 0};

    (void)state;
    assert_int_equal(kw_meter_rtu_frame(wire.bytes, 0), 0);
    put_answer(&wire, 9, 4, 3);
    assert_int_equal(kw_meter_rtu_frame(wire.bytes, wire.length), 11);
    assert_int_equal(kw_meter_rtu_frame(wire.bytes, wire.length - 1), 0);
    wire.length = 0;
    put_frame(&wire, "\x09\x83\x02", 3);
    put(&wire, "rest", 4);
    assert_int_equal(kw_meter_rtu_frame(wire.bytes, wire.length), 5);
    wire.length = 0;
    put_frame(&wire, "\x09\x06\x00\x01\x00\x02", 6); /* write one register */
    assert_int_equal(kw_meter_rtu_frame(wire.bytes, wire.length), 8);
    wire.length = 0;
    put_frame(&wire, "\x09\x03\x00\x01\x00\x02", 6); /* somebody's request */
    assert_int_equal(kw_meter_rtu_frame(wire.bytes, wire.length), 8);
    wire.bytes[7] ^= 1;
    assert_int_equal(kw_meter_rtu_frame(wire.bytes, wire.length), 0);
}

/* Frames of others by what they begin with, and cut off anywhere. */
static void test_foreign_frames(void **state)
{
    static const struct {
        size_t length; /* without CRC */
        unsigned char bytes[20];
    } rows[] = {
        {6, {9, 5, 0, 1, 0xFF, 0}},
        {6, {9, 15, 0, 1, 0, 9}},                    /* answer */
        {9, {9, 15, 0, 1, 0, 9, 2, 0xCD, 1}},        /* request */
        {9, {9, 16, 0, 1, 0, 1, 2, 0, 7}},           /* request */
        {2, {9, 17}},                                /* request */
        {5, {9, 17, 2, 'K', 'W'}},                   /* answer */
        {5, {9, 43, 14, 1, 0}},                      /* request */
        {11, {9, 43, 14, 4, 1, 0, 0, 1, 1, 1, 'x'}}, /* answer */
        {3, {9, 0xAB, 1}},                           /* refusal */
        {5, {9, 43, 13, 1, 0}},                      /* another MEI type */
        {6, {9, 8, 0, 0, 0xA5, 0x37}},               /* diagnostics */
        {6, {9, 0x83, 1, 2, 3, 4}},                  /* of a strange master */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct wire wire = {.length = 0};

        put_frame(&wire, rows[i].bytes, rows[i].length);
        assert_int_equal(kw_meter_rtu_frame(wire.bytes, wire.length),
                         wire.length);
        for (size_t length = 0; length < wire.length; length++)
            assert_int_equal(kw_meter_rtu_frame(wire.bytes, length), 0);
        wire.bytes[wire.length - 1] ^= 1;
        assert_int_equal(kw_meter_rtu_frame(wire.bytes, wire.length), 0);
    }
}

static void test_timing(void **state)
{
    static const struct {
        struct kw_meter_rtu_line line;
        uint64_t char_ns, silence_ns;
    } rows[] = {
        {{9600, 8, 0, 1}, 1041667, 3645834},  /* 10 bits */
        {{9600, 8, 1, 1}, 1145834, 4010419},  /* 11 bits */
        {{9600, 8, 0, 2}, 1145834, 4010419},  /* 11 bits */
        {{9600, 8, 1, 2}, 1250000, 4375000},  /* 12 bits */
        {{1200, 8, 1, 1}, 9166667, 32083334}, /* slow */
        {{19200, 8, 1, 1}, 572917, 2005209},  /* the last with characters */
        {{19201, 8, 1, 1}, 572887, 1750000},
        {{38400, 8, 0, 1}, 260417, 1750000},
        {{115200, 8, 1, 1}, 95487, 1750000},
        {{4000000, 8, 0, 1}, 2500, 1750000},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(kw_meter_rtu_char_ns(&rows[i].line), rows[i].char_ns);
        assert_int_equal(kw_meter_rtu_silence_ns(&rows[i].line),
                         rows[i].silence_ns);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_crc),
        cmocka_unit_test(test_encode),
        cmocka_unit_test(test_whole_answer),
        cmocka_unit_test(test_every_prefix),
        cmocka_unit_test(test_every_bit),
        cmocka_unit_test(test_exception),
        cmocka_unit_test(test_foreign_first),
        cmocka_unit_test(test_foreign_and_begun),
        cmocka_unit_test(test_noise_first),
        cmocka_unit_test(test_all_functions),
        cmocka_unit_test(test_echo_of_all_functions),
        cmocka_unit_test(test_single_write),
        cmocka_unit_test(test_part_is_no_frame),
        cmocka_unit_test(test_echo),
        cmocka_unit_test(test_short_garbled),
        cmocka_unit_test(test_frame),
        cmocka_unit_test(test_foreign_frames),
        cmocka_unit_test(test_timing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
