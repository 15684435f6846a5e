/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Modbus TCP. A connection collects bytes until a whole frame is there, has
 * it answered by the desk, and queues the reply with the time at which it may
 * go: now, or later where a fault says so. Replies that the socket does not
 * take wait for EPOLLOUT. Whatever is not Modbus, hangs up or queues more
 * than it reads is closed.
 */
#include "tcp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BUFFER_BYTES = 1024, QUEUE_LIMIT = 64, BACKLOG = 1024 };

/* A reply on its way. */
struct item {
    struct item *next;
    int64_t due_ns;
    int64_t step_ns; /* a byte; 0 = all at once */
    size_t length, sent;
    uint8_t *bytes; /* owned */
};

struct kw_plant_connection {
    struct kw_plant_watch watch; /* first */
    struct kw_plant_port *port;
    struct kw_plant_connection *next, *before;
    uint8_t buffer[BUFFER_BYTES];
    size_t have;
    struct item *queue; /* by due time */
    size_t queued;
    bool full;    /* the socket takes no more: waits for EPOLLOUT */
    bool delayed; /* counted in tcp->delayed */
};

static void free_item(struct item *item)
{
    kw_plant_free(item->bytes);
    kw_plant_free(item);
}

static void close_connection(struct kw_plant_connection *connection)
{
    struct kw_plant_tcp *tcp = connection->port->tcp;
    if (connection->before != NULL)
        connection->before->next = connection->next;
    else
        tcp->first = connection->next;
    if (connection->next != NULL)
        connection->next->before = connection->before;
    while (connection->queue != NULL) {
        struct item *item = connection->queue;
        connection->queue = item->next;
        free_item(item);
    }
    tcp->delayed -= connection->delayed;
    connection->port->line->counts.connections--;
    close(connection->watch.fd);
    kw_plant_free(connection);
}

/* Sends what is due of one item: 1 if it is done, 0 if it has to wait, -1 if
 * the connection is broken. */
static int send_item(struct kw_plant_connection *connection, struct item *item,
                     int64_t now_ns)
{
    size_t due =
        kw_plant_pace_due(now_ns - item->due_ns, item->step_ns, item->length);
    if (item->due_ns > now_ns || due == item->sent)
        return 0;
    ssize_t done = send(connection->watch.fd, item->bytes + item->sent,
                        due - item->sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (done < 0 && errno != EAGAIN)
        return -1;
    if (done > 0)
        item->sent += (size_t)done;
    connection->port->line->counts.bytes_out += done > 0 ? (uint64_t)done : 0;
    if (item->sent == item->length)
        return 1;
    connection->full = item->sent < due;
    return 0;
}

/* Sends what is due and notes what is left. -1: closed. */
static int flush(struct kw_plant_connection *connection)
{
    struct kw_plant_tcp *tcp = connection->port->tcp;
    int64_t now_ns = kw_plant_now_ns();
    bool was_full = connection->full;
    int done = 1;
    connection->full = false;
    while (connection->queue != NULL &&
           (done = send_item(connection, connection->queue, now_ns)) > 0) {
        struct item *item = connection->queue;
        connection->queue = item->next;
        connection->queued--;
        free_item(item);
    }
    if (done < 0) {
        close_connection(connection);
        return -1;
    }
    bool delayed = connection->queue != NULL && !connection->full;
    tcp->delayed += delayed;
    tcp->delayed -= connection->delayed;
    connection->delayed = delayed;
    if (connection->full != was_full)
        kw_plant_loop_change(tcp->loop, &connection->watch,
                             connection->full ? EPOLLIN | EPOLLOUT : EPOLLIN);
    return 0;
}

/* Puts a reply in its place by due time, but not before one that has begun. */
static void enqueue(struct kw_plant_connection *connection, struct item *item)
{
    struct item **at = &connection->queue;
    while (*at != NULL && ((*at)->sent > 0 || (*at)->due_ns <= item->due_ns))
        at = &(*at)->next;
    item->next = *at;
    *at = item;
    connection->queued++;
}

/* Answers one frame. -1: closed. */
static int answer(struct kw_plant_connection *connection, const uint8_t *frame,
                  size_t length)
{
    struct kw_plant_port *port = connection->port;
    struct kw_plant_fault fault;
    uint8_t reply[KW_PLANT_ADU_BYTES];
    kw_plant_arrivals_add(&port->tcp->arrivals, port->line->port,
                          frame[KW_PLANT_MBAP_BYTES - 1], kw_plant_now_ns());
    size_t size = kw_plant_desk_answer(&port->tcp->desk, port->line, frame,
                                       length, &fault, reply);
    if (fault.kind == KW_PLANT_CLOSE || connection->queued == QUEUE_LIMIT) {
        close_connection(connection);
        return -1;
    }
    if (size == 0)
        return 0;
    struct item *item = kw_plant_alloc(1, sizeof *item);
    item->due_ns = kw_plant_now_ns();
    item->bytes =
        kw_plant_fault_spoil(&fault, true, reply, size, &item->length);
    if (fault.kind == KW_PLANT_LATE)
        item->due_ns += (int64_t)fault.parameter * 1000000;
    else if (fault.kind == KW_PLANT_DRIP)
        item->step_ns = (int64_t)fault.parameter * 1000000;
    enqueue(connection, item);
    return 0;
}

/* Answers all whole frames in the buffer. -1: closed. */
static int answer_all(struct kw_plant_connection *connection)
{
    size_t at = 0;
    for (;;) {
        int length = kw_plant_frame_tcp_length(connection->buffer + at,
                                               connection->have - at);
        if (length < 0) {
            connection->port->line->counts.bad_requests++;
            close_connection(connection);
            return -1;
        }
        if (length == 0 || connection->have - at < (size_t)length)
            break;
        if (answer(connection, connection->buffer + at, (size_t)length) < 0)
            return -1;
        at += (size_t)length;
    }
    connection->have -= at;
    memmove(connection->buffer, connection->buffer + at, connection->have);
    return 0;
}

static void on_connection(struct kw_plant_watch *watch, uint32_t events)
{
    struct kw_plant_connection *connection =
        (struct kw_plant_connection *)(void *)watch;
    if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) {
        ssize_t got =
            recv(watch->fd, connection->buffer + connection->have,
                 sizeof connection->buffer - connection->have, MSG_DONTWAIT);
        if (got == 0 || (got < 0 && errno != EAGAIN)) {
            close_connection(connection);
            return;
        }
        if (got > 0) {
            connection->have += (size_t)got;
            connection->port->line->counts.bytes_in += (uint64_t)got;
        }
        if (answer_all(connection) < 0)
            return;
    }
    flush(connection);
}

static void on_port(struct kw_plant_watch *watch, uint32_t events)
{
    struct kw_plant_port *port = (struct kw_plant_port *)(void *)watch;
    (void)events;
    int fd = accept4(watch->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return;
    int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct kw_plant_connection *connection =
        kw_plant_alloc(1, sizeof *connection);
    connection->watch = (struct kw_plant_watch){fd, on_connection};
    connection->port = port;
    connection->next = port->tcp->first;
    if (connection->next != NULL)
        connection->next->before = connection;
    port->tcp->first = connection;
    port->line->counts.connections++;
    if (kw_plant_loop_add(port->tcp->loop, &connection->watch, EPOLLIN) < 0)
        close_connection(connection);
}

int kw_plant_tcp_init(struct kw_plant_tcp *tcp, struct kw_plant_loop *loop,
                      struct kw_plant_diag *diag)
{
    *tcp = (struct kw_plant_tcp){.loop = loop};
    return kw_plant_desk_open(&tcp->desk, true, diag);
}

/* Binds and listens; sets the line's port. */
static int open_port(struct kw_plant_line *line)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)line->port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    socklen_t size = sizeof address;
    struct sockaddr *any = (struct sockaddr *)(void *)&address;
    int one = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0 ||
        bind(fd, any, size) < 0 || listen(fd, BACKLOG) < 0 ||
        getsockname(fd, any, &size) < 0) {
        close(fd);
        return -1;
    }
    line->port = ntohs(address.sin_port);
    snprintf(line->name, sizeof line->name, "%u", line->port);
    return fd;
}

int kw_plant_tcp_listen(struct kw_plant_tcp *tcp, struct kw_plant_line *line,
                        struct kw_plant_diag *diag)
{
    int fd = open_port(line);
    if (fd < 0)
        return kw_plant_say(diag, "cannot listen on 127.0.0.1:%u: %s",
                            line->port, strerror(errno));
    struct kw_plant_port *port = kw_plant_alloc(1, sizeof *port);
    *port = (struct kw_plant_port){{fd, on_port}, tcp, line};
    tcp->ports = kw_plant_grow(tcp->ports, tcp->count + 1, sizeof *tcp->ports);
    tcp->ports[tcp->count++] = port;
    if (kw_plant_loop_add(tcp->loop, &port->watch, EPOLLIN) < 0)
        return kw_plant_say(diag, "cannot watch port %u: %s", line->port,
                            strerror(errno));
    return 0;
}

/* When the first item of a connection has something to send. */
static int64_t item_due(const struct item *item)
{
    if (item->step_ns == 0)
        return item->due_ns;
    return item->due_ns + (int64_t)(item->sent + 1) * item->step_ns;
}

int64_t kw_plant_tcp_due(struct kw_plant_tcp *tcp)
{
    int64_t next_ns = INT64_MAX, now_ns = kw_plant_now_ns();
    struct kw_plant_connection *following;
    if (tcp->delayed == 0)
        return next_ns;
    for (struct kw_plant_connection *connection = tcp->first;
         connection != NULL; connection = following) {
        following = connection->next;
        if (!connection->delayed)
            continue;
        if (item_due(connection->queue) <= now_ns && flush(connection) < 0)
            continue;
        if (connection->delayed && item_due(connection->queue) < next_ns)
            next_ns = item_due(connection->queue);
    }
    return next_ns;
}

void kw_plant_tcp_fini(struct kw_plant_tcp *tcp)
{
    while (tcp->first != NULL)
        close_connection(tcp->first);
    for (size_t i = 0; i < tcp->count; i++) {
        close(tcp->ports[i]->watch.fd);
        kw_plant_free(tcp->ports[i]);
    }
    kw_plant_free(tcp->ports);
    tcp->ports = NULL;
    tcp->count = 0;
    kw_plant_desk_close(&tcp->desk);
    kw_plant_arrivals_fini(&tcp->arrivals);
}
