/* SPDX-License-Identifier: Apache-2.0 */
/* The trusted time is kept over a restart. */
#include "core/core_clock.h"
#include "lib/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const int64_t day_ms = KW_TRUST_DAY_MS;

static void on_stored(void *arg, int err)
{
    assert_int_equal(err, 0);
    *(bool *)arg = true;
}

static void on_failed(void *arg, int err)
{
    assert_int_not_equal(err, 0);
    *(bool *)arg = true;
}

static void store(struct kw_fixture *fixture)
{
    bool stored = false;

    kw_core_clock_store(&fixture->core, on_stored, &stored);
    kw_fixture_until_set(fixture, &stored);
}

static int64_t trusted(struct kw_fixture *fixture)
{
    return kw_trust_time(&fixture->core.trust, fixture->core.clock);
}

static void test_restart(void **state)
{
    struct kw_fixture fixture;
    struct kw_clock_manual *clock = &fixture.manual;
    int64_t start_ms;

    (void)state;
    kw_fixture_open(&fixture, KW_FIXTURE_DB);
    fixture.core.clock = &clock->clock;
    start_ms = clock->wall_ms;
    kw_core_clock_load(&fixture.core); /* nothing stored: nothing trusted */
    assert_int_equal(trusted(&fixture), 0);
    kw_clock_manual_advance(clock, day_ms);
    assert_int_equal(trusted(&fixture), start_ms + day_ms);
    store(&fixture);
    clock->wall_ms += 300 * day_ms; /* off, or a wrong clock: who knows */
    clock->mono_ns = UINT64_C(5000000000);
    kw_core_clock_load(&fixture.core);
    assert_int_equal(trusted(&fixture), start_ms + day_ms);
    kw_clock_manual_advance(clock, 3600000);
    assert_int_equal(trusted(&fixture), start_ms + day_ms + 3600000);
    kw_fixture_close(&fixture);
}

/* What is stored can't be a time: as if nothing was. */
static void test_no_time(void **state)
{
    struct kw_fixture fixture;

    (void)state;
    kw_fixture_open(&fixture, KW_FIXTURE_DB);
    fixture.core.clock = &fixture.manual.clock;
    kw_trust_init(&fixture.core.trust, fixture.core.clock, 5000);
    store(&fixture);
    kw_core_clock_load(&fixture.core);
    assert_int_equal(trusted(&fixture), 0);
    kw_fixture_close(&fixture);
}

/* Without a database it works until the end. */
static void test_no_database(void **state)
{
    struct kw_fixture fixture;
    bool told = false;

    (void)state;
    kw_fixture_open(&fixture, 0);
    fixture.core.clock = &fixture.manual.clock;
    kw_core_clock_load(&fixture.core);
    kw_core_clock_store(&fixture.core, on_failed, &told);
    assert_true(told);
    kw_core_clock_store(&fixture.core, NULL, NULL);
    assert_int_equal(trusted(&fixture), 0);
    kw_fixture_close(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_restart),
        cmocka_unit_test(test_no_time),
        cmocka_unit_test(test_no_database),
    };

    return cmocka_run_group_tests_name("core_clock", tests, NULL, NULL);
}
