/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bridge: requests of supervisors that go to a meter, queued on its line
 * among the polls. An answer is kept for a moment, and who asks the same while
 * it is under way waits for the same answer, so that sixteen clients cost the
 * line no more than one.
 */
#ifndef KW_SUPERVISOR_BRIDGE_H
#define KW_SUPERVISOR_BRIDGE_H

#include "core/loop.h"
#include "meter/meter.h"

enum {
    KW_SUPERVISOR_EXCHANGES = 64, /* under way and kept */
    KW_SUPERVISOR_LINE_MAX = 8,   /* under way on one line */
};

struct kw_supervisor_exchange;

/* Somebody who waits; embedded by a connection. */
struct kw_supervisor_waiter {
    struct kw_link link;
    /* Once: what came, good only for the call. Not when it was dropped. */
    void (*answered)(struct kw_supervisor_waiter *waiter,
                     const struct kw_supervisor_exchange *exchange);
};

struct kw_supervisor_bridge;

/* Who writes, kept for the audit however long the client stays. */
enum { KW_SUPERVISOR_ACTOR_SIZE = 160, KW_SUPERVISOR_METER_SIZE = 64 };
struct kw_supervisor_author {
    char actor[KW_SUPERVISOR_ACTOR_SIZE]; /* "192.0.2.7 (operator)" */
    char meter[KW_SUPERVISOR_METER_SIZE];
    uint8_t unit; /* as the supervisor addresses it */
};

/* A request to a line and what became of it. */
struct kw_supervisor_exchange {
    struct kw_meter_request request;
    struct kw_supervisor_bridge *bridge;
    const struct kw_meter_line *line; /* NULL: free */
    bool asking;                      /* under way, else the outcome is kept */
    struct kw_link waiters;
    uint64_t done_ms;
    struct kw_supervisor_author author; /* of a write */
    unsigned exception; /* code to answer with, 0: data is good */
    size_t length;
    unsigned char data[KW_METER_PDU_MAX]; /* values to write, then the
                                             answer's */
};

struct kw_supervisor_bridge {
    struct kw_loop *loop;
    struct kw_turn_end later; /* tells those whose line has closed */
    /* What became of a write; also when nobody waits any more. */
    void (*written)(void *arg, const struct kw_supervisor_exchange *exchange);
    void *arg;
    uint64_t cache_ms;
    uint64_t asked, spared; /* on the line; answered without it */
    struct kw_supervisor_exchange exchanges[KW_SUPERVISOR_EXCHANGES];
};

void kw_supervisor_bridge_init(struct kw_supervisor_bridge *bridge,
                               struct kw_loop *loop);
/* Cancels all; those who wait must have been dropped. */
void kw_supervisor_bridge_fini(struct kw_supervisor_bridge *bridge);

/*
 * Asks on a line. ask is valid; its data is copied. author is that of a write,
 * NULL for a read. 0 with *kept: here is an
 * answer (of a read) that is young enough; 0 with NULL: the waiter will be
 * told, never inside the call. Else an exception code: busy, or no answer
 * since the line is down.
 */
unsigned kw_supervisor_bridge_ask(struct kw_supervisor_bridge *bridge,
                                  struct kw_meter_line *line,
                                  const struct kw_meter_ask *ask,
                                  const struct kw_supervisor_author *author,
                                  struct kw_supervisor_waiter *waiter,
                                  const struct kw_supervisor_exchange **kept);

/* The waiter is not told any more; harmless when it doesn't wait. The request
 * goes on, its answer is kept. */
void kw_supervisor_bridge_drop(struct kw_supervisor_waiter *waiter);

/* The line is about to close: its requests are cancelled, and those who wait
 * are told at the end of the turn that nothing came. NULL: all lines. */
void kw_supervisor_bridge_close(struct kw_supervisor_bridge *bridge,
                                const struct kw_meter_line *line);

/* The answer as PDU; returns its bytes. */
size_t kw_supervisor_bridge_put(const struct kw_supervisor_exchange *exchange,
                                unsigned char *out);

#endif
