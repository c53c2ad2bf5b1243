#ifndef NECTAR_CKERNELS_H
#define NECTAR_CKERNELS_H

#include <stdint.h>

#endif
