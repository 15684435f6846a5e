/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader of serial frames. The first six bytes are the request (of a write
 * the first bytes that follow are its values, too), the rest is what came on
 * the line, given whole and in two parts, as it arrives.
 */
#include "meter/doubt.h"
#include "meter/frame_rtu.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct kw_meter_trust no_trust;

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

/* What is encoded is a frame of its own, and found as the echo. */
static void send(const struct kw_meter_ask *ask)
{
    unsigned char frame[KW_METER_RTU_MAX];
    struct kw_meter_rtu_found found;
    size_t length = kw_meter_rtu_encode(ask, frame);

    must(length >= KW_METER_RTU_MIN && length <= KW_METER_RTU_MAX);
    must(kw_meter_rtu_frame(frame, length) != 0);
    kw_meter_rtu_find(ask, frame, length, &found);
    must(found.verdict == KW_METER_RTU_ANSWER || found.skip == length);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kw_meter_doubt doubt = {.count = 0};
    unsigned char values[KW_METER_PDU_MAX] = {0};
    struct kw_meter_ask ask, marker;
    size_t frame;

    if (size < 6)
        return 0;
    ask = (struct kw_meter_ask){
        .unit = data[0],
        .function = data[1],
        .address = (uint16_t)(data[2] << 8 | data[3]),
        .count = (uint16_t)(data[4] << 8 | data[5]),
        .data = values,
    };
    data += 6;
    size -= 6;
    memcpy(values, data, size < sizeof(values) ? size : sizeof(values));
    if (!kw_meter_ask_valid(&ask))
        return 0;
    send(&ask);
    look(&ask, data, size);
    look(&ask, data, size / 2);
    frame = kw_meter_rtu_frame(data, size);
    must(frame <= size && (frame == 0 || frame >= KW_METER_RTU_MIN));
    kw_meter_doubt_add(&doubt, &ask, 1, true);
    marker = kw_meter_doubt_marker(&doubt, &no_trust, &ask);
    must(kw_meter_ask_valid(&marker) && !kw_meter_ask_is_write(&marker));
    must(!kw_meter_doubt_holds(&doubt, &marker, false));
    if (frame > 0)
        (void)kw_meter_doubt_seen(&doubt, data[0], data + 1, frame - 3, false,
                                  2);
    return 0;
}
