/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of a TLS context, for the files tls*.c only. Everything that
 * touches OpenSSL's error queue goes through kw_tls_error.
 */
#ifndef KW_NET_TLS_IMPL_H
#define KW_NET_TLS_IMPL_H

#include "base/clock.h"
#include "net/tls.h"

#include <openssl/ssl.h>

/* Seals session tickets (RFC 5077, 4): a name, AES-256-CBC, HMAC-SHA-256. */
struct kw_tls_ticket_key {
    unsigned char name[16];
    unsigned char aes[32];
    unsigned char mac[32];
};

struct kw_tls {
    SSL_CTX *ctx;       /* owned */
    BIO_METHOD *method; /* owned: tls_session.c */
    EVP_CIPHER *cipher; /* owned: seals tickets */
    unsigned holds;
    bool server;
    char alpn[32];                    /* "" none */
    const struct kw_clock *clock;     /* borrowed */
    struct kw_tls_ticket_key keys[2]; /* [0] seals, [1] still opens */
    uint64_t rotated_ms;              /* monotonic, of keys[0] */
};

/*
 * The one translator of OpenSSL's errors: takes the queue's first entry, says
 * "what: reason" in diag (which may be NULL), empties the queue. Returns
 * KW_ENOMEM when that was the reason, else otherwise.
 */
int kw_tls_error(struct kw_diag *diag, const char *what, int otherwise);

/* New keys for a context and the callback that uses them. KW_EIO: no random
 * bytes. */
KW_MUST_CHECK int kw_tls_ticket_start(struct kw_tls *tls);

/* How a session's bytes get in and out; owned by the context. NULL: ENOMEM. */
BIO_METHOD *kw_tls_session_method(void);

/* Checks kind and size of a server's key; a finding in diag. */
KW_MUST_CHECK int kw_tls_check_key(const X509 *cert, struct kw_diag *diag);

#endif
