/* SPDX-License-Identifier: Apache-2.0 */
/* Peers that take what they were sent, slowly, at times, or not at all. */
#include "net/flow.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { RATE = 1000, NEVER = 0, STEP_MS = 250 };

/*
 * A peer that takes `bytes` each `every_ms` of what is always there. Returns
 * the milliseconds after which it stalled, NEVER within ten minutes.
 */
static uint64_t drip(uint64_t bytes, uint64_t every_ms, uint64_t rate)
{
    struct kw_flow flow = {0};
    const uint64_t given = 1000000000, begin_ms = 777;
    uint64_t taken = 0;

    for (uint64_t ms = 0; ms < 600000; ms += STEP_MS) {
        if (ms > 0 && ms % every_ms == 0)
            taken += bytes;
        if (kw_flow_stalls(&flow, given, given - taken, rate, begin_ms + ms))
            return ms;
    }
    return NEVER;
}

static void test_rates(void **state)
{
    static const struct {
        uint64_t bytes, every_ms, rate, stalls_ms;
    } rows[] = {
        {0, 1000, RATE, KW_FLOW_SPAN_MS},   /* takes nothing */
        {1, 1000, RATE, KW_FLOW_SPAN_MS},   /* a byte a second */
        {900, 1000, RATE, KW_FLOW_SPAN_MS}, /* just too slow */
        {1000, 1000, RATE, NEVER},          /* just fast enough */
        {9000, 9000, RATE, NEVER},          /* the same, in bursts */
        {100000, 4500, RATE, NEVER},        /* fast, in bursts */
        {100000, 20000, RATE, KW_FLOW_SPAN_MS} /* with pauses too long */,
        {1, 1000, 1, NEVER}, /* the lowest rate there is */
        {1, 10000, 1, KW_FLOW_SPAN_MS},
        {1 << 20, 1000, 1 << 20, NEVER}, /* the highest of the settings */
        {1 << 19, 1000, 1 << 20, KW_FLOW_SPAN_MS},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint64_t got = drip(rows[i].bytes, rows[i].every_ms, rows[i].rate);

        if (got != rows[i].stalls_ms)
            fail_msg("row %zu: %llu ms", i, (unsigned long long)got);
    }
}

/* A stream of events gives little: who has that has all. */
static void test_little_is_owed(void **state)
{
    struct kw_flow flow = {0};
    uint64_t given = 0;

    (void)state;
    /* 100 bytes a second, of which the last two seconds are on their way to a
     * far peer, so something is always left */
    for (uint64_t ms = 0; ms < 600000; ms += STEP_MS) {
        uint64_t left = given < 200 ? given : 200;

        assert_false(kw_flow_stalls(&flow, given, left, RATE, ms));
        if (ms % 1000 == 0)
            given += 100;
    }
    /* then it is cut off: within two spans, whatever is given meanwhile */
    for (uint64_t ms = 600000, left = 200;; ms += STEP_MS) {
        assert_true(ms <= 600000 + 2 * KW_FLOW_SPAN_MS);
        if (kw_flow_stalls(&flow, given, left, RATE, ms))
            break;
        given += 25;
        left += 25;
    }
}

static void test_catching_up_ends_the_span(void **state)
{
    struct kw_flow flow = {0};

    (void)state;
    assert_false(kw_flow_stalls(&flow, 5000, 5000, RATE, 0));
    assert_false(kw_flow_stalls(&flow, 5000, 5000, RATE, 8999));
    assert_false(kw_flow_stalls(&flow, 5000, 0, RATE, 9000));
    /* a long silence between two answers is nobody's fault */
    assert_false(kw_flow_stalls(&flow, 5000, 0, RATE, 500000));
    assert_false(kw_flow_stalls(&flow, 6000, 1000, RATE, 500001));
    assert_false(kw_flow_stalls(&flow, 6000, 1000, RATE, 509000));
    assert_true(kw_flow_stalls(&flow, 6000, 1000, RATE, 509001));
    /* who asks again gets another span */
    assert_false(kw_flow_stalls(&flow, 6000, 1000, RATE, 509002));
    assert_true(kw_flow_stalls(&flow, 6000, 1000, RATE, 518001));
}

/* After our FIN the kernel counts one byte more than was given. */
static void test_more_left_than_given(void **state)
{
    struct kw_flow flow = {0};

    (void)state;
    assert_false(kw_flow_stalls(&flow, 0, 1, RATE, 0));
    assert_true(kw_flow_stalls(&flow, 0, 1, RATE, KW_FLOW_SPAN_MS));
    assert_false(kw_flow_stalls(&flow, 0, 0, RATE, KW_FLOW_SPAN_MS + 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rates),
        cmocka_unit_test(test_little_is_owed),
        cmocka_unit_test(test_catching_up_ends_the_span),
        cmocka_unit_test(test_more_left_than_given),
    };

    return cmocka_run_group_tests_name("net_flow", tests, NULL, NULL);
}
