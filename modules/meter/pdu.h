/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The protocol data unit of Modbus: what is asked and what may come back,
 * without the frame around it (MODBUS Application Protocol V1.1b3, 6 and 7).
 * Reads: 1 coils, 2 discrete inputs, 3 holding registers, 4 input registers.
 * Writes: 5 and 15 coils, 6 and 16 registers. Identity: 17 Report Server ID
 * and 43/14 Read Device Identification. Pure.
 */
#ifndef KW_METER_PDU_H
#define KW_METER_PDU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    KW_METER_PDU_MAX = 253,             /* bytes, function code included */
    KW_METER_REGISTERS_MAX = 125,       /* a request of function 3 or 4 */
    KW_METER_BITS_MAX = 2000,           /* a request of function 1 or 2 */
    KW_METER_WRITE_REGISTERS_MAX = 123, /* function 16 */
    KW_METER_WRITE_BITS_MAX = 1968,     /* function 15 */
    KW_METER_ECHO_BYTES = 5,            /* PDU that answers a write */
};

enum kw_meter_function {
    KW_METER_READ_COILS = 1,
    KW_METER_READ_INPUTS = 2,
    KW_METER_READ_HOLDING = 3,
    KW_METER_READ_REGISTERS = 4,
    KW_METER_WRITE_COIL = 5,
    KW_METER_WRITE_REGISTER = 6,
    KW_METER_WRITE_COILS = 15,
    KW_METER_WRITE_REGISTERS = 16,
    KW_METER_REPORT_ID = 17,
    KW_METER_DEVICE_ID = 43, /* always with MEI type 14 */
};

/* One request. What a function does not use is 0. */
struct kw_meter_ask {
    uint8_t unit;
    uint8_t function; /* enum kw_meter_function */
    /* As sent on the wire, counted from 0. Function 43: read code (1 basic,
     * 2 regular, 3 extended, 4 one object) << 8 | first object. */
    uint16_t address;
    uint16_t count;      /* registers; functions 1, 2 and 15 bits; 5 and 6: 1 */
    uint32_t timeout_ms; /* for the answer to begin; 0: the line's */
    /* Writes: the values as they go on the wire, most significant byte first,
     * kw_meter_ask_value_bytes long. Borrowed until it is answered. */
    const unsigned char *data;
};

/* What became of a request. */
enum kw_meter_outcome {
    KW_METER_GOOD,      /* the answer is there */
    KW_METER_EXCEPTION, /* the unit refused: code */
    KW_METER_TIMEOUT,   /* no answer, or not all of it, in time */
    KW_METER_GARBLED,   /* an answer with a wrong check sum */
    KW_METER_FOREIGN,   /* one that may be the answer to another request */
    KW_METER_LINE,      /* the line is or went down */
};

/* Function, address, count and values are within the specification. */
bool kw_meter_ask_valid(const struct kw_meter_ask *ask);

/* True for functions 1, 2 and 15, which count bits. */
bool kw_meter_ask_is_bits(const struct kw_meter_ask *ask);

/* True for functions 5, 6, 15 and 16. */
bool kw_meter_ask_is_write(const struct kw_meter_ask *ask);

/*
 * Bytes of data in a good answer: of a read what was asked for, of a write
 * the 4 that are repeated. 0 for functions 17 and 43, where only the answer
 * tells.
 */
size_t kw_meter_ask_data_bytes(const struct kw_meter_ask *ask);

/* Bytes at data of a write; 0 for the others. */
size_t kw_meter_ask_value_bytes(const struct kw_meter_ask *ask);

/* The PDU of a request, which must be valid; returns its length. */
size_t kw_meter_ask_encode(const struct kw_meter_ask *ask,
                           unsigned char pdu[KW_METER_PDU_MAX]);

/*
 * How many bytes an answer to ask has that begins with these, as far as they
 * tell: when length is at least that, the answer is complete. 0 when no answer
 * to ask begins so. Byte counts, repeated values, MEI type, read code and the
 * list of objects are looked at, and nothing longer than a PDU is an answer.
 */
size_t kw_meter_pdu_need(const struct kw_meter_ask *ask,
                         const unsigned char *pdu, size_t length);

/* What a PDU is to the one who asked. */
enum kw_meter_answer_kind {
    KW_METER_ANSWER_FOREIGN,   /* not an answer to this request */
    KW_METER_ANSWER_DATA,      /* see kw_meter_pdu_data */
    KW_METER_ANSWER_EXCEPTION, /* the code is in the second byte */
};

/* Judges a whole PDU: what kw_meter_pdu_need looks at, and its length. */
enum kw_meter_answer_kind kw_meter_pdu_judge(const struct kw_meter_ask *ask,
                                             const unsigned char *pdu,
                                             size_t length);

/*
 * What a good answer carries, inside the PDU: of a read the values, of a write
 * the 4 bytes repeated, of function 17 what follows the byte count, of 43 what
 * follows the MEI type (read code first). *length: of the PDU, becomes that of
 * the data.
 */
const unsigned char *kw_meter_pdu_data(const struct kw_meter_ask *ask,
                                       const unsigned char *pdu,
                                       size_t *length);

/* "illegal data address" of exception 2; "unknown" of an unknown one. */
const char *kw_meter_exception_text(unsigned code);

/*
 * A gateway says with exceptions 10 and 11 that the unit behind it did not
 * answer: that is a time-out and not a refusal.
 */
bool kw_meter_exception_is_silence(unsigned code);

#endif
