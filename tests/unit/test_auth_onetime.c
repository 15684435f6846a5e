/* SPDX-License-Identifier: Apache-2.0 */
/* The one-time password on a terminal and in its file, and failing calls. */
#include "auth/onetime.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/fixture.h"

static bool terminal;
static int fail_fsync_at; /* the n-th call from now on */
static bool fail_rename;

int isatty(int fd)
{
    return fd == STDERR_FILENO && terminal;
}

int fsync(int fd)
{
    (void)fd;
    errno = EIO;
    return fail_fsync_at > 0 && --fail_fsync_at == 0 ? -1 : 0;
}

int renameat(int from_dir, const char *from, int to_dir, const char *to)
{
    if (fail_rename) {
        errno = EACCES;
        return -1;
    }
    return (int)syscall(SYS_renameat2, from_dir, from, to_dir, to, 0);
}

static int setup(void **state)
{
    static char dir[128];

    kw_test_make_dir(dir, sizeof(dir));
    *state = dir;
    terminal = fail_rename = false;
    fail_fsync_at = 0;
    return 0;
}

static int teardown(void **state)
{
    kw_test_remove(*state);
    return 0;
}

static const char *path_of(const char *dir, const char *name)
{
    static char path[256];

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    return path;
}

static bool exists(const char *dir, const char *name)
{
    return access(path_of(dir, name), F_OK) == 0;
}

/* What a file holds, as text. */
static const char *content(const char *path)
{
    static char text[512];
    int fd = open(path, O_RDONLY);
    ssize_t length;

    assert_true(fd >= 0);
    length = read(fd, text, sizeof(text) - 1);
    assert_true(length >= 0);
    text[length] = 0;
    close(fd);
    return text;
}

static void test_file(void **state)
{
    const char *dir = *state;
    struct stat info;
    mode_t mask = umask(0);

    assert_int_equal(kw_auth_onetime_reveal(dir, "security", "AAAA-BBBB"), 0);
    umask(mask);
    assert_string_equal(content(path_of(dir, KW_AUTH_ONETIME_FILE)),
                        "AAAA-BBBB\n");
    assert_int_equal(stat(path_of(dir, KW_AUTH_ONETIME_FILE), &info), 0);
    assert_int_equal(info.st_mode & 07777, 0600);
    assert_false(exists(dir, KW_AUTH_ONETIME_FILE ".new"));

    /* a later one replaces it */
    assert_int_equal(kw_auth_onetime_reveal(dir, "security", "CCCC-DDDD"), 0);
    assert_string_equal(content(path_of(dir, KW_AUTH_ONETIME_FILE)),
                        "CCCC-DDDD\n");
    assert_int_equal(kw_auth_onetime_remove(dir), 0);
    assert_false(exists(dir, KW_AUTH_ONETIME_FILE));
    assert_int_equal(kw_auth_onetime_remove(dir), 0);
}

/* What lies where the new file goes is not written into. */
static void test_link(void **state)
{
    const char *dir = *state;
    char target[256];

    snprintf(target, sizeof(target), "%s/elsewhere", dir);
    assert_int_equal(symlink(target, path_of(dir, KW_AUTH_ONETIME_FILE ".new")),
                     0);
    assert_int_equal(kw_auth_onetime_reveal(dir, "security", "AAAA"), 0);
    assert_false(exists(dir, "elsewhere"));
    assert_string_equal(content(path_of(dir, KW_AUTH_ONETIME_FILE)), "AAAA\n");
}

static void test_terminal(void **state)
{
    const char *dir = *state;
    int saved = dup(STDERR_FILENO), fd, err;
    const char *text;

    assert_int_equal(kw_auth_onetime_reveal(dir, "security", "OLD"), 0);
    terminal = true;
    fd = open(path_of(dir, "screen"), O_RDWR | O_CREAT, 0600);
    assert_true(fd >= 0);
    dup2(fd, STDERR_FILENO);
    err = kw_auth_onetime_reveal(dir, "security", "AAAA-BBBB");
    dup2(saved, STDERR_FILENO);
    close(saved);
    close(fd);
    assert_int_equal(err, 0);
    text = content(path_of(dir, "screen"));
    assert_non_null(strstr(text, "\"security\""));
    assert_non_null(strstr(text, "AAAA-BBBB\n"));
    assert_false(exists(dir, KW_AUTH_ONETIME_FILE));
}

static void test_terminal_gone(void **state)
{
    int saved = dup(STDERR_FILENO), fd = open("/dev/full", O_WRONLY), err;

    terminal = true;
    dup2(fd, STDERR_FILENO);
    err = kw_auth_onetime_reveal(*state, "security", "AAAA-BBBB");
    dup2(saved, STDERR_FILENO);
    close(saved);
    close(fd);
    assert_int_equal(err, KW_ENOSPC);
}

/* A file that can't grow. */
static void test_no_room(void **state)
{
    struct rlimit limit, none;

    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    none = limit;
    none.rlim_cur = 0;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    assert_int_not_equal(kw_auth_onetime_reveal(*state, "security", "NEW"), 0);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    assert_false(exists(*state, KW_AUTH_ONETIME_FILE));
    assert_false(exists(*state, KW_AUTH_ONETIME_FILE ".new"));
}

/* Each call that can fail; the old file stays, nothing lies about. */
static void test_failures(void **state)
{
    const char *dir = *state;

    assert_int_equal(kw_auth_onetime_reveal(dir, "security", "OLD"), 0);
    fail_fsync_at = 1;
    assert_int_equal(kw_auth_onetime_reveal(dir, "security", "NEW"), KW_EIO);
    assert_false(exists(dir, KW_AUTH_ONETIME_FILE ".new"));
    fail_rename = true;
    assert_int_equal(kw_auth_onetime_reveal(dir, "security", "NEW"),
                     KW_EDENIED);
    fail_rename = false;
    assert_false(exists(dir, KW_AUTH_ONETIME_FILE ".new"));
    assert_string_equal(content(path_of(dir, KW_AUTH_ONETIME_FILE)), "OLD\n");
    fail_fsync_at = 2;
    assert_int_equal(kw_auth_onetime_reveal(dir, "security", "NEW"), KW_EIO);

    assert_int_equal(unlink(path_of(dir, KW_AUTH_ONETIME_FILE)), 0);
    assert_int_equal(mkdir(path_of(dir, KW_AUTH_ONETIME_FILE), 0700), 0);
    assert_int_not_equal(kw_auth_onetime_remove(dir), 0);
    assert_int_equal(mkdir(path_of(dir, KW_AUTH_ONETIME_FILE ".new"), 0700), 0);
    assert_int_equal(kw_auth_onetime_reveal(dir, "security", "NEW"), KW_EEXIST);
    assert_int_equal(
        kw_auth_onetime_reveal(path_of(dir, "none"), "security", "NEW"),
        KW_ENOTFOUND);
    assert_int_equal(kw_auth_onetime_remove(path_of(dir, "none")),
                     KW_ENOTFOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_file, setup, teardown),
        cmocka_unit_test_setup_teardown(test_link, setup, teardown),
        cmocka_unit_test_setup_teardown(test_terminal, setup, teardown),
        cmocka_unit_test_setup_teardown(test_terminal_gone, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_room, setup, teardown),
        cmocka_unit_test_setup_teardown(test_failures, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
