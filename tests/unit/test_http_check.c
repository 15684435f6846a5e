/* SPDX-License-Identifier: Apache-2.0 */
#include "http/check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

static const struct kw_http_limits limits = {40, 60, 3};

/* What libraries are known to let through, and the limits at n-1, n, n+1. */
static const struct {
    const char *head;
    int status;
    int over; /* bytes behind the head; -1: the head isn't complete */
} line_rows[] = {
    {"GET / HTTP/1.1\r\nA: b\r\n\r\n", 0, 0},
    {"GET / HTTP/1.1\r\nA: b\r\n\r\nrest", 0, 4},
    {"GET / HTTP/1.1\r\n\r\n", 0, 0},
    {"\r\n\r\nGET / HTTP/1.1\r\n\r\n", 0, 0},
    {"\r\n\r\n\r\nGET / HTTP/1.1\r\n\r\n", 400, 0},
    {"GET / HTTP/1.1\r\nA: b\r\n", 0, -1},
    {"GET / HTTP/1.1", 0, -1},
    {"", 0, -1},
    {"\r\n", 0, -1},
    {"GET / HTTP/1.1\n\r\n", 400, 0},
    {"GET / HTTP/1.1\r\nA: b\n\r\n", 400, 0},
    {"GET / HTTP/1.1\r\nA:\r\r\n\r\n", 400, 0},
    {"GET / HTTP/1.1\r\nA: b\rc\r\n\r\n", 400, 0},
    {"GET /\r HTTP/1.1\r\n\r\n", 400, 0},
    {"GET / HTTP/1.1\r\nA:\n\r\n", 400, 0},
    {"GET / HTTP/1.1\r\nA: b\r\n\n", 400, 0},
    {"GET / HTTP/1.1\r\nA: b\r\n\rx", 400, 0},
    {"GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n", 400, 0},
    {"GET / HTTP/1.1\r\nA: b\r\n\tc\r\n\r\n", 400, 0},
    {"GET / HTTP/1.1\r\n A: b\r\n\r\n", 400, 0},
    {"GET / HTTP/1.1\r\n: b\r\n\r\n", 400, 0},
    {"GET / HTTP/1.1\r\nA : b\r\n\r\n", 400, 0},
    {"GET / HTTP/1.1\r\nA\r\n\r\n", 400, 0},
    {"GET / HTTP/1.1\r\nA\xC3\xA9: b\r\n\r\n", 400, 0},
    {"GET / HTTP/1.1\r\n!#$%&'*+-.^_`|~09azAZ: b\r\n\r\n", 0, 0},
    {"GET / HTTP/1.1\r\nA(: b\r\n\r\n", 400, 0},
    /* 39, 40, 41 characters in the request line */
    {"GET /234567890123456789012345 HTTP/1.1\r\n\r\n", 0, 0},
    {"GET /2345678901234567890123456789 HTTP/1.1\r\n\r\n", 414, 0},
    {"GET /23456789012345678901234567 HTTP/1.1\r\n\r\n", 0, 0},
    /* 3 and 4 fields */
    {"GET / HTTP/1.1\r\nA: b\r\nB: c\r\nC: d\r\n\r\n", 0, 0},
    {"GET / HTTP/1.1\r\nA: b\r\nB: c\r\nC: d\r\nD: e\r\n\r\n", 431, 0},
    /* 60 and 61 bytes of fields */
    {"GET / HTTP/1.1\r\n"
     "A: 4567890123456789012345678901234567890123456789012345678\r\n\r\n",
     0, 0},
    {"GET / HTTP/1.1\r\n"
     "A: 45678901234567890123456789012345678901234567890123456789\r\n\r\n",
     431, 0},
};

static int scan(const char *head, size_t step, size_t *total, bool *ended)
{
    struct kw_http_lines lines = {0};
    size_t length = strlen(head);
    int status = 0;

    *total = 0;
    while (status == 0 && *total < length && lines.place != KW_HTTP_HEAD_END) {
        size_t piece = length - *total < step ? length - *total : step, used;

        status =
            kw_http_lines_scan(&lines, &limits, head + *total, piece, &used);
        *total += used;
    }
    *ended = lines.place == KW_HTTP_HEAD_END;
    return status;
}

static void test_lines(void **state)
{
    static const size_t steps[] = {999, 1, 2, 5};

    (void)state;
    for (size_t i = 0; i < ROWS(line_rows) * ROWS(steps); i++) {
        const char *head = line_rows[i / ROWS(steps)].head;
        int over = line_rows[i / ROWS(steps)].over;
        size_t total;
        bool ended;
        int status = scan(head, steps[i % ROWS(steps)], &total, &ended);

        if (status != line_rows[i / ROWS(steps)].status)
            fail_msg("\"%s\": %d", head, status);
        if (status != 0)
            continue;
        assert_int_equal(ended, over >= 0);
        assert_int_equal(total, strlen(head) - (size_t)(over > 0 ? over : 0));
    }
}

/* A request line that never ends is refused as soon as it is too long. */
static void test_line_without_end(void **state)
{
    struct kw_http_lines lines = {0};
    size_t used, fed = 0;
    int status = 0;

    (void)state;
    while (status == 0) {
        status = kw_http_lines_scan(&lines, &limits, "x", 1, &used);
        fed += used;
    }
    assert_int_equal(status, 414);
    assert_int_equal(fed, 42); /* 40, a CR, and one too many */
}

static const struct {
    const char *body;
    int status, over;
} chunk_rows[] = {
    {"0\r\n\r\n", 0, 0},
    {"0\r\n\r\nGET /", 0, 5},
    {"3\r\nabc\r\n0\r\n\r\n", 0, 0},
    {"a\r\n0123456789\r\nA\r\n0123456789\r\n00\r\n\r\n", 0, 0},
    {"3\r\nabc\r\n", 0, -1},
    {"3\r\nab", 0, -1},
    {"", 0, -1},
    {"0000000000000003\r\nabc\r\n0\r\n\r\n", 0, 0},
    {"00000000000000003\r\n", 400, 0},
    {"14\r\n", 0, -1},
    {"15", 413, 0},
    {"a\r\n0123456789\r\nB", 413, 0},
    {"ffffffffffffffff", 413, 0},
    {"\r\n", 400, 0},
    {"g\r\n", 400, 0},
    {" 3\r\n", 400, 0},
    {"3 \r\n", 400, 0},
    {"3;x\r\n", 400, 0},
    {"0x3\r\n", 400, 0},
    {"+3\r\n", 400, 0},
    {"3\n", 400, 0},
    {"3\rX", 400, 0},
    {"3\r\nabcd", 400, 0},
    {"3\r\nabc\n", 400, 0},
    {"3\r\nabc\rX", 400, 0},
    {"0\r\nX: y\r\n\r\n", 400, 0},
    {"0\r\n\n", 400, 0},
    {"0\r\n\rX", 400, 0},
};

static void test_chunks(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(chunk_rows) * 2; i++) {
        const char *body = chunk_rows[i / 2].body;
        struct kw_http_chunks chunks = {.limit = 20};
        size_t length = strlen(body), total = 0, used = 0;
        int status = 0, over = chunk_rows[i / 2].over;

        while (status == 0 && total < length &&
               chunks.place != KW_HTTP_CHUNKS_END) {
            status = kw_http_chunks_scan(&chunks, body + total,
                                         i % 2 ? 1 : length - total, &used);
            total += used;
        }
        if (status != chunk_rows[i / 2].status)
            fail_msg("\"%s\": %d", body, status);
        if (status != 0)
            continue;
        assert_int_equal(chunks.place == KW_HTTP_CHUNKS_END, over >= 0);
        assert_int_equal(total, length - (size_t)(over > 0 ? over : 0));
    }
}

static const struct {
    const char *target;
    const char *path; /* NULL: refused */
    const char *query;
} target_rows[] = {
    {"/", "/", NULL},
    {"/?", "/", ""},
    {"/a/b?c=d?e", "/a/b", "c=d?e"},
    {"/a%20b", "/a b", NULL},
    {"/%41%7e", "/A~", NULL},
    {"/caf%C3%A9", "/caf\xC3\xA9", NULL},
    {"/a..b/...", "/a..b/...", NULL},
    {"//a", "//a", NULL},
    {"/x/y/z", "/x/y/z", NULL},
    {"/.a/ab/a.", "/.a/ab/a.", NULL},
    {"/a;b=c", "/a;b=c", NULL},
    {"/?a=%00%2F", "/", "a=%00%2F"},
    {"", NULL, NULL},
    {"a", NULL, NULL},
    {"*", NULL, NULL},
    {"https://a/", NULL, NULL},
    {"/..", NULL, NULL},
    {"/../a", NULL, NULL},
    {"/a/..", NULL, NULL},
    {"/a/./b", NULL, NULL},
    {"/.", NULL, NULL},
    {"/%2e%2e/a", NULL, NULL},
    {"/.%2E", NULL, NULL},
    {"/a%2fb", NULL, NULL},
    {"/a%2Fb", NULL, NULL},
    {"/a%5Cb", NULL, NULL},
    {"/a\\b", NULL, NULL},
    {"/%00", NULL, NULL},
    {"/%0A", NULL, NULL},
    {"/%1f", NULL, NULL},
    {"/%7F", NULL, NULL},
    {"/%", NULL, NULL},
    {"/%4", NULL, NULL},
    {"/%4g", NULL, NULL},
    {"/%g4", NULL, NULL},
    {"/%80", NULL, NULL},
    {"/%C0%AF", NULL, NULL},
    {"/%ED%A0%80", NULL, NULL},
    {"/a b", NULL, NULL},
    {"/a\tb", NULL, NULL},
    {"/a\fb", NULL, NULL},
    {"/?a\tb", NULL, NULL},
    {"/?a\fb", NULL, NULL},
    {"/a\x7F", NULL, NULL},
    {"/\xC3\xA9", NULL, NULL},
    {"/a#b", NULL, NULL},
    {"/?a#b", NULL, NULL},
    {"/?a b", NULL, NULL},
    {"/?\x7F", NULL, NULL},
    {"/?\xC3\xA9", NULL, NULL},
};

static void test_target(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(target_rows); i++) {
        const char *query = "untouched";
        char path[64];
        bool ok = kw_http_target_split(target_rows[i].target, path, &query);

        if (ok != (target_rows[i].path != NULL))
            fail_msg("%s: %d", target_rows[i].target, ok);
        if (!ok)
            continue;
        assert_string_equal(path, target_rows[i].path);
        if (target_rows[i].query == NULL)
            assert_null(query);
        else
            assert_string_equal(query, target_rows[i].query);
    }
}

static const struct {
    const char *host;
    bool ok;
} host_rows[] = {
    {"a", true},
    {"gateway.example", true},
    {"gate-way_1.example.", true},
    {"192.0.2.1:8443", true},
    {"[::1]", true},
    {"[2001:db8::1]:443", true},
    {"a:1", true},
    {"a:65535", true},
    {"", false},
    {":80", false},
    {"a:", false},
    {"a:x", false},
    {"a:123456", false},
    {"a b", false},
    {"a/b", false},
    {"a@b", false},
    {"a,b", false},
    {"[]", false},
    {"[::1", false},
    {"[::1]x", false},
    {"[::1]:", false},
    {"[g]", false},
    {"caf\xC3\xA9", false},
};

static void test_host(void **state)
{
    char longest[255];

    (void)state;
    for (size_t i = 0; i < ROWS(host_rows); i++) {
        if (kw_http_host_ok(host_rows[i].host) != host_rows[i].ok)
            fail_msg("%s", host_rows[i].host);
    }
    memset(longest, 'a', sizeof(longest));
    longest[254] = 0;
    assert_false(kw_http_host_ok(longest));
    longest[253] = 0;
    assert_true(kw_http_host_ok(longest));
}

static const struct {
    const char *host, *origin, *site;
    bool get, post;
} source_rows[] = {
    {"gw", NULL, NULL, true, true},
    {"gw", "https://gw", NULL, true, true},
    {"gw", "HTTPS://GW", NULL, true, true},
    {"gw:8443", "https://gw:8443", "same-origin", true, true},
    {"gw", NULL, "same-origin", true, true},
    {"gw", NULL, "none", true, false},
    {"gw", NULL, "same-site", false, false},
    {"gw", NULL, "cross-site", false, false},
    {"gw", NULL, "", false, false},
    {"gw", NULL, "Same-Origin", false, false},
    {"gw", "null", NULL, false, false},
    {"gw", "http://gw", NULL, false, false},
    {"gw", "https://gw.evil", NULL, false, false},
    {"gw", "https://gw:444", NULL, false, false},
    {"gw", "https://evil", "same-origin", false, false},
    {"gw", "", NULL, false, false},
    {NULL, "https://gw", NULL, false, false},
    {NULL, NULL, NULL, true, true},
};

static void test_source(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(source_rows); i++) {
        struct kw_http_source source = {
            source_rows[i].host, source_rows[i].origin, source_rows[i].site};

        assert_int_equal(kw_http_source_ok(&source, false), source_rows[i].get);
        assert_int_equal(kw_http_source_ok(&source, true), source_rows[i].post);
    }
}

static void test_json(void **state)
{
    static const char *const good[] = {"application/json", "Application/JSON",
                                       "application/json;charset=x",
                                       "application/json ; charset=utf-8"};
    static const char *const bad[] = {"",
                                      "application/jsonx",
                                      "application/json x",
                                      "application",
                                      "text/plain",
                                      "text/plain; application/json",
                                      " application/json"};

    (void)state;
    for (size_t i = 0; i < ROWS(good); i++)
        assert_true(kw_http_is_json(good[i]));
    for (size_t i = 0; i < ROWS(bad); i++)
        assert_false(kw_http_is_json(bad[i]));
}

static void test_cookie(void **state)
{
    static const struct {
        const char *header, *value;
    } cookies[] = {
        {"k=v", "v"},       {"a=b; k=v", "v"}, {"k=v;a=b", "v"},
        {"k=v=w", "v=w"},   {"", ""},          {"k=", ""},
        {"kk=v", ""},       {"K=v", ""},       {"k", ""},
        {"k=v; k=w", ""},   {"a=k=v", ""},     {";;k=v", "v"},
        {"xk=v; k=w", "w"}, {"k=; k=w", ""},   {"k=w; k=", ""},
    };

    (void)state;
    for (size_t i = 0; i < ROWS(cookies); i++) {
        const char *value = "";
        size_t length = kw_http_cookie(cookies[i].header, "k", &value);

        assert_int_equal(length, strlen(cookies[i].value));
        assert_memory_equal(value, cookies[i].value, length);
    }
}

static const struct {
    const char *accept;
    enum kw_http_form all, gzip_only;
} accept_rows[] = {
    {NULL, KW_HTTP_PLAIN, KW_HTTP_PLAIN},
    {"", KW_HTTP_PLAIN, KW_HTTP_PLAIN},
    {"br", KW_HTTP_BR, KW_HTTP_PLAIN},
    {"gzip", KW_HTTP_GZIP, KW_HTTP_GZIP},
    {"gzip, deflate, br", KW_HTTP_BR, KW_HTTP_GZIP},
    {"GZIP", KW_HTTP_GZIP, KW_HTTP_GZIP},
    {"*", KW_HTTP_BR, KW_HTTP_GZIP},
    {"*;q=0", KW_HTTP_PLAIN, KW_HTTP_PLAIN},
    {"br;q=0, *", KW_HTTP_GZIP, KW_HTTP_GZIP},
    {"br;q=0.2, gzip;q=0.8", KW_HTTP_GZIP, KW_HTTP_GZIP},
    {"br ; q=1.000 , gzip", KW_HTTP_BR, KW_HTTP_GZIP},
    {"br;q=0.001", KW_HTTP_BR, KW_HTTP_PLAIN},
    {"identity, br;q=0.5", KW_HTTP_PLAIN, KW_HTTP_PLAIN},
    {"identity;q=0.5, gzip;q=1.0", KW_HTTP_GZIP, KW_HTTP_GZIP},
    {"gzip;q=1.001", KW_HTTP_PLAIN, KW_HTTP_PLAIN},
    {"gzip;q=2", KW_HTTP_PLAIN, KW_HTTP_PLAIN},
    {"gzip;q=", KW_HTTP_PLAIN, KW_HTTP_PLAIN},
    {"gzip;q=0.1234", KW_HTTP_PLAIN, KW_HTTP_PLAIN},
    {"gzip;q=0x1", KW_HTTP_PLAIN, KW_HTTP_PLAIN},
    {"gzip;q=0.x", KW_HTTP_PLAIN, KW_HTTP_PLAIN},
    {"gzip;level=9", KW_HTTP_PLAIN, KW_HTTP_PLAIN},
    {"gzip;", KW_HTTP_PLAIN, KW_HTTP_PLAIN},
    {"gzip;Q=0.5 \t", KW_HTTP_GZIP, KW_HTTP_GZIP},
    {"gzipx, xgzip, g", KW_HTTP_PLAIN, KW_HTTP_PLAIN},
    {", ,gzip,", KW_HTTP_GZIP, KW_HTTP_GZIP},
    {"gzip;\tq=0.5", KW_HTTP_GZIP, KW_HTTP_GZIP},
    {"gzip; \t", KW_HTTP_PLAIN, KW_HTTP_PLAIN},
    {"gzip;q", KW_HTTP_PLAIN, KW_HTTP_PLAIN},
    {"gzip;q:1", KW_HTTP_PLAIN, KW_HTTP_PLAIN},
    {"gzip;q= ", KW_HTTP_PLAIN, KW_HTTP_PLAIN},
    {"gzip;q=0.-", KW_HTTP_PLAIN, KW_HTTP_PLAIN},
    {"gzip;q=1x", KW_HTTP_PLAIN, KW_HTTP_PLAIN},
    {"gzip;q=:", KW_HTTP_PLAIN, KW_HTTP_PLAIN},
    {"bz, gzop", KW_HTTP_PLAIN, KW_HTTP_PLAIN},
    {"x, *", KW_HTTP_BR, KW_HTTP_GZIP},
};

static void test_choose(void **state)
{
    static const bool all[KW_HTTP_FORMS] = {true, true, true};
    static const bool gzip[KW_HTTP_FORMS] = {true, false, true};

    (void)state;
    for (size_t i = 0; i < ROWS(accept_rows); i++) {
        if (kw_http_choose(accept_rows[i].accept, all) != accept_rows[i].all ||
            kw_http_choose(accept_rows[i].accept, gzip) !=
                accept_rows[i].gzip_only)
            fail_msg("%s", accept_rows[i].accept);
    }
}

static void test_etag(void **state)
{
    const char *tag = NULL;

    (void)state;
    assert_true(kw_http_etag_listed("*", "\"a\""));
    assert_true(kw_http_etag_listed("\"a\"", "\"a\""));
    assert_true(kw_http_etag_listed("W/\"a\"", "\"a\""));
    assert_true(kw_http_etag_listed("\"b\" , \"a\" ", "\"a\""));
    assert_true(kw_http_etag_listed("\"b\",\t\"a\",\"c\"", "\"a\""));
    assert_false(kw_http_etag_listed("", "\"a\""));
    assert_false(kw_http_etag_listed("a", "\"a\""));
    assert_false(kw_http_etag_listed("\"ab\"", "\"a\""));
    assert_false(kw_http_etag_listed("\"b\", *", "\"a\""));
    assert_true(kw_http_etag_listed("\"b\",\"a\"\t \t", "\"a\""));
    assert_true(kw_http_etag_listed("W/,\"a\"", "\"a\""));
    assert_false(kw_http_etag_listed("W/", "\"a\""));
    assert_false(kw_http_etag_listed("\"b\"", "\"a\""));
    assert_int_equal(kw_http_etag_unquote("\"17\"", &tag), 2);
    assert_memory_equal(tag, "17", 2);
    assert_int_equal(kw_http_etag_unquote("\"\"", &tag), 0);
    assert_int_equal(kw_http_etag_unquote("17", &tag), 0);
    assert_int_equal(kw_http_etag_unquote("\"17", &tag), 0);
    assert_int_equal(kw_http_etag_unquote("17\"", &tag), 0);
    assert_int_equal(kw_http_etag_unquote("W/\"17\"", &tag), 0);
    assert_int_equal(kw_http_etag_unquote("\"1\", \"2\"", &tag), 0);
    assert_int_equal(kw_http_etag_unquote("", &tag), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),  cmocka_unit_test(test_line_without_end),
        cmocka_unit_test(test_chunks), cmocka_unit_test(test_target),
        cmocka_unit_test(test_host),   cmocka_unit_test(test_source),
        cmocka_unit_test(test_json),   cmocka_unit_test(test_cookie),
        cmocka_unit_test(test_choose), cmocka_unit_test(test_etag),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
