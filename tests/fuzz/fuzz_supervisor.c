/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a station sends, taken apart until it can't be read. The first byte
 * chooses the framing; each whole request is read and gets an answer.
 */
#include "supervisor/ask.h"
#include "supervisor/frame.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Judges a request; an answer must fit whatever was asked for. */
static void judge(enum kw_supervisor_framing framing,
                  const struct kw_supervisor_frame *frame)
{
    unsigned char out[KW_SUPERVISOR_FRAME_MAX] = {0};
    unsigned char *pdu = out + kw_supervisor_frame_head(framing);
    enum kw_supervisor_kind kind = kw_supervisor_kind_of(frame->pdu[0]);
    struct kw_meter_ask ask;
    unsigned code = KW_SUPERVISOR_NO_FUNCTION;
    size_t length;

    if (kind == KW_SUPERVISOR_READ || kind == KW_SUPERVISOR_WRITE)
        code = kw_supervisor_ask_parse(frame->pdu, frame->pdu_length, &ask);
    if (code == 0 && !kw_meter_ask_valid(&ask))
        abort();
    if (code == 0 && kind == KW_SUPERVISOR_WRITE &&
        (ask.data < frame->pdu || ask.data + kw_meter_ask_value_bytes(&ask) !=
                                      frame->pdu + frame->pdu_length))
        abort();
    length = code == 0 && kind == KW_SUPERVISOR_READ
                 ? kw_supervisor_put_data(&ask, pdu)
                 : kw_supervisor_put_exception(frame->pdu[0], code, pdu);
    if (length < 2 || length > KW_SUPERVISOR_PDU_MAX ||
        kw_supervisor_frame_close(framing, frame, out, length) > sizeof(out))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kw_supervisor_frame frame;
    enum kw_supervisor_framing framing;
    int err;

    if (size == 0)
        return 0;
    framing = data[0] & 1 ? KW_SUPERVISOR_RTU : KW_SUPERVISOR_MBAP;
    data++;
    size--;
    while ((err = kw_supervisor_frame_find(framing, data, size, &frame)) == 0) {
        if (frame.length > size || frame.length > KW_SUPERVISOR_FRAME_MAX ||
            frame.pdu_length < 1 || frame.pdu_length > KW_SUPERVISOR_PDU_MAX ||
            frame.pdu < data ||
            frame.pdu + frame.pdu_length > data + frame.length)
            abort();
        judge(framing, &frame);
        data += frame.length;
        size -= frame.length;
    }
    if (err == KW_EAGAIN ? size >= KW_SUPERVISOR_FRAME_MAX
                         : err != KW_EPROTO && err != KW_ECORRUPT)
        abort();
    return 0;
}
