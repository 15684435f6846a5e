/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who gives way when a station wants one connection more than there may be.
 * As the messaging guide advises (V1.0b, 4.2.1) it is the one that has been
 * idle for longest; but nobody who works is pushed out by strangers that only
 * connect: after those whose peer has hung up, those that never asked anything
 * go first, and those that did only after they have been idle for a while.
 * Pure.
 */
#ifndef KW_SUPERVISOR_ROOM_H
#define KW_SUPERVISOR_ROOM_H

#include "base/cidr.h"

enum {
    KW_SUPERVISOR_CONNECTIONS_MAX = 16,
    KW_SUPERVISOR_STATION_MAX = 4,  /* of them from one address */
    KW_SUPERVISOR_SPARED_MS = 10000 /* of silence that are not held against
                                       who has asked before */
};

/* A connection. */
struct kw_supervisor_guest {
    struct kw_station station;
    uint64_t active_ms; /* when it connected or asked last */
    bool asked;         /* ever */
    bool gone;          /* the peer has hung up, which was not read yet */
    bool busy;          /* a request of it is under way */
};

enum { KW_SUPERVISOR_ROOM_FREE = -1, KW_SUPERVISOR_ROOM_NONE = -2 };

/* Index of the one who gives way to a newcomer, FREE when nobody has to, NONE
 * when nobody will. count is at most KW_SUPERVISOR_CONNECTIONS_MAX. */
int kw_supervisor_room(const struct kw_supervisor_guest *guests, size_t count,
                       const struct kw_station *newcomer, uint64_t now_ms);

#endif
