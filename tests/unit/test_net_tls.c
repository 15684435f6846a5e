/* SPDX-License-Identifier: Apache-2.0 */
/* Contexts, certificates and sessions; both ends of a session in memory. */
#include "net/tls.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "lib/fixture.h"
#include "net/tls_session.h"

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const int64_t now_ms = 1767225600000; /* 2026-01-01 */

struct files {
    char dir[64], cert[96], key[96];
    struct kw_clock_manual manual;
    uint64_t balance;
};

static const char *const names[] = {"gateway", "localhost", "192.0.2.1",
                                    "2001:db8::1", NULL};

static int make_files(void **state)
{
    static struct files files;
    struct kw_diag diag;

    files.balance = kw_test_blocks();
    kw_clock_manual_init(&files.manual, now_ms);
    kw_test_make_dir(files.dir, sizeof(files.dir));
    snprintf(files.cert, sizeof(files.cert), "%s/c.pem", files.dir);
    snprintf(files.key, sizeof(files.key), "%s/k.pem", files.dir);
    kw_diag_init(&diag);
    assert_int_equal(
        kw_tls_self_signed(files.cert, files.key, names, now_ms, &diag), 0);
    kw_diag_fini(&diag);
    *state = &files;
    return 0;
}

static int remove_files(void **state)
{
    struct files *files = *state;

    kw_test_remove(files->dir);
    assert_int_equal(kw_test_blocks(), files->balance);
    return 0;
}

static struct kw_tls_server_options options_of(struct files *files)
{
    return (struct kw_tls_server_options){
        .cert_file = files->cert,
        .key_file = files->key,
        .alpn = "http/1.1",
        .clock = &files->manual.clock,
    };
}

/* Loads a server's context; on an error the first finding is in why. */
static int load_server(struct files *files, struct kw_tls **tls, char why[400])
{
    struct kw_tls_server_options options = options_of(files);
    struct kw_diag diag;
    int err;

    kw_diag_init(&diag);
    err = kw_tls_server(tls, &options, &diag);
    kw_diag_first(&diag, why, 400);
    kw_diag_fini(&diag);
    return err;
}

static struct kw_tls *server_of(struct files *files)
{
    struct kw_tls *tls = NULL;
    char why[400];

    assert_int_equal(load_server(files, &tls, why), 0);
    return tls;
}

static struct kw_tls *client_of(const char *ca_file)
{
    struct kw_tls_client_options options = {.authorities = ca_file};
    struct kw_tls *tls = NULL;
    struct kw_diag diag;

    kw_diag_init(&diag);
    assert_int_equal(kw_tls_client(&tls, &options, &diag), 0);
    kw_diag_fini(&diag);
    return tls;
}

/* Two ends and the wire between them. */
struct pair {
    struct kw_tls_session *server, *client;
    struct kw_buf to_client, to_server;
};

static void open_pair(struct pair *pair, struct kw_tls *server,
                      struct kw_tls *client, const char *host)
{
    *pair = (struct pair){.server = NULL};
    kw_buf_init(&pair->to_client, 1 << 20);
    kw_buf_init(&pair->to_server, 1 << 20);
    assert_int_equal(
        kw_tls_session_new(&pair->server, server, NULL, &pair->to_client), 0);
    assert_int_equal(
        kw_tls_session_new(&pair->client, client, host, &pair->to_server), 0);
}

static void close_pair(struct pair *pair)
{
    kw_tls_session_free(pair->server);
    kw_tls_session_free(pair->client);
    kw_buf_fini(&pair->to_client);
    kw_buf_fini(&pair->to_server);
}

/* Moves a flight and goes on with the handshake of who got it. */
static int move(struct kw_tls_session *to, struct kw_buf *wire)
{
    unsigned char byte;
    int done;

    kw_tls_session_feed(to, wire->data, wire->length);
    done = kw_tls_session_shake(to);
    if (done == 1) /* what follows the handshake: tickets */
        assert_int_equal(kw_tls_session_read(to, &byte, 1), 0);
    assert_true(done < 0 || kw_tls_session_left(to) == 0);
    kw_buf_reset(wire);
    return done;
}

/* Until both are done or one refuses; the refusal. */
static int shake(struct pair *pair)
{
    int server = 0, client = kw_tls_session_shake(pair->client);

    for (unsigned i = 0; i < 4 && (server != 1 || client != 1); i++) {
        if (client < 0 || server < 0)
            break;
        server = move(pair->server, &pair->to_server);
        if (server < 0)
            return server;
        client = move(pair->client, &pair->to_client);
    }
    return client < 0 ? client : server;
}

static void test_exchange(void **state)
{
    struct kw_tls *server = server_of(*state);
    struct kw_tls *client = client_of(((struct files *)*state)->cert);
    unsigned char bytes[64];
    struct pair pair;

    open_pair(&pair, server, client, "gateway");
    assert_int_equal(shake(&pair), 1);
    assert_int_equal(kw_tls_session_write(pair.client, "hello", 5), 0);
    kw_tls_session_feed(pair.server, pair.to_server.data,
                        pair.to_server.length);
    assert_int_equal(kw_tls_session_read(pair.server, bytes, 3), 3);
    assert_int_equal(kw_tls_session_read(pair.server, bytes + 3, 60), 2);
    assert_memory_equal(bytes, "hello", 5);
    assert_int_equal(kw_tls_session_read(pair.server, bytes, 64), 0);
    kw_buf_reset(&pair.to_server);
    kw_tls_session_end(pair.client);
    kw_tls_session_feed(pair.server, pair.to_server.data,
                        pair.to_server.length);
    assert_int_equal(kw_tls_session_read(pair.server, bytes, 64), KW_EOF);
    close_pair(&pair);
    kw_tls_drop(server);
    kw_tls_drop(client);
}

/* More than one record; a changed byte is noticed. */
static void test_records(void **state)
{
    struct kw_tls *server = server_of(*state);
    struct kw_tls *client = client_of(((struct files *)*state)->cert);
    unsigned char out[50000], in[50000];
    size_t got = 0;
    struct pair pair;
    int step;

    for (size_t i = 0; i < sizeof(out); i++)
        out[i] = (unsigned char)(i * 7);
    open_pair(&pair, server, client, "192.0.2.1");
    assert_int_equal(shake(&pair), 1);
    assert_int_equal(kw_tls_session_write(pair.server, out, sizeof(out)), 0);
    kw_tls_session_feed(pair.client, pair.to_client.data,
                        pair.to_client.length);
    while ((step = kw_tls_session_read(pair.client, in + got,
                                       sizeof(in) - got)) > 0)
        got += (size_t)step;
    assert_int_equal(got, sizeof(in));
    assert_memory_equal(in, out, sizeof(in));
    kw_buf_reset(&pair.to_client);
    assert_int_equal(kw_tls_session_write(pair.server, out, 100), 0);
    pair.to_client.data[20] ^= 1;
    kw_tls_session_feed(pair.client, pair.to_client.data,
                        pair.to_client.length);
    assert_int_equal(kw_tls_session_read(pair.client, in, sizeof(in)),
                     KW_EPROTO);
    close_pair(&pair);
    kw_tls_drop(server);
    kw_tls_drop(client);
}

static void test_host(void **state)
{
    static const struct {
        const char *host;
        int result;
    } rows[] = {
        {"gateway", 1},           {"localhost", 1},
        {"192.0.2.1", 1},         {"2001:db8::1", 1},
        {"other", KW_EPROTO},     {"gateway.example", KW_EPROTO},
        {"192.0.2.2", KW_EPROTO},
    };
    struct kw_tls *server = server_of(*state);
    struct kw_tls *client = client_of(((struct files *)*state)->cert);
    struct kw_tls_session *session;
    struct kw_buf out;
    struct pair pair;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        open_pair(&pair, server, client, rows[i].host);
        if (shake(&pair) != rows[i].result)
            fail_msg("%s", rows[i].host);
        close_pair(&pair);
    }
    kw_buf_init(&out, 1 << 16);
    assert_int_equal(kw_tls_session_new(&session, client, NULL, &out),
                     KW_EINVAL);
    kw_buf_fini(&out);
    kw_tls_drop(server);
    kw_tls_drop(client);
}

/* A certificate that the client doesn't know. */
static void test_foreign(void **state)
{
    struct files *files = *state, other = *files;
    struct kw_tls *server = server_of(files), *client;
    struct kw_diag diag;
    struct pair pair;

    snprintf(other.cert, sizeof(other.cert), "%s/c2.pem", files->dir);
    snprintf(other.key, sizeof(other.key), "%s/k2.pem", files->dir);
    kw_diag_init(&diag);
    assert_int_equal(
        kw_tls_self_signed(other.cert, other.key, names, now_ms, &diag), 0);
    kw_diag_fini(&diag);
    client = client_of(other.cert);
    open_pair(&pair, server, client, "gateway");
    assert_int_equal(shake(&pair), KW_EPROTO);
    close_pair(&pair);
    kw_tls_drop(server);
    kw_tls_drop(client);
}

/* No memory for what is to be sent. */
static void test_full(void **state)
{
    struct kw_tls *server = server_of(*state);
    struct kw_tls *client = client_of(((struct files *)*state)->cert);
    struct pair pair;

    open_pair(&pair, server, client, "gateway");
    pair.to_server.ceiling = 16;
    assert_int_equal(shake(&pair), KW_EFULL);
    close_pair(&pair);
    open_pair(&pair, server, client, "gateway");
    assert_int_equal(shake(&pair), 1);
    pair.to_server.ceiling = 16;
    assert_int_equal(kw_tls_session_write(pair.client, "hello", 5), KW_EFULL);
    close_pair(&pair);
    kw_tls_drop(server);
    kw_tls_drop(client);
}

/* --- an OpenSSL client of its own, for what ours never does ----------- */

struct peer {
    SSL_CTX *ctx;
    SSL *ssl;
    struct kw_tls_session *server;
    struct kw_buf out;
};

static void open_peer(struct peer *peer, struct kw_tls *server)
{
    peer->ctx = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_security_level(peer->ctx, 0);
    SSL_CTX_set_min_proto_version(peer->ctx, TLS1_VERSION);
    peer->ssl = SSL_new(peer->ctx);
    SSL_set_bio(peer->ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_connect_state(peer->ssl);
    kw_buf_init(&peer->out, 1 << 20);
    assert_int_equal(
        kw_tls_session_new(&peer->server, server, NULL, &peer->out), 0);
}

static void close_peer(struct peer *peer)
{
    kw_tls_session_free(peer->server);
    SSL_set_quiet_shutdown(peer->ssl, 1);
    (void)SSL_shutdown(peer->ssl); /* else its session can't be used again */
    SSL_free(peer->ssl);
    SSL_CTX_free(peer->ctx);
    kw_buf_fini(&peer->out);
}

/* Runs the handshake; the server's verdict. */
static int shake_peer(struct peer *peer)
{
    unsigned char bytes[64];
    int server = 0;

    for (unsigned i = 0; i < 4; i++) {
        char *wire = NULL;
        long length;

        (void)SSL_do_handshake(peer->ssl);
        length = BIO_get_mem_data(SSL_get_wbio(peer->ssl), &wire);
        kw_tls_session_feed(peer->server, wire, (size_t)length);
        server = kw_tls_session_shake(peer->server);
        (void)BIO_reset(SSL_get_wbio(peer->ssl));
        BIO_write(SSL_get_rbio(peer->ssl), peer->out.data,
                  (int)peer->out.length);
        kw_buf_reset(&peer->out);
        if (server < 0)
            break;
    }
    (void)SSL_read(peer->ssl, bytes, sizeof(bytes)); /* takes the tickets */
    return server;
}

static void test_versions(void **state)
{
    static const struct {
        int version, result;
    } rows[] = {{TLS1_VERSION, KW_EPROTO},
                {TLS1_1_VERSION, KW_EPROTO},
                {TLS1_2_VERSION, 1},
                {TLS1_3_VERSION, 1}};
    struct kw_tls *server = server_of(*state);
    struct peer peer;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        open_peer(&peer, server);
        SSL_set_min_proto_version(peer.ssl, rows[i].version);
        SSL_set_max_proto_version(peer.ssl, rows[i].version);
        assert_int_equal(shake_peer(&peer), rows[i].result);
        close_peer(&peer);
    }
    kw_tls_drop(server);
}

/* Forward secrecy and AEAD only (SEC-38). */
static void test_ciphers(void **state)
{
    static const struct {
        const char *list;
        int result;
    } rows[] = {
        {"ECDHE-ECDSA-AES128-GCM-SHA256", 1},
        {"ECDHE-ECDSA-AES256-GCM-SHA384", 1},
        {"ECDHE-ECDSA-CHACHA20-POLY1305", 1},
        {"ECDHE-ECDSA-AES128-SHA", KW_EPROTO},
        {"ECDHE-ECDSA-AES256-SHA384", KW_EPROTO},
        {"ECDHE-ECDSA-AES128-CCM", KW_EPROTO},
        {"AES128-GCM-SHA256", KW_EPROTO},
        {"DHE-RSA-AES128-GCM-SHA256", KW_EPROTO},
        {"aNULL", KW_EPROTO},
        {"eNULL", KW_EPROTO},
    };
    struct kw_tls *server = server_of(*state);
    struct peer peer;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        open_peer(&peer, server);
        SSL_set_max_proto_version(peer.ssl, TLS1_2_VERSION);
        assert_int_equal(SSL_set_cipher_list(peer.ssl, rows[i].list), 1);
        if (shake_peer(&peer) != rows[i].result)
            fail_msg("%s", rows[i].list);
        close_peer(&peer);
    }
    kw_tls_drop(server);
}

static void test_groups(void **state)
{
    static const struct {
        const char *list;
        int result;
    } rows[] = {{"X25519", 1},
                {"P-256", 1},
                {"P-384", 1},
                {"P-521", KW_EPROTO},
                {"X448", KW_EPROTO}};
    struct kw_tls *server = server_of(*state);
    struct peer peer;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char list[16];

        (void)kw_text_copy(list, sizeof(list), rows[i].list);
        open_peer(&peer, server);
        assert_int_equal(SSL_set1_groups_list(peer.ssl, list), 1);
        if (shake_peer(&peer) != rows[i].result)
            fail_msg("%s", list);
        close_peer(&peer);
    }
    kw_tls_drop(server);
}

static void test_renegotiation(void **state)
{
    struct kw_tls *server = server_of(*state);
    unsigned char bytes[64];
    struct peer peer;
    char *wire = NULL;
    long length;

    open_peer(&peer, server);
    SSL_set_max_proto_version(peer.ssl, TLS1_2_VERSION);
    assert_int_equal(shake_peer(&peer), 1);
    assert_int_equal(SSL_renegotiate(peer.ssl), 1);
    (void)SSL_do_handshake(peer.ssl);
    length = BIO_get_mem_data(SSL_get_wbio(peer.ssl), &wire);
    assert_true(length > 0);
    kw_tls_session_feed(peer.server, wire, (size_t)length);
    assert_int_equal(kw_tls_session_read(peer.server, bytes, sizeof(bytes)), 0);
    BIO_write(SSL_get_rbio(peer.ssl), peer.out.data, (int)peer.out.length);
    assert_int_not_equal(SSL_do_handshake(peer.ssl), 1); /* refused */
    close_peer(&peer);
    kw_tls_drop(server);
}

/* Reads what an end of OpenSSL's has written since the last time. */
static int feed_from(SSL *ssl, struct kw_tls_session *to)
{
    unsigned char bytes[64];
    char *wire = NULL;
    long length = BIO_get_mem_data(SSL_get_wbio(ssl), &wire);
    int got;

    assert_true(length > 0);
    kw_tls_session_feed(to, wire, (size_t)length);
    got = kw_tls_session_read(to, bytes, sizeof(bytes));
    (void)BIO_reset(SSL_get_wbio(ssl));
    return got;
}

static void update_keys(SSL *ssl, unsigned times)
{
    for (unsigned i = 0; i < times; i++) {
        assert_int_equal(SSL_key_update(ssl, SSL_KEY_UPDATE_NOT_REQUESTED), 1);
        assert_int_equal(SSL_do_handshake(ssl), 1);
    }
}

/* Eight KeyUpdates at once and one a second are taken; of more than that
 * nothing is worked on. */
static void test_key_updates(void **state)
{
    struct files *files = *state;
    struct kw_tls *server = server_of(files);
    struct peer peer;
    char why[200];

    open_peer(&peer, server);
    assert_int_equal(shake_peer(&peer), 1);
    update_keys(peer.ssl, 8);
    assert_int_equal(feed_from(peer.ssl, peer.server), 0);
    for (unsigned i = 0; i < 20; i++) {
        kw_clock_manual_advance(&files->manual, 1000);
        update_keys(peer.ssl, 1);
        assert_int_equal(feed_from(peer.ssl, peer.server), 0);
    }
    assert_int_equal(SSL_write(peer.ssl, "x", 1), 1); /* the keys are right */
    assert_int_equal(feed_from(peer.ssl, peer.server), 1);
    update_keys(peer.ssl, 100);
    assert_int_equal(feed_from(peer.ssl, peer.server), KW_EPROTO);
    assert_true(kw_tls_session_left(peer.server) > 98 * 27);
    assert_true(kw_tls_session_why(peer.server, "192.0.2.9", why, sizeof(why)));
    assert_string_equal(why,
                        "192.0.2.9 sends TLS handshake messages without end");
    close_peer(&peer);
    kw_tls_drop(server);
}

/* Joins an OpenSSL server with a session of ours; its tickets wait. */
static SSL *open_server(struct files *files, struct kw_tls_session *client,
                        struct kw_buf *out, int version)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    SSL *ssl;
    int done = 0;

    assert_int_equal(SSL_CTX_use_certificate_chain_file(ctx, files->cert), 1);
    assert_int_equal(
        SSL_CTX_use_PrivateKey_file(ctx, files->key, SSL_FILETYPE_PEM), 1);
    ssl = SSL_new(ctx);
    SSL_CTX_free(ctx);
    assert_int_equal(SSL_set_max_proto_version(ssl, version), 1);
    SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_accept_state(ssl);
    for (unsigned i = 0; i < 3; i++) {
        char *wire = NULL;
        long length;

        assert_true(kw_tls_session_shake(client) >= 0);
        BIO_write(SSL_get_rbio(ssl), out->data, (int)out->length);
        kw_buf_reset(out);
        (void)SSL_do_handshake(ssl);
        if (done == 1 && SSL_is_init_finished(ssl))
            break;
        length = BIO_get_mem_data(SSL_get_wbio(ssl), &wire);
        kw_tls_session_feed(client, wire, (size_t)length);
        done = kw_tls_session_shake(client);
        (void)BIO_reset(SSL_get_wbio(ssl));
    }
    assert_true(done == 1 && SSL_is_init_finished(ssl));
    return ssl;
}

/* One handshake message after the handshake. */
enum nuisance { TICKET, KEY_UPDATE, HELLO_REQUEST };

static void send_one(SSL *server, enum nuisance which)
{
    if (which == TICKET)
        assert_int_equal(SSL_new_session_ticket(server), 1);
    else if (which == HELLO_REQUEST)
        assert_int_equal(SSL_renegotiate(server), 1);
    else
        assert_int_equal(SSL_key_update(server, SSL_KEY_UPDATE_NOT_REQUESTED),
                         1);
    assert_int_equal(SSL_do_handshake(server), 1);
}

/* A meter that sends them without end is refused. */
static void test_hostile_server(void **state)
{
    struct files *files = *state;

    for (enum nuisance which = TICKET; which <= HELLO_REQUEST; which++) {
        struct kw_tls *tls = client_of(files->cert);
        struct kw_tls_session *client = NULL;
        struct kw_buf out;
        SSL *server;

        kw_buf_init(&out, 1 << 20);
        assert_int_equal(kw_tls_session_new(&client, tls, "gateway", &out), 0);
        server = open_server(files, client, &out,
                             which == HELLO_REQUEST ? TLS1_2_VERSION
                                                    : TLS1_3_VERSION);
        for (unsigned i = 0; i < 4; i++)
            send_one(server, which);
        assert_int_equal(feed_from(server, client), 0);
        for (unsigned i = 0; i < 30; i++)
            send_one(server, which);
        assert_int_equal(feed_from(server, client), KW_EPROTO);
        assert_true(kw_tls_session_left(client) > 0);
        SSL_free(server);
        kw_tls_session_free(client);
        kw_buf_fini(&out);
        kw_tls_drop(tls);
    }
}

static int shake_with_alpn(struct kw_tls *server, const char *offer,
                           unsigned length)
{
    struct peer peer;
    int result;

    open_peer(&peer, server);
    assert_int_equal(
        SSL_set_alpn_protos(peer.ssl, (const unsigned char *)offer, length), 0);
    result = shake_peer(&peer);
    if (result == 1) {
        const unsigned char *chosen;
        unsigned chosen_length;

        SSL_get0_alpn_selected(peer.ssl, &chosen, &chosen_length);
        assert_int_equal(chosen_length, 8);
        assert_memory_equal(chosen, "http/1.1", 8);
    }
    close_peer(&peer);
    return result;
}

static void test_alpn(void **state)
{
    struct kw_tls *server = server_of(*state);

    assert_int_equal(shake_with_alpn(server, "\x02h2\x08http/1.1", 12), 1);
    assert_int_equal(shake_with_alpn(server, "\x08http/1.1", 9), 1);
    assert_int_equal(shake_with_alpn(server,
                                     "\x02h2\x03"
                                     "ftp",
                                     7),
                     KW_EPROTO);
    assert_int_equal(shake_with_alpn(server, "\x09http/1.10", 10), KW_EPROTO);
    kw_tls_drop(server);
}

/* Handshakes with a session of before; true when it was resumed. */
static bool resume(struct kw_tls *server, int version, SSL_SESSION **session)
{
    struct peer peer;
    bool resumed;

    open_peer(&peer, server);
    SSL_set_max_proto_version(peer.ssl, version);
    if (*session != NULL)
        assert_int_equal(SSL_set_session(peer.ssl, *session), 1);
    assert_int_equal(shake_peer(&peer), 1);
    resumed = SSL_session_reused(peer.ssl) == 1;
    SSL_SESSION_free(*session);
    *session = SSL_get1_session(peer.ssl);
    close_peer(&peer);
    return resumed;
}

/* SEC-39: a ticket of the last hours resumes, one of yesterday does not, nor
 * one of another context (a restart, another certificate). */
static void test_tickets(void **state)
{
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    struct files *files = *state;
    const int64_t hour_ms = 3600000;

    for (size_t i = 0; i < 2; i++) {
        struct kw_tls *server = server_of(files), *again = server_of(files);
        SSL_SESSION *session = NULL;

        assert_false(resume(server, versions[i], &session));
        assert_true(resume(server, versions[i], &session));
        kw_clock_manual_advance(&files->manual, 13 * hour_ms);
        assert_true(resume(server, versions[i], &session)); /* older key */
        assert_true(resume(server, versions[i], &session)); /* the new one */
        kw_clock_manual_advance(&files->manual, 12 * hour_ms);
        assert_true(resume(server, versions[i], &session));
        kw_clock_manual_advance(&files->manual, 25 * hour_ms);
        assert_false(resume(server, versions[i], &session));
        assert_false(resume(again, versions[i], &session));
        SSL_SESSION_free(session);
        kw_tls_drop(server);
        kw_tls_drop(again);
    }
}

/* RFC 8446, C.4: a TLS 1.3 client that uses each ticket once can resume every
 * time, since a resumed connection brings a new one. */
static void test_ticket_used_once(void **state)
{
    struct kw_tls *server = server_of(*state);
    SSL_SESSION *session = NULL;

    assert_false(resume(server, TLS1_3_VERSION, &session));
    for (unsigned i = 0; i < 4; i++) {
        SSL_SESSION *used = session;
        const unsigned char *old, *new;
        size_t old_length, new_length;

        SSL_SESSION_up_ref(used);
        assert_true(resume(server, TLS1_3_VERSION, &session));
        SSL_SESSION_get0_ticket(used, &old, &old_length);
        SSL_SESSION_get0_ticket(session, &new, &new_length);
        assert_true(new_length != old_length ||
                    memcmp(old, new, new_length) != 0);
        SSL_SESSION_free(used);
    }
    SSL_SESSION_free(session);
    kw_tls_drop(server);
}

static void test_early_data(void **state)
{
    struct kw_tls *server = server_of(*state);
    SSL_SESSION *session = NULL;

    assert_false(resume(server, TLS1_3_VERSION, &session));
    assert_int_equal(SSL_SESSION_get_max_early_data(session), 0);
    SSL_SESSION_free(session);
    kw_tls_drop(server);
}

/* --- certificates -------------------------------------------------------- */

static void test_certificate(void **state)
{
    struct files *files = *state;
    struct stat status;
    FILE *file = fopen(files->cert, "r");
    X509 *cert = PEM_read_X509(file, NULL, NULL, NULL);

    assert_non_null(cert);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(X509_check_host(cert, "gateway", 0, 0, NULL), 1);
    assert_int_equal(X509_check_ip_asc(cert, "2001:db8::1", 0), 1);
    assert_int_equal(X509_check_ca(cert), 0);
    assert_int_equal(X509_check_purpose(cert, X509_PURPOSE_SSL_SERVER, 0), 1);
    assert_int_equal(X509_get_signature_nid(cert), NID_ecdsa_with_SHA256);
    assert_int_equal(EVP_PKEY_get_bits(X509_get0_pubkey(cert)), 256);
    X509_free(cert);
    assert_int_equal(stat(files->key, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(stat(files->cert, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0644 & ~umask(022));
}

static void test_fingerprint(void **state)
{
    struct files *files = *state;
    struct kw_tls *first = server_of(files), *second;
    struct kw_tls *client = client_of(files->cert);
    char a[KW_TLS_FINGERPRINT_SIZE], b[KW_TLS_FINGERPRINT_SIZE];
    struct kw_diag diag;

    assert_int_equal(kw_tls_fingerprint(first, a), 0);
    assert_int_equal(strlen(a), 95);
    assert_int_equal(strspn(a, "0123456789ABCDEF:"), 95);
    assert_int_equal(kw_tls_fingerprint(client, b), KW_ENOTFOUND);
    kw_diag_init(&diag);
    assert_int_equal(/* each device its own (SEC-41) */
                     kw_tls_self_signed(files->cert, files->key, names, now_ms,
                                        &diag),
                     0);
    kw_diag_fini(&diag);
    second = server_of(files);
    assert_int_equal(kw_tls_fingerprint(second, b), 0);
    assert_string_not_equal(a, b);
    kw_tls_drop(first);
    kw_tls_drop(second);
    kw_tls_drop(client);
}

static void test_days_left(void **state)
{
    struct files *files = *state;
    struct kw_tls *server = server_of(files);
    struct kw_tls *client = client_of(files->cert);
    const int64_t day_ms = 86400000;

    assert_int_equal(kw_tls_days_left(server, now_ms), 3652);
    assert_int_equal(kw_tls_days_left(server, now_ms + 3652 * day_ms), 0);
    assert_int_equal(kw_tls_days_left(server, now_ms + 3652 * day_ms + 1000),
                     -1);
    assert_int_equal(kw_tls_days_left(client, now_ms), 0);
    kw_tls_drop(server);
    kw_tls_drop(client);
}

/* A gateway whose clock was never set makes a certificate that is good once
 * it is. */
static void test_clock_never_set(void **state)
{
    struct files *files = *state;
    struct kw_tls *server;
    struct kw_diag diag;

    kw_diag_init(&diag);
    assert_int_equal(
        kw_tls_self_signed(files->cert, files->key, names, 5000, &diag), 0);
    kw_diag_fini(&diag);
    server = server_of(files);
    assert_true(kw_tls_days_left(server, now_ms) > 2900);
    kw_tls_drop(server);
}

/* A certificate made while the clock was years ahead is good once it is
 * right; a clock that can't be is not believed for its end either. */
static void test_clock_was_ahead(void **state)
{
    const int64_t year_ms = INT64_C(31556952000);
    static const int years[] = {12, 80};
    struct files *files = *state;

    for (size_t i = 0; i < 2; i++) {
        struct kw_diag diag;
        FILE *file;
        X509 *cert;
        time_t now = (time_t)(now_ms / 1000);

        kw_diag_init(&diag);
        assert_int_equal(kw_tls_self_signed(files->cert, files->key, names,
                                            now_ms + years[i] * year_ms, &diag),
                         0);
        kw_diag_fini(&diag);
        file = fopen(files->cert, "r");
        assert_non_null(file);
        cert = PEM_read_X509(file, NULL, NULL, NULL);
        fclose(file);
        assert_true(X509_cmp_time(X509_get0_notBefore(cert), &now) < 0);
        assert_true(X509_cmp_time(X509_get0_notAfter(cert), &now) > 0);
        now += 24 * (time_t)(year_ms / 1000);
        assert_true(X509_cmp_time(X509_get0_notAfter(cert), &now) < 0);
        X509_free(cert);
    }
}

static void test_names(void **state)
{
    static const char *const odd[] = {"a,DNS:evil", "ok", "",
                                      "b:c",        "\n", NULL};
    static const char *const none[] = {NULL};
    struct files *files = *state;
    struct kw_diag diag;
    FILE *file;
    X509 *cert;

    kw_diag_init(&diag);
    assert_int_equal(
        kw_tls_self_signed(files->cert, files->key, none, now_ms, &diag),
        KW_EINVAL);
    assert_int_equal(
        kw_tls_self_signed(files->cert, files->key, odd, now_ms, &diag), 0);
    kw_diag_fini(&diag);
    file = fopen(files->cert, "r");
    cert = PEM_read_X509(file, NULL, NULL, NULL);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(X509_check_host(cert, "ok", 0, 0, NULL), 1);
    assert_int_equal(X509_check_host(cert, "evil", 0, 0, NULL), 0);
    X509_free(cert);
}

/* Where the files can't be written, and names that are no certificate's. */
static void test_not_written(void **state)
{
    static const char *const odd[] = {"\x01", NULL};
    struct files *files = *state;
    char nowhere[128], long_path[5000];
    struct kw_diag diag;

    kw_diag_init(&diag);
    snprintf(nowhere, sizeof(nowhere), "%s/none/c.pem", files->dir);
    assert_int_equal(
        kw_tls_self_signed(nowhere, files->key, names, now_ms, &diag),
        KW_ENOTFOUND);
    assert_int_equal(
        kw_tls_self_signed(files->cert, nowhere, names, now_ms, &diag),
        KW_ENOTFOUND);
    memset(long_path, 'a', sizeof(long_path));
    long_path[4999] = 0;
    assert_int_equal(
        kw_tls_self_signed(long_path, files->key, names, now_ms, &diag),
        KW_ERANGE);
    assert_int_equal(
        kw_tls_self_signed(files->cert, files->key, odd, now_ms, &diag),
        KW_EINVAL);
    kw_diag_fini(&diag);
}

static void put_key(const char *path, EVP_PKEY *key, const EVP_CIPHER *cipher)
{
    FILE *file = fopen(path, "w");
    unsigned char pass[] = "secret";

    assert_int_equal(
        PEM_write_PKCS8PrivateKey(file, key, cipher,
                                  cipher != NULL ? (char *)pass : NULL,
                                  cipher != NULL ? 6 : 0, NULL, NULL),
        1);
    assert_int_equal(fclose(file), 0);
}

/* A certificate for a key, as strong or weak as that is. */
static void put_cert(const char *path, EVP_PKEY *key)
{
    FILE *file = fopen(path, "w");
    X509 *cert = X509_new();

    X509_set_version(cert, X509_VERSION_3);
    X509_gmtime_adj(X509_getm_notBefore(cert), 0);
    X509_gmtime_adj(X509_getm_notAfter(cert), 86400);
    X509_set_pubkey(cert, key);
    assert_true(X509_sign(cert, key,
                          EVP_PKEY_is_a(key, "ED25519") ? NULL : EVP_sha256()) >
                0);
    assert_int_equal(PEM_write_X509(file, cert), 1);
    assert_int_equal(fclose(file), 0);
    X509_free(cert);
}

/* SEC-40 and what people put into the folder by mistake. */
static void test_bad_pairs(void **state)
{
    struct files *files = *state;
    struct kw_tls *tls;
    char why[400];
    EVP_PKEY *key;

    key = EVP_RSA_gen(2048);
    put_cert(files->cert, key);
    put_key(files->key, key, NULL);
    assert_int_equal(load_server(files, &tls, why), KW_EINVAL);
    assert_non_null(strstr(why, "3072 bits, this has 2048"));
    EVP_PKEY_free(key);

    key = EVP_EC_gen("P-224");
    put_cert(files->cert, key);
    put_key(files->key, key, NULL);
    assert_int_equal(load_server(files, &tls, why), KW_EINVAL);
    EVP_PKEY_free(key);

    key = EVP_PKEY_Q_keygen(NULL, NULL, "ED448");
    put_key(files->key, key, NULL);
    EVP_PKEY_free(key);
    key = EVP_EC_gen("P-256");
    put_cert(files->cert, key); /* of another key */
    assert_int_equal(load_server(files, &tls, why), KW_EINVAL);
    assert_non_null(strstr(why, files->key));
    put_key(files->key, key, EVP_aes_128_cbc()); /* encrypted: not asked */
    assert_int_equal(load_server(files, &tls, why), KW_EINVAL);
    put_key(files->key, key, NULL);
    assert_int_equal(load_server(files, &tls, why), 0);
    kw_tls_drop(tls);
    EVP_PKEY_free(key);

    assert_int_equal(truncate(files->key, 100), 0);
    assert_int_equal(load_server(files, &tls, why), KW_EINVAL);
    assert_int_equal(truncate(files->cert, 0), 0);
    assert_int_equal(load_server(files, &tls, why), KW_EINVAL);
    assert_int_equal(unlink(files->key), 0);
    assert_int_equal(load_server(files, &tls, why), KW_ENOTFOUND);
}

static void test_good_keys(void **state)
{
    struct files *files = *state;
    struct kw_tls *tls;
    char why[400];
    EVP_PKEY *keys[] = {EVP_EC_gen("P-384"), EVP_RSA_gen(3072),
                        EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")};

    for (size_t i = 0; i < 3; i++) {
        put_cert(files->cert, keys[i]);
        put_key(files->key, keys[i], NULL);
        assert_int_equal(load_server(files, &tls, why), 0);
        kw_tls_drop(tls);
        EVP_PKEY_free(keys[i]);
    }
}

static void test_bad_ca(void **state)
{
    struct files *files = *state;
    struct kw_tls_client_options options = {.authorities = files->key};
    struct kw_tls *tls;
    struct kw_diag diag;

    kw_diag_init(&diag);
    assert_int_equal(kw_tls_client(&tls, &options, &diag), KW_EINVAL);
    options.authorities = "/none";
    assert_int_equal(kw_tls_client(&tls, &options, &diag), KW_ENOTFOUND);
    assert_int_equal(diag.count, 2);
    kw_diag_fini(&diag);
    kw_tls_drop(NULL);
}

static void test_no_memory(void **state)
{
    struct files *files = *state;
    struct kw_tls *tls = NULL;
    struct kw_tls_session *session = NULL;
    struct kw_buf out;
    char why[400];

    kw_mem_fail_at(1);
    assert_int_equal(load_server(files, &tls, why), KW_ENOMEM);
    kw_mem_fail_at(0);
    tls = server_of(files);
    kw_buf_init(&out, 1 << 16);
    kw_mem_fail_at(1);
    assert_int_equal(kw_tls_session_new(&session, tls, NULL, &out), KW_ENOMEM);
    kw_mem_fail_at(0);
    kw_tls_drop(tls);
}

#define FILES_TEST(name)                                                       \
    cmocka_unit_test_setup_teardown(name, make_files, remove_files)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FILES_TEST(test_exchange),
        FILES_TEST(test_records),
        FILES_TEST(test_host),
        FILES_TEST(test_foreign),
        FILES_TEST(test_full),
        FILES_TEST(test_versions),
        FILES_TEST(test_ciphers),
        FILES_TEST(test_groups),
        FILES_TEST(test_renegotiation),
        FILES_TEST(test_key_updates),
        FILES_TEST(test_hostile_server),
        FILES_TEST(test_alpn),
        FILES_TEST(test_tickets),
        FILES_TEST(test_ticket_used_once),
        FILES_TEST(test_early_data),
        FILES_TEST(test_certificate),
        FILES_TEST(test_fingerprint),
        FILES_TEST(test_days_left),
        FILES_TEST(test_clock_never_set),
        FILES_TEST(test_clock_was_ahead),
        FILES_TEST(test_names),
        FILES_TEST(test_not_written),
        FILES_TEST(test_bad_pairs),
        FILES_TEST(test_good_keys),
        FILES_TEST(test_bad_ca),
        FILES_TEST(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
