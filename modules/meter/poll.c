/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A meter's poll, from due to published.
 *
 * Happy path: the line asks for a request (next); the first one begins the
 * poll and marks the requests of all classes that are due. Each answer is
 * decoded into the samples. When nothing is left the samples are published in
 * one call and the meter waits for the next time of its grids.
 * Failures: a request without a usable answer is repeated, after others that
 * are due; when that fails too, the next one shows whether the meter is there
 * at all (probe.c), and if it isn't the rest of the poll fails. What alone is
 * refused or not answered is narrowed and left out (refused.c); a busy meter
 * is asked again after a moment.
 * On close: the line calls nothing any more; what was decoded is dropped.
 */
#include "meter/device.h"

#include "core/core.h"
#include "meter/patience.h"
#include "meter/probe.h"
#include "meter/refused.h"
#include "meter/settings.h"
#include "meter/values.h"

static const uint64_t ns_per_ms = 1000000;
/* As the line does: what is due within a millisecond is due. */
static const uint64_t slack_ns = 1000000;

static struct kw_meter_device *device_of(struct kw_meter_job *job)
{
    return KW_LIST_ENTRY(job, struct kw_meter_device, job);
}

static void set_state(struct kw_meter_device *device,
                      enum kw_meter_device_state state)
{
    enum kw_meter_device_state old = device->state;

    if (old == state)
        return;
    device->state = state;
    kw_meter_device_claim(device);
    device->since_ms = kw_clock_wall_ms(device->core->clock);
    device->owner.on_state(device->owner.arg, device, old);
}

static bool is_aside(const struct kw_meter_device *device)
{
    return device->failures >= KW_METER_ASIDE_AFTER;
}

static void fail_request(struct kw_meter_device *device, unsigned request,
                         uint8_t quality)
{
    const struct kw_plan_request *plan = &device->plan.requests[request];

    kw_meter_image_fail(&device->image, device->request[request].block, quality,
                        quality == KW_QUALITY_BAD_EXCEPTION ? device->exception
                                                            : 0);
    kw_meter_image_drop(&device->image, device->request[request].block,
                        plan->address, plan->count);
    kw_meter_values_fail(device, plan->first, plan->points, quality);
}

static void set_step(struct kw_meter_device *device, unsigned request,
                     enum kw_meter_step step)
{
    uint8_t *now = &device->request[request].step;

    device->todo -= *now == KW_METER_STEP_TODO;
    device->sent -= *now == KW_METER_STEP_SENT;
    *now = (uint8_t)step;
    device->todo += step == KW_METER_STEP_TODO;
    device->sent += step == KW_METER_STEP_SENT;
}

/* What is left of the poll fails with it. */
static void fail_rest(struct kw_meter_device *device, uint8_t quality)
{
    for (unsigned i = 0; i < device->plan.count; i++) {
        if (device->request[i].step == KW_METER_STEP_TODO) {
            set_step(device, i, KW_METER_STEP_NONE);
            fail_request(device, i, quality);
        }
    }
}

/* The class that comes next, KW_MAP_ONCE when the meter has only texts. */
static int next_class(const struct kw_meter_device *device)
{
    int next = KW_MAP_ONCE;

    for (int i = 0; i < KW_MAP_ONCE; i++) {
        if (device->due_ns[i] != UINT64_MAX &&
            (next == KW_MAP_ONCE || device->due_ns[i] < device->due_ns[next]))
            next = i;
    }
    return next;
}

/* How long the shortest period really is: an average over some eight. */
static void measure_period(struct kw_meter_device *device, uint64_t now_ns)
{
    uint64_t period_ns = now_ns - device->begun_ns;

    if (device->begun_ns != 0)
        device->achieved_ns = device->achieved_ns == 0
                                  ? period_ns
                                  : (device->achieved_ns * 7 + period_ns) / 8;
    device->begun_ns = now_ns;
}

/* Which classes are due by until_ns; their next times are planned. */
static void take_due(struct kw_meter_device *device, uint64_t now_ns,
                     uint64_t until_ns, bool due[KW_MAP_CLASSES])
{
    bool shortest = true;

    for (int i = 0; i < KW_MAP_ONCE; i++) {
        due[i] = device->due_ns[i] <= until_ns;
        if (due[i] && shortest)
            measure_period(device, now_ns);
        shortest = shortest && device->due_ns[i] == UINT64_MAX;
        if (due[i])
            device->due_ns[i] =
                kw_meter_line_next_ns(&device->job, device->grid_ns[i],
                                      device->period_ns[i], until_ns);
    }
    due[KW_MAP_ONCE] = device->attributes_due;
    device->attributes_due = false;
}

/* Marks what is due; a poll that begins early still has the class that comes
 * next. Of what is left out at most one is asked. */
static void begin_poll(struct kw_meter_device *device, uint64_t now_ns)
{
    bool due[KW_MAP_CLASSES];
    uint64_t until_ns = now_ns + slack_ns;
    int next = next_class(device);
    unsigned pick;

    kw_meter_refused_join(device);
    kw_meter_probe_begin(device);
    if (next != KW_MAP_ONCE && device->due_ns[next] > until_ns)
        until_ns = device->due_ns[next];
    take_due(device, now_ns, until_ns, due);
    device->answered = device->stamped = device->retaken = false;
    device->strays =
        kw_meter_line_strays(device->job.line, (uint8_t)device->entry->unit);
    kw_meter_values_forget(device);
    device->exception = 0;
    device->probes = 0;
    device->worst = KW_QUALITY_GOOD;
    for (unsigned i = 0; i < device->plan.count; i++) {
        device->request[i].tries = 0;
        device->request[i].taken = false;
        if (due[device->plan.requests[i].read_class] &&
            device->request[i].left_out == KW_QUALITY_GOOD)
            set_step(device, i, KW_METER_STEP_TODO);
    }
    pick = kw_meter_refused_pick(device, now_ns);
    if (pick < device->plan.count)
        set_step(device, pick, KW_METER_STEP_TODO);
    device->polling = device->todo > 0;
}

/* When the meter may be asked again after an answer. A pause is kept to the
 * full, although the line lets go what is almost due. */
static uint64_t after_pause(const struct kw_meter_device *device,
                            uint64_t now_ns)
{
    uint64_t pause_ns = (uint64_t)device->map->pause_ms * ns_per_ms;

    if (pause_ns > 0)
        now_ns += pause_ns + slack_ns;
    return now_ns > device->busy_until_ns ? now_ns : device->busy_until_ns;
}

/* The failed polls that its pause follows from, see kw_meter_aside_ms; 0: it
 * has none. */
static unsigned pauses_of(const struct kw_meter_device *device)
{
    if (kw_meter_device_is_absent(device))
        return device->failures + KW_METER_ASIDE_AFTER - 1;
    return is_aside(device) ? device->failures : 0;
}

/* Waits for the next time of a grid, or longer after failures. */
static void plan_next(struct kw_meter_device *device, uint64_t now_ns)
{
    int next = next_class(device);
    unsigned pauses = pauses_of(device);
    uint64_t due_ns, period_ns, pause_ns;

    if (next == KW_MAP_ONCE && pauses == 0 && !device->attributes_due)
        return; /* texts are read once */
    period_ns = device->period_ns[next == KW_MAP_ONCE ? 0 : next];
    due_ns = next == KW_MAP_ONCE ? now_ns + period_ns : device->due_ns[next];
    if (pauses > 0) {
        pause_ns = kw_meter_aside_ms(pauses, period_ns / ns_per_ms) * ns_per_ms;
        due_ns = now_ns + pause_ns;
        /* When it answers again it is asked for everything. */
        for (int i = 0; i < KW_MAP_ONCE; i++) {
            if (device->due_ns[i] != UINT64_MAX)
                device->due_ns[i] = due_ns;
        }
        device->attributes_due = true;
    }
    device->deadline_ns = due_ns + period_ns;
    if (due_ns < after_pause(device, now_ns))
        due_ns = after_pause(device, now_ns);
    kw_meter_line_put(&device->job, due_ns, device->deadline_ns);
}

static void judge(struct kw_meter_device *device, uint64_t now_ns)
{
    device->stats.polls++;
    if (device->answered) {
        device->heard_ns = now_ns;
        device->stats.good++;
        device->stats.last_good_ms = device->stamp_ms;
        if (is_aside(device))
            kw_meter_refused_retry(device);
        device->failures = 0;
        set_state(device, KW_METER_DEVICE_OK);
        return;
    }
    device->failures++;
    device->probe.silent = device->probe.lost > 0;
    device->shown_quality = device->worst;
    device->shown_exception = device->exception;
    if (is_aside(device))
        set_state(device, KW_METER_DEVICE_FAILING);
    else
        kw_meter_device_claim(device);
}

/* What got no answer in a poll that had one is to blame itself, and not the
 * meter. */
static void blame(struct kw_meter_device *device)
{
    for (unsigned i = 0; i < device->plan.count; i++) {
        if (device->request[i].missed != KW_QUALITY_GOOD && device->answered)
            kw_meter_refused_missed(device, i);
        device->request[i].missed = KW_QUALITY_GOOD;
    }
}

/* What was taken in this poll may be the answers to other requests: all of it
 * is asked again once, or bad. */
static void give_up_taken(struct kw_meter_device *device, bool again)
{
    const unsigned count = (unsigned)device->plan.count;

    kw_meter_image_forget(&device->image);
    device->answered = false;
    device->worst = KW_QUALITY_BAD_FOREIGN;
    for (unsigned i = 0; i < count; i++) {
        const struct kw_plan_request *plan = &device->plan.requests[i];

        if (!device->request[i].taken)
            continue;
        device->request[i].taken = false;
        kw_meter_values_withdraw(device, plan->first, plan->points);
        if (again)
            set_step(device, i, KW_METER_STEP_TODO);
        else
            fail_request(device, i, KW_QUALITY_BAD_FOREIGN);
    }
}

/* Nothing is left of the poll: did a surplus reply come meanwhile? True when
 * the poll ends. */
static bool settle(struct kw_meter_device *device)
{
    uint32_t strays =
        kw_meter_line_strays(device->job.line, (uint8_t)device->entry->unit);
    bool again = !device->retaken && !device->disputed;

    if (strays == device->strays) {
        device->disputed = false;
        return true;
    }
    device->strays = strays;
    give_up_taken(device, again);
    device->disputed = !again;
    device->retaken = true;
    return device->todo == 0;
}

static void end_poll(struct kw_meter_device *device, uint64_t now_ns)
{
    device->polling = false;
    kw_meter_values_publish(device, now_ns);
    blame(device);
    judge(device, now_ns);
    plan_next(device, now_ns);
}

/* Goes on with the poll, or ends it when nothing is left. */
static void go_on(struct kw_meter_device *device, uint64_t now_ns)
{
    uint64_t settled_ns = kw_meter_line_settled_ns(
        device->job.line, (uint8_t)device->entry->unit);

    if (device->todo == 0 && device->sent > 0)
        return;
    if (device->todo == 0 && settled_ns > now_ns + slack_ns) {
        kw_meter_line_put(&device->job, settled_ns, device->deadline_ns);
        return;
    }
    if (device->todo == 0 && settle(device))
        end_poll(device, now_ns);
    else
        kw_meter_line_put(&device->job, after_pause(device, now_ns),
                          device->deadline_ns);
}

static bool poll_next(struct kw_meter_job *job, uint64_t now_ns,
                      struct kw_meter_ask *ask, unsigned *tag)
{
    struct kw_meter_device *device = device_of(job);

    if (device->polling && device->todo == 0) {
        go_on(device, now_ns);
        return false;
    }
    if (!device->polling)
        begin_poll(device, now_ns);
    if (!device->polling) {
        plan_next(device, now_ns); /* it refuses all that was due */
        return false;
    }
    /* What is under way after a loss shows whether the meter is there. */
    if (device->todo == 0 || (device->probe.lost > 0 && device->sent > 0))
        return false;
    *tag = kw_meter_probe_next(device);
    kw_meter_refused_ask(device, *tag, ask);
    kw_meter_probe_ask(device, *tag, ask);
    return true;
}

static void poll_sent(struct kw_meter_job *job, unsigned tag, uint64_t now_ns)
{
    struct kw_meter_device *device = device_of(job);

    if (!device->stamped) {
        device->stamped = true;
        device->stamp_ms = kw_clock_wall_ms(device->core->clock);
    }
    device->turn_ns = now_ns;
    set_step(device, tag, KW_METER_STEP_SENT);
    /* With a pause the next one waits for this answer. */
    if (device->todo > 0 && device->map->pause_ms == 0)
        kw_meter_line_put(job, now_ns, device->deadline_ns);
}

/* Is a request without a usable answer worth a repetition? */
static bool repeats(const struct kw_meter_device *device, unsigned tag,
                    uint8_t quality)
{
    const struct kw_meter_request_state *state = &device->request[tag];
    uint64_t period_ms = device->period_ns[KW_MAP_FAST] / ns_per_ms;

    if (device->probe.lost > 0 || state->left_out != KW_QUALITY_GOOD ||
        state->trial != 0)
        return false;
    return quality == KW_QUALITY_BAD_LINE ||
           kw_meter_patience_repeats(device->failures,
                                     device->stats.rtt_count > 0, period_ms);
}

/* True when the request is to be repeated. */
static bool retry(struct kw_meter_device *device, unsigned tag,
                  const struct kw_meter_answer *answer, uint64_t now_ns)
{
    uint8_t quality = kw_meter_answer_quality(answer);
    bool busy = quality == KW_QUALITY_BAD_EXCEPTION &&
                kw_meter_refusal(answer->exception) == KW_METER_REFUSAL_BUSY;
    /* A connection may be closed just when a request leaves. */
    bool lost = quality == KW_QUALITY_BAD_TIMEOUT ||
                quality == KW_QUALITY_BAD_CRC || quality == KW_QUALITY_BAD_LINE;
    bool foreign = quality == KW_QUALITY_BAD_FOREIGN;
    unsigned most = device->retries;

    if (busy)
        device->busy_until_ns = now_ns + KW_METER_BUSY_MS * ns_per_ms;
    /* Whether it was the answer only the second time can tell. */
    if (foreign && most == 0)
        most = 1;
    if (!(busy || foreign || (lost && repeats(device, tag, quality))) ||
        (is_aside(device) && !foreign) || device->request[tag].tries >= most)
        return false;
    device->request[tag].tries++;
    set_step(device, tag, KW_METER_STEP_TODO);
    /* Behind those that are due by now: they shall not wait twice. */
    device->deadline_ns = now_ns + device->period_ns[KW_MAP_FAST];
    return true;
}

/* An answer, or the refusal of something that the meter does not have: goes
 * on with the search for that, if there is one. */
static void tell_refused(struct kw_meter_device *device, unsigned tag,
                         uint8_t exception)
{
    struct kw_meter_told told;

    if (kw_meter_refused_told(device, tag, exception, &told) != 0) {
        fail_request(device, tag, KW_QUALITY_BAD_EXCEPTION);
        return;
    }
    kw_meter_values_fail(device, told.first_bad, told.bad,
                         KW_QUALITY_BAD_EXCEPTION);
    if (told.again)
        set_step(device, tag, KW_METER_STEP_TODO);
    if (told.split)
        set_step(device, (unsigned)device->plan.count - 1, KW_METER_STEP_TODO);
}

/* No usable answer came, also when the request was repeated. */
static void lose(struct kw_meter_device *device, unsigned tag, uint8_t quality,
                 uint64_t now_ns)
{
    struct kw_meter_request_state *state = &device->request[tag];

    state->missed = quality;
    state->missed_exception = device->exception;
    if (state->left_out == KW_QUALITY_GOOD)
        fail_request(device, tag, quality);
    if (!kw_meter_probe_lost(device, tag))
        fail_rest(device, quality);
    device->deadline_ns = now_ns + device->period_ns[KW_MAP_FAST];
}

static void fail_answer(struct kw_meter_device *device, unsigned tag,
                        uint8_t quality, uint8_t exception, uint64_t now_ns)
{
    device->worst = quality;
    device->exception = exception;
    if (quality != KW_QUALITY_BAD_EXCEPTION &&
        quality != KW_QUALITY_BAD_FOREIGN) {
        lose(device, tag, quality, now_ns);
        return;
    }
    kw_meter_probe_heard(device);
    if (kw_meter_refusal(exception) == KW_METER_REFUSAL_NARROWS ||
        kw_meter_refusal(exception) == KW_METER_REFUSAL_FUNCTION)
        tell_refused(device, tag, exception);
    else
        fail_request(device, tag, quality);
}

static void count_answer(struct kw_meter_device *device,
                         const struct kw_meter_answer *answer, uint64_t now_ns)
{
    kw_meter_stats_count(&device->stats, answer->outcome, answer->rtt_us);
    kw_meter_recent_count(&device->recent, answer->outcome, answer->rtt_us,
                          now_ns);
    device->stats.foreign += answer->foreign;
    if (answer->outcome == KW_METER_EXCEPTION)
        device->last_exception = answer->exception;
}

/* The registers as they came, for others to read. */
static void keep_image(struct kw_meter_device *device, unsigned tag,
                       const unsigned char *data, uint64_t now_ns)
{
    const struct kw_meter_request_state *state = &device->request[tag];

    kw_meter_image_put(&device->image, state->block,
                       device->plan.requests[tag].address, state->count, data,
                       now_ns);
}

/* A probe of a part was answered or refused: the meter is there. */
static void ask_whole(struct kw_meter_device *device, unsigned tag)
{
    kw_meter_probe_heard(device);
    set_step(device, tag, KW_METER_STEP_TODO);
}

/* Good data. A probe shows that the meter is there: the whole follows. */
static void take_answer(struct kw_meter_device *device, unsigned tag,
                        const unsigned char *data, uint64_t now_ns)
{
    device->answered = device->request[tag].taken = true;
    kw_meter_values_take(device, tag, data);
    if (kw_meter_probe_is_part(device, tag)) {
        ask_whole(device, tag);
        return;
    }
    kw_meter_probe_heard(device);
    keep_image(device, tag, data, now_ns);
    tell_refused(device, tag, 0);
}

static void poll_answered(struct kw_meter_job *job, unsigned tag,
                          const struct kw_meter_answer *answer, uint64_t now_ns)
{
    struct kw_meter_device *device = device_of(job);
    uint8_t quality = kw_meter_answer_quality(answer);
    bool part = kw_meter_probe_is_part(device, tag);

    count_answer(device, answer, now_ns);
    set_step(device, tag, KW_METER_STEP_NONE);
    device->broke = quality == KW_QUALITY_BAD_LINE;
    if (quality == KW_QUALITY_GOOD)
        take_answer(device, tag, answer->data, now_ns);
    else if (part && quality == KW_QUALITY_BAD_EXCEPTION)
        ask_whole(device, tag); /* it is there */
    else if (!retry(device, tag, answer, now_ns))
        fail_answer(device, tag, quality, answer->exception, now_ns);
    go_on(device, now_ns);
}

/* After a connection everything is read at once, texts too; who was set aside
 * stays so: it may be the one that breaks the connection. */
static void poll_up(struct kw_meter_job *job, uint64_t now_ns)
{
    struct kw_meter_device *device = device_of(job);

    if (is_aside(device))
        return;
    kw_meter_refused_retry(device);
    for (unsigned i = 0; i < device->plan.count; i++) {
        uint8_t read_class = device->plan.requests[i].read_class;

        if (read_class == KW_MAP_ONCE)
            device->attributes_due = true;
        else
            device->due_ns[read_class] = now_ns;
    }
    /* The meter that has waited longest since its last turn goes first. */
    device->deadline_ns = device->turn_ns + device->period_ns[KW_MAP_FAST];
    kw_meter_line_put(job, now_ns, device->deadline_ns);
}

/* Counts a failed poll when the line broke while the meter was asked: a meter
 * that takes the line down with each request is set aside like a dead one. */
static void judge_break(struct kw_meter_device *device, uint64_t now_ns)
{
    if (!device->polling || !device->broke)
        return;
    device->answered = false;
    device->worst = KW_QUALITY_BAD_LINE;
    judge(device, now_ns);
    if (is_aside(device))
        plan_next(device, now_ns);
}

static void poll_down(struct kw_meter_job *job, uint64_t now_ns)
{
    struct kw_meter_device *device = device_of(job);

    judge_break(device, now_ns);
    device->polling = false;
    device->begun_ns = 0;
    kw_meter_values_forget(device);
    device->stamp_ms = kw_clock_wall_ms(device->core->clock);
    for (unsigned i = 0; i < device->plan.count; i++) {
        set_step(device, i, KW_METER_STEP_NONE);
        device->request[i].missed = KW_QUALITY_GOOD;
        fail_request(device, i, KW_QUALITY_BAD_LINE);
    }
    kw_meter_values_publish(device, now_ns);
}

int kw_meter_device_start(struct kw_meter_device *device,
                          struct kw_meter_line *line)
{
    int err = kw_meter_line_add(line, &device->job);

    if (err == 0)
        kw_meter_device_claim(device);
    return err;
}

const struct kw_meter_job_ops kw_meter_poll_ops = {
    .next = poll_next,
    .sent = poll_sent,
    .answered = poll_answered,
    .up = poll_up,
    .down = poll_down,
};
