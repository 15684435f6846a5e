/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scanner finds the end of the head in the raw bytes; llhttp gets exactly
 * those bytes and must say the same. Body bytes are given to llhttp by a
 * later call, after the caller has chosen where they go; a chunked body is
 * scanned in the same way.
 */
#include "http/parser.h"

#include <string.h>

enum {
    TEXT_MAX_BYTES = 1 << 17, /* above what the limits let through */
    KEEP_BYTES = 2048,        /* a larger buffer is given back */
};

/* Fields that may stand once only. Of the others the first counts. */
static const struct {
    const char *name;
    bool once;
} rows[KW_HTTP_FIELD_COUNT] = {
    [KW_HTTP_ACCEPT] = {"accept", false},
    [KW_HTTP_ACCEPT_ENCODING] = {"accept-encoding", false},
    [KW_HTTP_CONTENT_TYPE] = {"content-type", true},
    [KW_HTTP_COOKIE] = {"cookie", true},
    [KW_HTTP_EXPECT] = {"expect", true},
    [KW_HTTP_HOST] = {"host", true},
    [KW_HTTP_IF_MATCH] = {"if-match", true},
    [KW_HTTP_IF_NONE_MATCH] = {"if-none-match", false},
    [KW_HTTP_ORIGIN] = {"origin", true},
    [KW_HTTP_SEC_FETCH_SITE] = {"sec-fetch-site", true},
    [KW_HTTP_TRANSFER_ENCODING] = {"transfer-encoding", true},
    [KW_HTTP_X_BACKGROUND] = {"x-background", true},
    [KW_HTTP_X_CSRF_TOKEN] = {"x-csrf-token", true},
};

static struct kw_http_parser *parser_of(llhttp_t *llhttp)
{
    return llhttp->data;
}

/* Refuses for good; the first reason counts. Returns what llhttp expects of
 * a callback that failed. */
static int refuse(struct kw_http_parser *parser, int status, const char *why)
{
    if (parser->status == 0) {
        parser->status = status;
        parser->why = why;
    }
    return HPE_USER;
}

/* Printable ASCII (RFC 9112, 3.2): llhttp 9 and 8 in its strict mode see to
 * that. */
static int on_url(llhttp_t *llhttp, const char *at, size_t length)
{
    kw_buf_put(&parser_of(llhttp)->text, at, length);
    return 0;
}

static int on_url_complete(llhttp_t *llhttp)
{
    kw_buf_put_byte(&parser_of(llhttp)->text, 0);
    return 0;
}

static int on_version_complete(llhttp_t *llhttp)
{
    parser_of(llhttp)->versioned = true;
    return 0;
}

/* A name may come in pieces. Only its first bytes are kept: longer ones are
 * none of ours, whatever follows. */
static int on_field(llhttp_t *llhttp, const char *at, size_t length)
{
    struct kw_http_parser *parser = parser_of(llhttp);

    for (size_t i = 0; i < length; i++, parser->name_length++) {
        if (parser->name_length < sizeof(parser->name))
            parser->name[parser->name_length] =
                (char)(at[i] >= 'A' && at[i] <= 'Z' ? at[i] | 0x20 : at[i]);
    }
    return 0;
}

/* The kept field of that name, -1 when it is none. */
static int find_field(const char *name, size_t length)
{
    for (int i = 0; i < KW_HTTP_FIELD_COUNT; i++) {
        if (strlen(rows[i].name) == length &&
            memcmp(rows[i].name, name, length) == 0)
            return i;
    }
    return -1;
}

/* A field that decides something and stands twice has two meanings, one for
 * us and one for whatever stands in front of us: refused. */
static int on_field_complete(llhttp_t *llhttp)
{
    struct kw_http_parser *parser = parser_of(llhttp);
    int field = -1;

    if (parser->name_length <= sizeof(parser->name))
        field = find_field(parser->name, parser->name_length);
    parser->name_length = 0;
    if (field >= 0 && parser->at[field] != 0) {
        if (rows[field].once)
            return refuse(parser, 400, "A header field is given twice.");
        field = -1;
    }
    if (field >= 0)
        parser->at[field] = (uint32_t)parser->text.length;
    parser->field = field;
    return 0;
}

static int on_value(llhttp_t *llhttp, const char *at, size_t length)
{
    struct kw_http_parser *parser = parser_of(llhttp);

    if (parser->field >= 0)
        kw_buf_put(&parser->text, at, length);
    return 0;
}

static int on_value_complete(llhttp_t *llhttp)
{
    struct kw_http_parser *parser = parser_of(llhttp);
    struct kw_buf *text = &parser->text;

    if (parser->field >= 0) {
        /* blanks behind are no part of a value (RFC 9110, 5.5) */
        while (text->length > parser->at[parser->field] &&
               (text->data[text->length - 1] == ' ' ||
                text->data[text->length - 1] == '\t'))
            text->length--;
        kw_buf_put_byte(text, 0);
    }
    parser->field = -1;
    return 0;
}

/* What the head as a whole must hold (RFC 9112, 3.2 and 6.1). */
static int check_head(struct kw_http_parser *parser)
{
    const char *host = kw_http_parser_field(parser, KW_HTTP_HOST);
    const char *coding =
        kw_http_parser_field(parser, KW_HTTP_TRANSFER_ENCODING);
    const llhttp_t *llhttp = &parser->llhttp;
    unsigned version = llhttp->http_major * 256U + llhttp->http_minor;

    if (version != 0x100 && version != 0x101)
        return refuse(parser, 400, "Only HTTP/1.0 and 1.1 are spoken here.");
    if (host == NULL && kw_http_parser_is_11(parser))
        return refuse(parser, 400, "The Host field is missing.");
    if (host != NULL && !kw_http_host_ok(host))
        return refuse(parser, 400, "The Host field is not a host.");
    if (coding != NULL &&
        (strcmp(coding, "chunked") != 0 || !kw_http_parser_is_11(parser)))
        return refuse(parser, 400, "This transfer coding is not accepted.");
    return 0;
}

static int on_head(llhttp_t *llhttp)
{
    struct kw_http_parser *parser = parser_of(llhttp);

    parser->head = true;
    if (kw_buf_err(&parser->text) != 0)
        return refuse(parser, 500, "There is not enough memory.");
    if (check_head(parser) != 0)
        return HPE_USER;
    /* a protocol that we don't speak ends with this answer */
    parser->keep_alive = kw_http_parser_is_11(parser) &&
                         llhttp_should_keep_alive(llhttp) == 1 &&
                         llhttp->upgrade == 0;
    return 0;
}

static const char too_large[] = "The body is too large.";

/* The ceiling is the buffer's; a body without a length meets it here. */
static int on_body(llhttp_t *llhttp, const char *at, size_t length)
{
    struct kw_http_parser *parser = parser_of(llhttp);

    if (parser->body != NULL)
        kw_buf_put(parser->body, at, length);
    if (parser->body == NULL || kw_buf_err(parser->body) == KW_EFULL)
        return refuse(parser, 413, too_large);
    if (kw_buf_err(parser->body) != 0)
        return refuse(parser, 500, "There is not enough memory.");
    return 0;
}

/* Stops llhttp at the end, so that the next request's bytes stay unread. */
static int on_complete(llhttp_t *llhttp)
{
    parser_of(llhttp)->complete = true;
    return HPE_PAUSED;
}

static const llhttp_settings_t callbacks = {
    .on_url = on_url,
    .on_url_complete = on_url_complete,
    .on_version_complete = on_version_complete,
    .on_header_field = on_field,
    .on_header_field_complete = on_field_complete,
    .on_header_value = on_value,
    .on_header_value_complete = on_value_complete,
    .on_headers_complete = on_head,
    .on_body = on_body,
    .on_message_complete = on_complete,
};

void kw_http_parser_init(struct kw_http_parser *parser,
                         const struct kw_http_limits *limits)
{
    *parser = (struct kw_http_parser){.limits = limits, .field = -1};
    kw_buf_init(&parser->text, TEXT_MAX_BYTES);
    parser->text.secret = true; /* cookies and tokens */
    llhttp_init(&parser->llhttp, HTTP_REQUEST, &callbacks);
    parser->llhttp.data = parser;
}

void kw_http_parser_fini(struct kw_http_parser *parser)
{
    kw_buf_fini(&parser->text);
}

/* Most heads are small: what one large one needed is not kept for ever. */
void kw_http_parser_reset(struct kw_http_parser *parser)
{
    struct kw_buf text = parser->text;

    if (text.capacity > KEEP_BYTES)
        kw_buf_fini(&text);
    kw_buf_reset(&text);
    kw_http_parser_init(parser, parser->limits);
    parser->text = text;
}

void kw_http_parser_trim(struct kw_http_parser *parser)
{
    if (parser->text.length == 0)
        kw_buf_fini(&parser->text);
}

/* What llhttp's answer to these bytes means. */
static enum kw_http_step judge(struct kw_http_parser *parser,
                               llhttp_errno_t err)
{
    if (parser->status != 0)
        return KW_HTTP_REFUSED;
    if (err != HPE_OK && !parser->complete) {
        refuse(parser, 400, "This is not well-formed HTTP.");
        return KW_HTTP_REFUSED;
    }
    return parser->complete ? KW_HTTP_END : KW_HTTP_MORE;
}

/* llhttp gets exactly the bytes up to where our scanner stands. If it then is
 * somewhere else, one of the two is wrong, and the request is refused: that is
 * how requests are smuggled (CVE-2022-32213 and its kin). */
static enum kw_http_step feed_head(struct kw_http_parser *parser,
                                   const char *bytes, size_t length,
                                   size_t *used)
{
    int status =
        kw_http_lines_scan(&parser->lines, parser->limits, bytes, length, used);
    enum kw_http_step step;
    bool ended = parser->lines.place == KW_HTTP_HEAD_END;

    if (status != 0) {
        refuse(parser, status,
               status == 400   ? "A header line is malformed."
               : status == 414 ? "The request line is too long."
                               : "The header is too large.");
        return KW_HTTP_REFUSED;
    }
    step = judge(parser, llhttp_execute(&parser->llhttp, bytes, *used));
    if (step == KW_HTTP_REFUSED)
        return step;
    /* the two parsers must be in the same place; what is complete has a head */
    if (ended != parser->head ||
        (parser->lines.place != KW_HTTP_REQUEST_LINE && !parser->versioned)) {
        refuse(parser, 400, "This is not well-formed HTTP.");
        return KW_HTTP_REFUSED;
    }
    return ended && step == KW_HTTP_MORE ? KW_HTTP_HEAD : step;
}

static enum kw_http_step feed_body(struct kw_http_parser *parser,
                                   const char *bytes, size_t length,
                                   size_t *used)
{
    bool chunked = (parser->llhttp.flags & F_CHUNKED) != 0;
    llhttp_errno_t err;
    int status = 0;

    *used = length;
    if (chunked)
        status = kw_http_chunks_scan(&parser->chunks, bytes, length, used);
    if (status != 0) {
        refuse(parser, status,
               status == 413 ? too_large
                             : "The chunks of the body are malformed.");
        return KW_HTTP_REFUSED;
    }
    err = llhttp_execute(&parser->llhttp, bytes, *used);
    if (!chunked && parser->complete)
        *used = (size_t)(llhttp_get_error_pos(&parser->llhttp) - bytes);
    if (chunked &&
        parser->complete != (parser->chunks.place == KW_HTTP_CHUNKS_END))
        refuse(parser, 400, "The chunks of the body are malformed.");
    return judge(parser, err);
}

enum kw_http_step kw_http_parser_feed(struct kw_http_parser *parser,
                                      const char *bytes, size_t length,
                                      size_t *used)
{
    *used = 0;
    if (parser->status != 0)
        return KW_HTTP_REFUSED;
    if (parser->complete)
        return KW_HTTP_END;
    return parser->head ? feed_body(parser, bytes, length, used)
                        : feed_head(parser, bytes, length, used);
}

void kw_http_parser_body(struct kw_http_parser *parser, struct kw_buf *body)
{
    parser->body = body;
    parser->chunks.limit = body->ceiling;
}

const char *kw_http_parser_method(const struct kw_http_parser *parser)
{
    return llhttp_method_name((llhttp_method_t)parser->llhttp.method);
}

const char *kw_http_parser_target(const struct kw_http_parser *parser)
{
    return (const char *)parser->text.data;
}

const char *kw_http_parser_field(const struct kw_http_parser *parser,
                                 enum kw_http_field field)
{
    return parser->at[field] != 0
               ? (const char *)parser->text.data + parser->at[field]
               : NULL;
}

bool kw_http_parser_is_11(const struct kw_http_parser *parser)
{
    return parser->llhttp.http_minor == 1;
}

uint64_t kw_http_parser_length(const struct kw_http_parser *parser)
{
    return parser->llhttp.flags & F_CHUNKED ? 0 : parser->llhttp.content_length;
}
