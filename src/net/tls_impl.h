/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of a TLS context, for the files tls*.c only. Everything that
 * touches OpenSSL's error queue goes through kw_tls_error.
 */
#ifndef KW_NET_TLS_IMPL_H
#define KW_NET_TLS_IMPL_H

#include "base/clock.h"
#include "net/role.h"
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
    char *authorities;                /* owned: name of the file, or NULL */
    const struct kw_clock *clock;     /* borrowed; NULL: the system's */
    struct kw_tls_ticket_key keys[2]; /* [0] seals, [1] still opens */
    uint64_t rotated_ms;              /* monotonic, of keys[0] */
};

/* Why a session failed, for people; empty until then. */
struct kw_tls_why {
    const char *host; /* what the peer had to be named; borrowed or NULL */
    unsigned depth;   /* 0: the peer's certificate, else an authority's */
    bool certificate; /* text follows "the certificate of PEER" */
    char *text;       /* owned: "expired on 2026-01-31"; NULL: nothing yet */
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

/* Checks kind and size of our own key; a finding in diag names the file. */
KW_MUST_CHECK int kw_tls_check_key(const X509 *cert, const char *file,
                                   struct kw_diag *diag);

/* tls_files.c: our own chain and key; the authorities of peers. Findings in
 * diag; they wait for the disk. */
KW_MUST_CHECK int kw_tls_load_pair(struct kw_tls *tls, const char *cert_file,
                                   const char *key_file, struct kw_diag *diag);
KW_MUST_CHECK int kw_tls_load_authorities(struct kw_tls *tls, const char *file,
                                          struct kw_diag *diag);

/* tls_peer.c: OpenSSL asks what we think of each certificate of a chain; what
 * is wrong goes into the struct kw_tls_why that is the SSL's app data. */
int kw_tls_peer_verify(int good, X509_STORE_CTX *store);

/* Notes a reason of our own, unless there is one already. */
void kw_tls_peer_say(struct kw_tls_why *why, const char *reason);

/* Notes the error of the queue, unless a certificate was the reason. */
void kw_tls_peer_note(struct kw_tls_why *why, unsigned long code);

/* The role in the certificate of a session's peer, as kw_tls_peer_role. */
KW_MUST_CHECK int kw_tls_cert_role(const X509 *cert, char role[KW_ROLE_SIZE]);

#endif
