/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/explain.h"

#include "meter/frame_rtu.h"

#include <stdarg.h>
#include <stdio.h>

enum { MBAP_BYTES = 7, CRC_BYTES = 2, SHORTEST = 4 };

/* Text that grows up to its room. */
struct words {
    char *at;
    size_t left; /* the NUL included */
};

__attribute__((format(printf, 2, 3))) static void say(struct words *words,
                                                      const char *format, ...)
{
    va_list args;
    int length;

    va_start(args, format);
    length = vsnprintf(words->at, words->left, format, args);
    va_end(args);
    if (length < 0 || (size_t)length >= words->left)
        length = (int)words->left - 1;
    words->at += length;
    words->left -= (size_t)length;
}

/* A PDU, and what of it is there. */
struct pdu {
    const unsigned char *bytes;
    size_t length;
};

static unsigned word(const struct pdu *pdu, size_t at)
{
    return (unsigned)pdu->bytes[at] << 8 | pdu->bytes[at + 1];
}

const char *kw_meter_things(unsigned function, unsigned count)
{
    static const char *const names[][2] = {
        [1] = {"coil", "coils"},
        [2] = {"discrete input", "discrete inputs"},
        [3] = {"holding register", "holding registers"},
        [4] = {"input register", "input registers"},
        [5] = {"coil", "coils"},
        [6] = {"register", "registers"},
        [15] = {"coil", "coils"},
        [16] = {"register", "registers"},
    };

    return names[function][count != 1];
}

static bool is_read(unsigned function)
{
    return function >= 1 && function <= 4;
}

static bool is_single_write(unsigned function)
{
    return function == 5 || function == 6;
}

static bool is_block_write(unsigned function)
{
    return function == 15 || function == 16;
}

static void say_value(struct words *words, const struct pdu *pdu)
{
    if (pdu->bytes[0] == 6)
        say(words, "register %u: %u", word(pdu, 1), word(pdu, 3));
    else
        say(words, "coil %u: %s", word(pdu, 1), pdu->bytes[3] ? "on" : "off");
}

static void say_range(struct words *words, const struct pdu *pdu)
{
    unsigned count = word(pdu, 3);

    say(words, "%u %s from %u", count, kw_meter_things(pdu->bytes[0], count),
        word(pdu, 1));
}

static bool is_identity(const struct pdu *pdu)
{
    return pdu->bytes[0] == 43 && pdu->length >= 2 && pdu->bytes[1] == 14;
}

static const char *read_code(unsigned code)
{
    static const char *const names[] = {
        [1] = "basic",
        [2] = "regular",
        [3] = "extended",
        [4] = "one object",
    };

    return code >= 1 && code <= 4 ? names[code] : "unknown";
}

static void say_request(struct words *words, const struct pdu *pdu)
{
    unsigned function = pdu->bytes[0];

    if (is_read(function) && pdu->length >= 5) {
        say(words, "read ");
        say_range(words, pdu);
    } else if (is_single_write(function) && pdu->length >= 5) {
        say(words, "write ");
        say_value(words, pdu);
    } else if (is_block_write(function) && pdu->length >= 5) {
        say(words, "write ");
        say_range(words, pdu);
    } else if (function == 17) {
        say(words, "report server ID");
    } else if (is_identity(pdu) && pdu->length >= 4) {
        say(words, "read device identification, %s, from object %u",
            read_code(pdu->bytes[2]), (unsigned)pdu->bytes[3]);
    } else {
        say(words, "function %u, %zu bytes", function, pdu->length);
    }
}

/* An answer to a read says how many bytes, the request which ones. */
static void say_values(struct words *words, const struct pdu *pdu,
                       const struct kw_meter_traced *frame)
{
    unsigned function = pdu->bytes[0], bytes = pdu->bytes[1];
    unsigned expected =
        function <= 2 ? (frame->count + 7U) / 8U : frame->count * 2U;

    if (frame->function == function && bytes == expected)
        say(words, "%u %s from %u", (unsigned)frame->count,
            kw_meter_things(function, frame->count), (unsigned)frame->address);
    else if (function <= 2)
        say(words, "%u bytes of %s", bytes, kw_meter_things(function, 2));
    else
        say(words, "%u %s", bytes / 2, kw_meter_things(function, bytes / 2));
    if (pdu->length < bytes + 2U)
        say(words, ", %u bytes of them missing",
            (unsigned)(bytes + 2U - pdu->length));
}

static void say_answer(struct words *words, const struct pdu *pdu,
                       const struct kw_meter_traced *frame)
{
    unsigned function = pdu->bytes[0];

    if (function >= 0x80 && pdu->length >= 2) {
        say(words, "exception %u: %s", (unsigned)pdu->bytes[1],
            kw_meter_exception_text(pdu->bytes[1]));
    } else if (is_read(function) && pdu->length >= 2) {
        say_values(words, pdu, frame);
    } else if (is_single_write(function) && pdu->length >= 5) {
        say(words, "written: ");
        say_value(words, pdu);
    } else if (is_block_write(function) && pdu->length >= 5) {
        say(words, "written: ");
        say_range(words, pdu);
    } else if (function == 17 && pdu->length >= 2) {
        say(words, "server ID, %u bytes", (unsigned)pdu->bytes[1]);
    } else if (is_identity(pdu) && pdu->length >= 7) {
        say(words, "device identification, %s, %u objects",
            read_code(pdu->bytes[2]), (unsigned)pdu->bytes[6]);
    } else {
        say(words, "function %u, %zu bytes", function, pdu->length);
    }
}

/* Bytes of the frame that was waited for; 0 when that is not known. */
static size_t expected_bytes(const struct kw_meter_traced *frame,
                             const unsigned char *bytes, size_t length)
{
    if (length >= 2 && (bytes[1] & 0x80) != 0)
        return 5;
    if (frame->function >= 1 && frame->function <= 2)
        return (frame->count + 7U) / 8U + 5;
    return is_read(frame->function) ? frame->count * 2U + 5 : 0;
}

/* Its beginning was an answer's, its end was not. */
static void say_garbled(struct words *words,
                        const struct kw_meter_traced *frame,
                        const unsigned char *bytes, size_t length)
{
    size_t expected = expected_bytes(frame, bytes, length);
    uint16_t crc;

    if (length < expected) {
        say(words, "%zu bytes of %zu: the rest did not come", length, expected);
        return;
    }
    if (expected > 0 && length > expected)
        length = expected;
    if (length < SHORTEST) {
        say(words, "%u bytes that are no frame", (unsigned)frame->length);
        return;
    }
    crc = kw_meter_rtu_crc(bytes, length - CRC_BYTES);
    say(words, "CRC is %02X %02X, %02X %02X expected",
        (unsigned)bytes[length - 2], (unsigned)bytes[length - 1],
        (unsigned)(crc & 0xFF), (unsigned)(crc >> 8));
}

uint8_t kw_meter_frame_unit(bool rtu, const unsigned char *bytes, size_t length)
{
    size_t at = rtu ? 0 : MBAP_BYTES - 1;

    return length > at ? bytes[at] : 0;
}

bool kw_meter_frame_is_request(const unsigned char *bytes, size_t length)
{
    /* A read has 8 bytes, its answer 5 and an even number of registers'. One
     * of 3 bytes of coils would look alike but for the byte count. */
    return length == 8 && is_read(bytes[1]) && bytes[2] != 3;
}

/* Somebody else's: a request, or an answer to one that is not ours. */
static void say_foreign(struct words *words,
                        const struct kw_meter_traced *frame, bool request,
                        unsigned unit)
{
    if (request)
        say(words, "another master asks unit %u: ", unit);
    else if (frame->function == 0)
        say(words, "unit %u answers what this gateway did not ask: ", unit);
    else if (unit != frame->unit)
        say(words, "unit %u answers while unit %u was asked: ", unit,
            (unsigned)frame->unit);
    else
        say(words, "unit %u answers something else: ", unit);
}

static void say_inward(struct words *words, const struct kw_meter_traced *frame,
                       bool request, unsigned unit)
{
    switch ((enum kw_meter_traced_as)frame->as) {
    case KW_METER_TRACED_LATE:
        say(words, "late answer of unit %u: ", unit);
        break;
    case KW_METER_TRACED_TWICE:
        say(words, "unit %u answers once more: ", unit);
        break;
    case KW_METER_TRACED_ECHO:
        say(words, "the line gives back what was sent: ");
        break;
    case KW_METER_TRACED_FOREIGN:
        say_foreign(words, frame, request, unit);
        break;
    case KW_METER_TRACED_WAITING:
    case KW_METER_TRACED_GOOD:
    case KW_METER_TRACED_EXCEPTION:
    case KW_METER_TRACED_TIMEOUT:
    case KW_METER_TRACED_GARBLED:
    case KW_METER_TRACED_LOST:
    case KW_METER_TRACED_NOISE:
    case KW_METER_TRACED_KINDS:
        break;
    }
}

void kw_meter_explain(const struct kw_meter_traced *frame, bool rtu,
                      const unsigned char *bytes, size_t length,
                      char text[KW_METER_MEANING_SIZE])
{
    struct words words = {text, KW_METER_MEANING_SIZE};
    size_t head = rtu ? 1 : MBAP_BYTES, tail = rtu ? CRC_BYTES : 0;
    struct pdu pdu = {bytes + head, 0};
    unsigned unit = kw_meter_frame_unit(rtu, bytes, length);
    bool request;

    text[0] = 0;
    if (rtu && frame->as == KW_METER_TRACED_GARBLED && !frame->out) {
        say_garbled(&words, frame, bytes, length);
        return;
    }
    if (frame->as == KW_METER_TRACED_NOISE || length <= head + tail) {
        say(&words, "%u bytes that are no frame", (unsigned)frame->length);
        return;
    }
    pdu.length = length - head - tail;
    request = rtu && kw_meter_frame_is_request(bytes, length);
    if (!frame->out)
        say_inward(&words, frame, request, unit);
    if (frame->out || frame->as == KW_METER_TRACED_ECHO ||
        (frame->as == KW_METER_TRACED_FOREIGN && request))
        say_request(&words, &pdu);
    else
        say_answer(&words, &pdu, frame);
}
