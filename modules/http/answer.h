/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The head of an answer as text; pure. Every answer, errors and files too,
 * carries the same security fields (SEC-26).
 */
#ifndef KW_HTTP_ANSWER_H
#define KW_HTTP_ANSWER_H

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>

struct kw_http_answer {
    int status;         /* three digits */
    const char *title;  /* its phrase */
    const char *type;   /* media type; NULL: no content */
    const char *cache;  /* Cache-Control; NULL: no-store */
    const char *date;   /* IMF-fixdate, from kw_http_date */
    const char *fields; /* further lines, each ending with CRLF */
    size_t fields_length;
    size_t length; /* of the content, unless it is a stream */
    bool stream;   /* the length is not known */
    bool chunked;  /* how a stream ends; else by closing */
    bool keep_alive;
};

/* Appends the head with its empty line. A failure shows in the buffer. */
void kw_http_answer_put(struct kw_buf *out,
                        const struct kw_http_answer *answer);

/* "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, 5.6.7). */
enum { KW_HTTP_DATE_SIZE = 32 };
void kw_http_date(int64_t wall_ms, char text[KW_HTTP_DATE_SIZE]);

/*
 * True when name and value may stand in a head: a token, and no control
 * characters. What a handler adds passes here.
 */
bool kw_http_line_ok(const char *name, const char *value);

/* The size line of a chunk (RFC 9112, 7.1); returns its length. */
enum { KW_HTTP_CHUNK_SIZE = 20 };
size_t kw_http_chunk_head(size_t length, char text[KW_HTTP_CHUNK_SIZE]);

#endif
