/* SPDX-License-Identifier: Apache-2.0 */
#include "desk.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { WIRE_WAIT_MS = 1000, ABSENT_EXCEPTION = 11 };

/* How a request is answered. */
struct plan {
    bool silent;
    unsigned exception; /* 0 = none */
    size_t own;         /* length of a reply that libmodbus cannot make */
    unsigned first, count;
    uint16_t words[125];
};

static int open_sockets(struct kw_plant_desk *desk)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        return -1;
    desk->wire = ends[0];
    desk->far = ends[1];
    desk->modbus = modbus_new_tcp("127.0.0.1", 502);
    return desk->modbus == NULL ? -1 : modbus_set_socket(desk->modbus, ends[1]);
}

static int open_terminal(struct kw_plant_desk *desk)
{
    char path[64];
    desk->wire = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (desk->wire < 0 || grantpt(desk->wire) < 0 || unlockpt(desk->wire) < 0 ||
        ptsname_r(desk->wire, path, sizeof path) != 0)
        return -1;
    desk->modbus = modbus_new_rtu(path, 115200, 'N', 8, 1);
    if (desk->modbus == NULL || modbus_set_slave(desk->modbus, 1) < 0)
        return -1;
    return modbus_connect(desk->modbus);
}

/* libmodbus waits for the response time-out before it answers a request for
 * too many registers: made as short as it can be. */
int kw_plant_desk_open(struct kw_plant_desk *desk, bool tcp,
                       struct kw_plant_diag *diag)
{
    *desk = (struct kw_plant_desk){.wire = -1, .far = -1};
    if ((tcp ? open_sockets(desk) : open_terminal(desk)) < 0 ||
        fcntl(desk->wire, F_SETFL, O_NONBLOCK) < 0 ||
        modbus_set_response_timeout(desk->modbus, 0, 1) < 0 ||
        modbus_set_indication_timeout(desk->modbus, 1, 0) < 0) {
        kw_plant_say(diag, "cannot open a wire to libmodbus: %s",
                     modbus_strerror(errno));
        kw_plant_desk_close(desk);
        return -1;
    }
    return 0;
}

void kw_plant_desk_close(struct kw_plant_desk *desk)
{
    if (desk->modbus != NULL) {
        modbus_close(desk->modbus);
        modbus_free(desk->modbus);
    } else if (desk->far >= 0) {
        close(desk->far);
    }
    if (desk->wire >= 0)
        close(desk->wire);
    *desk = (struct kw_plant_desk){.wire = -1, .far = -1};
}

/* Identification for meters whose makes use Modbus's own means for it. */
static void plan_identity(struct plan *plan, const struct kw_plant_unit *unit,
                          const uint8_t *request, size_t length, uint8_t *reply)
{
    const struct kw_plant_map *map = unit->meters[0]->map;
    const char *const objects[3] = {map->make, map->title, "1.04"};
    if (*map->fingerprint != '\0' || unit->fault.kind == KW_PLANT_NAMELESS)
        plan->exception = 1;
    else if (request[1] == KW_PLANT_REPORT_ID)
        plan->own = kw_plant_frame_report(request[0], map->title, reply);
    else
        plan->own = kw_plant_frame_identify(request, length, objects, reply);
}

static void plan_unit(struct plan *plan, struct kw_plant_line *line,
                      struct kw_plant_unit *unit, const uint8_t *request,
                      size_t length, uint8_t *reply)
{
    unsigned function = request[1];
    if (function == KW_PLANT_REPORT_ID || function == KW_PLANT_DEVICE_ID) {
        plan_identity(plan, unit, request, length, reply);
        return;
    }
    plan->exception = 1;
    if ((function != 3 && function != 4) || length < 6)
        return;
    plan->first = (unsigned)request[2] << 8 | request[3];
    plan->count = (unsigned)request[4] << 8 | request[5];
    plan->exception = 0;
    if (plan->count == 0 || plan->count > 125)
        return; /* libmodbus refuses it */
    struct kw_plant_range range = {plan->first, plan->first + plan->count - 1};
    plan->exception =
        range.last > 65535
            ? 2
            : kw_plant_line_read(line, unit, function, range, plan->words);
}

/* `request` starts at the unit and has no CRC. */
static void make_plan(struct plan *plan, struct kw_plant_line *line,
                      const uint8_t *request, size_t length,
                      struct kw_plant_fault *fault, uint8_t *reply)
{
    pthread_mutex_lock(&line->lock);
    struct kw_plant_unit *unit = kw_plant_line_unit(line, request[0]);
    line->counts.requests++;
    *fault = (struct kw_plant_fault){0};
    if (unit == NULL) {
        plan->silent = !line->absent_exception;
        plan->exception = ABSENT_EXCEPTION;
    } else {
        unit->requests++;
        *fault = kw_plant_fault_take(&unit->fault);
        if (fault->kind == KW_PLANT_DEAD)
            plan->silent = true;
        else if (fault->kind == KW_PLANT_EXCEPTION)
            plan->exception = fault->parameter;
        else
            plan_unit(plan, line, unit, request, length, reply);
    }
    if (!plan->silent) {
        line->counts.replies++;
        if (unit != NULL)
            unit->replies++;
    }
    pthread_mutex_unlock(&line->lock);
}

/* Reads what libmodbus sent: `length` bytes. False if they do not come. */
static bool collect(const struct kw_plant_desk *desk, uint8_t *reply,
                    size_t length)
{
    size_t have = 0;
    while (have < length) {
        struct pollfd wait = {.fd = desk->wire, .events = POLLIN};
        ssize_t got = read(desk->wire, reply + have, length - have);
        if (got > 0)
            have += (size_t)got;
        else if (got == 0 || errno != EAGAIN ||
                 poll(&wait, 1, WIRE_WAIT_MS) <= 0)
            return false;
    }
    return true;
}

/* Sends a request over the wire and lets libmodbus receive it. */
static int pass(struct kw_plant_desk *desk, const uint8_t *request,
                size_t length, uint8_t *received)
{
    if (modbus_set_slave(desk->modbus, request[0]) < 0 ||
        write(desk->wire, request, length) != (ssize_t)length)
        return -1;
    int got = modbus_receive(desk->modbus, received);
    if (got <= 0)
        modbus_flush(desk->modbus);
    return got;
}

/* The registers asked for are the whole mapping. */
static int reply_words(struct kw_plant_desk *desk, struct plan *plan,
                       const uint8_t *request, size_t length)
{
    modbus_mapping_t mapping = {
        .nb_registers = (int)plan->count,
        .start_registers = (int)plan->first,
        .tab_registers = plan->words,
        .nb_input_registers = (int)plan->count,
        .start_input_registers = (int)plan->first,
        .tab_input_registers = plan->words,
    };
    return modbus_reply(desk->modbus, request, (int)length, &mapping);
}

static size_t frame_own(bool tcp, const uint8_t *request, size_t length,
                        uint8_t *reply)
{
    if (!tcp)
        return kw_plant_frame_add_crc(reply, length);
    memmove(reply + KW_PLANT_MBAP_BYTES - 1, reply, length);
    memcpy(reply, request, 4);
    reply[4] = (uint8_t)(length >> 8);
    reply[5] = (uint8_t)(length & 0xFF);
    return length + KW_PLANT_MBAP_BYTES - 1;
}

size_t kw_plant_desk_answer(struct kw_plant_desk *desk,
                            struct kw_plant_line *line, const uint8_t *request,
                            size_t length, struct kw_plant_fault *fault,
                            uint8_t *reply)
{
    struct plan plan = {0};
    uint8_t received[MODBUS_RTU_MAX_ADU_LENGTH];
    size_t head = line->tcp ? KW_PLANT_MBAP_BYTES - 1 : 0;
    size_t tail = line->tcp ? 0 : 2;
    make_plan(&plan, line, request + head, length - head - tail, fault, reply);
    if (plan.silent)
        return 0;
    if (plan.own > 0)
        return frame_own(line->tcp, request, plan.own, reply);

    int sent;
    if (plan.exception != 0) {
        sent = modbus_reply_exception(desk->modbus, request, plan.exception);
    } else if (line->tcp) {
        sent = reply_words(desk, &plan, request, length);
    } else {
        int got = pass(desk, request, length, received);
        sent = got > 0 ? reply_words(desk, &plan, received, (size_t)got) : 0;
    }
    if (sent <= 0 || !collect(desk, reply, (size_t)sent))
        return 0;
    return (size_t)sent;
}
