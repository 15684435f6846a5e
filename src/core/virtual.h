/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Virtual meters: sums and differences of meters, a stage of the hub. A
 * virtual meter has every additive quantity (active and reactive power and
 * energy) that all of its inputs have. Its value is computed again each time
 * all inputs have given a new sample, at the latest when one gives its second;
 * its quality is the worst of theirs, its time that of the newest. It never
 * has two samples of one time.
 */
#ifndef KW_CORE_VIRTUAL_H
#define KW_CORE_VIRTUAL_H

#include "base/err.h"
#include "core/hub.h"

struct kw_core_conf;
struct kw_virtuals;

/*
 * Makes the virtual meters of a configuration, which is borrowed until
 * kw_virtuals_free. Their inputs may be defined later.
 */
KW_MUST_CHECK int kw_virtuals_new(struct kw_virtuals **virtuals,
                                  struct kw_points *points,
                                  const struct kw_core_conf *conf);
void kw_virtuals_free(struct kw_virtuals *virtuals);

/* For struct kw_hub_stage, arg is the struct kw_virtuals. */
size_t kw_virtuals_derive(void *arg, const struct kw_sample *samples,
                          size_t count, const struct kw_sample **out);

#endif
