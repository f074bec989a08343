/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "module/symbols.h"
#include <dlfcn.h>
#include <virtccw/error.h>

VccwSymbols vccw_libvirt;

typedef struct {
    const char *name;
    gsize offset; /* in VccwSymbols */
} Symbol;

#define SYMBOL(name)                              \
    {                                             \
#name, G_STRUCT_OFFSET(VccwSymbols, name) \
    }

static const Symbol symbols[] = {
    SYMBOL(virRegisterConnectDriver),
    SYMBOL(virGetNodeDevice),
    SYMBOL(virGetDomain),
    SYMBOL(virObjectRef),
    SYMBOL(virObjectUnref),
    SYMBOL(virIdentityGetCurrent),
    SYMBOL(virRaiseErrorFull),
    SYMBOL(virLogMessage),
    SYMBOL(virObjectEventStateNew),
    SYMBOL(virObjectEventStateQueue),
    SYMBOL(virObjectEventStateDeregisterID),
    SYMBOL(virNodeDeviceEventStateRegisterID),
    SYMBOL(virNodeDeviceEventLifecycleNew),
    SYMBOL(virNodeDeviceEventUpdateNew),
    SYMBOL(virDomainEventStateRegister),
    SYMBOL(virDomainEventStateDeregister),
    SYMBOL(virDomainEventStateRegisterID),
    SYMBOL(virDomainEventLifecycleNew),
    SYMBOL(virDomainEventMetadataChangeNewFromDom),
};

gpointer
vccw_symbols_find(const char *name)
{
    /* By its handle: an interpreter may have loaded it without making it global. */
    void *library = dlopen("libvirt.so.0", RTLD_NOW | RTLD_NOLOAD);
    gpointer found = library ? dlsym(library, name) : NULL;

    if (library)
        dlclose(library); /* whoever has loaded us keeps it */
    return found;
}

gboolean
vccw_symbols_load(GError **error)
{
    for (gsize i = 0; i < G_N_ELEMENTS(symbols); i++) {
        gpointer found = vccw_symbols_find(symbols[i].name);

        if (!found) {
            g_set_error(
                error, VCCW_ERROR, VCCW_ERROR_CONFIG_UNSUPPORTED,
                "libvirt.so.0 has no '%s', which libvirt_driver_ccw.so needs; use "
                "virtccwd and ccw:///system instead",
                symbols[i].name);
            return FALSE;
        }
        G_STRUCT_MEMBER(gpointer, &vccw_libvirt, symbols[i].offset) = found;
    }
    return TRUE;
}
