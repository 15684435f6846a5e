/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The body of a request for a module: how large it may be, what it costs, and
 * the tree that is made of it. A large body (more than 64 KiB, which only few
 * routes take) is parsed by a job, and there is one at a time: the others are
 * told 429 before they send theirs.
 */
#ifndef KW_HTTP_BODY_H
#define KW_HTTP_BODY_H

#include <stdbool.h>
#include <stddef.h>

struct kw_http_conn;
struct kw_route;

/* The most that a route takes. */
size_t kw_http_body_max(const struct kw_route *route);

/* After the head: is there room for what will come? False: answered. */
bool kw_http_body_check(struct kw_http_conn *conn,
                        const struct kw_route *route);

/* Of a complete request: what the body costs, in light requests. */
unsigned kw_http_body_cost(const struct kw_http_conn *conn);

/*
 * Makes body and body_node of the request from its bytes, then calls
 * kw_http_exchange_handle, at once or later; answers itself when they are
 * malformed.
 */
void kw_http_body_read(struct kw_http_conn *conn);

/* The request is over, or its connection: a large body may come again. */
void kw_http_body_release(struct kw_http_conn *conn);

#endif
