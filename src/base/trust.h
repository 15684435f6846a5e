/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The time that is trusted for what can't be undone.
 *
 * A wall clock is wrong at times: the battery is empty, a time server lies,
 * somebody mistypes a year. Deleting by age must not follow it at once. The
 * trusted time goes on with the monotonic clock; it follows the wall clock
 * back at once, and forward only by what the wall clock has shown for a whole
 * day of uptime. So it is never later than the wall clock was all that day,
 * and a correct clock runs ahead of it by what was corrected within the day.
 *
 * It is kept over a restart by who owns it (core/core_clock.h). The time for
 * which the machine was off is believed after a day, too.
 *
 * A struct of zeros knows nothing: its time is the uptime since 1970.
 */
#ifndef KW_BASE_TRUST_H
#define KW_BASE_TRUST_H

#include "base/clock.h"

enum { KW_TRUST_DAY_MS = 86400000 };

struct kw_trust {
    int64_t offset_ms; /* trusted time less monotonic time */
    int64_t ahead_ms;  /* least offset of the wall clock since since_ms */
    uint64_t since_ms; /* monotonic: the wall clock is ahead since then */
};

/* known_ms: the trusted time of the last run when it ended; 0: none. */
void kw_trust_init(struct kw_trust *trust, const struct kw_clock *clock,
                   int64_t known_ms);

/* The trusted time as of the last look, plus what passed since. */
static inline int64_t kw_trust_known(const struct kw_trust *trust,
                                     const struct kw_clock *clock)
{
    return trust->offset_ms + (int64_t)kw_clock_mono_ms(clock);
}

/*
 * Looks at the clocks and returns the trusted time (UTC ms). Steps of the wall
 * clock between two calls are not seen: call it every few minutes at least.
 */
int64_t kw_trust_time(struct kw_trust *trust, const struct kw_clock *clock);

#endif
