/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading: libuv fills `in`; plain bytes go straight to the owner, TLS bytes
 * are fed to the session and what it opens goes to the owner until the session
 * wants more. While the owner has paused, nothing is read and what is left in
 * `in` waits.
 *
 * Writing: bytes (TLS: records) gather in `out`. At the end of the turn they
 * are tried at once; what the kernel does not take moves to `sending` and is
 * libuv's until on_written. Then `out` follows.
 *
 * One read a turn, within the turn's budget: a second one, or one without
 * budget, is refused the buffer, and libuv asks again next turn since the
 * socket is still readable. In a handshake, where each flight may cost a
 * signature, the budget is that of handshakes.
 */
#include "net/stream.h"

#include "base/secret.h"
#include "net/listen.h"
#include "net/tls_session.h"

#include <linux/sockios.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum {
    CLEAR_BYTES = 8192, /* opened at once */
    KEEP_BYTES = 4096,  /* larger buffers are given back when empty */
    KEEPALIVE_S = 60,   /* silence before the kernel asks the peer */
    TICK_MS = 1000,     /* finishing: is the peer taking bytes? */
    FINISH_RATE = 1024, /* so many a second, at least */
    LINGER_MS = 1000,   /* finished, and the peer does not end */
};

static void deliver(struct kw_stream *stream);

size_t kw_stream_queued(const struct kw_stream *stream)
{
    return stream->out.length +
           uv_stream_get_write_queue_size(
               (const uv_stream_t *)(const void *)&stream->tcp);
}

/* The end is told later, never inside one of the owner's calls. */
static void end_later(struct kw_stream *stream, int err)
{
    if (stream->ended || stream->life.closing)
        return;
    stream->ended = true;
    stream->end_err = err;
    kw_loop_turn_end(stream->loop, &stream->later);
}

/* Empties a buffer; a large one is given back. */
static void empty(struct kw_buf *buf)
{
    if (buf->capacity > KEEP_BYTES)
        kw_buf_fini(buf);
    else
        kw_buf_reset(buf);
}

/* Our side has ended; the peer has a second to see it. */
static void on_linger(uv_timer_t *timer)
{
    kw_stream_close(timer->data);
}

static void shut(struct kw_stream *stream)
{
    uv_os_fd_t fd = -1;

    if (stream->paused) { /* the peer has ended already */
        kw_stream_close(stream);
        return;
    }
    stream->shut = true;
    if (uv_fileno((const uv_handle_t *)&stream->tcp, &fd) == 0)
        (void)shutdown(fd, SHUT_WR);
    uv_timer_start(&stream->timer, on_linger, LINGER_MS, 0);
}

static void drained(struct kw_stream *stream)
{
    if (stream->finishing && !stream->shut)
        shut(stream);
    else if (!stream->finishing && !stream->ended &&
             stream->events->on_drain != NULL)
        stream->events->on_drain(stream);
}

static void flush(struct kw_stream *stream);

static void on_written(uv_write_t *request, int status)
{
    struct kw_stream *stream = request->data;

    stream->writing = false;
    empty(&stream->sending);
    if (status != 0)
        end_later(stream, KW_EIO);
    else if (!stream->life.closing && stream->out.length > 0)
        flush(stream);
    else if (!stream->life.closing)
        drained(stream);
    kw_life_drop(&stream->life);
}

/* Hands what the kernel did not take at once to libuv. */
static void send_rest(struct kw_stream *stream, size_t sent)
{
    struct kw_buf empty_one = stream->sending;
    uv_buf_t rest;

    stream->sending = stream->out;
    stream->out = empty_one;
    rest = uv_buf_init((char *)stream->sending.data + sent,
                       (unsigned)(stream->sending.length - sent));
    stream->write.data = stream;
    if (uv_write(&stream->write, (uv_stream_t *)&stream->tcp, &rest, 1,
                 on_written) != 0) {
        end_later(stream, KW_EIO);
        return;
    }
    stream->writing = true;
    kw_life_hold(&stream->life);
}

static void flush(struct kw_stream *stream)
{
    uv_buf_t all;
    int sent;

    if (stream->writing || !stream->connected)
        return;
    if (stream->out.length == 0) {
        if (stream->finishing)
            drained(stream);
        return;
    }
    all = uv_buf_init((char *)stream->out.data, (unsigned)stream->out.length);
    sent = uv_try_write((uv_stream_t *)&stream->tcp, &all, 1);
    if (sent < 0 && sent != UV_EAGAIN) {
        end_later(stream, KW_EIO);
        return;
    }
    stream->given += stream->out.length;
    if (sent >= 0 && (size_t)sent == stream->out.length) {
        empty(&stream->out);
        drained(stream);
        return;
    }
    send_rest(stream, sent > 0 ? (size_t)sent : 0);
}

/* Reads exactly while somebody can take what comes. */
static void update_reading(struct kw_stream *stream);

static void on_alloc(uv_handle_t *handle, size_t size, uv_buf_t *buf)
{
    struct kw_stream *stream = handle->data;
    bool shakes = stream->tls != NULL && !stream->opened;
    unsigned which =
        (shakes ? KW_BUDGET_HANDSHAKE : KW_BUDGET_READ) + stream->events->share;
    bool may = stream->read_turn != stream->loop->turn &&
               kw_loop_budget_claim(stream->loop, (enum kw_budget)which,
                                    &stream->claim);

    (void)size;
    stream->heard = true;
    if (may)
        stream->read_turn = stream->loop->turn;
    *buf = uv_buf_init((char *)stream->in, may ? sizeof(stream->in) : 0);
}

static void on_eof(struct kw_stream *stream, ssize_t status)
{
    if (stream->shut) {
        kw_stream_close(stream);
        return;
    }
    stream->paused = true; /* there is nothing more to read */
    update_reading(stream);
    if (!stream->finishing)
        end_later(stream, status == UV_EOF ? KW_EOF : KW_EIO);
}

static void on_read(uv_stream_t *tcp, ssize_t got, const uv_buf_t *buf)
{
    struct kw_stream *stream = tcp->data;

    (void)buf;
    if (got == 0 || got == UV_ENOBUFS)
        return; /* nothing there, or no budget: asked again */
    if (got < 0) {
        on_eof(stream, got);
        return;
    }
    if (stream->finishing)
        return; /* dropped */
    stream->in_length = (size_t)got;
    if (stream->tls != NULL)
        kw_tls_session_feed(stream->tls, stream->in, stream->in_length);
    deliver(stream);
}

static void update_reading(struct kw_stream *stream)
{
    bool want = stream->connected && !stream->life.closing && !stream->ended &&
                !stream->paused && stream->in_length == 0;

    if (want == stream->reading)
        return;
    stream->reading = want;
    if (!want)
        uv_read_stop((uv_stream_t *)&stream->tcp);
    else if (uv_read_start((uv_stream_t *)&stream->tcp, on_alloc, on_read) != 0)
        end_later(stream, KW_EIO);
}

static bool takes_data(const struct kw_stream *stream)
{
    return !stream->life.closing && !stream->paused && !stream->ended &&
           !stream->finishing;
}

static void deliver_plain(struct kw_stream *stream)
{
    size_t length = stream->in_length;

    stream->in_length = 0;
    if (length > 0)
        stream->events->on_data(stream, stream->in, length);
}

/* True when the handshake is done. */
static bool shake(struct kw_stream *stream)
{
    int done;

    if (stream->opened)
        return true;
    done = kw_tls_session_shake(stream->tls);
    if (done < 0) {
        flush(stream); /* the alert */
        end_later(stream, done);
    }
    if (done != 1)
        return false;
    stream->opened = true;
    uv_timer_stop(&stream->timer);
    stream->events->on_open(stream);
    return true;
}

static void deliver_tls(struct kw_stream *stream)
{
    unsigned char clear[CLEAR_BYTES];
    size_t most = 0;

    if (!shake(stream)) {
        stream->in_length = kw_tls_session_left(stream->tls);
        return;
    }
    while (takes_data(stream)) {
        int got = kw_tls_session_read(stream->tls, clear, sizeof(clear));

        if (got < 0) {
            flush(stream); /* the alert, if there is one */
            end_later(stream, got);
        }
        if (got <= 0)
            break;
        most = (size_t)got > most ? (size_t)got : most;
        stream->events->on_data(stream, clear, (size_t)got);
    }
    kw_secret_wipe(clear, most); /* passwords and cookies on the stack */
    stream->in_length = kw_tls_session_left(stream->tls);
}

static void deliver(struct kw_stream *stream)
{
    if (takes_data(stream) && stream->tls == NULL)
        deliver_plain(stream);
    else if (takes_data(stream))
        deliver_tls(stream);
    if (stream->finishing)
        stream->in_length = 0;
    if (stream->life.closing)
        return;
    /* What TLS itself answers (alerts to a peer that wants to renegotiate and
     * never reads) passes no kw_stream_write: the same ceiling holds. */
    if (kw_stream_queued(stream) > stream->out_max_bytes)
        end_later(stream, KW_EFULL);
    update_reading(stream);
    if (stream->out.length > 0 && !stream->writing)
        kw_loop_turn_end(stream->loop, &stream->later);
}

static void run_later(void *arg)
{
    struct kw_stream *stream = arg;

    if (stream->ended && !stream->told) {
        stream->told = true;
        update_reading(stream);
        stream->events->on_end(stream, stream->end_err);
        return;
    }
    if (stream->connected && !stream->opened && stream->tls == NULL) {
        stream->opened = true;
        stream->events->on_open(stream);
    }
    if (stream->connected && !stream->reading)
        deliver(stream);
    if (!stream->life.closing && !stream->ended)
        flush(stream);
}

static void on_gone(struct kw_life *life)
{
    struct kw_stream *stream = KW_LIST_ENTRY(life, struct kw_stream, life);

    stream->loop->guests -= stream->guest;
    kw_tls_session_free(stream->tls);
    kw_buf_fini(&stream->out);
    kw_buf_fini(&stream->sending);
    stream->events->on_closed(stream);
}

static int init(struct kw_stream *stream, struct kw_loop *loop,
                struct kw_tls *tls, const char *host,
                const struct kw_stream_events *events)
{
    memset(stream, 0, offsetof(struct kw_stream, in));
    stream->events = events;
    stream->loop = loop;
    stream->out_max_bytes = KW_STREAM_OUT_MAX_BYTES;
    kw_buf_init(&stream->out, UINT32_MAX / 2);
    kw_buf_init(&stream->sending, UINT32_MAX / 2);
    kw_list_init(&stream->later.link);
    kw_list_init(&stream->claim.link);
    stream->later.run = run_later;
    stream->later.arg = stream;
    return tls == NULL
               ? 0
               : kw_tls_session_new(&stream->tls, tls, host, &stream->out);
}

static void open_handles(struct kw_stream *stream)
{
    kw_life_init(&stream->life, on_gone);
    uv_tcp_init(&stream->loop->uv, &stream->tcp); /* libuv: always 0 */
    stream->tcp.data = stream;
    kw_life_hold(&stream->life);
    kw_life_timer(&stream->life, &stream->loop->uv, &stream->timer, stream);
}

static void name_peer(struct kw_stream *stream, const struct sockaddr *peer)
{
    struct sockaddr_in6 six;
    struct sockaddr_in four;

    kw_address_format(peer, stream->peer, sizeof(stream->peer));
    if (peer->sa_family == AF_INET6) {
        memcpy(&six, peer, sizeof(six));
        stream->peer_port = ntohs(six.sin6_port);
    } else {
        memcpy(&four, peer, sizeof(four));
        stream->peer_port = ntohs(four.sin_port);
    }
}

static void on_late(uv_timer_t *timer)
{
    end_later(timer->data, KW_ETIMEOUT);
}

/* TCP is up: nothing may fail from here on but by on_end. */
static void begin(struct kw_stream *stream)
{
    stream->connected = true;
    if (stream->tls != NULL)
        uv_timer_start(&stream->timer, on_late, KW_STREAM_HANDSHAKE_MS, 0);
    update_reading(stream);
    kw_loop_turn_end(stream->loop, &stream->later);
}

int kw_stream_accept(struct kw_stream *stream, struct kw_loop *loop,
                     int take_fd, struct kw_tls *tls,
                     const struct kw_stream_events *events)
{
    struct sockaddr_storage peer = {0};
    socklen_t length = sizeof(peer);
    int err = init(stream, loop, tls, NULL, events);

    if (err != 0) {
        close(take_fd);
        return err;
    }
    stream->guest = true;
    loop->guests++;
    (void)getpeername(take_fd, (struct sockaddr *)&peer, &length);
    name_peer(stream, (const struct sockaddr *)&peer);
    open_handles(stream);
    if (uv_tcp_open(&stream->tcp, take_fd) == 0) {
        begin(stream);
    } else {
        close(take_fd);
        end_later(stream, KW_EIO);
    }
    return 0;
}

static void on_connect(uv_connect_t *request, int status)
{
    struct kw_stream *stream = request->data;

    if (!stream->life.closing && status == 0) {
        uv_tcp_nodelay(&stream->tcp, 1);
        uv_tcp_keepalive(&stream->tcp, 1, KEEPALIVE_S);
        begin(stream);
    } else {
        end_later(stream, kw_err_from_errno(-status));
    }
    if (stream->connected && !stream->life.closing && stream->tls != NULL)
        (void)shake(stream); /* the first flight is ours */
    kw_life_drop(&stream->life);
}

int kw_stream_connect(struct kw_stream *stream, struct kw_loop *loop,
                      const struct sockaddr *address, struct kw_tls *tls,
                      const char *host, const struct kw_stream_events *events)
{
    int err = init(stream, loop, tls, host, events);

    if (err != 0)
        return err;
    name_peer(stream, address);
    open_handles(stream);
    stream->connect.data = stream;
    err = uv_tcp_connect(&stream->connect, &stream->tcp, address, on_connect);
    if (err == 0)
        kw_life_hold(&stream->life);
    else
        end_later(stream, kw_err_from_errno(-err));
    return 0;
}

size_t kw_stream_write(struct kw_stream *stream, const void *bytes,
                       size_t length)
{
    int err = 0;

    if (!stream->opened || stream->ended || stream->finishing ||
        stream->life.closing)
        return 0;
    if (length > 0 &&
        kw_stream_queued(stream) + length > stream->out_max_bytes) {
        end_later(stream, KW_EFULL);
        return kw_stream_queued(stream);
    }
    if (stream->tls != NULL)
        err = kw_tls_session_write(stream->tls, bytes, length);
    else
        kw_buf_put(&stream->out, bytes, length);
    if (err == 0)
        err = kw_buf_err(&stream->out);
    if (err != 0)
        end_later(stream, err);
    else if (!stream->writing)
        kw_loop_turn_end(stream->loop, &stream->later);
    return kw_stream_queued(stream);
}

void kw_stream_trim(struct kw_stream *stream)
{
    if (!stream->writing && stream->out.length == 0) {
        kw_buf_fini(&stream->out);
        kw_buf_fini(&stream->sending);
    }
}

void kw_stream_pause(struct kw_stream *stream, bool paused)
{
    if (stream->life.closing || stream->paused == paused)
        return;
    stream->paused = paused;
    if (paused)
        update_reading(stream);
    else
        kw_loop_turn_end(stream->loop, &stream->later);
}

/* What the kernel has and the peer has not acknowledged. A full send buffer
 * is only drained by a peer that reads, so that shows here and not in what
 * libuv holds, which moves in steps of a third of that buffer. */
static uint64_t in_flight(const struct kw_stream *stream)
{
    uv_os_fd_t fd = -1;
    int bytes = 0;

    if (uv_fileno((const uv_handle_t *)&stream->tcp, &fd) != 0 ||
        ioctl(fd, SIOCOUTQ, &bytes) != 0 || bytes < 0)
        return 0;
    return (uint64_t)bytes;
}

bool kw_stream_stalls(struct kw_stream *stream, uint64_t rate)
{
    uint64_t waiting = kw_stream_queued(stream), left = waiting;

    if (waiting == 0 && stream->given == stream->caught_up)
        return false; /* most of the time: no system call */
    left += in_flight(stream);
    if (left == 0)
        stream->caught_up = stream->given;
    return kw_flow_stalls(&stream->flow, stream->given + stream->out.length,
                          left, rate, kw_clock_mono_ms(stream->loop->clock));
}

static void on_tick(uv_timer_t *timer)
{
    struct kw_stream *stream = timer->data;

    if (kw_stream_stalls(stream, FINISH_RATE))
        kw_stream_close(stream);
}

void kw_stream_finish(struct kw_stream *stream)
{
    if (stream->finishing || stream->life.closing)
        return;
    if (!stream->opened || stream->ended) {
        kw_stream_close(stream);
        return;
    }
    if (stream->tls != NULL)
        kw_tls_session_end(stream->tls);
    stream->finishing = true;
    stream->paused = false;
    stream->in_length = 0;
    update_reading(stream);
    uv_timer_start(&stream->timer, on_tick, TICK_MS, TICK_MS);
    kw_loop_turn_end(stream->loop, &stream->later);
}

void kw_stream_fail(struct kw_stream *stream, int err)
{
    end_later(stream, err);
}

void kw_stream_why(const struct kw_stream *stream, char *text, size_t size)
{
    const char *plain = kw_strerror(stream->end_err);

    if (stream->tls != NULL &&
        kw_tls_session_why(stream->tls, stream->peer, text, size))
        return;
    if (stream->end_err == KW_EOF)
        plain = stream->connected && !stream->opened
                    ? "the peer closed the connection in the TLS handshake"
                    : "the peer closed the connection";
    else if (stream->end_err == KW_ETIMEOUT && stream->connected)
        plain = "the TLS handshake was not done in time";
    else if (stream->opened)
        plain = "the connection broke";
    else if (stream->end_err == KW_EFULL)
        plain = "no file descriptor is free";
    snprintf(text, size, "%s", plain);
}

int kw_tls_peer_role(const struct kw_stream *stream, char role[KW_ROLE_SIZE])
{
    role[0] = 0;
    return stream->tls != NULL ? kw_tls_session_role(stream->tls, role) : 0;
}

void kw_stream_close(struct kw_stream *stream)
{
    if (!kw_life_close(&stream->life))
        return;
    kw_loop_turn_end_cancel(&stream->later);
    kw_loop_claim_cancel(&stream->claim);
    kw_life_close_handle(&stream->life, (uv_handle_t *)&stream->tcp);
    kw_life_close_handle(&stream->life, (uv_handle_t *)&stream->timer);
}
