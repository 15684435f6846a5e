/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line named on the command line by its address: rtu:/dev/ttyUSB0:38400:8N1,
 * tcp:HOST:502, rtu-tcp:HOST:503. Pure.
 */
#ifndef KW_METER_TARGET_H
#define KW_METER_TARGET_H

#include "base/err.h"
#include "meter/settings.h"

struct kw_meter_target {
    struct kw_meter_line_conf conf; /* points into the rest */
    struct kw_meter_serial_conf serial;
    struct kw_meter_tcp_conf tcp;
    char text[256]; /* device or host */
};

/*
 * KW_ENOTFOUND: it has none of the prefixes, so it is a name. KW_EINVAL: it
 * has one, but the rest is wrong. The struct must not be moved afterwards.
 */
KW_MUST_CHECK int kw_meter_target_parse(const char *text,
                                        struct kw_meter_target *target);

#endif
