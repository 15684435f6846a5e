/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static int read_all(int fd, struct kw_buf *text)
{
    unsigned char part[4096];
    ssize_t got;

    do {
        got = read(fd, part, sizeof(part));
        if (got > 0)
            kw_buf_put(text, part, (size_t)got);
    } while (got > 0 && kw_buf_err(text) == 0);
    return got < 0 ? kw_err_from_errno(errno) : kw_buf_err(text);
}

int kw_file_read(const char *path, struct kw_buf *text)
{
    /* O_NONBLOCK: the name may be a pipe that nobody writes to. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), err;
    struct stat info = {0};

    if (fd < 0)
        return kw_err_from_errno(errno);
    (void)fstat(fd, &info); /* of an open descriptor */
    if (!S_ISREG(info.st_mode))
        err = KW_EINVAL;
    else
        err = read_all(fd, text);
    close(fd);
    return err;
}
