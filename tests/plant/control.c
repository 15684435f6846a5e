/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client sends lines; each is carried out at once and its answer sent
 * before the next one is looked at. Sending waits for the client, at most a
 * second: tests read what they ask for. A client that hangs up or sends a
 * line that is too long is closed.
 */
#include "control.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { LINE_BYTES = 1024, SEND_WAIT_MS = 1000 };

struct kw_plant_client {
    struct kw_plant_watch watch; /* first */
    struct kw_plant_control *control;
    struct kw_plant_client *next, *before;
    char buffer[LINE_BYTES];
    size_t have;
};

static void close_client(struct kw_plant_client *client)
{
    if (client->before != NULL)
        client->before->next = client->next;
    else
        client->control->first = client->next;
    if (client->next != NULL)
        client->next->before = client->before;
    close(client->watch.fd);
    kw_plant_free(client);
}

static bool send_all(int fd, const char *text, size_t length)
{
    while (length > 0) {
        ssize_t done = send(fd, text, length, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (done < 0 && errno != EAGAIN)
            return false;
        if (done < 0) {
            struct pollfd wait = {.fd = fd, .events = POLLOUT};
            if (poll(&wait, 1, SEND_WAIT_MS) <= 0)
                return false;
            continue;
        }
        text += done;
        length -= (size_t)done;
    }
    return true;
}

/* Carries out all whole lines; false if the client is to be closed. */
static bool run_lines(struct kw_plant_client *client)
{
    char *end;
    while ((end = memchr(client->buffer, '\n', client->have)) != NULL) {
        struct kw_plant_out out = {0};
        size_t used = (size_t)(end - client->buffer) + 1;
        *end = '\0';
        kw_plant_command(client->control->plant, client->buffer, &out);
        bool sent = send_all(client->watch.fd, out.data, out.length);
        kw_plant_free(out.data);
        if (!sent)
            return false;
        client->have -= used;
        memmove(client->buffer, client->buffer + used, client->have);
    }
    return client->have < sizeof client->buffer;
}

static void on_client(struct kw_plant_watch *watch, uint32_t events)
{
    struct kw_plant_client *client = (struct kw_plant_client *)(void *)watch;
    (void)events;
    ssize_t got = recv(watch->fd, client->buffer + client->have,
                       sizeof client->buffer - client->have, MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN)
        return;
    if (got > 0)
        client->have += (size_t)got;
    if (got <= 0 || !run_lines(client))
        close_client(client);
}

static void on_listener(struct kw_plant_watch *watch, uint32_t events)
{
    struct kw_plant_control *control = (struct kw_plant_control *)(void *)watch;
    (void)events;
    int fd = accept4(watch->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return;
    struct kw_plant_client *client = kw_plant_alloc(1, sizeof *client);
    client->watch = (struct kw_plant_watch){fd, on_client};
    client->control = control;
    client->next = control->first;
    if (client->next != NULL)
        client->next->before = client;
    control->first = client;
    if (kw_plant_loop_add(&control->plant->loop, &client->watch, EPOLLIN) < 0)
        close_client(client);
}

int kw_plant_control_open(struct kw_plant_control *control,
                          struct kw_plant *plant, const char *path,
                          struct kw_plant_diag *diag)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct stat old;
    *control =
        (struct kw_plant_control){.watch = {-1, on_listener}, .plant = plant};
    if (!kw_plant_copy(address.sun_path, sizeof address.sun_path, path))
        return kw_plant_say(diag,
                            "--control %s: a path of up to %zu bytes "
                            "was expected",
                            path, sizeof address.sun_path - 1);
    kw_plant_copy(control->path, sizeof control->path, path);
    if (lstat(path, &old) == 0 && S_ISSOCK(old.st_mode))
        unlink(path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    control->watch.fd = fd;
    if (fd < 0 ||
        bind(fd, (struct sockaddr *)(void *)&address, sizeof address) < 0 ||
        listen(fd, 16) < 0 ||
        kw_plant_loop_add(&plant->loop, &control->watch, EPOLLIN) < 0) {
        kw_plant_say(diag, "--control %s: %s", path, strerror(errno));
        kw_plant_control_close(control);
        return -1;
    }
    return 0;
}

void kw_plant_control_close(struct kw_plant_control *control)
{
    while (control->first != NULL)
        close_client(control->first);
    if (control->watch.fd < 0)
        return;
    close(control->watch.fd);
    unlink(control->path);
    control->watch.fd = -1;
}
