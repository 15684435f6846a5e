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

/* A whole frame that nobody waits for. slot: who waits meanwhile. */
static void drop_frame(struct kw_meter_line *line, struct kw_meter_slot *slot,
                       const unsigned char *frame, size_t length)
{
    const unsigned char *pdu = frame + 1;
    const size_t pdu_length = length - 3;
    uint8_t as;
    bool copy;

    if (slot != NULL && length == slot->frame_length &&
        memcmp(slot->frame, frame, length) == 0) {
        slot->echoed = true;
        kw_meter_line_trace_odd(line, slot, KW_METER_TRACED_ECHO, frame,
                                length);
        return;
    }
    copy = kw_meter_trust_seen(line->trust, frame[0], pdu, pdu_length,
                               line->active_ns);
    if (kw_meter_trust_late_again(line->trust, frame[0], pdu, pdu_length,
                                  line->active_ns)) {
        as = KW_METER_TRACED_TWICE;
    } else if (kw_meter_doubt_seen(&line->doubt, frame[0], pdu, pdu_length,
                                   copy, line->active_ns)) {
        as = KW_METER_TRACED_LATE;
        kw_meter_trust_late(line->trust, frame[0], pdu, pdu_length);
    } else if (kw_meter_trust_surplus(line->trust, frame[0], pdu, pdu_length,
                                      line->active_ns)) {
        as = KW_METER_TRACED_TWICE;
    } else {
        as = kw_meter_line_whose(line, slot, frame, length);
    }
    kw_meter_line_trace_odd(line, slot, as, frame, length);
    if (slot != NULL)
        slot->foreign++;
    else
        line->foreign++;
}

/* Whole frames from at to end are dropped, whatever stands between them; the
 * bytes stay. Returns where the last one ends. */
static size_t drop_frames(struct kw_meter_line *line,
                          struct kw_meter_slot *slot, size_t at, size_t end)
{
    size_t last = at, length;

    while (at < end) {
        length = kw_meter_rtu_frame(line->rx + at, end - at);
        if (length > 0) {
            drop_frame(line, slot, line->rx + at, length);
            last = at + length;
        }
        at += length > 0 ? length : 1;
    }
    return last;
}

/* The bytes from at to end are no frame; they may have begun one. */
static void drop_part(struct kw_meter_line *line, size_t at, size_t end)
{
    if (at < end)
        kw_meter_trust_part(line->trust, line->rx + at, end - at,
                            line->active_ns);
}

/* The bytes from at on are given up: what is among them, and at their end? Part
 * of the reply itself, maybe. */
static void drop_rest(struct kw_meter_line *line, struct kw_meter_slot *slot,
                      size_t at)
{
    at = drop_frames(line, slot, at, line->rx_length);
    if (at < line->rx_length && line->rx[at] != slot->ask.unit)
        drop_part(line, at, line->rx_length);
}

/* A frame that came in the reply's place was none. */
static void note_copy(struct kw_meter_line *line, struct kw_meter_slot *slot,
                      const unsigned char *frame, size_t length)
{
    kw_meter_line_trace_odd(line, slot, KW_METER_TRACED_TWICE, frame, length);
    slot->foreign++;
    slot->copied = true;
}

/* What is held back was a copy. */
static void drop_held(struct kw_meter_line *line, struct kw_meter_slot *slot)
{
    if (slot->held > 0)
        note_copy(line, slot, line->trust->held, slot->held);
    slot->held = 0;
}

/* Holds that frame back. */
static void hold(struct kw_meter_line *line, struct kw_meter_slot *slot,
                 const unsigned char *frame, uint16_t length)
{
    if (slot->held == length && memcmp(line->trust->held, frame, length) == 0) {
        kw_meter_line_trace_odd(line, slot, KW_METER_TRACED_TWICE, frame,
                                length);
        return;
    }
    drop_held(line, slot);
    slot->held = length;
    memcpy(line->trust->held, frame, length);
}

/* Keeps what the next replies of the unit are judged by. */
static void note_answer(struct kw_meter_line *line,
                        const struct kw_meter_slot *slot,
                        const unsigned char *pdu, size_t length)
{
    if (slot->marker)
        kw_meter_trust_marked(line->trust, slot->ask.unit, pdu, length,
                              line->active_ns);
    else
        kw_meter_trust_taken(line->trust, &slot->ask, slot->sent_ns, pdu,
                             length, line->active_ns);
    if (slot->copied)
        kw_meter_trust_copied(line->trust, slot->ask.unit, line->active_ns);
}

/* Ends the slot with an answer's PDU, inside a whole frame; false when it
 * answers something else. */
static bool deliver(struct kw_meter_line *line, struct kw_meter_slot *slot,
                    const unsigned char *pdu, size_t length, size_t *behind)
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
    if (line->rtu) {
        drop_held(line, slot);
        note_answer(line, slot, pdu, whole - 3);
        /* What stands behind came before the next request: no answer to it. */
        *behind = drop_frames(line, NULL, (size_t)(pdu - line->rx) + whole - 1,
                              *behind);
    }
    kw_meter_line_trace_answer(line, slot, &answer, pdu - head, whole);
    kw_meter_line_finish(line, slot, &answer);
    return true;
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

/* The reply may still come. */
static void doubt(struct kw_meter_line *line, const struct kw_meter_slot *slot)
{
    const struct kw_meter_unit *unit = &line->trust->units[slot->ask.unit];

    kw_meter_doubt_add(&line->doubt, &slot->ask, slot->sent_ns,
                       unit->taken_ns > 0);
}

/* If it was a copy the real reply follows in the usual time. */
static void wait_for_other(struct kw_meter_line *line,
                           struct kw_meter_slot *slot)
{
    uint64_t usual_ns =
        line->active_ns + kw_meter_trust_usual_ns(line->trust, slot->ask.unit);

    if (usual_ns < slot->deadline_ns)
        slot->deadline_ns = usual_ns;
}

/* A reply that has been taken for another block is set aside, and asked for
 * again if no other follows; an older one of the same block is held back, and
 * taken if none does. The reply to a write is not, because the request would be
 * sent again when none follows, and a write must leave once; late replies to
 * writes are kept apart by markers (doubt.h). */
static bool set_aside(struct kw_meter_line *line, struct kw_meter_slot *slot,
                      const struct kw_meter_rtu_found *found)
{
    const unsigned char *pdu = line->rx + found->pdu;
    const size_t length = found->pdu_length;

    if (slot->marker || kw_meter_ask_is_write(&slot->ask))
        return false;
    if (kw_meter_trust_twin(line->trust, &slot->ask, pdu, length)) {
        kw_meter_trust_set_aside(line->trust, slot->ask.unit, pdu, length);
        note_copy(line, slot, pdu - 1, length + 3);
    } else if (kw_meter_trust_older(line->trust, &slot->ask, pdu, length,
                                    line->active_ns)) {
        hold(line, slot, pdu - 1, (uint16_t)(length + 3));
    } else {
        return false;
    }
    wait_for_other(line, slot);
    drop_front(line, found->pdu + length + 2);
    return true;
}

/* What may become a surplus frame, unless the next request has left. */
static void keep_behind(struct kw_meter_line *line, size_t at, size_t end)
{
    if (line->slots[0].used || line->life.closing ||
        line->state == KW_METER_WIRE_DOWN)
        return;
    line->rx_length = end;
    drop_front(line, at);
}

/* Takes the PDU at rx + at for the answer; false when it is not, and is dropped
 * then. */
static bool take(struct kw_meter_line *line, struct kw_meter_slot *slot,
                 size_t at, size_t pdu_length)
{
    const size_t length = line->rx_length;
    size_t behind = length;

    line->rx_length = 0; /* the bytes stay until the next ones come */
    line->echoes = slot->echoed;
    if (deliver(line, slot, line->rx + at, pdu_length, &behind)) {
        keep_behind(line, behind, length);
        return true;
    }
    line->rx_length = length;
    drop_front(line, at + pdu_length + 2);
    return false;
}

/* True when the slot is done with: rx is then not ours any more. */
static bool read_answer(struct kw_meter_line *line, struct kw_meter_slot *slot)
{
    struct kw_meter_answer garbled = {.outcome = KW_METER_GARBLED};
    struct kw_meter_rtu_found found;

    kw_meter_rtu_find(&slot->ask, line->rx, line->rx_length, &found);
    if (found.verdict == KW_METER_RTU_ANSWER && is_echo(line, slot, &found)) {
        slot->echoed = true;
        drop_front(line, found.pdu + found.pdu_length + 2);
        kw_meter_rtu_find(&slot->ask, line->rx, line->rx_length, &found);
    }
    switch (found.verdict) {
    case KW_METER_RTU_ANSWER:
        drop_part(line, drop_frames(line, slot, 0, found.pdu - 1),
                  found.pdu - 1);
        if (set_aside(line, slot, &found))
            return line->rx_length > 0 && read_answer(line, slot);
        if (take(line, slot, found.pdu, found.pdu_length))
            return true;
        /* A late refusal of another request: ours may stand behind it. Each
         * takes a doubt with it, so there are few. */
        return line->rx_length > 0 && read_answer(line, slot);
    case KW_METER_RTU_GARBLED:
        kw_meter_line_trace_odd(line, slot, KW_METER_TRACED_GARBLED, line->rx,
                                line->rx_length);
        drop_held(line, slot);
        drop_rest(line, slot, 1);
        line->rx_length = 0;
        doubt(line, slot); /* it may have been a copy, and the reply follows */
        kw_meter_line_finish(line, slot, &garbled);
        return true;
    case KW_METER_RTU_MORE:
        (void)drop_frames(line, slot, 0, found.skip);
        drop_front(line, found.skip);
        slot->started = found.started;
        break;
    }
    return false;
}

/* Bytes that nobody waits for: late answers, other masters, noise. */
static void read_stray(struct kw_meter_line *line)
{
    drop_front(line, drop_frames(line, NULL, 0, line->rx_length));
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
            return;
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
    size_t at = 0, behind = 0;
    int err;

    while ((err = kw_meter_mbap_decode(line->rx + at, line->rx_length - at,
                                       &frame)) == 0) {
        struct kw_meter_slot *slot = slot_of(line, &frame);

        if (slot == NULL ||
            !deliver(line, slot, frame.pdu, frame.pdu_length, &behind))
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

/* No other reply followed the one that is held back: that is the answer. */
static bool take_held(struct kw_meter_line *line, struct kw_meter_slot *slot)
{
    const size_t held = slot->held;

    slot->held = 0;
    if (line->rx_length > sizeof(line->rx) - held)
        drop_front(line, held);
    memmove(line->rx + held, line->rx, line->rx_length);
    memcpy(line->rx, line->trust->held, held);
    line->rx_length += held;
    return take(line, slot, 1, held - 3);
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
    if (slot->held > 0 && !slot->copied && take_held(line, slot))
        return false;
    trace_part(line, slot);
    drop_rest(line, slot, 0);
    drop_held(line, slot);
    if (slot->copied) {
        *outcome = KW_METER_FOREIGN;
        kw_meter_trust_doubted(line->trust, &slot->ask);
    } else if (line->rx_length > 0 && !slot->started) {
        *outcome = KW_METER_GARBLED;
    }
    doubt(line, slot);
    return true;
}
