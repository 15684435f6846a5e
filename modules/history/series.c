/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Three columns a series, grown together. Samples nearly always come in the
 * order of points and of time, so both searches look first where the last one
 * ended, and sorting is for the rare case that the clock was set back.
 */
#include "history/series.h"

#include "base/mem.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_SAMPLES = 64, FIRST_SERIES = 16 };

/* Grows one column; false leaves it as it was. */
static bool grow(void *column, size_t count, size_t size)
{
    void *at, *grown;

    memcpy(&at, column, sizeof(at));
    grown = kw_realloc(at, count * size);
    if (grown == NULL)
        return false;
    memcpy(column, &grown, sizeof(grown));
    return true;
}

int kw_history_series_reserve(struct kw_history_series *series, size_t more)
{
    size_t need = series->count + more;
    size_t capacity = series->capacity > 0 ? series->capacity : FIRST_SAMPLES;

    if (more > KW_HISTORY_SAMPLES || need > KW_HISTORY_SAMPLES)
        return KW_EFULL;
    if (need <= series->capacity)
        return 0;
    while (capacity < need)
        capacity *= 2;
    if (!grow(&series->times, capacity, sizeof(series->times[0])) ||
        !grow(&series->raw, capacity, sizeof(series->raw[0])) ||
        !grow(&series->quality, capacity, sizeof(series->quality[0])))
        return KW_ENOMEM;
    series->capacity = capacity;
    return 0;
}

int kw_history_series_put(struct kw_history_series *series, int64_t time_ms,
                          uint64_t raw, uint8_t quality)
{
    size_t at = series->count;
    int err = kw_history_series_reserve(series, 1);

    if (err != 0)
        return err;
    series->times[at] = time_ms;
    series->raw[at] = raw;
    series->quality[at] = quality;
    series->count++;
    return 0;
}

/* In order and no time twice: the usual case. */
static bool is_tidy(const struct kw_history_series *series)
{
    for (size_t i = 1; i < series->count; i++) {
        if (series->times[i] <= series->times[i - 1])
            return false;
    }
    return true;
}

struct place {
    int64_t time_ms;
    size_t from; /* the order of arrival */
};

/* By time; of the same time the later arrival is behind. */
static int by_time(const void *left, const void *right)
{
    const struct place *a = left, *b = right;

    if (a->time_ms != b->time_ms)
        return a->time_ms < b->time_ms ? -1 : 1;
    return a->from < b->from ? -1 : 1;
}

/* Copies in order into `to`, which has room; of equal times the last. */
static void sort(struct kw_history_series *series, struct kw_history_series *to,
                 struct place *places)
{
    for (size_t i = 0; i < series->count; i++)
        places[i] = (struct place){series->times[i], i};
    qsort(places, series->count, sizeof(places[0]), by_time);
    for (size_t i = 0; i < series->count; i++) {
        size_t from = places[i].from;

        if (i + 1 < series->count && places[i + 1].time_ms == places[i].time_ms)
            continue;
        to->times[to->count] = series->times[from];
        to->raw[to->count] = series->raw[from];
        to->quality[to->count] = series->quality[from];
        to->count++;
    }
}

int kw_history_series_tidy(struct kw_history_series *series)
{
    struct kw_history_series sorted = {.key = series->key};
    struct place *places;
    int err;

    if (is_tidy(series))
        return 0;
    err = kw_history_series_reserve(&sorted, series->count);
    places = kw_alloc_array(series->count, sizeof(places[0]));
    if (err != 0 || places == NULL) {
        kw_history_series_fini(&sorted);
        kw_free(places);
        return KW_ENOMEM;
    }
    sort(series, &sorted, places);
    kw_free(places);
    kw_history_series_fini(series);
    *series = sorted;
    return 0;
}

void kw_history_series_fini(struct kw_history_series *series)
{
    kw_free(series->times);
    kw_free(series->raw);
    kw_free(series->quality);
    *series = (struct kw_history_series){.key = series->key};
}

void kw_history_set_init(struct kw_history_set *set)
{
    *set = (struct kw_history_set){0};
}

void kw_history_set_fini(struct kw_history_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        kw_history_series_fini(&set->items[i]);
    kw_free(set->items);
    kw_history_set_init(set);
}

/* Bit by bit: a scale that differs in the last digit is another one. */
static bool same_key(const struct kw_history_key *a,
                     const struct kw_history_key *b)
{
    return a->point == b->point && a->encoding == b->encoding &&
           memcmp(&a->scale, &b->scale, sizeof(a->scale)) == 0;
}

static int add_series(struct kw_history_set *set,
                      const struct kw_history_key *key)
{
    size_t capacity = set->capacity > 0 ? set->capacity * 2 : FIRST_SERIES;

    if (set->count >= KW_HISTORY_COLUMNS)
        return KW_EFULL;
    if (set->count == set->capacity) {
        if (!grow(&set->items, capacity, sizeof(set->items[0])))
            return KW_ENOMEM;
        set->capacity = capacity;
    }
    set->items[set->count++] = (struct kw_history_series){.key = *key};
    return 0;
}

int kw_history_set_series(struct kw_history_set *set,
                          const struct kw_history_key *key,
                          struct kw_history_series **series)
{
    size_t at = set->hint;
    int err;

    for (size_t i = 0; i < set->count; i++, at++) {
        at = at < set->count ? at : 0;
        if (same_key(&set->items[at].key, key)) {
            set->hint = at + 1;
            *series = &set->items[at];
            return 0;
        }
    }
    /* all were looked at, beginning with the likely one: it is new */
    err = add_series(set, key);
    if (err != 0)
        return err;
    set->hint = set->count;
    *series = &set->items[set->count - 1];
    return 0;
}

/* By point; of one point the series that began first. */
static int by_point(const void *left, const void *right)
{
    const struct kw_history_series *a = left, *b = right;
    int64_t a_first = a->count > 0 ? a->times[0] : 0;
    int64_t b_first = b->count > 0 ? b->times[0] : 0;

    if (a->key.point != b->key.point)
        return a->key.point < b->key.point ? -1 : 1;
    return (a_first > b_first) - (a_first < b_first);
}

int kw_history_set_tidy(struct kw_history_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        int err = kw_history_series_tidy(&set->items[i]);

        if (err != 0)
            return err;
    }
    if (set->count > 1)
        qsort(set->items, set->count, sizeof(set->items[0]), by_point);
    set->hint = 0;
    return 0;
}

size_t kw_history_set_samples(const struct kw_history_set *set)
{
    size_t sum = 0;

    for (size_t i = 0; i < set->count; i++)
        sum += set->items[i].count;
    return sum;
}
