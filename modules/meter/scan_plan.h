/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a scan decides before and between its questions: which units, which
 * speeds, how long a unit may think, what silence and garbled answers mean,
 * and what it proposes for a meter that was found. Pure.
 */
#ifndef KW_METER_SCAN_PLAN_H
#define KW_METER_SCAN_PLAN_H

#include "meter/map.h"
#include "meter/settings.h"

/* --- units */

/* A set of units, 0 to 255. */
struct kw_meter_units {
    uint64_t bits[4];
};

/* Reads "1-247" or "1-32,100"; every unit must be low to high. KW_EINVAL. */
KW_MUST_CHECK int kw_meter_units_parse(const char *text, unsigned low,
                                       unsigned high,
                                       struct kw_meter_units *units);
bool kw_meter_units_has(const struct kw_meter_units *units, unsigned unit);
void kw_meter_units_add(struct kw_meter_units *units, unsigned unit);
/* The first unit of the set that is at least from, or -1. */
int kw_meter_units_next(const struct kw_meter_units *units, unsigned from);
unsigned kw_meter_units_count(const struct kw_meter_units *units);
/* Takes the first count units out of the set and puts them into first. */
void kw_meter_units_split(struct kw_meter_units *units, unsigned count,
                          struct kw_meter_units *first);

/* --- speeds of a serial line */

enum { KW_METER_SPEEDS_MAX = 32, KW_METER_SPEED_TEXT_SIZE = 24 };

struct kw_meter_speed {
    int64_t baud;
    int parity; /* enum kw_meter_parity */
    int64_t stop_bits;
};

/* "9600 8N1" both ways. KW_EINVAL; kw_meter_baud_exists is not asked. */
KW_MUST_CHECK int kw_meter_speed_parse(const char *text,
                                       struct kw_meter_speed *speed);
void kw_meter_speed_format(const struct kw_meter_speed *speed,
                           char text[KW_METER_SPEED_TEXT_SIZE]);

/*
 * What a search tries: the line's own settings first, then what meters leave
 * the factory with, then the rest. Returns how many.
 */
size_t kw_meter_speeds(const struct kw_meter_speed *own,
                       struct kw_meter_speed out[KW_METER_SPEEDS_MAX]);

/* --- time */

/*
 * How long a unit may be silent before it counts as absent, in ms: 100 ms and
 * twelve characters on a serial line, 300 ms behind a converter, more where
 * answers were seen to take longer (twice the longest), and never more than
 * the line's own time-out. Behind Modbus TCP it is the line's own: a gateway
 * asks its units one after the other, and the next question would only wait
 * behind the one that was given up.
 */
uint32_t kw_meter_scan_timeout_ms(const struct kw_meter_line_conf *conf,
                                  uint64_t longest_us);

/* What is known of a unit from the first questions to it. */
struct kw_meter_presence {
    unsigned asks, good, garbled, foreign, silent;
    unsigned twice; /* good answers behind which another one came */
};
enum kw_meter_presence_verdict {
    KW_METER_PRESENCE_AGAIN,    /* ask once more */
    KW_METER_PRESENCE_SILENT,   /* nobody there */
    KW_METER_PRESENCE_FOUND,    /* a meter */
    KW_METER_PRESENCE_CONFLICT, /* several, talking at the same time */
    KW_METER_PRESENCE_FOREIGN,  /* somebody answers under another address */
};
/*
 * Silence is believed at once. What is garbled is asked again, up to five
 * times in all: noise hits now and then, two meters of one address always.
 * foreign counts the questions to which only others answered.
 */
enum kw_meter_presence_verdict
kw_meter_presence_judge(const struct kw_meter_presence *seen);

/* --- what is proposed */

/* Time that reading all of a map's first load once takes on that line, in
 * microseconds, with answers that begin after rtt_us. */
uint64_t kw_meter_scan_poll_us(const struct kw_map *map,
                               const struct kw_meter_line_conf *conf,
                               uint64_t rtt_us);

/*
 * The shortest usual period, 1 s to 1 min, in which polls that take busy_us in
 * all fill at most four fifths of what is free of a line (share 0 to 1).
 */
int64_t kw_meter_scan_every_ms(uint64_t busy_us, double share);

/* "sdm630_12" of eastron_sdm630 by Eastron on unit 12; without a map
 * "unit_12". */
enum { KW_METER_SCAN_NAME_SIZE = 64 };
void kw_meter_scan_name(const struct kw_map *map, unsigned unit,
                        char name[KW_METER_SCAN_NAME_SIZE]);

#endif
