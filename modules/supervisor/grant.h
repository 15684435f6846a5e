/* SPDX-License-Identifier: Apache-2.0 */
/* Who may write what: the rules of `modbus_writes`, taken apart. Pure. */
#ifndef KW_SUPERVISOR_GRANT_H
#define KW_SUPERVISOR_GRANT_H

#include "base/cidr.h"
#include "meter/pdu.h"

struct kw_supervisor_rule {
    const struct kw_cidr *stations;
    size_t count;
    uint8_t unit; /* as the supervisor addresses it */
    bool coils;   /* functions 5 and 15, else 6 and 16 */
    uint16_t first, last;
};

/* True when one rule allows all that a valid write wants to change. */
bool kw_supervisor_may_write(const struct kw_supervisor_rule *rules,
                             size_t count, const struct kw_station *station,
                             const struct kw_meter_ask *ask);

#endif
