/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two atomic adds an allocation, which don't show in any profile: allocation is
 * rare on the paths that matter. The n-th failure is a countdown that every
 * thread takes part in; a test that wants a certain one runs nothing beside it.
 */
#include "base/mem.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* One of the few mutable globals: see CONTRIBUTING, rule on globals. */
static struct {
    atomic_uint_fast64_t allocations, frees, failures, fail_in;
} counters;

/* True when this allocation is the one that a test wants to fail. */
static bool must_fail(void)
{
    if (atomic_load_explicit(&counters.fail_in, memory_order_relaxed) == 0)
        return false;
    return atomic_fetch_sub(&counters.fail_in, 1) == 1;
}

static void *counted(void *ptr)
{
    atomic_fetch_add_explicit(ptr != NULL ? &counters.allocations
                                          : &counters.failures,
                              1, memory_order_relaxed);
    return ptr;
}

void *kw_alloc_array(size_t count, size_t size)
{
    if (must_fail() || (size > 0 && count > SIZE_MAX / size))
        return counted(NULL);
    return counted(calloc(count, size > 0 ? size : 1));
}

void *kw_alloc(size_t size)
{
    return kw_alloc_array(1, size);
}

void *kw_realloc(void *ptr, size_t size)
{
    void *grown;

    if (must_fail())
        return counted(NULL);
    grown = counted(realloc(ptr, size > 0 ? size : 1));
    if (grown != NULL && ptr != NULL)
        atomic_fetch_add_explicit(&counters.frees, 1, memory_order_relaxed);
    return grown;
}

void kw_free(void *ptr)
{
    if (ptr == NULL)
        return;
    atomic_fetch_add_explicit(&counters.frees, 1, memory_order_relaxed);
    free(ptr);
}

char *kw_strndup(const char *text, size_t length)
{
    char *copy = text != NULL ? kw_alloc(length + 1) : NULL;

    if (copy != NULL)
        memcpy(copy, text, length);
    return copy;
}

char *kw_strdup(const char *text)
{
    return text != NULL ? kw_strndup(text, strlen(text)) : NULL;
}

struct kw_mem_stats kw_mem_stats(void)
{
    return (struct kw_mem_stats){
        .allocations = atomic_load(&counters.allocations),
        .frees = atomic_load(&counters.frees),
        .failures = atomic_load(&counters.failures),
    };
}

void kw_mem_fail_at(uint64_t n)
{
    atomic_store(&counters.fail_in, n);
}
