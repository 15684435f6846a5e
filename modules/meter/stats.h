/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Figures of a meter and of a line, and the rule how a meter that does not
 * answer is set aside. Pure: the caller gives the time.
 */
#ifndef KW_METER_STATS_H
#define KW_METER_STATS_H

#include "meter/pdu.h"

/* Round trips by length: up to so many microseconds each, and longer. */
enum { KW_METER_RTT_BOUNDS = 12 };
extern const uint32_t kw_meter_rtt_bounds_us[KW_METER_RTT_BOUNDS];

struct kw_meter_stats {
    uint64_t polls;       /* begun and ended */
    uint64_t good;        /* with at least one good answer */
    uint64_t requests;    /* sent, repeated ones too */
    uint64_t timeouts;    /* requests without a whole answer */
    uint64_t crc;         /* requests with a garbled answer */
    uint64_t foreign;     /* frames that answered something else */
    uint64_t exceptions;  /* requests that were refused */
    uint64_t implausible; /* counters' values that can't be */
    uint64_t late;        /* answers after the time-out */
    uint64_t rtt_count, rtt_sum_us;
    uint64_t rtt_last_us, rtt_max_us;
    uint32_t rtt[KW_METER_RTT_BOUNDS + 1]; /* answers by round trip */
    int64_t last_good_ms;                  /* UTC; 0 never */
};

/* Counts what became of one request; rtt only of an answer. */
void kw_meter_stats_count(struct kw_meter_stats *stats,
                          enum kw_meter_outcome outcome, uint64_t rtt_us);

/* Adds one meter's figures to a sum; not last_good_ms. */
void kw_meter_stats_add(struct kw_meter_stats *sum,
                        const struct kw_meter_stats *stats);

/* Mean round trip in microseconds, 0 before the first. */
uint64_t kw_meter_stats_mean_us(const struct kw_meter_stats *stats);

/*
 * The same for the recent past, which verdicts are about: two halves, of which
 * the older one is given up when the newer one has lasted for two minutes and
 * has a hundred requests. So the figures are of the last two to four minutes,
 * or of the last hundred to two hundred requests of who is seldom asked.
 */
enum {
    KW_METER_RECENT_MS = 2 * 60 * 1000,
    KW_METER_RECENT_REQUESTS = 100,
};

struct kw_meter_counts {
    uint32_t requests, answers; /* sent; answered, refusals too */
    uint32_t timeouts, crc, exceptions;
    uint32_t foreign; /* others' frames while it was asked */
    uint32_t late;    /* its answers that came after the time-out */
    uint32_t twice;   /* its answers that came a second time */
    uint32_t masters; /* of a line: requests that others sent */
    uint32_t echoes;  /* of a line: requests that came back */
    uint32_t noise;   /* of a line: bytes that were no frame, in pieces */
    uint32_t rtt_max_us;
    uint64_t rtt_sum_us;
};

struct kw_meter_recent {
    struct kw_meter_counts now, before;
    uint64_t since_ns; /* when now began */
};

/* Gives up what is too old; requests: how many the newer half must have. */
void kw_meter_recent_turn(struct kw_meter_recent *recent, uint32_t requests,
                          uint64_t now_ns);

/* Counts what became of one request, as kw_meter_stats_count does. */
void kw_meter_recent_count(struct kw_meter_recent *recent,
                           enum kw_meter_outcome outcome, uint64_t rtt_us,
                           uint64_t now_ns);

/* Both halves. */
void kw_meter_recent_sum(const struct kw_meter_recent *recent,
                         struct kw_meter_counts *sum);

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

/* Milliseconds before a line is opened again that was closed so many times in
 * a row for bytes without end: doubling from 2 s up to a minute. */
uint64_t kw_meter_babble_ms(unsigned times);

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
