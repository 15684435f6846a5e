/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Copies and comparisons of settings. A line that a change of configuration
 * doesn't touch goes on without noticing it, so it keeps its own copy of what
 * it was made from, and that is what the new settings are compared with. Pure.
 */
#ifndef KW_METER_COPY_H
#define KW_METER_COPY_H

#include "meter/settings.h"

/* Deep copies in the arena; NULL when it is full. */
struct kw_meter_line_conf *
kw_meter_copy_line(struct kw_arena *arena,
                   const struct kw_meter_line_conf *line);
struct kw_meter_entry *kw_meter_copy_entry(struct kw_arena *arena,
                                           const struct kw_meter_entry *entry);

/* True when both say the same; where they stand in a file doesn't matter. */
bool kw_meter_same_line(const struct kw_meter_line_conf *a,
                        const struct kw_meter_line_conf *b);
bool kw_meter_same_tls(const struct kw_meter_tls_conf *a,
                       const struct kw_meter_tls_conf *b);
bool kw_meter_same_entry(const struct kw_meter_entry *a,
                         const struct kw_meter_entry *b);

#endif
