/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers that may still come late. A frame on a serial line does not say
 * which request it answers: after a time-out the late answer of one block of
 * registers would pass for the answer to another block of the same size, and
 * powers would be stored as energies.
 *
 * Asking for the same block again is harmless: whichever answer comes, it is
 * one. But once one has come, and before a block that could be mistaken is
 * asked for, a marker is sent: a read of another size, whose answer nothing can
 * be mistaken for. A unit answers in the order in which it was asked, so when
 * the answer to the marker, or to any other request of its own size, is here,
 * no older answer can follow.
 *
 * A refusal names the function alone: while another request of that function
 * is in doubt it is taken for the late one's. A write's answer repeats address
 * and value, or address and count: two writes of other values to the same
 * registers are alike, and so are two pages of a device's identification.
 * Pure.
 */
#ifndef KW_METER_DOUBT_H
#define KW_METER_DOUBT_H

#include "meter/patience.h"
#include "meter/trust.h"

/* Time-outs are long: few are in doubt at once on a line. When there is no room
 * the oldest is given up, but first those of units that have never answered: a
 * scan asks many of them. */
enum { KW_METER_DOUBT_MAX = 8 };

struct kw_meter_doubt {
    struct kw_meter_late {
        struct kw_meter_ask ask; /* without data */
        unsigned char value[2];  /* of functions 5 and 6 */
        uint64_t sent_ns;        /* monotonic */
        unsigned markers;        /* sent for it without an answer */
        bool known;              /* the unit has answered before */
        bool overtaken;          /* and something like it since */
    } items[KW_METER_DOUBT_MAX]; /* the oldest first */
    unsigned count;
    struct kw_meter_patience patience; /* of those that came, late or not */
};

/* The answer to ask, which left at sent_ns, was given up. known: the unit has
 * answered something before. */
void kw_meter_doubt_add(struct kw_meter_doubt *doubt,
                        const struct kw_meter_ask *ask, uint64_t sent_ns,
                        bool known);

/* Gives up what left longer ago than age_ns; before each request. */
void kw_meter_doubt_expire(struct kw_meter_doubt *doubt, uint64_t age_ns,
                           uint64_t now_ns);

/* True when a late answer could pass for the answer to ask. wary: also when it
 * is one to the same block, because strays come: the reply to another block may
 * be due before it. */
bool kw_meter_doubt_holds(const struct kw_meter_doubt *doubt,
                          const struct kw_meter_ask *ask, bool wary);

/* The marker to send before ask: a valid read of the same unit, of a size of
 * its own, which none of the unit's replies in trust has either. It waits as
 * long as the line does, however short ask's own time is: a doubt that is given
 * up too soon is none. */
struct kw_meter_ask kw_meter_doubt_marker(const struct kw_meter_doubt *doubt,
                                          const struct kw_meter_trust *trust,
                                          const struct kw_meter_ask *ask);

/* ask was answered: if the answer was of its own kind, nothing older of that
 * unit can follow. */
void kw_meter_doubt_answered(struct kw_meter_doubt *doubt,
                             const struct kw_meter_ask *ask);

/*
 * ask was refused: true when the refusal belongs to another request of that
 * unit and function, which is in doubt no longer. ask goes on waiting.
 */
bool kw_meter_doubt_refused(struct kw_meter_doubt *doubt,
                            const struct kw_meter_ask *ask);

/*
 * What became of a marker. Answered: nothing older of that unit can follow.
 * Not: the doubt stays, but not for ever, since some meters do not answer what
 * they don't like.
 */
void kw_meter_doubt_marked(struct kw_meter_doubt *doubt, uint8_t unit,
                           bool answered);

/*
 * A whole frame came that nobody asked for the moment: the late answer, if it
 * fits one; how late it is counts for the patience. pdu is what stands between
 * unit and CRC. True when it did. copy: it may be a copy of an older answer, so
 * the late one is still waited for.
 */
bool kw_meter_doubt_seen(struct kw_meter_doubt *doubt, uint8_t unit,
                         const unsigned char *pdu, size_t length, bool copy,
                         uint64_t now_ns);

#endif
