/* SPDX-License-Identifier: Apache-2.0 */
/* The sections `supervisor` and `modbus_writes` as rows. */
#include "supervisor/settings.h"

#include "core/policy.h"
#include "net/doors.h"

enum { STATIONS_MAX = 64, UNITS_MAX = 256, RULES_MAX = 64, ROLES_MAX = 16 };

static const char *const bads[] = {"exception", "nan", NULL};
static const char *const mays[] = {"read", "write", NULL};

static const struct kw_setting listen_rows[] = {
    {.key = "listen",
     .kind = KW_KIND_TEXTS,
     .flags = KW_UNIQUE,
     .offset = offsetof(struct kw_supervisor_listen_conf, listen),
     .max = KW_DOORS_MAX,
     .help = "Addresses and ports, such as [::]:502; off when absent."},
    {0},
};

static const struct kw_setting role_rows[] = {
    {.key = "name",
     .kind = KW_KIND_TEXT,
     .flags = KW_REQUIRED | KW_UNIQUE,
     .offset = offsetof(struct kw_supervisor_role, name),
     .max = 64,
     .help = "Role in the client's certificate; \"\" for one without."},
    {.key = "may",
     .kind = KW_KIND_KEYWORD,
     .offset = offsetof(struct kw_supervisor_role, may),
     .preset = "read",
     .words = mays,
     .help = "What it may do; to write it also needs a rule of "
             "modbus_writes."},
    {0},
};

static const struct kw_setting tls_rows[] = {
    {.key = "listen",
     .kind = KW_KIND_TEXTS,
     .flags = KW_UNIQUE,
     .offset = offsetof(struct kw_supervisor_tls_conf, listen),
     .max = KW_DOORS_MAX,
     .help = "Addresses and ports, such as [::]:802; off when absent."},
    {.key = "certificate",
     .kind = KW_KIND_PATH,
     .offset = offsetof(struct kw_supervisor_tls_conf, certificate),
     .help = "PEM file of the server's certificate with its chain; the "
             "gateway's own when absent."},
    {.key = "key",
     .kind = KW_KIND_PATH,
     .offset = offsetof(struct kw_supervisor_tls_conf, key),
     .help = "PEM file of its key."},
    {.key = "authorities",
     .kind = KW_KIND_PATH,
     .offset = offsetof(struct kw_supervisor_tls_conf, authorities),
     .help = "PEM file of those who may sign clients' certificates; revocation "
             "lists in it are used."},
    {.key = "roles",
     .kind = KW_KIND_LIST,
     .offset = offsetof(struct kw_supervisor_tls_conf, roles),
     .max = ROLES_MAX,
     .rows = role_rows,
     .size = sizeof(struct kw_supervisor_role),
     .shorthand = "name",
     .help = "What the roles of clients may do; when absent \"viewer\" may "
             "read. Others are refused everything."},
    {0},
};

static const struct kw_setting unit_rows[] = {
    {.key = "unit",
     .kind = KW_KIND_INT,
     .flags = KW_REQUIRED,
     .offset = offsetof(struct kw_supervisor_unit_conf, unit),
     .max = 255,
     .help = "Unit under which the meter answers here."},
    {.key = "meter",
     .kind = KW_KIND_REF,
     .flags = KW_REQUIRED,
     .offset = offsetof(struct kw_supervisor_unit_conf, meter),
     .refers = "meters",
     .help = "The meter; others of the same line and unit (loads) go with "
             "it."},
    {0},
};

static const struct kw_setting supervisor_rows[] = {
    {.key = "tcp",
     .kind = KW_KIND_OBJECT,
     .offset = offsetof(struct kw_supervisor_conf, tcp),
     .rows = listen_rows,
     .size = sizeof(struct kw_supervisor_listen_conf),
     .shorthand = "listen",
     .help = "Modbus TCP, usually on port 502."},
    {.key = "rtu_tcp",
     .kind = KW_KIND_OBJECT,
     .offset = offsetof(struct kw_supervisor_conf, rtu_tcp),
     .rows = listen_rows,
     .size = sizeof(struct kw_supervisor_listen_conf),
     .shorthand = "listen",
     .help = "Modbus RTU frames over TCP, usually on port 503."},
    {.key = "tls",
     .kind = KW_KIND_OBJECT,
     .offset = offsetof(struct kw_supervisor_conf, tls),
     .rows = tls_rows,
     .size = sizeof(struct kw_supervisor_tls_conf),
     .help = "Modbus/TCP Security, usually on port 802: both sides show "
             "certificates."},
    {.key = "stations",
     .kind = KW_KIND_TEXTS,
     .flags = KW_UNIQUE,
     .offset = offsetof(struct kw_supervisor_conf, stations),
     .max = STATIONS_MAX,
     .help = "Addresses and networks that may connect, such as "
             "192.0.2.0/24; only this machine when absent."},
    {.key = "points_unit",
     .kind = KW_KIND_INT,
     .offset = offsetof(struct kw_supervisor_conf, points_unit),
     .preset = "255",
     .max = 255,
     .help = "Unit with all points as float32."},
    {.key = "points_f64_unit",
     .kind = KW_KIND_INT,
     .offset = offsetof(struct kw_supervisor_conf, points_f64_unit),
     .preset = "254",
     .max = 255,
     .help = "Unit with all points as float64, for counters that float32 "
             "can't hold."},
    {.key = "bad_points",
     .kind = KW_KIND_KEYWORD,
     .offset = offsetof(struct kw_supervisor_conf, bad_points),
     .preset = "exception",
     .words = bads,
     .help = "What a read of points gives when one of them has no good value: "
             "an exception for all, or NaN for that one."},
    {.key = "units",
     .kind = KW_KIND_LIST,
     .offset = offsetof(struct kw_supervisor_conf, units),
     .max = UNITS_MAX,
     .rows = unit_rows,
     .size = sizeof(struct kw_supervisor_unit_conf),
     .help = "Meters that answer under another unit than their own."},
    {.key = "bridge",
     .kind = KW_KIND_TEXTS,
     .flags = KW_UNIQUE,
     .offset = offsetof(struct kw_supervisor_conf, bridge),
     .max = UNITS_MAX,
     .refers = "lines|meters",
     .help = "Lines and meters whose registers outside the maps are asked for "
             "on the line."},
    {.key = "bridge_cache",
     .kind = KW_KIND_DURATION,
     .offset = offsetof(struct kw_supervisor_conf, bridge_cache_ms),
     .preset = "500ms",
     .max = 60000,
     .unit = "ms",
     .help = "How long such an answer serves the same request again."},
    {0},
};

static const struct kw_setting write_rows[] = {
    {.key = "stations",
     .kind = KW_KIND_TEXTS,
     .flags = KW_REQUIRED | KW_UNIQUE,
     .offset = offsetof(struct kw_supervisor_write_conf, stations),
     .min = 1,
     .max = STATIONS_MAX,
     .help = "Addresses and networks that may write."},
    {.key = "unit",
     .kind = KW_KIND_INT,
     .flags = KW_REQUIRED,
     .offset = offsetof(struct kw_supervisor_write_conf, unit),
     .max = 255,
     .help = "Unit of the meter, as the supervisor addresses it."},
    {.key = "coils",
     .kind = KW_KIND_BOOL,
     .offset = offsetof(struct kw_supervisor_write_conf, coils),
     .preset = "false",
     .help = "The rule is for coils (functions 5 and 15), not for registers "
             "(6 and 16)."},
    {.key = "first",
     .kind = KW_KIND_INT,
     .flags = KW_REQUIRED,
     .offset = offsetof(struct kw_supervisor_write_conf, first),
     .max = 65535,
     .help = "First address that may be written."},
    {.key = "last",
     .kind = KW_KIND_INT,
     .offset = offsetof(struct kw_supervisor_write_conf, last),
     .preset = "-1",
     .min = -1,
     .max = 65535,
     .help = "Last address; -1: the first alone."},
    {0},
};

static const struct kw_setting writes_rows[] = {
    {.key = "allow",
     .kind = KW_KIND_BOOL,
     .offset = offsetof(struct kw_supervisor_writes_conf, allow),
     .preset = "false",
     .help = "The switch for all rules: without it every write is refused on "
             "every transport."},
    {.key = "rules",
     .kind = KW_KIND_LIST,
     .offset = offsetof(struct kw_supervisor_writes_conf, rules),
     .max = RULES_MAX,
     .rows = write_rows,
     .size = sizeof(struct kw_supervisor_write_conf),
     .help = "Which station may write what."},
    {0},
};

const struct kw_setting kw_supervisor_settings[] = {
    {.key = "supervisor",
     .kind = KW_KIND_OBJECT,
     .rows = supervisor_rows,
     .size = offsetof(struct kw_supervisor_conf, writes),
     .help = "Modbus server for SCADA and energy management.",
     .permission = KW_MAY_CONFIGURE},
    {.key = "modbus_writes",
     .kind = KW_KIND_OBJECT,
     .offset = offsetof(struct kw_supervisor_conf, writes),
     .rows = writes_rows,
     .size = sizeof(struct kw_supervisor_writes_conf),
     .help = "What may be written to meters over Modbus: nothing, unless it "
             "is said here.",
     .permission = KW_MAY_SECURE},
    {0},
};

const struct kw_texts *
kw_supervisor_listen(const struct kw_supervisor_conf *conf,
                     enum kw_supervisor_service service)
{
    if (service == KW_SUPERVISOR_TLS)
        return &conf->tls.listen;
    return service == KW_SUPERVISOR_TCP ? &conf->tcp.listen
                                        : &conf->rtu_tcp.listen;
}
