import Dispatch
import Glibc
import Locking
import Synchronization
import Testing

@testable import NCF

@Suite("Reading while models are published")
struct ModelReaderTests {
    private let scratch = ScratchDirectory()

    /// A model in which every score is its version, so that a mixture of two would show.
    private func uniform(_ version: Int) -> ModelSnapshot {
        var parameters = ModelParameters(
            architecture: .mf, userCount: 2, itemCount: 64, embeddingDimension: 4, mlpEmbeddingDimension: 0,
            hiddenLayerSizes: [])
        parameters.globalBias = Float(version)
        return ModelSnapshot(
            version: version, dataset: ServingFixture.dataset(users: 2, items: 64, seed: 1), parameters: parameters,
            lineage: ServingFixture.lineage(createdAt: Int64(version)))
    }

    @Test("each reader sees whole models whose versions never go back")
    func concurrentReaders() throws {
        let store = try ModelStore(directory: scratch.path, keep: 2)
        try store.publish(uniform(1))
        let last = 40
        let faults = Atomic(0)
        let changes = Atomic(0)
        DispatchQueue.concurrentPerform(iterations: 5) { thread in
            if thread == 0 {
                for version in 2...last {
                    do throws(SnapshotFileError) {
                        try store.publish(uniform(version))
                    } catch {
                        faults.add(1, ordering: .relaxed)
                    }
                }
                return
            }
            var reader = ModelReader(store)
            var version = 0
            while version < last && faults.load(ordering: .relaxed) == 0 {
                // Half of the threads read as a loop does, half as a worker.
                guard let model = thread % 2 == 0 ? reader.current() : store.current else { continue }
                if model.version < version { faults.add(1, ordering: .relaxed) }
                if model.version != version { changes.add(1, ordering: .relaxed) }
                version = model.version
                let answers = model.recommend(user: 0, limit: 64, excludingSeen: false)
                let isWhole = answers.count == 64 && answers.allSatisfy { $0.score == Float(version) }
                if !isWhole { faults.add(1, ordering: .relaxed) }
            }
        }
        #expect(faults.load(ordering: .relaxed) == 0)
        #expect(changes.load(ordering: .relaxed) >= 4)
        #expect(store.generation == UInt64(last))
    }

    @Test("a reader without a model finds the first one published")
    func firstPublication() throws {
        let store = try ModelStore(directory: scratch.path)
        var reader = ModelReader(store)
        #expect(reader.current() == nil)
        try store.publish(uniform(1))
        #expect(reader.current()?.version == 1)
    }

    @Test("a retired snapshot is freed once the last reader has moved on")
    func retires() throws {
        let store = try ModelStore(directory: scratch.path)
        weak var retired: ModelSnapshot?
        do {
            let first = uniform(1)
            retired = first
            try store.publish(first)
        }
        var reader = ModelReader(store)
        #expect(reader.current()?.version == 1)
        try store.publish(uniform(2))
        #expect(retired != nil)
        #expect(reader.current()?.version == 2)
        #expect(retired == nil)
    }

    @Test("the memory of a retired snapshot is unmapped on another thread than its last reader's")
    func unmapsElsewhere() throws {
        let path = scratch.path
        try ModelStore(directory: path).save(uniform(1))
        let manifest = try SnapshotManifest(scratch.read("v000001.json"), path: "v000001.json")
        let unmapped = DispatchSemaphore(value: 0)
        let thread = Lock<pthread_t?>(nil)
        do {
            let file = try MappedFile(path: "\(path)/v000001.safetensors") {
                thread.withLock { $0 = pthread_self() }
                unmapped.signal()
            }
            let snapshot = try ModelSnapshot(manifest: manifest, payload: file)
            #expect(snapshot.score(user: 0, items: [3]) == [1])
        }
        unmapped.wait()
        #expect(thread.withLock { $0 } != nil)
        #expect(thread.withLock { $0 } != pthread_self())
    }

    @Test("parts of a snapshot outlive it")
    func partsOutlive() throws {
        try ModelStore(directory: scratch.path).save(uniform(1))
        var users: IDMap?
        do {
            let store = try ModelStore(directory: scratch.path)
            #expect(store.loadNewestValid().loaded == 1)
            users = store.current?.users
        }
        #expect(users?[1] == "user 1" && users?.index(of: "user 0") == 0)
    }
}
