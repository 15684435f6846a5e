/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader of serial frames. The first six bytes are the request, the rest
 * is what came on the line, given whole and in two parts, as it arrives.
 */
#include "meter/doubt.h"
#include "meter/frame_rtu.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool true_always)
{
    if (!true_always)
        abort();
}

static void look(const struct kw_meter_ask *ask, const uint8_t *bytes,
                 size_t length)
{
    struct kw_meter_rtu_found found;

    kw_meter_rtu_find(ask, bytes, length, &found);
    must(found.skip <= length);
    if (found.verdict != KW_METER_RTU_ANSWER)
        return;
    must(found.pdu >= 1 && found.pdu_length >= 2);
    must(found.pdu + found.pdu_length + 2 <= length);
    must(bytes[found.pdu - 1] == ask->unit);
    must(kw_meter_pdu_judge(ask, bytes + found.pdu, found.pdu_length) !=
         KW_METER_ANSWER_FOREIGN);
    must(kw_meter_rtu_frame(bytes + found.pdu - 1, found.pdu_length + 3) != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kw_meter_doubt doubt = {.count = 0};
    struct kw_meter_ask ask, marker;
    size_t frame;

    if (size < 6)
        return 0;
    ask = (struct kw_meter_ask){
        .unit = data[0],
        .function = data[1],
        .address = (uint16_t)(data[2] << 8 | data[3]),
        .count = (uint16_t)(data[4] << 8 | data[5]),
    };
    if (!kw_meter_ask_valid(&ask))
        return 0;
    data += 6;
    size -= 6;
    look(&ask, data, size);
    look(&ask, data, size / 2);
    frame = kw_meter_rtu_frame(data, size);
    must(frame <= size && (frame == 0 || frame >= 5));
    marker = kw_meter_doubt_marker(&ask);
    must(kw_meter_ask_valid(&marker));
    kw_meter_doubt_add(&doubt, &ask);
    must(!kw_meter_doubt_holds(&doubt, &marker));
    if (frame > 0)
        (void)kw_meter_doubt_seen(&doubt, data[0], data + 1, frame - 3);
    return 0;
}
