/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The routes that core owns, as rows. Parsing, rights and refusals come from
 * the rows; the handlers are in core_status.c, core_config.c, core_change.c,
 * core_point.c and core_openapi.c.
 */
#include "core/core_state.h"
#include "core/route.h"

static const struct kw_setting points_query[] = {
    {.key = "meter",
     .kind = KW_KIND_TEXT,
     .offset = offsetof(struct kw_points_query, meter),
     .min = 1,
     .max = 63,
     .help = "Only the points of this meter."},
    {.key = "quantity",
     .kind = KW_KIND_TEXT,
     .offset = offsetof(struct kw_points_query, quantity),
     .min = 1,
     .max = 63,
     .help = "Only points of this quantity."},
    {0},
};

static const char *const metrics_types[] = {"text/plain; version=0.0.4", NULL};
static const char *const yaml_types[] = {"application/yaml", NULL};

enum { CONFIG_MAX_BYTES = 1 << 20 };

/* Who changes the configuration needs more than KW_MAY_SEE, but what depends
 * on the section: core_change.c. */
const struct kw_route kw_core_routes[] = {
    {.path = "/health",
     .permission = KW_MAY_PUBLIC,
     .help = "Whether the gateway lives.",
     .handle = kw_core_get_health},
    {.path = "/status",
     .permission = KW_MAY_SEE,
     .help = "State and figures of every module.",
     .handle = kw_core_get_status},
    {.path = "/metrics",
     .permission = KW_MAY_SEE,
     .types = metrics_types,
     .help = "The figures in Prometheus text format.",
     .handle = kw_core_get_metrics},
    {.path = "/openapi.json",
     .permission = KW_MAY_SEE,
     .help = "This description of the API, made from the route rows.",
     .handle = kw_core_get_openapi},
    {.path = "/points",
     .permission = KW_MAY_SEE,
     .cost = KW_COST_QUERY,
     .query = points_query,
     .query_size = sizeof(struct kw_points_query),
     .help = "Points with latest value, time, quality and unit.",
     .handle = kw_core_get_points},
    {.path = "/site",
     .permission = KW_MAY_SEE,
     .help = "Name and time zone of the site.",
     .handle = kw_core_get_site},
    {.path = "/circuits",
     .permission = KW_MAY_SEE,
     .help = "The circuits of the switchboard.",
     .handle = kw_core_get_circuits},
    {.path = "/config",
     .permission = KW_MAY_SEE,
     .help = "The configuration in force; ETag is its revision.",
     .handle = kw_core_get_config},
    {.method = KW_PUT,
     .path = "/config",
     .permission = KW_MAY_SEE,
     .flags = KW_ROUTE_RAW_BODY,
     .body_max_bytes = CONFIG_MAX_BYTES,
     .help = "Replaces the configuration; needs If-Match and the permission of "
             "each section that changes.",
     .handle = kw_core_put_config},
    {.path = "/config/schema",
     .permission = KW_MAY_SEE,
     .help = "JSON Schema of the configuration.",
     .handle = kw_core_get_schema},
    {.path = "/config/revisions",
     .permission = KW_MAY_SEE,
     .help = "The stored revisions, the newest first.",
     .handle = kw_core_get_revisions},
    {.path = "/config/revisions/{number}",
     .permission = KW_MAY_SEE,
     .types = yaml_types,
     .help = "One revision as YAML.",
     .handle = kw_core_get_revision},
    {.method = KW_POST,
     .path = "/config/revisions/{number}/restore",
     .permission = KW_MAY_SEE,
     .help = "Makes an old revision the new one; needs the permission of each "
             "section that changes.",
     .handle = kw_core_post_rollback},
    {.path = "/config/{section}",
     .permission = KW_MAY_SEE,
     .help = "One section of the configuration.",
     .handle = kw_core_get_section},
    {.method = KW_PUT,
     .path = "/config/{section}",
     .permission = KW_MAY_SEE,
     .flags = KW_ROUTE_RAW_BODY,
     .body_max_bytes = CONFIG_MAX_BYTES,
     .help = "Replaces a section; needs If-Match and the section's "
             "permission.",
     .handle = kw_core_put_section},
    {0},
};
