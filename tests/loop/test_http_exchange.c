/* SPDX-License-Identifier: Apache-2.0 */
/* What a request may do, and what comes back: routes, rights, files. */
#include "http_world.h"

#include "base/text.h"

/* Each test has a server of its own and one connection. */
struct site {
    struct http_world world;
    struct kw_web web;
};

static int open_site(void **state)
{
    static struct site site;

    world_open(&site.world);
    kw_web_open(&site.web, &site.world.fixture, site.world.port);
    *state = &site;
    return 0;
}

static int close_site(void **state)
{
    struct site *site = *state;

    kw_web_close(&site->web);
    world_close(&site->world);
    return 0;
}

/* One request with lines of its own ("" or ending with CRLF); a connection
 * that ended is opened again. */
static void ask(struct site *site, const char *line, const char *fields,
                const char *body, struct kw_web_answer *answer)
{
    char text[4096];

    if (site->web.ended) {
        kw_web_close(&site->web);
        kw_web_open(&site->web, &site->world.fixture, site->world.port);
    }
    snprintf(text, sizeof(text), "%s HTTP/1.1\r\nHost: gw\r\n%s", line, fields);
    if (body != NULL)
        snprintf(text + strlen(text), sizeof(text) - strlen(text),
                 "Content-Length: %zu\r\n\r\n%s", strlen(body), body);
    else
        snprintf(text + strlen(text), sizeof(text) - strlen(text), "\r\n");
    kw_web_text(&site->web, text);
    if (kw_text_starts(line, "HEAD "))
        kw_web_head_answer(&site->web, answer);
    else
        kw_web_answer(&site->web, answer);
}

static bool ended(void *arg)
{
    return ((struct kw_web *)arg)->ended;
}

/* The status, and with 4xx the key of the problem. */
static unsigned status_of(struct site *site, const char *line,
                          const char *fields, const char *body, char key[64])
{
    struct kw_web_answer answer;
    const char *at;
    char connection[16];
    unsigned status;

    ask(site, line, fields, body, &answer);
    key[0] = 0;
    at = strstr(kw_buf_text(&answer.body), "\"key\":\"");
    if (at != NULL)
        snprintf(key, 64, "%.*s", (int)strcspn(at + 7, "\""), at + 7);
    status = answer.status;
    if (kw_web_field(&answer, "Connection", connection, sizeof(connection)))
        kw_fixture_until(&site->world.fixture, ended, &site->web);
    kw_web_drop(&answer);
    return status;
}

#define COOKIE(token) "Cookie: theme=dark; __Host-kw=" token "; x=y\r\n"
#define JSON "Content-Type: application/json\r\n"
#define ORIGIN "Origin: https://gw\r\n"
#define TOKEN(token) "X-CSRF-Token: csrf-" token "\r\n"

/* Rows of what is asked and what must come back. */
static const struct {
    const char *line, *fields, *body;
    unsigned status;
    const char *key;
} rows[] = {
    /* sessions and permissions */
    {"GET /api/v1/open", "", NULL, 200, ""},
    {"GET /api/v1/see", "", NULL, 401, "no_session"},
    {"GET /api/v1/see", COOKIE("user"), NULL, 200, ""},
    {"GET /api/v1/see", COOKIE("admin"), NULL, 200, ""},
    {"GET /api/v1/see", COOKIE("nobody"), NULL, 401, "no_session"},
    {"GET /api/v1/see", COOKIE(""), NULL, 401, "no_session"},
    {"GET /api/v1/see", "Cookie: __Host-kw=user; __Host-kw=admin\r\n", NULL,
     401, "no_session"},
    {"GET /api/v1/see", "Cookie: Host-kw=user\r\n", NULL, 401, "no_session"},
    {"GET /api/v1/see", COOKIE("setup"), NULL, 403, "setup_required"},
    {"GET /api/v1/setup-only", COOKIE("setup"), NULL, 200, ""},
    {"GET /api/v1/setup-only", COOKIE("admin"), NULL, 403, "not_permitted"},
    {"GET /api/v1/none", "", NULL, 401, "no_session"},
    {"GET /api/v1/none", COOKIE("user"), NULL, 404, "not_found"},
    {"GET /api", COOKIE("user"), NULL, 404, "not_found"},
    {"GET /api/", COOKIE("user"), NULL, 404, "not_found"},
    {"GET /api/v1", COOKIE("user"), NULL, 404, "not_found"},
    {"GET /api/v1x/open", COOKIE("user"), NULL, 404, "not_found"},
    {"GET /api/v1/open/", COOKIE("user"), NULL, 404, "not_found"},
    {"PATCH /api/v1/configure", COOKIE("admin"), NULL, 405,
     "method_not_allowed"},
    /* where a request comes from */
    {"GET /api/v1/see", COOKIE("user") "Sec-Fetch-Site: same-origin\r\n", NULL,
     200, ""},
    {"GET /api/v1/see", COOKIE("user") "Sec-Fetch-Site: none\r\n", NULL, 200,
     ""},
    {"GET /api/v1/see", COOKIE("user") "Sec-Fetch-Site: cross-site\r\n", NULL,
     403, "foreign_origin"},
    {"GET /api/v1/see", COOKIE("user") "Sec-Fetch-Site: same-site\r\n", NULL,
     403, "foreign_origin"},
    {"GET /api/v1/see", COOKIE("user") ORIGIN, NULL, 200, ""},
    {"GET /api/v1/see", COOKIE("user") "Origin: https://evil\r\n", NULL, 403,
     "foreign_origin"},
    {"GET /api/v1/see", COOKIE("user") "Origin: null\r\n", NULL, 403,
     "foreign_origin"},
    {"GET /", "Origin: https://evil\r\nSec-Fetch-Site: cross-site\r\n", NULL,
     200, ""},
    /* what changes something */
    {"POST /api/v1/configure", COOKIE("admin") JSON ORIGIN TOKEN("admin"),
     "{\"text\":\"a\"}", 200, ""},
    {"POST /api/v1/configure", COOKIE("admin") JSON TOKEN("admin"),
     "{\"text\":\"a\"}", 200, ""},
    {"POST /api/v1/configure", JSON ORIGIN, "{\"text\":\"a\"}", 401,
     "no_session"},
    {"POST /api/v1/configure", COOKIE("user") JSON ORIGIN TOKEN("user"),
     "{\"text\":\"a\"}", 403, "not_permitted"},
    {"POST /api/v1/configure", COOKIE("admin") JSON ORIGIN, "{\"text\":\"a\"}",
     403, "csrf_token"},
    {"POST /api/v1/configure", COOKIE("admin") JSON ORIGIN TOKEN("user"),
     "{\"text\":\"a\"}", 403, "csrf_token"},
    {"POST /api/v1/configure",
     COOKIE("admin") JSON TOKEN("admin") "Origin: https://evil\r\n",
     "{\"text\":\"a\"}", 403, "foreign_origin"},
    {"POST /api/v1/configure",
     COOKIE("admin") JSON TOKEN("admin") "Origin: http://gw\r\n",
     "{\"text\":\"a\"}", 403, "foreign_origin"},
    {"POST /api/v1/configure",
     COOKIE("admin") JSON TOKEN("admin") "Origin: null\r\n", "{\"text\":\"a\"}",
     403, "foreign_origin"},
    {"POST /api/v1/configure",
     COOKIE("admin") JSON TOKEN("admin") "Sec-Fetch-Site: none\r\n",
     "{\"text\":\"a\"}", 403, "foreign_origin"},
    {"POST /api/v1/configure",
     COOKIE("admin") TOKEN("admin") "Content-Type: text/plain\r\n",
     "{\"text\":\"a\"}", 403, "content_type"},
    {"POST /api/v1/configure", COOKIE("admin") TOKEN("admin"),
     "{\"text\":\"a\"}", 403, "content_type"},
    {"GET /api/v1/configure", COOKIE("admin") TOKEN("admin"), NULL, 405,
     "method_not_allowed"},
    {"DELETE /api/v1/configure", COOKIE("admin") JSON TOKEN("admin"), NULL, 204,
     ""},
    {"DELETE /api/v1/configure", COOKIE("admin") JSON TOKEN("admin"), "{}", 422,
     "body_invalid"},
    {"POST /api/v1/echo", JSON "Origin: https://evil\r\n", "{\"text\":\"a\"}",
     403, "foreign_origin"},
    /* a recent password */
    {"PUT /api/v1/tree", COOKIE("admin") JSON TOKEN("admin"), "[]", 401,
     "reauthenticate"},
    {"PUT /api/v1/tree", COOKIE("recent") JSON TOKEN("recent"), "[]", 200, ""},
    {"PUT /api/v1/tree", COOKIE("recent") JSON TOKEN("recent"), "", 422,
     "body_invalid"},
    /* queries */
    {"GET /api/v1/echo?text=a%20b+c", "", NULL, 200, ""},
    {"GET /api/v1/echo", "", NULL, 422, "query_invalid"},
    {"GET /api/v1/echo?", "", NULL, 422, "query_invalid"},
    {"GET /api/v1/echo?text=a&more=b", "", NULL, 422, "query_invalid"},
    {"GET /api/v1/echo?text=a&text=b", "", NULL, 422, "query_invalid"},
    {"GET /api/v1/echo?text=%zz", "", NULL, 422, "query_invalid"},
    {"GET /api/v1/echo?text=%00", "", NULL, 422, "query_invalid"},
    {"GET /api/v1/see?x=y", COOKIE("user"), NULL, 422, "query_invalid"},
    /* files */
    {"GET /", "", NULL, 200, ""},
    {"GET /index.html", "", NULL, 200, ""},
    {"GET /none.html", "", NULL, 404, "not_found"},
    {"GET /tls/server.key", "", NULL, 404, "not_found"},
    {"DELETE /", "", NULL, 405, "method_not_allowed"},
};

static void test_rows(void **state)
{
    struct site *site = *state;
    char key[64];

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        unsigned status =
            status_of(site, rows[i].line, rows[i].fields, rows[i].body, key);

        if (status != rows[i].status || strcmp(key, rows[i].key) != 0)
            fail_msg("%s with %s: %u %s, expected %u %s", rows[i].line,
                     rows[i].fields, status, key, rows[i].status, rows[i].key);
    }
}

static void test_allow(void **state)
{
    struct site *site = *state;
    struct kw_web_answer answer;
    char allow[64];

    ask(site, "TRACE /api/v1/configure", COOKIE("admin"), NULL, &answer);
    assert_true(kw_web_field(&answer, "Allow", allow, sizeof(allow)));
    assert_string_equal(allow, "POST, DELETE");
    kw_web_drop(&answer);
    ask(site, "PUT /", "", NULL, &answer);
    assert_true(kw_web_field(&answer, "Allow", allow, sizeof(allow)));
    assert_string_equal(allow, "GET, HEAD");
    kw_web_drop(&answer);
}

/* What the handler is given. */
static void test_request(void **state)
{
    struct site *site = *state;
    struct kw_web_answer answer;

    ask(site, "GET /api/v1/echo/a%C3%A9?text=x%2Fy",
        "Accept: text/csv\r\nIf-Match: \"7\"\r\n", NULL, &answer);
    assert_int_equal(answer.status, 200);
    assert_string_equal(kw_buf_text(&answer.body),
                        "{\"text\":\"x/y\",\"address\":\"127.0.0.1\","
                        "\"accept\":\"text/csv\",\"if_match\":\"7\","
                        "\"param\":\"a\xC3\xA9\"}");
    kw_web_drop(&answer);
    ask(site, "GET /api/v1/echo?text=x", "If-Match: W/\"7\"\r\n", NULL,
        &answer);
    assert_non_null(strstr(kw_buf_text(&answer.body), "\"if_match\":\"none\""));
    kw_web_drop(&answer);
}

/* A browser's timer must not keep a session awake; a stream neither. */
static void test_activity(void **state)
{
    struct site *site = *state;
    struct kw_web_answer answer;
    unsigned *active = &fake_auth->sessions[0].active;

    ask(site, "GET /api/v1/see", COOKIE("user"), NULL, &answer);
    kw_web_drop(&answer);
    assert_int_equal(*active, 1);
    ask(site, "GET /api/v1/see", COOKIE("user") "X-Background: 1\r\n", NULL,
        &answer);
    kw_web_drop(&answer);
    assert_int_equal(*active, 1);
    ask(site, "GET /api/v1/see", COOKIE("user") "X-Background: 0\r\n", NULL,
        &answer);
    kw_web_drop(&answer);
    assert_int_equal(*active, 2);
    kw_web_text(
        &site->web,
        "GET /api/v1/stream HTTP/1.1\r\nHost: gw\r\n" COOKIE("user") "\r\n");
    kw_web_until(&site->web, "first");
    assert_int_equal(*active, 2);
}

/* The body comes after the session has ended: nothing is done any more. */
static void test_session_ends_before_body(void **state)
{
    struct site *site = *state;

    kw_web_text(&site->web,
                "POST /api/v1/configure HTTP/1.1\r\nHost: gw\r\n" COOKIE(
                    "admin") JSON TOKEN("admin") "Content-Length: 12\r\n\r\n"
                                                 "{\"text\":\"a\"");
    kw_fixture_run_ms(&site->world.fixture, 50);
    fake_auth->sessions[1].ended = true;
    kw_web_text(&site->web, "}");
    kw_web_until(&site->web, "no_session");
}

/* The head of a request whose body is still missing a byte. */
static void begin_post(struct site *site)
{
    kw_web_text(&site->web, "POST /api/v1/echo HTTP/1.1\r\nHost: gw\r\n" JSON
                            "Content-Length: 12\r\n\r\n{\"text\":\"a\"");
    kw_fixture_run_ms(&site->world.fixture, 50);
}

/* The module that handles it is stopped between head and body, and in another
 * request started again: nobody is handed the state that was. */
static void test_module_changes_before_body(void **state)
{
    struct site *site = *state;
    struct kw_module_slot *slot = &site->world.registry->slots[WORLD_INDEX];
    struct kw_web_answer answer;
    void *self = slot->self;
    int again;

    begin_post(site);
    slot->state = KW_MODULE_STOPPED;
    slot->self = NULL;
    kw_web_text(&site->web, "}");
    kw_web_answer(&site->web, &answer);
    assert_int_equal(answer.status, 503);
    assert_non_null(strstr(kw_buf_text(&answer.body), "not_running"));
    kw_web_drop(&answer);
    assert_null(seen.self);
    slot->state = KW_MODULE_RUNNING;
    slot->self = self;
    begin_post(site);
    slot->self = &again;
    kw_web_text(&site->web, "}");
    kw_web_answer(&site->web, &answer);
    slot->self = self;
    assert_int_equal(answer.status, 200);
    kw_web_drop(&answer);
    assert_ptr_equal(seen.self, &again);
}

/* The session of a stream ends after the request was let in and before the
 * handler begins: a refusal without the handler's own fields. */
static void test_stream_session_ended_before(void **state)
{
    struct site *site = *state;
    struct kw_web_answer answer;
    char value[64];

    seen.end_first = true;
    kw_web_text(
        &site->web,
        "GET /api/v1/stream HTTP/1.1\r\nHost: gw\r\n" COOKIE("user") "\r\n");
    kw_web_answer(&site->web, &answer);
    assert_int_equal(answer.status, 401);
    assert_non_null(strstr(kw_buf_text(&answer.body), "no_session"));
    assert_false(kw_web_field(&answer, "X-Stream", value, sizeof(value)));
    kw_web_drop(&answer);
    assert_null(seen.late);
    assert_int_equal(seen.closed, 0);
}

static void test_head_fields(void **state)
{
    struct site *site = *state;
    struct kw_web_answer answer;
    char value[512];

    ask(site, "DELETE /api/v1/configure", COOKIE("admin") JSON TOKEN("admin"),
        NULL, &answer);
    assert_true(kw_web_field(&answer, "Set-Cookie", value, sizeof(value)));
    assert_string_equal(value, "__Host-kw=; Path=/; Secure");
    assert_false(kw_web_field(&answer, "X-Evil", value, sizeof(value)));
    assert_false(kw_web_field(&answer, "X-Bad", value, sizeof(value)));
    assert_false(kw_web_field(&answer, "Content-Length", value, sizeof(value)));
    assert_false(kw_web_field(&answer, "Server", value, sizeof(value)));
    assert_true(kw_web_field(&answer, "Cache-Control", value, sizeof(value)));
    assert_string_equal(value, "no-store");
    assert_false(kw_web_field(&answer, "Access-Control-Allow-Origin", value,
                              sizeof(value)));
    kw_web_drop(&answer);
}

/* Long content, in pieces; then the connection goes on. */
static void test_big(void **state)
{
    struct site *site = *state;
    struct kw_web_answer answer;

    ask(site, "GET /api/v1/big", "", NULL, &answer);
    assert_int_equal(answer.status, 200);
    assert_int_equal(answer.body.length, BIG_BYTES);
    for (unsigned i = 0; i < BIG_BYTES / 8; i += 1111) {
        char line[16];

        snprintf(line, sizeof(line), "%07u\n", i % 10000000);
        assert_memory_equal(answer.body.data + (size_t)i * 8, line, 8);
    }
    kw_web_drop(&answer);
    assert_int_equal(
        kw_web_status(&site->web,
                      "GET /api/v1/open HTTP/1.1\r\nHost: a\r\n\r\n"),
        200);
}

/* 300 requests in one write are answered in their order. */
static void test_pipelined(void **state)
{
    struct site *site = *state;
    struct kw_web_answer answer;
    struct kw_buf all;
    char want[16];

    kw_buf_init(&all, 1 << 20);
    for (unsigned i = 0; i < 300; i++)
        kw_buf_printf(
            &all, "GET /api/v1/echo?text=n%u. HTTP/1.1\r\nHost: a\r\n\r\n", i);
    kw_web_send(&site->web, all.data, all.length);
    for (unsigned i = 0; i < 300; i++) {
        kw_web_answer(&site->web, &answer);
        snprintf(want, sizeof(want), "\"n%u.\"", i);
        assert_int_equal(answer.status, 200);
        assert_non_null(strstr(kw_buf_text(&answer.body), want));
        kw_web_drop(&answer);
    }
    kw_buf_fini(&all);
}

static bool has_late(void *arg)
{
    (void)arg;
    return seen.late != NULL;
}

static bool was_closed(void *arg)
{
    (void)arg;
    return seen.closed > 0;
}

/* The second request waits for the late answer to the first. */
static void test_late(void **state)
{
    struct site *site = *state;
    struct kw_web_answer answer;

    kw_web_text(&site->web, "GET /api/v1/late HTTP/1.1\r\nHost: a\r\n\r\n"
                            "GET /api/v1/canary HTTP/1.1\r\nHost: a\r\n\r\n");
    kw_fixture_until(&site->world.fixture, has_late, NULL);
    kw_fixture_run_ms(&site->world.fixture, 20);
    assert_int_equal(seen.canary, 0);
    reply_text(seen.late, 200, "\"late\"");
    reply_text(seen.late, 500, "\"twice\""); /* ignored */
    kw_web_answer(&site->web, &answer);
    assert_string_equal(kw_buf_text(&answer.body), "\"late\"");
    kw_web_drop(&answer);
    kw_web_answer(&site->web, &answer);
    assert_int_equal(answer.status, 200);
    assert_int_equal(seen.canary, 1);
    kw_web_drop(&answer);
}

/* The client goes while its handler works: the handler is told once. */
static void test_late_client_gone(void **state)
{
    struct site *site = *state;

    kw_web_text(&site->web, "GET /api/v1/late HTTP/1.1\r\nHost: a\r\n\r\n");
    kw_fixture_until(&site->world.fixture, has_late, NULL);
    kw_stream_close(&site->web.stream);
    kw_fixture_until(&site->world.fixture, was_closed, NULL);
    assert_int_equal(seen.closed, 1);
}

/* Until its first bytes are here. */
static void ask_for_stream(struct site *site)
{
    kw_web_text(
        &site->web,
        "GET /api/v1/stream HTTP/1.1\r\nHost: gw\r\n" COOKIE("user") "\r\n");
    kw_web_until(&site->web, "first");
}

static void test_stream(void **state)
{
    struct site *site = *state;
    struct kw_web_answer answer;

    ask_for_stream(site);
    assert_int_equal(world_metric(&site->world, 2), 1);
    (void)kw_reply_write(seen.late, "second\n", 7);
    (void)kw_reply_write(seen.late, "", 0);
    kw_web_until(&site->web, "second");
    assert_true(seen.drains > 0);
    kw_reply_end(seen.late);
    kw_web_answer(&site->web, &answer);
    assert_string_equal(kw_buf_text(&answer.body), "first\nsecond\n");
    kw_web_drop(&answer);
    assert_int_equal(world_metric(&site->world, 2), 0);
    assert_int_equal(
        kw_web_status(&site->web,
                      "GET /api/v1/open HTTP/1.1\r\nHost: a\r\n\r\n"),
        200);
}

/* HTTP/1.0 knows no chunks: the stream ends with the connection. */
static void test_stream_10(void **state)
{
    struct site *site = *state;
    struct kw_web_answer answer;

    kw_web_text(&site->web,
                "GET /api/v1/stream HTTP/1.0\r\n" COOKIE("user") "\r\n");
    kw_fixture_until(&site->world.fixture, has_late, NULL);
    kw_reply_end(seen.late);
    kw_web_answer(&site->web, &answer);
    assert_string_equal(kw_buf_text(&answer.body), "first\n");
    kw_web_drop(&answer);
}

/* The client of an incomplete answer gets no last chunk. */
static void expect_cut_off(struct kw_web *web)
{
    kw_web_until_end(web);
    assert_null(strstr(kw_buf_text(&web->in), "0\r\n\r\n"));
}

static void test_stream_fails(void **state)
{
    struct site *site = *state;

    ask_for_stream(site);
    seen.late->on_closed = NULL;
    kw_reply_fail(seen.late);
    expect_cut_off(&site->web);
    assert_int_equal(world_metric(&site->world, 2), 0);
}

/* So it does when the session ends in the middle of an answer. */
static void test_answer_session_ends(void **state)
{
    struct site *site = *state;

    seen.csv = true;
    ask_for_stream(site);
    fake_auth_end(0);
    assert_int_equal(seen.closed, 1);
    expect_cut_off(&site->web);
}

/* SEC-36: the end of a session ends its stream at once. */
static void test_stream_session_ends(void **state)
{
    struct site *site = *state;
    struct kw_web_answer answer;

    ask_for_stream(site);
    fake_auth_end(0);
    assert_int_equal(seen.closed, 1);
    kw_web_answer(&site->web, &answer);
    assert_string_equal(kw_buf_text(&answer.body), "first\n");
    kw_web_drop(&answer);
    kw_web_until_end(&site->web);
}

static void add_forms(struct site *site)
{
    struct http_world *world = &site->world;
    char folder[128];

    kw_web_close(&site->web);
    world_stop(world);
    world->stopped = false;
    snprintf(folder, sizeof(folder), "%s/deep", world->fixture.dir);
    assert_int_equal(mkdir(folder, 0700), 0);
    world_file(world, "app-K3J5X2QA.js", "plain script");
    world_file(world, "app-K3J5X2QA.js.br", "br");
    world_file(world, "app-K3J5X2QA.js.gz", "gz");
    world_file(world, "deep/a.css", "css");
    world_file(world, "secret.key", "never");
    world_file(world, ".hidden.html", "never");
    world_start(world, "http: {listen: [\"127.0.0.1:0\"]}\n");
    kw_fixture_until(&world->fixture, world_listens, world);
    kw_web_open(&site->web, &world->fixture, world->port);
}

static void check_form(struct site *site, const char *accept,
                       const char *content, const char *coding)
{
    struct kw_web_answer answer;
    char fields[128], value[64] = "";

    snprintf(fields, sizeof(fields), "%s%s", accept,
             accept[0] != 0 ? "\r\n" : "");
    ask(site, "GET /app-K3J5X2QA.js", fields, NULL, &answer);
    assert_int_equal(answer.status, 200);
    assert_string_equal(kw_buf_text(&answer.body), content);
    (void)kw_web_field(&answer, "Content-Encoding", value, sizeof(value));
    assert_string_equal(value, coding);
    assert_true(kw_web_field(&answer, "Vary", value, sizeof(value)));
    assert_true(kw_web_field(&answer, "Cache-Control", value, sizeof(value)));
    assert_string_equal(value, "public, max-age=31536000, immutable");
    assert_true(kw_web_field(&answer, "Content-Type", value, sizeof(value)));
    assert_string_equal(value, "text/javascript; charset=utf-8");
    kw_web_drop(&answer);
}

static void test_file_forms(void **state)
{
    struct site *site = *state;
    char key[64];

    add_forms(site);
    check_form(site, "", "plain script", "");
    check_form(site, "Accept-Encoding: gzip, deflate, br", "br", "br");
    check_form(site, "Accept-Encoding: gzip", "gz", "gzip");
    check_form(site, "Accept-Encoding: br;q=0.5, gzip;q=0.9", "gz", "gzip");
    check_form(site, "Accept-Encoding: br;q=0, gzip;q=0", "plain script", "");
    assert_int_equal(status_of(site, "GET /deep/a.css", "", NULL, key), 200);
    assert_int_equal(status_of(site, "GET /deep", "", NULL, key), 404);
    assert_int_equal(status_of(site, "GET /secret.key", "", NULL, key), 404);
    assert_int_equal(status_of(site, "GET /.hidden.html", "", NULL, key), 404);
    assert_int_equal(status_of(site, "GET /app-K3J5X2QA.js.br", "", NULL, key),
                     404);
}

static void test_file_etag(void **state)
{
    struct site *site = *state;
    struct kw_web_answer answer;
    char etag[64], fields[128], value[64];

    ask(site, "GET /", "", NULL, &answer);
    assert_string_equal(kw_buf_text(&answer.body), "<!doctype html>");
    assert_true(kw_web_field(&answer, "ETag", etag, sizeof(etag)));
    assert_true(kw_web_field(&answer, "Cache-Control", value, sizeof(value)));
    assert_string_equal(value, "no-cache");
    kw_web_drop(&answer);
    snprintf(fields, sizeof(fields), "If-None-Match: \"x\", %s\r\n", etag);
    ask(site, "GET /", fields, NULL, &answer);
    assert_int_equal(answer.status, 304);
    assert_true(kw_web_field(&answer, "ETag", value, sizeof(value)));
    assert_false(kw_web_field(&answer, "Content-Length", value, sizeof(value)));
    kw_web_drop(&answer);
    ask(site, "HEAD /", "", NULL, &answer);
    assert_int_equal(answer.status, 200);
    assert_true(kw_web_field(&answer, "Content-Length", value, sizeof(value)));
    assert_string_equal(value, "15");
    kw_web_drop(&answer);
    assert_int_equal(
        kw_web_status(&site->web,
                      "GET /api/v1/open HTTP/1.1\r\nHost: a\r\n\r\n"),
        200);
}

/* The steady path of a page: nothing is allocated for a file. */
static void test_no_allocation(void **state)
{
    struct site *site = *state;
    struct kw_web_answer answer;
    static const char get[] = "GET / HTTP/1.1\r\nHost: gw\r\n\r\n";
    uint64_t before, ours;

    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(kw_web_status(&site->web, get), 200);
    /* the client alone: what an answer costs the test itself */
    kw_web_text(&site->web, get);
    kw_fixture_run_ms(&site->world.fixture, 50);
    before = kw_mem_stats().allocations;
    kw_web_answer(&site->web, &answer);
    kw_web_drop(&answer);
    ours = kw_mem_stats().allocations - before;
    before = kw_mem_stats().allocations;
    assert_int_equal(kw_web_status(&site->web, get), 200);
    assert_true(kw_mem_stats().allocations - before <= ours);
}

#define SITE_TEST(name)                                                        \
    cmocka_unit_test_setup_teardown(name, open_site, close_site)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SITE_TEST(test_rows),
        SITE_TEST(test_allow),
        SITE_TEST(test_request),
        SITE_TEST(test_activity),
        SITE_TEST(test_session_ends_before_body),
        SITE_TEST(test_module_changes_before_body),
        SITE_TEST(test_stream_session_ended_before),
        SITE_TEST(test_head_fields),
        SITE_TEST(test_big),
        SITE_TEST(test_pipelined),
        SITE_TEST(test_late),
        SITE_TEST(test_late_client_gone),
        SITE_TEST(test_stream),
        SITE_TEST(test_stream_10),
        SITE_TEST(test_stream_fails),
        SITE_TEST(test_answer_session_ends),
        SITE_TEST(test_stream_session_ends),
        SITE_TEST(test_file_forms),
        SITE_TEST(test_file_etag),
        SITE_TEST(test_no_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
