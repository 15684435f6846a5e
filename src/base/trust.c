/* SPDX-License-Identifier: Apache-2.0 */
#include "base/trust.h"

/* The day begins anew: the clock is not ahead, or what it shows is no time. */
static void begin(struct kw_trust *trust, uint64_t mono_ms)
{
    trust->ahead_ms = INT64_MAX;
    trust->since_ms = mono_ms;
}

void kw_trust_init(struct kw_trust *trust, const struct kw_clock *clock,
                   int64_t known_ms)
{
    uint64_t mono_ms = kw_clock_mono_ms(clock);

    trust->offset_ms = known_ms - (int64_t)mono_ms;
    begin(trust, mono_ms);
}

int64_t kw_trust_time(struct kw_trust *trust, const struct kw_clock *clock)
{
    uint64_t mono_ms = kw_clock_mono_ms(clock);
    int64_t wall_ms = kw_clock_wall_ms(clock);
    int64_t offset_ms = wall_ms - (int64_t)mono_ms;

    if (!kw_clock_sane(wall_ms)) {
        begin(trust, mono_ms);
    } else if (offset_ms <= trust->offset_ms) {
        trust->offset_ms = offset_ms;
        begin(trust, mono_ms);
    } else {
        if (offset_ms < trust->ahead_ms)
            trust->ahead_ms = offset_ms;
        if (mono_ms - trust->since_ms >= KW_TRUST_DAY_MS) {
            trust->offset_ms = trust->ahead_ms;
            begin(trust, mono_ms);
        }
    }
    return trust->offset_ms + (int64_t)mono_ms;
}
