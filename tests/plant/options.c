/* SPDX-License-Identifier: Apache-2.0 */
#include "options.h"

#include <string.h>

static const char usage[] =
    "Usage: kilowatch-plant --maps DIR [OPTION]... LINE...\n"
    "A simulated switchboard: Modbus meters on pseudo-terminals and TCP.\n"
    "\n"
    "  --serial NAME:BAUD:FRAMING:METERS  a line at DIR/NAME; BAUD 0 = no "
    "pacing\n"
    "  --tcp PORT[-PORT]:METERS           127.0.0.1, PORT 0 = any\n"
    "      METERS is UNIT[-UNIT]=PROFILE[@LOAD],...\n"
    "  --maps DIR         register maps, PROFILE.csv\n"
    "  --quantities FILE  check the maps against this list\n"
    "  --dir DIR          where the links of serial lines go (.)\n"
    "  --seed N           of everything random (1)\n"
    "  --start TIME       RFC 3339, or now (now)\n"
    "  --speed X          model time against real time (1)\n"
    "  --turnaround MS    from request to reply on paced lines (5)\n"
    "  --strict           serial: no answer after too short a silence\n"
    "  --true-speed       serial: noise for requests at another speed\n"
    "  --absent silence|exception  TCP: what a missing unit does (silence)\n"
    "  --control PATH     Unix socket for commands\n"
    "  --ready            print one line of JSON when all is served\n";

const char *kw_plant_options_usage(void)
{
    return usage;
}

static int expected(struct kw_plant_diag *diag, const char *option,
                    const char *text, const char *what)
{
    return kw_plant_say(diag, "%s %s: expected %s", option, text, what);
}

static int parse_maps(struct kw_plant_options *options, const char *text,
                      struct kw_plant_diag *diag)
{
    (void)diag;
    options->maps = text;
    return 0;
}

static int parse_quantities(struct kw_plant_options *options, const char *text,
                            struct kw_plant_diag *diag)
{
    (void)diag;
    options->quantities = text;
    return 0;
}

static int parse_dir(struct kw_plant_options *options, const char *text,
                     struct kw_plant_diag *diag)
{
    (void)diag;
    options->settings.folder = text;
    return 0;
}

static int parse_seed(struct kw_plant_options *options, const char *text,
                      struct kw_plant_diag *diag)
{
    if (kw_plant_parse_whole(text, 10, UINT64_MAX, &options->settings.era.seed))
        return 0;
    return expected(diag, "--seed", text, "a whole number");
}

static int parse_start(struct kw_plant_options *options, const char *text,
                       struct kw_plant_diag *diag)
{
    if (kw_plant_clock_parse(text, &options->settings.era.start_ms,
                             &options->settings.era.offset_ms))
        return 0;
    return expected(diag, "--start", text,
                    "now or a time such as 2026-03-01T12:00:00+01:00");
}

static int parse_speed(struct kw_plant_options *options, const char *text,
                       struct kw_plant_diag *diag)
{
    double *speed = &options->settings.speed;
    if (kw_plant_parse_real(text, speed) && *speed > 0 && *speed <= 1e6)
        return 0;
    return expected(diag, "--speed", text, "a number above 0, up to 1000000");
}

static int parse_turnaround(struct kw_plant_options *options, const char *text,
                            struct kw_plant_diag *diag)
{
    uint64_t ms = 0;
    if (!kw_plant_parse_whole(text, 10, 10000, &ms))
        return expected(diag, "--turnaround", text, "0 to 10000 milliseconds");
    options->settings.turnaround_ns = (int64_t)ms * 1000000;
    return 0;
}

static int parse_strict(struct kw_plant_options *options, const char *text,
                        struct kw_plant_diag *diag)
{
    (void)text;
    (void)diag;
    options->settings.strict = true;
    return 0;
}

static int parse_true_speed(struct kw_plant_options *options, const char *text,
                            struct kw_plant_diag *diag)
{
    (void)text;
    (void)diag;
    options->settings.true_speed = true;
    return 0;
}

static int parse_absent(struct kw_plant_options *options, const char *text,
                        struct kw_plant_diag *diag)
{
    bool exception = strcmp(text, "exception") == 0;
    if (!exception && strcmp(text, "silence") != 0)
        return expected(diag, "--absent", text, "silence or exception");
    options->settings.absent_exception = exception;
    return 0;
}

static int add_line(struct kw_plant_options *options, bool tcp,
                    const char *text, struct kw_plant_diag *diag)
{
    if (options->count == KW_PLANT_LINES)
        return kw_plant_say(diag, "more than %d lines", (int)KW_PLANT_LINES);
    options->lines[options->count++] =
        (struct kw_plant_option_line){.tcp = tcp, .text = text};
    return 0;
}

static int parse_serial(struct kw_plant_options *options, const char *text,
                        struct kw_plant_diag *diag)
{
    return add_line(options, false, text, diag);
}

static int parse_tcp(struct kw_plant_options *options, const char *text,
                     struct kw_plant_diag *diag)
{
    return add_line(options, true, text, diag);
}

static int parse_control(struct kw_plant_options *options, const char *text,
                         struct kw_plant_diag *diag)
{
    (void)diag;
    options->control = text;
    return 0;
}

static int parse_ready(struct kw_plant_options *options, const char *text,
                       struct kw_plant_diag *diag)
{
    (void)text;
    (void)diag;
    options->ready = true;
    return 0;
}

static int parse_help(struct kw_plant_options *options, const char *text,
                      struct kw_plant_diag *diag)
{
    (void)text;
    (void)diag;
    options->help = true;
    return 0;
}

static const struct row {
    const char *name;
    bool has_value;
    int (*parse)(struct kw_plant_options *options, const char *text,
                 struct kw_plant_diag *diag);
} rows[] = {
    {"--maps", true, parse_maps},
    {"--quantities", true, parse_quantities},
    {"--dir", true, parse_dir},
    {"--seed", true, parse_seed},
    {"--start", true, parse_start},
    {"--speed", true, parse_speed},
    {"--turnaround", true, parse_turnaround},
    {"--strict", false, parse_strict},
    {"--true-speed", false, parse_true_speed},
    {"--absent", true, parse_absent},
    {"--serial", true, parse_serial},
    {"--tcp", true, parse_tcp},
    {"--control", true, parse_control},
    {"--ready", false, parse_ready},
    {"--help", false, parse_help},
};

static const struct row *find_row(const char *name)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].name, name) == 0)
            return &rows[i];
    return NULL;
}

int kw_plant_options_parse(struct kw_plant_options *options, int argc,
                           char **argv, struct kw_plant_diag *diag)
{
    *options = (struct kw_plant_options){
        .settings = {.folder = ".",
                     .speed = 1,
                     .era.seed = 1,
                     .turnaround_ns = 5000000},
    };
    if (parse_start(options, "now", diag) < 0)
        return -1;
    for (int i = 1; i < argc; i++) {
        const struct row *row = find_row(argv[i]);
        if (row == NULL)
            return kw_plant_say(diag, "'%s' is not an option; see --help",
                                argv[i]);
        if (row->has_value && ++i == argc)
            return kw_plant_say(diag, "%s needs a value", row->name);
        if (row->parse(options, argv[i], diag) < 0)
            return -1;
    }
    if (options->help)
        return 0;
    if (options->maps == NULL)
        return kw_plant_say(diag, "--maps DIR is needed");
    if (options->count == 0)
        return kw_plant_say(diag, "expected --serial or --tcp lines");
    return 0;
}
