/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/frame.h"

#include "meter/frame_mbap.h"
#include "meter/frame_rtu.h"

enum { MBAP_HEAD = 7, RTU_HEAD = 1, CRC_BYTES = 2, RTU_MIN = 4 };

static int find_mbap(const unsigned char *bytes, size_t length,
                     struct kw_supervisor_frame *frame)
{
    struct kw_meter_mbap mbap;
    int err = kw_meter_mbap_decode(bytes, length, &mbap);

    if (err != 0)
        return err;
    *frame = (struct kw_supervisor_frame){
        .length = mbap.length,
        .transaction = mbap.transaction,
        .unit = mbap.unit,
        .pdu = mbap.pdu,
        .pdu_length = mbap.pdu_length,
    };
    return 0;
}

/* How long requests are (MODBUS Application Protocol V1.1b3, 6): bytes with
 * unit and check sum; where a byte count stands, which is added. */
struct form {
    uint8_t function, bytes, count_at;
};
static const struct form forms[] = {
    {1, 8, 0},   {2, 8, 0},    {3, 8, 0},  {4, 8, 0},  {5, 8, 0},
    {6, 8, 0},   {7, 4, 0},    {8, 8, 0},  {11, 4, 0}, {12, 4, 0},
    {15, 9, 6},  {16, 9, 6},   {17, 4, 0}, {20, 5, 2}, {21, 5, 2},
    {22, 10, 0}, {23, 13, 10}, {24, 6, 0}, {43, 7, 0},
};

static const struct form *form_of(uint8_t function)
{
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        if (forms[i].function == function)
            return &forms[i];
    }
    return NULL;
}

/* The length of a request of a function that nobody knows: up to where its
 * check sum is right, which makes the sum over all of it 0. */
static int measure_unknown(const unsigned char *bytes, size_t length,
                           size_t *whole)
{
    for (size_t i = RTU_MIN; i <= length && i <= KW_METER_RTU_MAX; i++) {
        if (kw_meter_rtu_crc(bytes, i) == 0) {
            *whole = i;
            return 0;
        }
    }
    return length < KW_METER_RTU_MAX ? KW_EAGAIN : KW_ECORRUPT;
}

static int measure(const unsigned char *bytes, size_t length, size_t *whole)
{
    const struct form *form;

    if (length < RTU_MIN)
        return KW_EAGAIN;
    form = form_of(bytes[1]);
    if (form == NULL)
        return measure_unknown(bytes, length, whole);
    *whole = form->bytes;
    if (form->count_at > 0) {
        if (length <= form->count_at)
            return KW_EAGAIN;
        *whole += bytes[form->count_at];
    }
    if (*whole > KW_METER_RTU_MAX)
        return KW_ECORRUPT;
    if (length < *whole)
        return KW_EAGAIN;
    return kw_meter_rtu_crc(bytes, *whole) == 0 ? 0 : KW_ECORRUPT;
}

static int find_rtu(const unsigned char *bytes, size_t length,
                    struct kw_supervisor_frame *frame)
{
    size_t whole = 0;
    int err = measure(bytes, length, &whole);

    if (err != 0)
        return err;
    *frame = (struct kw_supervisor_frame){
        .length = whole,
        .unit = bytes[0],
        .pdu = bytes + RTU_HEAD,
        .pdu_length = whole - RTU_HEAD - CRC_BYTES,
    };
    return 0;
}

int kw_supervisor_frame_find(enum kw_supervisor_framing framing,
                             const unsigned char *bytes, size_t length,
                             struct kw_supervisor_frame *frame)
{
    return framing == KW_SUPERVISOR_MBAP ? find_mbap(bytes, length, frame)
                                         : find_rtu(bytes, length, frame);
}

size_t kw_supervisor_frame_head(enum kw_supervisor_framing framing)
{
    return framing == KW_SUPERVISOR_MBAP ? MBAP_HEAD : RTU_HEAD;
}

static void put_be16(unsigned char *out, size_t value)
{
    out[0] = (unsigned char)(value >> 8);
    out[1] = (unsigned char)value;
}

size_t kw_supervisor_frame_close(enum kw_supervisor_framing framing,
                                 const struct kw_supervisor_frame *request,
                                 unsigned char *out, size_t pdu_length)
{
    uint16_t crc;

    if (framing == KW_SUPERVISOR_MBAP) {
        put_be16(out, request->transaction);
        put_be16(out + 2, 0);
        put_be16(out + 4, pdu_length + 1);
        out[6] = request->unit;
        return MBAP_HEAD + pdu_length;
    }
    out[0] = request->unit;
    crc = kw_meter_rtu_crc(out, RTU_HEAD + pdu_length);
    out[RTU_HEAD + pdu_length] = (unsigned char)crc;
    out[RTU_HEAD + pdu_length + 1] = (unsigned char)(crc >> 8);
    return RTU_HEAD + pdu_length + CRC_BYTES;
}
