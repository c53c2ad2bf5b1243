// CBLAS, OpenBLAS's own controls (thread count, core name), and what is used of its LAPACK.
#ifndef NECTAR_COPENBLAS_SHIM_H
#define NECTAR_COPENBLAS_SHIM_H

#include <cblas.h>

// Solves A X = B for a symmetric positive definite A by Cholesky's decomposition (LAPACK's SPOSV, column-major). A Fortran
// routine: every argument is an address, and the length of each string follows at the end.
void sposv_(const char *uplo, const int *n, const int *nrhs, float *a, const int *lda, float *b, const int *ldb,
            int *info, unsigned long uplo_length);

#endif
