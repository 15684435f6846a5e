/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/points.h"

#include "supervisor/ask.h"

#include <float.h>
#include <math.h>
#include <string.h>

int kw_supervisor_point_address(uint32_t number, unsigned registers)
{
    return number < 65536 / registers ? (int)(number * registers) : -1;
}

bool kw_supervisor_point_good(const struct kw_point *point, int64_t now_ms)
{
    uint8_t quality;

    if (point == NULL || point->retired)
        return false;
    quality = kw_point_quality(point, now_ms);
    /* A clock that was never set says nothing against the value. */
    return quality == KW_QUALITY_GOOD || quality == KW_QUALITY_UNCERTAIN_CLOCK;
}

/* The highest number that was given. */
static uint32_t last_number(const struct kw_points *points)
{
    size_t count = kw_points_count(points);

    return count > 0 ? kw_points_at(points, count - 1)->id : 0;
}

static void put_be(unsigned char *out, uint64_t bits, unsigned bytes)
{
    for (unsigned i = bytes; i-- > 0; bits >>= 8)
        out[i] = (unsigned char)bits;
}

/* The bytes of a value; false when float32 can't hold it. NaN is quiet NaN. */
static bool encode(double value, unsigned registers, unsigned char *out)
{
    float single;
    uint64_t bits = 0;
    uint32_t half;

    if (registers == KW_SUPERVISOR_F64) {
        memcpy(&bits, &value, sizeof(bits));
    } else {
        if (fabs(value) > (double)FLT_MAX)
            return false;
        single = (float)value;
        memcpy(&half, &single, sizeof(half));
        bits = half;
    }
    put_be(out, bits, registers * 2);
    return true;
}

/* A point's registers; false when they are to be refused. */
static bool load(const struct kw_supervisor_points *from, uint32_t number,
                 unsigned char *out)
{
    const struct kw_point *point = kw_points_get(from->points, number);

    if (kw_supervisor_point_good(point, from->now_ms) &&
        encode(point->latest.value, from->registers, out))
        return true;
    return from->nan && encode((double)NAN, from->registers, out);
}

static unsigned read_values(const struct kw_supervisor_points *from,
                            const struct kw_meter_ask *ask, unsigned char *data)
{
    unsigned char value[2 * KW_SUPERVISOR_F64];
    unsigned width = from->registers;
    unsigned at = ask->address, end = at + ask->count;

    if (at < width || (end - 1) / width > last_number(from->points))
        return KW_SUPERVISOR_NO_ADDRESS;
    while (at < end) {
        unsigned from_register = at % width;
        unsigned count = width - from_register;

        if (count > end - at)
            count = end - at;
        if (!load(from, at / width, value))
            return KW_SUPERVISOR_NO_ANSWER;
        memcpy(data, value + (size_t)from_register * 2, (size_t)count * 2);
        data += (size_t)count * 2;
        at += count;
    }
    return 0;
}

static unsigned read_states(const struct kw_supervisor_points *from,
                            const struct kw_meter_ask *ask, unsigned char *data)
{
    unsigned last = (unsigned)ask->address + ask->count - 1;

    if (ask->address == 0 || last > last_number(from->points))
        return KW_SUPERVISOR_NO_ADDRESS;
    memset(data, 0, kw_meter_ask_data_bytes(ask));
    for (unsigned i = 0; i < ask->count; i++) {
        const struct kw_point *point =
            kw_points_get(from->points, ask->address + i);

        if (kw_supervisor_point_good(point, from->now_ms))
            data[i / 8] |= (unsigned char)(1U << i % 8);
    }
    return 0;
}

unsigned kw_supervisor_points_read(const struct kw_supervisor_points *from,
                                   const struct kw_meter_ask *ask,
                                   unsigned char *data)
{
    return kw_meter_ask_is_bits(ask) ? read_states(from, ask, data)
                                     : read_values(from, ask, data);
}
