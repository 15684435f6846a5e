/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Says in words what a recorded frame means (MODBUS Application Protocol
 * V1.1b3, chapters 6 and 7; Serial Line V1.02, 2.5.1; Messaging on TCP/IP
 * V1.0b, 3.1.3): "read 10 holding registers from 18432", "exception 2:
 * illegal data address", "CRC is 12 34, 56 78 expected". The frame may be
 * anything that was on the wire, and a part of it. Pure.
 */
#ifndef KW_METER_EXPLAIN_H
#define KW_METER_EXPLAIN_H

#include "meter/trace.h"

enum { KW_METER_MEANING_SIZE = 160 };

/* What functions 1 to 6, 15 and 16 read or write: "holding registers"; of a
 * count of 1 "holding register". */
const char *kw_meter_things(unsigned function, unsigned count);

/*
 * The meaning of a frame of which length bytes are kept; rtu: with a CRC, else
 * with an MBAP header. text ends with NUL, is ASCII and holds no byte of the
 * frame as it is.
 */
void kw_meter_explain(const struct kw_meter_traced *frame, bool rtu,
                      const unsigned char *bytes, size_t length,
                      char text[KW_METER_MEANING_SIZE]);

/* The unit that a frame is of or for; 0 when it is too short to say. */
uint8_t kw_meter_frame_unit(bool rtu, const unsigned char *bytes,
                            size_t length);

/*
 * True when a whole RTU frame can only be a request: on a line where this
 * gateway did not send it that is another master's. Answers to writes look
 * like the request and are not counted as one.
 */
bool kw_meter_frame_is_request(const unsigned char *bytes, size_t length);

#endif
