/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A turn is what runs between two waits of libuv: it begins in the check
 * handle (right after polling) and ends in the prepare handle (right before).
 * Timers run before the prepare handle of the same iteration, so they are
 * part of the turn that ends there. What was put off to the end of the turn
 * runs in prepare; if that puts off more, an idle handle keeps libuv from
 * waiting and the rest runs one iteration later.
 */
#include "core/loop.h"

#include <string.h>
#include <time.h>

/* What one turn may do of each kind, see enum kw_budget. */
static const unsigned budgets[KW_BUDGET_COUNT] = {
    [KW_BUDGET_OF(HANDSHAKE, WEB)] = 3,
    [KW_BUDGET_OF(HANDSHAKE, STATION)] = 2,
    [KW_BUDGET_OF(HANDSHAKE, LINE)] = 3,
    [KW_BUDGET_OF(READ, WEB)] = 64,
    [KW_BUDGET_OF(READ, STATION)] = 32,
    [KW_BUDGET_OF(READ, LINE)] = 64,
    [KW_BUDGET_REQUEST] = 16,
};

static const uint64_t long_turn_us = 50000;

static uint64_t thread_cpu_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

static void nothing(uv_idle_t *idle)
{
    (void)idle;
}

static void run_turn_ends(struct kw_loop *loop)
{
    struct kw_link now;

    kw_list_init(&now);
    while (!kw_list_empty(&loop->turn_ends)) {
        struct kw_link *link = loop->turn_ends.next;

        kw_list_remove(link);
        kw_list_append(&now, link);
    }
    uv_idle_stop(&loop->idle);
    while (!kw_list_empty(&now)) {
        struct kw_turn_end *end =
            KW_LIST_ENTRY(now.next, struct kw_turn_end, link);

        kw_list_remove(&end->link);
        end->run(end->arg);
    }
}

static void keep_longest(struct kw_turn *longest, const struct kw_turn *turn)
{
    if (turn->cpu_us > longest->cpu_us)
        longest->cpu_us = turn->cpu_us;
    if (turn->wall_ms > longest->wall_ms)
        longest->wall_ms = turn->wall_ms;
}

/* A turn of CPU time goes from here to here: what the thread has used since
 * then is the turn's, callbacks of sockets too, for waiting uses nothing. */
static void note_turn(struct kw_loop *loop)
{
    uint64_t now_ns = thread_cpu_ns();
    uint64_t now_ms = uv_hrtime() / 1000000;
    struct kw_turn turn = {.cpu_us = (now_ns - loop->turn_cpu_ns) / 1000,
                           .wall_ms = now_ms - loop->turn_wall_ms};
    struct kw_loop_stats *stats = &loop->stats;
    struct kw_turn both;

    loop->turn_cpu_ns = now_ns;
    stats->turns++;
    stats->over_50ms += turn.cpu_us > long_turn_us;
    if (turn.cpu_us > stats->longest_us)
        stats->longest_us = turn.cpu_us;
    if (now_ms - loop->minute_start_ms >= 60000) {
        loop->previous = loop->minute;
        loop->minute = (struct kw_turn){0};
        loop->minute_start_ms = now_ms;
    }
    keep_longest(&loop->minute, &turn);
    keep_longest(&loop->looked, &turn);
    both = loop->previous;
    keep_longest(&both, &loop->minute);
    stats->last_minute_longest_us = both.cpu_us;
    stats->last_minute_wall_ms = both.wall_ms;
}

struct kw_turn kw_loop_look(struct kw_loop *loop)
{
    struct kw_turn longest = loop->looked;

    loop->looked = (struct kw_turn){0};
    return longest;
}

static void on_turn_end(uv_prepare_t *prepare)
{
    struct kw_loop *loop = prepare->data;

    run_turn_ends(loop);
    kw_wakes_arm(&loop->wakes);
    note_turn(loop);
}

/* Gives the budget of a turn to those that wait for it, the oldest first. */
static void grant(struct kw_loop *loop, size_t which)
{
    struct kw_link *claims = &loop->claims[which];

    while (!kw_list_empty(claims) && loop->budget_left[which] > 0) {
        struct kw_claim *claim =
            KW_LIST_ENTRY(claims->next, struct kw_claim, link);

        kw_list_remove(&claim->link);
        claim->granted = loop->turn;
        loop->budget_left[which]--;
    }
}

static void begin_turn(struct kw_loop *loop)
{
    loop->turn++;
    memcpy(loop->budget_left, budgets, sizeof(budgets));
    for (size_t i = 0; i < KW_BUDGET_COUNT; i++)
        grant(loop, i);
}

/* libuv has read the time when it woke, before the callbacks of sockets. */
static void on_turn_begin(uv_check_t *check)
{
    struct kw_loop *loop = check->data;

    loop->turn_wall_ms = uv_now(&loop->uv);
    begin_turn(loop);
}

int kw_loop_init(struct kw_loop *loop, const struct kw_clock *clock)
{
    *loop = (struct kw_loop){.clock = clock};
    kw_list_init(&loop->turn_ends);
    for (size_t i = 0; i < KW_BUDGET_COUNT; i++)
        kw_list_init(&loop->claims[i]);
    if (uv_loop_init(&loop->uv) != 0)
        return KW_EIO;
    if (kw_wakes_init(loop) != 0) {
        (void)uv_loop_close(&loop->uv);
        return KW_EIO;
    }
    uv_prepare_init(&loop->uv, &loop->prepare);
    uv_check_init(&loop->uv, &loop->check);
    uv_idle_init(&loop->uv, &loop->idle);
    loop->prepare.data = loop->check.data = loop;
    uv_prepare_start(&loop->prepare, on_turn_end);
    uv_check_start(&loop->check, on_turn_begin);
    uv_unref((uv_handle_t *)&loop->prepare);
    uv_unref((uv_handle_t *)&loop->check);
    loop->minute_start_ms = uv_now(&loop->uv);
    begin_turn(loop);
    loop->turn_cpu_ns = thread_cpu_ns();
    loop->turn_wall_ms = uv_now(&loop->uv);
    return 0;
}

void kw_loop_run(struct kw_loop *loop)
{
    loop->turn_cpu_ns = thread_cpu_ns(); /* the start itself is no turn */
    loop->turn_wall_ms = uv_hrtime() / 1000000;
    uv_run(&loop->uv, UV_RUN_DEFAULT);
}

int kw_loop_fini(struct kw_loop *loop)
{
    uv_close((uv_handle_t *)&loop->prepare, NULL);
    uv_close((uv_handle_t *)&loop->check, NULL);
    uv_close((uv_handle_t *)&loop->idle, NULL);
    kw_wakes_fini(&loop->wakes);
    uv_run(&loop->uv, UV_RUN_NOWAIT);
    return uv_loop_close(&loop->uv) == 0 ? 0 : KW_EBUSY;
}

bool kw_loop_budget_take(struct kw_loop *loop, enum kw_budget which,
                         unsigned count)
{
    unsigned *left = &loop->budget_left[which];

    if (*left == 0)
        return false;
    *left -= count < *left ? count : *left;
    return true;
}

bool kw_loop_budget_claim(struct kw_loop *loop, enum kw_budget which,
                          struct kw_claim *claim)
{
    if (claim->granted == loop->turn) {
        claim->granted = 0;
        return true;
    }
    if (kw_loop_budget_take(loop, which, 1))
        return true;
    if (kw_list_empty(&claim->link))
        kw_list_append(&loop->claims[which], &claim->link);
    return false;
}

void kw_loop_claim_cancel(struct kw_claim *claim)
{
    kw_list_remove(&claim->link);
}

void kw_loop_turn_end(struct kw_loop *loop, struct kw_turn_end *end)
{
    if (!kw_list_empty(&end->link))
        return;
    kw_list_append(&loop->turn_ends, &end->link);
    if (!uv_is_active((uv_handle_t *)&loop->idle))
        uv_idle_start(&loop->idle, nothing);
}

void kw_loop_turn_end_cancel(struct kw_turn_end *end)
{
    kw_list_remove(&end->link);
}
