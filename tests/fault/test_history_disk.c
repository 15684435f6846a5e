/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A disk that fails. The program's own pwrite, writev, fdatasync and fsync
 * stand before the C library's, so that the n-th operation on the database's
 * file fails with EIO, with ENOSPC, writes half of what it should, or does its
 * work and says EIO all the same. A workload of commits, sealing and trimming
 * is run for each n, the write of LMDB's meta page included, and then
 *
 *   recovery:     the disk works again; all polls are read back
 *   kill:         a copy of the database file, as kill -9 would leave it, is
 *                 taken after each commit interval from the fault on
 *   stop:         the module stops in order right after the fault
 *   failing stop: the fault comes in the commit of the stop itself
 *
 * Nothing may be missing, but for the interval of the fault itself when the
 * kill comes at once. Then faults that last: memory grows no faster.
 *
 * Some of the operations are tried; KW_TEST_SWEEP=all tries each.
 */
#include "../loop/test_history_rig.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
    HOUR_MS = 3600000,
    STEP_MS = 1000,
    STEPS = 40,        /* of a workload */
    SEAL_STEP = 20,    /* the hour before is sealed in this step */
    SPARSE = 13,       /* one of so many operations is tried by default */
    KILLS = 4,         /* intervals after which the file is looked at */
    FAULT_STEPS = 100, /* of a fault that lasts */
    METERS = 2,
    POLL_POINTS = 3,
};

/* The last one does its work and says EIO. */
enum fault { FAULT_EIO, FAULT_ENOSPC, FAULT_SHORT, FAULT_LATE, FAULT_COUNT };
static const char *const fault_names[] = {"EIO", "ENOSPC", "short write",
                                          "EIO, done"};

enum op { OP_WRITE, OP_META, OP_SYNC, OP_ANY, OP_NONE };

/* --- the disk */

static struct {
    _Atomic(ino_t) file;   /* the database's; 0: nothing is counted */
    atomic_uint operation; /* counted from 1 */
    atomic_uint from, to;  /* these fail; to is not included */
    atomic_uint failed;
    _Atomic(enum fault) fault;
    _Atomic(enum op) only; /* OP_ANY: whatever it is */
} disk;

/* True when this operation is to fail. */
static bool fails(int fd, enum op op)
{
    struct stat info;
    unsigned number;

    if (disk.file == 0 || fstat(fd, &info) != 0 || info.st_ino != disk.file)
        return false;
    number = atomic_fetch_add(&disk.operation, 1) + 1;
    if (number < disk.from || number >= disk.to ||
        (disk.only != OP_ANY && disk.only != op))
        return false;
    disk.failed++;
    return true;
}

static int refuse(void)
{
    errno = disk.fault == FAULT_ENOSPC ? ENOSPC : EIO;
    return -1;
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at)
{
    /* LMDB's meta page, without the rest of its page */
    enum op op = length < 4096 ? OP_META : OP_WRITE;
    bool failed = fails(fd, op);

    if (failed && disk.fault == FAULT_LATE)
        (void)syscall(SYS_pwrite64, fd, bytes, length, at);
    if (failed && disk.fault != FAULT_SHORT)
        return refuse();
    return syscall(SYS_pwrite64, fd, bytes, failed ? length / 2 : length, at);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    bool failed = fails(fd, OP_WRITE);

    if (failed && disk.fault == FAULT_LATE)
        (void)syscall(SYS_writev, fd, parts, count);
    if (failed && disk.fault != FAULT_SHORT)
        return refuse();
    return syscall(SYS_writev, fd, parts, failed ? 1 : count);
}

/* Does not sync: a copy of the file is what a test looks at. */
int fdatasync(int fd)
{
    return fails(fd, OP_SYNC) ? refuse() : 0;
}

int fsync(int fd)
{
    return fails(fd, OP_SYNC) ? refuse() : 0;
}

static void disk_watch(const char *dir)
{
    struct stat info;
    char path[256];

    snprintf(path, sizeof(path), "%s/kilowatch.db", dir);
    assert_int_equal(stat(path, &info), 0);
    disk.operation = disk.failed = 0;
    disk.only = OP_ANY;
    disk.from = disk.to = UINT_MAX;
    disk.file = info.st_ino;
}

static void disk_fail(enum fault fault, unsigned from, unsigned count)
{
    disk.fault = fault;
    disk.from = from;
    disk.to = from + count;
}

static void disk_mend(void)
{
    disk.from = disk.to = UINT_MAX;
}

/* --- polls that are there */

struct found {
    bool polls[STEPS + FAULT_STEPS];
    int64_t from_ms;
};

static int take_run(void *arg, const struct kw_history_run *run)
{
    struct found *found = arg;

    for (size_t i = 0; i < run->count; i++) {
        int64_t at = (run->times[i] - found->from_ms) / STEP_MS;

        if (at >= 0 && at < STEPS + FAULT_STEPS)
            found->polls[at] = true;
    }
    return 0;
}

/* How many of the first `polls` polls of a point a database misses. */
static unsigned missing_in(struct kw_db *db, const struct kw_point *point,
                           int64_t from_ms, unsigned polls)
{
    struct kw_history_range range = {point->source->number, point->id, 0,
                                     INT64_MAX};
    struct found found = {.from_ms = from_ms};
    struct kw_history_tail *tail;
    unsigned missing = 0;
    size_t damaged;

    if (kw_history_tail_load(&tail, db) != 0)
        return polls;
    assert_int_equal(
        kw_history_read(db, tail, &range, &damaged, take_run, &found), 0);
    assert_int_equal(damaged, 0);
    kw_history_tail_free(tail);
    for (unsigned i = 0; i < polls; i++)
        missing += !found.polls[i];
    return missing;
}

static void copy_file(const char *from, const char *to)
{
    static char bytes[1 << 16];
    int in = open(from, O_RDONLY | O_CLOEXEC);
    int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ssize_t got;

    assert_true(in >= 0 && out >= 0);
    while ((got = read(in, bytes, sizeof(bytes))) > 0)
        assert_int_equal(write(out, bytes, (size_t)got), got);
    assert_int_equal(got, 0);
    close(in);
    close(out);
}

/* --- the workload */

struct work {
    struct rig rig;
    int64_t from_ms;
    unsigned polls; /* so far */
    char copy[64];  /* folder of the file that kill -9 leaves */
};

static void work_open(struct work *work)
{
    *work = (struct work){.from_ms = rig_epoch_ms + HOUR_MS - 6 * STEP_MS};
    kw_test_make_dir(work->copy, sizeof(work->copy));
    rig_open(&work->rig);
    for (unsigned i = 0; i < METERS; i++)
        rig_meter(&work->rig, i, POLL_POINTS, KW_ENCODING_INTEGER);
    rig_until_ready(&work->rig);
    uv_timer_stop(&work->rig.history->tick_timer); /* seals by hand */
    work->rig.fixture.manual.wall_ms = work->from_ms;
    disk_watch(work->rig.fixture.dir);
}

static void work_close(struct work *work)
{
    disk.file = 0;
    rig_close(&work->rig);
    kw_test_remove(work->copy);
}

/* One poll of each meter. */
static void publish(struct work *work)
{
    int64_t at_ms = work->from_ms + work->polls * (int64_t)STEP_MS;

    for (unsigned i = 0; i < METERS; i++)
        rig_poll(&work->rig, i, at_ms, KW_QUALITY_GOOD);
    work->polls++;
}

/* One commit interval. */
static void work_step(struct work *work)
{
    struct rig *rig = &work->rig;

    kw_clock_manual_advance(&rig->fixture.manual, STEP_MS);
    publish(work);
    rig_flush(rig);
    if (work->polls == SEAL_STEP) {
        rig->fixture.manual.mono_ns += UINT64_C(400) * 1000000000;
        kw_history_seal_tick(rig->history);
        kw_fixture_until(&rig->fixture, rig_is_idle, rig);
        assert_int_equal(
            kw_list_empty(&rig->history->window.sources[1]->closed),
            rig->history->write_err == 0);
    }
}

/* The first point of the second meter: the last in a row. */
static const struct kw_point *watched(const struct work *work)
{
    return work->rig.meters[1].points[0];
}

/* What a new process does not find: the file as it is now. */
static unsigned missing_in_file(struct work *work)
{
    struct kw_db_options options = {.dir = work->copy,
                                    .map_bytes = 64 << 20,
                                    .tables = 32,
                                    .commit_ms = 1000};
    char from[256], to[256];
    struct kw_diag diag;
    struct kw_db *db;
    unsigned missing;

    snprintf(from, sizeof(from), "%s/kilowatch.db", work->rig.fixture.dir);
    snprintf(to, sizeof(to), "%s/kilowatch.db", work->copy);
    copy_file(from, to);
    kw_diag_init(&diag);
    assert_int_equal(kw_db_open(&db, &options, &diag), 0);
    kw_diag_fini(&diag);
    missing = missing_in(db, watched(work), work->from_ms, work->polls);
    kw_db_free(db);
    return missing;
}

/* What GET /history does not give now. */
static unsigned missing_in_answer(struct work *work)
{
    char point[32], from[32], to[32];
    struct kw_history_query_text text = {point, from, to, NULL, 50000};
    struct kw_test_reply reply;
    unsigned missing = work->polls;

    snprintf(point, sizeof(point), "%u", watched(work)->id);
    snprintf(from, sizeof(from), "%lld", (long long)work->from_ms);
    snprintf(to, sizeof(to), "%lld",
             (long long)(work->from_ms + work->polls * (int64_t)STEP_MS));
    kw_test_reply_init(&reply, KW_PROFILE_USER);
    rig_ask(&work->rig, &reply, &text);
    if (reply.status == 200) {
        json_t *root = rig_json(&reply);

        missing -= (unsigned)json_array_size(rig_rows(root));
        json_decref(root);
    }
    kw_test_reply_fini(&reply);
    return missing;
}

static unsigned missing_after_stop(struct work *work)
{
    rig_stop(&work->rig);
    return missing_in_file(work);
}

/* --- each operation once */

/* Runs of one kind, and what was missing after them. */
struct tally {
    unsigned runs, lossy, worst;
};

static void note(struct tally *tally, unsigned missing)
{
    tally->runs++;
    tally->lossy += missing > 0;
    if (missing > tally->worst)
        tally->worst = missing;
}

/* Prints, then fails the test when anything was missing. */
static void tell(const char *what, const char *fault, const struct tally *tally)
{
    print_message("%-11s %-22s %4u runs, %u with polls missing, at most %u\n",
                  fault, what, tally->runs, tally->lossy, tally->worst);
    assert_true(tally->runs > 0);
    assert_int_equal(tally->lossy, 0);
}

struct results {
    struct tally killed_at_once; /* beyond the interval that failed */
    struct tally killed_later;
    struct tally recovered, recovered_and_stopped;
    struct tally stopped_at_once, failed_at_stop;
};

/* How many operations a commit takes depends on the free pages that it finds,
 * so the last fault of the sweep may need a few more intervals. */
static bool goes_on(const struct work *work)
{
    return work->polls < STEPS ||
           (disk.failed == 0 && work->polls < STEPS + FAULT_STEPS);
}

/* kill -9 after each of the intervals from the fault on, then recovery, then
 * a stop. */
static void run_recovery(enum fault fault, unsigned n, struct results *results)
{
    struct work work;
    unsigned after = 0;

    work_open(&work);
    disk_fail(fault, n, 1);
    while (goes_on(&work)) {
        unsigned missing;

        work_step(&work);
        if (disk.failed == 0 || after == KILLS)
            continue;
        missing = missing_in_file(&work);
        if (after++ == 0)
            note(&results->killed_at_once, missing > 1 ? missing - 1 : 0);
        else
            note(&results->killed_later, missing);
    }
    assert_int_equal(disk.failed, 1);
    note(&results->recovered, missing_in_answer(&work));
    note(&results->recovered_and_stopped, missing_after_stop(&work));
    work_close(&work);
}

/* The module stops right after the interval of the fault. */
static void run_stop(enum fault fault, unsigned n, struct results *results)
{
    struct work work;

    work_open(&work);
    disk_fail(fault, n, 1);
    while (disk.failed == 0 && goes_on(&work))
        work_step(&work);
    note(&results->stopped_at_once, missing_after_stop(&work));
    work_close(&work);
}

/* The fault comes in the commit of the stop. False when that has fewer
 * operations. */
static bool run_failing_stop(enum fault fault, unsigned n,
                             struct results *results)
{
    struct work work;
    bool failed;

    work_open(&work);
    while (work.polls < SEAL_STEP + 4)
        work_step(&work);
    publish(&work);
    disk_fail(fault, disk.operation + n, 1);
    note(&results->failed_at_stop, missing_after_stop(&work));
    failed = disk.failed > 0;
    work_close(&work);
    return failed;
}

static unsigned count_operations(void)
{
    struct work work;
    unsigned operations;

    work_open(&work);
    while (work.polls < STEPS)
        work_step(&work);
    operations = disk.operation;
    work_close(&work);
    return operations;
}

static unsigned sweep_step(void)
{
    const char *wanted = getenv("KW_TEST_SWEEP");

    return wanted != NULL && strcmp(wanted, "all") == 0 ? 1 : SPARSE;
}

static void test_each_operation(void **state)
{
    unsigned operations = count_operations();

    (void)state;
    assert_true(operations > 3 * STEPS); /* data, sync and meta page */
    for (enum fault fault = 0; fault < FAULT_COUNT; fault++) {
        const char *name = fault_names[fault];
        struct results results = {0};

        for (unsigned n = 1 + (unsigned)fault; n <= operations;
             n += sweep_step()) {
            run_recovery(fault, n, &results);
            run_stop(fault, n, &results);
        }
        for (unsigned n = 1; run_failing_stop(fault, n, &results);)
            n++;
        tell("killed at once", name, &results.killed_at_once);
        tell("killed later", name, &results.killed_later);
        tell("recovered", name, &results.recovered);
        tell("recovered and stopped", name, &results.recovered_and_stopped);
        tell("stopped at once", name, &results.stopped_at_once);
        tell("failed at the stop", name, &results.failed_at_stop);
        assert_true(results.failed_at_stop.runs > 3);
    }
}

/* --- a fault that lasts */

/* Bytes by which the window grew while every `op` failed; OP_NONE: without a
 * fault. */
static size_t run_lasting(enum op op, enum fault fault, struct results *results)
{
    struct work work;
    size_t before, bytes;

    work_open(&work);
    while (work.polls < SEAL_STEP + 4)
        work_step(&work);
    before = kw_history_window_bytes(&work.rig.history->window);
    disk.only = op;
    disk_fail(fault, 1, UINT_MAX - 1);
    for (unsigned i = 0; i < FAULT_STEPS; i++)
        work_step(&work);
    bytes = kw_history_window_bytes(&work.rig.history->window) - before;
    assert_int_equal(disk.failed > 0, op != OP_NONE);
    disk_mend();
    work_step(&work);
    note(&results->killed_later, missing_in_file(&work));
    note(&results->recovered, missing_in_answer(&work));
    note(&results->recovered_and_stopped, missing_after_stop(&work));
    work_close(&work);
    return bytes;
}

/* Everything is there an interval after the end of the fault, and memory grew
 * no faster than without it. */
static void test_lasting(void **state)
{
    static const char *const names[] = {"write", "meta page", "sync", "any"};
    struct results results = {0};
    size_t without = run_lasting(OP_NONE, FAULT_EIO, &results);

    (void)state;
    for (enum op op = OP_WRITE; op <= OP_ANY; op++) {
        results = (struct results){0};
        for (enum fault fault = 0; fault < FAULT_SHORT; fault++) {
            size_t with = run_lasting(op, fault, &results);

            print_message("%s, %s: %d intervals take %zu bytes, %zu without "
                          "a fault\n",
                          names[op], fault_names[fault], FAULT_STEPS, with,
                          without);
            assert_int_equal(with, without);
        }
        tell("killed later", names[op], &results.killed_later);
        tell("recovered", names[op], &results.recovered);
        tell("recovered and stopped", names[op],
             &results.recovered_and_stopped);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_operation),
        cmocka_unit_test(test_lasting),
    };

    return cmocka_run_group_tests_name("history_disk", tests, NULL, NULL);
}
