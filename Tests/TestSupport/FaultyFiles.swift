internal import CFaultyFiles

/// Fails what SQLite does to the files below a folder: the k-th write, every sync from now on, and the like.
///
/// To be made before the store is opened that it is to fail.
public final class FaultyFiles: Sendable {
    /// What breaks, and how SQLite and the system call it.
    public enum Fault: Sendable, CaseIterable {
        /// Writes fail with `ENOSPC`.
        case noSpace
        /// Writes fail with `EDQUOT`, which SQLite does not tell from other errors.
        case quota
        /// Whatever writes, syncs, cuts or deletes fails with `EIO`.
        case input
        /// `fsync` fails; what was written is there, and may not be tomorrow.
        case sync

        var kinds: Int32 {
            switch self {
            case .noSpace, .quota: Int32(FAULTY_WRITE)
            case .input: Int32(FAULTY_WRITE | FAULTY_SYNC | FAULTY_TRUNCATE | FAULTY_DELETE)
            case .sync: Int32(FAULTY_SYNC)
            }
        }

        /// SQLITE_FULL, SQLITE_IOERR_WRITE, SQLITE_IOERR_FSYNC.
        var code: Int32 {
            switch self {
            case .noSpace: 13
            case .quota, .input: 10 | 3 << 8
            case .sync: 10 | 4 << 8
            }
        }

        var error: Int32 {
            switch self {
            case .noSpace: 28
            case .quota: 122
            case .input, .sync: 5
            }
        }
    }

    private let plan: Int32

    /// A layer over the files below `folder`, which lets everything through.
    public init(below folder: String) {
        plan = unsafe faulty_plan(folder)
        precondition(plan >= 0, "there are too many plans at once")
    }

    deinit { faulty_forget(plan) }

    /// From now on counts what `fault` is about, and fails the `nth` of them (from 1), and where it is `lasting` all after it.
    public func fail(_ fault: Fault, at nth: Int, lasting: Bool) {
        faulty_arm(plan, fault.kinds, nth, lasting ? 1 : 0, fault.code, fault.error)
    }

    /// From now on lets everything through, and counts what `fault` is about.
    public func letThrough(counting fault: Fault = .input) { fail(fault, at: 0, lasting: false) }

    /// How many of them there have been since.
    public var count: Int { faulty_count(plan) }
}
