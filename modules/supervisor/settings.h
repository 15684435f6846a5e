/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the sections `supervisor` and `modbus_writes` become: filled from the
 * rows in settings.c, borrowed from core until the next change.
 */
#ifndef KW_SUPERVISOR_SETTINGS_H
#define KW_SUPERVISOR_SETTINGS_H

#include "core/setting.h"

#include <stdbool.h>
#include <stdint.h>

struct kw_cidr;
struct kw_env;

/* Listeners, in the order of the services' rows. */
enum kw_supervisor_service {
    KW_SUPERVISOR_TCP,
    KW_SUPERVISOR_RTU_TCP,
    KW_SUPERVISOR_TLS,
    KW_SUPERVISOR_SERVICES
};

/* What a bad point of the points' units reads as. */
enum kw_supervisor_bad { KW_SUPERVISOR_BAD_EXCEPTION, KW_SUPERVISOR_BAD_NAN };

enum kw_supervisor_may { KW_SUPERVISOR_MAY_READ, KW_SUPERVISOR_MAY_WRITE };

struct kw_supervisor_role {
    const char *name; /* as the certificate states it, "" for none */
    int may;          /* enum kw_supervisor_may */
};

struct kw_supervisor_tls_conf {
    struct kw_texts listen;
    const char *certificate, *key; /* NULL: the gateway's own */
    const char *authorities;       /* PEM */
    struct kw_list_of roles;       /* struct kw_supervisor_role */
};

struct kw_supervisor_listen_conf {
    struct kw_texts listen;
};

/* A meter that answers under another unit than its own. */
struct kw_supervisor_unit_conf {
    int64_t unit;
    const char *meter;
};

struct kw_supervisor_write_conf {
    struct kw_texts stations;
    int64_t unit, first, last; /* last -1: as first */
    bool coils;
};

struct kw_supervisor_conf {
    struct kw_supervisor_listen_conf tcp, rtu_tcp;
    struct kw_supervisor_tls_conf tls;
    struct kw_texts stations;
    int64_t points_unit, points_f64_unit;
    int bad_points;          /* enum kw_supervisor_bad */
    struct kw_list_of units; /* struct kw_supervisor_unit_conf */
    struct kw_texts bridge;  /* names of lines and meters */
    int64_t bridge_cache_ms;
    struct kw_supervisor_writes_conf {
        bool allow;
        struct kw_list_of rules; /* struct kw_supervisor_write_conf */
    } writes;
};

extern const struct kw_setting kw_supervisor_settings[];

/* Addresses, stations, units and rules that the rows can't judge. KW_EINVAL
 * with all findings in diag. */
int kw_supervisor_check(void *conf, const struct kw_env *env,
                        struct kw_diag *diag);

/* The addresses of a service. */
const struct kw_texts *
kw_supervisor_listen(const struct kw_supervisor_conf *conf,
                     enum kw_supervisor_service service);

static inline const struct kw_supervisor_unit_conf *
kw_supervisor_conf_unit(const struct kw_supervisor_conf *conf, size_t index)
{
    return (const struct kw_supervisor_unit_conf *)conf->units.items + index;
}
static inline const struct kw_supervisor_write_conf *
kw_supervisor_conf_rule(const struct kw_supervisor_conf *conf, size_t index)
{
    return (const struct kw_supervisor_write_conf *)conf->writes.rules.items +
           index;
}

#endif
