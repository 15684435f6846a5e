/* SPDX-License-Identifier: Apache-2.0 */
/* What the rows of `lines` and `meters` can't say by themselves. */
#include "meter/settings.h"

#include "base/mem.h"
#include "core/core.h"
#include "meter/clash.h"
#include "meter/index.h"
#include "meter/library.h"
#include "meter/tls.h"

#include <stdio.h>
#include <string.h>

enum { PATH_SIZE = 48 };

/* The speeds that the port's driver is asked for by name (termios). */
static const uint32_t bauds[] = {
    1200,    2400,    4800,    9600,    19200,   38400,   57600,
    115200,  230400,  460800,  500000,  576000,  921600,  1000000,
    1152000, 1500000, 2500000, 3000000, 3500000, 4000000,
};

void kw_meter_periods(const struct kw_meter_every *every, int64_t period_ms[3])
{
    period_ms[0] = every->fast_ms;
    period_ms[1] = every->normal_ms > 0 ? every->normal_ms : period_ms[0];
    period_ms[2] = every->slow_ms > 0 ? every->slow_ms : period_ms[1];
}

static uint32_t nearest_baud(int64_t baud)
{
    uint32_t best = bauds[0];

    for (size_t i = 0; i < sizeof(bauds) / sizeof(bauds[0]); i++) {
        int64_t here = baud > bauds[i] ? baud - bauds[i] : bauds[i] - baud;
        int64_t there = baud > best ? baud - best : best - baud;

        if (here < there)
            best = bauds[i];
    }
    return best;
}

bool kw_meter_baud_exists(int64_t baud)
{
    return nearest_baud(baud) == baud;
}

static void check_baud(const struct kw_meter_line_conf *line, size_t index,
                       struct kw_diag *diag)
{
    char path[PATH_SIZE];

    if (line->serial == NULL || kw_meter_baud_exists(line->serial->baud))
        return;
    snprintf(path, sizeof(path), "lines[%zu].serial.baud", index);
    (void)kw_diag_at(diag, path,
                     "%d is not a speed of serial ports; the nearest is %u",
                     (int)line->serial->baud, nearest_baud(line->serial->baud));
}

/* Where a meter is looked at. */
struct subject {
    const struct kw_meter_conf *conf;
    const struct kw_meter_entry *meter;
    struct kw_diag *diag;
};

/* A finding about a key of the meter. */
static void find(const struct subject *subject, const char *key,
                 const char *text)
{
    size_t index =
        (size_t)(subject->meter - kw_meter_conf_meter(subject->conf, 0));
    char path[PATH_SIZE];

    snprintf(path, sizeof(path), "meters[%zu].%s", index, key);
    (void)kw_diag_at(subject->diag, path, "%s", text);
}

static void check_unit(const struct subject *subject,
                       const struct kw_meter_line_conf *line)
{
    int64_t unit = subject->meter->unit;
    char text[KW_DIAG_TEXT_SIZE];

    if (line->tcp != NULL || (unit >= 1 && unit <= 247))
        return;
    snprintf(text, sizeof(text), "%d: expected 1 to 247 on the line %s",
             (int)unit, line->name);
    find(subject, "unit", text);
}

/* last: the meter before it in the order of units and loads. */
static void check_place(const struct subject *subject,
                        const struct kw_meter_entry *last)
{
    const struct kw_meter_entry *meter = subject->meter;
    char text[KW_DIAG_TEXT_SIZE];

    if (last->unit != meter->unit || last->load != meter->load)
        return;
    snprintf(text, sizeof(text),
             "unit %d, load %d of the line %s is the meter %s already",
             (int)meter->unit, (int)meter->load, meter->line, last->name);
    find(subject, "unit", text);
}

static void check_line(const struct kw_meter_conf *conf,
                       const struct kw_meter_index *meters,
                       const struct kw_meter_line_conf *line,
                       struct kw_diag *diag)
{
    const struct kw_meter_entry *const *first;
    size_t count = kw_meter_index_line(meters, line->name, &first);

    for (size_t i = 0; i < count; i++) {
        struct subject subject = {conf, first[i], diag};

        check_unit(&subject, line);
        if (i > 0)
            check_place(&subject, first[i - 1]);
    }
}

static void check_profile(const struct subject *subject,
                          struct kw_meter_library *library)
{
    const struct kw_meter_entry *meter = subject->meter;
    char text[KW_DIAG_TEXT_SIZE], nearest[KW_MAP_NAME_SIZE];
    struct kw_map *map;
    int err =
        kw_meter_library_get(library, meter->profile, &map, subject->diag);

    if (err == KW_EINVAL) {
        snprintf(text, sizeof(text), "the register map %s is not valid",
                 meter->profile);
    } else if (err == KW_ENOTFOUND &&
               kw_meter_library_nearest(library, meter->profile, nearest)) {
        snprintf(text, sizeof(text),
                 "there is no register map \"%s\", did you mean \"%s\"?",
                 meter->profile, nearest);
    } else if (err != 0) {
        snprintf(text, sizeof(text), "the register map %s: %s", meter->profile,
                 kw_strerror(err));
    } else if (map->identifies_only) {
        snprintf(text, sizeof(text),
                 "%s only identifies meters; it can't be polled", map->name);
    } else if (!kw_meter_map_has_load(map, meter->load)) {
        snprintf(text, sizeof(text), "%s has no load %d", map->name,
                 (int)meter->load);
        find(subject, "load", text);
        return;
    } else {
        return;
    }
    find(subject, "profile", text);
}

void kw_meter_release(void *released)
{
    struct kw_meter_conf *conf = released;

    if (conf->library == NULL)
        return;
    kw_meter_library_fini(conf->library);
    kw_free(conf->library);
    conf->library = NULL;
}

static void check_profiles(const struct kw_meter_conf *conf,
                           struct kw_diag *diag)
{
    for (size_t i = 0; i < conf->meters.count; i++) {
        struct subject subject = {conf, kw_meter_conf_meter(conf, i), diag};

        check_profile(&subject, conf->library);
    }
}

static int check_lines(const struct kw_meter_conf *conf, struct kw_diag *diag)
{
    struct kw_meter_index meters;

    if (kw_meter_index_init(&meters, conf) != 0)
        return KW_ENOMEM;
    for (size_t i = 0; i < conf->lines.count; i++) {
        check_baud(kw_meter_conf_line(conf, i), i, diag);
        check_line(conf, &meters, kw_meter_conf_line(conf, i), diag);
    }
    kw_meter_index_fini(&meters);
    return 0;
}

int kw_meter_check(void *checked, const struct kw_env *env,
                   struct kw_diag *diag)
{
    struct kw_meter_conf *conf = checked;
    size_t before = diag->errors;
    int err;

    kw_meter_release(conf);
    conf->library = kw_alloc(sizeof(*conf->library));
    if (conf->library == NULL)
        return KW_ENOMEM;
    kw_meter_library_init(conf->library, env);
    err = check_lines(conf, diag);
    if (err == 0)
        err = kw_meter_clash_check(conf, diag);
    if (err == 0)
        err = kw_meter_tls_check(conf, diag);
    if (err == 0)
        check_profiles(conf, diag);
    return err == 0 && diag->errors > before ? KW_EINVAL : err;
}
