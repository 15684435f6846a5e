/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One TLS connection as a machine without a socket: bytes from the wire go
 * in, bytes for the wire come out into a buffer. Only stream.c and tests use
 * it.
 */
#ifndef KW_NET_TLS_SESSION_H
#define KW_NET_TLS_SESSION_H

#include "base/buf.h"

#include <stdbool.h>

struct kw_tls;
struct kw_tls_session;

/*
 * A session of a context (held). host is what the peer's certificate must
 * name: required for a client, NULL for a server. What has to be sent is
 * appended to out, which is borrowed.
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

/* Goes on with the handshake: 1 done, 0 more bytes are needed, KW_EPROTO the
 * peer was refused or refuses (an alert may be in out), KW_ENOMEM. */
KW_MUST_CHECK int kw_tls_session_shake(struct kw_tls_session *session);

/* Clear bytes: their number, 0 when more is needed, KW_EOF after the peer's
 * close_notify, KW_EPROTO, KW_ENOMEM. */
KW_MUST_CHECK int kw_tls_session_read(struct kw_tls_session *session,
                                      unsigned char *bytes, size_t size);

/* Seals all of the bytes. After the handshake. */
KW_MUST_CHECK int kw_tls_session_write(struct kw_tls_session *session,
                                       const void *bytes, size_t length);

/* Says close_notify (RFC 8446, 6.1). */
void kw_tls_session_end(struct kw_tls_session *session);

#endif
