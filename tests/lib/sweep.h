/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The allocation sweep: a scenario again and again, each time with the next
 * allocation failing, until a pass needs no failure.
 *
 *   for (struct kw_test_sweep sweep = {0}; kw_test_sweep_next(&sweep);) {
 *       ... set up ...
 *       kw_test_sweep_begin(&sweep);
 *       ... what must stand it ...
 *       kw_test_sweep_end(&sweep);
 *       ... tear down, look for leaks ...
 *   }
 */
#ifndef KW_TEST_SWEEP_H
#define KW_TEST_SWEEP_H

#include <stdbool.h>
#include <stdint.h>

struct kw_test_sweep {
    uint64_t n; /* the allocation that fails in this pass */
    bool over;  /* the last pass didn't get that far */
};

/* True while there is another pass. */
bool kw_test_sweep_next(struct kw_test_sweep *sweep);

/* Between the two the n-th allocation fails, once. */
void kw_test_sweep_begin(struct kw_test_sweep *sweep);
void kw_test_sweep_end(struct kw_test_sweep *sweep);

/* True when this pass failed somewhere; after the end. */
bool kw_test_sweep_hit(const struct kw_test_sweep *sweep);

#endif
