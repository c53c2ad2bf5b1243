#include "CFaultyFiles.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

enum { PLANS = 64 };

typedef struct {
    char *prefix;
    int kinds, lasting, code, error;
    long nth, count;
} Plan;

typedef struct {
    sqlite3_file head;
    int plan;
    sqlite3_file *real;
} File;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static Plan plans[PLANS];
static sqlite3_vfs *base;
static sqlite3_vfs layer;
// What the last failed operation of this thread would have left in errno.
static __thread int last_error;

// 0, or the code to fail with.
static int judge(int number, int kind) {
    if (number < 0) return SQLITE_OK;
    int code = SQLITE_OK;
    pthread_mutex_lock(&lock);
    Plan *plan = &plans[number];
    if (plan->prefix && (plan->kinds & kind)) {
        plan->count++;
        if (plan->nth > 0 && (plan->count == plan->nth || (plan->lasting && plan->count > plan->nth))) {
            code = plan->code;
            last_error = plan->error;
        }
    }
    pthread_mutex_unlock(&lock);
    return code;
}

static int plan_of(const char *name) {
    int found = -1;
    if (!name) return found;
    pthread_mutex_lock(&lock);
    for (int number = 0; number < PLANS; number++)
        if (plans[number].prefix && strncmp(name, plans[number].prefix, strlen(plans[number].prefix)) == 0) found = number;
    pthread_mutex_unlock(&lock);
    return found;
}

#define REAL(file) (((File *)(file))->real)
#define METHODS(file) (REAL(file)->pMethods)
#define PLAN(file) (((File *)(file))->plan)

static int file_close(sqlite3_file *file) { return METHODS(file)->xClose(REAL(file)); }

static int file_read(sqlite3_file *file, void *bytes, int count, sqlite3_int64 offset) {
    int code = judge(PLAN(file), FAULTY_READ);
    return code ? code : METHODS(file)->xRead(REAL(file), bytes, count, offset);
}

static int file_write(sqlite3_file *file, const void *bytes, int count, sqlite3_int64 offset) {
    int code = judge(PLAN(file), FAULTY_WRITE);
    // A disk that is full, or breaks, has taken some of it.
    if (code) METHODS(file)->xWrite(REAL(file), bytes, count / 2, offset);
    return code ? code : METHODS(file)->xWrite(REAL(file), bytes, count, offset);
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size) {
    int code = judge(PLAN(file), FAULTY_TRUNCATE);
    return code ? code : METHODS(file)->xTruncate(REAL(file), size);
}

static int file_sync(sqlite3_file *file, int flags) {
    int code = judge(PLAN(file), FAULTY_SYNC);
    return code ? code : METHODS(file)->xSync(REAL(file), flags);
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size) { return METHODS(file)->xFileSize(REAL(file), size); }
static int file_lock(sqlite3_file *file, int level) { return METHODS(file)->xLock(REAL(file), level); }
static int file_unlock(sqlite3_file *file, int level) { return METHODS(file)->xUnlock(REAL(file), level); }
static int file_check(sqlite3_file *file, int *held) { return METHODS(file)->xCheckReservedLock(REAL(file), held); }
static int file_control(sqlite3_file *file, int what, void *value) {
    if (what == SQLITE_FCNTL_LAST_ERRNO && last_error) {
        *(int *)value = last_error;
        return SQLITE_OK;
    }
    return METHODS(file)->xFileControl(REAL(file), what, value);
}
static int file_sector(sqlite3_file *file) { return METHODS(file)->xSectorSize(REAL(file)); }
static int file_traits(sqlite3_file *file) { return METHODS(file)->xDeviceCharacteristics(REAL(file)); }
static int file_map(sqlite3_file *file, int page, int size, int extend, void volatile **region) {
    return METHODS(file)->xShmMap(REAL(file), page, size, extend, region);
}
static int file_shm_lock(sqlite3_file *file, int offset, int count, int flags) {
    return METHODS(file)->xShmLock(REAL(file), offset, count, flags);
}
static void file_barrier(sqlite3_file *file) { METHODS(file)->xShmBarrier(REAL(file)); }
static int file_unmap(sqlite3_file *file, int removes) { return METHODS(file)->xShmUnmap(REAL(file), removes); }

// Version 2: shared memory for the write-ahead log, and no mapping of the file itself past this layer.
static const sqlite3_io_methods methods = {
    2, file_close, file_read, file_write, file_truncate, file_sync, file_size, file_lock, file_unlock, file_check,
    file_control, file_sector, file_traits, file_map, file_shm_lock, file_barrier, file_unmap, 0, 0,
};

static int layer_open(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *file, int flags, int *out) {
    (void)vfs;
    File *own = (File *)file;
    own->real = (sqlite3_file *)(own + 1);
    own->plan = plan_of(name);
    int code = base->xOpen(base, name, own->real, flags, out);
    // SQLite calls xClose where there are methods, whatever open returned.
    own->head.pMethods = own->real->pMethods ? &methods : 0;
    return code;
}

static int layer_delete(sqlite3_vfs *vfs, const char *name, int syncs) {
    (void)vfs;
    int code = judge(plan_of(name), FAULTY_DELETE);
    return code ? code : base->xDelete(base, name, syncs);
}

static int layer_last_error(sqlite3_vfs *vfs, int count, char *text) {
    (void)vfs;
    return last_error ? last_error : base->xGetLastError(base, count, text);
}

static void install(void) {
    base = sqlite3_vfs_find(0);
    layer = *base;
    layer.zName = "faulty";
    layer.szOsFile = (int)sizeof(File) + base->szOsFile;
    layer.xOpen = layer_open;
    layer.xDelete = layer_delete;
    layer.xGetLastError = layer_last_error;
    sqlite3_vfs_register(&layer, 1);
}

int faulty_plan(const char *prefix) {
    pthread_once(&once, install);
    int found = -1;
    pthread_mutex_lock(&lock);
    for (int number = 0; number < PLANS && found < 0; number++)
        if (!plans[number].prefix) {
            plans[number] = (Plan){.prefix = strdup(prefix)};
            found = number;
        }
    pthread_mutex_unlock(&lock);
    return found;
}

void faulty_arm(int plan, int kinds, long nth, int lasting, int code, int error) {
    pthread_mutex_lock(&lock);
    plans[plan].kinds = kinds;
    plans[plan].nth = nth;
    plans[plan].lasting = lasting;
    plans[plan].code = code;
    plans[plan].error = error;
    plans[plan].count = 0;
    pthread_mutex_unlock(&lock);
}

long faulty_count(int plan) {
    pthread_mutex_lock(&lock);
    long count = plans[plan].count;
    pthread_mutex_unlock(&lock);
    return count;
}

void faulty_forget(int plan) {
    pthread_mutex_lock(&lock);
    free(plans[plan].prefix);
    plans[plan] = (Plan){0};
    pthread_mutex_unlock(&lock);
}
