/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/grant.h"

static bool allows(const struct kw_supervisor_rule *rule,
                   const struct kw_station *station,
                   const struct kw_meter_ask *ask)
{
    bool coils = ask->function == KW_METER_WRITE_COIL ||
                 ask->function == KW_METER_WRITE_COILS;
    unsigned last = (unsigned)ask->address + ask->count - 1;

    return rule->unit == ask->unit && rule->coils == coils &&
           ask->address >= rule->first && last <= rule->last &&
           kw_cidr_any(rule->stations, rule->count, station);
}

bool kw_supervisor_may_write(const struct kw_supervisor_rule *rules,
                             size_t count, const struct kw_station *station,
                             const struct kw_meter_ask *ask)
{
    for (size_t i = 0; i < count; i++) {
        if (allows(&rules[i], station, ask))
            return true;
    }
    return false;
}
