/* SPDX-License-Identifier: Apache-2.0 */
/* Which path and method finds which route, with two modules that serve and
 * one that doesn't run. */
#include "core/registry_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void handle(void *self, struct kw_request *request)
{
    (void)self;
    (void)request;
}

#define ROUTE(verb, form)                                                      \
    {                                                                          \
        .method = (verb), .path = (form), .handle = handle                     \
    }

static const struct kw_route first_routes[] = {
    ROUTE(KW_GET, "/config"),
    ROUTE(KW_PUT, "/config"),
    ROUTE(KW_GET, "/config/schema"),
    ROUTE(KW_GET, "/config/revisions/{number}"),
    ROUTE(KW_GET, "/config/{section}"),
    ROUTE(KW_PUT, "/config/{section}"),
    ROUTE(KW_POST, "/a/{b}/c/{d}"),
    ROUTE(KW_GET, "/{1}/{2}/{3}/{4}"),
    ROUTE(KW_GET, "/{1}/{2}/{3}/{4}/{5}"),
    ROUTE(KW_GET, "/"),
    {0},
};
static const struct kw_route second_routes[] = {
    ROUTE(KW_DELETE, "/config"), ROUTE(KW_POST, "/all"), ROUTE(KW_GET, "/all"),
    ROUTE(KW_DELETE, "/all"),    ROUTE(KW_PUT, "/all"),  {0},
};
static const struct kw_route off_routes[] = {ROUTE(KW_GET, "/off"), {0}};

static const struct kw_module first = {.name = "first", .routes = first_routes};
static const struct kw_module silent = {.name = "silent"};
static const struct kw_module second = {.name = "second",
                                        .routes = second_routes};
static const struct kw_module off = {.name = "off", .routes = off_routes};
static const struct kw_module *const table[] = {&first, &silent, &off, &second,
                                                NULL};

static int open_registry(void **state)
{
    struct kw_registry *registry = NULL;

    if (kw_registry_new(&registry, table) != 0)
        return -1;
    for (size_t i = 0; i < registry->count; i++) {
        if (i == 2)
            continue;
        registry->slots[i].state = KW_MODULE_RUNNING;
        registry->slots[i].self = &registry->slots[i];
    }
    *state = registry;
    return 0;
}

static int close_registry(void **state)
{
    kw_registry_free(*state);
    return 0;
}

/* form NULL: none, then allow says why: "" is 404, else 405. */
static const struct {
    const char *method, *path, *form;
    const char *params[KW_REQUEST_PARAMS];
    const char *allow;
} cases[] = {
    {"GET", "/config", "/config", {NULL}, ""},
    {"PUT", "/config", "/config", {NULL}, ""},
    {"DELETE", "/config", "/config", {NULL}, ""},
    {"POST", "/config", NULL, {NULL}, "GET, PUT, DELETE"},
    {"get", "/config", NULL, {NULL}, "GET, PUT, DELETE"},
    {"HEAD", "/config", NULL, {NULL}, "GET, PUT, DELETE"},
    {"", "/config", NULL, {NULL}, "GET, PUT, DELETE"},
    {"PATCH", "/all", NULL, {NULL}, "GET, POST, PUT, DELETE"},
    /* The more special form stands first; the method still decides. */
    {"GET", "/config/schema", "/config/schema", {NULL}, ""},
    {"PUT", "/config/schema", "/config/{section}", {"schema"}, ""},
    {"POST", "/config/schema", NULL, {NULL}, "GET, PUT"},
    {"GET", "/config/site", "/config/{section}", {"site"}, ""},
    {"GET", "/config/revisions/12", "/config/revisions/{number}", {"12"}, ""},
    {"POST", "/a/x/c/y z", "/a/{b}/c/{d}", {"x", "y z"}, ""},
    {"POST", "/a/x/C/y", NULL, {NULL}, "GET"},
    {"GET", "/p/q/r/s", "/{1}/{2}/{3}/{4}", {"p", "q", "r", "s"}, ""},
    /* A form with more parameters than there is room for is never found. */
    {"GET", "/p/q/r/s/t", NULL, {NULL}, ""},
    {"GET", "/", "/", {NULL}, ""},
    /* Slashes count. */
    {"GET", "/config/", NULL, {NULL}, ""},
    {"GET", "/config/site/", NULL, {NULL}, ""},
    {"GET", "//config", NULL, {NULL}, ""},
    {"GET", "/config//", NULL, {NULL}, ""},
    {"GET", "/config/revisions/", NULL, {NULL}, ""},
    {"GET", "/p//r/s", NULL, {NULL}, ""},
    {"GET", "config", NULL, {NULL}, ""},
    {"GET", "", NULL, {NULL}, ""},
    {"GET", "/confi", NULL, {NULL}, ""},
    {"GET", "/configs", NULL, {NULL}, ""},
    {"GET", "/config/revisions/1/2/3/4/5", NULL, {NULL}, ""},
    /* A module that doesn't run has no routes. */
    {"GET", "/off", NULL, {NULL}, ""},
    {"POST", "/off", NULL, {NULL}, ""},
};

static void test_find(void **state)
{
    const struct kw_registry *registry = *state;
    struct kw_arena arena;

    kw_arena_init(&arena, 65536);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct kw_route_match match;

        kw_route_find(registry, cases[i].method, cases[i].path, &arena, &match);
        if (cases[i].form == NULL) {
            assert_null(match.route);
            assert_string_equal(match.allow, cases[i].allow);
            assert_int_equal(match.status, cases[i].allow[0] ? 405 : 404);
            continue;
        }
        assert_non_null(match.route);
        assert_non_null(kw_route_self(registry, match.route));
        assert_int_equal(match.status, 200);
        assert_string_equal(match.route->path, cases[i].form);
        assert_string_equal(kw_method_name(match.route->method),
                            cases[i].method);
        for (size_t p = 0; p < KW_REQUEST_PARAMS; p++) {
            if (cases[i].params[p] == NULL)
                assert_null(match.params[p]);
            else
                assert_string_equal(match.params[p], cases[i].params[p]);
        }
    }
    kw_arena_fini(&arena);
}

static void test_whose(void **state)
{
    static const struct kw_route nobodys = ROUTE(KW_GET, "/config");
    struct kw_registry *registry = *state;
    struct kw_route_match match;
    struct kw_arena arena;
    int again;

    kw_arena_init(&arena, 65536);
    kw_route_find(registry, "GET", "/config", &arena, &match);
    assert_ptr_equal(kw_route_self(registry, match.route), &registry->slots[0]);
    kw_route_find(registry, "DELETE", "/config", &arena, &match);
    assert_ptr_equal(kw_route_self(registry, match.route), &registry->slots[3]);
    kw_arena_fini(&arena);
    /* a row of a module that doesn't run, and one that nobody has */
    assert_null(kw_route_self(registry, &off_routes[0]));
    assert_null(kw_route_self(registry, &nobodys));
    /* stopped, and started again with another state */
    registry->slots[3].state = KW_MODULE_STOPPED;
    registry->slots[3].self = NULL;
    assert_null(kw_route_self(registry, match.route));
    registry->slots[3].state = KW_MODULE_RUNNING;
    registry->slots[3].self = &again;
    assert_ptr_equal(kw_route_self(registry, match.route), &again);
}

/* Parameters need memory, plain paths don't. */
static void test_no_room(void **state)
{
    const struct kw_registry *registry = *state;
    struct kw_route_match match;
    struct kw_arena arena;

    kw_arena_init(&arena, 16);
    kw_route_find(registry, "GET", "/config", &arena, &match);
    assert_int_equal(match.status, 200);
    kw_route_find(registry, "POST", "/a/first/c/second", &arena, &match);
    assert_int_equal(match.status, 503);
    assert_null(match.route);
    assert_string_equal(match.allow, "");
    kw_arena_fini(&arena);
}

static void test_method_names(void **state)
{
    (void)state;
    assert_string_equal(kw_method_name(KW_GET), "GET");
    assert_string_equal(kw_method_name(KW_POST), "POST");
    assert_string_equal(kw_method_name(KW_PUT), "PUT");
    assert_string_equal(kw_method_name(KW_DELETE), "DELETE");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_find, open_registry,
                                        close_registry),
        cmocka_unit_test_setup_teardown(test_whose, open_registry,
                                        close_registry),
        cmocka_unit_test_setup_teardown(test_no_room, open_registry,
                                        close_registry),
        cmocka_unit_test(test_method_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
