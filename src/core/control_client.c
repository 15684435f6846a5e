/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line's side of the control socket: blocking, no loop.
 *
 * One request, one line of answer, then the connection ends. A socket file that
 * nobody listens on is what a killed gateway leaves: it counts as no gateway
 * (KW_ENOTFOUND), so that the offline commands go to the database instead.
 * Thirty seconds without an answer are KW_ETIMEOUT: it hangs, and what it holds
 * must not be touched.
 */
#include "core/control.h"

#include "base/mem.h"
#include "core/control_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { ANSWER_MAX_BYTES = 64 << 20, TIMEOUT_S = 30 };

int kw_control_path(const char *state_dir, char *path, size_t size)
{
    int length = snprintf(path, size, "%s/control.sock", state_dir);

    return length > 0 && (size_t)length < size ? 0 : KW_ERANGE;
}

/* Nobody behind the file: no gateway; the time limit shows as EAGAIN. */
static int err_of(int number)
{
    if (number == ECONNREFUSED)
        return KW_ENOTFOUND;
    return number == EAGAIN ? KW_ETIMEOUT : kw_err_from_errno(number);
}

static int connect_to(const char *state_dir, int *fd)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct timeval limit = {.tv_sec = TIMEOUT_S};
    int err =
        kw_control_path(state_dir, address.sun_path, sizeof(address.sun_path));

    if (err != 0)
        return err;
    *fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (*fd < 0)
        return kw_err_from_errno(errno);
    (void)setsockopt(*fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    (void)setsockopt(*fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    if (connect(*fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
        return 0;
    err = err_of(errno);
    close(*fd);
    return err;
}

static int send_all(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);

        if (sent < 0)
            return err_of(errno);
        bytes += sent;
        length -= (size_t)sent;
    }
    return 0;
}

static int read_line(int fd, struct kw_buf *line)
{
    char chunk[16384];

    for (;;) {
        ssize_t got = recv(fd, chunk, sizeof(chunk), 0);
        const char *end;

        if (got < 0)
            return err_of(errno);
        if (got == 0)
            return KW_EOF;
        end = memchr(chunk, '\n', (size_t)got);
        kw_buf_put(line, chunk,
                   end != NULL ? (size_t)(end - chunk) : (size_t)got);
        if (kw_buf_err(line) != 0)
            return kw_buf_err(line);
        if (end != NULL)
            return 0;
    }
}

int kw_control_ask(const char *state_dir, const char *request, char **answer)
{
    struct kw_buf line;
    size_t length;
    int fd, err = connect_to(state_dir, &fd);

    if (err != 0)
        return err;
    kw_buf_init(&line, ANSWER_MAX_BYTES);
    err = send_all(fd, request, strlen(request));
    if (err == 0)
        err = send_all(fd, "\n", 1);
    if (err == 0)
        err = read_line(fd, &line);
    close(fd);
    if (err == 0) {
        kw_buf_put_byte(&line, 0);
        err = kw_buf_err(&line);
    }
    if (err == 0)
        *answer = (char *)kw_buf_take(&line, &length);
    kw_buf_fini(&line);
    return err;
}
