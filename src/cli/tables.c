/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prints the tables of the READMEs from the rows of a module, for
 * tests/check/run --write-tables. Not for users, so it is plain.
 */
#include "cli/cli.h"

#include "core/core_module.h"

#include <stdio.h>
#include <string.h>

static void print_routes(const struct kw_module *module)
{
    const struct kw_route *route = module->routes;

    printf("| Route | Permission | What |\n|---|---|---|\n");
    for (; route != NULL && route->path != NULL; route++)
        printf("| `%s %s` | %s | %s |\n", kw_method_name(route->method),
               route->path, kw_permission_name(route->permission), route->help);
}

static void print_metrics(const struct kw_module *module)
{
    const struct kw_metric *metric = module->metrics;

    printf("| Metric | Unit | Kind | What |\n|---|---|---|---|\n");
    for (; metric != NULL && metric->name != NULL; metric++)
        printf("| `kilowatch_%s_%s` | %s | %s | %s |\n", module->name,
               metric->name, metric->unit,
               metric->kind == KW_METRIC_GAUGE ? "gauge" : "counter",
               metric->help);
}

static int print_settings(const struct kw_module *module)
{
    struct kw_buf out;
    int err;

    kw_buf_init(&out, 1 << 20);
    if (module->settings != NULL)
        kw_settings_table(module->settings, &out);
    err = kw_buf_err(&out);
    printf("%s", kw_buf_text(&out));
    kw_buf_fini(&out);
    return err == 0 ? KW_EXIT_DONE : KW_EXIT_FAILED;
}

int kw_cli_tables(const struct kw_options *options, int argc, char **argv)
{
    (void)options;
    if (argc != 2)
        return KW_EXIT_USAGE;
    for (size_t i = 0; kw_modules[i] != NULL; i++) {
        if (strcmp(kw_modules[i]->name, argv[0]) != 0)
            continue;
        if (strcmp(argv[1], "settings") == 0)
            return print_settings(kw_modules[i]);
        if (strcmp(argv[1], "routes") == 0)
            print_routes(kw_modules[i]);
        else if (strcmp(argv[1], "metrics") == 0)
            print_metrics(kw_modules[i]);
        else
            return KW_EXIT_USAGE;
        return KW_EXIT_DONE;
    }
    fprintf(stderr, "there is no module %s in this build\n", argv[0]);
    return KW_EXIT_NO;
}
