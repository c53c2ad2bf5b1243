import HTTP
import HTTPServer
import InteractionStorage
import JSON
import Locking
import NCF

/// `/datasets`: what is wrong with the data, or odd about them, before anything is trained.
struct DatasetRoutes: Sendable {
    let store: any InteractionStore
    let kinds: InteractionKinds
    let cleaning: CleaningRules
    let clock: WallClock
    private let isInspecting = Lock(false)

    init(store: any InteractionStore, kinds: InteractionKinds, cleaning: CleaningRules, clock: WallClock) {
        self.store = store
        self.kinds = kinds
        self.cleaning = cleaning
        self.clock = clock
    }

    func register(in router: inout Router) {
        router.addOffloaded(.post, "/datasets/inspect", as: .bulk, refusing: RequestBody.refusal, inspect)
    }

    /// One at a time, for each holds all that is stored in memory. Nothing is changed.
    private func inspect(_ request: ServerRequest) throws(Problem) -> HTTPResponse {
        try QueryParameters.refuse(in: request)
        let rules = try self.rules(RequestBody.json(of: request, emptyMeans: "{}"))
        let isFirst = isInspecting.withLock { isInspecting in
            defer { isInspecting = true }
            return !isInspecting
        }
        guard isFirst else {
            throw Problem(.serviceUnavailable, "The data are being inspected already.", retryAfterSeconds: 10)
        }
        defer { isInspecting.withLock { $0 = false } }
        let summary = try summary(by: rules)
        return Answer.json { writer in writer.object { summary.write(into: &$0) } }
    }

    private func rules(_ document: JSONDocument) throws(Problem) -> CleaningRules {
        var faults = JSONFaults()
        let body = JSONObjectDecoder(document.root, knownMembers: CleaningRules.members, faults: &faults)
        let rules = body.map { CleaningRules($0, instead: cleaning, &faults) }
        guard let rules, faults.isEmpty else { throw Problem(faults: faults) }
        return rules
    }

    private func summary(by rules: CleaningRules) throws(Problem) -> DataSummary {
        do {
            let loaded = try StoredDataset.load(from: store, kinds: kinds, now: clock.milliseconds())
            return DataSummary(loaded.dataset.inspected(by: rules).dataset, watermark: loaded.watermark)
        } catch {
            guard case .failed(let reason) = error else {
                throw Problem(.serviceUnavailable, "The inspection was ended.")
            }
            throw Problem(.serviceUnavailable, reason, retryAfterSeconds: 10)
        }
    }
}
