/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers. The head and short content are put together in the server's
 * scratch buffer and written at once; long content is handed to the stream
 * piece by piece as the network takes it, so that neither memory nor a turn
 * of the loop grows with it. A handler that answers twice, or after its
 * client has gone, is ignored.
 */
#include "http/conn.h"
#include "http/files.h"
#include "http/server.h"

#include <string.h>

enum {
    SHORT_BYTES = 12288,      /* content that joins its head */
    PIECE_BYTES = 32768,      /* of long content, handed over at once */
    QUEUED_MAX_BYTES = 65536, /* above it the network has to take some */
};

static struct kw_http_conn *conn_of(struct kw_request *request)
{
    return KW_LIST_ENTRY(request, struct kw_http_conn, request);
}

/* An answer is owed and none was given. */
static bool is_open(const struct kw_http_conn *conn)
{
    return conn->state == KW_HTTP_HEADING || conn->state == KW_HTTP_BODY ||
           conn->state == KW_HTTP_BUSY;
}

void kw_http_reply_release(struct kw_http_conn *conn)
{
    kw_auth_unwatch(&conn->watch);
    if (conn->counted)
        conn->http->counters.streams--;
    conn->counted = false;
}

/* All of the answer is with the stream. */
static void done(struct kw_http_conn *conn)
{
    kw_http_reply_release(conn);
    conn->state = KW_HTTP_DONE;
    if (!conn->consuming)
        kw_loop_turn_end(conn->http->core->loop, &conn->go_on);
}

/* A client that sends requests and reads no answers (pipelining without end)
 * gets no further than the ceiling: the next request begins when the network
 * has taken what this one left. */
void kw_http_reply_pump(struct kw_http_conn *conn)
{
    size_t queued = kw_stream_queued(&conn->stream);

    while (conn->send_left > 0 && queued < QUEUED_MAX_BYTES) {
        size_t piece =
            conn->send_left < PIECE_BYTES ? conn->send_left : PIECE_BYTES;

        queued = kw_stream_write(&conn->stream, conn->send_at, piece);
        conn->send_at += piece;
        conn->send_left -= piece;
    }
    if (conn->send_left == 0 && queued < QUEUED_MAX_BYTES)
        done(conn);
}

static void count(struct kw_http *http, int status)
{
    if (status >= 500)
        http->counters.answers_5xx++;
    else if (status >= 400)
        http->counters.answers_4xx++;
}

/* Puts the head into scratch, completed with what the connection knows. */
static void put_head(struct kw_http_conn *conn, struct kw_http_answer *answer)
{
    struct kw_http *http = conn->http;

    /* bytes of this request that were not read would be taken for another */
    if (!conn->parser.complete || !conn->parser.keep_alive || http->stopping)
        conn->last = true;
    count(http, answer->status);
    answer->title = kw_status_title(answer->status);
    answer->date = http->date;
    answer->fields = (const char *)conn->fields.data;
    answer->fields_length = conn->fields.length;
    answer->keep_alive = !conn->last;
    kw_buf_reset(&http->scratch);
    kw_http_answer_put(&http->scratch, answer);
}

/*
 * Writes scratch. Without memory for it there is no answer at all: the stream
 * fails, which is told later, since a handler stands on the stack.
 */
static bool write_scratch(struct kw_http_conn *conn)
{
    struct kw_buf *scratch = &conn->http->scratch;

    if (kw_buf_err(scratch) != 0 || kw_buf_err(&conn->fields) != 0) {
        kw_stream_fail(&conn->stream, KW_ENOMEM);
        return false;
    }
    (void)kw_stream_write(&conn->stream, scratch->data, scratch->length);
    return true;
}

/* A complete answer with borrowed content. */
static void send_content(struct kw_http_conn *conn,
                         struct kw_http_answer *answer,
                         const unsigned char *content)
{
    bool wanted = !conn->head_only && answer->length > 0;
    bool joins = wanted && answer->length <= SHORT_BYTES;

    put_head(conn, answer);
    if (joins)
        kw_buf_put(&conn->http->scratch, content, answer->length);
    conn->state = KW_HTTP_SENDING;
    conn->send_at = content;
    conn->send_left = wanted && !joins ? answer->length : 0;
    if (write_scratch(conn))
        kw_http_reply_pump(conn);
}

/* A name or value that could break the head is left out, not escaped: there is
 * no escape in HTTP, and a handler that lets one through has a fault. */
static void op_header(struct kw_request *request, const char *name,
                      const char *value)
{
    struct kw_http_conn *conn = conn_of(request);

    if (!is_open(conn) || !kw_http_line_ok(name, value))
        return;
    kw_buf_put_text(&conn->fields, name);
    kw_buf_put_text(&conn->fields, ": ");
    kw_buf_put_text(&conn->fields, value);
    kw_buf_put_text(&conn->fields, "\r\n");
}

/* The buffer is taken in every case, so that a handler never has to know
 * whether its client is still there. */
static void op_send(struct kw_request *request, int status, const char *type,
                    struct kw_buf *take)
{
    struct kw_http_conn *conn = conn_of(request);
    struct kw_http_answer answer = {.status = status};

    if (!is_open(conn)) {
        if (take != NULL)
            kw_buf_fini(take);
        return;
    }
    if (take != NULL && take->length > 0) {
        conn->sending = *take;
        kw_buf_init(take, take->ceiling);
        answer.type = type;
        answer.length = conn->sending.length;
    } else if (take != NULL) {
        kw_buf_fini(take);
    }
    send_content(conn, &answer, conn->sending.data);
}

/* A stream ends with its session; false when that has ended already. */
static bool watch_session(struct kw_http_conn *conn)
{
    struct kw_auth *auth = conn->http->auth;

    if (conn->who.session == 0 || auth == NULL)
        return true;
    conn->watch.on_ended = kw_http_reply_end_stream;
    conn->watch.arg = conn;
    return kw_auth_watch(auth, conn->who.session, &conn->watch) == 0;
}

/* The head of a stream leaves before the first byte of content: a browser's
 * EventSource counts as open from then on. */
static int op_begin(struct kw_request *request, int status, const char *type)
{
    struct kw_http_conn *conn = conn_of(request);
    struct kw_http_answer answer = {
        .status = status,
        .type = type,
        .stream = true,
        .chunked = kw_http_parser_is_11(&conn->parser),
    };

    if (!is_open(conn))
        return KW_ECLOSING;
    if (!watch_session(conn)) { /* it ended since the request came */
        kw_buf_reset(&conn->fields);
        kw_http_reply_refuse(conn, 401, "no_session", "Log in first.");
        return KW_ECLOSING;
    }
    conn->chunked = answer.chunked;
    conn->events = strcmp(type, "text/event-stream") == 0;
    put_head(conn, &answer);
    conn->state = KW_HTTP_SENDING; /* nothing more is owed if this fails */
    if (!write_scratch(conn))
        return KW_ECLOSING;
    conn->state = KW_HTTP_STREAMING;
    conn->counted = true;
    conn->http->counters.streams++;
    return 0;
}

/* One chunk a call; a client of HTTP/1.0 gets plain bytes up to the end. */
static size_t op_write(struct kw_request *request, const void *bytes,
                       size_t length)
{
    struct kw_http_conn *conn = conn_of(request);
    struct kw_buf *scratch = &conn->http->scratch;
    char head[KW_HTTP_CHUNK_SIZE];

    if (conn->state != KW_HTTP_STREAMING || length == 0)
        return 0;
    if (!conn->chunked)
        return kw_stream_write(&conn->stream, bytes, length);
    kw_buf_reset(scratch);
    kw_buf_put(scratch, head, kw_http_chunk_head(length, head));
    kw_buf_put(scratch, bytes, length);
    kw_buf_put(scratch, "\r\n", 2);
    if (kw_buf_err(scratch) != 0) {
        /* a stream with a hole is worth nothing */
        kw_stream_fail(&conn->stream, KW_ENOMEM);
        return 0;
    }
    return kw_stream_write(&conn->stream, scratch->data, scratch->length);
}

/* The last chunk tells the client that nothing is missing (RFC 9112, 7.1). */
static void op_end(struct kw_request *request)
{
    struct kw_http_conn *conn = conn_of(request);

    if (conn->state != KW_HTTP_STREAMING)
        return;
    if (conn->chunked)
        (void)kw_stream_write(&conn->stream, "0\r\n\r\n", 5);
    conn->state = KW_HTTP_SENDING;
    conn->send_left = 0;
    kw_http_reply_pump(conn);
}

/* Ends the connection without the last chunk and without close_notify, so that
 * nobody takes what was sent for the whole. */
static void cut_off(struct kw_http_conn *conn)
{
    kw_http_reply_release(conn);
    conn->state = KW_HTTP_ENDING;
    kw_stream_fail(&conn->stream, KW_EIO);
}

static void op_fail(struct kw_request *request)
{
    struct kw_http_conn *conn = conn_of(request);

    if (conn->state == KW_HTTP_STREAMING)
        cut_off(conn);
}

const struct kw_reply_ops kw_http_reply_ops = {
    .header = op_header,
    .send = op_send,
    .begin = op_begin,
    .write = op_write,
    .end = op_end,
    .fail = op_fail,
};

/* A stream of events ends with the last chunk: the page asks again at once,
 * gets 401 and shows the log-in instead of "connection lost". Any other answer
 * is incomplete and must not look whole. */
void kw_http_reply_end_stream(void *arg)
{
    struct kw_http_conn *conn = arg;

    if (conn->state != KW_HTTP_STREAMING)
        return;
    kw_http_exchange_cancel(conn);
    if (!conn->events) {
        cut_off(conn);
        return;
    }
    if (conn->chunked)
        (void)kw_stream_write(&conn->stream, "0\r\n\r\n", 5);
    conn->last = true;
    done(conn);
}

void kw_http_reply_refuse(struct kw_http_conn *conn, int status,
                          const char *key, const char *detail)
{
    conn->request.ops = &kw_http_reply_ops;
    kw_reply_problem(&conn->request, status, key, "%s", detail);
}

/* Adds a line to the answer's head. */
static void put_field(struct kw_http_conn *conn, const char *name,
                      const char *value)
{
    op_header(&conn->request, name, value);
}

/* Of a file there may be three forms; each has its own tag, so that a cache
 * never gives one for another (RFC 9110, 8.8.3). */
void kw_http_reply_file(struct kw_http_conn *conn,
                        const struct kw_http_file *file)
{
    static const char *const codings[KW_HTTP_FORMS] = {NULL, "br", "gzip"};
    const char *listed =
        kw_http_parser_field(&conn->parser, KW_HTTP_IF_NONE_MATCH);
    bool has[KW_HTTP_FORMS];
    enum kw_http_form form;
    const struct kw_http_content *content;
    struct kw_http_answer answer = {
        .status = 200,
        .type = file->type,
        .cache =
            file->hashed ? "public, max-age=31536000, immutable" : "no-cache",
    };

    for (size_t i = 0; i < KW_HTTP_FORMS; i++)
        has[i] = file->forms[i].bytes != NULL;
    form = kw_http_choose(
        kw_http_parser_field(&conn->parser, KW_HTTP_ACCEPT_ENCODING), has);
    content = &file->forms[form];
    put_field(conn, "ETag", content->etag);
    if (has[KW_HTTP_BR] || has[KW_HTTP_GZIP])
        put_field(conn, "Vary", "Accept-Encoding");
    if (listed != NULL && kw_http_etag_listed(listed, content->etag)) {
        answer.status = 304;
        answer.type = NULL;
    } else {
        answer.length = content->length;
        if (codings[form] != NULL)
            put_field(conn, "Content-Encoding", codings[form]);
    }
    send_content(conn, &answer, content->bytes);
}

void kw_http_reply_text(struct kw_http_conn *conn, int status, const char *text)
{
    struct kw_http_answer answer = {
        .status = status,
        .type = "text/plain; charset=utf-8",
        .length = strlen(text),
    };

    send_content(conn, &answer, (const unsigned char *)text);
}
