/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request from bytes: llhttp behind the checks of http/check.h. Heads and
 * chunked bodies are read by two parsers, llhttp and our scanners, which must
 * agree on where they end. Of the header fields only those that somebody asks
 * for are kept. Pure: no clock, no socket; memory grows to the limits and no
 * further.
 */
#ifndef KW_HTTP_PARSER_H
#define KW_HTTP_PARSER_H

#include "base/buf.h"
#include "http/check.h"

#include <llhttp.h>
#include <stdbool.h>
#include <stdint.h>

/* The fields that are kept. */
enum kw_http_field {
    KW_HTTP_ACCEPT,
    KW_HTTP_ACCEPT_ENCODING,
    KW_HTTP_CONTENT_TYPE,
    KW_HTTP_COOKIE,
    KW_HTTP_EXPECT,
    KW_HTTP_HOST,
    KW_HTTP_IF_MATCH,
    KW_HTTP_IF_NONE_MATCH,
    KW_HTTP_ORIGIN,
    KW_HTTP_SEC_FETCH_SITE,
    KW_HTTP_TRANSFER_ENCODING,
    KW_HTTP_X_BACKGROUND,
    KW_HTTP_X_CSRF_TOKEN,
    KW_HTTP_FIELD_COUNT,
};

enum kw_http_step {
    KW_HTTP_MORE,    /* all bytes used, the request is not complete */
    KW_HTTP_HEAD,    /* the head is complete, a body follows */
    KW_HTTP_END,     /* the request is complete; no HEAD came if bodyless */
    KW_HTTP_REFUSED, /* parser->status and ->why; the connection must end */
};

struct kw_http_parser {
    llhttp_t llhttp;
    const struct kw_http_limits *limits; /* borrowed */
    struct kw_http_lines lines;
    struct kw_http_chunks chunks;
    struct kw_buf text; /* target and kept values, each with a NUL */
    uint32_t at[KW_HTTP_FIELD_COUNT]; /* in text; 0 absent (target is at 0) */
    char name[24];                    /* of the field being read, lower case */
    size_t name_length;               /* longer than name[]: not one of ours */
    int field;                        /* being read, -1 not kept */
    bool versioned, head, complete, keep_alive;
    struct kw_buf *body; /* of kw_http_parser_body */
    int status;          /* of a refusal: 400, 413, 414, 431, 500 */
    const char *why;     /* one sentence for people */
};

/* limits are borrowed for the parser's life. */
void kw_http_parser_init(struct kw_http_parser *parser,
                         const struct kw_http_limits *limits);
void kw_http_parser_fini(struct kw_http_parser *parser);

/* Ready for the next request of the connection; keeps a little memory for it,
 * which trim gives back while none is being read. */
void kw_http_parser_reset(struct kw_http_parser *parser);
void kw_http_parser_trim(struct kw_http_parser *parser);

/*
 * Takes bytes; *used of them are part of this request. Stops at HEAD and at
 * END, so that the caller can decide before it gives more.
 */
enum kw_http_step kw_http_parser_feed(struct kw_http_parser *parser,
                                      const char *bytes, size_t length,
                                      size_t *used);

/* Where the body goes, borrowed; its ceiling is the body's. To be said at
 * HEAD; without it any byte is too many. */
void kw_http_parser_body(struct kw_http_parser *parser, struct kw_buf *body);

/* Of a complete head; borrowed until reset. */
const char *kw_http_parser_method(const struct kw_http_parser *parser);
const char *kw_http_parser_target(const struct kw_http_parser *parser);
/* NULL when the request has no such field. */
const char *kw_http_parser_field(const struct kw_http_parser *parser,
                                 enum kw_http_field field);
/* HTTP/1.1, not 1.0. */
bool kw_http_parser_is_11(const struct kw_http_parser *parser);
/* The Content-Length; 0 when there is none or the body is chunked. */
uint64_t kw_http_parser_length(const struct kw_http_parser *parser);

#endif
