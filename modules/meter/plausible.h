/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Judges whether a counter can have become what it reads. A register that was
 * read while the meter wrote it, one wrong word, or a meter that gives 0 while
 * it starts would stand in the energy total for ever.
 *
 * A counter may stay, go forward by what can have flowed in the time, or begin
 * anew: at the end of its register, at the end of its display (a power of
 * ten), and near 0 at any time if people may reset it. Anything else opens a
 * doubtful stretch of readings. It ends when the old value goes on: then the
 * stretch was wrong and is forgotten. Or it is believed, because the meter was
 * replaced or set:
 *
 * - after two minutes, if the value moved in them, or another counter of the
 *   meter that moves was believed since the stretch began;
 * - after a quarter of an hour, if the value stands and the meter tells no
 *   power that would have moved it;
 * - after a day whatever the power is;
 *
 * and never before three readings agree.
 *
 * The first value of all is taken as it is. Since when it has stood is not
 * known then, nor when a new value is believed: it may change at any moment by
 * what flows in a quarter of an hour. Pure.
 */
#ifndef KW_METER_PLAUSIBLE_H
#define KW_METER_PLAUSIBLE_H

#include <stdbool.h>
#include <stdint.h>

enum {
    /* Meters may bring their counters up to date as seldom as this. */
    KW_METER_COUNTER_UPDATE_MS = 15 * 60 * 1000,
    /* How long a doubtful stretch lasts before it is believed. */
    KW_METER_COUNTER_MOVES_MS = 2 * 60 * 1000,
    KW_METER_COUNTER_STANDS_MS = 24 * 3600 * 1000,
    KW_METER_COUNTER_READINGS = 3, /* that agree, at least */
    KW_METER_COUNTER_MODULI = 2,
};

/* Watts: what a meter without a reading of power may count at most, and what
 * one with it is always allowed. */
extern const double kw_meter_power_unknown_w, kw_meter_power_least_w;

/* What a counter is. */
struct kw_meter_counter_form {
    double unit; /* base units of 1 in its registers; above 0 */
    double step; /* base units of its last digit; above 0 */
    /* Numbers of the registers at which it may begin anew; 0: none. */
    double modulus[KW_METER_COUNTER_MODULI];
    bool decimal;    /* may also begin anew at a power of ten */
    bool is_float;   /* 24 bits: large values have larger steps */
    bool resettable; /* may go to 0 at any time */
};

/* A value, when it was read, and the earliest moment from which on the meter
 * can have had it: monotonic milliseconds. */
struct kw_meter_counter_value {
    double value;
    int64_t read_ms, changed_ms;
};

/* What is known of a counter. Zero before the first reading. */
struct kw_meter_counter {
    bool known;
    bool doubted;     /* a doubtful stretch is open */
    bool moved;       /* the value went forward in it */
    uint8_t readings; /* of the stretch, up to KW_METER_COUNTER_READINGS */
    struct kw_meter_counter_value last;  /* the newest plausible one */
    struct kw_meter_counter_value doubt; /* the newest of the stretch */
    int64_t opened_ms;                   /* when the stretch began */
    double expected; /* what flowed since, as the meter tells; base units */
};

struct kw_meter_counter_reading {
    double value; /* base unit */
    double rate;  /* the most it can go forward, base units an hour; INFINITY:
                     no limit */
    double flow;  /* what the meter tells by now, base units an hour; 0: none */
    int64_t now_ms;      /* monotonic */
    int64_t replaced_ms; /* when another counter of the meter was believed
                            last; below 0: never */
};

enum kw_meter_plausible {
    KW_METER_PLAUSIBLE,
    KW_METER_PLAUSIBLE_OVER, /* it began anew, as it may */
    KW_METER_PLAUSIBLE_ANEW, /* believed: it goes on from another value */
    KW_METER_IMPLAUSIBLE,
};

/*
 * Judges a reading and remembers it. *before: the last plausible value before
 * this one when the result is ANEW.
 */
enum kw_meter_plausible kw_meter_counter_check(
    struct kw_meter_counter *counter, const struct kw_meter_counter_form *form,
    const struct kw_meter_counter_reading *reading, double *before);

/*
 * The rate for a unit: Wh, varh and VAh by the largest power seen (W; 0 when
 * the meter tells none) and half as much again; s as the clock; others
 * without a limit.
 */
double kw_meter_counter_rate(const char *unit, double power_w);

#endif
