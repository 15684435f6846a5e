/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The request parser: whatever the bytes and however they are cut, the
 * verdict is the same, and what it accepts keeps the promises of its header.
 * The small parsers of header values read the same bytes as text.
 */
#include "http/parser.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 4096, BODY_MAX = 4096 };

static const struct kw_http_limits limits = {1024, 2048, 16};

struct verdict {
    enum kw_http_step step;
    int status;
    size_t used, body;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void promise(bool kept, const char *what)
{
    if (kept)
        return;
    fprintf(stderr, "not kept: %s\n", what);
    abort();
}

/* What a complete head promises. */
static void check_head(const struct kw_http_parser *parser)
{
    const char *host = kw_http_parser_field(parser, KW_HTTP_HOST);

    promise(host != NULL || !kw_http_parser_is_11(parser), "a host");
    promise(host == NULL || kw_http_host_ok(host), "a clean host");
    promise(parser->lines.headers <= limits.headers, "few headers");
    promise(parser->lines.block_bytes <= limits.header_block_bytes,
            "a small header");
    promise(strlen(kw_http_parser_target(parser)) <= limits.request_line_bytes,
            "a short target");
    for (int i = 0; i < KW_HTTP_FIELD_COUNT; i++) {
        const char *value = kw_http_parser_field(parser, (enum kw_http_field)i);

        promise(value == NULL || strpbrk(value, "\r\n") == NULL,
                "values of one line");
    }
}

static struct verdict feed(const uint8_t *data, size_t size, size_t step)
{
    struct verdict out = {.step = KW_HTTP_MORE};
    struct kw_http_parser parser;
    struct kw_buf body;

    kw_http_parser_init(&parser, &limits);
    kw_buf_init(&body, BODY_MAX);
    while (out.used < size &&
           (out.step == KW_HTTP_MORE || out.step == KW_HTTP_HEAD)) {
        size_t piece = size - out.used < step ? size - out.used : step;
        size_t used = 0;

        out.step = kw_http_parser_feed(&parser, (const char *)data + out.used,
                                       piece, &used);
        promise(used <= piece, "no more used than given");
        out.used += used;
        if (out.step == KW_HTTP_HEAD)
            kw_http_parser_body(&parser, &body);
        if (out.step == KW_HTTP_HEAD || out.step == KW_HTTP_END)
            check_head(&parser);
    }
    out.status = parser.status;
    out.body = body.length;
    promise((out.step == KW_HTTP_REFUSED) == (out.status != 0), "a status");
    kw_buf_fini(&body);
    kw_http_parser_fini(&parser);
    return out;
}

static void read_text(const uint8_t *data, size_t size)
{
    static const bool has[KW_HTTP_FORMS] = {true, true, true};
    char text[TEXT_MAX + 1], path[TEXT_MAX + 1];
    const char *value = NULL;

    size = size < TEXT_MAX ? size : TEXT_MAX;
    memcpy(text, data, size);
    text[size] = 0;
    if (kw_http_target_split(text, path, &value))
        promise(path[0] == '/' && strstr(path, "/../") == NULL, "a path");
    (void)kw_http_host_ok(text);
    (void)kw_http_is_json(text);
    promise(kw_http_choose(text, has) < KW_HTTP_FORMS, "a form");
    (void)kw_http_cookie(text, "k", &value);
    (void)kw_http_etag_listed(text, "\"a\"");
    (void)kw_http_etag_unquote(text, &value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct verdict whole = feed(data, size, SIZE_MAX);
    size_t steps[] = {1, size > 0 ? data[0] % 17 + 2U : 2};

    for (size_t i = 0; i < 2; i++) {
        struct verdict cut = feed(data, size, steps[i]);

        /* of two faults either may be seen first */
        promise((cut.status != 0) == (whole.status != 0), "the same verdict");
        promise((cut.step == KW_HTTP_END) == (whole.step == KW_HTTP_END),
                "the same end");
        promise(whole.step != KW_HTTP_END ||
                    (cut.used == whole.used && cut.body == whole.body),
                "the same request");
    }
    read_text(data, size);
    return 0;
}
