/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one loop. Measures each turn from the end of waiting to the next waiting:
 * CPU time of the thread, and wall time, which is longer when something on the
 * loop waited (a disk that hangs) or the machine is busy with others; gives
 * budgets a turn, and runs what modules put off to the end of a turn. Nothing
 * on it may ever wait.
 */
#ifndef KW_CORE_LOOP_H
#define KW_CORE_LOOP_H

#include "base/clock.h"
#include "base/list.h"
#include "core/life.h"
#include "core/wake.h"

#include <stdbool.h>
#include <uv.h>

/* Whose connection it is. Each share has budgets of its own, so that no flood
 * of one takes what another needs. */
enum kw_share {
    KW_SHARE_WEB,     /* browsers, and whoever else connects */
    KW_SHARE_STATION, /* SCADA stations */
    KW_SHARE_LINE,    /* our own connections to meters */
    KW_SHARE_COUNT
};

/* What costs much and can come in bursts: at most so much of it a turn. Of
 * the first two there is one budget a share: KW_BUDGET_OF(READ, WEB). */
enum kw_budget {
    KW_BUDGET_HANDSHAKE, /* TLS flights worked on */
    KW_BUDGET_READ = KW_BUDGET_HANDSHAKE + KW_SHARE_COUNT, /* reads of up to
                                                              1 KiB */
    KW_BUDGET_REQUEST =
        KW_BUDGET_READ + KW_SHARE_COUNT, /* light web requests */
    KW_BUDGET_COUNT = KW_BUDGET_REQUEST + 1
};

/* The budget that one share has of a kind; a sum of two enumerations is none of
 * either. */
#define KW_BUDGET_OF(kind, share)                                              \
    ((unsigned)KW_BUDGET_##kind + (unsigned)KW_SHARE_##share)

/* A place in the queue for a budget. Embedded by the one who asks. */
struct kw_claim {
    struct kw_link link; /* kw_list_init before the first use */
    uint64_t granted;    /* the turn in which it may go first */
};

/* The longest turns, not necessarily the same by both measures. */
struct kw_turn {
    uint64_t cpu_us;
    uint64_t wall_ms; /* of libuv's clock, so whole milliseconds */
};

struct kw_loop_stats {
    uint64_t turns;
    uint64_t longest_us;             /* since start, CPU time of the thread */
    uint64_t last_minute_longest_us; /* of the last whole minute and this one */
    uint64_t last_minute_wall_ms;    /* the same by wall time */
    uint64_t over_50ms;              /* turns of more CPU time than that */
};

/* Something to be done once at the end of this turn. Embedded by its owner. */
struct kw_turn_end {
    struct kw_link link; /* kw_list_init before the first use */
    void (*run)(void *arg);
    void *arg;
};

struct kw_loop {
    uv_loop_t uv;
    const struct kw_clock *clock; /* borrowed */
    uv_prepare_t prepare;         /* end of a turn */
    uv_check_t check;             /* begin of a turn */
    uv_idle_t idle;               /* awake while turn ends are queued */
    struct kw_wakes wakes;
    struct kw_link turn_ends;
    struct kw_loop_stats stats;
    uint64_t turn_cpu_ns;  /* thread's CPU time at its begin */
    uint64_t turn_wall_ms; /* libuv's time at its begin */
    uint64_t minute_start_ms;
    struct kw_turn minute, previous, looked; /* longest: of this minute, of the
                                                one before, since the last
                                                look */
    uint64_t turn;                           /* number of this turn, from 1 */
    unsigned guests; /* accepted connections that live */
    size_t lines;    /* descriptors that are kept for our own connections */
    unsigned budget_left[KW_BUDGET_COUNT];
    struct kw_link claims[KW_BUDGET_COUNT]; /* refused, the oldest first */
};

/* The clock is borrowed. KW_EIO when libuv can't start. */
KW_MUST_CHECK int kw_loop_init(struct kw_loop *loop,
                               const struct kw_clock *clock);

/* The longest turns since the last look. */
struct kw_turn kw_loop_look(struct kw_loop *loop);

/* Runs until nothing is left but the loop's own handles or uv_stop. */
void kw_loop_run(struct kw_loop *loop);

/*
 * Closes its own handles and runs what is left. 0, or KW_EBUSY when somebody
 * else's handle is still open (in tests that is a failure).
 */
KW_MUST_CHECK int kw_loop_fini(struct kw_loop *loop);

/*
 * Takes count of this turn's budget. False: none is left, come back next turn.
 * Who finds less than count has all that is left, so that what costs more than
 * a turn's budget gets a turn too, and is the last of it.
 */
bool kw_loop_budget_take(struct kw_loop *loop, enum kw_budget which,
                         unsigned count);

/*
 * The same for one, in the order of asking: a claim that is refused is queued,
 * and in the next turns those that wait longest are served before anybody else.
 * The claim must be taken out with kw_loop_claim_cancel before its memory goes.
 */
bool kw_loop_budget_claim(struct kw_loop *loop, enum kw_budget which,
                          struct kw_claim *claim);
void kw_loop_claim_cancel(struct kw_claim *claim);

/*
 * Runs end->run once, before the loop waits again. Queueing twice before it
 * ran counts once. Taken out with kw_loop_turn_end_cancel.
 */
void kw_loop_turn_end(struct kw_loop *loop, struct kw_turn_end *end);
void kw_loop_turn_end_cancel(struct kw_turn_end *end);

#endif
