/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Happy path: a job reads into a library of its own; on the loop it is lent to
 * the handler, then freed. Failure: the request is answered without the
 * handler. A client that goes leaves the job to its end. On close: the job
 * holds the module's life.
 */
#include "meter/fetch.h"

#include "base/mem.h"
#include "base/text.h"
#include "core/core.h"
#include "core/job.h"
#include "core/route.h"

struct fetch {
    struct kw_meter *meter;
    struct kw_request *request; /* NULL when the client is gone */
    kw_meter_fetched_fn *fetched;
    struct kw_job job;
    char name[KW_MAP_NAME_SIZE]; /* "": all */
    struct kw_meter_library library;
    struct kw_diag diag;
    int err;
};

static void on_client_gone(void *arg)
{
    struct fetch *fetch = arg;

    fetch->request = NULL;
}

static void release(struct fetch *fetch)
{
    kw_meter_library_fini(&fetch->library);
    kw_diag_fini(&fetch->diag);
    kw_free(fetch);
}

/* On a thread. A map that can't be used stays in the library with its error. */
static void work(struct kw_job *job)
{
    struct fetch *fetch = KW_LIST_ENTRY(job, struct fetch, job);
    struct kw_map *map;

    if (fetch->name[0] == 0)
        fetch->err = kw_meter_library_all(&fetch->library, &fetch->diag);
    else if (kw_meter_library_get(&fetch->library, fetch->name, &map,
                                  &fetch->diag) == KW_ENOMEM)
        fetch->err = KW_ENOMEM;
}

static void done(struct kw_job *job, int err)
{
    struct fetch *fetch = KW_LIST_ENTRY(job, struct fetch, job);
    struct kw_request *request = fetch->request;

    if (request != NULL) {
        request->on_closed = NULL;
        if (err != 0 || fetch->meter->life.closing)
            kw_reply_problem(request, 503, "not_running",
                             "That part of the gateway does not run now.");
        else if (fetch->err != 0)
            kw_reply_problem(request, 503, "no_memory",
                             "There is not enough memory.");
        else
            fetch->fetched(fetch->meter, request, &fetch->library,
                           &fetch->diag);
    }
    release(fetch);
}

void kw_meter_fetch(struct kw_meter *meter, struct kw_request *request,
                    const char *name, kw_meter_fetched_fn *fetched)
{
    struct fetch *fetch = kw_alloc(sizeof(*fetch));

    if (fetch == NULL) {
        kw_reply_problem(request, 503, "no_memory",
                         "There is not enough memory.");
        return;
    }
    fetch->meter = meter;
    fetch->request = request;
    fetch->fetched = fetched;
    fetch->job =
        (struct kw_job){.work = work, .done = done, .life = &meter->life};
    kw_meter_library_init(&fetch->library, &meter->core->env);
    kw_diag_init(&fetch->diag);
    if (name != NULL)
        (void)kw_text_copy(fetch->name, sizeof(fetch->name), name);
    if (kw_jobs_submit(meter->core->jobs, KW_LANE_FILES, &fetch->job) != 0) {
        kw_reply_problem(request, 429, "busy",
                         "Too many files are being read, try again.");
        release(fetch);
        return;
    }
    request->on_closed = on_client_gone;
    request->arg = fetch;
}
