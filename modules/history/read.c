/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A step gathers what overlaps in time: normally one block or one part. After
 * the clock was set back several of them may cover the same time; they are
 * read together and sorted, so that a run is in order whatever happened.
 */
#include "history/read.h"

#include "base/mem.h"
#include "history/block.h"

#include <math.h>
#include <string.h>

enum { STEP_LOOKS = 64 }; /* blocks and parts without a find in one step */

/* What comes next, by the hour it begins in. */
struct candidate {
    enum { CANDIDATE_NONE, CANDIDATE_BLOCK, CANDIDATE_PART } kind;
    int64_t hour_ms;
    struct kw_history_block_key key;
    struct kw_slice block;
    const struct kw_history_tail_part *part;
};

/* A block never goes beyond the UTC day that it begins in. */
struct kw_history_block_key
kw_history_first_key(const struct kw_history_range *range)
{
    return (struct kw_history_block_key){
        .source = range->source,
        .hour_ms = kw_history_floor(range->from_ms, KW_HISTORY_DAY_MS),
    };
}

void kw_history_reader_init(struct kw_history_reader *reader, struct kw_db *db,
                            const struct kw_history_tail *tail,
                            const struct kw_history_range *range)
{
    *reader = (struct kw_history_reader){
        .db = db,
        .tail = tail,
        .range = *range,
        .next = kw_history_first_key(range),
        .found = {.key = {.encoding = KW_ENCODING_FLOAT64, .scale = 1}},
    };
}

void kw_history_reader_fini(struct kw_history_reader *reader)
{
    kw_history_series_fini(&reader->found);
    kw_free(reader->values);
    reader->values = NULL;
    reader->values_size = 0;
}

/* The first block of the source at or behind reader->next. */
static int look_at_block(const struct kw_history_reader *reader,
                         struct kw_db_cursor *cursor,
                         struct candidate *candidate)
{
    struct kw_history_key_bytes bytes;
    struct kw_slice key;
    int err;

    if (cursor == NULL)
        return KW_ENOTFOUND;
    err =
        kw_db_cursor_seek(cursor, kw_history_key_block(&bytes, &reader->next));
    if (err != 0)
        return err;
    kw_db_cursor_entry(cursor, &key, &candidate->block);
    err = kw_history_key_read(key, &candidate->key);
    if (err != 0)
        return err;
    if (candidate->key.source != reader->range.source)
        return KW_ENOTFOUND;
    candidate->kind = CANDIDATE_BLOCK;
    candidate->hour_ms = candidate->key.hour_ms;
    return 0;
}

/* The next part of the tail, when it comes before the block. */
static void look_at_part(struct kw_history_reader *reader,
                         struct candidate *candidate)
{
    const struct kw_history_tail *tail = reader->tail;
    size_t at = reader->next_part;

    while (tail != NULL && at < tail->count &&
           tail->parts[at].source != reader->range.source)
        at++;
    reader->next_part = at;
    if (tail == NULL || at == tail->count ||
        (candidate->kind == CANDIDATE_BLOCK &&
         candidate->hour_ms <= tail->parts[at].hour_ms))
        return;
    candidate->kind = CANDIDATE_PART;
    candidate->part = &tail->parts[at];
    candidate->hour_ms = candidate->part->hour_ms;
}

/* Chooses what begins first; blocks before parts of the same hour, since
 * a part came later. */
static int look(struct kw_history_reader *reader, struct kw_db_cursor *cursor,
                struct candidate *candidate)
{
    int err;

    *candidate = (struct candidate){.kind = CANDIDATE_NONE};
    err = look_at_block(reader, cursor, candidate);
    if (err != 0 && err != KW_ENOTFOUND)
        return err;
    look_at_part(reader, candidate);
    if (candidate->hour_ms >= reader->range.to_ms)
        candidate->kind = CANDIDATE_NONE;
    return 0;
}

/* The candidate was looked at: the next search begins behind it. */
static void step_over(struct kw_history_reader *reader,
                      const struct candidate *candidate)
{
    if (candidate->kind == CANDIDATE_PART) {
        reader->next_part++;
        return;
    }
    reader->next = candidate->key;
    if (reader->next.number == UINT16_MAX)
        reader->next.hour_ms++;
    reader->next.number++;
}

/* Takes over what lies in the range and wasn't given yet. */
static int take(struct kw_history_reader *reader,
                const struct kw_history_series *series)
{
    const struct kw_history_range *range = &reader->range;
    const struct kw_scale scale = kw_scale_make(series->key.scale);
    int err = kw_history_series_reserve(&reader->found, series->count);

    for (size_t i = 0; err == 0 && i < series->count; i++) {
        int64_t time_ms = series->times[i];
        double value = (double)NAN;
        uint64_t bits;

        if (time_ms < range->from_ms || time_ms >= range->to_ms ||
            (reader->any && time_ms <= reader->given_ms))
            continue;
        if (kw_quality_has_value(series->quality[i]))
            value =
                kw_scale_value(&scale, series->key.encoding, series->raw[i]);
        memcpy(&bits, &value, sizeof(bits));
        err = kw_history_series_put(&reader->found, time_ms, bits,
                                    series->quality[i]);
    }
    return err;
}

/* Whether a column must be decoded to know how many of its samples count. */
static bool is_inside(const struct kw_history_block *block,
                      const struct kw_history_range *range)
{
    return block->first_ms >= range->from_ms && block->last_ms < range->to_ms;
}

static int take_column(struct kw_history_reader *reader,
                       const struct kw_history_block *block,
                       const struct kw_history_column *column)
{
    struct kw_history_series series = {.key = column->key};
    int err;

    if (reader->only_count && is_inside(block, &reader->range)) {
        reader->counted += column->count;
        return 0;
    }
    err = kw_history_block_read(block, column, &series);
    if (err == 0)
        err = take(reader, &series);
    kw_history_series_fini(&series);
    return err;
}

/* Reads the columns of the point; *last_ms grows to the block's end. */
static int take_block(struct kw_history_reader *reader, struct kw_slice bytes,
                      int64_t *last_ms)
{
    struct kw_history_block block;
    int err = kw_history_block_open(&block, bytes.data, bytes.length);

    if (err != 0)
        return err;
    if (block.last_ms > *last_ms)
        *last_ms = block.last_ms;
    if (block.last_ms >= reader->range.from_ms &&
        block.first_ms < reader->range.to_ms) {
        for (uint32_t i = 0; err == 0 && i < block.column_count; i++) {
            if (block.columns[i].key.point == reader->range.point)
                err = take_column(reader, &block, &block.columns[i]);
        }
    }
    kw_history_block_close(&block);
    return err;
}

/* Reads the point's samples of a part; *last_ms grows to its end. */
static int take_part(struct kw_history_reader *reader,
                     const struct kw_history_tail_part *part, int64_t *last_ms)
{
    struct kw_history_set set;
    struct kw_reader bytes;
    int err, damage;

    if (part->last_ms > *last_ms)
        *last_ms = part->last_ms;
    kw_reader_init(&bytes, reader->tail->bytes.data + part->at, part->length);
    kw_history_set_init(&set);
    damage = kw_history_segment_read(&bytes, reader->range.point, &set);
    err = damage == KW_ENOMEM ? damage : 0;
    for (size_t i = 0; err == 0 && i < set.count; i++)
        err = take(reader, &set.items[i]);
    kw_history_set_fini(&set);
    return err != 0 ? err : damage;
}

/* Damage costs what is damaged, not the query. */
static int take_candidate(struct kw_history_reader *reader,
                          const struct candidate *candidate, int64_t *last_ms)
{
    int err = candidate->kind == CANDIDATE_BLOCK
                  ? take_block(reader, candidate->block, last_ms)
                  : take_part(reader, candidate->part, last_ms);

    if (err == KW_ECORRUPT || err == KW_EVERSION || err == KW_EFULL) {
        reader->damaged++;
        return 0;
    }
    return err;
}

/*
 * Gathers at least one block or part and all that overlap with it.
 * KW_EOF when there is nothing left.
 */
static int gather(struct kw_history_reader *reader, struct kw_db_cursor *cursor)
{
    int64_t last_ms = INT64_MIN;
    struct candidate candidate;

    for (int looks = 0; looks < STEP_LOOKS || reader->found.count > 0;
         looks++) {
        int err = look(reader, cursor, &candidate);

        if (err != 0)
            return err;
        if (candidate.kind == CANDIDATE_NONE)
            return looks > 0 ? 0 : KW_EOF;
        if (reader->found.count > 0 && candidate.hour_ms > last_ms)
            return 0;
        step_over(reader, &candidate);
        err = take_candidate(reader, &candidate, &last_ms);
        if (err != 0)
            return err;
    }
    return 0;
}

/* What was gathered, in order, with its values as doubles. */
static int give(struct kw_history_reader *reader, struct kw_history_run *run)
{
    struct kw_history_series *found = &reader->found;
    int err = kw_history_series_tidy(found);
    double *grown;

    if (err != 0)
        return err;
    if (found->count > reader->values_size) {
        grown = kw_realloc(reader->values, found->count * sizeof(grown[0]));
        if (grown == NULL)
            return KW_ENOMEM;
        reader->values = grown;
        reader->values_size = found->count;
    }
    if (found->count > 0) {
        memcpy(reader->values, found->raw,
               found->count * sizeof(reader->values[0]));
        reader->any = true;
        reader->given_ms = found->times[found->count - 1];
    }
    *run = (struct kw_history_run){found->times, reader->values, found->quality,
                                   found->count};
    return 0;
}

/* Begins a transaction with a cursor; *cursor NULL: there is no table yet. */
static int begin(struct kw_db *db, struct kw_db_txn **txn,
                 struct kw_db_cursor **cursor)
{
    int err = kw_db_read_begin(db, txn);

    *cursor = NULL;
    if (err != 0)
        return err;
    err = kw_db_cursor_open(*txn, &kw_history_blocks, cursor);
    if (err == 0 || err == KW_ENOTFOUND)
        return 0;
    kw_db_read_end(*txn);
    return err;
}

int kw_history_reader_next(struct kw_history_reader *reader,
                           struct kw_history_run *run)
{
    struct kw_db_txn *txn;
    struct kw_db_cursor *cursor;
    int err = begin(reader->db, &txn, &cursor);

    if (err != 0)
        return err;
    reader->found.count = 0;
    err = gather(reader, cursor);
    kw_db_cursor_close(cursor);
    kw_db_read_end(txn);
    return err != 0 ? err : give(reader, run);
}

int kw_history_weigh(struct kw_db *db, const struct kw_history_range *range,
                     struct kw_history_block_key *next, uint64_t max,
                     uint64_t *looked)
{
    struct kw_history_key_bytes bytes;
    struct kw_history_block_key key;
    struct kw_db_txn *txn;
    struct kw_db_cursor *cursor;
    struct kw_slice entry, value;
    int err = begin(db, &txn, &cursor);

    if (err != 0)
        return err;
    err = cursor == NULL
              ? KW_ENOTFOUND
              : kw_db_cursor_seek(cursor, kw_history_key_block(&bytes, next));
    for (*looked = 0; err == 0; err = kw_db_cursor_next(cursor), ++*looked) {
        kw_db_cursor_entry(cursor, &entry, &value);
        err = kw_history_key_read(entry, &key);
        if (err != 0 || key.source != range->source ||
            key.hour_ms >= range->to_ms)
            err = err != 0 ? err : KW_ENOTFOUND;
        else
            *next = key;
        if (err != 0 || *looked == max)
            break;
    }
    kw_db_cursor_close(cursor);
    kw_db_read_end(txn);
    return err == KW_ENOTFOUND ? KW_EOF : err;
}

int kw_history_read(struct kw_db *db, const struct kw_history_tail *tail,
                    const struct kw_history_range *range, size_t *damaged,
                    kw_history_run_fn *each, void *arg)
{
    struct kw_history_reader reader;
    struct kw_history_run run;
    int err;

    kw_history_reader_init(&reader, db, tail, range);
    do {
        err = kw_history_reader_next(&reader, &run);
        if (err == 0 && run.count > 0)
            err = each(arg, &run);
    } while (err == 0);
    if (damaged != NULL)
        *damaged = reader.damaged;
    kw_history_reader_fini(&reader);
    return err == KW_EOF ? 0 : err;
}
