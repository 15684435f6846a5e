/* SPDX-License-Identifier: Apache-2.0 */
#include "net/flow.h"

static uint64_t owed(uint64_t left, uint64_t rate)
{
    uint64_t most = rate * KW_FLOW_SPAN_MS / 1000;

    return left < most ? left : most;
}

bool kw_flow_stalls(struct kw_flow *flow, uint64_t given, uint64_t left,
                    uint64_t rate, uint64_t now_ms)
{
    /* the kernel counts our FIN as a byte that was never given */
    uint64_t taken = given > left ? given - left : 0;
    bool open = flow->owed > 0, slow;

    if (left == 0) { /* it has caught up */
        *flow = (struct kw_flow){0};
        return false;
    }
    if (open && now_ms - flow->since_ms < KW_FLOW_SPAN_MS)
        return false;
    slow = open && taken - flow->taken < flow->owed;
    *flow = (struct kw_flow){now_ms, taken, owed(left, rate)};
    return slow;
}
