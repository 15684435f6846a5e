/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line at work. What happens is an event; the table in wire.c says which
 * state and action follow; this file carries the actions out.
 *
 * Happy path: the wake finds a task due (work), the silence since the last
 * byte is kept by another (silent), the task's job gives its request,
 * which leaves (sent), the answer comes (line_read.c) and goes to the job,
 * which puts itself in again when it has more to ask.
 * Failures: no answer in time, a garbled one: the job is told, and the line is
 * left alone until it is silent, but no longer than a time-out. Port or
 * connection lost: all jobs are told, it is opened again after a pause that
 * grows (line_port.c).
 * On close: requests under way are forgotten and no job is called; the memory
 * goes when port and connection have closed.
 */
#include "meter/line_impl.h"

#include "base/mem.h"
#include "core/core.h"
#include "meter/frame_mbap.h"
#include "meter/frame_rtu.h"
#include "meter/settings.h"
#include "meter/wire.h"

#include <string.h>

enum {
    NO_EVENT = KW_METER_WIRE_EVENTS,
    /* What is due within a millisecond is due: one wake for both. */
    SLACK_NS = 1000000,
    ROUGH_NS = 20000000,
    TIMEOUTS_TO_RENEW = 3,
    DOUBT_TIMEOUTS = 8, /* what is later does not come */
};

static uint64_t now_ns_of(const struct kw_meter_line *line)
{
    return kw_clock_mono_ns(line->core->clock);
}

static bool has_room(const struct kw_meter_line *line)
{
    return line->slots_used < (line->link->worn ? 1 : line->slots_max);
}

/* LOOK: is a task due? */
static unsigned look(struct kw_meter_line *line)
{
    uint64_t now_ns = now_ns_of(line);

    if (!has_room(line) ||
        kw_meter_schedule_next(&line->schedule) > now_ns + SLACK_NS)
        return NO_EVENT;
    return KW_METER_WIRE_WORK;
}

/* What a line must be silent for. After garbage it is longer than the pieces
 * in which adapters hand over what they have received are apart: a short gap
 * says nothing then. */
static uint64_t calm_ns(const struct kw_meter_line *line)
{
    return line->rough && line->silence_ns < ROUGH_NS ? ROUGH_NS
                                                      : line->silence_ns;
}

/* LISTEN: has the line been silent for long enough? */
static unsigned listen_to(struct kw_meter_line *line)
{
    uint64_t now_ns = now_ns_of(line);
    uint64_t quiet_ns = line->active_ns + calm_ns(line);

    if (now_ns >= quiet_ns || now_ns >= line->give_up_ns)
        return KW_METER_WIRE_SILENT;
    kw_wake_set(&line->silence, quiet_ns - now_ns);
    return NO_EVENT;
}

static struct kw_meter_slot *free_slot(struct kw_meter_line *line)
{
    struct kw_meter_slot *slot = line->slots;

    while (slot->used)
        slot++;
    return slot;
}

/* Must slot's request wait for a marker? Who asks it may have to wait before
 * its turn comes: *ready_ns. */
static bool needs_marker(struct kw_meter_line *line,
                         const struct kw_meter_slot *slot, uint64_t now_ns,
                         uint64_t *ready_ns)
{
    *ready_ns = 0;
    if (!line->rtu)
        return false;
    *ready_ns = kw_meter_trust_ready_ns(line->trust, slot->ask.unit, now_ns);
    kw_meter_doubt_expire(&line->doubt, DOUBT_TIMEOUTS * line->timeout_ns,
                          now_ns);
    return kw_meter_trust_suspects(line->trust, slot->ask.unit) ||
           kw_meter_doubt_holds(&line->doubt, &slot->ask,
                                kw_meter_trust_wary(line->trust, now_ns));
}

/* The next request that may leave now: its job, or NULL when there is none. */
static struct kw_meter_job *take_job(struct kw_meter_line *line,
                                     struct kw_meter_slot *slot,
                                     uint64_t now_ns)
{
    struct kw_meter_task *task;
    uint64_t ready_ns;

    while ((task = kw_meter_schedule_take(&line->schedule,
                                          now_ns + SLACK_NS)) != NULL) {
        struct kw_meter_job *job =
            KW_LIST_ENTRY(task, struct kw_meter_job, task);

        if (!job->ops->next(job, now_ns, &slot->ask, &slot->tag))
            continue;
        slot->marker = needs_marker(line, slot, now_ns, &ready_ns);
        if (ready_ns > now_ns + SLACK_NS) {
            kw_meter_line_put(job, ready_ns, job->task.deadline_ns);
            continue;
        }
        if (slot->marker)
            slot->ask =
                kw_meter_doubt_marker(&line->doubt, line->trust, &slot->ask);
        return job;
    }
    return NULL;
}

/* The frame is kept, and with it the values of a write: they are the caller's
 * only until the job is told, and the job may be removed before. */
static void encode(struct kw_meter_line *line, struct kw_meter_slot *slot)
{
    size_t values = kw_meter_ask_value_bytes(&slot->ask), tail = 0;

    if (line->rtu) {
        slot->frame_length = kw_meter_rtu_encode(&slot->ask, slot->frame);
        tail = 2; /* CRC */
    } else {
        slot->transaction = ++line->transaction;
        slot->frame_length =
            kw_meter_mbap_encode(&slot->ask, slot->transaction, slot->frame);
    }
    slot->ask.data = slot->frame + slot->frame_length - tail - values;
}

/* How long the beginning of the answer is waited for. */
static uint64_t patience_ns(const struct kw_meter_line *line,
                            const struct kw_meter_ask *ask)
{
    return ask->timeout_ms > 0 ? (uint64_t)ask->timeout_ms * 1000000U
                               : line->timeout_ns;
}

/* SEND: takes the task that is most urgent and hands its request over. */
static unsigned send_next(struct kw_meter_line *line)
{
    struct kw_meter_slot *slot = free_slot(line);
    uint64_t now_ns = now_ns_of(line);
    struct kw_meter_job *job = take_job(line, slot, now_ns);
    int err;

    if (job == NULL)
        return line->slots_used > 0 ? KW_METER_WIRE_SENT : KW_METER_WIRE_DONE;
    slot->used = true;
    slot->started = slot->extended = slot->overdue = slot->echoed = false;
    slot->copied = false;
    slot->held = 0;
    slot->job = job;
    slot->foreign = 0;
    if (line->slots_used++ == 0)
        line->busy_ns = now_ns;
    if (line->rtu) {
        kw_meter_trust_part(line->trust, line->rx, line->rx_length, now_ns);
        if (line->rx_length > 0 && slot->answered)
            kw_meter_line_trace_odd(line, NULL, KW_METER_TRACED_NOISE, line->rx,
                                    line->rx_length);
        line->rx_length = 0;
        kw_meter_trust_sent(line->trust);
    }
    encode(line, slot);
    kw_meter_line_trace_sent(line, slot, now_ns);
    /* On a serial line the bytes go on leaving after they are handed over. */
    slot->sent_ns = line->active_ns =
        now_ns + line->lead_ns + slot->frame_length * line->char_ns;
    slot->deadline_ns = slot->sent_ns + patience_ns(line, &slot->ask);
    if (!slot->marker)
        job->ops->sent(job, slot->tag, now_ns);
    err = line->link->ops->send(line->link, slot->frame, slot->frame_length);
    if (err != 0 && err != KW_EAGAIN)
        return KW_METER_WIRE_LOST;
    return err == 0 ? (unsigned)KW_METER_WIRE_SENT : NO_EVENT;
}

static void release(struct kw_meter_line *line, struct kw_meter_slot *slot,
                    uint64_t now_ns)
{
    slot->used = false;
    if (--line->slots_used == 0)
        kw_meter_usage_add(&line->usage, line->busy_ns,
                           now_ns + line->silence_ns);
}

static bool is_answer(enum kw_meter_outcome outcome)
{
    return outcome == KW_METER_GOOD || outcome == KW_METER_EXCEPTION;
}

/* True when the slot held a marker that came back: its job's turn is now. */
static bool end_marker(struct kw_meter_line *line, struct kw_meter_slot *slot,
                       enum kw_meter_outcome outcome, uint64_t now_ns)
{
    struct kw_meter_job *job = slot->job;

    kw_meter_doubt_marked(&line->doubt, slot->ask.unit, is_answer(outcome));
    if (!is_answer(outcome))
        kw_meter_trust_unmarked(line->trust, slot->ask.unit);
    if (job == NULL)
        return false;
    if (is_answer(outcome)) {
        kw_meter_line_put(job, now_ns, job->task.deadline_ns);
        return true;
    }
    job->ops->sent(job, slot->tag, now_ns); /* the request fails with it */
    return false;
}

/* What became of the request of a slot that is free again. */
static void tell(struct kw_meter_line *line, struct kw_meter_slot *slot,
                 struct kw_meter_answer *answer, uint64_t now_ns)
{
    struct kw_meter_job *job = slot->job;

    if (slot->marker && end_marker(line, slot, answer->outcome, now_ns))
        return;
    if (!slot->marker && is_answer(answer->outcome))
        kw_meter_doubt_answered(&line->doubt, &slot->ask);
    if (job == NULL)
        return;
    slot->job = NULL;
    answer->foreign = slot->foreign;
    answer->rtt_us =
        now_ns > slot->sent_ns ? (now_ns - slot->sent_ns) / 1000 : 0;
    job->ops->answered(job, slot->tag, answer, now_ns);
}

/* FAIL: the port or connection is lost. */
static unsigned fail_all(struct kw_meter_line *line)
{
    uint64_t now_ns = now_ns_of(line);

    line->link->ops->close(line->link);
    for (unsigned i = 0; i < line->slots_max; i++) {
        struct kw_meter_answer answer = {.outcome = KW_METER_LINE};

        if (!line->slots[i].used)
            continue;
        release(line, &line->slots[i], now_ns);
        kw_meter_line_trace_end(line, &line->slots[i], &answer);
        tell(line, &line->slots[i], &answer, now_ns);
    }
    kw_meter_line_lost(line, now_ns);
    return NO_EVENT;
}

static unsigned act(struct kw_meter_line *line, uint8_t action)
{
    switch (action) {
    case KW_METER_WIRE_LOOK:
        return look(line);
    case KW_METER_WIRE_LISTEN:
        return listen_to(line);
    case KW_METER_WIRE_SEND:
        return send_next(line);
    case KW_METER_WIRE_FAIL:
        return fail_all(line);
    default:
        return NO_EVENT;
    }
}

static bool listens(uint8_t state)
{
    return state == KW_METER_WIRE_SILENCE || state == KW_METER_WIRE_QUIET;
}

void kw_meter_line_feed(struct kw_meter_line *line, unsigned event)
{
    while (event != NO_EVENT && !line->life.closing) {
        struct kw_meter_wire_step step = kw_meter_wire_step(line->state, event);

        if (listens(step.state) && !listens(line->state))
            line->give_up_ns = now_ns_of(line) + line->timeout_ns;
        line->state = step.state;
        event = act(line, step.action);
    }
}

/* A connection that is worn, on which nobody answers, or that stopped in the
 * middle of a frame, is made anew; meters that are well do not notice. */
static bool needs_renewal(const struct kw_meter_line *line,
                          enum kw_meter_outcome outcome)
{
    if (line->link->worn && line->slots_used == 0)
        return true;
    return !line->rtu && outcome == KW_METER_TIMEOUT &&
           (line->silent >= TIMEOUTS_TO_RENEW || line->rx_length > 0);
}

void kw_meter_line_finish(struct kw_meter_line *line,
                          struct kw_meter_slot *slot,
                          struct kw_meter_answer *answer)
{
    uint64_t now_ns = now_ns_of(line);
    enum kw_meter_outcome outcome = answer->outcome;

    release(line, slot, now_ns);
    kw_meter_line_took(line, slot, answer, now_ns);
    kw_meter_line_trace_end(line, slot, answer);
    /* Who asks with a time-out of its own looks whether somebody is there:
     * silence says nothing about the connection. */
    if (outcome != KW_METER_TIMEOUT)
        line->silent = 0;
    else if (slot->ask.timeout_ms == 0)
        line->silent++;
    if (is_answer(outcome))
        kw_meter_line_answered(line);
    tell(line, slot, answer, now_ns);
    if (line->life.closing)
        return;
    if (needs_renewal(line, outcome)) {
        line->renewing = true;
        kw_meter_line_why(line, line->link->worn
                                    ? "the connection was a day old"
                                    : "no answer on this connection");
        kw_meter_line_feed(line, KW_METER_WIRE_LOST);
    } else if (line->slots_used > 0) {
        kw_meter_line_feed(line, look(line)); /* others are under way */
    } else {
        line->rough = line->rtu && outcome == KW_METER_GARBLED;
        kw_meter_line_feed(line, is_answer(outcome) ? KW_METER_WIRE_DONE
                                                    : KW_METER_WIRE_SPOILED);
    }
}

static void expire(struct kw_meter_line *line, uint64_t now_ns)
{
    for (unsigned i = 0; i < line->slots_max && !line->life.closing; i++) {
        struct kw_meter_slot *slot = &line->slots[i];
        struct kw_meter_answer answer = {.outcome = KW_METER_TIMEOUT};

        if (!slot->used || slot->deadline_ns > now_ns + SLACK_NS)
            continue;
        if (!slot->overdue) {
            /* If the loop was held up the answer may be waiting to be read:
             * that comes first. */
            slot->overdue = true;
            slot->deadline_ns = now_ns + 2 * SLACK_NS;
        } else if (line->state == KW_METER_WIRE_SENDING) {
            kw_meter_line_why(line, "it takes no bytes");
            kw_meter_line_feed(line, KW_METER_WIRE_LOST);
        } else if (kw_meter_line_expired(line, slot, now_ns, &answer.outcome)) {
            kw_meter_line_finish(line, slot, &answer);
        }
    }
}

/* Sets the wake to the next thing that will be due. */
static void arm(struct kw_meter_line *line)
{
    uint64_t now_ns = now_ns_of(line), next_ns = UINT64_MAX;

    if (line->state == KW_METER_WIRE_DOWN)
        next_ns = line->open_ns;
    else if (!listens(line->state) && has_room(line))
        next_ns = kw_meter_schedule_next(&line->schedule);
    for (unsigned i = 0; i < line->slots_max; i++) {
        if (line->slots[i].used && line->slots[i].deadline_ns < next_ns)
            next_ns = line->slots[i].deadline_ns;
    }
    if (next_ns == UINT64_MAX)
        kw_wake_clear(&line->wake);
    else
        kw_wake_set(&line->wake, next_ns > now_ns ? next_ns - now_ns : 0);
}

void kw_meter_line_enter(struct kw_meter_line *line)
{
    line->inside++;
}

void kw_meter_line_leave(struct kw_meter_line *line)
{
    if (--line->inside == 0 && !line->life.closing)
        arm(line);
}

void kw_meter_line_on_wake(struct kw_wake *wake)
{
    struct kw_meter_line *line =
        KW_LIST_ENTRY(wake, struct kw_meter_line, wake);
    uint64_t now_ns = now_ns_of(line);

    kw_meter_line_enter(line);
    if (line->state == KW_METER_WIRE_DOWN) {
        kw_meter_line_open(line, now_ns);
    } else {
        expire(line, now_ns);
        if (!line->life.closing && (line->state == KW_METER_WIRE_IDLE ||
                                    line->state == KW_METER_WIRE_WAITING))
            kw_meter_line_feed(line, look(line));
    }
    kw_meter_line_leave(line);
}

void kw_meter_line_put(struct kw_meter_job *job, uint64_t due_ns,
                       uint64_t deadline_ns)
{
    struct kw_meter_line *line = job->line;

    /* There is room for all jobs that were added. */
    (void)kw_meter_schedule_put(&line->schedule, &job->task, due_ns,
                                deadline_ns);
    if (line->inside == 0)
        arm(line);
}

int kw_meter_line_add(struct kw_meter_line *line, struct kw_meter_job *job)
{
    if (line->jobs_count >= line->jobs_max)
        return KW_EFULL;
    line->jobs_count++;
    kw_list_append(&line->jobs, &job->link);
    job->line = line;
    return 0;
}

void kw_meter_line_remove(struct kw_meter_job *job)
{
    struct kw_meter_line *line = job->line;

    if (line == NULL)
        return;
    kw_meter_schedule_claim(&line->schedule, &job->task, 0, 0);
    kw_meter_schedule_remove(&line->schedule, &job->task);
    kw_list_remove(&job->link);
    line->jobs_count--;
    job->line = NULL;
    for (unsigned i = 0; i < line->slots_max; i++) {
        if (line->slots[i].job == job)
            line->slots[i].job = NULL;
    }
}
