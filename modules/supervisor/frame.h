/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests as they arrive on a connection, and the frame around an answer:
 * with an MBAP header (MODBUS Messaging on TCP/IP V1.0b, 3.1.3), or RTU frames
 * as on a serial line, sent over TCP (MODBUS over Serial Line V1.02, 2.5.1).
 * TCP keeps no silence between frames, so the length of an RTU request follows
 * from its function. Pure.
 */
#ifndef KW_SUPERVISOR_FRAME_H
#define KW_SUPERVISOR_FRAME_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

enum kw_supervisor_framing { KW_SUPERVISOR_MBAP, KW_SUPERVISOR_RTU };

enum {
    KW_SUPERVISOR_FRAME_MAX = 260, /* bytes of the longest of either kind */
    KW_SUPERVISOR_PDU_MAX = 253,
};

/* One request, inside the bytes given. */
struct kw_supervisor_frame {
    size_t length; /* bytes of the whole frame */
    uint16_t transaction;
    uint8_t unit;
    const unsigned char *pdu;
    size_t pdu_length; /* 1 to KW_SUPERVISOR_PDU_MAX */
};

/*
 * The request at the front. 0; KW_EAGAIN: bytes are missing, and there are
 * fewer than KW_SUPERVISOR_FRAME_MAX; KW_EPROTO: no MBAP header stands there,
 * nothing that follows can be read; KW_ECORRUPT: an RTU frame with a wrong
 * check sum, or one that can't end: what has arrived is to be forgotten.
 */
KW_MUST_CHECK int kw_supervisor_frame_find(enum kw_supervisor_framing framing,
                                           const unsigned char *bytes,
                                           size_t length,
                                           struct kw_supervisor_frame *frame);

/* Where the PDU of an answer stands in its frame. */
size_t kw_supervisor_frame_head(enum kw_supervisor_framing framing);

/*
 * Completes the frame of an answer whose PDU (1 to KW_SUPERVISOR_PDU_MAX
 * bytes) stands at its place in out: header or check sum. Returns the bytes of
 * the whole, at most KW_SUPERVISOR_FRAME_MAX.
 */
size_t kw_supervisor_frame_close(enum kw_supervisor_framing framing,
                                 const struct kw_supervisor_frame *request,
                                 unsigned char *out, size_t pdu_length);

#endif
