/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Happy path: the job makes the certificate if there is none, loads it and
 * reads the files; its done() keeps both and opens the doors (net/doors, which
 * also try again). Failure: the retry timer submits the job again while there
 * is no certificate. On close: the doors close, the job is waited for by the
 * life counter, and what it made is dropped.
 */
#include "http/opening.h"

#include "base/text.h"
#include "http/conn.h"
#include "http/files.h"
#include "http/server.h"
#include "net/tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RETRY_MS = 2000, NAMES_MAX = 32, PATH_SIZE = 4096, BACKLOG = 256 };

/* --- on a thread ------------------------------------------------------- */

struct names {
    char text[NAMES_MAX][64];
    const char *list[NAMES_MAX + 1];
    size_t count;
};

static void add_name(struct names *names, const char *name)
{
    size_t at = names->count;

    if (at == NAMES_MAX || name[0] == 0)
        return;
    for (size_t i = 0; i < at; i++) {
        if (strcmp(names->text[i], name) == 0)
            return;
    }
    if (!kw_text_copy(names->text[at], sizeof(names->text[at]), name))
        return;
    names->list[at] = names->text[at];
    names->count++;
}

/* Addresses that others can reach; those of a link need a zone and are left
 * out. */
static void add_addresses(struct names *names)
{
    struct ifaddrs *all = NULL;
    char text[64];

    if (getifaddrs(&all) != 0)
        all = NULL;
    for (const struct ifaddrs *at = all; at != NULL; at = at->ifa_next) {
        struct sockaddr_in6 six;

        if (at->ifa_addr == NULL)
            continue;
        if (at->ifa_addr->sa_family == AF_INET6) {
            memcpy(&six, at->ifa_addr, sizeof(six));
            if (IN6_IS_ADDR_LINKLOCAL(&six.sin6_addr))
                continue;
        }
        kw_address_format(at->ifa_addr, text, sizeof(text));
        add_name(names, text);
    }
    freeifaddrs(all);
}

static int make_certificate(const struct kw_http_prepare *prepare,
                            const char *cert_file, const char *key_file,
                            struct kw_diag *diag)
{
    struct names names = {.count = 0};
    char host[64] = "";

    if (gethostname(host, sizeof(host) - 1) == 0)
        add_name(&names, host);
    add_name(&names, "localhost");
    add_name(&names, "127.0.0.1");
    add_name(&names, "::1");
    add_addresses(&names);
    return kw_tls_self_signed(cert_file, key_file, names.list,
                              kw_clock_wall_ms(prepare->clock), diag);
}

/* The pair's paths; makes their folder. */
static int name_pair(const char *state_dir, char *cert_file, char *key_file,
                     struct kw_diag *diag)
{
    char folder[PATH_SIZE];
    int length = snprintf(folder, sizeof(folder), "%s/tls", state_dir);

    if (length + 16 > PATH_SIZE) {
        kw_diag_say(diag, "the path of the state folder is too long");
        return KW_ERANGE;
    }
    if (mkdir(folder, 0700) != 0 && errno != EEXIST) {
        kw_diag_say(diag, "%s: %s", folder, strerror(errno));
        return kw_err_from_errno(errno);
    }
    snprintf(cert_file, PATH_SIZE, "%.*s/server.crt", length, folder);
    snprintf(key_file, PATH_SIZE, "%.*s/server.key", length, folder);
    return 0;
}

static int prepare_tls(struct kw_http_prepare *prepare)
{
    char cert_file[PATH_SIZE], key_file[PATH_SIZE];
    struct kw_tls_server_options options = {
        .cert_file = cert_file,
        .key_file = key_file,
        .alpn = "http/1.1",
        .clock = prepare->clock,
    };
    struct kw_diag *diag = &prepare->tls_diag;
    int err = name_pair(prepare->state_dir, cert_file, key_file, diag);

    /* A key without its certificate was never shown to anybody: a power cut
     * while the pair was made, or somebody who wants a new pair. */
    if (err == 0 && access(cert_file, F_OK) != 0) {
        err = make_certificate(prepare, cert_file, key_file, diag);
        prepare->made_certificate = err == 0;
    }
    return err != 0 ? err : kw_tls_server(&prepare->tls, &options, diag);
}

/* What went wrong stands in the two diags; NULL tells. */
static void work(struct kw_job *job)
{
    struct kw_http_prepare *prepare =
        KW_LIST_ENTRY(job, struct kw_http_prepare, job);

    if (prepare_tls(prepare) != 0)
        prepare->tls = NULL;
    if (prepare->want_files &&
        kw_http_files_load(&prepare->files, prepare->web_dir,
                           &prepare->files_diag) != 0)
        prepare->files = NULL;
}

/* --- on the loop -------------------------------------------------------- */

static void on_accepted(void *arg, int take_fd, const struct sockaddr *peer)
{
    (void)peer;
    kw_http_conn_accept(arg, take_fd);
}

static void on_door(void *arg, const struct kw_door *door)
{
    kw_http_publish(arg, KW_HTTP_EVENT_ADDRESS_CLOSED, door->failing,
                    door->address, door->why);
}

/* The addresses of the configuration; what stays open stays open. */
static void open_doors(struct kw_http *http)
{
    static const char *const usual[] = {KW_HTTP_LISTEN};
    const struct kw_texts *listen = &http->conf->listen;

    kw_doors_set(&http->opening.doors,
                 listen->count > 0 ? listen->items : usual,
                 listen->count > 0 ? listen->count : 1);
}

static void say_certificate(struct kw_http *http,
                            const struct kw_http_prepare *prepare)
{
    char text[KW_TLS_FINGERPRINT_SIZE + 32] = "certificate SHA-256 ";
    size_t length = strlen(text);

    if (kw_tls_fingerprint(http->tls, text + length) == 0 &&
        prepare->made_certificate)
        kw_http_publish(http, KW_HTTP_EVENT_CERTIFICATE_MADE, true, "https",
                        text);
    else
        kw_log_write(http->core->log, KW_LOG_NOTICE, "http", "%s", text);
}

/* Keeps what the job made; running connections go on with what they have. */
static void take_tls(struct kw_http *http, struct kw_http_prepare *prepare)
{
    struct kw_http_opening *opening = &http->opening;
    char why[KW_DIAG_TEXT_SIZE + KW_DIAG_PATH_SIZE];

    if (prepare->tls == NULL) {
        (void)kw_diag_first(&prepare->tls_diag, why, sizeof(why));
        (void)kw_text_copy(opening->why, sizeof(opening->why), why);
        if (!opening->failing)
            kw_http_publish(http, KW_HTTP_EVENT_CERTIFICATE_BAD, true, "https",
                            why);
        opening->failing = true;
        return;
    }
    kw_tls_drop(http->tls);
    http->tls = prepare->tls;
    prepare->tls = NULL;
    if (opening->failing)
        kw_http_publish(http, KW_HTTP_EVENT_CERTIFICATE_BAD, false, "https",
                        "the certificate is good again");
    opening->failing = false;
    opening->why[0] = 0;
    say_certificate(http, prepare);
}

static void take_files(struct kw_http *http, struct kw_http_prepare *prepare)
{
    char why[KW_DIAG_TEXT_SIZE + KW_DIAG_PATH_SIZE];

    if (!prepare->want_files)
        return;
    prepare->want_files = false;
    http->files = prepare->files;
    prepare->files = NULL;
    if (http->files == NULL)
        kw_log_write(http->core->log, KW_LOG_WARN, "http", "%s",
                     kw_diag_first(&prepare->files_diag, why, sizeof(why)));
}

static void done(struct kw_job *job, int err)
{
    struct kw_http_prepare *prepare =
        KW_LIST_ENTRY(job, struct kw_http_prepare, job);
    struct kw_http *http = prepare->http;

    http->opening.preparing = false;
    if (err == 0 && !http->stopping) {
        take_files(http, prepare);
        take_tls(http, prepare);
        if (http->tls != NULL)
            open_doors(http);
    }
    kw_tls_drop(prepare->tls);
    kw_http_files_free(prepare->files);
    prepare->tls = NULL;
    prepare->files = NULL;
    kw_diag_fini(&prepare->tls_diag);
    kw_diag_fini(&prepare->files_diag);
}

static void prepare_again(struct kw_http *http)
{
    struct kw_http_prepare *prepare = &http->opening.prepare;

    if (http->opening.preparing || http->stopping)
        return;
    prepare->job = (struct kw_job){
        .work = work,
        .done = done,
        .life = &http->life,
    };
    prepare->made_certificate = false;
    kw_diag_init(&prepare->tls_diag);
    kw_diag_init(&prepare->files_diag);
    /* a full lane is tried again by the timer */
    http->opening.preparing =
        kw_jobs_submit(http->core->jobs, KW_LANE_WORK, &prepare->job) == 0;
}

static void on_retry(uv_timer_t *timer)
{
    struct kw_http *http = timer->data;

    if (http->tls == NULL || http->opening.failing)
        prepare_again(http);
}

void kw_http_opening_start(struct kw_http *http)
{
    struct kw_http_prepare *prepare = &http->opening.prepare;
    struct kw_doors_options options = {
        .service = "https",
        .tag = "http",
        .backlog = BACKLOG,
        .accepted = on_accepted,
        .said = on_door,
        .arg = http,
        .life = &http->life,
    };

    prepare->http = http;
    prepare->state_dir = http->core->env.state_dir;
    prepare->web_dir = http->core->env.web_dir;
    prepare->clock = http->core->clock;
    prepare->want_files = prepare->web_dir != NULL;
    kw_doors_init(&http->opening.doors, http->core, &options);
    kw_life_timer(&http->life, &http->core->loop->uv, &http->opening.retry,
                  http);
    uv_timer_start(&http->opening.retry, on_retry, RETRY_MS, RETRY_MS);
    prepare_again(http);
}

void kw_http_opening_update(struct kw_http *http)
{
    if (http->tls != NULL)
        open_doors(http);
    prepare_again(http);
}

void kw_http_opening_stop(struct kw_http *http)
{
    kw_life_close_handle(&http->life, (uv_handle_t *)&http->opening.retry);
    kw_doors_stop(&http->opening.doors);
}
