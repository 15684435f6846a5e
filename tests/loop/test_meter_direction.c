/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RS-485 direction by RTS, on a port that writes down what is done to it and
 * when. Times are bounds from below: a machine may be late, never early.
 */
#include "lib/fixture.h"
#include "meter/direction.h"

#include <fcntl.h>
#include <pty.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { FD = 77, STEPS_MAX = 8 };

struct stage {
    struct kw_fixture fixture;
    struct kw_meter_direction direction;
    bool sending; /* the level that sends is low here */
    bool ready;
};

/* What was done to the port; the operations know nothing but its number. */
static struct port {
    unsigned sets, looks, drained_after;
    bool level[STEPS_MAX], broken;
    uint64_t at_ns[STEPS_MAX];
} port;

static int set(int fd, bool high)
{
    assert_int_equal(fd, FD);
    assert_true(port.sets < STEPS_MAX);
    if (port.broken)
        return KW_EIO;
    port.level[port.sets] = high;
    port.at_ns[port.sets++] = kw_clock_mono_ns(&kw_clock_system);
    return 0;
}

static bool drained(int fd)
{
    assert_int_equal(fd, FD);
    return ++port.looks > port.drained_after;
}

static void on_ready(void *arg)
{
    struct stage *stage = arg;

    stage->ready = true;
}

static void open_stage(struct stage *stage, uint64_t before_ns,
                       uint64_t after_ns)
{
    static const struct kw_meter_direction_ops ops = {set, drained};

    memset(stage, 0, sizeof(*stage));
    memset(&port, 0, sizeof(port));
    kw_fixture_open(&stage->fixture, 0);
    stage->direction = (struct kw_meter_direction){
        .ops = &ops,
        .char_ns = 1000000,
        .before_ns = before_ns,
        .after_ns = after_ns,
        .high_on_send = true,
        .ready = on_ready,
        .arg = stage,
    };
    assert_int_equal(
        kw_meter_direction_init(&stage->direction, &stage->fixture.loop), 0);
    assert_int_equal(kw_meter_direction_start(&stage->direction, FD), 0);
    assert_int_equal(port.sets, 1);
    assert_false(port.level[0]); /* receiving */
}

static void close_stage(struct stage *stage)
{
    kw_meter_direction_stop(&stage->direction);
    kw_meter_direction_fini(&stage->direction);
    kw_fixture_close(&stage->fixture);
}

static bool is_receiving(void *arg)
{
    (void)arg;
    return port.sets == 3;
}

/* Sending at once, receiving when the frame's time is over. */
static void test_without_delays(void **state)
{
    static struct stage stage;

    (void)state;
    open_stage(&stage, 0, 0);
    assert_true(kw_meter_direction_send(&stage.direction));
    assert_true(port.level[1]);
    kw_meter_direction_sent(&stage.direction, 8);
    kw_fixture_until(&stage.fixture, is_receiving, &stage);
    assert_false(port.level[2]);
    assert_true(port.at_ns[2] - port.at_ns[1] >= 8000000);
    assert_int_equal(port.looks, 1);
    assert_false(stage.ready);
    close_stage(&stage);
}

static void test_with_delays(void **state)
{
    static struct stage stage;
    uint64_t ready_ns;

    (void)state;
    open_stage(&stage, 3000000, 5000000);
    assert_false(kw_meter_direction_send(&stage.direction));
    kw_fixture_until_set(&stage.fixture, &stage.ready);
    ready_ns = kw_clock_mono_ns(&kw_clock_system);
    assert_true(ready_ns - port.at_ns[1] >= 3000000);
    kw_meter_direction_sent(&stage.direction, 2);
    kw_fixture_until(&stage.fixture, is_receiving, &stage);
    assert_true(port.at_ns[2] - ready_ns >= 7000000);
    close_stage(&stage);
}

/* A port that drains late is looked at each character; one that never does
 * holds the bus for a while and not for ever. */
static void test_drains_late(void **state)
{
    static const struct {
        unsigned drained_after, looks;
    } rows[] = {{3, 4}, {1000, 64}};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        static struct stage stage;

        open_stage(&stage, 0, 0);
        port.drained_after = rows[i].drained_after;
        assert_true(kw_meter_direction_send(&stage.direction));
        kw_meter_direction_sent(&stage.direction, 1);
        kw_fixture_until(&stage.fixture, is_receiving, &stage);
        assert_int_equal(port.looks, rows[i].looks);
        assert_true(port.at_ns[2] - port.at_ns[1] >= rows[i].looks * 1000000U);
        close_stage(&stage);
    }
}

/* Closed in each of its stages: nothing is touched any more. */
static void test_stop(void **state)
{
    (void)state;
    for (int at = 0; at < 2; at++) {
        static struct stage stage;

        open_stage(&stage, at == 0 ? 2000000 : 0, 2000000);
        if (kw_meter_direction_send(&stage.direction))
            kw_meter_direction_sent(&stage.direction, 1);
        kw_meter_direction_stop(&stage.direction);
        kw_fixture_run_ms(&stage.fixture, 10);
        assert_int_equal(port.sets, 2);
        assert_false(stage.ready);
        close_stage(&stage);
    }
}

static void test_no_rts(void **state)
{
    static struct stage stage;
    int master, device;

    (void)state;
    open_stage(&stage, 0, 0);
    port.broken = true;
    assert_int_equal(kw_meter_direction_start(&stage.direction, FD), KW_EIO);
    close_stage(&stage);
    /* a pseudo-terminal has none, and drains at once */
    assert_int_equal(openpty(&master, &device, NULL, NULL, NULL), 0);
    assert_int_equal(kw_meter_direction_port.set(device, true), KW_EIO);
    assert_true(kw_meter_direction_port.drained(device));
    close(master);
    close(device);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_delays),
        cmocka_unit_test(test_with_delays),
        cmocka_unit_test(test_drains_late),
        cmocka_unit_test(test_stop),
        cmocka_unit_test(test_no_rts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
