/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kilowatch read LINE UNIT PROFILE: reads one meter once and prints what it
 * gives. A LINE by name is read by the running gateway, between its polls;
 * one by address (rtu:..., tcp:..., rtu-tcp:...) on a loop of our own.
 */
#include "cli/cli.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "meter/library.h"
#include "meter/line.h"
#include "meter/once.h"
#include "meter/target.h"
#include "net/resolve.h"

#include <stdio.h>
#include <string.h>

enum { ANSWER_MAX_BYTES = 4 << 20 };

/* One reading on a loop of its own. */
struct reading {
    struct kw_loop loop;
    struct kw_log log;
    struct kw_core core;
    struct kw_meter_library library;
    struct kw_meter_line *line;
    struct kw_meter_once once;
    struct kw_buf out; /* the answer as JSON */
    bool started, answered, silent;
    int err;
};

/* Prints the JSON of a reading as a table. */
static int print_values(const char *body)
{
    struct kw_arena arena;
    struct kw_node *root = NULL;
    const struct kw_node *list;
    struct kw_diag diag;
    int err;

    kw_arena_init(&arena, 16 << 20);
    kw_diag_init(&diag);
    err = kw_conf_parse_json(body, strlen(body), &arena, &root, &diag);
    printf("%s\n", kw_node_text(root, "title"));
    list = kw_node_get(root, "values");
    for (const struct kw_node *at = list != NULL ? list->first : NULL;
         at != NULL; at = at->next)
        printf("  %-34s %16s %-5s %s\n", kw_node_text(at, "quantity"),
               kw_node_text(at, "value"), kw_node_text(at, "unit"),
               kw_node_text(at, "quality"));
    list = kw_node_get(root, "attributes");
    for (const struct kw_node *at = list != NULL ? list->first : NULL;
         at != NULL; at = at->next)
        printf("  %-34s %s\n", at->key, at->text != NULL ? at->text : "");
    kw_diag_fini(&diag);
    kw_arena_fini(&arena);
    return err == 0 ? KW_EXIT_DONE : KW_EXIT_FAILED;
}

static int show(const struct kw_options *options, const char *body)
{
    if (!options->json)
        return print_values(body);
    return printf("%s\n", body) > 0 ? KW_EXIT_DONE : KW_EXIT_FAILED;
}

static int read_by_gateway(const struct kw_options *options, const char *line,
                           uint64_t unit, const char *profile)
{
    struct kw_json json;
    struct kw_buf request;
    char *body = NULL;
    int status, code = KW_EXIT_FAILED;

    kw_buf_init(&request, 4096);
    kw_json_init(&json, &request);
    kw_json_object(&json, NULL);
    kw_json_text(&json, "method", "POST");
    kw_json_text(&json, "path", "/read");
    kw_json_object(&json, "body");
    kw_json_text(&json, "line", line);
    kw_json_uint(&json, "unit", unit);
    kw_json_text(&json, "profile", profile);
    kw_json_end_object(&json);
    kw_json_end_object(&json);
    status = kw_cli_ask(options, kw_buf_text(&request), &body);
    kw_buf_fini(&request);
    if (status == 0) {
        fprintf(stderr,
                "no gateway runs that knows the line %s; name it by address, "
                "for example rtu:/dev/ttyUSB0:38400:8N1\n",
                line);
    } else if (status == 200) {
        code = show(options, body);
    } else if (body != NULL) {
        kw_print_problem(body);
        code = status > 0 ? KW_EXIT_NO : KW_EXIT_FAILED;
    }
    kw_free(body);
    return code;
}

static void on_read(struct kw_meter_once *once)
{
    struct reading *reading = once->arg;

    reading->answered = true;
    reading->silent = !once->answered;
    kw_meter_once_format(once, &reading->out);
    kw_meter_once_fini(once);
    kw_meter_line_close(reading->line);
}

static void on_resolver_closed(void *arg)
{
    (void)arg;
}

static void on_line_gone(void *arg)
{
    struct reading *reading = arg;

    kw_resolver_close(reading->core.resolver, on_resolver_closed, NULL);
}

static void on_line_state(void *arg, enum kw_meter_line_state state)
{
    struct reading *reading = arg;

    if (state == KW_METER_LINE_UP && !reading->started) {
        reading->started = true;
        reading->err = kw_meter_once_start(&reading->once, reading->line,
                                           reading->core.clock);
        if (reading->err == 0)
            return;
    } else if (state != KW_METER_LINE_DOWN || reading->answered) {
        return;
    }
    fprintf(stderr, "the line can't be used: %s\n",
            reading->err != 0 ? kw_strerror(reading->err)
                              : kw_meter_line_text(reading->line));
    reading->err = KW_EIO;
    kw_meter_line_close(reading->line);
}

static int run_reading(struct reading *reading,
                       const struct kw_meter_line_conf *conf)
{
    const struct kw_meter_line_owner owner = {on_line_state, on_line_gone,
                                              reading};
    int err = kw_resolver_new(&reading->core.resolver, &reading->loop);

    if (err != 0)
        return err;
    reading->once.done = on_read;
    reading->once.arg = reading;
    err = kw_meter_line_new(&reading->line, &reading->core, conf, 4, &owner);
    if (err != 0)
        on_line_gone(reading);
    kw_loop_run(&reading->loop);
    return err != 0 ? err : reading->err;
}

static int read_on(const struct kw_options *options, struct kw_loaded *loaded,
                   const struct kw_meter_target *target, uint64_t unit,
                   const char *profile)
{
    struct reading reading = {.core.clock = &kw_clock_system};
    struct kw_map *map;
    int err, code = KW_EXIT_FAILED;

    kw_log_init(&reading.log, 2, KW_LOG_PLAIN, &kw_clock_system);
    atomic_store(&reading.log.level,
                 options->debug ? KW_LOG_DEBUG : KW_LOG_ERROR);
    reading.core.log = &reading.log;
    reading.core.loop = &reading.loop;
    reading.core.env = loaded->env;
    kw_buf_init(&reading.out, ANSWER_MAX_BYTES);
    kw_meter_library_init(&reading.library, &loaded->env);
    err = kw_meter_library_get(&reading.library, profile, &map, &loaded->diag);
    if (err == 0)
        err = kw_meter_once_init(&reading.once, map, (uint8_t)unit, 1);
    if (err != 0) {
        kw_print_diag(&loaded->diag);
        if (!kw_diag_any(&loaded->diag))
            fprintf(stderr, "profile %s: %s\n", profile, kw_strerror(err));
        kw_meter_library_fini(&reading.library);
        return KW_EXIT_NO;
    }
    err = kw_loop_init(&reading.loop, &kw_clock_system);
    if (err == 0) {
        err = run_reading(&reading, &target->conf);
        if (kw_loop_fini(&reading.loop) != 0)
            err = KW_EBUSY;
    }
    if (err == 0 && reading.silent) {
        fprintf(stderr, "unit %u does not answer on %s\n", (unsigned)unit,
                target->conf.name);
        code = KW_EXIT_NO;
    } else if (err == 0 && reading.answered) {
        code = show(options, kw_buf_text(&reading.out));
    }
    if (!reading.answered)
        kw_meter_once_fini(&reading.once);
    kw_buf_fini(&reading.out);
    kw_meter_library_fini(&reading.library);
    return code;
}

int kw_cli_read(const struct kw_options *options, int argc, char **argv)
{
    struct kw_loaded loaded;
    struct kw_meter_target target;
    uint64_t unit;
    int err, code;

    if (argc != 3)
        return KW_EXIT_USAGE;
    if (kw_text_parse_u64(argv[1], &unit) != 0 || unit > 255) {
        fprintf(stderr, "the unit is \"%s\", expected 0 to 255\n", argv[1]);
        return KW_EXIT_USAGE;
    }
    err = kw_meter_target_parse(argv[0], &target);
    if (err == KW_ENOTFOUND)
        return read_by_gateway(options, argv[0], unit, argv[2]);
    if (err != 0) {
        fprintf(stderr,
                "\"%s\" is no line, expected a name, rtu:DEVICE:BAUD:8N1, "
                "tcp:HOST:PORT or rtu-tcp:HOST:PORT\n",
                argv[0]);
        return KW_EXIT_USAGE;
    }
    err = kw_load(&loaded, options);
    if (err != 0)
        kw_print_diag(&loaded.diag);
    code = err == 0 ? read_on(options, &loaded, &target, unit, argv[2])
                    : KW_EXIT_FAILED;
    kw_loaded_fini(&loaded);
    return code;
}
