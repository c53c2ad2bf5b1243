import CLinux
import Glibc
import Locking
import Synchronization

/// Who is told of readiness and passed deadlines. Called on the loop's thread only.
public protocol EventHandler: AnyObject {
    /// The descriptor is ready in at least one of the ways asked for, or has hung up.
    func descriptorReady(_ readiness: Readiness)
    /// The deadline set for this registration has passed; it is no longer set.
    func deadlinePassed()
}

// Unchecked: what several threads touch is behind the lock or atomic; all else belongs to the loop's thread.
/// A thread's endless turn: wait for readiness, tell the handlers, run handed-over tasks, fire deadlines.
///
/// Everything but ``execute(_:)``, ``wakeUp()`` and ``stop()`` may be called on the loop's thread only, or before
/// ``run()``. A deadline costs no system call: the earliest one is the timeout of the next wait.
public final class EventLoop: @unchecked Sendable {
    /// A handler's place in the loop. Stale ones, whose descriptor was removed, are recognised by their generation.
    public struct Registration: Equatable, Sendable {
        let slot: UInt32
        let generation: UInt32
        var token: UInt64 { UInt64(generation) << 32 | UInt64(slot) }
    }

    private struct Slot {
        var handler: HandlerReference?
        var descriptor: Int32
        var generation: UInt32
        var interest: Readiness
    }

    private struct Tasks {
        var waiting: [@Sendable () -> Void] = []
        var isOver = false
    }

    private let clock: any MonotonicClock
    // Exempt from the run-time check for overlapping access: only methods of this class change these, on one thread, and
    // none of them is lent out while a handler or task runs.
    @safe @exclusivity(unchecked) private var epoll: Epoll
    private let wakeUpDescriptor: FileDescriptor
    private let tasks = Lock(Tasks())
    private let isWakeUpPending = Atomic<Bool>(false)
    @safe @exclusivity(unchecked) private var slots: [Slot] = []
    private var freeSlots: [UInt32] = []
    /// What somebody further up the stack may still use without a reference of its own.
    @safe @exclusivity(unchecked) private var kept: [AnyObject] = []
    @safe @exclusivity(unchecked) private var deadlines = DeadlineQueue()
    @safe @exclusivity(unchecked) private var isStopping = false
    /// Somebody has handed a task over, or wants the deadlines looked at.
    @safe @exclusivity(unchecked) private var isWokenUp = false
    private static let wakeUpToken = UInt64.max

    /// When the present turn began; what handlers count their deadlines from.
    public var now: MonotonicInstant { turnBegan }
    // Stored apart from what is public: other modules would not know of the exemption.
    @safe @exclusivity(unchecked) private var turnBegan: MonotonicInstant

    /// A loop that does nothing until ``run()``.
    public init(clock: any MonotonicClock = SystemMonotonicClock()) throws(SystemError) {
        self.clock = clock
        turnBegan = clock.now
        epoll = try Epoll()
        wakeUpDescriptor = FileDescriptor(
            owning: try SystemCall.perform("eventfd") {
                eventfd(0, Int32(EFD_NONBLOCK) | Int32(EFD_CLOEXEC))
            })
        try epoll.add(wakeUpDescriptor.number, interest: .readable, token: Self.wakeUpToken)
    }

    // MARK: From any thread

    /// Has `task` run on the loop's thread, in the order of the calls. False, and it is never run, once ``run()`` has
    /// ended.
    @discardableResult
    public func execute(_ task: @escaping @Sendable () -> Void) -> Bool {
        let isTaken = tasks.withLock { tasks in
            guard !tasks.isOver else { return false }
            tasks.waiting.append(task)
            return true
        }
        if isTaken { wakeUp() }
        return isTaken
    }

    /// Ends the present wait, so that tasks and deadlines are looked at.
    public func wakeUp() {
        // One write suffices for any number of wake-ups before the loop reads it.
        guard !isWakeUpPending.exchange(true, ordering: .acquiringAndReleasing) else { return }
        var one: UInt64 = 1
        let number = wakeUpDescriptor.number
        _ = SystemCall.attempt { unsafe write(number, &one, MemoryLayout<UInt64>.size) }
    }

    /// Ends ``run()`` after the present turn.
    public func stop() {
        execute { [self] in isStopping = true }
    }

    // MARK: On the loop's thread

    /// The clock's present time, read now rather than at the beginning of the turn.
    public func readClock() -> MonotonicInstant {
        clock.now
    }

    /// Watches `descriptor`; the handler is kept until ``deregister(_:)``.
    public func register(
        _ descriptor: Int32, interest: Readiness, handler: any EventHandler
    ) throws(SystemError) -> Registration {
        let slot: UInt32
        if let free = freeSlots.popLast() {
            slot = free
        } else {
            slot = UInt32(slots.count)
            slots.append(Slot(handler: nil, descriptor: -1, generation: 0, interest: []))
        }
        let registration = Registration(slot: slot, generation: slots[Int(slot)].generation)
        do throws(SystemError) {
            try epoll.add(descriptor, interest: interest, token: registration.token)
        } catch {
            freeSlots.append(slot)
            throw error
        }
        slots[Int(slot)].handler = HandlerReference(handler)
        slots[Int(slot)].descriptor = descriptor
        slots[Int(slot)].interest = interest
        return registration
    }

    /// Changes what the descriptor is watched for; no system call when nothing changes.
    public func setInterest(_ interest: Readiness, of registration: Registration) {
        let index = Int(registration.slot)
        guard isCurrent(registration), slots[index].interest != interest else { return }
        slots[index].interest = interest
        // Fails only for a descriptor that is not registered, which the generation has excluded.
        try? epoll.modify(slots[index].descriptor, interest: interest, token: registration.token)
    }

    /// Sets, moves or removes (nil) the one deadline of a registration.
    public func setDeadline(_ deadline: MonotonicInstant?, of registration: Registration) {
        guard isCurrent(registration) else { return }
        deadlines.set(deadline, for: Int(registration.slot))
    }

    /// Forgets the handler, and lets go of it when the turn ends. Events of this turn that were meant for it are dropped,
    /// even if the descriptor's number is in use again. Call it before the descriptor is closed.
    public func deregister(_ registration: Registration) {
        let index = Int(registration.slot)
        guard isCurrent(registration) else { return }
        try? epoll.remove(slots[index].descriptor)
        deadlines.set(nil, for: index)
        if let handler = slots[index].handler.take() { keepUntilTurnEnds(handler.take()) }
        slots[index].descriptor = -1
        // Wraps after four thousand million reuses of one slot; an event is stale for one turn only.
        slots[index].generation &+= 1
        freeSlots.append(registration.slot)
    }

    /// Lets go of `object` not before the present turn ends, or the next one where there is none.
    public func keepUntilTurnEnds(_ object: AnyObject) {
        kept.append(object)
    }

    /// Turns until ``stop()``; the calling thread is the loop's thread from now on.
    public func run() throws(SystemError) {
        while !isStopping { try turn() }
        // What was promised to run still does; it may hand over more.
        while takeTasks(isLast: true) {}
        // Handlers refer to their loop: let go of them, so that both can be freed.
        forgetHandlers()
    }

    deinit { forgetHandlers() }

    private func forgetHandlers() {
        for index in slots.indices {
            if let handler = slots[index].handler.take() { keepUntilTurnEnds(handler.take()) }
        }
        slots.removeAll()
        letGo()
    }

    // What is let go of may have more to keep as it ends.
    private func letGo() {
        while !kept.isEmpty {
            let ended = kept
            kept = []
            withExtendedLifetime(ended) {}
        }
    }

    /// One turn: waits for at most `maximumWait` milliseconds (-1: as long as it takes), then tells everybody.
    public func turn(maximumWait: Int32 = -1) throws(SystemError) {
        let count = try epoll.wait(timeout: timeout(atMost: maximumWait))
        turnBegan = clock.now
        for index in 0..<count { dispatch(epoll.event(at: index)) }
        if isWokenUp {
            isWokenUp = false
            takeTasks(isLast: false)
        }
        while let slot = deadlines.popExpired(now: now) { slots[slot].handler?.deadlinePassed() }
        if !kept.isEmpty { letGo() }
    }

    private func dispatch(_ event: (token: UInt64, readiness: Readiness)) {
        guard event.token != Self.wakeUpToken else { return consumeWakeUp() }
        let slot = Int(event.token & 0xFFFF_FFFF)
        // A handler earlier in this batch may have closed this one, and the slot may be another's by now.
        guard slots[slot].generation == UInt32(event.token >> 32) else { return }
        slots[slot].handler?.descriptorReady(event.readiness)
    }

    private func consumeWakeUp() {
        isWokenUp = true
        var count: UInt64 = 0
        let number = wakeUpDescriptor.number
        _ = SystemCall.attempt { unsafe read(number, &count, MemoryLayout<UInt64>.size) }
        // After the read and before the tasks are taken: a task added from now on writes again.
        isWakeUpPending.store(false, ordering: .sequentiallyConsistent)
    }

    /// Runs what is waiting; whether there was anything. The last call closes the door if there was not.
    @discardableResult
    private func takeTasks(isLast: Bool) -> Bool {
        let taken = tasks.withLock { tasks in
            let taken = tasks.waiting
            tasks.waiting = []
            tasks.isOver = isLast && taken.isEmpty
            return taken
        }
        for task in taken { task() }
        return !taken.isEmpty
    }

    private func timeout(atMost maximum: Int32) -> Int32 {
        guard let earliest = deadlines.earliestWakeUp else { return maximum }
        // By the time this turn began: a deadline may then be late by as long as the turn took, which saves asking the
        // clock once more in every turn.
        let nanoseconds = earliest.nanoseconds - now.nanoseconds
        guard nanoseconds > 0 else { return 0 }
        // Rounded up: waking a fraction of a millisecond early would turn for nothing until then.
        let milliseconds = Int32(clamping: (nanoseconds - 1) / 1_000_000 + 1)
        return maximum < 0 ? milliseconds : min(milliseconds, maximum)
    }

    private func isCurrent(_ registration: Registration) -> Bool {
        let index = Int(registration.slot)
        return index < slots.count && slots[index].generation == registration.generation
            && slots[index].handler != nil
    }
}
