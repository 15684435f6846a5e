/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Happy path: an exchange is made, its request waits in the line's schedule,
 * the answer is kept and told to all that wait. Failures: a full line or
 * bridge refuses at once; silence, garbage and a lost line are told as "no
 * answer", a refusal of the meter with the meter's own code; nothing is
 * repeated, since the supervisor does that itself. On close of a line its
 * exchanges are cancelled and forgotten.
 */
#include "supervisor/bridge.h"

#include "core/loop.h"
#include "supervisor/ask.h"

#include <string.h>

static bool same(const struct kw_supervisor_exchange *exchange,
                 const struct kw_meter_line *line,
                 const struct kw_meter_ask *ask)
{
    const struct kw_meter_ask *own = &exchange->request.ask;

    return exchange->line == line && own->unit == ask->unit &&
           own->function == ask->function && own->address == ask->address &&
           own->count == ask->count;
}

static bool is_young(const struct kw_supervisor_exchange *exchange)
{
    const struct kw_supervisor_bridge *bridge = exchange->bridge;

    return kw_clock_mono_ms(bridge->loop->clock) - exchange->done_ms <
           bridge->cache_ms;
}

/* One that is under way or young enough. Writes are never shared. */
static struct kw_supervisor_exchange *find(struct kw_supervisor_bridge *bridge,
                                           const struct kw_meter_line *line,
                                           const struct kw_meter_ask *ask)
{
    for (size_t i = 0; i < KW_SUPERVISOR_EXCHANGES; i++) {
        struct kw_supervisor_exchange *exchange = &bridge->exchanges[i];

        if (same(exchange, line, ask) && !kw_meter_ask_is_write(ask) &&
            (exchange->asking || is_young(exchange)))
            return exchange;
    }
    return NULL;
}

/* A free one or the oldest answer; NULL when too many are under way. */
static struct kw_supervisor_exchange *
make_room(struct kw_supervisor_bridge *bridge, const struct kw_meter_line *line)
{
    struct kw_supervisor_exchange *best = NULL;
    unsigned under_way = 0;

    for (size_t i = 0; i < KW_SUPERVISOR_EXCHANGES; i++) {
        struct kw_supervisor_exchange *exchange = &bridge->exchanges[i];

        if (exchange->asking)
            under_way += exchange->line == line;
        else if (!kw_list_empty(&exchange->waiters))
            continue; /* they are told at the end of this turn */
        else if (best == NULL || exchange->done_ms < best->done_ms)
            best = exchange; /* a free one has the time 0 */
    }
    return under_way < KW_SUPERVISOR_LINE_MAX ? best : NULL;
}

/* A write changes what the meter says: answers of before are forgotten. */
static void forget_unit(struct kw_supervisor_bridge *bridge,
                        const struct kw_supervisor_exchange *write)
{
    /* The write itself is among them: what it says is kept apart. */
    const struct kw_meter_line *line = write->line;
    uint8_t unit = write->request.ask.unit;

    for (size_t i = 0; i < KW_SUPERVISOR_EXCHANGES; i++) {
        struct kw_supervisor_exchange *exchange = &bridge->exchanges[i];

        if (!exchange->asking && exchange->line == line &&
            exchange->request.ask.unit == unit) {
            exchange->line = NULL;
            exchange->done_ms = 0;
        }
    }
}

/* Tells all that wait, with a copy: what they ask next may take its place. */
static void tell(struct kw_supervisor_exchange *exchange)
{
    struct kw_supervisor_exchange told = *exchange;

    kw_list_init(&told.waiters);
    while (!kw_list_empty(&exchange->waiters)) {
        struct kw_link *link = exchange->waiters.next;

        kw_list_remove(link);
        kw_list_append(&told.waiters, link);
    }
    while (!kw_list_empty(&told.waiters)) {
        struct kw_supervisor_waiter *waiter =
            KW_LIST_ENTRY(told.waiters.next, struct kw_supervisor_waiter, link);

        kw_list_remove(&waiter->link);
        waiter->answered(waiter, &told);
    }
}

/* Those whose line has closed: now that the change is complete. */
static void on_turn_end(void *arg)
{
    struct kw_supervisor_bridge *bridge = arg;

    for (size_t i = 0; i < KW_SUPERVISOR_EXCHANGES; i++) {
        if (!bridge->exchanges[i].asking)
            tell(&bridge->exchanges[i]);
    }
}

void kw_supervisor_bridge_init(struct kw_supervisor_bridge *bridge,
                               struct kw_loop *loop)
{
    bridge->loop = loop;
    kw_list_init(&bridge->later.link);
    bridge->later.run = on_turn_end;
    bridge->later.arg = bridge;
    for (size_t i = 0; i < KW_SUPERVISOR_EXCHANGES; i++) {
        bridge->exchanges[i].bridge = bridge;
        kw_list_init(&bridge->exchanges[i].waiters);
    }
}

void kw_supervisor_bridge_fini(struct kw_supervisor_bridge *bridge)
{
    kw_supervisor_bridge_close(bridge, NULL);
    kw_loop_turn_end_cancel(&bridge->later);
}

static void take_answer(struct kw_supervisor_exchange *exchange,
                        const struct kw_meter_answer *answer)
{
    exchange->exception = 0;
    exchange->length = 0;
    if (answer->outcome == KW_METER_GOOD) {
        memcpy(exchange->data, answer->data, answer->length);
        exchange->length = answer->length;
    } else if (answer->outcome == KW_METER_EXCEPTION) {
        /* 0 is none, and would pass for data here. */
        exchange->exception = answer->exception != 0 ? answer->exception
                                                     : KW_SUPERVISOR_NO_ANSWER;
    } else {
        exchange->exception = KW_SUPERVISOR_NO_ANSWER;
    }
}

static void on_done(struct kw_meter_request *request,
                    const struct kw_meter_answer *answer)
{
    struct kw_supervisor_exchange *exchange =
        KW_LIST_ENTRY(request, struct kw_supervisor_exchange, request);

    take_answer(exchange, answer);
    exchange->asking = false;
    exchange->done_ms = kw_clock_mono_ms(exchange->bridge->loop->clock);
    if (kw_meter_ask_is_write(&request->ask)) {
        forget_unit(exchange->bridge, exchange);
        exchange->bridge->written(exchange->bridge->arg, exchange);
    }
    tell(exchange);
}

unsigned kw_supervisor_bridge_ask(struct kw_supervisor_bridge *bridge,
                                  struct kw_meter_line *line,
                                  const struct kw_meter_ask *ask,
                                  const struct kw_supervisor_author *author,
                                  struct kw_supervisor_waiter *waiter,
                                  const struct kw_supervisor_exchange **kept)
{
    struct kw_supervisor_exchange *exchange = find(bridge, line, ask);
    int err;

    *kept = NULL;
    if (exchange != NULL) {
        bridge->spared++;
        if (exchange->asking)
            kw_list_append(&exchange->waiters, &waiter->link);
        else
            *kept = exchange;
        return 0;
    }
    exchange = make_room(bridge, line);
    if (exchange == NULL)
        return KW_SUPERVISOR_BUSY;
    exchange->request = (struct kw_meter_request){.ask = *ask, .done = on_done};
    if (author != NULL) {
        exchange->author = *author;
        memcpy(exchange->data, ask->data, kw_meter_ask_value_bytes(ask));
        exchange->request.ask.data = exchange->data;
    }
    exchange->line = NULL;
    exchange->done_ms = 0;
    err = kw_meter_request_start(&exchange->request, line,
                                 kw_clock_mono_ns(bridge->loop->clock));
    if (err != 0)
        return err == KW_EFULL ? KW_SUPERVISOR_BUSY : KW_SUPERVISOR_NO_ANSWER;
    exchange->line = line;
    exchange->asking = true;
    kw_list_append(&exchange->waiters, &waiter->link);
    bridge->asked++;
    return 0;
}

void kw_supervisor_bridge_drop(struct kw_supervisor_waiter *waiter)
{
    kw_list_remove(&waiter->link);
}

void kw_supervisor_bridge_close(struct kw_supervisor_bridge *bridge,
                                const struct kw_meter_line *line)
{
    for (size_t i = 0; i < KW_SUPERVISOR_EXCHANGES; i++) {
        struct kw_supervisor_exchange *exchange = &bridge->exchanges[i];

        if (exchange->line == NULL || (line != NULL && exchange->line != line))
            continue;
        exchange->exception = KW_SUPERVISOR_NO_ANSWER;
        if (exchange->asking) {
            kw_meter_request_cancel(&exchange->request);
            if (kw_meter_ask_is_write(&exchange->request.ask))
                bridge->written(bridge->arg, exchange);
        }
        exchange->asking = false;
        exchange->line = NULL;
        exchange->done_ms = 0;
    }
    /* In the middle of a change nobody may ask anything new. */
    kw_loop_turn_end(bridge->loop, &bridge->later);
}

size_t kw_supervisor_bridge_put(const struct kw_supervisor_exchange *exchange,
                                unsigned char *out)
{
    const struct kw_meter_ask *ask = &exchange->request.ask;

    if (exchange->exception != 0)
        return kw_supervisor_put_exception(ask->function, exchange->exception,
                                           out);
    if (kw_meter_ask_is_write(ask)) {
        out[0] = ask->function;
        memcpy(out + 1, exchange->data, exchange->length);
        return 1 + exchange->length;
    }
    memcpy(out + KW_SUPERVISOR_DATA_AT, exchange->data, exchange->length);
    return kw_supervisor_put_data(ask, out);
}
