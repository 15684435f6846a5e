/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stage of auth's loop and fault tests: the module on a real loop with a
 * real database, a clock turned by hand, requests made as http makes them
 * (identity by cookie, permission, body by rows) and everything that can fail
 * in the machine made to fail on request. One test program includes it once.
 */
#ifndef KW_TEST_AUTH_STAGE_H
#define KW_TEST_AUTH_STAGE_H

#include "auth/auth.h"
#include "auth/grant.h"
#include "auth/onetime.h"
#include "auth/routes.h"
#include "auth/state.h"
#include "auth/store.h"
#include "auth/tell.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/text.h"
#include "core/conf.h"
#include "core/core_module.h"
#include "core/job.h"
#include "core/registry.h"
#include "lib/fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

extern const struct kw_module kw_auth_module;

#define SECURITY_PASSWORD "blue mountain coffee window"
#define ADMIN_PASSWORD "seven yellow umbrellas outside"
#define OTHER_PASSWORD "nineteen quiet harbour bells"

/* --- what stands in for the machine */

static struct stage_faults {
    _Atomic bool no_random, no_sync, no_scrypt, no_digest;
    _Atomic unsigned random_fail_at; /* the n-th call from now on; 0: none */
    uint64_t memory_fail_at; /* the n-th allocation of the next handler */
    uint64_t memory_used;    /* allocations when it began */
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool hold;         /* hashes wait until it is false */
    bool hold_commits; /* commits of the database wait */
    unsigned hashes;
} faults = {
    .lock = PTHREAD_MUTEX_INITIALIZER,
    .wake = PTHREAD_COND_INITIALIZER,
};

int getentropy(void *bytes, size_t length)
{
    if (faults.no_random ||
        (faults.random_fail_at > 0 && --faults.random_fail_at == 0)) {
        errno = EIO;
        return -1;
    }
    return syscall(SYS_getrandom, bytes, length, 0) == (long)length ? 0 : -1;
}

/* What LMDB commits with. */
int fdatasync(int fd)
{
    (void)fd;
    pthread_mutex_lock(&faults.lock);
    while (faults.hold_commits)
        pthread_cond_wait(&faults.wake, &faults.lock);
    pthread_mutex_unlock(&faults.lock);
    errno = EIO;
    return faults.no_sync ? -1 : 0;
}

int fsync(int fd)
{
    (void)fd;
    return 0;
}

unsigned char *SHA256(const unsigned char *bytes, size_t length,
                      unsigned char *digest)
{
    unsigned done = 0;

    if (faults.no_digest ||
        EVP_Digest(bytes, length, digest, &done, EVP_sha256(), NULL) != 1)
        return NULL;
    return digest;
}

/* A fast stand-in: a digest of all that scrypt depends on. */
int EVP_PBE_scrypt(const char *pass, size_t passlen, const unsigned char *salt,
                   size_t saltlen, uint64_t N, uint64_t r, uint64_t p,
                   uint64_t maxmem, unsigned char *key, size_t keylen)
{
    unsigned char bytes[640];
    int length = snprintf((char *)bytes, sizeof(bytes), "%llu %llu %llu ",
                          (unsigned long long)N, (unsigned long long)r,
                          (unsigned long long)p);
    unsigned done = 0;

    pthread_mutex_lock(&faults.lock);
    while (faults.hold)
        pthread_cond_wait(&faults.wake, &faults.lock);
    faults.hashes++;
    pthread_mutex_unlock(&faults.lock);
    if (faults.no_scrypt || maxmem < 128 * N * r || keylen != 32)
        return 0;
    memcpy(bytes + length, salt, saltlen);
    memcpy(bytes + (size_t)length + saltlen, pass, passlen);
    return EVP_Digest(bytes, (size_t)length + saltlen + passlen, key, &done,
                      EVP_sha256(), NULL);
}

static inline void hold_commits(bool hold)
{
    pthread_mutex_lock(&faults.lock);
    faults.hold_commits = hold;
    pthread_cond_broadcast(&faults.wake);
    pthread_mutex_unlock(&faults.lock);
}

static inline void clear_faults(void)
{
    faults.no_random = faults.no_sync = false;
    faults.no_scrypt = faults.no_digest = false;
    faults.random_fail_at = 0;
}

static inline void hold_hashes(bool hold)
{
    pthread_mutex_lock(&faults.lock);
    faults.hold = hold;
    pthread_cond_broadcast(&faults.wake);
    pthread_mutex_unlock(&faults.lock);
}

/* --- what stands in for the registry: the name of the site */

struct kw_conf_set *kw_registry_conf(const struct kw_registry *registry)
{
    (void)registry;
    return NULL;
}

const void *kw_conf_set_get(const struct kw_conf_set *set, size_t index)
{
    static const struct kw_core_conf conf = {
        .site = {.name = "Windmill Hill"},
    };

    (void)set;
    return index == 0 ? &conf : NULL;
}

/* --- the module */

enum { STAGE_EVENTS = 64 };

struct stage {
    struct kw_fixture fixture;
    struct kw_auth *auth;
    struct kw_auth_limits limits;
    struct kw_subscriber subscriber;
    struct {
        const struct kw_event_kind *kind;
        bool on;
        char subject[64], text[320], actor[192];
    } events[STAGE_EVENTS];
    size_t event_count;
    bool stopped;
    uv_timer_t pulse; /* so that no turn of the loop waits for long */
};

static inline void stage_on_pulse(uv_timer_t *timer)
{
    (void)timer;
}

static inline void stage_on_event(void *arg, const struct kw_event *event)
{
    struct stage *stage = arg;
    size_t at = stage->event_count % STAGE_EVENTS;

    stage->event_count++;
    stage->events[at].kind = event->kind;
    stage->events[at].on = event->on;
    (void)kw_text_copy(stage->events[at].subject, 64, event->subject);
    (void)kw_text_copy(stage->events[at].text, 320, event->text);
    (void)kw_text_copy(stage->events[at].actor, 192, event->actor);
}

/* How often an event was told since the stage was opened. */
static inline unsigned stage_told(const struct stage *stage, const char *key)
{
    unsigned count = 0;

    assert_in_range(stage->event_count, 0, STAGE_EVENTS);
    for (size_t i = 0; i < stage->event_count; i++)
        count += strcmp(stage->events[i].kind->key, key) == 0;
    return count;
}

static inline void stage_on_stopped(void *arg)
{
    *(bool *)arg = true;
}

/* Starts the module; the error of start. */
static inline int stage_try_start(struct stage *stage)
{
    struct kw_diag diag;
    int err;

    kw_diag_init(&diag);
    stage->auth = kw_alloc(kw_auth_module.state_size);
    assert_non_null(stage->auth);
    err = kw_auth_module.start(stage->auth, &stage->limits,
                               &stage->fixture.core, &diag);
    assert_int_equal(kw_diag_any(&diag), err != 0);
    kw_diag_fini(&diag);
    if (err != 0) {
        kw_free(stage->auth);
        stage->auth = NULL;
    }
    return err;
}

static inline void stage_start(struct stage *stage)
{
    assert_int_equal(stage_try_start(stage), 0);
}

static inline void stage_stop(struct stage *stage)
{
    if (stage->auth == NULL)
        return;
    stage->stopped = false;
    kw_auth_module.stop(stage->auth, stage_on_stopped, &stage->stopped);
    kw_fixture_until_set(&stage->fixture, &stage->stopped);
    kw_free(stage->auth);
    stage->auth = NULL;
}

static inline void stage_open(struct stage *stage)
{
    memset(stage, 0, sizeof(*stage));
    kw_fixture_open(&stage->fixture, KW_FIXTURE_DB);
    stage->fixture.core.clock = &stage->fixture.manual.clock;
    stage->limits = (struct kw_auth_limits){
        .idle_ms = 600000,
        .absolute_ms = 43200000,
        .sessions_per_user = 3,
        .sessions = 32,
    };
    stage->subscriber.on_event = stage_on_event;
    stage->subscriber.arg = stage;
    kw_hub_subscribe(&stage->fixture.hub, &stage->subscriber);
    uv_timer_init(&stage->fixture.loop.uv, &stage->pulse);
    uv_timer_start(&stage->pulse, stage_on_pulse, 2, 2);
}

static inline void stage_close(struct stage *stage)
{
    stage_stop(stage);
    kw_hub_unsubscribe(&stage->subscriber);
    uv_close((uv_handle_t *)&stage->pulse, NULL);
    kw_fixture_close(&stage->fixture);
}

static inline void stage_advance(struct stage *stage, int64_t ms)
{
    kw_clock_manual_advance(&stage->fixture.manual, ms);
}

/* Runs until the first account is there. */
static inline void stage_until_ready(struct stage *stage)
{
    kw_fixture_until_set(&stage->fixture, &stage->auth->ready);
}

static inline const char *stage_path(const struct stage *stage,
                                     const char *name)
{
    static char path[256];

    snprintf(path, sizeof(path), "%s/%s", stage->fixture.dir, name);
    return path;
}

/* The one-time password from its file; false: there is no file. */
static inline bool stage_onetime(const struct stage *stage,
                                 char password[KW_SECRET_PASSWORD_SIZE])
{
    int fd = open(stage_path(stage, KW_AUTH_ONETIME_FILE), O_RDONLY);
    ssize_t length;

    if (fd < 0)
        return false;
    length = read(fd, password, KW_SECRET_PASSWORD_SIZE);
    close(fd);
    assert_int_equal(length, KW_SECRET_PASSWORD_SIZE);
    assert_int_equal(password[KW_SECRET_PASSWORD_SIZE - 1], '\n');
    password[KW_SECRET_PASSWORD_SIZE - 1] = 0;
    return true;
}

/* --- requests */

struct ask {
    struct kw_request request;
    struct kw_identity who;
    struct kw_arena arena;
    int status; /* 0: not answered */
    bool answered;
    char body[4096];
    char cookie[256]; /* Set-Cookie */
    char token[65];   /* the token in it */
    char csrf[40];
    char retry_after[16];
    char sent[80]; /* the token it came with */
};

static inline struct ask *ask_of(struct kw_request *request)
{
    return KW_LIST_ENTRY(request, struct ask, request);
}

static inline void ask_on_header(struct kw_request *request, const char *name,
                                 const char *value)
{
    struct ask *ask = ask_of(request);
    char *to = strcmp(name, "Set-Cookie") == 0 ? ask->cookie : ask->retry_after;

    assert_false(ask->answered);
    assert_true(kw_text_copy(
        to, to == ask->cookie ? sizeof(ask->cookie) : sizeof(ask->retry_after),
        value));
}

static inline void ask_on_send(struct kw_request *request, int status,
                               const char *type, struct kw_buf *take)
{
    struct ask *ask = ask_of(request);

    (void)type;
    assert_false(ask->answered);
    ask->status = status;
    ask->answered = true;
    request->on_closed = NULL;
    if (take != NULL) {
        assert_true(
            kw_text_copy(ask->body, sizeof(ask->body), kw_buf_text(take)));
        kw_buf_fini(take);
    }
}

/* Reads text behind "name":" of the body. */
static inline void ask_text(const struct ask *ask, const char *name, char *out,
                            size_t size)
{
    char key[48];
    const char *at;
    size_t length;

    snprintf(key, sizeof(key), "\"%s\":\"", name);
    at = strstr(ask->body, key);
    out[0] = 0;
    if (at == NULL)
        return;
    at += strlen(key);
    length = strcspn(at, "\"");
    assert_true(length < size);
    memcpy(out, at, length);
    out[length] = 0;
}

static inline bool ask_says(const struct ask *ask, const char *text)
{
    return strstr(ask->body, text) != NULL;
}

static inline void ask_read_body(struct ask *ask, const char *json)
{
    const struct kw_route *route = ask->request.route;
    struct kw_node *root = NULL;
    struct kw_diag diag;
    void *body;

    assert_int_equal(json != NULL, route->body != NULL);
    if (json == NULL)
        return;
    kw_diag_init(&diag);
    assert_int_equal(
        kw_conf_parse_json(json, strlen(json), &ask->arena, &root, &diag), 0);
    body = kw_arena_alloc(&ask->arena, route->body_size);
    assert_non_null(body);
    assert_int_equal(
        kw_settings_read(route->body, root, NULL, body, &ask->arena, &diag), 0);
    kw_diag_fini(&diag);
    ask->request.body = body;
}

/* Runs the handler, with the failure of memory that was asked for. */
static inline void ask_handle(struct stage *stage, struct ask *ask)
{
    faults.memory_used = kw_mem_stats().allocations;
    kw_mem_fail_at(faults.memory_fail_at);
    ask->request.route->handle(stage->auth, &ask->request);
}

/* Sends a request from an address with a session's token (or NULL) and runs
 * its handler, or answers 401 and 403 as http does. */
static inline void ask_send(struct stage *stage, struct ask *ask,
                            enum kw_method method, const char *path,
                            const char *token, const char *json)
{
    static const struct kw_reply_ops ops = {
        .header = ask_on_header,
        .send = ask_on_send,
    };
    const struct kw_route *route = kw_auth_routes;
    char address[64], sent[80] = "";

    /* token may be this ask's own */
    assert_true(token == NULL || kw_text_copy(sent, sizeof(sent), token));
    memcpy(address, ask->who.address, sizeof(address));
    memset(ask, 0, sizeof(*ask));
    memcpy(ask->who.address, address, sizeof(address));
    memcpy(ask->sent, sent, sizeof(sent));
    kw_arena_init(&ask->arena, 65536);
    while (route->path != NULL &&
           (route->method != method || strcmp(route->path, path) != 0))
        route++;
    assert_non_null(route->path);
    ask->request.route = route;
    ask->request.ops = &ops;
    ask->request.who = &ask->who;
    ask->request.arena = &ask->arena;
    ask->request.cookie = token != NULL ? ask->sent : NULL;
    if (token != NULL &&
        kw_auth_identify(stage->auth, ask->sent, true, &ask->who) != 0)
        assert_int_equal(ask->who.session, 0);
    ask_read_body(ask, json);
    if ((ask->who.permissions & route->permission) != route->permission)
        kw_reply_problem(&ask->request, ask->who.session == 0 ? 401 : 403,
                         "refused", "Refused.");
    else
        ask_handle(stage, ask);
}

/* Runs until the answer is there; gives its status. The rest of ask can be
 * read afterwards. */
static inline int ask_wait(struct stage *stage, struct ask *ask)
{
    kw_fixture_until_set(&stage->fixture, &ask->answered);
    faults.memory_used = kw_mem_stats().allocations - faults.memory_used;
    kw_mem_fail_at(0);
    kw_arena_fini(&ask->arena);
    if (strchr(ask->cookie, '=') != NULL) {
        const char *value = strchr(ask->cookie, '=') + 1;
        size_t length = strcspn(value, ";");

        assert_true(length < sizeof(ask->token));
        memcpy(ask->token, value, length);
        ask->token[length] = 0;
    }
    ask_text(ask, "csrf", ask->csrf, sizeof(ask->csrf));
    return ask->status;
}

/* The client goes before the answer. */
static inline void ask_leave(struct ask *ask)
{
    assert_false(ask->answered);
    assert_non_null(ask->request.on_closed);
    ask->request.on_closed(ask->request.arg);
    kw_arena_fini(&ask->arena);
    ask->request.ops = NULL; /* a reply now would crash */
}

static inline int ask_once(struct stage *stage, struct ask *ask,
                           enum kw_method method, const char *path,
                           const char *token, const char *json)
{
    ask_send(stage, ask, method, path, token, json);
    return ask_wait(stage, ask);
}

static inline void begin_log_in(struct stage *stage, struct ask *ask,
                                const char *user, const char *password)
{
    char json[1024];

    snprintf(json, sizeof(json), "{\"user\":\"%s\",\"password\":\"%s\"}", user,
             password);
    ask_send(stage, ask, KW_POST, "/session", NULL, json);
}

static inline int log_in(struct stage *stage, struct ask *ask, const char *user,
                         const char *password)
{
    begin_log_in(stage, ask, user, password);
    return ask_wait(stage, ask);
}

static inline void ask_from(struct ask *ask, const char *address)
{
    memset(ask, 0, sizeof(*ask));
    (void)kw_text_copy(ask->who.address, sizeof(ask->who.address), address);
}

/* The set-up page's work: afterwards `security` and the Admin `anna` have
 * their own passwords and ask holds anna's session. */
static inline void stage_set_up(struct stage *stage, struct ask *ask)
{
    char onetime[KW_SECRET_PASSWORD_SIZE], token[65];

    stage_until_ready(stage);
    assert_true(stage_onetime(stage, onetime));
    ask_from(ask, "192.0.2.1");
    assert_int_equal(log_in(stage, ask, "security", onetime), 201);
    memcpy(token, ask->token, sizeof(token));
    assert_int_equal(ask_once(stage, ask, KW_POST, "/setup", token,
                              "{\"password\":\"" SECURITY_PASSWORD "\","
                              "\"admin_name\":\"Anna\",\"admin_password\":"
                              "\"" ADMIN_PASSWORD "\"}"),
                     201);
}

/* True while the token is a session's. */
static inline bool is_alive(struct stage *stage, const char *token)
{
    struct kw_identity who = {0};

    return kw_auth_identify(stage->auth, token, false, &who) == 0;
}

/* Holds the commits and runs until so many sessions are open: one of them is
 * being committed then. */
static inline void stage_until_committing(struct stage *stage, size_t sessions)
{
    while (stage->auth->sessions.count != sessions)
        uv_run(&stage->fixture.loop.uv, UV_RUN_ONCE);
    assert_true(faults.hold_commits);
}

/* Rows in a table of the database. */
static inline size_t stage_rows(struct stage *stage,
                                const struct kw_db_table *table)
{
    struct kw_db_txn *txn;
    struct kw_db_cursor *cursor;
    size_t count = 0;
    int err;

    assert_int_equal(kw_db_read_begin(stage->fixture.core.db, &txn), 0);
    if (kw_db_cursor_open(txn, table, &cursor) == 0) {
        err = kw_db_cursor_seek(cursor, (struct kw_slice){"", 0});
        for (; err == 0; err = kw_db_cursor_next(cursor))
            count++;
        kw_db_cursor_close(cursor);
    }
    kw_db_read_end(txn);
    return count;
}

#endif
