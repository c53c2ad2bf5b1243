import Dispatch
import Glibc
import Locking
import Testing

@testable import Networking

/// Notes what the loop tells it.
private final class Recorder: EventHandler {
    var readiness: [Readiness] = []
    var deadlines = 0
    var onReady: (() -> Void)?
    var onDeadline: (() -> Void)?

    func descriptorReady(_ readiness: Readiness) {
        self.readiness.append(readiness)
        onReady?()
    }

    func deadlinePassed() {
        deadlines += 1
        onDeadline?()
    }
}

@Suite("Event loop")
struct EventLoopTests {
    private struct Pair: ~Copyable {
        let near: FileDescriptor
        let far: FileDescriptor

        init() {
            var numbers: [Int32] = [0, 0]
            let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
            unsafe precondition(socketpair(AF_UNIX, type, 0, &numbers) == 0)
            near = FileDescriptor(owning: numbers[0])
            far = FileDescriptor(owning: numbers[1])
        }

        func sendFromFar() {
            let byte: [UInt8] = [1]
            unsafe #expect(send(far.number, byte, 1, 0) == 1)
        }
    }

    @Test("a handler hears of bytes as long as they are unread, and of nothing without interest")
    func levelTriggered() throws {
        let loop = try EventLoop()
        let pair = Pair()
        let recorder = Recorder()
        let registration = try loop.register(pair.near.number, interest: .readable, handler: recorder)
        try loop.turn(maximumWait: 0)
        #expect(recorder.readiness.isEmpty)
        pair.sendFromFar()
        try loop.turn(maximumWait: 0)
        try loop.turn(maximumWait: 0)
        #expect(recorder.readiness == [.readable, .readable])
        loop.setInterest([], of: registration)
        try loop.turn(maximumWait: 0)
        #expect(recorder.readiness.count == 2)
        loop.setInterest([.readable, .writable], of: registration)
        try loop.turn(maximumWait: 0)
        #expect(recorder.readiness.last == [.readable, .writable])
    }

    @Test(
        "an event of this turn is not delivered to a handler removed earlier in the turn, nor to its slot's next owner")
    func staleEventsAreDropped() throws {
        let loop = try EventLoop()
        let first = Pair()
        let second = Pair()
        let third = Pair()
        let (one, two, heir) = (Recorder(), Recorder(), Recorder())
        let registrationOne = try loop.register(first.near.number, interest: .readable, handler: one)
        let registrationTwo = try loop.register(second.near.number, interest: .readable, handler: two)
        let number = third.near.number
        one.onReady = {
            loop.deregister(registrationTwo)
            _ = try? loop.register(number, interest: .readable, handler: heir)
        }
        two.onReady = {
            loop.deregister(registrationOne)
            _ = try? loop.register(number, interest: .readable, handler: heir)
        }
        first.sendFromFar()
        second.sendFromFar()
        try loop.turn(maximumWait: 0)
        // The closures hold the loop, and the loop holds their owners.
        one.onReady = nil
        two.onReady = nil
        #expect(one.readiness.count + two.readiness.count == 1)
        #expect(heir.readiness.isEmpty)
    }

    @Test("a hang-up is reported without interest in anything")
    func hangUpIsReported() throws {
        let loop = try EventLoop()
        let pair = Pair()
        let recorder = Recorder()
        _ = try loop.register(pair.near.number, interest: [], handler: recorder)
        shutdown(pair.far.number, Int32(SHUT_RDWR))
        try loop.turn(maximumWait: 0)
        #expect(recorder.readiness.contains { !$0.isDisjoint(with: .hungUp) })
    }

    @Test("a deadline fires when the clock reaches it, and not one nanosecond before")
    func deadlineWithManualClock() throws {
        let clock = ManualClock()
        let loop = try EventLoop(clock: clock)
        let pair = Pair()
        let recorder = Recorder()
        let registration = try loop.register(pair.near.number, interest: .readable, handler: recorder)
        loop.setDeadline(loop.now.advanced(by: .seconds(10)), of: registration)
        clock.advance(by: .seconds(10) - .nanoseconds(1))
        try loop.turn(maximumWait: 0)
        #expect(recorder.deadlines == 0)
        clock.advance(by: .nanoseconds(1))
        try loop.turn(maximumWait: 0)
        try loop.turn(maximumWait: 0)
        #expect(recorder.deadlines == 1)
    }

    @Test("a deregistered handler's deadline does not fire for its slot's next owner")
    func deadlineDiesWithItsOwner() throws {
        let clock = ManualClock()
        let loop = try EventLoop(clock: clock)
        let first = Pair()
        let second = Pair()
        let (gone, heir) = (Recorder(), Recorder())
        let registration = try loop.register(first.near.number, interest: .readable, handler: gone)
        loop.setDeadline(loop.now.advanced(by: .seconds(1)), of: registration)
        loop.deregister(registration)
        loop.setDeadline(loop.now, of: registration)
        _ = try loop.register(second.near.number, interest: .readable, handler: heir)
        clock.advance(by: .seconds(5))
        try loop.turn(maximumWait: 0)
        #expect(gone.deadlines == 0 && heir.deadlines == 0)
    }

    @Test("a handler that deregisters itself in a call lives until the turn ends, and no longer")
    func deregisteredHandlersEndWithTheTurn() throws {
        let loop = try EventLoop()
        let pair = Pair()
        weak var gone: Recorder?
        var isAliveAfterwards = false
        do {
            let recorder = Recorder()
            gone = recorder
            let registration = try loop.register(pair.near.number, interest: .readable, handler: recorder)
            recorder.onReady = { [unowned loop] in
                loop.deregister(registration)
                isAliveAfterwards = gone != nil
            }
        }
        #expect(gone != nil)
        pair.sendFromFar()
        try loop.turn(maximumWait: 0)
        #expect(isAliveAfterwards && gone == nil)
    }

    @Test("a handler whose deadline deregisters it lives until the turn ends, and no longer")
    func handlersEndAfterTheirDeadline() throws {
        let clock = ManualClock()
        let loop = try EventLoop(clock: clock)
        let pair = Pair()
        weak var gone: Recorder?
        do {
            let recorder = Recorder()
            gone = recorder
            let registration = try loop.register(pair.near.number, interest: [], handler: recorder)
            recorder.onDeadline = { [unowned loop] in loop.deregister(registration) }
            loop.setDeadline(loop.now, of: registration)
        }
        clock.advance(by: .seconds(1))
        try loop.turn(maximumWait: 0)
        #expect(gone == nil)
    }

    @Test("a loop that ends, or that never ran, lets go of its handlers and of what it kept")
    func handlersEndWithTheLoop() throws {
        for runs in [true, false] {
            let pair = Pair()
            weak var handler: Recorder?
            weak var kept: Recorder?
            do {
                let loop = try EventLoop()
                let recorder = Recorder()
                let other = Recorder()
                (handler, kept) = (recorder, other)
                _ = try loop.register(pair.near.number, interest: .readable, handler: recorder)
                loop.keepUntilTurnEnds(other)
                if runs {
                    loop.stop()
                    try loop.run()
                }
            }
            #expect(handler == nil && kept == nil)
        }
    }

    @Test("tasks from many threads all run on the loop, each thread's in its order")
    func tasksFromManyThreads() throws {
        let loop = try EventLoop()
        let seen = Lock<[[Int]]>(Array(repeating: [], count: 4))
        let ended = DispatchSemaphore(value: 0)
        try SystemThread.start {
            try? loop.run()
            ended.signal()
        }
        DispatchQueue.concurrentPerform(iterations: 4) { thread in
            for index in 0..<500 { loop.execute { seen.withLock { $0[thread].append(index) } } }
        }
        loop.stop()
        ended.wait()
        #expect(seen.withLock { $0 } == Array(repeating: Array(0..<500), count: 4))
    }

    @Test("a loop with the system's clock wakes by itself for a deadline")
    func systemClockDeadline() throws {
        let loop = try EventLoop()
        let pair = Pair()
        let recorder = Recorder()
        let registration = try loop.register(pair.near.number, interest: .readable, handler: recorder)
        loop.setDeadline(loop.readClock().advanced(by: .milliseconds(3)), of: registration)
        while recorder.deadlines == 0 { try loop.turn() }
        #expect(recorder.readiness.isEmpty)
    }
}
