internal import Glibc
internal import JSON

/// A file that a training leaves after every epoch, and goes on from when it is started again: what it trains to has the same bytes as
/// if it had never ended.
///
/// The file appears whole or not at all, and replaces the epoch's before. A checkpoint of other data or settings (threads
/// apart), or one that is damaged, is as good as none: the training starts from the beginning and replaces it. Any other file
/// stays (``Trainer/checkCheckpoint(at:)``).
struct TrainingCheckpoint {
    /// Where a training stood.
    struct State {
        /// One for each epoch behind it, the closed form's included.
        var reports: [EpochReport] = []
        /// The best one.
        var bestEpoch = 0
        /// Steps that the dense parameters have taken.
        var stepCount = 0
        /// The model's numbers in the best epoch, where a holdout tells which that is.
        var best: [SafetensorsTensor] = []
    }

    static let format = "checkpoint 1"

    let path: String
    private let settings: String
    private let data: String

    /// The checkpoint at `path` of the training of `dataset` with `settings`.
    init(
        path: String, dataset: InteractionDataset, holdout: Holdout?, features: ItemFeatures? = nil,
        settings: Hyperparameters
    ) {
        self.path = path
        var alike = settings
        alike.threads = 1
        var writer = JSONWriter()
        writer.object(alike.encode)
        self.settings = String(decoding: writer.bytes, as: UTF8.self)
        let fingerprint = Self.fingerprint(dataset, holdout)
        // What an older program left of ratings is in other units.
        let unit = settings.objective == .rating ? "deviations" : nil
        data = [fingerprint, features.map { "\($0.fingerprint)" }, unit].compactMap { $0 }.joined(separator: " ")
    }

    /// Leaves `state` and all numbers of `model` in the file.
    func write(_ state: State, _ model: TrainableModel) throws(SnapshotFileError) {
        var writer = JSONWriter()
        writer.array { list in
            for report in state.reports { list.object(report.encode) }
        }
        // They are the model's own while that epoch is the last.
        let best = state.bestEpoch == state.reports.last?.epoch ? [] : state.best
        let tensors = model.checkpointParts(withState: true).compactMap(\.view) + best
        var metadata = [
            "nectar": Self.format, "settings": settings, "data": data, "best_epoch": "\(state.bestEpoch)",
            "steps": "\(state.stepCount)", "reports": String(decoding: writer.bytes, as: UTF8.self),
        ]
        metadata["checksum"] = Self.checksum(metadata, tensors)
        _ = try SafetensorsFile.write(tensors, metadata: metadata, to: path, replacing: true)
    }

    /// Puts the numbers of the file into `model`; nil, and `model` as it was, where there is none that fits.
    func read(into model: TrainableModel) -> State? {
        guard let file = try? SafetensorsFile(path: path), file.metadata["nectar"] == Self.format,
            file.metadata["settings"] == settings, file.metadata["data"] == data,
            let bestEpoch = file.metadata["best_epoch"].flatMap(Int.init),
            let stepCount = file.metadata["steps"].flatMap(Int.init),
            let list = file.metadata["reports"].flatMap({ try? JSONParser().parse(Array($0.utf8)).root })
        else { return nil }
        let reports = list.elements.compactMap(EpochReport.init(json:))
        let parts = model.checkpointParts(withState: true).filter { $0.count > 0 }
        let isLast = reports.last?.epoch == bestEpoch
        let best = (isLast ? [] : model.checkpointParts(withState: false)).filter { $0.count > 0 }.map {
            $0.named("best.\($0.name)")
        }
        let tensors = parts.compactMap { $0.tensor(in: file) }
        let bestTensors = best.compactMap { $0.tensor(in: file) }
        guard !reports.isEmpty, reports.count == Array(list.elements).count, tensors.count == parts.count,
            bestTensors.count == best.count,
            file.metadata["checksum"] == Self.checksum(file.metadata, tensors + bestTensors)
        else { return nil }
        for (part, tensor) in zip(parts, tensors) { part.set(tensor) }
        model.dense.transpose(weightsIn: 0..<model.dense.count)
        return State(
            reports: reports, bestEpoch: bestEpoch, stepCount: stepCount,
            best: isLast && reports.last?.validation != nil ? Self.best(of: model) : bestTensors)
    }

    /// The model's numbers as they are, under the names that those of the best epoch have.
    static func best(of model: TrainableModel) -> [SafetensorsTensor] {
        model.checkpointParts(withState: false).compactMap { $0.named("best.\($0.name)").tensor }
    }

    /// Of all that the file says, but this.
    private static func checksum(_ metadata: [String: String], _ tensors: [SafetensorsTensor]) -> String {
        var checksum = PayloadChecksum()
        for (name, text) in metadata.sorted(by: { $0.key < $1.key }) where name != "checksum" {
            unsafe Array("\(name)\n\(text)\n".utf8).withUnsafeBytes { unsafe checksum.update($0) }
        }
        for tensor in tensors {
            unsafe tensor.bytes.withUnsafeBufferPointer { unsafe checksum.update(UnsafeRawBufferPointer($0)) }
        }
        return String(checksum.finalize(), radix: 16)
    }

    /// Of all that training reads of the data: who interacted with what, in which order, how, and what is held out.
    private static func fingerprint(_ dataset: InteractionDataset, _ holdout: Holdout?) -> String {
        var checksum = PayloadChecksum()
        func add<Element: BitwiseCopyable>(_ values: [Element]) {
            unsafe withUnsafeBytes(of: values.count) { unsafe checksum.update($0) }
            unsafe values.withUnsafeBytes { unsafe checksum.update($0) }
        }
        add([dataset.userCount, dataset.itemCount])
        add(dataset.userOffsets)
        add(dataset.items)
        add(dataset.ratings)
        add(dataset.weights)
        for lists in [holdout?.items, holdout?.negatives] {
            add([lists?.count ?? -1])
            for list in lists ?? [] { add(list) }
        }
        for list in holdout?.ratings ?? [] { add(list) }
        return String(checksum.finalize(), radix: 16)
    }
}

/// Some numbers of a training under a name.
enum CheckpointPart {
    case numbers(String, AlignedBuffer<Float>)
    case counts(String, AlignedBuffer<Int32>)

    var name: String {
        switch self {
        case .numbers(let name, _), .counts(let name, _): name
        }
    }

    var count: Int {
        switch self {
        case .numbers(_, let buffer): buffer.count
        case .counts(_, let buffer): buffer.count
        }
    }

    /// The same numbers under another name.
    func named(_ name: String) -> CheckpointPart {
        switch self {
        case .numbers(_, let buffer): .numbers(name, buffer)
        case .counts(_, let buffer): .counts(name, buffer)
        }
    }

    /// The numbers themselves, to be written before anything changes them; nil where there are none.
    var view: SafetensorsTensor? {
        guard count > 0 else { return nil }
        func view<Element: SafetensorsElement>(_ buffer: AlignedBuffer<Element>) -> SafetensorsTensor {
            let elements = unsafe UnsafeBufferPointer(start: buffer.base, count: buffer.count)
            return unsafe SafetensorsTensor(name, FrozenArray(viewing: elements, owner: buffer), shape: [count])
        }
        return switch self {
        case .numbers(_, let buffer): view(buffer)
        case .counts(_, let buffer): view(buffer)
        }
    }

    /// A copy; nil where there are none.
    var tensor: SafetensorsTensor? {
        guard count > 0 else { return nil }
        return switch self {
        case .numbers(let name, let buffer): SafetensorsTensor(name, FrozenArray(buffer.array), shape: [count])
        case .counts(let name, let buffer): SafetensorsTensor(name, FrozenArray(buffer.array), shape: [count])
        }
    }

    /// The file's, if it has as many.
    func tensor(in file: SafetensorsFile) -> SafetensorsTensor? {
        switch self {
        case .numbers(let name, _):
            (try? file.elements(name, of: Float.self, shape: [count])).map {
                SafetensorsTensor(name, $0, shape: [count])
            }
        case .counts(let name, _):
            (try? file.elements(name, of: Int32.self, shape: [count])).map {
                SafetensorsTensor(name, $0, shape: [count])
            }
        }
    }

    /// Takes the numbers of a tensor of as many.
    func set(_ tensor: SafetensorsTensor) {
        let target: UnsafeMutableRawPointer =
            switch self {
            case .numbers(_, let buffer): unsafe UnsafeMutableRawPointer(buffer.base)
            case .counts(_, let buffer): unsafe UnsafeMutableRawPointer(buffer.base)
            }
        // Both kinds have 4 bytes.
        precondition(tensor.bytes.count == 4 * count)
        unsafe tensor.bytes.withUnsafeBufferPointer { bytes in
            guard let source = bytes.baseAddress else { return }
            unsafe target.copyMemory(from: source, byteCount: bytes.count)
        }
    }
}

extension TrainableModel {
    /// Everything that training changes, what optimisers remember only where asked for.
    func checkpointParts(withState: Bool) -> [CheckpointPart] {
        users.checkpointParts("users", withState) + items.checkpointParts("items", withState)
            + dense.checkpointParts("dense", withState) + (histories?.checkpointParts("histories", withState) ?? [])
    }
}

extension EpochReport {
    /// Writes what ``init(json:)`` reads; figures that are not finite are null there.
    func encode(_ object: inout JSONWriter) {
        object.member("epoch", epoch)
        object.member("of", of)
        object.member("loss", loss)
        object.member("samples", samples)
        object.member("seconds", seconds)
        object.member("validation_seconds", validationSeconds)
        guard let validation else { return }
        object.member("criterion", validation.criterion)
        object.member("higher_is_better", validation.higherIsBetter)
        object.key("metrics")
        object.object { metrics in
            for (name, figure) in validation.metrics.sorted(by: { $0.key < $1.key }) { metrics.member(name, figure) }
        }
    }

    /// nil where a member is missing.
    init?(json: JSONValue) {
        guard let epoch = json["epoch"]?.int, let of = json["of"]?.int, let loss = json["loss"]?.double,
            let samples = json["samples"]?.int, let seconds = json["seconds"]?.double,
            let validationSeconds = json["validation_seconds"]?.double
        else { return nil }
        self.init(
            epoch: epoch, of: of, loss: loss, samples: samples, seconds: seconds, validationSeconds: validationSeconds)
        guard let criterion = json["criterion"]?.string else { return }
        guard let isHigher = json["higher_is_better"]?.bool, let metrics = json["metrics"] else { return nil }
        var figures: [String: Double] = [:]
        for (name, value) in metrics.members { figures[name] = value.double ?? .nan }
        validation = ValidationReport(
            criterion: criterion, value: figures[criterion] ?? .nan, higherIsBetter: isHigher, metrics: figures)
    }
}
