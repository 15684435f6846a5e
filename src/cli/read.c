/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kilowatch read LINE UNIT PROFILE [LOAD]: reads a meter once; with
 * --registers 3:3059-3070 instead of the profile the registers are shown in
 * every form that is usual. A line by name is asked for through the running
 * gateway, which has the port; without one, or for a line given as rtu:...,
 * tcp:... or rtu-tcp:..., it is opened here.
 */
#include "cli/cli.h"

#include "base/mem.h"
#include "base/text.h"
#include "cli/line.h"
#include "core/core.h"
#include "meter/library.h"
#include "meter/meter.h"
#include "meter/once.h"
#include "meter/spec.h"
#include "net/resolve.h"

#include <stdio.h>
#include <string.h>

enum { ANSWER_MAX_BYTES = 1 << 20, ARENA_MAX_BYTES = 8 << 20 };

/* What is to be read. */
struct target {
    const char *line, *profile;
    const char *registers; /* as written; NULL: the profile */
    struct kw_meter_range range;
    int64_t unit, load;
};

static void print_values(const struct kw_node *values)
{
    for (const struct kw_node *at = values->first; at != NULL; at = at->next) {
        const char *value = kw_node_text(at, "value");
        const char *unit = kw_node_text(at, "unit");

        if (value[0] == 0)
            printf("%-36s %18s\n", kw_node_text(at, "quantity"),
                   kw_node_text(at, "quality"));
        else
            printf("%-36s %18s %s\n", kw_node_text(at, "quantity"), value,
                   strcmp(unit, "1") == 0 ? "" : unit);
    }
}

static void print_orders(const struct kw_node *of, int width)
{
    static const char *const orders[] = {"ABCD", "CDAB", "BADC", "DCBA"};
    double value;

    for (size_t i = 0; i < 4; i++) {
        const char *text = kw_node_text(of, orders[i]);

        /* Six digits tell whether it makes sense. */
        if (kw_text_parse_real(text, &value) != 0)
            printf(" %*s", width, "-");
        else if (width > 11)
            printf(" %*.6g", width, value);
        else
            printf(" %*s", width, text);
    }
}

/* All readings of each register side by side. */
static void print_registers(const struct kw_node *root,
                            const struct kw_node *registers)
{
    printf("unit %s on %s, function %s\n", kw_node_text(root, "unit"),
           kw_node_text(root, "line"), kw_node_text(root, "function"));
    printf("%7s %-4s %-2s %5s %6s |%10s u32 of this and the next %8s |%13s "
           "f32 of this and the next\n",
           "", "", "", "", "", "", "", "");
    printf("%7s %-4s %-2s %5s %6s | %10s %10s %10s %10s | %12s %12s %12s "
           "%12s\n",
           "address", "hex", "", "u16", "s16", "ABCD", "CDAB", "BADC", "DCBA",
           "ABCD", "CDAB", "BADC", "DCBA");
    for (const struct kw_node *at = registers->first; at != NULL;
         at = at->next) {
        printf("%7s %-4s %-2s %5s %6s |", kw_node_text(at, "address"),
               kw_node_text(at, "hex"), kw_node_text(at, "text"),
               kw_node_text(at, "u16"), kw_node_text(at, "s16"));
        if (at->next != NULL) {
            print_orders(kw_node_get(at, "u32"), 10);
            printf(" |");
            print_orders(kw_node_get(at, "f32"), 12);
        }
        printf("\n");
    }
}

/* The answer of POST /read as a table. */
static int print_reading(const char *body, bool json)
{
    const struct kw_node *values, *attributes, *registers;
    struct kw_node *root = NULL;
    struct kw_arena arena;
    struct kw_diag diag;
    int err;

    if (json)
        return printf("%s\n", body) > 0 ? KW_EXIT_DONE : KW_EXIT_FAILED;
    kw_arena_init(&arena, ARENA_MAX_BYTES);
    kw_diag_init(&diag);
    err = kw_conf_parse_json(body, strlen(body), &arena, &root, &diag);
    values = kw_node_get(root, "values");
    attributes = kw_node_get(root, "attributes");
    registers = kw_node_get(root, "registers");
    if (err == 0 && values != NULL && attributes != NULL) {
        printf("%s, unit %s on %s\n", kw_node_text(root, "title"),
               kw_node_text(root, "unit"), kw_node_text(root, "line"));
        for (const struct kw_node *at = attributes->first; at != NULL;
             at = at->next)
            printf("%-36s %s\n", at->key, at->text);
        print_values(values);
    } else if (err == 0 && registers != NULL) {
        print_registers(root, registers);
    } else if (err == 0) {
        fprintf(stderr, "the meter refuses these registers (%s)\n",
                kw_node_text(root, "quality"));
        err = KW_ENOTFOUND;
    }
    kw_diag_fini(&diag);
    kw_arena_fini(&arena);
    return err == 0              ? KW_EXIT_DONE
           : err == KW_ENOTFOUND ? KW_EXIT_NO
                                 : KW_EXIT_FAILED;
}

/* --- through the running gateway */

static int ask_gateway(const struct kw_options *options,
                       const struct target *target, bool *runs)
{
    char request[512], *body;
    int status, code = KW_EXIT_FAILED;

    snprintf(request, sizeof(request),
             "{\"method\":\"POST\",\"path\":\"/read\",\"body\":{\"line\":"
             "\"%s\",\"unit\":%d,\"%s\":\"%s\",\"load\":%d}}",
             target->line, (int)target->unit,
             target->registers != NULL ? "registers" : "profile",
             target->registers != NULL ? target->registers : target->profile,
             (int)target->load);
    status = kw_cli_ask(options, request, &body);
    *runs = status != 0;
    if (status == 200) {
        code = print_reading(body, options->json);
    } else if (status > 0) {
        kw_print_problem(body);
        code = KW_EXIT_NO;
    }
    kw_free(body);
    return code;
}

/* --- on a line that is opened here */

struct here {
    struct kw_core core;
    struct kw_loop loop;
    struct kw_meter_once once;
    struct kw_meter_line *line;
};

static void on_line_state(void *arg, enum kw_meter_line_state state)
{
    (void)arg; /* a line that is down ends the reading by itself */
    (void)state;
}

static void on_gone(void *arg)
{
    (void)arg;
}

static void on_resolver_closed(void *arg)
{
    (void)arg;
}

/* All is read, or it can't be: the loop ends when all has closed. */
static void on_done(struct kw_meter_once *once)
{
    struct here *here = once->arg;

    if (!once->answered) {
        const char *why = kw_meter_line_text(here->line);

        fprintf(stderr, "%s\n", why[0] != 0 ? why : "no answer");
    }
    uv_stop(&here->loop.uv);
}

static int print_once(const struct kw_meter_once *once, bool json)
{
    struct kw_buf out;
    int code = KW_EXIT_FAILED;

    if (!once->answered)
        return KW_EXIT_NO;
    kw_buf_init(&out, ANSWER_MAX_BYTES);
    kw_meter_once_format(once, &out);
    if (kw_buf_err(&out) == 0)
        code = print_reading(kw_buf_text(&out), json);
    kw_buf_fini(&out);
    return code;
}

static int read_on_loop(struct here *here,
                        const struct kw_meter_line_conf *conf, bool json)
{
    struct kw_meter_line_owner owner = {on_line_state, on_gone, NULL};
    int err = kw_resolver_new(&here->core.resolver, &here->loop);
    int code = KW_EXIT_FAILED;

    if (err != 0)
        return code;
    err = kw_meter_line_new(&here->line, &here->core, conf, 1, &owner);
    if (err == 0) {
        here->once.done = on_done;
        here->once.arg = here;
        err = kw_meter_once_start(&here->once, here->line, &kw_clock_system);
        if (err == 0)
            kw_loop_run(&here->loop);
        if (err == 0)
            code = print_once(&here->once, json);
        kw_meter_line_close(here->line);
    }
    kw_resolver_close(here->core.resolver, on_resolver_closed, NULL);
    kw_loop_run(&here->loop);
    return code;
}

/* map NULL: the range. */
static int run_here(struct here *here, const struct target *target,
                    struct kw_map *map, const struct kw_meter_line_conf *conf,
                    bool json)
{
    int code = KW_EXIT_FAILED, err;

    if (kw_loop_init(&here->loop, &kw_clock_system) != 0)
        return code;
    here->core.loop = &here->loop;
    here->core.clock = &kw_clock_system;
    err = map == NULL
              ? kw_meter_once_init_range(&here->once, (uint8_t)target->unit,
                                         &target->range)
              : kw_meter_once_init(&here->once, map, (uint8_t)target->unit,
                                   (unsigned)target->load);
    if (err == 0) {
        code = read_on_loop(here, conf, json);
        kw_meter_once_fini(&here->once);
    }
    return kw_loop_fini(&here->loop) == 0 ? code : KW_EXIT_FAILED;
}

static int read_profile(struct here *here, struct kw_meter_library *library,
                        const struct target *target,
                        const struct kw_meter_line_conf *conf, bool json)
{
    struct kw_map *map;
    struct kw_diag diag;
    int err;

    kw_diag_init(&diag);
    err = kw_meter_library_get(library, target->profile, &map, &diag);
    kw_print_diag(&diag);
    kw_diag_fini(&diag);
    if (err != 0) {
        fprintf(stderr, "the register map %s: %s\n", target->profile,
                kw_strerror(err));
        return KW_EXIT_NO;
    }
    if (!kw_meter_map_has_load(map, target->load)) {
        fprintf(stderr, "%s has no load %d\n", map->name, (int)target->load);
        return KW_EXIT_NO;
    }
    return run_here(here, target, map, conf, json);
}

static int read_here(const struct kw_env *env, const struct target *target,
                     const struct kw_meter_line_conf *conf, bool json)
{
    struct here *here = kw_alloc(sizeof(*here));
    struct kw_meter_library library;
    int code = KW_EXIT_FAILED;

    kw_meter_library_init(&library, env);
    if (here != NULL && target->registers != NULL)
        code = run_here(here, target, NULL, conf, json);
    else if (here != NULL)
        code = read_profile(here, &library, target, conf, json);
    kw_meter_library_fini(&library);
    kw_free(here);
    return code;
}

/* The words behind the unit: a profile and a load, or none. */
static bool read_what(struct target *target, int argc, char **argv)
{
    target->load = 1;
    if (target->registers != NULL)
        return argc == 0 &&
               kw_meter_range_parse(target->registers, &target->range);
    if (argc < 1 || argc > 2 || !kw_text_is_name(argv[0]))
        return false;
    target->profile = argv[0];
    return argc == 1 || (kw_text_parse_i64(argv[1], &target->load) == 0 &&
                         target->load >= 1 && target->load <= 999);
}

static bool read_words(struct target *target, int argc, char **argv)
{
    if (argc < 2)
        return false;
    target->line = argv[0];
    return kw_text_parse_i64(argv[1], &target->unit) == 0 &&
           target->unit >= 0 && target->unit <= 255 &&
           (kw_meter_spec_is(target->line) || kw_text_is_name(target->line)) &&
           read_what(target, argc - 2, argv + 2);
}

int kw_cli_read(const struct kw_options *options, int argc, char **argv)
{
    const struct kw_meter_line_conf *line;
    struct kw_loaded loaded;
    struct target target = {.registers = options->registers};
    bool runs = false;
    int code;

    if (!read_words(&target, argc, argv))
        return KW_EXIT_USAGE;
    if (!kw_meter_spec_is(target.line)) {
        code = ask_gateway(options, &target, &runs);
        if (runs)
            return code;
    }
    if (kw_load(&loaded, options) != 0) {
        kw_print_diag(&loaded.diag);
        code = KW_EXIT_FAILED;
    } else {
        code = kw_cli_find_line(&loaded, target.line, &line);
        if (code == KW_EXIT_DONE)
            code = read_here(&loaded.env, &target, line, options->json);
    }
    kw_loaded_fini(&loaded);
    return code;
}
