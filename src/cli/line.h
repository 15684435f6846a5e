/* SPDX-License-Identifier: Apache-2.0 */
/* What `read` and `scan` share: a line that no gateway has. */
#ifndef KW_CLI_LINE_H
#define KW_CLI_LINE_H

#include "cli/cli.h"
#include "meter/settings.h"

/*
 * The line that text means: rtu:..., tcp:..., rtu-tcp:..., or a name, looked
 * up in the configuration file, which is validated then. KW_EXIT_DONE, or the
 * exit code after it was printed what is wrong. Borrowed from loaded.
 */
int kw_cli_find_line(struct kw_loaded *loaded, const char *text,
                     const struct kw_meter_line_conf **line);

/* The settings of meter in a validated configuration; NULL: none. */
const struct kw_meter_conf *kw_cli_meter_conf(const struct kw_loaded *loaded);

#endif
