/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The only door to the heap. Everything the program allocates itself passes
 * here, so that tests can let the n-th allocation fail and can prove that a
 * path allocates nothing or gives everything back. Jansson is told to use it
 * too; libuv is not, since it aborts when its own small allocations fail.
 */
#ifndef KW_BASE_MEM_H
#define KW_BASE_MEM_H

#include <stddef.h>
#include <stdint.h>

/* Zeroed memory; NULL when there is none. The caller frees with kw_free. */
void *kw_alloc(size_t size);

/* count * size zeroed bytes, NULL on overflow too. */
void *kw_alloc_array(size_t count, size_t size);

/* Grows or shrinks; new bytes are not zeroed. On NULL the old block lives. */
void *kw_realloc(void *ptr, size_t size);

/* NULL is allowed. */
void kw_free(void *ptr);

/* A copy the caller frees; NULL when text is NULL or memory is out. */
char *kw_strdup(const char *text);
char *kw_strndup(const char *text, size_t length);

/*
 * Test support: allocations are counted always (two relaxed atomic adds);
 * kw_mem_fail_at(n) lets the n-th allocation from now on fail, once;
 * 0 switches that off.
 */
struct kw_mem_stats {
    uint64_t allocations; /* calls that gave a block, reallocations too */
    uint64_t frees;       /* blocks given back */
    uint64_t failures;    /* calls that gave NULL */
};
struct kw_mem_stats kw_mem_stats(void);
void kw_mem_fail_at(uint64_t n);

#endif
