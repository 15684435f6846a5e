/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The main thread's loop over epoll: TCP meters, control socket, signals.
 */
#ifndef KW_PLANT_LOOP_H
#define KW_PLANT_LOOP_H

#include "util.h"

/* Embedded in the object that owns the descriptor. */
struct kw_plant_watch {
    int fd; /* owned by the object; -1 = closed */
    void (*on_ready)(struct kw_plant_watch *watch, uint32_t events);
};

/* Called between events: does what is due, returns the monotonic time in ns
 * at which it wants to be called again, INT64_MAX for never. */
typedef int64_t kw_plant_due_fn(void *arg);

struct kw_plant_loop {
    int epoll;
    bool quit; /* set by anybody on the loop to end it */
};

/* -1 with a message. */
int kw_plant_loop_init(struct kw_plant_loop *loop, struct kw_plant_diag *diag);
void kw_plant_loop_fini(struct kw_plant_loop *loop);

/* Watches for EPOLL… events. A descriptor is forgotten when it is closed. */
int kw_plant_loop_add(struct kw_plant_loop *loop, struct kw_plant_watch *watch,
                      uint32_t events);
void kw_plant_loop_change(struct kw_plant_loop *loop,
                          struct kw_plant_watch *watch, uint32_t events);

/* Serves until `quit`. */
void kw_plant_loop_run(struct kw_plant_loop *loop, kw_plant_due_fn *due,
                       void *arg);

#endif
