/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Serves lines on TCP ports of 127.0.0.1, thousands of connections in the
 * main thread.
 */
#ifndef KW_PLANT_TCP_H
#define KW_PLANT_TCP_H

#include "arrivals.h"
#include "desk.h"
#include "loop.h"

struct kw_plant_connection;

/* One listening port. */
struct kw_plant_port {
    struct kw_plant_watch watch; /* first: the loop gives this address */
    struct kw_plant_tcp *tcp;
    struct kw_plant_line *line;
};

struct kw_plant_tcp {
    struct kw_plant_loop *loop;   /* borrowed */
    struct kw_plant_desk desk;    /* one for all: requests come one by one */
    struct kw_plant_port **ports; /* owned */
    size_t count;
    struct kw_plant_connection *first; /* all connections */
    size_t delayed; /* connections with bytes that wait for their time */
    struct kw_plant_arrivals arrivals;
};

/* -1 with a message. */
int kw_plant_tcp_init(struct kw_plant_tcp *tcp, struct kw_plant_loop *loop,
                      struct kw_plant_diag *diag);

/* Listens for a line on line->port, 0 for any: line->port and line->name tell
 * then which it is. -1 with a message. */
int kw_plant_tcp_listen(struct kw_plant_tcp *tcp, struct kw_plant_line *line,
                        struct kw_plant_diag *diag);

/* Sends what is due; see kw_plant_due_fn. */
int64_t kw_plant_tcp_due(struct kw_plant_tcp *tcp);

/* Closes ports and connections. */
void kw_plant_tcp_fini(struct kw_plant_tcp *tcp);

#endif
