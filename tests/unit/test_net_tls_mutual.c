/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Both ends show certificates: who is let in, who isn't and what is said of
 * it, the role, files that can't be used. Sessions in memory.
 */
#include "base/clock.h"
#include "base/mem.h"
#include "lib/fixture.h"
#include "lib/pki.h"
#include "net/tls.h"
#include "net/tls_session.h"

#include <openssl/ssl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { DAY_MS = 86400000, WHY = 400 };

struct world {
    char dir[64];
    uint64_t balance;
};

/* Both ends of a session. */
struct pair {
    struct kw_tls_session *server, *client;
    struct kw_buf to_client, to_server;
    char server_why[WHY], client_why[WHY];
};

static int make_world(void **state)
{
    static struct world world;

    world.balance = kw_test_blocks();
    kw_test_make_dir(world.dir, sizeof(world.dir));
    kw_pki_authority(world.dir, "ca");
    kw_pki_authority(world.dir, "other");
    kw_pki_server(world.dir, "meter", "ca", "DNS:meter,IP:192.0.2.5");
    kw_pki_client(world.dir, "gateway", "ca", "operator");
    *state = &world;
    return 0;
}

static int remove_world(void **state)
{
    struct world *world = *state;

    kw_test_remove(world->dir);
    assert_int_equal(kw_test_blocks(), world->balance);
    return 0;
}

/* Names without ".crt" and ".key"; NULL: none. */
struct wish {
    const char *server, *server_trusts, *client, *client_trusts;
    const struct kw_clock *clock;
};

static const struct wish good = {"meter", "ca", "gateway", "ca", NULL};

struct paths {
    char cert[KW_PKI_PATH], key[KW_PKI_PATH], authorities[KW_PKI_PATH];
};

static void name_paths(const struct world *world, const char *pair,
                       const char *trusts, struct paths *paths)
{
    char file[64];

    snprintf(file, sizeof(file), "%s.crt", pair != NULL ? pair : "none");
    kw_pki_path(world->dir, file, paths->cert);
    snprintf(file, sizeof(file), "%s.key", pair != NULL ? pair : "none");
    kw_pki_path(world->dir, file, paths->key);
    snprintf(file, sizeof(file), "%s.crt", trusts != NULL ? trusts : "none");
    kw_pki_path(world->dir, file, paths->authorities);
}

static int load_server(const struct world *world, const struct wish *wish,
                       struct kw_tls **tls, char why[WHY])
{
    struct paths paths;
    struct kw_tls_server_options options = {
        .cert_file = paths.cert,
        .key_file = paths.key,
        .authorities = wish->server_trusts != NULL ? paths.authorities : NULL,
        .clock = wish->clock != NULL ? wish->clock : &kw_clock_system,
    };
    struct kw_diag diag;
    int err;

    name_paths(world, wish->server, wish->server_trusts, &paths);
    kw_diag_init(&diag);
    err = kw_tls_server(tls, &options, &diag);
    kw_diag_first(&diag, why, WHY);
    kw_diag_fini(&diag);
    return err;
}

static int load_client(const struct world *world, const struct wish *wish,
                       struct kw_tls **tls, char why[WHY])
{
    struct paths paths;
    struct kw_tls_client_options options = {
        .authorities = paths.authorities,
        .cert_file = wish->client != NULL ? paths.cert : NULL,
        .key_file = wish->client != NULL ? paths.key : NULL,
        .clock = wish->clock,
    };
    struct kw_diag diag;
    int err;

    name_paths(world, wish->client, wish->client_trusts, &paths);
    kw_diag_init(&diag);
    err = kw_tls_client(tls, &options, &diag);
    kw_diag_first(&diag, why, WHY);
    kw_diag_fini(&diag);
    return err;
}

static void open_pair(struct pair *pair, const struct world *world,
                      const struct wish *wish, const char *host)
{
    struct kw_tls *server = NULL, *client = NULL;
    char why[WHY];

    memset(pair, 0, sizeof(*pair));
    kw_buf_init(&pair->to_client, 1 << 20);
    kw_buf_init(&pair->to_server, 1 << 20);
    if (load_server(world, wish, &server, why) != 0 ||
        load_client(world, wish, &client, why) != 0)
        fail_msg("%s", why);
    assert_int_equal(
        kw_tls_session_new(&pair->server, server, NULL, &pair->to_client), 0);
    assert_int_equal(
        kw_tls_session_new(&pair->client, client, host, &pair->to_server), 0);
    kw_tls_drop(server); /* the sessions hold them */
    kw_tls_drop(client);
}

static void close_pair(struct pair *pair)
{
    kw_tls_session_free(pair->server);
    kw_tls_session_free(pair->client);
    kw_buf_fini(&pair->to_client);
    kw_buf_fini(&pair->to_server);
}

/* Hands a flight over; 1 done, 0 goes on, or what was wrong. */
static int move(struct kw_tls_session *to, struct kw_buf *wire)
{
    unsigned char byte;
    int done;

    kw_tls_session_feed(to, wire->data, wire->length);
    done = kw_tls_session_shake(to);
    if (done == 1)
        done = kw_tls_session_read(to, &byte, 1) < 0 ? KW_EPROTO : 1;
    kw_buf_reset(wire);
    return done;
}

/* Until nothing more is said; true when both are content. */
static bool shake(struct pair *pair)
{
    int server = 0, client = kw_tls_session_shake(pair->client);

    for (unsigned i = 0; i < 6; i++) {
        if (server >= 0 && pair->to_server.length > 0)
            server = move(pair->server, &pair->to_server);
        if (client >= 0 && pair->to_client.length > 0)
            client = move(pair->client, &pair->to_client);
    }
    (void)kw_tls_session_why(pair->server, "192.0.2.9", pair->server_why, WHY);
    (void)kw_tls_session_why(pair->client, "192.0.2.5", pair->client_why, WHY);
    return server == 1 && client == 1;
}

static void test_good(void **state)
{
    static const char *const hosts[] = {"meter", "192.0.2.5"};
    char role[KW_ROLE_SIZE];
    struct pair pair;

    for (size_t i = 0; i < 2; i++) {
        open_pair(&pair, *state, &good, hosts[i]);
        assert_true(shake(&pair));
        assert_string_equal(pair.server_why, "");
        assert_string_equal(pair.client_why, "");
        assert_int_equal(kw_tls_session_role(pair.server, role), 0);
        assert_string_equal(role, "operator");
        assert_int_equal(kw_tls_session_role(pair.client, role), 0);
        assert_string_equal(role, ""); /* a meter's certificate has none */
        close_pair(&pair);
    }
}

/* A device that asks for no certificate is talked to all the same. */
static void test_not_asked(void **state)
{
    struct wish wish = good;
    char role[KW_ROLE_SIZE] = "x";
    struct pair pair;

    wish.server_trusts = NULL;
    open_pair(&pair, *state, &wish, "meter");
    assert_true(shake(&pair));
    assert_int_equal(kw_tls_session_role(pair.server, role), 0);
    assert_string_equal(role, "");
    close_pair(&pair);
}

/* One handshake that fails and what each end says of it; NULL: not looked at,
 * FILE in a text stands for the authorities' file. */
struct refusal {
    struct wish wish;
    const char *host, *server_why, *client_why;
};

static void check_text(const struct world *world, const char *said,
                       const char *expected, const char *authorities)
{
    char text[WHY], file[64], path[KW_PKI_PATH];
    const char *at;

    if (expected == NULL)
        return;
    at = strstr(expected, "FILE");
    snprintf(file, sizeof(file), "%s.crt", authorities);
    if (at == NULL)
        snprintf(text, sizeof(text), "%s", expected);
    else
        snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - expected), expected,
                 kw_pki_path(world->dir, file, path), at + 4);
    assert_string_equal(said, text);
}

static void refuse(const struct world *world, const struct refusal *row)
{
    struct pair pair;

    open_pair(&pair, world, &row->wish, row->host);
    assert_false(shake(&pair));
    check_text(world, pair.server_why, row->server_why,
               row->wish.server_trusts);
    check_text(world, pair.client_why, row->client_why,
               row->wish.client_trusts);
    close_pair(&pair);
}

static void test_strangers(void **state)
{
    static const struct refusal rows[] = {
        {{"meter", "ca", "gateway", "other", NULL},
         "meter",
         "192.0.2.9 does not know the authority of our certificate",
         "the certificate of 192.0.2.5 is not signed by an authority in FILE"},
        {{"meter", "other", "gateway", "ca", NULL},
         "meter",
         "the certificate of 192.0.2.9 is not signed by an authority in FILE",
         "192.0.2.5 does not know the authority of our certificate"},
        {{"other", "ca", "gateway", "ca", NULL},
         "other",
         NULL,
         "the certificate of 192.0.2.5 is not signed by an authority in FILE"},
        {{"meter", "ca", NULL, "ca", NULL},
         "meter",
         "192.0.2.9 shows no certificate",
         "192.0.2.5 wants a certificate of ours"},
        {{"meter", "ca", "gateway", "ca", NULL},
         "feeder",
         "192.0.2.9 refuses our certificate",
         "the certificate of 192.0.2.5 is made out to meter and 192.0.2.5, "
         "expected feeder"},
        {{"meter", "ca", "gateway", "ca", NULL},
         "192.0.2.6",
         NULL,
         "the certificate of 192.0.2.5 is made out to meter and 192.0.2.5, "
         "expected 192.0.2.6"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        refuse(*state, &rows[i]);
}

/* A server's certificate can't be used by a client, nor the other way. */
static void test_purpose(void **state)
{
    struct world *world = *state;
    static const struct refusal rows[] = {
        {{"meter", "ca", "meter", "ca", NULL},
         "meter",
         "the certificate of 192.0.2.9 is not made for this use",
         "192.0.2.5 refuses our certificate"},
        {{"gateway", "ca", "gateway", "ca", NULL},
         "gateway",
         NULL,
         "the certificate of 192.0.2.5 is not made for this use"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        refuse(world, &rows[i]);
}

static int64_t today_ms(void)
{
    return (int64_t)time(NULL) * 1000;
}

/* The gateway's clock decides, not the system's. */
static void test_dates(void **state)
{
    struct world *world = *state;
    struct kw_clock_manual manual;
    struct refusal row = {good, "brief", NULL, NULL};
    struct kw_pki_wish always = {
        .name = "always", .authority = true, .from_ms = 1000};
    struct kw_pki_wish brief = {
        .name = "brief",
        .issuer = "always",
        .alt = "DNS:brief",
        .from_ms = 1767225600000, /* 2026-01-01 */
        .to_ms = 1769904000000,   /* 2026-02-01 */
    };
    struct pair pair;

    kw_pki_make(world->dir, &always);
    kw_pki_make(world->dir, &brief);
    row.wish = (struct wish){.server = "brief",
                             .client = "gateway",
                             .client_trusts = "always",
                             .clock = &manual.clock};
    kw_clock_manual_init(&manual, brief.to_ms + DAY_MS);
    row.client_why = "the certificate of 192.0.2.5 expired on 2026-02-01";
    refuse(world, &row);
    kw_clock_manual_init(&manual, 5000);
    row.client_why = "the certificate of 192.0.2.5 is not valid before "
                     "2026-01-01: is the clock right?";
    refuse(world, &row);
    kw_clock_manual_init(&manual, brief.from_ms + DAY_MS);
    open_pair(&pair, world, &row.wish, "brief");
    assert_true(shake(&pair));
    close_pair(&pair);
}

/* The authority itself is out of date. */
static void test_old_authority(void **state)
{
    struct world *world = *state;
    struct kw_pki_wish old = {.name = "old",
                              .authority = true,
                              .from_ms = 1000,
                              .to_ms = 1735689600000}; /* 2025-01-01 */
    struct refusal row = {good, "meter2", NULL, NULL};

    kw_pki_make(world->dir, &old);
    kw_pki_server(world->dir, "meter2", "old", "DNS:meter2");
    row.wish.server = "meter2";
    row.wish.client_trusts = "old";
    row.client_why = "an authority of the certificate of 192.0.2.5 expired on "
                     "2025-01-01";
    refuse(world, &row);
}

static void append(const struct world *world, const char *to, const char *from)
{
    char path[KW_PKI_PATH], bytes[8192];
    FILE *in = fopen(kw_pki_path(world->dir, from, path), "r");
    FILE *out = fopen(kw_pki_path(world->dir, to, path), "a");
    size_t length = fread(bytes, 1, sizeof(bytes), in);

    assert_int_equal(fwrite(bytes, 1, length, out), length);
    fclose(in);
    assert_int_equal(fclose(out), 0);
}

/* A file of authorities with revocation lists. */
static void test_revoked(void **state)
{
    struct world *world = *state;
    struct refusal row = {good, "meter", NULL, NULL};
    struct pair pair;

    append(world, "ca-revoked.crt", "ca.crt");
    kw_pki_revoke(world->dir, "ca", "gateway", "ca-revoked.crt", 0);
    row.wish.server_trusts = "ca-revoked";
    row.server_why = "the certificate of 192.0.2.9 is revoked";
    row.client_why = "192.0.2.5 says that our certificate is revoked";
    refuse(world, &row);

    append(world, "ca-none.crt", "ca.crt");
    kw_pki_revoke(world->dir, "ca", NULL, "ca-none.crt", 0);
    row.wish.server_trusts = "ca-none";
    open_pair(&pair, world, &row.wish, "meter");
    assert_true(shake(&pair));
    close_pair(&pair);

    append(world, "ca-other.crt", "ca.crt");
    kw_pki_revoke(world->dir, "other", NULL, "ca-other.crt", 0);
    row.wish.server_trusts = "ca-other";
    row.server_why = "the certificate of 192.0.2.9 can't be checked: FILE has "
                     "no revocation list";
    row.client_why = NULL;
    refuse(world, &row);

    append(world, "ca-late.crt", "ca.crt");
    kw_pki_revoke(world->dir, "ca", NULL, "ca-late.crt", today_ms() - DAY_MS);
    row.wish.server_trusts = "ca-late";
    row.server_why = "the certificate of 192.0.2.9 can't be checked: FILE has "
                     "no current revocation list";
    refuse(world, &row);
}

/* Authorities under authorities: as many as are allowed, and one more. */
static void test_depth(void **state)
{
    struct world *world = *state;
    struct refusal row = {good, "deep", NULL, NULL};
    char name[32], issuer[32] = "ca", file[64];
    struct pair pair;

    row.wish.server = "deep";
    row.wish.server_trusts = NULL;
    for (int depth = 1; depth <= KW_TLS_DEPTH_MAX + 1; depth++) {
        struct kw_pki_wish wish = {
            .name = name, .issuer = issuer, .authority = true};

        snprintf(name, sizeof(name), "sub%d", depth);
        kw_pki_make(world->dir, &wish);
        snprintf(issuer, sizeof(issuer), "%s", name);
        kw_pki_server(world->dir, "deep", issuer, "DNS:deep");
        for (int i = depth; i > 0; i--) {
            snprintf(file, sizeof(file), "sub%d.crt", i);
            append(world, "deep.crt", file);
        }
        if (depth <= KW_TLS_DEPTH_MAX) {
            open_pair(&pair, world, &row.wish, "deep");
            assert_true(shake(&pair));
            close_pair(&pair);
        }
    }
    row.client_why = "an authority of the certificate of 192.0.2.5 has too "
                     "long a chain";
    refuse(world, &row);
}

/* Certificates that name nobody, or in a way that is no text. */
static void test_odd_names(void **state)
{
    struct world *world = *state;
    struct refusal row = {good, "host", NULL, NULL};

    row.wish.server = "odd";
    kw_pki_server(world->dir, "odd", "ca", NULL);
    row.client_why = "the certificate of 192.0.2.5 is made out to nobody, "
                     "expected host";
    refuse(world, &row);
    kw_pki_server(world->dir, "odd", "ca", "URI:urn:x,IP:2001:db8::1");
    row.client_why = "the certificate of 192.0.2.5 is made out to an IPv6 "
                     "address, expected host";
    refuse(world, &row);
    kw_pki_server(world->dir, "odd", "ca", "DNS:a,DNS:b,DNS:c,DNS:d");
    row.client_why = "the certificate of 192.0.2.5 is made out to a and b and "
                     "c, expected host";
    refuse(world, &row);
}

/* Roles as they shouldn't be. */
static void test_roles(void **state)
{
    static const unsigned char a[] = {0x0C, 1, 'a'}, b[] = {0x0C, 1, 'b'},
                               number[] = {0x02, 1, 5};
    struct world *world = *state;
    struct wish wish = good;
    struct kw_pki_wish made = {.name = "odd", .issuer = "ca"};
    char role[KW_ROLE_SIZE];
    struct pair pair;

    wish.client = "odd";
    made.roles[0] = a;
    made.role_lengths[0] = sizeof(a);
    made.roles[1] = b;
    made.role_lengths[1] = sizeof(b);
    kw_pki_make(world->dir, &made);
    open_pair(&pair, world, &wish, "meter");
    assert_true(shake(&pair));
    assert_int_equal(kw_tls_session_role(pair.server, role), KW_EINVAL);
    assert_string_equal(role, "");
    close_pair(&pair);

    made.roles[0] = number;
    made.roles[1] = NULL;
    kw_pki_make(world->dir, &made);
    open_pair(&pair, world, &wish, "meter");
    assert_true(shake(&pair));
    assert_int_equal(kw_tls_session_role(pair.server, role), KW_EINVAL);
    close_pair(&pair);

    kw_pki_client(world->dir, "odd", "ca", NULL);
    open_pair(&pair, world, &wish, "meter");
    assert_true(shake(&pair));
    assert_int_equal(kw_tls_session_role(pair.server, role), 0);
    assert_string_equal(role, "");
    close_pair(&pair);
}

/* A peer of OpenSSL's own against our server: old versions, sessions. */
static SSL *make_peer(const struct world *world, int max_version)
{
    char cert[KW_PKI_PATH], key[KW_PKI_PATH];
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    SSL *ssl;

    SSL_CTX_set_security_level(ctx, 0);
    SSL_CTX_set_min_proto_version(ctx, TLS1_VERSION);
    SSL_CTX_set_max_proto_version(ctx, max_version);
    kw_pki_path(world->dir, "gateway.crt", cert);
    kw_pki_path(world->dir, "gateway.key", key);
    assert_int_equal(SSL_CTX_use_certificate_chain_file(ctx, cert), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM),
                     1);
    ssl = SSL_new(ctx);
    SSL_CTX_free(ctx);
    SSL_set_connect_state(ssl);
    SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    return ssl;
}

/* The server's last word. */
static int shake_peer(SSL *ssl, struct kw_tls_session *server,
                      struct kw_buf *out)
{
    int done = 0;

    for (unsigned i = 0; i < 5 && done == 0; i++) {
        unsigned char wire[8192];
        int length;

        (void)SSL_do_handshake(ssl);
        length = BIO_read(SSL_get_wbio(ssl), wire, sizeof(wire));
        if (length <= 0)
            break;
        kw_tls_session_feed(server, wire, (size_t)length);
        done = kw_tls_session_shake(server);
        BIO_write(SSL_get_rbio(ssl), out->data, (int)out->length);
        kw_buf_reset(out);
    }
    (void)SSL_do_handshake(ssl);
    return done;
}

static void test_versions(void **state)
{
    static const struct {
        int version, done;
        const char *why;
    } rows[] = {
        {TLS1_1_VERSION, KW_EPROTO, "192.0.2.9 offers no TLS 1.2 or newer"},
        {TLS1_2_VERSION, 1, ""},
        {TLS1_3_VERSION, 1, ""},
    };
    struct kw_tls *tls;
    char why[WHY];

    assert_int_equal(load_server(*state, &good, &tls, why), 0);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct kw_tls_session *server;
        struct kw_buf out;
        SSL *ssl = make_peer(*state, rows[i].version);

        kw_buf_init(&out, 1 << 20);
        assert_int_equal(kw_tls_session_new(&server, tls, NULL, &out), 0);
        assert_int_equal(shake_peer(ssl, server, &out), rows[i].done);
        why[0] = 0;
        (void)kw_tls_session_why(server, "192.0.2.9", why, sizeof(why));
        assert_string_equal(why, rows[i].why);
        if (rows[i].done == 1) /* IEC 62351-3: nothing to resume with */
            assert_false(SSL_SESSION_has_ticket(SSL_get0_session(ssl)));
        SSL_free(ssl);
        kw_tls_session_free(server);
        kw_buf_fini(&out);
    }
    kw_tls_drop(tls);
}

/* What else may stand where TLS was expected. */
static void test_not_tls(void **state)
{
    static const struct {
        const char *bytes;
        size_t length;
        const char *why;
    } rows[] = {
        {"GET / HTTP/1.1\r\n\r\n", 18, "192.0.2.9 does not speak TLS"},
        {"\x00\x01\x00\x00\x00\x06\x01\x03\x00\x00\x00\x02", 12,
         "192.0.2.9 does not speak TLS"},
        {"\x16\x03\x01\x00\x05\x02\x00\x00\x01\x00", 10,
         "192.0.2.9 breaks the TLS protocol: unexpected message"},
    };
    struct kw_tls *tls;
    char why[WHY];

    assert_int_equal(load_server(*state, &good, &tls, why), 0);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct kw_tls_session *server;
        struct kw_buf out;

        kw_buf_init(&out, 1 << 20);
        assert_int_equal(kw_tls_session_new(&server, tls, NULL, &out), 0);
        kw_tls_session_feed(server, rows[i].bytes, rows[i].length);
        assert_int_equal(kw_tls_session_shake(server), KW_EPROTO);
        why[0] = 0;
        assert_true(kw_tls_session_why(server, "192.0.2.9", why, sizeof(why)));
        assert_string_equal(why, rows[i].why);
        kw_tls_session_free(server);
        kw_buf_fini(&out);
    }
    kw_tls_drop(tls);
}

/* A server that refuses for a reason that has no plainer name. */
static void test_alert(void **state)
{
    static const unsigned char alert[] = {0x15, 3, 3, 0, 2, 2, 80};
    struct pair pair;

    open_pair(&pair, *state, &good, "meter");
    assert_int_equal(kw_tls_session_shake(pair.client), 0);
    kw_buf_put(&pair.to_client, alert, sizeof(alert));
    assert_int_equal(move(pair.client, &pair.to_client), KW_EPROTO);
    assert_true(
        kw_tls_session_why(pair.client, "192.0.2.5", pair.client_why, WHY));
    assert_string_equal(
        pair.client_why,
        "192.0.2.5 refuses the connection: tlsv1 alert internal error");
    close_pair(&pair);
}

/* --- files ---------------------------------------------------------------- */

static void test_modes(void **state)
{
    static const struct {
        mode_t mode;
        const char *why; /* NULL: good */
    } rows[] = {
        {0600, NULL},   {0400, NULL},   {0640, "mode is 0640: expected 0600"},
        {0604, "0604"}, {0660, "0660"}, {0620, "0620"},
    };
    struct world *world = *state;
    char path[KW_PKI_PATH], why[WHY];
    struct kw_tls *tls;

    kw_pki_path(world->dir, "gateway.key", path);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(chmod(path, rows[i].mode), 0);
        if (rows[i].why == NULL) {
            assert_int_equal(load_client(world, &good, &tls, why), 0);
            kw_tls_drop(tls);
        } else {
            assert_int_equal(load_client(world, &good, &tls, why), KW_EINVAL);
            assert_non_null(strstr(why, rows[i].why));
            assert_non_null(strstr(why, path));
        }
    }
}

static void test_bad_files(void **state)
{
    static const struct {
        const char *client, *trusts;
        int err;
        const char *why;
    } rows[] = {
        {"none", "ca", KW_ENOTFOUND, "none.crt: No such file"},
        {"gateway", "none", KW_ENOTFOUND, "none.crt: No such file"},
        {"gateway", "folder", KW_EINVAL, "folder.crt: expected a file"},
        {"gateway", "empty", KW_EINVAL, "empty.crt: "},
        {"empty", "ca", KW_EINVAL, "empty.crt: "},
        {"mixed", "ca", KW_EINVAL, "mixed.key: key values mismatch"},
    };
    struct world *world = *state;
    char path[KW_PKI_PATH], why[WHY];
    struct kw_tls *tls;

    assert_int_equal(mkdir(kw_pki_path(world->dir, "folder.crt", path), 0700),
                     0);
    fclose(fopen(kw_pki_path(world->dir, "empty.crt", path), "w"));
    append(world, "empty.key", "gateway.key");
    append(world, "mixed.crt", "gateway.crt");
    append(world, "mixed.key", "meter.key");
    chmod(kw_pki_path(world->dir, "mixed.key", path), 0600);
    chmod(kw_pki_path(world->dir, "empty.key", path), 0600);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct wish wish = good;

        wish.client = rows[i].client;
        wish.client_trusts = rows[i].trusts;
        assert_int_equal(load_client(world, &wish, &tls, why), rows[i].err);
        if (strstr(why, rows[i].why) == NULL)
            fail_msg("%s", why);
    }
}

static void test_no_memory(void **state)
{
    struct pair pair;
    struct kw_tls *tls;
    char why[WHY];

    for (uint64_t n = 1; n <= 2; n++) {
        kw_mem_fail_at(n);
        assert_int_equal(load_client(*state, &good, &tls, why), KW_ENOMEM);
        kw_mem_fail_at(0);
    }
    /* without memory for the text the refusal stands */
    open_pair(&pair, *state, &good, "elsewhere");
    for (uint64_t n = 1; n < 40; n++) {
        kw_mem_fail_at(n);
        assert_false(shake(&pair));
        kw_mem_fail_at(0);
        close_pair(&pair);
        open_pair(&pair, *state, &good, "elsewhere");
    }
    close_pair(&pair);
}

#define CASE(test)                                                             \
    cmocka_unit_test_setup_teardown(test, make_world, remove_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_good),      CASE(test_not_asked), CASE(test_strangers),
        CASE(test_purpose),   CASE(test_dates),     CASE(test_old_authority),
        CASE(test_revoked),   CASE(test_depth),     CASE(test_odd_names),
        CASE(test_roles),     CASE(test_versions),  CASE(test_not_tls),
        CASE(test_alert),     CASE(test_modes),     CASE(test_bad_files),
        CASE(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
