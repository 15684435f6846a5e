/* SPDX-License-Identifier: Apache-2.0 */
#include "meter/refused.h"

#include "base/mem.h"
#include "core/core.h"
#include "meter/settings.h"

static const uint64_t ns_per_ms = 1000000;

/* Registers or bits that so many points from first on take. */
static uint16_t span(const struct kw_meter_point *first, unsigned points)
{
    unsigned end = 0;

    for (unsigned i = 0; i < points; i++) {
        if (first[i].offset + first[i].map->registers > end)
            end = first[i].offset + first[i].map->registers;
    }
    return (uint16_t)end;
}

/* Nothing that is polled is left. */
static bool refuses_all(const struct kw_meter_device *device)
{
    for (unsigned i = 0; i < device->plan.count; i++) {
        if (device->plan.requests[i].read_class != KW_MAP_ONCE &&
            device->request[i].refused == 0)
            return false;
    }
    return true;
}

/* The next one in turn; plan.count behind the last. */
static unsigned next_refused(const struct kw_meter_device *device)
{
    unsigned at = device->refused.next;

    while (at < device->plan.count && device->request[at].refused == 0)
        at++;
    return at;
}

unsigned kw_meter_refused_pick(struct kw_meter_device *device, uint64_t now_ns)
{
    struct kw_meter_refused *refused = &device->refused;
    unsigned none = (unsigned)device->plan.count, at;
    bool all;

    if (refused->count == 0)
        return none;
    all = refuses_all(device);
    /* A poll with nothing else would fail when it is refused again. */
    if (!all && (device->todo == 0 || now_ns < refused->retry_ns))
        return none;
    at = next_refused(device);
    if (at == none) { /* all have had their turn */
        refused->next = 0;
        refused->retry_ns = now_ns + refused->pause_ms * ns_per_ms;
        refused->pause_ms *= 2;
        if (refused->pause_ms > KW_METER_REFUSED_LAST_MS)
            refused->pause_ms = KW_METER_REFUSED_LAST_MS;
        if (!all)
            return none;
        at = next_refused(device);
    }
    refused->next = at + 1;
    return at;
}

void kw_meter_refused_retry(struct kw_meter_device *device)
{
    device->refused.next = 0;
    device->refused.retry_ns = 0;
    device->refused.pause_ms = KW_METER_REFUSED_FIRST_MS;
}

void kw_meter_refused_ask(struct kw_meter_device *device, unsigned request,
                          struct kw_meter_ask *ask)
{
    const struct kw_plan_request *plan = &device->plan.requests[request];
    struct kw_meter_request_state *state = &device->request[request];

    state->asked = (uint16_t)kw_meter_narrow_ask(&state->narrow, plan->points);
    *ask = (struct kw_meter_ask){
        .unit = (uint8_t)device->entry->unit,
        .function = plan->function,
        .address = plan->address,
        .count = plan->count,
    };
    if (state->asked != plan->points)
        ask->count = span(&device->points[plan->first], state->asked);
    state->count = ask->count;
}

/* Room for one more request. */
static int grow(struct kw_meter_device *device)
{
    size_t count = device->plan.count + 1;
    struct kw_plan_request *requests =
        kw_realloc(device->plan.requests, count * sizeof(*requests));
    struct kw_meter_request_state *states;

    if (requests == NULL)
        return KW_ENOMEM;
    device->plan.requests = requests;
    states = kw_realloc(device->request, count * sizeof(*states));
    if (states == NULL)
        return KW_ENOMEM;
    device->request = states;
    return 0;
}

/* Cuts the request off behind so many points; the rest is a new one. */
static int split(struct kw_meter_device *device, unsigned request,
                 unsigned points)
{
    int err = grow(device);
    struct kw_plan_request *front, *rest;
    struct kw_meter_point *first;
    uint16_t shift;

    if (err != 0)
        return err;
    front = &device->plan.requests[request];
    rest = &device->plan.requests[device->plan.count];
    first = &device->points[front->first + points];
    shift = first->offset;
    for (unsigned i = points; i < front->points; i++)
        device->points[front->first + i].offset =
            (uint16_t)(device->points[front->first + i].offset - shift);
    *rest = *front;
    rest->address = (uint16_t)(front->address + shift);
    rest->first = (uint16_t)(front->first + points);
    rest->points = (uint16_t)(front->points - points);
    rest->count = span(first, rest->points);
    front->points = (uint16_t)points;
    front->count = span(&device->points[front->first], points);
    device->request[device->plan.count++] = (struct kw_meter_request_state){
        .block = device->request[request].block};
    return 0;
}

static void fails(struct kw_meter_told *told, unsigned first, unsigned points)
{
    told->first_bad = first;
    told->bad = points;
}

/* The meter does not have what the request is for. */
static void mark(struct kw_meter_device *device, unsigned request,
                 uint8_t exception)
{
    if (device->refused.count++ == 0)
        device->refused.pause_ms = KW_METER_REFUSED_FIRST_MS;
    if (device->refused.count == 1)
        device->refused.retry_ns = kw_clock_mono_ns(device->core->clock) +
                                   device->refused.pause_ms * ns_per_ms;
    device->request[request].refused = exception;
}

/* One step of the search is done. */
static void go_on(struct kw_meter_device *device, unsigned request,
                  enum kw_meter_narrowed step, uint8_t exception,
                  struct kw_meter_told *told)
{
    struct kw_meter_request_state *state = &device->request[request];
    const struct kw_plan_request *plan = &device->plan.requests[request];
    bool more = device->probes++ < KW_METER_PROBES_MAX;
    unsigned first = plan->first, points = plan->points, good;

    if (step == KW_METER_NARROW_MORE) {
        told->again = more;
        if (!more)
            fails(told, first + state->narrow.good,
                  points - state->narrow.good);
        return;
    }
    good = step == KW_METER_NARROW_SPLIT ? state->narrow.good : 1;
    state->narrow = (struct kw_meter_narrow){.good = 0};
    if (good < points && split(device, request, good) != 0) {
        fails(told, first, points); /* the next poll searches again */
        return;
    }
    if (good < points) {
        told->split = more;
        /* Behind what is good stands what is missing. */
        device->request[device->plan.count - 1].narrow.first_alone =
            step == KW_METER_NARROW_SPLIT;
    }
    if (step == KW_METER_NARROW_MISSING) {
        mark(device, request, exception);
        fails(told, first, more ? 1 : points);
    } else if (!more) {
        fails(told, first + good, points - good);
    }
}

int kw_meter_refused_told(struct kw_meter_device *device, unsigned request,
                          uint8_t exception, struct kw_meter_told *told)
{
    struct kw_meter_request_state *state = &device->request[request];
    const struct kw_plan_request *plan = &device->plan.requests[request];
    enum kw_meter_narrowed step;
    int err;

    *told = (struct kw_meter_told){.again = false};
    if (exception == 0 && state->refused != 0) {
        /* It has it by now; and perhaps the others, too. */
        state->refused = 0;
        device->refused.count--;
        device->refused.retry_ns = 0;
    } else if (state->refused != 0) {
        return 0; /* as before: its points are bad already */
    }
    if (exception != 0) {
        err = kw_meter_image_narrow(&device->image, state->block, exception);
        if (err != 0)
            return err;
        kw_meter_image_drop(&device->image, state->block, plan->address,
                            state->count);
    }
    if (exception != 0 &&
        kw_meter_refusal(exception) == KW_METER_REFUSAL_FUNCTION) {
        mark(device, request, exception);
        fails(told, plan->first, plan->points);
        return 0;
    }
    step = kw_meter_narrow_step(&state->narrow, plan->points, state->asked,
                                exception == 0);
    if (step != KW_METER_NARROW_WHOLE)
        go_on(device, request, step, exception, told);
    return 0;
}
