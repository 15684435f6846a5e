/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames on a serial line: unit, PDU, CRC (MODBUS over Serial Line V1.02,
 * 2.5.1 and appendix B), and the silence that separates them. Pure.
 *
 * The reader does not trust the gaps between bytes: USB adapters and
 * converters make and swallow them. It knows exactly what the answer must
 * look like (unit, function, byte count or list of objects, length, CRC) and
 * looks for that in what has arrived, past echoes, late answers and noise.
 *
 * Functions 5 and 6 are answered by the request itself: who is on a line that
 * echoes must know it, the reader can't tell the one from the other.
 */
#ifndef KW_METER_FRAME_RTU_H
#define KW_METER_FRAME_RTU_H

#include "meter/pdu.h"

enum {
    KW_METER_RTU_MAX = 256, /* bytes of the longest frame */
    KW_METER_RTU_MIN = 4,   /* and of the shortest: unit, function, CRC */
};

/* CRC-16, polynomial 0xA001, start 0xFFFF; sent low byte first. */
uint16_t kw_meter_rtu_crc(const unsigned char *bytes, size_t length);

/* The frame of a request, which must be valid; returns its length. */
size_t kw_meter_rtu_encode(const struct kw_meter_ask *ask,
                           unsigned char frame[KW_METER_RTU_MAX]);

/* What the bytes so far mean to the one who waits for the answer to ask. */
enum kw_meter_rtu_verdict {
    KW_METER_RTU_MORE,    /* nothing decided: wait for more bytes */
    KW_METER_RTU_ANSWER,  /* the PDU stands at pdu, pdu_length bytes */
    KW_METER_RTU_GARBLED, /* the answer, but its CRC is wrong */
};

struct kw_meter_rtu_found {
    enum kw_meter_rtu_verdict verdict;
    size_t skip;            /* bytes at the front that may be forgotten */
    size_t foreign;         /* whole frames of others among them */
    bool started;           /* the front, after skip, begins like the answer */
    size_t pdu, pdu_length; /* position and length of an answer's PDU */
};

/* ask must be valid, length may be anything. */
void kw_meter_rtu_find(const struct kw_meter_ask *ask,
                       const unsigned char *bytes, size_t length,
                       struct kw_meter_rtu_found *found);

/*
 * The length of the complete frame with a right CRC that stands at the front,
 * whoever sent it; 0 when there is none.
 */
size_t kw_meter_rtu_frame(const unsigned char *bytes, size_t length);

/* How the line is set up. */
struct kw_meter_rtu_line {
    uint32_t baud;
    uint8_t data_bits, parity_bits, stop_bits;
};

/* Nanoseconds that one character takes, start bit included. */
uint64_t kw_meter_rtu_char_ns(const struct kw_meter_rtu_line *line);

/*
 * The silence before a request: 3.5 characters up to 19,200 baud and 1.75 ms
 * above (MODBUS over Serial Line V1.02, 2.5.1.1).
 */
uint64_t kw_meter_rtu_silence_ns(const struct kw_meter_rtu_line *line);

#endif
