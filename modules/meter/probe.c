/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/probe.h"

#include "base/sample.h"
#include "meter/patience.h"
#include "meter/refused.h"

void kw_meter_probe_begin(struct kw_meter_device *device)
{
    device->probe.lost = 0;
    if (!device->probe.silent)
        device->probe.start = 0;
}

unsigned kw_meter_probe_next(const struct kw_meter_device *device)
{
    unsigned count = (unsigned)device->plan.count;
    unsigned at = device->probe.start % count;

    while (device->request[at].step != KW_METER_STEP_TODO)
        at = (at + 1) % count;
    return at;
}

static bool is_whole(const struct kw_meter_request_state *state)
{
    return state->left_out == KW_QUALITY_GOOD && state->narrow.refused == 0;
}

bool kw_meter_probe_is_part(const struct kw_meter_device *device,
                            unsigned request)
{
    const struct kw_meter_request_state *state = &device->request[request];

    return is_whole(state) &&
           state->asked < device->plan.requests[request].points;
}

static bool was_asked(const struct kw_meter_probe *probe, uint16_t size)
{
    for (unsigned i = 0; i < probe->sizes_count; i++) {
        if (probe->sizes[i] == size)
            return true;
    }
    return false;
}

/* The first points of the request: as few as make a size of its own. */
static void cut(struct kw_meter_device *device, unsigned request,
                struct kw_meter_ask *ask)
{
    struct kw_meter_probe *probe = &device->probe;
    unsigned most = device->plan.requests[request].points, points = 1;
    bool again = probe->points > 0 && probe->at == request;

    if (again)
        points = probe->points < most ? probe->points : most;
    kw_meter_refused_cut(device, request, points, ask);
    while (!again && points < most && was_asked(probe, ask->count))
        kw_meter_refused_cut(device, request, ++points, ask);
    probe->at = request;
    probe->points = (uint16_t)points;
}

void kw_meter_probe_ask(struct kw_meter_device *device, unsigned request,
                        struct kw_meter_ask *ask)
{
    const struct kw_meter_request_state *state = &device->request[request];
    bool probes = device->probe.silent || device->probe.lost > 0;
    bool known = device->stats.rtt_count > 0;

    if (probes && is_whole(state) && device->plan.count > 1)
        cut(device, request, ask);
    if (device->probe.lost == 0 && state->left_out == KW_QUALITY_GOOD &&
        kw_meter_patience_full(device->failures, known))
        return;
    ask->timeout_ms =
        kw_meter_line_probe_ms(device->job.line, device->stats.rtt_max_us);
}

void kw_meter_probe_heard(struct kw_meter_device *device)
{
    device->probe.silent = false;
    device->probe.lost = 0;
    device->probe.sizes_count = 0;
    device->probe.points = 0;
}

bool kw_meter_probe_lost(struct kw_meter_device *device, unsigned request)
{
    struct kw_meter_probe *probe = &device->probe;
    uint16_t size = device->request[request].count;
    bool alive = device->failures == 0 || device->answered;
    bool moves = alive || probe->sizes_count < KW_METER_PROBE_SIZES ||
                 kw_meter_patience_full(device->failures, true);

    if (!was_asked(probe, size) && probe->sizes_count < KW_METER_PROBE_SIZES)
        probe->sizes[probe->sizes_count++] = size;
    probe->lost++;
    probe->start = moves ? request + 1 : request;
    return alive && probe->lost == 1;
}
