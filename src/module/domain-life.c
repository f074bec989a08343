/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Defining, changing and undefining domains, and what would run them. */

#include "module/domain-args.h"
#include "module/domain.h"

static virDomainPtr
create_xml(virConnectPtr conn, const char *xml, unsigned int flags)
{
    VccwArgs args = { .name = xml, .flags = flags };

    return vccw_domain_make(conn, 10, &args);
}

static virDomainPtr
define_xml(virConnectPtr conn, const char *xml)
{
    VccwArgs args = { .name = xml };

    return vccw_domain_make(conn, 11, &args);
}

static virDomainPtr
define_xml_flags(virConnectPtr conn, const char *xml, unsigned int flags)
{
    VccwArgs args = { .name = xml, .flags = flags };

    return vccw_domain_make(conn, 350, &args);
}

#define DONE(name, procedure)                          \
    static int name(virDomainPtr domain)               \
    {                                                  \
        return vccw_domain_done(domain, procedure, 0); \
    }
#define DONE_FLAGS(name, procedure)                          \
    static int name(virDomainPtr domain, unsigned int flags) \
    {                                                        \
        return vccw_domain_done(domain, procedure, flags);   \
    }

DONE(create, 9)
DONE_FLAGS(create_with_flags, 196)
DONE(destroy, 12)
DONE_FLAGS(destroy_flags, 234)
DONE_FLAGS(reboot, 27)
DONE_FLAGS(reset, 245)
DONE(resume, 28)
DONE(shutdown_domain, 33)
DONE_FLAGS(shutdown_flags, 258)
DONE(suspend, 34)
DONE(undefine, 35)
DONE_FLAGS(undefine_flags, 231)

static int
set_autostart(virDomainPtr domain, int autostart)
{
    VccwArgs args = vccw_domain_args(domain);

    args.number = autostart;
    return vccw_connection_done(vccw_connection_of(domain), 29, &args);
}

static int
set_metadata(virDomainPtr domain,
             int type,
             const char *metadata,
             const char *key,
             const char *uri,
             unsigned int flags)
{
    VccwArgs args = vccw_domain_args(domain);

    args.number = type;
    args.text = metadata;
    args.third = key;
    args.fourth = uri;
    args.flags = flags;
    return vccw_connection_done(vccw_connection_of(domain), 264, &args);
}

/* What the client holds has the new name afterwards, as over a socket. */
static int
rename_domain(virDomainPtr domain, const char *name, unsigned int flags)
{
    VccwLayoutDomain *object = (gpointer)domain;
    VccwArgs args = vccw_domain_args(domain);

    args.text = name;
    args.flags = flags;
    if (vccw_connection_number(vccw_connection_of(domain), 358, &args) < 0)
        return -1;
    g_free(object->name);
    object->name = g_strdup(name);
    return 0;
}

static const VccwEntry entries[] = {
    { "domainCreateXML", VCCW_FUNCTION(create_xml) },
    { "domainDefineXML", VCCW_FUNCTION(define_xml) },
    { "domainDefineXMLFlags", VCCW_FUNCTION(define_xml_flags) },
    { "domainCreate", VCCW_FUNCTION(create) },
    { "domainCreateWithFlags", VCCW_FUNCTION(create_with_flags) },
    { "domainDestroy", VCCW_FUNCTION(destroy) },
    { "domainDestroyFlags", VCCW_FUNCTION(destroy_flags) },
    { "domainReboot", VCCW_FUNCTION(reboot) },
    { "domainReset", VCCW_FUNCTION(reset) },
    { "domainResume", VCCW_FUNCTION(resume) },
    { "domainShutdown", VCCW_FUNCTION(shutdown_domain) },
    { "domainShutdownFlags", VCCW_FUNCTION(shutdown_flags) },
    { "domainSuspend", VCCW_FUNCTION(suspend) },
    { "domainUndefine", VCCW_FUNCTION(undefine) },
    { "domainUndefineFlags", VCCW_FUNCTION(undefine_flags) },
    { "domainSetAutostart", VCCW_FUNCTION(set_autostart) },
    { "domainSetMetadata", VCCW_FUNCTION(set_metadata) },
    { "domainRename", VCCW_FUNCTION(rename_domain) },
};

const VccwEntry *
vccw_module_domain_life(gsize *ret_n)
{
    *ret_n = G_N_ELEMENTS(entries);
    return entries;
}
