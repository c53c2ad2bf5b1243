import Dispatch
import Glibc
import Locking
import Testing

@testable import NCF

@Suite("The model store")
struct ModelStoreTests {
    private let scratch = ScratchDirectory()

    private func store(keep: Int = 5) throws(SnapshotFileError) -> ModelStore {
        try ModelStore(directory: scratch.path, keep: keep)
    }

    /// The same answers in every respect that a caller can see.
    private func expectSame(_ left: ModelSnapshot, _ right: ModelSnapshot) {
        #expect(left.version == right.version && left.lineage == right.lineage)
        #expect(left.users == right.users && left.items == right.items && left.ratingRange == right.ratingRange)
        #expect(left.popular(limit: 99) == right.popular(limit: 99))
        for user in 0..<left.userCount {
            #expect(left.scores(user: user) == right.scores(user: user))
            #expect(left.seenItems(of: user) == right.seenItems(of: user))
            #expect(left.predict(user: user, item: nil) == right.predict(user: user, item: nil))
        }
        #expect(left.predict(user: nil, item: nil) == right.predict(user: nil, item: nil))
        #expect(left.users.index(of: "user 3") == right.users.index(of: "user 3"))
    }

    @Test(
        "what is published comes back after a restart", arguments: Architecture.allCases,
        [.implicit, .rating] as [Objective])
    func roundTrip(architecture: Architecture, objective: Objective) throws {
        let snapshot = ServingFixture.snapshot(version: 3, architecture, objective: objective)
        try store().publish(snapshot)
        #expect(
            scratch.names() == ["counter.json", "current.json", "lock", "v000003.json", "v000003.safetensors"])
        for name in ["v000003.json", "v000003.safetensors"] {
            var status = stat()
            #expect(unsafe stat("\(scratch.path)/\(name)", &status) == 0 && status.st_mode & 0o077 == 0, "\(name)")
        }
        let restarted = try store()
        #expect(restarted.current == nil && restarted.generation == 0)
        let report = restarted.loadNewestValid()
        #expect(report.loaded == 3 && report.refused.isEmpty)
        expectSame(try #require(restarted.current), snapshot)
    }

    @Test("a snapshot whose second file cannot be written leaves no first one")
    func halfSnapshot() throws {
        let store = try store()
        try store.publish(ServingFixture.snapshot(version: 1))
        // A link to nothing is in the way of the manifest.
        #expect(unsafe symlink("nowhere", "\(scratch.path)/v000002.json") == 0)
        #expect(throws: SnapshotFileError.self) { try store.publish(ServingFixture.snapshot(version: 2)) }
        #expect(!scratch.names().contains { $0.hasPrefix("v000002.safetensors") })
        #expect(store.current?.version == 1)
    }

    @Test("an empty directory loads nothing and refuses nothing")
    func emptyDirectory() throws {
        let report = try store().loadNewestValid()
        #expect(report.loaded == nil && report.refused.isEmpty)
        #expect(try store().versions().isEmpty)
    }

    @Test("a directory that cannot be is a sentence")
    func impossibleDirectory() {
        let error = #expect(throws: SnapshotFileError.self) { try ModelStore(directory: "\(scratch.path)/a/b") }
        #expect(error?.description.contains("mkdir failed") == true)
    }

    // A flipped byte in one copy of a tiny snapshot must be found wherever it is; so must every length it is cut to.
    private func tiny(_ version: Int) -> ModelSnapshot {
        ModelSnapshot(
            version: version, dataset: ServingFixture.dataset(users: 2, items: 3, seed: 1),
            parameters: ServingFixture.parameters(
                .neumf, users: 2, items: 3, seed: UInt64(version), embedding: 2, mlp: 1, hidden: [2]),
            lineage: ServingFixture.lineage(createdAt: Int64(version)))
    }

    @Test(
        "every flipped byte and every truncation is refused by name, and the older version serves",
        arguments: ["v000002.json", "v000002.safetensors"])
    func damage(name: String) throws {
        let writer = try store()
        try writer.publish(tiny(1))
        try writer.publish(tiny(2))
        let sound = scratch.read(name)
        let stride = name.hasSuffix(".json") ? 1 : 3
        let truncated = Swift.stride(from: 0, to: sound.count, by: stride).map { Array(sound[..<$0]) }
        let flipped = Swift.stride(from: 0, to: sound.count, by: stride).map { position in
            var bytes = sound
            bytes[position] ^= UInt8(1 << (position % 8))
            return bytes
        }
        let reader = try store()
        for bytes in truncated + flipped + [sound + [0]] {
            scratch.write(bytes, to: name)
            let report = reader.loadNewestValid()
            #expect(report.loaded == 1)
            #expect(report.refused.map(\.path) == ["\(scratch.path)/\(name)"])
            #expect(report.refused.allSatisfy { $0.reason.count > 10 })
        }
        scratch.write(sound, to: name)
        #expect(reader.loadNewestValid().loaded == 2)
    }

    @Test("foreign, missing and newer files are refused, each with its sentence")
    func foreign() throws {
        let writer = try store(keep: 9)
        for version in 1...6 { try writer.publish(tiny(version)) }
        scratch.remove("v000006.json")
        scratch.remove("v000005.safetensors")
        scratch.write(scratch.read("v000003.json"), to: "v000004.json")
        scratch.write(scratch.read("v000002.safetensors"), to: "v000003.safetensors")
        let report = try store(keep: 9).loadNewestValid()
        #expect(report.loaded == 2)
        let reasons = report.refused.map { $0.description.dropFirst(scratch.path.count + 1) }
        try #require(reasons.count == 4)
        #expect(reasons[0] == "v000006.json: the manifest is missing, so this is not a whole snapshot")
        #expect(reasons[1].hasPrefix("v000005.safetensors: open failed: No such file"))
        #expect(reasons[2] == "v000004.json: it is the manifest of version 3")
        #expect(reasons[3] == "v000003.safetensors: it is damaged: its checksum does not match its manifest's")
    }

    @Test("a manifest of a newer format is refused as such")
    func newerFormat() throws {
        let writer = try store()
        try writer.publish(tiny(1))
        let newer = SnapshotManifest.format + 1
        var text = String(decoding: scratch.read("v000001.json"), as: UTF8.self)
        text = text.replacing("\"format\":1", with: "\"format\":\(newer)")
        // Give it the right checksum, as the newer program would.
        var bytes = Array(text.utf8)
        let place = 13..<29
        bytes.replaceSubrange(place, with: repeatElement(UInt8(ascii: "0"), count: 16))
        let digits = unsafe String(bytes.withUnsafeBytes(PayloadChecksum.of), radix: 16)
        bytes.replaceSubrange(place, with: (String(repeating: "0", count: 16 - digits.count) + digits).utf8)
        scratch.write(bytes, to: "v000001.json")
        let report = try store().loadNewestValid()
        #expect(
            report.refused.map(\.reason) == [
                "it has format \(newer), newer than the \(newer - 1) that this program reads"
            ])
    }

    @Test("the newest are kept, and always the current one")
    func keeps() throws {
        let store = try store(keep: 2)
        for version in 1...4 { try store.publish(tiny(version)) }
        #expect(store.versions().map(\.version) == [4, 3])
        try store.publish(version: 3)
        for version in 5...7 { try store.save(tiny(version)) }
        #expect(store.versions().map(\.version) == [7, 6, 3])
        #expect(store.versions().map(\.isCurrent) == [false, false, true])
        #expect(!scratch.names().contains("v000004.safetensors"))
    }

    @Test("going back survives a restart; a version that is not there changes nothing")
    func goesBack() throws {
        let store = try store()
        for version in 1...3 { try store.publish(tiny(version)) }
        try store.publish(version: 2)
        #expect(store.current?.version == 2 && store.generation == 4)
        #expect(throws: SnapshotFileError.self) { try store.publish(version: 9) }
        #expect(store.current?.version == 2 && store.generation == 4)
        let restarted = try self.store()
        #expect(restarted.loadNewestValid().loaded == 2)
        scratch.remove("v000002.safetensors")
        let report = try self.store().loadNewestValid()
        #expect(report.loaded == 3 && report.refused.count == 1)
    }

    @Test("a number is never given out twice, by two stores, after deletion or after a crash")
    func numbers() throws {
        let (one, two) = (try store(), try store())
        #expect(try [one.nextVersion(), two.nextVersion(), one.nextVersion()] == [1, 2, 3])
        try one.publish(tiny(7))
        #expect(try two.nextVersion() == 8)
        for name in scratch.names() where name.hasPrefix("v0") { scratch.remove(name) }
        #expect(try store().nextVersion() == 9)
        // A payload whose manifest was never written.
        scratch.write([1], to: "v000012.safetensors")
        #expect(try store().nextVersion() == 13)
        // A damaged counter falls back on the files.
        scratch.write([0], to: "counter.json")
        #expect(try store().nextVersion() == 13)
    }

    @Test("a version written by someone else is not overwritten")
    func collision() throws {
        let (one, two) = (try store(), try store())
        try one.publish(tiny(1))
        let before = scratch.read("v000001.safetensors")
        #expect(throws: SnapshotFileError.self) { try two.publish(ServingFixture.snapshot(version: 1, seed: 99)) }
        #expect(throws: SnapshotFileError.self) { try two.save(tiny(1)) }
        #expect(two.current == nil && scratch.read("v000001.safetensors") == before)
        try two.publish(tiny(1))
        #expect(two.current?.version == 1)
    }

    @Test("what a crash left half written is cleared away")
    func leftovers() throws {
        try store().publish(tiny(1))
        scratch.write([1], to: "v000002.safetensors.abc.writing")
        scratch.write([1], to: "v000002.safetensors")
        let store = try store()
        #expect(!scratch.names().contains("v000002.safetensors.abc.writing"))
        #expect(store.loadNewestValid().loaded == 1)
        try store.publish(tiny(store.nextVersion()))
        #expect(store.current?.version == 3 && !scratch.names().contains("v000002.safetensors"))
    }

    @Test("two stores publishing into one directory at once leave whole snapshots only")
    func twoStores() throws {
        let stores = [try store(keep: 3), try store(keep: 3)]
        let failures = Lock<[String]>([])
        DispatchQueue.concurrentPerform(iterations: 2) { index in
            for _ in 0..<8 {
                do throws(SnapshotFileError) {
                    try stores[index].publish(tiny(stores[index].nextVersion()))
                } catch {
                    failures.withLock { $0.append(error.description) }
                }
            }
        }
        #expect(failures.withLock { $0 } == [])
        let restarted = try store()
        let report = restarted.loadNewestValid()
        #expect(report.loaded != nil && report.refused.isEmpty)
        #expect(restarted.versions().first?.version == 16)
        for version in restarted.versions().map(\.version) { try restarted.publish(version: version) }
    }
}
