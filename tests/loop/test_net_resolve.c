/* SPDX-License-Identifier: Apache-2.0 */
/* Names to addresses, against a name server of the test's own. */
#include "net/resolve.h"

#include "lib/fixture.h"
#include "net/listen.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { TYPE_A = 1, TYPE_AAAA = 28 };

/* A name server on a UDP socket of the loop. */
struct name_server {
    uv_udp_t udp;
    unsigned queries;
    bool silent, refuses;
    char buffer[512];
    bool closed;
};

struct asker {
    struct kw_resolve query;
    bool done;
    int err;
    char address[64];
    unsigned port;
};

struct scene {
    struct kw_fixture fixture;
    struct name_server server;
};

static void on_alloc(uv_handle_t *handle, size_t size, uv_buf_t *buf)
{
    struct name_server *server = handle->data;

    (void)size;
    *buf = uv_buf_init(server->buffer, sizeof(server->buffer));
}

/* Where the question ends, and its type; the name must be gateway.test. */
static size_t read_question(const unsigned char *packet, unsigned *type)
{
    static const char name[] = "\x07gateway\x04test";
    size_t length = sizeof(name);

    *type = 0;
    if (memcmp(packet + 12, name, length) != 0)
        return 0;
    *type = (unsigned)packet[12 + length] << 8 | packet[13 + length];
    return 12 + length + 4;
}

/* Answers A with 192.0.2.7 and everything else with nothing (RFC 1035, 4). */
static void on_query(uv_udp_t *udp, ssize_t got, const uv_buf_t *buf,
                     const struct sockaddr *peer, unsigned flags)
{
    static const unsigned char record[] = {0xC0, 12, 0, 1, 0,   1, 0, 0,
                                           0,    9,  0, 4, 192, 0, 2, 7};
    struct name_server *server = udp->data;
    unsigned char reply[512];
    uv_buf_t out;
    unsigned type;
    size_t length;

    (void)flags;
    if (got <= 12 || peer == NULL)
        return;
    server->queries++;
    if (server->silent)
        return;
    memcpy(reply, buf->base, (size_t)got);
    length = read_question(reply, &type);
    reply[2] = 0x85; /* an authoritative answer */
    reply[3] = (unsigned char)(server->refuses ? 5 : length == 0 ? 3 : 0);
    reply[7] = type == TYPE_A && !server->refuses;
    reply[11] = 0; /* no additional records */
    if (length == 0)
        length = (size_t)got;
    if (reply[7]) {
        memcpy(reply + length, record, sizeof(record));
        length += sizeof(record);
    }
    out = uv_buf_init((char *)reply, (unsigned)length);
    (void)uv_udp_try_send(udp, &out, 1, peer);
}

static void open_scene(struct scene *scene)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    int length = sizeof(address);
    char text[32];

    memset(scene, 0, sizeof(*scene));
    kw_fixture_open(&scene->fixture, KW_FIXTURE_RESOLVER);
    uv_udp_init(&scene->fixture.loop.uv, &scene->server.udp);
    scene->server.udp.data = &scene->server;
    assert_int_equal(
        uv_udp_bind(&scene->server.udp, (struct sockaddr *)&address, 0), 0);
    assert_int_equal(uv_udp_getsockname(&scene->server.udp,
                                        (struct sockaddr *)&address, &length),
                     0);
    assert_int_equal(uv_udp_recv_start(&scene->server.udp, on_alloc, on_query),
                     0);
    snprintf(text, sizeof(text), "127.0.0.1:%u", ntohs(address.sin_port));
    assert_int_equal(kw_resolver_servers(scene->fixture.core.resolver, text),
                     0);
}

static void on_udp_closed(uv_handle_t *handle)
{
    ((struct name_server *)handle->data)->closed = true;
}

static void close_scene(struct scene *scene)
{
    uv_close((uv_handle_t *)&scene->server.udp, on_udp_closed);
    kw_fixture_until_set(&scene->fixture, &scene->server.closed);
    kw_fixture_close(&scene->fixture);
}

static void on_done(struct kw_resolve *query, int err,
                    const struct sockaddr *address)
{
    struct asker *asker = KW_LIST_ENTRY(query, struct asker, query);

    assert_false(asker->done);
    asker->done = true;
    asker->err = err;
    assert_int_equal(address == NULL, err != 0);
    if (address == NULL)
        return;
    kw_address_format(address, asker->address, sizeof(asker->address));
    asker->port = ntohs(
        address->sa_family == AF_INET6
            ? ((const struct sockaddr_in6 *)(const void *)address)->sin6_port
            : ((const struct sockaddr_in *)(const void *)address)->sin_port);
}

static void ask(struct scene *scene, struct asker *asker, const char *host)
{
    memset(asker, 0, sizeof(*asker));
    asker->query.done = on_done;
    assert_int_equal(kw_resolver_find(scene->fixture.core.resolver,
                                      &asker->query, host, 502),
                     0);
    assert_false(asker->done); /* never inside the call */
}

static void test_numeric(void **state)
{
    static const struct {
        const char *host, *address;
    } rows[] = {
        {"192.0.2.1", "192.0.2.1"},
        {"::1", "::1"},
        {"2001:db8::1", "2001:db8::1"},
        {"[2001:db8::2]", "2001:db8::2"},
    };
    struct scene scene;
    struct asker asker;

    (void)state;
    open_scene(&scene);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        ask(&scene, &asker, rows[i].host);
        kw_fixture_until_set(&scene.fixture, &asker.done);
        assert_int_equal(asker.err, 0);
        assert_string_equal(asker.address, rows[i].address);
        assert_int_equal(asker.port, 502);
    }
    assert_int_equal(scene.server.queries, 0);
    close_scene(&scene);
}

static void test_name(void **state)
{
    struct scene scene;
    struct asker asker, second;

    (void)state;
    open_scene(&scene);
    ask(&scene, &asker, "gateway.test");
    ask(&scene, &second, "192.0.2.9");
    kw_fixture_until_set(&scene.fixture, &asker.done);
    assert_true(second.done);
    assert_int_equal(asker.err, 0);
    assert_string_equal(asker.address, "192.0.2.7");
    assert_int_equal(asker.port, 502);
    close_scene(&scene);
}

static void test_unknown(void **state)
{
    struct scene scene;
    struct asker asker;

    (void)state;
    open_scene(&scene);
    ask(&scene, &asker, "nowhere.test");
    kw_fixture_until_set(&scene.fixture, &asker.done);
    assert_int_equal(asker.err, KW_ENOTFOUND);
    close_scene(&scene);
}

static void test_refused(void **state)
{
    struct scene scene;
    struct asker asker;

    (void)state;
    open_scene(&scene);
    scene.server.refuses = true;
    ask(&scene, &asker, "gateway.test");
    kw_fixture_until_set(&scene.fixture, &asker.done);
    assert_true(asker.err == KW_EIO || asker.err == KW_ENOTFOUND);
    close_scene(&scene);
}

/* A name server that swallows everything costs nobody anything. */
static void test_silent(void **state)
{
    struct scene scene;
    struct asker asker;

    (void)state;
    open_scene(&scene);
    scene.server.silent = true;
    ask(&scene, &asker, "gateway.test");
    kw_fixture_until_set(&scene.fixture, &asker.done);
    assert_int_equal(asker.err, KW_ETIMEOUT);
    assert_true(scene.server.queries >= 2);
    assert_true(scene.fixture.loop.stats.longest_us < 100000);
    close_scene(&scene);
}

/* Closed with queries under way: each is told once. */
static void test_closing(void **state)
{
    struct scene scene;
    struct asker asker, numeric;

    (void)state;
    open_scene(&scene);
    scene.server.silent = true;
    ask(&scene, &asker, "gateway.test");
    ask(&scene, &numeric, "192.0.2.1");
    close_scene(&scene);
    assert_true(asker.done);
    assert_int_equal(asker.err, KW_ECLOSING);
    assert_true(numeric.done);
}

static void test_bad_names(void **state)
{
    struct scene scene;
    struct asker asker = {.done = false};
    char name[300];

    (void)state;
    open_scene(&scene);
    memset(name, 'a', sizeof(name));
    name[299] = 0;
    assert_int_equal(
        kw_resolver_find(scene.fixture.core.resolver, &asker.query, name, 1),
        KW_EINVAL);
    assert_int_equal(
        kw_resolver_find(scene.fixture.core.resolver, &asker.query, "", 1),
        KW_EINVAL);
    name[100] = 0; /* a label of 100 characters */
    ask(&scene, &asker, name);
    kw_fixture_until_set(&scene.fixture, &asker.done);
    assert_true(asker.err < 0);
    assert_int_equal(
        kw_resolver_servers(scene.fixture.core.resolver, "nonsense"),
        KW_EINVAL);
    close_scene(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numeric),   cmocka_unit_test(test_name),
        cmocka_unit_test(test_unknown),   cmocka_unit_test(test_refused),
        cmocka_unit_test(test_silent),    cmocka_unit_test(test_closing),
        cmocka_unit_test(test_bad_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
