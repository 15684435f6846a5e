/* SPDX-License-Identifier: Apache-2.0 */
/* Revisions in the real database, as offline commands use it. */
#include "core/revision.h"

#include "core/conf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
    char dir[256];
    struct kw_db *db;
    struct kw_revisions *revisions;
};

static const struct kw_db_table *const tables[] = {&kw_revision_table, NULL};

static int open_db(struct fixture *f)
{
    const struct kw_db_options options = {
        .dir = f->dir, .map_bytes = 16 << 20, .tables = 8, .commit_ms = 100};
    struct kw_diag diag;
    int err;

    kw_diag_init(&diag);
    err = kw_db_open(&f->db, &options, &diag);
    kw_diag_fini(&diag);
    if (err == 0)
        err = kw_db_tables(f->db, tables);
    return err != 0 ? err : kw_revisions_new(&f->revisions, f->db);
}

static void close_db(struct fixture *f)
{
    kw_db_close(f->db, NULL, NULL);
    kw_revisions_free(f->revisions);
    kw_db_free(f->db);
}

static int setup(void **state)
{
    static struct fixture f;
    const char *base = getenv("TMPDIR");

    snprintf(f.dir, sizeof(f.dir), "%s/kw-revision-XXXXXX",
             base != NULL ? base : P_tmpdir);
    *state = &f;
    return mkdtemp(f.dir) == NULL ? -1 : open_db(&f);
}

static int teardown(void **state)
{
    static const char *const names[] = {"kilowatch.db", "kilowatch.db-lock",
                                        "lock", "kilowatch.lock"};
    struct fixture *f = *state;
    char path[300];

    close_db(f);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", f->dir, names[i]);
        unlink(path);
    }
    return rmdir(f->dir);
}

static void on_done(void *arg, int err)
{
    *(int *)arg += err == 0 ? 1 : 1000;
}

static void test_survives_a_restart(void **state)
{
    struct fixture *f = *state;
    struct kw_node root = {.kind = KW_NODE_MAP, .count = 1};
    struct kw_node child = {.kind = KW_NODE_SCALAR, .key = "a"};
    char number[16];
    int done = 0;

    child.text = number;
    root.first = &child;
    for (unsigned i = 1; i <= KW_REVISION_KEEP + 10; i++) {
        snprintf(number, sizeof(number), "no %u", i);
        assert_int_equal(
            kw_revisions_store(f->revisions, &root,
                               &(struct kw_revision_note){
                                   "bob", "why", INT64_C(1769860800000), false},
                               on_done, &done),
            0);
    }
    assert_int_equal(done, KW_REVISION_KEEP + 10);
    for (int round = 0; round < 2; round++) {
        struct kw_buf out;

        kw_buf_init(&out, 1000);
        assert_int_equal(kw_revisions_count(f->revisions), KW_REVISION_KEEP);
        assert_int_equal(kw_revisions_current(f->revisions),
                         KW_REVISION_KEEP + 10);
        assert_int_equal(kw_revisions_text(f->revisions, 11, &out), 0);
        assert_string_equal(kw_buf_text(&out), "a: no 11\n");
        kw_buf_reset(&out);
        assert_int_equal(kw_revisions_text(f->revisions, 10, &out),
                         KW_ENOTFOUND);
        assert_int_equal(
            kw_revisions_text(f->revisions, KW_REVISION_KEEP + 10, &out), 0);
        assert_string_equal(kw_buf_text(&out), "a: no 210\n");
        kw_buf_fini(&out);
        close_db(f);
        assert_int_equal(open_db(f), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_survives_a_restart, setup,
                                        teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
