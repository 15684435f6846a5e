/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A module of web routes for those who serve routes (the control socket,
 * http): /echo answers at once, /later when the test says so, the others
 * answer in odd ways.
 *
 *   GET  /echo?n=5, /echo/{p}  query, parameter and headers as JSON
 *   POST /body                 {"n":5}, needs "secure", answers 204
 *   GET  /who                  user, address and permissions; "configure"
 *   GET  /later, /later/deaf   wait; the second doesn't ask for on_closed
 *   GET  /text, /pretty        text and JSON with line ends, a header
 *   GET  /nothing              204
 *   GET  /stream, /flood       CSV in pieces; 33 MiB of it
 *   GET  /events               a stream of events that can't begin
 *   GET  /big, /huge           3 MiB of text; 64 MiB
 *   GET  /setup, /self         need the permissions of these names
 */
#ifndef KW_TEST_ROUTES_H
#define KW_TEST_ROUTES_H

#include "core/module.h"
#include "core/route.h"

enum { KW_TEST_BIG_BYTES = 3 << 20 };

/* The module's state. */
struct kw_test_routes {
    struct kw_request *waiting; /* the one that /later has */
    unsigned closed;            /* waiting clients that went */
};

/* That module alone, for kw_registry_new. */
extern const struct kw_module *const kw_test_routes_table[];

/* Answers what waits with 204. */
void kw_test_routes_answer(struct kw_test_routes *routes);

#endif
