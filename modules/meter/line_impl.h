/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of a line, shared by line.c, line_port.c and line_read.c. */
#ifndef KW_METER_LINE_IMPL_H
#define KW_METER_LINE_IMPL_H

#include "meter/doubt.h"
#include "meter/line.h"
#include "meter/link.h"
#include "meter/stats.h"

enum {
    KW_METER_RX_BYTES = 1024, /* at least two of the longest frames */
    KW_METER_WHY_SIZE = 320,
    KW_METER_FRAME_MAX = KW_METER_PDU_MAX + 7, /* of either kind */
};

/* One request under way. */
struct kw_meter_slot {
    bool used;
    bool marker;              /* ask is a marker, see doubt.h */
    bool overdue;             /* its time is up: a last look */
    bool started;             /* its answer has begun */
    bool extended;            /* and was given time to end */
    bool echoed;              /* the line gave the request back */
    bool copied;              /* a reply came that may be a copy: trust.h */
    uint16_t held;            /* bytes in trust->held; 0: none */
    struct kw_meter_job *job; /* NULL: its owner has gone */
    struct kw_meter_ask ask;  /* data is inside frame */
    unsigned tag;
    uint16_t transaction;
    uint64_t sent_ns, deadline_ns;
    unsigned foreign;
    bool answered;   /* the request before was */
    uint32_t traced; /* number in the trace */
    size_t frame_length;
    unsigned char frame[KW_METER_FRAME_MAX]; /* what was sent */
};

struct kw_meter_line {
    struct kw_life life;
    struct kw_core *core;
    const struct kw_meter_line_conf *conf;
    struct kw_meter_line_owner owner;
    struct kw_meter_link *link;
    struct kw_wake wake;     /* the next thing that is due */
    struct kw_wake silence;  /* the line has been silent for long enough */
    struct kw_turn_end over; /* of closing: nothing is told inside a call */
    bool rtu;                /* frames with CRC, else with MBAP */
    bool echoes;             /* the last request came back before its answer */
    uint64_t char_ns;        /* 0: not known (TCP) */
    bool rough;              /* garbage came: listen for longer */
    uint64_t lead_ns;        /* from handing over to the first bit: RS-485 */
    uint64_t silence_ns;     /* before a request, pause included */
    uint64_t timeout_ns;

    struct kw_link jobs;
    size_t jobs_count, jobs_max;
    struct kw_meter_schedule schedule;
    struct kw_meter_task **memory; /* of the schedule; owned */

    uint8_t state;           /* enum kw_meter_wire_state */
    uint8_t shown;           /* enum kw_meter_line_state, last told */
    bool told_up, told_down; /* what the jobs know */
    bool opening, open;
    bool cut;            /* it was open when it was lost the last time */
    unsigned inside;     /* callbacks under way: see enter */
    unsigned failures;   /* openings in a row that gave no answer */
    bool renewing;       /* lost on purpose: nobody is told */
    bool suspended;      /* down until it is resumed */
    size_t rubbish;      /* bytes in this second that answered nothing */
    uint64_t second_ns;  /* that began */
    unsigned babbles;    /* closed for too many of them, lately */
    uint64_t babble_ns;  /* the last time */
    unsigned silent;     /* time-outs in a row */
    uint64_t open_ns;    /* down: open then; opening: give up then */
    uint64_t active_ns;  /* the last byte in either direction */
    uint64_t give_up_ns; /* listening: send in spite of noise then */
    uint64_t busy_ns;    /* since when in use */
    char why[KW_METER_WHY_SIZE];

    struct kw_meter_slot *slots; /* slots_max; owned */
    unsigned slots_max, slots_used;
    uint16_t transaction;
    uint64_t foreign;             /* frames that came when nobody waited */
    struct kw_meter_doubt doubt;  /* frames with CRC alone */
    struct kw_meter_trust *trust; /* the same; owned, else NULL */
    struct kw_meter_overload overload;
    struct kw_meter_usage usage;
    struct kw_meter_trace *trace; /* owned */
    size_t rx_length;
    unsigned char rx[KW_METER_RX_BYTES];
};

/*
 * Every callback from outside works between enter and leave; the outermost
 * leave sets the wake to what is due next.
 */
void kw_meter_line_enter(struct kw_meter_line *line);
void kw_meter_line_leave(struct kw_meter_line *line);
void kw_meter_line_on_wake(struct kw_wake *wake);

/* Feeds an event (enum kw_meter_wire_event) to the state table and does what
 * it says, until nothing follows. */
void kw_meter_line_feed(struct kw_meter_line *line, unsigned event);

/* Ends a slot: frees it, tells its job, feeds done or spoiled. Afterwards rx
 * may hold nothing and the line may be down or closing. */
void kw_meter_line_finish(struct kw_meter_line *line,
                          struct kw_meter_slot *slot,
                          struct kw_meter_answer *answer);

/* line_port.c: opens, or gives an opening up that takes too long. */
void kw_meter_line_open(struct kw_meter_line *line, uint64_t now_ns);

/* Plans the next opening, and tells everybody that the line is down unless
 * it is only made anew. */
void kw_meter_line_lost(struct kw_meter_line *line, uint64_t now_ns);

/* Somebody has answered: the line is up, if it was not shown so. */
void kw_meter_line_answered(struct kw_meter_line *line);

/* Keeps the reason that is shown while the line is down. */
void kw_meter_line_why(struct kw_meter_line *line, const char *why);

/* line_time.c: a request has ended, answered or not; its slot is still as it
 * was. */
void kw_meter_line_took(struct kw_meter_line *line,
                        const struct kw_meter_slot *slot,
                        const struct kw_meter_answer *answer, uint64_t now_ns);

/* line_read.c: bytes have come. */
void kw_meter_line_read(struct kw_meter_line *line, const unsigned char *bytes,
                        size_t length);

/* The time of a slot is over: true when it fails, with *outcome; false when
 * the rest of an answer that has begun is waited for. */
bool kw_meter_line_expired(struct kw_meter_line *line,
                           struct kw_meter_slot *slot, uint64_t now_ns,
                           enum kw_meter_outcome *outcome);

/*
 * line_trace.c, what was on the line: a request, which leaves; what became of
 * it; the frame that answered it; a frame or bytes that should not be there
 * (slot: who waits meanwhile, or NULL).
 */
void kw_meter_line_trace_sent(struct kw_meter_line *line,
                              struct kw_meter_slot *slot, uint64_t now_ns);
void kw_meter_line_trace_end(struct kw_meter_line *line,
                             struct kw_meter_slot *slot,
                             const struct kw_meter_answer *answer);
void kw_meter_line_trace_answer(struct kw_meter_line *line,
                                const struct kw_meter_slot *slot,
                                const struct kw_meter_answer *answer,
                                const unsigned char *bytes, size_t length);
void kw_meter_line_trace_odd(struct kw_meter_line *line,
                             const struct kw_meter_slot *slot,
                             uint8_t as, /* enum kw_meter_traced_as */
                             const unsigned char *bytes, size_t length);

/* A whole frame with CRC that nobody waits for and that is not late: twice or
 * foreign. */
uint8_t kw_meter_line_whose(const struct kw_meter_line *line,
                            const struct kw_meter_slot *waits,
                            const unsigned char *frame, size_t length);

#endif
