/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Preloaded into every program on the DASD machine. PCRE2's compiler to machine code
 * aborts the program (virsh, as it starts) on a processor as old as the z10 that Hercules
 * emulates, and no setting turns it off. Answered like this, its callers go on without:
 * it is what a PCRE2 says that was built without the compiler.
 */

#include <stdint.h>

/* PCRE2_ERROR_JIT_BADOPTION of pcre2.h. */
#define JIT_BADOPTION (-45)

int pcre2_jit_compile_8(void *code, uint32_t options);

int
pcre2_jit_compile_8(void *code, uint32_t options)
{
    (void)code;
    (void)options;
    return JIT_BADOPTION;
}
