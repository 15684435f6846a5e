/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/trace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* A frame of so many bytes that all are its number. */
static uint32_t add(struct kw_meter_trace *trace, size_t length)
{
    struct kw_meter_traced frame = {.time_ns = 1000U + trace->count,
                                    .out = trace->count % 2 == 0};
    unsigned char bytes[2000];

    memset(bytes, (int)trace->count, sizeof(bytes));
    return kw_meter_trace_add(trace, &frame, bytes, length);
}

/* Longer ones than a length can say are as long as it can. */
static void test_longest(void **state)
{
    static unsigned char bytes[UINT16_MAX + 2];
    struct kw_meter_trace trace = {.count = 0};
    struct kw_meter_traced frame = {.time_ns = 1000};
    const struct kw_meter_traced *kept;
    unsigned char copy[KW_METER_TRACE_FRAME];

    (void)state;
    (void)kw_meter_trace_add(&trace, &frame, bytes, sizeof(bytes));
    assert_int_equal(kw_meter_trace_get(&trace, 0, &kept, copy),
                     KW_METER_TRACE_FRAME);
    assert_int_equal(kept->length, UINT16_MAX);
}

/* All frames that are there are whole and follow each other. */
static void check(const struct kw_meter_trace *trace, unsigned expected)
{
    uint32_t first = kw_meter_trace_first(trace);

    assert_int_equal(trace->count - first, expected);
    for (uint32_t i = first; i != trace->count; i++) {
        unsigned char bytes[KW_METER_TRACE_FRAME];
        const struct kw_meter_traced *frame;
        size_t length = kw_meter_trace_get(trace, i, &frame, bytes);

        assert_int_equal(frame->time_ns, 1000U + i);
        assert_int_equal(length, frame->length < KW_METER_TRACE_FRAME
                                     ? frame->length
                                     : KW_METER_TRACE_FRAME);
        for (size_t j = 0; j < length; j++)
            assert_int_equal(bytes[j], i & 0xFF);
    }
}

static void test_frames(void **state)
{
    static const struct {
        size_t length;
        unsigned frames, left;
    } rows[] = {
        {8, 0, 0},     {8, 1, 1},      {0, 3, 3},      {8, 64, 64},
        {8, 65, 64},   {100, 500, 64}, {128, 70, 64},  {129, 70, 63},
        {256, 40, 32}, {260, 90, 31},  {1999, 90, 31},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct kw_meter_trace trace = {.count = 0};

        for (unsigned j = 0; j < rows[i].frames; j++)
            assert_int_equal(add(&trace, rows[i].length), j);
        check(&trace, rows[i].left);
    }
}

/* Lengths of all kinds, far past the ends of both rings. */
static void test_mixed(void **state)
{
    struct kw_meter_trace trace = {.count = 0};

    (void)state;
    for (unsigned i = 0; i < 5000; i++) {
        uint32_t first;

        add(&trace, i * 37 % 300);
        first = kw_meter_trace_first(&trace);
        assert_in_range(trace.count - first, i < 31 ? i + 1 : 31, 64);
        check(&trace, trace.count - first);
    }
}

/* The numbers roll over. */
static void test_for_years(void **state)
{
    struct kw_meter_trace trace = {.count = UINT32_MAX - 20,
                                   .used = UINT32_MAX - 500};

    (void)state;
    for (unsigned i = 0; i < 100; i++)
        add(&trace, 100);
    assert_true(trace.count < 100 && trace.used < 10000);
    assert_int_equal(trace.count - kw_meter_trace_first(&trace), 64);
}

static void test_end(void **state)
{
    struct kw_meter_trace trace = {.count = 0};
    uint32_t number = add(&trace, 8), other = add(&trace, 8);

    (void)state;
    kw_meter_trace_end(&trace, number, KW_METER_TRACED_EXCEPTION, 2);
    assert_int_equal(trace.frames[number].as, KW_METER_TRACED_EXCEPTION);
    assert_int_equal(trace.frames[number].exception, 2);
    assert_int_equal(trace.frames[other].as, KW_METER_TRACED_WAITING);
    for (unsigned i = 0; i < 63; i++)
        add(&trace, 8);
    /* Its place has another frame by now. */
    kw_meter_trace_end(&trace, number, KW_METER_TRACED_TIMEOUT, 0);
    assert_int_equal(trace.frames[number].as, KW_METER_TRACED_WAITING);
}

static void test_names(void **state)
{
    (void)state;
    for (int i = 0; i < KW_METER_TRACED_KINDS; i++)
        assert_true(kw_meter_traced_name((enum kw_meter_traced_as)i)[0] != 0);
    assert_string_equal(kw_meter_traced_name(KW_METER_TRACED_TIMEOUT),
                        "timeout");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_longest), cmocka_unit_test(test_frames),
        cmocka_unit_test(test_mixed),   cmocka_unit_test(test_for_years),
        cmocka_unit_test(test_end),     cmocka_unit_test(test_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
