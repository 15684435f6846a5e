/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What llhttp lets through and this server does not, as pure checks: the
 * lines of a head before the parser sees them, the target, Host, and where a
 * browser says that a request comes from. Framing that two programs can read
 * in two ways is how requests are smuggled (RFC 9112, 11.2), so every doubt
 * is a refusal.
 */
#ifndef KW_HTTP_CHECK_H
#define KW_HTTP_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kw_http_limits {
    size_t request_line_bytes; /* without its line end */
    size_t header_block_bytes; /* all header lines with their line ends */
    size_t headers;
};

/*
 * Goes over the raw bytes of a head line by line. It only counts and looks at
 * field names; all else is the parser's.
 */
struct kw_http_lines {
    enum kw_http_place {
        KW_HTTP_REQUEST_LINE,
        KW_HTTP_LINE_START,
        KW_HTTP_NAME,
        KW_HTTP_VALUE,
        KW_HTTP_LAST_LF, /* of the empty line */
        KW_HTTP_HEAD_END,
    } place;
    char last;          /* byte of the line, to see CR before LF */
    bool doubled;       /* the byte before was a space */
    unsigned spaces;    /* of the request line so far */
    unsigned version;   /* bytes of "HTTP/" behind the second */
    size_t blank_bytes; /* line ends before the request line */
    size_t line_bytes;  /* of the request line so far */
    size_t block_bytes;
    size_t headers;
};

/*
 * Takes the next bytes; *used are those that belong to the head. 0, or the
 * status that the request deserves: 400 (folded line, blank or odd character
 * in a field name, no name at all, LF without CR: RFC 9112, 2.2, 5.1 and
 * 5.2), 414, 431.
 */
int kw_http_lines_scan(struct kw_http_lines *lines,
                       const struct kw_http_limits *limits, const char *bytes,
                       size_t length, size_t *used);

/*
 * Goes over the raw bytes of a chunked body (RFC 9112, 7.1): only hexadecimal
 * sizes and CR LF, no extensions, no trailer fields.
 */
struct kw_http_chunks {
    enum kw_http_chunk_place {
        KW_HTTP_SIZE,
        KW_HTTP_SIZE_LF,
        KW_HTTP_DATA,
        KW_HTTP_DATA_CR,
        KW_HTTP_DATA_LF,
        KW_HTTP_END_CR, /* of the empty line behind the last chunk */
        KW_HTTP_END_LF,
        KW_HTTP_CHUNKS_END,
    } place;
    uint64_t limit;  /* of the body; more is refused as soon as it is told */
    unsigned digits; /* of the size so far */
    uint64_t left;   /* the size, then the data still to come */
};

/* Takes the next bytes; *used are those that belong to the body. 0, 400, or
 * 413: the sizes so far are above the limit. */
int kw_http_chunks_scan(struct kw_http_chunks *chunks, const char *bytes,
                        size_t length, size_t *used);

/*
 * The path of a target in origin form (RFC 9112, 3.2.1), decoded into path
 * (room for strlen(target) + 1); *query is what stands behind '?', or NULL.
 * False: other forms, bytes that aren't visible ASCII, bad or needless tricks
 * in the encoding (%00, controls, %2F, %5C, bytes that aren't UTF-8), a
 * backslash, '.' and '..' segments.
 */
bool kw_http_target_split(const char *target, char *path, const char **query);

/* A Host field: name or address, optional port (RFC 9110, 7.2). */
bool kw_http_host_ok(const char *host);

/* What a browser says about where a request comes from; NULL: not said. */
struct kw_http_source {
    const char *host;       /* our own name as the client knows it */
    const char *origin;     /* Origin */
    const char *fetch_site; /* Sec-Fetch-Site */
};

/*
 * May this source do that? changes: the request is not a GET. An Origin must
 * be https://host, "null" never is. Sec-Fetch-Site must be same-origin; a GET
 * may also be the user's own ("none": typed, bookmarked).
 */
bool kw_http_source_ok(const struct kw_http_source *source, bool changes);

/* "application/json", parameters allowed (RFC 9110, 8.3.1). */
bool kw_http_is_json(const char *content_type);

/*
 * The value of a cookie (RFC 6265, 5.4): *value is borrowed from header. Its
 * length, 0 when there is none or more than one of that name.
 */
size_t kw_http_cookie(const char *header, const char *name, const char **value);

/*
 * Which form of a file a client gets: the index of the best of "br", "gzip"
 * that has[] and Accept-Encoding (NULL: absent) allow, or
 * KW_HTTP_PLAIN (RFC 9110, 12.5.3). At equal weight the first wins.
 */
enum kw_http_form { KW_HTTP_PLAIN, KW_HTTP_BR, KW_HTTP_GZIP, KW_HTTP_FORMS };
enum kw_http_form kw_http_choose(const char *accept,
                                 const bool has[KW_HTTP_FORMS]);

/* True when If-None-Match names that entity tag or is "*" (RFC 9110,
 * 13.1.2: weak comparison). */
bool kw_http_etag_listed(const char *header, const char *etag);

/*
 * The tag inside an If-Match of exactly one strong tag: its length and *tag
 * without quotes, borrowed; 0 when it has another form.
 */
size_t kw_http_etag_unquote(const char *header, const char **tag);

#endif
