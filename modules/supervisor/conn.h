/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection of a supervisor: requests one after the other, answered in
 * their order, several in one write. It doesn't care whether the stream is
 * plain or TLS.
 */
#ifndef KW_SUPERVISOR_CONN_H
#define KW_SUPERVISOR_CONN_H

#include "net/stream.h"
#include "supervisor/access.h"
#include "supervisor/frame.h"
#include "supervisor/state.h"

struct kw_supervisor_conn {
    struct kw_link link;
    struct kw_supervisor *supervisor;
    struct kw_stream stream;
    enum kw_supervisor_service service;
    struct kw_station station;
    struct kw_supervisor_rights rights;
    char role[KW_ROLE_SIZE]; /* of the certificate; "" none */
    int64_t since_ms;        /* UTC */
    uint64_t active_ms;      /* monotonic: connected, or asked last */
    uint64_t requests;
    uint64_t part_ms; /* since when a part of a request waits, 0 none */
    uint64_t full_ms; /* since when the peer takes no answers, 0 it does */
    unsigned garbled; /* RTU frames in a row */
    bool opened, ending;

    bool waiting; /* for the bridge */
    struct kw_supervisor_waiter waiter;
    struct kw_supervisor_frame asked; /* what it waits for; pdu is gone */
    struct kw_buf held;               /* a part of a request, or what follows
                                         one that waits */
};

/* Takes an accepted socket; closes it when the station may not come in. */
void kw_supervisor_conn_accept(struct kw_supervisor *supervisor,
                               enum kw_supervisor_service service, int take_fd,
                               const struct sockaddr *peer);

/* Ends all that a change no longer lets in (NULL: all). */
void kw_supervisor_conn_end_all(struct kw_supervisor *supervisor);
void kw_supervisor_conn_recheck(struct kw_supervisor *supervisor);

/* Timer of the module: deadlines of all connections. */
void kw_supervisor_conn_sweep(uv_timer_t *timer);

/* "192.0.2.7 (operator)", for events. */
void kw_supervisor_conn_actor(const struct kw_supervisor_conn *conn,
                              char text[KW_SUPERVISOR_ACTOR_SIZE]);

/* answer.c: the PDU of the answer to a request into out, which has room for
 * KW_SUPERVISOR_PDU_MAX; its length, or 0: it comes later, to the waiter. */
size_t kw_supervisor_answer(struct kw_supervisor_conn *conn,
                            const struct kw_supervisor_frame *frame,
                            unsigned char *out);

/* answer.c: tells what became of a write; the bridge's written, with the
 * module's state as arg. */
void kw_supervisor_written(void *arg,
                           const struct kw_supervisor_exchange *exchange);

#endif
