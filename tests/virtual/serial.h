/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The serial port of tests in virtual time: kw_meter_serial_new makes a link
 * (meter/link.h) that connects to a listening AF_UNIX socket whose path is the
 * port's name, because a byte written there can be read at once. A path that
 * is missing, and a peer that hangs up, bring the link down as a port does
 * that is missing or pulled out. Speed, parity and direction are not used;
 * modules/meter/serial.c itself is tested with the real clock.
 *
 * lib/peer.h has the other end.
 */
#ifndef KW_TEST_VIRTUAL_SERIAL_H
#define KW_TEST_VIRTUAL_SERIAL_H

#include "meter/link.h"

/* With what the port of that name is open; NULL when it isn't. */
const struct kw_meter_serial_conf *kw_virtual_serial(const char *port);

struct kw_meter_link *
__wrap_kw_meter_serial_new(const struct kw_meter_serial_conf *conf,
                           const struct kw_meter_link_owner *owner);

#endif
