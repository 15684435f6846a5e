/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/dial.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

enum { DEADLINE_MS = 10000 };

int kw_test_dial(struct kw_fixture *fixture)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    assert_true(fd >= 0);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s/control.sock",
             fixture->dir);
    assert_int_equal(
        connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

/* One turn of the loop, then at most a moment for the client's descriptor. */
void kw_test_turn(struct kw_fixture *fixture, int fd, short events_wanted)
{
    struct pollfd wait = {.fd = fd, .events = events_wanted};

    uv_run(&fixture->loop.uv, UV_RUN_NOWAIT);
    (void)poll(&wait, 1, 1);
}

void kw_test_say_bytes(struct kw_fixture *fixture, int fd, const char *bytes,
                       size_t length)
{
    while (length > 0) {
        ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);

        if (sent < 0 && errno != EAGAIN)
            return; /* hung up: the test looks at that */
        if (sent < 0) {
            kw_test_turn(fixture, fd, POLLOUT);
            continue;
        }
        bytes += sent;
        length -= (size_t)sent;
    }
}

void kw_test_say(struct kw_fixture *fixture, int fd, const char *words)
{
    kw_test_say_bytes(fixture, fd, words, strlen(words));
}

/* Reads until so many lines are there or the peer has hung up; the text is
 * the caller's. */
char *kw_test_hear(struct kw_fixture *fixture, int fd, unsigned lines,
                   bool *hung_up)
{
    uint64_t until = kw_clock_mono_ms(&kw_clock_system) + DEADLINE_MS;
    unsigned seen = 0;
    size_t length = 0, room = 1 << 16;
    char *heard = malloc(room + 1);

    assert_non_null(heard);
    *hung_up = false;
    while (seen < lines && !*hung_up) {
        ssize_t got;

        if (length == room) {
            room *= 2;
            heard = realloc(heard, room + 1);
            assert_non_null(heard);
        }
        got = recv(fd, heard + length, room - length, 0);
        assert_true(kw_clock_mono_ms(&kw_clock_system) < until);
        if (got < 0 && errno == EAGAIN)
            kw_test_turn(fixture, fd, POLLIN);
        else if (got <= 0)
            *hung_up = true;
        for (ssize_t i = 0; i < got; i++)
            seen += heard[length + (size_t)i] == '\n';
        length += got > 0 ? (size_t)got : 0;
    }
    heard[length] = 0;
    return heard;
}

void kw_test_expect_line(struct kw_fixture *fixture, int fd,
                         const char *expected)
{
    bool hung_up;
    char *line = kw_test_hear(fixture, fd, 1, &hung_up);

    if (strstr(line, expected) == NULL)
        print_error("expected %s\ngot %.500s\n", expected, line);
    assert_false(hung_up);
    assert_non_null(strstr(line, expected));
    free(line);
}

void kw_test_expect_hang_up(struct kw_fixture *fixture, int fd)
{
    bool hung_up;
    char *rest = kw_test_hear(fixture, fd, 1, &hung_up);

    assert_true(hung_up);
    assert_string_equal(rest, "");
    free(rest);
}

void kw_test_hang_up(int fd)
{
    assert_int_equal(close(fd), 0);
}
