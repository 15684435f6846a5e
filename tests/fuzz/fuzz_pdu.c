/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers and what is decoded from them. The first bytes choose the request
 * and the type of a point, the rest is the PDU.
 */
#include "base/sample.h"
#include "meter/decode.h"
#include "meter/pdu.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HEAD = 8 };

static void decode(const struct kw_map_point *point, const uint8_t *data)
{
    char text[2 * KW_MAP_STRING_REGISTERS + 1];
    uint8_t quality;
    double value;
    uint64_t raw;

    kw_meter_decode_text(point, data, text, sizeof(text));
    if (strnlen(text, sizeof(text)) == sizeof(text))
        abort();
    if (point->type == KW_MAP_STRING)
        return;
    quality = kw_meter_decode_number(point, data, &raw);
    value = kw_sample_value(kw_meter_decode_encoding(point), raw,
                            kw_meter_decode_scale(point));
    if (kw_quality_is_good(quality) ? !isfinite(value) : raw != 0)
        abort();
}

/* The list of objects of 43/14 ends where the PDU does. */
static void walk(const unsigned char *data, size_t length)
{
    size_t at = 5;

    if (length < at)
        abort();
    for (unsigned left = data[4]; left > 0; left--)
        at += 2U + data[at + 1];
    if (at != length)
        abort();
}

/* Writes and identity, by the same bytes. */
static void judge_others(const uint8_t *data, size_t size)
{
    static const uint8_t functions[] = {5, 6, 15, 16, 17, 43};
    struct kw_meter_ask ask = {
        .unit = 1,
        .function = functions[data[0] % sizeof(functions)],
        .address = (uint16_t)(data[1] << 8 | data[2]),
        .count = (uint16_t)(data[3] + 1),
        .data = data + 4,
    };
    const unsigned char *answer;
    size_t length = size - HEAD;

    if (!kw_meter_ask_valid(&ask) ||
        kw_meter_pdu_judge(&ask, data + HEAD, length) != KW_METER_ANSWER_DATA)
        return;
    answer = kw_meter_pdu_data(&ask, data + HEAD, &length);
    if (answer + length != data + size)
        abort();
    if (kw_meter_ask_is_write(&ask) && length != 4)
        abort();
    if (ask.function == KW_METER_REPORT_ID && length != answer[-1])
        abort();
    if (ask.function == KW_METER_DEVICE_ID)
        walk(answer, length);
}

static void take_bits(struct kw_map_point *point, unsigned from, unsigned bits)
{
    unsigned all = point->registers * 16U;

    point->shift = (uint8_t)(from % all);
    point->bits = (uint8_t)(bits % (all - point->shift) + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kw_map_point point = {.function = 3, .multiplier = 0.1, .factor = 1};
    struct kw_meter_ask ask;
    size_t bytes;

    if (size < HEAD)
        return 0;
    judge_others(data, size);
    ask = (struct kw_meter_ask){
        .unit = 1,
        .function = (uint8_t)(data[0] % 4 + 1),
        .count = (uint16_t)(data[1] % 125 + 1),
    };
    point.type =
        (enum kw_map_type)(KW_MAP_U16 + data[2] % (KW_MAP_TYPES - KW_MAP_U16));
    point.registers = (uint8_t)kw_meter_map_type_registers(point.type);
    if (point.type == KW_MAP_STRING)
        point.registers = (uint8_t)(data[3] % KW_MAP_STRING_REGISTERS + 1);
    else if (point.type == KW_MAP_MOD10000)
        point.registers = (uint8_t)(data[3] % 3 + 2);
    else if (point.type <= KW_MAP_S64 && (data[4] & 8) != 0)
        take_bits(&point, data[3], data[7]);
    point.low_word_first = data[4] & 1;
    point.low_byte_first = (data[4] & 4) != 0;
    if (point.type != KW_MAP_STRING && (data[4] & 2) != 0)
        point.formula = KW_MAP_FOUR_QUADRANT;
    point.na_count = data[5] & 1;
    point.na[0] = data[6];
    data += HEAD;
    size -= HEAD;
    if (kw_meter_pdu_judge(&ask, data, size) != KW_METER_ANSWER_DATA)
        return 0;
    bytes = kw_meter_ask_data_bytes(&ask);
    if (bytes + 2 != size)
        abort();
    if (kw_meter_ask_is_bits(&ask)) {
        for (size_t i = 0; i < ask.count; i++) {
            if (kw_meter_decode_bit(data + 2, i) > 1)
                abort();
        }
        return 0;
    }
    for (size_t at = 0; at + point.registers <= ask.count; at++)
        decode(&point, data + 2 + at * 2);
    return 0;
}
