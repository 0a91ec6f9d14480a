#pragma once
#include <isa-l.h>

// Macros that Swift cannot read.
enum {
    cisal_level1_buffer_bytes = ISAL_DEF_LVL1_DEFAULT,
    cisal_level2_buffer_bytes = ISAL_DEF_LVL2_DEFAULT,
    cisal_level3_buffer_bytes = ISAL_DEF_LVL3_DEFAULT,
};
