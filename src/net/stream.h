/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A byte stream over TCP, plain or TLS, one interface: servers get it from a
 * listener, clients from kw_stream_connect. TLS runs over memory BIOs on
 * uv_tcp, so that all input and output is libuv's.
 *
 * Happy path: on_open (TLS: after the handshake), on_data as bytes arrive,
 * kw_stream_write as often as the owner likes, kw_stream_close, on_closed.
 * Failure: on_end(err) once - KW_EOF when the peer ended, KW_EPROTO for a
 * refused handshake, KW_ETIMEOUT for one that isn't done in time, KW_EIO
 * otherwise; kw_stream_why has it in words; the owner then closes.
 * On close: bytes not yet written are dropped unless kw_stream_finish was
 * called, which writes them and the TLS close_notify first. on_closed is the
 * last call; there the memory around the stream may be freed.
 * Under load: a stream reads at most KW_STREAM_IN_BYTES a turn of the loop,
 * and all streams of a share (core/loop.h) together within its budget, those
 * that wait longest first. A TLS peer that goes on with handshake messages
 * after the handshake (KeyUpdate, tickets, renegotiation) is refused, see
 * net/tls_session.h.
 */
#ifndef KW_NET_STREAM_H
#define KW_NET_STREAM_H

#include "base/buf.h"
#include "core/loop.h"
#include "net/flow.h"
#include "net/role.h"

#include <stdbool.h>
#include <stddef.h>

struct kw_stream;
struct kw_tls; /* a context, net/tls.h */
struct kw_tls_session;

struct kw_stream_events {
    void (*on_open)(struct kw_stream *stream);
    /* Bytes are borrowed for the call. */
    void (*on_data)(struct kw_stream *stream, const unsigned char *bytes,
                    size_t length);
    /* All queued bytes are with the kernel; may be NULL. */
    void (*on_drain)(struct kw_stream *stream);
    void (*on_end)(struct kw_stream *stream, int err);
    void (*on_closed)(struct kw_stream *stream);
    enum kw_share share; /* whose budgets of a turn it uses */
};

enum {
    KW_STREAM_IN_BYTES = 1024,
    KW_STREAM_OUT_MAX_BYTES = 1 << 20,
    /* A handshake takes a small device some seconds (RSA without help). */
    KW_STREAM_HANDSHAKE_MS = 10000,
    KW_STREAM_WHY_SIZE = 400,
};

/* Embedded by value in its owner (a connection). */
struct kw_stream {
    struct kw_life life;
    uv_tcp_t tcp;
    uv_timer_t timer; /* of the handshake, then of kw_stream_finish */
    uv_write_t write;
    uv_connect_t connect;
    const struct kw_stream_events *events;
    struct kw_loop *loop;
    struct kw_turn_end later;   /* what must not happen inside a call */
    struct kw_claim claim;      /* of the budget to read */
    uint64_t read_turn;         /* when it last read */
    struct kw_tls_session *tls; /* NULL: plain */
    struct kw_buf out;          /* bytes waiting for the end of the turn */
    struct kw_buf sending;      /* bytes libuv holds */
    size_t out_max_bytes;       /* more queued: the stream ends, KW_EFULL;
                                   the owner may change it */
    uint64_t given;             /* bytes handed to libuv, from the begin */
    uint64_t caught_up;         /* given when the peer had taken them all */
    struct kw_flow flow;        /* of what it has not */
    int end_err;
    bool connected; /* TCP is up */
    bool guest;     /* accepted, not made by us */
    bool heard;     /* the peer has sent something */
    bool opened;    /* on_open was called */
    bool reading, paused, writing, ended, told, finishing, shut;
    uint16_t peer_port;
    char peer[64];    /* numeric address, no port */
    size_t in_length; /* read and not yet delivered */
    unsigned char in[KW_STREAM_IN_BYTES];
};

/*
 * Takes an accepted socket (closed on failure). tls NULL: plain. on_open
 * comes later, never inside the call. On an error nothing was begun and no
 * callback comes.
 */
KW_MUST_CHECK int kw_stream_accept(struct kw_stream *stream,
                                   struct kw_loop *loop, int take_fd,
                                   struct kw_tls *tls,
                                   const struct kw_stream_events *events);

/*
 * Connects to a numeric address. host is what the certificate must name
 * (borrowed as long as the stream lives), and may be NULL without TLS. Making
 * the connection has no time-out of its own: the owner has a timer. A TLS
 * handshake, on either side, has KW_STREAM_HANDSHAKE_MS.
 */
KW_MUST_CHECK int kw_stream_connect(struct kw_stream *stream,
                                    struct kw_loop *loop,
                                    const struct sockaddr *address,
                                    struct kw_tls *tls, const char *host,
                                    const struct kw_stream_events *events);

/*
 * Queues bytes (copied); they leave at the end of the turn, so that several
 * writes become one. Only after on_open; afterwards ignored. Returns what is
 * queued and not with the kernel.
 */
size_t kw_stream_write(struct kw_stream *stream, const void *bytes,
                       size_t length);

/* What is queued and not with the kernel. */
size_t kw_stream_queued(const struct kw_stream *stream);

/*
 * True when the peer has taken less than rate (bytes a second) of what waits
 * for it, here or in the kernel, for nine seconds (net/flow.h): the owner then
 * gives it up. To be asked every second or oftener.
 */
bool kw_stream_stalls(struct kw_stream *stream, uint64_t rate);

/* Gives back the memory of empty buffers; for a stream that idles. */
void kw_stream_trim(struct kw_stream *stream);

/* Stops and goes on reading (back-pressure). */
void kw_stream_pause(struct kw_stream *stream, bool paused);

/*
 * Writes what is queued, ends our side (TLS close_notify, then FIN), reads and
 * drops what the peer still sends for at most a second, so that a reset does
 * not overtake the last bytes, then closes. A peer that takes less than 1 KiB
 * a second is given up, as by kw_stream_stalls.
 */
void kw_stream_finish(struct kw_stream *stream);
/* Ends it with an error of the owner's: on_end(err) comes later, never inside
 * the call. */
void kw_stream_fail(struct kw_stream *stream, int err);

/*
 * Why it ended, in words that name the peer where a certificate or TLS was the
 * reason: "the certificate of 192.0.2.5 expired on 2026-01-31". In on_end and
 * until the close.
 */
void kw_stream_why(const struct kw_stream *stream, char *text, size_t size);

/*
 * The role in the peer's certificate (Modbus/TCP Security), after on_open: 0,
 * and "" when it states none or there is no certificate; KW_EINVAL when it
 * states two or one that is malformed: such a peer is to be refused.
 */
KW_MUST_CHECK int kw_tls_peer_role(const struct kw_stream *stream,
                                   char role[KW_ROLE_SIZE]);

/* Closes now. Twice is harmless. */
void kw_stream_close(struct kw_stream *stream);

#endif
