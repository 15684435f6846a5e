/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Can a counter have become what it reads? A register that was read while the
 * meter wrote it, one wrong word, a meter that gives 0 while it starts: such a
 * number would stand in the energy total for ever.
 *
 * A counter may stay, go forward by what can have flowed in the time, or roll
 * over. Anything else is implausible, until the same story has been told
 * several times running: then the meter was replaced or set, and the counter
 * goes on from there. The first value of all is taken as it is. Pure.
 */
#ifndef KW_METER_PLAUSIBLE_H
#define KW_METER_PLAUSIBLE_H

#include <stdbool.h>
#include <stdint.h>

enum {
    KW_METER_CONFIRMATIONS = 3, /* further readings that agree */
    /* Meters may bring their counters up to date as seldom as this. */
    KW_METER_COUNTER_UPDATE_MS = 15 * 60 * 1000,
};

/* Watts: what a meter without a reading of power may count at most, and what
 * one with it is always allowed. */
extern const double kw_meter_power_unknown_w, kw_meter_power_least_w;

/* What a counter is. */
struct kw_meter_counter_form {
    double step;    /* of the last digit, in the base unit; above 0 */
    double modulus; /* binary: rolls over there; 0 does not */
    bool decimal;   /* may roll over at a power of ten steps */
    bool is_float;  /* 24 bits: large values have larger steps */
};

/* What is known of it. Zero before the first reading. */
struct kw_meter_counter {
    bool known;
    uint8_t confirmed;            /* readings that agree with the candidate */
    double last;                  /* the newest plausible value */
    uint64_t last_ms, changed_ms; /* monotonic: read, and changed */
    double candidate;
    uint64_t candidate_ms, candidate_changed_ms;
};

enum kw_meter_plausible {
    KW_METER_PLAUSIBLE,
    KW_METER_IMPLAUSIBLE,
    KW_METER_PLAUSIBLE_ANEW, /* confirmed: it goes on from another value */
};

/*
 * Judges a reading and remembers it. rate: the most it can have gone forward,
 * in base units an hour; INFINITY when there is no limit. *before: the last
 * value of old, when the result is ANEW.
 */
enum kw_meter_plausible
kw_meter_counter_check(struct kw_meter_counter *counter,
                       const struct kw_meter_counter_form *form, double value,
                       double rate, uint64_t now_ms, double *before);

/*
 * The rate for a unit: Wh, varh and VAh by the largest power seen (W; 0 when
 * the meter tells none) and half as much again; s as the clock; others
 * without a limit.
 */
double kw_meter_counter_rate(const char *unit, double power_w);

#endif
