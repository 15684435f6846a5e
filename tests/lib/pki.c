/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/pki.h"

#include "net/role.h"

#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { DAY_S = 86400, ROLE_BYTES = 80 };

const char *kw_pki_path(const char *dir, const char *file,
                        char path[KW_PKI_PATH])
{
    assert_true(snprintf(path, KW_PKI_PATH, "%s/%s", dir, file) < KW_PKI_PATH);
    return path;
}

static FILE *open_file(const char *dir, const char *name, const char *end,
                       const char *mode)
{
    char file[KW_PKI_PATH], path[KW_PKI_PATH];
    bool key = strcmp(end, ".key") == 0;
    FILE *opened;
    int fd;

    snprintf(file, sizeof(file), "%s%s", name, end);
    kw_pki_path(dir, file, path);
    if (mode[0] == 'w') {
        (void)unlink(path);
        fd = open(path, O_WRONLY | O_CREAT | O_EXCL, key ? 0600 : 0644);
        opened = fdopen(fd, mode);
    } else {
        opened = fopen(path, mode);
    }
    assert_non_null(opened);
    return opened;
}

static X509 *load_cert(const char *dir, const char *name)
{
    FILE *file = open_file(dir, name, ".crt", "r");
    X509 *cert = PEM_read_X509(file, NULL, NULL, NULL);

    assert_non_null(cert);
    fclose(file);
    return cert;
}

static EVP_PKEY *load_key(const char *dir, const char *name)
{
    FILE *file = open_file(dir, name, ".key", "r");
    EVP_PKEY *key = PEM_read_PrivateKey(file, NULL, NULL, NULL);

    assert_non_null(key);
    fclose(file);
    return key;
}

static void add(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509_EXTENSION *extension;
    X509V3_CTX context;

    X509V3_set_ctx(&context, issuer, cert, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    assert_non_null(extension);
    assert_int_equal(X509_add_ext(cert, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

static void add_role(X509 *cert, const unsigned char *der, size_t length)
{
    ASN1_OBJECT *oid = OBJ_txt2obj(KW_ROLE_OID, 1);
    ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
    X509_EXTENSION *extension;

    assert_int_equal(ASN1_OCTET_STRING_set(value, der, (int)length), 1);
    extension = X509_EXTENSION_create_by_OBJ(NULL, oid, 0, value);
    assert_int_equal(X509_add_ext(cert, extension, -1), 1);
    X509_EXTENSION_free(extension);
    ASN1_OCTET_STRING_free(value);
    ASN1_OBJECT_free(oid);
}

static void set_dates(X509 *cert, const struct kw_pki_wish *wish)
{
    time_t now = time(NULL);
    time_t from =
        wish->from_ms != 0 ? (time_t)(wish->from_ms / 1000) : now - DAY_S;
    time_t to =
        wish->to_ms != 0 ? (time_t)(wish->to_ms / 1000) : now + 365L * DAY_S;

    assert_non_null(ASN1_TIME_set(X509_getm_notBefore(cert), from));
    assert_non_null(ASN1_TIME_set(X509_getm_notAfter(cert), to));
}

static void extend(X509 *cert, X509 *issuer, const struct kw_pki_wish *wish)
{
    add(cert, issuer, NID_basic_constraints,
        wish->authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
    add(cert, issuer, NID_key_usage,
        wish->authority ? "critical,keyCertSign,cRLSign"
                        : "critical,digitalSignature");
    add(cert, issuer, NID_subject_key_identifier, "hash");
    if (wish->usage != NULL)
        add(cert, issuer, NID_ext_key_usage, wish->usage);
    if (wish->alt != NULL)
        add(cert, issuer, NID_subject_alt_name, wish->alt);
    for (size_t i = 0; i < KW_PKI_ROLES; i++) {
        if (wish->roles[i] != NULL)
            add_role(cert, wish->roles[i], wish->role_lengths[i]);
    }
}

static void save(const char *dir, const char *name, X509 *cert, EVP_PKEY *key)
{
    FILE *file = open_file(dir, name, ".crt", "w");

    assert_int_equal(PEM_write_X509(file, cert), 1);
    assert_int_equal(fclose(file), 0);
    file = open_file(dir, name, ".key", "w");
    assert_int_equal(
        PEM_write_PKCS8PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
    assert_int_equal(fclose(file), 0);
}

void kw_pki_make(const char *dir, const struct kw_pki_wish *wish)
{
    bool self = wish->issuer == NULL;
    EVP_PKEY *key = EVP_EC_gen("P-256");
    EVP_PKEY *signer = self ? key : load_key(dir, wish->issuer);
    X509 *cert = X509_new();
    X509 *issuer = self ? cert : load_cert(dir, wish->issuer);
    X509_NAME *subject = X509_get_subject_name(cert);
    uint64_t serial;

    assert_int_equal(getentropy(&serial, sizeof(serial)), 0);
    X509_set_version(cert, X509_VERSION_3);
    ASN1_INTEGER_set_uint64(X509_get_serialNumber(cert), serial >> 1);
    assert_int_equal(X509_NAME_add_entry_by_txt(
                         subject, "CN", MBSTRING_UTF8,
                         (const unsigned char *)wish->name, -1, -1, 0),
                     1);
    X509_set_issuer_name(cert, X509_get_subject_name(issuer));
    set_dates(cert, wish);
    X509_set_pubkey(cert, key);
    extend(cert, issuer, wish);
    assert_true(X509_sign(cert, signer, EVP_sha256()) > 0);
    save(dir, wish->name, cert, key);
    if (!self) {
        EVP_PKEY_free(signer);
        X509_free(issuer);
    }
    EVP_PKEY_free(key);
    X509_free(cert);
}

void kw_pki_authority(const char *dir, const char *name)
{
    struct kw_pki_wish wish = {.name = name, .authority = true};

    kw_pki_make(dir, &wish);
}

void kw_pki_server(const char *dir, const char *name, const char *issuer,
                   const char *alt)
{
    struct kw_pki_wish wish = {
        .name = name, .issuer = issuer, .alt = alt, .usage = "serverAuth"};

    kw_pki_make(dir, &wish);
}

void kw_pki_client(const char *dir, const char *name, const char *issuer,
                   const char *role)
{
    unsigned char der[ROLE_BYTES] = {0x0C};
    struct kw_pki_wish wish = {
        .name = name, .issuer = issuer, .usage = "clientAuth"};

    if (role != NULL) {
        der[1] = (unsigned char)strlen(role);
        memcpy(der + 2, role, der[1]);
        wish.roles[0] = der;
        wish.role_lengths[0] = (size_t)der[1] + 2;
    }
    kw_pki_make(dir, &wish);
}

static void add_revoked(X509_CRL *list, const char *dir, const char *name,
                        ASN1_TIME *when)
{
    X509 *cert = load_cert(dir, name);
    X509_REVOKED *entry = X509_REVOKED_new();

    X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(cert));
    X509_REVOKED_set_revocationDate(entry, when);
    assert_int_equal(X509_CRL_add0_revoked(list, entry), 1);
    X509_free(cert);
}

void kw_pki_revoke(const char *dir, const char *issuer, const char *revoked,
                   const char *file, int64_t to_ms)
{
    time_t now = time(NULL);
    X509_CRL *list = X509_CRL_new();
    X509 *cert = load_cert(dir, issuer);
    EVP_PKEY *key = load_key(dir, issuer);
    ASN1_TIME *from = ASN1_TIME_set(NULL, now - 2 * DAY_S);
    ASN1_TIME *to = ASN1_TIME_set(NULL, to_ms != 0 ? (time_t)(to_ms / 1000)
                                                   : now + 365L * DAY_S);
    FILE *out = open_file(dir, file, "", "a");

    X509_CRL_set_version(list, X509_CRL_VERSION_2);
    X509_CRL_set_issuer_name(list, X509_get_subject_name(cert));
    X509_CRL_set1_lastUpdate(list, from);
    X509_CRL_set1_nextUpdate(list, to);
    if (revoked != NULL)
        add_revoked(list, dir, revoked, from);
    assert_true(X509_CRL_sign(list, key, EVP_sha256()) > 0);
    assert_int_equal(PEM_write_X509_CRL(out, list), 1);
    assert_int_equal(fclose(out), 0);
    ASN1_TIME_free(from);
    ASN1_TIME_free(to);
    EVP_PKEY_free(key);
    X509_free(cert);
    X509_CRL_free(list);
}
