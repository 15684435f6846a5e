/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Serves a line on a pseudo-terminal, in a thread of its own, at the speed of
 * its baud rate.
 */
#ifndef KW_PLANT_SERIAL_H
#define KW_PLANT_SERIAL_H

#include "desk.h"

enum { KW_PLANT_PATH_BYTES = 512, KW_PLANT_PENDING = 16 };

/* Bytes that wait for their time. */
struct kw_plant_pending {
    int64_t due_ns;       /* monotonic */
    int64_t character_ns; /* 0 = all at once */
    uint8_t *bytes;       /* owned */
    size_t length;
};

struct kw_plant_serial {
    struct kw_plant_line *line; /* borrowed */
    struct kw_plant_desk desk;
    char link[KW_PLANT_PATH_BYTES]; /* what the gateway opens */
    int terminal;                   /* our end */
    int device; /* the gateway's end, held open so that we see no hang-up */
    int stop;   /* eventfd */
    pthread_t thread;
    bool running;
    uint8_t request[KW_PLANT_ADU_BYTES];
    size_t have;      /* bytes of the request */
    int64_t first_ns; /* when its first byte came */
    int64_t last_ns;  /* when its last byte came */
    int64_t free_ns;  /* when our last reply was through; 0 = none */
    bool too_early;   /* the request did not leave the silence */
    struct kw_plant_pending pending[KW_PLANT_PENDING]; /* by due time */
    size_t waiting;
};

/* Opens the terminal and starts the thread. The link is made in `folder` and
 * replaces an old link. -1 with a message. */
int kw_plant_serial_start(struct kw_plant_serial *serial,
                          struct kw_plant_line *line, const char *folder,
                          struct kw_plant_diag *diag);

/* Ends the thread, waits for it, removes the link. */
void kw_plant_serial_stop(struct kw_plant_serial *serial);

#endif
