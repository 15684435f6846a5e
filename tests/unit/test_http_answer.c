/* SPDX-License-Identifier: Apache-2.0 */
#include "http/answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Every answer has these (SEC-26). */
static const char *const security[] = {
    "Strict-Transport-Security: max-age=31536000\r\n",
    "Content-Security-Policy: default-src 'none'; script-src 'self'; "
    "style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "worker-src 'self'; manifest-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'\r\n",
    "X-Content-Type-Options: nosniff\r\n",
    "Referrer-Policy: no-referrer\r\n",
    "Cross-Origin-Opener-Policy: same-origin\r\n",
    "Cross-Origin-Resource-Policy: same-origin\r\n",
};

static char text[4096];

static const char *format(struct kw_http_answer answer)
{
    struct kw_buf out;

    answer.date = "D";
    answer.title = answer.status == 200 ? "OK" : "Title";
    kw_buf_init(&out, sizeof(text) - 1);
    kw_http_answer_put(&out, &answer);
    snprintf(text, sizeof(text), "%s", kw_buf_text(&out));
    kw_buf_fini(&out);
    for (size_t i = 0; i < sizeof(security) / sizeof(security[0]); i++)
        assert_non_null(strstr(text, security[i]));
    assert_null(strstr(text, "Server:"));
    assert_string_equal(text + strlen(text) - 4, "\r\n\r\n");
    return text;
}

static bool has(const char *line)
{
    return strstr(text, line) != NULL;
}

static void test_content(void **state)
{
    (void)state;
    format((struct kw_http_answer){.status = 200,
                                   .type = "text/plain",
                                   .length = 12,
                                   .keep_alive = true,
                                   .fields = "A: b\r\n",
                                   .fields_length = 6});
    assert_int_equal(strncmp(text, "HTTP/1.1 200 OK\r\nDate: D\r\n", 26), 0);
    assert_true(has("\r\nContent-Type: text/plain\r\n"));
    assert_true(has("\r\nContent-Length: 12\r\n"));
    assert_true(has("\r\nCache-Control: no-store\r\n"));
    assert_true(has("\r\nA: b\r\n\r\n"));
    assert_false(has("Connection"));
    assert_false(has("Transfer-Encoding"));
}

static void test_framing(void **state)
{
    (void)state;
    format((struct kw_http_answer){.status = 204});
    assert_false(has("Content-Length"));
    assert_false(has("\nContent-Type"));
    assert_true(has("\r\nConnection: close\r\n"));
    format((struct kw_http_answer){.status = 304, .cache = "no-cache"});
    assert_false(has("Content-Length"));
    assert_true(has("\r\nCache-Control: no-cache\r\n"));
    format((struct kw_http_answer){.status = 404});
    assert_true(has("\r\nContent-Length: 0\r\n"));
    format((struct kw_http_answer){
        .status = 200, .stream = true, .chunked = true});
    assert_true(has("\r\nTransfer-Encoding: chunked\r\n"));
    assert_false(has("Content-Length"));
    format((struct kw_http_answer){.status = 200, .stream = true});
    assert_false(has("Transfer-Encoding"));
    assert_false(has("Content-Length"));
}

static void test_status_line(void **state)
{
    (void)state;
    assert_int_equal(strncmp(format((struct kw_http_answer){.status = 431}),
                             "HTTP/1.1 431 Title\r\n", 20),
                     0);
    assert_int_equal(strncmp(format((struct kw_http_answer){.status = 599}),
                             "HTTP/1.1 599 Title\r\n", 20),
                     0);
}

static void test_date(void **state)
{
    char date[KW_HTTP_DATE_SIZE];

    (void)state;
    kw_http_date(784111777000, date);
    assert_string_equal(date, "Sun, 06 Nov 1994 08:49:37 GMT");
    kw_http_date(1709210096999, date);
    assert_string_equal(date, "Thu, 29 Feb 2024 12:34:56 GMT");
    kw_http_date(0, date);
    assert_string_equal(date, "Thu, 01 Jan 1970 00:00:00 GMT");
    kw_http_date(INT64_MAX, date);
    assert_string_equal(date, "Thu, 01 Jan 1970 00:00:00 GMT");
    kw_http_date(-62167219201000, date); /* before the year 0 */
    assert_string_equal(date, "Thu, 01 Jan 1970 00:00:00 GMT");
}

static void test_line(void **state)
{
    (void)state;
    assert_true(kw_http_line_ok("Set-Cookie", "a=b; Path=/"));
    assert_true(kw_http_line_ok("A", ""));
    assert_true(kw_http_line_ok("A", "caf\xC3\xA9"));
    assert_false(kw_http_line_ok("", "x"));
    assert_false(kw_http_line_ok("A b", "x"));
    assert_false(kw_http_line_ok("A:", "x"));
    assert_false(kw_http_line_ok("A", "x\r\nB: y"));
    assert_false(kw_http_line_ok("A", "x\n"));
    assert_false(kw_http_line_ok("A", "x\x7F"));
    assert_false(kw_http_line_ok("A", "\t"));
}

static void test_chunk(void **state)
{
    char head[KW_HTTP_CHUNK_SIZE];

    (void)state;
    assert_int_equal(kw_http_chunk_head(1, head), 3);
    assert_string_equal(head, "1\r\n");
    assert_int_equal(kw_http_chunk_head(0xABCDEF, head), 8);
    assert_string_equal(head, "abcdef\r\n");
    assert_int_equal(kw_http_chunk_head(SIZE_MAX, head), 18);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_content),     cmocka_unit_test(test_framing),
        cmocka_unit_test(test_status_line), cmocka_unit_test(test_date),
        cmocka_unit_test(test_line),        cmocka_unit_test(test_chunk),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
