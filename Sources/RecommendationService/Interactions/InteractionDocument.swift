import Dispatch
import HTTP
import HTTPServer
import InteractionFormats
import InteractionStorage
import JSON
import Locking

/// The body of `POST /interactions` as one JSON document: a single interaction, or `{"interactions": […]}`.
// Unchecked: of a consumer's calls there are never two at once, and each thread hands it to the next by a queue; after the last
// piece the body does not change.
final class InteractionDocument: RequestBodyConsumer, @unchecked Sendable {
    /// What all documents have to do with: one reference, for a copy would count a dozen for each request.
    final class Setting: Sendable {
        let recorder: InteractionRecorder
        /// Bytes of a document.
        let maximumLength: Int
        let limits: InteractionLimits
        let quarantine: Quarantine
        /// For documents of one interaction.
        fileprivate let decoders: LendingPool<FlatInteractionDecoder>

        init(
            recorder: InteractionRecorder, maximumLength: Int, limits: InteractionLimits, quarantine: Quarantine
        ) {
            self.recorder = recorder
            self.maximumLength = maximumLength
            self.limits = limits
            self.quarantine = quarantine
            decoders = LendingPool(limit: 16) { FlatInteractionDecoder(limits: limits) }
        }

        /// Throws if the head announces more than a document may have.
        func check(_ framing: HTTPBodyFraming) throws(Problem) {
            guard case .contentLength(let length) = framing, length > UInt64(maximumLength) else { return }
            throw tooLarge
        }

        fileprivate var tooLarge: Problem {
            Problem(
                .contentTooLarge,
                "A JSON body may have \(maximumLength) bytes here; NDJSON (application/x-ndjson) has no limit.")
        }
    }

    private let setting: Setting
    private let isPartial: Bool
    private let idempotencyKey: String?
    private let begun: Int64
    private let reservation: ContentBudget.Reservation
    private var body: [UInt8] = []
    /// A few dozen interactions are read in less time than another thread is woken in.
    var loopLimit: Int { 4096 }

    init(
        _ setting: Setting, isPartial: Bool, idempotencyKey: String?, begunAfter begun: Int64,
        reservation: ContentBudget.Reservation
    ) {
        self.setting = setting
        self.isPartial = isPartial
        self.idempotencyKey = idempotencyKey
        self.begun = begun
        self.reservation = reservation
    }

    func consume(_ chunk: [UInt8]) -> HTTPResponse? {
        if body.isEmpty { body = chunk } else { body += chunk }
        guard body.count <= setting.maximumLength else { return setting.tooLarge.response() }
        guard reservation.grow(to: body.count) else {
            let detail = "As many bodies are held in memory as may be just now."
            return Problem(.serviceUnavailable, detail, retryAfterSeconds: 1).response()
        }
        return nil
    }

    func finish(_ respond: @escaping @Sendable (HTTPResponse) -> Void) {
        // With the answer, not when this is let go of: the client's next request may come before that.
        let respond: @Sendable (HTTPResponse) -> Void = { [reservation] response in
            reservation.clear()
            respond(response)
        }
        let decoded: Decoded
        do {
            decoded = try decode()
            try setting.recorder.checkCount(decoded.interactions)
        } catch {
            return respond(error.response())
        }
        // A key stands for the whole document: also for one of bad elements alone, or of none.
        guard !decoded.interactions.isEmpty || idempotencyKey != nil else {
            return tell(AppendReceipt(stored: 0, duplicates: 0, watermark: 0), decoded, respond)
        }
        setting.recorder.append(
            decoded.interactions, idempotencyKey: idempotencyKey, companions: companions(decoded), begunAfter: begun
        ) { [self] result in
            switch result {
            case .success(let receipt): tell(receipt, decoded, respond)
            case .failure(let error): respond(Problem(error).response())
            }
        }
    }

    /// What stands for a document with bad elements, where a retry must be told from another.
    private func companions(_ decoded: Decoded) -> UInt64? {
        guard idempotencyKey != nil, decoded.rejected > 0 else { return nil }
        var hash = StableHash()
        hash.combine(body)
        return hash.value
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
        /// Where those others stand that are kept: the last ones, for newer rows push older ones out.
        var refused: [Int] = []

        /// Notes one of the others, where the last `limit` are kept.
        mutating func refuse(_ index: Int, keeping limit: Int) {
            rejected += 1
            guard limit > 0 else { return }
            // Seldom, as all that stay are moved.
            if refused.count >= 2 * limit { refused.removeFirst(refused.count - limit) }
            refused.append(index)
        }
    }

    private static let list = "interactions"
    /// What an interaction takes, about: room for as many as there may be costs nothing until it is used.
    private static let usualLength = 64

    private func decode() throws(Problem) -> Decoded {
        if let interaction = decodeFaultless() { return Decoded(interactions: [interaction]) }
        var decoded = Decoded()
        let (text, limits) = (body, setting.limits)
        lazy var decoder = FlatInteractionDecoder(limits: limits)
        let (place, kept) = (JSONPointer("/\(Self.list)"), setting.quarantine.settings.rows)
        let root = try RequestBody.json(in: text, eachElementOf: Self.list) { index, element in
            if index == 0 {
                decoded = Decoded()
                decoded.interactions.reserveCapacity(text.count / Self.usualLength)
            }
            let interaction = decoder.decode(element, at: place.appending(index), faults: &decoded.faults)
            if let interaction {
                decoded.interactions.append(interaction)
            } else {
                decoded.refuse(index, keeping: kept)
            }
        }.root
        let isPartial: Bool
        if root.kind == .object && root[Self.list] != nil {
            isPartial = try isPartialList(root)
        } else {
            isPartial = self.isPartial
            if let interaction = InteractionDecoder.decode(root, limits: limits, faults: &decoded.faults) {
                decoded.interactions.append(interaction)
            } else {
                decoded.refuse(0, keeping: kept)
            }
        }
        guard decoded.faults.isEmpty || isPartial else { throw Problem(faults: decoded.faults) }
        return decoded
    }

    /// The one interaction that the body is, if it is short and has no fault, as nearly all are; nil: it is to be read with care.
    private func decodeFaultless() -> Interaction? {
        let text = body
        guard text.count <= loopLimit, !text.contains(UInt8(ascii: "[")) else { return nil }
        return setting.decoders.lend { $0.decode(text.span) }
    }

    /// What a document with a list says of bad elements; throws where anything but an element is at fault.
    private func isPartialList(_ root: JSONValue) throws(Problem) -> Bool {
        var faults = JSONFaults()
        let object = JSONObjectDecoder(root, knownMembers: [Self.list, "partial"], faults: &faults)
        let isPartial = object?.bool("partial", &faults) ?? isPartial
        _ = object?.require(Self.list, &faults)?.decodeArray(&faults)
        guard faults.isEmpty else { throw Problem(faults: faults) }
        return isPartial
    }

    /// Keeps the bad ones and tells of all.
    private func answer(_ receipt: AppendReceipt, _ decoded: Decoded) -> HTTPResponse {
        Answer.or { () throws(Problem) in
            let quarantined = try Answer.storing { () throws(StoreError) in try keep(decoded) }
            return report(receipt, decoded, quarantined)
        }
    }

    /// Keeps the last of the bad ones. They are read a second time, some thousand at a time: what is said of each is longer than
    /// the element may be.
    private func keep(_ decoded: Decoded) throws(StoreError) -> InteractionReport.Quarantined? {
        guard !decoded.refused.isEmpty else { return nil }
        var places = decoded.refused.suffix(setting.quarantine.settings.rows)
        var intake = QuarantineIntake(setting.quarantine, format: .json, name: idempotencyKey, begunAfter: begun)
        let limits = setting.quarantine.limits(setting.limits)
        var failure: StoreError?
        func take(_ index: Int, _ element: JSONValue) {
            guard failure == nil, places.first == index else { return }
            places.removeFirst()
            intake.add(InteractionDecoder.fault(of: element, line: index, limits: limits))
            do throws(StoreError) { try intake.keep(isLast: places.isEmpty) } catch { failure = error }
        }
        let text = body
        if let root = try? RequestBody.json(in: text, eachElementOf: Self.list, take).root, root[Self.list] == nil {
            take(0, root)
        }
        if let failure { throw failure }
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
