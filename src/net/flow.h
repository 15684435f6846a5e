/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does a peer take what it was sent? Pure: byte counts and times come from the
 * caller.
 *
 * Looked at in spans. At a span's begin the peer owes what is left for it, but
 * no more than the rate asks for in that time; at its end it must have taken
 * as much. So a slow line that gets on is left alone, a few bytes that wait for
 * a far peer's acknowledgement are no offence, and who drips a byte a second to
 * hold a place (a "slow read" attack) is known after one span.
 */
#ifndef KW_NET_FLOW_H
#define KW_NET_FLOW_H

#include <stdbool.h>
#include <stdint.h>

enum { KW_FLOW_SPAN_MS = 9000 }; /* so a drip is gone within ten seconds */

/* All zero at first. */
struct kw_flow {
    uint64_t since_ms; /* the span's begin, monotonic */
    uint64_t taken;    /* bytes that the peer had taken by then */
    uint64_t owed;     /* to be taken in the span; 0: no span is open */
};

/*
 * given: bytes handed over since the connection began; left: those of them
 * that the peer has not taken. True at the end of a span in which it took less
 * than it owed, which is less than rate (bytes a second).
 */
bool kw_flow_stalls(struct kw_flow *flow, uint64_t given, uint64_t left,
                    uint64_t rate, uint64_t now_ms);

#endif
