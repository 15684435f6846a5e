/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The other end: what is wrong with it, in words that say what to mend, and
 * the role that its certificate states.
 */
#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "net/tls_impl.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

enum { WHY_MAX_BYTES = 400, NAMES_MAX = 3 };

static void put(struct kw_buf *out, const char *text)
{
    kw_buf_put(out, text, strlen(text));
}

/* The text of a failure; the first one counts, for it caused the others. */
static void set_why(struct kw_tls_why *why, struct kw_buf *text)
{
    if (why->text == NULL && kw_buf_err(text) == 0)
        why->text = kw_strdup(kw_buf_text(text));
    kw_buf_fini(text);
}

static void put_date(struct kw_buf *out, const ASN1_TIME *date)
{
    struct tm tm = {.tm_year = 0};

    if (date == NULL || ASN1_TIME_to_tm(date, &tm) != 1)
        put(out, "a day that can't be read");
    else
        kw_buf_printf(out, "%04d-%02d-%02d", tm.tm_year + 1900, tm.tm_mon + 1,
                      tm.tm_mday);
}

/* One name of a certificate that came from outside: clean text or nothing. */
static bool put_name(struct kw_buf *out, const GENERAL_NAME *name)
{
    const unsigned char *bytes;
    size_t length;

    if (name->type != GEN_DNS && name->type != GEN_IPADD)
        return false;
    bytes = ASN1_STRING_get0_data(name->d.ia5);
    length = (size_t)ASN1_STRING_length(name->d.ia5);
    if (name->type == GEN_DNS) {
        if (!kw_text_is_clean((const char *)bytes, length))
            return false;
        kw_buf_put(out, bytes, length);
    } else if (length == 4) {
        kw_buf_printf(out, "%u.%u.%u.%u", bytes[0], bytes[1], bytes[2],
                      bytes[3]);
    } else {
        put(out, "an IPv6 address");
    }
    return true;
}

/* The names that a certificate is made out to, the first few of them. */
static void put_names(struct kw_buf *out, const X509 *cert)
{
    GENERAL_NAMES *names =
        X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    unsigned shown = 0;

    for (int i = 0; i < sk_GENERAL_NAME_num(names) && shown < NAMES_MAX; i++) {
        if (shown > 0)
            put(out, " and ");
        shown += put_name(out, sk_GENERAL_NAME_value(names, i));
    }
    if (shown == 0)
        put(out, "nobody");
    GENERAL_NAMES_free(names);
}

static bool is_untrusted(int error)
{
    return error == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY ||
           error == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT ||
           error == X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE ||
           error == X509_V_ERR_CERT_SIGNATURE_FAILURE ||
           error == X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT ||
           error == X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN;
}

static void put_plain(struct kw_buf *out, int error)
{
    static const struct {
        int error;
        const char *text;
    } rows[] = {
        {X509_V_ERR_CERT_REVOKED, "is revoked"},
        {X509_V_ERR_INVALID_PURPOSE, "is not made for this use"},
        {X509_V_ERR_CERT_CHAIN_TOO_LONG, "has too long a chain"},
        {X509_V_ERR_EE_KEY_TOO_SMALL, "has too short a key"},
        {X509_V_ERR_CA_KEY_TOO_SMALL, "has too short a key"},
        {X509_V_ERR_CA_MD_TOO_WEAK, "is signed with too weak a digest"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].error == error) {
            put(out, rows[i].text);
            return;
        }
    }
    kw_buf_printf(out, "is not accepted: %s",
                  X509_verify_cert_error_string(error));
}

static void put_error(struct kw_buf *out, X509_STORE_CTX *store,
                      const struct kw_tls *tls, const struct kw_tls_why *why)
{
    const X509 *cert = X509_STORE_CTX_get_current_cert(store);
    int error = X509_STORE_CTX_get_error(store);

    if (is_untrusted(error)) {
        kw_buf_printf(out, "is not signed by an authority in %s",
                      tls->authorities);
    } else if (error == X509_V_ERR_CERT_HAS_EXPIRED) {
        put(out, "expired on ");
        put_date(out, X509_get0_notAfter(cert));
    } else if (error == X509_V_ERR_CERT_NOT_YET_VALID) {
        put(out, "is not valid before ");
        put_date(out, X509_get0_notBefore(cert));
        put(out, ": is the clock right?");
    } else if (error == X509_V_ERR_HOSTNAME_MISMATCH ||
               error == X509_V_ERR_IP_ADDRESS_MISMATCH) {
        put(out, "is made out to ");
        put_names(out, cert);
        kw_buf_printf(out, ", expected %s", why->host);
    } else if (error == X509_V_ERR_UNABLE_TO_GET_CRL ||
               error == X509_V_ERR_CRL_HAS_EXPIRED) {
        kw_buf_printf(out, "can't be checked: %s has no %srevocation list",
                      tls->authorities,
                      error == X509_V_ERR_CRL_HAS_EXPIRED ? "current " : "");
    } else {
        put_plain(out, error);
    }
}

int kw_tls_peer_verify(int good, X509_STORE_CTX *store)
{
    SSL *ssl =
        X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct kw_tls_why *why = SSL_get_app_data(ssl);
    const struct kw_tls *tls = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    bool untrusted = is_untrusted(X509_STORE_CTX_get_error(store));
    int depth = X509_STORE_CTX_get_error_depth(store);
    struct kw_buf text;

    if (good || why->text != NULL)
        return good;
    kw_buf_init(&text, WHY_MAX_BYTES);
    put_error(&text, store, tls, why);
    why->certificate = true;
    /* Who signed is a matter of the whole chain. */
    why->depth = untrusted || depth < 0 ? 0 : (unsigned)depth;
    set_why(why, &text);
    return good;
}

/* Reasons that have a plainer name than OpenSSL's. */
static const char *plain_reason(int reason)
{
    static const struct {
        int reason;
        const char *text;
    } rows[] = {
        {SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE, "shows no certificate"},
        {SSL_R_UNSUPPORTED_PROTOCOL, "offers no TLS 1.2 or newer"},
        {SSL_R_WRONG_SSL_VERSION, "offers no TLS 1.2 or newer"},
        {SSL_R_TLSV1_ALERT_PROTOCOL_VERSION, "offers no TLS 1.2 or newer"},
        {SSL_R_WRONG_VERSION_NUMBER, "does not speak TLS"},
        {SSL_R_HTTP_REQUEST, "does not speak TLS"},
        {SSL_R_BAD_RECORD_TYPE, "does not speak TLS"},
        {SSL_R_PACKET_LENGTH_TOO_LONG, "does not speak TLS"},
        {SSL_R_NO_SHARED_CIPHER, "has no cipher suite in common with us"},
        {SSL_R_TLSV1_ALERT_UNKNOWN_CA,
         "does not know the authority of our certificate"},
        {SSL_R_SSLV3_ALERT_BAD_CERTIFICATE, "refuses our certificate"},
        {SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN, "refuses our certificate"},
        {SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE, "refuses our certificate"},
        {SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED,
         "says that our certificate has expired"},
        {SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED,
         "says that our certificate is revoked"},
        {SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED,
         "wants a certificate of ours"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].reason == reason)
            return rows[i].text;
    }
    return NULL;
}

void kw_tls_peer_say(struct kw_tls_why *why, const char *reason)
{
    struct kw_buf text;

    if (why->text != NULL)
        return;
    kw_buf_init(&text, WHY_MAX_BYTES);
    put(&text, reason);
    set_why(why, &text);
}

void kw_tls_peer_note(struct kw_tls_why *why, unsigned long code)
{
    int reason = ERR_GET_REASON(code);
    const char *plain = plain_reason(reason);
    const char *words = ERR_reason_error_string(code);
    struct kw_buf text;

    if (why->text != NULL)
        return;
    kw_buf_init(&text, WHY_MAX_BYTES);
    if (plain != NULL)
        put(&text, plain);
    else
        kw_buf_printf(&text, "%s: %s",
                      reason > SSL_AD_REASON_OFFSET ? "refuses the connection"
                                                    : "breaks the TLS protocol",
                      words != NULL ? words : "no reason known");
    set_why(why, &text);
}

int kw_tls_cert_role(const X509 *cert, char role[KW_ROLE_SIZE])
{
    ASN1_OBJECT *oid = OBJ_txt2obj(KW_ROLE_OID, 1);
    int at = oid != NULL ? X509_get_ext_by_OBJ(cert, oid, -1) : -1;
    int again = at >= 0 ? X509_get_ext_by_OBJ(cert, oid, at) : -1;
    const ASN1_OCTET_STRING *value = NULL;
    int err = 0;

    role[0] = 0;
    if (at >= 0)
        value = X509_EXTENSION_get_data(X509_get_ext(cert, at));
    if (oid == NULL || again >= 0)
        err = KW_EINVAL; /* two roles are none (or there is no memory) */
    else if (value != NULL)
        err = kw_role_parse(ASN1_STRING_get0_data(value),
                            (size_t)ASN1_STRING_length(value), role);
    ASN1_OBJECT_free(oid);
    return err;
}
