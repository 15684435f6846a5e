/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Modbus/TCP Security, the server's side: who has no certificate of ours is
 * not let in, what others may do follows from their role (SEC-59).
 */
#include "lib/pki.h"
#include "net/tls.h"
#include "test_supervisor_rig.h"

/* A client with TLS on the same loop. */
struct client {
    struct kw_stream stream;
    struct stage *stage;
    struct kw_tls *tls;
    bool open, ended, gone;
    size_t length;
    unsigned char in[600];
};

static struct client *client_of(struct kw_stream *stream)
{
    return KW_LIST_ENTRY(stream, struct client, stream);
}

static void on_open(struct kw_stream *stream)
{
    client_of(stream)->open = true;
}

static void on_data(struct kw_stream *stream, const unsigned char *bytes,
                    size_t length)
{
    struct client *client = client_of(stream);

    assert_true(client->length + length <= sizeof(client->in));
    memcpy(client->in + client->length, bytes, length);
    client->length += length;
}

static void on_end(struct kw_stream *stream, int err)
{
    (void)err;
    client_of(stream)->ended = true;
}

static void on_closed(struct kw_stream *stream)
{
    client_of(stream)->gone = true;
}

static const char *path_of(struct stage *stage, const char *file)
{
    static char paths[4][KW_PKI_PATH];
    static unsigned at;

    return kw_pki_path(stage->rig.fixture.dir, file, paths[at++ % 4]);
}

/* Connects; name is that of the client's certificate, NULL none. */
static void client_open(struct client *client, struct stage *stage,
                        const char *name)
{
    static const struct kw_stream_events events = {
        .on_open = on_open,
        .on_data = on_data,
        .on_end = on_end,
        .on_closed = on_closed,
    };
    struct sockaddr_in address = {.sin_family = AF_INET};
    char cert[64], key[64];
    struct kw_tls_client_options options = {
        .authorities = path_of(stage, "ca.crt"),
        .clock = &stage_clock,
    };
    struct kw_diag diag;

    memset(client, 0, sizeof(*client));
    client->stage = stage;
    if (name != NULL) {
        snprintf(cert, sizeof(cert), "%s.crt", name);
        snprintf(key, sizeof(key), "%s.key", name);
        options.cert_file = path_of(stage, cert);
        options.key_file = path_of(stage, key);
    }
    kw_diag_init(&diag);
    assert_int_equal(kw_tls_client(&client->tls, &options, &diag), 0);
    kw_diag_fini(&diag);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(
        kw_doors_port(&stage->supervisor->ports[KW_SUPERVISOR_TLS].doors));
    assert_int_equal(kw_stream_connect(&client->stream,
                                       stage->rig.fixture.core.loop,
                                       (const struct sockaddr *)&address,
                                       client->tls, "gateway", &events),
                     0);
}

static void client_close(struct client *client)
{
    kw_stream_close(&client->stream);
    kw_fixture_until_set(&client->stage->rig.fixture, &client->gone);
    kw_tls_drop(client->tls);
}

static bool is_open(void *arg)
{
    const struct client *client = arg;

    return client->open || client->ended;
}

static bool has_answer(void *arg)
{
    const struct client *client = arg;

    return client->ended ||
           (client->length >= 6 && client->length >= 6U + client->in[5]);
}

/* Asks; the exception code of the answer, 0 a good one, -1 the end. */
static int ask(struct client *client, uint8_t function, uint16_t address,
               uint16_t value)
{
    const unsigned char bytes[] = {0,
                                   1,
                                   0,
                                   0,
                                   0,
                                   6,
                                   5,
                                   function,
                                   (unsigned char)(address >> 8),
                                   (unsigned char)address,
                                   (unsigned char)(value >> 8),
                                   (unsigned char)value};

    client->length = 0;
    kw_fixture_until(&client->stage->rig.fixture, is_open, client);
    (void)kw_stream_write(&client->stream, bytes, sizeof(bytes));
    kw_fixture_until(&client->stage->rig.fixture, has_answer, client);
    if (client->ended)
        return -1;
    return client->in[7] & 0x80 ? client->in[8] : 0;
}

static const char *tls_yaml(struct stage *stage, const char *more)
{
    static char text[2048];

    snprintf(text, sizeof(text),
             "supervisor:\n  tls:\n    listen: \"127.0.0.1:0\"\n"
             "    certificate: %s\n    key: %s\n    authorities: %s\n%s",
             path_of(stage, "server.crt"), path_of(stage, "server.key"),
             path_of(stage, "ca.crt"), more);
    return stage_yaml(stage, STAGE_ONE, text);
}

static bool listens(void *arg)
{
    const struct stage *stage = arg;

    return kw_doors_port(&stage->supervisor->ports[KW_SUPERVISOR_TLS].doors) !=
           0;
}

static void open_stage(struct stage *stage, const char *more)
{
    const char *dir;

    stage_open(stage);
    dir = stage->rig.fixture.dir;
    kw_pki_authority(dir, "ca");
    kw_pki_authority(dir, "other");
    kw_pki_server(dir, "server", "ca", "DNS:gateway");
    kw_pki_client(dir, "viewer", "ca", "viewer");
    kw_pki_client(dir, "operator", "ca", "operator");
    kw_pki_client(dir, "none", "ca", NULL);
    kw_pki_client(dir, "stranger", "other", "viewer");
    stage_start(stage, tls_yaml(stage, more));
    stage_until(stage, "kitchen.frequency", true);
    kw_fixture_until(&stage->rig.fixture, listens, stage);
}

static void test_roles(void **state)
{
    static const struct {
        const char *name;
        int read, write, elsewhere;
    } rows[] = {
        {"viewer", 0, 1, 1},
        {"operator", 0, 0, 1},
        {"none", 1, 1, 1},
    };
    struct client client;
    struct stage stage;

    (void)state;
    open_stage(&stage, "    roles: [ viewer, { name: operator, may: write } ]\n"
                       "modbus_writes:\n  allow: true\n  rules: [ { stations: "
                       "127.0.0.1, unit: 5, first: 40 } ]\n");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        client_open(&client, &stage, rows[i].name);
        assert_int_equal(ask(&client, 3, 100, 2), rows[i].read);
        assert_int_equal(ask(&client, 6, 40, 7), rows[i].write);
        assert_int_equal(ask(&client, 6, 41, 7), rows[i].elsewhere);
        client_close(&client);
    }
    assert_int_equal(stage.written, 1);
    client_open(&client, &stage, "operator");
    assert_int_equal(ask(&client, 4, 100, 2), 0);
    stage_get(&stage, "/supervisor",
              "\"service\":\"modbus_tls\",\"role\":\"operator\"");
    /* A change of the roles holds for those that are there. */
    stage_change(&stage, tls_yaml(&stage, ""));
    assert_int_equal(ask(&client, 4, 100, 2), 1);
    client_close(&client);
    client_open(&client, &stage, "viewer");
    assert_int_equal(ask(&client, 4, 100, 2), 0);
    client_close(&client);
    stage_close(&stage);
}

/* No certificate, one of somebody else's authority, plain bytes. */
static void test_strangers(void **state)
{
    static const char *const names[] = {NULL, "stranger"};
    struct station plain;
    struct client client;
    struct stage stage;

    (void)state;
    open_stage(&stage, "");
    for (size_t i = 0; i < 2; i++) {
        stage_offset_ms += 10000;
        client_open(&client, &stage, names[i]);
        assert_int_equal(ask(&client, 3, 100, 2), -1);
        client_close(&client);
        while (stage.refused <= i)
            kw_fixture_run_ms(&stage.rig.fixture, 1);
        assert_non_null(strstr(stage.text, "certificate"));
    }
    station_open_from(&plain, &stage, KW_SUPERVISOR_TLS, "127.0.0.1");
    station_say_read(&plain, 5, 3, 100, 2);
    station_until_end(&plain);
    station_close(&plain);
    assert_true(stage_metric(&stage, "requests_total") == 0);
    stage_close(&stage);
}

/* A role that can't be read is no role: the connection ends. */
static void test_malformed_role(void **state)
{
    static const unsigned char bad[] = {0x04, 2, 'h', 'i'};
    const struct kw_pki_wish wish = {
        .name = "bad",
        .issuer = "ca",
        .usage = "clientAuth",
        .roles = {bad},
        .role_lengths = {sizeof(bad)},
    };
    struct client client;
    struct stage stage;

    (void)state;
    open_stage(&stage, "");
    kw_pki_make(stage.rig.fixture.dir, &wish);
    client_open(&client, &stage, "bad");
    assert_int_equal(ask(&client, 3, 100, 2), -1);
    client_close(&client);
    assert_non_null(strstr(stage.text, "malformed"));
    stage_close(&stage);
}

/* Files that can't be used: told, the others go on; good files and a change
 * open it, another change closes it. */
static void test_files(void **state)
{
    char path[KW_PKI_PATH], saved[KW_PKI_PATH];
    struct client client;
    struct stage stage;
    const char *dir;

    (void)state;
    stage_open(&stage);
    dir = stage.rig.fixture.dir;
    kw_pki_authority(dir, "ca");
    kw_pki_server(dir, "server", "ca", "DNS:gateway");
    kw_pki_client(dir, "viewer", "ca", "viewer");
    (void)kw_pki_path(dir, "server.key", path);
    (void)kw_pki_path(dir, "kept.key", saved);
    assert_int_equal(rename(path, saved), 0);
    stage_start(&stage, tls_yaml(&stage, ""));
    while (stage.bad_certificate == 0)
        kw_fixture_run_ms(&stage.rig.fixture, 1);
    stage_health(&stage, "Modbus/TCP Security: ");
    assert_false(listens(&stage));
    assert_int_equal(rename(saved, path), 0);
    stage_change(&stage, tls_yaml(&stage, "  bad_points: nan\n"));
    kw_fixture_until(&stage.rig.fixture, listens, &stage);
    stage_health(&stage, NULL);
    stage_until(&stage, "kitchen.frequency", true);
    client_open(&client, &stage, "viewer");
    assert_int_equal(ask(&client, 3, 100, 2), 0);
    stage_change(&stage, stage_yaml(&stage, STAGE_ONE, STAGE_TCP));
    assert_false(listens(&stage));
    assert_int_equal(ask(&client, 3, 100, 2), -1); /* off is off */
    client_close(&client);
    stage_close(&stage);
}

/* Two changes in one turn: the second one's files count; the end comes while
 * a job reads. */
static void test_changes_meanwhile(void **state)
{
    struct stage stage;

    (void)state;
    open_stage(&stage, "");
    stage_change(&stage, tls_yaml(&stage, "  bad_points: nan\n"));
    stage_change(&stage, tls_yaml(&stage, "  bad_points: exception\n"));
    kw_fixture_until(&stage.rig.fixture, listens, &stage);
    stage_change(&stage, tls_yaml(&stage, "  bad_points: nan\n"));
    stage_change(&stage, stage_yaml(&stage, STAGE_ONE, ""));
    assert_false(listens(&stage));
    stage_change(&stage, tls_yaml(&stage, ""));
    stage_close(&stage);
}

/* Without a pair of its own the service shows the web server's. */
static void test_own_pair(void **state)
{
    static const char yaml[] = "supervisor: { tls: { listen: \"127.0.0.1:0\", "
                               "authorities: %s } }\n";
    char text[512], folder[KW_PKI_PATH];
    struct client client;
    struct stage stage;

    (void)state;
    stage_open(&stage);
    (void)kw_pki_path(stage.rig.fixture.dir, "tls", folder);
    assert_int_equal(mkdir(folder, 0700), 0);
    kw_pki_authority(stage.rig.fixture.dir, "ca");
    kw_pki_server(stage.rig.fixture.dir, "server", "ca", "DNS:gateway");
    kw_pki_client(stage.rig.fixture.dir, "viewer", "ca", "viewer");
    assert_int_equal(rename(path_of(&stage, "server.crt"),
                            path_of(&stage, "tls/server.crt")),
                     0);
    assert_int_equal(rename(path_of(&stage, "server.key"),
                            path_of(&stage, "tls/server.key")),
                     0);
    snprintf(text, sizeof(text), yaml, path_of(&stage, "ca.crt"));
    stage_start(&stage, stage_yaml(&stage, STAGE_ONE, text));
    kw_fixture_until(&stage.rig.fixture, listens, &stage);
    stage_until(&stage, "kitchen.frequency", true);
    client_open(&client, &stage, "viewer");
    assert_int_equal(ask(&client, 3, 100, 2), 0);
    client_close(&client);
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_roles),
        cmocka_unit_test(test_strangers),
        cmocka_unit_test(test_malformed_role),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_changes_meanwhile),
        cmocka_unit_test(test_own_pair),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
