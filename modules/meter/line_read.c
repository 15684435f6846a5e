/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What comes in on a line: answers that are waited for, and everything else.
 * Late answers, answers of others, echoes and noise are recognised, counted
 * and dropped; what is not a Modbus frame at all ends a connection.
 */
#include "meter/line_impl.h"

#include "core/core.h"
#include "meter/frame_mbap.h"
#include "meter/frame_rtu.h"
#include "meter/wire.h"

#include <string.h>

/* Transactions after which an answer is no late one but a stranger's. */
enum { LATE_MAX = 256 };

static void drop_front(struct kw_meter_line *line, size_t length)
{
    line->rx_length -= length;
    memmove(line->rx, line->rx + length, line->rx_length);
}

/* Ends the slot with an answer's PDU, inside a whole frame; false when it
 * answers something else. */
static bool deliver(struct kw_meter_line *line, struct kw_meter_slot *slot,
                    const unsigned char *pdu, size_t length)
{
    struct kw_meter_answer answer = {.outcome = KW_METER_GOOD};
    const size_t head = line->rtu ? 1 : KW_METER_MBAP_HEAD;
    const size_t whole = head + length + (line->rtu ? 2 : 0);

    switch (kw_meter_pdu_judge(&slot->ask, pdu, length)) {
    case KW_METER_ANSWER_FOREIGN:
        return false;
    case KW_METER_ANSWER_EXCEPTION:
        if (!slot->marker && kw_meter_doubt_refused(&line->doubt, &slot->ask)) {
            slot->foreign++;
            kw_meter_line_trace_odd(line, slot, KW_METER_TRACED_LATE,
                                    pdu - head, whole);
            return false;
        }
        answer.outcome = KW_METER_EXCEPTION;
        answer.exception = pdu[1];
        break;
    case KW_METER_ANSWER_DATA:
        answer.data = kw_meter_pdu_data(&slot->ask, pdu, &length);
        answer.length = length;
        break;
    }
    kw_meter_line_trace_answer(line, slot, &answer, pdu - head, whole);
    kw_meter_line_finish(line, slot, &answer);
    return true;
}

/* A whole frame that nobody waits for. slot: who waits meanwhile. */
static void drop_frame(struct kw_meter_line *line, struct kw_meter_slot *slot,
                       const unsigned char *frame, size_t length)
{
    uint8_t as;

    if (slot != NULL && length == slot->frame_length &&
        memcmp(slot->frame, frame, length) == 0) {
        slot->echoed = true;
        kw_meter_line_trace_odd(line, slot, KW_METER_TRACED_ECHO, frame,
                                length);
        return;
    }
    if (kw_meter_doubt_seen(&line->doubt, frame[0], frame + 1, length - 3,
                            line->active_ns))
        as = KW_METER_TRACED_LATE;
    else
        as = kw_meter_line_whose(line, slot, frame, length);
    kw_meter_line_trace_odd(line, slot, as, frame, length);
    if (slot != NULL)
        slot->foreign++;
    else
        line->foreign++;
}

/* Whole frames up to end are dropped; the bytes stay. Returns their length. */
static size_t drop_frames(struct kw_meter_line *line,
                          struct kw_meter_slot *slot, size_t end)
{
    size_t at = 0, length;

    while (at < end &&
           (length = kw_meter_rtu_frame(line->rx + at, end - at)) > 0) {
        drop_frame(line, slot, line->rx + at, length);
        at += length;
    }
    return at;
}

/* Functions 5 and 6 are answered by the request itself. On a line that gives
 * back what is sent, which the reads before have shown, the first is no
 * answer. */
static bool is_echo(const struct kw_meter_line *line,
                    const struct kw_meter_slot *slot,
                    const struct kw_meter_rtu_found *found)
{
    return line->echoes && !slot->echoed &&
           found->pdu_length + 3 == slot->frame_length &&
           memcmp(slot->frame, line->rx + found->pdu - 1, slot->frame_length) ==
               0;
}

/* True when the slot is done with: rx is then not ours any more. */
static bool read_answer(struct kw_meter_line *line, struct kw_meter_slot *slot)
{
    struct kw_meter_answer garbled = {.outcome = KW_METER_GARBLED};
    struct kw_meter_rtu_found found;
    size_t length;

    kw_meter_rtu_find(&slot->ask, line->rx, line->rx_length, &found);
    if (found.verdict == KW_METER_RTU_ANSWER && is_echo(line, slot, &found)) {
        slot->echoed = true;
        drop_front(line, found.pdu + found.pdu_length + 2);
        kw_meter_rtu_find(&slot->ask, line->rx, line->rx_length, &found);
    }
    switch (found.verdict) {
    case KW_METER_RTU_ANSWER:
        (void)drop_frames(line, slot, found.pdu - 1);
        length = line->rx_length;
        line->rx_length = 0; /* the bytes stay until the next ones come */
        line->echoes = slot->echoed;
        if (deliver(line, slot, line->rx + found.pdu, found.pdu_length))
            return true;
        /* A late refusal of another request: ours may stand behind it. Each
         * takes a doubt with it, so there are few. */
        line->rx_length = length;
        drop_front(line, found.pdu + found.pdu_length + 2);
        return line->rx_length > 0 && read_answer(line, slot);
    case KW_METER_RTU_GARBLED:
        kw_meter_line_trace_odd(line, slot, KW_METER_TRACED_GARBLED, line->rx,
                                line->rx_length);
        line->rx_length = 0;
        kw_meter_line_finish(line, slot, &garbled);
        return true;
    case KW_METER_RTU_MORE:
        (void)drop_frames(line, slot, found.skip);
        drop_front(line, found.skip);
        slot->started = found.started;
        break;
    }
    return false;
}

/* Bytes that nobody waits for: late answers, other masters, noise. */
static void read_stray(struct kw_meter_line *line)
{
    drop_front(line, drop_frames(line, NULL, line->rx_length));
    kw_meter_line_feed(line, KW_METER_WIRE_NOISE);
}

static void read_rtu(struct kw_meter_line *line, const unsigned char *bytes,
                     size_t length)
{
    struct kw_meter_slot *slot = &line->slots[0];

    while (length > 0) {
        size_t room = sizeof(line->rx) - line->rx_length;
        size_t part = length < room ? length : room;

        memcpy(line->rx + line->rx_length, bytes, part);
        line->rx_length += part;
        bytes += part;
        length -= part;
        /* While a request leaves nothing can be its answer. */
        if (!slot->used || line->state == KW_METER_WIRE_SENDING)
            read_stray(line);
        else if (read_answer(line, slot))
            return; /* what stood behind the answer is dropped */
        if (line->rx_length == sizeof(line->rx))
            drop_front(line, sizeof(line->rx) / 2); /* noise */
    }
}

static struct kw_meter_slot *slot_of(struct kw_meter_line *line,
                                     const struct kw_meter_mbap *frame)
{
    for (unsigned i = 0; i < line->slots_max; i++) {
        struct kw_meter_slot *slot = &line->slots[i];

        if (slot->used && slot->transaction == frame->transaction &&
            slot->ask.unit == frame->unit)
            return slot;
    }
    return NULL;
}

/* Counts and records a frame that no slot takes. One with the number of a
 * request that was given up lately is late. */
static void drop_mbap(struct kw_meter_line *line,
                      const struct kw_meter_mbap *frame,
                      const unsigned char *bytes)
{
    uint16_t ago = (uint16_t)(line->transaction - frame->transaction);
    uint8_t as =
        ago < LATE_MAX ? KW_METER_TRACED_LATE : KW_METER_TRACED_FOREIGN;
    struct kw_meter_slot *slot = NULL;

    for (unsigned i = line->slots_max; i-- > 0;) {
        if (!line->slots[i].used)
            continue;
        slot = &line->slots[i];
        if (slot->transaction == frame->transaction)
            as = KW_METER_TRACED_FOREIGN;
    }
    kw_meter_line_trace_odd(line, slot, as, bytes, frame->length);
    if (slot != NULL)
        slot->foreign++;
    else
        line->foreign++;
}

static void read_frames(struct kw_meter_line *line)
{
    struct kw_meter_mbap frame;
    size_t at = 0;
    int err;

    while ((err = kw_meter_mbap_decode(line->rx + at, line->rx_length - at,
                                       &frame)) == 0) {
        struct kw_meter_slot *slot = slot_of(line, &frame);

        if (slot == NULL || !deliver(line, slot, frame.pdu, frame.pdu_length))
            drop_mbap(line, &frame, line->rx + at);
        if (line->life.closing || line->state == KW_METER_WIRE_DOWN)
            return;
        at += frame.length;
    }
    if (err == KW_EPROTO) {
        kw_meter_line_why(line, "the peer does not speak Modbus TCP");
        kw_meter_line_feed(line, KW_METER_WIRE_LOST);
        return;
    }
    drop_front(line, at);
}

static void read_mbap(struct kw_meter_line *line, const unsigned char *bytes,
                      size_t length)
{
    while (length > 0 && !line->life.closing &&
           line->state != KW_METER_WIRE_DOWN) {
        size_t room = sizeof(line->rx) - line->rx_length;
        size_t part = length < room ? length : room;

        memcpy(line->rx + line->rx_length, bytes, part);
        line->rx_length += part;
        bytes += part;
        length -= part;
        read_frames(line);
    }
}

void kw_meter_line_read(struct kw_meter_line *line, const unsigned char *bytes,
                        size_t length)
{
    line->active_ns = kw_clock_mono_ns(line->core->clock);
    if (line->rtu)
        read_rtu(line, bytes, length);
    else
        read_mbap(line, bytes, length);
}

/* The longest frame that may answer. */
static size_t answer_bytes(const struct kw_meter_ask *ask)
{
    size_t bytes = kw_meter_ask_data_bytes(ask);

    return bytes > 0 ? bytes + 5 : KW_METER_RTU_MAX;
}

/* Records what came of an answer, or instead of it, when the time is over. */
static void trace_part(struct kw_meter_line *line,
                       const struct kw_meter_slot *slot)
{
    if (line->rx_length > 0)
        kw_meter_line_trace_odd(line, slot, KW_METER_TRACED_GARBLED, line->rx,
                                line->rx_length);
}

bool kw_meter_line_expired(struct kw_meter_line *line,
                           struct kw_meter_slot *slot, uint64_t now_ns,
                           enum kw_meter_outcome *outcome)
{
    *outcome = KW_METER_TIMEOUT;
    if (!line->rtu) {
        trace_part(line, slot);
        return true;
    }
    if (slot->started && !slot->extended) {
        /* It has begun in time: a slow line may finish it. */
        slot->extended = true;
        slot->overdue = false;
        slot->deadline_ns = now_ns + answer_bytes(&slot->ask) * line->char_ns;
        if (line->char_ns > 0)
            return false;
    }
    trace_part(line, slot);
    if (line->rx_length > 0 && !slot->started)
        *outcome = KW_METER_GARBLED;
    if (!slot->marker)
        kw_meter_doubt_add(&line->doubt, &slot->ask, slot->sent_ns);
    return true;
}
