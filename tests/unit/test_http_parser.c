/* SPDX-License-Identifier: Apache-2.0 */
#include "http/parser.h"

#include "base/mem.h"
#include "lib/requests.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct kw_http_limits limits = {8192, 16384, 64};

struct outcome {
    enum kw_http_step step; /* last */
    int status;
    size_t used, body_bytes, heads;
};

/* Feeds in steps of so many bytes, with room for a body of 64 KiB. */
static struct outcome feed(struct kw_http_parser *parser, const void *bytes,
                           size_t length, size_t step)
{
    struct outcome out = {.step = KW_HTTP_MORE};
    struct kw_buf body;
    bool get = length > 3 && memcmp(bytes, "GET", 3) == 0;

    kw_buf_init(&body, get ? 0 : 65536);
    while (out.used < length &&
           (out.step == KW_HTTP_MORE || out.step == KW_HTTP_HEAD)) {
        size_t piece = length - out.used < step ? length - out.used : step;
        size_t used = 0;

        out.step = kw_http_parser_feed(parser, (const char *)bytes + out.used,
                                       piece, &used);
        out.used += used;
        if (out.step == KW_HTTP_HEAD) {
            out.heads++;
            kw_http_parser_body(parser, &body);
        }
    }
    out.status = parser->status;
    out.body_bytes = body.length;
    kw_buf_fini(&body);
    return out;
}

static struct outcome feed_fresh(const struct kw_raw_request *request,
                                 size_t step)
{
    struct kw_http_parser parser;
    struct outcome out;

    kw_http_parser_init(&parser, &limits);
    out = feed(&parser, request->bytes.data, request->bytes.length, step);
    kw_http_parser_fini(&parser);
    return out;
}

static void check_request(void *arg, const struct kw_raw_request *request)
{
    static const size_t steps[] = {SIZE_MAX, 1, 2, 3, 7, 64, 1000};

    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        struct outcome out = feed_fresh(request, steps[i]);

        assert_int_equal(out.step == KW_HTTP_REFUSED, out.status != 0);
        if (out.status == (int)request->parser)
            continue;
        print_error("%s in steps of %zu: %d, expected %u\n", request->name,
                    steps[i], out.status, (unsigned)request->parser);
        ++*(unsigned *)arg;
    }
}

/* However the bytes are cut, the verdict is the same. */
static void test_corpus(void **state)
{
    unsigned wrong = 0;

    (void)state;
    assert_true(kw_requests_each(check_request, &wrong) >= 120);
    assert_int_equal(wrong, 0);
}

static void test_fields(void **state)
{
    static const char text[] =
        "PUT /a?b=c HTTP/1.1\r\n"
        "Host: h:1\r\nUser-Agent: x\r\nACCEPT: */*\r\n"
        "A-Name-That-Is-Longer-Than-Any-Of-Ours: y\r\n"
        "X-CSRF-Token: t\r\nContent-Length: 3\r\n\r\nabcGET";
    struct kw_http_parser parser;
    struct outcome out;

    (void)state;
    kw_http_parser_init(&parser, &limits);
    out = feed(&parser, text, sizeof(text) - 1, 5);
    assert_int_equal(out.step, KW_HTTP_END);
    assert_int_equal(out.heads, 1);
    assert_int_equal(out.body_bytes, 3);
    assert_int_equal(out.used, sizeof(text) - 4);
    assert_true(parser.keep_alive);
    assert_true(kw_http_parser_is_11(&parser));
    assert_string_equal(kw_http_parser_method(&parser), "PUT");
    assert_string_equal(kw_http_parser_target(&parser), "/a?b=c");
    assert_string_equal(kw_http_parser_field(&parser, KW_HTTP_HOST), "h:1");
    assert_string_equal(kw_http_parser_field(&parser, KW_HTTP_ACCEPT), "*/*");
    assert_string_equal(kw_http_parser_field(&parser, KW_HTTP_X_CSRF_TOKEN),
                        "t");
    assert_null(kw_http_parser_field(&parser, KW_HTTP_COOKIE));
    kw_http_parser_fini(&parser);
}

/* One parser, several requests: nothing of the first is left in the second. */
static void test_reset(void **state)
{
    static const char first[] = "GET /1 HTTP/1.1\r\nHost: a\r\nCookie: s=1\r\n"
                                "Connection: close\r\n\r\n";
    static const char second[] = "GET /2 HTTP/1.1\r\nHost: b\r\n\r\n";
    struct kw_http_parser parser;
    struct kw_mem_stats before;

    (void)state;
    kw_http_parser_init(&parser, &limits);
    assert_int_equal(feed(&parser, first, sizeof(first) - 1, 9).step,
                     KW_HTTP_END);
    assert_false(parser.keep_alive);
    kw_http_parser_reset(&parser);
    before = kw_mem_stats();
    assert_int_equal(feed(&parser, second, sizeof(second) - 1, 9).step,
                     KW_HTTP_END);
    assert_int_equal(kw_mem_stats().allocations, before.allocations);
    assert_true(parser.keep_alive);
    assert_string_equal(kw_http_parser_target(&parser), "/2");
    assert_null(kw_http_parser_field(&parser, KW_HTTP_COOKIE));
    kw_http_parser_fini(&parser);
}

/* A large head does not stay in memory. */
static void test_reset_shrinks(void **state)
{
    struct kw_http_parser parser;
    char text[4096] = "GET /";

    (void)state;
    memset(text + 5, 'y', 3000);
    memcpy(text + 3005, " HTTP/1.1\r\nHost: a\r\n\r\n", 23);
    kw_http_parser_init(&parser, &limits);
    assert_int_equal(feed(&parser, text, 3027, 4096).step, KW_HTTP_END);
    assert_true(parser.text.capacity > 2048);
    kw_http_parser_reset(&parser);
    assert_int_equal(parser.text.capacity, 0);
    kw_http_parser_fini(&parser);
}

static void test_length(void **state)
{
    static const char sized[] =
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 70000\r\n\r\n";
    static const char chunked[] =
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    struct kw_http_parser parser;

    (void)state;
    kw_http_parser_init(&parser, &limits);
    assert_int_equal(feed(&parser, sized, sizeof(sized) - 1, 999).step,
                     KW_HTTP_HEAD);
    assert_int_equal(kw_http_parser_length(&parser), 70000);
    kw_http_parser_reset(&parser);
    assert_int_equal(feed(&parser, chunked, sizeof(chunked) - 1, 999).step,
                     KW_HTTP_HEAD);
    assert_int_equal(kw_http_parser_length(&parser), 0);
    kw_http_parser_fini(&parser);
}

/* After END or a refusal further bytes change nothing. */
static void test_afterwards(void **state)
{
    static const char good[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    struct kw_http_parser parser;
    size_t used = 9;

    (void)state;
    kw_http_parser_init(&parser, &limits);
    (void)feed(&parser, good, sizeof(good) - 1, 999);
    assert_int_equal(kw_http_parser_feed(&parser, good, 5, &used), KW_HTTP_END);
    assert_int_equal(used, 0);
    kw_http_parser_reset(&parser);
    (void)feed(&parser, "\x01", 1, 1);
    assert_int_equal(kw_http_parser_feed(&parser, good, 5, &used),
                     KW_HTTP_REFUSED);
    assert_int_equal(parser.status, 400);
    assert_non_null(parser.why);
    kw_http_parser_fini(&parser);
}

/* A caller that gives no place for the body gets none. */
static void test_no_place_for_a_body(void **state)
{
    static const char head[] =
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n";
    struct kw_http_parser parser;
    size_t used;

    (void)state;
    kw_http_parser_init(&parser, &limits);
    assert_int_equal(
        kw_http_parser_feed(&parser, head, sizeof(head) - 1, &used),
        KW_HTTP_HEAD);
    assert_int_equal(kw_http_parser_feed(&parser, "abc", 3, &used),
                     KW_HTTP_REFUSED);
    assert_int_equal(parser.status, 413);
    kw_http_parser_fini(&parser);
}

/* Memory is given back between requests, never from under one. */
static void test_trim(void **state)
{
    static const char half[] = "GET /half HTTP/1.1\r\nHost: a\r\n";
    struct kw_http_parser parser;
    size_t used;

    (void)state;
    kw_http_parser_init(&parser, &limits);
    assert_int_equal(
        kw_http_parser_feed(&parser, half, sizeof(half) - 1, &used),
        KW_HTTP_MORE);
    kw_http_parser_trim(&parser);
    assert_true(parser.text.capacity > 0);
    assert_int_equal(kw_http_parser_feed(&parser, "\r\n", 2, &used),
                     KW_HTTP_END);
    assert_string_equal(kw_http_parser_target(&parser), "/half");
    kw_http_parser_reset(&parser);
    kw_http_parser_trim(&parser);
    assert_int_equal(parser.text.capacity, 0);
    kw_http_parser_fini(&parser);
}

/* What a head with each version gives; the two that are spoken, and others
 * that llhttp knows or doesn't. */
static void test_versions(void **state)
{
    static const struct {
        const char *text;
        int status;
    } rows[] = {
        {"HTTP/1.1", 0},   {"HTTP/1.0", 0},   {"HTTP/0.9", 400},
        {"HTTP/2.0", 400}, {"HTTP/1.2", 400}, {"HTTP/1.9", 400},
        {"HTTP/3.0", 400}, {"HTTP/0.0", 400}, {"HTTP/9.9", 400},
        {"http/1.1", 400}, {"HTTP/11", 400},  {"HTTP/1", 400},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct kw_http_parser parser;
        char text[64];
        int length = snprintf(text, sizeof(text), "GET / %s\r\nHost: a\r\n\r\n",
                              rows[i].text);

        kw_http_parser_init(&parser, &limits);
        assert_int_equal(feed(&parser, text, (size_t)length, 99).status,
                         rows[i].status);
        kw_http_parser_fini(&parser);
    }
}

/* Without memory a request is refused with 500, never read wrongly. */
static void test_no_memory(void **state)
{
    static const char text[] =
        "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";
    unsigned refused = 0;

    (void)state;
    for (uint64_t n = 1; n < 8; n++) {
        struct kw_http_parser parser;
        struct outcome out;

        kw_http_parser_init(&parser, &limits);
        kw_mem_fail_at(n);
        out = feed(&parser, text, sizeof(text) - 1, 999);
        kw_mem_fail_at(0);
        assert_true(out.step == KW_HTTP_END || out.status == 500);
        refused += out.status == 500;
        kw_http_parser_fini(&parser);
    }
    assert_true(refused >= 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_corpus),
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_reset),
        cmocka_unit_test(test_reset_shrinks),
        cmocka_unit_test(test_length),
        cmocka_unit_test(test_afterwards),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_trim),
        cmocka_unit_test(test_versions),
        cmocka_unit_test(test_no_place_for_a_body),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
