/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the loop and fault tests of meter stand on: the module on a fixture
 * with a configuration written as YAML, a subscriber that keeps what is
 * published, and scripted peers on pseudo-terminals and TCP sockets that run
 * on the same loop. A peer calls the test for each request and sends what the
 * test gives it, now or later, whole or in pieces.
 */
#ifndef KW_TEST_METER_RIG_H
#define KW_TEST_METER_RIG_H

#include "base/mem.h"
#include "base/text.h"
#include "core/conf.h"
#include "core/point.h"
#include "core/route.h"
#include "lib/fixture.h"
#include "meter/frame_mbap.h"
#include "meter/frame_rtu.h"
#include "meter/meter.h"
#include "meter/settings.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pty.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

/* Where a peer can be reached. */
struct peer_place {
    bool tcp, rtu;
    char port[128]; /* device, or port number */
};

/* --- the module */

struct rig {
    struct kw_fixture fixture;
    struct kw_arena arena;
    struct kw_meter_conf conf, old;
    void *self;
    struct kw_subscriber subscriber;
    size_t samples, good, bad, publications;
    size_t last_count; /* samples of the last publication */
    int64_t last_time_ms;
    unsigned line_down, line_up, failing, recovered; /* events */
    unsigned progress;                               /* events of the moment */
    unsigned jumps;
    char jump[200]; /* text of the last counter_jump */
    unsigned overloaded, relieved;
    /* Looks at each sample; may be NULL. */
    void (*look)(struct rig *rig, const struct kw_point *point,
                 const struct kw_sample *sample);
    bool any_quality; /* values may be uncertain */
    bool stopped;
};

static inline void rig_on_samples(void *arg, const struct kw_sample *samples,
                                  size_t count)
{
    struct rig *rig = arg;

    rig->publications++;
    rig->last_count = count;
    rig->last_time_ms = samples[0].time_ms;
    rig->samples += count;
    for (size_t i = 0; i < count; i++) {
        const struct kw_point *point =
            kw_points_get(rig->fixture.core.points, samples[i].point);
        bool good = kw_quality_is_good(samples[i].quality);

        rig->good += good;
        rig->bad += !good;
        assert_int_equal(samples[i].time_ms, samples[0].time_ms);
        assert_int_equal(isnan(samples[i].value),
                         !kw_quality_has_value(samples[i].quality));
        assert_true(good || rig->any_quality ||
                    !kw_quality_has_value(samples[i].quality));
        if (good)
            assert_true(samples[i].value == kw_sample_value(samples[i].encoding,
                                                            samples[i].raw,
                                                            point->scale));
        if (rig->look != NULL)
            rig->look(rig, point, &samples[i]);
    }
}

static inline void rig_on_event(void *arg, const struct kw_event *event)
{
    struct rig *rig = arg;
    bool line = strcmp(event->kind->key, "line_down") == 0;

    if (event->data != NULL) {
        rig->progress++;
        return;
    }
    assert_true(event->text[0] != 0);
    if (strcmp(event->kind->key, "counter_jump") == 0) {
        rig->jumps++;
        snprintf(rig->jump, sizeof(rig->jump), "%s", event->text);
        return;
    }
    if (strcmp(event->kind->key, "line_overloaded") == 0) {
        rig->overloaded += event->on;
        rig->relieved += !event->on;
        return;
    }
    rig->line_down += line && event->on;
    rig->line_up += line && !event->on;
    rig->failing += !line && event->on;
    rig->recovered += !line && !event->on;
}

/* Reads settings from YAML text; findings go to diag. */
static inline int rig_parse(struct rig *rig, const char *yaml,
                            struct kw_meter_conf *conf, struct kw_diag *diag)
{
    struct kw_node *root;
    int err = kw_conf_parse_yaml(yaml, strlen(yaml), &rig->arena, &root, diag);

    memset(conf, 0, sizeof(*conf));
    if (err == 0)
        err = kw_settings_read(kw_meter_settings, root, root, conf, &rig->arena,
                               diag);
    if (err == 0)
        err = kw_meter_check(conf, &rig->fixture.core.env, diag);
    return err;
}

static inline void rig_must_parse(struct rig *rig, const char *yaml,
                                  struct kw_meter_conf *conf)
{
    struct kw_diag diag;
    char text[512];

    kw_diag_init(&diag);
    if (rig_parse(rig, yaml, conf, &diag) != 0)
        fail_msg("%s", kw_diag_first(&diag, text, sizeof(text)));
    kw_diag_fini(&diag);
}

/* The fixture alone; rig_start follows. */
static inline void rig_open(struct rig *rig)
{
    memset(rig, 0, sizeof(*rig));
    kw_fixture_open(&rig->fixture, KW_FIXTURE_RESOLVER);
    kw_arena_init(&rig->arena, 64 << 20);
    rig->subscriber = (struct kw_subscriber){
        .on_samples = rig_on_samples,
        .on_event = rig_on_event,
        .arg = rig,
    };
    kw_hub_subscribe(rig->fixture.core.hub, &rig->subscriber);
}

static inline void rig_start(struct rig *rig, const char *yaml)
{
    struct kw_diag diag;

    kw_meter_release(&rig->conf);
    rig_must_parse(rig, yaml, &rig->conf);
    kw_diag_init(&diag);
    rig->self = kw_alloc(kw_meter_module.state_size);
    assert_non_null(rig->self);
    assert_int_equal(
        kw_meter_module.start(rig->self, &rig->conf, &rig->fixture.core, &diag),
        0);
    kw_diag_fini(&diag);
}

/* Applies a change; the old settings are overwritten, as core frees them. */
static inline int rig_change(struct rig *rig, const char *yaml)
{
    struct kw_arena old = rig->arena;
    struct kw_diag diag;
    int err;

    kw_arena_init(&rig->arena, 64 << 20);
    rig->old = rig->conf;
    rig_must_parse(rig, yaml, &rig->conf);
    kw_diag_init(&diag);
    err = kw_meter_module.reconfigure(rig->self, &rig->old, &rig->conf, &diag);
    kw_diag_fini(&diag);
    kw_meter_release(&rig->old);
    kw_arena_fini(&old);
    return err;
}

static inline void rig_on_stopped(void *arg)
{
    *(bool *)arg = true;
}

static inline void rig_stop(struct rig *rig)
{
    rig->stopped = false;
    kw_meter_module.stop(rig->self, rig_on_stopped, &rig->stopped);
    kw_fixture_until_set(&rig->fixture, &rig->stopped);
    kw_free(rig->self);
    rig->self = NULL;
}

static inline void rig_close(struct rig *rig)
{
    if (rig->self != NULL)
        rig_stop(rig);
    kw_hub_unsubscribe(&rig->subscriber);
    kw_meter_release(&rig->conf);
    kw_arena_fini(&rig->arena);
    kw_fixture_close(&rig->fixture);
}

static inline const struct kw_point *rig_point(struct rig *rig,
                                               const char *name)
{
    const struct kw_point *point =
        kw_points_find(rig->fixture.core.points, name);

    assert_non_null(point);
    return point;
}

/* Value of a metric of the module. */
static inline double rig_metric(struct rig *rig, const char *name)
{
    struct kw_health health = {.text = ""};

    kw_meter_module.health(rig->self, &health);
    for (size_t i = 0; kw_meter_module.metrics[i].name != NULL; i++) {
        if (strcmp(kw_meter_module.metrics[i].name, name) == 0)
            return health.values[i];
    }
    fail_msg("no metric %s", name);
    return 0;
}

/* A register map of three parts. */
static inline void rig_table(struct rig *rig, const char *name,
                             const char *keys, const char *head,
                             const char *rows)
{
    char path[160];
    FILE *file;

    snprintf(path, sizeof(path), "%s/meters", rig->fixture.dir);
    (void)mkdir(path, 0700);
    snprintf(path, sizeof(path), "%s/meters/%s.csv", rig->fixture.dir, name);
    file = fopen(path, "w");
    assert_non_null(file);
    fprintf(file, "%s%s%s", keys, head, rows);
    fclose(file);
}

/* Writes a register map into the state folder, where it wins. */
static inline void rig_map(struct rig *rig, const char *name, const char *keys,
                           const char *rows)
{
    rig_table(rig, name, keys,
              "quantity,function,address,registers,type,word_order,multiplier,"
              "unit,class,na,formula,note,source\n",
              rows);
}

/* One line to a peer with meters, as YAML. */
static inline void rig_line(char *yaml, size_t size,
                            const struct peer_place *at, const char *options,
                            const char *meters)
{
    if (at->tcp)
        snprintf(
            yaml, size,
            "lines:\n  - { name: a, %s: { host: 127.0.0.1, port: %s }%s }\n"
            "meters:\n%s",
            at->rtu ? "rtu_tcp" : "tcp", at->port, options, meters);
    else
        snprintf(yaml, size,
                 "lines:\n  - { name: a, serial: { port: %s, baud: 115200, "
                 "parity: none }%s }\nmeters:\n%s",
                 at->port, options, meters);
}

/* --- an answer that arrives through the routes */

struct rig_reply {
    struct kw_request request;
    struct kw_identity who;
    int status;
    char *body; /* owned */
    bool done;
};

static inline void rig_reply_header(struct kw_request *request,
                                    const char *name, const char *value)
{
    (void)request;
    (void)name;
    (void)value;
}

static inline void rig_reply_send(struct kw_request *request, int status,
                                  const char *type, struct kw_buf *take)
{
    struct rig_reply *reply = (struct rig_reply *)(void *)request;

    (void)type;
    assert_false(reply->done);
    reply->done = true;
    reply->status = status;
    reply->body = kw_strdup(take != NULL ? kw_buf_text(take) : "");
    if (take != NULL)
        kw_buf_fini(take);
}

/* Calls the handler of a route with a body struct that the rows describe. */
static inline void rig_call(struct rig *rig, struct rig_reply *reply,
                            const char *path, const void *body)
{
    static const struct kw_reply_ops ops = {
        .header = rig_reply_header,
        .send = rig_reply_send,
    };
    const struct kw_route *route = kw_meter_module.routes;

    while (strcmp(route->path, path) != 0)
        route++;
    *reply = (struct rig_reply){
        .request = {.route = route,
                    .query = body,
                    .body = body,
                    .who = &reply->who,
                    .ops = &ops,
                    .arena = &rig->arena},
    };
    route->handle(rig->self, &reply->request);
}

static inline void rig_reply_fini(struct rig_reply *reply)
{
    kw_free(reply->body);
    reply->body = NULL;
}

/* --- peers */

struct peer;

/* One request that came. Answer with the peer_* functions, or not. */
typedef void peer_fn(struct peer *peer, const struct kw_meter_ask *ask);

struct peer_piece {
    struct peer *peer;
    unsigned connection; /* later ones are not meant */
    uv_timer_t timer;
    size_t length;
    unsigned char bytes[300];
};

/* An open end; freed when its handle has closed. */
struct peer_end {
    uv_poll_t poll;
    struct peer *peer;
    int fd;
};

struct peer {
    struct rig *rig;
    struct peer_place at;
    struct peer_end *end; /* NULL: not connected */
    int slave_fd;         /* pseudo-terminal: kept open, so that the master
                             never sees an end */
    int listen_fd;
    uv_poll_t listen_poll;
    peer_fn *on_ask;
    unsigned asks; /* requests that came */
    unsigned connections;
    uint16_t transaction; /* of the last request */
    unsigned char in[512];
    size_t length;
    unsigned char values[256]; /* of the last request that writes */
    unsigned pending;          /* handles and sends that are not done */
};

static inline void peer_write(struct peer *peer, const void *bytes,
                              size_t length)
{
    const char *at = bytes;

    while (peer->end != NULL && length > 0) {
        ssize_t sent = write(peer->end->fd, at, length);

        if (sent <= 0)
            break; /* the other end has gone or is full */
        at += sent;
        length -= (size_t)sent;
    }
}

static inline void peer_piece_closed(uv_handle_t *handle)
{
    struct peer_piece *piece = handle->data;

    piece->peer->pending--;
    free(piece);
}

static inline void peer_piece_due(uv_timer_t *timer)
{
    struct peer_piece *piece = timer->data;

    if (piece->connection == piece->peer->connections)
        peer_write(piece->peer, piece->bytes, piece->length);
    uv_close((uv_handle_t *)timer, peer_piece_closed);
}

/* Sends bytes after so many milliseconds. */
static inline void peer_later(struct peer *peer, unsigned ms, const void *bytes,
                              size_t length)
{
    struct peer_piece *piece = calloc(1, sizeof(*piece));

    assert_true(piece != NULL && length <= sizeof(piece->bytes));
    piece->peer = peer;
    piece->connection = peer->connections;
    piece->length = length;
    memcpy(piece->bytes, bytes, length);
    uv_timer_init(&peer->rig->fixture.loop.uv, &piece->timer);
    piece->timer.data = piece;
    uv_timer_start(&piece->timer, peer_piece_due, ms, 0);
    peer->pending++;
}

/* A write is repeated; the identity is "KW" and, of 43/14, one object. */
static inline size_t peer_other_data(const struct kw_meter_ask *ask,
                                     unsigned char *pdu)
{
    static const unsigned char report[] = {17, 4, 'K', 'W', 0xFF, 1};
    static const unsigned char device[] = {43, 14, 1, 1,   0,  0,
                                           1,  0,  2, 'K', 'W'};

    if (ask->function == KW_METER_REPORT_ID) {
        memcpy(pdu, report, sizeof(report));
        return sizeof(report);
    }
    if (ask->function == KW_METER_DEVICE_ID) {
        memcpy(pdu, device, sizeof(device));
        pdu[2] = (unsigned char)(ask->address >> 8);
        return sizeof(device);
    }
    (void)kw_meter_ask_encode(ask, pdu);
    return KW_METER_ECHO_BYTES;
}

/* The value of a register of the peer: its address, unless a test says. */
static inline size_t peer_data(const struct kw_meter_ask *ask,
                               unsigned char *pdu)
{
    size_t bytes = kw_meter_ask_data_bytes(ask);

    if (ask->function > KW_METER_READ_REGISTERS)
        return peer_other_data(ask, pdu);
    pdu[0] = ask->function;
    pdu[1] = (unsigned char)bytes;
    memset(pdu + 2, 0xA5, bytes);
    for (unsigned i = 0; i < ask->count && ask->function > 2; i++) {
        pdu[2 + 2 * i] = (unsigned char)((ask->address + i) >> 8);
        pdu[3 + 2 * i] = (unsigned char)(ask->address + i);
    }
    return bytes + 2;
}

/* Puts a frame of the peer's kind around a PDU; returns its length. */
static inline size_t peer_frame(const struct peer *peer, uint8_t unit,
                                uint16_t transaction, const unsigned char *pdu,
                                size_t length, unsigned char *frame)
{
    uint16_t crc;

    if (peer->at.rtu) {
        frame[0] = unit;
        memcpy(frame + 1, pdu, length);
        crc = kw_meter_rtu_crc(frame, length + 1);
        frame[length + 1] = (unsigned char)crc;
        frame[length + 2] = (unsigned char)(crc >> 8);
        return length + 3;
    }
    frame[0] = (unsigned char)(transaction >> 8);
    frame[1] = (unsigned char)transaction;
    frame[2] = frame[3] = 0;
    frame[4] = (unsigned char)((length + 1) >> 8);
    frame[5] = (unsigned char)(length + 1);
    frame[6] = unit;
    memcpy(frame + 7, pdu, length);
    return length + 7;
}

/* A right answer into frame[300]; returns its length. */
static inline size_t peer_answer_frame(const struct peer *peer,
                                       const struct kw_meter_ask *ask,
                                       unsigned char *frame)
{
    unsigned char pdu[260];
    size_t length = peer_data(ask, pdu);

    return peer_frame(peer, ask->unit, peer->transaction, pdu, length, frame);
}

/* Answers as a good meter does. */
static inline void peer_answer(struct peer *peer,
                               const struct kw_meter_ask *ask)
{
    unsigned char frame[300];

    peer_write(peer, frame, peer_answer_frame(peer, ask, frame));
}

static inline void peer_exception(struct peer *peer,
                                  const struct kw_meter_ask *ask, uint8_t code)
{
    unsigned char pdu[2] = {(unsigned char)(ask->function | 0x80), code};
    unsigned char frame[300];

    peer_write(peer, frame,
               peer_frame(peer, ask->unit, peer->transaction, pdu, 2, frame));
}

static inline void peer_end_closed(uv_handle_t *handle)
{
    struct peer_end *end = handle->data;

    end->peer->pending--;
    free(end);
}

/* Closes the connection alone. */
static inline void peer_disconnect(struct peer *peer)
{
    if (peer->end == NULL)
        return;
    uv_close((uv_handle_t *)&peer->end->poll, peer_end_closed);
    close(peer->end->fd);
    peer->end = NULL;
}

static inline void peer_listen_closed(uv_handle_t *handle)
{
    struct peer *peer = handle->data;

    peer->pending--;
}

/* Nobody can connect any more; an open connection stays. */
static inline void peer_refuse(struct peer *peer)
{
    if (peer->listen_fd < 0)
        return;
    peer->pending++;
    uv_close((uv_handle_t *)&peer->listen_poll, peer_listen_closed);
    close(peer->listen_fd);
    peer->listen_fd = -1;
    if (!peer->at.tcp)
        (void)unlink(peer->at.port);
}

/* Closes the connection (TCP) or pulls the plug (serial port). */
static inline void peer_hang_up(struct peer *peer)
{
    peer_disconnect(peer);
    if (!peer->at.tcp)
        peer_refuse(peer);
}

/* The request in a PDU; count of functions 5 and 6 is 1. */
static inline struct kw_meter_ask peer_ask(struct peer *peer, uint8_t unit,
                                           const unsigned char *pdu)
{
    struct kw_meter_ask ask = {.unit = unit, .function = pdu[0]};
    size_t at = 6;

    if (ask.function == KW_METER_REPORT_ID)
        return ask;
    ask.address = (uint16_t)(pdu[1] << 8 | pdu[2]);
    ask.count = (uint16_t)(pdu[3] << 8 | pdu[4]);
    if (ask.function == KW_METER_DEVICE_ID) {
        ask.address = (uint16_t)(pdu[2] << 8 | pdu[3]);
        ask.count = 0;
    } else if (ask.function == 5 || ask.function == 6) {
        ask.count = 1;
        at = 3;
    }
    if (kw_meter_ask_is_write(&ask)) {
        memcpy(peer->values, pdu + at, kw_meter_ask_value_bytes(&ask));
        ask.data = peer->values;
    }
    return ask;
}

/* The bytes of the request at the front, as far as they have come. */
static inline size_t peer_ask_bytes(const struct peer *peer)
{
    if (!peer->at.rtu)
        return peer->length < 6 ? 6 : 6U + peer->in[5];
    if (peer->length < 2)
        return 2;
    if (peer->in[1] == KW_METER_REPORT_ID)
        return 4;
    if (peer->in[1] == KW_METER_DEVICE_ID)
        return 7;
    if (peer->in[1] < KW_METER_WRITE_COILS || peer->length < 7)
        return 8;
    return 9U + peer->in[6];
}

static inline void peer_take(struct peer *peer, size_t length)
{
    size_t at = peer->at.rtu ? 1 : 7;
    struct kw_meter_ask ask = peer_ask(peer, peer->in[at - 1], peer->in + at);

    peer->transaction = (uint16_t)(peer->in[0] << 8 | peer->in[1]);
    peer->length -= length;
    memmove(peer->in, peer->in + length, peer->length);
    peer->asks++;
    peer->on_ask(peer, &ask);
}

static inline void peer_on_ready(uv_poll_t *poll, int status, int events)
{
    struct peer_end *end = poll->data;
    struct peer *peer = end->peer;
    ssize_t got =
        read(end->fd, peer->in + peer->length, sizeof(peer->in) - peer->length);

    (void)status;
    (void)events;
    if (got <= 0) {
        if (got == 0 || errno != EAGAIN)
            peer_disconnect(peer);
        return;
    }
    peer->length += (size_t)got;
    while (peer->end == end && peer->length >= peer_ask_bytes(peer))
        peer_take(peer, peer_ask_bytes(peer));
}

static inline void peer_watch(struct peer *peer, int fd)
{
    struct peer_end *end = calloc(1, sizeof(*end));
    int on = 1;

    assert_non_null(end);
    if (peer->at.tcp) /* else small pieces wait for the kernel's own clock */
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    peer->end = end;
    peer->connections++;
    peer->length = 0;
    peer->pending++;
    end->peer = peer;
    end->fd = fd;
    uv_poll_init(&peer->rig->fixture.loop.uv, &end->poll, fd);
    end->poll.data = end;
    uv_poll_start(&end->poll, UV_READABLE, peer_on_ready);
}

/* A meter on a pseudo-terminal; peer->at.port is the device to open. */
static inline void peer_open_pty(struct peer *peer, struct rig *rig,
                                 peer_fn *on_ask)
{
    struct termios raw;
    int master;

    memset(&raw, 0, sizeof(raw));
    cfmakeraw(&raw);
    raw.c_cflag |= CREAD | CLOCAL;
    *peer = (struct peer){
        .rig = rig, .at = {.rtu = true}, .listen_fd = -1, .on_ask = on_ask};
    assert_int_equal(
        openpty(&master, &peer->slave_fd, peer->at.port, &raw, NULL), 0);
    peer_watch(peer, master);
}

static inline void peer_on_connection(uv_poll_t *poll, int status, int events)
{
    struct peer *peer = poll->data;
    int fd = accept4(peer->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    (void)status;
    (void)events;
    if (fd < 0)
        return;
    peer_disconnect(peer);
    peer_watch(peer, fd);
}

static inline void peer_listen(struct peer *peer, int family,
                               const struct sockaddr *address, socklen_t size)
{
    int on = 1;

    peer->listen_fd =
        socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_true(peer->listen_fd >= 0);
    assert_int_equal(
        setsockopt(peer->listen_fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)),
        0);
    assert_int_equal(bind(peer->listen_fd, address, size), 0);
    assert_int_equal(listen(peer->listen_fd, 16), 0);
    uv_poll_init(&peer->rig->fixture.loop.uv, &peer->listen_poll,
                 peer->listen_fd);
    peer->listen_poll.data = peer;
    uv_poll_start(&peer->listen_poll, UV_READABLE, peer_on_connection);
}

/* A meter on a serial port as virtual/serial.h has it; peer->at.port is the
 * port to open. */
static inline void peer_open_serial(struct peer *peer, struct rig *rig,
                                    peer_fn *on_ask)
{
    static unsigned number;
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    *peer = (struct peer){
        .rig = rig, .at = {.rtu = true}, .slave_fd = -1, .on_ask = on_ask};
    snprintf(peer->at.port, sizeof(peer->at.port), "%s/port%u",
             rig->fixture.dir, number++);
    (void)kw_text_copy(address.sun_path, sizeof(address.sun_path),
                       peer->at.port);
    peer_listen(peer, AF_UNIX, (struct sockaddr *)&address, sizeof(address));
}

/* Listens on the peer's port of 127.0.0.1; "0" is one that the kernel chooses.
 */
static inline void peer_listen_tcp(struct peer *peer)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof(address);
    int64_t port;

    assert_int_equal(kw_text_parse_i64(peer->at.port, &port), 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons((uint16_t)port);
    peer_listen(peer, AF_INET, (struct sockaddr *)&address, sizeof(address));
    assert_int_equal(
        getsockname(peer->listen_fd, (struct sockaddr *)&address, &length), 0);
    snprintf(peer->at.port, sizeof(peer->at.port), "%u",
             (unsigned)ntohs(address.sin_port));
}

/* A device on a TCP port of 127.0.0.1 that the kernel chooses. */
static inline void peer_open_tcp(struct peer *peer, struct rig *rig, bool rtu,
                                 peer_fn *on_ask)
{
    *peer = (struct peer){.rig = rig,
                          .at = {.tcp = true, .rtu = rtu, .port = "0"},
                          .slave_fd = -1,
                          .on_ask = on_ask};
    peer_listen_tcp(peer);
}

static inline bool peer_is_closed(void *arg)
{
    const struct peer *peer = arg;

    return peer->pending == 0;
}

static inline void peer_close(struct peer *peer)
{
    peer_hang_up(peer);
    peer_refuse(peer);
    if (peer->slave_fd >= 0)
        close(peer->slave_fd);
    kw_fixture_until(&peer->rig->fixture, peer_is_closed, peer);
}

#endif
