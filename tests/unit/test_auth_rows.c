/* SPDX-License-Identifier: Apache-2.0 */
/* What auth declares: settings and their bounds, bodies, routes, events. */
#include "auth/routes.h"
#include "auth/session.h"
#include "auth/tell.h"
#include "base/event.h"
#include "core/conf.h"
#include "core/db.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

extern const struct kw_module kw_auth_module;

/* Reads YAML by rows; gives the number of findings. */
static size_t read_rows(const struct kw_setting *rows, const char *yaml,
                        void *out, struct kw_arena *arena)
{
    struct kw_node *root = NULL;
    struct kw_diag diag;
    size_t findings;
    int err;

    kw_diag_init(&diag);
    err = kw_conf_parse_yaml(yaml, strlen(yaml), arena, &root, &diag);
    assert_int_equal(err, 0);
    err = kw_settings_read(rows, root, NULL, out, arena, &diag);
    findings = diag.count;
    assert_int_equal(err != 0, findings > 0);
    kw_diag_fini(&diag);
    return findings;
}

static void test_settings(void **state)
{
    static const struct {
        const char *yaml;
        size_t findings;
        struct kw_auth_limits limits;
    } cases[] = {
        {"{}", 0, {600000, 43200000, 3, 32}},
        {"auth: {}", 0, {600000, 43200000, 3, 32}},
        {"auth: { idle: 1min, absolute: 10min, sessions_per_user: 1, "
         "sessions: 1 }",
         0,
         {60000, 600000, 1, 1}},
        {"auth: { idle: 60min, absolute: 24h, sessions_per_user: 32, "
         "sessions: 256 }",
         0,
         {3600000, 86400000, 32, 256}},
        {"auth: { idle: 59s }", 1, {0, 0, 0, 0}},
        {"auth: { idle: 61min }", 1, {0, 0, 0, 0}},
        {"auth: { absolute: 25h }", 1, {0, 0, 0, 0}},
        {"auth: { sessions: 0, sessions_per_user: 33 }", 2, {0, 0, 0, 0}},
        {"auth: { sessions: 257 }", 1, {0, 0, 0, 0}},
        {"auth: { password: x }", 1, {0, 0, 0, 0}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct kw_auth_limits limits = {0};
        struct kw_arena arena;

        kw_arena_init(&arena, 1 << 20);
        assert_int_equal(
            read_rows(kw_auth_module.settings, cases[i].yaml, &limits, &arena),
            cases[i].findings);
        if (cases[i].findings == 0)
            assert_memory_equal(&limits, &cases[i].limits, sizeof(limits));
        kw_arena_fini(&arena);
    }
    assert_int_equal(kw_auth_module.conf_size, sizeof(struct kw_auth_limits));
}

static const struct kw_route *route_of(enum kw_method method, const char *path)
{
    const struct kw_route *route = kw_auth_routes;

    while (route->path != NULL &&
           (route->method != method || strcmp(route->path, path) != 0))
        route++;
    assert_non_null(route->path);
    return route;
}

static void test_bodies(void **state)
{
    static const struct {
        enum kw_method method;
        const char *path, *body;
        size_t findings;
    } cases[] = {
        {KW_POST, "/session", "{user: a, password: b}", 0},
        {KW_POST, "/session", "{user: a}", 1},
        {KW_POST, "/session", "{}", 2},
        {KW_POST, "/session", "{user: a, password: b, admin: true}", 1},
        {KW_POST, "/session", "{user: a, password: \"a\\tb\"}", 1},
        {KW_POST, "/setup", "{password: a}", 0},
        {KW_POST, "/setup", "{password: a, admin_name: b, admin_password: c}",
         0},
        {KW_POST, "/setup", "{admin_name: b}", 1},
        {KW_PUT, "/account/password", "{current: a, new: b}", 0},
        {KW_PUT, "/account/password", "{new: b}", 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct kw_route *route = route_of(cases[i].method, cases[i].path);
        struct kw_arena arena;
        void *body;

        kw_arena_init(&arena, 1 << 20);
        body = kw_arena_alloc(&arena, route->body_size);
        assert_non_null(body);
        assert_int_equal(read_rows(route->body, cases[i].body, body, &arena),
                         cases[i].findings);
        kw_arena_fini(&arena);
    }
}

/* decisions 24: log-in and the question of set-up are public, no more. */
static void test_routes(void **state)
{
    (void)state;
    for (const struct kw_route *route = kw_auth_routes; route->path != NULL;
         route++) {
        bool is_login =
            route->method == KW_POST && strcmp(route->path, "/session") == 0;
        bool is_question =
            route->method == KW_GET && strcmp(route->path, "/setup") == 0;

        assert_non_null(route->handle);
        assert_true(route->help[0] != 0);
        assert_int_equal(route->permission == KW_MAY_PUBLIC,
                         is_login || is_question);
        assert_int_equal((route->flags & KW_ROUTE_NO_CSRF) != 0, is_login);
        assert_int_equal(route->body != NULL, route->cost == KW_COST_HASH);
    }
}

static void test_catalogue(void **state)
{
    size_t count = 0;

    (void)state;
    for (const struct kw_event_kind *kind = kw_auth_module.events;
         kind->key != NULL; kind++, count++) {
        assert_true(kind->audit);
        assert_true(kind->help[0] != 0);
        assert_int_equal(kind->state, count == KW_AUTH_EVENT_PASSWORD_ALERT);
    }
    assert_int_equal(count, KW_AUTH_EVENT_COUNT);
    /* sessions are no part of a back-up, both go with a factory reset */
    assert_true(kw_auth_module.tables[0]->backup);
    assert_true(kw_auth_module.tables[0]->reset);
    assert_false(kw_auth_module.tables[1]->backup);
    assert_true(kw_auth_module.tables[1]->reset);
    assert_null(kw_auth_module.tables[2]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_settings),
        cmocka_unit_test(test_bodies),
        cmocka_unit_test(test_routes),
        cmocka_unit_test(test_catalogue),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
