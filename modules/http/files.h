/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The web application's files, read once into memory and constant from then
 * on: no request touches the disk. Only known endings are taken, no hidden
 * files, no symbolic links, so that nothing else can ever be served.
 */
#ifndef KW_HTTP_FILES_H
#define KW_HTTP_FILES_H

#include "base/diag.h"
#include "http/check.h"

enum {
    KW_HTTP_FILES_MAX = 512,
    KW_HTTP_FILES_MAX_BYTES = 32 << 20, /* all together */
    KW_HTTP_FILE_PATH = 128,
};

/* One form of a file: as it is, or compressed by the build beside it. */
struct kw_http_content {
    unsigned char *bytes; /* NULL: there is no such form */
    size_t length;
    char etag[32]; /* strong, with quotes */
};

struct kw_http_file {
    char path[KW_HTTP_FILE_PATH]; /* "/assets/app-K3J5X2QA.js" */
    const char *type;
    bool hashed; /* the name changes with the content */
    struct kw_http_content forms[KW_HTTP_FORMS];
};

struct kw_http_files;

/*
 * Reads the folder and those in it, to a depth of four. KW_ENOTFOUND: no
 * folder, or no index.html in it. A finding in diag on any error. Blocks: for
 * a job.
 */
KW_MUST_CHECK int kw_http_files_load(struct kw_http_files **files,
                                     const char *folder, struct kw_diag *diag);
/* NULL is allowed. */
void kw_http_files_free(struct kw_http_files *files);

/* "/" is "/index.html"; NULL when there is none. files may be NULL. */
const struct kw_http_file *kw_http_files_find(const struct kw_http_files *files,
                                              const char *path);
size_t kw_http_files_count(const struct kw_http_files *files);

/* The media type by the ending; NULL: not served. */
const char *kw_http_file_type(const char *path);

/* True for a name with a hash as the build makes them: "-" or "." and eight
 * of A-Z and 2-7 before the ending. */
bool kw_http_file_is_hashed(const char *path);

#endif
