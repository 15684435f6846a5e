/* SPDX-License-Identifier: Apache-2.0 */
/* The database on a real loop: opening, reading, the one writer. */
#include "base/mem.h"
#include "core/db.h"
#include "core/job.h"
#include "core/point.h"
#include "lib/fixture.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static const struct kw_db_table red = {.name = "test.red"};
static const struct kw_db_table blue = {.name = "test.blue"};

static int open_at(struct kw_db **db, const char *dir, uint64_t map_bytes,
                   char text[300])
{
    struct kw_db_options options = {
        .dir = dir, .map_bytes = map_bytes, .tables = 8, .commit_ms = 50};
    struct kw_diag diag;
    int err;

    kw_diag_init(&diag);
    err = kw_db_open(db, &options, &diag);
    kw_diag_first(&diag, text, 300);
    kw_diag_fini(&diag);
    return err;
}

static struct kw_db_batch *one_put(const struct kw_db_table *table,
                                   const char *key, const char *value)
{
    struct kw_db_batch *batch = kw_db_batch_new();

    kw_db_batch_put(batch, table, kw_slice_text(key), kw_slice_text(value));
    return batch;
}

static void expect(struct kw_db *db, const struct kw_db_table *table,
                   const char *key, const char *value)
{
    struct kw_db_txn *txn;
    struct kw_slice found;
    int err;

    assert_int_equal(kw_db_read_begin(db, &txn), 0);
    err = kw_db_get(txn, table, kw_slice_text(key), &found);
    if (value == NULL) {
        assert_int_equal(err, KW_ENOTFOUND);
    } else {
        assert_int_equal(err, 0);
        assert_int_equal(found.length, strlen(value));
        assert_memory_equal(found.data, value, found.length);
    }
    kw_db_read_end(txn);
}

static void set_flag(void *arg)
{
    *(bool *)arg = true;
}

/* What done() said, in order. */
struct answers {
    unsigned count;
    int errs[16];
    unsigned ids[16];
};

struct waiter {
    struct answers *answers;
    unsigned id;
    struct kw_db *again; /* submits from done() when not NULL */
};

static void on_done(void *arg, int err)
{
    struct waiter *waiter = arg;
    struct answers *answers = waiter->answers;

    answers->errs[answers->count] = err;
    answers->ids[answers->count++] = waiter->id;
    if (waiter->again != NULL) {
        struct kw_db *db = waiter->again;

        waiter->again = NULL;
        assert_int_equal(kw_db_submit(db, one_put(&red, "again", "1"), false,
                                      on_done, waiter),
                         0);
    }
}

struct goal {
    const struct answers *answers;
    unsigned count;
};

static bool has_answers(void *arg)
{
    const struct goal *goal = arg;

    return goal->answers->count >= goal->count;
}

static void until(struct kw_fixture *fixture, const struct answers *answers,
                  unsigned count)
{
    struct goal goal = {answers, count};

    kw_fixture_until(fixture, has_answers, &goal);
}

static void test_open_twice(void **state)
{
    struct kw_db *db, *second;
    char dir[64], path[96], text[300], wanted[64];
    struct stat file;

    (void)state;
    kw_test_make_dir(dir, sizeof(dir));
    assert_int_equal(open_at(&db, dir, 16 << 20, text), 0);
    assert_int_equal(open_at(&second, dir, 16 << 20, text), KW_EBUSY);
    snprintf(wanted, sizeof(wanted), "in use by process %ld", (long)getpid());
    assert_non_null(strstr(text, wanted));
    snprintf(path, sizeof(path), "%s/kilowatch.db", dir);
    assert_int_equal(stat(path, &file), 0);
    assert_int_equal(file.st_mode & 0777, 0600);
    kw_db_free(db);
    assert_int_equal(open_at(&db, dir, 16 << 20, text), 0);
    kw_db_free(db);
    kw_test_remove(dir);
}

static void write_file(const char *dir, const char *name, const void *bytes,
                       size_t length, off_t at)
{
    char path[128];
    int fd;

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    fd = open(path, O_RDWR | O_CREAT, 0600);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, bytes, length, at), length);
    close(fd);
}

static void test_refuses(void **state)
{
    static const char nonsense[16384] = "this is not a database";
    static const unsigned char newer[4] = {0, 0, 0, 2};
    static const struct kw_db_table meta = {.name = "core.meta"};
    struct kw_db *db;
    struct kw_db_batch *batch;
    char dir[64], text[300], path[96];

    (void)state;
    assert_int_equal(open_at(&db, "/nonexistent/kw", 1 << 20, text),
                     KW_ENOTFOUND);
    assert_non_null(strstr(text, "/nonexistent/kw"));

    kw_test_make_dir(dir, sizeof(dir));
    write_file(dir, "kilowatch.db", nonsense, sizeof(nonsense), 0);
    assert_int_equal(open_at(&db, dir, 16 << 20, text), KW_ECORRUPT);
    assert_non_null(strstr(text, "kilowatch.db"));
    snprintf(path, sizeof(path), "%s/kilowatch.db", dir);
    assert_int_equal(unlink(path), 0);

    assert_int_equal(open_at(&db, dir, 16 << 20, text), 0);
    batch = kw_db_batch_new();
    kw_db_batch_put(batch, &meta, kw_slice_text("format"),
                    (struct kw_slice){newer, sizeof(newer)});
    assert_int_equal(kw_db_write_now(db, batch), 0);
    kw_db_free(db);
    assert_int_equal(open_at(&db, dir, 16 << 20, text), KW_EVERSION);

    assert_int_equal(unlink(path), 0);
    assert_int_equal(open_at(&db, dir, 16 << 20, text), 0);
    batch = kw_db_batch_new();
    kw_db_batch_delete(batch, &meta, kw_slice_text("format"));
    assert_int_equal(kw_db_write_now(db, batch), 0);
    kw_db_free(db);
    assert_int_equal(open_at(&db, dir, 16 << 20, text), KW_ECORRUPT);
    kw_test_remove(dir);
}

/* A file cut short is damaged, not the end of the process. */
static void test_short_file(void **state)
{
    struct kw_db *db;
    struct kw_db_txn *txn;
    struct kw_slice value;
    char dir[64], path[96], text[300], *big = kw_alloc(1 << 20);
    struct kw_db_batch *batch = kw_db_batch_new();
    int err;

    (void)state;
    kw_test_make_dir(dir, sizeof(dir));
    assert_int_equal(open_at(&db, dir, 16 << 20, text), 0);
    kw_db_batch_put(batch, &red, kw_slice_text("big"),
                    (struct kw_slice){big, 1 << 20});
    assert_int_equal(kw_db_write_now(db, batch), 0);
    kw_db_free(db);
    snprintf(path, sizeof(path), "%s/kilowatch.db", dir);
    assert_int_equal(truncate(path, 3 * 4096), 0);
    err = open_at(&db, dir, 16 << 20, text);
    if (err == 0) {
        assert_int_equal(kw_db_read_begin(db, &txn), 0);
        (void)!kw_db_get(txn, &red, kw_slice_text("big"), &value);
        kw_db_read_end(txn);
        kw_db_free(db);
    } else {
        assert_int_equal(err, KW_ECORRUPT);
    }
    kw_free(big);
    kw_test_remove(dir);
}

static void test_write_now_and_cursor(void **state)
{
    static const struct kw_db_table *const tables[] = {&red, &blue, NULL};
    struct kw_db *db;
    struct kw_db_txn *txn;
    struct kw_db_cursor *cursor;
    struct kw_db_batch *batch;
    struct kw_slice key, value;
    char dir[64], text[300];
    uint64_t first;

    (void)state;
    kw_test_make_dir(dir, sizeof(dir));
    assert_int_equal(open_at(&db, dir, 16 << 20, text), 0);
    first = kw_db_stats(db).committed;
    assert_int_equal(kw_db_tables(db, tables), 0);
    batch = kw_db_batch_new();
    kw_db_batch_put(batch, &red, kw_slice_text("b"), kw_slice_text("2"));
    kw_db_batch_put(batch, &red, kw_slice_text("a"), kw_slice_text("1"));
    kw_db_batch_put(batch, &red, kw_slice_text("c"), kw_slice_text("3"));
    kw_db_batch_delete(batch, &red, kw_slice_text("b"));
    kw_db_batch_delete(batch, &blue, kw_slice_text("nothing"));
    assert_int_equal(kw_db_write_now(db, batch), 0);
    assert_true(kw_db_stats(db).committed > first);
    assert_true(kw_db_stats(db).used_bytes >= 4 * 4096);

    assert_int_equal(kw_db_read_begin(db, &txn), 0);
    assert_int_equal(kw_db_cursor_open(txn, &red, &cursor), 0);
    assert_int_equal(kw_db_cursor_seek(cursor, (struct kw_slice){NULL, 0}), 0);
    kw_db_cursor_entry(cursor, &key, &value);
    assert_memory_equal(key.data, "a", 1);
    assert_int_equal(kw_db_cursor_next(cursor), 0);
    kw_db_cursor_entry(cursor, &key, &value);
    assert_memory_equal(value.data, "3", 1);
    assert_int_equal(kw_db_cursor_next(cursor), KW_ENOTFOUND);
    assert_int_equal(kw_db_cursor_last(cursor), 0);
    assert_int_equal(kw_db_cursor_previous(cursor), 0);
    kw_db_cursor_entry(cursor, &key, &value);
    assert_memory_equal(value.data, "1", 1);
    assert_int_equal(kw_db_cursor_seek(cursor, kw_slice_text("b")), 0);
    kw_db_cursor_entry(cursor, &key, &value);
    assert_memory_equal(key.data, "c", 1);
    assert_int_equal(kw_db_cursor_seek(cursor, kw_slice_text("d")),
                     KW_ENOTFOUND);
    kw_db_cursor_close(cursor);
    kw_db_cursor_close(NULL);
    kw_db_read_end(txn);
    kw_db_free(db);

    /* all of it is there after opening again, tables found by name */
    assert_int_equal(open_at(&db, dir, 16 << 20, text), 0);
    assert_true(kw_db_stats(db).committed > first);
    assert_true(kw_db_stats(db).used_bytes >= 4 * 4096);
    expect(db, &red, "a", "1");
    expect(db, &red, "b", NULL);
    expect(db, &blue, "a", NULL);
    kw_db_free(db);
    kw_test_remove(dir);
}

static void test_bad_batches(void **state)
{
    static char long_key[600];
    struct kw_db *db;
    struct kw_db_batch *batch;
    char dir[64], text[300];

    (void)state;
    kw_test_make_dir(dir, sizeof(dir));
    assert_int_equal(open_at(&db, dir, 16 << 20, text), 0);
    batch = one_put(&red, "", "x");
    assert_int_equal(kw_db_write_now(db, batch), KW_EINVAL);
    memset(long_key, 'k', sizeof(long_key) - 1);
    batch = one_put(&red, long_key, "x");
    assert_int_equal(kw_db_submit(db, batch, true, NULL, NULL), KW_EINVAL);
    kw_db_batch_free(one_put(&red, "a", "b"));
    kw_db_batch_free(NULL);
    /* without a loop a submit commits at once */
    assert_int_equal(
        kw_db_submit(db, one_put(&red, "k", "v"), false, NULL, NULL), 0);
    expect(db, &red, "k", "v");
    kw_db_close(db, NULL, NULL);
    kw_db_free(db);
    kw_db_free(NULL);
    kw_test_remove(dir);
}

static void test_groups_and_order(void **state)
{
    struct kw_fixture fixture;
    struct answers answers = {0};
    struct waiter waiters[6];
    struct kw_db *db;
    uint64_t before;

    (void)state;
    kw_fixture_open(&fixture, KW_FIXTURE_DB);
    db = fixture.core.db;
    before = kw_db_stats(db).committed;
    for (unsigned i = 0; i < 3; i++) {
        char value[2] = {(char)('0' + i), 0};

        waiters[i] = (struct waiter){&answers, i, NULL};
        assert_int_equal(kw_db_submit(db, one_put(&red, "key", value), false,
                                      on_done, &waiters[i]),
                         0);
    }
    assert_true(kw_db_stats(db).queued_bytes > 0);
    until(&fixture, &answers, 3);
    assert_int_equal(kw_db_stats(db).committed, before + 1); /* one group */
    assert_int_equal(kw_db_stats(db).queued_bytes, 0);
    expect(db, &red, "key", "2");

    /* an urgent one takes along what waited before it */
    waiters[3] = (struct waiter){&answers, 3, NULL};
    waiters[4] = (struct waiter){&answers, 4, db};
    assert_int_equal(kw_db_submit(db, one_put(&red, "key", "3"), false, on_done,
                                  &waiters[3]),
                     0);
    assert_int_equal(kw_db_submit(db, one_put(&blue, "key", "4"), true, on_done,
                                  &waiters[4]),
                     0);
    /* while that commits, another urgent one waits its turn */
    waiters[5] = (struct waiter){&answers, 5, NULL};
    assert_int_equal(
        kw_db_submit(db, one_put(&red, "key", "5"), true, on_done, &waiters[5]),
        0);
    until(&fixture, &answers, 7);
    for (unsigned i = 0; i < 6; i++) {
        assert_int_equal(answers.errs[i], 0);
        assert_int_equal(answers.ids[i], i);
    }
    assert_int_equal(answers.ids[6], 4); /* what done() submitted */
    expect(db, &red, "key", "5");
    expect(db, &blue, "key", "4");
    expect(db, &red, "again", "1");
    kw_fixture_close(&fixture);
}

static void test_reader_sees_one_state(void **state)
{
    struct kw_fixture fixture;
    struct answers answers = {0};
    struct waiter waiter = {&answers, 0, NULL};
    struct kw_db_txn *txn;
    struct kw_slice value;

    (void)state;
    kw_fixture_open(&fixture, KW_FIXTURE_DB);
    assert_int_equal(kw_db_read_begin(fixture.core.db, &txn), 0);
    assert_int_equal(kw_db_submit(fixture.core.db, one_put(&red, "k", "v"),
                                  true, on_done, &waiter),
                     0);
    until(&fixture, &answers, 1);
    /* the table is younger than this reader */
    assert_int_equal(kw_db_get(txn, &red, kw_slice_text("k"), &value),
                     KW_ENOTFOUND);
    kw_db_read_end(txn);
    expect(fixture.core.db, &red, "k", "v");
    kw_fixture_close(&fixture);
}

static void test_close_commits(void **state)
{
    struct kw_fixture fixture;
    struct answers answers = {0};
    struct waiter waiter = {&answers, 0, NULL};
    struct kw_db *db;
    char text[300], dir[64];
    bool closed = false;

    (void)state;
    kw_fixture_open(&fixture, 0);
    kw_test_make_dir(dir, sizeof(dir));
    assert_int_equal(open_at(&db, dir, 16 << 20, text), 0);
    kw_db_attach(db, &fixture.loop, fixture.core.jobs);
    assert_int_equal(
        kw_db_submit(db, one_put(&red, "k", "v"), false, on_done, &waiter), 0);
    kw_db_close(db, set_flag, &closed);
    assert_int_equal(
        kw_db_submit(db, one_put(&red, "k", "w"), true, on_done, &waiter),
        KW_ECLOSING);
    kw_fixture_until_set(&fixture, &closed);
    assert_int_equal(answers.count, 1);
    assert_int_equal(answers.errs[0], 0);
    expect(db, &red, "k", "v");
    kw_db_free(db);
    kw_test_remove(dir);
    kw_fixture_close(&fixture);
}

static void test_queue_ceiling(void **state)
{
    struct kw_fixture fixture;
    char *big = kw_alloc(20 << 20);
    int err = 0;
    unsigned taken = 0;

    (void)state;
    kw_fixture_open(&fixture, KW_FIXTURE_DB);
    while (err == 0 && taken < 10) {
        struct kw_db_batch *batch = kw_db_batch_new();

        kw_db_batch_put(batch, &red, kw_slice_text("k"),
                        (struct kw_slice){big, 20 << 20});
        err = kw_db_submit(fixture.core.db, batch, false, NULL, NULL);
        taken++;
    }
    assert_int_equal(err, KW_EFULL);
    assert_int_equal(taken, 4);
    kw_fixture_close(&fixture);
    kw_free(big);
}

/* The map, or the disk, is full: that transaction fails, later ones don't. */
static void test_full(void **state)
{
    struct kw_fixture fixture;
    struct answers answers = {0};
    struct waiter waiters[4];
    struct kw_db *db;
    char dir[64], text[300], *big = kw_alloc(60 << 20);
    struct kw_db_batch *batch;
    bool closed = false;

    (void)state;
    kw_fixture_open(&fixture, 0);
    kw_test_make_dir(dir, sizeof(dir));
    assert_int_equal(open_at(&db, dir, 1 << 20, text), 0); /* 64 MiB at least */
    kw_db_attach(db, &fixture.loop, fixture.core.jobs);
    for (unsigned i = 0; i < 4; i++) {
        batch = kw_db_batch_new();
        kw_db_batch_put(batch, i % 2 ? &red : &blue,
                        kw_slice_text(i == 0 ? "a" : "b"),
                        (struct kw_slice){big, i < 2 ? 40 << 20 : 100});
        waiters[i] = (struct waiter){&answers, i, NULL};
        assert_int_equal(kw_db_submit(db, batch, true, on_done, &waiters[i]),
                         0);
        until(&fixture, &answers, i + 1);
    }
    assert_int_equal(answers.errs[0], 0);
    assert_int_equal(answers.errs[1], KW_ENOSPC);
    assert_int_equal(answers.errs[2], 0);
    assert_int_equal(answers.errs[3], 0);
    assert_int_equal(kw_db_stats(db).commits_failed, 1);
    kw_db_close(db, set_flag, &closed);
    kw_fixture_until_set(&fixture, &closed);
    kw_db_free(db);
    kw_test_remove(dir);
    kw_fixture_close(&fixture);
    kw_free(big);
}

static void test_file_limit(void **state)
{
    struct kw_fixture fixture;
    struct answers answers = {0};
    struct waiter waiter = {&answers, 0, NULL};
    struct rlimit old, low;
    char *big = kw_alloc(4 << 20);
    struct kw_db_batch *batch;

    (void)state;
    kw_fixture_open(&fixture, KW_FIXTURE_DB);
    batch = kw_db_batch_new();
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    low = (struct rlimit){1 << 20, old.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
    kw_db_batch_put(batch, &red, kw_slice_text("big"),
                    (struct kw_slice){big, 4 << 20});
    assert_int_equal(
        kw_db_submit(fixture.core.db, batch, true, on_done, &waiter), 0);
    until(&fixture, &answers, 1);
    assert_int_not_equal(answers.errs[0], 0);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_int_equal(kw_db_submit(fixture.core.db, one_put(&red, "k", "v"),
                                  true, on_done, &waiter),
                     0);
    until(&fixture, &answers, 2);
    assert_int_equal(answers.errs[1], 0);
    expect(fixture.core.db, &red, "k", "v");
    expect(fixture.core.db, &red, "big", NULL);
    kw_fixture_close(&fixture);
    kw_free(big);
}

/* Numbers of points that could not be stored are stored with the next commit
 * that works, whoever made it. */
static void test_points_are_stored_again(void **state)
{
    struct kw_fixture fixture;
    struct kw_source *source;
    const struct kw_point *point;
    struct kw_point_form form = {.scale = 1};
    struct kw_points *again;
    struct rlimit old, low;
    uint64_t failed;

    (void)state;
    kw_fixture_open(&fixture, KW_FIXTURE_DB);
    form.quantity = kw_quantities_at(fixture.quantities, 0);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    low = (struct rlimit){8192, old.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
    assert_int_equal(
        kw_points_source(fixture.core.points, 'm', "m1", NULL, &source), 0);
    assert_int_equal(
        kw_points_define(fixture.core.points, source, &form, &point), 0);
    kw_fixture_run_ms(&fixture, 150); /* several attempts */
    failed = kw_db_stats(fixture.core.db).commits_failed;
    assert_true(failed > 1);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    kw_fixture_run_ms(&fixture, 150);
    assert_int_equal(kw_points_new(&again, fixture.core.db, fixture.quantities),
                     0);
    assert_int_equal(kw_points_count(again), 1);
    assert_string_equal(kw_points_get(again, point->id)->source->uid,
                        source->uid);
    kw_points_free(again);
    kw_fixture_close(&fixture);
}

static void test_odd_folders(void **state)
{
    static char path[5000];
    struct kw_db *db, *second;
    char dir[64], text[300];

    (void)state;
    memset(path, 'd', sizeof(path) - 1);
    assert_int_equal(open_at(&db, path, 1 << 20, text), KW_EINVAL);
    kw_test_make_dir(dir, sizeof(dir));
    assert_int_equal(open_at(&db, dir, 16 << 20, text), 0);
    write_file(dir, "lock", "what?", 5, 0);
    assert_int_equal(open_at(&second, dir, 16 << 20, text), KW_EBUSY);
    assert_non_null(strstr(text, "another process"));
    kw_db_free(db);
    kw_test_remove(dir);
}

static void test_many_tables(void **state)
{
    static char names[80][16];
    static struct kw_db_table tables[80];
    struct kw_db *db;
    char dir[64], text[300];
    int err = 0;
    unsigned made = 0;

    (void)state;
    kw_test_make_dir(dir, sizeof(dir));
    assert_int_equal(open_at(&db, dir, 16 << 20, text), 0);
    for (; err == 0 && made < 80; made++) {
        snprintf(names[made], sizeof(names[made]), "test.%u", made);
        tables[made].name = names[made];
        err = kw_db_write_now(db, one_put(&tables[made], "k", "v"));
    }
    assert_int_equal(err, KW_EFULL);
    assert_int_equal(made, 64); /* core.meta and 63 of these */
    expect(db, &tables[10], "k", "v");
    kw_db_free(db);
    kw_test_remove(dir);
}

/* A second process is refused. It is there before the database is opened, so
 * that it has no copy of it. */
static void test_other_process(void **state)
{
    struct kw_db *db;
    char dir[64], text[300], go = 0;
    int ends[2], status;
    pid_t pid;

    (void)state;
    kw_test_make_dir(dir, sizeof(dir));
    assert_int_equal(pipe(ends), 0);
    pid = fork();
    if (pid == 0)
        _exit(read(ends[0], &go, 1) == 1 &&
                      open_at(&db, dir, 16 << 20, text) == KW_EBUSY
                  ? 0
                  : 1);
    assert_int_equal(open_at(&db, dir, 16 << 20, text), 0);
    assert_int_equal(write(ends[1], &go, 1), 1);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    close(ends[0]);
    close(ends[1]);
    kw_db_free(db);
    kw_test_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open_twice),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_short_file),
        cmocka_unit_test(test_write_now_and_cursor),
        cmocka_unit_test(test_bad_batches),
        cmocka_unit_test(test_groups_and_order),
        cmocka_unit_test(test_reader_sees_one_state),
        cmocka_unit_test(test_close_commits),
        cmocka_unit_test(test_queue_ceiling),
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_file_limit),
        cmocka_unit_test(test_points_are_stored_again),
        cmocka_unit_test(test_odd_folders),
        cmocka_unit_test(test_many_tables),
        cmocka_unit_test(test_other_process),
    };

    return cmocka_run_group_tests_name("core_db", tests, NULL, NULL);
}
