/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/scan_plan.h"

#include "base/text.h"
#include "meter/frame_rtu.h"

#include <stdio.h>
#include <string.h>

bool kw_meter_units_has(const struct kw_meter_units *units, unsigned unit)
{
    return (units->bits[unit / 64] >> (unit % 64) & 1) != 0;
}

void kw_meter_units_add(struct kw_meter_units *units, unsigned unit)
{
    units->bits[unit / 64] |= UINT64_C(1) << (unit % 64);
}

int kw_meter_units_next(const struct kw_meter_units *units, unsigned from)
{
    for (unsigned unit = from; unit < 256; unit++) {
        if (kw_meter_units_has(units, unit))
            return (int)unit;
    }
    return -1;
}

unsigned kw_meter_units_count(const struct kw_meter_units *units)
{
    unsigned count = 0;

    for (unsigned unit = 0; unit < 256; unit++)
        count += kw_meter_units_has(units, unit);
    return count;
}

void kw_meter_units_split(struct kw_meter_units *units, unsigned count,
                          struct kw_meter_units *first)
{
    *first = (struct kw_meter_units){{0}};
    for (int unit = kw_meter_units_next(units, 0); unit >= 0 && count > 0;
         unit = kw_meter_units_next(units, (unsigned)unit + 1), count--) {
        kw_meter_units_add(first, (unsigned)unit);
        units->bits[unit / 64] &= ~(UINT64_C(1) << (unit % 64));
    }
}

/* A unit in decimal at *at, which moves behind it; -1 when there is none. */
static int read_unit(const char **at, unsigned low, unsigned high)
{
    unsigned value = 0, digits = 0;

    for (; **at >= '0' && **at <= '9' && digits < 4; (*at)++, digits++)
        value = value * 10 + (unsigned)(**at - '0');
    return digits > 0 && digits < 4 && value >= low && value <= high
               ? (int)value
               : -1;
}

int kw_meter_units_parse(const char *text, unsigned low, unsigned high,
                         struct kw_meter_units *units)
{
    *units = (struct kw_meter_units){{0}};
    for (;;) {
        int first = read_unit(&text, low, high), last = first;

        if (first >= 0 && *text == '-') {
            text++;
            last = read_unit(&text, low, high);
        }
        if (first < 0 || last < first)
            return KW_EINVAL;
        for (int unit = first; unit <= last; unit++)
            kw_meter_units_add(units, (unsigned)unit);
        if (*text == 0)
            return 0;
        if (*text++ != ',')
            return KW_EINVAL;
        text += *text == ' ';
    }
}

/* --- speeds */

static const char parity_letters[] = "NEO"; /* as enum kw_meter_parity */

enum {
    N = KW_METER_PARITY_NONE,
    E = KW_METER_PARITY_EVEN,
    O = KW_METER_PARITY_ODD
};

/*
 * Most likely first. Factory settings by the makers' manuals: 9600 8N1 Eastron
 * SDM630, Carlo Gavazzi; 19200 8E1 Schneider, and what the serial line guide
 * asks for (MODBUS over Serial Line V1.02, 2.5.1); 38400 8N1 Socomec; 2400 8N1
 * Eastron SDM120. Receivers of one stop bit take two as well, so these come
 * late.
 */
static const struct kw_meter_speed usual[] = {
    {9600, N, 1},   {19200, E, 1},  {38400, N, 1},  {19200, N, 1},
    {9600, E, 1},   {115200, N, 1}, {2400, N, 1},   {57600, N, 1},
    {4800, N, 1},   {38400, E, 1},  {115200, E, 1}, {57600, E, 1},
    {9600, O, 1},   {19200, O, 1},  {9600, N, 2},   {19200, N, 2},
    {38400, O, 1},  {38400, N, 2},  {4800, E, 1},   {2400, E, 1},
    {1200, N, 1},   {1200, E, 1},   {115200, O, 1}, {57600, O, 1},
    {230400, N, 1}, {4800, O, 1},   {2400, O, 1},
};
_Static_assert(sizeof(usual) / sizeof(usual[0]) < KW_METER_SPEEDS_MAX,
               "one place is for the line's own");

int kw_meter_speed_parse(const char *text, struct kw_meter_speed *speed)
{
    const char *framing = strchr(text, ' '), *parity;
    char digits[12];
    size_t length = framing != NULL ? (size_t)(framing - text) : 0;

    if (length == 0 || length >= sizeof(digits) || strlen(framing) != 4 ||
        framing[1] != '8' || (framing[3] != '1' && framing[3] != '2'))
        return KW_EINVAL;
    memcpy(digits, text, length);
    digits[length] = 0;
    parity = strchr(parity_letters, framing[2]);
    if (parity == NULL || kw_text_parse_i64(digits, &speed->baud) != 0 ||
        speed->baud < 1200 || speed->baud > 4000000)
        return KW_EINVAL;
    speed->parity = (int)(parity - parity_letters);
    speed->stop_bits = framing[3] - '0';
    return 0;
}

void kw_meter_speed_format(const struct kw_meter_speed *speed,
                           char text[KW_METER_SPEED_TEXT_SIZE])
{
    snprintf(text, KW_METER_SPEED_TEXT_SIZE, "%d 8%c%d", (int)speed->baud,
             parity_letters[speed->parity], (int)speed->stop_bits);
}

static bool same_speed(const struct kw_meter_speed *a,
                       const struct kw_meter_speed *b)
{
    return a->baud == b->baud && a->parity == b->parity &&
           a->stop_bits == b->stop_bits;
}

size_t kw_meter_speeds(const struct kw_meter_speed *own,
                       struct kw_meter_speed out[KW_METER_SPEEDS_MAX])
{
    size_t count = 0;

    out[count++] = *own;
    for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++) {
        if (!same_speed(&usual[i], own))
            out[count++] = usual[i];
    }
    return count;
}

/* --- time */

static uint64_t char_us(const struct kw_meter_serial_conf *serial)
{
    struct kw_meter_rtu_line line = {
        .baud = (uint32_t)serial->baud,
        .data_bits = 8,
        .parity_bits = serial->parity != KW_METER_PARITY_NONE,
        .stop_bits = (uint8_t)serial->stop_bits,
    };

    return kw_meter_rtu_char_ns(&line) / 1000 + 1;
}

uint32_t kw_meter_scan_timeout_ms(const struct kw_meter_line_conf *conf,
                                  uint64_t longest_us)
{
    uint64_t least_us = 300000;

    if (conf->tcp != NULL)
        return (uint32_t)conf->timeout_ms;
    if (conf->serial != NULL)
        least_us = 100000;
    if (2 * longest_us > least_us)
        least_us = 2 * longest_us;
    if (conf->serial != NULL)
        least_us += 12 * char_us(conf->serial);
    if (least_us > (uint64_t)conf->timeout_ms * 1000)
        least_us = (uint64_t)conf->timeout_ms * 1000;
    return (uint32_t)((least_us + 999) / 1000);
}

enum {
    PRESENCE_ASKS = 5,
    PRESENCE_GARBLED = 3,
    PRESENCE_FOREIGN = 2,
    PRESENCE_TWICE = 2,
};

enum kw_meter_presence_verdict
kw_meter_presence_judge(const struct kw_meter_presence *seen)
{
    if (seen->garbled >= PRESENCE_GARBLED || seen->twice >= PRESENCE_TWICE)
        return KW_METER_PRESENCE_CONFLICT;
    if (seen->garbled == 0 && seen->good > 0)
        return KW_METER_PRESENCE_FOUND;
    if (seen->good == 0 && seen->foreign >= PRESENCE_FOREIGN)
        return KW_METER_PRESENCE_FOREIGN;
    if (seen->asks >= PRESENCE_ASKS)
        return seen->good > 0 ? KW_METER_PRESENCE_FOUND
                              : KW_METER_PRESENCE_SILENT;
    if (seen->garbled > 0 || seen->silent < seen->asks)
        return KW_METER_PRESENCE_AGAIN;
    return KW_METER_PRESENCE_SILENT;
}

/* --- proposals */

enum {
    FRAMES_BYTES = 8 + 5, /* request and frame of the answer */
};

uint64_t kw_meter_scan_poll_us(const struct kw_map *map,
                               const struct kw_meter_line_conf *conf,
                               uint64_t rtt_us)
{
    uint64_t each_us = rtt_us + (uint64_t)conf->pause_ms * 1000, bytes = 0;
    uint64_t requests = 0, last = UINT64_MAX;

    /* Close to what kw_meter_plan makes of it, without its memory: points in
     * the file's order, joined while they lie together. */
    for (size_t i = 0; i < map->count; i++) {
        const struct kw_map_point *point = &map->points[i];

        if (!kw_map_point_is_read(point))
            continue;
        bytes += point->registers * 2U;
        if (last == UINT64_MAX || point->address < last ||
            point->address > last + map->gap)
            requests++;
        last = point->address + (uint64_t)point->registers;
    }
    if (map->max_registers > 0 && requests * map->max_registers * 2 < bytes)
        requests = bytes / (map->max_registers * 2U) + 1;
    if (conf->serial == NULL)
        return requests * each_us;
    bytes += requests * FRAMES_BYTES;
    /* 3.5 characters of silence on both sides of each answer. */
    return requests * (each_us + 7 * char_us(conf->serial)) +
           bytes * char_us(conf->serial);
}

int64_t kw_meter_scan_every_ms(uint64_t busy_us, double share)
{
    static const int64_t usual_ms[] = {1000, 2000, 5000, 10000, 30000, 60000};
    size_t i = 0;

    if (share < 0.05)
        share = 0.05;
    while (i + 1 < sizeof(usual_ms) / sizeof(usual_ms[0]) &&
           (double)usual_ms[i] * 1000 * 0.8 * share < (double)busy_us)
        i++;
    return usual_ms[i];
}

/* Length of the next word of make when profile begins with it and '_'; 0. */
static size_t same_word(const char *profile, const char *make)
{
    size_t length = strcspn(make, " ");

    for (size_t i = 0; i < length; i++) {
        bool upper = make[i] >= 'A' && make[i] <= 'Z';

        if (profile[i] != (upper ? make[i] - 'A' + 'a' : make[i]))
            return 0;
    }
    return profile[length] == '_' && profile[length + 1] != 0 ? length : 0;
}

/* The profile without the words of its make: "Schneider Electric" is often
 * only schneider_. */
static const char *without_make(const char *profile, const char *make)
{
    size_t length;

    while ((length = same_word(profile, make)) > 0) {
        profile += length + 1;
        make += length;
        make += *make == ' ';
    }
    return profile;
}

void kw_meter_scan_name(const struct kw_map *map, unsigned unit,
                        char name[KW_METER_SCAN_NAME_SIZE])
{
    const char *what = "unit";

    if (map != NULL)
        what = without_make(map->name, map->make);
    snprintf(name, KW_METER_SCAN_NAME_SIZE, "%.40s_%u", what, unit);
}
