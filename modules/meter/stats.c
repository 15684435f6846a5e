/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/stats.h"

static const uint64_t second_ns = 1000000000U;
static const uint64_t ns_per_ms = 1000000;

const uint32_t kw_meter_rtt_bounds_us[KW_METER_RTT_BOUNDS] = {
    500,   1000,   2000,   5000,   10000,   20000,
    50000, 100000, 200000, 500000, 1000000, 2000000,
};

static bool is_answer(enum kw_meter_outcome outcome)
{
    return outcome == KW_METER_GOOD || outcome == KW_METER_EXCEPTION;
}

static void count_rtt(struct kw_meter_stats *stats, uint64_t rtt_us)
{
    unsigned at = 0;

    stats->rtt_count++;
    stats->rtt_sum_us += rtt_us;
    stats->rtt_last_us = rtt_us;
    if (rtt_us > stats->rtt_max_us)
        stats->rtt_max_us = rtt_us;
    while (at < KW_METER_RTT_BOUNDS && rtt_us > kw_meter_rtt_bounds_us[at])
        at++;
    stats->rtt[at]++;
}

void kw_meter_stats_count(struct kw_meter_stats *stats,
                          enum kw_meter_outcome outcome, uint64_t rtt_us)
{
    stats->requests++;
    stats->timeouts += outcome == KW_METER_TIMEOUT;
    stats->crc += outcome == KW_METER_GARBLED;
    stats->exceptions += outcome == KW_METER_EXCEPTION;
    if (is_answer(outcome))
        count_rtt(stats, rtt_us);
}

void kw_meter_stats_add(struct kw_meter_stats *sum,
                        const struct kw_meter_stats *stats)
{
    sum->polls += stats->polls;
    sum->good += stats->good;
    sum->requests += stats->requests;
    sum->timeouts += stats->timeouts;
    sum->crc += stats->crc;
    sum->foreign += stats->foreign;
    sum->exceptions += stats->exceptions;
    sum->implausible += stats->implausible;
    sum->late += stats->late;
    sum->rtt_count += stats->rtt_count;
    sum->rtt_sum_us += stats->rtt_sum_us;
    if (stats->rtt_max_us > sum->rtt_max_us)
        sum->rtt_max_us = stats->rtt_max_us;
    for (unsigned i = 0; i <= KW_METER_RTT_BOUNDS; i++)
        sum->rtt[i] += stats->rtt[i];
}

uint64_t kw_meter_stats_mean_us(const struct kw_meter_stats *stats)
{
    return stats->rtt_count > 0 ? stats->rtt_sum_us / stats->rtt_count : 0;
}

void kw_meter_recent_turn(struct kw_meter_recent *recent, uint32_t requests,
                          uint64_t now_ns)
{
    static const struct kw_meter_counts none = {.requests = 0};
    const uint64_t half_ns = KW_METER_RECENT_MS * ns_per_ms;

    if (recent->since_ns == 0)
        recent->since_ns = now_ns;
    if (recent->now.requests < requests || now_ns - recent->since_ns < half_ns)
        return;
    recent->before = now_ns - recent->since_ns < 2 * half_ns || requests > 0
                         ? recent->now
                         : none;
    recent->now = none;
    recent->since_ns = now_ns;
}

void kw_meter_recent_count(struct kw_meter_recent *recent,
                           enum kw_meter_outcome outcome, uint64_t rtt_us,
                           uint64_t now_ns)
{
    struct kw_meter_counts *now = &recent->now;

    kw_meter_recent_turn(recent, KW_METER_RECENT_REQUESTS, now_ns);
    now->requests++;
    now->timeouts += outcome == KW_METER_TIMEOUT;
    now->crc += outcome == KW_METER_GARBLED;
    now->exceptions += outcome == KW_METER_EXCEPTION;
    if (!is_answer(outcome))
        return;
    now->answers++;
    now->rtt_sum_us += rtt_us;
    if (rtt_us > now->rtt_max_us)
        now->rtt_max_us = (uint32_t)(rtt_us < UINT32_MAX ? rtt_us : UINT32_MAX);
}

void kw_meter_recent_sum(const struct kw_meter_recent *recent,
                         struct kw_meter_counts *sum)
{
    const struct kw_meter_counts *before = &recent->before;

    *sum = recent->now;
    sum->requests += before->requests;
    sum->answers += before->answers;
    sum->timeouts += before->timeouts;
    sum->crc += before->crc;
    sum->exceptions += before->exceptions;
    sum->foreign += before->foreign;
    sum->late += before->late;
    sum->twice += before->twice;
    sum->masters += before->masters;
    sum->echoes += before->echoes;
    sum->noise += before->noise;
    sum->rtt_sum_us += before->rtt_sum_us;
    if (before->rtt_max_us > sum->rtt_max_us)
        sum->rtt_max_us = before->rtt_max_us;
}

/* base doubled times times, at most most. */
static uint64_t doubled(uint64_t base, unsigned times, uint64_t most)
{
    while (times-- > 0 && base < most)
        base *= 2;
    return base < most ? base : most;
}

uint64_t kw_meter_aside_ms(unsigned failures, uint64_t period_ms)
{
    uint64_t pause_ms;

    if (failures < KW_METER_ASIDE_AFTER)
        return period_ms;
    pause_ms =
        doubled(2000, failures - KW_METER_ASIDE_AFTER, KW_METER_ASIDE_MAX_MS);
    return pause_ms > period_ms ? pause_ms : period_ms;
}

uint64_t kw_meter_babble_ms(unsigned times)
{
    return doubled(2000, times - 1, KW_METER_ASIDE_MAX_MS);
}

uint64_t kw_meter_reopen_ms(unsigned failures)
{
    return failures == 0 ? 0 : doubled(2000, failures - 1, 10000);
}

void kw_meter_usage_init(struct kw_meter_usage *usage, uint64_t now_ns)
{
    *usage = (struct kw_meter_usage){
        .second = now_ns / second_ns,
        .start_ns = now_ns,
    };
}

/* Makes second the newest place; those passed over were not in use. */
static void advance(struct kw_meter_usage *usage, uint64_t second)
{
    if (second > usage->second + KW_METER_USAGE_SECONDS)
        usage->second = second - KW_METER_USAGE_SECONDS;
    while (usage->second < second) {
        usage->second++;
        usage->busy_ns[usage->second % KW_METER_USAGE_SECONDS] = 0;
    }
}

void kw_meter_usage_add(struct kw_meter_usage *usage, uint64_t from_ns,
                        uint64_t to_ns)
{
    if (from_ns >= to_ns)
        return;
    advance(usage, (to_ns - 1) / second_ns);
    while (from_ns < to_ns) {
        uint64_t second = from_ns / second_ns;
        uint64_t end_ns = (second + 1) * second_ns;

        if (end_ns > to_ns)
            end_ns = to_ns;
        if (second + KW_METER_USAGE_SECONDS > usage->second)
            usage->busy_ns[second % KW_METER_USAGE_SECONDS] += end_ns - from_ns;
        from_ns = end_ns;
    }
}

double kw_meter_usage_share(const struct kw_meter_usage *usage, uint64_t now_ns)
{
    uint64_t newest = now_ns / second_ns, oldest, from_ns, busy_ns = 0;

    if (newest < usage->second) /* a silence that is not over yet */
        newest = usage->second;
    oldest = newest < KW_METER_USAGE_SECONDS - 1
                 ? 0
                 : newest - (KW_METER_USAGE_SECONDS - 1);
    from_ns = oldest * second_ns;
    if (from_ns < usage->start_ns)
        from_ns = usage->start_ns;
    for (uint64_t at = oldest; at <= usage->second; at++)
        busy_ns += usage->busy_ns[at % KW_METER_USAGE_SECONDS];
    if (now_ns <= from_ns)
        return 0;
    if (busy_ns >= now_ns - from_ns)
        return 1;
    return (double)busy_ns / (double)(now_ns - from_ns);
}
