/* SPDX-License-Identifier: Apache-2.0 */
#include "net/listen.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const struct {
    const char *text;
    const char *shown; /* NULL: refused */
    unsigned port;
} rows[] = {
    {"127.0.0.1:502", "127.0.0.1", 502},
    {"0.0.0.0:0", "0.0.0.0", 0},
    {"255.255.255.255:65535", "255.255.255.255", 65535},
    {"[::]:8443", "::", 8443},
    {"[::1]:1", "::1", 1},
    {"[2001:db8::7]:443", "2001:db8::7", 443},
    {"[::ffff:192.0.2.1]:80", "192.0.2.1", 80},
    {"", NULL, 0},
    {":80", NULL, 0},
    {"127.0.0.1", NULL, 0},
    {"127.0.0.1:", NULL, 0},
    {"127.0.0.1:65536", NULL, 0},
    {"127.0.0.1:-1", NULL, 0},
    {"127.0.0.1:0x50", NULL, 0},
    {"127.0.0.1:80 ", NULL, 0},
    {" 127.0.0.1:80", NULL, 0},
    {"127.0.0:80", NULL, 0},
    {"127.0.0.1.1:80", NULL, 0},
    {"256.0.0.1:80", NULL, 0},
    {"localhost:80", NULL, 0},
    {"::1:80", NULL, 0},
    {"[::1:80", NULL, 0},
    {"[::1]", NULL, 0},
    {"[::1]80", NULL, 0},
    {"[127.0.0.1]:80", NULL, 0},
    {"[fe80::1%eth0]:80", NULL, 0},
    {"[]:80", NULL, 0},
    {"[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]:80", NULL, 0},
};

static void test_parse(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sockaddr_storage address;
        char text[64];
        int err = kw_address_parse(rows[i].text, &address);
        unsigned port;

        if (rows[i].shown == NULL) {
            assert_int_equal(err, KW_EINVAL);
            continue;
        }
        assert_int_equal(err, 0);
        kw_address_format((struct sockaddr *)&address, text, sizeof(text));
        assert_string_equal(text, rows[i].shown);
        port = address.ss_family == AF_INET6
                   ? ((struct sockaddr_in6 *)&address)->sin6_port
                   : ((struct sockaddr_in *)&address)->sin_port;
        assert_int_equal(ntohs((uint16_t)port), rows[i].port);
    }
}

static void test_format_other(void **state)
{
    struct sockaddr address = {.sa_family = AF_UNIX};
    char text[64] = "before";

    (void)state;
    kw_address_format(&address, text, sizeof(text));
    assert_string_equal(text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_format_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
