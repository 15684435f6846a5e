/* SPDX-License-Identifier: Apache-2.0 */
#include "frame.h"

#include <string.h>

enum { MEI_DEVICE_ID = 14, OBJECTS = 3 };

/* Length of a request whose byte at `at` counts the bytes that follow. */
static int counted(const uint8_t *bytes, size_t length, size_t at)
{
    return length > at ? (int)at + 1 + bytes[at] + 2 : 0;
}

int kw_plant_frame_length(const uint8_t *bytes, size_t length)
{
    if (length < 2)
        return 0;
    switch (bytes[1]) {
    case 1:
    case 2:
    case 3:
    case 4:
    case 5:
    case 6:
    case 8:
        return 8;
    case 15:
    case 16:
        return counted(bytes, length, 6);
    case 22:
        return 10;
    case 23:
        return counted(bytes, length, 10);
    case KW_PLANT_REPORT_ID:
        return 4;
    case KW_PLANT_DEVICE_ID:
        return 7;
    default:
        return -1;
    }
}

/* Bit by bit: the generator of MODBUS over serial line V1.02, 6.2.2. */
static unsigned crc(const uint8_t *bytes, size_t length)
{
    unsigned value = 0xFFFF;
    for (size_t i = 0; i < length; i++) {
        value ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            value = (value & 1) != 0 ? value >> 1 ^ 0xA001 : value >> 1;
    }
    return value;
}

bool kw_plant_frame_crc_ok(const uint8_t *bytes, size_t length)
{
    if (length < 4)
        return false;
    unsigned value = crc(bytes, length - 2);
    return bytes[length - 2] == (value & 0xFF) &&
           bytes[length - 1] == value >> 8;
}

size_t kw_plant_frame_add_crc(uint8_t *bytes, size_t length)
{
    unsigned value = crc(bytes, length);
    bytes[length] = (uint8_t)(value & 0xFF);
    bytes[length + 1] = (uint8_t)(value >> 8);
    return length + 2;
}

int kw_plant_frame_tcp_length(const uint8_t *bytes, size_t length)
{
    if (length < KW_PLANT_MBAP_BYTES - 1)
        return 0;
    int rest = bytes[4] << 8 | bytes[5];
    if (bytes[2] != 0 || bytes[3] != 0 || rest < 2 || rest > 254)
        return -1;
    return rest + 6;
}

size_t kw_plant_frame_report(uint8_t unit, const char *text, uint8_t *reply)
{
    size_t length = strlen(text);
    reply[0] = unit;
    reply[1] = KW_PLANT_REPORT_ID;
    reply[2] = (uint8_t)(length + 2);
    reply[3] = unit;
    reply[4] = 0xFF; /* running */
    memcpy(reply + 5, text, length);
    return 5 + length;
}

static size_t refuse(const uint8_t *request, uint8_t code, uint8_t *reply)
{
    reply[0] = request[0];
    reply[1] = request[1] | 0x80;
    reply[2] = code;
    return 3;
}

/* Basic identification (vendor, product, version) as a whole, or one object
 * of it; V1.1b3, 6.21. */
size_t kw_plant_frame_identify(const uint8_t *request, size_t length,
                               const char *const objects[3], uint8_t *reply)
{
    if (length < 5 || request[2] != MEI_DEVICE_ID)
        return refuse(request, 1, reply);
    unsigned code = request[3], first = request[4], last = OBJECTS - 1;
    if (code < 1 || code > 4)
        return refuse(request, 3, reply);
    if (code == 4 && first >= OBJECTS)
        return refuse(request, 2, reply);
    if (code == 4)
        last = first;
    else if (first >= OBJECTS)
        first = 0;

    const uint8_t head[] = {request[0],
                            KW_PLANT_DEVICE_ID,
                            MEI_DEVICE_ID,
                            (uint8_t)code,
                            0x81, /* basic, as a whole and one by one */
                            0,
                            0,
                            (uint8_t)(last - first + 1)};
    memcpy(reply, head, sizeof head);
    size_t at = sizeof head;
    for (unsigned i = first; i <= last; i++) {
        size_t size = strlen(objects[i]);
        reply[at++] = (uint8_t)i;
        reply[at++] = (uint8_t)size;
        memcpy(reply + at, objects[i], size);
        at += size;
    }
    return at;
}
