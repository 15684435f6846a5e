/* SPDX-License-Identifier: Apache-2.0 */
/* The sections `lines` and `meters`: rows, checks, the meter library. */
#include "core/conf.h"
#include "core/core.h"
#include "core/quantity.h"
#include "lib/fixture.h"
#include "lib/pki.h"
#include "meter/index.h"
#include "meter/library.h"
#include "meter/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct bench {
    struct kw_quantities *quantities;
    struct kw_env env;
    char dir[96];
    struct kw_arena arena;
    struct kw_diag diag;
    struct kw_meter_conf conf;
};

static int set_up(void **state)
{
    static struct bench bench;
    struct kw_diag diag;

    kw_diag_init(&diag);
    assert_int_equal(kw_quantities_load(&bench.quantities,
                                        KW_TEST_CONF "/quantities.csv", &diag),
                     0);
    kw_diag_fini(&diag);
    kw_test_make_dir(bench.dir, sizeof(bench.dir));
    bench.env = (struct kw_env){
        .state_dir = bench.dir,
        .share_dir = KW_TEST_CONF,
        .quantities = bench.quantities,
    };
    *state = &bench;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;

    kw_test_remove(bench->dir);
    kw_quantities_free(bench->quantities);
    return 0;
}

static int parse(struct bench *bench, const char *yaml)
{
    struct kw_node *root = NULL;
    int err;

    kw_arena_init(&bench->arena, 4 << 20);
    kw_diag_init(&bench->diag);
    bench->diag.file = "k.yaml";
    memset(&bench->conf, 0, sizeof(bench->conf));
    err = kw_conf_parse_yaml(yaml, strlen(yaml), &bench->arena, &root,
                             &bench->diag);
    assert_int_equal(err, 0);
    err = kw_settings_read(kw_meter_settings, root, root, &bench->conf,
                           &bench->arena, &bench->diag);
    if (err == 0)
        err = kw_meter_check(&bench->conf, &bench->env, &bench->diag);
    kw_node_locate(root, &bench->diag, 0);
    return err;
}

static void end(struct bench *bench)
{
    kw_meter_release(&bench->conf);
    kw_arena_fini(&bench->arena);
    kw_diag_fini(&bench->diag);
}

/* The example of the product's description, and every option. */
static void test_good(void **state)
{
    struct bench *bench = *state;
    const struct kw_meter_line_conf *line;
    const struct kw_meter_entry *meter;
    int64_t period_ms[3];

    assert_int_equal(
        parse(bench,
              "lines:\n"
              "  - { name: panel, serial: { port: /dev/ttyUSB0, baud: 38400, "
              "parity: none, stop_bits: 2, silence_ms: 4.5, rs485: low } }\n"
              "  - { name: office, tcp: { host: 192.0.2.20 }, timeout: 250ms, "
              "retries: 0, pause: 10ms }\n"
              "  - { name: old, rtu_tcp: 192.0.2.21 }\n"
              "  - { name: bare, serial: /dev/ttyS0 }\n"
              "meters:\n"
              "  - { name: incomer, line: panel, unit: 5, profile: "
              "socomec_diris_b30, load: 2, every: 1s }\n"
              "  - { name: lift, line: office, unit: 0, profile: "
              "eastron_sdm630, every: { fast: 500ms, slow: 60s }, labels: { "
              "zone: north }, scale: { ct: 20 }, invert: true, enabled: false "
              "}\n"),
        0);
    line = kw_meter_conf_line(&bench->conf, 0);
    assert_int_equal(line->serial->baud, 38400);
    assert_int_equal(line->serial->parity, KW_METER_PARITY_NONE);
    assert_int_equal(line->serial->stop_bits, 2);
    assert_true(line->serial->silence_ms == 4.5);
    assert_int_equal(line->serial->rs485->rts_on_send, 1);
    assert_int_equal(line->serial->rs485->by, KW_METER_RS485_DRIVER);
    assert_int_equal(line->timeout_ms, 1000);
    assert_int_equal(line->retries, 1);
    line = kw_meter_conf_line(&bench->conf, 1);
    assert_int_equal(kw_meter_tcp_port(line->tcp), 502);
    assert_null(line->tcp->tls);
    assert_int_equal(line->tcp->in_flight, 1);
    assert_int_equal(line->timeout_ms, 250);
    assert_int_equal(line->retries, 0);
    assert_int_equal(line->pause_ms, 10);
    line = kw_meter_conf_line(&bench->conf, 2);
    assert_int_equal(line->rtu_tcp->port, 503);
    assert_int_equal(line->rtu_tcp->silence_ms, 5);
    line = kw_meter_conf_line(&bench->conf, 3);
    assert_int_equal(line->serial->baud, 19200);
    assert_int_equal(line->serial->parity, KW_METER_PARITY_EVEN);
    meter = kw_meter_conf_meter(&bench->conf, 0);
    assert_int_equal(meter->load, 2);
    assert_true(meter->enabled && !meter->invert);
    assert_true(meter->scale.ct == 1 && meter->scale.vt == 1);
    kw_meter_periods(&meter->every, period_ms);
    assert_int_equal(period_ms[0], 1000);
    assert_int_equal(period_ms[1], 1000);
    assert_int_equal(period_ms[2], 1000);
    meter = kw_meter_conf_meter(&bench->conf, 1);
    kw_meter_periods(&meter->every, period_ms);
    assert_int_equal(period_ms[0], 500);
    assert_int_equal(period_ms[1], 500);
    assert_int_equal(period_ms[2], 60000);
    assert_true(meter->scale.ct == 20 && meter->invert && !meter->enabled);
    end(bench);
}

#define LINES                                                                  \
    "lines:\n  - { name: s, serial: /dev/ttyS0 }\n"                            \
    "  - { name: t, tcp: 192.0.2.1 }\n"                                        \
    "  - { name: r, rtu_tcp: 192.0.2.2 }\nmeters:\n"

static void test_refused(void **state)
{
    static const struct {
        const char *yaml, *path, *says;
        unsigned line;
    } rows[] = {
        {"lines:\n  - { name: a, serial: { port: /dev/x, baud: 38000 } }\n",
         "lines[0].serial.baud", "the nearest is 38400", 2},
        {"lines:\n  - { name: a, serial: { port: /dev/x, baud: 3900000 } }\n",
         "lines[0].serial.baud", "the nearest is 4000000", 2},
        {LINES "  - { name: m, line: s, unit: 0, profile: eastron_sdm120 }\n",
         "meters[0].unit", "expected 1 to 247 on the line s", 6},
        {LINES "  - { name: m, line: s, unit: 248, profile: eastron_sdm120 "
               "}\n",
         "meters[0].unit", "expected 1 to 247", 6},
        {LINES "  - { name: m, line: r, unit: 255, profile: eastron_sdm120 "
               "}\n",
         "meters[0].unit", "expected 1 to 247", 6},
        {LINES "  - { name: m, line: t, unit: 1, profile: nothing }\n",
         "meters[0].profile", "the register map nothing: not found", 6},
        {LINES "  - { name: m, line: t, unit: 1, profile: eastron_sdm12 }\n",
         "meters[0].profile", "did you mean \"eastron_sdm120\"?", 6},
        {LINES "  - { name: m, line: t, unit: 1, profile: "
               "socomec_identification }\n",
         "meters[0].profile", "only identifies meters", 6},
        {LINES "  - { name: m, line: t, unit: 1, profile: eastron_sdm120, "
               "load: 2 }\n",
         "meters[0].load", "has no load 2", 6},
        {LINES "  - { name: m, line: t, unit: 1, profile: eastron_sdm120 }\n"
               "  - { name: n, line: t, unit: 1, profile: eastron_sdm630 }\n",
         "meters[1].unit", "is the meter m already", 7},
        {LINES "  - { name: m, line: x, unit: 1, profile: eastron_sdm120 }\n",
         "meters[0].line", "x", 6},
    };
    struct bench *bench = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(parse(bench, rows[i].yaml), KW_EINVAL);
        assert_int_equal(bench->diag.count, 1);
        assert_string_equal(bench->diag.items[0].path, rows[i].path);
        if (strstr(bench->diag.items[0].text, rows[i].says) == NULL)
            fail_msg("%s", bench->diag.items[0].text);
        assert_int_equal(bench->diag.items[0].mark.line, rows[i].line);
        end(bench);
    }
}

/* Puts the folder where a '~' stands. */
static const char *in_dir(const char *text, const char *dir, char out[512])
{
    size_t length = 0;

    for (; *text != 0; text++)
        length +=
            (size_t)snprintf(out + length, 512 - length, "%.*s",
                             *text == '~' ? 96 : 1, *text == '~' ? dir : text);
    return out;
}

/* Modbus/TCP Security: files that can be used and files that can't. */
static void test_tls(void **state)
{
    static const struct {
        const char *tls, *path, *says; /* NULL: good */
    } rows[] = {
        {"authorities: ~/ca.crt", NULL, NULL},
        {"authorities: ~/ca.crt, certificate: ~/me.crt, key: ~/me.key, "
         "name: meter",
         NULL, NULL},
        {"certificate: ~/me.crt, key: ~/me.key", "", "authorities"},
        {"authorities: ~/ca.crt, certificate: ~/me.crt", "",
         "certificate and key belong together: key is missing"},
        {"authorities: ~/ca.crt, key: ~/me.key", "", "certificate is missing"},
        {"authorities: ~/none.crt", ".authorities", "none.crt: No such file"},
        {"authorities: ~/me.key", ".authorities", "me.key: "},
        {"authorities: ~/ca.crt, certificate: ~/none.crt, key: ~/me.key",
         ".certificate", "No such file"},
        {"authorities: ~/ca.crt, certificate: ~/me.crt, key: ~/ca.key", ".key",
         "ca.key: key values mismatch"},
        {"authorities: ~/ca.crt, certificate: ~/me.crt, key: ~/open.key",
         ".key", "mode is 0644: expected 0600"},
    };
    struct bench *bench = *state;
    char yaml[2048], tls[512], path[KW_PKI_PATH];

    kw_pki_authority(bench->dir, "ca");
    kw_pki_client(bench->dir, "me", "ca", NULL);
    kw_pki_client(bench->dir, "open", "ca", NULL);
    assert_int_equal(chmod(kw_pki_path(bench->dir, "open.key", path), 0644), 0);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct kw_diag_item *item;

        (void)in_dir(rows[i].tls, bench->dir, tls);
        snprintf(yaml, sizeof(yaml),
                 "lines:\n  - { name: a, tcp: { host: h, tls: { %s } } }\n",
                 tls);
        if (parse(bench, yaml) != (rows[i].path != NULL ? KW_EINVAL : 0))
            fail_msg("%s", tls);
        if (rows[i].path == NULL) {
            assert_int_equal(
                kw_meter_tcp_port(kw_meter_conf_line(&bench->conf, 0)->tcp),
                802);
            end(bench);
            continue;
        }
        item = &bench->diag.items[0];
        assert_int_equal(bench->diag.count, 1);
        snprintf(path, sizeof(path), "lines[0].tcp.tls%s", rows[i].path);
        assert_string_equal(item->path, path);
        if (strstr(item->text, rows[i].says) == NULL)
            fail_msg("%s", item->text);
        assert_int_equal(item->mark.line, 2);
        assert_true(item->mark.column > 30);
        end(bench);
    }
}

/* Lines with the same files are looked at once. */
static void test_tls_once(void **state)
{
    struct bench *bench = *state;

    assert_int_equal(
        parse(
            bench,
            "lines:\n"
            "  - { name: a, tcp: { host: h, tls: { authorities: /none } } }\n"
            "  - { name: b, tcp: { host: i, tls: { authorities: /none } } }\n"
            "  - { name: c, tcp: i }\n"
            "  - { name: d, tcp: { host: k, tls: { authorities: /nope } } }\n"
            "  - { name: e, tcp: { host: j, tls: { authorities: /none } } }\n"),
        KW_EINVAL);
    assert_int_equal(bench->diag.count, 2);
    kw_diag_sort(&bench->diag);
    assert_string_equal(bench->diag.items[1].path,
                        "lines[3].tcp.tls.authorities");
    end(bench);
}

/* Two lines that lead to one port or device, by whatever names. */
static void test_clashes(void **state)
{
    static const struct {
        const char *lines, *path, *says; /* NULL: no warning */
    } rows[] = {
        {"{ name: a, serial: /dev/null }, { name: b, serial: /dev/zero }", NULL,
         NULL},
        {"{ name: a, serial: /dev/null }, { name: b, serial: /dev/null }",
         "lines[1].serial.port", "the port of the line a already"},
        {"{ name: a, serial: ~/link }, { name: b, serial: /dev/null }",
         "lines[1].serial.port", "the line a"},
        {"{ name: a, serial: ~/none }, { name: b, serial: ~/none }",
         "lines[1].serial.port", "the line a"},
        {"{ name: a, serial: ~/file }, { name: b, serial: ~/hard }",
         "lines[1].serial.port", "the line a"},
        {"{ name: a, tcp: 192.0.2.1 }, { name: b, tcp: 192.0.2.2 }", NULL,
         NULL},
        {"{ name: a, tcp: 192.0.2.1 }, "
         "{ name: b, tcp: { host: 192.0.2.1, port: 503 } }",
         NULL, NULL},
        {"{ name: a, tcp: 192.0.2.1 }, "
         "{ name: b, tcp: { host: 192.0.2.1, port: 502 } }",
         "lines[1].tcp.host", "\"192.0.2.1\", port 502 is where the line a"},
        {"{ name: a, tcp: M.example }, "
         "{ name: b, rtu_tcp: { host: m.example., port: 502 } }",
         "lines[1].rtu_tcp.host", "the line a"},
        {"{ name: a, tcp: \"2001:db8:0:0::1\" }, "
         "{ name: b, tcp: \"[2001:DB8::1]\" }",
         "lines[1].tcp.host", "the line a"},
    };
    struct bench *bench = *state;
    char yaml[1024], lines[512], path[160], other[160];

    snprintf(path, sizeof(path), "%s/link", bench->dir);
    assert_int_equal(symlink("/dev/null", path), 0);
    snprintf(path, sizeof(path), "%s/file", bench->dir);
    snprintf(other, sizeof(other), "%s/hard", bench->dir);
    fclose(fopen(path, "w"));
    assert_int_equal(link(path, other), 0);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct kw_diag_item *item;

        snprintf(yaml, sizeof(yaml), "lines: [ %s ]\n",
                 in_dir(rows[i].lines, bench->dir, lines));
        assert_int_equal(parse(bench, yaml), 0); /* none is an error */
        assert_int_equal(bench->diag.count, rows[i].path != NULL);
        item = bench->diag.items;
        if (rows[i].path != NULL) {
            assert_true(item->warning);
            assert_string_equal(item->path, rows[i].path);
            if (strstr(item->text, rows[i].says) == NULL)
                fail_msg("%s", item->text);
            assert_int_equal(item->mark.line, 1);
            assert_true(item->mark.column > 30);
        }
        end(bench);
    }
}

/* Places that are not the same: another line, unit or load. */
static void test_not_the_same_place(void **state)
{
    struct bench *bench = *state;

    assert_int_equal(parse(bench,
                           LINES "  - { name: a, line: t, unit: 1, profile: "
                                 "socomec_diris_b30 }\n"
                                 "  - { name: b, line: t, unit: 1, profile: "
                                 "socomec_diris_b30, load: 2 }\n"
                                 "  - { name: c, line: s, unit: 1, profile: "
                                 "socomec_diris_b30 }\n"
                                 "  - { name: d, line: t, unit: 255, profile: "
                                 "socomec_diris_b30 }\n"),
                     0);
    end(bench);
}

/* All mistakes at once; those of a map are told once and name its file. */
static void test_all_findings(void **state)
{
    struct bench *bench = *state;
    char path[160];
    FILE *file;

    snprintf(path, sizeof(path), "%s/meters", bench->dir);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof(path), "%s/meters/broken.csv", bench->dir);
    file = fopen(path, "w");
    assert_non_null(file);
    fprintf(file, "#gap: many\nquantity,function\n");
    fclose(file);
    assert_int_equal(
        parse(bench,
              LINES "  - { name: m, line: s, unit: 0, profile: broken }\n"
                    "  - { name: n, line: s, unit: 2, profile: broken }\n"),
        KW_EINVAL);
    assert_int_equal(bench->diag.count, 5);
    kw_diag_sort(&bench->diag);
    assert_string_equal(bench->diag.items[0].file, path);
    assert_int_equal(bench->diag.items[0].mark.line, 1);
    assert_string_equal(bench->diag.items[1].file, path);
    assert_string_equal(bench->diag.items[4].file, "k.yaml");
    assert_int_equal(unlink(path), 0);
    end(bench);
}

/* A map in the state folder wins over one that was shipped. */
static void test_own_map_wins(void **state)
{
    struct bench *bench = *state;
    struct kw_meter_library library;
    struct kw_map *map, *again;
    struct kw_diag diag;
    char path[160];
    FILE *file;

    snprintf(path, sizeof(path), "%s/meters", bench->dir);
    (void)mkdir(path, 0700);
    snprintf(path, sizeof(path), "%s/meters/eastron_sdm120.csv", bench->dir);
    file = fopen(path, "w");
    assert_non_null(file);
    fprintf(file, "#title: Mine\nquantity,function,address,registers,type,"
                  "word_order,multiplier,unit,class,na,formula,note,source\n"
                  "frequency,3,1,1,u16,-,1,Hz,fast,,,,\n");
    fclose(file);
    kw_diag_init(&diag);
    kw_meter_library_init(&library, &bench->env);
    assert_int_equal(
        kw_meter_library_get(&library, "eastron_sdm120", &map, &diag), 0);
    assert_string_equal(map->title, "Mine");
    assert_int_equal(
        kw_meter_library_get(&library, "eastron_sdm120", &again, &diag), 0);
    assert_ptr_equal(map, again);
    assert_int_equal(
        kw_meter_library_get(&library, "eastron_sdm630", &map, &diag), 0);
    assert_string_equal(map->title, "Eastron SDM630");
    assert_int_equal(kw_meter_library_get(&library, "nothing", &map, &diag),
                     KW_ENOTFOUND);
    assert_int_equal(kw_meter_library_get(&library, "nothing", &map, &diag),
                     KW_ENOTFOUND);
    assert_int_equal(library.count, 3);
    kw_meter_library_fini(&library);
    assert_int_equal(unlink(path), 0);
    kw_diag_fini(&diag);
}

static void test_map_too_large(void **state)
{
    struct bench *bench = *state;
    struct kw_meter_library library;
    struct kw_map *map;
    struct kw_diag diag;
    char path[160], text[512];
    FILE *file;

    snprintf(path, sizeof(path), "%s/meters", bench->dir);
    (void)mkdir(path, 0700);
    snprintf(path, sizeof(path), "%s/meters/large.csv", bench->dir);
    file = fopen(path, "w");
    assert_non_null(file);
    for (int i = 0; i < KW_MAP_BYTES_MAX / 8 + 1; i++)
        fputs("# more.\n", file);
    fclose(file);
    kw_diag_init(&diag);
    kw_meter_library_init(&library, &bench->env);
    assert_int_equal(kw_meter_library_get(&library, "large", &map, &diag),
                     KW_EINVAL);
    kw_diag_first(&diag, text, sizeof(text));
    assert_non_null(strstr(text, "larger than"));
    kw_meter_library_fini(&library);
    assert_int_equal(unlink(path), 0);
    kw_diag_fini(&diag);
}

static void test_index(void **state)
{
    struct bench *bench = *state;
    const struct kw_meter_entry *const *first;
    struct kw_meter_index index;

    assert_int_equal(
        parse(bench, LINES
              "  - { name: a, line: t, unit: 9, profile: eastron_sdm120 }\n"
              "  - { name: b, line: r, unit: 2, profile: eastron_sdm120 }\n"
              "  - { name: c, line: t, unit: 1, profile: eastron_sdm120 }\n"),
        0);
    assert_int_equal(kw_meter_index_init(&index, &bench->conf), 0);
    assert_int_equal(kw_meter_index_line(&index, "t", &first), 2);
    assert_string_equal(first[0]->name, "c");
    assert_string_equal(first[1]->name, "a");
    assert_int_equal(kw_meter_index_line(&index, "r", &first), 1);
    assert_int_equal(kw_meter_index_line(&index, "s", &first), 0);
    assert_int_equal(kw_meter_index_line(&index, "zzz", &first), 0);
    kw_meter_index_fini(&index);
    end(bench);
}

/* All shipped maps are good. */
static void test_shipped_maps(void **state)
{
    static const char *const names[] = {
        "abb_b23_b24",
        "carlo_gavazzi_em330_em340",
        "eastron_sdm120",
        "eastron_sdm630",
        "janitza_umg604",
        "janitza_umg96rm",
        "schneider_iem3000",
        "schneider_pm5100",
        "socomec_countis_e14",
        "socomec_countis_e24",
        "socomec_countis_e34_e44",
        "socomec_digiware_s135",
        "socomec_diris_a10",
        "socomec_diris_a14",
        "socomec_diris_b30",
        "socomec_identification",
    };
    struct bench *bench = *state;
    struct kw_meter_library library;
    struct kw_diag diag;

    kw_diag_init(&diag);
    kw_meter_library_init(&library, &bench->env);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct kw_map *map;

        assert_int_equal(kw_meter_library_get(&library, names[i], &map, &diag),
                         0);
        assert_true(map->count > 0);
    }
    assert_false(kw_diag_any(&diag));
    kw_meter_library_fini(&library);
    kw_diag_fini(&diag);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_tls),
        cmocka_unit_test(test_tls_once),
        cmocka_unit_test(test_clashes),
        cmocka_unit_test(test_not_the_same_place),
        cmocka_unit_test(test_all_findings),
        cmocka_unit_test(test_own_map_wins),
        cmocka_unit_test(test_map_too_large),
        cmocka_unit_test(test_index),
        cmocka_unit_test(test_shipped_maps),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
