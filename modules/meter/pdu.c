/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/pdu.h"

bool kw_meter_ask_is_bits(const struct kw_meter_ask *ask)
{
    return ask->function <= 2;
}

bool kw_meter_ask_valid(const struct kw_meter_ask *ask)
{
    unsigned most = kw_meter_ask_is_bits(ask) ? (unsigned)KW_METER_BITS_MAX
                                              : KW_METER_REGISTERS_MAX;

    return ask->function >= 1 && ask->function <= 4 && ask->count >= 1 &&
           ask->count <= most && ask->address + ask->count <= 65536;
}

size_t kw_meter_ask_data_bytes(const struct kw_meter_ask *ask)
{
    if (kw_meter_ask_is_bits(ask))
        return (ask->count + 7U) / 8U;
    return ask->count * 2U;
}

void kw_meter_ask_encode(const struct kw_meter_ask *ask,
                         unsigned char pdu[KW_METER_ASK_BYTES])
{
    pdu[0] = ask->function;
    pdu[1] = (unsigned char)(ask->address >> 8);
    pdu[2] = (unsigned char)ask->address;
    pdu[3] = (unsigned char)(ask->count >> 8);
    pdu[4] = (unsigned char)ask->count;
}

enum kw_meter_answer_kind kw_meter_pdu_judge(const struct kw_meter_ask *ask,
                                             const unsigned char *pdu,
                                             size_t length)
{
    size_t bytes = kw_meter_ask_data_bytes(ask);

    if (length == 2 && pdu[0] == (ask->function | 0x80))
        return KW_METER_ANSWER_EXCEPTION;
    if (length == bytes + 2 && pdu[0] == ask->function && pdu[1] == bytes)
        return KW_METER_ANSWER_DATA;
    return KW_METER_ANSWER_FOREIGN;
}

const char *kw_meter_exception_text(unsigned code)
{
    static const char *const texts[] = {
        [1] = "illegal function",
        [2] = "illegal data address",
        [3] = "illegal data value",
        [4] = "device failure",
        [5] = "acknowledge",
        [6] = "device busy",
        [8] = "memory parity error",
        [10] = "gateway path unavailable",
        [11] = "no answer from the device behind the gateway",
    };

    if (code >= sizeof(texts) / sizeof(texts[0]) || texts[code] == NULL)
        return "unknown";
    return texts[code];
}

bool kw_meter_exception_is_silence(unsigned code)
{
    return code == 10 || code == 11;
}
