/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Modbus/TCP Security on a line, the client's side: a device on the same loop
 * that is good, has the wrong certificate, asks for none, wants one that we
 * don't have, speaks something else, or says nothing at all.
 */
#include "lib/pki.h"
#include "net/listen.h"
#include "net/stream.h"
#include "net/tls.h"
#include "test_meter_rig.h"

enum { WHY = 400, DAY_MS = 86400000 };

struct device;

/* A connection to the device; freed when it has closed. */
struct end {
    struct kw_stream stream;
    struct device *device;
};

struct device {
    struct rig rig;
    struct kw_subscriber listener_of_events;
    struct kw_listener *listener;
    struct kw_tls *tls; /* NULL: plain bytes */
    const char *script; /* sent at the first bytes instead of answers; "":
                           nothing is */
    size_t script_length;
    char role[KW_ROLE_SIZE]; /* of the gateway, last seen */
    unsigned connections, open, asks;
    void (*on_ask)(struct device *device); /* before an answer; may be NULL */
    char why[WHY];                         /* of the last line_down */
    bool closed;
};

/* The gateway's clocks: the system's and so much. */
static uint64_t offset_ms;

static uint64_t mono_ns(const struct kw_clock *clock)
{
    (void)clock;
    return kw_clock_mono_ns(&kw_clock_system) + offset_ms * 1000000;
}

static int64_t wall_ms(const struct kw_clock *clock)
{
    (void)clock;
    return kw_clock_wall_ms(&kw_clock_system) + (int64_t)offset_ms;
}

static const struct kw_clock shifted = {mono_ns, wall_ms};

static void on_event(void *arg, const struct kw_event *event)
{
    struct device *device = arg;

    if (strcmp(event->kind->key, "line_down") == 0 && event->on)
        snprintf(device->why, sizeof(device->why), "%s", event->text);
}

/* --- the device */

static struct end *end_of(struct kw_stream *stream)
{
    return KW_LIST_ENTRY(stream, struct end, stream);
}

static void on_open(struct kw_stream *stream)
{
    struct device *device = end_of(stream)->device;

    assert_int_equal(kw_tls_peer_role(stream, device->role), 0);
}

/* Registers hold their address, as those of the rig's peers. */
static void answer(struct kw_stream *stream, const unsigned char *bytes)
{
    const struct peer plain = {.at = {.tcp = true}};
    struct kw_meter_ask ask = {
        .unit = bytes[6],
        .function = bytes[7],
        .address = (uint16_t)(bytes[8] << 8 | bytes[9]),
        .count = (uint16_t)(bytes[10] << 8 | bytes[11]),
    };
    unsigned char pdu[260], frame[300];
    size_t length = peer_data(&ask, pdu);

    length = peer_frame(&plain, ask.unit, (uint16_t)(bytes[0] << 8 | bytes[1]),
                        pdu, length, frame);
    (void)kw_stream_write(stream, frame, length);
}

static void on_data(struct kw_stream *stream, const unsigned char *bytes,
                    size_t length)
{
    struct device *device = end_of(stream)->device;

    if (device->script != NULL) {
        (void)kw_stream_write(stream, device->script, device->script_length);
        return;
    }
    for (; length >= 12; bytes += 12, length -= 12) {
        device->asks++;
        if (device->on_ask != NULL)
            device->on_ask(device);
        answer(stream, bytes);
    }
}

static void on_end(struct kw_stream *stream, int err)
{
    (void)err;
    kw_stream_close(stream);
}

static void on_closed(struct kw_stream *stream)
{
    struct end *end = end_of(stream);

    end->device->open--;
    free(end);
}

static const struct kw_stream_events events = {
    .on_open = on_open,
    .on_data = on_data,
    .on_end = on_end,
    .on_closed = on_closed,
};

static void on_accepted(void *arg, int take_fd, const struct sockaddr *peer)
{
    struct device *device = arg;
    struct end *end = calloc(1, sizeof(*end));

    (void)peer;
    assert_non_null(end);
    end->device = device;
    device->connections++;
    device->open++;
    assert_int_equal(kw_stream_accept(&end->stream, &device->rig.fixture.loop,
                                      take_fd, device->tls, &events),
                     0);
}

/* The device's certificate and whom it trusts (NULL: it asks nobody). */
static void equip(struct device *device, const char *pair, const char *trusts)
{
    const char *dir = device->rig.fixture.dir;
    char cert[KW_PKI_PATH], key[KW_PKI_PATH], authorities[KW_PKI_PATH],
        file[64];
    struct kw_tls_server_options options = {
        .cert_file = cert,
        .key_file = key,
        .authorities = trusts != NULL ? authorities : NULL,
        .clock = &kw_clock_system,
    };
    struct kw_diag diag;

    snprintf(file, sizeof(file), "%s.crt", pair);
    kw_pki_path(dir, file, cert);
    snprintf(file, sizeof(file), "%s.key", pair);
    kw_pki_path(dir, file, key);
    snprintf(file, sizeof(file), "%s.crt", trusts != NULL ? trusts : "");
    kw_pki_path(dir, file, authorities);
    kw_tls_drop(device->tls);
    kw_diag_init(&diag);
    assert_int_equal(kw_tls_server(&device->tls, &options, &diag), 0);
    kw_diag_fini(&diag);
}

static void open_device(struct device *device)
{
    struct kw_listener_options options = {
        .service = "test",
        .address = "127.0.0.1:0",
        .backlog = 16,
        .accepted = on_accepted,
        .arg = device,
    };
    struct kw_diag diag;
    const char *dir;

    memset(device, 0, sizeof(*device));
    rig_open(&device->rig);
    offset_ms = 0;
    device->rig.fixture.core.clock = &shifted;
    device->listener_of_events =
        (struct kw_subscriber){.on_event = on_event, .arg = device};
    kw_hub_subscribe(device->rig.fixture.core.hub, &device->listener_of_events);
    rig_map(&device->rig, "two", "",
            "voltage_l1_n,3,100,1,u16,-,1,V,fast,,,,\n"
            "current_l1,3,500,1,u16,-,1,A,fast,,,,\n");
    dir = device->rig.fixture.dir;
    kw_pki_authority(dir, "ca");
    kw_pki_authority(dir, "other");
    kw_pki_server(dir, "meter", "ca", "DNS:meter,IP:127.0.0.1");
    kw_pki_client(dir, "gateway", "ca", "operator");
    equip(device, "meter", "ca");
    kw_diag_init(&diag);
    assert_int_equal(kw_listener_open(&device->listener,
                                      &device->rig.fixture.core, &options,
                                      &diag),
                     0);
    kw_diag_fini(&diag);
}

static void set_flag(void *arg)
{
    *(bool *)arg = true;
}

static bool none_open(void *arg)
{
    return ((struct device *)arg)->open == 0;
}

static void close_device(struct device *device)
{
    if (device->rig.self != NULL)
        rig_stop(&device->rig);
    kw_fixture_until(&device->rig.fixture, none_open, device);
    kw_listener_close(device->listener, set_flag, &device->closed);
    kw_fixture_until_set(&device->rig.fixture, &device->closed);
    kw_tls_drop(device->tls);
    kw_hub_unsubscribe(&device->listener_of_events);
    rig_close(&device->rig);
}

/* --- the gateway */

/* A line with these files ("-": none) to the device. */
static const char *write_yaml(struct device *device, const char *authorities,
                              const char *pair, const char *name,
                              char yaml[2048])
{
    const char *dir = device->rig.fixture.dir;
    char own[400] = "", named[80] = "";

    if (pair != NULL)
        snprintf(own, sizeof(own), ", certificate: %s/%s.crt, key: %s/%s.key",
                 dir, pair, dir, pair);
    if (name != NULL)
        snprintf(named, sizeof(named), ", name: %s", name);
    snprintf(yaml, 2048,
             "lines:\n  - { name: a, timeout: 500ms, tcp: { host: 127.0.0.1, "
             "port: %u, tls: { authorities: %s/%s.crt%s%s } } }\n"
             "meters:\n"
             "  - { name: m, line: a, unit: 5, profile: two, every: 100ms }\n",
             kw_listener_port(device->listener), dir, authorities, own, named);
    return yaml;
}

static void start(struct device *device, const char *authorities,
                  const char *pair, const char *name)
{
    char yaml[2048];

    rig_start(&device->rig, write_yaml(device, authorities, pair, name, yaml));
}

static bool is_read(void *arg)
{
    return ((struct device *)arg)->rig.good >= 6;
}

static bool is_down(void *arg)
{
    return ((struct device *)arg)->rig.line_down > 0;
}

/* The line reads the device. */
static void reads(struct device *device)
{
    device->rig.good = 0;
    kw_fixture_until(&device->rig.fixture, is_read, device);
    assert_int_equal(device->rig.line_down, 0);
    assert_int_equal(device->rig.bad, 0);
}

/* The line is down, and what is said of it ends so; FILE is the authorities'
 * file. */
static void refuses(struct device *device, const char *expected)
{
    char text[WHY], path[KW_PKI_PATH];
    const char *at = strstr(expected, "FILE");

    kw_fixture_until(&device->rig.fixture, is_down, device);
    snprintf(text, sizeof(text), "127.0.0.1:%u: %.*s%s",
             kw_listener_port(device->listener),
             at != NULL ? (int)(at - expected) : WHY, expected,
             at != NULL ? kw_pki_path(device->rig.fixture.dir, "ca.crt", path)
                        : "");
    assert_string_equal(device->why, text);
    assert_int_equal(device->rig.good, 0);
}

static void test_good(void **state)
{
    struct device device;

    (void)state;
    open_device(&device);
    start(&device, "ca", "gateway", NULL);
    reads(&device);
    assert_string_equal(device.role, "operator");
    assert_int_equal(device.connections, 1);
    close_device(&device);
}

/* A name instead of the address, and a device that asks for nothing. */
static void test_name_alone(void **state)
{
    struct device device;

    (void)state;
    open_device(&device);
    equip(&device, "meter", NULL);
    start(&device, "ca", NULL, "meter");
    reads(&device);
    assert_string_equal(device.role, "");
    close_device(&device);
}

static void test_not_asked(void **state)
{
    struct device device;

    (void)state;
    open_device(&device);
    equip(&device, "meter", NULL);
    start(&device, "ca", "gateway", NULL);
    reads(&device);
    close_device(&device);
}

static void test_wrong_authority(void **state)
{
    struct device device;

    (void)state;
    open_device(&device);
    kw_pki_server(device.rig.fixture.dir, "meter", "other", "IP:127.0.0.1");
    equip(&device, "meter", "ca");
    start(&device, "ca", "gateway", NULL);
    refuses(&device, "the certificate of 127.0.0.1 is not signed by an "
                     "authority in FILE");
    assert_int_equal(device.asks, 0);
    close_device(&device);
}

static void test_expired(void **state)
{
    struct kw_pki_wish old = {.name = "meter",
                              .issuer = "ca",
                              .alt = "IP:127.0.0.1",
                              .from_ms = 1704067200000,
                              .to_ms = 1735689600000}; /* 2025-01-01 */
    struct device device;

    (void)state;
    open_device(&device);
    kw_pki_make(device.rig.fixture.dir, &old);
    equip(&device, "meter", "ca");
    start(&device, "ca", "gateway", NULL);
    refuses(&device, "the certificate of 127.0.0.1 expired on 2025-01-01");
    close_device(&device);
}

static void test_wrong_name(void **state)
{
    struct device device;

    (void)state;
    open_device(&device);
    start(&device, "ca", "gateway", "feeder");
    refuses(&device, "the certificate of 127.0.0.1 is made out to meter and "
                     "127.0.0.1, expected feeder");
    close_device(&device);
}

/* In TLS 1.3 the device says so only after our side is done: the connection
 * is tried a few times. */
static void test_certificate_wanted(void **state)
{
    struct device device;

    (void)state;
    open_device(&device);
    start(&device, "ca", NULL, NULL);
    refuses(&device, "127.0.0.1 wants a certificate of ours");
    assert_true(device.connections > 1);
    close_device(&device);
}

static void test_not_trusted(void **state)
{
    struct device device;

    (void)state;
    open_device(&device);
    equip(&device, "meter", "other");
    start(&device, "ca", "gateway", NULL);
    refuses(&device,
            "127.0.0.1 does not know the authority of our certificate");
    close_device(&device);
}

static void run_script(const char *bytes, size_t length, const char *expected)
{
    struct device device;

    open_device(&device);
    kw_tls_drop(device.tls);
    device.tls = NULL;
    device.script = bytes;
    device.script_length = length;
    start(&device, "ca", "gateway", NULL);
    refuses(&device, expected);
    close_device(&device);
}

/* What a server says that knows no TLS above 1.1. */
static void test_old_tls(void **state)
{
    (void)state;
    run_script("\x15\x03\x02\x00\x02\x02\x46", 7,
               "127.0.0.1 offers no TLS 1.2 or newer");
}

static void test_no_tls(void **state)
{
    (void)state;
    run_script("HTTP/1.1 400 Bad Request\r\n\r\n", 28,
               "127.0.0.1 does not speak TLS");
}

/* Takes the connection and says nothing: nothing else of the loop waits. */
static void test_stalls(void **state)
{
    (void)state;
    run_script("", 0, "the TLS handshake was not done in time");
}

/* A file that goes away while the gateway runs. */
static void test_file_gone(void **state)
{
    char yaml[2048], path[KW_PKI_PATH], text[WHY];
    struct device device;

    (void)state;
    open_device(&device);
    rig_must_parse(&device.rig,
                   write_yaml(&device, "ca", "gateway", NULL, yaml),
                   &device.rig.conf);
    start(&device, "ca", "gateway", NULL);
    assert_int_equal(
        unlink(kw_pki_path(device.rig.fixture.dir, "gateway.key", path)), 0);
    kw_fixture_until(&device.rig.fixture, is_down, &device);
    snprintf(text, sizeof(text), "127.0.0.1:%u: %s: No such file or directory",
             kw_listener_port(device.listener), path);
    assert_string_equal(device.why, text);
    /* it comes back: so does the line */
    kw_pki_client(device.rig.fixture.dir, "gateway", "ca", "engineer");
    device.rig.line_down = 0;
    device.rig.bad = 0;
    reads(&device);
    assert_string_equal(device.role, "engineer");
    close_device(&device);
}

/* Other files, by a change of configuration. */
static void test_change(void **state)
{
    struct device device;
    char yaml[2048];

    (void)state;
    open_device(&device);
    start(&device, "ca", "gateway", NULL);
    reads(&device);
    kw_pki_client(device.rig.fixture.dir, "new", "ca", "viewer");
    assert_int_equal(
        rig_change(&device.rig, write_yaml(&device, "ca", "new", NULL, yaml)),
        0);
    device.rig.bad = 0;
    reads(&device);
    assert_string_equal(device.role, "viewer");
    assert_int_equal(device.connections, 2);
    close_device(&device);
}

/* Whenever the line is closed: files being read, a handshake under way. */
static void test_close_early(void **state)
{
    struct device device;

    (void)state;
    for (unsigned turns = 0; turns < 12; turns++) {
        open_device(&device);
        start(&device, "ca", "gateway", NULL);
        for (unsigned i = 0; i < turns; i++)
            (void)uv_run(&device.rig.fixture.loop.uv, UV_RUN_NOWAIT);
        close_device(&device);
    }
}

static void next_day(struct device *device)
{
    if (device->asks == 4)
        offset_ms += DAY_MS;
}

/* A connection of a day is made anew, with the certificates of the day, and
 * the meter does not notice. */
static void test_worn(void **state)
{
    struct device device;

    (void)state;
    open_device(&device);
    start(&device, "ca", "gateway", NULL);
    device.on_ask = next_day;
    kw_pki_client(device.rig.fixture.dir, "gateway", "ca", "manager");
    reads(&device);
    reads(&device);
    assert_int_equal(device.connections, 2);
    assert_string_equal(device.role, "manager");
    close_device(&device);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_name_alone),
        cmocka_unit_test(test_not_asked),
        cmocka_unit_test(test_wrong_authority),
        cmocka_unit_test(test_expired),
        cmocka_unit_test(test_wrong_name),
        cmocka_unit_test(test_certificate_wanted),
        cmocka_unit_test(test_not_trusted),
        cmocka_unit_test(test_old_tls),
        cmocka_unit_test(test_no_tls),
        cmocka_unit_test(test_stalls),
        cmocka_unit_test(test_file_gone),
        cmocka_unit_test(test_change),
        cmocka_unit_test(test_close_early),
        cmocka_unit_test(test_worn),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
