/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A listener, a TLS connection, an echo of 200 KB, a name looked up: again
 * and again with the n-th allocation failing, until a pass needs none that
 * failed. Every pass ends with an empty loop and a balanced heap.
 */
#include "base/mem.h"
#include "lib/fixture.h"
#include "net/listen.h"
#include "net/resolve.h"
#include "net/stream.h"
#include "net/tls.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { BYTES = 200000 };

struct end {
    struct kw_stream stream;
    bool used, open, ended, closed;
    size_t got;
};

struct scene {
    struct kw_fixture fixture;
    struct kw_listener *listener;
    struct kw_tls *server_tls, *client_tls;
    struct end server, client;
    struct kw_resolve query;
    bool refused; /* the server had no memory for the connection */
    bool resolved, listener_closed;
};

static const unsigned char bytes[BYTES];

static struct end *end_of(struct kw_stream *stream)
{
    return KW_LIST_ENTRY(stream, struct end, stream);
}

static void on_open(struct kw_stream *stream)
{
    end_of(stream)->open = true;
}

static void on_client_open(struct kw_stream *stream)
{
    on_open(stream);
    (void)kw_stream_write(stream, bytes, BYTES);
}

static void on_client_data(struct kw_stream *stream, const unsigned char *data,
                           size_t length)
{
    (void)data;
    end_of(stream)->got += length;
}

static void on_server_data(struct kw_stream *stream, const unsigned char *data,
                           size_t length)
{
    end_of(stream)->got += length;
    (void)kw_stream_write(stream, data, length);
}

static void on_end(struct kw_stream *stream, int err)
{
    assert_true(err < 0);
    end_of(stream)->ended = true;
}

static void on_closed(struct kw_stream *stream)
{
    end_of(stream)->closed = true;
}

static const struct kw_stream_events server_events = {on_open, on_server_data,
                                                      NULL, on_end, on_closed};
static const struct kw_stream_events client_events = {
    on_client_open, on_client_data, NULL, on_end, on_closed};

static void on_accepted(void *arg, int take_fd, const struct sockaddr *peer)
{
    struct scene *scene = arg;

    (void)peer;
    scene->server.used =
        kw_stream_accept(&scene->server.stream, &scene->fixture.loop, take_fd,
                         scene->server_tls, &server_events) == 0;
    scene->refused = !scene->server.used;
}

static void on_resolved(struct kw_resolve *query, int err,
                        const struct sockaddr *address)
{
    struct scene *scene = KW_LIST_ENTRY(query, struct scene, query);

    assert_int_equal(address == NULL, err != 0);
    scene->resolved = true;
}

static void make_contexts(struct scene *scene)
{
    static const char *const names[] = {"localhost", NULL};
    char cert[96], key[96];
    struct kw_tls_server_options options = {
        .cert_file = cert,
        .key_file = key,
        .clock = scene->fixture.core.clock,
    };
    struct kw_tls_client_options client = {.authorities = cert};
    struct kw_diag diag;

    snprintf(cert, sizeof(cert), "%s/c.pem", scene->fixture.dir);
    snprintf(key, sizeof(key), "%s/k.pem", scene->fixture.dir);
    kw_diag_init(&diag);
    assert_int_equal(kw_tls_self_signed(cert, key, names,
                                        kw_clock_wall_ms(options.clock), &diag),
                     0);
    assert_int_equal(kw_tls_server(&scene->server_tls, &options, &diag), 0);
    assert_int_equal(kw_tls_client(&scene->client_tls, &client, &diag), 0);
    kw_diag_fini(&diag);
}

/* What may fail; false when it did at once. */
static bool begin(struct scene *scene)
{
    struct kw_listener_options options = {
        .service = "test",
        .address = "127.0.0.1:0",
        .backlog = 4,
        .accepted = on_accepted,
        .arg = scene,
    };
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    struct kw_diag diag;
    int err;

    kw_diag_init(&diag);
    err = kw_listener_open(&scene->listener, &scene->fixture.core, &options,
                           &diag);
    kw_diag_fini(&diag);
    if (err != 0) {
        scene->listener = NULL;
        return false;
    }
    address.sin_port = htons(kw_listener_port(scene->listener));
    err = kw_stream_connect(&scene->client.stream, &scene->fixture.loop,
                            (struct sockaddr *)&address, scene->client_tls,
                            "localhost", &client_events);
    scene->client.used = err == 0;
    return err == 0;
}

static bool is_over(void *arg)
{
    const struct scene *scene = arg;

    return scene->client.ended || scene->refused || scene->server.ended ||
           scene->client.got == BYTES;
}

static void set_flag(void *arg)
{
    *(bool *)arg = true;
}

static void close_all(struct scene *scene)
{
    if (scene->listener != NULL) {
        kw_listener_close(scene->listener, set_flag, &scene->listener_closed);
        kw_fixture_until_set(&scene->fixture, &scene->listener_closed);
    }
    if (scene->server.used) {
        kw_stream_close(&scene->server.stream);
        kw_fixture_until_set(&scene->fixture, &scene->server.closed);
    }
    if (scene->client.used) {
        kw_stream_close(&scene->client.stream);
        kw_fixture_until_set(&scene->fixture, &scene->client.closed);
    }
    kw_tls_drop(scene->server_tls);
    kw_tls_drop(scene->client_tls);
    kw_fixture_close(&scene->fixture);
}

/* One pass; true when all of it worked. */
static bool pass(uint64_t fail_at, uint64_t *allocations)
{
    static struct scene scene;
    bool good;

    memset(&scene, 0, sizeof(scene));
    kw_fixture_open(&scene.fixture, KW_FIXTURE_RESOLVER);
    make_contexts(&scene);
    scene.query.done = on_resolved;
    *allocations = kw_mem_stats().allocations;
    kw_mem_fail_at(fail_at);
    good = begin(&scene);
    if (kw_resolver_find(scene.fixture.core.resolver, &scene.query, "localhost",
                         1) != 0)
        scene.resolved = true;
    if (good)
        kw_fixture_until(&scene.fixture, is_over, &scene);
    kw_fixture_until_set(&scene.fixture, &scene.resolved);
    kw_mem_fail_at(0);
    *allocations = kw_mem_stats().allocations - *allocations;
    good = good && scene.client.got == BYTES;
    close_all(&scene);
    return good;
}

static void test_sweep(void **state)
{
    uint64_t allocations = 0, n = 0;
    unsigned failed = 0;
    bool good = false;

    (void)state;
    while (!good || n <= allocations) {
        good = pass(++n, &allocations);
        failed += !good;
        assert_true(n < 500);
    }
    assert_true(failed >= 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sweep),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
