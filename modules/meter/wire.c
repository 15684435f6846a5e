/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/wire.h"

#include <stdbool.h>

struct cell {
    bool defined;
    struct kw_meter_wire_step step;
};

/* Short names keep the table one that can be read. */
enum {
    DOWN = KW_METER_WIRE_DOWN,
    IDLE = KW_METER_WIRE_IDLE,
    SILENCE = KW_METER_WIRE_SILENCE,
    SENDING = KW_METER_WIRE_SENDING,
    WAITING = KW_METER_WIRE_WAITING,
    QUIET = KW_METER_WIRE_QUIET,
};

#define GO(next, does)                                                         \
    {                                                                          \
        true,                                                                  \
        {                                                                      \
            (next), KW_METER_WIRE_##does                                       \
        }                                                                      \
    }

static const struct cell table[KW_METER_WIRE_STATES][KW_METER_WIRE_EVENTS] = {
    [DOWN] =
        {
            [KW_METER_WIRE_UP] = GO(IDLE, LOOK),
        },
    [IDLE] =
        {
            [KW_METER_WIRE_LOST] = GO(DOWN, FAIL),
            [KW_METER_WIRE_WORK] = GO(SILENCE, LISTEN),
        },
    [SILENCE] =
        {
            [KW_METER_WIRE_LOST] = GO(DOWN, FAIL),
            [KW_METER_WIRE_SILENT] = GO(SENDING, SEND),
            [KW_METER_WIRE_NOISE] = GO(SILENCE, LISTEN),
        },
    [SENDING] =
        {
            [KW_METER_WIRE_LOST] = GO(DOWN, FAIL),
            [KW_METER_WIRE_SENT] = GO(WAITING, LOOK),
            /* the task that was due has gone */
            [KW_METER_WIRE_DONE] = GO(IDLE, LOOK),
        },
    [WAITING] =
        {
            [KW_METER_WIRE_LOST] = GO(DOWN, FAIL),
            [KW_METER_WIRE_WORK] = GO(SILENCE, LISTEN),
            [KW_METER_WIRE_DONE] = GO(IDLE, LOOK),
            [KW_METER_WIRE_SPOILED] = GO(QUIET, LISTEN),
        },
    [QUIET] =
        {
            [KW_METER_WIRE_LOST] = GO(DOWN, FAIL),
            [KW_METER_WIRE_SILENT] = GO(IDLE, LOOK),
            [KW_METER_WIRE_NOISE] = GO(QUIET, LISTEN),
        },
};

struct kw_meter_wire_step kw_meter_wire_step(enum kw_meter_wire_state state,
                                             enum kw_meter_wire_event event)
{
    if (!table[state][event].defined)
        return (struct kw_meter_wire_step){(uint8_t)state,
                                           KW_METER_WIRE_NOTHING};
    return table[state][event].step;
}
