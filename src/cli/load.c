/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What serve, check and schema begin with: quantities, the modules' rows, the
 * file as a tree. Without --config the file in /etc is taken when there is one,
 * and none is no error: the gateway runs with what is stored or with defaults.
 */
#include "cli/cli.h"

#include "base/mem.h"
#include "core/core_module.h"
#include "core/quantity.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char usual_config[] = "/etc/kilowatch/kilowatch.yaml";

int kw_read_file(const char *path, size_t ceiling, char **text, size_t *length)
{
    struct stat info;
    ssize_t got;
    int err = 0, fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return kw_err_from_errno(errno);
    *length = 0;
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode))
        err = KW_EINVAL;
    else if ((uint64_t)info.st_size > ceiling)
        err = KW_EFULL;
    *text = err == 0 ? kw_alloc((size_t)info.st_size + 1) : NULL;
    if (err == 0 && *text == NULL)
        err = KW_ENOMEM;
    while (err == 0 && *length < (size_t)info.st_size) {
        got = read(fd, *text + *length, (size_t)info.st_size - *length);
        if (got < 0)
            err = kw_err_from_errno(errno);
        if (got <= 0)
            break;
        *length += (size_t)got;
    }
    close(fd);
    if (err != 0)
        kw_free(*text);
    return err;
}

void kw_print_diag(const struct kw_diag *diag)
{
    char line[1024];

    for (size_t i = 0; i < diag->count; i++)
        fprintf(stderr, "%s\n",
                kw_diag_format(&diag->items[i], line, sizeof(line)));
    if (diag->dropped > 0)
        fprintf(stderr, "... and %zu more\n", diag->dropped);
}

/* The file's tree into loaded->root. */
static int read_config(struct kw_loaded *loaded, const char *path)
{
    char *text;
    size_t length;
    int err = kw_read_file(path, KW_CONF_BYTES, &text, &length);

    loaded->diag.file = path;
    if (err == KW_EFULL)
        return kw_diag_say(&loaded->diag, "larger than %d MiB",
                           KW_CONF_BYTES >> 20);
    if (err != 0) {
        kw_diag_say(&loaded->diag, "can't be read: %s", kw_strerror(err));
        return err;
    }
    err = kw_conf_parse_yaml(text, length, &loaded->arena, &loaded->root,
                             &loaded->diag);
    kw_free(text);
    return err;
}

static int load_quantities(struct kw_loaded *loaded)
{
    char path[4096];
    int length = snprintf(path, sizeof(path), "%s/quantities.csv",
                          loaded->env.share_dir);
    int err;

    if (length < 0 || (size_t)length >= sizeof(path))
        return KW_ERANGE;
    loaded->diag.file = path;
    err = kw_quantities_load(&loaded->quantities, path, &loaded->diag);
    loaded->diag.file = NULL;
    if (err != 0 && err != KW_EINVAL) /* it is not there at all */
        kw_diag_say(&loaded->diag, "--share names the folder that has "
                                   "quantities.csv and meters/");
    loaded->env.quantities = loaded->quantities;
    return err;
}

int kw_load(struct kw_loaded *loaded, const struct kw_options *options)
{
    const char *config = options->config;
    int err;

    *loaded = (struct kw_loaded){
        .env =
            {
                .state_dir =
                    options->state != NULL ? options->state : KW_STATE_DIR,
                .share_dir =
                    options->share != NULL ? options->share : KW_SHARE_DIR,
                .web_dir =
                    options->web != NULL ? options->web : KW_SHARE_DIR "/web",
                .config_locked = options->locked,
            },
    };
    kw_diag_init(&loaded->diag);
    kw_arena_init(&loaded->arena, KW_CONF_ARENA_BYTES);
    if (config == NULL && access(usual_config, F_OK) == 0)
        config = usual_config;
    loaded->env.config_file = config;
    err = load_quantities(loaded);
    if (err == 0)
        err = kw_registry_new(&loaded->registry, kw_modules);
    if (err == 0 && config != NULL)
        err = read_config(loaded, config);
    return err;
}

int kw_load_check(struct kw_loaded *loaded)
{
    static const struct kw_node empty = {.kind = KW_NODE_MAP};
    int err;

    loaded->diag.file = loaded->env.config_file;
    err = kw_registry_check(loaded->registry,
                            loaded->root != NULL ? loaded->root : &empty,
                            &loaded->env, &loaded->set, &loaded->diag);
    kw_diag_sort(&loaded->diag);
    return err;
}

void kw_loaded_fini(struct kw_loaded *loaded)
{
    if (loaded->set != NULL)
        kw_conf_set_drop(loaded->set);
    kw_registry_free(loaded->registry);
    kw_quantities_free(loaded->quantities);
    kw_arena_fini(&loaded->arena);
    kw_diag_fini(&loaded->diag);
}
