/* SPDX-License-Identifier: Apache-2.0 */
/* Every raw request of the corpus through TLS and the whole server. */
#include "http_world.h"

#include "lib/requests.h"

static bool is_over(void *arg)
{
    struct kw_web *web = arg;

    return web->ended;
}

static void check_request(void *arg, const struct kw_raw_request *request)
{
    struct http_world *world = arg;
    struct kw_web_answer answer;
    struct kw_web web;
    unsigned canary = seen.canary;
    char csp[512];

    kw_web_open(&web, &world->fixture, world->port);
    kw_web_send(&web, request->bytes.data, request->bytes.length);
    kw_web_answer(&web, &answer);
    if (answer.status != request->server)
        fail_msg("%s: %u, expected %u", request->name, answer.status,
                 (unsigned)request->server);
    assert_true(
        kw_web_field(&answer, "Content-Security-Policy", csp, sizeof(csp)));
    if (request->ends) {
        kw_fixture_until(&world->fixture, is_over, &web);
        assert_int_equal(web.end_err, KW_EOF);
    } else {
        if (strcmp(request->name, "two-at-once") == 0) {
            kw_web_drop(&answer);
            kw_web_answer(&web, &answer);
            assert_int_equal(answer.status, 200);
        }
        assert_false(web.ended);
        assert_int_equal(
            kw_web_status(&web, "GET /api/v1/open HTTP/1.1\r\nHost: a\r\n\r\n"),
            200);
    }
    if (seen.canary != canary)
        fail_msg("%s: a second request ran", request->name);
    kw_web_drop(&answer);
    kw_web_close(&web);
}

static void test_corpus(void **state)
{
    struct http_world world;

    (void)state;
    world_open(&world);
    assert_true(kw_requests_each(check_request, &world) >= 120);
    world_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_corpus),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
