/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A scan on a line that this program opens itself. The loop runs until the
 * scan has ended; then scan, signals and resolver are closed and it runs until
 * nothing is left.
 */
#include "cli/scan.h"

#include "base/json.h"
#include "base/mem.h"
#include "cli/line.h"
#include "core/core.h"
#include "meter/library.h"
#include "meter/scan.h"
#include "net/resolve.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

enum { SCAN_MAX_BYTES = 16 << 20 };

struct here {
    struct kw_core core;
    struct kw_loop loop;
    const struct kw_options *options;
    const struct kw_meter_conf *conf; /* NULL: the line is none of a file */
    struct kw_meter_scan *scan;
    struct kw_life life; /* of the two signals */
    uv_signal_t interrupt, terminate;
    int code;
};

/* Calls use with the scan as JSON and as a tree. */
static void with_tree(struct here *here,
                      void (*use)(struct here *here, const struct kw_node *root,
                                  const char *json))
{
    struct kw_node *root = NULL;
    struct kw_arena arena;
    struct kw_diag diag;
    struct kw_json json;
    struct kw_buf out;

    kw_arena_init(&arena, 2 * SCAN_MAX_BYTES);
    kw_diag_init(&diag);
    kw_buf_init(&out, SCAN_MAX_BYTES);
    kw_json_init(&json, &out);
    kw_meter_scan_format(here->scan, &json);
    if (kw_conf_parse_json(kw_buf_text(&out), out.length, &arena, &root,
                           &diag) == 0)
        use(here, root, kw_buf_text(&out));
    kw_buf_fini(&out);
    kw_diag_fini(&diag);
    kw_arena_fini(&arena);
}

static void show(struct here *here, const struct kw_node *root,
                 const char *json)
{
    (void)here;
    (void)json;
    kw_scan_print_progress(root);
}

static void print(struct here *here, const struct kw_node *root,
                  const char *json)
{
    here->code = kw_scan_print(here->options, root, json);
}

static void on_changed(void *arg, struct kw_meter_scan *scan)
{
    struct here *here = arg;

    if (scan->state == KW_METER_SCAN_RUNNING)
        with_tree(here, show);
    else
        uv_stop(&here->loop.uv);
}

/* The configuration's meters on the line; none of them is polled here. */
static bool on_known(void *arg, const struct kw_meter_scan *scan, unsigned unit,
                     struct kw_meter_scan_known *known)
{
    const struct here *here = arg;

    for (size_t i = 0; here->conf != NULL && i < here->conf->meters.count;
         i++) {
        const struct kw_meter_entry *entry = kw_meter_conf_meter(here->conf, i);

        if (entry->unit != (int64_t)unit ||
            strcmp(entry->line, scan->conf->name) != 0)
            continue;
        *known = (struct kw_meter_scan_known){.name = entry->name};
        return true;
    }
    return false;
}

static bool on_taken(void *arg, const char *name)
{
    const struct here *here = arg;

    for (size_t i = 0; here->conf != NULL && i < here->conf->meters.count;
         i++) {
        if (strcmp(kw_meter_conf_meter(here->conf, i)->name, name) == 0)
            return true;
    }
    return false;
}

static void on_scan_gone(void *arg)
{
    (void)arg;
}

static void on_resolver_closed(void *arg)
{
    (void)arg;
}

static void on_signals_gone(struct kw_life *life)
{
    (void)life;
}

static void on_signal(uv_signal_t *signal, int number)
{
    struct here *here = signal->data;

    (void)number;
    kw_meter_scan_end(here->scan, KW_METER_SCAN_CANCELLED, "interrupted");
}

static void open_signals(struct here *here)
{
    kw_life_init(&here->life, on_signals_gone);
    uv_signal_init(&here->loop.uv, &here->interrupt);
    kw_life_hold(&here->life);
    uv_signal_init(&here->loop.uv, &here->terminate);
    kw_life_hold(&here->life);
    here->interrupt.data = here->terminate.data = here;
    uv_signal_start(&here->interrupt, on_signal, SIGINT);
    uv_signal_start(&here->terminate, on_signal, SIGTERM);
}

static void close_signals(struct here *here)
{
    (void)kw_life_close(&here->life);
    kw_life_close_handle(&here->life, (uv_handle_t *)&here->interrupt);
    kw_life_close_handle(&here->life, (uv_handle_t *)&here->terminate);
}

static void scan_on_loop(struct here *here,
                         const struct kw_meter_scan_options *options)
{
    const struct kw_meter_scan_owner owner = {on_changed, on_known, on_taken,
                                              on_scan_gone, here};

    if (kw_resolver_new(&here->core.resolver, &here->loop) != 0)
        return;
    if (kw_meter_scan_new(&here->scan, &here->core, options, &owner) == 0) {
        open_signals(here);
        kw_loop_run(&here->loop);
        with_tree(here, print);
        kw_meter_scan_free(here->scan);
        close_signals(here);
    }
    kw_resolver_close(here->core.resolver, on_resolver_closed, NULL);
    kw_loop_run(&here->loop);
}

static int scan_line(struct here *here, const struct kw_env *env,
                     struct kw_meter_scan_options *options)
{
    struct kw_meter_library library;
    struct kw_diag diag;
    int err;

    here->code = KW_EXIT_FAILED;
    kw_diag_init(&diag);
    kw_meter_library_init(&library, env);
    err = kw_meter_library_all(&library, &diag);
    kw_print_diag(&diag); /* maps that are wrong are left out */
    options->library = &library;
    if (err == 0 && kw_loop_init(&here->loop, &kw_clock_system) == 0) {
        here->core.loop = &here->loop;
        here->core.clock = &kw_clock_system;
        scan_on_loop(here, options);
        if (kw_loop_fini(&here->loop) != 0)
            here->code = KW_EXIT_FAILED;
    }
    kw_meter_library_fini(&library);
    kw_diag_fini(&diag);
    return here->code;
}

/* Fills what the options and the kind of line say. */
static int prepare(struct kw_meter_scan_options *options,
                   const struct kw_scan_target *target,
                   struct kw_meter_speed speeds[KW_METER_SPEEDS_MAX])
{
    const struct kw_meter_serial_conf *serial = options->conf->serial;
    bool tcp = options->conf->tcp != NULL;

    if (kw_meter_units_parse(target->units, tcp ? 0 : 1, tcp ? 255 : 247,
                             &options->units) != 0) {
        fprintf(stderr, "--units %s: expected units from %d to %d\n",
                target->units, tcp ? 0 : 1, tcp ? 255 : 247);
        return KW_EXIT_USAGE;
    }
    if (target->search && serial == NULL) {
        fprintf(stderr, "--search: only serial lines have a speed\n");
        return KW_EXIT_USAGE;
    }
    if (target->search)
        options->speeds_count = kw_meter_speeds(
            &(struct kw_meter_speed){serial->baud, serial->parity,
                                     serial->stop_bits},
            speeds);
    options->speeds = speeds;
    return KW_EXIT_DONE;
}

int kw_scan_here(const struct kw_options *options,
                 const struct kw_scan_target *target)
{
    struct kw_meter_scan_options scan = {.identify = true};
    struct kw_meter_speed speeds[KW_METER_SPEEDS_MAX];
    struct here *here = kw_alloc(sizeof(*here));
    struct kw_loaded loaded;
    int code = KW_EXIT_FAILED;

    if (kw_load(&loaded, options) != 0) {
        kw_print_diag(&loaded.diag);
    } else if (here != NULL) {
        here->options = options;
        code = kw_cli_find_line(&loaded, target->line, &scan.conf);
        if (code == KW_EXIT_DONE)
            code = prepare(&scan, target, speeds);
        if (code == KW_EXIT_DONE) {
            if (!kw_meter_spec_is(target->line))
                here->conf = kw_cli_meter_conf(&loaded);
            code = scan_line(here, &loaded.env, &scan);
        }
    }
    kw_loaded_fini(&loaded);
    kw_free(here);
    return code;
}
