/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Figures of a meter and of a line, and the rule how a meter that does not
 * answer is set aside. Pure: the caller gives the time.
 */
#ifndef KW_METER_STATS_H
#define KW_METER_STATS_H

#include "meter/pdu.h"

struct kw_meter_stats {
    uint64_t polls;      /* begun and ended */
    uint64_t good;       /* with at least one good answer */
    uint64_t requests;   /* sent, repeated ones too */
    uint64_t timeouts;   /* requests without a whole answer */
    uint64_t crc;        /* requests with a garbled answer */
    uint64_t foreign;    /* frames that answered something else */
    uint64_t exceptions; /* requests that were refused */
    uint64_t rtt_count, rtt_sum_us;
    uint64_t rtt_last_us, rtt_max_us;
    int64_t last_good_ms; /* UTC; 0 never */
};

/* Counts what became of one request; rtt only of an answer. */
void kw_meter_stats_count(struct kw_meter_stats *stats,
                          enum kw_meter_outcome outcome, uint64_t rtt_us);

/* Mean round trip in microseconds, 0 before the first. */
uint64_t kw_meter_stats_mean_us(const struct kw_meter_stats *stats);

enum {
    KW_METER_ASIDE_AFTER = 3,          /* failed polls in a row */
    KW_METER_ASIDE_MAX_MS = 60 * 1000, /* longest pause between attempts */
};

/*
 * Milliseconds from one attempt to the next after so many failed polls in a
 * row: the period, then from the third on doubling up to a minute. A period
 * that is longer stays.
 */
uint64_t kw_meter_aside_ms(unsigned failures, uint64_t period_ms);

/* Milliseconds before a port or connection is opened again. */
uint64_t kw_meter_reopen_ms(unsigned failures);

/* How busy a line was: time in use in each of the last ten seconds. */
enum { KW_METER_USAGE_SECONDS = 10 };
struct kw_meter_usage {
    uint64_t busy_ns[KW_METER_USAGE_SECONDS];
    uint64_t second;   /* whole seconds of the newest place */
    uint64_t start_ns; /* of the counting */
};

void kw_meter_usage_init(struct kw_meter_usage *usage, uint64_t now_ns);

/* The line was in use from from_ns to to_ns. */
void kw_meter_usage_add(struct kw_meter_usage *usage, uint64_t from_ns,
                        uint64_t to_ns);

/* Time in use over time elapsed, 0 to 1, of about the last ten seconds. */
double kw_meter_usage_share(const struct kw_meter_usage *usage,
                            uint64_t now_ns);

#endif
