/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line with its units: a serial line, or one TCP port. A unit answers under
 * one number and holds one meter, or several loads of one meter, and for some
 * makes an identification block (load 0).
 *
 * A line is served by one thread and asked by the control socket in another:
 * whoever touches units or counts holds the lock.
 */
#ifndef KW_PLANT_LINE_H
#define KW_PLANT_LINE_H

#include "clock.h"
#include "fault.h"
#include "meter.h"
#include "pace.h"

struct kw_plant_unit {
    unsigned number;
    struct kw_plant_meter **meters; /* owned */
    size_t count;
    struct kw_plant_fault fault;
    uint64_t requests, replies;
};

struct kw_plant_counts {
    uint64_t requests, replies, bad_requests, too_short_gaps;
    uint64_t bytes_in, bytes_out;
    uint64_t connections; /* open now */
};

struct kw_plant_line {
    char name[KW_PLANT_NAME_BYTES]; /* of a serial line; the port of others */
    unsigned index;                 /* in the order of the command line */
    bool tcp;
    unsigned port;                /* TCP: as asked for, then as got */
    struct kw_plant_pace pace;    /* serial */
    bool strict;                  /* serial: no answer after a short silence */
    bool true_speed;              /* serial: noise at another speed */
    int64_t turnaround_ns;        /* serial: from request to reply */
    bool absent_exception;        /* TCP: exception 11 for a missing unit */
    struct kw_plant_clock *clock; /* borrowed */
    pthread_mutex_t lock;
    struct kw_plant_unit *units; /* owned */
    size_t count;
    size_t unit_at[256]; /* place in `units` + 1; 0 = no such unit */
    struct kw_plant_counts counts;
};

void kw_plant_line_init(struct kw_plant_line *line, unsigned index,
                        struct kw_plant_clock *clock);
void kw_plant_line_fini(struct kw_plant_line *line);

/* Adds a meter before the line is served. `block` is the map of the
 * identification block or NULL. -1 with a message if it is there already. */
int kw_plant_line_add(struct kw_plant_line *line,
                      const struct kw_plant_map *map,
                      const struct kw_plant_map *block,
                      struct kw_plant_place place,
                      const struct kw_plant_era *era,
                      struct kw_plant_diag *diag);

/* The unit with this number, NULL if there is none. Under the lock. */
struct kw_plant_unit *kw_plant_line_unit(struct kw_plant_line *line,
                                         unsigned number);

/* Reads registers of a unit as of now. Returns 0 or the Modbus exception.
 * `out` has room for 125. Under the lock. */
unsigned kw_plant_line_read(struct kw_plant_line *line,
                            struct kw_plant_unit *unit, unsigned function,
                            struct kw_plant_range range, uint16_t *out);

#endif
