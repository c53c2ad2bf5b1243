import Dispatch
import Glibc
import Testing

@testable import NCF

@Suite("Models without the users who were erased")
struct ErasureTests {
    private let scratch = ScratchDirectory()

    private func store() throws(SnapshotFileError) -> ModelStore { try ModelStore(directory: scratch.path) }

    /// What a model says of a user that it knows.
    private func answers(_ id: String, _ snapshot: ModelSnapshot) throws -> [Float] {
        snapshot.scores(user: try #require(snapshot.index(ofUser: id)))
    }

    @Test("without some users a model answers all others as before", arguments: Architecture.allCases)
    func removing(_ architecture: Architecture) throws {
        let snapshot = ServingFixture.snapshot(architecture)
        let gone: Set = [0, 3, 5]
        let cleaned = snapshot.removing(users: gone)
        #expect(cleaned.userCount == snapshot.userCount - 3 && cleaned.version == snapshot.version)
        for user in 0..<snapshot.userCount {
            let id = snapshot.users[user]
            guard !gone.contains(user) else {
                #expect(cleaned.index(ofUser: id) == nil)
                continue
            }
            #expect(try answers(id, cleaned) == snapshot.scores(user: user))
            #expect(cleaned.seenItems(of: try #require(cleaned.index(ofUser: id))) == snapshot.seenItems(of: user))
        }
        for item in 0..<snapshot.itemCount {
            let touched = gone.count { snapshot.seenItems(of: $0).contains(Int32(item)) }
            #expect(cleaned.interactionCount(ofItem: item) == snapshot.interactionCount(ofItem: item) - touched)
        }
        #expect(cleaned.predict(user: nil, item: 1) == snapshot.predict(user: nil, item: 1))
    }

    @Test("a model from which everybody is gone still serves strangers")
    func removingEverybody() throws {
        let snapshot = ServingFixture.snapshot()
        let cleaned = snapshot.removing(users: Set(0..<snapshot.userCount))
        let store = try store()
        try store.publish(cleaned)
        let restarted = try self.store()
        #expect(restarted.loadNewestValid().refused.isEmpty)
        #expect(restarted.current?.userCount == 0)
        #expect(restarted.current?.predict(user: nil, item: 1) == snapshot.predict(user: nil, item: 1))
    }

    @Test("a version that was loaded before an erasure, and is published after it, serves without the user")
    func publishedAfterLoading() throws {
        let store = try store()
        for version in 1...2 { try store.publish(ServingFixture.snapshot(version: version)) }
        let loaded = try #require(try store.load(version: 1))
        try store.removeUsers { $0 == "user 2" ? 1 : nil }
        try store.publish(loaded: loaded)
        #expect(store.current?.version == 1 && store.current?.users.index(of: "user 2") == nil)
        // Nobody was erased since: it is the model that was loaded.
        try store.publish(loaded: try #require(try store.load(version: 2)))
        #expect(store.current?.version == 2)
    }

    @Test("what a crash has left of a model goes with the erasure, and its number is not given out again")
    func orphans() throws {
        let store = try store()
        for version in 1...2 { try store.publish(ServingFixture.snapshot(version: version)) }
        // Ended between the payload and the manifest of version 3.
        let payload = "\(scratch.path)/v000002.safetensors"
        let orphan = "\(scratch.path)/v000003.safetensors"
        #expect(unsafe link(payload, orphan) == 0)
        let restarted = try self.store()
        #expect(try restarted.removeUsers { $0 == "nobody" ? 1 : nil }.isEmpty)
        #expect(unsafe access(orphan, F_OK) != 0)
        #expect(unsafe access(payload, F_OK) == 0)
        #expect(try restarted.nextVersion() == 4)
    }

    @Test("a replacement that cannot be finished leaves nothing behind, and the model as it was")
    func unfinishedReplacement() throws {
        let store = try store()
        try store.publish(ServingFixture.snapshot(version: 1))
        let before = scratch.names()
        // Where the new manifest is to be, something is in the way.
        let obstacle = "\(scratch.path)/v000001.json.next"
        #expect(unsafe mkdir(obstacle, 0o755) == 0)
        #expect(throws: SnapshotFileError.self) { try store.removeUsers { $0 == "user 2" ? 1 : nil } }
        #expect(unsafe rmdir(obstacle) == 0)
        #expect(scratch.names() == before)
        #expect(try store.load(version: 1)?.users.index(of: "user 2") != nil)
        #expect(try store.removeUsers { $0 == "user 2" ? 1 : nil } == [1])
        #expect(scratch.names() == before)
    }

    @Test("a hidden user is unknown at once, to whichever version serves, and in every file once they are removed")
    func hidingAndRemoving() throws {
        let store = try store()
        for version in 1...3 { try store.publish(ServingFixture.snapshot(version: version)) }
        let before = try answers("user 1", try #require(store.current))
        store.hide(userID: "user 2", erasure: 1)
        #expect(store.current?.index(ofUser: "user 2") == nil && store.current?.users.index(of: "user 2") != nil)
        try store.publish(version: 1)
        #expect(store.current?.index(ofUser: "user 2") == nil)
        try store.publish(version: 3)
        let generation = store.generation
        #expect(try store.removeUsers { $0 == "user 2" ? 1 : nil } == [3, 2, 1])
        #expect(store.generation == generation + 1)
        #expect(store.current?.users.index(of: "user 2") == nil)
        #expect(try answers("user 1", try #require(store.current)) == before)
        for version in 1...3 {
            #expect(try store.load(version: version)?.users.index(of: "user 2") == nil)
        }
        #expect(try store.removeUsers { $0 == "user 2" ? 1 : nil } == [])
        #expect(!scratch.names().contains { $0.hasSuffix(".next") })
        let restarted = try self.store()
        #expect(restarted.loadNewestValid().loaded == 3)
    }

    @Test(
        "who is erased while a model is being published is taken out of it, though the cleaning begins before it is there",
        arguments: [true, false])
    func publishedMeanwhile(serves: Bool) throws {
        let store = try store()
        try store.publish(ServingFixture.snapshot(version: 1))
        let cleaned = DispatchSemaphore(value: 0)
        try store.publish(ServingFixture.snapshot(version: 2), serves: serves) { snapshot throws(SnapshotFileError) in
            // Asked before the erasure, and written after the cleaning has begun.
            DispatchQueue.global().async {
                _ = try? store.removeUsers { $0 == "user 2" ? 1 : nil }
                cleaned.signal()
            }
            usleep(100_000)
            return nil
        }
        cleaned.wait()
        for version in 1...2 {
            #expect(try store.load(version: version)?.users.index(of: "user 2") == nil, "version \(version)")
        }
        let restarted = try self.store()
        #expect(restarted.loadNewestValid().loaded == (serves ? 2 : 1))
        #expect(restarted.current?.users.index(of: "user 2") == nil)
    }

    @Test("weights that are given out before the files are clean are those without who is hidden", arguments: [1, 2])
    func weights(version: Int) throws {
        let store = try store()
        for version in 1...2 { try store.publish(ServingFixture.snapshot(version: version)) }
        func weights() throws -> [UInt8] {
            let export = try #require(try store.load(version: version)).exportedWeights()
            return export.bytes(from: 0, limit: export.byteCount)
        }
        let whole = try weights()
        store.hide(userID: "user 2", erasure: 1)
        let hidden = try weights()
        try store.removeUsers { $0 == "user 2" ? 1 : nil }
        #expect(try hidden == weights() && hidden != whole)
    }

    @Test("a user who comes back after the files are clean is known to the next model")
    func comingBack() throws {
        let store = try store()
        try store.publish(ServingFixture.snapshot(version: 1))
        store.hide(userID: "user 2", erasure: 1)
        try store.removeUsers { $0 == "user 2" ? 1 : nil }
        try store.publish(ServingFixture.snapshot(version: 2))
        #expect(store.current?.index(ofUser: "user 2") != nil)
    }

    @Test("a user who comes back before the files are clean is known to the models that were trained after the erasure")
    func comingBackAtOnce() throws {
        let store = try store()
        try store.publish(ServingFixture.snapshot(version: 1))
        store.hide(userID: "user 2", erasure: 5)
        for (version, erasures) in [(2, 4), (3, 5), (4, 6)] as [(Int, Int64)] {
            try store.publish(ServingFixture.snapshot(version: version, erasures: erasures))
            #expect((store.current?.index(ofUser: "user 2") != nil) == (erasures >= 5))
        }
        // Hidden once more by an earlier erasure that is told of late: nothing changes.
        store.hide(userID: "user 2", erasure: 2)
        #expect(store.current?.index(ofUser: "user 2") != nil)
        try store.publish(version: 2)
        #expect(store.current?.index(ofUser: "user 2") == nil)
        #expect(try store.removeUsers { $0 == "user 2" ? 5 : nil } == [2, 1])
        for version in 1...4 {
            #expect(try (store.load(version: version)?.index(ofUser: "user 2") != nil) == (version >= 3))
        }
    }

    @Test("nothing of the name or the vector is left in any file")
    func bytes() throws {
        let store = try store()
        try store.publish(ServingFixture.snapshot())
        func files(containing text: String) throws -> [String] {
            try scratch.names().filter { $0 != "lock" }.filter { name in
                let bytes = try MappedFile(path: "\(scratch.path)/\(name)").contents()
                return bytes.indices.contains { bytes[$0...].starts(with: text.utf8) }
            }
        }
        // IDs lie side by side: this one between two others.
        #expect(try files(containing: "user 2user 3") == ["v000001.safetensors"])
        try store.removeUsers { $0 == "user 2" ? 1 : nil }
        #expect(try files(containing: "user 2") == [])
    }

    @Test("a replacement that a crash has cut is ended or undone, and the model serves either way", arguments: 0...3)
    func crashes(step: Int) throws {
        let store = try store()
        try store.publish(ServingFixture.snapshot())
        let other = ScratchDirectory()
        let cleaner = try ModelStore(directory: other.path)
        try cleaner.publish(try #require(ServingFixture.snapshot().without { $0 == "user 2" }))
        // What replace() does, up to that step.
        func put(_ suffix: String, as name: String) throws {
            let bytes = try MappedFile(path: "\(other.path)/v000001\(suffix)").contents()
            let path = "\(scratch.path)/v000001\(suffix)\(name)"
            unsafe unlink(path)
            let descriptor = try SnapshotFile.open(path, O_WRONLY | O_CREAT)
            defer { close(descriptor) }
            try unsafe bytes.withUnsafeBytes { try unsafe SnapshotFile.write($0, to: descriptor, path: path) }
        }
        if step >= 0 { try put(".safetensors", as: step == 2 || step == 3 ? "" : ".next") }
        if step >= 1 { try put(".json", as: step == 3 ? "" : ".next") }
        let restarted = try self.store()
        let report = restarted.loadNewestValid()
        #expect(report.loaded == 1 && report.refused.isEmpty)
        #expect((restarted.current?.index(ofUser: "user 2") == nil) == (step > 0))
        #expect(!scratch.names().contains { $0.hasSuffix(".next") })
    }

    @Test("versions are retired, but for the one that serves")
    func retiring() throws {
        let store = try store()
        for version in 1...4 { try store.publish(ServingFixture.snapshot(version: version)) }
        #expect(try store.retire { $0.version != 2 } == [3, 1])
        #expect(store.versions().map(\.version) == [4, 2])
    }
}
