/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Happy path: update copies the paths and submits a job that reads the files;
 * its done() keeps the context and opens the doors. New connections get it,
 * running ones go on with what they have. Failure: told once, tried again
 * every five seconds (the gateway's own pair may not be made yet). A change
 * while a job runs is taken up when it is done. On close: the job is waited
 * for by the life, what it made is dropped.
 */
#include "supervisor/secure.h"

#include "base/mem.h"
#include "base/text.h"
#include "core/job.h"
#include "net/tls.h"
#include "supervisor/state.h"

#include <stdio.h>
#include <string.h>

enum { RETRY_MS = 5000, PATH_SIZE = 1024, WHY_SIZE = 200 };

struct kw_supervisor_secure {
    struct kw_supervisor *supervisor;
    struct kw_job job;
    bool running, again, failing;
    char why[WHY_SIZE];
    uv_timer_t retry;   /* runs while it fails */
    struct kw_tls *tls; /* held */
    /* What the job works with: copies. */
    const struct kw_clock *clock;
    char certificate[PATH_SIZE], key[PATH_SIZE], authorities[PATH_SIZE];
    struct kw_tls *made;
    struct kw_diag diag;
};

/* On a thread. */
static void work(struct kw_job *job)
{
    struct kw_supervisor_secure *secure =
        KW_LIST_ENTRY(job, struct kw_supervisor_secure, job);
    struct kw_tls_server_options options = {
        .cert_file = secure->certificate,
        .key_file = secure->key,
        .authorities = secure->authorities,
        .clock = secure->clock,
    };

    if (kw_tls_server(&secure->made, &options, &secure->diag) != 0)
        secure->made = NULL;
}

static bool is_wanted(const struct kw_supervisor_secure *secure)
{
    return secure->supervisor->conf->tls.listen.count > 0;
}

static void say(struct kw_supervisor_secure *secure, bool failing,
                const char *why)
{
    struct kw_supervisor_news news = {
        .which = KW_SUPERVISOR_EVENT_CERTIFICATE_BAD,
        .on = failing,
        .subject = "modbus_tls",
        .text = why,
        .actor = "",
    };

    if (secure->failing != failing)
        kw_supervisor_tell(secure->supervisor, &news);
    secure->failing = failing;
    (void)kw_text_copy(secure->why, sizeof(secure->why), failing ? why : "");
}

/* The doors are open as long as there is a context. */
static void set_doors(struct kw_supervisor_secure *secure)
{
    const struct kw_texts *listen = &secure->supervisor->conf->tls.listen;

    kw_doors_set(&secure->supervisor->ports[KW_SUPERVISOR_TLS].doors,
                 listen->items, secure->tls != NULL ? listen->count : 0);
}

static void read_files(struct kw_supervisor_secure *secure);

static void on_retry(uv_timer_t *timer)
{
    read_files(timer->data);
}

static void take(struct kw_supervisor_secure *secure)
{
    char why[KW_DIAG_TEXT_SIZE + KW_DIAG_PATH_SIZE];

    if (secure->made == NULL) {
        /* The old ones may be what was to be replaced. */
        kw_tls_drop(secure->tls);
        secure->tls = NULL;
        set_doors(secure);
        say(secure, true, kw_diag_first(&secure->diag, why, sizeof(why)));
        uv_timer_start(&secure->retry, on_retry, RETRY_MS, 0);
        return;
    }
    kw_tls_drop(secure->tls);
    secure->tls = secure->made;
    secure->made = NULL;
    say(secure, false, "the certificates are good again");
    set_doors(secure);
}

static void done(struct kw_job *job, int err)
{
    struct kw_supervisor_secure *secure =
        KW_LIST_ENTRY(job, struct kw_supervisor_secure, job);
    bool again = secure->again;

    secure->running = secure->again = false;
    if (err == 0 && !secure->supervisor->stopping && !again &&
        is_wanted(secure))
        take(secure);
    kw_tls_drop(secure->made);
    secure->made = NULL;
    kw_diag_fini(&secure->diag);
    if (again && !secure->supervisor->stopping)
        kw_supervisor_secure_update(secure);
}

static void copy_paths(struct kw_supervisor_secure *secure)
{
    const struct kw_supervisor_tls_conf *conf = &secure->supervisor->conf->tls;
    const char *state = secure->supervisor->core->env.state_dir;

    if (conf->certificate != NULL) {
        snprintf(secure->certificate, PATH_SIZE, "%s", conf->certificate);
        snprintf(secure->key, PATH_SIZE, "%s", conf->key);
    } else { /* the pair that the web server makes at the first start */
        snprintf(secure->certificate, PATH_SIZE, "%s/tls/server.crt", state);
        snprintf(secure->key, PATH_SIZE, "%s/tls/server.key", state);
    }
    snprintf(secure->authorities, PATH_SIZE, "%s", conf->authorities);
}

static void read_files(struct kw_supervisor_secure *secure)
{
    if (secure->running) {
        secure->again = true;
        return;
    }
    copy_paths(secure);
    kw_diag_init(&secure->diag);
    secure->job = (struct kw_job){
        .work = work,
        .done = done,
        .life = &secure->supervisor->life,
    };
    secure->running = kw_jobs_submit(secure->supervisor->core->jobs,
                                     KW_LANE_WORK, &secure->job) == 0;
    if (!secure->running) { /* a full lane */
        kw_diag_fini(&secure->diag);
        uv_timer_start(&secure->retry, on_retry, RETRY_MS, 0);
    }
}

struct kw_supervisor_secure *
kw_supervisor_secure_new(struct kw_supervisor *supervisor)
{
    struct kw_supervisor_secure *secure = kw_alloc(sizeof(*secure));

    if (secure == NULL)
        return NULL;
    secure->supervisor = supervisor;
    secure->clock = supervisor->core->clock;
    return secure;
}

void kw_supervisor_secure_free(struct kw_supervisor_secure *secure)
{
    if (secure == NULL)
        return;
    kw_tls_drop(secure->tls);
    kw_free(secure);
}

void kw_supervisor_secure_start(struct kw_supervisor_secure *secure)
{
    kw_life_timer(&secure->supervisor->life,
                  &secure->supervisor->core->loop->uv, &secure->retry, secure);
}

void kw_supervisor_secure_stop(struct kw_supervisor_secure *secure)
{
    kw_life_close_handle(&secure->supervisor->life,
                         (uv_handle_t *)&secure->retry);
}

void kw_supervisor_secure_update(struct kw_supervisor_secure *secure)
{
    uv_timer_stop(&secure->retry);
    if (is_wanted(secure)) {
        read_files(secure);
    } else {
        kw_tls_drop(secure->tls);
        secure->tls = NULL;
        say(secure, false, "Modbus/TCP Security is off");
    }
    set_doors(secure);
}

struct kw_tls *
kw_supervisor_secure_tls(const struct kw_supervisor_secure *secure)
{
    return secure->tls;
}

const char *kw_supervisor_secure_why(const struct kw_supervisor_secure *secure)
{
    return secure->why;
}
