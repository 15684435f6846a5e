/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line and its jobs without the module: who is served first, jobs that have
 * nothing to say, go, or are too many, and requests that are cancelled.
 */
#include "test_meter_stage.h"

struct worker {
    struct kw_meter_job job;
    struct stage *stage;
    struct kw_meter_ask ask;
    uint64_t deadline_ns;
    unsigned answers, ups, downs;
    bool has_nothing;
};

static struct worker *worker_of(struct kw_meter_job *job)
{
    return KW_LIST_ENTRY(job, struct worker, job);
}

static bool on_next(struct kw_meter_job *job, uint64_t now_ns,
                    struct kw_meter_ask *ask, unsigned *tag)
{
    const struct worker *worker = worker_of(job);

    (void)now_ns;
    *tag = 7;
    *ask = worker->ask;
    return !worker->has_nothing;
}

static void on_sent(struct kw_meter_job *job, unsigned tag, uint64_t now_ns)
{
    (void)job;
    (void)now_ns;
    assert_int_equal(tag, 7);
}

static void on_answered(struct kw_meter_job *job, unsigned tag,
                        const struct kw_meter_answer *answer, uint64_t now_ns)
{
    struct worker *worker = worker_of(job);
    struct stage *stage = worker->stage;

    (void)now_ns;
    assert_int_equal(tag, 7);
    assert_int_equal(answer->outcome, KW_METER_GOOD);
    worker->answers++;
    stage->order[stage->count++ % 16] = worker->ask.unit;
}

static void on_up(struct kw_meter_job *job, uint64_t now_ns)
{
    worker_of(job)->ups++;
    kw_meter_line_put(job, now_ns, worker_of(job)->deadline_ns);
}

static void on_down(struct kw_meter_job *job, uint64_t now_ns)
{
    (void)now_ns;
    worker_of(job)->downs++;
}

static const struct kw_meter_job_ops ops = {on_next, on_sent, on_answered,
                                            on_up, on_down};

static struct worker make_worker(struct stage *stage, uint8_t unit,
                                 uint64_t deadline_ns)
{
    return (struct worker){
        .job = {.ops = &ops},
        .stage = stage,
        .ask = {unit, 3, 100, 1},
        .deadline_ns = deadline_ns,
    };
}

static bool three_answers(void *arg)
{
    const struct stage *stage = arg;

    return stage->count >= 3;
}

/* All are due when the line comes up: the earliest deadline goes first. */
static void test_order(void **state)
{
    static struct stage stage;
    struct worker late, early, middle;

    (void)state;
    open_stage(&stage, STAGE_SERIAL, peer_answer, 3);
    late = make_worker(&stage, 1, UINT64_MAX - 1);
    early = make_worker(&stage, 2, 1);
    middle = make_worker(&stage, 3, UINT64_MAX - 2);
    assert_int_equal(kw_meter_line_add(stage.line, &late.job), 0);
    assert_int_equal(kw_meter_line_add(stage.line, &early.job), 0);
    assert_int_equal(kw_meter_line_add(stage.line, &middle.job), 0);
    kw_fixture_until(&stage.rig.fixture, three_answers, &stage);
    assert_int_equal(stage.order[0], 2);
    assert_int_equal(stage.order[1], 3);
    assert_int_equal(stage.order[2], 1);
    close_stage(&stage);
    assert_null(late.job.line); /* out of the line */
}

static void test_too_many(void **state)
{
    static struct stage stage;
    struct worker first, second;

    (void)state;
    open_stage(&stage, STAGE_SERIAL, peer_answer, 1);
    first = make_worker(&stage, 1, 1);
    second = make_worker(&stage, 2, 1);
    assert_int_equal(kw_meter_line_add(stage.line, &first.job), 0);
    assert_int_equal(kw_meter_line_add(stage.line, &second.job), KW_EFULL);
    kw_meter_line_remove(&first.job);
    kw_meter_line_remove(&first.job); /* twice is harmless */
    assert_int_equal(kw_meter_line_add(stage.line, &second.job), 0);
    close_stage(&stage);
}

static bool second_answered(void *arg)
{
    const struct stage *stage = arg;

    return stage->count >= 1;
}

static bool was_told(void *arg)
{
    const struct worker *worker = arg;

    return worker->ups > 0;
}

/* Jobs that are due and have nothing to say cost nobody anything. */
static void test_nothing_to_say(void **state)
{
    (void)state;
    for (int tcp = 0; tcp < 2; tcp++) {
        static struct stage stage;
        struct worker quiet, other;

        open_stage(&stage, tcp ? STAGE_TCP : STAGE_SERIAL, peer_answer, 2);
        quiet = make_worker(&stage, 1, 1);
        quiet.has_nothing = true;
        other = make_worker(&stage, 2, 2);
        assert_int_equal(kw_meter_line_add(stage.line, &quiet.job), 0);
        kw_fixture_until(&stage.rig.fixture, was_told, &quiet);
        kw_fixture_run_ms(&stage.rig.fixture, 20);
        assert_int_equal(stage.peer.asks, 0);
        assert_int_equal(kw_meter_line_add(stage.line, &other.job), 0);
        kw_meter_line_put(&quiet.job, 0, 1);
        kw_meter_line_put(&other.job, 0, 2);
        kw_fixture_until(&stage.rig.fixture, second_answered, &stage);
        assert_int_equal(stage.order[0], 2);
        close_stage(&stage);
    }
}

static void silent(struct peer *peer, const struct kw_meter_ask *ask)
{
    (void)peer;
    (void)ask;
}

static bool was_asked(void *arg)
{
    const struct peer *peer = arg;

    return peer->asks > 0;
}

/* A job goes while its request is under way: its answer is nobody's. */
static void test_removed_under_way(void **state)
{
    static struct stage stage;
    struct worker worker, next;

    (void)state;
    open_stage(&stage, STAGE_SERIAL, silent, 2);
    worker = make_worker(&stage, 1, 1);
    next = make_worker(&stage, 2, 2);
    assert_int_equal(kw_meter_line_add(stage.line, &worker.job), 0);
    kw_fixture_until(&stage.rig.fixture, was_asked, &stage.peer);
    kw_meter_line_remove(&worker.job);
    stage.peer.on_ask = peer_answer;
    assert_int_equal(kw_meter_line_add(stage.line, &next.job), 0);
    kw_meter_line_put(&next.job, 0, 1);
    kw_fixture_until(&stage.rig.fixture, second_answered, &stage);
    assert_int_equal(worker.answers, 0);
    assert_int_equal(next.answers, 1);
    close_stage(&stage);
}

/* The same with a marker under way: nobody is left to be told. */
static void test_removed_with_marker(void **state)
{
    static struct stage stage;
    struct worker worker, other, next;

    (void)state;
    open_stage(&stage, STAGE_SERIAL, silent, 3);
    worker = make_worker(&stage, 1, 1);
    other = make_worker(&stage, 1, 2);
    other.ask.address = 500; /* could be mistaken for the first */
    next = make_worker(&stage, 2, 3);
    assert_int_equal(kw_meter_line_add(stage.line, &worker.job), 0);
    kw_fixture_until(&stage.rig.fixture, was_asked, &stage.peer);
    kw_meter_line_remove(&worker.job);
    assert_int_equal(kw_meter_line_add(stage.line, &other.job), 0);
    kw_meter_line_put(&other.job, 0, 2);
    while (stage.peer.asks < 2)
        uv_run(&stage.rig.fixture.loop.uv, UV_RUN_ONCE);
    kw_meter_line_remove(&other.job);
    stage.peer.on_ask = peer_answer;
    assert_int_equal(kw_meter_line_add(stage.line, &next.job), 0);
    kw_meter_line_put(&next.job, 0, 3);
    kw_fixture_until(&stage.rig.fixture, second_answered, &stage);
    assert_int_equal(other.answers, 0);
    close_stage(&stage);
}

/* Closed while a request is under way, and by a job that was just told. */
static void test_close_under_way(void **state)
{
    static struct stage stage;
    struct worker worker;

    (void)state;
    open_stage(&stage, STAGE_TCP, silent, 1);
    worker = make_worker(&stage, 1, 1);
    assert_int_equal(kw_meter_line_add(stage.line, &worker.job), 0);
    kw_fixture_until(&stage.rig.fixture, was_asked, &stage.peer);
    close_stage(&stage);
    assert_int_equal(worker.answers, 0);
    assert_int_equal(worker.downs, 0);
}

static void close_in_answer(struct kw_meter_job *job, unsigned tag,
                            const struct kw_meter_answer *answer,
                            uint64_t now_ns)
{
    (void)tag;
    (void)answer;
    (void)now_ns;
    kw_meter_line_close(worker_of(job)->stage->line);
}

static void test_close_in_answer(void **state)
{
    static const struct kw_meter_job_ops closing = {
        on_next, on_sent, close_in_answer, on_up, on_down};

    (void)state;
    for (int tcp = 0; tcp < 2; tcp++) {
        static struct stage stage;
        struct worker worker;

        open_stage(&stage, tcp ? STAGE_TCP : STAGE_SERIAL, peer_answer, 1);
        worker = make_worker(&stage, 1, 1);
        worker.job.ops = &closing;
        assert_int_equal(kw_meter_line_add(stage.line, &worker.job), 0);
        kw_fixture_until_set(&stage.rig.fixture, &stage.gone);
        peer_close(&stage.peer);
        rig_close(&stage.rig);
    }
}

/* A job that is told of a line that goes down, and one that is gone. */
static void test_down(void **state)
{
    static struct stage stage;
    struct worker worker;

    (void)state;
    open_stage(&stage, STAGE_TCP, peer_answer, 1);
    worker = make_worker(&stage, 1, 1);
    assert_int_equal(kw_meter_line_add(stage.line, &worker.job), 0);
    kw_fixture_until(&stage.rig.fixture, second_answered, &stage);
    peer_refuse(&stage.peer);
    peer_hang_up(&stage.peer);
    kw_fixture_until_set(&stage.rig.fixture, &stage.down);
    assert_int_equal(worker.downs, 1);
    close_stage(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_too_many),
        cmocka_unit_test(test_nothing_to_say),
        cmocka_unit_test(test_removed_under_way),
        cmocka_unit_test(test_removed_with_marker),
        cmocka_unit_test(test_close_under_way),
        cmocka_unit_test(test_close_in_answer),
        cmocka_unit_test(test_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
