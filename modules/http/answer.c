/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order is that of RFC 9112: status line, fields, an empty line. Fields
 * that protect the browser stand on every answer, refusals and files included:
 * the page has no inline script, so the policy can forbid all of it.
 */
#include "http/answer.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static const char security[] =
    "Strict-Transport-Security: max-age=31536000\r\n"
    "Content-Security-Policy: default-src 'none'; script-src 'self'; "
    "style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "worker-src 'self'; manifest-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "Cross-Origin-Opener-Policy: same-origin\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n";

static void put_line(struct kw_buf *out, const char *name, const char *value)
{
    kw_buf_put_text(out, name);
    kw_buf_put_text(out, ": ");
    kw_buf_put_text(out, value);
    kw_buf_put(out, "\r\n", 2);
}

/* How the client finds the end of the content (RFC 9112, 6). */
static void put_framing(struct kw_buf *out, const struct kw_http_answer *answer)
{
    char number[24];

    if (answer->status == 204 || answer->status == 304)
        return;
    if (answer->stream) {
        if (answer->chunked)
            put_line(out, "Transfer-Encoding", "chunked");
        return;
    }
    snprintf(number, sizeof(number), "%zu", answer->length);
    put_line(out, "Content-Length", number);
}

void kw_http_answer_put(struct kw_buf *out, const struct kw_http_answer *answer)
{
    char line[] = "HTTP/1.1 000 ";
    int status = answer->status;

    line[9] = (char)('0' + status / 100 % 10);
    line[10] = (char)('0' + status / 10 % 10);
    line[11] = (char)('0' + status % 10);
    kw_buf_put(out, line, sizeof(line) - 1);
    kw_buf_put_text(out, answer->title);
    kw_buf_put(out, "\r\n", 2);
    put_line(out, "Date", answer->date);
    if (answer->type != NULL)
        put_line(out, "Content-Type", answer->type);
    put_framing(out, answer);
    put_line(out, "Cache-Control",
             answer->cache != NULL ? answer->cache : "no-store");
    if (!answer->keep_alive)
        put_line(out, "Connection", "close");
    kw_buf_put(out, security, sizeof(security) - 1);
    kw_buf_put(out, answer->fields, answer->fields_length);
    kw_buf_put(out, "\r\n", 2);
}

void kw_http_date(int64_t wall_ms, char text[KW_HTTP_DATE_SIZE])
{
    static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed",
                                    "Thu", "Fri", "Sat"};
    static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr",
                                       "May", "Jun", "Jul", "Aug",
                                       "Sep", "Oct", "Nov", "Dec"};
    time_t when = (time_t)(wall_ms / 1000);
    struct tm parts = {0};

    if (gmtime_r(&when, &parts) == NULL || parts.tm_year > 8099 ||
        parts.tm_year < 0) {
        when = 0;
        (void)gmtime_r(&when, &parts);
    }
    snprintf(text, KW_HTTP_DATE_SIZE, "%s, %02u %s %04u %02u:%02u:%02u GMT",
             days[parts.tm_wday], (unsigned)parts.tm_mday % 100U,
             months[parts.tm_mon], (unsigned)(parts.tm_year + 1900) % 10000U,
             (unsigned)parts.tm_hour % 100U, (unsigned)parts.tm_min % 100U,
             (unsigned)parts.tm_sec % 100U);
}

bool kw_http_line_ok(const char *name, const char *value)
{
    static const char token[] = "abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";

    if (name[0] == 0 || name[strspn(name, token)] != 0)
        return false;
    for (; *value != 0; value++) {
        if ((unsigned char)*value < 0x20 || *value == 0x7F)
            return false;
    }
    return true;
}

size_t kw_http_chunk_head(size_t length, char text[KW_HTTP_CHUNK_SIZE])
{
    int written = snprintf(text, KW_HTTP_CHUNK_SIZE, "%zx\r\n", length);

    return (size_t)written;
}
