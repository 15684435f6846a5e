/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Happy path: bytes come, each whole request in them is answered into the
 * module's buffer, and that is written once. A part of a request is held until
 * the rest is there.
 * Blocked: while a request waits for a line, or the peer takes no answers,
 * nothing more is read; what came already is held.
 * Failures: no Modbus frame, three garbled ones in a row, half a request for
 * 2 s, no request for 60 s, answers not taken for 10 s: the connection ends.
 * On close: it leaves the list at once, its memory goes when the stream has
 * closed.
 */
#include "supervisor/conn.h"

#include "auth/auth.h"
#include "base/mem.h"
#include "supervisor/room.h"
#include "supervisor/secure.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    SWEEP_MS = 250,
    IDLE_MS = 60000,
    PART_MS = 2000,
    FULL_MS = 10000,
    FULL_BYTES = 32 * 1024,   /* queued: no more requests are read */
    QUEUE_BYTES = 128 * 1024, /* never more than this */
    HELD_BYTES = 16 * 1024,   /* more than a read of a stream brings */
    GARBLED_MAX = 3,
};

static uint64_t now_ms_of(const struct kw_supervisor *supervisor)
{
    return kw_clock_mono_ms(supervisor->core->clock);
}

static enum kw_supervisor_framing framing(const struct kw_supervisor_conn *conn)
{
    return conn->service == KW_SUPERVISOR_RTU_TCP ? KW_SUPERVISOR_RTU
                                                  : KW_SUPERVISOR_MBAP;
}

void kw_supervisor_conn_actor(const struct kw_supervisor_conn *conn,
                              char text[KW_SUPERVISOR_ACTOR_SIZE])
{
    bool role = conn->role[0] != 0;

    snprintf(text, KW_SUPERVISOR_ACTOR_SIZE, "%s%s%s%s", conn->stream.peer,
             role ? " (" : "", conn->role, role ? ")" : "");
}

/* address is the station's. */
static void refuse(struct kw_supervisor *supervisor, const char *address,
                   const char *why)
{
    struct kw_supervisor_news news = {
        .which = KW_SUPERVISOR_EVENT_REFUSED,
        .on = true,
        .subject = address,
        .text = why,
        .actor = address,
    };

    supervisor->counters.refused++;
    kw_supervisor_tell_limited(supervisor, &supervisor->refusals, &news);
}

/* Nothing more happens with it; twice is harmless. */
static void end(struct kw_supervisor_conn *conn)
{
    struct kw_supervisor *supervisor = conn->supervisor;

    if (conn->ending)
        return;
    conn->ending = true;
    kw_supervisor_bridge_drop(&conn->waiter);
    kw_list_remove(&conn->link);
    if (--supervisor->conn_count == 0 && !supervisor->stopping)
        uv_timer_stop(&supervisor->sweep);
    kw_stream_close(&conn->stream);
}

static bool is_blocked(const struct kw_supervisor_conn *conn)
{
    return conn->waiting || conn->full_ms != 0 || conn->ending;
}

/* Writes the answers of the module's buffer. */
static void flush(struct kw_supervisor_conn *conn)
{
    struct kw_supervisor *supervisor = conn->supervisor;
    size_t queued;

    if (supervisor->out_length == 0)
        return;
    queued =
        kw_stream_write(&conn->stream, supervisor->out, supervisor->out_length);
    supervisor->out_length = 0;
    if (queued > FULL_BYTES)
        conn->full_ms = now_ms_of(supervisor);
}

/* Where the PDU of the next answer goes. */
static unsigned char *answer_room(struct kw_supervisor_conn *conn)
{
    struct kw_supervisor *supervisor = conn->supervisor;

    if (supervisor->out_length + KW_SUPERVISOR_FRAME_MAX >
        KW_SUPERVISOR_OUT_BYTES)
        flush(conn);
    return supervisor->out + supervisor->out_length +
           kw_supervisor_frame_head(framing(conn));
}

/* length bytes of PDU stand in the room. */
static void finish_answer(struct kw_supervisor_conn *conn,
                          const struct kw_supervisor_frame *request,
                          const unsigned char *pdu, size_t length)
{
    struct kw_supervisor *supervisor = conn->supervisor;

    supervisor->counters.exceptions += pdu[0] >> 7;
    supervisor->out_length += kw_supervisor_frame_close(
        framing(conn), request, supervisor->out + supervisor->out_length,
        length);
}

static void serve(struct kw_supervisor_conn *conn,
                  const struct kw_supervisor_frame *frame)
{
    unsigned char *pdu;
    size_t length;

    conn->requests++;
    conn->garbled = 0;
    conn->supervisor->counters.requests++;
    /* On a serial line unit 0 is everybody, and nobody answers. */
    if (conn->service == KW_SUPERVISOR_RTU_TCP && frame->unit == 0)
        return;
    pdu = answer_room(conn);
    length = kw_supervisor_answer(conn, frame, pdu);
    if (length > 0)
        finish_answer(conn, frame, pdu, length);
    else
        conn->asked = *frame;
}

static void on_bad_frame(struct kw_supervisor_conn *conn, int err)
{
    conn->supervisor->counters.garbled++;
    if (err == KW_EPROTO || ++conn->garbled == GARBLED_MAX)
        end(conn);
}

/* Answers the whole requests at the front; returns the bytes it is done
 * with. */
static size_t consume(struct kw_supervisor_conn *conn,
                      const unsigned char *bytes, size_t length)
{
    size_t used = 0;

    while (used < length && !is_blocked(conn)) {
        struct kw_supervisor_frame frame;
        int err = kw_supervisor_frame_find(framing(conn), bytes + used,
                                           length - used, &frame);

        if (err == KW_EAGAIN)
            break;
        if (err != 0) {
            flush(conn);
            on_bad_frame(conn, err);
            return length;
        }
        used += frame.length;
        serve(conn, &frame);
    }
    flush(conn);
    if (used > 0)
        conn->active_ms = now_ms_of(conn->supervisor);
    return used;
}

/* Reads on or not, and since when a part of a request waits. */
static void settle(struct kw_supervisor_conn *conn, bool progress)
{
    bool part = conn->held.length > 0 && !is_blocked(conn);

    if (conn->ending)
        return;
    if (!part)
        conn->part_ms = 0;
    else if (progress || conn->part_ms == 0)
        conn->part_ms = now_ms_of(conn->supervisor);
    kw_stream_pause(&conn->stream, is_blocked(conn));
}

static void consume_held(struct kw_supervisor_conn *conn)
{
    size_t used = consume(conn, conn->held.data, conn->held.length);

    kw_buf_drop_front(&conn->held, used);
    settle(conn, used > 0);
}

static struct kw_supervisor_conn *conn_of(struct kw_stream *stream)
{
    return KW_LIST_ENTRY(stream, struct kw_supervisor_conn, stream);
}

static void on_data(struct kw_stream *stream, const unsigned char *bytes,
                    size_t length)
{
    struct kw_supervisor_conn *conn = conn_of(stream);
    size_t used = 0;

    if (conn->held.length == 0)
        used = consume(conn, bytes, length);
    if (used == length) {
        settle(conn, true);
        return;
    }
    kw_buf_put(&conn->held, bytes + used, length - used);
    if (kw_buf_err(&conn->held) != 0)
        end(conn);
    else if (used == 0)
        consume_held(conn);
    else
        settle(conn, true);
}

/* The peer has taken what was queued. */
static void on_drain(struct kw_stream *stream)
{
    struct kw_supervisor_conn *conn = conn_of(stream);

    if (conn->full_ms == 0)
        return;
    conn->full_ms = 0;
    consume_held(conn);
}

static void on_answered(struct kw_supervisor_waiter *waiter,
                        const struct kw_supervisor_exchange *exchange)
{
    struct kw_supervisor_conn *conn =
        KW_LIST_ENTRY(waiter, struct kw_supervisor_conn, waiter);
    unsigned char *pdu = answer_room(conn);

    conn->waiting = false;
    finish_answer(conn, &conn->asked, pdu,
                  kw_supervisor_bridge_put(exchange, pdu));
    flush(conn);
    conn->active_ms = now_ms_of(conn->supervisor);
    consume_held(conn);
}

static void on_open(struct kw_stream *stream)
{
    struct kw_supervisor_conn *conn = conn_of(stream);

    conn->opened = true;
    if (conn->service != KW_SUPERVISOR_TLS)
        return;
    if (kw_tls_peer_role(stream, conn->role) != 0) {
        refuse(conn->supervisor, stream->peer,
               "the role in its certificate is malformed");
        end(conn);
        return;
    }
    conn->rights =
        kw_supervisor_role_rights(conn->supervisor->conf, conn->role);
}

static void on_end(struct kw_stream *stream, int err)
{
    struct kw_supervisor_conn *conn = conn_of(stream);
    char why[KW_STREAM_WHY_SIZE];

    if (!conn->opened && err != KW_EOF) {
        kw_stream_why(stream, why, sizeof(why));
        refuse(conn->supervisor, stream->peer, why);
    }
    end(conn);
}

static void on_closed(struct kw_stream *stream)
{
    struct kw_supervisor_conn *conn = conn_of(stream);
    struct kw_supervisor *supervisor = conn->supervisor;

    kw_buf_fini(&conn->held);
    kw_free(conn);
    kw_life_drop(&supervisor->life);
}

static const struct kw_stream_events events = {
    .on_open = on_open,
    .on_data = on_data,
    .on_drain = on_drain,
    .on_end = on_end,
    .on_closed = on_closed,
    .share = KW_SHARE_STATION,
};

/* A client that comes back is often accepted before the end of what it had is
 * read; and while a request waits nothing is read at all. */
static bool has_gone(const struct kw_supervisor_conn *conn)
{
    uv_os_fd_t fd = -1;
    char byte;

    return uv_fileno((const uv_handle_t *)&conn->stream.tcp, &fd) == 0 &&
           recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

/* Makes room for one more of that station; false: there is none. */
static bool make_room(struct kw_supervisor *supervisor,
                      const struct kw_station *station)
{
    struct kw_supervisor_guest guests[KW_SUPERVISOR_CONNECTIONS_MAX];
    struct kw_supervisor_conn *conns[KW_SUPERVISOR_CONNECTIONS_MAX];
    size_t count = 0;
    int goes;

    KW_LIST_EACH (link, &supervisor->conns) {
        struct kw_supervisor_conn *conn =
            KW_LIST_ENTRY(link, struct kw_supervisor_conn, link);

        conns[count] = conn;
        guests[count++] = (struct kw_supervisor_guest){
            .station = conn->station,
            .active_ms = conn->active_ms,
            .asked = conn->requests > 0,
            .gone = has_gone(conn),
            .busy = conn->waiting,
        };
    }
    goes = kw_supervisor_room(guests, count, station, now_ms_of(supervisor));
    if (goes >= 0) {
        supervisor->counters.given_up++;
        end(conns[goes]);
    }
    return goes != KW_SUPERVISOR_ROOM_NONE;
}

static void open_conn(struct kw_supervisor *supervisor,
                      enum kw_supervisor_service service, int take_fd,
                      const struct kw_station *station)
{
    struct kw_supervisor_conn *conn = kw_alloc(sizeof(*conn));
    bool secure = service == KW_SUPERVISOR_TLS;

    if (conn == NULL) {
        close(take_fd);
        return;
    }
    conn->supervisor = supervisor;
    conn->service = service;
    conn->station = *station;
    conn->rights.read = conn->rights.write = !secure;
    conn->since_ms = kw_clock_wall_ms(supervisor->core->clock);
    conn->active_ms = now_ms_of(supervisor);
    conn->waiter.answered = on_answered;
    kw_list_init(&conn->waiter.link);
    kw_buf_init(&conn->held, HELD_BYTES);
    if (kw_stream_accept(&conn->stream, supervisor->core->loop, take_fd,
                         secure ? kw_supervisor_secure_tls(supervisor->secure)
                                : NULL,
                         &events) != 0) {
        kw_free(conn);
        return;
    }
    conn->stream.out_max_bytes = QUEUE_BYTES;
    kw_life_hold(&supervisor->life);
    kw_list_append(&supervisor->conns, &conn->link);
    if (supervisor->conn_count++ == 0)
        uv_timer_start(&supervisor->sweep, kw_supervisor_conn_sweep, SWEEP_MS,
                       SWEEP_MS);
    supervisor->counters.accepted++;
}

void kw_supervisor_conn_accept(struct kw_supervisor *supervisor,
                               enum kw_supervisor_service service, int take_fd,
                               const struct sockaddr *peer)
{
    struct kw_station station;
    const char *why = NULL;
    char address[64];

    kw_station_of(peer, &station);
    if (!kw_auth_is_set_up(supervisor->auth))
        why = "the gateway is not set up: its one-time password waits";
    else if (!kw_supervisor_may_connect(supervisor->access, &station))
        why = "it is not among the stations";
    else if (!make_room(supervisor, &station))
        why = "there are too many connections that work";
    if (why == NULL) {
        open_conn(supervisor, service, take_fd, &station);
        return;
    }
    close(take_fd);
    kw_address_format(peer, address, sizeof(address));
    refuse(supervisor, address, why);
}

void kw_supervisor_conn_end_all(struct kw_supervisor *supervisor)
{
    while (!kw_list_empty(&supervisor->conns))
        end(KW_LIST_ENTRY(supervisor->conns.next, struct kw_supervisor_conn,
                          link));
}

void kw_supervisor_conn_recheck(struct kw_supervisor *supervisor)
{
    KW_LIST_EACH_SAFE (link, after, &supervisor->conns) {
        struct kw_supervisor_conn *conn =
            KW_LIST_ENTRY(link, struct kw_supervisor_conn, link);

        if (!kw_supervisor_may_connect(supervisor->access, &conn->station) ||
            kw_supervisor_listen(supervisor->conf, conn->service)->count == 0)
            end(conn);
        else if (conn->service == KW_SUPERVISOR_TLS && conn->opened)
            conn->rights =
                kw_supervisor_role_rights(supervisor->conf, conn->role);
    }
}

static bool is_overdue(const struct kw_supervisor_conn *conn, uint64_t now_ms)
{
    if (conn->full_ms != 0)
        return now_ms - conn->full_ms >= FULL_MS;
    if (conn->part_ms != 0 && now_ms - conn->part_ms >= PART_MS)
        return true;
    return !conn->waiting && now_ms - conn->active_ms >= IDLE_MS;
}

void kw_supervisor_conn_sweep(uv_timer_t *timer)
{
    struct kw_supervisor *supervisor = timer->data;
    uint64_t now_ms = now_ms_of(supervisor);

    KW_LIST_EACH_SAFE (link, after, &supervisor->conns) {
        struct kw_supervisor_conn *conn =
            KW_LIST_ENTRY(link, struct kw_supervisor_conn, link);

        if (is_overdue(conn, now_ms)) {
            supervisor->counters.given_up++;
            end(conn);
        }
    }
}
