import Testing

@testable import HTTPServer

private typealias State = HTTPConnectionState

/// One event, the action it must bring, and the phase it must lead to.
private struct Step: Sendable {
    var event: HTTPConnectionState.Event
    var action: HTTPConnectionState.Action
    var phase: HTTPConnectionState.Phase

    init(
        _ event: HTTPConnectionState.Event, _ action: HTTPConnectionState.Action, _ phase: HTTPConnectionState.Phase
    ) {
        (self.event, self.action, self.phase) = (event, action, phase)
    }
}

private struct Story: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var steps: [Step]

    init(_ name: String, _ steps: Step...) {
        testDescription = name
        self.steps = steps
    }
}

private let get = State.Event.headComplete(keepAlive: true, body: .none)
private let lastGet = State.Event.headComplete(keepAlive: false, body: .none)
private let post = State.Event.headComplete(keepAlive: true, body: .coming)
private let whole = State.Event.answered(isWhole: true, keepAlive: true)
private let begun = State.Event.answered(isWhole: false, keepAlive: true)

private let stories = [
    Story(
        "keep-alive", Step(get, .dispatch, .handling), Step(whole, .continueReading, .idle),
        Step(.outputSent, .none, .idle), Step(get, .dispatch, .handling), Step(whole, .continueReading, .idle)),
    Story(
        "the last request", Step(.headIncomplete, .none, .head), Step(lastGet, .dispatch, .handling),
        Step(whole, .flush, .flushing), Step(.outputSent, .shutdownWriting, .lingering),
        Step(.inputEnded, .close, .closed)),
    Story(
        "an answer that says close", Step(get, .dispatch, .handling),
        Step(.answered(isWhole: true, keepAlive: false), .flush, .flushing)),
    Story(
        "a body", Step(post, .none, .body), Step(.bodyComplete, .dispatch, .handling),
        Step(whole, .continueReading, .idle)),
    Story(
        "an awaited body", Step(.headComplete(keepAlive: true, body: .awaited), .sendContinue, .body),
        Step(.bodyComplete, .dispatch, .handling)),
    Story(
        "an unwanted body", Step(.headComplete(keepAlive: true, body: .unwanted), .dispatch, .handling),
        Step(whole, .flush, .flushing)),
    Story("an answer before the body's end", Step(post, .none, .body), Step(whole, .flush, .flushing)),
    Story(
        "a stream before the body's end closes after it", Step(post, .none, .body), Step(begun, .none, .streaming),
        Step(.streamComplete, .flush, .flushing)),
    Story(
        "a piece with the consumer", Step(post, .none, .body), Step(.chunkHandedOver, .none, .body),
        Step(.chunkTaken, .continueReading, .body), Step(.bodyComplete, .dispatch, .handling)),
    Story(
        "a streamed answer", Step(get, .dispatch, .handling), Step(begun, .none, .streaming),
        Step(.outputBlocked, .none, .streaming), Step(.outputSent, .none, .streaming),
        Step(.streamComplete, .continueReading, .idle)),
    Story(
        "malformed", Step(.headIncomplete, .none, .head), Step(.requestRefused, .flush, .flushing),
        Step(.outputBlocked, .none, .flushing), Step(.outputSent, .shutdownWriting, .lingering),
        Step(.deadlinePassed, .close, .closed)),
    Story(
        "a slow head", Step(.headIncomplete, .none, .head), Step(.deadlinePassed, .refuseAsTooSlow, .head),
        Step(.requestRefused, .flush, .flushing)),
    Story(
        "a slow body", Step(post, .none, .body), Step(.deadlinePassed, .refuseAsTooSlow, .body),
        Step(.requestRefused, .flush, .flushing)),
    Story("a long rest", Step(.deadlinePassed, .flush, .flushing), Step(.outputSent, .shutdownWriting, .lingering)),
    Story(
        "a client that does not read", Step(get, .dispatch, .handling), Step(whole, .continueReading, .idle),
        Step(.outputBlocked, .none, .idle), Step(.deadlinePassed, .close, .closed)),
    Story(
        "a client that reads again", Step(get, .dispatch, .handling), Step(whole, .continueReading, .idle),
        Step(.outputBlocked, .none, .idle), Step(.outputSent, .continueReading, .idle)),
    Story("the end between requests", Step(.inputEnded, .flush, .flushing), Step(.outputSent, .closeInOrder, .closed)),
    Story(
        "the end within a head", Step(.headIncomplete, .none, .head), Step(.inputEnded, .flush, .flushing),
        Step(.outputSent, .closeInOrder, .closed)),
    Story("the end within a body", Step(post, .none, .body), Step(.inputEnded, .flush, .flushing)),
    Story("broken while handling", Step(get, .dispatch, .handling), Step(.transportFailed, .close, .closed)),
    Story(
        "an answer after the end is ignored", Step(get, .dispatch, .handling), Step(.transportFailed, .close, .closed),
        Step(whole, .none, .closed)),
    Story("draining before the first request", Step(.drain, .none, .idle), Step(.deadlinePassed, .flush, .flushing)),
    Story(
        "draining with the first request", Step(.drain, .none, .idle), Step(get, .dispatch, .handling),
        Step(whole, .flush, .flushing)),
    Story(
        "draining at rest", Step(get, .dispatch, .handling), Step(whole, .continueReading, .idle),
        Step(.drain, .flush, .flushing), Step(.outputSent, .shutdownWriting, .lingering)),
    Story(
        "draining within a body", Step(post, .none, .body), Step(.drain, .none, .body),
        Step(.bodyComplete, .dispatch, .handling), Step(whole, .flush, .flushing)),
    Story(
        "draining a stream", Step(get, .dispatch, .handling), Step(begun, .none, .streaming),
        Step(.drain, .finishStream, .streaming), Step(.streamComplete, .flush, .flushing)),
    Story(
        "a stream that has nothing to say", Step(get, .dispatch, .handling), Step(begun, .none, .streaming),
        Step(.deadlinePassed, .beat, .streaming)),
    Story(
        "no deadline while the handler works", Step(get, .dispatch, .handling), Step(.deadlinePassed, .none, .handling)),
]

@Suite("Connection state")
struct HTTPConnectionStateTests {
    @Test("every event brings its action and leads to its phase", arguments: stories)
    private func story(_ story: Story) {
        var state = State()
        for (index, step) in story.steps.enumerated() {
            #expect(state.handle(step.event) == step.action, "step \(index): \(step.event)")
            #expect(state.phase == step.phase, "step \(index): \(step.event)")
        }
    }

    /// Events that lead from the beginning to a phase, and what holds there.
    @Test(
        "each phase has its deadline, and wants input or not",
        arguments: [
            ([], .idle, true), ([.headIncomplete], .fieldSection, true), ([post], .body, true),
            ([post, .chunkHandedOver], .none, false), ([post, .outputBlocked], .write, false),
            ([get], .none, false), ([get, begun], .heartbeat, false), ([get, begun, .outputBlocked], .write, false),
            ([get, whole, .outputBlocked], .write, false), ([get, whole], .idle, true),
            ([.requestRefused], .write, false), ([.requestRefused, .outputSent], .linger, true),
            ([.drain], .drainGrace, true), ([.drain, .headIncomplete], .fieldSection, true),
            ([.transportFailed], .none, false),
        ] as [([HTTPConnectionState.Event], HTTPConnectionState.Deadline, Bool)])
    func properties(events: [HTTPConnectionState.Event], deadline: HTTPConnectionState.Deadline, wantsInput: Bool) {
        var state = State()
        for event in events { _ = state.handle(event) }
        #expect(state.deadline == deadline)
        #expect(state.wantsInput == wantsInput)
    }

    @Test("an encrypted connection begins with a handshake, which has a deadline of its own and no answer")
    func handshake() {
        var state = State(isEncrypted: true)
        #expect(state.phase == .handshaking && state.deadline == .handshake && state.wantsInput)
        #expect(state.handle(.handshakeComplete) == .continueReading)
        #expect(state.phase == .idle && state.deadline == .idle)
        for event in [State.Event.deadlinePassed, .inputEnded, .transportFailed] {
            var state = State(isEncrypted: true)
            #expect(state.handle(event) == .close)
        }
    }

    @Test("what has closed stays closed, whatever happens")
    func closedIsFinal() {
        let events: [State.Event] = [
            .headIncomplete, get, .bodyComplete, whole, .streamComplete, .requestRefused, .outputBlocked, .outputSent,
            .inputEnded, .deadlinePassed, .drain, .transportFailed, .chunkHandedOver, .chunkTaken,
        ]
        var state = State()
        _ = state.handle(.transportFailed)
        let closed = state
        for event in events {
            #expect(state.handle(event) == .none)
            #expect(state == closed)
        }
    }
}
