/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The protocol data unit of Modbus: what is asked and what may come back,
 * without the frame around it (MODBUS Application Protocol V1.1b3, 6.1 to 6.4
 * and 7). Only the functions that read: 1 coils, 2 discrete inputs, 3 holding
 * registers, 4 input registers. Pure.
 */
#ifndef KW_METER_PDU_H
#define KW_METER_PDU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    KW_METER_PDU_MAX = 253,       /* bytes, function code included */
    KW_METER_REGISTERS_MAX = 125, /* a request of function 3 or 4 */
    KW_METER_BITS_MAX = 2000,     /* a request of function 1 or 2 */
    KW_METER_ASK_BYTES = 5,       /* PDU of a request */
};

/* One request. count is in registers, for functions 1 and 2 in bits. */
struct kw_meter_ask {
    uint8_t unit;
    uint8_t function;
    uint16_t address; /* as sent on the wire, counted from 0 */
    uint16_t count;
};

/* What became of a request. */
enum kw_meter_outcome {
    KW_METER_GOOD,      /* the registers are there */
    KW_METER_EXCEPTION, /* the unit refused: code */
    KW_METER_TIMEOUT,   /* no answer, or not all of it, in time */
    KW_METER_GARBLED,   /* an answer with a wrong check sum */
    KW_METER_LINE,      /* the line is or went down */
};

/* Function, address and count are within the specification. */
bool kw_meter_ask_valid(const struct kw_meter_ask *ask);

/* True for functions 1 and 2, which count bits. */
bool kw_meter_ask_is_bits(const struct kw_meter_ask *ask);

/* Bytes of data in a good answer. */
size_t kw_meter_ask_data_bytes(const struct kw_meter_ask *ask);

/* Function, address, count: most significant byte first. */
void kw_meter_ask_encode(const struct kw_meter_ask *ask,
                         unsigned char pdu[KW_METER_ASK_BYTES]);

/* What a PDU is to the one who asked. */
enum kw_meter_answer_kind {
    KW_METER_ANSWER_FOREIGN,   /* not an answer to this request */
    KW_METER_ANSWER_DATA,      /* data follows two bytes in */
    KW_METER_ANSWER_EXCEPTION, /* the code is in the second byte */
};

/* Judges a complete PDU: function code, byte count and length must agree. */
enum kw_meter_answer_kind kw_meter_pdu_judge(const struct kw_meter_ask *ask,
                                             const unsigned char *pdu,
                                             size_t length);

/* "illegal data address" of exception 2; "unknown" of an unknown one. */
const char *kw_meter_exception_text(unsigned code);

/*
 * A gateway says with exceptions 10 and 11 that the unit behind it did not
 * answer: that is a time-out and not a refusal.
 */
bool kw_meter_exception_is_silence(unsigned code);

#endif
