/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A configured line with its meters, and the module's state that owns them.
 */
#ifndef KW_METER_BUS_H
#define KW_METER_BUS_H

#include "base/arena.h"
#include "core/life.h"
#include "meter/device.h"
#include "meter/library.h"

struct kw_meter_line_conf;
struct kw_meter_index;

struct kw_meter {
    struct kw_core *core;
    struct kw_life life;        /* one hold a bus */
    struct kw_link buses;       /* in the order of the configuration */
    struct kw_link readings;    /* POST /read under way (routes.c) */
    struct kw_link watches;     /* struct kw_meter_watch */
    struct kw_link scans;       /* of lines, ended ones too (scan_routes.c) */
    uint32_t sequence;          /* of the next meter: spreads the phases */
    unsigned broken;            /* lines and meters that could not be made */
    struct kw_meter_stats past; /* of meters that have gone */
    void (*stopped)(void *arg);
    void *stopped_arg;
};

/* Copies of settings, shared by the buses that one change has made and freed
 * with the last of them. */
struct kw_meter_copies {
    unsigned uses;
    struct kw_arena arena;
};

struct kw_meter_bus {
    struct kw_link link;
    struct kw_meter *meter;
    struct kw_meter_copies *copies; /* a use */
    const struct kw_meter_line_conf *conf;
    struct kw_meter_line *line;
    struct kw_link devices;
    size_t count;                  /* devices */
    struct kw_meter_recent recent; /* what belongs to no meter */
    bool was_down;                 /* its event is on */
    bool stays;                    /* while a change is applied */
};

/* The meters of a line that are enabled. */
struct kw_meter_bus_plan {
    const struct kw_meter_line_conf *conf;
    const struct kw_meter_entry *const *entries; /* those not enabled too */
    size_t count;
    struct kw_meter_library *library;
    struct kw_meter_copies *copies; /* of the new bus */
};

/*
 * Makes a line and its meters and adds it to the module's; it opens in the
 * loop's next turn. On an error nothing of it is left but what closes by
 * itself.
 */
KW_MUST_CHECK int kw_meter_bus_new(struct kw_meter *meter,
                                   const struct kw_meter_bus_plan *plan);

/* Copies with one use; NULL when memory is out. */
struct kw_meter_copies *kw_meter_copies_new(void);
void kw_meter_copies_drop(struct kw_meter_copies *copies);

/* Takes it out of the module's and closes it; its points are retired. */
void kw_meter_bus_close(struct kw_meter_bus *bus);

/* True when the plan says what the bus was made from, register maps too. */
bool kw_meter_bus_same(const struct kw_meter_bus *bus,
                       const struct kw_meter_bus_plan *plan);

/* The bus of that line or NULL. */
struct kw_meter_bus *kw_meter_find_bus(struct kw_meter *meter,
                                       const char *line);

/* Figures of all meters since the start, those that have gone too. */
void kw_meter_total(const struct kw_meter *meter, struct kw_meter_stats *total);

/* routes.c: gives up the readings on a line that closes. */
void kw_meter_stop_readings(struct kw_meter *meter,
                            const struct kw_meter_line *line);

/* scan_routes.c: ends the scan of a line that closes; frees all. */
void kw_meter_stop_scans(struct kw_meter *meter,
                         const struct kw_meter_line *line);
void kw_meter_free_scans(struct kw_meter *meter);

#endif
