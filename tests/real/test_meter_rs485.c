/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RS-485 on a serial line, by the driver and by RTS. Pseudo-terminals have
 * neither, so this program has an ioctl of its own that plays a port with both
 * and writes down what is asked of it.
 */
#include "loop/test_meter_rig.h"

#include <linux/serial.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

static const char rows[] = "voltage_l1_n,3,100,1,u16,-,1,V,fast,,,,\n";

enum { CHANGES_MAX = 1000 };

static struct {
    struct serial_rs485 asked;
    unsigned times; /* that the driver was asked */
    bool high[CHANGES_MAX];
    uint64_t at_ns[CHANGES_MAX];
    unsigned changes, looks;
    unsigned ask_at[CHANGES_MAX]; /* changes before each request */
    unsigned asks;
} port;

static void change(bool high)
{
    assert_true(port.changes < CHANGES_MAX);
    port.high[port.changes] = high;
    port.at_ns[port.changes++] = kw_clock_mono_ns(&kw_clock_system);
}

int ioctl(int fd, unsigned long request, ...)
{
    va_list list;
    void *argument;

    va_start(list, request);
    argument = va_arg(list, void *);
    va_end(list);
    switch (request) {
    case TIOCSRS485:
        port.asked = *(struct serial_rs485 *)argument;
        port.times++;
        return 0;
    case TIOCMBIS:
    case TIOCMBIC:
        assert_int_equal(*(int *)argument, TIOCM_RTS);
        change(request == TIOCMBIS);
        return 0;
    case TIOCSERGETLSR: /* empty at the second look */
        *(unsigned *)argument = port.looks++ % 2 == 0 ? 0 : TIOCSER_TEMT;
        return 0;
    default:
        return (int)syscall(SYS_ioctl, fd, request, argument);
    }
}

/* Answers after some time, as meters do. */
static void after_10_ms(struct peer *peer, const struct kw_meter_ask *ask)
{
    unsigned char frame[300];

    port.ask_at[port.asks++ % CHANGES_MAX] = port.changes;
    peer_later(peer, 10, frame, peer_answer_frame(peer, ask, frame));
}

static bool has_good(void *arg)
{
    const struct rig *rig = arg;

    return rig->good >= 5;
}

static void poll_some(const char *rs485)
{
    struct rig rig;
    struct peer peer;
    char yaml[512];

    memset(&port, 0, sizeof(port));
    rig_open(&rig);
    rig_map(&rig, "one", "", rows);
    peer_open_pty(&peer, &rig, after_10_ms);
    snprintf(yaml, sizeof(yaml),
             "lines:\n  - { name: a, serial: { port: %s, baud: 38400, parity: "
             "none, rs485: %s } }\nmeters:\n"
             "  - { name: m, line: a, unit: 5, profile: one, every: 100ms }\n",
             peer.at.port, rs485);
    rig_start(&rig, yaml);
    kw_fixture_until(&rig.fixture, has_good, &rig);
    kw_fixture_run_ms(&rig.fixture, 20);
    assert_int_equal(rig.bad, 0);
    rig_stop(&rig);
    peer_close(&peer);
    rig_close(&rig);
}

static void test_by_driver(void **state)
{
    (void)state;
    poll_some("{ rts_on_send: low, delay_before: 2ms, delay_after: 3ms }");
    assert_int_equal(port.times, 1);
    assert_int_equal(port.asked.flags,
                     SER_RS485_ENABLED | SER_RS485_RTS_AFTER_SEND);
    assert_int_equal(port.asked.delay_rts_before_send, 2);
    assert_int_equal(port.asked.delay_rts_after_send, 3);
    assert_int_equal(port.changes, 0);
    poll_some("high");
    assert_int_equal(port.asked.flags,
                     SER_RS485_ENABLED | SER_RS485_RTS_ON_SEND);
}

/* Receiving after the opening; then, for each request, sending before its
 * bytes and receiving when they have left, with their time and the delays in
 * between. A frame of 8 bytes takes 2.1 ms. */
static void test_by_rts(void **state)
{
    static const struct {
        const char *rs485;
        bool sends_high;
        uint64_t least_ns;
    } cases[] = {
        {"{ by: rts }", true, 2083000},
        {"{ by: rts, rts_on_send: low }", false, 2083000},
        {"{ by: rts, delay_before: 2ms, delay_after: 3ms }", true, 7083000},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        poll_some(cases[i].rs485);
        assert_int_equal(port.times, 0);
        assert_int_equal(port.changes, 1 + 2 * port.asks);
        assert_true(port.asks >= 5);
        for (unsigned at = 0; at < port.changes; at++)
            assert_int_equal(port.high[at],
                             (at % 2 == 1) == cases[i].sends_high);
        for (unsigned ask = 0; ask < port.asks; ask++) {
            unsigned sending = 1 + 2 * ask;

            assert_in_range(port.ask_at[ask], sending + 1, sending + 2);
            assert_true(port.at_ns[sending + 1] - port.at_ns[sending] >=
                        cases[i].least_ns);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_driver),
        cmocka_unit_test(test_by_rts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
