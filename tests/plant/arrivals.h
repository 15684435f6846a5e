/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When requests came over TCP, for those who measure how punctual a master
 * is: line, unit and time of each, kept in memory and written to a file in one
 * go, so that taking notes costs next to nothing.
 */
#ifndef KW_PLANT_ARRIVALS_H
#define KW_PLANT_ARRIVALS_H

#include "util.h"

enum { KW_PLANT_ARRIVALS_MAX = 1 << 22 }; /* 64 MiB; later ones are left out */

struct kw_plant_arrival {
    int64_t at_ns; /* monotonic */
    unsigned port, unit;
};

struct kw_plant_arrivals {
    struct kw_plant_arrival *list; /* owned */
    size_t count, room;
    bool taking;
};

/* Forgets what there is and begins. */
void kw_plant_arrivals_start(struct kw_plant_arrivals *arrivals);

/* A request came; nothing unless they are being taken. */
void kw_plant_arrivals_add(struct kw_plant_arrivals *arrivals, unsigned port,
                           unsigned unit, int64_t at_ns);

/* Ends, and writes `port,unit,nanoseconds` a line in order of arrival. -1 with
 * a message. */
int kw_plant_arrivals_write(struct kw_plant_arrivals *arrivals,
                            const char *path, struct kw_plant_diag *diag);

void kw_plant_arrivals_fini(struct kw_plant_arrivals *arrivals);

#endif
