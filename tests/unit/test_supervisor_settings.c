/* SPDX-License-Identifier: Apache-2.0 */
/* The sections `supervisor` and `modbus_writes`, and what they allow. */
#include "base/mem.h"
#include "core/conf.h"
#include "supervisor/access.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct bench {
    struct kw_arena arena;
    struct kw_diag diag;
    struct kw_supervisor_conf conf;
};

/* A line and a meter to refer to stand in front. */
static int parse(struct bench *bench, const char *yaml)
{
    static char text[4096];
    struct kw_node *root = NULL;
    int err;

    snprintf(text, sizeof(text),
             "lines: [ { name: panel } ]\nmeters: [ { name: lift } ]\n%s",
             yaml);
    memset(bench, 0, sizeof(*bench));
    kw_arena_init(&bench->arena, 4 << 20);
    kw_diag_init(&bench->diag);
    assert_int_equal(kw_conf_parse_yaml(text, strlen(text), &bench->arena,
                                        &root, &bench->diag),
                     0);
    err = kw_settings_read(kw_supervisor_settings, root, root, &bench->conf,
                           &bench->arena, &bench->diag);
    return err != 0 ? err
                    : kw_supervisor_check(&bench->conf, NULL, &bench->diag);
}

static void drop(struct bench *bench)
{
    kw_diag_fini(&bench->diag);
    kw_arena_fini(&bench->arena);
}

/* Off, read-only, only this machine. */
static void test_defaults(void **state)
{
    struct kw_supervisor_access *access;
    struct kw_station local = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 127,
                                0, 0, 1}},
                      other = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 192,
                                0, 2, 1}};
    struct bench bench;

    (void)state;
    assert_int_equal(parse(&bench, ""), 0);
    for (int i = 0; i < KW_SUPERVISOR_SERVICES; i++)
        assert_int_equal(
            kw_supervisor_listen(&bench.conf, (enum kw_supervisor_service)i)
                ->count,
            0);
    assert_int_equal(bench.conf.points_unit, 255);
    assert_int_equal(bench.conf.points_f64_unit, 254);
    assert_int_equal(bench.conf.bad_points, KW_SUPERVISOR_BAD_EXCEPTION);
    assert_int_equal(bench.conf.bridge.count, 0);
    assert_int_equal(bench.conf.bridge_cache_ms, 500);
    assert_false(bench.conf.writes.allow);
    access = kw_supervisor_access_new(&bench.conf);
    assert_non_null(access);
    assert_true(kw_supervisor_may_connect(access, &local));
    assert_false(kw_supervisor_may_connect(access, &other));
    kw_supervisor_access_free(access);
    drop(&bench);
}

static void test_whole(void **state)
{
    static const char yaml[] =
        "supervisor:\n"
        "  tcp: \"[::]:502\"\n"
        "  rtu_tcp: { listen: [ \"127.0.0.1:503\", \"[::1]:503\" ] }\n"
        "  tls: { listen: \"[::]:802\", certificate: /c, key: /k, "
        "authorities: /a, roles: [ viewer, { name: operator, may: write }, "
        "{ name: \"\" } ] }\n"
        "  stations: [ 192.0.2.0/24, \"2001:db8::5\" ]\n"
        "  points_unit: 200\n  points_f64_unit: 0\n  bad_points: nan\n"
        "  units: [ { unit: 7, meter: lift }, { unit: 8, meter: lift } ]\n"
        "  bridge: [ panel, lift ]\n  bridge_cache: 2s\n"
        "modbus_writes:\n"
        "  allow: true\n"
        "  rules:\n"
        "    - { stations: 192.0.2.7, unit: 7, first: 10 }\n"
        "    - { stations: [ 192.0.2.8 ], unit: 7, coils: true, first: 0, "
        "last: 65535 }\n";
    struct bench bench;

    (void)state;
    if (parse(&bench, yaml) != 0) {
        char text[512];

        fail_msg("%s", kw_diag_first(&bench.diag, text, sizeof(text)));
    }
    assert_int_equal(
        kw_supervisor_listen(&bench.conf, KW_SUPERVISOR_RTU_TCP)->count, 2);
    assert_int_equal(bench.conf.tls.roles.count, 3);
    assert_int_equal(kw_supervisor_conf_rule(&bench.conf, 0)->last, -1);
    assert_true(kw_supervisor_conf_rule(&bench.conf, 1)->coils);
    drop(&bench);
}

static void test_findings(void **state)
{
    static const struct {
        const char *yaml, *path, *part;
    } rows[] = {
        {"supervisor: { tcp: { listen: \"*:502\" } }",
         "supervisor.tcp.listen[0]", "such as [::]:502"},
        {"supervisor: { rtu_tcp: { listen: [ \"[::]:503\", localhost ] } }",
         "supervisor.rtu_tcp.listen[1]", "\"localhost\" is no address"},
        {"supervisor: { tls: { listen: \"[::]:802\" } }",
         "supervisor.tls.authorities", "without authorities"},
        {"supervisor: { tls: { certificate: /c } }", "supervisor.tls",
         "belong together"},
        {"supervisor: { tls: { key: /c } }", "supervisor.tls",
         "belong together"},
        {"supervisor: { stations: [ 192.0.2.7/24 ] }", "supervisor.stations[0]",
         "without bits behind its prefix"},
        {"supervisor: { stations: [ \"::/0\", scada ] }",
         "supervisor.stations[1]", "\"scada\""},
        {"supervisor: { points_unit: 254 }", "supervisor.points_f64_unit",
         "must not be points_unit"},
        {"supervisor: { units: [ { unit: 255, meter: lift } ] }",
         "supervisor.units[0].unit", "255 is taken by points_unit"},
        {"supervisor: { units: [ { unit: 254, meter: lift } ] }",
         "supervisor.units[0].unit", "254 is taken by points_f64_unit"},
        {"supervisor: { units: [ { unit: 7, meter: lift }, { unit: 8, meter: "
         "lift }, { unit: 7, meter: lift } ] }",
         "supervisor.units[2].unit", "7 is taken by lift"},
        {"supervisor: { units: [ { unit: 7, meter: left } ] }",
         "supervisor.units[0].meter", "left"},
        {"supervisor: { bridge: [ pannel ] }", "supervisor.bridge[0]",
         "pannel"},
        {"supervisor: { units: [ { unit: 256, meter: lift } ] }",
         "supervisor.units[0].unit", "255"},
        {"modbus_writes: { rules: [ { unit: 7, first: 1 } ] }",
         "modbus_writes.rules[0]", "\"stations\" is missing"},
        {"modbus_writes: { rules: [ { stations: [], unit: 7, first: 1 } ] }",
         "modbus_writes.rules[0].stations", ""},
        {"modbus_writes: { rules: [ { stations: x, unit: 7, first: 1 } ] }",
         "modbus_writes.rules[0].stations[0]", "\"x\""},
        {"modbus_writes: { rules: [ { stations: \"::1\", unit: 7, first: 9, "
         "last: 8 } ] }",
         "modbus_writes.rules[0].last", "8 is below first, 9"},
        {"supervisor: { bad_points: zero }", "supervisor.bad_points",
         "exception"},
        {"supervisor: { writes: true }", "supervisor",
         "unknown key \"writes\""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct bench bench;
        char text[1024];

        assert_int_equal(parse(&bench, rows[i].yaml), KW_EINVAL);
        (void)kw_diag_first(&bench.diag, text, sizeof(text));
        if (strstr(text, rows[i].path) == NULL ||
            strstr(text, rows[i].part) == NULL || bench.diag.count != 1)
            fail_msg("%s: %zu findings, %s", rows[i].yaml, bench.diag.count,
                     text);
        drop(&bench);
    }
}

/* The rights of a role; nobody is anybody by default. */
static void test_roles(void **state)
{
    static const struct {
        const char *yaml, *role;
        bool read, write;
    } rows[] = {
        {"", "viewer", true, false},
        {"", "", false, false},
        {"", "operator", false, false},
        {"roles: [ { name: operator, may: write } ]", "operator", true, true},
        {"roles: [ { name: operator, may: write } ]", "viewer", false, false},
        {"roles: [ { name: operator, may: write } ]", "", false, false},
        {"roles: [ a, { name: \"\", may: read } ]", "", true, false},
        {"roles: [ a, { name: \"\", may: read } ]", "a", true, false},
        {"roles: [ a ]", "A", false, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct kw_supervisor_rights rights;
        struct bench bench;
        char yaml[256];

        snprintf(yaml, sizeof(yaml), "supervisor: { tls: { %s } }",
                 rows[i].yaml);
        assert_int_equal(parse(&bench, yaml), 0);
        rights = kw_supervisor_role_rights(&bench.conf, rows[i].role);
        if (rights.read != rows[i].read || rights.write != rows[i].write)
            fail_msg("row %zu", i);
        drop(&bench);
    }
}

/* Rules count only with the switch; each has its own stations. */
static void test_writes(void **state)
{
    static const char rules[] =
        "rules: [ { stations: [ 192.0.2.7, 192.0.2.9 ], unit: 7, first: 10 }, "
        "{ stations: 192.0.2.8, unit: 8, first: 20, last: 21 } ]";
    static const unsigned char values[2];
    static const struct {
        const char *allow;
        uint8_t station, unit, address;
        bool may;
    } rows[] = {
        {"true", 7, 7, 10, true},   {"true", 9, 7, 10, true},
        {"true", 8, 7, 10, false},  {"true", 7, 7, 11, false},
        {"true", 8, 8, 21, true},   {"true", 8, 8, 22, false},
        {"true", 7, 8, 20, false},  {"false", 7, 7, 10, false},
        {"false", 8, 8, 20, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct kw_meter_ask ask = {.unit = rows[i].unit,
                                         .function = 6,
                                         .address = rows[i].address,
                                         .count = 1,
                                         .data = values};
        const struct kw_station station = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF,
                                            0xFF, 192, 0, 2, rows[i].station}};
        struct kw_supervisor_access *access;
        struct bench bench;
        char yaml[512];

        snprintf(yaml, sizeof(yaml), "modbus_writes: { allow: %s, %s }",
                 rows[i].allow, rules);
        assert_int_equal(parse(&bench, yaml), 0);
        access = kw_supervisor_access_new(&bench.conf);
        assert_non_null(access);
        if (kw_supervisor_write_allowed(access, &station, &ask) != rows[i].may)
            fail_msg("row %zu", i);
        kw_supervisor_access_free(access);
        drop(&bench);
    }
}

static void test_memory(void **state)
{
    struct bench bench;

    (void)state;
    assert_int_equal(parse(&bench, ""), 0);
    for (unsigned i = 1; i <= 3; i++) {
        kw_mem_fail_at(i);
        assert_null(kw_supervisor_access_new(&bench.conf));
    }
    kw_mem_fail_at(0);
    drop(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults), cmocka_unit_test(test_whole),
        cmocka_unit_test(test_findings), cmocka_unit_test(test_roles),
        cmocka_unit_test(test_writes),   cmocka_unit_test(test_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
