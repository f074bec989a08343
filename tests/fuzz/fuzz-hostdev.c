/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Guests and single hostdevs: whatever the bytes are, reading ends with a document or an
 * error, and what was read is written the same again and again, also when addresses were
 * assigned. What the schema accepts, the parser without it accepts too. With metadata set
 * it is still a document, and a command line comes of it or an error.
 */

#include "qemu/answers.h"
#include "sound.h"
#include <string.h>
#include <virtccw/error.h>
#include <virtccw/hostdev-xml.h>

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

/* Whether a document is refused for its size: what is written may have more of something
 * than what was read, for there are addresses in it, and what was not escaped is. */
static gboolean
is_too_much(const GError *error)
{
    return error->code == VCCW_ERROR_TOO_LARGE || strstr(error->message, ": more than ");
}

static char *
hostdev_again(const char *text, gboolean validate)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(VccwHostdevXml) hostdev = vccw_hostdev_xml_parse(text, validate, &error);

    if (!hostdev)
        assert_sound(error);
    return hostdev ? vccw_hostdev_xml_format(hostdev) : NULL;
}

static void
try_hostdev(const char *text)
{
    g_autofree char *once = hostdev_again(text, FALSE);
    g_autofree char *valid = hostdev_again(text, TRUE);
    g_autoptr(GError) error = NULL;
    g_autoptr(VccwHostdevXml) again = NULL;
    g_autofree char *twice = NULL;

    g_assert_true(!valid || once);
    if (!once)
        return;
    again = vccw_hostdev_xml_parse(once, FALSE, &error);
    g_assert_true(again || is_too_much(error));
    twice = again ? vccw_hostdev_xml_format(again) : NULL;
    if (twice)
        g_assert_cmpstr(twice, ==, once);
}

static VccwDomainXml *
read_domain(const char *text, gboolean validate)
{
    g_autoptr(GError) error = NULL;
    VccwDomainXml *domain = vccw_domain_xml_parse(text, validate, &error);

    if (!domain)
        assert_sound(error);
    return domain;
}

/* Returns: whether all could be assigned. */
static gboolean
complete(VccwDomainXml *domain)
{
    g_autoptr(GError) refused = NULL;
    g_autoptr(GError) error = NULL;
    gboolean sound = vccw_domain_xml_check(domain, &refused);
    gboolean complete = vccw_domain_xml_assign(domain, &error);

    if (!sound)
        assert_sound(refused);
    if (!complete)
        assert_sound(error);
    return complete;
}

static void
assert_stable(const char *text, gboolean assigned)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(VccwDomainXml) domain = vccw_domain_xml_parse(text, FALSE, &error);
    g_autofree char *written = NULL;

    g_assert_true(domain || is_too_much(error));
    if (!domain)
        return;
    if (assigned)
        g_assert_true(complete(domain));
    written = vccw_domain_xml_format(domain, VCCW_DOMAIN_XML_SECURE);
    g_assert_cmpstr(written, ==, text);
}

/* Metadata can be taken out and put back; the document can be read then. */
static void
try_metadata(VccwDomainXml *domain)
{
    g_autofree char *found = vccw_domain_xml_metadata(domain, "urn:a");
    g_autofree char *written = NULL;
    g_autoptr(VccwDomainXml) again = NULL;
    g_autoptr(GError) error = NULL;

    if (!vccw_domain_xml_set_metadata(domain, "urn:a", "f", found ? found : "<a><b/></a>",
                                      &error))
        assert_sound(error);
    written = vccw_domain_xml_format(domain, VCCW_DOMAIN_XML_SECURE);
    g_clear_error(&error);
    again = vccw_domain_xml_parse(written, FALSE, &error);
    g_assert_true(again || is_too_much(error));
}

/* A QEMU that has everything that is asked for. */
static VccwQemu *
make_qemu(void)
{
    static const char *const types[] = {
        "vfio-ccw",        "vfio-ap",           "iommufd",       "x-terminal3270",
        "virtio-gpu-ccw",  "virtio-mouse-ccw",  "diag288",       "virtio-keyboard-ccw",
        "vhost-vsock-ccw", "virtio-tablet-ccw", "s390-pv-guest",
    };
    g_autoptr(GString) answers = g_string_new(
        "{\"return\":{\"arch\":\"s390x\"},\"id\":\"target\"}\n"
        "{\"return\":{\"qemu\":{\"micro\":0,\"minor\":0,\"major\":10}},"
        "\"id\":\"version\"}\n"
        "{\"return\":[{\"name\":\"iommufd\"}],\"id\":\"p:vfio-ccw\"}\n"
        "{\"return\":[{\"name\":\"s390-ccw-virtio-10.0\",\"alias\":\"s390-ccw-virtio\","
        "\"is-default\":true,\"cpu-max\":248}],\"id\":\"machines\"}\n");

    for (guint i = 0; i < G_N_ELEMENTS(types); i++)
        g_string_append_printf(
            answers, "{\"return\":[{\"name\":\"%s\"}],\"id\":\"types\"}\n", types[i]);
    return vccw_understand_qemu("/usr/bin/qemu-system-s390x", answers->str, NULL);
}

static void
try_arguments(const VccwDomainXml *domain)
{
    static VccwQemu *qemu;
    g_autoptr(GError) error = NULL;
    g_autoptr(GError) unread = NULL;
    g_autofree char *native = NULL;
    g_autofree char *back = NULL;

    if (!qemu)
        qemu = make_qemu();
    g_assert_nonnull(qemu);
    native = vccw_qemu_native(domain, qemu, VCCW_QEMU_FORM_JSON, &error);
    if (!native) {
        assert_sound(error);
        return;
    }
    back = vccw_qemu_from_native(native, &unread);
    if (!back)
        assert_sound(unread);
}

static void
try_domain(const char *text)
{
    g_autoptr(VccwDomainXml) domain = read_domain(text, FALSE);
    g_autoptr(VccwDomainXml) valid = read_domain(text, TRUE);
    g_autofree char *once = NULL;
    g_autofree char *assigned = NULL;

    g_assert_true(!valid || domain);
    if (!domain)
        return;
    once = vccw_domain_xml_format(domain, VCCW_DOMAIN_XML_SECURE);
    assert_stable(once, FALSE);
    if (!complete(domain))
        return;
    assigned = vccw_domain_xml_format(domain, VCCW_DOMAIN_XML_SECURE);
    assert_stable(assigned, TRUE);
    try_arguments(domain);
    try_metadata(domain);
}

int
LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    g_autofree char *text = g_strndup((const char *)data, size);

    try_hostdev(text);
    try_domain(text);
    return 0;
}
