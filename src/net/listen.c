/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel queues connections until uv_poll says that there are some; then
 * a few are accepted, the rest next turn (the poll is level-triggered), so that
 * a flood at one listener does not hold up the others. When descriptors or
 * memory run out the poll stops for 100 ms, since it would report the same
 * connections for ever.
 */
#include "net/listen.h"

#include "base/mem.h"
#include "base/text.h"
#include "core/admit.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    ACCEPTS = 8, /* a turn and listener */
    OTHERS = 48, /* descriptors of the database, doors, logs, requests */
    GUESTS = 8,  /* connections that are always taken */
    STARVED_PAUSE_MS = 100,
    SERVICE_SIZE = 24,
    KEEPALIVE_S = 60, /* silence before the kernel asks the peer */
};

struct kw_listener {
    struct kw_life life;
    uv_poll_t poll;
    uv_timer_t timer; /* ends a pause */
    int fd;
    uint16_t port;
    bool starved; /* logged once until accepting works again */
    char service[SERVICE_SIZE];
    struct kw_core *core;
    kw_accepted_fn *accepted;
    void *arg;
    void (*closed)(void *arg);
    void *closed_arg;
};

static void on_readable(uv_poll_t *poll, int status, int events);

static void go_on(uv_timer_t *timer)
{
    struct kw_listener *listener = timer->data;

    uv_poll_start(&listener->poll, UV_READABLE, on_readable);
}

static void pause_starved(struct kw_listener *listener, int number)
{
    if (!listener->starved)
        kw_log_write(listener->core->log, KW_LOG_WARN, listener->service,
                     "no connection can be accepted: %s", strerror(number));
    listener->starved = true;
    uv_poll_stop(&listener->poll);
    uv_timer_start(&listener->timer, go_on, STARVED_PAUSE_MS, 0);
}

/* Out of what the whole process or machine shares. */
static bool is_starved(int number)
{
    return number == EMFILE || number == ENFILE || number == ENOBUFS ||
           number == ENOMEM;
}

/* As many connections as leave a descriptor for each line, up or not: meters
 * must be able to come back whatever strangers do. */
static bool has_room(const struct kw_loop *loop)
{
    struct rlimit limit;

    return loop->guests < GUESTS || getrlimit(RLIMIT_NOFILE, &limit) != 0 ||
           loop->guests + loop->lines + OTHERS < limit.rlim_cur;
}

/* One connection; false when there is none left, or not now. */
static bool accept_one(struct kw_listener *listener)
{
    struct sockaddr_storage peer = {0};
    socklen_t length = sizeof(peer);
    struct sockaddr *address = (struct sockaddr *)&peer;
    int fd =
        accept4(listener->fd, address, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd < 0 && is_starved(errno))
        pause_starved(listener, errno);
    if (fd < 0)
        return errno == ECONNABORTED || errno == EINTR;
    listener->starved = false;
    if (kw_admit(listener->core->admission, listener->service, address))
        listener->accepted(listener->arg, fd, address);
    else
        close(fd);
    return true;
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct kw_listener *listener = poll->data;

    (void)status;
    (void)events;
    for (int i = 0; i < ACCEPTS && !listener->life.closing; i++) {
        if (!has_room(listener->core->loop)) {
            pause_starved(listener, EMFILE);
            break;
        }
        if (!accept_one(listener))
            break;
    }
}

/* A machine without IPv6 still has all its IPv4 addresses. */
static int open_socket(struct sockaddr_storage *address)
{
    struct sockaddr_in6 six;
    int kind = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
    int fd = socket(address->ss_family, kind, 0);

    if (fd >= 0 || errno != EAFNOSUPPORT || address->ss_family != AF_INET6)
        return fd;
    /* UNTESTED: needs a kernel without IPv6 */
    memcpy(&six, address, sizeof(six));
    if (!IN6_IS_ADDR_UNSPECIFIED(&six.sin6_addr)) {
        errno = EADDRNOTAVAIL;
        return -1;
    }
    memset(address, 0, sizeof(*address));
    ((struct sockaddr_in *)address)->sin_family = AF_INET;
    ((struct sockaddr_in *)address)->sin_port = six.sin6_port;
    return socket(AF_INET, kind, 0);
}

static int bind_socket(struct kw_listener *listener,
                       struct sockaddr_storage *address, int backlog)
{
    socklen_t length = sizeof(*address);
    int on = 1, off = 0, idle_s = KEEPALIVE_S;

    listener->fd = open_socket(address);
    if (listener->fd < 0)
        return errno;
    setsockopt(listener->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    /* what every connection is to have it gets from its listener (Linux) */
    setsockopt(listener->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    setsockopt(listener->fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    setsockopt(listener->fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s,
               sizeof(idle_s));
    if (address->ss_family == AF_INET6) /* "[::]" takes IPv4 too */
        setsockopt(listener->fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
    if (bind(listener->fd, (struct sockaddr *)address, length) != 0 ||
        listen(listener->fd, backlog) != 0 ||
        getsockname(listener->fd, (struct sockaddr *)address, &length) != 0)
        return errno;
    listener->port = ntohs(address->ss_family == AF_INET6
                               ? ((struct sockaddr_in6 *)address)->sin6_port
                               : ((struct sockaddr_in *)address)->sin_port);
    return 0;
}

/* What a failed bind means for the one who configured it. */
static int explain(int number, const char *address, struct kw_diag *diag)
{
    static const struct {
        int number, err;
        const char *text;
    } rows[] = {
        {EADDRINUSE, KW_EBUSY, "another program listens there"},
        {EACCES, KW_EDENIED, "ports below 1024 need the right to bind them"},
        {EADDRNOTAVAIL, KW_ENOTFOUND, "this machine has no such address"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].number == number) {
            kw_diag_say(diag, "%s: %s", address, rows[i].text);
            return rows[i].err;
        }
    }
    kw_diag_say(diag, "%s: %s", address, strerror(number));
    return kw_err_from_errno(number);
}

static void on_gone(struct kw_life *life)
{
    struct kw_listener *listener = (struct kw_listener *)(void *)life;

    close(listener->fd);
    listener->closed(listener->closed_arg);
    kw_free(listener);
}

/* Cannot fail once the socket listens, but for libuv's own reasons. */
static int watch(struct kw_listener *listener)
{
    uv_loop_t *loop = &listener->core->loop->uv;

    kw_life_init(&listener->life, on_gone);
    if (uv_poll_init_socket(loop, &listener->poll, listener->fd) != 0)
        return EIO; /* UNTESTED: epoll takes every listening socket */
    kw_life_hold(&listener->life);
    listener->poll.data = listener;
    kw_life_timer(&listener->life, loop, &listener->timer, listener);
    uv_poll_start(&listener->poll, UV_READABLE, on_readable);
    return 0;
}

int kw_listener_open(struct kw_listener **out, struct kw_core *core,
                     const struct kw_listener_options *options,
                     struct kw_diag *diag)
{
    struct kw_listener *listener;
    struct sockaddr_storage address;
    int number;

    if (kw_address_parse(options->address, &address) != 0)
        return kw_diag_say(diag,
                           "%s: expected ADDRESS:PORT with a numeric "
                           "address, such as [::]:8443",
                           options->address);
    listener = kw_alloc(sizeof(*listener));
    if (listener == NULL)
        return KW_ENOMEM;
    listener->core = core;
    listener->accepted = options->accepted;
    listener->arg = options->arg;
    (void)kw_text_copy(listener->service, SERVICE_SIZE, options->service);
    number = bind_socket(listener, &address, options->backlog);
    if (number == 0)
        number = watch(listener);
    if (number != 0) {
        if (listener->fd >= 0)
            close(listener->fd);
        kw_free(listener);
        return explain(number, options->address, diag);
    }
    *out = listener;
    return 0;
}

void kw_listener_close(struct kw_listener *listener, void (*closed)(void *arg),
                       void *arg)
{
    listener->closed = closed;
    listener->closed_arg = arg;
    if (!kw_life_close(&listener->life))
        return;
    kw_life_close_handle(&listener->life, (uv_handle_t *)&listener->poll);
    kw_life_close_handle(&listener->life, (uv_handle_t *)&listener->timer);
}

uint16_t kw_listener_port(const struct kw_listener *listener)
{
    return listener->port;
}
