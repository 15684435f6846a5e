/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The meters of a configuration sorted by line, unit and load, so that the
 * meters of a line stand together however many there are.
 */
#ifndef KW_METER_INDEX_H
#define KW_METER_INDEX_H

#include "base/err.h"
#include "meter/settings.h"

struct kw_meter_index {
    const struct kw_meter_entry **entries; /* owned array of borrowed items */
    size_t count;
};

KW_MUST_CHECK int kw_meter_index_init(struct kw_meter_index *index,
                                      const struct kw_meter_conf *conf);
void kw_meter_index_fini(struct kw_meter_index *index);

/* The meters of a line: how many, and the first of them in *first. */
size_t kw_meter_index_line(const struct kw_meter_index *index, const char *line,
                           const struct kw_meter_entry *const **first);

#endif
