/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/web_client.h"

#include "base/text.h"
#include "net/tls.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>

enum { IN_MAX_BYTES = 64 << 20 };

static struct kw_web *web_of(struct kw_stream *stream)
{
    return KW_LIST_ENTRY(stream, struct kw_web, stream);
}

static void on_open(struct kw_stream *stream)
{
    web_of(stream)->open = true;
}

static void on_data(struct kw_stream *stream, const unsigned char *bytes,
                    size_t length)
{
    kw_buf_put(&web_of(stream)->in, bytes, length);
}

static void on_end(struct kw_stream *stream, int err)
{
    web_of(stream)->end_err = err;
    web_of(stream)->ended = true;
}

static void on_closed(struct kw_stream *stream)
{
    web_of(stream)->gone = true;
}

static const struct kw_stream_events events = {
    .on_open = on_open,
    .on_data = on_data,
    .on_end = on_end,
    .on_closed = on_closed,
};

void kw_web_begin(struct kw_web *web, struct kw_fixture *fixture, uint16_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    char ca_file[128];
    struct kw_tls_client_options options = {.authorities = ca_file};
    struct kw_diag diag;

    memset(web, 0, sizeof(*web));
    web->fixture = fixture;
    kw_buf_init(&web->in, IN_MAX_BYTES);
    kw_diag_init(&diag);
    snprintf(ca_file, sizeof(ca_file), "%s/tls/server.crt", fixture->dir);
    assert_int_equal(kw_tls_client(&web->tls, &options, &diag), 0);
    kw_diag_fini(&diag);
    assert_int_equal(kw_stream_connect(&web->stream, &fixture->loop,
                                       (struct sockaddr *)&address, web->tls,
                                       "localhost", &events),
                     0);
    web->stream.out_max_bytes = 64 << 20;
}

static bool is_open(void *arg)
{
    const struct kw_web *web = arg;

    return web->open || web->ended;
}

void kw_web_open(struct kw_web *web, struct kw_fixture *fixture, uint16_t port)
{
    kw_web_begin(web, fixture, port);
    kw_fixture_until(fixture, is_open, web);
    assert_true(web->open);
}

void kw_web_close(struct kw_web *web)
{
    kw_stream_close(&web->stream);
    kw_fixture_until_set(web->fixture, &web->gone);
    kw_tls_drop(web->tls);
    kw_buf_fini(&web->in);
}

void kw_web_send(struct kw_web *web, const void *bytes, size_t length)
{
    (void)kw_stream_write(&web->stream, bytes, length);
}

void kw_web_text(struct kw_web *web, const char *text)
{
    kw_web_send(web, text, strlen(text));
}

/* Where text stands in what was received, or NULL. */
static const char *find(struct kw_web *web, const char *text)
{
    return web->in.length == 0
               ? NULL
               : memmem(web->in.data, web->in.length, text, strlen(text));
}

struct wanted {
    struct kw_web *web;
    const char *text;
};

static bool has_text(void *arg)
{
    struct wanted *wanted = arg;

    return wanted->web->ended || find(wanted->web, wanted->text) != NULL;
}

void kw_web_until(struct kw_web *web, const char *text)
{
    struct wanted wanted = {web, text};

    kw_fixture_until(web->fixture, has_text, &wanted);
    assert_non_null(find(web, text));
}

void kw_web_until_end(struct kw_web *web)
{
    kw_fixture_until_set(web->fixture, &web->ended);
}

bool kw_web_field(const struct kw_web_answer *answer, const char *name,
                  char *value, size_t size)
{
    const char *at = answer->head;
    size_t length = strlen(name);

    while ((at = strstr(at, "\r\n")) != NULL) {
        at += 2;
        if (strncasecmp(at, name, length) == 0 && at[length] == ':') {
            at += length + 2;
            snprintf(value, size, "%.*s", (int)strcspn(at, "\r"), at);
            return true;
        }
    }
    return false;
}

/* Takes the head off what was received; false when it isn't whole. */
static bool take_head(struct kw_web *web, struct kw_web_answer *answer)
{
    const char *end = find(web, "\r\n\r\n");
    size_t length;
    char digits[4] = {0};
    uint64_t status = 0;

    if (end == NULL)
        return false;
    length = (size_t)(end + 4 - (const char *)web->in.data);
    assert_true(length < sizeof(answer->head));
    memcpy(answer->head, web->in.data, length);
    answer->head[length] = 0;
    kw_buf_drop_front(&web->in, length);
    memcpy(digits, answer->head + 9, 3);
    assert_int_equal(kw_text_parse_u64(digits, &status), 0);
    answer->status = (unsigned)status;
    return true;
}

struct body {
    struct kw_web *web;
    struct kw_web_answer *answer;
    bool chunked, none, head;
    uint64_t length;
};

/* Puts chunks together while they are whole; true after the last. */
static bool take_chunks(struct body *body)
{
    struct kw_buf *in = &body->web->in;
    char size[24] = "0x";
    const char *end;
    uint64_t length = 0;

    while ((end = find(body->web, "\r\n")) != NULL) {
        size_t digits = (size_t)(end - (const char *)in->data);

        assert_true(digits > 0 && digits < 20);
        snprintf(size + 2, sizeof(size) - 2, "%.*s", (int)digits, in->data);
        assert_int_equal(kw_text_parse_u64(size, &length), 0);
        if (in->length < digits + 2 + length + 2)
            return false;
        kw_buf_put(&body->answer->body, in->data + digits + 2, (size_t)length);
        kw_buf_drop_front(in, digits + 2 + (size_t)length + 2);
        if (length == 0)
            return true;
    }
    return false;
}

static bool has_head(void *arg)
{
    struct body *body = arg;

    return take_head(body->web, body->answer) || body->web->ended;
}

static bool has_body(void *arg)
{
    struct body *body = arg;
    struct kw_buf *in = &body->web->in;

    if (body->head || body->none)
        return true;
    if (body->chunked)
        return take_chunks(body) || body->web->ended;
    if (in->length < body->length && !body->web->ended)
        return false;
    kw_buf_put(&body->answer->body, in->data,
               body->length < in->length ? (size_t)body->length : in->length);
    kw_buf_drop_front(in, (size_t)body->length);
    return true;
}

static void take_answer(struct kw_web *web, struct kw_web_answer *answer,
                        bool head)
{
    struct body body = {.web = web, .answer = answer, .head = head};
    char text[64];

    *answer = (struct kw_web_answer){.status = 0};
    kw_buf_init(&answer->body, IN_MAX_BYTES);
    kw_fixture_until(web->fixture, has_head, &body);
    if (answer->status == 100) /* go on: the real one follows */
        kw_fixture_until(web->fixture, has_head, &body);
    if (answer->status == 0)
        return;
    body.none = answer->status == 204 || answer->status == 304;
    body.chunked =
        kw_web_field(answer, "Transfer-Encoding", text, sizeof(text));
    if (kw_web_field(answer, "Content-Length", text, sizeof(text)))
        assert_int_equal(kw_text_parse_u64(text, &body.length), 0);
    else
        body.length = UINT64_MAX; /* until the connection ends */
    kw_fixture_until(web->fixture, has_body, &body);
}

void kw_web_answer(struct kw_web *web, struct kw_web_answer *answer)
{
    take_answer(web, answer, false);
}

void kw_web_head_answer(struct kw_web *web, struct kw_web_answer *answer)
{
    take_answer(web, answer, true);
}

void kw_web_drop(struct kw_web_answer *answer)
{
    kw_buf_fini(&answer->body);
}

unsigned kw_web_status(struct kw_web *web, const char *request)
{
    struct kw_web_answer answer;
    unsigned status;

    kw_web_text(web, request);
    kw_web_answer(web, &answer);
    status = answer.status;
    kw_web_drop(&answer);
    return status;
}
