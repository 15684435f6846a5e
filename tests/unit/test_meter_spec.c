/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/spec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct bench {
    struct kw_arena arena;
    struct kw_diag diag;
    struct kw_meter_line_conf *line;
};

static int parse(struct bench *bench, const char *text)
{
    kw_arena_init(&bench->arena, 65536);
    kw_diag_init(&bench->diag);
    return kw_meter_spec_parse(text, &bench->arena, &bench->line, &bench->diag);
}

static void end(struct bench *bench)
{
    kw_arena_fini(&bench->arena);
    kw_diag_fini(&bench->diag);
}

static void test_is(void **state)
{
    (void)state;
    assert_true(kw_meter_spec_is("rtu:/dev/ttyUSB0"));
    assert_true(kw_meter_spec_is("tcp:host"));
    assert_true(kw_meter_spec_is("rtu-tcp:host"));
    assert_false(kw_meter_spec_is("panel"));
    assert_false(kw_meter_spec_is("rtu"));
}

static void test_serial(void **state)
{
    static const struct {
        const char *text, *port;
        int64_t baud;
        int parity;
        int64_t stop_bits;
    } rows[] = {
        {"rtu:/dev/ttyUSB0", "/dev/ttyUSB0", 19200, KW_METER_PARITY_EVEN, 1},
        {"rtu:/dev/ttyS1:38400", "/dev/ttyS1", 38400, KW_METER_PARITY_EVEN, 1},
        {"rtu:/dev/ttyS1:9600:8N2", "/dev/ttyS1", 9600, KW_METER_PARITY_NONE,
         2},
        {"rtu:/dev/ttyS1:115200:8O1", "/dev/ttyS1", 115200, KW_METER_PARITY_ODD,
         1},
        {"rtu:/dev/by-path/pci-0:1:0:9600:8E1", "/dev/by-path/pci-0:1:0", 9600,
         KW_METER_PARITY_EVEN, 1},
    };
    struct bench bench;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct kw_meter_serial_conf *serial;

        assert_int_equal(parse(&bench, rows[i].text), 0);
        serial = bench.line->serial;
        assert_string_equal(bench.line->name, rows[i].text);
        assert_string_equal(serial->port, rows[i].port);
        assert_int_equal(serial->baud, rows[i].baud);
        assert_int_equal(serial->parity, rows[i].parity);
        assert_int_equal(serial->stop_bits, rows[i].stop_bits);
        assert_null(bench.line->tcp);
        assert_null(bench.line->rtu_tcp);
        assert_int_equal(bench.line->timeout_ms, 1000);
        end(&bench);
    }
}

static void test_hosts(void **state)
{
    static const struct {
        const char *text, *host;
        int64_t port;
        bool rtu;
    } rows[] = {
        {"tcp:192.0.2.20", "192.0.2.20", 502, false},
        {"tcp:meter.example:1502", "meter.example", 1502, false},
        {"tcp:[2001:db8::1]", "2001:db8::1", 502, false},
        {"tcp:[2001:db8::1]:1502", "2001:db8::1", 1502, false},
        {"rtu-tcp:192.0.2.21", "192.0.2.21", 503, true},
        {"rtu-tcp:192.0.2.21:4001", "192.0.2.21", 4001, true},
    };
    struct bench bench;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct kw_meter_tcp_conf *host;

        assert_int_equal(parse(&bench, rows[i].text), 0);
        host = rows[i].rtu ? bench.line->rtu_tcp : bench.line->tcp;
        assert_null(rows[i].rtu ? bench.line->tcp : bench.line->rtu_tcp);
        assert_string_equal(host->host, rows[i].host);
        assert_int_equal(host->port, rows[i].port);
        assert_int_equal(host->in_flight, 1);
        end(&bench);
    }
}

static void test_refused(void **state)
{
    static const struct {
        const char *text, *says;
    } rows[] = {
        {"rtu:", "expected a device"},
        {"rtu:ttyUSB0", "expected a device"},
        {"rtu:/dev/ttyUSB0:fast", "expected a speed"},
        {"rtu:/dev/ttyUSB0:12345", "expected a speed"},
        {"rtu:/dev/ttyUSB0:9600:7E1", "expected a speed"},
        {"rtu:/dev/ttyUSB0:9600:8X1", "expected a speed"},
        {"rtu:/dev/ttyUSB0:9600:8N3", "expected a speed"},
        {"tcp:", "expected a host"},
        {"tcp:[]", "expected a host"},
        {"tcp::502", "expected a host"},
        {"tcp:host:0", "expected 1 to 65535"},
        {"tcp:host:65536", "expected 1 to 65535"},
        {"tcp:host:http", "expected 1 to 65535"},
        {"tcp:[2001:db8::1]502", "expected 1 to 65535"},
        {"tcp:[2001:db8::1", "expected ]"},
        {"udp:host", "expected rtu:, tcp: or rtu-tcp:"},
    };
    struct bench bench;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[256];

        assert_int_equal(parse(&bench, rows[i].text), KW_EINVAL);
        kw_diag_first(&bench.diag, text, sizeof(text));
        if (strstr(text, rows[i].says) == NULL)
            fail_msg("%s: %s", rows[i].text, text);
        end(&bench);
    }
}

static void test_too_long(void **state)
{
    char text[400] = "tcp:";
    struct bench bench;

    (void)state;
    memset(text + 4, 'h', 390);
    assert_int_equal(parse(&bench, text), KW_EINVAL);
    end(&bench);
}

static void test_no_memory(void **state)
{
    struct bench bench = {.line = NULL};

    (void)state;
    kw_arena_init(&bench.arena, 16);
    kw_diag_init(&bench.diag);
    assert_int_equal(
        kw_meter_spec_parse("tcp:host", &bench.arena, &bench.line, &bench.diag),
        KW_ENOMEM);
    end(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_is),       cmocka_unit_test(test_serial),
        cmocka_unit_test(test_hosts),    cmocka_unit_test(test_refused),
        cmocka_unit_test(test_too_long), cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
