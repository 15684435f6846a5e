/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/frame_mbap.h"

/* Header up to and with the length field; the length counts from the unit. */
enum { BEFORE_UNIT = 6, HEADER = 7, LENGTH_MIN = 2, LENGTH_MAX = 254 };

static unsigned be16(const unsigned char *bytes)
{
    return (unsigned)bytes[0] << 8 | bytes[1];
}

size_t kw_meter_mbap_encode(const struct kw_meter_ask *ask,
                            uint16_t transaction,
                            unsigned char frame[KW_METER_MBAP_MAX])
{
    size_t length = kw_meter_ask_encode(ask, frame + HEADER);

    frame[0] = (unsigned char)(transaction >> 8);
    frame[1] = (unsigned char)transaction;
    frame[2] = 0;
    frame[3] = 0;
    frame[4] = 0; /* a PDU and its unit have at most 254 bytes */
    frame[5] = (unsigned char)(length + 1);
    frame[6] = ask->unit;
    return HEADER + length;
}

int kw_meter_mbap_decode(const unsigned char *bytes, size_t length,
                         struct kw_meter_mbap *frame)
{
    unsigned counted;

    if (length >= 4 && be16(bytes + 2) != 0)
        return KW_EPROTO;
    if (length < BEFORE_UNIT)
        return KW_EAGAIN;
    counted = be16(bytes + 4);
    if (counted < LENGTH_MIN || counted > LENGTH_MAX)
        return KW_EPROTO;
    if (length < BEFORE_UNIT + counted)
        return KW_EAGAIN;
    *frame = (struct kw_meter_mbap){
        .transaction = (uint16_t)be16(bytes),
        .unit = bytes[BEFORE_UNIT],
        .length = BEFORE_UNIT + counted,
        .pdu = bytes + HEADER,
        .pdu_length = counted - 1,
    };
    return 0;
}
