/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/preview.h"

#include "base/sample.h"
#include "base/text.h"
#include "meter/decode.h"
#include "meter/pdu.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const struct order {
    const char *name;
    bool low_word_first, low_byte_first;
} orders[] = {
    {"ABCD", false, false},
    {"CDAB", true, false},
    {"BADC", false, true},
    {"DCBA", true, true},
};

static bool read_address(const char *text, size_t length, uint16_t *address)
{
    char digits[8];
    uint64_t value;

    if (length >= sizeof(digits))
        return false;
    memcpy(digits, text, length);
    digits[length] = 0;
    if (kw_text_parse_u64(digits, &value) != 0 || value > 65535)
        return false;
    *address = (uint16_t)value;
    return true;
}

bool kw_meter_range_parse(const char *text, struct kw_meter_range *range)
{
    const char *first = text + 2, *end = strchr(text, '-');
    uint16_t last;

    if ((text[0] != '3' && text[0] != '4') || text[1] != ':')
        return false;
    if (!read_address(first,
                      end != NULL ? (size_t)(end - first) : strlen(first),
                      &range->address))
        return false;
    last = range->address;
    if (end != NULL && !read_address(end + 1, strlen(end + 1), &last))
        return false;
    if (last < range->address ||
        last - range->address >= KW_METER_REGISTERS_MAX)
        return false;
    range->function = (uint8_t)(text[0] - '0');
    range->count = (uint16_t)(last - range->address + 1);
    return true;
}

/* The value of the bytes as a type in an order; NaN when it is none. */
static double value_of(enum kw_map_type type, const struct order *order,
                       const unsigned char *data)
{
    const struct kw_map_point point = {
        .function = 3,
        .registers = type == KW_MAP_U16 || type == KW_MAP_S16 ? 1 : 2,
        .type = type,
        .low_word_first = order->low_word_first,
        .low_byte_first = order->low_byte_first,
        .multiplier = 1,
        .factor = 1,
    };
    uint64_t raw;

    if (kw_meter_decode_number(&point, data, &raw) != KW_QUALITY_GOOD)
        return (double)NAN;
    return kw_sample_value(kw_meter_decode_encoding(&point), raw, 1);
}

static void put_orders(struct kw_json *json, const char *key,
                       enum kw_map_type type, const unsigned char *data)
{
    kw_json_object(json, key);
    for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++)
        kw_json_real(json, orders[i].name, value_of(type, &orders[i], data));
    kw_json_end_object(json);
}

static void put_register(struct kw_json *json, unsigned address,
                         const unsigned char *data, bool has_next)
{
    char hex[8], text[3] = "..";

    snprintf(hex, sizeof(hex), "%02X%02X", data[0], data[1]);
    for (int i = 0; i < 2; i++) {
        if (data[i] >= 0x20 && data[i] < 0x7F)
            text[i] = (char)data[i];
    }
    kw_json_object(json, NULL);
    kw_json_uint(json, "address", address);
    kw_json_text(json, "hex", hex);
    kw_json_text(json, "text", text);
    kw_json_real(json, "u16", value_of(KW_MAP_U16, &orders[0], data));
    kw_json_real(json, "s16", value_of(KW_MAP_S16, &orders[0], data));
    if (has_next) {
        put_orders(json, "u32", KW_MAP_U32, data);
        put_orders(json, "s32", KW_MAP_S32, data);
        put_orders(json, "f32", KW_MAP_F32, data);
    }
    kw_json_end_object(json);
}

void kw_meter_preview(struct kw_json *json, const struct kw_meter_range *range,
                      const unsigned char *data)
{
    kw_json_uint(json, "function", range->function);
    kw_json_uint(json, "address", range->address);
    kw_json_array(json, "registers");
    for (unsigned i = 0; i < range->count; i++)
        put_register(json, range->address + i, data + (size_t)i * 2,
                     i + 1 < range->count);
    kw_json_end_array(json);
}
