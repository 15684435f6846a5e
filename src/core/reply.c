/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The answers of core/route.h: what every handler calls. A problem document has
 * a stable key for the page, which translates it, and a sentence in English for
 * everybody else; what is inside the gateway (paths, symbols, texts of
 * libraries) never stands in one (SEC-35).
 */
#include "core/route.h"

#include "base/json.h"

#include <stdio.h>

/* Room for KW_DIAG_MAX findings of full length, quotes escaped. */
enum { PROBLEM_MAX_BYTES = 131072 };

const char *kw_status_title(int status)
{
    static const struct {
        int status;
        const char *title;
    } rows[] = {
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {304, "Not Modified"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {417, "Expectation Failed"},
        {422, "Unprocessable Content"},
        {428, "Precondition Required"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {503, "Service Unavailable"},
        {505, "HTTP Version Not Supported"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].status == status)
            return rows[i].title;
    }
    return "Other";
}

void kw_reply_findings(struct kw_json *json, const char *key,
                       const struct kw_diag *diag, bool warnings)
{
    kw_json_array(json, key);
    for (size_t i = 0; i < diag->count; i++) {
        const struct kw_diag_item *item = &diag->items[i];

        if (item->warning != warnings)
            continue;
        kw_json_object(json, NULL);
        kw_json_text(json, "path", item->path);
        if (item->mark.line > 0) {
            kw_json_uint(json, "line", item->mark.line);
            kw_json_uint(json, "column", item->mark.column);
        }
        kw_json_text(json, "message", item->text);
        kw_json_end_object(json);
    }
    kw_json_end_array(json);
}

void kw_problem_format(struct kw_buf *out, int status, const char *key,
                       const char *detail, const struct kw_diag *diag)
{
    struct kw_json json;

    kw_json_init(&json, out);
    kw_json_object(&json, NULL);
    kw_json_text(&json, "type", "about:blank");
    kw_json_text(&json, "title", kw_status_title(status));
    kw_json_int(&json, "status", status);
    kw_json_text(&json, "key", key);
    kw_json_text(&json, "detail", detail);
    if (diag != NULL)
        kw_reply_findings(&json, "errors", diag, false);
    kw_json_end_object(&json);
}

void kw_reply_header(struct kw_request *request, const char *name,
                     const char *value)
{
    request->ops->header(request, name, value);
}

void kw_reply_take(struct kw_request *request, int status, const char *type,
                   struct kw_buf *take)
{
    request->ops->send(request, status, type, take);
}

static void send_problem(struct kw_request *request, int status,
                         const char *key, const char *detail,
                         const struct kw_diag *diag)
{
    struct kw_buf body;

    kw_buf_init(&body, PROBLEM_MAX_BYTES);
    kw_problem_format(&body, status, key, detail, diag);
    if (kw_buf_err(&body) != 0)
        kw_buf_reset(&body); /* an empty body still carries the status */
    kw_reply_take(request, status, "application/problem+json", &body);
    kw_buf_fini(&body);
}

void kw_reply_json(struct kw_request *request, int status, struct kw_buf *take)
{
    if (kw_buf_err(take) != 0) {
        kw_buf_fini(take);
        send_problem(request, 500, "internal", "The answer could not be made.",
                     NULL);
        return;
    }
    kw_reply_take(request, status, "application/json", take);
    kw_buf_fini(take);
}

void kw_reply_problem(struct kw_request *request, int status, const char *key,
                      const char *format, ...)
{
    char detail[512];
    va_list args;

    va_start(args, format);
    vsnprintf(detail, sizeof(detail), format, args);
    va_end(args);
    send_problem(request, status, key, detail, NULL);
}

void kw_reply_diag(struct kw_request *request, int status, const char *key,
                   const struct kw_diag *diag)
{
    char detail[KW_DIAG_TEXT_SIZE + KW_DIAG_PATH_SIZE];

    send_problem(request, status, key,
                 kw_diag_first(diag, detail, sizeof(detail)), diag);
}

int kw_reply_begin(struct kw_request *request, int status, const char *type)
{
    return request->ops->begin(request, status, type);
}

size_t kw_reply_write(struct kw_request *request, const void *bytes,
                      size_t length)
{
    return request->ops->write(request, bytes, length);
}

void kw_reply_end(struct kw_request *request)
{
    request->ops->end(request);
}

void kw_reply_fail(struct kw_request *request)
{
    request->ops->fail(request);
}
