/// A layer below SQLite that fails what a test wants failed: a VFS around the system's own, made the default one.
///
/// Only files whose path begins with a plan's prefix are touched, so that tests may run beside each other.
#ifndef CFAULTYFILES_H
#define CFAULTYFILES_H

/// What a plan may fail; to be added up.
enum {
    FAULTY_WRITE = 1,
    FAULTY_SYNC = 2,
    FAULTY_TRUNCATE = 4,
    FAULTY_DELETE = 8,
    FAULTY_READ = 16,
};

/// Makes a plan for files below `prefix`, which fails nothing yet; its number, or -1 where there is no place for it.
int faulty_plan(const char *prefix);

/// Counts operations of the kinds in `kinds` from now on, and fails the one numbered `nth` (from 1) with SQLite's `code` and the
/// system's `error`; where `lasting` is set, every later one as well. An `nth` of 0 fails nothing and counts all the same.
void faulty_arm(int plan, int kinds, long nth, int lasting, int code, int error);

/// How many operations there have been since the plan was armed.
long faulty_count(int plan);

/// Forgets the plan.
void faulty_forget(int plan);

#endif
