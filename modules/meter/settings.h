/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the sections `lines` and `meters` become: filled from the rows in
 * settings.c, borrowed from core until the next change.
 */
#ifndef KW_METER_SETTINGS_H
#define KW_METER_SETTINGS_H

#include "core/setting.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kw_env;

enum kw_meter_parity {
    KW_METER_PARITY_NONE,
    KW_METER_PARITY_EVEN,
    KW_METER_PARITY_ODD,
};

/* Direction control: by the kernel's driver (linux/serial.h) or from here. */
enum kw_meter_rs485_by { KW_METER_RS485_DRIVER, KW_METER_RS485_RTS };
struct kw_meter_rs485 {
    int by;          /* enum kw_meter_rs485_by */
    int rts_on_send; /* 0 high, 1 low */
    int64_t delay_before_ms, delay_after_ms;
};

struct kw_meter_serial_conf {
    const char *port; /* device; a stable name below /dev/serial is best */
    int64_t baud;
    int parity; /* enum kw_meter_parity */
    int64_t stop_bits;
    double silence_ms;                  /* 0: as the standard says */
    const struct kw_meter_rs485 *rs485; /* NULL: the port's own business */
};

/* Modbus/TCP Security: both ends show certificates. Files are PEM. */
struct kw_meter_tls_conf {
    const char *authorities;       /* who may sign the device's certificate */
    const char *certificate, *key; /* our own; both or none are NULL */
    const char *name; /* what the certificate must name; NULL: the host */
};

struct kw_meter_tcp_conf {
    const char *host;
    int64_t port;       /* 0: the usual one, see kw_meter_tcp_port */
    int64_t in_flight;  /* requests at once; 1 for RTU over TCP */
    int64_t silence_ms; /* RTU over TCP: before a request */
    const struct kw_meter_tls_conf *tls; /* NULL: in clear text */
};

struct kw_meter_line_conf {
    const char *name;
    const struct kw_meter_serial_conf *serial; /* exactly one of three */
    const struct kw_meter_tcp_conf *tcp, *rtu_tcp;
    int64_t timeout_ms, retries, pause_ms;
};

/* Periods in ms; 0: as the one before. */
struct kw_meter_every {
    int64_t fast_ms, normal_ms, slow_ms;
};

/* Ratios of the transformers before the meter. */
struct kw_meter_scale {
    double ct, vt;
};

struct kw_meter_entry {
    const char *name, *uid, *line, *profile;
    int64_t unit, load;
    struct kw_meter_every every;
    struct kw_meter_scale scale;
    bool invert, enabled;
    struct kw_pairs labels;
};

struct kw_meter_library;

struct kw_meter_conf {
    struct kw_list_of lines;  /* struct kw_meter_line_conf */
    struct kw_list_of meters; /* struct kw_meter_entry */
    /* The maps of the meters, read by kw_meter_check: owned, NULL before. */
    struct kw_meter_library *library;
};

/* The sections of the module. */
extern const struct kw_setting kw_meter_settings[];

/*
 * What rows can't say: bauds that exist, units that a line allows, profiles
 * that exist and can be read, loads, two meters in one place. conf is a struct
 * kw_meter_conf. KW_EINVAL with all findings in diag, KW_ENOMEM. Reads the
 * register maps, which conf keeps until kw_meter_release, and TLS files.
 */
int kw_meter_check(void *conf, const struct kw_env *env, struct kw_diag *diag);
void kw_meter_release(void *conf);

static inline const struct kw_meter_line_conf *
kw_meter_conf_line(const struct kw_meter_conf *conf, size_t index)
{
    return (const struct kw_meter_line_conf *)conf->lines.items + index;
}
static inline const struct kw_meter_entry *
kw_meter_conf_meter(const struct kw_meter_conf *conf, size_t index)
{
    return (const struct kw_meter_entry *)conf->meters.items + index;
}

/* The port of a device: 802 is mbap/TLS, 502 mbap with IANA. */
static inline uint16_t kw_meter_tcp_port(const struct kw_meter_tcp_conf *conf)
{
    return (uint16_t)(conf->port > 0      ? conf->port
                      : conf->tls != NULL ? 802
                                          : 502);
}

/* True for the speeds that ports know. */
bool kw_meter_baud_exists(int64_t baud);

/* Fills period[fast, normal, slow] with what `every` means. */
void kw_meter_periods(const struct kw_meter_every *every, int64_t period_ms[3]);

#endif
