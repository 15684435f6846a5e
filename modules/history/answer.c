/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /history.
 *
 * Happy path: the handler reads the query, copies the unsealed parts that it
 * needs and submits a job, which does a bounded piece of the work (fetch.h).
 * The loop writes the slice that the job made and submits the job again, or
 * waits for on_drain when the client is slow. A short answer goes out at once
 * with its length.
 *
 * Queries have a lane with one thread of their own, so that they never keep
 * sealing, certificates or lines waiting. Each goes to the end of the lane's
 * queue after every piece: all that run advance at the same pace. Of one
 * session, RUNS_SESSION run at a time; its others wait until one has ended.
 *
 * Failure before the answer began: a problem document. Afterwards the stream
 * fails (kw_reply_fail), so that no client takes a part of a CSV for the whole.
 *
 * The client goes: on_closed; the query is freed at once, or when its job is
 * back. On stop: the same for all queries, with an answer if none began.
 */
#include "base/mem.h"
#include "core/route.h"
#include "history/fetch.h"
#include "history/state.h"

#include <string.h>

enum {
    QUERIES_MAX = 16,         /* at a time, of all sessions */
    QUERIES_SESSION = 8,      /* of one session, waiting ones included */
    RUNS_SESSION = 2,         /* of one session that have a job */
    QUEUED_BYTES = 128 << 10, /* more waits for the client */
};

struct answer {
    struct kw_link link;
    struct kw_history *history;
    struct kw_request *request; /* NULL: the client is gone */
    uint64_t session;           /* who asks; 0: the control socket */
    struct kw_job job;
    bool started, busy, begun;
    struct kw_history_fetch fetch; /* the job's while busy */
    int err;
};

static void start_waiting(struct kw_history *history);

/* The place becomes free for a query that waits. */
static void free_answer(struct answer *answer)
{
    struct kw_history *history = answer->history;

    kw_list_remove(&answer->link);
    history->query_count--;
    kw_history_fetch_fini(&answer->fetch);
    kw_free(answer);
    start_waiting(history);
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

static void work(struct kw_job *job)
{
    struct answer *answer = KW_LIST_ENTRY(job, struct answer, job);

    answer->err = kw_history_fetch_next(&answer->fetch);
}

static const char *media_type(const struct answer *answer)
{
    return answer->fetch.csv ? "text/csv; charset=utf-8" : "application/json";
}

static void refuse_busy(struct kw_request *request)
{
    kw_reply_header(request, "Retry-After", "1");
    kw_reply_problem(request, 503, "busy", "the gateway is busy, try again");
}

/* Answers with the reason; an answer that has begun is cut off. */
static void fail(struct answer *answer, int err)
{
    enum kw_history_fetch_phase phase = answer->fetch.phase;
    bool begun = answer->begun;
    size_t limit = answer->fetch.limit;
    struct kw_request *request = let_go(answer);

    if (begun)
        kw_reply_fail(request);
    else if (err == KW_ERANGE && phase == KW_HISTORY_WEIGH)
        kw_reply_problem(request, 422, "too_many_blocks",
                         "more than %d hours of samples, added up over all "
                         "points: ask for fewer points or a shorter time",
                         KW_HISTORY_QUERY_BLOCKS);
    else if (err == KW_ERANGE)
        kw_reply_problem(request, 422, "too_many_rows",
                         "more than %zu rows of a point: ask for a step or a "
                         "shorter time",
                         limit);
    else if (err == KW_ECLOSING || err == KW_EFULL)
        refuse_busy(request);
    else
        kw_reply_problem(request, 500, "history_failed",
                         "the history could not be read: %s", kw_strerror(err));
}

/* One more piece of work. The lane has room for every query. */
static void submit(struct answer *answer)
{
    int err = kw_jobs_submit(answer->history->core->jobs, KW_LANE_QUERY,
                             &answer->job);

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
    struct kw_buf body = answer->fetch.out;
    const char *type = media_type(answer);

    kw_buf_init(&answer->fetch.out, 0);
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
    queued = kw_reply_write(request, answer->fetch.out.data,
                            answer->fetch.out.length);
    if (answer->fetch.phase == KW_HISTORY_FINISHED)
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
    history->counters.damaged += answer->fetch.damaged;
    answer->fetch.damaged = 0;
    if (answer->request == NULL)
        free_answer(answer);
    else if (err != 0)
        fail(answer, err);
    else if (answer->fetch.phase < KW_HISTORY_PRODUCE)
        submit(answer);
    else if (answer->fetch.phase == KW_HISTORY_FINISHED && !answer->begun)
        send_whole(answer);
    else
        send_slice(answer);
}

/* Copies of what isn't sealed, each source once. */
static int copy_parts(struct answer *answer)
{
    const struct kw_history_window *window = &answer->history->window;
    struct kw_history_fetch *fetch = &answer->fetch;
    int err = 0;

    for (size_t i = 0; err == 0 && i < fetch->count; i++) {
        const struct kw_history_range *range = &fetch->points[i].range;
        size_t before = 0;

        while (fetch->points[before].range.source != range->source)
            before++;
        if (before == i && range->source < window->size &&
            window->sources[range->source] != NULL)
            err = kw_history_tail_add(&fetch->tail,
                                      window->sources[range->source],
                                      range->from_ms, range->to_ms);
    }
    kw_history_tail_sort(&fetch->tail);
    return err;
}

static void start(struct answer *answer)
{
    int err = copy_parts(answer);

    answer->started = true;
    if (err != 0)
        fail(answer, err);
    else
        submit(answer);
}

static unsigned count_of(const struct kw_history *history, uint64_t session,
                         bool only_started)
{
    unsigned count = 0;

    KW_LIST_EACH (link, &history->queries) {
        const struct answer *answer = KW_LIST_ENTRY(link, struct answer, link);

        count +=
            answer->session == session && (answer->started || !only_started);
    }
    return count;
}

/* The first query that waits and whose session may have one more running. */
static struct answer *find_waiting(const struct kw_history *history)
{
    KW_LIST_EACH (link, &history->queries) {
        struct answer *answer = KW_LIST_ENTRY(link, struct answer, link);

        if (!answer->started &&
            count_of(history, answer->session, true) < RUNS_SESSION)
            return answer;
    }
    return NULL;
}

/*
 * Starts each query that may run. One that can't be started is answered and
 * freed, and this function runs again for its place, so the list is searched
 * from its beginning each time. At most QUERIES_MAX calls stand on the stack.
 */
static void start_waiting(struct kw_history *history)
{
    struct answer *answer;

    if (!history->ready || history->life.closing)
        return;
    while ((answer = find_waiting(history)) != NULL)
        start(answer);
}

/* Everything that the job needs to know of the query. */
static void fill(struct kw_history_fetch *fetch,
                 const struct kw_history_query *query)
{
    fetch->count = query->count;
    fetch->step_ms = query->step_ms;
    fetch->limit = query->limit;
    for (size_t i = 0; i < query->count; i++) {
        const struct kw_point *point = query->points[i];
        struct kw_history_fetch_point *copy = &fetch->points[i];

        copy->range = (struct kw_history_range){
            .source = point->source->number,
            .point = point->id,
            .from_ms = query->from_ms,
            .to_ms = query->to_ms,
        };
        copy->encoding = point->encoding;
        copy->unit = point->quantity->unit;
        memcpy(copy->name, point->name, sizeof(copy->name));
    }
}

/* A query in the list, to be started; NULL: the request has its refusal. */
static struct answer *admit(struct kw_history *history,
                            struct kw_request *request)
{
    uint64_t session = request->who->session;
    struct answer *answer = NULL;

    if (count_of(history, session, false) >= QUERIES_SESSION) {
        kw_reply_header(request, "Retry-After", "1");
        kw_reply_problem(request, 429, "too_many_queries",
                         "at most %d queries of a session at a time",
                         QUERIES_SESSION);
        return NULL;
    }
    if (history->query_count < QUERIES_MAX && !history->life.closing)
        answer = kw_alloc(sizeof(*answer));
    if (answer == NULL) {
        refuse_busy(request);
        return NULL;
    }
    *answer = (struct answer){
        .history = history,
        .request = request,
        .session = session,
        .job = {.work = work, .done = on_done, .life = &history->life},
    };
    kw_list_init(&answer->job.link);
    kw_history_fetch_init(&answer->fetch);
    answer->fetch.db = history->core->db;
    answer->fetch.csv = strstr(request->accept, "text/csv") != NULL;
    kw_list_append(&history->queries, &answer->link);
    history->query_count++;
    history->counters.queries++;
    return answer;
}

void kw_history_get(void *self, struct kw_request *request)
{
    struct kw_history *history = self;
    struct kw_history_query query;
    struct kw_history_refusal refusal;
    struct answer *answer;

    if (!kw_history_query_read(&query, request->query, history->core->points,
                               kw_clock_wall_ms(history->core->clock),
                               &refusal)) {
        kw_reply_problem(request, 422, refusal.key, "%s", refusal.text);
        return;
    }
    answer = admit(history, request);
    if (answer == NULL)
        return;
    fill(&answer->fetch, &query);
    request->on_closed = on_closed;
    request->arg = answer;
    start_waiting(history);
}

void kw_history_queries_resume(struct kw_history *history)
{
    while (!history->ready && !kw_list_empty(&history->queries))
        fail(KW_LIST_ENTRY(history->queries.next, struct answer, link),
             KW_ENOMEM);
    start_waiting(history);
}

void kw_history_queries_stop(struct kw_history *history)
{
    KW_LIST_EACH_SAFE (link, after, &history->queries) {
        struct answer *answer = KW_LIST_ENTRY(link, struct answer, link);

        if (!answer->busy)
            fail(answer, KW_ECLOSING);
    }
}
