/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Read once, in a job, and served from memory: no path from outside ever
 * reaches the file system, and a file that is exchanged on the disk takes
 * effect with a restart only, whole. Links are not followed; hidden files and
 * endings without a type are left out, so that what lies there by accident is
 * not published.
 *
 * A name with eight letters of hash before its ending (from the build) may be
 * kept by browsers for a year; everything else is asked for again by its tag.
 */
#include "http/files.h"

#include "base/mem.h"
#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEPTH_MAX = 4, HASH_LETTERS = 8 };

struct kw_http_files {
    struct kw_http_file *items; /* in order of their path */
    size_t count;
    size_t bytes;
};

/* The endings of compressed forms. */
static const char *const form_ends[KW_HTTP_FORMS] = {"", ".br", ".gz"};

const char *kw_http_file_type(const char *path)
{
    static const struct {
        const char *end, *type;
    } rows[] = {
        {".html", "text/html; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},
        {".json", "application/json"},
        {".webmanifest", "application/manifest+json"},
        {".svg", "image/svg+xml"},
        {".png", "image/png"},
        {".ico", "image/x-icon"},
        {".woff2", "font/woff2"},
        {".txt", "text/plain; charset=utf-8"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (kw_text_ends(path, rows[i].end))
            return rows[i].type;
    }
    return NULL;
}

bool kw_http_file_is_hashed(const char *path)
{
    const char *end = strrchr(path, '.');
    const char *hash;

    if (end == NULL || end - path <= HASH_LETTERS + 1)
        return false;
    hash = end - HASH_LETTERS;
    if (hash[-1] != '-' && hash[-1] != '.')
        return false;
    return strspn(hash, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") == HASH_LETTERS;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct kw_http_file *)a)->path,
                  ((const struct kw_http_file *)b)->path);
}

/* Reads a whole regular file of a folder. */
static int read_file(struct kw_http_files *files, int folder, const char *name,
                     struct kw_http_content *content)
{
    int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    struct stat status;
    ssize_t got = 0;
    int err = 0;

    if (fd < 0)
        return kw_err_from_errno(errno);
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
        err = KW_EINVAL;
    } else if ((size_t)status.st_size >
               KW_HTTP_FILES_MAX_BYTES - files->bytes) {
        err = KW_EFULL;
    } else {
        content->bytes = kw_alloc((size_t)status.st_size + 1);
        err = content->bytes == NULL ? KW_ENOMEM : 0;
    }
    while (err == 0 && content->length < (size_t)status.st_size) {
        got = read(fd, content->bytes + content->length,
                   (size_t)status.st_size - content->length);
        if (got <= 0)
            err = KW_EIO;
        else
            content->length += (size_t)got;
    }
    close(fd);
    files->bytes += content->length;
    return err;
}

/* Forms of one file have different bytes, so different tags. */
static void make_etag(struct kw_http_content *content)
{
    snprintf(content->etag, sizeof(content->etag), "\"%016llx-%zx\"",
             (unsigned long long)kw_text_hash(content->bytes, content->length),
             content->length & 0xFFFFFFFFU);
}

static int add_file(struct kw_http_files *files, int folder, const char *path,
                    const char *name)
{
    struct kw_http_file *file = &files->items[files->count];
    char twin[NAME_MAX + 8];
    int err = 0;

    if (files->count == KW_HTTP_FILES_MAX)
        return KW_EFULL;
    memset(file, 0, sizeof(*file));
    (void)kw_text_copy(file->path, sizeof(file->path), path);
    file->type = kw_http_file_type(path);
    file->hashed = kw_http_file_is_hashed(path);
    files->count++;
    for (size_t i = 0; err == 0 && i < KW_HTTP_FORMS; i++) {
        snprintf(twin, sizeof(twin), "%s%s", name, form_ends[i]);
        err = read_file(files, folder, twin, &file->forms[i]);
        if (err == KW_ENOTFOUND && i > 0)
            err = 0; /* a form that was not made */
        else if (err == 0)
            make_etag(&file->forms[i]);
    }
    return err;
}

static int add_folder(struct kw_http_files *files, int fd, const char *path,
                      unsigned depth);

static int add_entry(struct kw_http_files *files, int folder, const char *above,
                     const char *name, unsigned depth)
{
    char path[KW_HTTP_FILE_PATH];
    struct stat status;
    int fd;

    if (name[0] == '.' ||
        snprintf(path, sizeof(path), "%s/%s", above, name) >=
            (int)sizeof(path) ||
        fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
        return 0;
    if (S_ISREG(status.st_mode))
        return kw_http_file_type(name) != NULL
                   ? add_file(files, folder, path, name)
                   : 0;
    if (!S_ISDIR(status.st_mode) || depth == DEPTH_MAX)
        return 0;
    fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return kw_err_from_errno(errno);
    return add_folder(files, fd, path, depth + 1);
}

/* Takes fd. */
static int add_folder(struct kw_http_files *files, int fd, const char *path,
                      unsigned depth)
{
    DIR *folder = fdopendir(fd);
    const struct dirent *entry;
    int err = 0;

    if (folder == NULL) {
        close(fd);
        return KW_ENOMEM; /* UNTESTED: the C library's own allocation fails */
    }
    while (err == 0 && (entry = readdir(folder)) != NULL)
        err = add_entry(files, dirfd(folder), path, entry->d_name, depth);
    closedir(folder);
    return err;
}

static int load(struct kw_http_files *files, const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int err;

    if (fd < 0)
        return kw_err_from_errno(errno);
    err = add_folder(files, fd, "", 0);
    if (err != 0)
        return err;
    qsort(files->items, files->count, sizeof(files->items[0]), by_path);
    return kw_http_files_find(files, "/") != NULL ? 0 : KW_ENOTFOUND;
}

int kw_http_files_load(struct kw_http_files **out, const char *folder,
                       struct kw_diag *diag)
{
    struct kw_http_files *files = kw_alloc(sizeof(*files));
    int err = KW_ENOMEM;

    if (files != NULL) {
        files->items =
            kw_alloc_array(KW_HTTP_FILES_MAX, sizeof(struct kw_http_file));
        if (files->items != NULL)
            err = load(files, folder);
    }
    if (err != 0) {
        kw_diag_say(diag, "no web application in %s: %s", folder,
                    kw_strerror(err));
        kw_http_files_free(files);
        return err;
    }
    *out = files;
    return 0;
}

void kw_http_files_free(struct kw_http_files *files)
{
    if (files == NULL)
        return;
    for (size_t i = 0; i < files->count; i++) {
        for (size_t f = 0; f < KW_HTTP_FORMS; f++)
            kw_free(files->items[i].forms[f].bytes);
    }
    kw_free(files->items);
    kw_free(files);
}

const struct kw_http_file *kw_http_files_find(const struct kw_http_files *files,
                                              const char *path)
{
    const char *want = strcmp(path, "/") == 0 ? "/index.html" : path;
    size_t low = 0, high = files != NULL ? files->count : 0;

    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strcmp(want, files->items[middle].path);

        if (order == 0)
            return &files->items[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

size_t kw_http_files_count(const struct kw_http_files *files)
{
    return files != NULL ? files->count : 0;
}
