/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames over TCP: the MBAP header (transaction, protocol 0, length, unit)
 * before the PDU (MODBUS Messaging on TCP/IP V1.0b, 3.1.3). Pure.
 */
#ifndef KW_METER_FRAME_MBAP_H
#define KW_METER_FRAME_MBAP_H

#include "base/err.h"
#include "meter/pdu.h"

enum {
    KW_METER_MBAP_HEAD = 7,  /* bytes before the PDU */
    KW_METER_MBAP_MAX = 260, /* bytes of the longest frame */
};

/* The frame of a request, which must be valid; returns its length. */
size_t kw_meter_mbap_encode(const struct kw_meter_ask *ask,
                            uint16_t transaction,
                            unsigned char frame[KW_METER_MBAP_MAX]);

struct kw_meter_mbap {
    uint16_t transaction;
    uint8_t unit;
    size_t length;            /* bytes of the whole frame */
    const unsigned char *pdu; /* inside the bytes given */
    size_t pdu_length;        /* 1 to 253 */
};

/*
 * The frame at the front. 0, KW_EAGAIN when bytes are missing, KW_EPROTO when
 * no Modbus frame begins there (protocol not 0, length not 2 to 254): the
 * connection can't be read any further.
 */
KW_MUST_CHECK int kw_meter_mbap_decode(const unsigned char *bytes,
                                       size_t length,
                                       struct kw_meter_mbap *frame);

#endif
