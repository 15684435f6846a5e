/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/frame_rtu.h"

#include <string.h>

/* CRC of a single byte: the reflected polynomial 0xA001 applied eight times. */
static const uint16_t crc_of_byte[256] = {
    0x0000, 0xC0C1, 0xC181, 0x0140, 0xC301, 0x03C0, 0x0280, 0xC241, 0xC601,
    0x06C0, 0x0780, 0xC741, 0x0500, 0xC5C1, 0xC481, 0x0440, 0xCC01, 0x0CC0,
    0x0D80, 0xCD41, 0x0F00, 0xCFC1, 0xCE81, 0x0E40, 0x0A00, 0xCAC1, 0xCB81,
    0x0B40, 0xC901, 0x09C0, 0x0880, 0xC841, 0xD801, 0x18C0, 0x1980, 0xD941,
    0x1B00, 0xDBC1, 0xDA81, 0x1A40, 0x1E00, 0xDEC1, 0xDF81, 0x1F40, 0xDD01,
    0x1DC0, 0x1C80, 0xDC41, 0x1400, 0xD4C1, 0xD581, 0x1540, 0xD701, 0x17C0,
    0x1680, 0xD641, 0xD201, 0x12C0, 0x1380, 0xD341, 0x1100, 0xD1C1, 0xD081,
    0x1040, 0xF001, 0x30C0, 0x3180, 0xF141, 0x3300, 0xF3C1, 0xF281, 0x3240,
    0x3600, 0xF6C1, 0xF781, 0x3740, 0xF501, 0x35C0, 0x3480, 0xF441, 0x3C00,
    0xFCC1, 0xFD81, 0x3D40, 0xFF01, 0x3FC0, 0x3E80, 0xFE41, 0xFA01, 0x3AC0,
    0x3B80, 0xFB41, 0x3900, 0xF9C1, 0xF881, 0x3840, 0x2800, 0xE8C1, 0xE981,
    0x2940, 0xEB01, 0x2BC0, 0x2A80, 0xEA41, 0xEE01, 0x2EC0, 0x2F80, 0xEF41,
    0x2D00, 0xEDC1, 0xEC81, 0x2C40, 0xE401, 0x24C0, 0x2580, 0xE541, 0x2700,
    0xE7C1, 0xE681, 0x2640, 0x2200, 0xE2C1, 0xE381, 0x2340, 0xE101, 0x21C0,
    0x2080, 0xE041, 0xA001, 0x60C0, 0x6180, 0xA141, 0x6300, 0xA3C1, 0xA281,
    0x6240, 0x6600, 0xA6C1, 0xA781, 0x6740, 0xA501, 0x65C0, 0x6480, 0xA441,
    0x6C00, 0xACC1, 0xAD81, 0x6D40, 0xAF01, 0x6FC0, 0x6E80, 0xAE41, 0xAA01,
    0x6AC0, 0x6B80, 0xAB41, 0x6900, 0xA9C1, 0xA881, 0x6840, 0x7800, 0xB8C1,
    0xB981, 0x7940, 0xBB01, 0x7BC0, 0x7A80, 0xBA41, 0xBE01, 0x7EC0, 0x7F80,
    0xBF41, 0x7D00, 0xBDC1, 0xBC81, 0x7C40, 0xB401, 0x74C0, 0x7580, 0xB541,
    0x7700, 0xB7C1, 0xB681, 0x7640, 0x7200, 0xB2C1, 0xB381, 0x7340, 0xB101,
    0x71C0, 0x7080, 0xB041, 0x5000, 0x90C1, 0x9181, 0x5140, 0x9301, 0x53C0,
    0x5280, 0x9241, 0x9601, 0x56C0, 0x5780, 0x9741, 0x5500, 0x95C1, 0x9481,
    0x5440, 0x9C01, 0x5CC0, 0x5D80, 0x9D41, 0x5F00, 0x9FC1, 0x9E81, 0x5E40,
    0x5A00, 0x9AC1, 0x9B81, 0x5B40, 0x9901, 0x59C0, 0x5880, 0x9841, 0x8801,
    0x48C0, 0x4980, 0x8941, 0x4B00, 0x8BC1, 0x8A81, 0x4A40, 0x4E00, 0x8EC1,
    0x8F81, 0x4F40, 0x8D01, 0x4DC0, 0x4C80, 0x8C41, 0x4400, 0x84C1, 0x8581,
    0x4540, 0x8701, 0x47C0, 0x4680, 0x8641, 0x8201, 0x42C0, 0x4380, 0x8341,
    0x4100, 0x81C1, 0x8081, 0x4040,
};

uint16_t kw_meter_rtu_crc(const unsigned char *bytes, size_t length)
{
    unsigned crc = 0xFFFF;

    for (size_t i = 0; i < length; i++)
        crc = (crc >> 8) ^ crc_of_byte[(crc ^ bytes[i]) & 0xFF];
    return (uint16_t)crc;
}

static bool crc_right(const unsigned char *bytes, size_t length)
{
    uint16_t crc = kw_meter_rtu_crc(bytes, length - 2);

    return bytes[length - 2] == (crc & 0xFF) && bytes[length - 1] == crc >> 8;
}

size_t kw_meter_rtu_encode(const struct kw_meter_ask *ask,
                           unsigned char frame[KW_METER_RTU_MAX])
{
    size_t length;
    uint16_t crc;

    frame[0] = ask->unit;
    length = 1 + kw_meter_ask_encode(ask, frame + 1);
    crc = kw_meter_rtu_crc(frame, length);
    frame[length] = (unsigned char)crc;
    frame[length + 1] = (unsigned char)(crc >> 8);
    return length + 2;
}

/* How far the bytes at the front go as the answer to ask. */
enum own { OWN_NOT, OWN_PART, OWN_WHOLE, OWN_BAD };

/* length is at least 1. *whole gets the length that the answer has, when it is
 * neither OWN_NOT nor OWN_PART. */
static enum own own_at(const struct kw_meter_ask *ask,
                       const unsigned char *bytes, size_t length, size_t *whole)
{
    size_t need;

    if (bytes[0] != ask->unit)
        return OWN_NOT;
    need = kw_meter_pdu_need(ask, bytes + 1, length - 1);
    if (need == 0)
        return OWN_NOT;
    *whole = need + 3;
    if (length < *whole)
        return OWN_PART;
    return crc_right(bytes, *whole) ? OWN_WHOLE : OWN_BAD;
}

/* The lengths that a frame of any unit may have by what it begins with: as an
 * answer and as a request (of another master, or our own echo). Function 43 is
 * asked with 7 bytes; what is not known is taken for a request of 8, as most
 * have. length is at least KW_METER_RTU_MIN. */
struct lengths {
    size_t answer, request;
};

static struct lengths lengths_of(const unsigned char *bytes, size_t length)
{
    struct kw_meter_ask ask = {.function = bytes[1]};
    struct lengths lengths = {8, 8};

    if ((bytes[1] & 0x80) != 0)
        return (struct lengths){5, 8};
    switch (bytes[1]) {
    case KW_METER_READ_COILS:
    case KW_METER_READ_INPUTS:
    case KW_METER_READ_HOLDING:
    case KW_METER_READ_REGISTERS:
        lengths.answer = 5U + bytes[2];
        break;
    case KW_METER_WRITE_COILS:
    case KW_METER_WRITE_REGISTERS:
        if (length > 6)
            lengths.request = 9U + bytes[6];
        break;
    case KW_METER_REPORT_ID:
        lengths = (struct lengths){5U + bytes[2], 4};
        break;
    case KW_METER_DEVICE_ID:
        ask.address = (uint16_t)(bytes[3] << 8 | (length > 8 ? bytes[8] : 0));
        lengths.answer = 3 + kw_meter_pdu_need(&ask, bytes + 1, length - 1);
        lengths.request = 7;
        break;
    default:
        break;
    }
    return lengths;
}

static bool is_frame(const unsigned char *bytes, size_t length, size_t frame)
{
    return frame >= KW_METER_RTU_MIN && frame <= length &&
           crc_right(bytes, frame);
}

size_t kw_meter_rtu_frame(const unsigned char *bytes, size_t length)
{
    struct lengths lengths;

    if (length < KW_METER_RTU_MIN)
        return 0;
    lengths = lengths_of(bytes, length);
    if (is_frame(bytes, length, lengths.answer))
        return lengths.answer;
    return is_frame(bytes, length, lengths.request) ? lengths.request : 0;
}

/*
 * A line that echoes gives the request back first. How many bytes at the front
 * are that: all of the request, fewer when nothing else has come yet, else 0.
 */
static size_t echo_at(const struct kw_meter_ask *ask,
                      const unsigned char *bytes, size_t length, size_t *whole)
{
    unsigned char frame[KW_METER_RTU_MAX];

    *whole = kw_meter_rtu_encode(ask, frame);
    if (length > *whole)
        length = *whole;
    return memcmp(frame, bytes, length) == 0 ? length : 0;
}

static void set_answer(struct kw_meter_rtu_found *found, size_t at,
                       size_t whole)
{
    found->verdict = KW_METER_RTU_ANSWER;
    found->pdu = at + 1;
    found->pdu_length = whole - 3;
}

/*
 * What may be dropped at the front: the echo, and frames of others. Of an
 * answer that has begun only the echo is believed, which is known byte by byte:
 * a check sum that is right by chance must not cost an answer. *echoing: the
 * front may become the echo.
 */
static size_t drop_at(const struct kw_meter_ask *ask,
                      const unsigned char *bytes, size_t length, enum own own,
                      bool *echoing)
{
    size_t whole, echo = echo_at(ask, bytes, length, &whole);

    *echoing = echo > 0 && echo < whole;
    if (echo == whole)
        return whole;
    return own == OWN_PART ? 0 : kw_meter_rtu_frame(bytes, length);
}

void kw_meter_rtu_find(const struct kw_meter_ask *ask,
                       const unsigned char *bytes, size_t length,
                       struct kw_meter_rtu_found *found)
{
    enum own own = OWN_NOT;
    size_t at = 0, whole = 0, foreign;
    bool echoing = false;

    *found = (struct kw_meter_rtu_found){.verdict = KW_METER_RTU_MORE};
    while (at < length) {
        own = own_at(ask, bytes + at, length - at, &whole);
        if (own == OWN_WHOLE) {
            set_answer(found, at, whole);
            return;
        }
        foreign = drop_at(ask, bytes + at, length - at, own, &echoing);
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
        if (!echoing)
            found->verdict = KW_METER_RTU_GARBLED;
        return;
    }
    for (size_t i = at + 1; i < length; i++) {
        if (own_at(ask, bytes + i, length - i, &whole) == OWN_WHOLE) {
            set_answer(found, i, whole);
            return;
        }
    }
    /* Noise, then a frame of others. */
    for (size_t i = at + 1; i < length && found->skip == at; i++) {
        whole = kw_meter_rtu_frame(bytes + i, length - i);
        if (whole > 0) {
            found->skip = i + whole;
            found->foreign++;
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
