/* SPDX-License-Identifier: Apache-2.0 */
/*
 * c-ares tells which of its sockets it wants to read or write; each becomes a
 * uv_poll. A timer runs while queries are under way and lets c-ares notice its
 * time-outs. Answers, numeric ones too, go through a list that is emptied at
 * the end of the turn, so that done never runs inside kw_resolver_find.
 *
 * On close c-ares gives all queries back, the handles close, and what is still
 * in the list is told KW_ECLOSING at once.
 */
#include "net/resolve.h"

#include "base/mem.h"
#include "base/text.h"
#include "core/life.h"
#include "net/listen.h"

#include <ares.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

enum { TICK_MS = 250, QUERY_MS = 2000, TRIES = 2, SOCKETS_MAX = 32 };

struct kw_resolver {
    struct kw_life life;
    struct kw_loop *loop;
    ares_channel channel;
    uv_timer_t timer;
    struct kw_link sockets; /* of struct watched */
    size_t socket_count;
    struct kw_link ready; /* of struct kw_resolve: answered, not told */
    struct kw_turn_end tell;
    void (*closed)(void *arg);
    void *closed_arg;
};

/* A socket of c-ares; freed when its poll handle has closed. */
struct watched {
    struct kw_link link;
    struct kw_life life;
    uv_poll_t poll;
    struct kw_resolver *resolver;
    ares_socket_t fd;
};

static void update_timer(struct kw_resolver *resolver);

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct watched *watched = poll->data;
    struct kw_resolver *resolver = watched->resolver;
    ares_socket_t fd = watched->fd;
    bool read = status != 0 || (events & UV_READABLE) != 0;
    bool write = status != 0 || (events & UV_WRITABLE) != 0;

    ares_process_fd(resolver->channel, read ? fd : ARES_SOCKET_BAD,
                    write ? fd : ARES_SOCKET_BAD);
    update_timer(resolver);
}

static void on_tick(uv_timer_t *timer)
{
    struct kw_resolver *resolver = timer->data;

    ares_process_fd(resolver->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    update_timer(resolver);
}

/* Ticks while c-ares waits for something. */
static void update_timer(struct kw_resolver *resolver)
{
    struct timeval none;
    bool waits = ares_timeout(resolver->channel, NULL, &none) != NULL;

    if (waits && !uv_is_active((uv_handle_t *)&resolver->timer))
        uv_timer_start(&resolver->timer, on_tick, TICK_MS, TICK_MS);
    else if (!waits)
        uv_timer_stop(&resolver->timer);
}

static void on_watched_gone(struct kw_life *life)
{
    struct watched *watched = KW_LIST_ENTRY(life, struct watched, life);
    struct kw_resolver *resolver = watched->resolver;

    kw_free(watched);
    kw_life_drop(&resolver->life);
}

static void unwatch(struct watched *watched)
{
    kw_list_remove(&watched->link);
    watched->resolver->socket_count--;
    if (kw_life_close(&watched->life))
        kw_life_close_handle(&watched->life, (uv_handle_t *)&watched->poll);
}

static struct watched *find_watched(struct kw_resolver *resolver,
                                    ares_socket_t fd)
{
    KW_LIST_EACH (link, &resolver->sockets) {
        struct watched *watched = KW_LIST_ENTRY(link, struct watched, link);

        if (watched->fd == fd)
            return watched;
    }
    return NULL;
}

/* Without memory the socket isn't watched: its queries time out. */
static struct watched *watch(struct kw_resolver *resolver, ares_socket_t fd)
{
    struct watched *watched;

    if (resolver->socket_count == SOCKETS_MAX)
        return NULL; /* UNTESTED: c-ares opens two sockets a server */
    watched = kw_alloc(sizeof(*watched));
    if (watched == NULL)
        return NULL;
    if (uv_poll_init_socket(&resolver->loop->uv, &watched->poll, fd) != 0) {
        kw_free(watched); /* UNTESTED: epoll takes every socket */
        return NULL;
    }
    kw_life_init(&watched->life, on_watched_gone);
    kw_life_hold(&watched->life);
    kw_life_hold(&resolver->life);
    watched->resolver = resolver;
    watched->fd = fd;
    watched->poll.data = watched;
    kw_list_append(&resolver->sockets, &watched->link);
    resolver->socket_count++;
    return watched;
}

/* c-ares: watch this socket so; neither means that it is being closed. */
static void on_socket(void *arg, ares_socket_t fd, int read, int write)
{
    struct kw_resolver *resolver = arg;
    struct watched *watched = find_watched(resolver, fd);

    if (!read && !write) {
        if (watched != NULL)
            unwatch(watched);
        return;
    }
    if (watched == NULL)
        watched = watch(resolver, fd);
    if (watched != NULL)
        uv_poll_start(&watched->poll,
                      (read ? UV_READABLE : 0) | (write ? UV_WRITABLE : 0),
                      on_poll);
}

/* The one translator of c-ares' codes. */
static int translate(int status)
{
    switch (status) {
    case ARES_SUCCESS:
        return 0;
    case ARES_ETIMEOUT:
        return KW_ETIMEOUT;
    case ARES_ENOMEM:
        return KW_ENOMEM;
    case ARES_EDESTRUCTION:
    case ARES_ECANCELLED:
        return KW_ECLOSING;
    case ARES_ENOTFOUND:
    case ARES_ENODATA:
    case ARES_EBADNAME:
        return KW_ENOTFOUND;
    default: /* refused, server failure, damaged answer */
        return KW_EIO;
    }
}

static void tell_all(void *arg)
{
    struct kw_resolver *resolver = arg;

    while (!kw_list_empty(&resolver->ready)) {
        struct kw_resolve *query =
            KW_LIST_ENTRY(resolver->ready.next, struct kw_resolve, link);
        int err = resolver->life.closing ? KW_ECLOSING : query->err;

        kw_list_remove(&query->link);
        query->done(query, err,
                    err == 0 ? (const struct sockaddr *)&query->address : NULL);
    }
}

static void answer(struct kw_resolve *query, int err)
{
    query->err = err;
    kw_list_append(&query->resolver->ready, &query->link);
    kw_loop_turn_end(query->resolver->loop, &query->resolver->tell);
}

static void set_port(struct sockaddr_storage *address, uint16_t port)
{
    if (address->ss_family == AF_INET6)
        ((struct sockaddr_in6 *)address)->sin6_port = htons(port);
    else
        ((struct sockaddr_in *)address)->sin_port = htons(port);
}

static void on_answer(void *arg, int status, int timeouts,
                      struct ares_addrinfo *found)
{
    struct kw_resolve *query = arg;
    int err = translate(status);

    (void)timeouts;
    if (err == 0 && (found == NULL || found->nodes == NULL ||
                     found->nodes->ai_addrlen > sizeof(query->address)))
        err = KW_ENOTFOUND; /* UNTESTED: success comes with an address */
    if (err == 0) {
        memcpy(&query->address, found->nodes->ai_addr,
               found->nodes->ai_addrlen);
        set_port(&query->address, query->port);
    }
    ares_freeaddrinfo(found);
    answer(query, err);
}

/* "192.0.2.1", "2001:db8::1" or that in brackets. */
static bool is_numeric(const char *host, struct sockaddr_storage *address)
{
    char text[sizeof("[]:0") + INET6_ADDRSTRLEN];
    bool bare = strchr(host, ':') != NULL && host[0] != '[';
    int length = snprintf(text, sizeof(text), "%s%s%s:0", bare ? "[" : "", host,
                          bare ? "]" : "");

    return length < (int)sizeof(text) && kw_address_parse(text, address) == 0;
}

int kw_resolver_find(struct kw_resolver *resolver, struct kw_resolve *query,
                     const char *host, uint16_t port)
{
    struct ares_addrinfo_hints hints = {.ai_family = AF_UNSPEC,
                                        .ai_socktype = SOCK_STREAM};

    if (host[0] == 0 || !kw_text_copy(query->host, sizeof(query->host), host))
        return KW_EINVAL;
    if (resolver->life.closing)
        return KW_ECLOSING;
    query->resolver = resolver;
    query->port = port;
    kw_list_init(&query->link);
    if (is_numeric(query->host, &query->address)) {
        set_port(&query->address, port);
        answer(query, 0);
        return 0;
    }
    ares_getaddrinfo(resolver->channel, query->host, NULL, &hints, on_answer,
                     query);
    update_timer(resolver);
    return 0;
}

int kw_resolver_servers(struct kw_resolver *resolver, const char *servers)
{
    return ares_set_servers_ports_csv(resolver->channel, servers) ==
                   ARES_SUCCESS
               ? 0
               : KW_EINVAL;
}

static void on_gone(struct kw_life *life)
{
    struct kw_resolver *resolver =
        KW_LIST_ENTRY(life, struct kw_resolver, life);

    resolver->closed(resolver->closed_arg);
    kw_free(resolver);
    ares_library_cleanup();
}

int kw_resolver_new(struct kw_resolver **out, struct kw_loop *loop)
{
    struct ares_options options = {
        .timeout = QUERY_MS,
        .tries = TRIES,
        .sock_state_cb = on_socket,
    };
    struct kw_resolver *resolver = kw_alloc(sizeof(*resolver));

    if (resolver == NULL)
        return KW_ENOMEM;
    options.sock_state_cb_data = resolver;
    if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS ||
        ares_init_options(&resolver->channel, &options,
                          ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
                              ARES_OPT_SOCK_STATE_CB) != ARES_SUCCESS) {
        kw_free(resolver); /* UNTESTED: c-ares' own allocation fails */
        return KW_ENOMEM;
    }
    resolver->loop = loop;
    kw_list_init(&resolver->sockets);
    kw_list_init(&resolver->ready);
    kw_list_init(&resolver->tell.link);
    resolver->tell.run = tell_all;
    resolver->tell.arg = resolver;
    kw_life_init(&resolver->life, on_gone);
    kw_life_timer(&resolver->life, &loop->uv, &resolver->timer, resolver);
    *out = resolver;
    return 0;
}

void kw_resolver_close(struct kw_resolver *resolver, void (*closed)(void *arg),
                       void *arg)
{
    resolver->closed = closed;
    resolver->closed_arg = arg;
    if (!kw_life_close(&resolver->life))
        return;
    ares_destroy(resolver->channel); /* answers all, closes its sockets */
    kw_loop_turn_end_cancel(&resolver->tell);
    tell_all(resolver);
    kw_life_close_handle(&resolver->life, (uv_handle_t *)&resolver->timer);
}
