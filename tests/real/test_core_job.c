/* SPDX-License-Identifier: Apache-2.0 */
#include "core/job.h"

#include "base/mem.h"
#include "core/life.h"
#include "core/loop.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { JOBS = 300 };

struct stage;

struct job {
    struct kw_job job;
    struct stage *stage;
    int number;
    int worked; /* how often work() ran; the thread's until done() */
    int done;   /* how often done() ran */
    int err;
    void (*also)(struct job *self); /* in done() */
};

struct stage {
    struct kw_loop loop;
    struct kw_jobs *jobs;
    struct kw_life life;
    pthread_mutex_t gate; /* held by the test: work() waits for it */
    atomic_int inside;    /* threads that are in work() */
    bool gone, closed;
    struct job list[JOBS];
    int order[JOBS], done; /* numbers as done() ran */
    pthread_t loop_thread;
    uint64_t blocks;
};

static uint64_t blocks(void)
{
    struct kw_mem_stats stats = kw_mem_stats();

    return stats.allocations - stats.frees;
}

static void on_gone(struct kw_life *life)
{
    KW_LIST_ENTRY(life, struct stage, life)->gone = true;
}

static void on_closed(void *arg)
{
    struct stage *stage = arg;

    stage->closed = true;
}

static void work(struct kw_job *job)
{
    struct job *self = KW_LIST_ENTRY(job, struct job, job);

    assert_false(pthread_equal(pthread_self(), self->stage->loop_thread));
    atomic_fetch_add(&self->stage->inside, 1);
    pthread_mutex_lock(&self->stage->gate);
    self->worked++;
    pthread_mutex_unlock(&self->stage->gate);
    atomic_fetch_sub(&self->stage->inside, 1);
}

static void done(struct kw_job *job, int err)
{
    struct job *self = KW_LIST_ENTRY(job, struct job, job);
    struct stage *stage = self->stage;

    assert_true(pthread_equal(pthread_self(), stage->loop_thread));
    self->done++;
    self->err = err;
    stage->order[stage->done++] = self->number;
    if (self->also != NULL)
        self->also(self);
}

static int open_stage(void **state)
{
    static struct stage stage;

    memset(&stage, 0, sizeof(stage));
    stage.blocks = blocks();
    stage.loop_thread = pthread_self();
    pthread_mutex_init(&stage.gate, NULL);
    kw_life_init(&stage.life, on_gone);
    for (int i = 0; i < JOBS; i++)
        stage.list[i] = (struct job){
            .job = {.work = work, .done = done, .life = &stage.life},
            .stage = &stage,
            .number = i,
        };
    if (kw_loop_init(&stage.loop, &kw_clock_system) != 0 ||
        kw_jobs_new(&stage.jobs, &stage.loop.uv) != 0)
        return -1;
    *state = &stage;
    return 0;
}

/* Every test ends with the lanes closed and nothing left. */
static int close_stage(void **state)
{
    struct stage *stage = *state;

    if (!stage->closed)
        kw_jobs_close(stage->jobs, on_closed, stage);
    kw_loop_run(&stage->loop);
    assert_true(stage->closed);
    assert_int_equal(stage->life.holds, 0);
    assert_false(stage->gone);
    assert_true(kw_life_close(&stage->life));
    assert_true(stage->gone);
    assert_int_equal(kw_loop_fini(&stage->loop), 0);
    assert_int_equal(blocks(), stage->blocks);
    pthread_mutex_destroy(&stage->gate);
    return 0;
}

static int submit(struct stage *stage, enum kw_lane lane, int number)
{
    return kw_jobs_submit(stage->jobs, lane, &stage->list[number].job);
}

/* Waits until so many threads are in work(). */
static void until_inside(struct stage *stage, int threads)
{
    while (atomic_load(&stage->inside) < threads)
        sched_yield();
}

static void until_done(struct stage *stage, int jobs)
{
    while (stage->done < jobs)
        uv_run(&stage->loop.uv, UV_RUN_ONCE);
}

static void test_each_lane(void **state)
{
    struct stage *stage = *state;

    for (int lane = 0; lane < KW_LANE_COUNT; lane++)
        assert_int_equal(submit(stage, (enum kw_lane)lane, lane), 0);
    assert_int_equal(stage->life.holds, KW_LANE_COUNT);
    until_done(stage, KW_LANE_COUNT);
    for (int i = 0; i < KW_LANE_COUNT; i++) {
        assert_int_equal(stage->list[i].worked, 1);
        assert_int_equal(stage->list[i].done, 1);
        assert_int_equal(stage->list[i].err, 0);
        assert_int_equal(kw_jobs_pending(stage->jobs, (enum kw_lane)i), 0);
    }
    assert_int_equal(stage->life.holds, 0);
}

/* The db lane has one thread: what is submitted first is done first. */
static void test_order(void **state)
{
    struct stage *stage = *state;

    for (int i = 0; i < 60; i++)
        assert_int_equal(submit(stage, KW_LANE_DB, i), 0);
    until_done(stage, 60);
    for (int i = 0; i < 60; i++)
        assert_int_equal(stage->order[i], i);
}

static void test_threads(void **state)
{
    struct stage *stage = *state;

    pthread_mutex_lock(&stage->gate);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(submit(stage, KW_LANE_WORK, i), 0);
        assert_int_equal(submit(stage, KW_LANE_HASH, 10 + i), 0);
        assert_int_equal(submit(stage, KW_LANE_DB, 20 + i), 0);
    }
    until_inside(stage, 4); /* two for work, one each for the others */
    assert_int_equal(kw_jobs_pending(stage->jobs, KW_LANE_WORK), 3);
    assert_int_equal(atomic_load(&stage->inside), 4);
    pthread_mutex_unlock(&stage->gate);
    until_done(stage, 9);
}

static void test_full(void **state)
{
    static const struct {
        enum kw_lane lane;
        int most;
    } rows[] = {{KW_LANE_HASH, 8}, {KW_LANE_DB, 64}, {KW_LANE_WORK, 256}};
    struct stage *stage = *state;

    for (size_t i = 0; i < 3; i++) {
        pthread_mutex_lock(&stage->gate);
        stage->done = 0;
        for (int n = 0; n < rows[i].most; n++)
            assert_int_equal(submit(stage, rows[i].lane, n), 0);
        assert_int_equal(submit(stage, rows[i].lane, rows[i].most), KW_EFULL);
        assert_int_equal(stage->life.holds, rows[i].most); /* none for that */
        pthread_mutex_unlock(&stage->gate);
        until_done(stage, rows[i].most);
        assert_int_equal(stage->list[rows[i].most].done, 0);
        assert_int_equal(submit(stage, rows[i].lane, rows[i].most), 0);
        until_done(stage, rows[i].most + 1);
        stage->list[rows[i].most].done = 0;
    }
}

/* Close with queued jobs in each lane: the database's are worked on, the
 * others are given back, running ones end as always. */
static void test_close_with_queues(void **state)
{
    struct stage *stage = *state;
    int given_back = 0;

    pthread_mutex_lock(&stage->gate);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(submit(stage, KW_LANE_DB, i), 0);
        assert_int_equal(submit(stage, KW_LANE_HASH, 10 + i), 0);
        assert_int_equal(submit(stage, KW_LANE_WORK, 20 + i), 0);
    }
    until_inside(stage, 4);
    kw_jobs_close(stage->jobs, on_closed, stage);
    assert_int_equal(submit(stage, KW_LANE_DB, 30), KW_ECLOSING);
    assert_int_equal(submit(stage, KW_LANE_WORK, 30), KW_ECLOSING);
    pthread_mutex_unlock(&stage->gate);
    kw_loop_run(&stage->loop);
    assert_true(stage->closed);
    assert_int_equal(stage->done, 15);
    for (int i = 0; i < 30; i++) {
        const struct job *job = &stage->list[i];

        if (i % 10 >= 5)
            continue;
        assert_int_equal(job->done, 1);
        assert_int_equal(job->err == 0, job->worked == 1);
        given_back += job->err == KW_ECLOSING;
        if (i < 5)
            assert_int_equal(job->err, 0);
    }
    /* One of each of these threads was at work: 4 and 3 were waiting. */
    assert_int_equal(given_back, 4 + 3);
    assert_int_equal(stage->list[30].done, 0);
}

static void submit_another(struct job *self)
{
    self->err = submit(self->stage, KW_LANE_WORK, self->number + 1);
}

static void close_all(struct job *self)
{
    kw_jobs_close(self->stage->jobs, on_closed, self->stage);
}

/* done() may submit, and gets told when it is too late. */
static void test_submit_from_done(void **state)
{
    struct stage *stage = *state;

    stage->list[0].also = submit_another;
    stage->list[1].also = close_all;
    assert_int_equal(submit(stage, KW_LANE_WORK, 0), 0);
    until_done(stage, 2);
    assert_int_equal(stage->list[0].err, 0);
}

static void test_submit_when_closing(void **state)
{
    struct stage *stage = *state;

    stage->list[0].also = submit_another;
    assert_int_equal(submit(stage, KW_LANE_DB, 0), 0);
    kw_jobs_close(stage->jobs, on_closed, stage);
    kw_loop_run(&stage->loop);
    assert_int_equal(stage->list[0].err, KW_ECLOSING);
    assert_int_equal(stage->list[1].done, 0);
}

/* done() frees its object; without a life nothing is held. */
static void free_self(struct kw_job *job, int err)
{
    struct job *self = KW_LIST_ENTRY(job, struct job, job);

    assert_int_equal(err, 0);
    self->stage->done++;
    kw_free(self);
}

static void test_freed_in_done(void **state)
{
    struct stage *stage = *state;

    for (int i = 0; i < 20; i++) {
        struct job *job = kw_alloc(sizeof(*job));

        assert_non_null(job);
        *job = (struct job){.job = {.work = work, .done = free_self},
                            .stage = stage};
        assert_int_equal(kw_jobs_submit(stage->jobs, KW_LANE_WORK, &job->job),
                         0);
    }
    assert_int_equal(stage->life.holds, 0);
    until_done(stage, 20);
}

static void test_close_idle(void **state)
{
    struct stage *stage = *state;

    kw_jobs_close(stage->jobs, on_closed, stage);
    assert_false(stage->closed); /* never inside the call */
    kw_loop_run(&stage->loop);
    assert_true(stage->closed);
}

static void test_close_untold(void **state)
{
    struct kw_loop loop;
    struct kw_jobs *jobs = NULL;

    (void)state;
    assert_int_equal(kw_loop_init(&loop, &kw_clock_system), 0);
    assert_int_equal(kw_jobs_new(&jobs, &loop.uv), 0);
    kw_jobs_close(jobs, NULL, NULL);
    kw_loop_run(&loop);
    assert_int_equal(kw_loop_fini(&loop), 0);
}

/* No memory, no threads: nothing is left behind. */
static void test_cannot_start(void **state)
{
    uint64_t before = blocks();
    struct kw_jobs *jobs = NULL;
    struct kw_loop loop;
    pthread_attr_t usual, huge;

    (void)state;
    assert_int_equal(kw_loop_init(&loop, &kw_clock_system), 0);
    kw_mem_fail_at(1);
    assert_int_equal(kw_jobs_new(&jobs, &loop.uv), KW_ENOMEM);
    kw_mem_fail_at(0);

    pthread_getattr_default_np(&usual);
    pthread_attr_init(&huge);
    assert_int_equal(pthread_attr_setstacksize(&huge, (size_t)1 << 47), 0);
    assert_int_equal(pthread_setattr_default_np(&huge), 0);
    assert_int_equal(kw_jobs_new(&jobs, &loop.uv), KW_EIO);
    pthread_setattr_default_np(&usual);
    pthread_attr_destroy(&usual);
    pthread_attr_destroy(&huge);
    assert_null(jobs);
    kw_loop_run(&loop);
    assert_int_equal(kw_loop_fini(&loop), 0);
    assert_int_equal(blocks(), before);
}

#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, open_stage, close_stage)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_each_lane),
        TEST(test_order),
        TEST(test_threads),
        TEST(test_full),
        TEST(test_close_with_queues),
        TEST(test_submit_from_done),
        TEST(test_submit_when_closing),
        TEST(test_freed_in_done),
        TEST(test_close_idle),
        cmocka_unit_test(test_close_untold),
        cmocka_unit_test(test_cannot_start),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
