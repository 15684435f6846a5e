/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What carries a line's bytes: a serial port (serial.c) or a TCP connection
 * (tcp.c), behind one interface. A link opens when asked, tells once that it
 * is up or down, and never opens again by itself: when is the line's decision.
 *
 *   open ... on_up, on_bytes..., on_down(why)  or  open ... on_down(why)
 *   close: no further callback; open may follow at once and takes effect when
 *   the old handle is gone.
 *
 * Whatever is open or under way holds the line's life.
 */
#ifndef KW_METER_LINK_H
#define KW_METER_LINK_H

#include "base/err.h"
#include "core/life.h"
#include "core/loop.h"
#include "meter/frame_rtu.h"

#include <stddef.h>

struct kw_jobs;
struct kw_resolver;
struct kw_meter_link;
struct kw_meter_serial_conf;
struct kw_meter_tcp_conf;

struct kw_meter_link_events {
    void (*on_up)(void *arg);
    /* why is one line of text for people, borrowed. */
    void (*on_down)(void *arg, const char *why);
    void (*on_bytes)(void *arg, const unsigned char *bytes, size_t length);
    void (*on_sent)(void *arg); /* after KW_EAGAIN: all is handed over */
};

/* What a link is given; all borrowed and outliving it. */
struct kw_meter_link_owner {
    const struct kw_meter_link_events *events;
    void *arg;
    struct kw_life *life;
    struct kw_loop *loop;
    const struct kw_clock *clock;
    struct kw_jobs *jobs;
    struct kw_resolver *resolver;
};

struct kw_meter_link_ops {
    void (*open)(struct kw_meter_link *link);
    /* 0, KW_EAGAIN (on_sent follows), or an error: the link is to be closed.
     * Not called again before the bytes are handed over. */
    int (*send)(struct kw_meter_link *link, const unsigned char *bytes,
                size_t length);
    void (*close)(struct kw_meter_link *link);
    /* Called when the line's life is gone. */
    void (*free)(struct kw_meter_link *link);
};

struct kw_meter_link {
    const struct kw_meter_link_ops *ops;
    struct kw_meter_link_owner owner;
    bool worn; /* to be made anew as soon as nothing is under way */
};

/* Bits of a character on such a port. */
struct kw_meter_rtu_line
kw_meter_serial_framing(const struct kw_meter_serial_conf *conf);

/* Closed links; conf is borrowed and must outlive them. NULL: no memory. */
struct kw_meter_link *
kw_meter_serial_new(const struct kw_meter_serial_conf *conf,
                    const struct kw_meter_link_owner *owner);
struct kw_meter_link *kw_meter_tcp_new(const struct kw_meter_tcp_conf *conf,
                                       const struct kw_meter_link_owner *owner);

#endif
