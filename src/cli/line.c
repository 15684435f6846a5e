/* SPDX-License-Identifier: Apache-2.0 */
/* Which line a command means that opens it itself. */
#include "cli/line.h"

#include "meter/meter.h"
#include "meter/spec.h"

#include <stdio.h>
#include <string.h>

const struct kw_meter_conf *kw_cli_meter_conf(const struct kw_loaded *loaded)
{
    for (size_t i = 0; kw_registry_module(loaded->registry, i) != NULL; i++) {
        if (kw_registry_module(loaded->registry, i) == &kw_meter_module)
            return kw_conf_set_get(loaded->set, i);
    }
    return NULL;
}

static int find_spec(struct kw_loaded *loaded, const char *text,
                     const struct kw_meter_line_conf **line)
{
    struct kw_meter_line_conf *parsed;

    if (kw_meter_spec_parse(text, &loaded->arena, &parsed, &loaded->diag) !=
        0) {
        kw_print_diag(&loaded->diag);
        return KW_EXIT_USAGE;
    }
    *line = parsed;
    return KW_EXIT_DONE;
}

int kw_cli_find_line(struct kw_loaded *loaded, const char *text,
                     const struct kw_meter_line_conf **line)
{
    const struct kw_meter_conf *conf;

    if (kw_meter_spec_is(text))
        return find_spec(loaded, text, line);
    if (kw_load_check(loaded) != 0) {
        kw_print_diag(&loaded->diag);
        return KW_EXIT_NO;
    }
    conf = kw_cli_meter_conf(loaded);
    for (size_t i = 0; conf != NULL && i < conf->lines.count; i++) {
        *line = kw_meter_conf_line(conf, i);
        if (strcmp((*line)->name, text) == 0)
            return KW_EXIT_DONE;
    }
    fprintf(stderr, "no gateway runs, and the configuration has no line %s\n",
            text);
    return KW_EXIT_NO;
}
