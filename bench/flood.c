/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attacks on a running gateway, for bench/flood.py: what strangers can do to
 * a listening port without a password, and what somebody can do who has one.
 *
 * usage: bench_flood ATTACK PORT SECONDS SLOTS [ARGUMENTS]
 *
 *   silent      connects and says nothing; again when it is closed
 *   hello       a ClientHello; a reset as soon as the server answers; again
 *   idle        a TLS handshake, then nothing; again when it is closed
 *   head        a TLS handshake, then a header, a byte each 0.5 s
 *   body        the same with the body of a log-in
 *   deaf        asks for / without end and never reads
 *   pipeline    asks for / without end, 64 at once, and reads
 *   login       log-ins with a wrong password, one after the other
 *   keyupdate   once: 96 KiB of TLS 1.3 KeyUpdate on each connection,
 *               prepared before and sent at the same time; connections stay
 *   bodies      once: PUT /api/v1/config with a body of 754 KB on each
 *               connection (arguments: Cookie and X-CSRF-Token), all but the
 *               last byte, then the last byte of all
 *   modbus      Modbus TCP reads without end, 64 at once
 *   noise       a meter: listens on PORT and sends noise without end
 *   keymeter    a TLS meter: listens on PORT (arguments: certificate, key),
 *               answers a handshake with KeyUpdates without end
 *
 * A slot is a connection and a thread. Each has a source address of its own
 * in 127.1.0.0/16, so that it is a station of its own. At the end one line:
 * connections made, handshakes done, bytes sent.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"

enum {
    SLOTS_MAX = 8192,
    STACK_BYTES = 128 * 1024,
    BODY_LISTS = 120, /* of 500 keys each: 754 KB */
    BODY_KEYS = 500,
    PIPELINED = 64,
    KEY_UPDATE_BYTES = 96 * 1024, /* 3,640 messages */
};

struct attack {
    const char *name;
    void (*run)(const struct attack *attack, unsigned slot);
    bool once;
};

static struct {
    uint16_t port;
    double until_s;
    unsigned slots;
    char **arguments;
    SSL_CTX *client;
    pthread_barrier_t together;
    pthread_mutex_t one;
    atomic_ulong connections, handshakes, bytes;
} all = {.one = PTHREAD_MUTEX_INITIALIZER};

static double now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static bool is_over(void)
{
    return now_s() >= all.until_s;
}

static void pause_ms(unsigned ms)
{
    struct timespec span = {ms / 1000, (long)(ms % 1000) * 1000000};

    (void)nanosleep(&span, NULL);
}

static void die(const char *what)
{
    perror(what);
    exit(1);
}

/* A connection from the slot's own address; -1 when there is none. */
static int dial(unsigned slot)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(all.port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in from = {.sin_family = AF_INET};
    struct timeval limit = {.tv_sec = 2};
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

    if (fd < 0)
        return -1;
    from.sin_addr.s_addr = htonl(0x7F010000U + slot + 1);
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    (void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
    if (bind(fd, (struct sockaddr *)&from, sizeof(from)) != 0 ||
        connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0) {
        close(fd);
        pause_ms(5);
        return -1;
    }
    atomic_fetch_add(&all.connections, 1);
    return fd;
}

/* Ends with a reset, so that no port waits in TIME_WAIT. */
static void hang_up(int fd)
{
    struct linger none = {.l_onoff = 1};

    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
    close(fd);
}

/* A TLS connection over fd; NULL: the handshake failed. */
static SSL *shake(int fd)
{
    SSL *ssl = SSL_new(all.client);

    if (ssl == NULL)
        die("SSL_new");
    SSL_set_fd(ssl, fd);
    if (SSL_connect(ssl) != 1) {
        SSL_free(ssl);
        return NULL;
    }
    atomic_fetch_add(&all.handshakes, 1);
    return ssl;
}

static void send_all(int fd, const void *bytes, size_t length)
{
    const char *at = bytes;

    while (length > 0 && !is_over()) {
        ssize_t sent = send(fd, at, length, MSG_NOSIGNAL);

        if (sent < 0 && errno != EAGAIN)
            return;
        if (sent > 0) {
            atomic_fetch_add(&all.bytes, (unsigned long)sent);
            at += sent;
            length -= (size_t)sent;
        }
    }
}

/* Waits until the peer closes or the time is over; what comes is dropped. */
static void wait_for_end(int fd)
{
    char bytes[4096];

    while (!is_over()) {
        struct pollfd one = {.fd = fd, .events = POLLIN};

        if (poll(&one, 1, 200) > 0 && recv(fd, bytes, sizeof(bytes), 0) <= 0)
            return;
    }
}

static void run_silent(const struct attack *attack, unsigned slot)
{
    int fd = dial(slot);

    (void)attack;
    if (fd < 0)
        return;
    wait_for_end(fd);
    hang_up(fd);
}

/* A ClientHello as OpenSSL makes it, made once a slot. */
static void run_hello(const struct attack *attack, unsigned slot)
{
    static _Thread_local unsigned char hello[2048];
    static _Thread_local size_t length;
    int fd;
    char byte;

    (void)attack;
    if (length == 0) {
        SSL *ssl = SSL_new(all.client);
        char *wire = NULL;

        SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
        SSL_set_connect_state(ssl);
        (void)SSL_do_handshake(ssl);
        length = (size_t)BIO_get_mem_data(SSL_get_wbio(ssl), &wire);
        if (length > sizeof(hello))
            length = sizeof(hello);
        memcpy(hello, wire, length);
        SSL_free(ssl);
    }
    fd = dial(slot);
    if (fd < 0)
        return;
    send_all(fd, hello, length);
    (void)recv(fd, &byte, 1, 0);
    hang_up(fd);
}

static void run_idle(const struct attack *attack, unsigned slot)
{
    int fd = dial(slot);
    SSL *ssl = fd >= 0 ? shake(fd) : NULL;

    (void)attack;
    if (ssl != NULL)
        wait_for_end(fd);
    SSL_free(ssl);
    if (fd >= 0)
        hang_up(fd);
}

/* Sends the begin, then a byte each half second while the peer is there. */
static void drip(unsigned slot, const char *begin, char byte)
{
    int fd = dial(slot);
    SSL *ssl = fd >= 0 ? shake(fd) : NULL;

    if (ssl != NULL && SSL_write(ssl, begin, (int)strlen(begin)) > 0) {
        while (!is_over() && SSL_write(ssl, &byte, 1) == 1) {
            struct pollfd one = {.fd = fd, .events = POLLIN};
            char bytes[1024];

            if (poll(&one, 1, 500) > 0 &&
                (one.revents & (POLLHUP | POLLERR) ||
                 SSL_read(ssl, bytes, sizeof(bytes)) <= 0))
                break;
        }
    }
    SSL_free(ssl);
    if (fd >= 0)
        hang_up(fd);
}

static void run_head(const struct attack *attack, unsigned slot)
{
    (void)attack;
    drip(slot, "GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ", 'a');
}

static void run_body(const struct attack *attack, unsigned slot)
{
    (void)attack;
    drip(slot,
         "POST /api/v1/session HTTP/1.1\r\nHost: a\r\n"
         "Content-Type: application/json\r\nContent-Length: 4000\r\n\r\n{",
         ' ');
}

static const char get_page[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

static void run_deaf(const struct attack *attack, unsigned slot)
{
    int fd = dial(slot);
    SSL *ssl = fd >= 0 ? shake(fd) : NULL;

    (void)attack;
    while (ssl != NULL && !is_over()) {
        if (SSL_write(ssl, get_page, sizeof(get_page) - 1) <= 0 &&
            errno != EAGAIN)
            break;
        pause_ms(100);
    }
    SSL_free(ssl);
    if (fd >= 0)
        hang_up(fd);
}

static void run_pipeline(const struct attack *attack, unsigned slot)
{
    char requests[PIPELINED * sizeof(get_page)] = "", bytes[16384];
    size_t length = 0;
    int fd = dial(slot);
    SSL *ssl = fd >= 0 ? shake(fd) : NULL;

    (void)attack;
    for (unsigned i = 0; i < PIPELINED; i++) {
        memcpy(requests + length, get_page, sizeof(get_page) - 1);
        length += sizeof(get_page) - 1;
    }
    while (ssl != NULL && !is_over()) {
        struct pollfd one = {.fd = fd, .events = POLLIN | POLLOUT};
        int got = 1;

        (void)poll(&one, 1, 200);
        if (one.revents & POLLIN)
            got = SSL_read(ssl, bytes, sizeof(bytes));
        if (got <= 0)
            break;
        atomic_fetch_add(&all.bytes, (unsigned long)got);
        if (SSL_pending(ssl) == 0 && one.revents & POLLOUT &&
            SSL_write(ssl, requests, (int)length) <= 0)
            break;
    }
    SSL_free(ssl);
    if (fd >= 0)
        hang_up(fd);
}

static void run_login(const struct attack *attack, unsigned slot)
{
    static const char body[] =
        "{\"user\":\"security\",\"password\":\"not the right one\"}";
    char request[512], bytes[4096];
    int fd = dial(slot), length;
    SSL *ssl = fd >= 0 ? shake(fd) : NULL;

    (void)attack;
    length = snprintf(request, sizeof(request),
                      "POST /api/v1/session HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n"
                      "Origin: https://127.0.0.1:%u\r\n"
                      "Content-Type: application/json\r\n"
                      "Content-Length: %zu\r\n\r\n%s",
                      all.port, all.port, sizeof(body) - 1, body);
    while (ssl != NULL && !is_over() && SSL_write(ssl, request, length) > 0 &&
           SSL_read(ssl, bytes, sizeof(bytes)) > 0)
        atomic_fetch_add(&all.bytes, (unsigned long)length);
    SSL_free(ssl);
    if (fd >= 0)
        hang_up(fd);
}

/* Appends KeyUpdates to the memory that the SSL writes into. */
static void update_keys(SSL *ssl, size_t bytes)
{
    while (BIO_pending(SSL_get_wbio(ssl)) < (int)bytes) {
        if (SSL_key_update(ssl, SSL_KEY_UPDATE_NOT_REQUESTED) != 1 ||
            SSL_do_handshake(ssl) != 1)
            die("SSL_key_update");
    }
}

/* What the SSL writes goes into memory from now on. */
static void write_to_memory(SSL *ssl)
{
    SSL_set0_wbio(ssl, BIO_new(BIO_s_mem()));
}

static void run_keyupdate(const struct attack *attack, unsigned slot)
{
    int fd = dial(slot);
    SSL *ssl = fd >= 0 ? shake(fd) : NULL;
    char *wire = NULL;
    long length = 0;

    (void)attack;
    if (ssl != NULL) {
        write_to_memory(ssl);
        pthread_mutex_lock(&all.one); /* or all the cores are ours */
        update_keys(ssl, KEY_UPDATE_BYTES);
        pthread_mutex_unlock(&all.one);
        length = BIO_get_mem_data(SSL_get_wbio(ssl), &wire);
    }
    (void)pthread_barrier_wait(&all.together);
    if (ssl != NULL) {
        send_all(fd, wire, (size_t)length);
        wait_for_end(fd);
    }
    SSL_free(ssl);
    if (fd >= 0)
        hang_up(fd);
}

/* {"meters":[{"k0":0,...} x 120]} */
static char *make_body(size_t *length)
{
    char *text = NULL;
    FILE *file = open_memstream(&text, length);

    if (file == NULL)
        die("open_memstream");
    fprintf(file, "{\"meters\":[");
    for (unsigned i = 0; i < BODY_LISTS; i++) {
        fprintf(file, i > 0 ? ",{" : "{");
        for (unsigned k = 0; k < BODY_KEYS; k++)
            fprintf(file, "%s\"key%03u\":%u", k > 0 ? "," : "", k, k % 10);
        fprintf(file, "}");
    }
    fprintf(file, "]}");
    if (fclose(file) != 0)
        die("body");
    return text;
}

static void run_bodies(const struct attack *attack, unsigned slot)
{
    size_t length = 0;
    char *body = make_body(&length), head[1024], bytes[4096];
    int fd = dial(slot), head_length;
    SSL *ssl = fd >= 0 ? shake(fd) : NULL;

    (void)attack;
    head_length = snprintf(head, sizeof(head),
                           "PUT /api/v1/config HTTP/1.1\r\n"
                           "Host: 127.0.0.1:%u\r\nOrigin: "
                           "https://127.0.0.1:%u\r\nIf-Match: \"1\"\r\n"
                           "Content-Type: application/json\r\n"
                           "Cookie: %s\r\nX-CSRF-Token: %s\r\n"
                           "Content-Length: %zu\r\n\r\n",
                           all.port, all.port, all.arguments[0],
                           all.arguments[1], length);
    if (ssl != NULL && SSL_write(ssl, head, head_length) > 0)
        (void)SSL_write(ssl, body, (int)length - 1);
    (void)pthread_barrier_wait(&all.together);
    if (ssl != NULL && SSL_write(ssl, body + length - 1, 1) == 1) {
        while (!is_over() && SSL_read(ssl, bytes, sizeof(bytes)) < 0 &&
               errno == EAGAIN)
            continue;
    }
    SSL_free(ssl);
    if (fd >= 0)
        hang_up(fd);
    free(body);
}

static void run_modbus(const struct attack *attack, unsigned slot)
{
    static const unsigned char ask[] = {0, 1, 0, 0, 0, 6, 255, 3, 0, 0, 0, 2};
    unsigned char requests[PIPELINED * sizeof(ask)];
    char bytes[16384];
    int fd = dial(slot);

    (void)attack;
    if (fd < 0)
        return;
    for (unsigned i = 0; i < PIPELINED; i++)
        memcpy(requests + i * sizeof(ask), ask, sizeof(ask));
    while (!is_over()) {
        struct pollfd one = {.fd = fd, .events = POLLIN | POLLOUT};

        (void)poll(&one, 1, 200);
        if (one.revents & POLLIN && recv(fd, bytes, sizeof(bytes), 0) <= 0)
            break;
        if (one.revents & POLLOUT)
            send_all(fd, requests, sizeof(requests));
    }
    hang_up(fd);
}

/* Takes a gateway's connection on PORT + slot; -1: none in time. */
static int take(unsigned slot)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)(all.port + slot)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval limit = {.tv_sec = 1};
    int door = socket(AF_INET, SOCK_STREAM, 0), on = 1, fd;

    (void)setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    (void)setsockopt(door, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    if (bind(door, (struct sockaddr *)&at, sizeof(at)) != 0 ||
        listen(door, 4) != 0)
        die("listen");
    fd = accept(door, NULL, NULL);
    close(door);
    if (fd >= 0)
        (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    return fd;
}

static void run_noise(const struct attack *attack, unsigned slot)
{
    unsigned char noise[65536];
    unsigned long before;
    int fd = take(slot);

    (void)attack;
    if (fd < 0)
        return;
    atomic_fetch_add(&all.connections, 1);
    for (size_t i = 0; i < sizeof(noise); i++)
        noise[i] = (unsigned char)(i * 2654435761U >> 16);
    do {
        before = atomic_load(&all.bytes);
        send_all(fd, noise, sizeof(noise));
    } while (!is_over() && atomic_load(&all.bytes) != before);
    hang_up(fd);
}

static void run_keymeter(const struct attack *attack, unsigned slot)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    char *wire = NULL;
    int fd = take(slot);
    SSL *ssl;

    (void)attack;
    if (fd < 0) {
        SSL_CTX_free(ctx);
        return;
    }
    atomic_fetch_add(&all.connections, 1);
    if (SSL_CTX_use_certificate_chain_file(ctx, all.arguments[0]) != 1 ||
        SSL_CTX_use_PrivateKey_file(ctx, all.arguments[1], SSL_FILETYPE_PEM) !=
            1)
        die("certificate");
    ssl = SSL_new(ctx);
    SSL_set_fd(ssl, fd);
    if (SSL_accept(ssl) == 1) {
        long length;

        atomic_fetch_add(&all.handshakes, 1);
        write_to_memory(ssl);
        update_keys(ssl, 512 * 1024);
        length = BIO_get_mem_data(SSL_get_wbio(ssl), &wire);
        send_all(fd, wire, (size_t)length);
        wait_for_end(fd);
    }
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    hang_up(fd);
}

static const struct attack attacks[] = {
    {"silent", run_silent, false},      {"hello", run_hello, false},
    {"idle", run_idle, false},          {"head", run_head, false},
    {"body", run_body, false},          {"deaf", run_deaf, false},
    {"pipeline", run_pipeline, false},  {"login", run_login, false},
    {"keyupdate", run_keyupdate, true}, {"bodies", run_bodies, true},
    {"modbus", run_modbus, false},      {"noise", run_noise, false},
    {"keymeter", run_keymeter, false},
};

static const struct attack *chosen;

static void *work(void *arg)
{
    unsigned slot = (unsigned)(uintptr_t)arg;

    do {
        chosen->run(chosen, slot);
    } while (!chosen->once && !is_over());
    return NULL;
}

static void run_all(void)
{
    static pthread_t threads[SLOTS_MAX];
    pthread_attr_t attributes;

    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    if (pthread_barrier_init(&all.together, NULL, all.slots) != 0)
        die("barrier");
    for (unsigned i = 0; i < all.slots; i++) {
        if (pthread_create(&threads[i], &attributes, work,
                           (void *)(uintptr_t)i) != 0)
            die("thread");
    }
    for (unsigned i = 0; i < all.slots; i++)
        pthread_join(threads[i], NULL);
}

int main(int argc, char **argv)
{
    struct rlimit limit = {.rlim_cur = 20000, .rlim_max = 20000};
    uint64_t port, seconds, slots;

    for (size_t i = 0; argc >= 5 && i < sizeof(attacks) / sizeof(attacks[0]);
         i++) {
        if (strcmp(attacks[i].name, argv[1]) == 0)
            chosen = &attacks[i];
    }
    if (chosen == NULL || kw_text_parse_u64(argv[2], &port) != 0 ||
        kw_text_parse_u64(argv[3], &seconds) != 0 ||
        kw_text_parse_u64(argv[4], &slots) != 0 || port > 65535 || slots == 0 ||
        slots > SLOTS_MAX) {
        fprintf(stderr,
                "usage: bench_flood ATTACK PORT SECONDS SLOTS [ARGUMENTS]\n");
        return 2;
    }
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    signal(SIGPIPE, SIG_IGN);
    all.port = (uint16_t)port;
    all.slots = (unsigned)slots;
    all.arguments = argv + 5;
    all.client = SSL_CTX_new(TLS_client_method());
    if (all.client == NULL)
        die("SSL_CTX_new");
    all.until_s = now_s() + (double)seconds;
    run_all();
    SSL_CTX_free(all.client);
    printf("{\"connections\": %lu, \"handshakes\": %lu, \"bytes\": %lu}\n",
           atomic_load(&all.connections), atomic_load(&all.handshakes),
           atomic_load(&all.bytes));
    return 0;
}
