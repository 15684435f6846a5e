/* SPDX-License-Identifier: Apache-2.0 */
#include "core/policy.h"

#include <string.h>

/* What every account may do. */
enum { EVERY = KW_MAY_SEE | KW_MAY_SELF | KW_MAY_SESSION };

/* The one table of profiles: a person's work, not a ladder; SEC-23 keeps the
 * duties of Admin (metering) and Cyber security (who may do what) apart. */
static const struct {
    const char *name;
    unsigned permissions;
} profiles[KW_PROFILE_COUNT] = {
    [KW_PROFILE_USER] = {"user", EVERY},
    [KW_PROFILE_ADVANCED_USER] = {"advanced_user", EVERY | KW_MAY_OPERATE},
    [KW_PROFILE_ADMIN] = {"admin", EVERY | KW_MAY_OPERATE | KW_MAY_CONFIGURE},
    [KW_PROFILE_CYBER_SECURITY] = {"cyber_security",
                                   EVERY | KW_MAY_OPERATE | KW_MAY_SECURE},
    [KW_PROFILE_SETUP] = {"setup", KW_MAY_SETUP | KW_MAY_SESSION},
};

static const struct {
    unsigned bit;
    const char *name;
} permissions[] = {
    {KW_MAY_PUBLIC, "public"},       {KW_MAY_SEE, "see"},
    {KW_MAY_SELF, "self"},           {KW_MAY_OPERATE, "operate"},
    {KW_MAY_CONFIGURE, "configure"}, {KW_MAY_SECURE, "secure"},
    {KW_MAY_SETUP, "setup"},         {KW_MAY_SESSION, "session"},
    {KW_MAY_CHANGE, "change"},
};

unsigned kw_profile_permissions(enum kw_profile profile)
{
    return (unsigned)profile < KW_PROFILE_COUNT ? profiles[profile].permissions
                                                : 0;
}

const char *kw_profile_name(enum kw_profile profile)
{
    return (unsigned)profile < KW_PROFILE_COUNT ? profiles[profile].name : "?";
}

/* The set-up session's profile can't be given to an account. */
int kw_profile_parse(const char *name)
{
    for (int i = 0; i < KW_PROFILE_SETUP; i++) {
        if (strcmp(profiles[i].name, name) == 0)
            return i;
    }
    return -1;
}

const char *kw_permission_name(unsigned permission)
{
    for (size_t i = 0; i < sizeof(permissions) / sizeof(permissions[0]); i++) {
        if (permissions[i].bit == permission)
            return permissions[i].name;
    }
    return "?";
}

bool kw_policy_allows(const struct kw_policy *policy, const char *module)
{
    const char *const *name = policy->forbidden;

    for (; name != NULL && *name != NULL; name++) {
        if (strcmp(*name, module) == 0)
            return false;
    }
    return true;
}
