/* SPDX-License-Identifier: Apache-2.0 */
/* A stream of frames over TCP, taken apart until it can't be read. */
#include "meter/frame_mbap.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kw_meter_mbap frame;
    int err;

    while ((err = kw_meter_mbap_decode(data, size, &frame)) == 0) {
        if (frame.length > size || frame.length > KW_METER_MBAP_MAX ||
            frame.pdu_length < 1 || frame.pdu_length > KW_METER_PDU_MAX ||
            frame.pdu + frame.pdu_length != data + frame.length)
            abort();
        data += frame.length;
        size -= frame.length;
    }
    if (err != KW_EAGAIN && err != KW_EPROTO)
        abort();
    if (err == KW_EAGAIN && size >= KW_METER_MBAP_MAX)
        abort();
    return 0;
}
