/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inputs are looked up when a sample comes from a point that wasn't there the
 * last time (meters start after core), never in the steady path: then a sample
 * finds the sums it is part of through an array indexed by point number, and
 * the samples go into an array that has a place for every sum.
 */
#include "core/virtual.h"

#include "base/mem.h"
#include "base/text.h"
#include "core/core_module.h"
#include "core/point.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* One term: a point with its sign in one sum. */
struct term {
    const struct kw_point *point;
    double sign;
    uint32_t sum;  /* index into sums */
    uint32_t next; /* next term of the same point, none ends */
    bool fresh;    /* has given a sample since the last computation */
};

/* One computed point. */
struct sum {
    const struct kw_point *point;
    struct kw_source *source;
    uint32_t first, count; /* its terms, one after another */
    uint32_t missing;      /* terms not fresh yet */
    bool due;              /* is to be computed at the end of this call */
};

struct kw_virtuals {
    struct kw_points *points;
    const struct kw_core_conf *conf;
    struct sum *sums;
    size_t sum_count, sum_room;
    struct term *terms;
    size_t term_count, term_room;
    uint32_t *by_point; /* first term of a point number, none or unseen */
    size_t by_point_count;
    uint32_t *due; /* sums to be computed, room for all */
    size_t due_count;
    struct kw_sample *out; /* room for all sums */
};

enum { FIRST_ROOM = 64 };

static const uint32_t none = UINT32_MAX;       /* in no sum */
static const uint32_t unseen = UINT32_MAX - 1; /* not there at the look-up */

static bool is_additive(const struct kw_quantity *quantity)
{
    return (kw_text_starts(quantity->name, "active_") ||
            kw_text_starts(quantity->name, "reactive_")) &&
           (strcmp(quantity->group, "power") == 0 ||
            strcmp(quantity->group, "energy") == 0);
}

/* Makes room for one more element; the old array lives on failure. */
static int reserve(void *array, size_t *room, size_t count, size_t size)
{
    void *old, *grown;
    size_t wanted = *room > 0 ? *room * 2 : FIRST_ROOM;

    if (count < *room)
        return 0;
    memcpy(&old, array, sizeof(old));
    grown = kw_realloc(old, wanted * size);
    if (grown == NULL)
        return KW_ENOMEM;
    memcpy(array, &grown, sizeof(grown));
    *room = wanted;
    return 0;
}

static const struct kw_point *input_point(const struct kw_virtuals *virtuals,
                                          const char *meter,
                                          const struct kw_quantity *quantity)
{
    char name[KW_POINT_NAME_SIZE];
    const struct kw_point *point;

    snprintf(name, sizeof(name), "%s.%s", meter, quantity->name);
    point = kw_points_find(virtuals->points, name);
    return point != NULL && !point->retired ? point : NULL;
}

/* Adds the terms of a list of meters; KW_ENOTFOUND when one lacks the
 * quantity, KW_ENOMEM. */
static int add_terms(struct kw_virtuals *virtuals, const struct kw_texts *from,
                     double sign, const struct kw_quantity *quantity)
{
    for (size_t i = 0; i < from->count; i++) {
        const struct kw_point *point =
            input_point(virtuals, from->items[i], quantity);
        int err =
            point == NULL
                ? KW_ENOTFOUND
                : reserve(&virtuals->terms, &virtuals->term_room,
                          virtuals->term_count, sizeof(virtuals->terms[0]));

        if (err != 0)
            return err;
        virtuals->terms[virtuals->term_count++] = (struct term){
            .point = point,
            .sign = sign,
            .sum = (uint32_t)virtuals->sum_count,
            .next = none,
        };
    }
    return 0;
}

/* Names the point of a sum whose terms stand from `first` on. */
static int define(struct kw_virtuals *virtuals, const struct kw_virtual *of,
                  const struct kw_quantity *quantity, size_t first)
{
    struct sum *sum = &virtuals->sums[virtuals->sum_count];
    struct kw_point_form form = {
        .quantity = quantity,
        .encoding = KW_ENCODING_FLOAT64,
        .decimals = (uint8_t)quantity->decimals,
        .scale = 1,
    };
    uint32_t count = (uint32_t)(virtuals->term_count - first);
    int err;

    for (size_t i = first; i < virtuals->term_count; i++) {
        int64_t period = virtuals->terms[i].point->period_ms;

        form.period_ms = period > form.period_ms ? period : form.period_ms;
    }
    *sum = (struct sum){
        .first = (uint32_t)first, .count = count, .missing = count};
    err = kw_points_source(virtuals->points, 'v', of->name, of->uid,
                           &sum->source);
    if (err == 0)
        err =
            kw_points_define(virtuals->points, sum->source, &form, &sum->point);
    return err;
}

/*
 * One quantity of one virtual meter, when all inputs have it. A sum that can't
 * be is left out; only KW_ENOMEM is an error.
 */
static int add_sum(struct kw_virtuals *virtuals, const struct kw_virtual *of,
                   const struct kw_quantity *quantity)
{
    size_t first = virtuals->term_count;
    int err = reserve(&virtuals->sums, &virtuals->sum_room, virtuals->sum_count,
                      sizeof(virtuals->sums[0]));

    if (err == 0)
        err = add_terms(virtuals, &of->sum, 1, quantity);
    if (err == 0)
        err = add_terms(virtuals, &of->minus, -1, quantity);
    if (err == 0)
        err = define(virtuals, of, quantity, first);
    if (err == 0)
        virtuals->sum_count++;
    else
        virtuals->term_count = first;
    return err == KW_ENOMEM ? err : 0;
}

/* All sums of one virtual meter: the first meter says which quantities. */
static int add_virtual(struct kw_virtuals *virtuals,
                       const struct kw_virtual *of, size_t count)
{
    const struct kw_source *source = NULL;
    bool is_first = false;
    int err = 0;

    for (size_t p = 0; p < count && err == 0; p++) {
        const struct kw_point *point = kw_points_at(virtuals->points, p);

        if (point->source != source)
            is_first = strcmp(point->source->name, of->sum.items[0]) == 0;
        source = point->source;
        if (is_first && !point->retired && is_additive(point->quantity))
            err = add_sum(virtuals, of, point->quantity);
    }
    return err;
}

/* The sums' points leave; those that are still there come back at once. */
static void drop_sums(struct kw_virtuals *virtuals)
{
    for (size_t i = 0; i < virtuals->sum_count; i++)
        kw_points_retire(virtuals->points, virtuals->sums[i].source);
    virtuals->sum_count = virtuals->term_count = 0;
}

/* Builds the array from point numbers to terms, and room for the output. */
static int index_terms(struct kw_virtuals *virtuals)
{
    size_t points = kw_points_count(virtuals->points), size = 1;
    size_t sums = virtuals->sum_count;

    kw_free(virtuals->by_point);
    kw_free(virtuals->due);
    kw_free(virtuals->out);
    if (points > 0)
        size += kw_points_at(virtuals->points, points - 1)->id;
    virtuals->by_point = kw_alloc_array(size, sizeof(uint32_t));
    virtuals->due = kw_alloc_array(sums, sizeof(uint32_t));
    virtuals->out = kw_alloc_array(sums, sizeof(struct kw_sample));
    if (virtuals->by_point == NULL || virtuals->due == NULL ||
        virtuals->out == NULL)
        return KW_ENOMEM;
    for (size_t i = 0; i < size; i++)
        virtuals->by_point[i] = unseen;
    for (size_t i = 0; i < points; i++) {
        const struct kw_point *point = kw_points_at(virtuals->points, i);

        virtuals->by_point[point->id] = point->retired ? unseen : none;
    }
    for (size_t i = virtuals->term_count; i-- > 0;) {
        uint32_t id = virtuals->terms[i].point->id;

        virtuals->terms[i].next = virtuals->by_point[id];
        virtuals->by_point[id] = (uint32_t)i;
    }
    virtuals->by_point_count = size;
    return 0;
}

/* Out of memory: there are no sums until the next sample tries again. */
static void look_up(struct kw_virtuals *virtuals)
{
    const struct kw_virtual *list = virtuals->conf->virtuals.items;
    size_t count = kw_points_count(virtuals->points);
    int err = 0;

    drop_sums(virtuals);
    virtuals->by_point_count = 0;
    for (size_t v = 0; v < virtuals->conf->virtuals.count && err == 0; v++)
        err = add_virtual(virtuals, &list[v], count);
    if (err == 0)
        err = index_terms(virtuals);
    if (err != 0)
        drop_sums(virtuals);
}

int kw_virtuals_new(struct kw_virtuals **out, struct kw_points *points,
                    const struct kw_core_conf *conf)
{
    struct kw_virtuals *virtuals = kw_alloc(sizeof(*virtuals));

    if (virtuals == NULL)
        return KW_ENOMEM;
    virtuals->points = points;
    virtuals->conf = conf;
    *out = virtuals;
    return 0;
}

void kw_virtuals_free(struct kw_virtuals *virtuals)
{
    if (virtuals == NULL)
        return;
    drop_sums(virtuals);
    kw_free(virtuals->sums);
    kw_free(virtuals->terms);
    kw_free(virtuals->by_point);
    kw_free(virtuals->due);
    kw_free(virtuals->out);
    kw_free(virtuals);
}

static void note_due(struct kw_virtuals *virtuals, uint32_t index)
{
    struct sum *sum = &virtuals->sums[index];

    if (sum->due)
        return;
    sum->due = true;
    virtuals->due[virtuals->due_count++] = index;
}

/* A sample of a point came: which sums have all of theirs now? */
static void note_sample(struct kw_virtuals *virtuals, uint32_t point)
{
    uint32_t at = virtuals->by_point[point];

    for (; at < unseen; at = virtuals->terms[at].next) {
        struct term *term = &virtuals->terms[at];
        struct sum *sum = &virtuals->sums[term->sum];

        /* A second sample before the others: what there is counts. */
        if (term->fresh || --sum->missing == 0)
            note_due(virtuals, term->sum);
        term->fresh = true;
    }
}

/* Forgets what is fresh: from here on all inputs are waited for again. */
static void begin_round(struct kw_virtuals *virtuals, struct sum *sum)
{
    for (uint32_t i = sum->first; i < sum->first + sum->count; i++)
        virtuals->terms[i].fresh = false;
    sum->missing = sum->count;
}

static struct kw_sample compute(const struct kw_virtuals *virtuals,
                                const struct sum *sum)
{
    const struct term *terms = &virtuals->terms[sum->first];
    struct kw_sample out = {
        .point = sum->point->id,
        .encoding = KW_ENCODING_FLOAT64,
        .quality = KW_QUALITY_GOOD,
    };

    for (uint32_t i = 0; i < sum->count; i++) {
        const struct kw_sample *latest = &terms[i].point->latest;

        out.value += terms[i].sign * latest->value;
        if (latest->time_ms > out.time_ms)
            out.time_ms = latest->time_ms;
    }
    for (uint32_t i = 0; i < sum->count; i++)
        out.quality = kw_quality_worse(
            out.quality, kw_point_quality(terms[i].point, out.time_ms));
    if (!kw_quality_has_value(out.quality))
        out.value = (double)NAN;
    memcpy(&out.raw, &out.value, sizeof(out.raw));
    return out;
}

/*
 * Computes a sum; false when there is nothing to publish: a value of that very
 * time was published already (the next sample will do), or it is as bad as it
 * was (like a meter, it tells a failure once).
 */
static bool take_sum(struct kw_virtuals *virtuals, struct sum *sum,
                     struct kw_sample *out)
{
    const struct kw_sample *before = &sum->point->latest;

    sum->due = false;
    *out = compute(virtuals, sum);
    if (out->time_ms == before->time_ms)
        return false;
    begin_round(virtuals, sum);
    return kw_quality_has_value(out->quality) ||
           out->quality != before->quality;
}

static bool is_unseen(const struct kw_virtuals *virtuals, uint32_t point)
{
    return point >= virtuals->by_point_count ||
           virtuals->by_point[point] == unseen;
}

size_t kw_virtuals_derive(void *arg, const struct kw_sample *samples,
                          size_t count, const struct kw_sample **out)
{
    struct kw_virtuals *virtuals = arg;
    size_t derived = 0, known = 0;

    if (virtuals->conf->virtuals.count == 0)
        return 0;
    while (known < count && !is_unseen(virtuals, samples[known].point))
        known++;
    if (known < count)
        look_up(virtuals);
    virtuals->due_count = 0;
    for (size_t i = 0; i < count; i++) {
        if (!is_unseen(virtuals, samples[i].point))
            note_sample(virtuals, samples[i].point);
    }
    for (size_t i = 0; i < virtuals->due_count; i++) {
        struct sum *sum = &virtuals->sums[virtuals->due[i]];

        derived += take_sum(virtuals, sum, &virtuals->out[derived]);
    }
    *out = virtuals->out;
    return derived;
}
