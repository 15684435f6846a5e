/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kilowatch read LINE UNIT PROFILE [LOAD]: reads a meter once. A line by name
 * is asked for through the running gateway, which has the port; without one,
 * or for a line given as rtu:..., tcp:... or rtu-tcp:..., it is opened here.
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

/* The answer of POST /read as a table. */
static int print_reading(const char *body, bool json)
{
    const struct kw_node *values, *attributes;
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
    if (err == 0 && values != NULL && attributes != NULL) {
        printf("%s, unit %s on %s\n", kw_node_text(root, "title"),
               kw_node_text(root, "unit"), kw_node_text(root, "line"));
        for (const struct kw_node *at = attributes->first; at != NULL;
             at = at->next)
            printf("%-36s %s\n", at->key, at->text);
        print_values(values);
    }
    kw_diag_fini(&diag);
    kw_arena_fini(&arena);
    return err == 0 ? KW_EXIT_DONE : KW_EXIT_FAILED;
}

/* --- through the running gateway */

static int ask_gateway(const struct kw_options *options,
                       const struct target *target, bool *runs)
{
    char request[512], *body;
    int status, code = KW_EXIT_FAILED;

    snprintf(request, sizeof(request),
             "{\"method\":\"POST\",\"path\":\"/read\",\"body\":{\"line\":"
             "\"%s\",\"unit\":%d,\"profile\":\"%s\",\"load\":%d}}",
             target->line, (int)target->unit, target->profile,
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

static int read_here(const struct kw_env *env, const struct target *target,
                     const struct kw_meter_line_conf *conf, bool json)
{
    struct here *here = kw_alloc(sizeof(*here));
    struct kw_meter_library library;
    struct kw_map *map;
    struct kw_diag diag;
    int err = here != NULL ? 0 : KW_ENOMEM, code = KW_EXIT_NO;

    kw_meter_library_init(&library, env);
    kw_diag_init(&diag);
    if (err == 0)
        err = kw_meter_library_get(&library, target->profile, &map, &diag);
    kw_print_diag(&diag);
    if (err != 0) {
        fprintf(stderr, "the register map %s: %s\n", target->profile,
                kw_strerror(err));
    } else if (!kw_meter_map_has_load(map, target->load)) {
        fprintf(stderr, "%s has no load %d\n", map->name, (int)target->load);
    } else if (kw_loop_init(&here->loop, &kw_clock_system) == 0) {
        here->core.loop = &here->loop;
        here->core.clock = &kw_clock_system;
        code = KW_EXIT_FAILED;
        if (kw_meter_once_init(&here->once, map, (uint8_t)target->unit,
                               (unsigned)target->load) == 0) {
            code = read_on_loop(here, conf, json);
            kw_meter_once_fini(&here->once);
        }
        if (kw_loop_fini(&here->loop) != 0)
            code = KW_EXIT_FAILED;
    }
    kw_diag_fini(&diag);
    kw_meter_library_fini(&library);
    kw_free(here);
    return code;
}

static bool read_words(struct target *target, int argc, char **argv)
{
    if (argc < 3 || argc > 4)
        return false;
    target->line = argv[0];
    target->profile = argv[2];
    target->load = 1;
    return kw_text_parse_i64(argv[1], &target->unit) == 0 &&
           target->unit >= 0 && target->unit <= 255 &&
           kw_text_is_name(target->profile) &&
           (kw_meter_spec_is(target->line) || kw_text_is_name(target->line)) &&
           (argc == 3 || (kw_text_parse_i64(argv[3], &target->load) == 0 &&
                          target->load >= 1 && target->load <= 999));
}

int kw_cli_read(const struct kw_options *options, int argc, char **argv)
{
    const struct kw_meter_line_conf *line;
    struct kw_loaded loaded;
    struct target target;
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
