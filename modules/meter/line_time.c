/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line's time: what its requests take, how much of it is asked for, and how
 * long a probe waits. Called from the line when a request ends.
 */
#include "meter/line_impl.h"

#include "base/sample.h"
#include "meter/frame_rtu.h"
#include "meter/schedule.h"

/* Frame, turnaround and the answer's beginning up to its last byte: what is
 * not the answer's own characters is the meter's turnaround. */
static uint64_t latency_us(const struct kw_meter_line *line,
                           const struct kw_meter_slot *slot,
                           const struct kw_meter_answer *answer,
                           uint64_t now_ns)
{
    uint64_t took_ns = now_ns > slot->sent_ns ? now_ns - slot->sent_ns : 0;
    uint64_t frame_ns = (answer->length + 5) * line->char_ns;

    return took_ns > frame_ns ? (took_ns - frame_ns) / 1000 : 0;
}

/* True when the meter gave data or a refusal of its own; a gateway's refusal
 * that means silence (exceptions 10 and 11) comes after the gateway's time-out
 * and is none. */
static bool was_served(const struct kw_meter_answer *answer)
{
    uint8_t quality = kw_meter_answer_quality(answer);

    return quality == KW_QUALITY_GOOD || quality == KW_QUALITY_BAD_EXCEPTION;
}

/* The bytes of an answer are none that nobody asked for. */
static void take_off_rubbish(struct kw_meter_line *line,
                             const struct kw_meter_answer *answer)
{
    size_t bytes = answer->length + 5; /* with CRC; with MBAP some more */

    if (answer->outcome != KW_METER_GOOD &&
        answer->outcome != KW_METER_EXCEPTION)
        return;
    line->rubbish -= bytes < line->rubbish ? bytes : line->rubbish;
}

static void look_at_demand(struct kw_meter_line *line, uint64_t now_ns)
{
    if (kw_meter_overload_step(&line->overload, kw_meter_line_demand(line),
                               now_ns) &&
        line->owner.on_overload != NULL)
        line->owner.on_overload(line->owner.arg, line->overload.on);
}

void kw_meter_line_took(struct kw_meter_line *line,
                        const struct kw_meter_slot *slot,
                        const struct kw_meter_answer *answer, uint64_t now_ns)
{
    uint64_t asked_ns = slot->sent_ns - slot->frame_length * line->char_ns;
    uint64_t took_ns = now_ns - asked_ns;
    /* Longer than it can be: the machine has slept. */
    bool slept = took_ns > 2 * line->timeout_ns +
                               2 * (uint64_t)KW_METER_RTU_MAX * line->char_ns;

    take_off_rubbish(line, answer);
    if (slept)
        return;
    if (answer->outcome == KW_METER_GOOD && line->rtu)
        kw_meter_patience_seen(&line->doubt.patience,
                               latency_us(line, slot, answer, now_ns), now_ns);
    if (slot->job == NULL)
        return;
    /* The time that a failing request wastes is no demand: it would make the
     * periods of all other meters longer. */
    if (was_served(answer))
        kw_meter_schedule_cost(&line->schedule, &slot->job->task,
                               took_ns + line->silence_ns);
    look_at_demand(line, now_ns);
}

void kw_meter_line_claim(struct kw_meter_job *job, double requests,
                         double bytes)
{
    struct kw_meter_line *line = job->line;
    uint64_t reckoned_ns = line->silence_ns;

    if (requests > 0)
        reckoned_ns += (uint64_t)(bytes / requests * (double)line->char_ns);
    kw_meter_schedule_claim(&line->schedule, &job->task, requests, reckoned_ns);
}

double kw_meter_line_demand(const struct kw_meter_line *line)
{
    return kw_meter_schedule_demand(&line->schedule, line->slots_max);
}

double kw_meter_line_stretch(const struct kw_meter_line *line)
{
    double demand = kw_meter_line_demand(line);

    return demand > 1 ? demand : 1;
}

bool kw_meter_line_overloaded(const struct kw_meter_line *line)
{
    return line->overload.on;
}

uint64_t kw_meter_line_next_ns(const struct kw_meter_job *job,
                               uint64_t start_ns, uint64_t period_ns,
                               uint64_t now_ns)
{
    return kw_meter_stretched_next(start_ns, period_ns, now_ns,
                                   kw_meter_line_demand(job->line));
}

uint32_t kw_meter_line_strays(const struct kw_meter_line *line, uint8_t unit)
{
    return line->rtu ? line->trust->units[unit].strays : 0;
}

uint64_t kw_meter_line_settled_ns(const struct kw_meter_line *line,
                                  uint8_t unit)
{
    return line->rtu ? kw_meter_trust_settled_ns(line->trust, unit) : 0;
}

uint32_t kw_meter_line_probe_ms(const struct kw_meter_line *line,
                                uint64_t own_us)
{
    if (!line->rtu)
        return 0;
    return kw_meter_patience_ms(&line->doubt.patience, own_us,
                                (uint32_t)(line->timeout_ns / 1000000));
}
