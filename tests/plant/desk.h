/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where requests are answered: libmodbus at one end of a wire, the plant at
 * the other. Serial: the wire is a second pseudo-terminal that libmodbus
 * opens as its port; TCP: a pair of sockets. What comes out of libmodbus can
 * so be delayed and spoiled before it goes to the gateway.
 */
#ifndef KW_PLANT_DESK_H
#define KW_PLANT_DESK_H

#include "frame.h"
#include "line.h"

#include <modbus/modbus.h>

struct kw_plant_desk {
    modbus_t *modbus; /* owned */
    int wire;         /* the plant's end, owned; -1 = not open */
    int far;          /* TCP: libmodbus's end, owned; -1 */
};

/* Opens the wire; -1 with a message. */
int kw_plant_desk_open(struct kw_plant_desk *desk, bool tcp,
                       struct kw_plant_diag *diag);
void kw_plant_desk_close(struct kw_plant_desk *desk);

/* Answers one whole request. `reply` has room for KW_PLANT_ADU_BYTES. Returns
 * its length, 0 if nobody answers; `fault` says what to do to it. Counts the
 * request and takes the line's lock itself. Waits for the wire, at most a
 * second. */
size_t kw_plant_desk_answer(struct kw_plant_desk *desk,
                            struct kw_plant_line *line, const uint8_t *request,
                            size_t length, struct kw_plant_fault *fault,
                            uint8_t *reply);

#endif
