/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Preloaded, it has libvirt say that it is the release in VIRTCCW_TEST_VERSION. */

#include <stdlib.h>

int virGetVersion(unsigned long *ret_version,
                  const char *type,
                  unsigned long *ret_type_version);

int
virGetVersion(unsigned long *ret_version,
              const char *type,
              unsigned long *ret_type_version)
{
    *ret_version = strtoul(getenv("VIRTCCW_TEST_VERSION"), NULL, 10);
    return 0;
}
