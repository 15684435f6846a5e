/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The clock, handed in wherever time matters, so that tests turn it by hand.
 * Schedules, time-outs and sessions use the monotonic clock; only stamps that
 * leave the program use the wall clock (int64 milliseconds since 1970 UTC).
 */
#ifndef KW_BASE_CLOCK_H
#define KW_BASE_CLOCK_H

#include <stdint.h>

struct kw_clock {
    uint64_t (*mono_ns)(const struct kw_clock *clock); /* never goes back */
    int64_t (*wall_ms)(const struct kw_clock *clock);  /* UTC */
};

/* The clock of the machine; a constant. */
extern const struct kw_clock kw_clock_system;

/* A clock for tests: reads what the test has put in. */
struct kw_clock_manual {
    struct kw_clock clock; /* hand out &manual.clock */
    uint64_t mono_ns;
    int64_t wall_ms;
};
void kw_clock_manual_init(struct kw_clock_manual *manual, int64_t wall_ms);

/* Both clocks go on by ms. */
void kw_clock_manual_advance(struct kw_clock_manual *manual, int64_t ms);

static inline uint64_t kw_clock_mono_ns(const struct kw_clock *clock)
{
    return clock->mono_ns(clock);
}
static inline uint64_t kw_clock_mono_ms(const struct kw_clock *clock)
{
    return clock->mono_ns(clock) / 1000000U;
}
static inline int64_t kw_clock_wall_ms(const struct kw_clock *clock)
{
    return clock->wall_ms(clock);
}

/*
 * True when a wall time is possible: from 2024 to 20 years after the release
 * of this version. A possible time may still be wrong: base/trust.h tells what
 * may be believed for things that can't be undone.
 */
int kw_clock_sane(int64_t wall_ms);

/* RFC 3339 in UTC with milliseconds, "2026-01-31T12:00:00.000Z". */
enum { KW_TIME_TEXT_SIZE = 32 };
void kw_time_format(int64_t wall_ms, char text[KW_TIME_TEXT_SIZE]);

#endif
