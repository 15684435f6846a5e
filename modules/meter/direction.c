/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Happy path: send, the time before, ready, the bytes are handed over (sent),
 * the frame's time, drained, the time after, back to receiving.
 * Failure: a port that has not drained after its frame's time (flow control, a
 * slow adapter) is looked at again each character, 64 times at most; then the
 * direction changes all the same, because a bus that is held is worse than a
 * request that is cut off.
 * On close: the wake is cleared, RTS stays as the driver leaves it.
 */
#include "meter/direction.h"

#include "base/list.h"

#include <linux/serial.h>
#include <sys/ioctl.h>
#include <termios.h>

enum { IDLE, BEFORE, LEAVING, AFTER };
enum { LOOKS_MAX = 64 };

static int port_set(int fd, bool high)
{
    int rts = TIOCM_RTS;

    return ioctl(fd, high ? TIOCMBIS : TIOCMBIC, &rts) == 0 ? 0 : KW_EIO;
}

static bool port_drained(int fd)
{
    int left = 0;
    unsigned state = 0;

    if (ioctl(fd, TIOCSERGETLSR, &state) == 0)
        return (state & TIOCSER_TEMT) != 0;
    return ioctl(fd, TIOCOUTQ, &left) != 0 || left == 0;
}

const struct kw_meter_direction_ops kw_meter_direction_port = {port_set,
                                                               port_drained};

static void wait_for(struct kw_meter_direction *direction, uint8_t stage,
                     uint64_t delay_ns)
{
    direction->stage = stage;
    kw_wake_set(&direction->wake, delay_ns);
}

static void receive(struct kw_meter_direction *direction)
{
    direction->stage = IDLE;
    (void)direction->ops->set(direction->fd, !direction->high_on_send);
}

static void look(struct kw_meter_direction *direction)
{
    if (!direction->ops->drained(direction->fd) &&
        ++direction->looks < LOOKS_MAX)
        wait_for(direction, LEAVING, direction->char_ns);
    else if (direction->after_ns > 0)
        wait_for(direction, AFTER, direction->after_ns);
    else
        receive(direction);
}

static void on_wake(struct kw_wake *wake)
{
    struct kw_meter_direction *direction =
        KW_LIST_ENTRY(wake, struct kw_meter_direction, wake);

    switch (direction->stage) {
    case BEFORE:
        direction->stage = IDLE;
        direction->ready(direction->arg);
        break;
    case LEAVING:
        look(direction);
        break;
    default:
        receive(direction);
        break;
    }
}

int kw_meter_direction_init(struct kw_meter_direction *direction,
                            struct kw_loop *loop)
{
    direction->wake.run = on_wake;
    return kw_wake_open(loop, &direction->wake);
}

int kw_meter_direction_start(struct kw_meter_direction *direction, int fd)
{
    direction->fd = fd;
    direction->stage = IDLE;
    return direction->ops->set(fd, !direction->high_on_send);
}

bool kw_meter_direction_send(struct kw_meter_direction *direction)
{
    (void)direction->ops->set(direction->fd, direction->high_on_send);
    if (direction->before_ns == 0)
        return true;
    wait_for(direction, BEFORE, direction->before_ns);
    return false;
}

void kw_meter_direction_sent(struct kw_meter_direction *direction,
                             size_t length)
{
    direction->looks = 0;
    wait_for(direction, LEAVING, length * direction->char_ns);
}

void kw_meter_direction_stop(struct kw_meter_direction *direction)
{
    kw_wake_clear(&direction->wake);
}

void kw_meter_direction_fini(struct kw_meter_direction *direction)
{
    kw_wake_close(&direction->wake);
}
