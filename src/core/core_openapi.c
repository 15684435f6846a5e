/* SPDX-License-Identifier: Apache-2.0 */
/* GET /openapi.json: OpenAPI 3.1 from the route rows of all modules. */
#include "base/json.h"
#include "core/core_state.h"
#include "core/registry.h"
#include "core/route.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { ANSWER_MAX_BYTES = 4 << 20 };

/* The JSON type that a query's text stands for. */
static const char *type_of(const struct kw_setting *row)
{
    switch ((int)row->kind) {
    case KW_KIND_BOOL:
        return "boolean";
    case KW_KIND_INT:
        return "integer";
    case KW_KIND_REAL:
        return "number";
    default:
        return "string";
    }
}

static void put_parameter(struct kw_json *json, const char *name,
                          const char *in, const struct kw_setting *row)
{
    kw_json_object(json, NULL);
    kw_json_text(json, "name", name);
    kw_json_text(json, "in", in);
    if (row != NULL)
        kw_json_text(json, "description", row->help);
    kw_json_bool(json, "required",
                 row == NULL || (row->flags & KW_REQUIRED) != 0);
    kw_json_object(json, "schema");
    kw_json_text(json, "type", row != NULL ? type_of(row) : "string");
    kw_json_end_object(json);
    kw_json_end_object(json);
}

static void put_parameters(struct kw_json *json, const struct kw_route *route)
{
    const struct kw_setting *row = route->query;
    const char *at = route->path;

    kw_json_array(json, "parameters");
    while ((at = strchr(at, '{')) != NULL) {
        char name[64];

        snprintf(name, sizeof(name), "%.*s", (int)strcspn(at + 1, "}"), at + 1);
        put_parameter(json, name, "path", NULL);
        at++;
    }
    for (; row != NULL && row->kind != KW_KIND_END; row++)
        put_parameter(json, row->key, "query", row);
    kw_json_end_array(json);
}

static void put_body(struct kw_json *json, const struct kw_route *route)
{
    if (route->body == NULL && (route->flags & KW_ROUTE_RAW_BODY) == 0)
        return;
    kw_json_object(json, "requestBody");
    kw_json_bool(json, "required", true);
    kw_json_object(json, "content");
    kw_json_object(json, "application/json");
    if (route->body != NULL)
        kw_settings_schema(route->body, "schema", json);
    kw_json_end_object(json);
    kw_json_end_object(json);
    kw_json_end_object(json);
}

static void put_operation(struct kw_json *json, const struct kw_route *route,
                          const char *module)
{
    const char *const *type = route->types;
    char method[8] = "";

    for (size_t i = 0; kw_method_name(route->method)[i] != 0; i++)
        method[i] = (char)tolower(kw_method_name(route->method)[i]);
    kw_json_object(json, method);
    kw_json_text(json, "summary", route->help);
    kw_json_array(json, "tags");
    kw_json_text(json, NULL, module);
    kw_json_end_array(json);
    kw_json_text(json, "x-permission", kw_permission_name(route->permission));
    put_parameters(json, route);
    put_body(json, route);
    kw_json_object(json, "responses");
    kw_json_object(json, "200");
    kw_json_text(json, "description", route->help);
    kw_json_object(json, "content");
    do {
        kw_json_object(json, type != NULL ? *type : "application/json");
        if (route->schema != NULL)
            kw_json_raw(json, "schema", route->schema, strlen(route->schema));
        kw_json_end_object(json);
    } while (type != NULL && *++type != NULL);
    kw_json_end_object(json);
    kw_json_end_object(json);
    kw_json_end_object(json);
    kw_json_end_object(json);
}

/* All operations of one path stand together in OpenAPI: the first route with
 * a path writes them all. */
static bool is_first_of_path(const struct kw_route *routes,
                             const struct kw_route *route)
{
    for (const struct kw_route *at = routes; at < route; at++) {
        if (strcmp(at->path, route->path) == 0)
            return false;
    }
    return true;
}

static void put_module(struct kw_json *json, const struct kw_module *module)
{
    const struct kw_route *routes = module->routes;

    for (const struct kw_route *at = routes; at != NULL && at->path != NULL;
         at++) {
        if (!is_first_of_path(routes, at))
            continue;
        kw_json_object(json, at->path);
        for (const struct kw_route *same = at; same->path != NULL; same++) {
            if (strcmp(same->path, at->path) == 0)
                put_operation(json, same, module->name);
        }
        kw_json_end_object(json);
    }
}

void kw_core_get_openapi(void *self, struct kw_request *request)
{
    struct kw_core_state *state = self;
    const struct kw_module *module;
    struct kw_json json;
    struct kw_buf body;

    kw_buf_init(&body, ANSWER_MAX_BYTES);
    kw_json_init(&json, &body);
    kw_json_object(&json, NULL);
    kw_json_text(&json, "openapi", "3.1.0");
    kw_json_object(&json, "info");
    kw_json_text(&json, "title", "Kilowatch");
    kw_json_text(&json, "version", state->core->version);
    kw_json_end_object(&json);
    kw_json_array(&json, "servers");
    kw_json_object(&json, NULL);
    kw_json_text(&json, "url", "/api/v1");
    kw_json_end_object(&json);
    kw_json_end_array(&json);
    kw_json_object(&json, "paths");
    for (size_t i = 0;
         (module = kw_registry_module(state->core->registry, i)) != NULL; i++)
        put_module(&json, module);
    kw_json_end_object(&json);
    kw_json_end_object(&json);
    kw_reply_json(request, 200, &body);
}
