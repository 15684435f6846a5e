/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/pdu.h"

#include <string.h>

enum {
    EXCEPTION_BYTES = 2,
    MEI_DEVICE_ID = 14,
    ONE_OBJECT = 4,   /* the highest read code of 43/14 */
    OBJECTS_HEAD = 7, /* function, MEI type, read code, conformity, more
                         follows, next object, number of objects */
    OBJECT_HEAD = 2,  /* id and length */
};

bool kw_meter_ask_is_bits(const struct kw_meter_ask *ask)
{
    return ask->function <= KW_METER_READ_INPUTS ||
           ask->function == KW_METER_WRITE_COILS;
}

bool kw_meter_ask_is_write(const struct kw_meter_ask *ask)
{
    return ask->function == KW_METER_WRITE_COIL ||
           ask->function == KW_METER_WRITE_REGISTER ||
           ask->function == KW_METER_WRITE_COILS ||
           ask->function == KW_METER_WRITE_REGISTERS;
}

/* The highest count of a function, 0 for those that count nothing. */
static unsigned most_of(uint8_t function)
{
    switch (function) {
    case KW_METER_READ_COILS:
    case KW_METER_READ_INPUTS:
        return KW_METER_BITS_MAX;
    case KW_METER_READ_HOLDING:
    case KW_METER_READ_REGISTERS:
        return KW_METER_REGISTERS_MAX;
    case KW_METER_WRITE_COILS:
        return KW_METER_WRITE_BITS_MAX;
    case KW_METER_WRITE_REGISTERS:
        return KW_METER_WRITE_REGISTERS_MAX;
    case KW_METER_WRITE_COIL:
    case KW_METER_WRITE_REGISTER:
        return 1;
    default:
        return 0;
    }
}

/* 6.5: a coil is FF 00 or 00 00, everything else is illegal. */
static bool coil_valid(const unsigned char *data)
{
    return (data[0] == 0 || data[0] == 0xFF) && data[1] == 0;
}

bool kw_meter_ask_valid(const struct kw_meter_ask *ask)
{
    unsigned code = ask->address >> 8;

    if (ask->function == KW_METER_REPORT_ID)
        return true;
    if (ask->function == KW_METER_DEVICE_ID)
        return code >= 1 && code <= ONE_OBJECT;
    if (ask->count < 1 || ask->count > most_of(ask->function) ||
        ask->address + ask->count > 65536)
        return false;
    if (kw_meter_ask_is_write(ask) && ask->data == NULL)
        return false;
    return ask->function != KW_METER_WRITE_COIL || coil_valid(ask->data);
}

static size_t count_bytes(const struct kw_meter_ask *ask)
{
    return kw_meter_ask_is_bits(ask) ? (ask->count + 7U) / 8U : ask->count * 2U;
}

size_t kw_meter_ask_value_bytes(const struct kw_meter_ask *ask)
{
    return kw_meter_ask_is_write(ask) ? count_bytes(ask) : 0;
}

size_t kw_meter_ask_data_bytes(const struct kw_meter_ask *ask)
{
    if (kw_meter_ask_is_write(ask))
        return KW_METER_ECHO_BYTES - 1;
    return ask->function <= KW_METER_READ_REGISTERS ? count_bytes(ask) : 0;
}

static void put_be16(unsigned char *bytes, unsigned value)
{
    bytes[0] = (unsigned char)(value >> 8);
    bytes[1] = (unsigned char)value;
}

/* The first five bytes of a request that reads or writes: function, address,
 * then the count, or the value of function 5 and 6. A write's answer is just
 * that. */
static void encode_head(const struct kw_meter_ask *ask, unsigned char *pdu)
{
    pdu[0] = ask->function;
    put_be16(pdu + 1, ask->address);
    if (ask->function == KW_METER_WRITE_COIL ||
        ask->function == KW_METER_WRITE_REGISTER)
        memcpy(pdu + 3, ask->data, 2);
    else
        put_be16(pdu + 3, ask->count);
}

size_t kw_meter_ask_encode(const struct kw_meter_ask *ask,
                           unsigned char pdu[KW_METER_PDU_MAX])
{
    size_t bytes = count_bytes(ask);

    pdu[0] = ask->function;
    if (ask->function == KW_METER_REPORT_ID)
        return 1;
    if (ask->function == KW_METER_DEVICE_ID) {
        pdu[1] = MEI_DEVICE_ID;
        put_be16(pdu + 2, ask->address);
        return 4;
    }
    encode_head(ask, pdu);
    if (ask->function != KW_METER_WRITE_COILS &&
        ask->function != KW_METER_WRITE_REGISTERS)
        return 5;
    pdu[5] = (unsigned char)bytes;
    memcpy(pdu + 6, ask->data, bytes);
    return 6 + bytes;
}

/* Function 17: function, byte count, the bytes. */
static size_t need_report(const unsigned char *pdu, size_t length)
{
    return length > 1 ? 2U + pdu[1] : 2;
}

/* 43/14, 6.21: the head repeats MEI type and read code; each object says how
 * long it is. */
static size_t need_objects(const struct kw_meter_ask *ask,
                           const unsigned char *pdu, size_t length)
{
    size_t need = OBJECTS_HEAD;

    if ((length > 1 && pdu[1] != MEI_DEVICE_ID) ||
        (length > 2 && pdu[2] != ask->address >> 8))
        return 0;
    if (length < OBJECTS_HEAD)
        return need;
    if (pdu[2] == ONE_OBJECT &&
        (pdu[6] != 1 || (length > need && pdu[need] != (ask->address & 0xFF))))
        return 0;
    for (unsigned left = pdu[6]; left > 0; left--) {
        if (length < need + OBJECT_HEAD)
            return need + (size_t)left * OBJECT_HEAD;
        need += OBJECT_HEAD + pdu[need + 1];
    }
    return need;
}

static size_t need_good(const struct kw_meter_ask *ask,
                        const unsigned char *pdu, size_t length)
{
    unsigned char echo[KW_METER_ECHO_BYTES];
    size_t bytes;

    if (ask->function == KW_METER_DEVICE_ID)
        return need_objects(ask, pdu, length);
    if (ask->function == KW_METER_REPORT_ID)
        return need_report(pdu, length);
    if (kw_meter_ask_is_write(ask)) {
        encode_head(ask, echo);
        bytes = length < sizeof(echo) ? length : sizeof(echo);
        return memcmp(pdu, echo, bytes) == 0 ? sizeof(echo) : 0;
    }
    bytes = count_bytes(ask);
    return length > 1 && pdu[1] != bytes ? 0 : bytes + 2;
}

size_t kw_meter_pdu_need(const struct kw_meter_ask *ask,
                         const unsigned char *pdu, size_t length)
{
    size_t need = 0;

    if (length == 0 || pdu[0] == (ask->function | 0x80))
        return EXCEPTION_BYTES; /* what is shortest, or just that */
    if (pdu[0] == ask->function)
        need = need_good(ask, pdu, length);
    return need <= KW_METER_PDU_MAX ? need : 0;
}

enum kw_meter_answer_kind kw_meter_pdu_judge(const struct kw_meter_ask *ask,
                                             const unsigned char *pdu,
                                             size_t length)
{
    if (kw_meter_pdu_need(ask, pdu, length) != length)
        return KW_METER_ANSWER_FOREIGN;
    return (pdu[0] & 0x80) != 0 ? KW_METER_ANSWER_EXCEPTION
                                : KW_METER_ANSWER_DATA;
}

const unsigned char *kw_meter_pdu_data(const struct kw_meter_ask *ask,
                                       const unsigned char *pdu, size_t *length)
{
    /* function; all but writes have a byte count or the MEI type behind it */
    size_t head = kw_meter_ask_is_write(ask) ? 1 : 2;

    *length -= head;
    return pdu + head;
}

const char *kw_meter_exception_text(unsigned code)
{
    static const char *const texts[] = {
        [1] = "illegal function",
        [2] = "illegal data address",
        [3] = "illegal data value",
        [4] = "device failure",
        [5] = "acknowledge",
        [6] = "device busy",
        [8] = "memory parity error",
        [10] = "gateway path unavailable",
        [11] = "no answer from the device behind the gateway",
    };

    if (code >= sizeof(texts) / sizeof(texts[0]) || texts[code] == NULL)
        return "unknown";
    return texts[code];
}

bool kw_meter_exception_is_silence(unsigned code)
{
    return code == 10 || code == 11;
}
