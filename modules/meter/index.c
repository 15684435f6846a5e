/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/index.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

static int order(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int compare(const void *left, const void *right)
{
    const struct kw_meter_entry *a =
        *(const struct kw_meter_entry *const *)left;
    const struct kw_meter_entry *b =
        *(const struct kw_meter_entry *const *)right;
    int by = strcmp(a->line, b->line);

    if (by == 0)
        by = order(a->unit, b->unit);
    if (by == 0)
        by = order(a->load, b->load);
    return by != 0 ? by : (a > b) - (a < b); /* as in the configuration */
}

int kw_meter_index_init(struct kw_meter_index *index,
                        const struct kw_meter_conf *conf)
{
    index->count = conf->meters.count;
    index->entries =
        kw_alloc_array(index->count, sizeof(struct kw_meter_entry *));
    if (index->entries == NULL)
        return KW_ENOMEM;
    for (size_t i = 0; i < index->count; i++)
        index->entries[i] = kw_meter_conf_meter(conf, i);
    if (index->count > 1)
        qsort(index->entries, index->count, sizeof(struct kw_meter_entry *),
              compare);
    return 0;
}

void kw_meter_index_fini(struct kw_meter_index *index)
{
    kw_free(index->entries);
    index->entries = NULL;
    index->count = 0;
}

size_t kw_meter_index_line(const struct kw_meter_index *index, const char *line,
                           const struct kw_meter_entry *const **first)
{
    size_t low = 0, high = index->count, count = 0;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (strcmp(index->entries[middle]->line, line) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *first = index->entries + low;
    while (low + count < index->count &&
           strcmp(index->entries[low + count]->line, line) == 0)
        count++;
    return count;
}
