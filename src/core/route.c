/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding the route of a path. Rows are compared one by one: some sixty short
 * strings a request cost less than a microsecond, and a table that is data can
 * be walked by tests, documents and the description of the API alike. The first
 * row that fits counts, so a fixed name stands before a parameter.
 */
#include "core/route.h"

#include "core/registry.h"

#include <string.h>

const char *kw_method_name(enum kw_method method)
{
    static const char *const names[] = {"GET", "POST", "PUT", "DELETE"};

    return names[method];
}

/* Length of the segment at path, up to '/' or the end. */
static size_t segment_length(const char *path)
{
    return strcspn(path, "/");
}

/* True when path has the route's form; parameters take any text but none. */
static bool matches(const char *form, const char *path)
{
    size_t used = 0;

    while (*form == '/' && *path == '/') {
        size_t want = segment_length(++form), have = segment_length(++path);

        if (*form == '{') {
            if (have == 0 || ++used > KW_REQUEST_PARAMS)
                return false;
        } else if (want != have || memcmp(form, path, want) != 0) {
            return false;
        }
        form += want;
        path += have;
    }
    return *form == 0 && *path == 0;
}

/* Copies the parameters of a path that matches; false: the arena is full. */
static bool cut_params(const char *form, const char *path,
                       struct kw_arena *arena, const char **params)
{
    while (*form != 0) {
        size_t want = segment_length(++form), have = segment_length(++path);

        if (*form == '{') {
            *params = kw_arena_strndup(arena, path, have);
            if (*params++ == NULL)
                return false;
        }
        form += want;
        path += have;
    }
    return true;
}

/* The first route of a table with that form and method; methods of others
 * with that form are noted in *allowed, a bit each. */
static const struct kw_route *find_in(const struct kw_route *route,
                                      const char *method, const char *path,
                                      unsigned *allowed)
{
    for (; route->path != NULL; route++) {
        if (!matches(route->path, path))
            continue;
        if (strcmp(kw_method_name(route->method), method) == 0)
            return route;
        *allowed |= 1U << route->method;
    }
    return NULL;
}

/* "GET, PUT" of the noted methods. */
static void list_allowed(unsigned allowed, char *text)
{
    for (unsigned method = KW_GET; method <= KW_DELETE; method++) {
        const char *name = kw_method_name((enum kw_method)method);
        size_t length = strlen(text);

        if ((allowed & 1U << method) == 0)
            continue;
        if (length > 0) {
            memcpy(text + length, ", ", 2);
            length += 2;
        }
        memcpy(text + length, name, strlen(name) + 1);
    }
}

void kw_route_find(const struct kw_registry *registry, const char *method,
                   const char *path, struct kw_arena *arena,
                   struct kw_route_match *match)
{
    const struct kw_module *module;
    const struct kw_route *route = NULL;
    unsigned allowed = 0;

    *match = (struct kw_route_match){.status = 404};
    for (size_t i = 0;
         route == NULL && (module = kw_registry_module(registry, i)) != NULL;
         i++) {
        if (kw_registry_self(registry, i) != NULL && module->routes != NULL)
            route = find_in(module->routes, method, path, &allowed);
    }
    if (route == NULL) {
        match->status = allowed != 0 ? 405 : 404;
        list_allowed(allowed, match->allow);
    } else if (!cut_params(route->path, path, arena, match->params)) {
        match->status = 503;
    } else {
        match->route = route;
        match->status = 200;
    }
}

static bool has_row(const struct kw_module *module,
                    const struct kw_route *route)
{
    for (const struct kw_route *at = module->routes;
         at != NULL && at->path != NULL; at++) {
        if (at == route)
            return true;
    }
    return false;
}

void *kw_route_self(const struct kw_registry *registry,
                    const struct kw_route *route)
{
    const struct kw_module *module;

    for (size_t i = 0; (module = kw_registry_module(registry, i)) != NULL;
         i++) {
        if (has_row(module, route))
            return kw_registry_self(registry, i);
    }
    return NULL;
}
