/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/trace.h"

#include <string.h>

const char *kw_meter_traced_name(enum kw_meter_traced_as as)
{
    static const char *const names[KW_METER_TRACED_KINDS] = {
        [KW_METER_TRACED_WAITING] = "waiting",
        [KW_METER_TRACED_GOOD] = "good",
        [KW_METER_TRACED_EXCEPTION] = "exception",
        [KW_METER_TRACED_TIMEOUT] = "timeout",
        [KW_METER_TRACED_GARBLED] = "garbled",
        [KW_METER_TRACED_LOST] = "lost",
        [KW_METER_TRACED_LATE] = "late",
        [KW_METER_TRACED_TWICE] = "twice",
        [KW_METER_TRACED_FOREIGN] = "foreign",
        [KW_METER_TRACED_ECHO] = "echo",
        [KW_METER_TRACED_NOISE] = "noise",
    };

    return names[as];
}

static size_t kept(const struct kw_meter_traced *frame)
{
    return frame->length < KW_METER_TRACE_FRAME ? frame->length
                                                : KW_METER_TRACE_FRAME;
}

/* Bytes up to the end of the ring; what does not fit there begins anew. */
static size_t before_end(uint32_t at, size_t length)
{
    size_t left = KW_METER_TRACE_BYTES - at % KW_METER_TRACE_BYTES;

    return length < left ? length : left;
}

uint32_t kw_meter_trace_add(struct kw_meter_trace *trace,
                            const struct kw_meter_traced *frame,
                            const unsigned char *bytes, size_t length)
{
    uint32_t number = trace->count++;
    struct kw_meter_traced *place =
        &trace->frames[number % KW_METER_TRACE_FRAMES];
    size_t whole, part;

    *place = *frame;
    place->at = trace->used;
    place->length = (uint16_t)(length < UINT16_MAX ? length : UINT16_MAX);
    whole = kept(place);
    part = before_end(place->at, whole);
    memcpy(trace->bytes + place->at % KW_METER_TRACE_BYTES, bytes, part);
    memcpy(trace->bytes, bytes + part, whole - part);
    trace->used += (uint32_t)whole;
    return number;
}

/* True when neither the place nor a byte of it was used again. The numbers
 * roll over after years; differences don't mind. */
static bool is_whole(const struct kw_meter_trace *trace, uint32_t number)
{
    const struct kw_meter_traced *frame =
        &trace->frames[number % KW_METER_TRACE_FRAMES];

    return trace->count - number <= KW_METER_TRACE_FRAMES &&
           trace->used - frame->at <= KW_METER_TRACE_BYTES;
}

void kw_meter_trace_end(struct kw_meter_trace *trace, uint32_t number,
                        enum kw_meter_traced_as as, uint8_t exception)
{
    struct kw_meter_traced *frame =
        &trace->frames[number % KW_METER_TRACE_FRAMES];

    if (!is_whole(trace, number))
        return;
    frame->as = (uint8_t)as;
    frame->exception = exception;
}

uint32_t kw_meter_trace_first(const struct kw_meter_trace *trace)
{
    uint32_t number = trace->count < KW_METER_TRACE_FRAMES
                          ? 0
                          : trace->count - KW_METER_TRACE_FRAMES;

    while (number != trace->count && !is_whole(trace, number))
        number++;
    return number;
}

size_t kw_meter_trace_get(const struct kw_meter_trace *trace, uint32_t number,
                          const struct kw_meter_traced **frame,
                          unsigned char bytes[KW_METER_TRACE_FRAME])
{
    size_t whole, part;

    *frame = &trace->frames[number % KW_METER_TRACE_FRAMES];
    whole = kept(*frame);
    part = before_end((*frame)->at, whole);
    memcpy(bytes, trace->bytes + (*frame)->at % KW_METER_TRACE_BYTES, part);
    memcpy(bytes + part, trace->bytes, whole - part);
    return whole;
}
