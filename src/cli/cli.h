/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sub-commands as rows. Exit codes everywhere: 0 done, 1 the answer is no
 * (invalid, not found, refused), 2 wrong use, 3 could not run.
 */
#ifndef KW_CLI_CLI_H
#define KW_CLI_CLI_H

#include "core/conf.h"
#include "core/registry.h"

#include <stdbool.h>

/* Where the state is when --state doesn't say. */
#define KW_STATE_DIR "/var/lib/kilowatch"

enum kw_exit {
    KW_EXIT_DONE = 0,
    KW_EXIT_NO = 1,
    KW_EXIT_USAGE = 2,
    KW_EXIT_FAILED = 3,
};

/* Options that every command takes. */
struct kw_options {
    const char *config; /* --config FILE; NULL: not given */
    const char *state;  /* --state DIR */
    const char *share;  /* --share DIR: register maps, quantities */
    const char *web;    /* --web DIR: the built web application */
    bool locked;        /* --config-locked */
    bool json;          /* --json */
    bool debug;         /* --debug */
    bool help;          /* --help */
    const char *from, *to, *step, *points; /* of export */
    const char *registers;                 /* --registers 3:0-9: of read */
    const char *units;                     /* --units 1-32,100: of scan */
    bool search;                           /* --search: of scan */
    bool yaml;                             /* --yaml: of scan */
};

struct kw_command {
    const char *name;
    const char *usage; /* what stands behind the name */
    const char *help;  /* one line */
    /* argv[0] is the first word behind the command's name. */
    int (*run)(const struct kw_options *options, int argc, char **argv);
};

extern const struct kw_command kw_commands[]; /* {0} ends */

int kw_cli_serve(const struct kw_options *options, int argc, char **argv);
int kw_cli_check(const struct kw_options *options, int argc, char **argv);
int kw_cli_schema(const struct kw_options *options, int argc, char **argv);
int kw_cli_status(const struct kw_options *options, int argc, char **argv);
int kw_cli_read(const struct kw_options *options, int argc, char **argv);
int kw_cli_scan(const struct kw_options *options, int argc, char **argv);
int kw_cli_export(const struct kw_options *options, int argc, char **argv);
int kw_cli_config(const struct kw_options *options, int argc, char **argv);
int kw_cli_user(const struct kw_options *options, int argc, char **argv);
int kw_cli_tables(const struct kw_options *options, int argc, char **argv);

/* --- what commands share (load.c) */

/* A configuration file read and, if asked, validated. */
struct kw_loaded {
    struct kw_env env;
    struct kw_quantities *quantities;
    struct kw_registry *registry;
    struct kw_arena arena;
    struct kw_node *root;    /* NULL: there is no file */
    struct kw_conf_set *set; /* held */
    struct kw_diag diag;
};

/* Reads quantities and the file (options->config, or the usual one when it
 * exists). Findings in loaded->diag. kw_loaded_fini in every case. */
KW_MUST_CHECK int kw_load(struct kw_loaded *loaded,
                          const struct kw_options *options);
/* Validates loaded->root (NULL: an empty configuration). */
KW_MUST_CHECK int kw_load_check(struct kw_loaded *loaded);
void kw_loaded_fini(struct kw_loaded *loaded);

/* The whole file, at most ceiling bytes; caller frees with kw_free. */
KW_MUST_CHECK int kw_read_file(const char *path, size_t ceiling, char **text,
                               size_t *length);

/* Prints errors and warnings to standard error, one a line. */
void kw_print_diag(const struct kw_diag *diag);

/*
 * One request over the control socket: the answer's status and its body as
 * text (caller frees). 0: no gateway runs there. -1: it could not be asked,
 * printed why.
 */
int kw_cli_ask(const struct kw_options *options, const char *request,
               char **body);

/* The text of a child, "" when there is none. */
const char *kw_node_text(const struct kw_node *node, const char *key);

/* Prints the detail of a problem document. */
void kw_print_problem(const char *body);

#endif
