/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names to addresses by c-ares on the loop: a dead name server costs nobody
 * anything. Numeric addresses are answered without asking (but still later,
 * never inside the call). Answers are not kept: callers keep what they need.
 */
#ifndef KW_NET_RESOLVE_H
#define KW_NET_RESOLVE_H

#include "base/err.h"
#include "core/loop.h"

#include <stdint.h>
#include <sys/socket.h>

struct kw_resolver;

KW_MUST_CHECK int kw_resolver_new(struct kw_resolver **resolver,
                                  struct kw_loop *loop);
/* Ends all queries with KW_ECLOSING, then closed(arg); frees itself. */
void kw_resolver_close(struct kw_resolver *resolver, void (*closed)(void *arg),
                       void *arg);

/* Embedded by the asker. */
struct kw_resolve {
    void (*done)(struct kw_resolve *query, int err,
                 const struct sockaddr *address); /* on the loop, once */
    struct kw_resolver *resolver;
    uint16_t port;
    char host[256];
    struct kw_link link; /* the resolver's, as the rest */
    struct sockaddr_storage address;
    int err;
};

/*
 * Asks these servers ("127.0.0.1:5353", several separated by commas) instead
 * of those of resolv.conf; for tests. KW_EINVAL.
 */
KW_MUST_CHECK int kw_resolver_servers(struct kw_resolver *resolver,
                                      const char *servers);

/*
 * Looks a host up. done gets the first address with the port, or
 * KW_ENOTFOUND, KW_ETIMEOUT, KW_ECLOSING, or KW_EIO when the name server
 * refuses. The query must live until done ran. KW_EINVAL: no name at all or
 * one that is too long; done is then not called.
 */
KW_MUST_CHECK int kw_resolver_find(struct kw_resolver *resolver,
                                   struct kw_resolve *query, const char *host,
                                   uint16_t port);

#endif
