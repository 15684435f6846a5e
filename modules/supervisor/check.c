/* SPDX-License-Identifier: Apache-2.0 */
/* What the rows of `supervisor` and `modbus_writes` can't say. */
#include "supervisor/settings.h"

#include "base/cidr.h"
#include "net/doors.h"

#include <stdio.h>
#include <string.h>

enum { PATH_SIZE = 64 };

static const char *const names[KW_SUPERVISOR_SERVICES] = {
    [KW_SUPERVISOR_TCP] = "tcp",
    [KW_SUPERVISOR_RTU_TCP] = "rtu_tcp",
    [KW_SUPERVISOR_TLS] = "tls",
};

static void check_listen(const struct kw_supervisor_conf *conf,
                         enum kw_supervisor_service service,
                         struct kw_diag *diag)
{
    const struct kw_texts *listen = kw_supervisor_listen(conf, service);
    struct sockaddr_storage address;
    char path[PATH_SIZE];

    for (size_t i = 0; i < listen->count; i++) {
        if (strlen(listen->items[i]) < KW_DOOR_ADDRESS_SIZE &&
            kw_address_parse(listen->items[i], &address) == 0)
            continue;
        snprintf(path, sizeof(path), "supervisor.%s.listen[%zu]",
                 names[service], i);
        (void)kw_diag_at(diag, path,
                         "\"%.80s\" is no address: expected a numeric address "
                         "and a port, such as [::]:502 or 192.0.2.7:502",
                         listen->items[i]);
    }
}

static void check_tls(const struct kw_supervisor_tls_conf *tls,
                      struct kw_diag *diag)
{
    if ((tls->certificate == NULL) != (tls->key == NULL))
        (void)kw_diag_at(diag, "supervisor.tls",
                         "certificate and key belong together");
    if (tls->listen.count > 0 && tls->authorities == NULL)
        (void)kw_diag_at(diag, "supervisor.tls.authorities",
                         "missing: without authorities no client could show "
                         "a certificate that counts");
}

/* path is that of the list. */
static void check_stations(const struct kw_texts *stations, const char *path,
                           struct kw_diag *diag)
{
    struct kw_cidr cidr;
    char item[PATH_SIZE + sizeof("[18446744073709551615]")];

    for (size_t i = 0; i < stations->count; i++) {
        if (kw_cidr_parse(stations->items[i], &cidr) == 0)
            continue;
        snprintf(item, sizeof(item), "%s[%zu]", path, i);
        (void)kw_diag_at(diag, item,
                         "\"%.60s\": expected an address such as 192.0.2.7, "
                         "or a network such as 192.0.2.0/24 or 2001:db8::/32 "
                         "without bits behind its prefix",
                         stations->items[i]);
    }
}

static void find_unit(const struct kw_supervisor_unit_conf *unit, size_t index,
                      struct kw_diag *diag, const char *taken)
{
    char path[PATH_SIZE];

    snprintf(path, sizeof(path), "supervisor.units[%zu].unit", index);
    (void)kw_diag_at(diag, path, "%d is taken by %s", (int)unit->unit, taken);
}

static void check_units(const struct kw_supervisor_conf *conf,
                        struct kw_diag *diag)
{
    if (conf->points_unit == conf->points_f64_unit)
        (void)kw_diag_at(diag, "supervisor.points_f64_unit",
                         "must not be points_unit");
    for (size_t i = 0; i < conf->units.count; i++) {
        const struct kw_supervisor_unit_conf *unit =
            kw_supervisor_conf_unit(conf, i);

        if (unit->unit == conf->points_unit)
            find_unit(unit, i, diag, "points_unit");
        if (unit->unit == conf->points_f64_unit)
            find_unit(unit, i, diag, "points_f64_unit");
        for (size_t j = 0; j < i; j++) {
            if (kw_supervisor_conf_unit(conf, j)->unit == unit->unit) {
                find_unit(unit, i, diag,
                          kw_supervisor_conf_unit(conf, j)->meter);
                break;
            }
        }
    }
}

static void check_rules(const struct kw_supervisor_conf *conf,
                        struct kw_diag *diag)
{
    char path[PATH_SIZE];

    for (size_t i = 0; i < conf->writes.rules.count; i++) {
        const struct kw_supervisor_write_conf *rule =
            kw_supervisor_conf_rule(conf, i);

        snprintf(path, sizeof(path), "modbus_writes.rules[%zu].stations", i);
        check_stations(&rule->stations, path, diag);
        if (rule->last == -1 || rule->last >= rule->first)
            continue;
        snprintf(path, sizeof(path), "modbus_writes.rules[%zu].last", i);
        (void)kw_diag_at(diag, path, "%d is below first, %d", (int)rule->last,
                         (int)rule->first);
    }
}

int kw_supervisor_check(void *checked, const struct kw_env *env,
                        struct kw_diag *diag)
{
    const struct kw_supervisor_conf *conf = checked;
    size_t before = diag->errors;

    (void)env;
    for (int i = 0; i < KW_SUPERVISOR_SERVICES; i++)
        check_listen(conf, (enum kw_supervisor_service)i, diag);
    check_tls(&conf->tls, diag);
    check_stations(&conf->stations, "supervisor.stations", diag);
    check_units(conf, diag);
    check_rules(conf, diag);
    return diag->errors > before ? KW_EINVAL : 0;
}
