/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system's clocks and one that a test turns. Monotonic time is for what
 * lasts (deadlines, sessions, periods), wall time for what is shown and
 * stored; nothing but a clock's owner calls clock_gettime, so that every test
 * can turn it.
 */
#include "base/clock.h"

#include <limits.h>
#include <stdio.h>
#include <time.h>

/* 2024-01-01T00:00:00Z: the clock of a machine without one starts before. */
static const int64_t earliest_ms = 1704067200000;

/* 20 years after this version; KW_RELEASED_S comes from CMakeLists.txt. */
static const int64_t latest_ms =
    ((int64_t)KW_RELEASED_S + INT64_C(20) * 31556952) * 1000;

static uint64_t system_mono_ns(const struct kw_clock *clock)
{
    struct timespec now;

    (void)clock;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

static int64_t system_wall_ms(const struct kw_clock *clock)
{
    struct timespec now;

    (void)clock;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

const struct kw_clock kw_clock_system = {system_mono_ns, system_wall_ms};

static const struct kw_clock_manual *manual_of(const struct kw_clock *clock)
{
    return (const struct kw_clock_manual *)(const void *)clock;
}

static uint64_t manual_mono_ns(const struct kw_clock *clock)
{
    return manual_of(clock)->mono_ns;
}

static int64_t manual_wall_ms(const struct kw_clock *clock)
{
    return manual_of(clock)->wall_ms;
}

void kw_clock_manual_init(struct kw_clock_manual *manual, int64_t wall_ms)
{
    *manual = (struct kw_clock_manual){
        .clock = {manual_mono_ns, manual_wall_ms},
        .mono_ns = 1000000000U,
        .wall_ms = wall_ms,
    };
}

void kw_clock_manual_advance(struct kw_clock_manual *manual, int64_t ms)
{
    manual->mono_ns += (uint64_t)ms * 1000000U;
    manual->wall_ms += ms;
}

int kw_clock_sane(int64_t wall_ms)
{
    return wall_ms >= earliest_ms && wall_ms <= latest_ms;
}

void kw_time_format(int64_t wall_ms, char text[KW_TIME_TEXT_SIZE])
{
    int64_t seconds = wall_ms / 1000, rest = wall_ms % 1000;
    time_t when;
    struct tm parts = {.tm_year = INT_MAX}; /* should gmtime_r refuse */

    if (rest < 0) {
        rest += 1000;
        seconds--;
    }
    when = (time_t)seconds;
    gmtime_r(&when, &parts);
    if (parts.tm_year > 8099 || parts.tm_year < -1900) {
        snprintf(text, KW_TIME_TEXT_SIZE, "out of range");
        return;
    }
    snprintf(text, KW_TIME_TEXT_SIZE, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ",
             (unsigned)(parts.tm_year + 1900) % 10000U,
             (unsigned)(parts.tm_mon + 1) % 100U,
             (unsigned)parts.tm_mday % 100U, (unsigned)parts.tm_hour % 100U,
             (unsigned)parts.tm_min % 100U, (unsigned)parts.tm_sec % 100U,
             (unsigned)rest % 1000U);
}
