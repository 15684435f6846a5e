/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Serial ports as the kernel has them, here pseudo-terminals: polled, pulled
 * out, held by flow control, of the wrong kind. Names that the resolver asks
 * a server for.
 */
#include "loop/test_meter_two.h"

/* The adapter is pulled out and another one comes under the same name. */
static void test_port_pulled_out(void **state)
{
    struct peer_place place = {.tcp = false};
    struct rig rig;
    struct peer first, second;

    (void)state;
    rig_open(&rig);
    peer_open_pty(&first, &rig, peer_answer);
    snprintf(place.port, sizeof(place.port), "%s/adapter", rig.fixture.dir);
    assert_int_equal(symlink(first.at.port, place.port), 0);
    start(&rig, &place, "", one_meter);
    kw_fixture_until(&rig.fixture, has_good, &rig);
    assert_int_equal(unlink(place.port), 0);
    peer_close(&first);
    kw_fixture_until(&rig.fixture, went_down, &rig);
    peer_open_pty(&second, &rig, peer_answer);
    assert_int_equal(symlink(second.at.port, place.port), 0);
    rig.good = 0;
    kw_fixture_until(&rig.fixture, came_up, &rig);
    kw_fixture_until(&rig.fixture, has_good, &rig);
    rig_stop(&rig);
    peer_close(&second);
    rig_close(&rig);
}

/* A file is no serial port, and pseudo-terminals have no RS-485. */
static void test_unusable_ports(void **state)
{
    static const struct {
        const char *port, *options, *says;
    } cases[] = {
        {"/dev/null", "", "Inappropriate"},
        {NULL, ", rs485: { rts_on_send: low }", "RS-485"},
        {NULL, ", rs485: { by: rts }", "no RTS"},
    };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct rig rig;
        struct peer peer;
        char yaml[512];

        rig_open(&rig);
        rig_map(&rig, "two", "", rows);
        peer_open_pty(&peer, &rig, peer_answer);
        snprintf(yaml, sizeof(yaml),
                 "lines:\n  - { name: a, serial: { port: %s%s } }\n"
                 "meters:\n%s",
                 cases[i].port != NULL ? cases[i].port : peer.at.port,
                 cases[i].options, one_meter);
        rig_start(&rig, yaml);
        kw_fixture_until(&rig.fixture, went_down, &rig);
        if (strstr(line_text(&rig), cases[i].says) == NULL)
            fail_msg("%s", line_text(&rig));
        rig_stop(&rig);
        peer_close(&peer);
        rig_close(&rig);
    }
}

/* The port's output is held (flow control): shortly, and for ever. */
static void test_output_held(void **state)
{
    struct rig rig;
    struct peer peer;

    (void)state;
    rig_open(&rig);
    peer_open_pty(&peer, &rig, peer_answer);
    start(&rig, &peer.at, ", timeout: 100ms", one_meter);
    kw_fixture_until(&rig.fixture, has_good, &rig);
    tcflow(peer.slave_fd, TCOOFF);
    kw_fixture_run_ms(&rig.fixture, 120);
    tcflow(peer.slave_fd, TCOON);
    rig.good = 0;
    kw_fixture_until(&rig.fixture, has_good, &rig);
    assert_int_equal(rig.line_down, 0);
    tcflow(peer.slave_fd, TCOOFF);
    kw_fixture_until(&rig.fixture, went_down, &rig);
    rig_stop(&rig);
    tcflow(peer.slave_fd, TCOON);
    peer_close(&peer);
    rig_close(&rig);
}

static void test_no_such_host(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig);
    rig_map(&rig, "two", "", rows);
    rig_start(&rig,
              "lines:\n  - { name: a, tcp: { host: no-such-host.invalid } }\n"
              "meters:\n"
              "  - { name: m, line: a, unit: 5, profile: two }\n");
    kw_fixture_until(&rig.fixture, went_down, &rig);
    assert_non_null(strstr(line_text(&rig), "no-such-host.invalid:502: "));
    rig_stop(&rig);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_port_pulled_out),
        cmocka_unit_test(test_unusable_ports),
        cmocka_unit_test(test_output_held),
        cmocka_unit_test(test_no_such_host),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
