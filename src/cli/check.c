/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kilowatch check, kilowatch schema: what the gateway would say of a file, with
 * the same code and in the same words, without a state folder and without
 * starting anything. Warnings are printed too; the file is valid all the same.
 */
#include "cli/cli.h"

#include <stdio.h>

int kw_cli_check(const struct kw_options *options, int argc, char **argv)
{
    struct kw_loaded loaded;
    int err, code = KW_EXIT_DONE;

    (void)argv;
    if (argc > 0)
        return KW_EXIT_USAGE;
    err = kw_load(&loaded, options);
    if (err == 0 && loaded.root == NULL)
        kw_diag_say(&loaded.diag, "no configuration: --config FILE names it");
    if (err == 0)
        err = kw_load_check(&loaded);
    kw_print_diag(&loaded.diag);
    if (err != 0 || kw_diag_any(&loaded.diag)) {
        code = err == KW_ENOMEM || err == KW_EIO ? KW_EXIT_FAILED : KW_EXIT_NO;
    } else if (!options->json) {
        printf("%s is valid\n", loaded.env.config_file);
    }
    kw_loaded_fini(&loaded);
    return code;
}

int kw_cli_schema(const struct kw_options *options, int argc, char **argv)
{
    struct kw_loaded loaded;
    struct kw_buf out;
    int err;

    (void)argv;
    if (argc > 0)
        return KW_EXIT_USAGE;
    err = kw_load(&loaded, &(struct kw_options){.share = options->share});
    kw_buf_init(&out, 4 << 20);
    if (err == 0) {
        kw_registry_schema(loaded.registry, &out);
        err = kw_buf_err(&out);
    }
    if (err == 0)
        printf("%s\n", kw_buf_text(&out));
    else
        kw_print_diag(&loaded.diag);
    kw_buf_fini(&out);
    kw_loaded_fini(&loaded);
    return err == 0 ? KW_EXIT_DONE : KW_EXIT_FAILED;
}
