/* SPDX-License-Identifier: Apache-2.0 */
/* The program's entry: the table of commands, the options they share. */
#include "cli/cli.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

const struct kw_command kw_commands[] = {
    {"serve", "[--config FILE] [--state DIR] [--config-locked]",
     "run the gateway in the foreground", kw_cli_serve},
    {"check", "[--config FILE]", "validate a configuration", kw_cli_check},
    {"schema", "", "print the JSON Schema of the configuration", kw_cli_schema},
    {"status", "[--json]", "ask the running gateway how it is", kw_cli_status},
#ifdef KW_WITH_METER
    {"read", "LINE UNIT PROFILE [LOAD] | LINE UNIT --registers 3:0-9",
     "read one meter once, or registers in all forms", kw_cli_read},
    {"scan", "LINE [--units 1-247] [--search] [--yaml]",
     "find the meters on a line and name them", kw_cli_scan},
#endif
    {"export", "--points P,... --from T --to T [--step S]",
     "measured values as CSV on standard output", kw_cli_export},
    {"config", "export | history | diff [A [B]] | rollback N",
     "the revisions of the configuration", kw_cli_config},
#ifdef KW_WITH_AUTH
    {"user", "list | reset NAME", "the accounts, with the gateway stopped",
     kw_cli_user},
#endif
    {"tables", "MODULE settings|routes|metrics",
     "print the tables of a module's README", kw_cli_tables},
    {0},
};

static const struct option long_options[] = {
    {"config", required_argument, NULL, 'c'},
    {"state", required_argument, NULL, 's'},
    {"share", required_argument, NULL, 'S'},
    {"web", required_argument, NULL, 'w'},
    {"config-locked", no_argument, NULL, 'l'},
    {"json", no_argument, NULL, 'j'},
    {"debug", no_argument, NULL, 'd'},
    {"points", required_argument, NULL, 'p'},
    {"from", required_argument, NULL, 'f'},
    {"to", required_argument, NULL, 't'},
    {"step", required_argument, NULL, 'e'},
    {"units", required_argument, NULL, 'u'},
    {"registers", required_argument, NULL, 'g'},
    {"search", no_argument, NULL, 'r'},
    {"yaml", no_argument, NULL, 'y'},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {0},
};

static void print_usage(FILE *to)
{
    fprintf(to, "Usage: kilowatch COMMAND [options]\n\n");
    for (const struct kw_command *at = kw_commands; at->name != NULL; at++)
        fprintf(to, "  %-8s %-50s %s\n", at->name, at->usage, at->help);
    fprintf(to,
            "\nOptions of every command:\n"
            "  --state DIR    state folder (" KW_STATE_DIR ")\n"
            "  --share DIR    register maps and quantities (" KW_SHARE_DIR ")\n"
            "  --web DIR      the built web application\n"
            "  --json         machine-readable output\n"
            "  --debug        log more\n"
            "\nLINE is a name from the configuration or "
            "rtu:/dev/ttyUSB0:38400:8N1, tcp:HOST:502,\n"
            "rtu-tcp:HOST:503. Exit codes: 0 done, 1 the answer is no, "
            "2 wrong use, 3 could not run.\n");
}

static void take_option(struct kw_options *options, int which)
{
    switch (which) {
    case 'c':
        options->config = optarg;
        break;
    case 's':
        options->state = optarg;
        break;
    case 'S':
        options->share = optarg;
        break;
    case 'w':
        options->web = optarg;
        break;
    case 'p':
        options->points = optarg;
        break;
    case 'f':
        options->from = optarg;
        break;
    case 't':
        options->to = optarg;
        break;
    case 'e':
        options->step = optarg;
        break;
    case 'u':
        options->units = optarg;
        break;
    case 'g':
        options->registers = optarg;
        break;
    case 'r':
        options->search = true;
        break;
    case 'y':
        options->yaml = true;
        break;
    case 'l':
        options->locked = true;
        break;
    case 'j':
        options->json = true;
        break;
    default:
        options->debug = true;
        break;
    }
}

static int run_command(const struct kw_options *options, int argc, char **argv)
{
    const struct kw_command *at = kw_commands;
    int code;

    while (at->name != NULL && strcmp(at->name, argv[0]) != 0)
        at++;
    if (at->name == NULL) {
        fprintf(stderr, "kilowatch has no command %s; --help lists them\n",
                argv[0]);
        return KW_EXIT_USAGE;
    }
    if (options->help) {
        printf("Usage: kilowatch %s %s\n\n%s\n", at->name, at->usage, at->help);
        return KW_EXIT_DONE;
    }
    code = at->run(options, argc - 1, argv + 1);
    if (code == KW_EXIT_USAGE)
        fprintf(stderr, "Usage: kilowatch %s %s\n", at->name, at->usage);
    return code;
}

int main(int argc, char **argv)
{
    struct kw_options options = {0};
    int which;

    kw_conf_use_mem();
    while ((which = getopt_long(argc, argv, "h", long_options, NULL)) != -1) {
        if (which == '?')
            return KW_EXIT_USAGE;
        if (which == 'V') {
            printf("kilowatch %s\n", KW_VERSION);
            return KW_EXIT_DONE;
        }
        if (which == 'h')
            options.help = true;
        else
            take_option(&options, which);
    }
    if (optind < argc)
        return run_command(&options, argc - optind, argv + optind);
    print_usage(options.help ? stdout : stderr);
    return options.help ? KW_EXIT_DONE : KW_EXIT_USAGE;
}
