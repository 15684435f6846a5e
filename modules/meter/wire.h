/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The states of a line and what each event does in each of them, as one
 * table. Pure: the line (line.c) carries the actions out.
 *
 *   down ──up──▶ idle ──work──▶ silence ──silent──▶ sending ──sent──▶ waiting
 *                 ▲ ▲                                                  │  │
 *                 │ └───────────────── done ◀──────────────────────────┘  │
 *                 └──silent── quiet ◀── spoiled (garbage or time-out) ────┘
 *
 * A connection that takes several requests at once goes from waiting through
 * silence again while a place is free. lost leads to down from everywhere.
 */
#ifndef KW_METER_WIRE_H
#define KW_METER_WIRE_H

#include <stdint.h>

enum kw_meter_wire_state {
    KW_METER_WIRE_DOWN,    /* no port or connection */
    KW_METER_WIRE_IDLE,    /* nothing to do */
    KW_METER_WIRE_SILENCE, /* a request is due, the line not yet silent */
    KW_METER_WIRE_SENDING, /* not all bytes of a request are handed over */
    KW_METER_WIRE_WAITING, /* for one or more answers */
    KW_METER_WIRE_QUIET,   /* after garbage or a time-out, until silent */
    KW_METER_WIRE_STATES
};

enum kw_meter_wire_event {
    KW_METER_WIRE_UP,      /* port or connection is open */
    KW_METER_WIRE_LOST,    /* it failed or was closed */
    KW_METER_WIRE_WORK,    /* a task is due and a place is free */
    KW_METER_WIRE_SILENT,  /* the silence has been kept */
    KW_METER_WIRE_SENT,    /* the last byte of a request is handed over */
    KW_METER_WIRE_DONE,    /* the last answer that was waited for is here */
    KW_METER_WIRE_SPOILED, /* it will not come, or was garbage */
    KW_METER_WIRE_NOISE,   /* bytes that nobody waits for */
    KW_METER_WIRE_EVENTS
};

enum kw_meter_wire_action {
    KW_METER_WIRE_NOTHING,
    KW_METER_WIRE_LOOK,   /* is a task due? */
    KW_METER_WIRE_LISTEN, /* keep the silence, then SILENT */
    KW_METER_WIRE_SEND,   /* take the task and hand its request over */
    KW_METER_WIRE_FAIL,   /* fail what is under way, open again later */
};

struct kw_meter_wire_step {
    uint8_t state;  /* enum kw_meter_wire_state */
    uint8_t action; /* enum kw_meter_wire_action */
};

/* What follows; an event that means nothing in a state changes nothing. */
struct kw_meter_wire_step kw_meter_wire_step(enum kw_meter_wire_state state,
                                             enum kw_meter_wire_event event);

#endif
