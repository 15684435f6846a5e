/* SPDX-License-Identifier: Apache-2.0 */
#include "net/tls.h"

#include "base/mem.h"
#include "base/secret.h"
#include "base/text.h"
#include "net/tls_impl.h"

#include <openssl/err.h>
#include <stdio.h>
#include <string.h>

/* BSI TR-02102-2, 3.3; RFC 9325, 4.2: forward secrecy and AEAD only. */
static const char ciphers_12[] =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
static const char ciphers_13[] =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:"
    "TLS_CHACHA20_POLY1305_SHA256";

int kw_tls_error(struct kw_diag *diag, const char *what, int otherwise)
{
    unsigned long code = ERR_get_error();
    const char *reason = ERR_reason_error_string(code);

    ERR_clear_error();
    if (diag != NULL)
        kw_diag_say(diag, "%s: %s", what,
                    reason != NULL ? reason : "not accepted");
    return code != 0 && ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE
               ? KW_ENOMEM
               : otherwise;
}

/* 112 bits: RSA of 2048 bits is what many devices have (RFC 9325, 4.5). Our
 * own keys are longer, see kw_tls_check_key. */
enum { SECURITY_LEVEL = 2 };

static int set_lists(SSL_CTX *ctx)
{
    char groups[] = "X25519:P-256:P-384";
    char signatures[] = "ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:ed25519:"
                        "RSA-PSS+SHA256:RSA-PSS+SHA384:RSA-PSS+SHA512:"
                        "RSA+SHA256:RSA+SHA384:RSA+SHA512";

    return SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1 &&
           SSL_CTX_set_cipher_list(ctx, ciphers_12) == 1 &&
           SSL_CTX_set_ciphersuites(ctx, ciphers_13) == 1 &&
           SSL_CTX_set1_groups_list(ctx, groups) == 1 &&
           SSL_CTX_set1_sigalgs_list(ctx, signatures) == 1;
}

static int new_context(struct kw_tls **out, bool server, struct kw_diag *diag)
{
    struct kw_tls *tls = kw_alloc(sizeof(*tls));

    if (tls == NULL)
        return KW_ENOMEM;
    ERR_clear_error();
    tls->holds = 1;
    tls->server = server;
    tls->ctx = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());
    tls->method = kw_tls_session_method();
    if (tls->ctx == NULL || tls->method == NULL || !set_lists(tls->ctx)) {
        /* UNTESTED: OpenSSL's own allocation fails */
        kw_tls_drop(tls);
        return kw_tls_error(diag, "TLS", KW_ENOMEM);
    }
    SSL_CTX_set_app_data(tls->ctx, tls);
    SSL_CTX_set_security_level(tls->ctx, SECURITY_LEVEL);
    SSL_CTX_set_options(tls->ctx,
                        SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(tls->ctx, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                   SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                   SSL_MODE_RELEASE_BUFFERS);
    *out = tls;
    return 0;
}

void kw_tls_hold(struct kw_tls *tls)
{
    tls->holds++;
}

void kw_tls_drop(struct kw_tls *tls)
{
    if (tls == NULL || --tls->holds > 0)
        return;
    SSL_CTX_free(tls->ctx);
    BIO_meth_free(tls->method);
    EVP_CIPHER_free(tls->cipher);
    kw_secret_wipe(tls->keys, sizeof(tls->keys));
    kw_free(tls->authorities);
    kw_free(tls);
}

/* RFC 7301, 3.2: a client that names protocols but not ours is refused, so
 * that no other protocol's client can be made to talk to us. */
static int on_alpn(SSL *ssl, const unsigned char **chosen,
                   unsigned char *chosen_length, const unsigned char *offered,
                   unsigned offered_length, void *arg)
{
    const struct kw_tls *tls = arg;
    size_t want = strlen(tls->alpn);

    (void)ssl;
    for (unsigned at = 0; at < offered_length;
         at += (unsigned)offered[at] + 1) {
        if (offered[at] == want && offered_length - at > want &&
            memcmp(offered + at + 1, tls->alpn, want) == 0) {
            *chosen = offered + at + 1;
            *chosen_length = offered[at];
            return SSL_TLSEXT_ERR_OK;
        }
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* Nothing is resumed, on either end: see tls.h. */
static void resume_nothing(SSL_CTX *ctx)
{
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
    (void)SSL_CTX_set_num_tickets(ctx, 0);
}

static int load_server(struct kw_tls *tls,
                       const struct kw_tls_server_options *options,
                       struct kw_diag *diag)
{
    int err =
        kw_tls_load_pair(tls, options->cert_file, options->key_file, diag);

    if (err != 0)
        return err;
    if (options->authorities == NULL)
        return kw_tls_ticket_start(tls);
    resume_nothing(tls->ctx);
    return kw_tls_load_authorities(tls, options->authorities, diag);
}

int kw_tls_server(struct kw_tls **out,
                  const struct kw_tls_server_options *options,
                  struct kw_diag *diag)
{
    static const unsigned char context_id[] = "kilowatch";
    struct kw_tls *tls;
    int err = new_context(&tls, true, diag);

    if (err != 0)
        return err;
    tls->clock = options->clock;
    err = load_server(tls, options, diag);
    if (err != 0) {
        kw_tls_drop(tls);
        return err;
    }
    (void)SSL_CTX_set_session_id_context(tls->ctx, context_id,
                                         sizeof(context_id) - 1);
    SSL_CTX_set_session_cache_mode(tls->ctx, SSL_SESS_CACHE_OFF);
    if (options->alpn != NULL &&
        kw_text_copy(tls->alpn, sizeof(tls->alpn), options->alpn))
        SSL_CTX_set_alpn_select_cb(tls->ctx, on_alpn, tls);
    *out = tls;
    return 0;
}

int kw_tls_client(struct kw_tls **out,
                  const struct kw_tls_client_options *options,
                  struct kw_diag *diag)
{
    struct kw_tls *tls;
    int err = new_context(&tls, false, diag);

    if (err != 0)
        return err;
    tls->clock = options->clock;
    resume_nothing(tls->ctx);
    err = kw_tls_load_authorities(tls, options->authorities, diag);
    if (err == 0 && options->cert_file != NULL)
        err =
            kw_tls_load_pair(tls, options->cert_file, options->key_file, diag);
    if (err != 0) {
        kw_tls_drop(tls);
        return err;
    }
    *out = tls;
    return 0;
}
