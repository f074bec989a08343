/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A QEMU command line from a stranger. What is read must be a document that this library
 * understands itself, or refuses with a reason; what it makes of it must be a command
 * line that it reads again.
 */

#include "qemu/answers.h"
#include "sound.h"

#include <stdint.h>
#include <string.h>
#include <virtccw/error.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* As much of a QEMU as composing needs. */
static VccwQemu *
some_qemu(void)
{
    static VccwQemu *qemu;

    if (!qemu) {
        qemu = vccw_understand_qemu(
            "/usr/bin/qemu-system-s390x",
            "{\"id\":\"version\",\"return\":{\"qemu\":{\"major\":10,\"minor\":0,"
            "\"micro\":0}}}\n"
            "{\"id\":\"target\",\"return\":{\"arch\":\"s390x\"}}\n"
            "{\"id\":\"machines\",\"return\":[{\"name\":\"s390-ccw-virtio-10.0\","
            "\"alias\":\"s390-ccw-virtio\",\"is-default\":true,\"cpu-max\":248}]}\n"
            "{\"id\":\"types\",\"return\":[{\"name\":\"vfio-ccw\"},{\"name\":\"vfio-ap\"}"
            ","
            "{\"name\":\"iommufd\"},{\"name\":\"x-terminal3270\"},{\"name\":\"diag288\"},"
            "{\"name\":\"virtio-gpu-ccw\"},{\"name\":\"vhost-vsock-ccw\"}]}\n"
            "{\"id\":\"p:vfio-ccw\",\"return\":[{\"name\":\"loadparm\"},"
            "{\"name\":\"iommufd\"}]}\n",
            NULL);
        g_assert_nonnull(qemu);
    }
    return qemu;
}

static void
compose(const VccwDomainXml *domain, VccwQemuForm form)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *native = vccw_qemu_native(domain, some_qemu(), form, &error);
    g_autofree char *document = NULL;

    g_assert_true(!native == !!error);
    if (!native) {
        assert_sound(error);
    }
    if (native && strlen(native) <= VCCW_QEMU_NATIVE_MAX) {
        g_clear_error(&error);
        document = vccw_qemu_from_native(native, &error);
        g_assert_true(!document == !!error);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *)data, size);
    g_autoptr(GError) error = NULL;
    g_autofree char *document = vccw_qemu_from_native(text, &error);
    g_autoptr(VccwDomainXml) domain = NULL;

    g_assert_true(!document == !!error);
    if (!document) {
        assert_sound(error);
        return 0;
    }
    domain = vccw_domain_xml_parse(document, FALSE, &error);
    g_assert_true(!domain == !!error);
    if (!domain) {
        assert_sound(error);
    }
    if (domain && vccw_domain_xml_check(domain, &error) &&
        vccw_domain_xml_assign(domain, &error)) {
        compose(domain, VCCW_QEMU_FORM_JSON);
        compose(domain, VCCW_QEMU_FORM_LEGACY);
    }
    return 0;
}
