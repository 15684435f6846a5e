/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The model's clock: runs at its own speed, can be stopped. Safe for threads.
 */
#ifndef KW_PLANT_CLOCK_H
#define KW_PLANT_CLOCK_H

#include "util.h"

#include <pthread.h>

struct kw_plant_clock {
    pthread_mutex_t lock;
    int64_t from_ns; /* monotonic time when speed was last changed */
    double from_ms;  /* model time then, UTC ms */
    double speed;    /* model ms a real ms, above 0 */
    bool frozen;
};

/* Starts the clock at a model time, running. */
void kw_plant_clock_init(struct kw_plant_clock *clock, int64_t start_ms,
                         double speed);
void kw_plant_clock_fini(struct kw_plant_clock *clock);

/* The model time now, UTC ms, cut to whole ticks of `tick_ms`. */
int64_t kw_plant_clock_tick(struct kw_plant_clock *clock, int64_t tick_ms);

/* Changes the speed; the time goes on from where it is. */
void kw_plant_clock_speed(struct kw_plant_clock *clock, double speed);

/* Stops the clock or lets it go on from where it stopped. */
void kw_plant_clock_freeze(struct kw_plant_clock *clock, bool frozen);

/* The same with the monotonic time given: for tests. */
double kw_plant_clock_at(const struct kw_plant_clock *clock, int64_t now_ns);

/* Parses a time of RFC 3339, or `now` with the machine's zone. Sets UTC ms
 * and the zone's offset in ms. */
bool kw_plant_clock_parse(const char *text, int64_t *time_ms,
                          int64_t *offset_ms);

#endif
