/* SPDX-License-Identifier: Apache-2.0 */
#include "history/fetch.h"

#include <string.h>

enum {
    SLICE_BYTES = 64 << 10,
    ROW_BYTES = 4 << 10,   /* a slice is closed so much before its end */
    CALL_STEPS = 32,       /* reads of one call, of some 64 blocks at most */
    CALL_KEYS = 128 << 10, /* keys of blocks that one call weighs */
};

void kw_history_fetch_init(struct kw_history_fetch *fetch)
{
    *fetch = (struct kw_history_fetch){0};
    kw_history_tail_init(&fetch->tail);
    kw_buf_init(&fetch->out, SLICE_BYTES);
}

void kw_history_fetch_fini(struct kw_history_fetch *fetch)
{
    if (fetch->reading)
        kw_history_reader_fini(&fetch->reader);
    kw_history_tail_fini(&fetch->tail);
    kw_buf_fini(&fetch->out);
}

/* Goes on with the next phase, from the first point. */
static void enter(struct kw_history_fetch *fetch,
                  enum kw_history_fetch_phase phase)
{
    fetch->phase = phase;
    fetch->at = 0;
}

static void open_reader(struct kw_history_fetch *fetch)
{
    kw_history_reader_init(&fetch->reader, fetch->db, &fetch->tail,
                           &fetch->points[fetch->at].range);
    fetch->reading = true;
}

/* The point at hand is done. */
static void close_reader(struct kw_history_fetch *fetch)
{
    kw_history_reader_fini(&fetch->reader);
    fetch->reading = false;
    fetch->at++;
}

/* --- weigh */

static int weigh(struct kw_history_fetch *fetch)
{
    uint64_t left = CALL_KEYS;
    int err = 0;

    while (err == 0 && fetch->at < fetch->count && left > 0) {
        const struct kw_history_range *range = &fetch->points[fetch->at].range;
        uint64_t looked = 0;

        if (!fetch->weighing)
            fetch->next_key = kw_history_first_key(range);
        fetch->weighing = true;
        err =
            kw_history_weigh(fetch->db, range, &fetch->next_key, left, &looked);
        left -= looked;
        fetch->blocks += looked;
        if (err == KW_EOF) {
            fetch->weighing = false;
            fetch->at++;
            err = 0;
        }
        if (fetch->blocks > KW_HISTORY_QUERY_BLOCKS)
            err = KW_ERANGE;
    }
    if (err == 0 && fetch->at == fetch->count)
        enter(fetch,
              fetch->step_ms == 0 ? KW_HISTORY_COUNT : KW_HISTORY_PRODUCE);
    return err;
}

/* --- count */

/* Counts one step of the point's samples, each of them once at least. */
static int count_step(struct kw_history_fetch *fetch)
{
    struct kw_history_reader *reader = &fetch->reader;
    struct kw_history_run run;
    int err;

    if (!fetch->reading) {
        open_reader(fetch);
        reader->only_count = true;
        fetch->rows_counted = 0;
    }
    err = kw_history_reader_next(reader, &run);
    if (err == KW_EOF) {
        close_reader(fetch);
        return 0;
    }
    if (err != 0)
        return err;
    fetch->rows_counted += run.count + reader->counted;
    reader->counted = 0;
    return fetch->rows_counted > fetch->limit ? KW_ERANGE : 0;
}

static int count(struct kw_history_fetch *fetch)
{
    int err = 0;

    for (int i = 0; err == 0 && i < CALL_STEPS && fetch->at < fetch->count; i++)
        err = count_step(fetch);
    if (err == 0 && fetch->at == fetch->count)
        enter(fetch, KW_HISTORY_PRODUCE);
    return err;
}

/* --- produce */

static void begin_point(struct kw_history_fetch *fetch)
{
    const struct kw_history_fetch_point *point = &fetch->points[fetch->at];

    fetch->rows = (struct kw_history_rows){
        .out = &fetch->out,
        .csv = fetch->csv,
        .name = point->name,
        .unit = point->unit,
        .point = point->range.point,
        .encoding = point->encoding,
    };
    kw_history_put_begin(&fetch->rows, fetch->at == 0);
    open_reader(fetch);
    fetch->run = (struct kw_history_run){0};
    fetch->run_at = 0;
    kw_history_fold_init(&fetch->fold, fetch->step_ms > 0 ? fetch->step_ms : 1);
}

/* The last step, the end of the list, and on to the next point. */
static void end_point(struct kw_history_fetch *fetch)
{
    struct kw_history_step step;

    if (fetch->step_ms > 0 && kw_history_fold_end(&fetch->fold, &step))
        kw_history_put_step(&fetch->rows, &step);
    kw_history_put_end(&fetch->rows);
    fetch->damaged += fetch->reader.damaged;
    close_reader(fetch);
}

static bool is_full(const struct kw_history_fetch *fetch)
{
    return fetch->out.length >= SLICE_BYTES - ROW_BYTES;
}

/* Writes rows of the run at hand until it ends or the slice is full. */
static void put_rows(struct kw_history_fetch *fetch)
{
    const struct kw_history_run *run = &fetch->run;
    struct kw_history_step step;

    for (; fetch->run_at < run->count && !is_full(fetch); fetch->run_at++) {
        size_t i = fetch->run_at;

        if (fetch->step_ms == 0)
            kw_history_put_sample(&fetch->rows, run->times[i], run->values[i],
                                  run->quality[i]);
        else if (kw_history_fold_add(&fetch->fold, run->times[i],
                                     run->values[i], &step))
            kw_history_put_step(&fetch->rows, &step);
    }
}

/* One step: rows of the run, or the next run, or the next point. */
static int produce_step(struct kw_history_fetch *fetch)
{
    int err;

    if (!fetch->reading) {
        begin_point(fetch);
        return 0;
    }
    if (fetch->run_at < fetch->run.count) {
        put_rows(fetch);
        return 0;
    }
    fetch->run_at = 0;
    fetch->run.count = 0;
    err = kw_history_reader_next(&fetch->reader, &fetch->run);
    if (err != KW_EOF)
        return err;
    end_point(fetch);
    return 0;
}

/* Fills the slice as far as one call may. */
static int produce(struct kw_history_fetch *fetch)
{
    int err = 0;

    if (!fetch->headed) {
        const struct kw_history_range *range = &fetch->points[0].range;

        kw_history_put_head(&fetch->out, fetch->csv, range->from_ms,
                            range->to_ms, fetch->step_ms);
        fetch->headed = true;
    }
    for (int i = 0; err == 0 && i < CALL_STEPS && !is_full(fetch) &&
                    fetch->at < fetch->count;
         i++)
        err = produce_step(fetch);
    if (err == 0 && fetch->at == fetch->count) {
        kw_history_put_tail(&fetch->out, fetch->csv);
        fetch->phase = KW_HISTORY_FINISHED;
    }
    return err != 0 ? err : kw_buf_err(&fetch->out);
}

int kw_history_fetch_next(struct kw_history_fetch *fetch)
{
    int err = 0;

    kw_buf_reset(&fetch->out);
    if (fetch->phase == KW_HISTORY_WEIGH)
        err = weigh(fetch);
    if (err == 0 && fetch->phase == KW_HISTORY_COUNT)
        err = count(fetch);
    if (err == 0 && fetch->phase == KW_HISTORY_PRODUCE)
        err = produce(fetch);
    return err;
}
