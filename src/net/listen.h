/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A listening TCP socket. libuv's own listener has accepted before anybody
 * can ask; so this one polls the descriptor, accepts at most 8 a turn, asks
 * admission with the peer's address, and only then hands the socket on. Out of
 * descriptors, or down to those that loop->lines keeps for our own connections:
 * accepting pauses 100 ms, never spins.
 */
#ifndef KW_NET_LISTEN_H
#define KW_NET_LISTEN_H

#include "base/diag.h"
#include "core/core.h"
#include "core/life.h"

#include <sys/socket.h>

struct kw_listener;

/* take_fd: the callee closes it or gives it to kw_stream_accept. */
typedef void kw_accepted_fn(void *arg, int take_fd,
                            const struct sockaddr *peer);

struct kw_listener_options {
    const char *service; /* "https": for admission and messages */
    const char *address; /* "[::]:8443", "0.0.0.0:502", "localhost:1" is not
                            numeric and refused */
    int backlog;
    kw_accepted_fn *accepted;
    void *arg;
};

/*
 * Opens one address. KW_EBUSY (in use), KW_EDENIED (port below 1024 without
 * the right), KW_ENOTFOUND (no such local address), KW_EINVAL: with one line
 * in diag. The caller retries.
 */
KW_MUST_CHECK int kw_listener_open(struct kw_listener **listener,
                                   struct kw_core *core,
                                   const struct kw_listener_options *options,
                                   struct kw_diag *diag);

/* Closes; closed(arg) on the loop when it is gone and freed. */
void kw_listener_close(struct kw_listener *listener, void (*closed)(void *arg),
                       void *arg);

/* The port it really has (for port 0). */
uint16_t kw_listener_port(const struct kw_listener *listener);

/* "[::]:8443" or "127.0.0.1:502" to a socket address; KW_EINVAL. */
KW_MUST_CHECK int kw_address_parse(const char *text,
                                   struct sockaddr_storage *address);
/* Numeric, without port, IPv4-mapped shown as IPv4. */
void kw_address_format(const struct sockaddr *address, char *text, size_t size);

#endif
