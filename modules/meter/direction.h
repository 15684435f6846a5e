/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RS-485 direction by RTS from here, for ports whose driver can't do it: RTS
 * goes to its sending level before the first byte and back when the last one
 * has left. Nothing waits: the frame's time and the delays run on a wake. That
 * is less exact than a driver that is told by its hardware: a meter that
 * answers within a fraction of a millisecond may be cut off, which the
 * standard's 3.5 characters rule out.
 */
#ifndef KW_METER_DIRECTION_H
#define KW_METER_DIRECTION_H

#include "base/err.h"
#include "core/wake.h"

/* How the port is reached; tests have others. */
struct kw_meter_direction_ops {
    /* 0, or KW_EIO: it has no RTS. */
    int (*set)(int fd, bool high);
    /* Has everything left, the transmitter's own register included? */
    bool (*drained)(int fd);
};

extern const struct kw_meter_direction_ops kw_meter_direction_port;

struct kw_meter_direction {
    const struct kw_meter_direction_ops *ops;
    uint64_t char_ns, before_ns, after_ns;
    bool high_on_send;
    /* The time before the first byte is over: hand them over now. */
    void (*ready)(void *arg);
    void *arg;

    /* Its own. */
    struct kw_wake wake;
    int fd;
    uint8_t stage;
    unsigned looks; /* at a port that has not drained */
};

/* Its members above are set. KW_ENOMEM. */
KW_MUST_CHECK int kw_meter_direction_init(struct kw_meter_direction *direction,
                                          struct kw_loop *loop);

/* A port was opened: to receiving. KW_EIO: it has no RTS. */
KW_MUST_CHECK int kw_meter_direction_start(struct kw_meter_direction *direction,
                                           int fd);

/* To sending. True: hand the bytes over now; false: ready is called then. */
bool kw_meter_direction_send(struct kw_meter_direction *direction);

/* All bytes of a frame are handed over. */
void kw_meter_direction_sent(struct kw_meter_direction *direction,
                             size_t length);

/* The port is closed: nothing is called or touched any more. */
void kw_meter_direction_stop(struct kw_meter_direction *direction);

/* For good; harmless when init failed or never was. */
void kw_meter_direction_fini(struct kw_meter_direction *direction);

#endif
