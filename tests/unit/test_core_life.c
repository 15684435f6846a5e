/* SPDX-License-Identifier: Apache-2.0 */
#include "core/life.h"

#include "base/list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct thing {
    struct kw_life life;
    uv_timer_t timers[2];
    unsigned gone;
};

static void on_gone(struct kw_life *life)
{
    struct thing *thing = KW_LIST_ENTRY(life, struct thing, life);

    assert_int_equal(life->holds, 0);
    thing->gone++;
}

static void test_nothing_held(void **state)
{
    struct thing thing = {.gone = 0};

    (void)state;
    kw_life_init(&thing.life, on_gone);
    assert_true(kw_life_close(&thing.life));
    assert_int_equal(thing.gone, 1);
    assert_false(kw_life_close(&thing.life));
    assert_int_equal(thing.gone, 1);
}

static void test_last_drop(void **state)
{
    struct thing thing = {.gone = 0};

    (void)state;
    kw_life_init(&thing.life, on_gone);
    kw_life_hold(&thing.life);
    kw_life_drop(&thing.life);
    assert_int_equal(thing.gone, 0); /* idle, but not closing */
    kw_life_hold(&thing.life);
    kw_life_hold(&thing.life);
    assert_true(kw_life_close(&thing.life));
    assert_false(kw_life_close(&thing.life));
    kw_life_drop(&thing.life);
    assert_int_equal(thing.gone, 0);
    kw_life_drop(&thing.life);
    assert_int_equal(thing.gone, 1);
}

static void test_handles(void **state)
{
    struct thing thing = {.gone = 0};
    uv_loop_t loop;

    (void)state;
    assert_int_equal(uv_loop_init(&loop), 0);
    kw_life_init(&thing.life, on_gone);
    for (int i = 0; i < 2; i++) {
        kw_life_timer(&thing.life, &loop, &thing.timers[i], &thing);
        assert_ptr_equal(thing.timers[i].data, &thing);
    }
    assert_int_equal(thing.life.holds, 2);

    /* One goes early, the thing lives on. */
    kw_life_close_handle(&thing.life, (uv_handle_t *)&thing.timers[0]);
    kw_life_close_handle(&thing.life, (uv_handle_t *)&thing.timers[0]);
    uv_run(&loop, UV_RUN_NOWAIT);
    assert_int_equal(thing.life.holds, 1);
    assert_int_equal(thing.gone, 0);

    /* Closing a handle that is closed already is harmless. */
    kw_life_close_handle(&thing.life, (uv_handle_t *)&thing.timers[0]);
    kw_life_close_handle(&thing.life, (uv_handle_t *)&thing.timers[1]);
    assert_true(kw_life_close(&thing.life));
    assert_int_equal(thing.gone, 0); /* never inside the call */
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(thing.gone, 1);
    assert_int_equal(uv_loop_close(&loop), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_held),
        cmocka_unit_test(test_last_drop),
        cmocka_unit_test(test_handles),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
