/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/sweep.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { PASSES_MAX = 100000 };

bool kw_test_sweep_next(struct kw_test_sweep *sweep)
{
    assert_true(sweep->n < PASSES_MAX);
    sweep->n++;
    return !sweep->over;
}

void kw_test_sweep_begin(struct kw_test_sweep *sweep)
{
    kw_mem_fail_at(sweep->n);
}

/* If the failure is still waiting, it hits one of the next n allocations. */
void kw_test_sweep_end(struct kw_test_sweep *sweep)
{
    sweep->over = false;
    for (uint64_t i = 0; i < sweep->n && !sweep->over; i++) {
        void *probe = kw_alloc(1);

        sweep->over = probe == NULL;
        kw_free(probe);
    }
    kw_mem_fail_at(0);
}

bool kw_test_sweep_hit(const struct kw_test_sweep *sweep)
{
    return !sweep->over;
}
