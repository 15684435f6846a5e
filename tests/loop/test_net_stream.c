/* SPDX-License-Identifier: Apache-2.0 */
/* Streams between a listener and a client on one loop, plain and TLS. */
#include "lib/fixture.h"
#include "net/listen.h"
#include "net/stream.h"
#include "net/tls.h"

#include "base/mem.h"
#include "core/admit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

/* One end; it echoes, or keeps what it gets. */
struct end {
    struct kw_stream stream;
    struct kw_buf in;
    bool echo, open, ended, closed;
    bool pause_once; /* pauses in on_data */
    unsigned drains, ends;
    int err;
    uint64_t turn; /* of the last bytes */
    size_t turn_bytes;
};

struct scene {
    struct kw_fixture fixture;
    struct kw_listener *listener;
    struct kw_tls *server_tls, *client_tls;
    struct end server, client;
    unsigned accepted;
    uint64_t turn; /* of the last connection */
    unsigned turn_accepted, most_accepted;
    bool listener_closed;
    char cert[128], key[128];
};

static struct end *end_of(struct kw_stream *stream)
{
    return KW_LIST_ENTRY(stream, struct end, stream);
}

static void on_open(struct kw_stream *stream)
{
    assert_false(end_of(stream)->open);
    end_of(stream)->open = true;
}

/* One read a turn, and perhaps one that waited for the owner. */
static void check_turn(struct end *end, size_t length)
{
    if (end->turn != end->stream.loop->turn)
        end->turn_bytes = 0;
    end->turn = end->stream.loop->turn;
    end->turn_bytes += length;
    assert_in_range(end->turn_bytes, 1, 2 * KW_STREAM_IN_BYTES);
}

static void on_data(struct kw_stream *stream, const unsigned char *bytes,
                    size_t length)
{
    struct end *end = end_of(stream);

    assert_true(end->open);
    if (stream->tls == NULL)
        check_turn(end, length);
    if (end->pause_once)
        kw_stream_pause(stream, true);
    end->pause_once = false;
    if (end->echo)
        (void)kw_stream_write(stream, bytes, length);
    else
        kw_buf_put(&end->in, bytes, length);
}

static void on_drain(struct kw_stream *stream)
{
    end_of(stream)->drains++;
}

static void on_end(struct kw_stream *stream, int err)
{
    end_of(stream)->ends++;
    end_of(stream)->err = err;
    end_of(stream)->ended = true;
}

static void on_closed(struct kw_stream *stream)
{
    end_of(stream)->closed = true;
}

static const struct kw_stream_events events = {
    .on_open = on_open,
    .on_data = on_data,
    .on_drain = on_drain,
    .on_end = on_end,
    .on_closed = on_closed,
};

static void on_accepted(void *arg, int take_fd, const struct sockaddr *peer)
{
    struct scene *scene = arg;

    (void)peer;
    if (scene->turn != scene->fixture.loop.turn)
        scene->turn_accepted = 0;
    scene->turn = scene->fixture.loop.turn;
    if (++scene->turn_accepted > scene->most_accepted)
        scene->most_accepted = scene->turn_accepted;
    if (scene->accepted++ > 0) { /* one is enough for these tests */
        close(take_fd);
        return;
    }
    assert_int_equal(kw_stream_accept(&scene->server.stream,
                                      &scene->fixture.loop, take_fd,
                                      scene->server_tls, &events),
                     0);
    assert_false(scene->server.open); /* never inside the call */
}

static void make_tls(struct scene *scene)
{
    static const char *const names[] = {"localhost", NULL};
    struct kw_tls_server_options options = {
        .cert_file = scene->cert,
        .key_file = scene->key,
        .clock = scene->fixture.core.clock,
    };
    struct kw_tls_client_options client = {.authorities = scene->cert};
    struct kw_diag diag;

    snprintf(scene->cert, sizeof(scene->cert), "%s/c.pem", scene->fixture.dir);
    snprintf(scene->key, sizeof(scene->key), "%s/k.pem", scene->fixture.dir);
    kw_diag_init(&diag);
    assert_int_equal(
        kw_tls_self_signed(scene->cert, scene->key, names,
                           kw_clock_wall_ms(scene->fixture.core.clock), &diag),
        0);
    assert_int_equal(kw_tls_server(&scene->server_tls, &options, &diag), 0);
    assert_int_equal(kw_tls_client(&scene->client_tls, &client, &diag), 0);
    kw_diag_fini(&diag);
}

static void open_listener(struct scene *scene)
{
    struct kw_listener_options options = {
        .service = "test",
        .address = "127.0.0.1:0",
        .backlog = 64, /* the kernel makes those beyond it wait */
        .accepted = on_accepted,
        .arg = scene,
    };
    struct kw_diag diag;

    kw_diag_init(&diag);
    assert_int_equal(kw_listener_open(&scene->listener, &scene->fixture.core,
                                      &options, &diag),
                     0);
    kw_diag_fini(&diag);
}

static void open_scene(struct scene *scene, bool tls)
{
    memset(scene, 0, sizeof(*scene));
    kw_fixture_open(&scene->fixture, 0);
    kw_buf_init(&scene->server.in, 64 << 20);
    kw_buf_init(&scene->client.in, 64 << 20);
    if (tls)
        make_tls(scene);
    open_listener(scene);
}

static void connect_to(struct scene *scene, const char *host)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(kw_listener_port(scene->listener)),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };

    assert_int_equal(kw_stream_connect(&scene->client.stream,
                                       &scene->fixture.loop,
                                       (struct sockaddr *)&address,
                                       scene->client_tls, host, &events),
                     0);
}

static bool both_open(void *arg)
{
    struct scene *scene = arg;

    return scene->server.open && scene->client.open;
}

static void join(struct scene *scene)
{
    connect_to(scene, "localhost");
    kw_fixture_until(&scene->fixture, both_open, scene);
    assert_string_equal(scene->server.stream.peer, "127.0.0.1");
    assert_true(scene->server.stream.peer_port > 0);
}

static void set_flag(void *arg)
{
    *(bool *)arg = true;
}

static void close_end(struct scene *scene, struct end *end)
{
    if (end->stream.events == NULL)
        return;
    kw_stream_close(&end->stream);
    kw_stream_close(&end->stream); /* twice is harmless */
    kw_fixture_until_set(&scene->fixture, &end->closed);
}

static void close_scene(struct scene *scene)
{
    kw_listener_close(scene->listener, set_flag, &scene->listener_closed);
    kw_fixture_until_set(&scene->fixture, &scene->listener_closed);
    close_end(scene, &scene->server);
    close_end(scene, &scene->client);
    if (scene->server_tls != NULL) {
        kw_tls_drop(scene->server_tls);
        kw_tls_drop(scene->client_tls);
    }
    kw_buf_fini(&scene->server.in);
    kw_buf_fini(&scene->client.in);
    kw_fixture_close(&scene->fixture);
}

struct amount {
    struct end *end;
    size_t bytes;
};

static bool has_amount(void *arg)
{
    const struct amount *amount = arg;

    return amount->end->in.length >= amount->bytes || amount->end->ended;
}

static void await(struct scene *scene, struct end *end, size_t bytes)
{
    struct amount amount = {end, bytes};

    kw_fixture_until(&scene->fixture, has_amount, &amount);
    assert_int_equal(end->in.length, bytes);
}

/* Both kinds of stream pass the same tests. */
static void exchange(bool tls)
{
    struct scene scene;

    open_scene(&scene, tls);
    scene.server.echo = true;
    join(&scene);
    assert_true(kw_stream_write(&scene.client.stream, "hello", 5) > 0);
    (void)kw_stream_write(&scene.client.stream, " there", 6);
    await(&scene, &scene.client, 11);
    assert_memory_equal(scene.client.in.data, "hello there", 11);
    assert_true(scene.client.drains > 0);
    close_scene(&scene);
}

static void test_plain(void **state)
{
    (void)state;
    exchange(false);
}

static void test_tls(void **state)
{
    (void)state;
    exchange(true);
}

/* More than the kernel takes at once, in order; large buffers are given back
 * afterwards. */
static void bulk(bool tls)
{
    static unsigned char bytes[4 << 20];
    struct scene scene;

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (unsigned char)(i ^ i >> 8 ^ i >> 16);
    open_scene(&scene, tls);
    join(&scene);
    scene.server.stream.out_max_bytes = 16 << 20;
    (void)kw_stream_write(&scene.server.stream, bytes, sizeof(bytes));
    await(&scene, &scene.client, sizeof(bytes));
    assert_memory_equal(scene.client.in.data, bytes, sizeof(bytes));
    kw_fixture_run_ms(&scene.fixture, 20);
    assert_true(scene.server.stream.out.capacity <= 4096);
    assert_true(scene.server.stream.sending.capacity <= 4096);
    close_scene(&scene);
}

static void test_bulk_plain(void **state)
{
    (void)state;
    bulk(false);
}

static void test_bulk_tls(void **state)
{
    (void)state;
    bulk(true);
}

/* The owner pauses in the middle: nothing more comes, nothing is lost. */
static void paused(bool tls)
{
    static const char zeros[40000];
    struct scene scene;
    size_t before;

    open_scene(&scene, tls);
    join(&scene);
    scene.server.pause_once = true;
    (void)kw_stream_write(&scene.client.stream, zeros, sizeof(zeros));
    kw_fixture_run_ms(&scene.fixture, 50);
    before = scene.server.in.length;
    assert_true(before > 0 && before < sizeof(zeros));
    kw_fixture_run_ms(&scene.fixture, 20);
    assert_int_equal(scene.server.in.length, before);
    kw_stream_pause(&scene.server.stream, false);
    await(&scene, &scene.server, sizeof(zeros));
    close_scene(&scene);
}

static void test_pause_plain(void **state)
{
    (void)state;
    paused(false);
}

static void test_pause_tls(void **state)
{
    (void)state;
    paused(true);
}

static void finishing(bool tls)
{
    static const char zeros[300000];
    struct scene scene;

    open_scene(&scene, tls);
    join(&scene);
    (void)kw_stream_write(&scene.server.stream, zeros, sizeof(zeros));
    kw_stream_finish(&scene.server.stream);
    kw_stream_finish(&scene.server.stream);
    assert_int_equal(kw_stream_write(&scene.server.stream, "x", 1), 0);
    /* what the client still sends does not reset the connection */
    (void)kw_stream_write(&scene.client.stream, zeros, sizeof(zeros));
    kw_fixture_until_set(&scene.fixture, &scene.client.ended);
    assert_int_equal(scene.client.err, KW_EOF);
    assert_int_equal(scene.client.in.length, sizeof(zeros));
    assert_false(scene.server.closed); /* lingers for the client */
    kw_stream_close(&scene.client.stream);
    kw_fixture_until_set(&scene.fixture, &scene.server.closed);
    close_scene(&scene);
}

static void test_finish_plain(void **state)
{
    (void)state;
    finishing(false);
}

static void test_finish_tls(void **state)
{
    (void)state;
    finishing(true);
}

/* A client that never closes is left after a second. */
static void test_linger(void **state)
{
    struct scene scene;

    (void)state;
    open_scene(&scene, false);
    join(&scene);
    kw_stream_finish(&scene.server.stream);
    kw_fixture_run_ms(&scene.fixture, 300);
    assert_false(scene.server.closed);
    kw_fixture_until_set(&scene.fixture, &scene.server.closed);
    close_scene(&scene);
}

/* Turns the clock that a stream looks at. */
static void pass(struct scene *scene, int64_t ms)
{
    kw_clock_manual_advance(&scene->fixture.manual, ms);
}

/* 18 MB for a client with a small buffer: more than the kernels take. */
static void queue_much(struct scene *scene)
{
    static const char zeros[900000];

    scene->server.stream.out_max_bytes = 32 << 20;
    for (unsigned i = 0; i < 20; i++)
        (void)kw_stream_write(&scene->server.stream, zeros, sizeof(zeros));
}

/* A client that takes nothing of the last bytes is given up. */
static void test_stuck(void **state)
{
    struct scene scene;
    int small = 4096;

    (void)state;
    open_scene(&scene, false);
    scene.fixture.loop.clock = &scene.fixture.manual.clock;
    join(&scene);
    uv_recv_buffer_size((uv_handle_t *)&scene.client.stream.tcp, &small);
    kw_stream_pause(&scene.client.stream, true);
    queue_much(&scene);
    kw_stream_finish(&scene.server.stream);
    kw_fixture_run_ms(&scene.fixture, 1200); /* a tick */
    assert_false(scene.server.closed);
    pass(&scene, KW_FLOW_SPAN_MS + 1);
    kw_fixture_until_set(&scene.fixture, &scene.server.closed);
    close_scene(&scene);
}

/* A client on a socket of its own that reads what it is told to. */
static int connect_small(struct scene *scene)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(kw_listener_port(scene->listener)),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    int small = 4096, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)),
                     0);
    kw_fixture_until_set(&scene->fixture, &scene->server.open);
    return fd;
}

/* Whether it stalls within that many seconds, bytes being read in each. */
static bool stalls(struct scene *scene, int fd, size_t bytes, int seconds)
{
    static char sink[65536];
    bool stalled = false;

    assert_true(bytes <= sizeof(sink));
    for (int i = 0; i < seconds && !stalled; i++) {
        for (size_t got = 0; got < bytes;) {
            ssize_t part = recv(fd, sink, bytes - got, MSG_DONTWAIT);

            assert_true(part != 0);
            if (part > 0)
                got += (size_t)part;
            else
                kw_fixture_run_ms(&scene->fixture, 1);
        }
        pass(scene, 1000);
        kw_fixture_run_ms(&scene->fixture, 2);
        stalled = kw_stream_stalls(&scene->server.stream, 1024);
    }
    return stalled;
}

/*
 * A slow reader is known even while the kernel's buffers move: libuv's queue
 * gets shorter in steps of hundreds of kilobytes, so what counts is what the
 * peer has acknowledged.
 */
static void test_slow_reader(void **state)
{
    struct scene scene;
    int fd;

    (void)state;
    open_scene(&scene, false);
    scene.fixture.loop.clock = &scene.fixture.manual.clock;
    fd = connect_small(&scene);
    assert_false(kw_stream_stalls(&scene.server.stream, 1024));
    queue_much(&scene);
    kw_fixture_run_ms(&scene.fixture, 20);
    assert_false(stalls(&scene, fd, 8192, 40));
    assert_true(stalls(&scene, fd, 100, 20)); /* what is left of one span */
    assert_true(stalls(&scene, fd, 0, 10));
    close_scene(&scene);
    close(fd);
}

/* One that has taken all is asked for nothing, however long it is silent. */
static void test_caught_up(void **state)
{
    struct scene scene;
    char text[6];
    int fd;

    (void)state;
    open_scene(&scene, false);
    scene.fixture.loop.clock = &scene.fixture.manual.clock;
    fd = connect_small(&scene);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(kw_stream_write(&scene.server.stream, "hello", 5), 5);
        assert_int_equal(kw_stream_queued(&scene.server.stream), 5);
        kw_fixture_run_ms(&scene.fixture, 5);
        assert_int_equal(kw_stream_queued(&scene.server.stream), 0);
        assert_int_equal(read(fd, text, sizeof(text)), 5);
        pass(&scene, 3600000);
        assert_false(kw_stream_stalls(&scene.server.stream, 1 << 20));
        assert_false(kw_stream_stalls(&scene.server.stream, 1 << 20));
    }
    close_scene(&scene);
    close(fd);
}

/* The peer ends while we still write: it gets all, and no second is lost. */
static void test_peer_ended_first(void **state)
{
    struct scene scene;

    (void)state;
    open_scene(&scene, false);
    join(&scene);
    kw_stream_finish(&scene.client.stream);
    kw_fixture_until_set(&scene.fixture, &scene.server.ended);
    assert_int_equal(scene.server.err, KW_EOF);
    assert_int_equal(scene.server.ends, 1);
    assert_int_equal(kw_stream_write(&scene.server.stream, "x", 1), 0);
    kw_stream_finish(&scene.server.stream);
    kw_fixture_until_set(&scene.fixture, &scene.server.closed);
    close_scene(&scene);
}

/* More queued than allowed: the stream ends, later and once. */
static void test_ceiling(void **state)
{
    static const char zeros[5000];
    struct scene scene;

    (void)state;
    open_scene(&scene, false);
    join(&scene);
    scene.server.stream.out_max_bytes = 8000;
    assert_int_equal(kw_stream_write(&scene.server.stream, zeros, 5000), 5000);
    (void)kw_stream_write(&scene.server.stream, zeros, 5000);
    assert_false(scene.server.ended);
    kw_fixture_until_set(&scene.fixture, &scene.server.ended);
    assert_int_equal(scene.server.err, KW_EFULL);
    kw_fixture_run_ms(&scene.fixture, 20);
    assert_int_equal(scene.server.ends, 1);
    close_scene(&scene);
}

static void test_fail(void **state)
{
    struct scene scene;

    (void)state;
    open_scene(&scene, false);
    join(&scene);
    kw_stream_fail(&scene.server.stream, KW_ENOMEM);
    kw_stream_fail(&scene.server.stream, KW_EIO); /* the first counts */
    assert_false(scene.server.ended);
    kw_fixture_until_set(&scene.fixture, &scene.server.ended);
    assert_int_equal(scene.server.err, KW_ENOMEM);
    close_scene(&scene);
    kw_stream_fail(&scene.server.stream, KW_EIO); /* closed: nothing */
}

/* A reset by the peer: a descriptor that closes with SO_LINGER of 0. */
static void test_reset(void **state)
{
    struct linger now = {.l_onoff = 1};
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    struct scene scene;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)state;
    open_scene(&scene, false);
    address.sin_port = htons(kw_listener_port(scene.listener));
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)),
                     0);
    kw_fixture_until_set(&scene.fixture, &scene.server.open);
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    close(fd);
    kw_fixture_until_set(&scene.fixture, &scene.server.ended);
    assert_int_equal(scene.server.err, KW_EIO);
    close_scene(&scene);
}

static void test_wrong_host(void **state)
{
    struct scene scene;

    (void)state;
    open_scene(&scene, true);
    connect_to(&scene, "elsewhere");
    kw_fixture_until_set(&scene.fixture, &scene.client.ended);
    assert_int_equal(scene.client.err, KW_EPROTO);
    assert_false(scene.client.open);
    kw_fixture_until_set(&scene.fixture, &scene.server.ended);
    assert_int_equal(scene.server.err, KW_EPROTO); /* the alert came */
    kw_stream_finish(&scene.server.stream);        /* ended: closes at once */
    kw_fixture_until_set(&scene.fixture, &scene.server.closed);
    close_scene(&scene);
}

static void why(const struct end *end, char text[KW_STREAM_WHY_SIZE])
{
    kw_stream_why(&end->stream, text, KW_STREAM_WHY_SIZE);
}

/* The words of each way to end. */
static void test_why(void **state)
{
    char text[KW_STREAM_WHY_SIZE];
    struct scene scene;

    (void)state;
    open_scene(&scene, true);
    connect_to(&scene, "elsewhere");
    kw_fixture_until_set(&scene.fixture, &scene.client.ended);
    why(&scene.client, text);
    assert_string_equal(text, "the certificate of 127.0.0.1 is made out to "
                              "localhost, expected elsewhere");
    kw_fixture_until_set(&scene.fixture, &scene.server.ended);
    why(&scene.server, text);
    assert_string_equal(text, "127.0.0.1 refuses our certificate");
    close_scene(&scene);

    open_scene(&scene, false);
    join(&scene);
    kw_stream_finish(&scene.server.stream);
    kw_fixture_until_set(&scene.fixture, &scene.client.ended);
    why(&scene.client, text);
    assert_string_equal(text, "the peer closed the connection");
    kw_stream_fail(&scene.server.stream, KW_ENOMEM);
    close_scene(&scene);

    open_scene(&scene, false);
    join(&scene);
    kw_stream_fail(&scene.client.stream, KW_EIO);
    kw_fixture_until_set(&scene.fixture, &scene.client.ended);
    why(&scene.client, text);
    assert_string_equal(text, "the connection broke");
    close_scene(&scene);
}

/* Roles are of certificates: there is none here. */
static void test_no_role(void **state)
{
    char role[KW_ROLE_SIZE] = "x";
    struct scene scene;

    (void)state;
    for (int tls = 0; tls < 2; tls++) {
        open_scene(&scene, tls != 0);
        join(&scene);
        assert_int_equal(kw_tls_peer_role(&scene.server.stream, role), 0);
        assert_string_equal(role, "");
        close_scene(&scene);
    }
}

/* A peer that connects and says nothing: the handshake has its time. */
static void test_handshake_deadline(void **state)
{
    char text[KW_STREAM_WHY_SIZE];
    struct scene scene;

    (void)state;
    open_scene(&scene, true);
    kw_tls_drop(scene.client_tls);
    scene.client_tls = NULL;
    connect_to(&scene, NULL);
    kw_fixture_until_set(&scene.fixture, &scene.server.ended);
    assert_int_equal(scene.server.err, KW_ETIMEOUT);
    assert_false(scene.server.open);
    why(&scene.server, text);
    assert_string_equal(text, "the TLS handshake was not done in time");
    close_scene(&scene);
}

/* A peer that ends in the middle of the handshake. */
static void test_handshake_end(void **state)
{
    char text[KW_STREAM_WHY_SIZE];
    struct scene scene;

    (void)state;
    open_scene(&scene, true);
    kw_tls_drop(scene.client_tls);
    scene.client_tls = NULL;
    connect_to(&scene, NULL);
    kw_fixture_until_set(&scene.fixture, &scene.client.open);
    kw_stream_finish(&scene.client.stream);
    kw_fixture_until_set(&scene.fixture, &scene.server.ended);
    assert_int_equal(scene.server.err, KW_EOF);
    why(&scene.server, text);
    assert_string_equal(text,
                        "the peer closed the connection in the TLS handshake");
    close_scene(&scene);
}

static void test_no_tls_client(void **state)
{
    struct scene scene;

    (void)state;
    open_scene(&scene, true);
    kw_tls_drop(scene.client_tls);
    scene.client_tls = NULL;
    connect_to(&scene, NULL);
    kw_fixture_until_set(&scene.fixture, &scene.client.open);
    (void)kw_stream_write(&scene.client.stream, "GET / HTTP/1.1\r\n\r\n", 18);
    kw_fixture_until_set(&scene.fixture, &scene.server.ended);
    assert_int_equal(scene.server.err, KW_EPROTO);
    close_scene(&scene);
}

static void test_refused(void **state)
{
    struct scene scene;
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };

    (void)state;
    open_scene(&scene, false);
    address.sin_port = htons(1); /* nobody listens there */
    assert_int_equal(
        kw_stream_connect(&scene.client.stream, &scene.fixture.loop,
                          (struct sockaddr *)&address, NULL, NULL, &events),
        0);
    assert_false(scene.client.ended);
    kw_fixture_until_set(&scene.fixture, &scene.client.ended);
    assert_true(scene.client.err < 0);
    assert_false(scene.client.open);
    close_scene(&scene);
}

/* Closed in the middle of connecting. */
static void test_close_while_connecting(void **state)
{
    struct scene scene;

    (void)state;
    open_scene(&scene, true);
    connect_to(&scene, "localhost");
    close_end(&scene, &scene.client);
    close_scene(&scene);
    assert_int_equal(scene.client.ends, 0);
}

/* Something that is no socket. */
static void test_bad_descriptor(void **state)
{
    struct scene scene;

    (void)state;
    open_scene(&scene, false);
    assert_int_equal(kw_stream_accept(&scene.server.stream, &scene.fixture.loop,
                                      -1, NULL, &events),
                     0);
    kw_fixture_until_set(&scene.fixture, &scene.server.ended);
    assert_int_equal(scene.server.err, KW_EIO);
    close_scene(&scene);
}

/* An address of no family: told by on_end like every other failure. */
static void test_bad_address(void **state)
{
    struct sockaddr address = {.sa_family = AF_UNIX};
    struct scene scene;

    (void)state;
    open_scene(&scene, false);
    assert_int_equal(kw_stream_connect(&scene.client.stream,
                                       &scene.fixture.loop, &address, NULL,
                                       NULL, &events),
                     0);
    kw_fixture_until_set(&scene.fixture, &scene.client.ended);
    assert_int_equal(scene.client.err, KW_EINVAL);
    close_scene(&scene);
}

/* More handshakes at once than a turn's budget: all come through. */
static void test_many_handshakes(void **state)
{
    struct scene scene;
    struct end more[30];
    unsigned done = 0;

    (void)state;
    open_scene(&scene, true);
    scene.accepted = 0;
    join(&scene);
    memset(more, 0, sizeof(more));
    /* these find no server end: they end, none hangs */
    for (unsigned i = 0; i < 30; i++) {
        struct sockaddr_in address = {
            .sin_family = AF_INET,
            .sin_port = htons(kw_listener_port(scene.listener)),
            .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
        };

        assert_int_equal(kw_stream_connect(&more[i].stream, &scene.fixture.loop,
                                           (struct sockaddr *)&address,
                                           scene.client_tls, "localhost",
                                           &events),
                         0);
    }
    for (unsigned i = 0; i < 30; i++) {
        kw_fixture_until_set(&scene.fixture, &more[i].ended);
        kw_stream_close(&more[i].stream);
        kw_fixture_until_set(&scene.fixture, &more[i].closed);
        done++;
    }
    assert_int_equal(done, 30);
    close_scene(&scene);
}

/* A certificate swap: the old connection goes on with the old context. */
static void test_swap(void **state)
{
    struct scene scene;
    struct kw_tls *old_server, *old_client;

    (void)state;
    open_scene(&scene, true);
    scene.server.echo = true;
    join(&scene);
    old_server = scene.server_tls;
    old_client = scene.client_tls;
    make_tls(&scene);
    kw_tls_drop(old_server);
    kw_tls_drop(old_client);
    (void)kw_stream_write(&scene.client.stream, "still", 5);
    await(&scene, &scene.client, 5);
    close_scene(&scene);
}

/* --- the listener ------------------------------------------------------ */

static bool admit_none(void *arg, const char *service,
                       const struct sockaddr *peer)
{
    assert_string_equal(service, "test");
    assert_int_equal(peer->sa_family, AF_INET);
    ++*(unsigned *)arg;
    return false;
}

static void test_admission(void **state)
{
    struct scene scene;
    unsigned asked = 0;
    struct kw_admission admission = {admit_none, &asked};

    (void)state;
    open_scene(&scene, false);
    scene.fixture.core.admission = &admission;
    connect_to(&scene, NULL);
    kw_fixture_until_set(&scene.fixture, &scene.client.ended);
    assert_int_equal(asked, 1);
    assert_int_equal(scene.accepted, 0);
    close_scene(&scene);
}

struct crowd {
    struct scene *scene;
    unsigned accepted;
};

static bool has_come(void *arg)
{
    const struct crowd *crowd = arg;

    return crowd->scene->accepted == crowd->accepted;
}

/* A crowd at the door comes in a few a turn. */
static void test_crowd(void **state)
{
    struct scene scene;
    struct crowd crowd = {&scene, 15};
    int fds[15];

    (void)state;
    open_scene(&scene, false);
    for (unsigned i = 0; i < 15; i++) {
        struct sockaddr_in address = {
            .sin_family = AF_INET,
            .sin_port = htons(kw_listener_port(scene.listener)),
            .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
        };

        fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(
            connect(fds[i], (struct sockaddr *)&address, sizeof(address)), 0);
    }
    kw_fixture_until(&scene.fixture, has_come, &crowd);
    assert_int_equal(scene.most_accepted, 8);
    for (unsigned i = 0; i < 15; i++)
        close(fds[i]);
    close_scene(&scene);
}

static int open_at(struct scene *scene, const char *address,
                   struct kw_listener **listener, char why[400])
{
    struct kw_listener_options options = {
        .service = "test",
        .address = address,
        .backlog = 64, /* the kernel makes those beyond it wait */
        .accepted = on_accepted,
        .arg = scene,
    };
    struct kw_diag diag;
    int err;

    kw_diag_init(&diag);
    err = kw_listener_open(listener, &scene->fixture.core, &options, &diag);
    kw_diag_first(&diag, why, 400);
    kw_diag_fini(&diag);
    return err;
}

static void test_listen_errors(void **state)
{
    struct scene scene;
    struct kw_listener *listener;
    char address[32], why[400];

    (void)state;
    open_scene(&scene, false);
    snprintf(address, sizeof(address), "127.0.0.1:%u",
             kw_listener_port(scene.listener));
    assert_int_equal(open_at(&scene, address, &listener, why), KW_EBUSY);
    assert_non_null(strstr(why, address));
    assert_int_equal(open_at(&scene, "192.0.2.1:0", &listener, why),
                     KW_ENOTFOUND);
    assert_int_equal(open_at(&scene, "localhost:1", &listener, why), KW_EINVAL);
    assert_non_null(strstr(why, "numeric"));
    kw_mem_fail_at(1);
    assert_int_equal(open_at(&scene, "127.0.0.1:0", &listener, why), KW_ENOMEM);
    kw_mem_fail_at(0);
    close_scene(&scene);
}

/* "[::]" takes IPv4 as well. */
static void test_listen_both(void **state)
{
    struct scene scene;
    struct kw_listener *both;
    bool closed = false;
    char why[400];

    (void)state;
    open_scene(&scene, false);
    assert_int_equal(open_at(&scene, "[::]:0", &both, why), 0);
    kw_listener_close(scene.listener, set_flag, &closed);
    kw_fixture_until_set(&scene.fixture, &closed);
    scene.listener = both;
    connect_to(&scene, NULL);
    kw_fixture_until_set(&scene.fixture, &scene.server.open);
    assert_string_equal(scene.server.stream.peer, "127.0.0.1");
    close_scene(&scene);
}

/* Out of descriptors: it pauses, does not spin, and comes back. */
static void test_starved(void **state)
{
    struct scene scene;
    struct rlimit limit, low;
    int spare;
    uint64_t turns;

    (void)state;
    /* valgrind takes the connection itself before it says EMFILE */
    if (getenv("KW_VALGRIND") != NULL)
        skip();
    open_scene(&scene, false);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    connect_to(&scene, NULL); /* has its descriptor already */
    spare = dup(0);
    close(spare);
    low = limit;
    low.rlim_cur = (rlim_t)spare;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    turns = scene.fixture.loop.stats.turns;
    kw_fixture_run_ms(&scene.fixture, 250);
    assert_true(scene.fixture.loop.stats.turns - turns < 50);
    assert_false(scene.server.open);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    kw_fixture_until_set(&scene.fixture, &scene.server.open);
    close_scene(&scene);
}

/* Strangers stop coming in while lines could still need a descriptor. */
static void test_kept_for_lines(void **state)
{
    struct scene scene;
    struct kw_loop *loop = &scene.fixture.loop;
    struct rlimit limit;

    (void)state;
    open_scene(&scene, false);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    loop->guests = 9;
    loop->lines = limit.rlim_cur - 48 - 9;
    connect_to(&scene, NULL);
    kw_fixture_run_ms(&scene.fixture, 250);
    assert_int_equal(scene.accepted, 0);
    loop->lines--;
    kw_fixture_until_set(&scene.fixture, &scene.server.open);
    assert_int_equal(loop->guests, 10);
    close_end(&scene, &scene.server);
    assert_int_equal(loop->guests, 9);
    close_scene(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_tls),
        cmocka_unit_test(test_bulk_plain),
        cmocka_unit_test(test_bulk_tls),
        cmocka_unit_test(test_pause_plain),
        cmocka_unit_test(test_pause_tls),
        cmocka_unit_test(test_finish_plain),
        cmocka_unit_test(test_finish_tls),
        cmocka_unit_test(test_linger),
        cmocka_unit_test(test_stuck),
        cmocka_unit_test(test_slow_reader),
        cmocka_unit_test(test_caught_up),
        cmocka_unit_test(test_peer_ended_first),
        cmocka_unit_test(test_ceiling),
        cmocka_unit_test(test_fail),
        cmocka_unit_test(test_reset),
        cmocka_unit_test(test_wrong_host),
        cmocka_unit_test(test_why),
        cmocka_unit_test(test_no_role),
        cmocka_unit_test(test_handshake_deadline),
        cmocka_unit_test(test_handshake_end),
        cmocka_unit_test(test_no_tls_client),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_close_while_connecting),
        cmocka_unit_test(test_bad_descriptor),
        cmocka_unit_test(test_bad_address),
        cmocka_unit_test(test_many_handshakes),
        cmocka_unit_test(test_swap),
        cmocka_unit_test(test_admission),
        cmocka_unit_test(test_crowd),
        cmocka_unit_test(test_listen_errors),
        cmocka_unit_test(test_listen_both),
        cmocka_unit_test(test_starved),
        cmocka_unit_test(test_kept_for_lines),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
