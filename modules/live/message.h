/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is written into an event stream (WHATWG HTML, 9.2): hello, values,
 * status, and the comment that keeps the connection alive. Values are the
 * newest of the point table at the moment of writing.
 */
#ifndef KW_LIVE_MESSAGE_H
#define KW_LIVE_MESSAGE_H

#include "base/buf.h"
#include "live/bits.h"

struct kw_core;
struct kw_event;

/* The first event: the browser's pause before it comes again, our time, and
 * which start of the gateway this is. */
void kw_live_put_hello(struct kw_buf *out, const struct kw_core *core);

/*
 * One values event of at most max of the points that are owed, in order of
 * their number; they are taken out of owed. Numbers that have no living point
 * are taken out too. Nothing is written when none is left.
 */
void kw_live_put_values(struct kw_buf *out, const struct kw_core *core,
                        struct kw_live_bits *owed, size_t max);

/* How the gateway, its lines and its meters are. */
void kw_live_put_status(struct kw_buf *out, const struct kw_core *core);

/* An event that carries data, under its kind's key. */
void kw_live_put_event(struct kw_buf *out, const struct kw_event *event);

/* A comment line. */
void kw_live_put_beat(struct kw_buf *out);

#endif
