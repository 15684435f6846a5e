/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/pdu.h"
#include "meter/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { POINTS = 300 };

struct bench {
    struct kw_map map;
    struct kw_map_point points[POINTS];
    uint16_t order[POINTS];
    struct kw_plan_request requests[POINTS];
    struct kw_plan plan;
};

static void init(struct bench *bench, unsigned most, unsigned gap)
{
    memset(bench, 0, sizeof(*bench));
    bench->map.points = bench->points;
    bench->map.max_registers = (uint16_t)most;
    bench->map.gap = (uint16_t)gap;
    bench->plan.order = bench->order;
    bench->plan.requests = bench->requests;
}

static void add(struct bench *bench, unsigned function, unsigned address,
                unsigned registers, enum kw_map_class read_class)
{
    bench->points[bench->map.count++] = (struct kw_map_point){
        .function = (uint8_t)function,
        .address = (uint16_t)address,
        .registers = (uint8_t)registers,
        .read_class = read_class,
    };
}

static void plan(struct bench *bench, unsigned load)
{
    static const uint8_t apart[KW_MAP_CLASSES] = {0, 1, 2, 3};

    kw_meter_plan(&bench->map, load, apart, &bench->plan);
    assert_true(bench->plan.points <= bench->map.count);
}

static void expect(const struct bench *bench, size_t index, unsigned address,
                   unsigned count, unsigned points)
{
    assert_true(index < bench->plan.count);
    assert_int_equal(bench->requests[index].address, address);
    assert_int_equal(bench->requests[index].count, count);
    assert_int_equal(bench->requests[index].points, points);
}

static void test_adjacent_merge(void **state)
{
    struct bench bench;

    (void)state;
    init(&bench, 125, 0);
    add(&bench, 3, 104, 2, KW_MAP_FAST);
    add(&bench, 3, 100, 2, KW_MAP_FAST);
    add(&bench, 3, 102, 2, KW_MAP_FAST);
    add(&bench, 3, 107, 1, KW_MAP_FAST);
    plan(&bench, 1);
    assert_int_equal(bench.plan.count, 2);
    expect(&bench, 0, 100, 6, 3);
    expect(&bench, 1, 107, 1, 1);
    assert_int_equal(bench.order[0], 1);
    assert_int_equal(bench.order[1], 2);
    assert_int_equal(bench.order[2], 0);
    assert_int_equal(bench.requests[1].first, 3);
}

static void test_gap(void **state)
{
    static const struct {
        unsigned gap, requests;
    } rows[] = {{0, 3}, {1, 3}, {2, 2}, {3, 2}, {4, 1}, {100, 1}};
    struct bench bench;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        init(&bench, 125, rows[i].gap);
        add(&bench, 3, 0, 2, KW_MAP_FAST);
        add(&bench, 3, 4, 2, KW_MAP_FAST);  /* 2 apart */
        add(&bench, 3, 10, 2, KW_MAP_FAST); /* 4 apart */
        plan(&bench, 1);
        assert_int_equal(bench.plan.count, rows[i].requests);
    }
}

static void test_classes_and_functions_apart(void **state)
{
    struct bench bench;

    (void)state;
    init(&bench, 125, 10);
    add(&bench, 3, 0, 2, KW_MAP_SLOW);
    add(&bench, 0, 0, 0, KW_MAP_FAST); /* computed: no part of it */
    add(&bench, 3, 2, 2, KW_MAP_FAST);
    add(&bench, 4, 4, 2, KW_MAP_FAST);
    add(&bench, 3, 6, 2, KW_MAP_ONCE);
    add(&bench, 3, 8, 2, KW_MAP_NORMAL);
    plan(&bench, 1);
    assert_int_equal(bench.plan.count, 5);
    expect(&bench, 0, 2, 2, 1);
    expect(&bench, 1, 4, 2, 1);
    assert_int_equal(bench.requests[1].function, 4);
    expect(&bench, 2, 8, 2, 1);
    expect(&bench, 3, 0, 2, 1);
    expect(&bench, 4, 6, 2, 1);
}

/* Listed registers of another class are read along while they are few. */
static void test_listed_between(void **state)
{
    static const struct {
        unsigned gap, between, after, forbidden, requests;
    } rows[] = {
        {0, 1, 0, 0, 1},  {0, 12, 0, 0, 1}, {0, 13, 0, 0, 2},
        {0, 12, 1, 0, 2}, {1, 12, 1, 0, 1}, {1, 12, 2, 0, 2},
        {5, 4, 5, 0, 1},  {5, 4, 5, 7, 2},  {20, 13, 0, 0, 2},
    };
    struct bench bench;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        unsigned address = 2;

        init(&bench, 125, rows[i].gap);
        bench.map.forbidden_count = rows[i].forbidden > 0;
        bench.map.forbidden[0].first = (uint16_t)rows[i].forbidden;
        bench.map.forbidden[0].last = (uint16_t)rows[i].forbidden;
        add(&bench, 3, 0, 2, KW_MAP_FAST);
        for (unsigned j = 0; j < rows[i].between; j++)
            add(&bench, 3, address++, 1, KW_MAP_SLOW);
        add(&bench, 4, address, 100, KW_MAP_SLOW); /* another function */
        add(&bench, 3, address + rows[i].after, 2, KW_MAP_FAST);
        plan(&bench, 1);
        assert_int_equal(bench.requests[0].points == 2 ? 1 : 2,
                         rows[i].requests);
    }
}

static void test_merged_classes(void **state)
{
    static const struct {
        int64_t period_ms[3];
        uint8_t merged[KW_MAP_CLASSES];
    } rows[] = {
        {{1000, 1000, 1000}, {0, 0, 0, 3}},
        {{1000, 1000, 60000}, {0, 0, 2, 3}},
        {{1000, 60000, 60000}, {0, 1, 1, 3}},
        {{1000, 60000, 1000}, {0, 1, 0, 3}},
        {{1000, 5000, 60000}, {0, 1, 2, 3}},
    };
    struct bench bench;
    uint8_t merged[KW_MAP_CLASSES];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        kw_meter_plan_merge(rows[i].period_ms, merged);
        assert_memory_equal(merged, rows[i].merged, sizeof(merged));
    }
    kw_meter_plan_merge(rows[0].period_ms, merged);
    init(&bench, 125, 0);
    add(&bench, 3, 0, 2, KW_MAP_SLOW);
    add(&bench, 3, 2, 2, KW_MAP_FAST);
    add(&bench, 3, 4, 2, KW_MAP_NORMAL);
    kw_meter_plan(&bench.map, 1, merged, &bench.plan);
    assert_int_equal(bench.plan.count, 1);
    expect(&bench, 0, 0, 6, 3);
}

/* The limit counts registers, a point is never split. */
static void test_limit(void **state)
{
    struct bench bench;

    (void)state;
    init(&bench, 10, 0);
    for (unsigned i = 0; i < 8; i++)
        add(&bench, 3, i * 4, 4, KW_MAP_FAST);
    plan(&bench, 1);
    assert_int_equal(bench.plan.count, 4); /* 8 of 10: two points each */
    for (size_t i = 0; i < 4; i++)
        expect(&bench, i, (unsigned)i * 8, 8, 2);
    init(&bench, 125, 0);
    for (unsigned i = 0; i < 126; i++)
        add(&bench, 4, i, 1, KW_MAP_FAST);
    plan(&bench, 1);
    assert_int_equal(bench.plan.count, 2);
    expect(&bench, 0, 0, 125, 125);
    expect(&bench, 1, 125, 1, 1);
}

/* Bits are not bound by the registers' limit but by the specification's. */
static void test_bits(void **state)
{
    struct bench bench;

    (void)state;
    init(&bench, 1, 123);
    for (unsigned i = 0; i < 20; i++)
        add(&bench, 1, i * 124, 1, KW_MAP_FAST);
    plan(&bench, 1);
    assert_int_equal(bench.plan.count, 2);
    assert_true(bench.requests[0].count <= KW_METER_BITS_MAX);
}

static void test_overlap(void **state)
{
    struct bench bench;

    (void)state;
    init(&bench, 125, 0);
    add(&bench, 3, 100, 4, KW_MAP_FAST);
    add(&bench, 3, 100, 2, KW_MAP_FAST);
    add(&bench, 3, 101, 1, KW_MAP_FAST);
    plan(&bench, 1);
    assert_int_equal(bench.plan.count, 1);
    expect(&bench, 0, 100, 4, 3);
}

static void test_forbidden(void **state)
{
    static const struct {
        unsigned first, last, requests;
    } rows[] = {{2, 2, 2},   {3, 3, 2}, {2, 3, 2}, {0, 0, 1},
                {6, 100, 1}, {4, 4, 1}, {1, 1, 1}};
    struct bench bench;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        init(&bench, 125, 10);
        bench.map.forbidden_count = 1;
        bench.map.forbidden[0].first = (uint16_t)rows[i].first;
        bench.map.forbidden[0].last = (uint16_t)rows[i].last;
        add(&bench, 3, 0, 2, KW_MAP_FAST);
        add(&bench, 3, 4, 2, KW_MAP_FAST);
        plan(&bench, 1);
        assert_int_equal(bench.plan.count, rows[i].requests);
    }
}

static void test_load(void **state)
{
    struct bench bench;

    (void)state;
    init(&bench, 125, 0);
    bench.map.load_stride = 2048;
    add(&bench, 3, 18432, 2, KW_MAP_FAST);
    plan(&bench, 3);
    expect(&bench, 0, 18432 + 2 * 2048, 2, 1);
}

static void test_end_of_addresses(void **state)
{
    struct bench bench;

    (void)state;
    init(&bench, 125, 123);
    add(&bench, 3, 65535, 1, KW_MAP_FAST);
    add(&bench, 3, 65411, 2, KW_MAP_FAST);
    plan(&bench, 1);
    assert_int_equal(bench.plan.count, 1);
    expect(&bench, 0, 65411, 125, 2);
}

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525U + 1013904223U;
    return *seed >> 8;
}

/* Requests that a plan of this class and function needs at least: the best of
 * all ways to cut the sorted points, by trying every one. */
static unsigned fewest(const struct bench *bench)
{
    unsigned best[POINTS + 1] = {0};
    size_t count = bench->map.count;

    for (size_t end = 1; end <= count; end++) {
        best[end] = UINT32_MAX;
        for (size_t first = end; first-- > 0;) {
            const struct kw_map_point *a = &bench->points[bench->order[first]];
            const struct kw_map_point *z =
                &bench->points[bench->order[end - 1]];

            if ((unsigned)z->address + z->registers - a->address >
                bench->map.max_registers)
                break;
            if (first + 1 < end) {
                const struct kw_map_point *b =
                    &bench->points[bench->order[first + 1]];

                if (b->address > a->address + a->registers + bench->map.gap)
                    break;
            }
            if (best[first] + 1 < best[end])
                best[end] = best[first] + 1;
        }
    }
    return best[count];
}

static void test_fewest(void **state)
{
    struct bench bench;
    uint32_t seed = 3;

    (void)state;
    for (int round = 0; round < 300; round++) {
        unsigned address = 0;

        init(&bench, 4 + next_random(&seed) % 40, next_random(&seed) % 5);
        for (int i = 0; i < 60; i++) {
            static const unsigned sizes[] = {1, 2, 2, 4};
            unsigned size = sizes[next_random(&seed) % 4];

            address += next_random(&seed) % 4 == 0 ? next_random(&seed) % 8 : 0;
            add(&bench, 3, address, size, KW_MAP_FAST);
            address += size;
        }
        plan(&bench, 1);
        assert_int_equal(bench.plan.count, fewest(&bench));
    }
}

/* --- every way there is, for few points of all kinds */

enum { FEW = 7, SPAN = 64 };

/* What a set of points (bits of `set`) asks for when read at once: false when
 * that may not be. Written from the rules, not from the planner. */
static bool one_request(const struct bench *bench, unsigned set)
{
    unsigned first = SPAN, end = 0, unknown = 0, known = 0;
    char what[SPAN];

    memset(what, ' ', sizeof(what));
    for (size_t i = 0; i < bench->map.count; i++) {
        const struct kw_map_point *point = &bench->points[i];
        bool own = (set >> i & 1) != 0;

        for (unsigned j = 0; j < point->registers; j++) {
            char *at = &what[point->address + j];

            *at = own ? 'o' : *at == 'o' ? 'o' : 'k';
        }
        if (own && point->address < first)
            first = point->address;
        if (own && (unsigned)point->address + point->registers > end)
            end = (unsigned)point->address + point->registers;
    }
    for (size_t i = 0; i < bench->map.forbidden_count; i++) {
        for (unsigned j = bench->map.forbidden[i].first;
             j <= bench->map.forbidden[i].last; j++)
            what[j] = 'x';
    }
    if (end - first > bench->map.max_registers)
        return false;
    for (unsigned i = first; i < end; i++) {
        unknown = what[i] == ' ' ? unknown + 1 : 0;
        known = what[i] == 'k' ? known + 1 : what[i] == 'o' ? 0 : known;
        if (what[i] == 'x' || unknown > bench->map.gap || known > KW_PLAN_ALONG)
            return false;
    }
    return true;
}

/* The fewest requests for the points in `left` over all ways to split them. */
static unsigned fewest_of_all(const struct bench *bench, unsigned left,
                              unsigned char *known)
{
    unsigned low = left & (0U - left), others = left & ~low, best = FEW;

    if (left == 0 || known[left] > 0)
        return left == 0 ? 0 : known[left];
    for (unsigned more = others;; more = (more - 1) & others) {
        if (one_request(bench, low | more)) {
            unsigned here = 1 + fewest_of_all(bench, others & ~more, known);

            best = here < best ? here : best;
        }
        if (more == 0)
            break;
    }
    known[left] = (unsigned char)best;
    return best;
}

static bool is_free(const struct bench *bench, unsigned address,
                    unsigned registers)
{
    for (size_t i = 0; i < bench->map.forbidden_count; i++) {
        if (address <= bench->map.forbidden[i].last &&
            address + registers > bench->map.forbidden[i].first)
            return false;
    }
    return true;
}

static void make_few(struct bench *bench, uint32_t *seed)
{
    init(bench, 4 + next_random(seed) % 24, next_random(seed) % 6);
    bench->map.forbidden_count = next_random(seed) % 3;
    for (size_t i = 0; i < bench->map.forbidden_count; i++) {
        bench->map.forbidden[i].first =
            (uint16_t)(next_random(seed) % (SPAN - 4));
        bench->map.forbidden[i].last =
            (uint16_t)(bench->map.forbidden[i].first + next_random(seed) % 3);
    }
    /* Overlaps too: bits of a register, a number and a part of it. */
    for (int i = 0; i < FEW; i++) {
        unsigned size = 1 + next_random(seed) % 4;
        unsigned address = next_random(seed) % (SPAN - 24);

        if (is_free(bench, address, size))
            add(bench, 3, address, size,
                next_random(seed) % 4 == 0 ? KW_MAP_SLOW : KW_MAP_FAST);
    }
}

static void test_fewest_of_all(void **state)
{
    struct bench bench;
    uint32_t seed = 7;
    unsigned more_than_one = 0;

    (void)state;
    for (int round = 0; round < 20000; round++) {
        unsigned char known[1 << FEW] = {0};
        unsigned sets[2] = {0, 0}, expected;

        make_few(&bench, &seed);
        for (size_t i = 0; i < bench.map.count; i++)
            sets[bench.points[i].read_class == KW_MAP_SLOW] |= 1U << i;
        plan(&bench, 1);
        expected = fewest_of_all(&bench, sets[0], known);
        expected += fewest_of_all(&bench, sets[1], known);
        assert_int_equal(bench.plan.count, expected);
        more_than_one += expected > 2;
    }
    assert_true(more_than_one > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_adjacent_merge),
        cmocka_unit_test(test_gap),
        cmocka_unit_test(test_classes_and_functions_apart),
        cmocka_unit_test(test_merged_classes),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_bits),
        cmocka_unit_test(test_overlap),
        cmocka_unit_test(test_forbidden),
        cmocka_unit_test(test_load),
        cmocka_unit_test(test_end_of_addresses),
        cmocka_unit_test(test_listed_between),
        cmocka_unit_test(test_fewest),
        cmocka_unit_test(test_fewest_of_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
