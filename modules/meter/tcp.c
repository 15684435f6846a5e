/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A TCP connection as a link: Modbus TCP, in clear text or as Modbus/TCP
 * Security, and RTU over TCP to a converter.
 *
 * Happy path: with TLS its files are read by a job; the name is looked up, the
 * connection made, on_up (after the handshake); bytes both ways. Files are
 * read and the name is looked up again for each connection: certificates are
 * renewed, addresses change. A TLS connection is worn after a day: the line
 * then makes it anew, so that certificates and revocation lists are looked at
 * again (IEC 62351-3 wants this once a day).
 * Failure: files that can't be used, no such name, refused, reset, closed by
 * the peer, a certificate that is not good: on_down once with the reason. How
 * long a connection may take is the line's business, a handshake net/stream's.
 * On close: job and look-up can't be called back, what they bring is ignored;
 * the stream closes later, and an open in between takes effect then.
 */
#include "meter/link.h"

#include "base/clock.h"
#include "base/mem.h"
#include "core/job.h"
#include "meter/settings.h"
#include "meter/tls.h"
#include "net/resolve.h"
#include "net/stream.h"
#include "net/tls.h"

#include <stdio.h>

enum {
    WHY_SIZE = 700,        /* of the longest host and the longest reason */
    TLS_AGE_MS = 86400000, /* a day */
};

/* What only a line with TLS needs. */
struct secure {
    struct kw_meter_tcp *tcp;
    struct kw_job job;
    struct kw_diag diag;
    struct kw_tls *tls; /* what the job made; NULL: see diag */
    bool loading;       /* the job is under way */
    uint64_t up_ms;     /* monotonic */
};

struct kw_meter_tcp {
    struct kw_meter_link link;
    const struct kw_meter_tcp_conf *conf;
    struct secure *secure; /* owned; NULL: in clear text */
    struct kw_stream stream;
    struct kw_resolve query;
    bool wanted;    /* opening or open */
    bool asking;    /* query is under way */
    bool streaming; /* stream is, or is still closing */
    bool heard;     /* bytes have come on this connection */
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

static uint64_t now_ms_of(const struct kw_meter_tcp *tcp)
{
    return kw_clock_mono_ms(tcp->link.owner.clock);
}

static void went_down(struct kw_meter_tcp *tcp, const char *why)
{
    const struct kw_meter_link_owner *owner = &tcp->link.owner;
    char text[WHY_SIZE];

    snprintf(text, sizeof(text), "%s:%u: %s", tcp->conf->host,
             kw_meter_tcp_port(tcp->conf), why);
    tcp->wanted = false;
    if (tcp->streaming)
        kw_stream_close(&tcp->stream);
    owner->events->on_down(owner->arg, text);
}

static void on_open(struct kw_stream *stream)
{
    struct kw_meter_tcp *tcp = tcp_of_stream(stream);

    tcp->link.worn = tcp->heard = false;
    if (tcp->secure != NULL)
        tcp->secure->up_ms = now_ms_of(tcp);
    tcp->link.owner.events->on_up(tcp->link.owner.arg);
}

static void on_data(struct kw_stream *stream, const unsigned char *bytes,
                    size_t length)
{
    struct kw_meter_tcp *tcp = tcp_of_stream(stream);

    tcp->heard = true;
    if (tcp->secure != NULL)
        tcp->link.worn = now_ms_of(tcp) - tcp->secure->up_ms >= TLS_AGE_MS;
    tcp->link.owner.events->on_bytes(tcp->link.owner.arg, bytes, length);
}

static void on_end(struct kw_stream *stream, int err)
{
    struct kw_meter_tcp *tcp = tcp_of_stream(stream);
    char why[KW_STREAM_WHY_SIZE];

    kw_stream_why(stream, why, sizeof(why));
    if (err == KW_EOF && tcp->secure == NULL && !tcp->heard)
        went_down(tcp, "takes the connection and closes it: busy with another "
                       "master?");
    else
        went_down(tcp, why);
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
        .share = KW_SHARE_LINE,
    };
    const struct kw_meter_tcp_conf *conf = tcp->conf;
    bool named = tcp->secure != NULL && conf->tls->name != NULL;
    int err = kw_stream_connect(&tcp->stream, tcp->link.owner.loop, address,
                                tcp->secure != NULL ? tcp->secure->tls : NULL,
                                named ? conf->tls->name : conf->host, &events);

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

static void find_address(struct kw_meter_tcp *tcp)
{
    int err;

    tcp->query = (struct kw_resolve){.done = on_address};
    err = kw_resolver_find(tcp->link.owner.resolver, &tcp->query,
                           tcp->conf->host, kw_meter_tcp_port(tcp->conf));
    if (err != 0) {
        went_down(tcp, kw_strerror(err));
        return;
    }
    tcp->asking = true;
    kw_life_hold(tcp->link.owner.life);
}

/* On a thread: files become a context. */
static void load(struct kw_job *job)
{
    struct secure *secure = KW_LIST_ENTRY(job, struct secure, job);

    if (kw_meter_tls_load(&secure->tls, secure->tcp->conf->tls,
                          secure->tcp->link.owner.clock, &secure->diag) != 0)
        secure->tls = NULL;
}

static void on_loaded(struct kw_job *job, int err)
{
    struct secure *secure = KW_LIST_ENTRY(job, struct secure, job);
    struct kw_meter_tcp *tcp = secure->tcp;
    char why[KW_DIAG_TEXT_SIZE + KW_DIAG_PATH_SIZE] = "out of memory";

    secure->loading = false;
    if (kw_diag_any(&secure->diag))
        (void)kw_diag_first(&secure->diag, why, sizeof(why));
    kw_diag_fini(&secure->diag);
    if (!tcp->wanted)
        return;
    if (err != 0 || secure->tls == NULL)
        went_down(tcp, err != 0 ? kw_strerror(err) : why);
    else
        find_address(tcp);
}

static void load_files(struct kw_meter_tcp *tcp)
{
    struct secure *secure = tcp->secure;
    int err;

    kw_tls_drop(secure->tls);
    secure->tls = NULL;
    kw_diag_init(&secure->diag);
    secure->job = (struct kw_job){
        .work = load,
        .done = on_loaded,
        .life = tcp->link.owner.life,
    };
    secure->loading = true;
    err = kw_jobs_submit(tcp->link.owner.jobs, KW_LANE_WORK, &secure->job);
    if (err != 0) {
        secure->loading = false;
        kw_diag_fini(&secure->diag);
        went_down(tcp, kw_strerror(err));
    }
}

static void begin(struct kw_meter_tcp *tcp)
{
    if (tcp->secure != NULL)
        load_files(tcp);
    else
        find_address(tcp);
}

static void tcp_open(struct kw_meter_link *link)
{
    struct kw_meter_tcp *tcp = tcp_of(link);
    bool loading = tcp->secure != NULL && tcp->secure->loading;

    tcp->wanted = true;
    if (!loading && !tcp->asking && !tcp->streaming)
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
    struct kw_meter_tcp *tcp = tcp_of(link);

    if (tcp->secure != NULL)
        kw_tls_drop(tcp->secure->tls);
    kw_free(tcp->secure);
    kw_free(tcp);
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
    if (conf->tls == NULL)
        return &tcp->link;
    tcp->secure = kw_alloc(sizeof(*tcp->secure));
    if (tcp->secure == NULL) {
        kw_free(tcp);
        return NULL;
    }
    tcp->secure->tcp = tcp;
    return &tcp->link;
}
