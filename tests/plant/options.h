/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line of kilowatch-plant.
 */
#ifndef KW_PLANT_OPTIONS_H
#define KW_PLANT_OPTIONS_H

#include "plant.h"

enum { KW_PLANT_LINES = 256 };

struct kw_plant_options {
    struct kw_plant_settings settings;
    const char *maps;       /* folder; NULL only with `help` */
    const char *quantities; /* file or NULL */
    const char *control;    /* path or NULL */
    bool ready;             /* print a line of JSON when all is served */
    bool help;
    struct kw_plant_option_line {
        bool tcp;
        const char *text;
    } lines[KW_PLANT_LINES]; /* --serial and --tcp in their order */
    size_t count;
};

/* Parses the command line, whose text is borrowed. -1 with a message that
 * says what was expected. */
int kw_plant_options_parse(struct kw_plant_options *options, int argc,
                           char **argv, struct kw_plant_diag *diag);

/* The text of --help. */
const char *kw_plant_options_usage(void);

#endif
