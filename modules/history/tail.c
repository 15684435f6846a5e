/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Copies of unsealed parts, from the window or from the journal.
 *
 * A query runs in a job while samples go on coming, and the window belongs to
 * the loop: so the parts that the query's range touches are copied before the
 * job begins, still encoded, about 1.4 bytes a sample. The copy has a ceiling;
 * a query that needs more is refused rather than answered in part.
 */
#include "history/read.h"

#include "base/mem.h"
#include "history/replay.h"

#include <stdlib.h>

enum { FIRST_PARTS = 16 };

void kw_history_tail_init(struct kw_history_tail *tail)
{
    *tail = (struct kw_history_tail){0};
    kw_buf_init(&tail->bytes, KW_HISTORY_TAIL_BYTES);
}

void kw_history_tail_fini(struct kw_history_tail *tail)
{
    kw_buf_fini(&tail->bytes);
    kw_free(tail->parts);
    kw_history_tail_init(tail);
}

static int add_part(struct kw_history_tail *tail,
                    const struct kw_history_part *part)
{
    size_t size = tail->size > 0 ? tail->size * 2 : FIRST_PARTS;
    struct kw_history_tail_part *grown;

    if (tail->count == tail->size) {
        grown = kw_realloc(tail->parts, size * sizeof(grown[0]));
        if (grown == NULL)
            return KW_ENOMEM;
        tail->parts = grown;
        tail->size = size;
    }
    tail->parts[tail->count++] = (struct kw_history_tail_part){
        .source = part->source,
        .hour_ms = part->hour_ms,
        .first_ms = part->first_ms,
        .last_ms = part->last_ms,
        .at = tail->bytes.length,
        .length = part->bytes,
    };
    kw_history_part_copy(part, &tail->bytes);
    return kw_buf_err(&tail->bytes);
}

/* A part without samples has no times to compare. */
static bool overlaps(const struct kw_history_part *part, int64_t from_ms,
                     int64_t to_ms)
{
    return part->samples > 0 && part->first_ms < to_ms &&
           part->last_ms >= from_ms;
}

int kw_history_tail_add(struct kw_history_tail *tail,
                        const struct kw_history_source *source, int64_t from_ms,
                        int64_t to_ms)
{
    int err = 0;

    KW_LIST_EACH (link, &source->closed) {
        const struct kw_history_part *part =
            KW_LIST_ENTRY(link, struct kw_history_part, link);

        if (err == 0 && overlaps(part, from_ms, to_ms))
            err = add_part(tail, part);
    }
    if (err == 0 && source->open != NULL &&
        overlaps(source->open, from_ms, to_ms))
        err = add_part(tail, source->open);
    return err;
}

/* Parts of one hour stay in the order of their bytes: as they came. */
static int by_hour(const void *left, const void *right)
{
    const struct kw_history_tail_part *a = left, *b = right;

    if (a->source != b->source)
        return a->source < b->source ? -1 : 1;
    if (a->hour_ms != b->hour_ms)
        return a->hour_ms < b->hour_ms ? -1 : 1;
    return (a->at > b->at) - (a->at < b->at);
}

void kw_history_tail_sort(struct kw_history_tail *tail)
{
    if (tail->count > 1)
        qsort(tail->parts, tail->count, sizeof(tail->parts[0]), by_hour);
}

static int add_all(struct kw_history_tail *tail,
                   const struct kw_history_window *window)
{
    int err = 0;

    for (size_t i = 0; err == 0 && i < window->size; i++) {
        if (window->sources[i] != NULL)
            err = kw_history_tail_add(tail, window->sources[i], INT64_MIN,
                                      INT64_MAX);
    }
    kw_history_tail_sort(tail);
    return err;
}

int kw_history_tail_load(struct kw_history_tail **out, struct kw_db *db)
{
    struct kw_history_replay replay;
    struct kw_history_tail *tail = kw_alloc(sizeof(*tail));
    int err;

    if (tail == NULL)
        return KW_ENOMEM;
    kw_history_tail_init(tail);
    tail->bytes.ceiling = SIZE_MAX / 2; /* the window was bounded */
    err = kw_history_replay_read(&replay, db);
    if (err == 0)
        err = add_all(tail, &replay.window);
    kw_history_replay_fini(&replay);
    if (err != 0) {
        kw_history_tail_free(tail);
        return err;
    }
    *out = tail;
    return 0;
}

void kw_history_tail_free(struct kw_history_tail *tail)
{
    if (tail == NULL)
        return;
    kw_history_tail_fini(tail);
    kw_free(tail);
}
