/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS contexts: the wrapper of OpenSSL for sockets. TLS 1.2 and 1.3 only,
 * forward secrecy and AEAD only (RFC 9325, BSI TR-02102-2), groups X25519,
 * P-256, P-384, no renegotiation, no compression, no early data.
 *
 * Web servers resume sessions by tickets, whose keys are made at start and
 * replaced every 12 hours. Where both ends show certificates (Modbus/TCP
 * Security) nothing is resumed, so that each connection looks at dates,
 * authorities and revocation lists anew (IEC 62351-3 allows resumption within
 * a day only); a meter's connection lasts, so this costs little.
 */
#ifndef KW_NET_TLS_H
#define KW_NET_TLS_H

#include "base/diag.h"

#include <stdbool.h>
#include <stdint.h>

struct kw_clock;
struct kw_tls;

/* Authorities between a peer's certificate and one of ours at most. */
enum { KW_TLS_DEPTH_MAX = 4 };

/*
 * What a server's context is made of; everything is borrowed for the call but
 * the clock, which must outlive the context. Files are PEM.
 */
struct kw_tls_server_options {
    const char *cert_file;   /* the chain in order */
    const char *key_file;    /* readable by its owner alone */
    const char *alpn;        /* protocol agreed on when the client names some
                                (RFC 7301), "http/1.1"; NULL: none */
    const char *authorities; /* who may sign the client's certificate, which
                                is required then; NULL: none is asked for */
    const struct kw_clock *clock; /* dates certificates and ticket keys */
};

struct kw_tls_client_options {
    const char *authorities; /* who may sign the server's certificate */
    const char *cert_file;   /* our own chain, shown when the server asks */
    const char *key_file;    /* both or none are NULL */
    const struct kw_clock *clock; /* NULL: the system's */
};

/*
 * A server's context. A bad pair, a weak key (EC below P-256, RSA below 3072
 * bits) or a key that others may read is KW_EINVAL with a finding in diag, a
 * missing file KW_ENOTFOUND. An expired certificate still serves, since the
 * page is where it is replaced: see kw_tls_days_left. Counted: sessions hold
 * it. Waits for the disk: for a job.
 */
KW_MUST_CHECK int kw_tls_server(struct kw_tls **tls,
                                const struct kw_tls_server_options *options,
                                struct kw_diag *diag);

/*
 * A client's context that trusts its authorities only. Errors as above. When
 * the file of authorities holds revocation lists (X509 CRL), a peer is refused
 * that is revoked or whose authority has none there.
 */
KW_MUST_CHECK int kw_tls_client(struct kw_tls **tls,
                                const struct kw_tls_client_options *options,
                                struct kw_diag *diag);

/* Counting is not atomic: on the loop only. NULL is allowed. */
void kw_tls_hold(struct kw_tls *tls);
void kw_tls_drop(struct kw_tls *tls);

/*
 * Makes a P-256 key and a self-signed certificate for the names (NULL ends;
 * DNS names and numeric addresses become subjectAltName; the first is the
 * common name), valid from 2024 to 10 years after now_ms, as PEM files 0600
 * and 0644. Existing files are replaced atomically, each for itself. Blocks on
 * the disk: for a job.
 */
KW_MUST_CHECK int kw_tls_self_signed(const char *cert_file,
                                     const char *key_file,
                                     const char *const *names, int64_t now_ms,
                                     struct kw_diag *diag);

/* SHA-256 of the certificate as "AA:BB:...", for people to compare. */
enum { KW_TLS_FINGERPRINT_SIZE = 96 };
KW_MUST_CHECK int kw_tls_fingerprint(const struct kw_tls *tls,
                                     char text[KW_TLS_FINGERPRINT_SIZE]);

/* Days until the server's certificate ends (negative: ended); 0 for a
 * client's context. */
int kw_tls_days_left(const struct kw_tls *tls, int64_t now_ms);

#endif
