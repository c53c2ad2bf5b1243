#ifndef NECTAR_CSIMDJSON_H
#define NECTAR_CSIMDJSON_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

int nectar_simdjson_version(void);

#ifdef __cplusplus
}
#endif
#endif
