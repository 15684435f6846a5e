/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The switchboard as a whole: clock, maps, lines, and what serves them.
 */
#ifndef KW_PLANT_PLANT_H
#define KW_PLANT_PLANT_H

#include "serial.h"
#include "spec.h"
#include "tcp.h"

struct kw_plant_settings {
    const char *folder; /* of the links */
    struct kw_plant_era era;
    double speed;
    bool strict, absent_exception, true_speed;
    int64_t turnaround_ns;
};

struct kw_plant {
    struct kw_plant_settings settings;
    struct kw_plant_library library;
    struct kw_plant_clock clock;
    struct kw_plant_loop loop;
    struct kw_plant_tcp tcp;
    struct kw_plant_line **lines; /* owned */
    size_t count;
    struct kw_plant_serial **serials; /* owned */
    size_t serial_count;
};

/* Prepares clock and loop. `library` is taken. -1 with a message. */
int kw_plant_init(struct kw_plant *plant,
                  const struct kw_plant_settings *settings,
                  struct kw_plant_library library, struct kw_plant_diag *diag);

/* Makes the lines of a --serial or --tcp option and serves them. */
int kw_plant_add(struct kw_plant *plant, const struct kw_plant_spec *spec,
                 struct kw_plant_diag *diag);

/* The line with this name (a serial name or a port), NULL if there is none. */
struct kw_plant_line *kw_plant_line_find(struct kw_plant *plant,
                                         const char *name);

/* Adds links and ports as one JSON object without the line end. */
void kw_plant_print_ready(const struct kw_plant *plant, const char *control,
                          struct kw_plant_out *out);

/* Stops all lines, removes the links, frees everything. */
void kw_plant_fini(struct kw_plant *plant);

#endif
