/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/onetime.h"

#include "base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LINE_SIZE = 160 };

/* 0, or the error of the call that just failed. */
static int outcome(bool good)
{
    return good ? 0 : kw_err_from_errno(errno);
}

static int write_line(int fd, const char *line)
{
    size_t length = strlen(line);

    return outcome(write(fd, line, length) == (ssize_t)length);
}

/* The new file beside the old one, on the disk. */
static int write_new(int dir, const char *name, const char *line)
{
    int fd, err;

    /* O_EXCL after unlink: never follows a link, never keeps old rights. */
    (void)unlinkat(dir, name, 0);
    fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return outcome(false);
    err = write_line(fd, line);
    if (err == 0)
        err = outcome(fsync(fd) == 0);
    close(fd);
    return err;
}

/* Replaces the file: a crash leaves the old one or the new one. */
static int write_file(int dir, const char *line)
{
    static const char name[] = KW_AUTH_ONETIME_FILE ".new";
    int err = write_new(dir, name, line);

    if (err == 0)
        err = outcome(renameat(dir, name, dir, KW_AUTH_ONETIME_FILE) == 0);
    if (err == 0)
        err = outcome(fsync(dir) == 0);
    if (err != 0)
        (void)unlinkat(dir, name, 0);
    return err;
}

int kw_auth_onetime_reveal(const char *dir, const char *user,
                           const char *password)
{
    char line[LINE_SIZE];
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), err;

    if (fd < 0)
        return outcome(false);
    if (isatty(STDERR_FILENO)) {
        (void)unlinkat(fd, KW_AUTH_ONETIME_FILE, 0);
        snprintf(line, sizeof(line),
                 "\nLog in as \"%s\" with the one-time password %s\n\n", user,
                 password);
        err = write_line(STDERR_FILENO, line);
    } else {
        snprintf(line, sizeof(line), "%s\n", password);
        err = write_file(fd, line);
    }
    close(fd);
    kw_secret_wipe(line, sizeof(line));
    return err;
}

int kw_auth_onetime_remove(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), err;

    if (fd < 0)
        return outcome(false);
    err =
        outcome(unlinkat(fd, KW_AUTH_ONETIME_FILE, 0) == 0 || errno == ENOENT);
    close(fd);
    return err;
}
