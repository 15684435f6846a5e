/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/patience.h"

static const uint64_t window_ns =
    (uint64_t)KW_METER_PATIENCE_MINUTES * 60 * 1000000000U;

void kw_meter_patience_seen(struct kw_meter_patience *patience,
                            uint64_t latency_us, uint64_t now_ns)
{
    uint64_t age_ns = now_ns - patience->since_ns;

    if (patience->since_ns == 0 || age_ns >= window_ns) {
        patience->longest_us[1] =
            age_ns < 2 * window_ns ? patience->longest_us[0] : 0;
        patience->longest_us[0] = 0;
        patience->since_ns = now_ns;
    }
    if (latency_us > patience->longest_us[0])
        patience->longest_us[0] = latency_us;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

uint32_t kw_meter_patience_ms(const struct kw_meter_patience *patience,
                              uint64_t own_us, uint32_t timeout_ms)
{
    uint64_t longest_us = larger(
        own_us, larger(patience->longest_us[0], patience->longest_us[1]));
    uint64_t ms = larger(longest_us * KW_METER_PATIENCE_TIMES / 1000,
                         KW_METER_PATIENCE_LEAST_MS);

    return patience->since_ns == 0 || ms >= timeout_ms ? 0 : (uint32_t)ms;
}

bool kw_meter_patience_full(unsigned failures, bool known)
{
    if (failures == 0)
        return known;
    return failures >= KW_METER_PATIENCE_FULL_FROM &&
           failures % KW_METER_PATIENCE_FULL_EACH == 0;
}

bool kw_meter_patience_repeats(unsigned failures, bool known,
                               uint64_t period_ms)
{
    return failures == 0 && (known || period_ms > KW_METER_PATIENCE_NEAR_MS);
}
