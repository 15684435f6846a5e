/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/image.h"

#include "base/mem.h"
#include "base/sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { BLOCKS = 8 };
static const uint64_t second_ns = 1000000000,
                      period_ns[KW_MAP_ONCE] = {1000000000, 2000000000,
                                                60000000000};

struct world {
    struct kw_plan_request requests[BLOCKS];
    struct kw_plan plan;
    struct kw_meter_image image;
    const struct kw_meter_block *list[BLOCKS];
    struct kw_meter_blocks blocks;
};

static void open_world(struct world *world,
                       const struct kw_plan_request *requests, size_t count)
{
    memset(world, 0, sizeof(*world));
    memcpy(world->requests, requests, count * sizeof(*requests));
    world->plan.requests = world->requests;
    world->plan.count = count;
    assert_int_equal(
        kw_meter_image_init(&world->image, &world->plan, period_ns), 0);
    for (size_t i = 0; i < count; i++)
        world->list[i] = &world->image.blocks[i];
    qsort(world->list, count, sizeof(world->list[0]), kw_meter_block_order);
    world->blocks = (struct kw_meter_blocks){world->list, count};
}

/* The bytes of a register are its address; bits are all 1. */
static void put(struct world *world, size_t request, uint64_t now_ns)
{
    const struct kw_plan_request *at = &world->requests[request];
    unsigned char data[256];

    memset(data, 0xFF, sizeof(data));
    for (unsigned i = 0; i < at->count && at->function > 2; i++) {
        data[2 * i] = (unsigned char)((at->address + i) >> 8);
        data[2 * i + 1] = (unsigned char)(at->address + i);
    }
    kw_meter_image_put(&world->image, request, at->address, at->count, data,
                       now_ns);
    kw_meter_image_keep(&world->image);
}

static enum kw_meter_image_result read_at(struct world *world, uint8_t function,
                                          uint16_t address, uint16_t count,
                                          uint64_t now_ns)
{
    const struct kw_meter_ask ask = {
        .function = function, .address = address, .count = count};
    unsigned char out[256];
    uint8_t code = 77;
    enum kw_meter_image_result result;

    memset(out, 0xEE, sizeof(out));
    result = kw_meter_image_read(&world->blocks, &ask, now_ns, out, &code);
    for (unsigned i = 0;
         result == KW_METER_IMAGE_GOOD && function > 2 && i < count; i++)
        assert_int_equal(out[2 * i] << 8 | out[2 * i + 1], address + i);
    return result;
}

static const struct kw_plan_request three[] = {
    {.function = 3, .read_class = KW_MAP_FAST, .address = 100, .count = 10},
    {.function = 3, .read_class = KW_MAP_SLOW, .address = 110, .count = 5},
    {.function = 3, .read_class = KW_MAP_ONCE, .address = 50000, .count = 2},
};

static void test_ranges(void **state)
{
    static const struct {
        uint16_t address, count;
        enum kw_meter_image_result result;
    } rows[] = {
        {100, 10, KW_METER_IMAGE_GOOD},     {100, 1, KW_METER_IMAGE_GOOD},
        {109, 1, KW_METER_IMAGE_GOOD},      {105, 10, KW_METER_IMAGE_GOOD},
        {100, 15, KW_METER_IMAGE_GOOD},     {114, 1, KW_METER_IMAGE_GOOD},
        {50000, 2, KW_METER_IMAGE_GOOD},    {99, 1, KW_METER_IMAGE_OUTSIDE},
        {99, 2, KW_METER_IMAGE_OUTSIDE},    {100, 16, KW_METER_IMAGE_OUTSIDE},
        {115, 1, KW_METER_IMAGE_OUTSIDE},   {0, 125, KW_METER_IMAGE_OUTSIDE},
        {50001, 2, KW_METER_IMAGE_OUTSIDE}, {65535, 1, KW_METER_IMAGE_OUTSIDE},
    };
    struct world world;

    (void)state;
    open_world(&world, three, 3);
    for (size_t i = 0; i < 3; i++)
        put(&world, i, second_ns);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (read_at(&world, 3, rows[i].address, rows[i].count, second_ns) !=
            rows[i].result)
            fail_msg("row %zu", i);
    }
    assert_int_equal(read_at(&world, 4, 100, 1, second_ns),
                     KW_METER_IMAGE_OUTSIDE);
    kw_meter_image_fini(&world.image);
}

/* What belongs to the meter but isn't well is bad, wherever the read begins;
 * what doesn't is outside, whatever the state. */
static void test_bad(void **state)
{
    const struct kw_meter_ask ask = {.function = 3, .address = 108, .count = 4};
    unsigned char out[256];
    struct world world;
    uint8_t code;

    (void)state;
    open_world(&world, three, 3);
    assert_int_equal(read_at(&world, 3, 100, 1, 0), KW_METER_IMAGE_BAD);
    put(&world, 0, second_ns);
    assert_int_equal(read_at(&world, 3, 109, 1, second_ns),
                     KW_METER_IMAGE_GOOD);
    assert_int_equal(read_at(&world, 3, 109, 2, second_ns), KW_METER_IMAGE_BAD);
    assert_int_equal(read_at(&world, 3, 109, 7, second_ns),
                     KW_METER_IMAGE_OUTSIDE);
    put(&world, 1, second_ns);
    kw_meter_image_fail(&world.image, 0, KW_QUALITY_BAD_EXCEPTION, 2);
    assert_int_equal(
        kw_meter_image_read(&world.blocks, &ask, second_ns, out, &code),
        KW_METER_IMAGE_BAD);
    assert_int_equal(code, 2);
    kw_meter_image_fail(&world.image, 0, KW_QUALITY_BAD_TIMEOUT, 0);
    assert_int_equal(
        kw_meter_image_read(&world.blocks, &ask, second_ns, out, &code),
        KW_METER_IMAGE_BAD);
    assert_int_equal(code, 0);
    put(&world, 0, second_ns);
    assert_int_equal(
        kw_meter_image_read(&world.blocks, &ask, second_ns, out, &code),
        KW_METER_IMAGE_GOOD);
    kw_meter_image_fini(&world.image);
}

static void test_stale(void **state)
{
    struct world world;
    uint64_t at = 5 * second_ns;

    (void)state;
    open_world(&world, three, 3);
    for (size_t i = 0; i < 3; i++)
        put(&world, i, at);
    assert_int_equal(read_at(&world, 3, 100, 15, at + 3 * second_ns),
                     KW_METER_IMAGE_GOOD);
    assert_int_equal(read_at(&world, 3, 100, 1, at + 3 * second_ns + 1),
                     KW_METER_IMAGE_BAD);
    assert_int_equal(read_at(&world, 3, 110, 5, at + 180 * second_ns),
                     KW_METER_IMAGE_GOOD);
    assert_int_equal(read_at(&world, 3, 110, 5, at + 180 * second_ns + 1),
                     KW_METER_IMAGE_BAD);
    assert_int_equal(read_at(&world, 3, 50000, 2, UINT64_MAX),
                     KW_METER_IMAGE_GOOD);
    kw_meter_image_fini(&world.image);
}

/* The same registers by two requests: any good one serves. */
static void test_overlap(void **state)
{
    static const struct kw_plan_request over[] = {
        {.function = 4, .read_class = KW_MAP_FAST, .address = 0, .count = 20},
        {.function = 4, .read_class = KW_MAP_SLOW, .address = 5, .count = 5},
        {.function = 4, .read_class = KW_MAP_SLOW, .address = 8, .count = 20},
    };
    struct world world;

    (void)state;
    open_world(&world, over, 3);
    put(&world, 1, 1);
    assert_int_equal(read_at(&world, 4, 5, 5, 1), KW_METER_IMAGE_GOOD);
    assert_int_equal(read_at(&world, 4, 6, 5, 1), KW_METER_IMAGE_BAD);
    put(&world, 2, 1);
    assert_int_equal(read_at(&world, 4, 6, 22, 1), KW_METER_IMAGE_GOOD);
    assert_int_equal(read_at(&world, 4, 4, 3, 1), KW_METER_IMAGE_BAD);
    put(&world, 0, 1);
    assert_int_equal(read_at(&world, 4, 0, 28, 1), KW_METER_IMAGE_GOOD);
    assert_int_equal(read_at(&world, 4, 0, 29, 1), KW_METER_IMAGE_OUTSIDE);
    kw_meter_image_fini(&world.image);
}

static void test_bits(void **state)
{
    static const struct kw_plan_request bits[] = {
        {.function = 1, .read_class = KW_MAP_FAST, .address = 3, .count = 11},
        {.function = 1, .read_class = KW_MAP_FAST, .address = 14, .count = 9},
    };
    static const unsigned char first[] = {0x55, 0x05}; /* 1 0 1 0 ... */
    static const unsigned char second[] = {0xFF, 0x01};
    struct kw_meter_ask ask = {.function = 1, .address = 3, .count = 20};
    unsigned char out[4] = {0xEE, 0xEE, 0xEE, 0xEE};
    struct world world;
    uint8_t code;

    (void)state;
    open_world(&world, bits, 2);
    kw_meter_image_put(&world.image, 0, 3, 11, first, 1);
    kw_meter_image_put(&world.image, 1, 14, 9, second, 1);
    kw_meter_image_keep(&world.image);
    assert_int_equal(kw_meter_image_read(&world.blocks, &ask, 1, out, &code),
                     KW_METER_IMAGE_GOOD);
    assert_int_equal(out[0], 0x55);
    assert_int_equal(out[1], 0xFD);
    assert_int_equal(out[2], 0x0F);
    assert_int_equal(out[3], 0xEE);
    ask.address = 4;
    ask.count = 3;
    assert_int_equal(kw_meter_image_read(&world.blocks, &ask, 1, out, &code),
                     KW_METER_IMAGE_GOOD);
    assert_int_equal(out[0], 0x02);
    kw_meter_image_fini(&world.image);
}

/* A meter that lacks a part of a block: the rest of it is there. */
static void test_narrowed(void **state)
{
    static const struct kw_plan_request whole[] = {
        {.function = 3, .read_class = KW_MAP_FAST, .address = 10, .count = 20},
    };
    unsigned char data[64];
    struct world world;

    (void)state;
    for (unsigned i = 0; i < 32; i++) { /* the value of a register: address */
        data[2 * i] = 0;
        data[2 * i + 1] = (unsigned char)i;
    }
    open_world(&world, whole, 1);
    put(&world, 0, 1);
    assert_int_equal(kw_meter_image_narrow(&world.image, 0, 2), 0);
    assert_int_equal(read_at(&world, 3, 10, 20, 1), KW_METER_IMAGE_BAD);
    kw_meter_image_put(&world.image, 0, 10, 5, data + 20, 2);
    kw_meter_image_put(&world.image, 0, 17, 13, data + 34, 2);
    kw_meter_image_keep(&world.image);
    assert_int_equal(kw_meter_image_narrow(&world.image, 0, 3), 0);
    assert_int_equal(read_at(&world, 3, 10, 5, 2), KW_METER_IMAGE_GOOD);
    assert_int_equal(read_at(&world, 3, 17, 13, 2), KW_METER_IMAGE_GOOD);
    assert_int_equal(read_at(&world, 3, 14, 2, 2), KW_METER_IMAGE_BAD);
    assert_int_equal(read_at(&world, 3, 16, 2, 2), KW_METER_IMAGE_BAD);
    assert_int_equal(read_at(&world, 3, 29, 2, 2), KW_METER_IMAGE_OUTSIDE);
    /* It has them after all. */
    kw_meter_image_put(&world.image, 0, 15, 2, data + 30, 3);
    kw_meter_image_keep(&world.image);
    assert_int_equal(read_at(&world, 3, 10, 20, 3), KW_METER_IMAGE_GOOD);
    /* One part fails, another is good after it: the first is not served. */
    kw_meter_image_fail(&world.image, 0, KW_QUALITY_BAD_CRC, 0);
    kw_meter_image_drop(&world.image, 0, 10, 5);
    kw_meter_image_put(&world.image, 0, 17, 13, data + 34, 4);
    kw_meter_image_keep(&world.image);
    assert_int_equal(read_at(&world, 3, 10, 1, 4), KW_METER_IMAGE_BAD);
    assert_int_equal(read_at(&world, 3, 17, 13, 4), KW_METER_IMAGE_GOOD);
    kw_meter_image_fini(&world.image);
}

/* Coils in parts that begin within a byte. */
static void test_narrowed_bits(void **state)
{
    static const struct kw_plan_request whole[] = {
        {.function = 1, .read_class = KW_MAP_FAST, .address = 3, .count = 20},
    };
    static const unsigned char ones[] = {0xFF, 0xFF, 0xFF}, none[] = {0, 0};
    struct kw_meter_ask ask = {.function = 1, .address = 8, .count = 8};
    unsigned char out[3];
    struct world world;
    uint8_t code;

    (void)state;
    open_world(&world, whole, 1);
    kw_meter_image_put(&world.image, 0, 3, 20, ones, 1);
    assert_int_equal(kw_meter_image_narrow(&world.image, 0, 2), 0);
    kw_meter_image_put(&world.image, 0, 8, 11, ones, 1);
    kw_meter_image_put(&world.image, 0, 10, 3, none, 1);
    kw_meter_image_keep(&world.image);
    assert_int_equal(kw_meter_image_read(&world.blocks, &ask, 1, out, &code),
                     KW_METER_IMAGE_GOOD);
    assert_int_equal(out[0], 0xE3);
    ask.count = 12;
    assert_int_equal(kw_meter_image_read(&world.blocks, &ask, 1, out, &code),
                     KW_METER_IMAGE_BAD);
    assert_int_equal(code, 2);
    kw_meter_image_fini(&world.image);
}

static void test_nothing(void **state)
{
    struct world world;

    (void)state;
    open_world(&world, three, 0);
    assert_int_equal(read_at(&world, 3, 0, 1, 0), KW_METER_IMAGE_OUTSIDE);
    kw_meter_image_fini(&world.image);
    kw_meter_image_fini(&world.image);
}

static void test_memory(void **state)
{
    struct world world = {.plan = {.requests = world.requests, .count = 3}};

    (void)state;
    memcpy(world.requests, three, sizeof(three));
    for (unsigned i = 1; i <= 2; i++) {
        kw_mem_fail_at(i);
        assert_int_equal(
            kw_meter_image_init(&world.image, &world.plan, period_ns),
            KW_ENOMEM);
        assert_null(world.image.blocks);
    }
    kw_mem_fail_at(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ranges),   cmocka_unit_test(test_bad),
        cmocka_unit_test(test_stale),    cmocka_unit_test(test_overlap),
        cmocka_unit_test(test_narrowed), cmocka_unit_test(test_narrowed_bits),
        cmocka_unit_test(test_bits),     cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
