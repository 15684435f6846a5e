/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/access.h"

#include "base/mem.h"

#include <string.h>

struct kw_supervisor_access {
    struct kw_cidr *cidrs; /* owned: the stations, then those of the rules */
    struct kw_supervisor_rule *rules; /* owned */
    size_t stations, rule_count;
    bool allow;
};

static size_t count_cidrs(const struct kw_supervisor_conf *conf)
{
    size_t count = conf->stations.count;

    for (size_t i = 0; i < conf->writes.rules.count; i++)
        count += kw_supervisor_conf_rule(conf, i)->stations.count;
    return count;
}

/* Takes the texts apart; what the check let through has no mistakes. */
static struct kw_cidr *add_cidrs(struct kw_cidr *at,
                                 const struct kw_texts *stations)
{
    for (size_t i = 0; i < stations->count; i++)
        at += kw_cidr_parse(stations->items[i], at) == 0;
    return at;
}

static void fill(struct kw_supervisor_access *access,
                 const struct kw_supervisor_conf *conf)
{
    struct kw_cidr *at = add_cidrs(access->cidrs, &conf->stations);

    access->stations = (size_t)(at - access->cidrs);
    access->rule_count = conf->writes.rules.count;
    access->allow = conf->writes.allow;
    for (size_t i = 0; i < access->rule_count; i++) {
        const struct kw_supervisor_write_conf *from =
            kw_supervisor_conf_rule(conf, i);
        struct kw_supervisor_rule *rule = &access->rules[i];

        *rule = (struct kw_supervisor_rule){
            .stations = at,
            .unit = (uint8_t)from->unit,
            .coils = from->coils,
            .first = (uint16_t)from->first,
            .last = (uint16_t)(from->last < 0 ? from->first : from->last),
        };
        at = add_cidrs(at, &from->stations);
        rule->count = (size_t)(at - rule->stations);
    }
}

struct kw_supervisor_access *
kw_supervisor_access_new(const struct kw_supervisor_conf *conf)
{
    struct kw_supervisor_access *access = kw_alloc(sizeof(*access));

    if (access == NULL)
        return NULL;
    access->cidrs =
        kw_alloc_array(count_cidrs(conf) + 1, sizeof(access->cidrs[0]));
    access->rules =
        kw_alloc_array(conf->writes.rules.count + 1, sizeof(access->rules[0]));
    if (access->cidrs == NULL || access->rules == NULL) {
        kw_supervisor_access_free(access);
        return NULL;
    }
    fill(access, conf);
    return access;
}

void kw_supervisor_access_free(struct kw_supervisor_access *access)
{
    if (access == NULL)
        return;
    kw_free(access->cidrs);
    kw_free(access->rules);
    kw_free(access);
}

bool kw_supervisor_may_connect(const struct kw_supervisor_access *access,
                               const struct kw_station *station)
{
    if (access->stations == 0)
        return kw_station_is_local(station);
    return kw_cidr_any(access->cidrs, access->stations, station);
}

bool kw_supervisor_write_allowed(const struct kw_supervisor_access *access,
                                 const struct kw_station *station,
                                 const struct kw_meter_ask *ask)
{
    return access->allow &&
           kw_supervisor_may_write(access->rules, access->rule_count, station,
                                   ask);
}

struct kw_supervisor_rights
kw_supervisor_role_rights(const struct kw_supervisor_conf *conf,
                          const char *role)
{
    const struct kw_supervisor_role *roles = conf->tls.roles.items;

    if (conf->tls.roles.count == 0)
        return (struct kw_supervisor_rights){.read =
                                                 strcmp(role, "viewer") == 0};
    for (size_t i = 0; i < conf->tls.roles.count; i++) {
        if (strcmp(roles[i].name, role) == 0)
            return (struct kw_supervisor_rights){
                .read = true, .write = roles[i].may == KW_SUPERVISOR_MAY_WRITE};
    }
    return (struct kw_supervisor_rights){.read = false};
}
