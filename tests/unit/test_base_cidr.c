/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cidr.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/un.h>

#include <cmocka.h>

static void station(const char *text, struct kw_station *out)
{
    struct sockaddr_in four = {.sin_family = AF_INET};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6};

    if (inet_pton(AF_INET, text, &four.sin_addr) == 1) {
        kw_station_of((const struct sockaddr *)&four, out);
    } else {
        assert_int_equal(inet_pton(AF_INET6, text, &six.sin6_addr), 1);
        kw_station_of((const struct sockaddr *)&six, out);
    }
}

static void test_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "/",
        "a",
        "192.0.2",
        "192.0.2.1/",
        "192.0.2.0/33",
        "192.0.2.0/-1",
        "192.0.2.0/ 24",
        "192.0.2.0/24x",
        "192.0.2.0/0x18",
        "192.0.2.1/24",
        "192.0.2.0/18446744073709551617",
        "2001:db8::1/64",
        "2001:db8::/129",
        "::1%lo",
        "example.org",
        "192.0.2.0/24/24",
        " 192.0.2.1",
        "1111:2222:3333:4444:5555:6666:7777:8888:9999:0000:1111/64",
        "128.0.0.0/0",
    };
    struct kw_cidr cidr;

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (kw_cidr_parse(texts[i], &cidr) != KW_EINVAL)
            fail_msg("\"%s\" is taken", texts[i]);
    }
}

static void test_members(void **state)
{
    static const struct {
        const char *network, *address;
        bool has;
    } rows[] = {
        {"192.0.2.7", "192.0.2.7", true},
        {"192.0.2.7", "192.0.2.6", false},
        {"192.0.2.0/24", "192.0.2.255", true},
        {"192.0.2.0/24", "192.0.3.0", false},
        {"192.0.2.128/25", "192.0.2.127", false},
        {"192.0.2.128/25", "192.0.2.200", true},
        {"192.0.2.4/31", "192.0.2.5", true},
        {"192.0.2.4/31", "192.0.2.6", false},
        {"0.0.0.0/0", "203.0.113.9", true},
        {"0.0.0.0/0", "2001:db8::1", false},
        {"::/0", "203.0.113.9", true},
        {"::ffff:192.0.2.0/120", "192.0.2.9", true},
        {"192.0.2.9", "::ffff:192.0.2.9", true},
        {"2001:db8::/32", "2001:db8:ffff::1", true},
        {"2001:db8::/32", "2001:db9::", false},
        {"2001:db8::/33", "2001:db8:7fff::", true},
        {"2001:db8::/33", "2001:db8:8000::", false},
        {"2001:db8::1", "2001:db8::1", true},
        {"2001:db8::1/128", "2001:db8::2", false},
        {"fe80::/10", "febf::1", true},
        {"fe80::/10", "fec0::1", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct kw_cidr cidr;
        struct kw_station who;

        assert_int_equal(kw_cidr_parse(rows[i].network, &cidr), 0);
        station(rows[i].address, &who);
        if (kw_cidr_has(&cidr, &who) != rows[i].has)
            fail_msg("%s and %s", rows[i].network, rows[i].address);
    }
}

static void test_any(void **state)
{
    struct kw_cidr list[2];
    struct kw_station a, b;

    (void)state;
    assert_int_equal(kw_cidr_parse("192.0.2.0/24", &list[0]), 0);
    assert_int_equal(kw_cidr_parse("2001:db8::5", &list[1]), 0);
    station("2001:db8::5", &a);
    station("198.51.100.1", &b);
    assert_true(kw_cidr_any(list, 2, &a));
    assert_false(kw_cidr_any(list, 1, &a));
    assert_false(kw_cidr_any(list, 2, &b));
    assert_false(kw_cidr_any(NULL, 0, &a));
    assert_true(kw_station_same(&a, &a));
    assert_false(kw_station_same(&a, &b));
}

static void test_local(void **state)
{
    static const struct {
        const char *address;
        bool local;
    } rows[] = {
        {"127.0.0.1", true},  {"127.255.0.9", true},
        {"::1", true},        {"::ffff:127.0.0.1", true},
        {"126.0.0.1", false}, {"::2", false},
        {"::", false},        {"0.0.0.0", false},
    };
    const struct sockaddr_un other = {.sun_family = AF_UNIX};
    struct kw_station who;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        station(rows[i].address, &who);
        assert_int_equal(kw_station_is_local(&who), rows[i].local);
    }
    kw_station_of((const struct sockaddr *)&other, &who);
    assert_false(kw_station_is_local(&who));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_any),
        cmocka_unit_test(test_local),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
