/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a meter does not give: the requests of a device are narrowed to what
 * it answers, and the rest is left out but for a rare look.
 *
 * A refusal (exceptions 1, 2 and 3) is certain: the smallest part is searched
 * at once, in the poll (refusal.h). A block without any usable answer, silent
 * or garbled, while others are answered is left out too; a look at it may cost
 * a time-out: after one that did the next is a minute later, after an answer it
 * goes with the next poll.
 *
 * Parts that are answered again are joined: a pair of neighbours is asked as
 * one request, and when that fails they are apart again as before.
 */
#ifndef KW_METER_REFUSED_H
#define KW_METER_REFUSED_H

#include "meter/device.h"
#include "meter/refusal.h"

/* A request of the plan: how it does. */
struct kw_meter_request_state {
    uint8_t step;      /* enum kw_meter_step */
    uint8_t tries;     /* failed ones in this poll */
    uint8_t left_out;  /* why (enum kw_quality); KW_QUALITY_GOOD: it is asked */
    uint8_t exception; /* code of left_out, 0 none */
    uint8_t missed;    /* got no usable answer in this poll (enum kw_quality) */
    uint8_t missed_exception; /* the code with it: 10, 11 or 0 */
    uint8_t misses;           /* such polls in a row */
    bool taken;               /* answered in this poll, not yet published */
    bool given;               /* it has been answered */
    bool searching; /* left out, and its smallest part is not known yet */
    bool apart;     /* not joined with what follows before the next round */
    uint16_t block; /* of the image: what it was before it was narrowed */
    uint16_t asked; /* points asked for, from the first one */
    uint16_t count; /* registers or bits of these */
    uint16_t trial; /* joined on trial behind so many points, 0 not */
    struct kw_meter_narrow narrow;
};

enum {
    /* Requests of a search in one poll: enough for one missing point. */
    KW_METER_PROBES_MAX = 12,
    /* Until what was refused is tried again: doubles up to a day. */
    KW_METER_REFUSED_FIRST_MS = 10 * 60 * 1000,
    KW_METER_REFUSED_LAST_MS = 24 * 60 * 60 * 1000,
    /* From a look at what gives no answer to the next one. */
    KW_METER_SILENT_MS = 60 * 1000,
    /* Polls in a row without an answer until a block is left out that was
     * answered before, and one that never was: a single frame may be lost. */
    KW_METER_MISSES_MAX = 3,
    KW_METER_MISSES_NEW = 2,
};

/* Frees nothing that a poll needs: joins parts that are both answered. To be
 * called between two polls. */
void kw_meter_refused_join(struct kw_meter_device *device);

/*
 * A poll begins and what is due is marked: the one left-out request that is
 * tried beside it, or plan.count for none; all others are left out. When
 * their time has come they are tried one a poll; a meter of which everything
 * is left out is asked for another one each poll, which also shows whether it
 * is there.
 */
unsigned kw_meter_refused_pick(struct kw_meter_device *device, uint64_t now_ns);

/* The request that is to be sent: all of its points, or a part of them while
 * the missing one is searched. */
void kw_meter_refused_ask(struct kw_meter_device *device, unsigned request,
                          struct kw_meter_ask *ask);

/* Cuts a request to its first points. */
void kw_meter_refused_cut(struct kw_meter_device *device, unsigned request,
                          unsigned points, struct kw_meter_ask *ask);

/* What follows from an answer or refusal. */
struct kw_meter_told {
    bool again;              /* ask the same request again in this poll */
    bool split;              /* and the new one, the plan's last */
    unsigned first_bad, bad; /* points of the device that have no value */
};

/*
 * The points asked for were answered (exception 0) or refused. Narrows the
 * request, and may put a new one behind all others for the rest of its points.
 * KW_ENOMEM: nothing has changed, all of it has failed.
 */
KW_MUST_CHECK int kw_meter_refused_told(struct kw_meter_device *device,
                                        unsigned request, uint8_t exception,
                                        struct kw_meter_told *told);

/* The poll is over and had a good answer, but none to this request, which is
 * marked as missed: it may be left out from now on, or searched further. */
void kw_meter_refused_missed(struct kw_meter_device *device, unsigned request);

/* All that is left out is tried again, one request a poll: after a connection
 * and when it answers again after it failed. */
void kw_meter_refused_retry(struct kw_meter_device *device);

/* The first range, by function and address, that is left out for want of a
 * usable answer; false: there is none. */
bool kw_meter_refused_gap(const struct kw_meter_device *device,
                          struct kw_meter_gap *gap);

#endif
