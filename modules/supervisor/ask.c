/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/ask.h"

enum {
    HEAD = 5, /* function, address, count or value */
    COUNTED_HEAD = 6,
    WRITE_FILE = 21,
    MASK_WRITE = 22,
    READ_WRITE = 23,
};

enum kw_supervisor_kind kw_supervisor_kind_of(uint8_t function)
{
    switch (function) {
    case KW_METER_READ_COILS:
    case KW_METER_READ_INPUTS:
    case KW_METER_READ_HOLDING:
    case KW_METER_READ_REGISTERS:
        return KW_SUPERVISOR_READ;
    case KW_METER_WRITE_COIL:
    case KW_METER_WRITE_REGISTER:
    case KW_METER_WRITE_COILS:
    case KW_METER_WRITE_REGISTERS:
        return KW_SUPERVISOR_WRITE;
    case WRITE_FILE:
    case MASK_WRITE:
    case READ_WRITE:
        return KW_SUPERVISOR_CHANGE;
    default:
        return KW_SUPERVISOR_OTHER;
    }
}

static uint16_t be16(const unsigned char *bytes)
{
    return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

/* Function, address, value: the value is what 5 and 6 write. */
static bool is_single(uint8_t function)
{
    return function == KW_METER_WRITE_COIL ||
           function == KW_METER_WRITE_REGISTER;
}

/* The values of a write: where they begin, or NULL when the byte count isn't
 * there, doesn't say what follows or doesn't fit the count. */
static const unsigned char *values_of(const struct kw_meter_ask *ask,
                                      const unsigned char *pdu, size_t length)
{
    if (is_single(ask->function))
        return length == HEAD ? pdu + 3 : NULL;
    if (length == HEAD || pdu[HEAD] != kw_meter_ask_value_bytes(ask) ||
        length != COUNTED_HEAD + (size_t)pdu[HEAD])
        return NULL;
    return pdu + COUNTED_HEAD;
}

unsigned kw_supervisor_ask_parse(const unsigned char *pdu, size_t length,
                                 struct kw_meter_ask *ask)
{
    *ask = (struct kw_meter_ask){.function = pdu[0]};
    if (length < HEAD)
        return KW_SUPERVISOR_NO_VALUE;
    ask->count = is_single(pdu[0]) ? 1 : be16(pdu + 3);
    if (kw_meter_ask_is_write(ask))
        ask->data = values_of(ask, pdu, length);
    else if (length != HEAD)
        return KW_SUPERVISOR_NO_VALUE;
    /* As long as the address is 0 it can't be what is wrong. */
    if (!kw_meter_ask_valid(ask))
        return KW_SUPERVISOR_NO_VALUE;
    ask->address = be16(pdu + 1);
    return kw_meter_ask_valid(ask) ? 0 : KW_SUPERVISOR_NO_ADDRESS;
}

size_t kw_supervisor_put_data(const struct kw_meter_ask *ask,
                              unsigned char *out)
{
    size_t bytes = kw_meter_ask_data_bytes(ask);

    out[0] = ask->function;
    out[1] = (unsigned char)bytes;
    return KW_SUPERVISOR_DATA_AT + bytes;
}

size_t kw_supervisor_put_exception(uint8_t function, unsigned code,
                                   unsigned char *out)
{
    out[0] = function | 0x80;
    out[1] = (unsigned char)code;
    return 2;
}
