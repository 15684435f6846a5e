/* SPDX-License-Identifier: Apache-2.0 */
/* Register maps that a request needs, read in a job. */
#ifndef KW_METER_FETCH_H
#define KW_METER_FETCH_H

#include "meter/bus.h"
#include "meter/library.h"

struct kw_request;

/* On the loop; the library has what was read, diag what was wrong with it.
 * Both are only lent. */
typedef void kw_meter_fetched_fn(struct kw_meter *meter,
                                 struct kw_request *request,
                                 struct kw_meter_library *library,
                                 const struct kw_diag *diag);

/*
 * Reads the map of that name (NULL: all there are), then calls fetched, which
 * answers the request: 429 when too many wait, 503 without memory or when the
 * module stops are answered here. Not called when the client goes before.
 */
void kw_meter_fetch(struct kw_meter *meter, struct kw_request *request,
                    const char *name, kw_meter_fetched_fn *fetched);

#endif
