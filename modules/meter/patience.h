/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long an answer is waited for. The setting is the longest time. A meter
 * that left the last request unanswered, or never answered, is probed with
 * less once other meters of its line have shown how long theirs take: a few
 * times that, so that dead ones cost the others little from the first minute
 * on. Who is slow is not given up for it: its answer comes late, is recognised,
 * and makes the line more patient before the next attempt; what a meter itself
 * has taken before counts too; and from the first pause of a minute on each
 * fourth attempt is as patient as the setting. Pure.
 */
#ifndef KW_METER_PATIENCE_H
#define KW_METER_PATIENCE_H

#include <stdbool.h>
#include <stdint.h>

enum {
    KW_METER_PATIENCE_TIMES = 4,       /* the longest answer seen */
    KW_METER_PATIENCE_LEAST_MS = 30,   /* adapters and their drivers */
    KW_METER_PATIENCE_MINUTES = 10,    /* what was seen is old after */
    KW_METER_PATIENCE_FULL_FROM = 8,   /* failed polls: pauses of a minute */
    KW_METER_PATIENCE_FULL_EACH = 4,   /* and each so many */
    KW_METER_PATIENCE_NEAR_MS = 10000, /* a period to wait for */
};

/* From the last byte of a request to the first of its answer; zero before the
 * first use. */
struct kw_meter_patience {
    uint64_t longest_us[2]; /* of these minutes, of those before */
    uint64_t since_ns;      /* these began; 0: nothing was seen yet */
};

/* An answer took so long. now_ns is monotonic and not 0. */
void kw_meter_patience_seen(struct kw_meter_patience *patience,
                            uint64_t latency_us, uint64_t now_ns);

/*
 * Milliseconds for a probe of a meter that itself has taken own_us at most (0:
 * never answered). 0, which means the line's time-out, when that is shorter or
 * nothing was seen on the line.
 */
uint32_t kw_meter_patience_ms(const struct kw_meter_patience *patience,
                              uint64_t own_us, uint32_t timeout_ms);

/*
 * Is the next attempt as patient as the line's time-out? failures: polls in a
 * row without an answer; known: the meter has answered since the start.
 */
bool kw_meter_patience_full(unsigned failures, bool known);

/*
 * Is a request without an answer repeated in its poll? Not that of a meter
 * that failed the last poll too; nor that of one that never answered when the
 * next poll is as good as a repetition, KW_METER_PATIENCE_NEAR_MS away or less.
 * period_ms: the meter's.
 */
bool kw_meter_patience_repeats(unsigned failures, bool known,
                               uint64_t period_ms);

#endif
