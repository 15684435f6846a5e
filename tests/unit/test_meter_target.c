/* SPDX-License-Identifier: Apache-2.0 */
/* Lines named on the command line by their address. */
#include "meter/target.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void test_serial(void **state)
{
    static const struct {
        const char *text, *port;
        int64_t baud, stop_bits;
        int parity;
    } rows[] = {
        {"rtu:/dev/ttyUSB0:38400:8N1", "/dev/ttyUSB0", 38400, 1,
         KW_METER_PARITY_NONE},
        {"rtu:/dev/a:b:1200:8E1", "/dev/a:b", 1200, 1, KW_METER_PARITY_EVEN},
        {"rtu:x:9600:8O2", "x", 9600, 2, KW_METER_PARITY_ODD},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct kw_meter_target target;

        assert_int_equal(kw_meter_target_parse(rows[i].text, &target), 0);
        assert_ptr_equal(target.conf.serial, &target.serial);
        assert_null(target.conf.tcp);
        assert_null(target.conf.rtu_tcp);
        assert_string_equal(target.serial.port, rows[i].port);
        assert_int_equal(target.serial.baud, rows[i].baud);
        assert_int_equal(target.serial.parity, rows[i].parity);
        assert_int_equal(target.serial.stop_bits, rows[i].stop_bits);
        assert_true(target.conf.timeout_ms > 0);
    }
}

static void test_tcp(void **state)
{
    static const struct {
        const char *text, *host;
        int64_t port;
        bool rtu;
    } rows[] = {
        {"tcp:192.0.2.20:1502", "192.0.2.20", 1502, false},
        {"tcp:meter.example", "meter.example", 502, false},
        {"rtu-tcp:meter.example", "meter.example", 503, true},
        {"rtu-tcp:10.0.0.1:65535", "10.0.0.1", 65535, true},
        {"tcp:2001:db8::1", "2001:db8::1", 502, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct kw_meter_target target;

        assert_int_equal(kw_meter_target_parse(rows[i].text, &target), 0);
        assert_null(target.conf.serial);
        assert_ptr_equal(rows[i].rtu ? target.conf.rtu_tcp : target.conf.tcp,
                         &target.tcp);
        assert_string_equal(target.tcp.host, rows[i].host);
        assert_int_equal(target.tcp.port, rows[i].port);
    }
}

static void test_refused(void **state)
{
    static const struct {
        const char *text;
        int err;
    } rows[] = {
        {"panel", KW_ENOTFOUND},
        {"", KW_ENOTFOUND},
        {"/dev/ttyUSB0", KW_ENOTFOUND},
        {"rtu:", KW_EINVAL},
        {"rtu:/dev/ttyUSB0", KW_EINVAL},
        {"rtu:/dev/ttyUSB0:9600", KW_EINVAL},
        {"rtu::9600:8N1", KW_EINVAL},
        {"rtu:/dev/ttyUSB0:fast:8N1", KW_EINVAL},
        {"rtu:/dev/ttyUSB0:300:8N1", KW_EINVAL},
        {"rtu:/dev/ttyUSB0:9600:7N1", KW_EINVAL},
        {"rtu:/dev/ttyUSB0:9600:8X1", KW_EINVAL},
        {"rtu:/dev/ttyUSB0:9600:8N3", KW_EINVAL},
        {"rtu:/dev/ttyUSB0:9600:8N11", KW_EINVAL},
        {"tcp:", KW_EINVAL},
        {"tcp:host:0", KW_EINVAL},
        {"tcp:host:65536", KW_EINVAL},
        {"tcp:host:x", KW_EINVAL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct kw_meter_target target;

        assert_int_equal(kw_meter_target_parse(rows[i].text, &target),
                         rows[i].err);
    }
}

static void test_too_long(void **state)
{
    struct kw_meter_target target;
    char text[400] = "tcp:";

    (void)state;
    memset(text + 4, 'x', sizeof(text) - 5);
    text[sizeof(text) - 1] = 0;
    assert_int_equal(kw_meter_target_parse(text, &target), KW_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_serial),
        cmocka_unit_test(test_tcp),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_too_long),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
