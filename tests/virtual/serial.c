/* SPDX-License-Identifier: Apache-2.0 */
#include "virtual/serial.h"

#include "base/mem.h"
#include "meter/settings.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { READ_BYTES = 512, WHY_SIZE = 200 };

struct port {
    struct kw_meter_link link;
    const struct kw_meter_serial_conf *conf;
    int fd; /* -1: closed */
    uv_poll_t poll;
    bool handle_open; /* poll is, or is still closing */
    bool wanted;      /* open when the old handle is gone */
    struct port *next;
};

static struct port *open_ports;

static struct port *port_of(struct kw_meter_link *link)
{
    return (struct port *)(void *)link;
}

static void try_open(struct port *port);

static void on_poll_closed(uv_handle_t *handle)
{
    struct port *port = handle->data;

    port->handle_open = false;
    if (port->wanted)
        try_open(port);
    kw_life_drop(port->link.owner.life);
}

static void take_out(const struct port *port)
{
    struct port **at = &open_ports;

    while (*at != port)
        at = &(*at)->next;
    *at = port->next;
}

const struct kw_meter_serial_conf *kw_virtual_serial(const char *name)
{
    for (const struct port *port = open_ports; port; port = port->next) {
        if (strcmp(port->conf->port, name) == 0)
            return port->conf;
    }
    return NULL;
}

static void port_close(struct kw_meter_link *link)
{
    struct port *port = port_of(link);

    port->wanted = false;
    if (port->fd < 0)
        return;
    take_out(port);
    uv_close((uv_handle_t *)&port->poll, on_poll_closed);
    close(port->fd);
    port->fd = -1;
}

static void went_down(struct port *port, int error)
{
    const struct kw_meter_link_owner *owner = &port->link.owner;
    char text[WHY_SIZE];

    snprintf(text, sizeof(text), "%s: %s", port->conf->port, strerror(error));
    port_close(&port->link);
    owner->events->on_down(owner->arg, text);
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
    struct port *port = poll->data;
    const struct kw_meter_link_owner *owner = &port->link.owner;
    unsigned char bytes[READ_BYTES];
    ssize_t got = read(port->fd, bytes, sizeof(bytes));

    (void)status;
    (void)events;
    if (got > 0)
        owner->events->on_bytes(owner->arg, bytes, (size_t)got);
    else if (got == 0 || errno != EAGAIN)
        went_down(port, EIO);
}

static void try_open(struct port *port)
{
    const struct kw_meter_link_owner *owner = &port->link.owner;
    struct sockaddr_un place = {.sun_family = AF_UNIX};

    port->wanted = false;
    (void)snprintf(place.sun_path, sizeof(place.sun_path), "%s",
                   port->conf->port);
    port->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (port->fd < 0 ||
        connect(port->fd, (struct sockaddr *)&place, sizeof(place)) != 0 ||
        uv_poll_init(&owner->loop->uv, &port->poll, port->fd) != 0) {
        int error = errno;

        if (port->fd >= 0)
            close(port->fd);
        port->fd = -1;
        went_down(port, error);
        return;
    }
    port->poll.data = port;
    port->handle_open = true;
    port->next = open_ports;
    open_ports = port;
    kw_life_hold(owner->life);
    uv_poll_start(&port->poll, UV_READABLE, on_ready);
    owner->events->on_up(owner->arg);
}

static void port_open(struct kw_meter_link *link)
{
    struct port *port = port_of(link);

    if (port->handle_open)
        port->wanted = true;
    else
        try_open(port);
}

/* A request always fits a socket's buffer. */
static int port_send(struct kw_meter_link *link, const unsigned char *bytes,
                     size_t length)
{
    ssize_t sent = send(port_of(link)->fd, bytes, length, MSG_NOSIGNAL);

    return sent == (ssize_t)length ? 0 : KW_EIO;
}

static void port_free(struct kw_meter_link *link)
{
    kw_free(port_of(link));
}

struct kw_meter_link *
__wrap_kw_meter_serial_new(const struct kw_meter_serial_conf *conf,
                           const struct kw_meter_link_owner *owner)
{
    static const struct kw_meter_link_ops ops = {port_open, port_send,
                                                 port_close, port_free};
    struct port *port = kw_alloc(sizeof(*port));

    if (port == NULL)
        return NULL;
    *port = (struct port){
        .link = {.ops = &ops, .owner = *owner}, .conf = conf, .fd = -1};
    return &port->link;
}
