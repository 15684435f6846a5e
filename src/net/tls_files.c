/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a context reads from files: our own chain and key, and the authorities
 * that peers must be signed by. Whoever configures this sees each mistake with
 * the file's name. Reads wait for the disk.
 */
#include "base/mem.h"
#include "net/tls_impl.h"

#include <errno.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    /* What a peer may send of certificates; chains of four take 8 KiB. */
    CHAIN_MAX_BYTES = 32768,
    OTHERS = S_IRWXG | S_IRWXO,
};

/* An encrypted key is refused; OpenSSL would ask on the terminal. */
static int no_password(char *text, int size, int writing, void *arg)
{
    (void)text;
    (void)size;
    (void)writing;
    (void)arg;
    return -1;
}

/* A regular file that can be read; a key by nobody but its owner. */
static int check_file(const char *file, bool key, struct kw_diag *diag)
{
    struct stat status;
    int number = 0;

    if (stat(file, &status) != 0 || access(file, R_OK) != 0)
        number = errno;
    if (number != 0) {
        kw_diag_say(diag, "%s: %s", file, strerror(number));
        return kw_err_from_errno(number);
    }
    if (!S_ISREG(status.st_mode))
        return kw_diag_say(diag, "%s: expected a file", file);
    if (key && (status.st_mode & OTHERS) != 0)
        return kw_diag_say(diag,
                           "%s: others than its owner may use the key, its "
                           "mode is %04o: expected 0600",
                           file, (unsigned)status.st_mode & 07777);
    return 0;
}

int kw_tls_load_pair(struct kw_tls *tls, const char *cert_file,
                     const char *key_file, struct kw_diag *diag)
{
    SSL_CTX *ctx = tls->ctx;
    int err = check_file(cert_file, false, diag);

    if (err == 0)
        err = check_file(key_file, true, diag);
    if (err != 0)
        return err;
    SSL_CTX_set_default_passwd_cb(ctx, no_password);
    if (SSL_CTX_use_certificate_chain_file(ctx, cert_file) != 1)
        return kw_tls_error(diag, cert_file, KW_EINVAL);
    err = kw_tls_check_key(SSL_CTX_get0_certificate(ctx), cert_file, diag);
    if (err != 0)
        return err;
    if (SSL_CTX_use_PrivateKey_file(ctx, key_file, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(ctx) != 1)
        return kw_tls_error(diag, key_file, KW_EINVAL);
    return 0;
}

/* A file with revocation lists wants one of each peer's authority. */
static void use_revocation(SSL_CTX *ctx)
{
    X509_STORE *store = SSL_CTX_get_cert_store(ctx);
    const STACK_OF(X509_OBJECT) *objects = X509_STORE_get0_objects(store);

    for (int i = 0; i < sk_X509_OBJECT_num(objects); i++) {
        if (X509_OBJECT_get_type(sk_X509_OBJECT_value(objects, i)) ==
            X509_LU_CRL)
            (void)X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK);
    }
}

int kw_tls_load_authorities(struct kw_tls *tls, const char *file,
                            struct kw_diag *diag)
{
    SSL_CTX *ctx = tls->ctx;
    int err = check_file(file, false, diag);

    if (err != 0)
        return err;
    tls->authorities = kw_strdup(file);
    if (tls->authorities == NULL)
        return KW_ENOMEM;
    if (SSL_CTX_load_verify_file(ctx, file) != 1)
        return kw_tls_error(diag, file, KW_EINVAL);
    if (tls->server) /* the names from which a client chooses */
        SSL_CTX_set_client_CA_list(ctx, SSL_load_client_CA_file(file));
    use_revocation(ctx);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                       kw_tls_peer_verify);
    SSL_CTX_set_verify_depth(ctx, KW_TLS_DEPTH_MAX);
    SSL_CTX_set_max_cert_list(ctx, CHAIN_MAX_BYTES);
    return 0;
}
