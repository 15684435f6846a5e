/* SPDX-License-Identifier: Apache-2.0 */
/* Deadlines, ceilings, what is missing at the start, changes, the end. */
#include "http_world.h"

#include "base/text.h"
#include "http/conn.h"
#include "http/server.h"

#include <arpa/inet.h>
#include <sys/socket.h>

enum {
    METRIC_CONNECTIONS = 1,
    METRIC_REFUSED = 4,
    METRIC_HANDSHAKES_FAILED = 5,
    METRIC_TIMEOUTS = 10,
    METRIC_DAYS = 11,
};

/* A server whose clock the test turns. */
static void open_world(struct http_world *world, const char *conf)
{
    memset(world, 0, sizeof(*world));
    kw_fixture_open(&world->fixture, 0);
    world->fixture.core.clock = &world->fixture.manual.clock;
    world->fixture.loop.clock = &world->fixture.manual.clock;
    world_file(world, "index.html", "<!doctype html>");
    world_start(world, conf);
}

static void open_ready(struct http_world *world)
{
    open_world(world, "http: {listen: [\"127.0.0.1:0\"]}\n");
    kw_fixture_until(&world->fixture, world_listens, world);
}

static void turn(struct http_world *world, int64_t ms)
{
    kw_clock_manual_advance(&world->fixture.manual, ms);
}

/* Waits for the answer and the end of the connection. */
static unsigned last_answer(struct kw_web *web)
{
    struct kw_web_answer answer;
    unsigned status;

    kw_web_answer(web, &answer);
    status = answer.status;
    kw_web_drop(&answer);
    kw_web_until_end(web);
    return status;
}

static void test_header_deadline(void **state)
{
    struct http_world world;
    struct kw_web web;

    (void)state;
    open_ready(&world);
    kw_web_open(&web, &world.fixture, world.port);
    kw_web_text(&web, "GET / HTT");
    kw_fixture_run_ms(&world.fixture, 50);
    turn(&world, 4000);
    kw_web_text(&web, "P/1.1\r\nHost: "); /* progress buys no time */
    kw_fixture_run_ms(&world.fixture, 300);
    assert_false(web.ended);
    turn(&world, 1500);
    assert_int_equal(last_answer(&web), 408);
    assert_int_equal(world_metric(&world, METRIC_TIMEOUTS), 1);
    kw_web_close(&web);
    world_close(&world);
}

static void test_idle_deadline(void **state)
{
    struct http_world world;
    struct kw_web web;

    (void)state;
    open_ready(&world);
    kw_web_open(&web, &world.fixture, world.port);
    assert_int_equal(kw_web_status(&web, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
                     200);
    turn(&world, 59000);
    kw_fixture_run_ms(&world.fixture, 300);
    assert_false(web.ended);
    turn(&world, 2000);
    kw_web_until_end(&web);
    assert_int_equal(web.end_err, KW_EOF);
    assert_int_equal(web.in.length, 0);
    kw_web_close(&web);
    world_close(&world);
}

#define POST_HEAD                                                              \
    "POST /api/v1/echo HTTP/1.1\r\nHost: a\r\n"                                \
    "Content-Type: application/json\r\nContent-Length: 60000\r\n\r\n"

static void test_body_rate(void **state)
{
    struct http_world world;
    struct kw_web web;
    char blanks[10000];

    (void)state;
    memset(blanks, ' ', sizeof(blanks));
    open_ready(&world);
    kw_web_open(&web, &world.fixture, world.port);
    kw_web_text(&web, POST_HEAD);
    kw_web_send(&web, blanks, sizeof(blanks));
    kw_fixture_run_ms(&world.fixture, 50);
    turn(&world, 14000); /* 10,000 bytes in 14 s: 5 s of grace, 9 KiB */
    kw_fixture_run_ms(&world.fixture, 300);
    assert_false(web.ended);
    turn(&world, 2000);
    assert_int_equal(last_answer(&web), 408);
    kw_web_close(&web);
    world_close(&world);
}

static void test_request_deadline(void **state)
{
    struct http_world world;
    struct kw_web web;
    char blanks[50000];

    (void)state;
    memset(blanks, ' ', sizeof(blanks));
    open_ready(&world);
    kw_web_open(&web, &world.fixture, world.port);
    kw_web_text(&web, POST_HEAD);
    kw_web_send(&web, blanks, sizeof(blanks));
    kw_fixture_run_ms(&world.fixture, 50);
    turn(&world, 29000);
    kw_fixture_run_ms(&world.fixture, 300);
    assert_false(web.ended);
    turn(&world, 2000);
    assert_int_equal(last_answer(&web), 408);
    kw_web_close(&web);
    world_close(&world);
}

/* A handler that finds no answer must forget the request. */
static void test_no_answer(void **state)
{
    struct http_world world;
    struct kw_web web;

    (void)state;
    open_ready(&world);
    kw_web_open(&web, &world.fixture, world.port);
    kw_web_text(&web, "GET /api/v1/late HTTP/1.1\r\nHost: a\r\n\r\n");
    kw_fixture_run_ms(&world.fixture, 50);
    assert_non_null(seen.late);
    turn(&world, 31000);
    assert_int_equal(last_answer(&web), 503);
    assert_int_equal(seen.closed, 1);
    kw_web_close(&web);
    world_close(&world);
}

static bool no_connections(void *arg)
{
    return world_metric(arg, METRIC_CONNECTIONS) == 0;
}

/* A client whose kernel takes little and that reads nothing of itself. */
static void open_deaf(struct kw_web *web, struct http_world *world)
{
    int small = 4096;

    kw_web_open(web, &world->fixture, world->port);
    uv_recv_buffer_size((uv_handle_t *)&web->stream.tcp, &small);
    kw_stream_pause(&web->stream, true);
}

/* It is left alone for nine seconds and gone after ten (SEC F5, slow read). */
static void check_dropped(struct http_world *world)
{
    kw_fixture_run_ms(&world->fixture, 600); /* a sweep sees what is left */
    turn(world, 8000);
    kw_fixture_run_ms(&world->fixture, 600);
    assert_int_equal(world_metric(world, METRIC_CONNECTIONS), 1);
    /* once is enough, unless the kernels were still passing bytes on */
    for (int i = 0; i < 20 && !no_connections(world); i++) {
        turn(world, i == 0 ? 2000 : 10000);
        kw_fixture_run_ms(&world->fixture, 600);
    }
    assert_true(no_connections(world));
    assert_int_equal(world_metric(world, METRIC_TIMEOUTS), 1);
}

/* A client that asks for much and takes nothing. */
static void test_stuck_reader(void **state)
{
    struct http_world world;
    struct kw_web web;

    (void)state;
    open_ready(&world);
    open_deaf(&web, &world);
    for (unsigned i = 0; i < 4; i++)
        kw_web_text(&web, "GET /api/v1/big HTTP/1.1\r\nHost: a\r\n\r\n");
    check_dropped(&world);
    kw_web_close(&web);
    world_close(&world);
}

/* The connection of a server that has one. */
static struct kw_http_conn *only_conn(struct http_world *world)
{
    struct kw_http *http = kw_registry_self(world->registry, HTTP_INDEX);

    assert_int_equal(http->conn_count, 1);
    return KW_LIST_ENTRY(http->conns.next, struct kw_http_conn, link);
}

/* An answer so short that the stream takes it at once: the connection idles
 * then, but the client has still to take it. */
static void test_stuck_reader_of_a_short_answer(void **state)
{
    static char much[30000];
    struct http_world world;
    struct kw_web web;

    (void)state;
    open_ready(&world);
    open_deaf(&web, &world);
    memset(much, 'x', sizeof(much) - 1);
    world_answer = much;
    for (unsigned i = 0; i < 20; i++)
        kw_web_text(&web, "GET /api/v1/text HTTP/1.1\r\nHost: a\r\n\r\n");
    kw_fixture_run_ms(&world.fixture, 300);
    assert_int_equal(only_conn(&world)->state, KW_HTTP_IDLE);
    check_dropped(&world);
    kw_web_close(&web);
    world_close(&world);
}

/* A stream of events that nobody reads; its handler is told. */
static void test_stuck_stream(void **state)
{
    static const char event[4000] = "x";
    struct http_world world;
    struct kw_web web;

    (void)state;
    open_ready(&world);
    open_deaf(&web, &world);
    kw_web_text(&web, "GET /api/v1/open-stream HTTP/1.1\r\nHost: a\r\n\r\n");
    kw_fixture_run_ms(&world.fixture, 100);
    assert_non_null(seen.late);
    for (unsigned i = 0; i < 150; i++)
        (void)kw_reply_write(seen.late, event, sizeof(event));
    check_dropped(&world);
    assert_int_equal(seen.closed, 1);
    kw_web_close(&web);
    world_close(&world);
}

/* 10,000 requests and no answer read (SEC F8): what is queued stays small,
 * requests stop being begun, and it is gone after ten seconds. */
static void test_pipelining_without_reading(void **state)
{
    static const char request[] =
        "GET /api/v1/canary HTTP/1.1\r\nHost: a\r\n\r\n";
    static char answer[4000];
    struct http_world world;
    struct kw_web web;

    (void)state;
    open_ready(&world);
    open_deaf(&web, &world);
    memset(answer, 'x', sizeof(answer) - 1);
    world_answer = answer;
    for (unsigned i = 0; i < 10000; i++)
        kw_web_text(&web, request);
    kw_fixture_run_ms(&world.fixture, 1000);
    assert_true(seen.canary > 10 && seen.canary < 5000);
    assert_true(kw_stream_queued(&only_conn(&world)->stream) < 65536 + 8192);
    assert_true(only_conn(&world)->pending.length < 65536);
    check_dropped(&world);
    kw_web_close(&web);
    world_close(&world);
}

static int connect_raw(uint16_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(
        connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

/* No handshake, and a wrong one. */
static void test_handshake(void **state)
{
    struct http_world world;
    char byte;
    int fd;

    (void)state;
    open_ready(&world);
    fd = connect_raw(world.port);
    kw_fixture_run_ms(&world.fixture, 50);
    assert_int_equal(world_metric(&world, METRIC_CONNECTIONS), 1);
    turn(&world, 5500);
    kw_fixture_until(&world.fixture, no_connections, &world);
    assert_int_equal(recv(fd, &byte, 1, 0), 0);
    close(fd);
    fd = connect_raw(world.port);
    assert_int_equal(send(fd, "GET / HTTP/1.1\r\n\r\n", 18, 0), 18);
    kw_fixture_run_ms(&world.fixture, 50);
    kw_fixture_until(&world.fixture, no_connections, &world);
    assert_int_equal(world_metric(&world, METRIC_HANDSHAKES_FAILED), 1);
    close(fd);
    world_close(&world);
}

static const char ask_known[] = "GET /api/v1/see HTTP/1.1\r\nHost: a\r\n"
                                "Cookie: __Host-kw=user\r\n\r\n";

static void open_small(struct http_world *world)
{
    open_world(world, "http:\n  listen: [\"127.0.0.1:0\"]\n"
                      "  limits: {connections: 8}\n");
    kw_fixture_until(&world->fixture, world_listens, world);
}

/* Of 8 places strangers have 6. At the ceiling the one that idles longest
 * makes room; none at work does. */
static void test_ceiling(void **state)
{
    struct http_world world;
    struct kw_web web[7];
    int fd;

    (void)state;
    open_small(&world);
    for (unsigned i = 0; i < 7; i++) {
        kw_web_open(&web[i], &world.fixture, world.port);
        turn(&world, 10);
    }
    kw_web_until_end(&web[0]);
    assert_int_equal(world_metric(&world, METRIC_CONNECTIONS), 6);
    for (unsigned i = 1; i < 7; i++) {
        kw_web_text(&web[i], "GET /api/v1/late HTTP/1.1\r\nHost: a\r\n\r\n");
        kw_fixture_run_ms(&world.fixture, 10);
        assert_false(web[i].ended);
    }
    fd = connect_raw(world.port);
    kw_fixture_run_ms(&world.fixture, 50);
    assert_int_equal(world_metric(&world, METRIC_REFUSED), 1);
    assert_int_equal(world_metric(&world, METRIC_CONNECTIONS), 6);
    close(fd);
    for (unsigned i = 0; i < 7; i++)
        kw_web_close(&web[i]);
    world_close(&world);
}

/* No flood of strangers, whatever they do, ends a connection whose last
 * request had a session. */
static void test_strangers_go_first(void **state)
{
    struct http_world world;
    struct kw_web known, slow[8];
    int fds[20];

    (void)state;
    open_small(&world);
    kw_web_open(&known, &world.fixture, world.port);
    assert_int_equal(kw_web_status(&known, ask_known), 200);
    turn(&world, 2000); /* older than all that come */
    for (unsigned i = 0; i < 20; i++) {
        fds[i] = connect_raw(world.port);
        kw_fixture_run_ms(&world.fixture, 5);
        turn(&world, 10);
    }
    assert_int_equal(world_metric(&world, METRIC_CONNECTIONS), 7);
    assert_int_equal(world_metric(&world, METRIC_REFUSED), 0);
    for (unsigned i = 0; i < 8; i++) {
        kw_web_open(&slow[i], &world.fixture, world.port);
        kw_web_text(&slow[i], "GET / HT");
        kw_fixture_run_ms(&world.fixture, 5);
        turn(&world, 10);
    }
    kw_web_until_end(&slow[1]); /* the oldest of the slow */
    assert_false(slow[7].ended);
    assert_false(known.ended);
    assert_int_equal(kw_web_status(&known, ask_known), 200);
    for (unsigned i = 0; i < 20; i++)
        close(fds[i]);
    for (unsigned i = 0; i < 8; i++)
        kw_web_close(&slow[i]);
    kw_web_close(&known);
    world_close(&world);
}

/* Those with a session have all places; between two requests the oldest of
 * them makes room for a newcomer. */
static void test_known_fill_it(void **state)
{
    struct http_world world;
    struct kw_web web[9];

    (void)state;
    open_small(&world);
    for (unsigned i = 0; i < 9; i++) {
        kw_web_open(&web[i], &world.fixture, world.port);
        assert_int_equal(kw_web_status(&web[i], ask_known), 200);
        turn(&world, 10);
    }
    kw_web_until_end(&web[0]);
    assert_false(web[1].ended);
    assert_int_equal(world_metric(&world, METRIC_CONNECTIONS), 8);
    for (unsigned i = 0; i < 9; i++)
        kw_web_close(&web[i]);
    world_close(&world);
}

/* An answer under way is finished, then the connection and the module end. */
static void test_stop(void **state)
{
    struct http_world world;
    struct kw_web late, idle;

    (void)state;
    open_ready(&world);
    kw_web_open(&late, &world.fixture, world.port);
    kw_web_open(&idle, &world.fixture, world.port);
    kw_web_text(&late, "GET /api/v1/late HTTP/1.1\r\nHost: a\r\n\r\n");
    kw_fixture_run_ms(&world.fixture, 50);
    kw_registry_stop(world.registry, on_world_stopped, &world.stopped);
    kw_web_until_end(&idle);
    assert_false(world.stopped);
    reply_text(seen.late, 200, "\"done\"");
    assert_int_equal(last_answer(&late), 200);
    kw_web_close(&late);
    kw_web_close(&idle);
    kw_fixture_until_set(&world.fixture, &world.stopped);
    kw_registry_free(world.registry);
    kw_fixture_close(&world.fixture);
}

/* One that gets no answer is ended after two seconds. */
static void test_stop_impatient(void **state)
{
    struct http_world world;
    struct kw_web web;

    (void)state;
    open_ready(&world);
    kw_web_open(&web, &world.fixture, world.port);
    kw_web_text(&web, "GET /api/v1/late HTTP/1.1\r\nHost: a\r\n\r\n");
    kw_fixture_run_ms(&world.fixture, 50);
    kw_registry_stop(world.registry, on_world_stopped, &world.stopped);
    kw_fixture_run_ms(&world.fixture, 100);
    assert_false(world.stopped);
    turn(&world, 2100);
    kw_fixture_until_set(&world.fixture, &world.stopped);
    assert_int_equal(seen.closed, 1);
    kw_web_close(&web);
    kw_registry_free(world.registry);
    kw_fixture_close(&world.fixture);
}

/* What the events said: the newest on and off by key. */
struct heard {
    struct kw_subscriber subscriber;
    unsigned on, off;
    char key[64], text[200];
};

static void on_event(void *arg, const struct kw_event *event)
{
    struct heard *heard = arg;

    heard->on += event->on;
    heard->off += !event->on;
    (void)kw_text_copy(heard->key, sizeof(heard->key), event->kind->key);
    (void)kw_text_copy(heard->text, sizeof(heard->text), event->text);
}

static bool hears(void *arg)
{
    const struct heard *heard = arg;

    return heard->off > 0;
}

static bool hears_on(void *arg)
{
    const struct heard *heard = arg;

    return heard->on > 0;
}

static bool hears_closed(void *arg)
{
    const struct heard *heard = arg;

    return strcmp(heard->key, "web_address_closed") == 0;
}

static struct kw_health health_of(struct http_world *world)
{
    struct kw_health health;

    kw_registry_health(world->registry, HTTP_INDEX, &health);
    return health;
}

/* A damaged pair: nothing listens, it is told once, and mended without a
 * restart. */
static void test_bad_certificate(void **state)
{
    struct heard heard = {.subscriber = {.on_event = on_event, .arg = &heard}};
    struct http_world world;
    char folder[128], path[160];

    (void)state;
    memset(&world, 0, sizeof(world));
    kw_fixture_open(&world.fixture, 0);
    snprintf(folder, sizeof(folder), "%s/tls", world.fixture.dir);
    assert_int_equal(mkdir(folder, 0700), 0);
    world_file(&world, "tls/server.crt", "nonsense");
    world_file(&world, "tls/server.key", "nonsense");
    snprintf(path, sizeof(path), "%s/server.key", folder);
    assert_int_equal(chmod(path, 0600), 0);
    world_file(&world, "index.html", "x");
    kw_hub_subscribe(&world.fixture.hub, &heard.subscriber);
    world_start(&world, "http: {listen: [\"127.0.0.1:0\"]}\n");
    kw_fixture_until(&world.fixture, hears_on, &heard);
    assert_string_equal(heard.key, "web_certificate_bad");
    assert_int_equal(health_of(&world).level, KW_LEVEL_FAILED);
    assert_non_null(strstr(health_of(&world).text, "server.crt"));
    assert_int_equal(world_metric(&world, 0), 0);
    snprintf(path, sizeof(path), "%s/server.crt", folder);
    assert_int_equal(unlink(path), 0);
    snprintf(path, sizeof(path), "%s/server.key", folder);
    assert_int_equal(unlink(path), 0);
    kw_fixture_until(&world.fixture, world_listens, &world);
    assert_int_equal(heard.off, 1);
    assert_int_equal(heard.on, 2); /* bad, and later: made */
    assert_int_equal(health_of(&world).level, KW_LEVEL_OK);
    world_close(&world);
}

static void test_port_in_use(void **state)
{
    struct heard heard = {.subscriber = {.on_event = on_event, .arg = &heard}};
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    socklen_t length = sizeof(address);
    struct http_world world;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char conf[96];

    (void)state;
    assert_int_equal(bind(fd, (struct sockaddr *)&address, length), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    snprintf(conf, sizeof(conf), "http: {listen: [\"127.0.0.1:%u\"]}\n",
             ntohs(address.sin_port));
    memset(&world, 0, sizeof(world));
    kw_fixture_open(&world.fixture, 0);
    world_file(&world, "index.html", "x");
    world_start(&world, conf);
    kw_hub_subscribe(&world.fixture.hub, &heard.subscriber);
    kw_fixture_until(&world.fixture, hears_closed, &heard);
    assert_int_equal(health_of(&world).level, KW_LEVEL_DEGRADED);
    assert_non_null(strstr(heard.text, "another program"));
    close(fd);
    kw_fixture_until(&world.fixture, hears, &heard);
    assert_int_equal(world_metric(&world, 0), ntohs(address.sin_port));
    assert_int_equal(health_of(&world).level, KW_LEVEL_OK);
    world_close(&world);
}

static void test_no_web_application(void **state)
{
    struct http_world world;
    struct kw_web web;
    struct kw_web_answer answer;

    (void)state;
    memset(&world, 0, sizeof(world));
    kw_fixture_open(&world.fixture, 0);
    world_start(&world, "http: {listen: [\"127.0.0.1:0\"]}\n");
    kw_fixture_until(&world.fixture, world_listens, &world);
    assert_int_equal(health_of(&world).level, KW_LEVEL_DEGRADED);
    kw_web_open(&web, &world.fixture, world.port);
    kw_web_text(&web, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    kw_web_answer(&web, &answer);
    assert_int_equal(answer.status, 503);
    assert_non_null(strstr(kw_buf_text(&answer.body), "not installed"));
    kw_web_drop(&answer);
    assert_int_equal(
        kw_web_status(&web, "GET /x.js HTTP/1.1\r\nHost: a\r\n\r\n"), 404);
    kw_web_close(&web);
    world_close(&world);
}

static void test_certificate_ends(void **state)
{
    struct http_world world;

    (void)state;
    open_ready(&world);
    assert_true(world_metric(&world, METRIC_DAYS) > 3640);
    assert_int_equal(health_of(&world).level, KW_LEVEL_OK);
    turn(&world, (int64_t)3645 * 86400000);
    assert_int_equal(health_of(&world).level, KW_LEVEL_DEGRADED);
    assert_non_null(strstr(health_of(&world).text, "ends in"));
    world_close(&world);
}

static void on_applied(void *arg, int err, const struct kw_diag *diag)
{
    (void)diag;
    assert_int_equal(err, 0);
    *(bool *)arg = true;
}

static void apply(struct http_world *world, const char *text)
{
    struct kw_conf_set *set = world_conf(world, text);
    bool applied = false;

    assert_int_equal(
        kw_registry_apply(world->registry, set, on_applied, &applied), 0);
    kw_fixture_until_set(&world->fixture, &applied);
    kw_conf_set_drop(set);
}

static bool has_moved(void *arg)
{
    struct http_world *world = arg;
    double port = world_metric(world, 0);

    return port != 0 && port != world->port;
}

/* Another address, other limits; the connection that asked goes on. */
static void test_reconfigure(void **state)
{
    struct http_world world;
    struct kw_web web;

    (void)state;
    open_ready(&world);
    kw_web_open(&web, &world.fixture, world.port);
    apply(&world, "http:\n  listen: [\"127.0.0.2:0\"]\n"
                  "  limits: {headers: 16}\n");
    kw_fixture_until(&world.fixture, has_moved, &world);
    assert_int_equal(kw_web_status(&web, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
                     200);
    apply(&world, "http: {listen: [\"127.0.0.2:0\"]}\n");
    assert_int_equal(kw_web_status(&web, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
                     200);
    kw_web_close(&web);
    world_close(&world);
}

/* The rows' own checks. */
static void test_conf(void **state)
{
    static const char *const bad[] = {
        "http: {listen: [\"localhost:8443\"]}\n",
        "http: {listen: [\"127.0.0.1\"]}\n",
        "http: {listen: [\"127.0.0.1:0\", \"127.0.0.1:0\"]}\n",
        "http: {limits: {headers: 3}}\n",
        "http: {limit: {}}\n",
    };
    struct http_world world;

    (void)state;
    open_ready(&world);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct kw_conf_set *set = NULL;
        struct kw_arena arena;
        struct kw_node *root;
        struct kw_diag diag;

        kw_arena_init(&arena, 1 << 20);
        kw_diag_init(&diag);
        assert_int_equal(
            kw_conf_parse_yaml(bad[i], strlen(bad[i]), &arena, &root, &diag),
            0);
        assert_int_equal(kw_registry_check(world.registry, root,
                                           &world.fixture.core.env, &set,
                                           &diag),
                         KW_EINVAL);
        assert_true(kw_diag_any(&diag));
        kw_diag_fini(&diag);
        kw_arena_fini(&arena);
    }
    world_close(&world);
}

/* More requests at once than a turn's budget: all are answered. */
static void test_budget(void **state)
{
    struct http_world world;
    struct kw_web web[40];

    (void)state;
    open_ready(&world);
    for (unsigned i = 0; i < 40; i++)
        kw_web_begin(&web[i], &world.fixture, world.port);
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < 40; i++) {
            kw_fixture_until_set(&world.fixture, &web[i].open);
            kw_web_text(&web[i], "GET /api/v1/canary HTTP/1.1\r\n"
                                 "Host: a\r\n\r\n");
        }
        for (unsigned i = 0; i < 40; i++) {
            struct kw_web_answer answer;

            kw_web_answer(&web[i], &answer);
            assert_int_equal(answer.status, 200);
            kw_web_drop(&answer);
        }
    }
    assert_int_equal(seen.canary, 120);
    for (unsigned i = 0; i < 40; i++)
        kw_web_close(&web[i]);
    world_close(&world);
}

/* A query is the last of its turn. */
static void test_queries(void **state)
{
    struct http_world world;
    struct kw_web web[8];

    (void)state;
    open_ready(&world);
    for (unsigned i = 0; i < 8; i++)
        kw_web_open(&web[i], &world.fixture, world.port);
    for (unsigned i = 0; i < 8; i++)
        kw_web_text(&web[i], "GET /api/v1/query HTTP/1.1\r\nHost: a\r\n\r\n");
    for (unsigned i = 0; i < 8; i++) {
        struct kw_web_answer answer;

        kw_web_answer(&web[i], &answer);
        assert_int_equal(answer.status, 200);
        kw_web_drop(&answer);
    }
    assert_int_equal(seen.same_turn, 0);
    for (unsigned i = 0; i < 8; i++)
        kw_web_close(&web[i]);
    world_close(&world);
}

enum { LARGE_BYTES = 200001 };

/* "[1        ]" without its last byte. */
static void send_large(struct kw_web *web, const char *head)
{
    static char body[LARGE_BYTES];
    char fields[400];

    memset(body, ' ', sizeof(body));
    memcpy(body, "[1", 2);
    snprintf(fields, sizeof(fields),
             "PUT /api/v1/large HTTP/1.1\r\nHost: a\r\n"
             "Cookie: __Host-kw=admin\r\nX-CSRF-Token: csrf-admin\r\n"
             "Content-Type: application/json\r\n%s\r\n",
             head);
    kw_web_text(web, fields);
    kw_web_send(web, body, LARGE_BYTES - 1);
}

static const char large_length[] = "Content-Length: 200001\r\n";

static void expect_answer(struct kw_web *web, unsigned status)
{
    struct kw_web_answer answer;
    char after[8];

    kw_web_answer(web, &answer);
    assert_int_equal(answer.status, status);
    assert_int_equal(kw_web_field(&answer, "Retry-After", after, sizeof(after)),
                     status == 429);
    kw_web_drop(&answer);
}

static bool has_body(void *arg)
{
    const struct http_world *world = arg;
    const struct kw_http *http = kw_registry_need(world->registry, "http");

    return http->large != NULL && http->large->body.length == LARGE_BYTES - 1;
}

/* A large body is parsed by a job, one at a time: who comes meanwhile is told
 * so before its body is there. */
static void test_large_body(void **state)
{
    struct http_world world;
    struct kw_web one, other;

    (void)state;
    open_ready(&world);
    kw_web_open(&one, &world.fixture, world.port);
    send_large(&one, large_length);
    kw_fixture_until(&world.fixture, has_body, &world);
    for (unsigned i = 0; i < 2; i++) {
        kw_web_open(&other, &world.fixture, world.port);
        send_large(&other,
                   i == 0 ? large_length : "Transfer-Encoding: chunked\r\n");
        expect_answer(&other, 429);
        kw_web_close(&other);
    }
    kw_web_text(&one, "]");
    expect_answer(&one, 200);
    send_large(&one, large_length);
    kw_web_text(&one, "}"); /* malformed */
    expect_answer(&one, 400);
    kw_web_open(&other, &world.fixture, world.port);
    send_large(&other, large_length);
    kw_web_text(&other, "]");
    expect_answer(&other, 200);
    kw_web_close(&one);
    kw_web_close(&other);
    world_close(&world);
}

/* The client goes while its body is read, or while it is parsed. */
static void test_large_body_left(void **state)
{
    struct http_world world;
    struct kw_web web;

    (void)state;
    open_ready(&world);
    for (unsigned i = 0; i < 4; i++) {
        kw_web_open(&web, &world.fixture, world.port);
        send_large(&web, large_length);
        kw_fixture_until(&world.fixture, has_body, &world);
        if (i % 2)
            kw_web_text(&web, "]");
        kw_web_close(&web);
        kw_fixture_run_ms(&world.fixture, 20);
    }
    kw_web_open(&web, &world.fixture, world.port);
    send_large(&web, large_length);
    kw_web_text(&web, "]");
    expect_answer(&web, 200);
    kw_web_close(&web);
    world_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_header_deadline),
        cmocka_unit_test(test_idle_deadline),
        cmocka_unit_test(test_body_rate),
        cmocka_unit_test(test_request_deadline),
        cmocka_unit_test(test_no_answer),
        cmocka_unit_test(test_stuck_reader),
        cmocka_unit_test(test_stuck_reader_of_a_short_answer),
        cmocka_unit_test(test_stuck_stream),
        cmocka_unit_test(test_pipelining_without_reading),
        cmocka_unit_test(test_handshake),
        cmocka_unit_test(test_ceiling),
        cmocka_unit_test(test_strangers_go_first),
        cmocka_unit_test(test_known_fill_it),
        cmocka_unit_test(test_stop),
        cmocka_unit_test(test_stop_impatient),
        cmocka_unit_test(test_bad_certificate),
        cmocka_unit_test(test_port_in_use),
        cmocka_unit_test(test_no_web_application),
        cmocka_unit_test(test_certificate_ends),
        cmocka_unit_test(test_reconfigure),
        cmocka_unit_test(test_conf),
        cmocka_unit_test(test_budget),
        cmocka_unit_test(test_queries),
        cmocka_unit_test(test_large_body),
        cmocka_unit_test(test_large_body_left),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
