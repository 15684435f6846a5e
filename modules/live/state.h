/* SPDX-License-Identifier: Apache-2.0 */
/* The module's state, and the streams of browsers; for its own files. */
#ifndef KW_LIVE_STATE_H
#define KW_LIVE_STATE_H

#include "core/hub.h"
#include "core/life.h"
#include "core/loop.h"
#include "live/message.h"

struct kw_request;

enum { KW_LIVE_STREAMS_MAX = 32 };

struct kw_live {
    struct kw_life life;
    struct kw_core *core;
    struct kw_subscriber subscriber;
    struct kw_turn_end turn_end;
    uv_timer_t timer;       /* runs while there are streams */
    unsigned ticks;         /* of it */
    struct kw_link streams; /* of struct stream, stream.c */
    size_t stream_count;
    struct kw_live_bits changed; /* points, in this turn */
    struct kw_buf message;       /* being written */
    uint64_t streams_total, refused, messages, coalesced, lost;
    void (*stopped)(void *arg);
    void *stopped_arg;
};

/* What /live can be asked for. */
struct kw_live_query {
    const char *points; /* "12,13,meter.quantity"; NULL: all */
};

/* Answers a request with a stream, or with a problem. */
void kw_live_stream_open(struct kw_live *live, struct kw_request *request);

/* Tells all streams of the points in live->changed, and empties it. */
void kw_live_stream_changes(struct kw_live *live);

/* Writes live->message to all that keep up. */
void kw_live_stream_message(struct kw_live *live);

/* Ends all streams. */
void kw_live_stream_end_all(struct kw_live *live);

#endif
