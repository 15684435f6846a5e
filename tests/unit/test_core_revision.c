/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list of revisions on a stand-in for the database that stores at once,
 * later or not at all.
 */
#include "core/revision_record.h"

#include "base/mem.h"
#include "core/conf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* ---- the stand-in: rows by number, and what waits for its commit ---- */

enum { ROWS = 600, WAITING = 400 };

struct kw_db {
    struct kw_buf rows[ROWS]; /* index: number of the revision */
    struct {
        struct kw_db_batch *batch;
        kw_db_done_fn *done;
        void *arg;
    } waiting[WAITING];
    size_t waits;
    bool later;  /* submit only queues */
    int err;     /* of the next submit, read or cursor */
    uint64_t at; /* cursor */
    bool exists; /* the table */
};

struct kw_db_txn {
    struct kw_db *db;
};

struct kw_db_cursor {
    struct kw_db *db;
};

struct kw_db_batch {
    uint64_t put, deleted; /* numbers, 0 none */
    struct kw_buf value;
};

static uint64_t number_of(struct kw_slice key)
{
    struct kw_reader reader;

    kw_reader_init(&reader, key.data, key.length);
    return kw_read_be64(&reader);
}

static struct kw_slice key_of(uint64_t number)
{
    static unsigned char key[8];

    for (size_t i = 8; i-- > 0; number >>= 8)
        key[i] = (unsigned char)number;
    return (struct kw_slice){key, 8};
}

int kw_db_read_begin(struct kw_db *db, struct kw_db_txn **txn)
{
    static struct kw_db_txn one;

    one.db = db;
    *txn = &one;
    return db->err;
}

void kw_db_read_end(struct kw_db_txn *txn)
{
    (void)txn;
}

int kw_db_get(struct kw_db_txn *txn, const struct kw_db_table *table,
              struct kw_slice key, struct kw_slice *value)
{
    const struct kw_buf *row = &txn->db->rows[number_of(key)];

    assert_ptr_equal(table, &kw_revision_table);
    if (row->length == 0)
        return KW_ENOTFOUND;
    *value = (struct kw_slice){row->data, row->length};
    return 0;
}

int kw_db_cursor_open(struct kw_db_txn *txn, const struct kw_db_table *table,
                      struct kw_db_cursor **cursor)
{
    static struct kw_db_cursor one;

    assert_ptr_equal(table, &kw_revision_table);
    if (!txn->db->exists)
        return KW_ENOTFOUND;
    one.db = txn->db;
    *cursor = &one;
    return 0;
}

void kw_db_cursor_close(struct kw_db_cursor *cursor)
{
    (void)cursor;
}

int kw_db_cursor_next(struct kw_db_cursor *cursor)
{
    do
        cursor->db->at++;
    while (cursor->db->at < ROWS &&
           cursor->db->rows[cursor->db->at].length == 0);
    return cursor->db->at < ROWS ? 0 : KW_ENOTFOUND;
}

int kw_db_cursor_seek(struct kw_db_cursor *cursor, struct kw_slice key)
{
    assert_int_equal(key.length, 0);
    cursor->db->at = 0;
    return kw_db_cursor_next(cursor);
}

void kw_db_cursor_entry(const struct kw_db_cursor *cursor, struct kw_slice *key,
                        struct kw_slice *value)
{
    const struct kw_buf *row = &cursor->db->rows[cursor->db->at];

    *key = key_of(cursor->db->at);
    *value = (struct kw_slice){row->data, row->length};
}

struct kw_db_batch *kw_db_batch_new(void)
{
    struct kw_db_batch *batch = kw_alloc(sizeof(*batch));

    if (batch != NULL)
        kw_buf_init(&batch->value, 2 << 20);
    return batch;
}

void kw_db_batch_free(struct kw_db_batch *batch)
{
    kw_buf_fini(&batch->value);
    kw_free(batch);
}

void kw_db_batch_put(struct kw_db_batch *batch, const struct kw_db_table *table,
                     struct kw_slice key, struct kw_slice value)
{
    assert_ptr_equal(table, &kw_revision_table);
    batch->put = number_of(key);
    kw_buf_put(&batch->value, value.data, value.length);
}

void kw_db_batch_delete(struct kw_db_batch *batch,
                        const struct kw_db_table *table, struct kw_slice key)
{
    assert_ptr_equal(table, &kw_revision_table);
    batch->deleted = number_of(key);
}

/* Takes the bytes as they are: nothing can fail here. */
static void apply(struct kw_db *db, struct kw_db_batch *batch)
{
    kw_buf_fini(&db->rows[batch->put]);
    db->rows[batch->put] = batch->value;
    batch->value = (struct kw_buf){0};
    if (batch->deleted > 0)
        kw_buf_fini(&db->rows[batch->deleted]);
    kw_db_batch_free(batch);
}

int kw_db_submit(struct kw_db *db, struct kw_db_batch *take, bool urgent,
                 kw_db_done_fn *done, void *arg)
{
    assert_true(urgent);
    if (db->err == 0 && kw_buf_err(&take->value) != 0)
        db->err = kw_buf_err(&take->value);
    if (db->err != 0) {
        kw_db_batch_free(take);
        return db->err;
    }
    if (db->later) {
        assert_true(db->waits < WAITING);
        db->waiting[db->waits].batch = take;
        db->waiting[db->waits].done = done;
        db->waiting[db->waits++].arg = arg;
        return 0;
    }
    apply(db, take);
    done(arg, 0);
    return 0;
}

/* Ends the oldest that waits, with success or an error. */
static void commit(struct kw_db *db, int err)
{
    kw_db_done_fn *done = db->waiting[0].done;
    void *arg = db->waiting[0].arg;

    assert_true(db->waits > 0);
    if (err == 0)
        apply(db, db->waiting[0].batch);
    else
        kw_db_batch_free(db->waiting[0].batch);
    db->waits--;
    memmove(&db->waiting[0], &db->waiting[1],
            db->waits * sizeof(db->waiting[0]));
    done(arg, err);
}

/* ---- the tests ---- */

struct fixture {
    struct kw_arena arena;
    struct kw_db *db;
    struct kw_revisions *revisions;
    uint64_t held;
};

static uint64_t held(void)
{
    struct kw_mem_stats stats = kw_mem_stats();

    return stats.allocations - stats.frees;
}

static int setup(void **state)
{
    struct fixture *f = kw_alloc(sizeof(*f));

    f->held = held();
    f->db = kw_alloc(sizeof(*f->db));
    f->db->exists = true;
    kw_arena_init(&f->arena, 64 << 20);
    *state = f;
    return kw_revisions_new(&f->revisions, f->db);
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    kw_revisions_free(f->revisions);
    while (f->db->waits > 0)
        kw_db_batch_free(f->db->waiting[--f->db->waits].batch);
    for (size_t i = 0; i < ROWS; i++)
        kw_buf_fini(&f->db->rows[i]);
    kw_free(f->db);
    kw_arena_fini(&f->arena);
    assert_int_equal(held(), f->held);
    kw_free(f);
    return 0;
}

static struct kw_node *yaml(struct fixture *f, const char *text)
{
    struct kw_node *root = NULL;
    struct kw_diag diag;

    kw_diag_init(&diag);
    assert_int_equal(
        kw_conf_parse_yaml(text, strlen(text), &f->arena, &root, &diag), 0);
    kw_diag_fini(&diag);
    return root;
}

/* Starts again with what is stored. */
static void restart(struct fixture *f)
{
    kw_revisions_free(f->revisions);
    f->revisions = NULL;
    assert_int_equal(kw_revisions_new(&f->revisions, f->db), 0);
}

static void add(struct fixture *f, const char *text, const char *author)
{
    assert_int_equal(kw_revisions_store(f->revisions, yaml(f, text),
                                        &(struct kw_revision_note){
                                            author, "because", 1000,
                                            strcmp(author, "file") == 0},
                                        NULL, NULL),
                     0);
}

static void assert_text(struct fixture *f, uint64_t number, const char *want)
{
    struct kw_buf out;

    kw_buf_init(&out, 1 << 20);
    assert_int_equal(kw_revisions_text(f->revisions, number, &out), 0);
    assert_string_equal(kw_buf_text(&out), want);
    kw_buf_fini(&out);
}

static void test_list(void **state)
{
    struct fixture *f = *state;
    struct kw_buf out;

    assert_int_equal(kw_revisions_current(f->revisions), 0);
    assert_int_equal(kw_revisions_count(f->revisions), 0);
    assert_null(kw_revisions_at(f->revisions, 0));
    add(f, "{a: 1, b: x}", "file");
    add(f, "{a: 2}", "alice");
    for (int round = 0; round < 2; round++) {
        assert_int_equal(kw_revisions_current(f->revisions), 2);
        assert_int_equal(kw_revisions_count(f->revisions), 2);
        assert_int_equal(kw_revisions_at(f->revisions, 0)->number, 2);
        assert_string_equal(kw_revisions_at(f->revisions, 0)->author, "alice");
        assert_string_equal(kw_revisions_at(f->revisions, 1)->reason,
                            "because");
        assert_int_equal(kw_revisions_at(f->revisions, 1)->time_ms, 1000);
        assert_true(kw_revisions_at(f->revisions, 0)->file_hash ==
                    kw_node_hash(yaml(f, "{b: x, a: 1}")));
        assert_text(f, 1, "a: 1\nb: x\n");
        assert_text(f, 2, "a: 2\n");
        restart(f);
    }
    kw_buf_init(&out, 3);
    assert_int_equal(kw_revisions_text(f->revisions, 3, &out), KW_ENOTFOUND);
    assert_int_equal(kw_revisions_text(f->revisions, 0, &out), KW_ENOTFOUND);
    assert_int_equal(kw_revisions_text(f->revisions, 1, &out), KW_EFULL);
    kw_buf_fini(&out);
}

static void test_only_the_newest_are_kept(void **state)
{
    struct fixture *f = *state;
    char text[32];

    for (unsigned i = 1; i <= KW_REVISION_KEEP + 5; i++) {
        snprintf(text, sizeof(text), "a: %u\n", i);
        add(f, text, "alice");
    }
    for (int round = 0; round < 2; round++) {
        assert_int_equal(kw_revisions_count(f->revisions), KW_REVISION_KEEP);
        assert_int_equal(kw_revisions_current(f->revisions),
                         KW_REVISION_KEEP + 5);
        assert_int_equal(
            kw_revisions_at(f->revisions, KW_REVISION_KEEP - 1)->number, 6);
        assert_text(f, 6, "a: 6\n");
        restart(f);
    }
    assert_int_equal(f->db->rows[5].length, 0);
    assert_true(f->db->rows[6].length > 0);
}

/* More than are kept, as after a deletion that failed. */
static void test_too_many_are_stored(void **state)
{
    struct fixture *f = *state;
    struct kw_revision head = {.author = "a"};

    for (uint64_t i = 1; i <= KW_REVISION_KEEP + 3; i++) {
        kw_buf_init(&f->db->rows[i], 1000);
        kw_revision_encode(&head, kw_slice_text("a: 1\n"), &f->db->rows[i]);
    }
    restart(f);
    assert_int_equal(kw_revisions_count(f->revisions), KW_REVISION_KEEP);
    assert_int_equal(kw_revisions_current(f->revisions), KW_REVISION_KEEP + 3);
}

/* A revision whose text is damaged: the file wins, without one it's an end. */
static void test_choice_with_a_damaged_revision(void **state)
{
    struct fixture *f = *state;
    struct kw_revision head = {.author = "file"};
    struct kw_node *root = NULL;
    struct kw_arena small;
    uint64_t discards;
    bool is_new;

    head.file_hash = kw_node_hash(yaml(f, "{a: 1}"));
    kw_buf_init(&f->db->rows[1], 1000);
    kw_revision_encode(&head, kw_slice_text("a: [\n"), &f->db->rows[1]);
    restart(f);
    assert_int_equal(kw_revisions_choose(f->revisions, NULL, &f->arena, &root,
                                         &is_new, &discards),
                     KW_ECORRUPT);
    assert_int_equal(kw_revisions_choose(f->revisions, yaml(f, "{a: 1}"),
                                         &f->arena, &root, &is_new, &discards),
                     0);
    assert_true(is_new);
    assert_true(kw_node_same(root, yaml(f, "{a: 1}")));
    kw_arena_init(&small, 0);
    assert_int_equal(kw_revisions_choose(f->revisions, yaml(f, "{a: 1}"),
                                         &small, &root, &is_new, &discards),
                     KW_ENOMEM);
    f->db->err = KW_EIO;
    assert_int_equal(kw_revisions_choose(f->revisions, yaml(f, "{a: 1}"),
                                         &f->arena, &root, &is_new, &discards),
                     KW_EIO);
}

struct outcome {
    int calls, err;
};

static void on_done(void *arg, int err)
{
    struct outcome *outcome = arg;

    outcome->calls++;
    outcome->err = err;
}

/* Until it is durable the revision is current and has its text. */
static void test_waits_for_the_commit(void **state)
{
    struct fixture *f = *state;
    struct outcome first = {0, 0}, second = {0, 0};

    f->db->later = true;
    assert_int_equal(
        kw_revisions_store(f->revisions, yaml(f, "{a: 1}"),
                           &(struct kw_revision_note){"file", "", 1, true},
                           on_done, &first),
        0);
    assert_int_equal(
        kw_revisions_store(f->revisions, yaml(f, "{a: 2}"),
                           &(struct kw_revision_note){"bob", "", 2, false},
                           on_done, &second),
        0);
    assert_int_equal(first.calls, 0);
    assert_int_equal(kw_revisions_current(f->revisions), 2);
    assert_text(f, 1, "a: 1\n");
    assert_text(f, 2, "a: 2\n");
    commit(f->db, 0);
    assert_int_equal(first.calls, 1);
    assert_int_equal(first.err, 0);
    assert_text(f, 1, "a: 1\n");
    commit(f->db, KW_ENOSPC);
    assert_int_equal(second.calls, 1);
    assert_int_equal(second.err, KW_ENOSPC);
    assert_int_equal(kw_revisions_current(f->revisions), 1);
    assert_int_equal(kw_revisions_count(f->revisions), 1);
    add(f, "{a: 3}", "bob");
    assert_int_equal(kw_revisions_current(f->revisions), 2);
    commit(f->db, 0);
    assert_text(f, 2, "a: 3\n");
}

static void test_too_many_wait(void **state)
{
    struct fixture *f = *state;

    f->db->later = true;
    for (unsigned i = 0; i < KW_REVISION_KEEP; i++)
        add(f, "{a: 1}", "bob");
    assert_int_equal(
        kw_revisions_store(f->revisions, yaml(f, "{a: 1}"),
                           &(struct kw_revision_note){"bob", "", 1, false},
                           NULL, NULL),
        KW_EBUSY);
    commit(f->db, 0);
    add(f, "{a: 1}", "bob");
}

static void test_refused_by_the_database(void **state)
{
    struct fixture *f = *state;
    struct outcome outcome = {0, 0};
    struct kw_buf out;

    add(f, "{a: 1}", "file");
    f->db->err = KW_EFULL;
    assert_int_equal(
        kw_revisions_store(f->revisions, yaml(f, "{a: 2}"),
                           &(struct kw_revision_note){"bob", "", 1, false},
                           on_done, &outcome),
        KW_EFULL);
    assert_int_equal(outcome.calls, 0);
    assert_int_equal(kw_revisions_current(f->revisions), 1);
    kw_buf_init(&out, 100);
    assert_int_equal(kw_revisions_text(f->revisions, 1, &out), KW_EFULL);
    kw_buf_fini(&out);
}

static void test_new_fails(void **state)
{
    struct fixture *f = *state;
    struct kw_revisions *other = NULL;
    uint64_t before;

    f->db->err = KW_EIO;
    assert_int_equal(kw_revisions_new(&other, f->db), KW_EIO);
    f->db->err = 0;
    f->db->exists = false;
    assert_int_equal(kw_revisions_new(&other, f->db), 0);
    assert_int_equal(kw_revisions_count(other), 0);
    kw_revisions_free(other);
    kw_revisions_free(NULL);
    f->db->exists = true;
    add(f, "{a: 1}", "file");
    before = held();
    f->db->rows[1].data[0] = KW_REVISION_VERSION + 1;
    assert_int_equal(kw_revisions_new(&other, f->db), KW_EVERSION);
    f->db->rows[1].length = 3;
    f->db->rows[1].data[0] = KW_REVISION_VERSION;
    assert_int_equal(kw_revisions_new(&other, f->db), KW_ECORRUPT);
    assert_int_equal(held(), before);
}

static void test_long_names_are_cut(void **state)
{
    struct fixture *f = *state;
    char text[300];

    memset(text, 'n', sizeof(text) - 1);
    text[sizeof(text) - 1] = 0;
    assert_int_equal(
        kw_revisions_store(f->revisions, yaml(f, "{}"),
                           &(struct kw_revision_note){text, text, 1, false},
                           NULL, NULL),
        0);
    restart(f);
    assert_int_equal(strlen(kw_revisions_at(f->revisions, 0)->author), 63);
    assert_int_equal(strlen(kw_revisions_at(f->revisions, 0)->reason), 159);
}

static void test_out_of_memory(void **state)
{
    struct fixture *f = *state;
    struct kw_node *root = yaml(f, "{a: 1}");
    uint64_t before;
    unsigned n = 0;
    int err;

    do {
        before = held();
        kw_mem_fail_at(++n);
        err = kw_revisions_store(
            f->revisions, root, &(struct kw_revision_note){"bob", "", 1, false},
            NULL, NULL);
        kw_mem_fail_at(0);
        assert_true(err == 0 || err == KW_ENOMEM);
        f->db->err = 0;
        if (err != 0)
            assert_int_equal(held(), before);
        assert_int_equal(kw_revisions_current(f->revisions), err == 0);
    } while (err != 0);
    assert_in_range(n, 4, 30);
    for (n = 1, err = KW_ENOMEM; err != 0; n++) {
        struct kw_revisions *other = NULL;

        before = held();
        kw_mem_fail_at(n);
        err = kw_revisions_new(&other, f->db);
        kw_mem_fail_at(0);
        kw_revisions_free(other);
        assert_int_equal(held(), before);
    }
}

/* The stand-in replaces core/db.c, of which only this is needed besides. */
struct kw_slice kw_slice_text(const char *text)
{
    return (struct kw_slice){text, strlen(text)};
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_list, setup, teardown),
        cmocka_unit_test_setup_teardown(test_only_the_newest_are_kept, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_too_many_are_stored, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_choice_with_a_damaged_revision,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_waits_for_the_commit, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_too_many_wait, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refused_by_the_database, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_new_fails, setup, teardown),
        cmocka_unit_test_setup_teardown(test_long_names_are_cut, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_out_of_memory, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
