/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server's side of the protocol data unit: what a request asks for, and
 * the answers to it (MODBUS Application Protocol V1.1b3, 6 and 7). Pure.
 */
#ifndef KW_SUPERVISOR_ASK_H
#define KW_SUPERVISOR_ASK_H

#include "meter/pdu.h"

/* Exception codes (7) that are given here. */
enum kw_supervisor_exception {
    KW_SUPERVISOR_NO_FUNCTION = 1, /* not served, or not to this station */
    KW_SUPERVISOR_NO_ADDRESS = 2,
    KW_SUPERVISOR_NO_VALUE = 3, /* a count or a length is against the
                                   specification */
    KW_SUPERVISOR_BUSY = 6,
    KW_SUPERVISOR_NO_PATH = 10,  /* no meter has this unit */
    KW_SUPERVISOR_NO_ANSWER = 11 /* the meter does not answer */
};

/* What becomes of a function, before anything else of a request is read. */
enum kw_supervisor_kind {
    KW_SUPERVISOR_READ,   /* 1 to 4 */
    KW_SUPERVISOR_WRITE,  /* 5, 6, 15, 16: only where a rule allows it */
    KW_SUPERVISOR_CHANGE, /* 21, 22, 23 would write too: never served */
    KW_SUPERVISOR_OTHER,
};
enum kw_supervisor_kind kw_supervisor_kind_of(uint8_t function);

/*
 * Reads a PDU (at least one byte) of a function to read or write. 0, or the
 * exception code that it deserves, in the order of the specification: value,
 * then address. data of a write points into the PDU; the unit is the
 * caller's.
 */
unsigned kw_supervisor_ask_parse(const unsigned char *pdu, size_t length,
                                 struct kw_meter_ask *ask);

/* The answers; each returns the bytes of the PDU. Data bytes of a good answer
 * to a read stand at out + KW_SUPERVISOR_DATA_AT already. */
enum { KW_SUPERVISOR_DATA_AT = 2 };
size_t kw_supervisor_put_data(const struct kw_meter_ask *ask,
                              unsigned char *out);
size_t kw_supervisor_put_exception(uint8_t function, unsigned code,
                                   unsigned char *out);

#endif
