/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One TLS connection as a machine without a socket: bytes from the wire go
 * in, bytes for the wire come out into a buffer. Only stream.c and tests use
 * it.
 */
#ifndef KW_NET_TLS_SESSION_H
#define KW_NET_TLS_SESSION_H

#include "base/buf.h"
#include "net/role.h"

#include <stdbool.h>

struct kw_tls;
struct kw_tls_session;

/*
 * A session of a context (held). host is what the peer's certificate must
 * name: required for a client, NULL for a server, borrowed for the session's
 * life. What has to be sent is appended to out, which is borrowed too.
 */
KW_MUST_CHECK int kw_tls_session_new(struct kw_tls_session **session,
                                     struct kw_tls *tls, const char *host,
                                     struct kw_buf *out);
/* NULL is allowed. */
void kw_tls_session_free(struct kw_tls_session *session);

/* Gives bytes that came from the wire. They are borrowed until they are used
 * up (kw_tls_session_left is 0) or the next feed. */
void kw_tls_session_feed(struct kw_tls_session *session, const void *bytes,
                         size_t length);
size_t kw_tls_session_left(const struct kw_tls_session *session);

/* Goes on with the handshake, until it is done: 1 done, 0 more bytes are
 * needed, KW_EPROTO the peer was refused or refuses (an alert may be in out),
 * KW_ENOMEM. */
KW_MUST_CHECK int kw_tls_session_shake(struct kw_tls_session *session);

/* Clear bytes: their number, 0 when more is needed, KW_EOF after the peer's
 * close_notify, KW_EPROTO, KW_ENOMEM. KW_EPROTO too when the peer sends more
 * handshake messages after the handshake than 8 and one a second. */
KW_MUST_CHECK int kw_tls_session_read(struct kw_tls_session *session,
                                      unsigned char *bytes, size_t size);

/* Seals all of the bytes. After the handshake. */
KW_MUST_CHECK int kw_tls_session_write(struct kw_tls_session *session,
                                       const void *bytes, size_t length);

/*
 * Why the session failed, as one sentence about peer (its address):
 * "the certificate of 192.0.2.5 expired on 2026-01-31". False, and nothing
 * written, when nothing went wrong in TLS.
 */
bool kw_tls_session_why(const struct kw_tls_session *session, const char *peer,
                        char *text, size_t size);

/* The peer's role, see kw_tls_peer_role in net/stream.h. */
KW_MUST_CHECK int kw_tls_session_role(const struct kw_tls_session *session,
                                      char role[KW_ROLE_SIZE]);

/* Says close_notify (RFC 8446, 6.1). */
void kw_tls_session_end(struct kw_tls_session *session);

#endif
