# SPDX-License-Identifier: LGPL-2.1-or-later
"""Documents of domains, as a person writes them."""

import hostlib

DOMAIN = 'guest'
DOMAIN_UUID = 'c7a5fdbd-cdaf-9455-926a-d65c16db1809'
MDEV_UUID = '90c6c135-ad44-41d0-b1b7-bae47de48627'


def hostdev_xml(uuid=MDEV_UUID, address=''):
    return ("<hostdev mode='subsystem' type='mdev' model='vfio-ccw'>"
            f"<source><address uuid='{uuid}'/></source>{address}</hostdev>")


def domain_xml(name=DOMAIN, uuid=DOMAIN_UUID, vcpus=2, extra='', devices=None):
    """A guest with one channel device, unless devices says otherwise."""
    uuid = f'<uuid>{uuid}</uuid>' if uuid else ''
    devices = hostdev_xml() if devices is None else devices
    return (f"<domain type='kvm'><name>{name}</name>{uuid}{extra}"
            f"<memory unit='KiB'>1048576</memory><vcpu>{vcpus}</vcpu>"
            "<os><type arch='s390x' machine='s390-ccw-virtio'>hvm</type></os>"
            f"<devices>{devices}</devices></domain>")


def domain_path(name=DOMAIN):
    return f'{hostlib.DOMAINS}/{name}.xml'
