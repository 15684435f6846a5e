/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a meter refuses for good: the requests of a device are narrowed to
 * what it has (refusal.h), and the rest is left alone but for a rare look.
 */
#ifndef KW_METER_REFUSED_H
#define KW_METER_REFUSED_H

#include "meter/device.h"
#include "meter/refusal.h"

/* A request of the plan: how it does. */
struct kw_meter_request_state {
    uint8_t step;    /* enum kw_meter_step */
    uint8_t tries;   /* failed ones in this poll */
    uint8_t refused; /* for good, with that exception; 0 not */
    bool taken;      /* answered in this poll, not yet published */
    uint16_t block;  /* of the image: what it was before it was narrowed */
    uint16_t asked;  /* points asked for, from the first one */
    uint16_t count;  /* registers or bits of these */
    struct kw_meter_narrow narrow;
};

enum {
    /* Requests of a search in one poll: enough for one missing point. */
    KW_METER_PROBES_MAX = 12,
    /* Until what was refused is tried again: doubles up to a day. */
    KW_METER_REFUSED_FIRST_MS = 10 * 60 * 1000,
    KW_METER_REFUSED_LAST_MS = 24 * 60 * 60 * 1000,
};

/*
 * A poll begins and what is due is marked: the one refused request that is
 * tried again beside it, or plan.count for none; all others are left out. When
 * their time has come they are tried one a poll; a meter that refuses
 * everything is asked for another one each poll, which also shows whether it is
 * there.
 */
unsigned kw_meter_refused_pick(struct kw_meter_device *device, uint64_t now_ns);

/* The request that is to be sent: all of its points, or a part of them while
 * the missing one is searched. */
void kw_meter_refused_ask(struct kw_meter_device *device, unsigned request,
                          struct kw_meter_ask *ask);

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

/* All that was refused is tried again, one request a poll: after a connection
 * and when it answers again after it failed. */
void kw_meter_refused_retry(struct kw_meter_device *device);

#endif
