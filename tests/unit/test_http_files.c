/* SPDX-License-Identifier: Apache-2.0 */
#include "http/files.h"

#include "base/mem.h"
#include "lib/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct folder {
    char path[64];
    uint64_t balance;
};

static int make_folder(void **state)
{
    static struct folder folder;

    kw_test_make_dir(folder.path, sizeof(folder.path));
    folder.balance = kw_test_blocks();
    *state = &folder;
    return 0;
}

static int remove_folder(void **state)
{
    struct folder *folder = *state;

    kw_test_remove(folder->path);
    assert_int_equal(kw_test_blocks(), folder->balance);
    return 0;
}

static void put(const struct folder *folder, const char *name,
                const char *content)
{
    char path[160];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", folder->path, name);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(content, 1, strlen(content), file),
                     strlen(content));
    assert_int_equal(fclose(file), 0);
}

static void put_folder(const struct folder *folder, const char *name)
{
    char path[160];

    snprintf(path, sizeof(path), "%s/%s", folder->path, name);
    assert_int_equal(mkdir(path, 0700), 0);
}

static int load(const struct folder *folder, struct kw_http_files **files)
{
    struct kw_diag diag;
    int err;

    kw_diag_init(&diag);
    err = kw_http_files_load(files, folder->path, &diag);
    assert_int_equal(kw_diag_any(&diag), err != 0);
    kw_diag_fini(&diag);
    return err;
}

static void test_load(void **state)
{
    struct folder *folder = *state;
    struct kw_http_files *files;
    const struct kw_http_file *file;
    char link_path[160];

    put(folder, "index.html", "home");
    put(folder, "index.html.gz", "z");
    put(folder, "empty.txt", "");
    put(folder, "main-ABCDEFG7.js", "main");
    put(folder, "notes.md", "not served");
    put(folder, ".hidden.js", "not served");
    put_folder(folder, "assets");
    put(folder, "assets/a.css", "a");
    put_folder(folder, ".git");
    put(folder, ".git/b.css", "not served");
    snprintf(link_path, sizeof(link_path), "%s/link.html", folder->path);
    assert_int_equal(symlink("/etc/hostname", link_path), 0);
    assert_int_equal(load(folder, &files), 0);
    assert_int_equal(kw_http_files_count(files), 4);

    file = kw_http_files_find(files, "/");
    assert_ptr_equal(file, kw_http_files_find(files, "/index.html"));
    assert_false(file->hashed);
    assert_int_equal(file->forms[KW_HTTP_PLAIN].length, 4);
    assert_memory_equal(file->forms[KW_HTTP_PLAIN].bytes, "home", 4);
    assert_null(file->forms[KW_HTTP_BR].bytes);
    assert_int_equal(file->forms[KW_HTTP_GZIP].length, 1);
    assert_string_not_equal(file->forms[KW_HTTP_PLAIN].etag,
                            file->forms[KW_HTTP_GZIP].etag);
    assert_string_equal(file->type, "text/html; charset=utf-8");
    assert_true(kw_http_files_find(files, "/main-ABCDEFG7.js")->hashed);
    assert_non_null(kw_http_files_find(files, "/assets/a.css"));
    assert_non_null(
        kw_http_files_find(files, "/empty.txt")->forms[KW_HTTP_PLAIN].bytes);
    assert_null(kw_http_files_find(files, "/notes.md"));
    assert_null(kw_http_files_find(files, "/.hidden.js"));
    assert_null(kw_http_files_find(files, "/.git/b.css"));
    assert_null(kw_http_files_find(files, "/link.html"));
    assert_null(kw_http_files_find(files, "/index.html.gz"));
    assert_null(kw_http_files_find(files, "index.html"));
    kw_http_files_free(files);
}

static void test_missing(void **state)
{
    struct folder *folder = *state;
    struct kw_http_files *files;

    assert_int_equal(load(folder, &files), KW_ENOTFOUND);
    put(folder, "other.html", "x");
    assert_int_equal(load(folder, &files), KW_ENOTFOUND);
    kw_test_remove(folder->path);
    assert_int_equal(load(folder, &files), KW_ENOTFOUND);
    assert_null(kw_http_files_find(NULL, "/"));
    assert_int_equal(kw_http_files_count(NULL), 0);
    kw_http_files_free(NULL);
}

/* Folders in folders: as deep as four, no deeper. */
static void test_depth(void **state)
{
    struct folder *folder = *state;
    struct kw_http_files *files;
    char path[64] = "d";

    put(folder, "index.html", "x");
    for (unsigned i = 0; i < 5; i++) {
        put_folder(folder, path);
        snprintf(path + strlen(path), sizeof(path) - strlen(path), "/a.css");
        put(folder, path, "x");
        snprintf(path + strlen(path) - 6, 8, "/d");
    }
    assert_int_equal(load(folder, &files), 0);
    assert_non_null(kw_http_files_find(files, "/d/d/d/d/a.css"));
    assert_null(kw_http_files_find(files, "/d/d/d/d/d/a.css"));
    kw_http_files_free(files);
}

static void test_ceilings(void **state)
{
    struct folder *folder = *state;
    struct kw_http_files *files;
    char path[160];

    put(folder, "index.html", "x");
    snprintf(path, sizeof(path), "%s/big.txt", folder->path);
    put(folder, "big.txt", "");
    assert_int_equal(truncate(path, KW_HTTP_FILES_MAX_BYTES), 0);
    assert_int_equal(load(folder, &files), KW_EFULL);
    assert_int_equal(unlink(path), 0);
    for (unsigned i = 0; i < KW_HTTP_FILES_MAX; i++) {
        snprintf(path, sizeof(path), "f%u.txt", i);
        put(folder, path, "");
    }
    assert_int_equal(load(folder, &files), KW_EFULL);
}

static void test_no_memory(void **state)
{
    struct folder *folder = *state;
    struct kw_http_files *files = NULL;
    unsigned failed = 0;
    int err = KW_ENOMEM;

    put(folder, "index.html", "x");
    put(folder, "index.html.br", "x");
    for (uint64_t n = 1; err != 0; n++) {
        struct kw_diag diag;

        kw_diag_init(&diag);
        kw_mem_fail_at(n);
        err = kw_http_files_load(&files, folder->path, &diag);
        kw_mem_fail_at(0);
        failed += err == KW_ENOMEM;
        kw_diag_fini(&diag);
    }
    assert_true(failed >= 4);
    kw_http_files_free(files);
}

static void test_names(void **state)
{
    (void)state;
    assert_true(kw_http_file_is_hashed("/app-K3J5X2QA.js"));
    assert_true(kw_http_file_is_hashed("/a/b.K3J5X2QA.css"));
    assert_false(kw_http_file_is_hashed("/app-k3j5x2qa.js"));
    assert_false(kw_http_file_is_hashed("/app-K3J5X2Q.js"));
    assert_false(kw_http_file_is_hashed("/appXK3J5X2QA.js"));
    assert_false(kw_http_file_is_hashed("/app-K3J5X2Q1.js"));
    assert_false(kw_http_file_is_hashed("/K3J5X2QA.js"));
    assert_false(kw_http_file_is_hashed("/a.js"));
    assert_false(kw_http_file_is_hashed("/none"));
    assert_null(kw_http_file_type("/a"));
    assert_null(kw_http_file_type("/a.js.map"));
    assert_string_equal(kw_http_file_type("/a.svg"), "image/svg+xml");
}

#define FOLDER_TEST(name)                                                      \
    cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FOLDER_TEST(test_load),      FOLDER_TEST(test_missing),
        FOLDER_TEST(test_depth),     FOLDER_TEST(test_ceilings),
        FOLDER_TEST(test_no_memory), cmocka_unit_test(test_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
