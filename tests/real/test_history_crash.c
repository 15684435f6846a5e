/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kill -9 at random. A child runs the database and the history for real,
 * publishes polls as fast as it can commit them and tells through a pipe
 * which poll is in the database; some hours are sealed on the way. The parent
 * kills it, opens the database and reads all of it: every poll that was told
 * of must be there with its value.
 */
#include "loop/test_history_rig.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    ROUNDS = 20,
    POLL_MS = 60000,
    POLLS_A_COMMIT = 4,
    COMMITS_MAX = 200,
    SEED = 12345,
};

static struct kw_db *open_db(const char *dir)
{
    struct kw_db_options options = {
        .dir = dir, .map_bytes = 256 << 20, .tables = 32, .commit_ms = 1000};
    struct kw_diag diag;
    struct kw_db *db = NULL;
    char text[200];
    int err;

    kw_diag_init(&diag);
    err = kw_db_open(&db, &options, &diag);
    if (err != 0)
        fail_msg("%s", kw_diag_first(&diag, text, sizeof(text)));
    kw_diag_fini(&diag);
    return db;
}

/* --- the child */

struct child {
    struct kw_loop loop;
    struct kw_clock_manual clock;
    struct kw_hub hub;
    struct kw_core core;
    struct kw_history *history;
    struct kw_sample samples[RIG_POINTS];
    size_t count;
    int64_t at_ms;
    uint64_t rows_told;
    int pipe;
};

static void publish(struct child *child)
{
    for (size_t i = 0; i < child->count; i++) {
        child->samples[i].time_ms = child->at_ms;
        child->samples[i].raw = (uint64_t)rig_raw(i, child->at_ms);
    }
    kw_hub_publish_samples(&child->hub, child->samples, child->count);
    child->at_ms += POLL_MS;
    child->clock.wall_ms = child->at_ms;
    child->clock.mono_ns += UINT64_C(60000) * 1000000;
}

static bool is_flushed(const struct child *child)
{
    return child->history->flushing == 0;
}

static void run_child(const char *dir, int64_t from_ms, int pipe)
{
    struct child child = {.at_ms = from_ms, .pipe = pipe};
    struct kw_history_conf conf = {.commit_ms = 1000,
                                   .keep_ms = INT64_MAX / 2,
                                   .size_bytes = 1 << 30,
                                   .window_bytes = 16 << 20};
    struct kw_quantities *quantities;
    struct kw_source *source;
    struct kw_diag diag;

    kw_diag_init(&diag);
    kw_clock_manual_init(&child.clock, from_ms);
    if (kw_quantities_load(&quantities, KW_TEST_CONF "/quantities.csv",
                           &diag) != 0 ||
        kw_loop_init(&child.loop, &child.clock.clock) != 0 ||
        kw_jobs_new(&child.core.jobs, &child.loop.uv) != 0)
        _exit(1);
    child.core.loop = &child.loop;
    child.core.clock = &child.clock.clock;
    child.core.db = open_db(dir);
    kw_db_attach(child.core.db, &child.loop, child.core.jobs);
    if (kw_points_new(&child.core.points, child.core.db, quantities) != 0 ||
        kw_points_source(child.core.points, 'm', "meter0", NULL, &source) != 0)
        _exit(1);
    kw_hub_init(&child.hub, child.core.points);
    child.core.hub = &child.hub;
    for (; child.count < RIG_POINTS; child.count++) {
        const struct kw_point *point;
        struct kw_point_form form = {
            .quantity = kw_quantities_at(quantities, child.count), .scale = 1};

        if (kw_points_define(child.core.points, source, &form, &point) != 0)
            _exit(1);
        child.samples[child.count].point = point->id;
    }
    child.history = kw_alloc(sizeof(*child.history));
    if (kw_history_module.start(child.history, &conf, &child.core, &diag) != 0)
        _exit(1);
    for (;;) {
        int64_t told_ms;

        for (int i = 0; i < POLLS_A_COMMIT; i++)
            publish(&child);
        told_ms = child.at_ms - POLL_MS;
        kw_history_flush(child.history);
        kw_history_seal_tick(child.history);
        while (!is_flushed(&child))
            uv_run(&child.loop.uv, UV_RUN_ONCE);
        if (child.history->write_err != 0 ||
            write(pipe, &told_ms, sizeof(told_ms)) != sizeof(told_ms))
            _exit(1);
    }
}

/* --- the parent */

struct check {
    int64_t next_ms; /* the poll that must come next */
    size_t point;
};

static int check_run(void *arg, const struct kw_history_run *run)
{
    struct check *check = arg;

    for (size_t i = 0; i < run->count; i++, check->next_ms += POLL_MS) {
        assert_int_equal(run->times[i], check->next_ms);
        assert_true(run->values[i] ==
                    (double)rig_raw(check->point, run->times[i]));
    }
    return 0;
}

static bool has_blocks(struct kw_db *db)
{
    struct kw_db_txn *txn;
    struct kw_db_cursor *cursor;
    bool any = false;

    assert_int_equal(kw_db_read_begin(db, &txn), 0);
    if (kw_db_cursor_open(txn, &kw_history_blocks, &cursor) == 0) {
        any = kw_db_cursor_last(cursor) == 0;
        kw_db_cursor_close(cursor);
    }
    kw_db_read_end(txn);
    return any;
}

/* Everything up to told_ms is there, and nothing is missing in between;
 * returns the time of the poll after the last one. */
static int64_t check_all(const char *dir, int64_t told_ms, bool *sealed)
{
    struct kw_db *db = open_db(dir);
    struct kw_history_tail *tail;
    int64_t end_ms = 0;

    assert_int_equal(kw_history_tail_load(&tail, db), 0);
    for (uint32_t i = 0; i < RIG_POINTS; i++) {
        struct kw_history_range range = {1, i + 1, 0, INT64_MAX};
        struct check check = {rig_epoch_ms, i};
        size_t damaged;

        assert_int_equal(
            kw_history_read(db, tail, &range, &damaged, check_run, &check), 0);
        assert_int_equal(damaged, 0);
        assert_true(check.next_ms > told_ms);
        assert_true(i == 0 || check.next_ms == end_ms);
        end_ms = check.next_ms;
    }
    *sealed = *sealed || has_blocks(db);
    kw_history_tail_free(tail);
    kw_db_free(db);
    return end_ms;
}

/* Kills the child some time after that many commits; returns what it told
 * last. */
static int64_t run_round(const char *dir, int64_t from_ms, unsigned commits)
{
    int64_t told_ms = 0, at_ms;
    unsigned wait_us = (unsigned)(rand() % 1000);
    int ends[2], status;
    pid_t pid;

    assert_int_equal(pipe(ends), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        close(ends[0]);
        run_child(dir, from_ms, ends[1]);
    }
    close(ends[1]);
    for (unsigned i = 0; i < commits; i++)
        assert_int_equal(read(ends[0], &told_ms, sizeof(told_ms)),
                         sizeof(told_ms));
    (void)usleep(wait_us); /* when it dies is what this test leaves open */
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    while (read(ends[0], &at_ms, sizeof(at_ms)) == sizeof(at_ms))
        told_ms = at_ms;
    close(ends[0]);
    return told_ms;
}

static void test_kill(void **state)
{
    char dir[64];
    int64_t next_ms = rig_epoch_ms;
    bool sealed = false;

    (void)state;
    srand(SEED);
    kw_test_make_dir(dir, sizeof(dir));
    for (int round = 0; round < ROUNDS; round++) {
        /* counted in commits, not in time: a slow machine gets as far */
        unsigned commits = 1 + (unsigned)(rand() % COMMITS_MAX);
        int64_t told_ms = run_round(dir, next_ms, commits);

        assert_true(told_ms >= next_ms);
        next_ms = check_all(dir, told_ms, &sealed);
    }
    assert_true(sealed); /* else this has shown less than it should */
    print_message("%lld polls over %d kills\n",
                  (long long)((next_ms - rig_epoch_ms) / POLL_MS), ROUNDS);
    kw_test_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_kill)};

    return cmocka_run_group_tests_name("history_crash", tests, NULL, NULL);
}
