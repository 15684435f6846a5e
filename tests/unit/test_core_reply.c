/* SPDX-License-Identifier: Apache-2.0 */
#include "core/route.h"

#include "base/mem.h"
#include "lib/reply.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static int open_reply(void **state)
{
    struct kw_test_reply *reply = kw_alloc(sizeof(*reply));

    if (reply == NULL)
        return -1;
    kw_test_reply_init(reply, KW_PROFILE_USER);
    *state = reply;
    return 0;
}

static int close_reply(void **state)
{
    kw_test_reply_fini(*state);
    kw_free(*state);
    return 0;
}

/* Titles are those of RFC 9110. */
static void test_problem(void **state)
{
    static const struct {
        int status;
        const char *title;
    } rows[] = {
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {412, "Precondition Failed"},
        {422, "Unprocessable Content"},
        {428, "Precondition Required"},
        {429, "Too Many Requests"},
        {500, "Internal Server Error"},
        {503, "Service Unavailable"},
        {505, "HTTP Version Not Supported"},
        {417, "Expectation Failed"},
        {418, "Other"},
    };
    struct kw_test_reply *reply = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char expected[256];

        kw_test_reply_reset(reply);
        kw_reply_problem(&reply->request, rows[i].status, "some_key",
                         "Text with %d and \"quotes\".", 5);
        snprintf(expected, sizeof(expected),
                 "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%d,"
                 "\"key\":\"some_key\","
                 "\"detail\":\"Text with 5 and \\\"quotes\\\".\"}",
                 rows[i].title, rows[i].status);
        assert_int_equal(reply->status, rows[i].status);
        assert_string_equal(reply->type, "application/problem+json");
        assert_string_equal(kw_test_reply_text(reply), expected);
    }
}

static void test_long_problem(void **state)
{
    struct kw_test_reply *reply = *state;
    char text[2000];

    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = 0;
    kw_reply_problem(&reply->request, 400, "key", "%s", text);
    assert_int_equal(reply->status, 400);
    assert_non_null(strstr(kw_test_reply_text(reply), "xxx\"}"));
}

static void test_diag(void **state)
{
    struct kw_test_reply *reply = *state;
    struct kw_diag diag;

    kw_diag_init(&diag);
    kw_diag_add(&diag, (struct kw_mark){3, 7}, "meters[1].unit", "is bad");
    kw_diag_say(&diag, "second");
    kw_reply_diag(&reply->request, 422, "config_invalid", &diag);
    kw_test_reply_expect(reply, 422,
                         "\"detail\":\"meters[1].unit: is bad\",\"errors\":["
                         "{\"path\":\"meters[1].unit\",\"line\":3,"
                         "\"column\":7,\"message\":\"is bad\"},"
                         "{\"path\":\"\",\"message\":\"second\"}]}");
    kw_diag_fini(&diag);

    kw_test_reply_reset(reply);
    kw_reply_diag(&reply->request, 422, "empty", &diag);
    kw_test_reply_expect(reply, 422, "\"detail\":\"\",\"errors\":[]}");
}

/* As many findings as there can be, as long as they can be. */
static void test_full_diag(void **state)
{
    struct kw_test_reply *reply = *state;
    char text[KW_DIAG_TEXT_SIZE], path[KW_DIAG_PATH_SIZE];
    struct kw_diag diag;

    memset(text, '"', sizeof(text));
    memset(path, '"', sizeof(path));
    text[sizeof(text) - 1] = path[sizeof(path) - 1] = 0;
    kw_diag_init(&diag);
    for (int i = 0; i < KW_DIAG_MAX + 1; i++)
        kw_diag_add(&diag, (struct kw_mark){UINT32_MAX, UINT32_MAX}, path, "%s",
                    text);
    kw_reply_diag(&reply->request, 422, "full", &diag);
    assert_int_equal(reply->status, 422);
    assert_true(reply->body.length > 80000);
    kw_diag_fini(&diag);
}

static void test_json(void **state)
{
    struct kw_test_reply *reply = *state;
    struct kw_buf body;

    kw_buf_init(&body, 64);
    kw_buf_put_text(&body, "{\"a\":1}");
    kw_reply_header(&reply->request, "ETag", "\"5\"");
    kw_reply_json(&reply->request, 201, &body);
    kw_test_reply_expect(reply, 201, "{\"a\":1}");
    assert_string_equal(reply->type, "application/json");
    assert_true(kw_test_reply_has(reply, "ETag: \"5\""));
    assert_false(kw_test_reply_has(reply, "ETag: \"6\""));
    assert_null(body.data); /* taken */
}

/* A body that could not be made is a 500, not half a body. */
static void test_failed_json(void **state)
{
    struct kw_test_reply *reply = *state;
    struct kw_buf body;

    kw_buf_init(&body, 4);
    kw_buf_put_text(&body, "{}");
    kw_buf_put_text(&body, "too much");
    kw_reply_json(&reply->request, 200, &body);
    kw_test_reply_expect(reply, 500, "\"key\":\"internal\"");
    assert_null(body.data);
}

/* Without memory for the text there is still a status. */
static void test_no_memory(void **state)
{
    struct kw_test_reply *reply = *state;

    kw_mem_fail_at(1);
    kw_reply_problem(&reply->request, 503, "key", "Text.");
    kw_mem_fail_at(0);
    assert_int_equal(reply->status, 503);
    assert_string_equal(kw_test_reply_text(reply), "");
}

static void test_take(void **state)
{
    struct kw_test_reply *reply = *state;

    kw_reply_take(&reply->request, 204, NULL, NULL);
    assert_int_equal(reply->status, 204);
    assert_string_equal(reply->type, "");
    assert_true(reply->done);
}

static void test_stream(void **state)
{
    struct kw_test_reply *reply = *state;
    struct kw_request *request = &reply->request;

    reply->queued = 1000;
    assert_int_equal(kw_reply_begin(request, 200, "text/csv"), 0);
    assert_false(reply->done);
    assert_int_equal(kw_reply_write(request, "a,b\n", 4), 1000);
    assert_int_equal(kw_reply_write(request, "1,2\n", 4), 1000);
    kw_reply_end(request);
    kw_test_reply_expect(reply, 200, "a,b\n1,2\n");
    assert_string_equal(reply->type, "text/csv");
    assert_int_equal(reply->writes, 2);

    kw_test_reply_reset(reply);
    reply->refuse_begin = true;
    assert_int_equal(kw_reply_begin(request, 200, "text/csv"), KW_ECLOSING);
    assert_int_equal(reply->status, 0);
}

/* The document on its own, for those who answer without a request. */
static void test_format(void **state)
{
    struct kw_buf out;

    (void)state;
    kw_buf_init(&out, 1024);
    kw_problem_format(&out, 408, "slow", "Too slow.", NULL);
    assert_string_equal(kw_buf_text(&out),
                        "{\"type\":\"about:blank\",\"title\":\"Request "
                        "Timeout\",\"status\":408,\"key\":\"slow\","
                        "\"detail\":\"Too slow.\"}");
    kw_buf_fini(&out);
}

#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, open_reply, close_reply)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_problem),   TEST(test_long_problem),
        TEST(test_diag),      TEST(test_full_diag),
        TEST(test_json),      TEST(test_failed_json),
        TEST(test_no_memory), TEST(test_take),
        TEST(test_stream),    cmocka_unit_test(test_format),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
