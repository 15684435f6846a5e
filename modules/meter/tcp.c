/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A TCP connection as a link: Modbus TCP, and RTU over TCP to a converter.
 *
 * Happy path: the name is looked up, the connection made, on_up; bytes both
 * ways. The name is looked up again for each connection: addresses change.
 * Failure: no such name, refused, reset, closed by the peer: on_down once with
 * the reason. How long a connection may take is the line's business.
 * On close: the look-up can't be called back, its answer is ignored; the
 * stream closes later, and an open in between takes effect then.
 */
#include "meter/link.h"

#include "base/mem.h"
#include "meter/settings.h"
#include "net/resolve.h"
#include "net/stream.h"

#include <stdio.h>

enum { WHY_SIZE = 360 };

struct kw_meter_tcp {
    struct kw_meter_link link;
    const struct kw_meter_tcp_conf *conf;
    struct kw_stream stream;
    struct kw_resolve query;
    bool wanted;    /* opening or open */
    bool asking;    /* query is under way */
    bool streaming; /* stream is, or is still closing */
};

static void begin(struct kw_meter_tcp *tcp);

static struct kw_meter_tcp *tcp_of(struct kw_meter_link *link)
{
    return (struct kw_meter_tcp *)(void *)link;
}

static struct kw_meter_tcp *tcp_of_stream(struct kw_stream *stream)
{
    return KW_LIST_ENTRY(stream, struct kw_meter_tcp, stream);
}

static void went_down(struct kw_meter_tcp *tcp, const char *why)
{
    const struct kw_meter_link_owner *owner = &tcp->link.owner;
    char text[WHY_SIZE];

    snprintf(text, sizeof(text), "%s:%d: %s", tcp->conf->host,
             (int)tcp->conf->port, why);
    tcp->wanted = false;
    if (tcp->streaming)
        kw_stream_close(&tcp->stream);
    owner->events->on_down(owner->arg, text);
}

static void on_open(struct kw_stream *stream)
{
    struct kw_meter_tcp *tcp = tcp_of_stream(stream);

    tcp->link.owner.events->on_up(tcp->link.owner.arg);
}

static void on_data(struct kw_stream *stream, const unsigned char *bytes,
                    size_t length)
{
    struct kw_meter_tcp *tcp = tcp_of_stream(stream);

    tcp->link.owner.events->on_bytes(tcp->link.owner.arg, bytes, length);
}

static void on_end(struct kw_stream *stream, int err)
{
    struct kw_meter_tcp *tcp = tcp_of_stream(stream);

    went_down(tcp, err == KW_EOF    ? "the peer closed the connection"
                   : stream->opened ? "the connection broke"
                                    : kw_strerror(err));
}

static void on_closed(struct kw_stream *stream)
{
    struct kw_meter_tcp *tcp = tcp_of_stream(stream);

    tcp->streaming = false;
    if (tcp->wanted)
        begin(tcp);
    kw_life_drop(tcp->link.owner.life);
}

static void connect_to(struct kw_meter_tcp *tcp, const struct sockaddr *address)
{
    static const struct kw_stream_events events = {
        .on_open = on_open,
        .on_data = on_data,
        .on_end = on_end,
        .on_closed = on_closed,
    };
    int err = kw_stream_connect(&tcp->stream, tcp->link.owner.loop, address,
                                NULL, NULL, &events);

    if (err != 0) {
        went_down(tcp, kw_strerror(err));
        return;
    }
    tcp->streaming = true;
    kw_life_hold(tcp->link.owner.life);
}

static void on_address(struct kw_resolve *query, int err,
                       const struct sockaddr *address)
{
    struct kw_meter_tcp *tcp = KW_LIST_ENTRY(query, struct kw_meter_tcp, query);

    tcp->asking = false;
    if (tcp->wanted && err != 0)
        went_down(tcp, err == KW_ENOTFOUND ? "no such host" : kw_strerror(err));
    else if (tcp->wanted)
        connect_to(tcp, address);
    kw_life_drop(tcp->link.owner.life);
}

static void begin(struct kw_meter_tcp *tcp)
{
    int err;

    tcp->query = (struct kw_resolve){.done = on_address};
    err = kw_resolver_find(tcp->link.owner.resolver, &tcp->query,
                           tcp->conf->host, (uint16_t)tcp->conf->port);
    if (err != 0) {
        went_down(tcp, kw_strerror(err));
        return;
    }
    tcp->asking = true;
    kw_life_hold(tcp->link.owner.life);
}

static void tcp_open(struct kw_meter_link *link)
{
    struct kw_meter_tcp *tcp = tcp_of(link);

    tcp->wanted = true;
    if (!tcp->asking && !tcp->streaming)
        begin(tcp);
}

static int tcp_send(struct kw_meter_link *link, const unsigned char *bytes,
                    size_t length)
{
    (void)kw_stream_write(&tcp_of(link)->stream, bytes, length);
    return 0; /* a failure comes through on_end */
}

static void tcp_close(struct kw_meter_link *link)
{
    struct kw_meter_tcp *tcp = tcp_of(link);

    tcp->wanted = false;
    if (tcp->streaming)
        kw_stream_close(&tcp->stream);
}

static void tcp_free(struct kw_meter_link *link)
{
    kw_free(tcp_of(link));
}

struct kw_meter_link *kw_meter_tcp_new(const struct kw_meter_tcp_conf *conf,
                                       const struct kw_meter_link_owner *owner)
{
    static const struct kw_meter_link_ops ops = {tcp_open, tcp_send, tcp_close,
                                                 tcp_free};
    struct kw_meter_tcp *tcp = kw_alloc(sizeof(*tcp));

    if (tcp == NULL)
        return NULL;
    tcp->link.ops = &ops;
    tcp->link.owner = *owner;
    tcp->conf = conf;
    return &tcp->link;
}
