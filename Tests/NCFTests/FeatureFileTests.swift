import TestSupport
import Testing

@testable import NCF

@Suite("Features in a snapshot's file")
struct FeatureFileTests {
    private func written(
        _ model: ModelSnapshot, _ change: (inout [SafetensorsTensor]) -> Void = { _ in }
    ) throws
        -> (TemporaryDirectory, SnapshotManifest, String)
    {
        let directory = try TemporaryDirectory()
        let path = directory.file("model.safetensors")
        var tensors = model.tensors()
        change(&tensors)
        let receipt = try SafetensorsFile.write(tensors, to: path)
        return (directory, model.manifest(payload: receipt), path)
    }

    @Test("a model read back knows the same of items and users", arguments: [Architecture.mf, .neumf], [false, true])
    func roundTrip(architecture: Architecture, histories: Bool) throws {
        let data = TagsDecide()
        let (_, model) = try data.model(architecture, histories: histories)
        let (directory, manifest, path) = try written(model)
        defer { withExtendedLifetime(directory) {} }
        let read = try ModelSnapshot(manifest: manifest, payload: MappedFile(path: path))
        for (side, other) in [
            (model.features?.items, read.features?.items), (model.features?.users, read.features?.users),
        ] {
            #expect(side?.vocabulary == other?.vocabulary && side?.explained == other?.explained)
        }
        for item in 100..<110 {
            #expect(read.item(with: data.record(item: item)) == model.item(with: data.record(item: item)))
        }
        let features = try #require(model.userFeatures(of: data.record(user: 1)))
        #expect(read.user(with: features) == model.user(with: features))
        #expect(read.foldIn(items: [3], features: features) == model.foldIn(items: [3], features: features))
        let served = read.serving(ServingOptions(compactItems: true))
        #expect(served.features?.items?.vocabulary == model.features?.items?.vocabulary)
    }

    @Test("a file without features is a model without features")
    func withoutFeatures() throws {
        let (plain, _) = try TagsDecide().model(.mf)
        let (directory, manifest, path) = try written(plain)
        defer { withExtendedLifetime(directory) {} }
        #expect(try ModelSnapshot(manifest: manifest, payload: MappedFile(path: path)).features == nil)
    }

    static let hostile: [(document: String, words: String)] = [
        ("{", "JSON"), ("{}", "holds nothing"), ("[]", "holds nothing"), (#"{"items": {}}"#, "no features"),
        (#"{"items": {"fields": 5}}"#, "no features"), (#"{"items": {"fields": [5]}}"#, "field 0"),
        (#"{"items": {"fields": [{"source": "titles", "name": "", "labels": ["a"], "counts": [1]}]}}"#, "field 0"),
        (
            #"{"items": {"fields": [{"source": "tags", "name": "", "labels": ["a", "a"], "counts": [1, 1]}]}}"#,
            "field 0"
        ),
        (#"{"items": {"fields": [{"source": "tags", "name": "", "labels": ["a", 5], "counts": [1, 1]}]}}"#, "field 0"),
        (#"{"items": {"fields": [{"source": "tags", "name": "", "labels": ["a"], "counts": [1, 1]}]}}"#, "field 0"),
        (#"{"items": {"fields": [{"source": "tags", "name": "", "labels": ["a"], "counts": [1.5]}]}}"#, "field 0"),
        (
            #"{"items": {"fields": [{"source": "attribute", "name": "n", "bounds": [2, 1], "counts": [1, 1, 1]}]}}"#,
            "field 0"
        ),
        (#"{"items": {"fields": [{"source": "attribute", "name": "n", "bounds": [1], "counts": [1]}]}}"#, "field 0"),
        (#"{"items": {"fields": [{"source": "vector", "name": "v", "mean": [], "count": 1}]}}"#, "field 0"),
        (#"{"items": {"fields": [{"source": "tags", "name": "", "labels": ["a"], "counts": [1]}]}}"#, "features.items"),
        (
            "{\"items\": {\"fields\": ["
                + Array(
                    repeating:
                        #"{"source": "vector", "name": "v", "mean": [\#(String(repeating: "0,", count: 999))0], "count": 1}"#,
                    count: 5
                )
                .joined(separator: ",") + "]}}",
            "4096"
        ),
    ]

    @Test("a vocabulary that is none is refused with what is wrong", arguments: hostile)
    func hostileVocabulary(document: String, words: String) throws {
        let (_, model) = try TagsDecide().model(.mf)
        let (directory, manifest, path) = try written(model) { tensors in
            let bytes = FrozenArray(Array(document.utf8))
            tensors.removeAll { $0.name == "features.vocabulary" }
            tensors.append(SafetensorsTensor("features.vocabulary", bytes, shape: [bytes.count]))
        }
        defer { withExtendedLifetime(directory) {} }
        let error = #expect(throws: SnapshotFileError.self) {
            try ModelSnapshot(manifest: manifest, payload: MappedFile(path: path))
        }
        #expect(error?.reason.contains(words) == true, "\(error?.reason ?? "")")
    }

    @Test(
        "embeddings that are missing, or of another shape, are refused by name",
        arguments: ["features.items", "features.users"])
    func hostileEmbeddings(name: String) throws {
        let (_, model) = try TagsDecide().model(.mf)
        for shape in [nil, [1, 5], [9, 4], [2, 1, 5]] as [[Int]?] {
            let (directory, manifest, path) = try written(model) { tensors in
                tensors.removeAll { $0.name == name }
                guard let shape else { return }
                let zeros = FrozenArray([Float](repeating: 0, count: shape.reduce(1, *)))
                tensors.append(SafetensorsTensor(name, zeros, shape: shape))
            }
            defer { withExtendedLifetime(directory) {} }
            let error = #expect(throws: SnapshotFileError.self) {
                try ModelSnapshot(manifest: manifest, payload: MappedFile(path: path))
            }
            #expect(error?.reason.contains("\"\(name)\"") == true)
        }
    }

    @Test("numbers that are not finite make no prediction")
    func infinite() throws {
        let data = TagsDecide()
        let (_, model) = try data.model(.mf)
        let width = model.model.gmfWidth + model.model.mlpWidth + 1
        let count = try #require(model.features?.items?.vocabulary.count)
        let (directory, manifest, path) = try written(model) { tensors in
            let rows = FrozenArray([Float](repeating: .infinity, count: (count + 1) * width))
            tensors.removeAll { $0.name == "features.items" }
            tensors.append(SafetensorsTensor("features.items", rows, shape: [count + 1, width]))
        }
        defer { withExtendedLifetime(directory) {} }
        let read = try ModelSnapshot(manifest: manifest, payload: MappedFile(path: path))
        #expect(read.item(with: data.record(item: 100)) == nil)
    }

    @Test("weights that are given out have nothing of features, which mean nothing elsewhere")
    func weights() throws {
        let (plain, model) = try TagsDecide().model(.mf)
        #expect(model.exportedWeights().byteCount == plain.exportedWeights().byteCount)
    }
}
