/* SPDX-License-Identifier: Apache-2.0 */
/* A line with one meter of two points, in two blocks; unit 5, ten times a
 * second. */
#ifndef KW_TEST_METER_TWO_H
#define KW_TEST_METER_TWO_H

#include "loop/test_meter_rig.h"

static const char rows[] = "voltage_l1_n,3,100,1,u16,-,1,V,fast,,,,\n"
                           "current_l1,3,500,1,u16,-,1,A,fast,,,,\n";

static const char one_meter[] =
    "  - { name: m, line: a, unit: 5, profile: two, every: 100ms }\n";

static inline bool has_good(void *arg)
{
    const struct rig *rig = arg;

    return rig->good >= 6;
}

static inline bool went_down(void *arg)
{
    const struct rig *rig = arg;

    return rig->line_down > 0;
}

static inline bool came_up(void *arg)
{
    const struct rig *rig = arg;

    return rig->line_up > 0;
}

static inline void start(struct rig *rig, const struct peer_place *at,
                         const char *options, const char *meters)
{
    char yaml[2048];

    rig_map(rig, "two", "", rows);
    rig_line(yaml, sizeof(yaml), at, options, meters);
    rig_start(rig, yaml);
}

static inline const char *line_text(struct rig *rig)
{
    return kw_meter_line_text(kw_meter_find_line(rig->self, "a"));
}

#endif
