/* SPDX-License-Identifier: Apache-2.0 */
/* Lines that lead to the same port or device. */
#ifndef KW_METER_CLASH_H
#define KW_METER_CLASH_H

#include "meter/settings.h"

/*
 * Adds a warning for each line whose serial port (by whatever name), or whose
 * host and TCP port, an earlier line has too. Looks at the devices: for a job.
 * KW_ENOMEM.
 */
KW_MUST_CHECK int kw_meter_clash_check(const struct kw_meter_conf *conf,
                                       struct kw_diag *diag);

#endif
