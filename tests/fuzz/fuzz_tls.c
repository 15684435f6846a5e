/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a peer sends after the handshake of TLS 1.3. The peer knows its keys
 * (OpenSSL logs the secret), so that it can seal records of any content: key
 * updates, tickets, alerts, handshake messages out of place. The first byte
 * chooses whether our stream is the server or the client; then come steps, of
 * a byte each with what it needs:
 *
 *   0 a sealed record: type, length, content    1 bytes as they are
 *   2 a right key update                        3 our stream writes or pauses
 *
 * Whatever comes, the owner of the stream gets what was sealed as application
 * data, in order, and nothing else; and the stream ends when the peer does.
 */
#include "lib/fixture.h"
#include "net/stream.h"
#include "net/tls.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    SECRET = 32,
    KEY = 16,
    IV = 12,
    TAG = 16,
    CONTENT_MAX = 1 << 14, /* RFC 8446, 5.1 */
    EXPECTED_MAX = 4 << 20,
    KEY_UPDATE = 24, /* RFC 8446, 4 */
};

enum type { ALERT = 21, HANDSHAKE = 22, DATA = 23 };

struct scene {
    struct kw_stream stream;
    bool open, ended, closed;
    struct kw_buf sealed; /* application data that the peer has sent */
    size_t taken;         /* of it, by the owner */
    SSL *peer;
    int fd;
    bool stuck;             /* the peer's socket takes no more */
    uint8_t secret[SECRET]; /* the peer's, to seal with */
    uint64_t records;       /* sealed with it */
    const uint8_t *data;
    size_t left;
};

/* Made once. */
static struct {
    struct kw_fixture fixture;
    struct kw_tls *server, *client;
    SSL_CTX *as_server, *as_client;
    int listener;
    struct sockaddr_in address;
} shared;

static void must(bool right)
{
    if (!right)
        abort();
}

static uint8_t take(struct scene *scene)
{
    if (scene->left == 0)
        return 0;
    scene->left--;
    return *scene->data++;
}

/* --- our stream */

static struct scene *scene_of(struct kw_stream *stream)
{
    return KW_LIST_ENTRY(stream, struct scene, stream);
}

static void on_open(struct kw_stream *stream)
{
    scene_of(stream)->open = true;
}

static void on_data(struct kw_stream *stream, const unsigned char *bytes,
                    size_t length)
{
    struct scene *scene = scene_of(stream);

    must(scene->open && !scene->ended);
    must(length <= scene->sealed.length - scene->taken);
    must(memcmp(scene->sealed.data + scene->taken, bytes, length) == 0);
    scene->taken += length;
}

static void on_end(struct kw_stream *stream, int err)
{
    must(err < 0 && !scene_of(stream)->ended);
    scene_of(stream)->ended = true;
}

static void on_closed(struct kw_stream *stream)
{
    scene_of(stream)->closed = true;
}

static const struct kw_stream_events events = {
    .on_open = on_open,
    .on_data = on_data,
    .on_end = on_end,
    .on_closed = on_closed,
};

static void turn(void)
{
    (void)uv_run(&shared.fixture.loop.uv, UV_RUN_NOWAIT);
}

/* --- the peer */

/* HKDF-Expand-Label (RFC 8446, 7.1) of at most 32 bytes without a context. */
static void expand(const uint8_t secret[SECRET], const char *label,
                   uint8_t *out, size_t length)
{
    uint8_t info[64], all[SECRET];
    int used = snprintf((char *)info, sizeof(info), "%c%c%ctls13 %s%c%c", 0,
                        (int)length, (int)strlen(label) + 6, label, 0, 1);

    must(HMAC(EVP_sha256(), secret, SECRET, info, (size_t)used, all, NULL) !=
         NULL);
    memcpy(out, all, length);
}

/* Keeps the secret by which the peer seals application data. */
static void on_secret(const SSL *ssl, const char *line)
{
    struct scene *scene = SSL_get_app_data(ssl);
    const char *label = SSL_is_server(ssl) ? "SERVER_TRAFFIC_SECRET_0 "
                                           : "CLIENT_TRAFFIC_SECRET_0 ";
    const char *hex = strrchr(line, ' ') + 1;

    if (strncmp(line, label, strlen(label)) != 0)
        return;
    must(OPENSSL_hexstr2buf_ex(scene->secret, SECRET, NULL, hex, '\0') == 1);
}

static void send_all(struct scene *scene, const void *bytes, size_t length)
{
    if (!scene->stuck)
        scene->stuck =
            send(scene->fd, bytes, length, MSG_NOSIGNAL) != (ssize_t)length;
}

/* A record of that type (RFC 8446, 5.2), sealed with AES-128-GCM. */
static void seal(struct scene *scene, uint8_t type, const uint8_t *content,
                 size_t length)
{
    static uint8_t record[5 + CONTENT_MAX + 1 + TAG];
    size_t inner = length + 1;
    EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    uint8_t key[KEY], iv[IV];
    int used;

    expand(scene->secret, "key", key, KEY);
    expand(scene->secret, "iv", iv, IV);
    for (size_t i = 0; i < 8; i++)
        iv[IV - 1 - i] ^= (uint8_t)(scene->records >> (8 * i));
    scene->records++;
    record[0] = DATA;
    record[1] = record[2] = 3;
    record[3] = (uint8_t)((inner + TAG) >> 8);
    record[4] = (uint8_t)(inner + TAG);
    memcpy(record + 5, content, length);
    record[5 + length] = type;
    must(cipher != NULL &&
         EVP_EncryptInit_ex(cipher, EVP_aes_128_gcm(), NULL, key, iv) == 1 &&
         EVP_EncryptUpdate(cipher, NULL, &used, record, 5) == 1 &&
         EVP_EncryptUpdate(cipher, record + 5, &used, record + 5, (int)inner) ==
             1 &&
         EVP_EncryptFinal_ex(cipher, record + 5 + inner, &used) == 1 &&
         EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_GET_TAG, TAG,
                             record + 5 + inner) == 1);
    EVP_CIPHER_CTX_free(cipher);
    if (type == DATA && !scene->stuck)
        kw_buf_put(&scene->sealed, content, length);
    send_all(scene, record, 5 + inner + TAG);
}

static void update_key(struct scene *scene, bool wanted_back)
{
    const uint8_t message[] = {KEY_UPDATE, 0, 0, 1, wanted_back};
    uint8_t next[SECRET];

    seal(scene, HANDSHAKE, message, sizeof(message));
    expand(scene->secret, "traffic upd", next, SECRET);
    memcpy(scene->secret, next, SECRET);
    scene->records = 0;
}

static void send_record(struct scene *scene)
{
    static const uint8_t types[4] = {ALERT, HANDSHAKE, DATA, DATA};
    static const uint8_t zeros[CONTENT_MAX];
    uint8_t choice = take(scene);
    uint8_t type = choice < 250 ? types[choice % 4] : choice;
    size_t length = take(scene);

    if (choice & 64) { /* long, of zeros */
        seal(scene, type, zeros, length * CONTENT_MAX / 255);
        return;
    }
    length = length < scene->left ? length : scene->left;
    seal(scene, type, scene->data, length);
    scene->data += length;
    scene->left -= length;
}

static void send_raw(struct scene *scene)
{
    size_t length = take(scene);

    length = length < scene->left ? length : scene->left;
    send_all(scene, scene->data, length);
    scene->data += length;
    scene->left -= length;
}

static void use_stream(struct scene *scene)
{
    uint8_t choice = take(scene);

    if (scene->ended)
        return;
    if (choice < 128)
        (void)kw_stream_write(&scene->stream, "ok", choice % 3);
    else
        kw_stream_pause(&scene->stream, choice & 1);
}

static void step(struct scene *scene)
{
    uint8_t choice = take(scene);

    switch (choice % 4) {
    case 0:
        send_record(scene);
        break;
    case 1:
        send_raw(scene);
        break;
    case 2:
        update_key(scene, choice & 4);
        break;
    default:
        use_stream(scene);
        break;
    }
    if ((choice & 128) == 0)
        turn();
}

/* --- set-up */

static SSL_CTX *make_context(const SSL_METHOD *method)
{
    SSL_CTX *made = SSL_CTX_new(method);

    must(made != NULL &&
         SSL_CTX_set_min_proto_version(made, TLS1_3_VERSION) == 1 &&
         SSL_CTX_set_ciphersuites(made, "TLS_AES_128_GCM_SHA256") == 1 &&
         SSL_CTX_set_num_tickets(made, 0) == 1);
    SSL_CTX_set_keylog_callback(made, on_secret);
    return made;
}

static void make_tls(void)
{
    static const char *const names[] = {"localhost", NULL};
    char cert[128], key[128];
    struct kw_tls_server_options server = {
        .cert_file = cert,
        .key_file = key,
        .clock = shared.fixture.core.clock,
    };
    struct kw_tls_client_options client = {.authorities = cert};
    struct kw_diag diag;

    snprintf(cert, sizeof(cert), "%s/c.pem", shared.fixture.dir);
    snprintf(key, sizeof(key), "%s/k.pem", shared.fixture.dir);
    kw_diag_init(&diag);
    must(kw_tls_self_signed(cert, key, names,
                            kw_clock_wall_ms(shared.fixture.core.clock),
                            &diag) == 0 &&
         kw_tls_server(&shared.server, &server, &diag) == 0 &&
         kw_tls_client(&shared.client, &client, &diag) == 0);
    kw_diag_fini(&diag);
    shared.as_client = make_context(TLS_client_method());
    shared.as_server = make_context(TLS_server_method());
    must(SSL_CTX_use_certificate_file(shared.as_server, cert,
                                      SSL_FILETYPE_PEM) == 1 &&
         SSL_CTX_use_PrivateKey_file(shared.as_server, key, SSL_FILETYPE_PEM) ==
             1);
}

/* The rest ends with the process. */
static void remove_shared(void)
{
    kw_test_remove(shared.fixture.dir);
}

static void make_shared(void)
{
    socklen_t length = sizeof(shared.address);

    if (shared.server != NULL)
        return;
    (void)signal(SIGPIPE, SIG_IGN); /* as the program does */
    kw_fixture_open(&shared.fixture, 0);
    make_tls();
    shared.address = (struct sockaddr_in){.sin_family = AF_INET,
                                          .sin_addr = {htonl(INADDR_LOOPBACK)}};
    shared.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(bind(shared.listener, (struct sockaddr *)&shared.address, length) ==
             0 &&
         listen(shared.listener, 1) == 0 &&
         getsockname(shared.listener, (struct sockaddr *)&shared.address,
                     &length) == 0);
    (void)atexit(remove_shared);
}

static void connect_both(struct scene *scene, bool serving)
{
    struct kw_loop *loop = &shared.fixture.loop;
    const struct sockaddr *address = (struct sockaddr *)&shared.address;

    if (serving) {
        scene->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        must(connect(scene->fd, address, sizeof(shared.address)) == 0);
        must(kw_stream_accept(&scene->stream, loop,
                              accept4(shared.listener, NULL, NULL,
                                      SOCK_CLOEXEC | SOCK_NONBLOCK),
                              shared.server, &events) == 0);
    } else {
        must(kw_stream_connect(&scene->stream, loop, address, shared.client,
                               "localhost", &events) == 0);
        scene->fd = accept4(shared.listener, NULL, NULL, SOCK_CLOEXEC);
    }
    must(fcntl(scene->fd, F_SETFL, O_NONBLOCK) == 0);
    scene->peer = SSL_new(serving ? shared.as_client : shared.as_server);
    must(scene->peer != NULL && SSL_set_fd(scene->peer, scene->fd) == 1);
    SSL_set_app_data(scene->peer, scene);
    if (serving)
        SSL_set_connect_state(scene->peer);
    else
        SSL_set_accept_state(scene->peer);
    while (SSL_do_handshake(scene->peer) != 1 || !scene->open)
        turn();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct scene scene = {.data = data, .left = size};

    if (size == 0)
        return 0;
    make_shared();
    kw_buf_init(&scene.sealed, EXPECTED_MAX);
    connect_both(&scene, take(&scene) & 1);
    while (scene.left > 0 && !scene.stuck)
        step(&scene);
    close(scene.fd);
    if (!scene.ended)
        kw_stream_pause(&scene.stream, false);
    while (!scene.ended)
        (void)uv_run(&shared.fixture.loop.uv, UV_RUN_ONCE);
    kw_stream_close(&scene.stream);
    while (!scene.closed)
        (void)uv_run(&shared.fixture.loop.uv, UV_RUN_ONCE);
    SSL_free(scene.peer);
    kw_buf_fini(&scene.sealed);
    return 0;
}
