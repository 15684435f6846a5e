/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A serial port as a link. libmodbus opens it and sets speed, parity and stop
 * bits; from there on its descriptor is ours: polled by the loop, read and
 * written without waiting.
 *
 * Happy path: open, set up, on_up at once; bytes as they arrive; a request
 * fits the driver's buffer and is handed over at once.
 * Failure: the port is missing, used by somebody else or pulled out: on_down
 * with the reason, the port is closed. A port that closes slowly is opened
 * again after libuv has let go of the old handle.
 */
#include "meter/link.h"

#include "base/mem.h"
#include "core/loop.h"
#include "meter/direction.h"
#include "meter/frame_rtu.h"
#include "meter/settings.h"

#include <errno.h>
#include <linux/serial.h>
#include <modbus/modbus.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

enum { READ_BYTES = 512, WHY_SIZE = 200 };

struct kw_meter_serial {
    struct kw_meter_link link;
    const struct kw_meter_serial_conf *conf;
    modbus_t *context; /* NULL: closed */
    uv_poll_t poll;
    bool handle_open; /* poll is, or is still closing */
    bool wanted;      /* open when the old handle is gone */
    unsigned char out[KW_METER_RTU_MAX];
    size_t out_length, out_sent;
    struct kw_meter_direction direction; /* only with rs485 by rts */
    bool directs;
};

struct kw_meter_rtu_line
kw_meter_serial_framing(const struct kw_meter_serial_conf *conf)
{
    return (struct kw_meter_rtu_line){
        .baud = (uint32_t)conf->baud,
        .data_bits = 8,
        .parity_bits = conf->parity != KW_METER_PARITY_NONE,
        .stop_bits = (uint8_t)conf->stop_bits,
    };
}

static struct kw_meter_serial *serial_of(struct kw_meter_link *link)
{
    return (struct kw_meter_serial *)(void *)link;
}

static void try_open(struct kw_meter_serial *serial);

static void on_poll_closed(uv_handle_t *handle)
{
    struct kw_meter_serial *serial = handle->data;

    serial->handle_open = false;
    if (serial->wanted)
        try_open(serial);
    kw_life_drop(serial->link.owner.life);
}

static void close_port(struct kw_meter_serial *serial)
{
    if (serial->context == NULL)
        return;
    uv_close((uv_handle_t *)&serial->poll, on_poll_closed);
    if (serial->directs)
        kw_meter_direction_stop(&serial->direction);
    /* What is not sent yet must not hold up the closing of the port. */
    (void)tcflush(modbus_get_socket(serial->context), TCIOFLUSH);
    modbus_close(serial->context);
    modbus_free(serial->context);
    serial->context = NULL;
}

static void went_down(struct kw_meter_serial *serial, const char *why)
{
    const struct kw_meter_link_owner *owner = &serial->link.owner;
    char text[WHY_SIZE];

    snprintf(text, sizeof(text), "%s: %s", serial->conf->port, why);
    serial->wanted = false;
    close_port(serial);
    owner->events->on_down(owner->arg, text);
}

static void read_port(struct kw_meter_serial *serial)
{
    const struct kw_meter_link_owner *owner = &serial->link.owner;
    unsigned char bytes[READ_BYTES];
    ssize_t got =
        read(modbus_get_socket(serial->context), bytes, sizeof(bytes));

    /* Nothing is 0 here, not EAGAIN: libmodbus asks for no least number of
     * bytes. A port that is gone is told by its poll or by an error. */
    if (got > 0)
        owner->events->on_bytes(owner->arg, bytes, (size_t)got);
    else if (got < 0 && errno != EAGAIN && errno != EINTR)
        went_down(serial, strerror(errno));
}

static int write_rest(struct kw_meter_serial *serial)
{
    ssize_t sent = write(modbus_get_socket(serial->context),
                         serial->out + serial->out_sent,
                         serial->out_length - serial->out_sent);

    if (sent < 0 && errno != EAGAIN && errno != EINTR)
        return KW_EIO;
    serial->out_sent += sent > 0 ? (size_t)sent : 0;
    if (serial->out_sent < serial->out_length)
        return KW_EAGAIN;
    if (serial->directs)
        kw_meter_direction_sent(&serial->direction, serial->out_length);
    return 0;
}

static void on_ready(uv_poll_t *poll, int status, int events);

static void on_writable(struct kw_meter_serial *serial)
{
    const struct kw_meter_link_owner *owner = &serial->link.owner;
    int err = write_rest(serial);

    if (err == KW_EAGAIN)
        return;
    if (err != 0) {
        went_down(serial, strerror(errno));
        return;
    }
    uv_poll_start(&serial->poll, UV_READABLE, on_ready);
    owner->events->on_sent(owner->arg);
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
    struct kw_meter_serial *serial = poll->data;

    if (status < 0) {
        went_down(serial, uv_strerror(status));
        return;
    }
    if ((events & UV_WRITABLE) != 0)
        on_writable(serial);
    if (serial->context != NULL && (events & UV_READABLE) != 0)
        read_port(serial);
}

/* What libmodbus doesn't do; returns what is wrong, or NULL. */
static const char *set_up(int fd, const struct kw_meter_serial_conf *conf)
{
    struct serial_rs485 rs485 = {.flags = SER_RS485_ENABLED};

    /* Nobody else may send on this line while we do. */
    if (ioctl(fd, TIOCEXCL) != 0)
        return strerror(errno);
    if (conf->rs485 == NULL || conf->rs485->by == KW_METER_RS485_RTS)
        return NULL;
    rs485.flags |= conf->rs485->rts_on_send == 0 ? SER_RS485_RTS_ON_SEND
                                                 : SER_RS485_RTS_AFTER_SEND;
    rs485.delay_rts_before_send = (uint32_t)conf->rs485->delay_before_ms;
    rs485.delay_rts_after_send = (uint32_t)conf->rs485->delay_after_ms;
    if (ioctl(fd, TIOCSRS485, &rs485) != 0)
        return "its driver has no RS-485 direction control";
    return NULL;
}

/* Returns what is wrong, or NULL. */
static const char *set_direction(struct kw_meter_serial *serial, int fd)
{
    if (!serial->directs ||
        kw_meter_direction_start(&serial->direction, fd) == 0)
        return NULL;
    return "it has no RTS to switch the direction with";
}

static const char *open_port(struct kw_meter_serial *serial)
{
    static const char letters[] = "NEO";
    const struct kw_meter_serial_conf *conf = serial->conf;
    const struct kw_meter_link_owner *owner = &serial->link.owner;
    const char *wrong;

    serial->context =
        modbus_new_rtu(conf->port, (int)conf->baud, letters[conf->parity], 8,
                       (int)conf->stop_bits);
    if (serial->context == NULL)
        return strerror(errno);
    if (modbus_connect(serial->context) != 0) {
        wrong = strerror(errno);
    } else {
        wrong = set_up(modbus_get_socket(serial->context), conf);
        if (wrong == NULL)
            wrong = set_direction(serial, modbus_get_socket(serial->context));
        if (wrong == NULL &&
            uv_poll_init(&owner->loop->uv, &serial->poll,
                         modbus_get_socket(serial->context)) == 0) {
            serial->poll.data = serial;
            serial->handle_open = true;
            kw_life_hold(owner->life);
            return NULL;
        }
        modbus_close(serial->context);
    }
    modbus_free(serial->context);
    serial->context = NULL;
    return wrong != NULL ? wrong : "it can't be polled";
}

static void try_open(struct kw_meter_serial *serial)
{
    const struct kw_meter_link_owner *owner = &serial->link.owner;
    const char *wrong = open_port(serial);

    serial->wanted = false;
    if (wrong != NULL) {
        went_down(serial, wrong);
        return;
    }
    uv_poll_start(&serial->poll, UV_READABLE, on_ready);
    owner->events->on_up(owner->arg);
}

static void serial_open(struct kw_meter_link *link)
{
    struct kw_meter_serial *serial = serial_of(link);

    if (serial->handle_open)
        serial->wanted = true;
    else
        try_open(serial);
}

/* The time between switching to sending and the first byte is over. */
static void on_direction(void *arg)
{
    struct kw_meter_serial *serial = arg;

    uv_poll_start(&serial->poll, UV_READABLE | UV_WRITABLE, on_ready);
}

static int serial_send(struct kw_meter_link *link, const unsigned char *bytes,
                       size_t length)
{
    struct kw_meter_serial *serial = serial_of(link);
    int err;

    memcpy(serial->out, bytes, length);
    serial->out_length = length;
    serial->out_sent = 0;
    if (serial->directs && !kw_meter_direction_send(&serial->direction))
        return KW_EAGAIN; /* on_direction follows */
    err = write_rest(serial);
    if (err == KW_EAGAIN)
        uv_poll_start(&serial->poll, UV_READABLE | UV_WRITABLE, on_ready);
    return err;
}

static void serial_close(struct kw_meter_link *link)
{
    struct kw_meter_serial *serial = serial_of(link);

    serial->wanted = false;
    close_port(serial);
}

static void serial_free(struct kw_meter_link *link)
{
    kw_meter_direction_fini(&serial_of(link)->direction);
    kw_free(serial_of(link));
}

static int plan_direction(struct kw_meter_direction *direction,
                          struct kw_meter_serial *serial)
{
    const struct kw_meter_rs485 *rs485 = serial->conf->rs485;
    const struct kw_meter_rtu_line set = kw_meter_serial_framing(serial->conf);

    *direction = (struct kw_meter_direction){
        .ops = &kw_meter_direction_port,
        .char_ns = kw_meter_rtu_char_ns(&set),
        .before_ns = (uint64_t)rs485->delay_before_ms * 1000000U,
        .after_ns = (uint64_t)rs485->delay_after_ms * 1000000U,
        .high_on_send = rs485->rts_on_send == 0,
        .ready = on_direction,
        .arg = serial,
    };
    return kw_meter_direction_init(direction, serial->link.owner.loop);
}

struct kw_meter_link *
kw_meter_serial_new(const struct kw_meter_serial_conf *conf,
                    const struct kw_meter_link_owner *owner)
{
    static const struct kw_meter_link_ops ops = {serial_open, serial_send,
                                                 serial_close, serial_free};
    struct kw_meter_serial *serial = kw_alloc(sizeof(*serial));

    if (serial == NULL)
        return NULL;
    serial->link.ops = &ops;
    serial->link.owner = *owner;
    serial->conf = conf;
    serial->directs =
        conf->rs485 != NULL && conf->rs485->by == KW_METER_RS485_RTS;
    if (serial->directs && plan_direction(&serial->direction, serial) != 0) {
        kw_free(serial);
        return NULL;
    }
    return &serial->link;
}
