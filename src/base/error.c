/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The error domain of everything that has a meaning of its own; the codes are in the
 * public header, the messages are made where the cause is known.
 */

#include <virtccw/error.h>

G_DEFINE_QUARK(virtccw_error, vccw_error)
