/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/frame_rtu.h"

#include <string.h>

/* CRC of a single byte: the reflected polynomial 0xA001 applied eight times,
 * spread over the 16 values of a half byte. */
static const uint16_t crc_half[16] = {
    0x0000, 0xCC01, 0xD801, 0x1400, 0xF001, 0x3C00, 0x2800, 0xE401,
    0xA001, 0x6C00, 0x7800, 0xB401, 0x5000, 0x9C01, 0x8801, 0x4400,
};

uint16_t kw_meter_rtu_crc(const unsigned char *bytes, size_t length)
{
    unsigned crc = 0xFFFF;

    for (size_t i = 0; i < length; i++) {
        crc ^= bytes[i];
        crc = (crc >> 4) ^ crc_half[crc & 15];
        crc = (crc >> 4) ^ crc_half[crc & 15];
    }
    return (uint16_t)crc;
}

static bool crc_right(const unsigned char *bytes, size_t length)
{
    uint16_t crc = kw_meter_rtu_crc(bytes, length - 2);

    return bytes[length - 2] == (crc & 0xFF) && bytes[length - 1] == crc >> 8;
}

void kw_meter_rtu_encode(const struct kw_meter_ask *ask,
                         unsigned char frame[KW_METER_RTU_ASK_BYTES])
{
    uint16_t crc;

    frame[0] = ask->unit;
    kw_meter_ask_encode(ask, frame + 1);
    crc = kw_meter_rtu_crc(frame, 6);
    frame[6] = (unsigned char)crc;
    frame[7] = (unsigned char)(crc >> 8);
}

/* How far the bytes at the front go as the answer to ask. */
enum own { OWN_NOT, OWN_PART, OWN_WHOLE, OWN_BAD };

/* *whole gets the length that the answer has, when it is not OWN_NOT. */
static enum own own_at(const struct kw_meter_ask *ask,
                       const unsigned char *bytes, size_t length, size_t *whole)
{
    size_t data = kw_meter_ask_data_bytes(ask);

    if (length > 0 && bytes[0] != ask->unit)
        return OWN_NOT;
    *whole = data + 5;
    if (length > 1 && bytes[1] == (ask->function | 0x80))
        *whole = 5;
    else if (length > 1 && bytes[1] != ask->function)
        return OWN_NOT;
    else if (length > 2 && bytes[2] != data)
        return OWN_NOT;
    if (length < *whole)
        return OWN_PART;
    return crc_right(bytes, *whole) ? OWN_WHOLE : OWN_BAD;
}

/* Length of an answer of any unit by its function code; 0 when unknown. */
static size_t answer_length(const unsigned char *bytes, size_t length)
{
    if (length < 5)
        return 0;
    if ((bytes[1] & 0x80) != 0)
        return 5;
    if (bytes[1] >= 1 && bytes[1] <= 4)
        return 5U + bytes[2];
    return 0;
}

size_t kw_meter_rtu_frame(const unsigned char *bytes, size_t length)
{
    size_t answer = answer_length(bytes, length);

    if (answer > 0 && length >= answer && crc_right(bytes, answer))
        return answer;
    /* Requests (of another master, or our own echo) and answers to writes
     * have eight bytes. */
    if (length >= KW_METER_RTU_ASK_BYTES &&
        crc_right(bytes, KW_METER_RTU_ASK_BYTES))
        return KW_METER_RTU_ASK_BYTES;
    return 0;
}

/* A line that echoes gives the request back first: its beginning may look
 * like a short answer with a wrong CRC. */
static bool is_echo_part(const struct kw_meter_ask *ask,
                         const unsigned char *bytes, size_t length)
{
    unsigned char frame[KW_METER_RTU_ASK_BYTES];

    if (length >= sizeof(frame))
        return false;
    kw_meter_rtu_encode(ask, frame);
    return memcmp(frame, bytes, length) == 0;
}

static void set_answer(struct kw_meter_rtu_found *found, size_t at,
                       size_t whole)
{
    found->verdict = KW_METER_RTU_ANSWER;
    found->pdu = at + 1;
    found->pdu_length = whole - 3;
}

void kw_meter_rtu_find(const struct kw_meter_ask *ask,
                       const unsigned char *bytes, size_t length,
                       struct kw_meter_rtu_found *found)
{
    enum own own = OWN_NOT;
    size_t at = 0, whole = 0, foreign;

    *found = (struct kw_meter_rtu_found){.verdict = KW_METER_RTU_MORE};
    while (at < length) {
        own = own_at(ask, bytes + at, length - at, &whole);
        if (own == OWN_WHOLE) {
            set_answer(found, at, whole);
            return;
        }
        foreign = kw_meter_rtu_frame(bytes + at, length - at);
        if (foreign == 0)
            break;
        at += foreign;
        found->foreign++;
    }
    found->skip = at;
    found->started = at < length && own == OWN_PART;
    if (at == length || found->started)
        return;
    if (own == OWN_BAD) {
        if (!is_echo_part(ask, bytes + at, length - at))
            found->verdict = KW_METER_RTU_GARBLED;
        return;
    }
    for (size_t i = at + 1; i < length; i++) {
        if (own_at(ask, bytes + i, length - i, &whole) == OWN_WHOLE) {
            set_answer(found, i, whole);
            return;
        }
    }
}

uint64_t kw_meter_rtu_char_ns(const struct kw_meter_rtu_line *line)
{
    uint64_t bits = 1U + line->data_bits + line->parity_bits + line->stop_bits;

    return (bits * 1000000000U + line->baud - 1) / line->baud;
}

uint64_t kw_meter_rtu_silence_ns(const struct kw_meter_rtu_line *line)
{
    if (line->baud > 19200)
        return 1750000;
    return kw_meter_rtu_char_ns(line) * 7 / 2;
}
