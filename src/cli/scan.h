/* SPDX-License-Identifier: Apache-2.0 */
/* `kilowatch scan`, through the gateway (scan.c) or here (scan_here.c). */
#ifndef KW_CLI_SCAN_H
#define KW_CLI_SCAN_H

#include "cli/cli.h"
#include "meter/scan_plan.h"
#include "meter/spec.h"

struct kw_scan_target {
    const char *line, *units;
    bool search;
};

/* Opens the line itself, scans and prints; an exit code. */
int kw_scan_here(const struct kw_options *options,
                 const struct kw_scan_target *target);

/* Shows how far it is, on a terminal only. scan as in GET /scan. */
void kw_scan_print_progress(const struct kw_node *scan);

/* Prints what was found as the options say; json is scan as text. The exit
 * code: 0 a meter was found, 1 none, 3 failed. */
int kw_scan_print(const struct kw_options *options, const struct kw_node *scan,
                  const char *json);

#endif
