/* SPDX-License-Identifier: Apache-2.0 */
#include "load.h"

#include <math.h>

enum { HOUR_MS = 3600 * 1000, DAY_HOURS = 24, APPLIANCES = 6 };
static const double day_hours = DAY_HOURS;

/* One kind of load: power a phase, the hours of its two peaks, how much it
 * takes at the weekend, its power factor, and its appliances. */
struct kind {
    double base_w, peak_w;
    double morning, evening, width; /* h */
    double weekend;                 /* 1 = as on other days */
    double cos_phi;
    bool capacitive;
    double appliance_w;
    double solar_w; /* of the whole plant at noon */
};

static const struct kind kinds[] = {
    /* offices */
    {600, 4200, 9.5, 15.0, 2.4, 0.25, 0.96, false, 900, 0},
    /* workshop with motors */
    {900, 7500, 8.5, 14.5, 2.0, 0.15, 0.82, false, 2200, 0},
    /* flats */
    {350, 2600, 7.3, 19.5, 1.6, 1.15, 0.95, false, 1800, 0},
    /* lighting and electronics */
    {500, 1900, 7.0, 20.0, 2.8, 0.70, 0.93, true, 150, 0},
    /* ventilation and cooling */
    {1500, 4800, 11.0, 16.0, 3.5, 0.60, 0.86, false, 1200, 0},
    /* offices with a solar plant: the last one */
    {500, 2600, 9.0, 18.5, 2.2, 0.40, 0.97, false, 800, 21000},
};

enum { KINDS = sizeof kinds / sizeof *kinds };

unsigned kw_plant_load_kind(uint64_t seed, bool solar)
{
    return solar ? KINDS - 1 : (unsigned)(seed % (KINDS - 1));
}

double kw_plant_random(uint64_t seed, unsigned channel, int64_t place)
{
    uint64_t x = kw_plant_mix(kw_plant_mix(seed, channel), (uint64_t)place);
    return (double)(x >> 11) / 9007199254740992.0; /* 2^53 */
}

/* Rounds to minus infinity, for times before 1970 too. */
static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

double kw_plant_wander(uint64_t seed, unsigned channel, int64_t time_ms,
                       int64_t period_ms)
{
    int64_t place = floor_div(time_ms, period_ms);
    double t = (double)(time_ms - place * period_ms) / (double)period_ms;
    double from = kw_plant_random(seed, channel, place);
    double to = kw_plant_random(seed, channel, place + 1);
    double blend = t * t * (3 - 2 * t);
    return 2 * (from + (to - from) * blend) - 1;
}

/* A hill of height 1 around an hour, seen around the clock. */
static double hill(double hour, double centre, double width)
{
    double distance = fabs(hour - centre);
    if (distance > day_hours / 2)
        distance = day_hours - distance;
    return exp(-distance * distance / (2 * width * width));
}

static double hour_of(int64_t local_ms)
{
    int64_t day_ms = (int64_t)DAY_HOURS * HOUR_MS;
    return (double)(local_ms - floor_div(local_ms, day_ms) * day_ms) /
           (double)HOUR_MS;
}

/* 1970-01-01 was a Thursday. */
static bool is_weekend(int64_t local_ms)
{
    int64_t days = floor_div(local_ms, (int64_t)DAY_HOURS * HOUR_MS);
    int64_t weekday = days - floor_div(days, 7) * 7; /* 0 = Thursday */
    return weekday == 2 || weekday == 3;
}

/* From sunrise at 6 to sunset at 20, with clouds passing. */
static double sun(uint64_t seed, int64_t local_ms, double hour)
{
    double height = sin((hour - 6) / 14 * acos(-1));
    if (hour < 6 || hour > 20 || height <= 0)
        return 0;
    double cloud = kw_plant_wander(seed, 40, local_ms, HOUR_MS / 4);
    return height * (cloud > 0.3 ? 1.3 - cloud : 1);
}

/* Each appliance is on or off for a number of slots of its own; it is on more
 * often while the load is high. */
static void add_appliances(const struct kind *kind, uint64_t seed, double busy,
                           int64_t slot, struct kw_plant_load *load)
{
    for (unsigned i = 0; i < APPLIANCES; i++) {
        unsigned channel = 100 + i;
        int64_t length = 3 + (int64_t)(40 * kw_plant_random(seed, channel, -1));
        double chance = 0.08 + 0.45 * busy;
        if (kw_plant_random(seed, channel, floor_div(slot, length)) > chance)
            continue;
        double size = 0.3 + kw_plant_random(seed, channel, -2);
        load->phase[i % 3] += kind->appliance_w * size;
        load->cos_phi[i % 3] -= kind->capacitive ? 0 : 0.015;
    }
}

void kw_plant_load_at(unsigned number, uint64_t seed, unsigned phases,
                      int64_t local_ms, int64_t slot,
                      struct kw_plant_load *load)
{
    const struct kind *kind = &kinds[number < KINDS ? number : 0];
    double hour = hour_of(local_ms);
    double busy = hill(hour, kind->morning, kind->width) +
                  hill(hour, kind->evening, kind->width);
    if (is_weekend(local_ms))
        busy *= kind->weekend;

    *load = (struct kw_plant_load){.capacitive = kind->capacitive};
    for (unsigned i = 0; i < 3; i++) {
        double uneven = 0.8 + 0.4 * kw_plant_random(seed, 10 + i, 0);
        double slow = kw_plant_wander(seed, 20 + i, local_ms, HOUR_MS / 6);
        load->phase[i] =
            (kind->base_w + kind->peak_w * busy) * uneven * (1 + 0.06 * slow);
        load->cos_phi[i] = kind->cos_phi + 0.02 * slow;
    }
    add_appliances(kind, seed, busy, slot, load);
    if (phases == 1)
        load->phase[1] = load->phase[2] = 0;
    load->solar = kind->solar_w * phases / 3 * sun(seed, local_ms, hour);
}
