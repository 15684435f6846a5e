/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Happy path: accept, handshake, IDLE; the first byte makes it HEADING, the
 * head's end asks exchange.c, then BODY, BUSY, SENDING, DONE and IDLE again.
 * One request at a time: bytes that come meanwhile wait in `pending`, and
 * when that is full the stream is paused. A request begins only with a unit
 * of the turn's budget, and one that costs more is answered only with more of
 * it; without budget the connection queues in http->waiting.
 *
 * Failure: what is malformed gets one problem document and the connection
 * ends; a deadline gets 408 or just the end; a client that is lost, or takes
 * its answer too slowly, cancels the handler's request.
 *
 * On close: the stream closes, and in on_closed all memory goes.
 */
#include "http/conn.h"

#include "base/mem.h"
#include "http/body.h"
#include "http/server.h"
#include "net/tls.h"

#include <strings.h>
#include <unistd.h>

enum {
    PENDING_MAX_BYTES = 32768, /* hard; reading pauses far below */
    PENDING_PAUSE_BYTES = 4096,
    FIELDS_MAX_BYTES = 8192,
    BODY_GRACE_MS = 5000, /* before the floor of the rate holds */
    TRIM_MS = 1000,       /* idle for that long: memory is given back */
    SLOW_MS = 1000,       /* a handshake or request of that age is slow */
    SILENT_MS = 5,        /* connected and nothing sent: at least that old */
    KEPT_MAX = 32,        /* places for those with a session */
};

static void consume(struct kw_http_conn *conn, const unsigned char *bytes,
                    size_t length);

static uint64_t now_ms(const struct kw_http_conn *conn)
{
    return kw_clock_mono_ms(conn->http->core->clock);
}

/* The time of a state begins with it; BODY keeps HEADING's, for one deadline
 * holds for the whole request. */
static void set_state(struct kw_http_conn *conn, enum kw_http_state state)
{
    conn->state = state;
    conn->since_ms = now_ms(conn);
}

/* In every state, twice too. The order counts: the handler forgets the request
 * before anything of it is given back. */
void kw_http_conn_abort(struct kw_http_conn *conn)
{
    kw_http_exchange_cancel(conn);
    kw_http_body_release(conn);
    conn->state = KW_HTTP_ENDING;
    kw_list_remove(&conn->wait);
    kw_loop_turn_end_cancel(&conn->go_on);
    kw_stream_close(&conn->stream);
}

/* The last answer is queued: it is written, then the connection ends. */
static void finish(struct kw_http_conn *conn)
{
    conn->state = KW_HTTP_ENDING;
    kw_stream_finish(&conn->stream);
}

/* The exchange is over: ready for the next, or the end. */
static void next(struct kw_http_conn *conn)
{
    kw_http_body_release(conn);
    kw_arena_fini(&conn->arena);
    kw_buf_fini(&conn->sending);
    kw_buf_fini(&conn->body);
    kw_buf_reset(&conn->fields);
    if (conn->last || conn->http->stopping) {
        finish(conn);
        return;
    }
    kw_http_parser_reset(&conn->parser);
    conn->request = (struct kw_request){0};
    conn->file = NULL;
    conn->head_only = false;
    set_state(conn, KW_HTTP_IDLE);
}

/* What clients send and get has passwords, cookies and tokens in it: no copy
 * stays in memory that somebody else may get. */
static void init_secret(struct kw_buf *buf, size_t ceiling)
{
    kw_buf_init(buf, ceiling);
    buf->secret = true;
}

/* Keeps bytes that came too early. */
static void stash(struct kw_http_conn *conn, const unsigned char *bytes,
                  size_t length)
{
    kw_buf_put(&conn->pending, bytes, length);
    if (kw_buf_err(&conn->pending) != 0)
        kw_http_conn_abort(conn);
    else if (conn->pending.length > PENDING_PAUSE_BYTES)
        kw_stream_pause(&conn->stream, true);
}

/* Takes what waits, once the connection can. */
static void unstash(struct kw_http_conn *conn)
{
    struct kw_buf pending = conn->pending;

    init_secret(&conn->pending, PENDING_MAX_BYTES);
    consume(conn, pending.data, pending.length);
    kw_buf_fini(&pending);
    if (conn->state != KW_HTTP_ENDING &&
        conn->pending.length <= PENDING_PAUSE_BYTES)
        kw_stream_pause(&conn->stream, false);
}

/* After an answer that came later than its request. */
static void go_on(void *arg)
{
    struct kw_http_conn *conn = arg;

    if (conn->state == KW_HTTP_DONE)
        next(conn);
    if (conn->state == KW_HTTP_IDLE)
        unstash(conn);
}

/* First come, first served; who still finds no budget waits for another turn,
 * so that polls and timers run in between. */
void kw_http_conn_serve_waiting(void *arg)
{
    struct kw_http *http = arg;
    struct kw_loop *loop = http->core->loop;

    while (!kw_list_empty(&http->waiting)) {
        struct kw_http_conn *conn =
            KW_LIST_ENTRY(http->waiting.next, struct kw_http_conn, wait);
        bool ready = conn->state == KW_HTTP_READY;

        if (!kw_loop_budget_take(loop, KW_BUDGET_REQUEST,
                                 ready ? kw_http_exchange_cost(conn) : 1))
            break;
        kw_list_remove(&conn->wait);
        if (ready) {
            kw_http_exchange_go(conn);
            continue;
        }
        conn->granted = true;
        conn->state = KW_HTTP_IDLE;
        unstash(conn);
    }
    if (!kw_list_empty(&http->waiting))
        kw_loop_turn_end(loop, &http->serve_waiting);
}

/* The first byte of a request; false: it has to wait for its turn. */
static bool begin_request(struct kw_http_conn *conn)
{
    struct kw_http *http = conn->http;
    struct kw_loop *loop = http->core->loop;

    if (!conn->granted && (!kw_list_empty(&http->waiting) ||
                           !kw_loop_budget_take(loop, KW_BUDGET_REQUEST, 1))) {
        conn->state = KW_HTTP_WAITING;
        kw_list_append(&http->waiting, &conn->wait);
        kw_loop_turn_end(loop, &http->serve_waiting);
        return false;
    }
    conn->granted = false;
    http->counters.requests++;
    set_state(conn, KW_HTTP_HEADING);
    return true;
}

/* The head is accepted and a body follows. */
static void await_body(struct kw_http_conn *conn)
{
    static const char go[] = "HTTP/1.1 100 Continue\r\n\r\n";
    const char *expect = kw_http_parser_field(&conn->parser, KW_HTTP_EXPECT);

    conn->state = KW_HTTP_BODY;
    conn->body_ms = now_ms(conn);
    kw_http_parser_body(&conn->parser, &conn->body);
    /* of HTTP/1.0 it is ignored (RFC 9110, 10.1.1) */
    if (expect != NULL && kw_http_parser_is_11(&conn->parser) &&
        strcasecmp(expect, "100-continue") == 0)
        (void)kw_stream_write(&conn->stream, go, sizeof(go) - 1);
}

/* What the parser has reached. A request without a body comes as END at once,
 * so the checks of its head run there. */
static void on_step(struct kw_http_conn *conn, enum kw_http_step step)
{
    switch (step) {
    case KW_HTTP_HEAD:
        kw_http_exchange_begin(conn);
        if (conn->state == KW_HTTP_HEADING)
            await_body(conn);
        break;
    case KW_HTTP_END:
        if (conn->state == KW_HTTP_HEADING)
            kw_http_exchange_begin(conn);
        if (conn->state == KW_HTTP_HEADING || conn->state == KW_HTTP_BODY)
            kw_http_exchange_run(conn);
        break;
    case KW_HTTP_REFUSED:
        conn->http->counters.malformed++;
        conn->last = true;
        kw_http_reply_refuse(conn, conn->parser.status, "malformed",
                             conn->parser.why);
        break;
    case KW_HTTP_MORE:
    default:
        break;
    }
}

static bool is_reading(const struct kw_http_conn *conn)
{
    return conn->state == KW_HTTP_HEADING || conn->state == KW_HTTP_BODY;
}

static void consume(struct kw_http_conn *conn, const unsigned char *bytes,
                    size_t length)
{
    conn->consuming = true;
    while (length > 0) {
        size_t used = 0;

        if (conn->state == KW_HTTP_DONE)
            next(conn);
        if (conn->state == KW_HTTP_IDLE && !begin_request(conn))
            break;
        if (!is_reading(conn))
            break;
        on_step(conn, kw_http_parser_feed(&conn->parser, (const char *)bytes,
                                          length, &used));
        bytes += used;
        length -= used;
    }
    if (conn->state == KW_HTTP_DONE)
        next(conn);
    conn->consuming = false;
    if (length > 0 && conn->state != KW_HTTP_ENDING)
        stash(conn, bytes, length);
}

static struct kw_http_conn *conn_of(struct kw_stream *stream)
{
    return KW_LIST_ENTRY(stream, struct kw_http_conn, stream);
}

static void on_open(struct kw_stream *stream)
{
    set_state(conn_of(stream), KW_HTTP_IDLE);
}

/* Bytes while an answer is owed are the next request's: kept, in bounds. */
static void on_data(struct kw_stream *stream, const unsigned char *bytes,
                    size_t length)
{
    struct kw_http_conn *conn = conn_of(stream);

    if (conn->state == KW_HTTP_IDLE || is_reading(conn))
        consume(conn, bytes, length);
    else if (conn->state != KW_HTTP_ENDING)
        stash(conn, bytes, length);
}

/* The network took what was queued: more of a long answer, or a nod to the
 * handler of a stream. */
static void on_drain(struct kw_stream *stream)
{
    struct kw_http_conn *conn = conn_of(stream);

    if (conn->state == KW_HTTP_SENDING)
        kw_http_reply_pump(conn);
    else if (conn->state == KW_HTTP_STREAMING && conn->request.on_drain != NULL)
        conn->request.on_drain(conn->request.arg);
}

/* A client that leaves in the handshake is no failure: browsers open spare
 * connections. */
static void on_end(struct kw_stream *stream, int err)
{
    struct kw_http_conn *conn = conn_of(stream);

    if (conn->state == KW_HTTP_SHAKING && err != KW_EOF)
        conn->http->counters.handshakes_failed++;
    kw_http_conn_abort(conn);
}

/* Nothing is under way any more: the one place where the memory goes. */
static void on_closed(struct kw_stream *stream)
{
    struct kw_http_conn *conn = conn_of(stream);
    struct kw_http *http = conn->http;

    kw_http_reply_release(conn);
    kw_list_remove(&conn->wait);
    kw_loop_turn_end_cancel(&conn->go_on);
    kw_list_remove(&conn->link);
    http->conn_count--;
    kw_http_parser_fini(&conn->parser);
    kw_arena_fini(&conn->arena);
    kw_buf_fini(&conn->pending);
    kw_buf_fini(&conn->body);
    kw_buf_fini(&conn->fields);
    kw_buf_fini(&conn->sending);
    kw_free(conn);
    kw_life_drop(&http->life);
}

static const struct kw_stream_events events = {
    .on_open = on_open,
    .on_data = on_data,
    .on_drain = on_drain,
    .on_end = on_end,
    .on_closed = on_closed,
    .share = KW_SHARE_WEB,
};

/* Who goes first when there is no room, the higher the sooner; 0: nobody is
 * ended for a newcomer. */
enum rank {
    STAYS,
    KNOWN_IDLE,
    IDLE,
    READING,
    SILENT,
    SLOW_READING,
    SLOW_SHAKING
};

static bool is_known(const struct kw_http_conn *conn)
{
    return conn->who.session != 0;
}

/* A client says something within a round trip and sends a request within a
 * second; those that don't go before the others, and those whose last request
 * had a session go last, and only between two requests. */
static enum rank rank(const struct kw_http_conn *conn, uint64_t now)
{
    uint64_t age_ms = now - conn->since_ms;

    switch (conn->state) {
    case KW_HTTP_SHAKING:
        if (age_ms > SLOW_MS)
            return SLOW_SHAKING;
        return !conn->stream.heard && age_ms > SILENT_MS ? SILENT : STAYS;
    case KW_HTTP_HEADING:
    case KW_HTTP_BODY:
        if (is_known(conn))
            return STAYS;
        return age_ms > SLOW_MS ? SLOW_READING : READING;
    case KW_HTTP_IDLE:
        return is_known(conn) ? KNOWN_IDLE : IDLE;
    case KW_HTTP_WAITING:
    case KW_HTTP_READY:
    case KW_HTTP_PARSING:
    case KW_HTTP_BUSY:
    case KW_HTTP_STREAMING:
    case KW_HTTP_SENDING:
    case KW_HTTP_DONE:
    case KW_HTTP_ENDING:
    default:
        return STAYS;
    }
}

/* Places that strangers can't have, so that no flood of theirs keeps out who
 * has a session. */
static size_t kept(size_t most)
{
    return most / 4 < KEPT_MAX ? most / 4 : KEPT_MAX;
}

/* Is there a place for a newcomer? At a ceiling the one of the highest rank
 * makes it, the oldest of these; false: all are at work. */
static bool make_room(struct kw_http *http)
{
    size_t most = (size_t)http->conf->limits.connections, all = 0, known = 0;
    struct kw_http_conn *goes = NULL;
    enum rank highest = STAYS;
    uint64_t now = kw_clock_mono_ms(http->core->clock);
    bool strangers_full;

    if (http->conn_count < most - kept(most))
        return true;
    KW_LIST_EACH (link, &http->conns) {
        struct kw_http_conn *conn =
            KW_LIST_ENTRY(link, struct kw_http_conn, link);
        enum rank its = rank(conn, now);

        all += conn->state != KW_HTTP_ENDING;
        known += conn->state != KW_HTTP_ENDING && is_known(conn);
        if (its > highest ||
            (its != STAYS && its == highest && conn->since_ms < goes->since_ms))
            goes = conn;
        highest = its > highest ? its : highest;
    }
    strangers_full = all - known >= most - kept(most);
    if (all < most && !strangers_full)
        return true;
    if (goes == NULL || (strangers_full && highest == KNOWN_IDLE))
        return false;
    kw_http_conn_abort(goes);
    return true;
}

void kw_http_conn_accept(struct kw_http *http, int take_fd)
{
    struct kw_http_conn *conn = NULL;

    /* one that was ended still counts until it is gone: twice is the most */
    if (http->conn_count < 2 * (size_t)http->conf->limits.connections &&
        make_room(http))
        conn = kw_alloc(sizeof(*conn));
    if (conn == NULL) {
        http->counters.refused++;
        close(take_fd);
        return;
    }
    conn->http = http;
    set_state(conn, KW_HTTP_SHAKING);
    kw_list_init(&conn->wait);
    kw_list_init(&conn->watch.link);
    kw_list_init(&conn->go_on.link);
    conn->go_on.run = go_on;
    conn->go_on.arg = conn;
    kw_http_parser_init(&conn->parser, &http->limits);
    init_secret(&conn->pending, PENDING_MAX_BYTES);
    init_secret(&conn->fields, FIELDS_MAX_BYTES);
    if (kw_stream_accept(&conn->stream, http->core->loop, take_fd, http->tls,
                         &events) != 0) {
        http->counters.refused++;
        kw_free(conn);
        return;
    }
    http->counters.accepted++;
    http->conn_count++;
    kw_list_append(&http->conns, &conn->link);
    kw_life_hold(&http->life);
}

/* Too late: 408 when there is somebody to read it. */
static void time_out(struct kw_http_conn *conn)
{
    conn->http->counters.timeouts++;
    if (conn->state == KW_HTTP_SHAKING) {
        kw_http_conn_abort(conn);
        return;
    }
    conn->last = true;
    kw_http_reply_refuse(conn, 408, "too_slow",
                         "The request did not come in time.");
}

/* Measured from the body's begin, not between two looks: a client may pause as
 * long as it is ahead of the rate. */
static bool body_too_slow(const struct kw_http_conn *conn, uint64_t now)
{
    uint64_t spent_ms = now - conn->body_ms;
    uint64_t rate = conn->http->conf->limits.body_rate_bytes;

    return spent_ms > BODY_GRACE_MS &&
           conn->body.length < (spent_ms - BODY_GRACE_MS) * rate / 1000;
}

/* A handler that never answers: it must forget the request. */
static void give_up(struct kw_http_conn *conn)
{
    conn->http->counters.timeouts++;
    kw_http_exchange_cancel(conn);
    conn->last = true;
    kw_http_reply_refuse(conn, 503, "no_answer",
                         "The gateway found no answer in time.");
}

/* A connection that idles costs as little memory as it can. */
static void trim(struct kw_http_conn *conn)
{
    kw_stream_trim(&conn->stream);
    kw_http_parser_trim(&conn->parser);
    kw_buf_fini(&conn->fields);
}

/* One look at one connection: what of its state is over. */
static void sweep_one(struct kw_http_conn *conn, uint64_t now)
{
    const struct kw_http_conf_limits *limits = &conn->http->conf->limits;
    uint64_t age_ms = now - conn->since_ms;

    /* in every state: an answer that is with the stream may be on its way
     * when the next request has begun, or when none comes */
    if (conn->state != KW_HTTP_ENDING &&
        kw_stream_stalls(&conn->stream, limits->answer_rate_bytes)) {
        conn->http->counters.timeouts++;
        kw_http_conn_abort(conn);
        return;
    }
    switch (conn->state) {
    case KW_HTTP_SHAKING:
    case KW_HTTP_HEADING:
        if (age_ms > (uint64_t)limits->header_ms)
            time_out(conn);
        break;
    case KW_HTTP_BODY:
        if (age_ms > (uint64_t)limits->request_ms || body_too_slow(conn, now))
            time_out(conn);
        break;
    case KW_HTTP_IDLE:
        if (age_ms > (uint64_t)limits->idle_ms)
            finish(conn);
        else if (age_ms > TRIM_MS)
            trim(conn);
        break;
    case KW_HTTP_BUSY:
        if (age_ms > (uint64_t)limits->request_ms &&
            conn->request.on_closed != NULL)
            give_up(conn);
        break;
    case KW_HTTP_STREAMING:
    case KW_HTTP_SENDING:
    case KW_HTTP_WAITING:
    case KW_HTTP_READY:
    case KW_HTTP_PARSING:
    case KW_HTTP_DONE:
    case KW_HTTP_ENDING:
    default:
        break;
    }
}

void kw_http_conn_sweep(struct kw_http *http)
{
    uint64_t now = kw_clock_mono_ms(http->core->clock);

    KW_LIST_EACH_SAFE (link, after, &http->conns) {
        sweep_one(KW_LIST_ENTRY(link, struct kw_http_conn, link), now);
    }
}

/* Who has a request under way gets its answer, and then the end. */
void kw_http_conn_stop_all(struct kw_http *http)
{
    KW_LIST_EACH_SAFE (link, after, &http->conns) {
        struct kw_http_conn *conn =
            KW_LIST_ENTRY(link, struct kw_http_conn, link);

        conn->last = true;
        if (conn->state == KW_HTTP_IDLE)
            finish(conn);
        else if (conn->state == KW_HTTP_SHAKING)
            kw_http_conn_abort(conn);
    }
}

void kw_http_conn_abort_all(struct kw_http *http)
{
    KW_LIST_EACH_SAFE (link, after, &http->conns) {
        kw_http_conn_abort(KW_LIST_ENTRY(link, struct kw_http_conn, link));
    }
}
