extension HTTPConnectionState {
    mutating func handshakeComplete() -> Action {
        phase = .idle
        return .continueReading
    }

    mutating func headIncomplete() -> Action {
        if phase == .idle { phase = .head }
        return .none
    }

    mutating func headComplete(_ keepAlive: Bool, _ body: Body) -> Action {
        precondition(phase == .idle || phase == .head, "a head within a request")
        requestCount &+= 1
        keepsAlive = keepAlive && body != .unwanted
        switch body {
        case .none, .unwanted:
            phase = .handling
            return .dispatch
        case .awaited:
            phase = .body
            return .sendContinue
        case .coming:
            phase = .body
            return .none
        }
    }

    mutating func handlerBusy(_ isBusy: Bool) -> Action {
        isHandlerBusy = isBusy
        return isBusy ? .none : .continueReading
    }

    mutating func bodyComplete() -> Action {
        guard phase == .body else { return .none }
        phase = .handling
        return .dispatch
    }

    mutating func answered(_ isWhole: Bool, _ keepAlive: Bool) -> Action {
        guard awaitsAnswer else { return .none }
        keepsAlive = !mustClose && keepAlive
        isHandlerBusy = false
        guard isWhole else {
            phase = .streaming
            return .none
        }
        return answerComplete()
    }

    mutating func streamComplete() -> Action {
        guard phase == .streaming else { return .none }
        return answerComplete()
    }

    mutating func requestRefused() -> Action {
        keepsAlive = false
        return answerComplete()
    }

    mutating func outputBlocked() -> Action {
        isOutputBlocked = true
        return .none
    }

    mutating func outputSent() -> Action {
        let wasBlocked = isOutputBlocked
        isOutputBlocked = false
        switch phase {
        case .flushing where hasInputEnded:
            phase = .closed
            return .closeInOrder
        case .flushing:
            phase = .lingering
            return .shutdownWriting
        case .idle, .head, .body: return wasBlocked ? .continueReading : .none
        default: return .none
        }
    }

    mutating func inputEnded() -> Action {
        hasInputEnded = true
        switch phase {
        // A message cut short is not processed (RFC 9112, section 8); the answers before it are still owed.
        case .idle, .head, .body:
            keepsAlive = false
            phase = .flushing
            return .flush
        case .handshaking, .lingering: return close()
        case .handling, .streaming, .flushing, .closed: return .none
        }
    }

    mutating func deadlinePassed() -> Action {
        switch deadline {
        case .none: return .none
        case .fieldSection, .body: return .refuseAsTooSlow
        case .idle, .drainGrace:
            phase = .flushing
            return .flush
        case .heartbeat: return .beat
        // Before the handshake is over there is nothing that could be told.
        case .handshake, .write, .linger: return close()
        }
    }

    mutating func drain() -> Action {
        isDraining = true
        switch phase {
        case .streaming: return .finishStream
        case .idle where requestCount > 0:
            phase = .flushing
            return .flush
        // One that was accepted just now has surely sent, or is about to send, a request: it gets the grace.
        default: return .none
        }
    }

    mutating func close() -> Action {
        phase = .closed
        return .close
    }

    private mutating func answerComplete() -> Action {
        if mustClose {
            phase = .flushing
            return .flush
        }
        phase = .idle
        return .continueReading
    }
}
