/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Session tickets. A key seals for twelve hours and opens for twelve more, so
 * no ticket is good for longer than a day (SEC-39), and none survives the
 * context: keys are never stored.
 */
#include "base/secret.h"
#include "net/tls_impl.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <string.h>

static const uint64_t key_life_ms = 12 * 3600 * 1000;

static int rotate(struct kw_tls *tls)
{
    uint64_t now_ms = kw_clock_mono_ms(tls->clock);
    uint64_t age_ms = now_ms - tls->rotated_ms;

    if (age_ms < key_life_ms)
        return 0;
    tls->keys[1] = tls->keys[0];
    if (age_ms >= 2 * key_life_ms &&
        kw_secret_random(&tls->keys[1], sizeof(tls->keys[1])) != 0)
        return KW_EIO; /* UNTESTED: the kernel has no random bytes */
    tls->rotated_ms = now_ms;
    return kw_secret_random(&tls->keys[0], sizeof(tls->keys[0]));
}

static int use_key(const struct kw_tls_ticket_key *key, EVP_MAC_CTX *mac)
{
    struct kw_tls_ticket_key copy = *key;
    char digest[] = "SHA256";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, copy.mac,
                                          sizeof(copy.mac)),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };
    int done = EVP_MAC_CTX_set_params(mac, params);

    kw_secret_wipe(&copy, sizeof(copy));
    return done;
}

/* Whether a connection that was resumed gets a new ticket. With TLS 1.3 each
 * one does, since a client uses a ticket once (RFC 8446, C.4) and would
 * otherwise have none for the next connection. A TLS 1.2 client keeps its
 * ticket until the key that seals has changed (RFC 5077, 3.3). */
static bool renews(const struct kw_tls *tls, const SSL *ssl,
                   const struct kw_tls_ticket_key *key)
{
    return SSL_version(ssl) == TLS1_3_VERSION || key != &tls->keys[0];
}

/* OpenSSL's contract: -1 failed, 0 no such key (full handshake), 1 go on,
 * 2 go on and give a new ticket. */
static int on_ticket(SSL *ssl, unsigned char name[16],
                     unsigned char iv[EVP_MAX_IV_LENGTH],
                     EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int seal)
{
    struct kw_tls *tls = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    const struct kw_tls_ticket_key *key = &tls->keys[0];

    if (rotate(tls) != 0)
        return -1; /* UNTESTED: the kernel has no random bytes */
    if (!seal && memcmp(name, key->name, sizeof(key->name)) != 0)
        key = &tls->keys[1];
    if (seal) {
        memcpy(name, key->name, sizeof(key->name));
        if (kw_secret_random(iv, 16) != 0)
            return -1; /* UNTESTED: the kernel has no random bytes */
    } else if (memcmp(name, key->name, sizeof(key->name)) != 0) {
        return 0;
    }
    if (use_key(key, mac) != 1 ||
        EVP_CipherInit_ex(cipher, tls->cipher, NULL, key->aes, iv, seal) != 1)
        return -1; /* UNTESTED: OpenSSL's own allocation fails */
    return !seal && renews(tls, ssl, key) ? 2 : 1;
}

int kw_tls_ticket_start(struct kw_tls *tls)
{
    tls->rotated_ms = kw_clock_mono_ms(tls->clock);
    if (kw_secret_random(tls->keys, sizeof(tls->keys)) != 0)
        return KW_EIO; /* UNTESTED: the kernel has no random bytes */
    /* looked up once: by name it costs more than the encryption */
    tls->cipher = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL);
    if (tls->cipher == NULL)
        return KW_ENOMEM; /* UNTESTED: OpenSSL's own allocation fails */
    /* a browser takes one ticket a connection; each costs the server some */
    (void)SSL_CTX_set_num_tickets(tls->ctx, 1);
    SSL_CTX_set_timeout(tls->ctx, (long)(key_life_ms / 1000));
    SSL_CTX_set_tlsext_ticket_key_evp_cb(tls->ctx, on_ticket);
    return 0;
}
