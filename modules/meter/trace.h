/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last frames of a line, both ways, as they were on the wire: what an
 * electrician looks at when a meter does not answer. A ring of fixed size;
 * recording copies a frame once and allocates nothing. Frames and bytes have
 * a ceiling each, the oldest go first. Pure: the caller gives the time.
 */
#ifndef KW_METER_TRACE_H
#define KW_METER_TRACE_H

#include "meter/pdu.h"

enum {
    KW_METER_TRACE_FRAMES = 64,
    KW_METER_TRACE_BYTES = 8192, /* of all frames; a power of two */
    KW_METER_TRACE_FRAME = 260,  /* kept of one; the longest of Modbus TCP */
};

/* What a frame was, or what became of the request that it is. */
enum kw_meter_traced_as {
    KW_METER_TRACED_WAITING,   /* a request under way */
    KW_METER_TRACED_GOOD,      /* answered; the answer */
    KW_METER_TRACED_EXCEPTION, /* refused; the refusal */
    KW_METER_TRACED_TIMEOUT,   /* no whole answer in time */
    KW_METER_TRACED_GARBLED,   /* CRC wrong, or a part of an answer */
    KW_METER_TRACED_LOST,      /* the line went down meanwhile */
    KW_METER_TRACED_LATE,      /* answers a request that was given up */
    KW_METER_TRACED_TWICE,     /* answers what has been answered */
    KW_METER_TRACED_FOREIGN,   /* a frame of somebody else */
    KW_METER_TRACED_ECHO,      /* the line gives back what was sent */
    KW_METER_TRACED_NOISE,     /* bytes that are no frame */
    KW_METER_TRACED_KINDS
};

/* "good", "timeout", ...; of an exception without its code. */
const char *kw_meter_traced_name(enum kw_meter_traced_as as);

struct kw_meter_traced {
    uint64_t time_ns; /* monotonic: handed over, or the last byte read */
    uint32_t at;      /* of the first byte, counted from the beginning */
    uint32_t rtt_us;  /* of an answer; 0 of others */
    uint16_t length;  /* on the wire; at most KW_METER_TRACE_FRAME are kept */
    uint16_t address; /* these four: of the request that was waiting */
    uint16_t count;   /* or that this is; function 0: none was */
    uint8_t function;
    uint8_t unit;
    bool out;          /* sent by this gateway */
    uint8_t as;        /* enum kw_meter_traced_as */
    uint8_t exception; /* code of KW_METER_TRACED_EXCEPTION */
};

/* Zero before use. */
struct kw_meter_trace {
    uint32_t count; /* frames recorded; the next one's number */
    uint32_t used;  /* bytes recorded */
    struct kw_meter_traced frames[KW_METER_TRACE_FRAMES];
    unsigned char bytes[KW_METER_TRACE_BYTES];
};

/*
 * Records a frame; all but at and length are the caller's. Returns its number
 * for kw_meter_trace_end.
 */
uint32_t kw_meter_trace_add(struct kw_meter_trace *trace,
                            const struct kw_meter_traced *frame,
                            const unsigned char *bytes, size_t length);

/* What became of the request with that number, if it is still there. */
void kw_meter_trace_end(struct kw_meter_trace *trace, uint32_t number,
                        enum kw_meter_traced_as as, uint8_t exception);

/* The number of the oldest frame that is whole; up to trace->count. */
uint32_t kw_meter_trace_first(const struct kw_meter_trace *trace);

/* A frame from first up to count, and its bytes; returns how many are kept.
 * The frame is borrowed until the next one is recorded. */
size_t kw_meter_trace_get(const struct kw_meter_trace *trace, uint32_t number,
                          const struct kw_meter_traced **frame,
                          unsigned char bytes[KW_METER_TRACE_FRAME]);

#endif
