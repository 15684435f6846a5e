/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include "base/mem.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[256], path[300];

static int make_folder(void **state)
{
    const char *base = getenv("TMPDIR");

    (void)state;
    snprintf(folder, sizeof(folder), "%s/kw-file-XXXXXX",
             base != NULL ? base : P_tmpdir);
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(path, sizeof(path), "%s/file", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

static void write_file(size_t length)
{
    FILE *file = fopen(path, "we");

    assert_non_null(file);
    for (size_t i = 0; i < length; i++)
        fputc('a' + (int)(i % 26), file);
    assert_int_equal(fclose(file), 0);
}

static void test_reads_whole_files(void **state)
{
    static const size_t lengths[] = {0, 1, 4095, 4096, 4097, 20000};

    (void)state;
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        struct kw_buf text;

        write_file(lengths[i]);
        kw_buf_init(&text, 20000);
        assert_int_equal(kw_file_read(path, &text), 0);
        assert_int_equal(text.length, lengths[i]);
        for (size_t k = 0; k < text.length; k++)
            assert_int_equal(text.data[k], 'a' + (int)(k % 26));
        kw_buf_fini(&text);
    }
}

static void test_failures(void **state)
{
    char other[320];
    struct kw_buf text;

    (void)state;
    kw_buf_init(&text, 100);
    snprintf(other, sizeof(other), "%s/none", folder);
    assert_int_equal(kw_file_read(other, &text), KW_ENOTFOUND);
    assert_int_equal(kw_file_read(folder, &text), KW_EINVAL);
    write_file(101);
    assert_int_equal(kw_file_read(path, &text), KW_EFULL);
    kw_buf_reset(&text);
    kw_buf_fini(&text);
    write_file(50);
    kw_mem_fail_at(1);
    assert_int_equal(kw_file_read(path, &text), KW_ENOMEM);
    kw_buf_reset(&text);
    /* a file that can be opened and not read: nothing lies at address 0 */
    assert_int_equal(kw_file_read("/proc/self/mem", &text), KW_EIO);
    kw_buf_fini(&text);
}

/* A pipe without a writer must not hold anybody up. */
static void test_a_pipe_is_refused(void **state)
{
    struct kw_buf text;

    (void)state;
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    kw_buf_init(&text, 100);
    assert_int_equal(kw_file_read(path, &text), KW_EINVAL);
    kw_buf_fini(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_whole_files),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_a_pipe_is_refused),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
