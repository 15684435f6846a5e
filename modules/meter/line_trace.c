/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was on the line: each frame goes into the ring of the last ones, and
 * the owner is told of those that should not have been there.
 */
#include "meter/line_impl.h"

#include "core/core.h"
#include "meter/explain.h"

static struct kw_meter_traced frame_of(const struct kw_meter_slot *slot)
{
    if (slot == NULL)
        return (struct kw_meter_traced){.function = 0};
    return (struct kw_meter_traced){
        .unit = slot->ask.unit,
        .function = slot->ask.function,
        .address = slot->ask.address,
        .count = slot->ask.count,
    };
}

void kw_meter_line_trace_sent(struct kw_meter_line *line,
                              struct kw_meter_slot *slot, uint64_t now_ns)
{
    struct kw_meter_traced frame = frame_of(slot);

    frame.time_ns = now_ns;
    frame.out = true;
    slot->traced = kw_meter_trace_add(line->trace, &frame, slot->frame,
                                      slot->frame_length);
    slot->answered = false;
}

void kw_meter_line_trace_end(struct kw_meter_line *line,
                             struct kw_meter_slot *slot,
                             const struct kw_meter_answer *answer)
{
    static const uint8_t as[] = {
        [KW_METER_GOOD] = KW_METER_TRACED_GOOD,
        [KW_METER_EXCEPTION] = KW_METER_TRACED_EXCEPTION,
        [KW_METER_TIMEOUT] = KW_METER_TRACED_TIMEOUT,
        [KW_METER_GARBLED] = KW_METER_TRACED_GARBLED,
        [KW_METER_FOREIGN] = KW_METER_TRACED_FOREIGN,
        [KW_METER_LINE] = KW_METER_TRACED_LOST,
    };

    slot->answered = answer->outcome == KW_METER_GOOD ||
                     answer->outcome == KW_METER_EXCEPTION;
    kw_meter_trace_end(line->trace, slot->traced,
                       (enum kw_meter_traced_as)as[answer->outcome],
                       answer->exception);
}

void kw_meter_line_trace_answer(struct kw_meter_line *line,
                                const struct kw_meter_slot *slot,
                                const struct kw_meter_answer *answer,
                                const unsigned char *bytes, size_t length)
{
    struct kw_meter_traced frame = frame_of(slot);
    bool good = answer->outcome == KW_METER_GOOD;

    frame.time_ns = line->active_ns;
    frame.as = good ? KW_METER_TRACED_GOOD : KW_METER_TRACED_EXCEPTION;
    frame.exception = answer->exception;
    if (line->active_ns > slot->sent_ns)
        frame.rtt_us = (uint32_t)((line->active_ns - slot->sent_ns) / 1000);
    (void)kw_meter_trace_add(line->trace, &frame, bytes, length);
}

void kw_meter_line_trace_odd(struct kw_meter_line *line,
                             const struct kw_meter_slot *slot, uint8_t as,
                             const unsigned char *bytes, size_t length)
{
    struct kw_meter_traced frame = frame_of(slot);
    struct kw_meter_seen seen = {
        .as = as,
        .unit = kw_meter_frame_unit(line->rtu, bytes, length),
        .asked = slot != NULL ? slot->ask.unit : -1,
        .request = as == KW_METER_TRACED_FOREIGN && line->rtu &&
                   kw_meter_frame_is_request(bytes, length),
    };

    frame.time_ns = line->active_ns;
    frame.as = as;
    (void)kw_meter_trace_add(line->trace, &frame, bytes, length);
    if (line->owner.on_seen != NULL)
        line->owner.on_seen(line->owner.arg, &seen);
}

uint8_t kw_meter_line_whose(const struct kw_meter_line *line,
                            const struct kw_meter_slot *waits,
                            const unsigned char *frame, size_t length)
{
    const struct kw_meter_slot *last = &line->slots[0];

    if (waits == NULL && last->answered && frame[0] == last->ask.unit &&
        kw_meter_pdu_judge(&last->ask, frame + 1, length - 3) !=
            KW_METER_ANSWER_FOREIGN)
        return KW_METER_TRACED_TWICE;
    return KW_METER_TRACED_FOREIGN;
}

const struct kw_meter_trace *
kw_meter_line_trace(const struct kw_meter_line *line)
{
    return line->trace;
}

bool kw_meter_line_is_rtu(const struct kw_meter_line *line)
{
    return line->rtu;
}
