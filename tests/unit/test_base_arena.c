/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static uint64_t held(void)
{
    struct kw_mem_stats stats = kw_mem_stats();

    return stats.allocations - stats.frees;
}

static void test_blocks_are_zeroed_aligned_and_apart(void **state)
{
    struct kw_arena arena;
    unsigned char *blocks[300];

    (void)state;
    kw_arena_init(&arena, 1 << 20);
    for (size_t i = 0; i < 300; i++) {
        blocks[i] = kw_arena_alloc(&arena, i + 1);
        assert_non_null(blocks[i]);
        assert_int_equal((uintptr_t)blocks[i] % alignof(max_align_t), 0);
        for (size_t k = 0; k <= i; k++)
            assert_int_equal(blocks[i][k], 0);
        memset(blocks[i], (int)i & 0xFF, i + 1);
    }
    for (size_t i = 0; i < 300; i++) {
        for (size_t k = 0; k <= i; k++)
            assert_int_equal(blocks[i][k], i & 0xFF);
    }
    kw_arena_fini(&arena);
}

static void test_ceiling(void **state)
{
    struct kw_arena arena;

    (void)state;
    kw_arena_init(&arena, 64);
    assert_non_null(kw_arena_alloc(&arena, 33)); /* counts as 48 */
    assert_int_equal(arena.used_bytes, 48);
    assert_null(kw_arena_alloc(&arena, 17));
    assert_non_null(kw_arena_alloc(&arena, 16));
    assert_null(kw_arena_alloc(&arena, 1));
    assert_null(kw_arena_alloc(&arena, SIZE_MAX));
    kw_arena_fini(&arena);
    assert_int_equal(arena.used_bytes, 0);
    assert_non_null(kw_arena_alloc(&arena, 64));
    kw_arena_fini(&arena);
    kw_arena_init(&arena, 50);
    assert_null(kw_arena_alloc(&arena, 50)); /* 64 with its alignment */
    kw_arena_fini(&arena);
}

static void test_big_blocks_and_many_chunks(void **state)
{
    struct kw_arena arena;
    uint64_t before = held();

    (void)state;
    kw_arena_init(&arena, 1 << 20);
    assert_int_equal(held(), before);
    assert_non_null(kw_arena_alloc(&arena, 100000));
    for (size_t i = 0; i < 100; i++)
        assert_non_null(kw_arena_alloc(&arena, 1000));
    assert_in_range(held() - before, 2, 30);
    kw_arena_fini(&arena);
    assert_int_equal(held(), before);
}

static void test_texts(void **state)
{
    struct kw_arena arena;

    (void)state;
    kw_arena_init(&arena, 1 << 10);
    assert_string_equal(kw_arena_strndup(&arena, "kilowatch", 4), "kilo");
    assert_string_equal(kw_arena_strndup(&arena, "", 0), "");
    assert_null(kw_arena_strndup(&arena, "x", 2000));
    kw_arena_fini(&arena);
}

static bool is_zero(const unsigned char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] != 0)
            return false;
    }
    return true;
}

/* Whoever is given the memory next finds nothing in it: the next arena of the
 * same size gets the same block, which glibc clears only where it must. */
static void test_secrets_are_wiped(void **state)
{
    struct kw_arena arena;
    unsigned char *block;

    (void)state;
    kw_arena_init(&arena, 1 << 20);
    arena.secret = true;
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < 40; i++) {
            block = kw_arena_alloc(&arena, 1000);
            assert_non_null(block);
            assert_true(is_zero(block, 1000));
            memset(block, 'x', 1000);
        }
        kw_arena_fini(&arena);
        assert_true(arena.secret);
    }
}

static void test_out_of_memory(void **state)
{
    struct kw_arena arena;

    (void)state;
    kw_arena_init(&arena, 1 << 10);
    kw_mem_fail_at(1);
    assert_null(kw_arena_alloc(&arena, 8));
    kw_mem_fail_at(1);
    assert_null(kw_arena_strndup(&arena, "x", 1));
    assert_int_equal(arena.used_bytes, 0);
    assert_non_null(kw_arena_alloc(&arena, 8));
    kw_arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocks_are_zeroed_aligned_and_apart),
        cmocka_unit_test(test_ceiling),
        cmocka_unit_test(test_big_blocks_and_many_chunks),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_secrets_are_wiped),
        cmocka_unit_test(test_out_of_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
