/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kilowatch scan LINE: looks for meters on a line. A line by name is scanned
 * by the running gateway, which has the port, and this program asks it how it
 * goes; without one, or for a line given as rtu:..., tcp:... or rtu-tcp:...,
 * the line is opened here (scan_here.c). Ctrl-C ends the scan; what was found
 * until then is printed.
 */
#include "cli/scan.h"

#include "base/mem.h"
#include "base/text.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    ARENA_MAX_BYTES = 32 << 20,
    REQUEST_MAX_BYTES = 4096,
    ASK_MS = 250, /* how often the gateway is asked how it goes */
};

/* --- printing */

/* "12 of 247 units, 3 found" on one line that is written over and over. */
void kw_scan_print_progress(const struct kw_node *scan)
{
    size_t found = 0;

    for (const struct kw_node *at = kw_node_get(scan, "found")->first;
         at != NULL; at = at->next)
        found++;
    if (isatty(2) != 0)
        fprintf(stderr, "\r%s of %s units, %zu found  %-16s",
                kw_node_text(scan, "done"), kw_node_text(scan, "total"), found,
                kw_node_text(scan, "settings"));
}

static void end_progress(void)
{
    if (isatty(2) != 0)
        fprintf(stderr, "\r%60s\r", "");
}

/* The profile that fits best, "" when none does. */
static const char *best_profile(const struct kw_node *found)
{
    return kw_node_text(kw_node_get(found, "proposals")->first, "profile");
}

/* What people want to know of a unit in one column. */
static void describe(const struct kw_node *found, char *text, size_t size)
{
    const char *meter = kw_node_text(found, "meter");
    const char *make = kw_node_text(found, "make");
    const char *model = kw_node_text(found, "model");
    const char *remark = kw_node_text(found, "text");
    const char *title =
        kw_node_text(kw_node_get(found, "proposals")->first, "title");

    if (strcmp(kw_node_text(found, "state"), "found") != 0)
        snprintf(text, size, "%s: %s", kw_node_text(found, "state"), remark);
    else if (meter[0] != 0)
        snprintf(text, size, "%s (configured)", meter);
    else if (make[0] != 0 || model[0] != 0)
        snprintf(text, size, "%s%s%s", make, make[0] != 0 ? " " : "", model);
    else
        snprintf(text, size, "%s", title[0] != 0 ? title : remark);
}

static void print_table(const struct kw_node *scan)
{
    printf("%4s  %-34s %-28s %5s  %s\n", "unit", "what", "profile", "score",
           "settings");
    for (const struct kw_node *at = kw_node_get(scan, "found")->first;
         at != NULL; at = at->next) {
        const struct kw_node *best = kw_node_get(at, "proposals")->first;
        char what[160];

        describe(at, what, sizeof(what));
        printf("%4s  %-34s %-28s %5s  %s\n", kw_node_text(at, "unit"), what,
               best_profile(at), kw_node_text(best, "score"),
               kw_node_text(at, "settings"));
        for (best = best != NULL ? best->next : NULL; best != NULL;
             best = best->next)
            printf("%4s  %-34s %-28s %5s\n", "", "or",
                   kw_node_text(best, "profile"), kw_node_text(best, "score"));
    }
}

/* One entry a load; a meter with one load is called by its name alone. */
static void print_entries(const struct kw_node *found, const char *line)
{
    const struct kw_node *loads = kw_node_get(found, "loads")->first;
    bool many = loads != NULL && loads->next != NULL;

    for (; loads != NULL; loads = loads->next) {
        printf("  - { name: %s", kw_node_text(found, "name"));
        if (many)
            printf("_%s", loads->text);
        printf(", line: %s, unit: %s, profile: %s", line,
               kw_node_text(found, "unit"), best_profile(found));
        if (strcmp(loads->text, "1") != 0)
            printf(", load: %s", loads->text);
        printf(", every: %s }\n", kw_node_text(found, "every"));
    }
}

/* What is new, to be pasted below `meters:`; the others as remarks. */
static void print_yaml(const struct kw_node *scan)
{
    const char *line = kw_node_text(scan, "line");

    printf("meters:\n");
    for (const struct kw_node *at = kw_node_get(scan, "found")->first;
         at != NULL; at = at->next) {
        char what[160];

        describe(at, what, sizeof(what));
        printf("  # unit %s%s%s: %s\n", kw_node_text(at, "unit"),
               kw_node_text(at, "settings")[0] != 0 ? " at " : "",
               kw_node_text(at, "settings"), what);
        if (kw_node_text(at, "meter")[0] == 0 && best_profile(at)[0] != 0)
            print_entries(at, kw_meter_spec_is(line) ? "LINE" : line);
    }
}

static bool has_meter(const struct kw_node *scan)
{
    const struct kw_node *at = kw_node_get(scan, "found")->first;

    while (at != NULL && strcmp(kw_node_text(at, "state"), "found") != 0)
        at = at->next;
    return at != NULL;
}

int kw_scan_print(const struct kw_options *options, const struct kw_node *scan,
                  const char *json)
{
    const char *state = kw_node_text(scan, "state");
    const char *text = kw_node_text(scan, "text");

    end_progress();
    if (options->json)
        printf("%s\n", json);
    else if (options->yaml)
        print_yaml(scan);
    else
        print_table(scan);
    if (text[0] != 0)
        fprintf(stderr, "%s: %s\n", state, text);
    if (strcmp(state, "failed") == 0)
        return KW_EXIT_FAILED;
    return has_meter(scan) ? KW_EXIT_DONE : KW_EXIT_NO;
}

/* --- through the running gateway */

static volatile sig_atomic_t interrupted;

static void on_interrupt(int number)
{
    (void)number;
    interrupted = 1;
}

/* The scan of the line among those of GET /scan. */
static const struct kw_node *find_scan(const struct kw_node *root,
                                       const char *line)
{
    const struct kw_node *scans = kw_node_get(root, "scans");
    const struct kw_node *at = scans != NULL ? scans->first : NULL;

    while (at != NULL && strcmp(kw_node_text(at, "line"), line) != 0)
        at = at->next;
    return at;
}

/* Asks how the scan goes; -1 go on, or the exit code. */
static int look(const struct kw_options *options,
                const struct kw_scan_target *target)
{
    const struct kw_node *scan;
    struct kw_node *root = NULL;
    struct kw_arena arena;
    struct kw_diag diag;
    struct kw_buf json;
    int code = KW_EXIT_FAILED;
    char *body;

    if (kw_cli_ask(options, "{\"method\":\"GET\",\"path\":\"/scan\"}", &body) !=
        200) {
        kw_free(body);
        return code;
    }
    kw_arena_init(&arena, ARENA_MAX_BYTES);
    kw_diag_init(&diag);
    kw_buf_init(&json, ARENA_MAX_BYTES);
    if (kw_conf_parse_json(body, strlen(body), &arena, &root, &diag) == 0 &&
        (scan = find_scan(root, target->line)) != NULL) {
        code = -1;
        if (strcmp(kw_node_text(scan, "state"), "running") == 0) {
            kw_scan_print_progress(scan);
        } else {
            kw_node_format_json(scan, &json);
            code = kw_scan_print(options, scan, kw_buf_text(&json));
        }
    }
    kw_buf_fini(&json);
    kw_diag_fini(&diag);
    kw_arena_fini(&arena);
    kw_free(body);
    return code;
}

static void cancel(const struct kw_options *options,
                   const struct kw_scan_target *target)
{
    char request[256], *body;

    snprintf(request, sizeof(request),
             "{\"method\":\"DELETE\",\"path\":\"/scan?line=%s\"}",
             target->line);
    (void)kw_cli_ask(options, request, &body);
    kw_free(body);
}

static int follow(const struct kw_options *options,
                  const struct kw_scan_target *target)
{
    const struct timespec pause = {0, ASK_MS * 1000000L};
    struct sigaction action = {.sa_handler = on_interrupt};
    int code;

    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    while ((code = look(options, target)) < 0) {
        (void)nanosleep(&pause, NULL); /* ended early by Ctrl-C */
        if (interrupted != 0)
            cancel(options, target);
    }
    return code;
}

static int ask_gateway(const struct kw_options *options,
                       const struct kw_scan_target *target, bool *runs)
{
    char request[REQUEST_MAX_BYTES], *body;
    int status, code = KW_EXIT_FAILED;

    snprintf(request, sizeof(request),
             "{\"method\":\"POST\",\"path\":\"/scan\",\"body\":{\"line\":"
             "\"%s\",\"units\":\"%s\",\"search\":\"%s\"}}",
             target->line, target->units, target->search ? "true" : "false");
    status = kw_cli_ask(options, request, &body);
    *runs = status != 0;
    if (status > 0 && status != 202) {
        kw_print_problem(body);
        code = KW_EXIT_NO;
    }
    kw_free(body);
    return status == 202 ? follow(options, target) : code;
}

int kw_cli_scan(const struct kw_options *options, int argc, char **argv)
{
    struct kw_scan_target target = {
        .units = options->units != NULL ? options->units : "1-247",
        .search = options->search,
    };
    struct kw_meter_units units;
    bool runs;
    int code;

    if (argc != 1 || (!kw_meter_spec_is(argv[0]) && !kw_text_is_name(argv[0])))
        return KW_EXIT_USAGE;
    if (kw_meter_units_parse(target.units, 0, 255, &units) != 0) {
        fprintf(stderr, "--units %s: expected units and ranges, 1-32,100\n",
                target.units);
        return KW_EXIT_USAGE;
    }
    target.line = argv[0];
    if (!kw_meter_spec_is(target.line)) {
        code = ask_gateway(options, &target, &runs);
        if (runs)
            return code;
    }
    return kw_scan_here(options, &target);
}
