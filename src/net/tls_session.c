/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OpenSSL reads and writes through a BIO of ours: it takes from the span that
 * was fed and appends to the owner's buffer. Nothing is copied into a memory
 * BIO in between, and nothing grows while a connection is idle.
 */
#include "net/tls_session.h"

#include "base/bucket.h"
#include "base/mem.h"
#include "base/text.h"
#include "net/tls_impl.h"

#include <arpa/inet.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

/* A TLS record carries at most 16 KiB and costs at most this much more. */
enum { RECORD_BYTES = 16384, RECORD_OVERHEAD = 40 };

/* Handshake messages after the handshake: so many at once, then so many a
 * second. A server sends two tickets as a rule, and a KeyUpdate is due after
 * 2^24 records (RFC 8446, 5.5). Each costs new keys, so a peer that sends them
 * without end is refused. */
enum { LATER_BURST = 8, LATER_RATE = 1 };

struct kw_tls_session {
    SSL *ssl;           /* owned */
    struct kw_tls *tls; /* held */
    struct kw_buf *out; /* borrowed */
    struct kw_tls_why why;
    const unsigned char *in;
    size_t in_length;
    struct kw_bucket later; /* handshake messages after the handshake */
    bool done;              /* the handshake is */
    bool chatters;          /* and handshake messages come without end */
};

static int bio_read(BIO *bio, char *bytes, size_t size, size_t *got)
{
    struct kw_tls_session *session = BIO_get_data(bio);
    size_t left = session->chatters ? 0 : session->in_length;
    size_t length = size < left ? size : left;

    BIO_clear_retry_flags(bio);
    if (length == 0) {
        BIO_set_retry_read(bio);
        return 0;
    }
    memcpy(bytes, session->in, length);
    session->in += length;
    session->in_length -= length;
    *got = length;
    return 1;
}

static int bio_write(BIO *bio, const char *bytes, size_t length, size_t *put)
{
    struct kw_tls_session *session = BIO_get_data(bio);

    BIO_clear_retry_flags(bio);
    kw_buf_put(session->out, bytes, length);
    if (kw_buf_err(session->out) != 0)
        return 0;
    *put = length;
    return 1;
}

static long bio_ctrl(BIO *bio, int command, long number, void *pointer)
{
    (void)bio;
    (void)number;
    (void)pointer;
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

BIO_METHOD *kw_tls_session_method(void)
{
    BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "kilowatch");

    if (method == NULL)
        return NULL; /* UNTESTED: OpenSSL's own allocation fails */
    BIO_meth_set_read_ex(method, bio_read);
    BIO_meth_set_write_ex(method, bio_write);
    BIO_meth_set_ctrl(method, bio_ctrl);
    return method;
}

/* What the server must prove to be: a name, or an address. */
static int expect_host(SSL *ssl, const char *host)
{
    X509_VERIFY_PARAM *param = SSL_get0_param(ssl);
    unsigned char address[16];
    char name[256]; /* OpenSSL's macro wants it writable */

    if (inet_pton(AF_INET, host, address) == 1 ||
        inet_pton(AF_INET6, host, address) == 1)
        return X509_VERIFY_PARAM_set1_ip_asc(param, host);
    X509_VERIFY_PARAM_set_hostflags(param,
                                    X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return kw_text_copy(name, sizeof(name), host) &&
           SSL_set_tlsext_host_name(ssl, name) == 1 &&
           X509_VERIFY_PARAM_set1_host(param, host, 0) == 1;
}

/* Certificates are good or not by the gateway's clock. */
static void set_time(const struct kw_tls_session *session)
{
    const struct kw_clock *clock = session->tls->clock;

    if (clock != NULL)
        X509_VERIFY_PARAM_set_time(SSL_get0_param(session->ssl),
                                   (time_t)(kw_clock_wall_ms(clock) / 1000));
}

static uint64_t now_ns(const struct kw_tls_session *session)
{
    const struct kw_clock *clock = session->tls->clock;

    return kw_clock_mono_ns(clock != NULL ? clock : &kw_clock_system);
}

/* A message of the handshake: one of TLS 1.3 as OpenSSL reads it; of TLS 1.2
 * its record, since a renegotiation is refused before its message is read. */
static bool is_handshake(int version, int type, const void *bytes)
{
    const unsigned char *record = bytes;

    if (version == TLS1_3_VERSION)
        return type == SSL3_RT_HANDSHAKE;
    return type == SSL3_RT_HEADER && record[0] == SSL3_RT_HANDSHAKE;
}

/* Sees each record and message (SSL_set_msg_callback(3)). */
static void on_message(int written, int version, int type, const void *bytes,
                       size_t length, SSL *ssl, void *arg)
{
    struct kw_tls_session *session = arg;

    (void)version;
    if (!written && length > 0 && session->done &&
        is_handshake(SSL_version(ssl), type, bytes) &&
        !kw_bucket_take(&session->later, 1, now_ns(session)))
        session->chatters = true;
}

static int make_ssl(struct kw_tls_session *session, const char *host)
{
    BIO *bio;

    ERR_clear_error();
    session->ssl = SSL_new(session->tls->ctx);
    bio = session->ssl != NULL ? BIO_new(session->tls->method) : NULL;
    if (bio == NULL)
        return kw_tls_error(NULL, "session", KW_ENOMEM);
    BIO_set_data(bio, session);
    BIO_set_init(bio, 1);
    SSL_set_bio(session->ssl, bio, bio);
    SSL_set_app_data(session->ssl, &session->why);
    SSL_set_msg_callback(session->ssl, on_message);
    SSL_set_msg_callback_arg(session->ssl, session);
    session->why.host = host;
    set_time(session);
    if (session->tls->server) {
        SSL_set_accept_state(session->ssl);
        return 0;
    }
    SSL_set_connect_state(session->ssl);
    if (host == NULL || expect_host(session->ssl, host) != 1)
        return kw_tls_error(NULL, "host name", KW_EINVAL);
    return 0;
}

int kw_tls_session_new(struct kw_tls_session **out, struct kw_tls *tls,
                       const char *host, struct kw_buf *wire)
{
    struct kw_tls_session *session = kw_alloc(sizeof(*session));
    int err;

    if (session == NULL)
        return KW_ENOMEM;
    session->tls = tls;
    session->out = wire;
    kw_tls_hold(tls);
    err = make_ssl(session, host);
    if (err != 0) {
        kw_tls_session_free(session);
        return err;
    }
    *out = session;
    return 0;
}

void kw_tls_session_free(struct kw_tls_session *session)
{
    if (session == NULL)
        return;
    SSL_free(session->ssl);
    kw_tls_drop(session->tls);
    kw_free(session->why.text);
    kw_free(session);
}

void kw_tls_session_feed(struct kw_tls_session *session, const void *bytes,
                         size_t length)
{
    session->in = bytes;
    session->in_length = length;
}

size_t kw_tls_session_left(const struct kw_tls_session *session)
{
    return session->in_length;
}

/* What a call that gave result <= 0 means: 0 more is needed, else an error. */
static int judge(struct kw_tls_session *session, int result)
{
    if (session->chatters) {
        kw_tls_peer_say(&session->why,
                        "sends TLS handshake messages without end");
        return kw_tls_error(NULL, "peer", KW_EPROTO);
    }
    switch (SSL_get_error(session->ssl, result)) {
    case SSL_ERROR_WANT_READ:
        return 0;
    case SSL_ERROR_ZERO_RETURN:
        return KW_EOF;
    default:
        if (kw_buf_err(session->out) != 0)
            return kw_tls_error(NULL, "output", kw_buf_err(session->out));
        kw_tls_peer_note(&session->why, ERR_peek_error());
        return kw_tls_error(NULL, "peer", KW_EPROTO);
    }
}

int kw_tls_session_shake(struct kw_tls_session *session)
{
    int result;

    ERR_clear_error();
    result = SSL_do_handshake(session->ssl);
    if (result != 1)
        return judge(session, result);
    kw_bucket_init(&session->later, LATER_RATE, LATER_BURST, now_ns(session));
    session->done = true;
    return 1;
}

int kw_tls_session_read(struct kw_tls_session *session, unsigned char *bytes,
                        size_t size)
{
    int result;

    ERR_clear_error();
    result =
        SSL_read(session->ssl, bytes, size < INT_MAX ? (int)size : INT_MAX);
    return result > 0 ? result : judge(session, result);
}

/* Room for all records at once instead of doubling step by step. */
static void reserve(struct kw_buf *out, size_t length)
{
    size_t records = length / RECORD_BYTES + 1;
    size_t before = out->length;

    (void)kw_buf_grow(out, length + records * RECORD_OVERHEAD);
    out->length = before;
}

int kw_tls_session_write(struct kw_tls_session *session, const void *bytes,
                         size_t length)
{
    const unsigned char *at = bytes;

    reserve(session->out, length);
    while (length > 0) {
        size_t put = 0;
        int result;

        ERR_clear_error();
        result = SSL_write_ex(session->ssl, at, length, &put);
        if (result != 1) {
            result = judge(session, result);
            return result != 0 ? result : KW_EPROTO;
        }
        at += put;
        length -= put;
    }
    return 0;
}

bool kw_tls_session_why(const struct kw_tls_session *session, const char *peer,
                        char *text, size_t size)
{
    const struct kw_tls_why *why = &session->why;

    if (why->text == NULL)
        return false;
    if (!why->certificate)
        snprintf(text, size, "%s %s", peer, why->text);
    else
        snprintf(text, size, "%s certificate of %s %s",
                 why->depth == 0 ? "the" : "an authority of the", peer,
                 why->text);
    return true;
}

int kw_tls_session_role(const struct kw_tls_session *session,
                        char role[KW_ROLE_SIZE])
{
    const X509 *cert = SSL_get0_peer_certificate(session->ssl);

    role[0] = 0;
    return cert != NULL ? kw_tls_cert_role(cert, role) : 0;
}

void kw_tls_session_end(struct kw_tls_session *session)
{
    ERR_clear_error();
    (void)SSL_shutdown(session->ssl);
    ERR_clear_error();
}
