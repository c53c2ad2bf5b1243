// libsodium, for keyed hashes of names that were erased.
#ifndef NECTAR_CSODIUM_SHIM_H
#define NECTAR_CSODIUM_SHIM_H

#include <sodium.h>

#endif
