/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A serial line. The thread waits for bytes from the gateway, for the time at
 * which a reply is due, or for the silence that ends a frame it cannot
 * measure otherwise.
 *
 * A request is complete when it has the length that its function says and
 * its CRC is right. It is answered at once by the desk; the reply waits in
 * `pending` until a meter at this baud rate would have sent it: the
 * characters of the request, then the turnaround. A late reply waits longer,
 * so that other units answer before it. Replies are written character by
 * character in time (about a millisecond's worth at a go); nothing else
 * happens on the line meanwhile, as on a real one.
 *
 * On stop: the eventfd wakes the thread, replies that wait are dropped.
 */
#include "serial.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static const int64_t idle_ns = 100000000;    /* a look at the line's flags */
static const int64_t chunk_ns = 1000000;     /* written at one go */
static const int64_t unknown_ns = 10000000;  /* silence, allowing for the OS */
static const int64_t waking_ns = 1000000;    /* more is a line in use */
static const int64_t unread_ns = 1000000000; /* nobody takes our bytes */

static struct timespec to_timespec(int64_t ns)
{
    if (ns < 0)
        ns = 0;
    return (struct timespec){ns / 1000000000, ns % 1000000000};
}

/* Waits for `events` on the terminal until a moment. 1 if they came, 0 if
 * not, -1 if the line is to stop. */
static int wait_until(const struct kw_plant_serial *serial, short events,
                      int64_t until_ns)
{
    struct pollfd wait[] = {{.fd = serial->stop, .events = POLLIN},
                            {.fd = serial->terminal, .events = events}};
    struct timespec left = to_timespec(until_ns - kw_plant_now_ns());
    if (ppoll(wait, 2, &left, NULL) < 0)
        return 0;
    if (wait[0].revents != 0)
        return -1;
    return wait[1].revents != 0;
}

/* Writes bytes that are due. Returns how many, -1 to give up. */
static ssize_t put(struct kw_plant_serial *serial, const uint8_t *bytes,
                   size_t length)
{
    ssize_t done = write(serial->terminal, bytes, length);
    if (done >= 0)
        return done;
    if (errno != EAGAIN)
        return -1;
    int64_t until_ns = kw_plant_now_ns() + unread_ns;
    return wait_until(serial, POLLOUT, until_ns) == 1 ? 0 : -1;
}

/* The line is free from the moment before its last byte was written: later
 * by the clock would find fault with gateways that keep the silence. A reply
 * is as long as its characters, however late the machine wakes us for it. */
static void transmit(struct kw_plant_serial *serial,
                     const struct kw_plant_pending *item)
{
    int64_t start_ns = kw_plant_now_ns(), step_ns = item->character_ns;
    if (start_ns - item->due_ns < waking_ns)
        start_ns = item->due_ns;
    size_t sent = 0;
    while (sent < item->length) {
        int64_t now_ns = kw_plant_now_ns();
        size_t due =
            kw_plant_pace_due(now_ns - start_ns, step_ns, item->length);
        if (due == sent) {
            int64_t next_ns = start_ns + (int64_t)(sent + 1) * step_ns;
            if (next_ns < now_ns + chunk_ns)
                next_ns = now_ns + chunk_ns;
            int64_t end_ns = start_ns + (int64_t)item->length * step_ns;
            if (wait_until(serial, 0, next_ns < end_ns ? next_ns : end_ns) < 0)
                return;
            continue;
        }
        serial->free_ns = kw_plant_now_ns();
        ssize_t done = put(serial, item->bytes + sent, due - sent);
        if (done < 0)
            return;
        sent += (size_t)done;
    }
}

static void drop_first(struct kw_plant_serial *serial)
{
    kw_plant_free(serial->pending[0].bytes);
    serial->waiting--;
    memmove(serial->pending, serial->pending + 1,
            serial->waiting * sizeof *serial->pending);
}

static void send_due(struct kw_plant_serial *serial)
{
    while (serial->waiting > 0 &&
           serial->pending[0].due_ns <= kw_plant_now_ns()) {
        transmit(serial, &serial->pending[0]);
        pthread_mutex_lock(&serial->line->lock);
        serial->line->counts.bytes_out += serial->pending[0].length;
        pthread_mutex_unlock(&serial->line->lock);
        drop_first(serial);
    }
}

/* Puts a reply in its place by due time; a full queue loses its oldest. */
static void enqueue(struct kw_plant_serial *serial,
                    struct kw_plant_pending item)
{
    if (serial->waiting == KW_PLANT_PENDING)
        drop_first(serial);
    size_t at = serial->waiting++;
    while (at > 0 && serial->pending[at - 1].due_ns > item.due_ns) {
        serial->pending[at] = serial->pending[at - 1];
        at--;
    }
    serial->pending[at] = item;
}

/* When a meter on this line would start to reply. */
static int64_t reply_time(const struct kw_plant_serial *serial)
{
    const struct kw_plant_line *line = serial->line;
    int64_t character_ns = kw_plant_pace_character_ns(&line->pace);
    if (character_ns == 0)
        return kw_plant_now_ns();
    int64_t silence_ns = kw_plant_pace_silence_ns(&line->pace);
    int64_t pause_ns = line->turnaround_ns;
    if (pause_ns < silence_ns)
        pause_ns = silence_ns;
    return serial->first_ns + (int64_t)serial->have * character_ns + pause_ns;
}

static void answer(struct kw_plant_serial *serial)
{
    struct kw_plant_fault fault;
    uint8_t reply[KW_PLANT_ADU_BYTES];
    size_t length =
        kw_plant_desk_answer(&serial->desk, serial->line, serial->request,
                             serial->have, &fault, reply);
    if (length == 0)
        return;
    struct kw_plant_pending item = {
        .due_ns = reply_time(serial),
        .character_ns = kw_plant_pace_character_ns(&serial->line->pace),
    };
    item.bytes =
        kw_plant_fault_spoil(&fault, false, reply, length, &item.length);
    if (fault.kind == KW_PLANT_LATE)
        item.due_ns += (int64_t)fault.parameter * 1000000;
    else if (fault.kind == KW_PLANT_DRIP)
        item.character_ns = (int64_t)fault.parameter * 1000000;
    enqueue(serial, item);
}

static void count(struct kw_plant_serial *serial, uint64_t *counter,
                  uint64_t more)
{
    pthread_mutex_lock(&serial->line->lock);
    *counter += more;
    pthread_mutex_unlock(&serial->line->lock);
}

/* A frame has ended. */
static void finish(struct kw_plant_serial *serial)
{
    struct kw_plant_counts *counts = &serial->line->counts;
    if (!kw_plant_frame_crc_ok(serial->request, serial->have))
        count(serial, &counts->bad_requests, 1);
    else if (serial->too_early && serial->line->strict)
        count(serial, &counts->requests, 1);
    else
        answer(serial);
    serial->have = 0;
}

static void note_start(struct kw_plant_serial *serial, int64_t now_ns)
{
    int64_t silence_ns = kw_plant_pace_silence_ns(&serial->line->pace);
    serial->first_ns = now_ns;
    serial->too_early =
        serial->free_ns > 0 && now_ns - serial->free_ns < silence_ns;
    if (serial->too_early)
        count(serial, &serial->line->counts.too_short_gaps, 1);
}

/* A pseudo-terminal takes bytes at any speed: what the gateway has set is
 * compared with the line's. It does not show parity and stop bits. */
static bool wrong_speed(const struct kw_plant_serial *serial)
{
    static const struct {
        unsigned baud;
        speed_t speed;
    } speeds[] = {{1200, B1200},   {2400, B2400},    {4800, B4800},
                  {9600, B9600},   {19200, B19200},  {38400, B38400},
                  {57600, B57600}, {115200, B115200}};
    struct termios set;
    if (!serial->line->true_speed || serial->line->pace.baud == 0 ||
        tcgetattr(serial->device, &set) < 0)
        return false;
    for (size_t i = 0; i < sizeof speeds / sizeof *speeds; i++)
        if (speeds[i].baud == serial->line->pace.baud)
            return speeds[i].speed != cfgetospeed(&set);
    return false;
}

/* What was sent at another speed is noise to the meters, and what they may
 * say to it is noise to the gateway. */
static void babble(struct kw_plant_serial *serial)
{
    static const uint8_t noise[] = {0xFF, 0xE0, 0x1C};
    count(serial, &serial->line->counts.bad_requests, 1);
    put(serial, noise, sizeof noise);
    serial->have = 0;
}

/* Takes bytes; ends the frame if they complete one. More bytes than a frame
 * can have are a bad request. */
static void receive(struct kw_plant_serial *serial)
{
    uint8_t *at = serial->request + serial->have;
    ssize_t got =
        read(serial->terminal, at, sizeof serial->request - serial->have);
    if (got <= 0)
        return;
    int64_t now_ns = kw_plant_now_ns();
    if (serial->have == 0)
        note_start(serial, now_ns);
    serial->have += (size_t)got;
    serial->last_ns = now_ns;
    count(serial, &serial->line->counts.bytes_in, (uint64_t)got);
    if (wrong_speed(serial)) {
        babble(serial);
        return;
    }
    int length = kw_plant_frame_length(serial->request, serial->have);
    if ((length > 0 && serial->have == (size_t)length &&
         kw_plant_frame_crc_ok(serial->request, serial->have)) ||
        serial->have == sizeof serial->request)
        finish(serial);
}

/* The end of a frame that did not tell its length. */
static int64_t frame_end(const struct kw_plant_serial *serial)
{
    int64_t silence_ns = kw_plant_pace_silence_ns(&serial->line->pace);
    return serial->last_ns +
           (silence_ns > unknown_ns ? silence_ns : unknown_ns);
}

static int64_t next_event(const struct kw_plant_serial *serial)
{
    int64_t until_ns = kw_plant_now_ns() + idle_ns;
    if (serial->have > 0 && frame_end(serial) < until_ns)
        until_ns = frame_end(serial);
    if (serial->waiting > 0 && serial->pending[0].due_ns < until_ns)
        until_ns = serial->pending[0].due_ns;
    return until_ns;
}

/* A gateway marks its port as its own. On a real port the mark goes with the
 * last close; here the line holds the port open and takes it off instead. */
static void *serve(void *argument)
{
    struct kw_plant_serial *serial = argument;
    prctl(PR_SET_TIMERSLACK, 1); /* ns: the time of a character counts */
    for (;;) {
        int64_t until_ns = next_event(serial);
        int ready = wait_until(serial, POLLIN, until_ns);
        if (ready < 0)
            break;
        if (ready > 0)
            receive(serial);
        else if (serial->have == 0 && serial->waiting == 0)
            ioctl(serial->device, TIOCNXCL);
        if (serial->have > 0 && frame_end(serial) <= kw_plant_now_ns())
            finish(serial);
        send_due(serial);
    }
    while (serial->waiting > 0)
        drop_first(serial);
    return NULL;
}

static int open_terminal(struct kw_plant_serial *serial, char *path,
                         size_t room)
{
    struct termios raw;
    serial->terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    if (serial->terminal < 0 || grantpt(serial->terminal) < 0 ||
        unlockpt(serial->terminal) < 0 ||
        ptsname_r(serial->terminal, path, room) != 0)
        return -1;
    serial->device = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (serial->device < 0 || tcgetattr(serial->device, &raw) < 0)
        return -1;
    cfmakeraw(&raw);
    return tcsetattr(serial->device, TCSANOW, &raw);
}

static int make_link(struct kw_plant_serial *serial, const char *folder,
                     const char *path)
{
    int length = snprintf(serial->link, sizeof serial->link, "%s/%s", folder,
                          serial->line->name);
    if (length < 0 || (size_t)length >= sizeof serial->link) {
        serial->link[0] = '\0';
        errno = ENAMETOOLONG;
        return -1;
    }
    char old[2];
    if (readlink(serial->link, old, sizeof old) >= 0)
        unlink(serial->link);
    int result = symlink(path, serial->link);
    if (result < 0)
        serial->link[0] = '\0';
    return result;
}

int kw_plant_serial_start(struct kw_plant_serial *serial,
                          struct kw_plant_line *line, const char *folder,
                          struct kw_plant_diag *diag)
{
    char path[64];
    *serial = (struct kw_plant_serial){
        .line = line, .terminal = -1, .device = -1, .stop = -1};
    serial->desk = (struct kw_plant_desk){.wire = -1, .far = -1};
    serial->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (serial->stop < 0 || open_terminal(serial, path, sizeof path) < 0) {
        kw_plant_say(diag, "serial line %s: cannot open a pseudo-terminal: %s",
                     line->name, strerror(errno));
    } else if (make_link(serial, folder, path) < 0) {
        kw_plant_say(diag, "serial line %s: cannot make the link in %s: %s",
                     line->name, folder, strerror(errno));
    } else if (kw_plant_desk_open(&serial->desk, false, diag) == 0) {
        int error = pthread_create(&serial->thread, NULL, serve, serial);
        serial->running = error == 0;
        if (error == 0)
            return 0;
        kw_plant_say(diag, "serial line %s: no thread: %s", line->name,
                     strerror(error));
    }
    kw_plant_serial_stop(serial);
    return -1;
}

static void close_if_open(int fd)
{
    if (fd >= 0)
        close(fd);
}

void kw_plant_serial_stop(struct kw_plant_serial *serial)
{
    uint64_t one = 1;
    if (serial->running &&
        write(serial->stop, &one, sizeof one) == (ssize_t)sizeof one)
        pthread_join(serial->thread, NULL);
    serial->running = false;
    kw_plant_desk_close(&serial->desk);
    if (serial->link[0] != '\0')
        unlink(serial->link);
    serial->link[0] = '\0';
    close_if_open(serial->terminal);
    close_if_open(serial->device);
    close_if_open(serial->stop);
    serial->terminal = serial->device = serial->stop = -1;
}
