import Dispatch
import HTTP
import HTTPServer
import InteractionFormats
import InteractionStorage
import JSON
import Locking

/// The body of `POST /interactions` as one JSON document: a single interaction, or `{"interactions": […]}`.
final class InteractionDocument: RequestBodyConsumer {
    private let recorder: InteractionRecorder
    private let isPartial: Bool
    private let idempotencyKey: String?
    private let maximumLength: Int
    private let begun: Int64
    private let limits: InteractionLimits
    private let quarantine: Quarantine
    private let reservation: ContentBudget.Reservation
    private let body = Lock<[UInt8]>([])
    /// A few dozen interactions are read in less time than another thread is woken in.
    let loopLimit = 4096

    init(
        recorder: InteractionRecorder, isPartial: Bool, idempotencyKey: String?, maximumLength: Int,
        limits: InteractionLimits, quarantine: Quarantine, reservation: ContentBudget.Reservation
    ) {
        self.recorder = recorder
        self.isPartial = isPartial
        self.idempotencyKey = idempotencyKey
        self.maximumLength = maximumLength
        begun = recorder.erasures.last
        self.limits = limits
        self.quarantine = quarantine
        self.reservation = reservation
    }

    func consume(_ chunk: [UInt8]) -> HTTPResponse? {
        let length = body.withLock { body in
            body += chunk
            return body.count
        }
        guard length <= maximumLength else { return Self.tooLarge(maximumLength).response() }
        guard reservation.grow(to: length) else {
            let detail = "As many bodies are held in memory as may be just now."
            return Problem(.serviceUnavailable, detail, retryAfterSeconds: 1).response()
        }
        return nil
    }

    /// Throws if the head announces more than a document may have.
    static func check(_ framing: HTTPBodyFraming, maximumLength: Int) throws(Problem) {
        guard case .contentLength(let length) = framing, length > UInt64(maximumLength) else { return }
        throw tooLarge(maximumLength)
    }

    private static func tooLarge(_ maximumLength: Int) -> Problem {
        Problem(
            .contentTooLarge,
            "A JSON body may have \(maximumLength) bytes here; NDJSON (application/x-ndjson) has no limit.")
    }

    func finish(_ respond: @escaping @Sendable (HTTPResponse) -> Void) {
        let decoded: Decoded
        do {
            decoded = try decode()
            try recorder.checkCount(decoded.interactions)
        } catch {
            return respond(error.response())
        }
        guard !decoded.interactions.isEmpty else {
            return tell(AppendReceipt(stored: 0, duplicates: 0, watermark: 0), decoded, respond)
        }
        recorder.append(decoded.interactions, idempotencyKey: idempotencyKey, begunAfter: begun) { [self] result in
            switch result {
            case .success(let receipt): tell(receipt, decoded, respond)
            case .failure(let error): respond(Problem(error).response())
            }
        }
    }

    private func tell(
        _ receipt: AppendReceipt, _ decoded: Decoded, _ respond: @escaping @Sendable (HTTPResponse) -> Void
    ) {
        guard !decoded.refused.isEmpty else { return respond(answer(receipt, decoded)) }
        // The quarantine is on the disk, for which the answers of others may not wait.
        DispatchQueue.global().async { [self] in respond(answer(receipt, decoded)) }
    }

    func cancel() {}

    /// The interactions of a body, and what was wrong with the others.
    private struct Decoded {
        var interactions: [Interaction] = []
        var faults = JSONFaults()
        var rejected = 0
        /// Those others, where they are kept.
        var refused: [RowFault] = []
    }

    private func decode() throws(Problem) -> Decoded {
        let document = try RequestBody.json(in: body.withLock { $0 })
        var decoded = Decoded()
        var isPartial = isPartial
        let isList = document.root.kind == .object && document.root["interactions"] != nil
        if isList,
            let object = JSONObjectDecoder(
                document.root, knownMembers: ["interactions", "partial"], faults: &decoded.faults)
        {
            isPartial = object.bool("partial", &decoded.faults) ?? isPartial
            let list = object.require("interactions", &decoded.faults)?.decodeArray(&decoded.faults)
            guard decoded.faults.isEmpty, let list else { throw Problem(faults: decoded.faults) }
            let decoder = FlatInteractionDecoder(limits: limits)
            decoded.interactions.reserveCapacity(list.count)
            list.forEachElement { index, element in
                let interaction = decoder.decode(element, faults: &decoded.faults)
                note(interaction, element, index, isKept: isPartial && quarantine.isOpen, in: &decoded)
            }
        } else {
            let interaction = InteractionDecoder.decode(document.root, limits: limits, faults: &decoded.faults)
            note(interaction, document.root, 0, isKept: isPartial && quarantine.isOpen, in: &decoded)
        }
        guard decoded.faults.isEmpty || isPartial else { throw Problem(faults: decoded.faults) }
        return decoded
    }

    /// Takes what was made of an element, or keeps the element.
    private func note(
        _ interaction: Interaction?, _ value: JSONValue, _ index: Int, isKept: Bool, in decoded: inout Decoded
    ) {
        if let interaction {
            decoded.interactions.append(interaction)
        } else {
            decoded.rejected += 1
            guard isKept else { return }
            decoded.refused.append(
                InteractionDecoder.fault(of: value, line: index, limits: quarantine.limits(limits)))
        }
    }

    /// Keeps the bad ones and tells of all.
    private func answer(_ receipt: AppendReceipt, _ decoded: Decoded) -> HTTPResponse {
        Answer.or { () throws(Problem) in
            let quarantined = try Answer.storing { () throws(StoreError) in try keep(decoded.refused) }
            return report(receipt, decoded, quarantined)
        }
    }

    private func keep(_ refused: [RowFault]) throws(StoreError) -> InteractionReport.Quarantined? {
        guard !refused.isEmpty else { return nil }
        var intake = QuarantineIntake(quarantine, format: .json, name: idempotencyKey, begunAfter: begun)
        for fault in refused { intake.add(fault) }
        try intake.keep(isLast: true)
        return .init(upload: intake.upload, rows: intake.kept)
    }

    private func report(
        _ receipt: AppendReceipt, _ decoded: Decoded, _ quarantined: InteractionReport.Quarantined?
    ) -> HTTPResponse {
        InteractionReport(
            stored: receipt.stored, duplicates: receipt.duplicates, erased: receipt.erased, rejected: decoded.rejected,
            quarantined: quarantined,
            faults: decoded.faults.faults
        ).response()
    }
}
