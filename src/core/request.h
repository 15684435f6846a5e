/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From what came in to what a handler is given, by the rows of its route.
 * Shared by the http module and the control socket, so that both refuse the
 * same things in the same words. Pure but for the arena.
 */
#ifndef KW_CORE_REQUEST_H
#define KW_CORE_REQUEST_H

#include "base/diag.h"
#include "core/route.h"

/*
 * Fills request->query from a query string ("a=1&b=2", NULL or "" for none)
 * with defaults for what is absent. Unknown and repeated keys, bad
 * percent-encoding and bad values are findings. KW_EINVAL, KW_ENOMEM.
 */
KW_MUST_CHECK int kw_request_read_query(struct kw_request *request,
                                        const char *query,
                                        struct kw_diag *diag);

/*
 * Fills request->body, or request->body_node with KW_ROUTE_RAW_BODY, from the
 * tree of a body; node NULL: there was none. A body where the route has none
 * is a finding.
 */
KW_MUST_CHECK int kw_request_read_body(struct kw_request *request,
                                       const struct kw_node *node,
                                       struct kw_diag *diag);

/*
 * Decodes %XX (and '+' as a space when plus) into the arena. NULL when the
 * encoding is wrong, the bytes aren't clean UTF-8 or the arena is full.
 */
const char *kw_request_decode(struct kw_arena *arena, const char *text,
                              size_t length, bool plus);

#endif
