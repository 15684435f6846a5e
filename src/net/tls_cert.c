/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates: the self-signed one that each device makes for itself at its
 * first start (SEC-41), the rules for keys (SEC-40), and what people want to
 * know of a certificate.
 */
#include "base/buf.h"
#include "base/clock.h"
#include "base/secret.h"
#include "base/text.h"
#include "net/tls_impl.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    VALID_DAYS = 3652,
    SERIAL_BYTES = 16,
    NAMES_MAX_BYTES = 4096,
    RSA_MIN_BITS = 3072,
    EC_MIN_BITS = 256,
};

/*
 * 2024-01-01T00:00:00Z: when each certificate begins to be valid, whatever the
 * clock says. One that begins when it is made would be refused for years after
 * a clock that ran ahead was corrected. An impossible clock (kw_clock_sane) is
 * not believed for the end either: it counts from here then.
 */
static const int64_t earliest_s = 1704067200;

int kw_tls_check_key(const X509 *cert, const char *file, struct kw_diag *diag)
{
    const EVP_PKEY *key = cert != NULL ? X509_get0_pubkey(cert) : NULL;
    int bits = key != NULL ? EVP_PKEY_get_bits(key) : 0;

    if (key != NULL && EVP_PKEY_is_a(key, "RSA") && bits < RSA_MIN_BITS)
        return kw_diag_say(diag, "%s: an RSA key needs %d bits, this has %d",
                           file, RSA_MIN_BITS, bits);
    if (key != NULL && EVP_PKEY_is_a(key, "EC") && bits < EC_MIN_BITS)
        return kw_diag_say(diag, "%s: an EC key needs %d bits, this has %d",
                           file, EC_MIN_BITS, bits);
    if (key == NULL ||
        (!EVP_PKEY_is_a(key, "RSA") && !EVP_PKEY_is_a(key, "EC") &&
         !EVP_PKEY_is_a(key, "ED25519")))
        return kw_diag_say(diag, "%s: the key is neither EC, RSA nor Ed25519",
                           file);
    return 0;
}

/* "DNS:name,IP:address": names that could carry more than a name are left
 * out, since the text is parsed by OpenSSL. */
static void put_names(struct kw_buf *out, const char *const *names)
{
    unsigned char address[16];

    for (; *names != NULL; names++) {
        bool numeric = inet_pton(AF_INET, *names, address) == 1 ||
                       inet_pton(AF_INET6, *names, address) == 1;
        size_t plain = strspn(*names, "abcdefghijklmnopqrstuvwxyz"
                                      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                      "0123456789-.");

        if (!numeric && ((*names)[plain] != 0 || plain == 0 || plain > 253))
            continue;
        kw_buf_printf(out, "%s%s:%s", out->length > 0 ? "," : "",
                      numeric ? "IP" : "DNS", *names);
    }
}

static int add_extension(X509 *cert, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    int added = extension != NULL && X509_add_ext(cert, extension, -1) == 1;

    X509_EXTENSION_free(extension);
    return added;
}

static int add_extensions(X509 *cert, const char *const *names)
{
    struct kw_buf text;
    int added;

    kw_buf_init(&text, NAMES_MAX_BYTES);
    put_names(&text, names);
    added = kw_buf_err(&text) == 0 &&
            add_extension(cert, NID_basic_constraints, "critical,CA:FALSE") &&
            add_extension(cert, NID_key_usage, "critical,digitalSignature") &&
            add_extension(cert, NID_ext_key_usage, "serverAuth") &&
            add_extension(cert, NID_subject_alt_name, kw_buf_text(&text));
    kw_buf_fini(&text);
    return added;
}

static int set_serial(X509 *cert)
{
    unsigned char bytes[SERIAL_BYTES];
    ASN1_INTEGER *serial;
    BIGNUM *number;
    int done = 0;

    if (kw_secret_random(bytes, sizeof(bytes)) != 0)
        return 0; /* UNTESTED: the kernel has no random bytes */
    bytes[0] = (unsigned char)((bytes[0] & 0x7F) | 0x40);
    number = BN_bin2bn(bytes, sizeof(bytes), NULL);
    serial = BN_to_ASN1_INTEGER(number, NULL);
    if (serial != NULL)
        done = X509_set_serialNumber(cert, serial);
    ASN1_INTEGER_free(serial);
    BN_free(number);
    return done;
}

static int set_subject(X509 *cert, const char *name)
{
    X509_NAME *subject = X509_get_subject_name(cert);
    char common[65]; /* RFC 5280, ub-common-name */

    (void)kw_text_copy(common, sizeof(common), name);
    return X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                                      (const unsigned char *)common, -1, -1,
                                      0) == 1 &&
           X509_set_issuer_name(cert, subject) == 1;
}

static X509 *make_cert(EVP_PKEY *key, const char *const *names, int64_t now_ms)
{
    time_t from = (time_t)earliest_s;
    time_t now = kw_clock_sane(now_ms) ? (time_t)(now_ms / 1000) : from;
    X509 *cert = X509_new();

    if (cert != NULL && X509_set_version(cert, X509_VERSION_3) == 1 &&
        set_serial(cert) && set_subject(cert, names[0]) &&
        X509_time_adj_ex(X509_getm_notBefore(cert), 0, 0, &from) != NULL &&
        X509_time_adj_ex(X509_getm_notAfter(cert), VALID_DAYS, 0, &now) !=
            NULL &&
        X509_set_pubkey(cert, key) == 1 && add_extensions(cert, names) &&
        X509_sign(cert, key, EVP_sha256()) > 0)
        return cert;
    X509_free(cert);
    return NULL;
}

static int write_all(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t put = write(fd, bytes, length);

        if (put < 0)
            return kw_err_from_errno(errno);
        bytes += put;
        length -= (size_t)put;
    }
    return fsync(fd) == 0 ? 0 : kw_err_from_errno(errno);
}

/* Writes beside the file, then renames: either the old or the new is there. */
static int write_file(const char *path, BIO *content, mode_t mode,
                      struct kw_diag *diag)
{
    char beside[4096], *bytes = NULL;
    long length = BIO_get_mem_data(content, &bytes);
    int err = KW_ERANGE, fd;

    if (snprintf(beside, sizeof(beside), "%s.new", path) <
        (int)sizeof(beside)) {
        (void)unlink(beside);
        fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
        err = fd < 0 ? kw_err_from_errno(errno)
                     : write_all(fd, bytes, (size_t)length);
        if (fd >= 0 && close(fd) != 0 && err == 0)
            err = KW_EIO; /* UNTESTED: a local file system reports in fsync */
        if (err == 0 && rename(beside, path) != 0)
            err = kw_err_from_errno(errno);
    }
    if (err != 0)
        kw_diag_say(diag, "%s could not be written: %s", path,
                    kw_strerror(err));
    return err;
}

/* The names in a file's folder are on the disk, too. */
static void sync_folder(const char *file)
{
    char folder[4096];
    char *slash;
    int fd;

    if (!kw_text_copy(folder, sizeof(folder), file))
        return;
    slash = strrchr(folder, '/');
    if (slash == NULL)
        return;
    *slash = 0;
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    (void)fsync(fd); /* where it can't be synced, a pair is made again */
    close(fd);
}

static int write_pair(const char *cert_file, const char *key_file, X509 *cert,
                      EVP_PKEY *key, struct kw_diag *diag)
{
    BIO *cert_pem = BIO_new(BIO_s_mem()), *key_pem = BIO_new(BIO_s_secmem());
    int err = KW_ENOMEM;

    if (cert_pem != NULL && key_pem != NULL &&
        PEM_write_bio_X509(cert_pem, cert) == 1 &&
        PEM_write_bio_PKCS8PrivateKey(key_pem, key, NULL, NULL, 0, NULL,
                                      NULL) == 1) {
        err = write_file(key_file, key_pem, 0600, diag);
        if (err == 0)
            err = write_file(cert_file, cert_pem, 0644, diag);
        sync_folder(cert_file);
    }
    BIO_free(cert_pem);
    BIO_free(key_pem);
    return err;
}

int kw_tls_self_signed(const char *cert_file, const char *key_file,
                       const char *const *names, int64_t now_ms,
                       struct kw_diag *diag)
{
    EVP_PKEY *key;
    X509 *cert;
    int err;

    if (names[0] == NULL)
        return kw_diag_say(diag, "a certificate needs a name");
    key = EVP_EC_gen("P-256");
    cert = key != NULL ? make_cert(key, names, now_ms) : NULL;
    if (cert == NULL)
        err = kw_tls_error(diag, "certificate", KW_EINVAL);
    else
        err = write_pair(cert_file, key_file, cert, key, diag);
    X509_free(cert);
    EVP_PKEY_free(key);
    return err;
}

int kw_tls_fingerprint(const struct kw_tls *tls,
                       char text[KW_TLS_FINGERPRINT_SIZE])
{
    const X509 *cert = SSL_CTX_get0_certificate(tls->ctx);
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;

    text[0] = 0;
    if (cert == NULL || X509_digest(cert, EVP_sha256(), digest, &length) != 1)
        return KW_ENOTFOUND;
    for (unsigned i = 0; i < length; i++)
        snprintf(text + 3 * (size_t)i, 4, "%02X%s", digest[i],
                 i + 1 < length ? ":" : "");
    return 0;
}

int kw_tls_days_left(const struct kw_tls *tls, int64_t now_ms)
{
    const X509 *cert = SSL_CTX_get0_certificate(tls->ctx);
    ASN1_TIME *now = ASN1_TIME_set(NULL, (time_t)(now_ms / 1000));
    int days = 0, seconds = 0;

    if (cert != NULL && now != NULL &&
        ASN1_TIME_diff(&days, &seconds, now, X509_get0_notAfter(cert)) != 1)
        days = 0; /* UNTESTED: both times are well-formed */
    if (seconds < 0)
        days--;
    ASN1_TIME_free(now);
    return days;
}
