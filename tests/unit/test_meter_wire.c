/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum {
    DOWN = KW_METER_WIRE_DOWN,
    IDLE = KW_METER_WIRE_IDLE,
    SILENCE = KW_METER_WIRE_SILENCE,
    SENDING = KW_METER_WIRE_SENDING,
    WAITING = KW_METER_WIRE_WAITING,
    QUIET = KW_METER_WIRE_QUIET,
};

/* Feeds the events and compares the state after each. */
static void walk(const unsigned steps[][2], size_t count)
{
    enum kw_meter_wire_state state = KW_METER_WIRE_DOWN;

    for (size_t i = 0; i < count; i++) {
        state = kw_meter_wire_step(state, steps[i][0]).state;
        assert_int_equal(state, steps[i][1]);
    }
}
#define WALK(steps) walk(steps, sizeof(steps) / sizeof((steps)[0]))

static void test_happy_path(void **state)
{
    static const unsigned steps[][2] = {
        {KW_METER_WIRE_UP, IDLE},        {KW_METER_WIRE_WORK, SILENCE},
        {KW_METER_WIRE_SILENT, SENDING}, {KW_METER_WIRE_SENT, WAITING},
        {KW_METER_WIRE_DONE, IDLE},      {KW_METER_WIRE_WORK, SILENCE},
    };

    (void)state;
    WALK(steps);
}

static void test_spoiled(void **state)
{
    static const unsigned steps[][2] = {
        {KW_METER_WIRE_UP, IDLE},       {KW_METER_WIRE_WORK, SILENCE},
        {KW_METER_WIRE_NOISE, SILENCE}, {KW_METER_WIRE_SILENT, SENDING},
        {KW_METER_WIRE_SENT, WAITING},  {KW_METER_WIRE_SPOILED, QUIET},
        {KW_METER_WIRE_WORK, QUIET},    {KW_METER_WIRE_NOISE, QUIET},
        {KW_METER_WIRE_SILENT, IDLE},
    };

    (void)state;
    WALK(steps);
}

/* Several requests at a time, and a task that went away. */
static void test_several(void **state)
{
    static const unsigned steps[][2] = {
        {KW_METER_WIRE_UP, IDLE},        {KW_METER_WIRE_WORK, SILENCE},
        {KW_METER_WIRE_SILENT, SENDING}, {KW_METER_WIRE_SENT, WAITING},
        {KW_METER_WIRE_WORK, SILENCE},   {KW_METER_WIRE_SILENT, SENDING},
        {KW_METER_WIRE_SENT, WAITING},   {KW_METER_WIRE_DONE, IDLE},
        {KW_METER_WIRE_WORK, SILENCE},   {KW_METER_WIRE_SILENT, SENDING},
        {KW_METER_WIRE_DONE, IDLE},
    };

    (void)state;
    WALK(steps);
}

static void test_lost_from_everywhere(void **state)
{
    (void)state;
    for (unsigned at = 0; at < KW_METER_WIRE_STATES; at++) {
        struct kw_meter_wire_step step =
            kw_meter_wire_step(at, KW_METER_WIRE_LOST);

        assert_int_equal(step.state, DOWN);
        assert_int_equal(step.action, at == DOWN ? KW_METER_WIRE_NOTHING
                                                 : KW_METER_WIRE_FAIL);
    }
}

/* What means nothing in a state changes nothing; whatever is in the table
 * stays in the table. */
static void test_closed(void **state)
{
    (void)state;
    for (unsigned at = 0; at < KW_METER_WIRE_STATES; at++) {
        for (unsigned event = 0; event < KW_METER_WIRE_EVENTS; event++) {
            struct kw_meter_wire_step step = kw_meter_wire_step(at, event);

            assert_true(step.state < KW_METER_WIRE_STATES);
            if (step.action == KW_METER_WIRE_NOTHING)
                assert_int_equal(step.state, at);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_happy_path),
        cmocka_unit_test(test_spoiled),
        cmocka_unit_test(test_several),
        cmocka_unit_test(test_lost_from_everywhere),
        cmocka_unit_test(test_closed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
