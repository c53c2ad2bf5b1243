public import Glibc

/// A value that only one thread at a time may touch.
///
/// Backed by `pthread_mutex_t` rather than `Synchronization.Mutex`, which the thread sanitizer of Swift 6.3 does not
/// understand: it reports races where there are none, and so hides the real ones.
/// Never held across I/O or training by code that runs on an event loop.
@safe
public final class Lock<Value: ~Copyable>: Sendable {
    // Set once; what it points to is only handed to pthread functions, which are made for sharing.
    @usableFromInline nonisolated(unsafe) let mutex: UnsafeMutablePointer<pthread_mutex_t>
    // Reached only inside `withLock`, under the mutex.
    @usableFromInline nonisolated(unsafe) let value: UnsafeMutablePointer<Value>

    /// Wraps `initialValue`, which from then on is reached only through ``withLock(_:)``.
    @inlinable
    public init(_ initialValue: consuming sending Value) {
        unsafe mutex = .allocate(capacity: 1)
        unsafe mutex.initialize(to: pthread_mutex_t())
        let status = unsafe pthread_mutex_init(mutex, nil)
        precondition(status == 0, "pthread_mutex_init failed with \(status)")
        unsafe value = .allocate(capacity: 1)
        unsafe value.initialize(to: initialValue)
    }

    @inlinable
    deinit {
        unsafe value.deinitialize(count: 1)
        unsafe value.deallocate()
        unsafe pthread_mutex_destroy(mutex)
        unsafe mutex.deallocate()
    }

    /// Runs `body` as ``withLock(_:)`` does where nobody else has the lock; nil, at once, where somebody has.
    @inlinable
    public func withLockIfFree<Result, Failure: Error>(
        _ body: (inout sending Value) throws(Failure) -> sending Result
    ) throws(Failure) -> sending Result? {
        guard unsafe pthread_mutex_trylock(mutex) == 0 else { return nil }
        defer { unsafe pthread_mutex_unlock(mutex) }
        return try unsafe body(&value.pointee)
    }

    /// Runs `body` with exclusive access to the value and returns what it returns.
    ///
    /// Not recursive: calling it again from `body` on the same lock deadlocks.
    @inlinable
    public func withLock<Result: ~Copyable, Failure: Error>(
        _ body: (inout sending Value) throws(Failure) -> sending Result
    ) throws(Failure) -> sending Result {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        return try unsafe body(&value.pointee)
    }
}
