// CBLAS, OpenBLAS's own controls (thread count, core name), and what is used of its LAPACK.
#ifndef NECTAR_COPENBLAS_SHIM_H
#define NECTAR_COPENBLAS_SHIM_H

#include <cblas.h>

// Solves A X = B for a symmetric positive definite A by Cholesky's decomposition (LAPACK's SPOSV, column-major). A Fortran
// routine: every argument is an address, and the length of each string follows at the end.
void sposv_(const char *uplo, const int *n, const int *nrhs, float *a, const int *lda, float *b, const int *ldb,
            int *info, unsigned long uplo_length);

// Cholesky's factor U of a symmetric positive definite A (SPOTRF), U's inverse (STRTRI), and the product of a triangle and its
// own transpose (SLAUUM), which makes A's inverse of the latter.
void spotrf_(const char *uplo, const int *n, float *a, const int *lda, int *info, unsigned long uplo_length);
void strtri_(const char *uplo, const char *diag, const int *n, float *a, const int *lda, int *info,
             unsigned long uplo_length, unsigned long diag_length);
void slauum_(const char *uplo, const int *n, float *a, const int *lda, int *info, unsigned long uplo_length);

// Eigenvalues, ascending, and eigenvectors of a symmetric A by divide and conquer (SSYEVD); the vectors replace A's columns.
void ssyevd_(const char *jobz, const char *uplo, const int *n, float *a, const int *lda, float *w, float *work,
             const int *lwork, int *iwork, const int *liwork, int *info, unsigned long jobz_length,
             unsigned long uplo_length);

#endif
