/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Revisions without a database, kept in memory: which configuration is started
 * with, the file's or the newest revision.
 */
#include "core/revision.h"

#include "base/mem.h"
#include "core/conf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct kw_node *yaml(struct kw_arena *arena, const char *text)
{
    struct kw_node *root = NULL;
    struct kw_diag diag;

    if (text == NULL)
        return NULL;
    kw_diag_init(&diag);
    assert_int_equal(
        kw_conf_parse_yaml(text, strlen(text), arena, &root, &diag), 0);
    kw_diag_fini(&diag);
    return root;
}

/* The first is stored by the file, the others by alice. */
static void store(struct kw_revisions *revisions, const char *const *texts,
                  struct kw_arena *arena)
{
    for (size_t i = 0; i < 3 && texts[i] != NULL; i++)
        assert_int_equal(kw_revisions_store(revisions, yaml(arena, texts[i]),
                                            &(struct kw_revision_note){
                                                i == 0 ? "file" : "alice",
                                                "because", 1000, i == 0},
                                            NULL, NULL),
                         0);
}

static void test_choice(void **state)
{
    static const struct {
        const char *stored[3], *file, *chosen;
        bool is_new;
        uint64_t discards;
    } rows[] = {
        {{NULL}, NULL, "{}", true, 0},
        {{NULL}, "{a: 1}", "{a: 1}", true, 0},
        {{"{a: 1}"}, NULL, "{a: 1}", false, 0},
        {{"{a: 1}"}, "{a: 1}", "{a: 1}", false, 0},
        {{"{a: 1, b: 2}"}, "{b: 2, a: 1} # same", "{a: 1, b: 2}", false, 0},
        {{"{a: 1}"}, "{a: 2}", "{a: 2}", true, 0},
        {{"{a: 1}", "{a: 2}"}, "{a: 1}", "{a: 2}", false, 0},
        {{"{a: 1}", "{a: 2}"}, NULL, "{a: 2}", false, 0},
        {{"{a: 1}", "{a: 2}"}, "{a: 3}", "{a: 3}", true, 2},
        {{"{a: 1}", "{a: 2}", "{a: 4}"}, "{a: 3}", "{a: 3}", true, 3},
        /* the file was exported from the web's revision: nothing is lost */
        {{"{a: 1}", "{a: 2}"}, "{a: 2}", "{a: 2}", true, 0},
        /* the web went back to what the file says */
        {{"{a: 1}", "{a: 2}", "{a: 1}"}, "{a: 3}", "{a: 3}", true, 0},
        /* no file at the first start, then one */
        {{"{}"}, "{a: 1}", "{a: 1}", true, 0},
        {{"{}", "{a: 2}"}, "{a: 1}", "{a: 1}", true, 2},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct kw_revisions *revisions;
        struct kw_node *root = NULL;
        struct kw_arena arena;
        uint64_t discards = 99;
        bool is_new;

        kw_arena_init(&arena, 1 << 20);
        assert_int_equal(kw_revisions_new(&revisions, NULL), 0);
        store(revisions, rows[i].stored, &arena);
        assert_int_equal(kw_revisions_choose(revisions,
                                             yaml(&arena, rows[i].file), &arena,
                                             &root, &is_new, &discards),
                         0);
        assert_true(kw_node_same(root, yaml(&arena, rows[i].chosen)));
        assert_int_equal(is_new, rows[i].is_new);
        assert_int_equal(discards, rows[i].discards);
        kw_revisions_free(revisions);
        kw_arena_fini(&arena);
    }
}

/* The file's content counts, however often the web changed it meanwhile. */
static void test_a_file_that_stays_never_wins(void **state)
{
    static const char *const texts[] = {"{a: 1}", "{a: 2}", "{a: 3}"};
    struct kw_revisions *revisions;
    struct kw_node *root = NULL;
    struct kw_arena arena;
    uint64_t discards;
    bool is_new;

    (void)state;
    kw_arena_init(&arena, 1 << 20);
    assert_int_equal(kw_revisions_new(&revisions, NULL), 0);
    store(revisions, texts, &arena);
    for (int start = 0; start < 3; start++) {
        assert_int_equal(kw_revisions_choose(revisions, yaml(&arena, "{a: 1}"),
                                             &arena, &root, &is_new, &discards),
                         0);
        assert_false(is_new);
        assert_true(kw_node_same(root, yaml(&arena, "{a: 3}")));
    }
    assert_int_equal(kw_revisions_count(revisions), 3);
    kw_revisions_free(revisions);
    kw_arena_fini(&arena);
}

static void on_done(void *arg, int err)
{
    *(int *)arg += err == 0 ? 1 : 1000;
}

static void test_texts_are_kept_in_memory(void **state)
{
    struct kw_revisions *revisions;
    struct kw_arena arena;
    struct kw_buf out;
    int done = 0;

    (void)state;
    kw_arena_init(&arena, 1 << 20);
    kw_buf_init(&out, 1000);
    assert_int_equal(kw_revisions_new(&revisions, NULL), 0);
    assert_int_equal(
        kw_revisions_store(revisions, yaml(&arena, "{}"),
                           &(struct kw_revision_note){"file", "", 1, true},
                           on_done, &done),
        0);
    assert_int_equal(done, 1);
    assert_int_equal(
        kw_revisions_store(revisions, yaml(&arena, "a: 2"),
                           &(struct kw_revision_note){"bob", "", 1, false},
                           NULL, NULL),
        0);
    assert_int_equal(kw_revisions_text(revisions, 1, &out), 0);
    assert_int_equal(kw_revisions_text(revisions, 2, &out), 0);
    assert_string_equal(kw_buf_text(&out), "{}\na: 2\n");
    kw_buf_fini(&out);
    kw_revisions_free(revisions);
    kw_arena_fini(&arena);
}

static void test_ceiling_of_the_text(void **state)
{
    struct kw_node list = {.kind = KW_NODE_LIST, .count = 1};
    struct kw_node item = {.kind = KW_NODE_SCALAR};
    struct kw_revisions *revisions;
    char *text = kw_alloc(KW_CONF_BYTES);

    (void)state;
    assert_int_equal(kw_revisions_new(&revisions, NULL), 0);
    memset(text, 'x', KW_CONF_BYTES - 1);
    item.text = text;
    list.first = &item;
    assert_int_equal(
        kw_revisions_store(revisions, &list,
                           &(struct kw_revision_note){"bob", "", 1, false},
                           NULL, NULL),
        KW_EFULL);
    text[KW_CONF_BYTES - 4] = 0;
    assert_int_equal(
        kw_revisions_store(revisions, &list,
                           &(struct kw_revision_note){"bob", "", 1, false},
                           NULL, NULL),
        0);
    assert_int_equal(kw_revisions_current(revisions), 1);
    kw_revisions_free(revisions);
    kw_free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_choice),
        cmocka_unit_test(test_a_file_that_stays_never_wins),
        cmocka_unit_test(test_texts_are_kept_in_memory),
        cmocka_unit_test(test_ceiling_of_the_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
