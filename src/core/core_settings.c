/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sections that core owns, as rows, and their checks: what a row can't
 * say. No circuit is fed from itself, a time zone is one that this machine has
 * the rules of, the name of a virtual meter is not a meter's. Each check adds
 * its findings and goes on.
 */
#include "core/core_module.h"

#include "base/secret.h"
#include "core/policy.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { CIRCUITS_MAX = 1000, PATH_SIZE = 48 };

static const struct kw_setting site_rows[] = {
    {.key = "name",
     .kind = KW_KIND_TEXT,
     .offset = offsetof(struct kw_core_conf, site.name),
     .preset = "Kilowatch",
     .min = 1,
     .max = 64,
     .help = "Name of the site, shown on every page and in every file."},
    {.key = "timezone",
     .kind = KW_KIND_TEXT,
     .offset = offsetof(struct kw_core_conf, site.timezone),
     .preset = "UTC",
     .min = 1,
     .max = 64,
     .help = "IANA time zone: days, months and tariffs follow it."},
    {0},
};

static const char *const circuit_kinds[] = {"incomer", "feeder", "generator",
                                            NULL};

static const struct kw_setting circuit_rows[] = {
    {.key = "name",
     .kind = KW_KIND_TEXT,
     .flags = KW_REQUIRED | KW_UNIQUE,
     .offset = offsetof(struct kw_circuit, name),
     .min = 1,
     .max = 63,
     .help = "Name of the circuit."},
    {.key = "kind",
     .kind = KW_KIND_KEYWORD,
     .offset = offsetof(struct kw_circuit, kind),
     .preset = "feeder",
     .words = circuit_kinds,
     .help = "Incomer, feeder or generator."},
    {.key = "parent",
     .kind = KW_KIND_REF,
     .offset = offsetof(struct kw_circuit, parent),
     .refers = "circuits",
     .help = "Circuit that this one is fed from."},
    {.key = "meter",
     .kind = KW_KIND_REF,
     .offset = offsetof(struct kw_circuit, meter),
     .refers = "meters|virtual",
     .help = "Meter that measures it."},
    {.key = "rated",
     .kind = KW_KIND_REAL,
     .offset = offsetof(struct kw_circuit, rated_a),
     .max = 100000,
     .unit = "A",
     .help = "Rated current."},
    {.key = "breaker",
     .kind = KW_KIND_TEXT,
     .offset = offsetof(struct kw_circuit, breaker),
     .min = 1,
     .max = 64,
     .help = "Type or label of its breaker."},
    {0},
};

static const struct kw_setting virtual_rows[] = {
    {.key = "name",
     .kind = KW_KIND_NAME,
     .flags = KW_REQUIRED | KW_UNIQUE,
     .offset = offsetof(struct kw_virtual, name),
     .apart = "meters",
     .help = "Name of the virtual meter; its points are name.quantity."},
    {.key = "title",
     .kind = KW_KIND_TEXT,
     .offset = offsetof(struct kw_virtual, title),
     .min = 1,
     .max = 64,
     .help = "Title for people."},
    {.key = "uid",
     .kind = KW_KIND_NAME,
     .flags = KW_UNIQUE,
     .offset = offsetof(struct kw_virtual, uid),
     .help = "Identity given by the gateway; keeps the history when renamed."},
    {.key = "sum",
     .kind = KW_KIND_TEXTS,
     .flags = KW_REQUIRED | KW_UNIQUE,
     .offset = offsetof(struct kw_virtual, sum),
     .refers = "meters",
     .min = 1,
     .max = 32,
     .help = "Meters that are added."},
    {.key = "minus",
     .kind = KW_KIND_TEXTS,
     .flags = KW_UNIQUE,
     .offset = offsetof(struct kw_virtual, minus),
     .refers = "meters",
     .max = 32,
     .help = "Meters that are taken away."},
    {0},
};

static const char *const tariff_days[] = {"all", "mon-fri", "sat-sun", "mon",
                                          "tue", "wed",     "thu",     "fri",
                                          "sat", "sun",     NULL};

static const struct kw_setting tariff_rows[] = {
    {.key = "name",
     .kind = KW_KIND_TEXT,
     .flags = KW_REQUIRED,
     .offset = offsetof(struct kw_tariff, name),
     .min = 1,
     .max = 32,
     .help = "Name of the tariff period, for example day."},
    {.key = "days",
     .kind = KW_KIND_KEYWORD,
     .offset = offsetof(struct kw_tariff, days),
     .preset = "all",
     .words = tariff_days,
     .help = "Days of the week it applies to."},
    {.key = "from",
     .kind = KW_KIND_TIME,
     .offset = offsetof(struct kw_tariff, from),
     .preset = "00:00",
     .help = "Begin, local time of the site."},
    {.key = "to",
     .kind = KW_KIND_TIME,
     .offset = offsetof(struct kw_tariff, to),
     .preset = "24:00",
     .help = "End; before the begin: the next day."},
    {.key = "price",
     .kind = KW_KIND_REAL,
     .offset = offsetof(struct kw_tariff, price),
     .min = -1000,
     .max = 1000,
     .help = "Price of a kWh."},
    {.key = "currency",
     .kind = KW_KIND_TEXT,
     .offset = offsetof(struct kw_tariff, currency),
     .preset = "EUR",
     .min = 3,
     .max = 3,
     .help = "Currency, ISO 4217."},
    {.key = "subscribed_power",
     .kind = KW_KIND_REAL,
     .offset = offsetof(struct kw_tariff, subscribed_w),
     .max = 1e9,
     .unit = "W",
     .help = "Subscribed power in this period."},
    {0},
};

const struct kw_setting kw_core_settings[] = {
    {.key = "site",
     .kind = KW_KIND_OBJECT,
     .rows = site_rows,
     .size = sizeof(struct kw_core_conf),
     .permission = KW_MAY_CONFIGURE,
     .help = "The site."},
    {.key = "circuits",
     .kind = KW_KIND_LIST,
     .offset = offsetof(struct kw_core_conf, circuits),
     .rows = circuit_rows,
     .size = sizeof(struct kw_circuit),
     .max = CIRCUITS_MAX,
     .permission = KW_MAY_CONFIGURE,
     .help = "The switchboard's circuits and what measures them."},
    {.key = "virtual",
     .kind = KW_KIND_LIST,
     .offset = offsetof(struct kw_core_conf, virtuals),
     .rows = virtual_rows,
     .size = sizeof(struct kw_virtual),
     .max = 100,
     .permission = KW_MAY_CONFIGURE,
     .help = "Virtual meters: sums and differences of meters."},
    {.key = "tariffs",
     .kind = KW_KIND_LIST,
     .offset = offsetof(struct kw_core_conf, tariffs),
     .rows = tariff_rows,
     .size = sizeof(struct kw_tariff),
     .max = 100,
     .permission = KW_MAY_CONFIGURE,
     .help = "Tariff periods for costs."},
    {0},
};

/* The index of a circuit's parent, or count when it has none. */
static size_t parent_of(const struct kw_circuit *circuits, size_t count,
                        size_t index)
{
    const char *parent = circuits[index].parent;
    size_t at = parent != NULL ? 0 : count;

    while (at < count && strcmp(circuits[at].name, parent) != 0)
        at++;
    return at;
}

/* Circuits that are their own ancestors. */
static void check_parents(const struct kw_core_conf *conf, struct kw_diag *diag)
{
    const struct kw_circuit *circuits = conf->circuits.items;
    size_t parents[CIRCUITS_MAX], count = conf->circuits.count;
    char path[PATH_SIZE];

    for (size_t i = 0; i < count; i++)
        parents[i] = parent_of(circuits, count, i);
    for (size_t i = 0; i < count; i++) {
        size_t at = parents[i];

        for (size_t steps = 0; at < count && at != i && steps < count; steps++)
            at = parents[at];
        if (at != i)
            continue;
        snprintf(path, sizeof(path), "circuits[%zu].parent", i);
        kw_diag_at(diag, path,
                   "circuit \"%s\" is fed from itself; name a parent nearer to "
                   "the incomer",
                   circuits[i].name);
    }
}

/* A compiled zone begins with these four bytes (RFC 8536, 3.1). */
static bool is_zone_file(const char *path)
{
    char magic[4] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t got = fd >= 0 ? read(fd, magic, sizeof(magic)) : 0;

    if (fd >= 0)
        close(fd);
    return got == sizeof(magic) && memcmp(magic, "TZif", 4) == 0;
}

static void check_timezone(const struct kw_core_conf *conf,
                           struct kw_diag *diag)
{
    const char *zone = conf->site.timezone;
    char path[128];

    if (strcmp(zone, "UTC") == 0)
        return;
    snprintf(path, sizeof(path), "/usr/share/zoneinfo/%s", zone);
    if (strstr(zone, "..") != NULL || !is_zone_file(path))
        kw_diag_at(diag, "site.timezone",
                   "\"%s\" is no time zone of this machine, expected an IANA "
                   "name like Europe/Paris (package tzdata)",
                   zone);
}

/* "v" and 12 hex digits, as kw_points_source takes it. */
static bool is_uid(const char *uid)
{
    unsigned char bytes[6];

    return uid[0] == 'v' && kw_secret_unhex(uid + 1, bytes, sizeof(bytes)) == 0;
}

static void check_uid(const struct kw_virtual *virtual, size_t index,
                      struct kw_diag *diag)
{
    char path[PATH_SIZE];

    if (virtual->uid == NULL || is_uid(virtual->uid))
        return;
    snprintf(path, sizeof(path), "virtual[%zu].uid", index);
    kw_diag_at(diag, path,
               "\"%s\" is no identity of a virtual meter, expected v and 12 "
               "hex digits; leave it out for a new one",
               virtual->uid);
}

int kw_core_check(void *conf, const struct kw_env *env, struct kw_diag *diag)
{
    const struct kw_core_conf *core = conf;
    const struct kw_virtual *virtuals = core->virtuals.items;
    size_t before = diag->errors;

    (void)env;
    check_parents(conf, diag);
    check_timezone(conf, diag);
    for (size_t i = 0; i < core->virtuals.count; i++)
        check_uid(&virtuals[i], i, diag);
    return diag->errors > before ? KW_EINVAL : 0;
}
