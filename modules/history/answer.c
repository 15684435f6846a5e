/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /history.
 *
 * Happy path: the handler reads the query, copies the unsealed parts that it
 * needs and submits a job. The job counts the rows of a raw query, then
 * produces a slice of the answer; the loop writes it and submits the job
 * again, or waits for on_drain when the client is slow. A short answer goes
 * out at once with its length. A job looks at a bounded number of blocks, so
 * that a long query comes back to see whether its client is still there.
 *
 * Failure before the answer began: a problem document. Afterwards the stream
 * ends early, which a client of JSON or of HTTP framing notices.
 *
 * The client goes: on_closed; the query is freed at once, or when its job is
 * back. On stop: the same for all queries, with an answer if none began.
 */
#include "base/mem.h"
#include "core/db.h"
#include "core/point.h"
#include "core/route.h"
#include "history/format.h"
#include "history/query.h"
#include "history/read.h"
#include "history/state.h"

#include <stdio.h>
#include <string.h>

enum {
    QUERIES_MAX = 16,
    SLICE_BYTES = 64 << 10,
    ROW_BYTES = 4 << 10,      /* a slice is closed so much before its end */
    QUEUED_BYTES = 128 << 10, /* more waits for the client */
    SLICE_STEPS = 32,         /* reads of one job */
};

/* What is known of a point, copied: names may change meanwhile. */
struct column {
    struct kw_history_range range;
    uint8_t encoding;
    char name[KW_POINT_NAME_SIZE];
    const char *unit; /* constant, of its quantity */
};

struct answer {
    struct kw_link link;
    struct kw_history *history;
    struct kw_request *request; /* NULL: the client is gone */
    struct kw_job job;
    bool busy, begun;

    /* the job's while it runs */
    struct kw_db *db;
    struct kw_history_tail tail;
    struct column columns[KW_HISTORY_QUERY_POINTS];
    size_t count;
    int64_t step_ms;
    size_t limit;
    bool csv, counted, headed, finished;
    size_t at;    /* the point at hand */
    bool reading; /* its reader is open */
    struct kw_history_reader reader;
    struct kw_history_run run; /* of it, from run_at on not written */
    size_t run_at;
    struct kw_history_fold fold;
    struct kw_history_rows rows;
    struct kw_buf out;
    size_t too_many; /* rows, when there are more */
    size_t damaged;
    int err;
};

static void free_answer(struct answer *answer)
{
    struct kw_history *history = answer->history;

    kw_list_remove(&answer->link);
    history->query_count--;
    if (answer->reading)
        kw_history_reader_fini(&answer->reader);
    kw_history_tail_fini(&answer->tail);
    kw_buf_fini(&answer->out);
    kw_free(answer);
}

/* The client is gone; the request is dead. */
static void on_closed(void *arg)
{
    struct answer *answer = arg;

    answer->request = NULL;
    if (!answer->busy)
        free_answer(answer);
}

/* The request is answered from here on; the answer is freed. */
static struct kw_request *let_go(struct answer *answer)
{
    struct kw_request *request = answer->request;

    request->on_closed = NULL;
    request->on_drain = NULL;
    free_answer(answer);
    return request;
}

/* --- the job's part --- */

/* A raw query that would give too many rows is refused before it begins. */
static int count_rows(struct answer *answer)
{
    size_t count;

    for (size_t i = 0; i < answer->count; i++) {
        int err =
            kw_history_count(answer->db, &answer->tail,
                             &answer->columns[i].range, answer->limit, &count);

        if (err != 0)
            return err;
        if (count > answer->limit) {
            answer->too_many = count;
            return KW_ERANGE;
        }
    }
    return 0;
}

static void begin_point(struct answer *answer)
{
    const struct column *column = &answer->columns[answer->at];

    answer->rows = (struct kw_history_rows){
        .out = &answer->out,
        .csv = answer->csv,
        .name = column->name,
        .unit = column->unit,
        .point = column->range.point,
        .encoding = column->encoding,
    };
    kw_history_put_begin(&answer->rows, answer->at == 0);
    kw_history_reader_init(&answer->reader, answer->db, &answer->tail,
                           &column->range);
    answer->reading = true;
    answer->run = (struct kw_history_run){0};
    answer->run_at = 0;
    kw_history_fold_init(&answer->fold,
                         answer->step_ms > 0 ? answer->step_ms : 1);
}

/* The last step, the end of the list, and on to the next point. */
static void end_point(struct answer *answer)
{
    struct kw_history_step step;

    if (answer->step_ms > 0 && kw_history_fold_end(&answer->fold, &step))
        kw_history_put_step(&answer->rows, &step);
    kw_history_put_end(&answer->rows);
    answer->damaged += answer->reader.damaged;
    kw_history_reader_fini(&answer->reader);
    answer->reading = false;
    answer->at++;
}

static bool is_full(const struct answer *answer)
{
    return answer->out.length >= SLICE_BYTES - ROW_BYTES;
}

/* Writes rows of the run at hand until it ends or the slice is full. */
static void put_rows(struct answer *answer)
{
    const struct kw_history_run *run = &answer->run;
    struct kw_history_step step;

    for (; answer->run_at < run->count && !is_full(answer); answer->run_at++) {
        size_t i = answer->run_at;

        if (answer->step_ms == 0)
            kw_history_put_sample(&answer->rows, run->times[i], run->values[i],
                                  run->quality[i]);
        else if (kw_history_fold_add(&answer->fold, run->times[i],
                                     run->values[i], &step))
            kw_history_put_step(&answer->rows, &step);
    }
}

/* One step: rows of the run, or the next run, or the next point. */
static int produce_step(struct answer *answer)
{
    int err;

    if (!answer->reading) {
        begin_point(answer);
        return 0;
    }
    if (answer->run_at < answer->run.count) {
        put_rows(answer);
        return 0;
    }
    answer->run_at = 0;
    answer->run.count = 0;
    err = kw_history_reader_next(&answer->reader, &answer->run);
    if (err != KW_EOF)
        return err;
    end_point(answer);
    return 0;
}

/* Fills the slice as far as one job may. */
static int produce(struct answer *answer)
{
    int err = 0;

    if (!answer->headed) {
        const struct kw_history_range *range = &answer->columns[0].range;

        kw_history_put_head(&answer->out, answer->csv, range->from_ms,
                            range->to_ms, answer->step_ms);
        answer->headed = true;
    }
    for (int i = 0; err == 0 && i < SLICE_STEPS && !is_full(answer) &&
                    answer->at < answer->count;
         i++)
        err = produce_step(answer);
    if (err == 0 && answer->at == answer->count) {
        kw_history_put_tail(&answer->out, answer->csv);
        answer->finished = true;
    }
    return err != 0 ? err : kw_buf_err(&answer->out);
}

static void work(struct kw_job *job)
{
    struct answer *answer = KW_LIST_ENTRY(job, struct answer, job);

    if (!answer->counted && answer->step_ms == 0)
        answer->err = count_rows(answer);
    answer->counted = true;
    kw_buf_reset(&answer->out);
    if (answer->err == 0)
        answer->err = produce(answer);
}

/* --- the loop's part --- */

static const char *media_type(const struct answer *answer)
{
    return answer->csv ? "text/csv; charset=utf-8" : "application/json";
}

/* Ends the answer with what there is to say. */
static void fail(struct answer *answer, int err)
{
    bool begun = answer->begun;
    size_t limit = answer->limit;
    struct kw_request *request = let_go(answer);

    if (begun)
        kw_reply_end(request);
    else if (err == KW_ERANGE)
        kw_reply_problem(request, 422, "too_many_rows",
                         "more than %zu rows of a point: ask for a step or a "
                         "shorter time",
                         limit);
    else if (err == KW_ECLOSING || err == KW_EFULL)
        kw_reply_problem(request, 503, "busy",
                         "the gateway is busy, try again");
    else
        kw_reply_problem(request, 500, "history_failed",
                         "the history could not be read: %s", kw_strerror(err));
}

/* One more slice; a lane that is full ends the query. */
static void submit(struct answer *answer)
{
    int err =
        kw_jobs_submit(answer->history->core->jobs, KW_LANE_WORK, &answer->job);

    answer->busy = err == 0;
    if (err != 0)
        fail(answer, err);
}

/* The client has taken what was queued. */
static void on_drain(void *arg)
{
    struct answer *answer = arg;

    if (!answer->busy)
        submit(answer);
}

/* A short answer in one piece. */
static void send_whole(struct answer *answer)
{
    struct kw_buf body = answer->out;
    const char *type = media_type(answer);

    kw_buf_init(&answer->out, SLICE_BYTES);
    kw_reply_take(let_go(answer), 200, type, &body);
}

/* Writes what the job made, and has it go on when the client keeps up. */
static void send_slice(struct answer *answer)
{
    struct kw_request *request = answer->request;
    size_t queued;

    if (!answer->begun) {
        request->on_closed = NULL;
        if (kw_reply_begin(request, 200, media_type(answer)) != 0) {
            free_answer(answer);
            return;
        }
        request->on_closed = on_closed;
        request->on_drain = on_drain;
        answer->begun = true;
    }
    queued = kw_reply_write(request, answer->out.data, answer->out.length);
    if (answer->finished)
        kw_reply_end(let_go(answer));
    else if (queued <= QUEUED_BYTES)
        submit(answer);
}

static void on_done(struct kw_job *job, int err)
{
    struct answer *answer = KW_LIST_ENTRY(job, struct answer, job);
    struct kw_history *history = answer->history;

    answer->busy = false;
    if (err == 0)
        err = history->life.closing ? KW_ECLOSING : answer->err;
    history->counters.damaged += answer->damaged;
    answer->damaged = 0;
    if (answer->request == NULL)
        free_answer(answer);
    else if (err != 0)
        fail(answer, err);
    else if (answer->finished && !answer->begun)
        send_whole(answer);
    else
        send_slice(answer);
}

/* Copies of what isn't sealed, each source once. */
static int copy_parts(struct answer *answer)
{
    const struct kw_history_window *window = &answer->history->window;
    int err = 0;

    for (size_t i = 0; err == 0 && i < answer->count; i++) {
        const struct kw_history_range *range = &answer->columns[i].range;
        size_t before = 0;

        while (answer->columns[before].range.source != range->source)
            before++;
        if (before == i && range->source < window->size &&
            window->sources[range->source] != NULL)
            err = kw_history_tail_add(&answer->tail,
                                      window->sources[range->source],
                                      range->from_ms, range->to_ms);
    }
    kw_history_tail_sort(&answer->tail);
    return err;
}

static void start(struct answer *answer)
{
    int err = copy_parts(answer);

    if (err != 0)
        fail(answer, err);
    else
        submit(answer);
}

/* Everything that the job needs to know of the points. */
static void fill(struct answer *answer, const struct kw_history_query *query)
{
    answer->count = query->count;
    answer->step_ms = query->step_ms;
    answer->limit = query->limit;
    for (size_t i = 0; i < query->count; i++) {
        const struct kw_point *point = query->points[i];
        struct column *column = &answer->columns[i];

        column->range = (struct kw_history_range){
            .source = point->source->number,
            .point = point->id,
            .from_ms = query->from_ms,
            .to_ms = query->to_ms,
        };
        column->encoding = point->encoding;
        column->unit = point->quantity->unit;
        memcpy(column->name, point->name, sizeof(column->name));
    }
}

void kw_history_get(void *self, struct kw_request *request)
{
    struct kw_history *history = self;
    struct kw_history_query query;
    struct kw_history_refusal refusal;
    struct answer *answer = NULL;

    if (!kw_history_query_read(&query, request->query, history->core->points,
                               kw_clock_wall_ms(history->core->clock),
                               &refusal)) {
        kw_reply_problem(request, 422, refusal.key, "%s", refusal.text);
        return;
    }
    if (history->query_count < QUERIES_MAX && !history->life.closing)
        answer = kw_alloc(sizeof(*answer));
    if (answer == NULL) {
        kw_reply_problem(request, 503, "busy",
                         "the gateway is busy, try again");
        return;
    }
    answer->history = history;
    answer->request = request;
    answer->db = history->core->db;
    answer->csv = strstr(request->accept, "text/csv") != NULL;
    answer->job =
        (struct kw_job){.work = work, .done = on_done, .life = &history->life};
    kw_list_init(&answer->job.link);
    kw_history_tail_init(&answer->tail);
    kw_buf_init(&answer->out, SLICE_BYTES);
    fill(answer, &query);
    kw_list_append(&history->queries, &answer->link);
    history->query_count++;
    history->counters.queries++;
    request->on_closed = on_closed;
    request->arg = answer;
    if (history->ready)
        start(answer);
}

void kw_history_queries_resume(struct kw_history *history)
{
    KW_LIST_EACH_SAFE (link, after, &history->queries) {
        struct answer *answer = KW_LIST_ENTRY(link, struct answer, link);

        if (answer->busy || answer->begun)
            continue;
        if (history->ready)
            start(answer);
        else
            fail(answer, KW_ENOMEM);
    }
}

void kw_history_queries_stop(struct kw_history *history)
{
    KW_LIST_EACH_SAFE (link, after, &history->queries) {
        struct answer *answer = KW_LIST_ENTRY(link, struct answer, link);

        if (!answer->busy)
            fail(answer, KW_ECLOSING);
    }
}
