/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A token bucket: rate tokens a second, burst at most. Pure: the caller gives
 * the time. Used for log-in throttling, admission and rate limits.
 */
#ifndef KW_BASE_BUCKET_H
#define KW_BASE_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

struct kw_bucket {
    uint64_t last_ns;     /* monotonic time of the last refill */
    uint64_t tokens_nano; /* tokens times 10^9 */
    uint32_t rate;        /* tokens a second, 0: never refills */
    uint32_t burst;       /* most tokens kept, at most 2^30 */
};

/* A full bucket. */
void kw_bucket_init(struct kw_bucket *bucket, uint32_t rate, uint32_t burst,
                    uint64_t now_ns);

/* Takes count tokens when there are that many; false leaves it as it was. */
bool kw_bucket_take(struct kw_bucket *bucket, uint32_t count, uint64_t now_ns);

/* Milliseconds until count tokens are there; 0 now, UINT64_MAX never. */
uint64_t kw_bucket_wait_ms(struct kw_bucket *bucket, uint32_t count,
                           uint64_t now_ns);

#endif
