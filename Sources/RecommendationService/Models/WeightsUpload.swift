import HTTP
import HTTPServer
import InteractionStorage
import Locking
import NCF

/// The body of `PUT /models/{version}/weights`: spooled to a file without a name, checked as a whole, and only then a model.
///
/// Of what is refused nothing is kept: the spool goes with the request, and a version is given out after the last check.
final class WeightsUpload: RequestBodyConsumer {
    private struct State: ~Copyable {
        var spool: UploadSpool
        var length = 0
        /// The first bytes, until there are enough to see what they begin.
        var beginning: [UInt8] = []
    }

    /// Nil for whichever is next.
    private let version: Int?
    private let models: ModelStore
    private let store: any InteractionStore
    /// What the kinds of interaction mean, for what its users have seen.
    private let kinds: InteractionKinds
    private let maximumLength: Int
    private let clock: WallClock
    private let state: Lock<State>

    init(
        version: Int?, models: ModelStore, store: any InteractionStore, kinds: InteractionKinds, spoolDirectory: String,
        contentBudget: ContentBudget, maximumLength: Int, clock: WallClock
    ) {
        self.version = version
        self.models = models
        self.store = store
        self.kinds = kinds
        self.maximumLength = maximumLength
        self.clock = clock
        state = Lock(State(spool: UploadSpool(directory: spoolDirectory, budget: contentBudget)))
    }

    func consume(_ chunk: [UInt8]) -> HTTPResponse? {
        state.withLock { state in
            do throws(Problem) {
                if state.length == 0 { try checkVersion() }
                state.length += chunk.count
                guard state.length <= maximumLength else { throw Self.tooLarge(maximumLength) }
                try Self.checkBeginning(chunk, &state)
                try InteractionUpload.spooling { () throws(UploadSpool.Failure) in try state.spool.append(chunk) }
                return nil
            } catch {
                return error.response()
            }
        }
    }

    func finish(_ respond: @escaping @Sendable (HTTPResponse) -> Void) {
        respond(
            state.withLock { state in
                Answer.or { () throws(Problem) in
                    try checkVersion()
                    return try keep(try Self.read(&state.spool))
                }
            })
    }

    func cancel() {}

    /// More bytes than are taken.
    static func tooLarge(_ limit: Int) -> Problem {
        Problem(.contentTooLarge, "A model's weights may have \(limit) bytes here (models.weights_bytes).")
    }

    /// Whoever sends something else by mistake is told before it has all been sent.
    private static func checkBeginning(_ chunk: [UInt8], _ state: inout State) throws(Problem) {
        guard state.beginning.count < 8 else { return }
        state.beginning += chunk.prefix(8 - state.beginning.count)
        if let reason = ImportedModel.refusal(ofBeginning: state.beginning) { throw refusal(reason) }
    }

    private static func read(_ spool: inout UploadSpool) throws(Problem) -> ImportedModel {
        let descriptor = try InteractionUpload.spooling { () throws(UploadSpool.Failure) in try spool.descriptor() }
        do {
            return try ImportedModel(weightsIn: descriptor)
        } catch {
            throw refusal(error.reason)
        }
    }

    private static func refusal(_ reason: String) -> Problem {
        Problem(.unprocessableContent, "These weights cannot be served: \(reason).")
    }

    /// Makes a model of it, on disk; publishing it is another request.
    private func keep(_ model: ImportedModel) throws(Problem) -> HTTPResponse {
        let (erasures, stored): (Int64, StoredDataset)
        do {
            erasures = try store.tombstones(after: .max).last
            stored = try StoredDataset.load(from: store, kinds: kinds)
        } catch {
            throw Problem(.serviceUnavailable, "What is stored could not be read.", retryAfterSeconds: 5)
        }
        let version = try reserve()
        let snapshot = model.snapshot(
            version: version, stored: stored.dataset, watermark: stored.watermark, createdAt: clock.milliseconds(),
            erasures: erasures)
        do {
            // What was learned elsewhere knows nothing of erasures here, but it must not bring anybody back.
            try models.publish(snapshot, serves: false) { snapshot throws(SnapshotFileError) in
                try ErasureBarrier(store: store, after: 0).without(
                    snapshot, knownTo: stored.dataset, at: erasures)
            }
        } catch {
            throw Problem(.insufficientStorage, "\(snapshot.name) could not be written: \(error).")
        }
        guard let summary = models.versions().first(where: { $0.version == version }) else {
            throw Problem(.internalServerError, "\(snapshot.name) was written and is not there.")
        }
        return Answer.json(.created, fields: [.location: "/models/\(snapshot.name)"]) { summary.write(into: &$0) }
    }

    private func reserve() throws(Problem) -> Int {
        do {
            guard let version else { return try models.nextVersion() }
            if try models.reserve(version: version) { return version }
        } catch {
            throw Problem(.insufficientStorage, "No version could be given out: \(error).")
        }
        throw taken
    }

    private func checkVersion() throws(Problem) {
        if let version, !models.canReserve(version: version) { throw taken }
    }

    private var taken: Problem {
        Problem(
            .conflict,
            "A model never changes, and numbers only grow: give a version greater than all before, and at most "
                + "\(ModelVersion.name(of: ModelStore.greatestReserved)), or PUT /models/next/weights.")
    }
}
