/* SPDX-License-Identifier: Apache-2.0 */
/* A stream of frames over TCP, taken apart until it can't be read; and what is
 * read as a request of ours, sent again, is the same. */
#include "meter/frame_mbap.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A write of several registers or coils, as it would be asked. */
static void send_again(const struct kw_meter_mbap *in)
{
    unsigned char frame[KW_METER_MBAP_MAX];
    const unsigned char *pdu = in->pdu;
    struct kw_meter_mbap out;
    struct kw_meter_ask ask = {.unit = in->unit, .function = pdu[0]};
    size_t length;

    if (in->pdu_length < 6 || (pdu[0] != 15 && pdu[0] != 16))
        return;
    ask.address = (uint16_t)(pdu[1] << 8 | pdu[2]);
    ask.count = (uint16_t)(pdu[3] << 8 | pdu[4]);
    ask.data = pdu + 6;
    if (!kw_meter_ask_valid(&ask) ||
        6 + kw_meter_ask_value_bytes(&ask) != in->pdu_length)
        return;
    length = kw_meter_mbap_encode(&ask, in->transaction, frame);
    if (length != in->length || kw_meter_mbap_decode(frame, length, &out) != 0)
        abort();
    /* all but the byte count, which is made anew */
    if (memcmp(out.pdu, pdu, 5) != 0 ||
        memcmp(out.pdu + 6, pdu + 6, in->pdu_length - 6) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kw_meter_mbap frame;
    int err;

    while ((err = kw_meter_mbap_decode(data, size, &frame)) == 0) {
        if (frame.length > size || frame.length > KW_METER_MBAP_MAX ||
            frame.pdu_length < 1 || frame.pdu_length > KW_METER_PDU_MAX ||
            frame.pdu + frame.pdu_length != data + frame.length)
            abort();
        send_again(&frame);
        data += frame.length;
        size -= frame.length;
    }
    if (err != KW_EAGAIN && err != KW_EPROTO)
        abort();
    if (err == KW_EAGAIN && size >= KW_METER_MBAP_MAX)
        abort();
    return 0;
}
