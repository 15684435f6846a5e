/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The role of a Modbus client, as its certificate states it: the extension
 * 1.3.6.1.4.1.50316.802.1, whose value is one UTF8String in DER (Modbus/TCP
 * Security v36, 8.4). Pure: tls_peer.c finds the extension.
 */
#ifndef KW_NET_ROLE_H
#define KW_NET_ROLE_H

#include "base/err.h"

#include <stddef.h>

/* The standard sets no length; names of roles are words. */
enum { KW_ROLE_MAX = 64, KW_ROLE_SIZE = KW_ROLE_MAX + 1 };

#define KW_ROLE_OID "1.3.6.1.4.1.50316.802.1"

/*
 * Reads the extension's value into role, NUL-terminated. KW_EINVAL, and an
 * empty role, for whatever is not exactly one UTF8String of 1 to KW_ROLE_MAX
 * bytes of clean text (no controls, so that it can be logged and compared).
 */
KW_MUST_CHECK int kw_role_parse(const unsigned char *der, size_t length,
                                char role[KW_ROLE_SIZE]);

#endif
