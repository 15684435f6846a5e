/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One instance a state folder: an exclusive flock on STATE/lock, which the
 * kernel gives back whatever ends the process. The file holds the number of
 * the process that has it, for the message that a second one prints.
 */
#include "core/db_internal.h"

#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { PID_SIZE = 24 };

/* "process 123", or "another process" when the file can't tell. */
static void holder(int fd, char *text, size_t size)
{
    char digits[PID_SIZE] = "";
    ssize_t got = pread(fd, digits, sizeof(digits) - 1, 0);
    uint64_t pid;

    digits[got > 0 ? got : 0] = '\0';
    digits[strcspn(digits, "\n")] = '\0';
    if (kw_text_parse_u64(digits, &pid) == 0)
        snprintf(text, size, "process %llu", (unsigned long long)pid);
    else
        snprintf(text, size, "another process");
}

static int write_pid(int fd)
{
    char digits[PID_SIZE];
    int length = snprintf(digits, sizeof(digits), "%ld\n", (long)getpid());

    if (ftruncate(fd, 0) != 0 ||
        pwrite(fd, digits, (size_t)length, 0) != length)
        return kw_err_from_errno(errno);
    return 0;
}

int kw_db_lock(const char *dir, int *out, struct kw_diag *diag)
{
    char path[4096], who[PID_SIZE + 16];
    int fd, err;

    if ((size_t)snprintf(path, sizeof(path), "%s/lock", dir) >= sizeof(path))
        return kw_diag_say(diag, "the path of the state folder is too long");
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        err = errno;
        kw_diag_say(diag, "state folder %s can't be used: %s", dir,
                    strerror(err));
        return kw_err_from_errno(err);
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        holder(fd, who, sizeof(who));
        kw_diag_say(diag, "state folder %s is in use by %s", dir, who);
        close(fd);
        return KW_EBUSY;
    }
    err = write_pid(fd);
    if (err != 0) {
        kw_diag_say(diag, "state folder %s can't be written: %s", dir,
                    kw_strerror(err));
        close(fd);
        return err;
    }
    *out = fd;
    return 0;
}
