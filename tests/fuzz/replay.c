/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a fuzz target once over every file of the folders given, in builds
 * without libFuzzer. Fails when there is nothing to run.
 */
#include "base/buf.h"
#include "base/file.h"

#include <dirent.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX_BYTES = 4 << 20, PATH_BYTES = 4096 };

/* 1 when the file was run. */
static unsigned run_file(const char *path)
{
    struct kw_buf input;
    int err;

    kw_buf_init(&input, INPUT_MAX_BYTES);
    err = kw_file_read(path, &input);
    if (err == 0)
        (void)LLVMFuzzerTestOneInput(input.data, input.length);
    else
        fprintf(stderr, "%s: %s\n", path, kw_strerror(err));
    kw_buf_fini(&input);
    return err == 0;
}

static unsigned run_folder(const char *path)
{
    DIR *folder = opendir(path);
    const struct dirent *entry;
    unsigned count = 0;

    if (folder == NULL) {
        perror(path);
        return 0;
    }
    while ((entry = readdir(folder)) != NULL) {
        char file[PATH_BYTES];

        if (entry->d_name[0] == '.')
            continue;
        snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
        count += run_file(file);
    }
    closedir(folder);
    return count;
}

int main(int argc, char **argv)
{
    unsigned count = 0;

    for (int i = 1; i < argc; i++)
        count += run_folder(argv[i]);
    printf("%u inputs replayed\n", count);
    return count > 0 ? 0 : 1;
}
