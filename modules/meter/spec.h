/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line as a word on the command line, for a port that no gateway has:
 * rtu:/dev/ttyUSB0:38400:8N1, tcp:192.0.2.20:502, rtu-tcp:[2001:db8::1]:503.
 * Speed and framing, and the port, may be left out. Pure.
 */
#ifndef KW_METER_SPEC_H
#define KW_METER_SPEC_H

#include "base/diag.h"
#include "meter/settings.h"

/* True when the text begins like one: it is not the name of a line. */
bool kw_meter_spec_is(const char *text);

/*
 * Makes the settings of such a line in the arena, with the defaults of the
 * rows. KW_EINVAL with one finding, KW_ENOMEM.
 */
KW_MUST_CHECK int kw_meter_spec_parse(const char *text, struct kw_arena *arena,
                                      struct kw_meter_line_conf **line,
                                      struct kw_diag *diag);

#endif
