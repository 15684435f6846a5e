/* SPDX-License-Identifier: Apache-2.0 */
#include "http/check.h"

#include "base/text.h"

#include <string.h>
#include <strings.h>

enum { BLANK_MAX_BYTES = 4, CHUNK_DIGITS = 16 };

/* tchar of RFC 9110, 5.6.2. */
static bool is_token_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') ||
           (c != 0 && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

/*
 * Takes bytes up to a line's end; *used moves on. True when the line ended.
 * *clean: every CR stands before an LF and every LF behind a CR.
 */
static bool take_line(struct kw_http_lines *lines, const char *bytes,
                      size_t length, size_t *used, bool *clean)
{
    const char *from = bytes + *used;
    const char *end = memchr(from, '\n', length - *used);
    const char *to = end != NULL ? end : bytes + length;
    const char *cr = memchr(from, '\r', (size_t)(to - from));
    char last = to > from ? to[-1] : lines->last;

    *clean = (cr == NULL || cr == to - 1) &&
             (lines->last != '\r' || to == from) &&
             (end == NULL || last == '\r');
    lines->last = end != NULL ? '\n' : last;
    *used = (size_t)(to - bytes) + (end != NULL);
    return end != NULL;
}

/* Method, one space, target, one space, "HTTP/" (RFC 9112, 3): llhttp takes
 * more spaces, and RTSP and ICE for HTTP. */
static bool request_line_ok(struct kw_http_lines *lines, const char *bytes,
                            size_t length)
{
    static const char version[] = "HTTP/";

    for (size_t i = 0; i < length; i++) {
        if (bytes[i] == ' ' && (++lines->spaces > 2 || lines->doubled))
            return false;
        lines->doubled = bytes[i] == ' ';
        if (lines->spaces == 2 && bytes[i] != ' ' &&
            lines->version < sizeof(version) - 1 &&
            bytes[i] != version[lines->version++])
            return false;
    }
    return true;
}

static int scan_request_line(struct kw_http_lines *lines,
                             const struct kw_http_limits *limits,
                             const char *bytes, size_t length, size_t *used)
{
    size_t from;
    bool ended, clean;

    while (lines->line_bytes == 0 && *used < length &&
           (bytes[*used] == '\r' || bytes[*used] == '\n')) {
        (*used)++;
        if (++lines->blank_bytes > BLANK_MAX_BYTES)
            return 400;
    }
    from = *used;
    if (from == length)
        return 0;
    ended = take_line(lines, bytes, length, used, &clean);
    lines->line_bytes += *used - from;
    if (ended)
        lines->place = KW_HTTP_LINE_START;
    /* a line end is two bytes; before it came, one of them may be there */
    if (lines->line_bytes > limits->request_line_bytes + (ended ? 2 : 1))
        return 414;
    return clean && request_line_ok(lines, bytes + from, *used - from) ? 0
                                                                       : 400;
}

/* The first byte of a line. */
static int scan_start(struct kw_http_lines *lines,
                      const struct kw_http_limits *limits, char c)
{
    if (c == '\r') {
        lines->place = KW_HTTP_LAST_LF;
        return 0;
    }
    if (!is_token_char(c))
        return 400; /* a folded line, an empty name, a bare LF */
    lines->place = KW_HTTP_NAME;
    lines->block_bytes++;
    return ++lines->headers > limits->headers ? 431 : 0;
}

static int scan_name(struct kw_http_lines *lines, char c)
{
    lines->last = c;
    if (c == ':')
        lines->place = KW_HTTP_VALUE;
    else if (!is_token_char(c))
        return 400;
    lines->block_bytes++;
    return 0;
}

static int scan_value(struct kw_http_lines *lines, const char *bytes,
                      size_t length, size_t *used)
{
    size_t from = *used;
    bool clean;

    if (take_line(lines, bytes, length, used, &clean))
        lines->place = KW_HTTP_LINE_START;
    lines->block_bytes += *used - from;
    return clean ? 0 : 400;
}

int kw_http_lines_scan(struct kw_http_lines *lines,
                       const struct kw_http_limits *limits, const char *bytes,
                       size_t length, size_t *used)
{
    int status = 0;

    *used = 0;
    while (status == 0 && *used < length && lines->place != KW_HTTP_HEAD_END) {
        switch (lines->place) {
        case KW_HTTP_REQUEST_LINE:
            status = scan_request_line(lines, limits, bytes, length, used);
            break;
        case KW_HTTP_LINE_START:
            status = scan_start(lines, limits, bytes[(*used)++]);
            break;
        case KW_HTTP_NAME:
            status = scan_name(lines, bytes[(*used)++]);
            break;
        case KW_HTTP_VALUE:
            status = scan_value(lines, bytes, length, used);
            break;
        case KW_HTTP_LAST_LF:
        case KW_HTTP_HEAD_END:
        default:
            status = bytes[(*used)++] == '\n' ? 0 : 400;
            lines->place = KW_HTTP_HEAD_END;
            break;
        }
        if (status == 0 && lines->block_bytes > limits->header_block_bytes)
            status = 431;
    }
    return status;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* A digit of a chunk's size, or the CR behind it. */
static int scan_size(struct kw_http_chunks *chunks, char c)
{
    int digit = hex_digit(c);

    if (digit < 0) {
        chunks->place = KW_HTTP_SIZE_LF;
        return c == '\r' && chunks->digits > 0 ? 0 : 400;
    }
    chunks->left = chunks->left << 4 | (unsigned)digit;
    if (++chunks->digits > CHUNK_DIGITS)
        return 400;
    return chunks->left > chunks->limit ? 413 : 0;
}

/* The one byte that must stand between two parts. */
static int scan_fixed(struct kw_http_chunks *chunks, char c, char want,
                      enum kw_http_chunk_place next)
{
    chunks->place = next;
    return c == want ? 0 : 400;
}

static int scan_chunk_byte(struct kw_http_chunks *chunks, char c)
{
    int status;

    switch (chunks->place) {
    case KW_HTTP_SIZE:
        return scan_size(chunks, c);
    case KW_HTTP_SIZE_LF:
        chunks->limit -= chunks->left;
        return scan_fixed(chunks, c, '\n',
                          chunks->left > 0 ? KW_HTTP_DATA : KW_HTTP_END_CR);
    case KW_HTTP_DATA_CR:
        return scan_fixed(chunks, c, '\r', KW_HTTP_DATA_LF);
    case KW_HTTP_DATA_LF:
        status = scan_fixed(chunks, c, '\n', KW_HTTP_SIZE);
        chunks->digits = 0;
        return status;
    case KW_HTTP_END_CR:
        return scan_fixed(chunks, c, '\r', KW_HTTP_END_LF);
    case KW_HTTP_DATA:
    case KW_HTTP_END_LF:
    case KW_HTTP_CHUNKS_END:
    default:
        return scan_fixed(chunks, c, '\n', KW_HTTP_CHUNKS_END);
    }
}

int kw_http_chunks_scan(struct kw_http_chunks *chunks, const char *bytes,
                        size_t length, size_t *used)
{
    int status = 0;

    *used = 0;
    while (status == 0 && *used < length &&
           chunks->place != KW_HTTP_CHUNKS_END) {
        size_t rest = length - *used;

        if (chunks->place != KW_HTTP_DATA) {
            status = scan_chunk_byte(chunks, bytes[(*used)++]);
            continue;
        }
        rest = chunks->left < rest ? (size_t)chunks->left : rest;
        *used += rest;
        chunks->left -= rest;
        if (chunks->left == 0)
            chunks->place = KW_HTTP_DATA_CR;
    }
    return status;
}

/* The byte that %XX stands for; -1 when it is malformed or may not be hidden
 * that way. */
static int decode_escape(const char *at)
{
    int high = hex_digit(at[1]);
    int low = high >= 0 ? hex_digit(at[2]) : -1;
    int byte = low >= 0 ? high << 4 | low : -1;

    return byte < 0x20 || byte == 0x7F || byte == '/' || byte == '\\' ? -1
                                                                      : byte;
}

/* No segment is "." or "..": nothing is above the root, nothing is named
 * twice. */
static bool has_dots(const char *path)
{
    while (*path == '/') {
        size_t length = strcspn(++path, "/");

        if ((length == 1 && path[0] == '.') ||
            (length == 2 && path[0] == '.' && path[1] == '.'))
            return true;
        path += length;
    }
    return false;
}

/* The byte of a path at *at, which moves to its last character; -1 when it may
 * not stand there. */
static int path_byte(const char **at)
{
    int byte = (unsigned char)**at;

    if (byte <= 0x20 || byte >= 0x7F || byte == '#' || byte == '\\')
        return -1;
    if (byte == '%') {
        byte = decode_escape(*at);
        *at += 2;
    }
    return byte;
}

static bool query_ok(const char *query)
{
    for (; *query != 0; query++) {
        if ((unsigned char)*query <= 0x20 || (unsigned char)*query >= 0x7F ||
            *query == '#')
            return false;
    }
    return true;
}

bool kw_http_target_split(const char *target, char *path, const char **query)
{
    const char *at = target;
    size_t length = 0;

    if (target[0] != '/')
        return false;
    for (; *at != 0 && *at != '?'; at++) {
        int byte = path_byte(&at);

        if (byte < 0)
            return false;
        path[length++] = (char)byte;
    }
    path[length] = 0;
    *query = *at == '?' ? at + 1 : NULL;
    return query_ok(at) && kw_text_is_clean(path, length) && !has_dots(path);
}

static bool port_ok(const char *at)
{
    if (*at == 0)
        return true;
    return *at == ':' && at[1] != 0 && strlen(at) <= 6 &&
           at[1 + strspn(at + 1, "0123456789")] == 0;
}

bool kw_http_host_ok(const char *host)
{
    static const char hex[] = "0123456789abcdefABCDEF:.";
    static const char name[] = "abcdefghijklmnopqrstuvwxyz"
                               "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                               "0123456789-._";
    size_t length;

    if (host[0] == '[') {
        length = strspn(host + 1, hex);
        return length > 1 && host[1 + length] == ']' &&
               port_ok(host + length + 2);
    }
    length = strspn(host, name);
    return length > 0 && length <= 253 && port_ok(host + length);
}

static bool origin_ok(const char *origin, const char *host)
{
    return strncasecmp(origin, "https://", 8) == 0 &&
           strcasecmp(origin + 8, host) == 0;
}

bool kw_http_source_ok(const struct kw_http_source *source, bool changes)
{
    const char *site = source->fetch_site;

    if (source->origin != NULL &&
        (source->host == NULL || !origin_ok(source->origin, source->host)))
        return false;
    return site == NULL || strcmp(site, "same-origin") == 0 ||
           (!changes && strcmp(site, "none") == 0);
}

bool kw_http_is_json(const char *content_type)
{
    static const char json[] = "application/json";
    const char *after = content_type + sizeof(json) - 1;

    if (strncasecmp(content_type, json, sizeof(json) - 1) != 0)
        return false;
    after += strspn(after, " \t");
    return *after == 0 || *after == ';';
}

size_t kw_http_cookie(const char *header, const char *name, const char **value)
{
    size_t name_length = strlen(name), found = 0;
    bool seen = false;

    while (*header != 0) {
        size_t length = strcspn(header, ";");

        if (length > name_length && header[name_length] == '=' &&
            memcmp(header, name, name_length) == 0) {
            if (seen)
                return 0;
            seen = true;
            found = length - name_length - 1;
            *value = header + name_length + 1;
        }
        header += length;
        header += strspn(header, "; ");
    }
    return found;
}

/* A weight "0.123" in thousandths (RFC 9110, 12.4.2), -1 when malformed. */
static int parse_weight(const char *text, size_t length)
{
    int weight = 0, unit = 1000;

    if (length == 0 || length > 5 || (text[0] != '0' && text[0] != '1') ||
        (length > 1 && text[1] != '.'))
        return -1;
    weight = text[0] == '1' ? 1000 : 0;
    for (size_t i = 2; i < length; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        unit /= 10;
        weight += (text[i] - '0') * unit;
    }
    return weight > 1000 ? -1 : weight;
}

/* The weight of one element "gzip;q=0.5"; 1000 without. */
static int element_weight(const char *element, size_t length)
{
    const char *semicolon = memchr(element, ';', length);
    const char *end = element + length, *at;

    if (semicolon == NULL)
        return 1000;
    at = semicolon + 1;
    while (at < end && (*at == ' ' || *at == '\t'))
        at++;
    if (end - at < 2 || (*at != 'q' && *at != 'Q') || at[1] != '=')
        return -1;
    at += 2;
    while (end > at && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    return parse_weight(at, (size_t)(end - at));
}

/* The weight that a list gives a coding, by name or by "*"; 0 not wanted. */
static int coding_weight(const char *list, const char *coding)
{
    int any = 0;

    while (*list != 0) {
        size_t length, name;

        list += strspn(list, " \t,");
        length = strcspn(list, ",");
        name = strcspn(list, ",; \t");
        if (name == strlen(coding) && strncasecmp(list, coding, name) == 0)
            return element_weight(list, length);
        if (name == 1 && *list == '*')
            any = element_weight(list, length);
        list += length;
    }
    return any;
}

enum kw_http_form kw_http_choose(const char *accept,
                                 const bool has[KW_HTTP_FORMS])
{
    static const char *const codings[KW_HTTP_FORMS] = {"identity", "br",
                                                       "gzip"};
    enum kw_http_form best = KW_HTTP_PLAIN;
    int best_weight = 0;

    if (accept == NULL)
        return KW_HTTP_PLAIN;
    for (size_t i = KW_HTTP_BR; i < KW_HTTP_FORMS; i++) {
        int weight = has[i] ? coding_weight(accept, codings[i]) : 0;

        if (weight > best_weight) {
            best = (enum kw_http_form)i;
            best_weight = weight;
        }
    }
    /* named with a higher weight, the plain form is what the client wants */
    return coding_weight(accept, "identity") > best_weight ? KW_HTTP_PLAIN
                                                           : best;
}

bool kw_http_etag_listed(const char *header, const char *etag)
{
    size_t length = strlen(etag);

    if (strcmp(header, "*") == 0)
        return true;
    while (*header != 0) {
        size_t step;

        header += strspn(header, " \t,");
        if (strncmp(header, "W/", 2) == 0)
            header += 2;
        step = strcspn(header, ",");
        while (step > 0 &&
               (header[step - 1] == ' ' || header[step - 1] == '\t'))
            step--;
        if (step == length && memcmp(header, etag, length) == 0)
            return true;
        header += strcspn(header, ",");
    }
    return false;
}

size_t kw_http_etag_unquote(const char *header, const char **tag)
{
    size_t length = strlen(header);

    if (length < 3 || header[0] != '"' || header[length - 1] != '"' ||
        memchr(header + 1, '"', length - 2) != NULL)
        return 0;
    *tag = header + 1;
    return length - 2;
}
