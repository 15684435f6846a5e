/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Happy path: begin, then pass after pass: the units of a pass one after the
 * other (next_unit), each asked for one register until it is clear whether
 * somebody is there (scan_unit.c), those that are through the dialogue of
 * identify.c. Units whose answer came late are asked again in a pass of their
 * own, with all the patience of the line. A search makes the passes: the
 * first ten units with each setting; with the setting that somebody answers
 * to, all the others.
 * Failures: the line is down: it ends as failed. The line has too many
 * requests waiting: again in a moment.
 * On the end, whatever the reason: the request is taken back, the own line is
 * closed, and when it is gone the suspended one is resumed and the state is
 * told. On free the same, without telling.
 */
#include "meter/scan_impl.h"

#include "base/mem.h"
#include "base/text.h"
#include "core/core.h"
#include "meter/copy.h"
#include "meter/library.h"
#include "meter/line.h"

#include <stdio.h>
#include <string.h>

enum {
    FIRST_UNITS = 10, /* that a search tries before the others */
    TELL_MS = 250,
    NOISE_UNITS = 3, /* garbled ones that are no chance any more */
    ARENA_MAX_BYTES = 64 << 10,
};

static uint64_t now_ns_of(const struct kw_meter_scan *scan)
{
    return kw_clock_mono_ns(scan->core->clock);
}

/* --- telling */

static void on_tell(uv_timer_t *timer);

/* at_once: the state, a find. Else when a quarter of a second has passed. */
void kw_meter_scan_tell(struct kw_meter_scan *scan, bool at_once)
{
    uint64_t since_ms = (now_ns_of(scan) - scan->told_ns) / 1000000;

    if (scan->life.closing)
        return;
    if (!at_once && since_ms < TELL_MS) {
        if (!uv_is_active((uv_handle_t *)&scan->tell_timer))
            uv_timer_start(&scan->tell_timer, on_tell, TELL_MS - since_ms, 0);
        return;
    }
    uv_timer_stop(&scan->tell_timer);
    scan->told_ns = now_ns_of(scan);
    scan->owner.changed(scan->owner.arg, scan);
}

static void on_tell(uv_timer_t *timer)
{
    kw_meter_scan_tell(timer->data, true);
}

/* --- the end */

static void resume(struct kw_meter_scan *scan)
{
    if (scan->suspended && scan->shared != NULL)
        kw_meter_line_resume(scan->shared);
    scan->suspended = false;
    scan->shared = NULL;
}

static void conclude(struct kw_meter_scan *scan)
{
    resume(scan);
    scan->state = scan->ending;
    scan->finished_ms = kw_clock_wall_ms(scan->core->clock);
    kw_meter_scan_tell(scan, true);
}

static void open_own(struct kw_meter_scan *scan);

static void on_own_gone(void *arg)
{
    struct kw_meter_scan *scan = arg;

    scan->own = NULL;
    if (scan->ending == KW_METER_SCAN_RUNNING && !scan->life.closing)
        open_own(scan); /* the next setting */
    else
        conclude(scan);
    kw_life_drop(&scan->life);
}

static void close_own(struct kw_meter_scan *scan)
{
    kw_meter_request_cancel(&scan->request);
    uv_timer_stop(&scan->timer);
    if (scan->own != NULL)
        kw_meter_line_close(scan->own);
}

void kw_meter_scan_end(struct kw_meter_scan *scan,
                       enum kw_meter_scan_state state, const char *why)
{
    if (scan->ending != KW_METER_SCAN_RUNNING)
        return;
    scan->ending = state;
    (void)kw_text_copy(scan->text, sizeof(scan->text), why);
    if (scan->own == NULL) {
        close_own(scan);
        conclude(scan);
    } else {
        close_own(scan); /* on_own_gone concludes */
    }
}

void kw_meter_scan_forget_line(struct kw_meter_scan *scan, const char *why)
{
    /* Without its line the request is in no schedule any more. */
    kw_meter_request_cancel(&scan->request);
    scan->shared = NULL;
    kw_meter_scan_end(scan, KW_METER_SCAN_CANCELLED, why);
}

static void on_gone(struct kw_life *life)
{
    struct kw_meter_scan *scan =
        KW_LIST_ENTRY(life, struct kw_meter_scan, life);
    void (*gone)(void *arg) = scan->owner.gone;
    void *arg = scan->owner.arg;

    for (size_t i = 0; i < scan->found_count; i++)
        kw_free(scan->found[i]);
    for (size_t i = 0; i < scan->maps_count; i++)
        kw_meter_map_drop(scan->maps[i]);
    kw_free(scan->maps);
    kw_free(scan->dialogue);
    kw_arena_fini(&scan->arena);
    kw_free(scan);
    gone(arg);
}

void kw_meter_scan_free(struct kw_meter_scan *scan)
{
    if (!kw_life_close(&scan->life))
        return;
    scan->ending = KW_METER_SCAN_CANCELLED;
    close_own(scan);
    /* Now, not when the own line is gone: nobody tells a scan that is freed
     * when the shared one goes. The port is closed already. */
    resume(scan);
    kw_life_close_handle(&scan->life, (uv_handle_t *)&scan->tell_timer);
    kw_life_close_handle(&scan->life, (uv_handle_t *)&scan->timer);
}

/* --- own lines */

static void on_own_state(void *arg, enum kw_meter_line_state state)
{
    (void)arg; /* a line that is down fails the request */
    (void)state;
}

struct kw_meter_line *kw_meter_scan_line(const struct kw_meter_scan *scan)
{
    return scan->own != NULL ? scan->own : scan->shared;
}

static bool searches(const struct kw_meter_scan *scan)
{
    return scan->speeds_count > 0;
}

/* Opens the port with the settings whose turn it is. */
static void open_own(struct kw_meter_scan *scan)
{
    struct kw_meter_line_owner owner = {on_own_state, on_own_gone, scan};
    int err;

    scan->try_conf = *scan->conf;
    if (searches(scan)) {
        const struct kw_meter_speed *speed = &scan->speeds[scan->speed];

        scan->try_serial = *scan->conf->serial;
        scan->try_serial.baud = speed->baud;
        scan->try_serial.parity = speed->parity;
        scan->try_serial.stop_bits = speed->stop_bits;
        scan->try_conf.serial = &scan->try_serial;
        kw_meter_speed_format(speed, scan->settings);
    }
    err = kw_meter_line_new(&scan->own, scan->core, &scan->try_conf, 1, &owner);
    if (err != 0) {
        scan->own = NULL;
        kw_meter_scan_end(scan, KW_METER_SCAN_FAILED, kw_strerror(err));
        return;
    }
    kw_life_hold(&scan->life);
    kw_meter_scan_next_unit(scan);
}

/* --- passes */

static void begin_pass(struct kw_meter_scan *scan,
                       const struct kw_meter_units *units)
{
    scan->todo = *units;
    scan->again = (struct kw_meter_units){{0}};
    scan->patient = false;
    scan->before = -1;
    scan->pass_from = scan->found_count;
}

/* True when a meter answered in this pass; what was garbled on a search with
 * the wrong settings says nothing and is forgotten. */
static bool pass_found(struct kw_meter_scan *scan)
{
    for (size_t i = scan->pass_from; i < scan->found_count; i++) {
        if (scan->found[i]->state == KW_METER_FOUND_METER)
            return true;
    }
    while (searches(scan) && scan->found_count > scan->pass_from)
        kw_free(scan->found[--scan->found_count]);
    return false;
}

/* A search goes on with its next pass; false when there is none. */
static bool search_on(struct kw_meter_scan *scan)
{
    bool found = pass_found(scan);
    unsigned rest = kw_meter_units_count(&scan->rest);

    if (found && !scan->all_rest && rest > 0) {
        scan->all_rest = true; /* on this line, which stays open */
        scan->speeds_count = scan->speed + 1;
        scan->total = scan->done + rest;
        begin_pass(scan, &scan->rest);
        scan->pass_from = 0;
        kw_meter_scan_next_unit(scan);
        return true;
    }
    if (found || ++scan->speed >= scan->speeds_count) {
        if (found || scan->all_rest || rest == 0)
            return false;
        scan->all_rest = true;
        scan->speed = 0;
        scan->total += rest * (unsigned)scan->speeds_count;
    }
    begin_pass(scan, scan->all_rest ? &scan->rest : &scan->first);
    kw_meter_line_close(scan->own); /* on_own_gone opens the next */
    return true;
}

/* Garbled answers on several units and no meter: not conflicts, the line. */
static const char *remark(const struct kw_meter_scan *scan)
{
    size_t garbled = 0;

    for (size_t i = 0; i < scan->found_count; i++) {
        if (scan->found[i]->state == KW_METER_FOUND_METER)
            return "";
        garbled += scan->found[i]->state == KW_METER_FOUND_CONFLICT;
    }
    return garbled < NOISE_UNITS ? ""
                                 : "only garbled answers: wrong speed or "
                                   "parity (search for them), or noise";
}

static void end_pass(struct kw_meter_scan *scan)
{
    unsigned late = kw_meter_units_count(&scan->again);

    if (late > 0 && !scan->patient) {
        scan->todo = scan->again;
        scan->patient = true;
        scan->total += late;
        kw_meter_scan_next_unit(scan);
        return;
    }
    if (searches(scan) && search_on(scan))
        return;
    kw_meter_scan_end(scan, KW_METER_SCAN_DONE, remark(scan));
}

void kw_meter_scan_next_unit(struct kw_meter_scan *scan)
{
    int unit;

    while ((unit = kw_meter_units_next(&scan->todo, 0)) >= 0) {
        struct kw_meter_units first;

        kw_meter_units_split(&scan->todo, 1, &first);
        kw_meter_scan_tell(scan, false);
        if (!kw_meter_scan_begin_unit(scan, (unsigned)unit))
            return;
        scan->done++;
    }
    end_pass(scan);
}

static void on_begin(uv_timer_t *timer)
{
    struct kw_meter_scan *scan = timer->data;

    if (searches(scan) && scan->shared != NULL) {
        kw_meter_line_suspend(scan->shared,
                              "suspended while its speed is searched");
        scan->suspended = true;
    }
    if (scan->shared != NULL && !searches(scan))
        kw_meter_scan_next_unit(scan);
    else
        open_own(scan);
}

/* --- making */

static int hold_maps(struct kw_meter_scan *scan,
                     const struct kw_meter_library *library)
{
    scan->maps = kw_alloc_array(library->count, sizeof(*scan->maps));
    if (scan->maps == NULL)
        return KW_ENOMEM;
    for (size_t i = 0; i < library->count; i++) {
        if (library->items[i].map == NULL)
            continue;
        kw_meter_map_hold(library->items[i].map);
        scan->maps[scan->maps_count++] = library->items[i].map;
    }
    return 0;
}

static void set_passes(struct kw_meter_scan *scan,
                       const struct kw_meter_scan_options *options)
{
    struct kw_meter_units rest = options->units;

    scan->speeds_count = options->speeds_count;
    scan->total = kw_meter_units_count(&rest);
    if (!searches(scan)) {
        begin_pass(scan, &options->units);
        return;
    }
    memcpy(scan->speeds, options->speeds,
           options->speeds_count * sizeof(*scan->speeds));
    kw_meter_units_split(&rest, FIRST_UNITS, &scan->first);
    scan->rest = rest;
    scan->total =
        kw_meter_units_count(&scan->first) * (unsigned)options->speeds_count;
    begin_pass(scan, &scan->first);
}

static int fill(struct kw_meter_scan *scan,
                const struct kw_meter_scan_options *options)
{
    const struct kw_meter_serial_conf *serial;

    kw_arena_init(&scan->arena, ARENA_MAX_BYTES);
    scan->dialogue = kw_alloc(sizeof(*scan->dialogue));
    scan->conf = kw_meter_copy_line(&scan->arena, options->conf);
    if (scan->dialogue == NULL || scan->conf == NULL ||
        hold_maps(scan, options->library) != 0)
        return KW_ENOMEM;
    serial = scan->conf->serial;
    if (serial != NULL)
        kw_meter_speed_format(&(struct kw_meter_speed){serial->baud,
                                                       serial->parity,
                                                       serial->stop_bits},
                              scan->settings);
    scan->shared = options->shared;
    scan->identify = options->identify;
    scan->timeout_ms = options->timeout_ms;
    scan->longest_us = options->longest_us;
    scan->usage = options->usage;
    set_passes(scan, options);
    return 0;
}

int kw_meter_scan_new(struct kw_meter_scan **out, struct kw_core *core,
                      const struct kw_meter_scan_options *options,
                      const struct kw_meter_scan_owner *owner)
{
    struct kw_meter_scan *scan = kw_alloc(sizeof(*scan));

    if (scan == NULL)
        return KW_ENOMEM;
    kw_list_init(&scan->link);
    scan->core = core;
    scan->owner = *owner;
    scan->unit = -1;
    if (fill(scan, options) != 0) {
        for (size_t i = 0; i < scan->maps_count; i++)
            kw_meter_map_drop(scan->maps[i]);
        kw_free(scan->maps);
        kw_free(scan->dialogue);
        kw_arena_fini(&scan->arena);
        kw_free(scan);
        return KW_ENOMEM;
    }
    scan->started_ms = kw_clock_wall_ms(core->clock);
    kw_life_init(&scan->life, on_gone);
    kw_life_timer(&scan->life, &core->loop->uv, &scan->timer, scan);
    kw_life_timer(&scan->life, &core->loop->uv, &scan->tell_timer, scan);
    uv_timer_start(&scan->timer, on_begin, 0, 0);
    *out = scan;
    return 0;
}
