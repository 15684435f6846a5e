/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a frame is the reply that is waited for. A frame on a serial line
 * names its unit and function and no request (MODBUS over Serial Line V1.02,
 * 2.2): a meter that sends its reply twice, a converter that repeats, two
 * meters with one address or a reply that comes late can put the registers of
 * one block into another of the same size. Three things tell:
 *
 * - A copy. A reply that has, byte for byte, been taken for another block of
 *   the unit is not believed at first. If the real reply follows, it was a
 *   copy; if none does, the request is asked again after a marker (doubt.h),
 *   and who says the same then means it (two blocks of zeros). That content
 *   is known from then on. While strays come on the line, an older reply of the
 *   same block is held back for the time in which the real one would follow.
 * - A surplus. Each request has one reply: one too many, other than a copy of
 *   what was taken, is the reply to a request whose reply something else was
 *   taken for. What was taken of the unit since its poll began can't be
 *   believed (poll.c), and its next request waits for a marker.
 * - A habit. A unit with several surplus replies in a short time is asked only
 *   when the time is over after which they came; the line serves others
 *   meanwhile.
 *
 * Frames with CRC alone: Modbus TCP numbers its requests. Pure.
 */
#ifndef KW_METER_TRUST_H
#define KW_METER_TRUST_H

#include "meter/pdu.h"

enum {
    KW_METER_UNITS = 256,
    KW_METER_MARKERS_MAX = 3,     /* without an answer */
    KW_METER_TAKEN_MAX = 512,     /* replies remembered: those of seconds */
    KW_METER_TWINS_MAX = 512,     /* contents known to be in several blocks */
    KW_METER_ASIDE_MAX = 4,       /* replies of a unit that are set aside */
    KW_METER_HABIT = 3,           /* surplus replies that make one */
    KW_METER_HABIT_MS = 10000,    /* within, and how long it lasts without */
    KW_METER_CALM_MAX_MS = 500,   /* longest wait for surplus replies */
    KW_METER_USUAL_FIRST_MS = 20, /* round trip of a unit not known yet */
    KW_METER_SETTLE_MIN_MS = 20,  /* a reply's usual time may be shorter */
    KW_METER_SETTLE_MAX_MS = 500, /* or much longer */
};

/* Of one unit. Times are monotonic; zero before the first reply. */
struct kw_meter_unit {
    uint64_t sent_ns;  /* the last request that was answered left */
    uint64_t taken_ns; /* and its reply came */
    uint64_t habit_ns; /* surplus replies are counted since */
    uint64_t marker;   /* hash of the last reply to a marker */
    uint32_t aside[KW_METER_ASIDE_MAX]; /* hashes of replies set aside, cut to
                                           32 bits; 0: the place is free */
    uint32_t strays;   /* surplus replies that were no copies, ever */
    uint32_t usual_us; /* longest round trip of late; fades */
    uint16_t calm_ms;  /* how long surplus replies come after */
    uint16_t last;     /* place in taken of its last reply */
    uint8_t surplus;   /* replies since habit_ns, at most KW_METER_HABIT */
    uint8_t markers;   /* sent without an answer while it is suspect */
    uint8_t next_aside;
    uint8_t proven; /* bits of places in aside: a marker was answered since, so
                       this is the reply if it comes again */
    bool suspect;   /* a marker goes before its next request */
};

/* All zero before the first use. */
struct kw_meter_trust {
    struct kw_meter_taken {
        uint64_t hash; /* of the reply; 0: the place is free */
        uint8_t unit, function;
        bool newest;             /* of its block */
        uint16_t address, count; /* count 0: a surplus, its block is unknown */
    } taken[KW_METER_TAKEN_MAX]; /* no block twice with the same reply */
    uint64_t twins[KW_METER_TWINS_MAX];
    unsigned next_taken, next_twin;
    uint64_t late;     /* hash of the last late reply since a request left */
    uint64_t stray_ns; /* a surplus reply came that is no copy of the newest of
                          its block, of any unit; 0: none */
    struct kw_meter_unit units[KW_METER_UNITS];
    unsigned char held[KW_METER_PDU_MAX + 3]; /* a frame that is held back */
};

/* After a connection: nothing older can come. */
void kw_meter_trust_reset(struct kw_meter_trust *trust);

/* pdu, which answers ask, has been taken for another block of the unit and is
 * not known to be in both: it may be a copy. */
bool kw_meter_trust_twin(const struct kw_meter_trust *trust,
                         const struct kw_meter_ask *ask,
                         const unsigned char *pdu, size_t length);

/* Strays have come on the line within KW_METER_HABIT_MS. */
bool kw_meter_trust_wary(const struct kw_meter_trust *trust, uint64_t now_ns);

/* pdu, which answers ask, is what the block said before the last time, and
 * strays come on the line: it may be a copy, or a value that goes to and fro.
 */
bool kw_meter_trust_older(const struct kw_meter_trust *trust,
                          const struct kw_meter_ask *ask,
                          const unsigned char *pdu, size_t length,
                          uint64_t now_ns);

/* pdu, which may be a copy, is not taken for the time being. */
void kw_meter_trust_set_aside(struct kw_meter_trust *trust, uint8_t unit,
                              const unsigned char *pdu, size_t length);

/* Nothing else came for ask: a marker goes before it is asked again. */
void kw_meter_trust_doubted(struct kw_meter_trust *trust,
                            const struct kw_meter_ask *ask);

/* pdu is the reply to ask, which left at sent_ns. */
void kw_meter_trust_taken(struct kw_meter_trust *trust,
                          const struct kw_meter_ask *ask, uint64_t sent_ns,
                          const unsigned char *pdu, size_t length,
                          uint64_t now_ns);

/*
 * pdu came from unit and nobody waits for it; it is not known to be late. True
 * when it is a copy of a reply that was taken: one of a habit, but nothing was
 * mistaken.
 */
bool kw_meter_trust_surplus(struct kw_meter_trust *trust, uint8_t unit,
                            const unsigned char *pdu, size_t length,
                            uint64_t now_ns);

/* True when pdu, which nobody waits for, has been seen before and strays come:
 * it may be a copy. */
bool kw_meter_trust_seen(const struct kw_meter_trust *trust, uint8_t unit,
                         const unsigned char *pdu, size_t length,
                         uint64_t now_ns);

/* A request leaves. */
void kw_meter_trust_sent(struct kw_meter_trust *trust);

/* pdu came late from unit: a copy of it is known then. */
void kw_meter_trust_late(struct kw_meter_trust *trust, uint8_t unit,
                         const unsigned char *pdu, size_t length);

/* True when pdu is what came late before it, and no request has left since: a
 * copy, which is no other late reply. */
bool kw_meter_trust_late_again(struct kw_meter_trust *trust, uint8_t unit,
                               const unsigned char *pdu, size_t length,
                               uint64_t now_ns);

/* The beginning of a frame came, from the unit on, and no more of it before the
 * next request leaves, or all of it with a wrong check sum: what it was can't
 * be known any more. */
void kw_meter_trust_part(struct kw_meter_trust *trust,
                         const unsigned char *bytes, size_t length,
                         uint64_t now_ns);

/* A copy came before the reply to the unit's request under way. */
void kw_meter_trust_copied(struct kw_meter_trust *trust, uint8_t unit,
                           uint64_t now_ns);

/* Must a marker go before the next request to the unit? */
bool kw_meter_trust_suspects(const struct kw_meter_trust *trust, uint8_t unit);

/* True when a reply to marker could be mistaken for one of the unit's blocks.
 */
bool kw_meter_trust_alike(const struct kw_meter_trust *trust,
                          const struct kw_meter_ask *marker);

/* The reply to a marker of that unit came: what follows is proven. */
void kw_meter_trust_marked(struct kw_meter_trust *trust, uint8_t unit,
                           const unsigned char *pdu, size_t length,
                           uint64_t now_ns);

/* It did not. After KW_METER_MARKERS_MAX there are none, since some meters do
 * not answer what they don't like. */
void kw_meter_trust_unmarked(struct kw_meter_trust *trust, uint8_t unit);

/* The unit is not to be asked before: its surplus replies are due until then.
 */
uint64_t kw_meter_trust_ready_ns(const struct kw_meter_trust *trust,
                                 uint8_t unit, uint64_t now_ns);

/* Time in which the unit answers, by far. */
uint64_t kw_meter_trust_usual_ns(const struct kw_meter_trust *trust,
                                 uint8_t unit);

/* Until then the real reply to the unit's last request would have come, had
 * something else been taken for it. */
uint64_t kw_meter_trust_settled_ns(const struct kw_meter_trust *trust,
                                   uint8_t unit);

#endif
