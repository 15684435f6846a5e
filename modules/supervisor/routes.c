/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /supervisor: listeners, connections, units, counters. GET
 * /supervisor/registers: the register list of the points' units, as JSON or
 * CSV.
 */
#include "base/json.h"
#include "core/core.h"
#include "supervisor/conn.h"
#include "supervisor/points.h"
#include "supervisor/rows.h"

#include <string.h>

enum { ANSWER_MAX_BYTES = 64 << 20 };

static void put_listeners(struct kw_json *json,
                          const struct kw_supervisor_port *port)
{
    for (size_t i = 0; i < KW_DOORS_MAX; i++) {
        const struct kw_door *door = &port->doors.list[i];

        if (door->address[0] == 0)
            continue;
        kw_json_object(json, NULL);
        kw_json_text(json, "service",
                     kw_supervisor_services[port->service].name);
        kw_json_text(json, "address", door->address);
        kw_json_uint(json, "port",
                     door->listener != NULL ? kw_listener_port(door->listener)
                                            : 0);
        kw_json_text(json, "state",
                     door->listener != NULL ? "listening" : "closed");
        kw_json_text(json, "text", door->why);
        kw_json_end_object(json);
    }
}

static void put_conns(struct kw_json *json,
                      const struct kw_supervisor *supervisor)
{
    kw_json_array(json, "connections");
    KW_LIST_EACH (link, &supervisor->conns) {
        const struct kw_supervisor_conn *conn =
            KW_LIST_ENTRY(link, struct kw_supervisor_conn, link);

        kw_json_object(json, NULL);
        kw_json_text(json, "address", conn->stream.peer);
        kw_json_text(json, "service",
                     kw_supervisor_services[conn->service].name);
        kw_json_text(json, "role", conn->role);
        kw_json_int(json, "since", conn->since_ms);
        kw_json_uint(json, "requests", conn->requests);
        kw_json_end_object(json);
    }
    kw_json_end_array(json);
}

static void put_units(struct kw_json *json,
                      const struct kw_supervisor_units *units)
{
    kw_json_array(json, "units");
    for (unsigned i = 0; i < KW_SUPERVISOR_UNITS; i++) {
        const struct kw_supervisor_unit *unit = &units->list[i];

        if (unit->meter == NULL)
            continue;
        kw_json_object(json, NULL);
        kw_json_uint(json, "unit", i);
        kw_json_text(json, "meter", unit->meter);
        kw_json_text(json, "line", unit->line);
        kw_json_bool(json, "bridge", unit->bridged);
        kw_json_end_object(json);
    }
    kw_json_end_array(json);
    kw_json_array(json, "conflicts");
    for (size_t i = 0;
         i < units->conflict_count && i < KW_SUPERVISOR_CONFLICTS_MAX; i++) {
        const struct kw_supervisor_conflict *conflict = &units->conflicts[i];

        kw_json_object(json, NULL);
        kw_json_uint(json, "unit", conflict->unit);
        kw_json_text(json, "meter", conflict->meter);
        kw_json_text(json, "line", conflict->line);
        kw_json_text(json, "taken_by", conflict->taken_by);
        kw_json_end_object(json);
    }
    kw_json_end_array(json);
}

static void put_counters(struct kw_json *json,
                         const struct kw_supervisor *supervisor)
{
    const struct kw_supervisor_counters *counters = &supervisor->counters;

    kw_json_object(json, "counters");
    kw_json_uint(json, "connections", counters->accepted);
    kw_json_uint(json, "refused", counters->refused);
    kw_json_uint(json, "given_up", counters->given_up);
    kw_json_uint(json, "requests", counters->requests);
    kw_json_uint(json, "exceptions", counters->exceptions);
    kw_json_uint(json, "garbled", counters->garbled);
    kw_json_uint(json, "bridged", supervisor->bridge.asked);
    kw_json_uint(json, "bridge_spared", supervisor->bridge.spared);
    kw_json_uint(json, "writes", counters->writes);
    kw_json_uint(json, "writes_refused", counters->writes_refused);
    kw_json_end_object(json);
}

static void get_supervisor(void *self, struct kw_request *request)
{
    const struct kw_supervisor *supervisor = self;
    struct kw_json json;
    struct kw_buf out;

    kw_buf_init(&out, ANSWER_MAX_BYTES);
    kw_json_init(&json, &out);
    kw_json_object(&json, NULL);
    kw_json_array(&json, "listeners");
    for (int i = 0; i < KW_SUPERVISOR_SERVICES; i++)
        put_listeners(&json, &supervisor->ports[i]);
    kw_json_end_array(&json);
    put_conns(&json, supervisor);
    put_units(&json, &supervisor->units);
    kw_json_int(&json, "points_unit", supervisor->conf->points_unit);
    kw_json_int(&json, "points_f64_unit", supervisor->conf->points_f64_unit);
    put_counters(&json, supervisor);
    kw_json_end_object(&json);
    kw_reply_json(request, 200, &out);
}

/* --- the register list */

/* A point that is served: its two addresses, -1 where it has none. */
struct row {
    const struct kw_point *point;
    int f32, f64;
};

/* The next point that has an address; false: there is none. */
static bool next_row(const struct kw_points *points, size_t *at,
                     struct row *row)
{
    while (*at < kw_points_count(points)) {
        const struct kw_point *point = kw_points_at(points, (*at)++);

        row->point = point;
        row->f32 = kw_supervisor_point_address(point->id, KW_SUPERVISOR_F32);
        row->f64 = kw_supervisor_point_address(point->id, KW_SUPERVISOR_F64);
        if (!point->retired && row->f32 >= 0)
            return true;
    }
    return false;
}

static void put_json(struct kw_buf *out, const struct kw_supervisor *supervisor)
{
    const struct kw_points *points = supervisor->core->points;
    struct kw_json json;
    struct row row;
    size_t at = 0;

    kw_json_init(&json, out);
    kw_json_object(&json, NULL);
    kw_json_int(&json, "unit", supervisor->conf->points_unit);
    kw_json_int(&json, "f64_unit", supervisor->conf->points_f64_unit);
    kw_json_array(&json, "registers");
    while (next_row(points, &at, &row)) {
        const struct kw_quantity *quantity = row.point->quantity;

        kw_json_object(&json, NULL);
        kw_json_int(&json, "address", row.f32);
        kw_json_uint(&json, "registers", KW_SUPERVISOR_F32);
        kw_json_text(&json, "type", "f32");
        kw_json_text(&json, "point", row.point->name);
        kw_json_text(&json, "title", quantity->title);
        kw_json_text(&json, "unit", quantity->unit);
        kw_json_uint(&json, "input", row.point->id);
        if (row.f64 >= 0)
            kw_json_int(&json, "f64_address", row.f64);
        else
            kw_json_null(&json, "f64_address");
        kw_json_end_object(&json);
    }
    kw_json_end_array(&json);
    kw_json_end_object(&json);
}

/* Titles are ours and have no quotes; names have neither blanks nor commas. */
static void put_csv(struct kw_buf *out, const struct kw_supervisor *supervisor)
{
    const struct kw_points *points = supervisor->core->points;
    struct row row;
    size_t at = 0;

    kw_buf_put_text(out, "slave,address,registers,type,point,title,unit,input,"
                         "f64_slave,f64_address\r\n");
    while (next_row(points, &at, &row)) {
        const struct kw_quantity *quantity = row.point->quantity;

        kw_buf_printf(out, "%d,%d,%d,f32,%s,\"%s\",%s,%u,",
                      (int)supervisor->conf->points_unit, row.f32,
                      KW_SUPERVISOR_F32, row.point->name, quantity->title,
                      quantity->unit, row.point->id);
        if (row.f64 >= 0)
            kw_buf_printf(out, "%d,%d\r\n",
                          (int)supervisor->conf->points_f64_unit, row.f64);
        else
            kw_buf_put_text(out, ",\r\n");
    }
}

static void get_registers(void *self, struct kw_request *request)
{
    const struct kw_supervisor *supervisor = self;
    struct kw_buf out;

    kw_buf_init(&out, ANSWER_MAX_BYTES);
    if (strstr(request->accept, "text/csv") == NULL) {
        put_json(&out, supervisor);
        kw_reply_json(request, 200, &out);
        return;
    }
    put_csv(&out, supervisor);
    if (kw_buf_err(&out) != 0) {
        kw_buf_fini(&out);
        kw_reply_problem(request, 500, "internal", "Out of memory.");
        return;
    }
    kw_reply_header(request, "Content-Disposition",
                    "attachment; filename=\"registers.csv\"");
    kw_reply_take(request, 200, "text/csv; charset=utf-8", &out);
}

static const char *const list_types[] = {"application/json", "text/csv", NULL};

const struct kw_route kw_supervisor_routes[] = {
    {.method = KW_GET,
     .path = "/supervisor",
     .permission = KW_MAY_SEE,
     .help = "The Modbus server: listeners, connections, units, counters.",
     .handle = get_supervisor},
    {.method = KW_GET,
     .path = "/supervisor/registers",
     .permission = KW_MAY_SEE,
     .cost = KW_COST_QUERY,
     .help = "Registers under which all points can be read, as JSON or CSV.",
     .types = list_types,
     .handle = get_registers},
    {0},
};
