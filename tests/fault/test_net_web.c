/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole visit to the web server with the n-th allocation of the gateway
 * failing. The client is a process of its own, so that none of its memory
 * fails; it must never be left waiting, only told or cut off.
 */
#include "loop/http_world.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <sys/wait.h>

/* How the client's process ended. */
enum { GOT_ALL, CUT_OFF, LEFT_WAITING };

static const char visit[] =
    "GET / HTTP/1.1\r\nHost: gw\r\n\r\n"
    "GET /api/v1/echo/a?text=b HTTP/1.1\r\nHost: gw\r\n"
    "Cookie: __Host-kw=user\r\nAccept: a/b\r\nIf-Match: \"1\"\r\n\r\n"
    "POST /api/v1/configure HTTP/1.1\r\nHost: gw\r\n"
    "Cookie: __Host-kw=admin\r\nX-CSRF-Token: csrf-admin\r\n"
    "Content-Type: application/json\r\nContent-Length: 17\r\n\r\n"
    "{\"text\": \"visit\"}"
    "GET /api/v1/big HTTP/1.1\r\nHost: gw\r\n\r\n"
    "DELETE /api/v1/configure HTTP/1.1\r\nHost: gw\r\n"
    "Cookie: __Host-kw=admin\r\nX-CSRF-Token: csrf-admin\r\n"
    "Content-Type: application/json\r\nConnection: close\r\n\r\n";

static int connect_to(uint16_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    struct timeval patience = {.tv_sec = 8};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0)
        _exit(CUT_OFF);
    return fd;
}

/* Reads all there is; the outcome is the exit code. */
static void run_client(uint16_t port)
{
    SSL *ssl = SSL_new(SSL_CTX_new(TLS_client_method()));
    static char bytes[65536];
    size_t total = 0;
    int got;

    signal(SIGPIPE, SIG_IGN);
    SSL_set_fd(ssl, connect_to(port));
    if (SSL_connect(ssl) != 1 || SSL_write(ssl, visit, sizeof(visit) - 1) <= 0)
        _exit(errno == EAGAIN ? LEFT_WAITING : CUT_OFF);
    errno = 0;
    while ((got = SSL_read(ssl, bytes, sizeof(bytes))) > 0)
        total += (size_t)got;
    if (errno == EAGAIN)
        _exit(LEFT_WAITING);
    _exit(total > BIG_BYTES ? GOT_ALL : CUT_OFF);
}

struct child {
    pid_t pid;
    int status;
};

static bool is_over(void *arg)
{
    struct child *child = arg;

    return waitpid(child->pid, &child->status, WNOHANG) == child->pid;
}

/* A timer that keeps the loop turning while the client's process lives. */
static void nothing(uv_timer_t *timer)
{
    (void)timer;
}

static int visit_with(struct http_world *world, uint64_t fail_at,
                      uint64_t *allocations)
{
    struct child child = {.pid = fork()};
    uv_timer_t timer;

    assert_true(child.pid >= 0);
    if (child.pid == 0)
        run_client(world->port);
    uv_timer_init(&world->fixture.loop.uv, &timer);
    uv_timer_start(&timer, nothing, 2, 2);
    *allocations = kw_mem_stats().allocations;
    kw_mem_fail_at(fail_at);
    kw_fixture_until(&world->fixture, is_over, &child);
    kw_mem_fail_at(0);
    *allocations = kw_mem_stats().allocations - *allocations;
    uv_close((uv_handle_t *)&timer, NULL);
    uv_run(&world->fixture.loop.uv, UV_RUN_NOWAIT);
    assert_true(WIFEXITED(child.status));
    return WEXITSTATUS(child.status);
}

static bool no_connections(void *arg)
{
    return world_metric(arg, 1) == 0;
}

static void test_visit(void **state)
{
    struct http_world world;
    uint64_t allocations = 0, n = 0;
    unsigned worse = 0;
    int outcome = CUT_OFF;

    (void)state;
    world_open(&world);
    while (outcome != GOT_ALL || n <= allocations) {
        outcome = visit_with(&world, ++n, &allocations);
        if (outcome == LEFT_WAITING)
            fail_msg("allocation %u fails: the client waits", (unsigned)n);
        worse += outcome != GOT_ALL;
        kw_fixture_until(&world.fixture, no_connections, &world);
        assert_true(n < 500);
    }
    assert_true(worse >= 3);
    world_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_visit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
