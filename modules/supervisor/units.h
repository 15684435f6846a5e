/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who answers under which unit: a table made anew at each change of the
 * meters or the settings. What it points to is the meter module's, until that
 * tells of the next change.
 */
#ifndef KW_SUPERVISOR_UNITS_H
#define KW_SUPERVISOR_UNITS_H

#include "meter/meter.h"
#include "supervisor/settings.h"

enum { KW_SUPERVISOR_UNITS = 256, KW_SUPERVISOR_CONFLICTS_MAX = 32 };

struct kw_supervisor_unit {
    const char *meter; /* the first load's; NULL: nobody */
    const char *line;
    uint8_t meter_unit; /* the meter's own, on its line */
    bool bridged;       /* registers outside the maps are asked for */
    unsigned functions; /* bit 1 to 4: the maps use that function */
    struct kw_meter_blocks blocks;
    size_t first; /* of the blocks, in the table's own list */
};

/* A meter that can't be reached since its unit is taken. */
struct kw_supervisor_conflict {
    uint8_t unit;
    const char *meter, *line;
    const char *taken_by; /* a meter, or "points" */
};

struct kw_supervisor_units {
    struct kw_supervisor_unit list[KW_SUPERVISOR_UNITS];
    const struct kw_meter_block **blocks; /* owned */
    struct kw_supervisor_conflict conflicts[KW_SUPERVISOR_CONFLICTS_MAX];
    size_t conflict_count; /* may be more than are kept */
};

/* Makes the table; on KW_ENOMEM it is empty. */
KW_MUST_CHECK int
kw_supervisor_units_make(struct kw_supervisor_units *units,
                         const struct kw_meter *meter,
                         const struct kw_supervisor_conf *conf);
void kw_supervisor_units_fini(struct kw_supervisor_units *units);

/* The function by which the meter gives what is asked for: 3 and 4 are alike
 * where the maps use only one of them, 1 and 2 too. */
uint8_t kw_supervisor_unit_function(const struct kw_supervisor_unit *unit,
                                    uint8_t function);

#endif
