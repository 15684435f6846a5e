/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tokens are kept in thousand-millionths, so that who calls each microsecond
 * loses nothing to rounding: rate times nanoseconds is the number of parts that
 * come back. All of it fits 64 bits: 2^32 tokens of 10^9 parts.
 */
#include "base/bucket.h"

static const uint64_t nano = 1000000000U;

void kw_bucket_init(struct kw_bucket *bucket, uint32_t rate, uint32_t burst,
                    uint64_t now_ns)
{
    *bucket = (struct kw_bucket){
        .last_ns = now_ns,
        .tokens_nano = burst * nano,
        .rate = rate,
        .burst = burst,
    };
}

static void refill(struct kw_bucket *bucket, uint64_t now_ns)
{
    uint64_t full = bucket->burst * nano;
    uint64_t missing = full - bucket->tokens_nano, passed;

    if (now_ns <= bucket->last_ns)
        return;
    passed = now_ns - bucket->last_ns;
    bucket->last_ns = now_ns;
    if (bucket->rate == 0)
        return;
    if (passed >= missing / bucket->rate + 1)
        bucket->tokens_nano = full;
    else
        bucket->tokens_nano += passed * bucket->rate;
}

bool kw_bucket_take(struct kw_bucket *bucket, uint32_t count, uint64_t now_ns)
{
    refill(bucket, now_ns);
    if (bucket->tokens_nano < count * nano)
        return false;
    bucket->tokens_nano -= count * nano;
    return true;
}

uint64_t kw_bucket_wait_ms(struct kw_bucket *bucket, uint32_t count,
                           uint64_t now_ns)
{
    uint64_t need = count * nano, wait_ns;

    refill(bucket, now_ns);
    if (bucket->tokens_nano >= need)
        return 0;
    if (bucket->rate == 0 || count > bucket->burst)
        return UINT64_MAX;
    wait_ns = (need - bucket->tokens_nano + bucket->rate - 1) / bucket->rate;
    return (wait_ns + 999999U) / 1000000U;
}
