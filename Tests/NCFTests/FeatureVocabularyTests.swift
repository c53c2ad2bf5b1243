import TestSupport
import Testing

@testable import NCF

@Suite("Features of items and users")
struct FeatureVocabularyTests {
    private func record(
        tags: [String] = [], _ attributes: [(String, FeatureRecord.Value)] = [], vectors: [(String, [Float])] = []
    ) -> FeatureRecord {
        var record = FeatureRecord()
        if !tags.isEmpty { record.add(.tags, "", .labels(tags)) }
        for (name, value) in attributes { record.add(.attribute, name, value) }
        for (name, vector) in vectors { record.add(.vector, name, .vector(vector)) }
        return record
    }

    private func settings(_ minimum: Int = 1, buckets: Int = 8) -> FeatureSettings {
        FeatureSettings(minimumCount: minimum, bucketCount: buckets)
    }

    private var mixed: [FeatureRecord] {
        (0..<40).map { index in
            record(
                tags: ["t\(index % 3)", "é", index % 2 == 0 ? "even" : "odd"],
                [("year", .number(Double(1990 + index))), ("country", .labels(["c\(index % 5)"]))],
                vectors: [("text", [Float(index), 1, -1])])
        }
    }

    @Test("the same records give the same vocabulary, in whatever order they come")
    func deterministic() {
        let vocabulary = FeatureVocabulary(of: mixed, settings: settings())
        #expect(vocabulary == FeatureVocabulary(of: mixed, settings: settings()))
        let reversed = FeatureVocabulary(of: mixed.reversed(), settings: settings())
        #expect(reversed.count == vocabulary.count)
        for record in mixed {
            #expect(reversed.features(of: record).indices == vocabulary.features(of: record).indices)
        }
        #expect(vocabulary.fields.map(\.name) == ["", "country", "year", "text"])
        #expect(vocabulary.count == 6 + 5 + 8 + 3)
    }

    @Test("a label is a feature if enough have it, and each of its texts once", arguments: [1, 2, 3])
    func minimumCount(_ minimum: Int) throws {
        let records = [
            record(tags: ["a", "b", "a"]), record(tags: ["a", "c"]), record(tags: ["a", "b"]),
        ]
        let vocabulary = FeatureVocabulary(of: records, settings: settings(minimum))
        guard case .labels(let labels, let counts) = try #require(vocabulary.fields.first).form else {
            Issue.record("tags are labels")
            return
        }
        let expected = [("a", 3), ("b", 2), ("c", 1)].filter { $0.1 >= minimum }
        #expect((0..<labels.count).map { labels[$0] } == expected.map(\.0))
        #expect(counts == expected.map(\.1))
        let features = vocabulary.features(of: record(tags: ["a", "a", "nobody's"]))
        #expect(features == SparseFeatures(indices: [0], weights: [1]))
        #expect(vocabulary.features(of: record(tags: ["nobody's"])).isEmpty)
        #expect(vocabulary.features(of: FeatureRecord()).isEmpty)
    }

    @Test("names that only look alike are two, and so are a name's numbers and its texts")
    func exactNames() {
        let records = [
            record(tags: ["caf\u{E9}", "cafe\u{301}"]),
            record([("size", .number(4)), ("caf\u{E9}", .labels(["x"])), ("cafe\u{301}", .labels(["x"]))]),
            record([("size", .labels(["large"]))]),
        ]
        let vocabulary = FeatureVocabulary(of: records, settings: settings())
        #expect(vocabulary.fields.count == 5)
        #expect(vocabulary.count == 6)
        #expect(vocabulary.features(of: records[0]).indices.count == 2)
        #expect(vocabulary.features(of: records[1]).indices.count == 3)
    }

    @Test(
        "numbers fall into buckets of about the same size, and few values into one each",
        arguments: [
            ([1, 2, 3, 4, 5, 6, 7, 8], 4, [2, 4, 6], [2, 2, 2, 2]),
            ([5, 5, 5, 7, 9], 4, [5, 7], [3, 1, 1]),
            // Two thirds of the values are one: two bounds coincide.
            ([0, 0, 0, 0, 0, 0, 1, 2, 3], 3, [0], [6, 3]),
            ([3, 3], 4, [], [2]),
        ] as [([Double], Int, [Double], [Int])])
    func buckets(values: [Double], count: Int, bounds: [Double], sizes: [Int]) throws {
        let vocabulary = FeatureVocabulary(
            of: values.map { record([("n", .number($0))]) }, settings: settings(buckets: count))
        guard case .buckets(let found, let counts) = try #require(vocabulary.fields.first).form else {
            Issue.record("numbers are buckets")
            return
        }
        #expect(found == bounds)
        #expect(counts == sizes)
        let last = Int32(found.count)
        #expect(vocabulary.features(of: record([("n", .number(1e300))])).indices == [last])
        #expect(vocabulary.features(of: record([("n", .number(-1e300))])).indices == [0])
        for bound in found {
            let below = vocabulary.features(of: record([("n", .number(bound))])).indices
            let above = vocabulary.features(of: record([("n", .number(bound.nextUp))])).indices
            #expect(below[0] + 1 == above[0])
        }
    }

    @Test("times fall into buckets as numbers do, and stay texts where a vocabulary knows no more of them")
    func times() throws {
        let moments: [Int64] = [10, 20, 30, 40, 50, 60, 70, 80].map { $0 * 86_400_000 }
        let records = moments.map { record([("t", .time($0, text: "day \($0)"))]) }
        let vocabulary = FeatureVocabulary(of: records, settings: settings(buckets: 4))
        let bounds = [20, 40, 60].map { Double($0 * 86_400_000) }
        #expect(vocabulary.fields.map(\.form) == [.times(bounds: bounds, counts: [2, 2, 2, 2])])
        #expect(records.map { vocabulary.features(of: $0).indices } == [[0], [0], [1], [1], [2], [2], [3], [3]])
        // A number is no time.
        #expect(vocabulary.features(of: record([("t", .number(10))])).isEmpty)
        let old = FeatureVocabulary(of: records.map { _ in record([("t", .labels(["day 0"]))]) }, settings: settings())
        #expect(old.features(of: record([("t", .time(0, text: "day 0"))])).indices == [0])
        #expect(old.features(of: record([("t", .time(0, text: "day 1"))])).isEmpty)
    }

    @Test("a vector is its elements at unit length less their mean; another length is no vector of that name")
    func vectors() throws {
        let records = [
            record(vectors: [("v", [3, 4])]), record(vectors: [("v", [0, -2])]), record(vectors: [("v", [1, 2, 3])]),
            record(vectors: [("v", [0, 0])]),
        ]
        let vocabulary = FeatureVocabulary(of: records, settings: settings())
        guard case .vector(let mean, let count) = try #require(vocabulary.fields.first).form else {
            Issue.record("a vector is one")
            return
        }
        #expect(count == 2 && mean.count == 2)
        #expect(abs(mean[0] - 0.3) < 1e-6 && abs(mean[1] + 0.1) < 1e-6)
        let features = vocabulary.features(of: records[0])
        #expect(features.indices == [0, 1])
        #expect(abs(features.weights[0] - 0.3) < 1e-6 && abs(features.weights[1] - 0.9) < 1e-6)
        #expect(vocabulary.features(of: records[2]).isEmpty && vocabulary.features(of: records[3]).isEmpty)
    }

    @Test("only what is selected becomes a feature")
    func selection() {
        let all = FeatureVocabulary(of: mixed, settings: settings())
        let some = FeatureVocabulary(
            of: mixed,
            settings: FeatureSettings(
                usesTags: false, attributes: .only(["country"]), vectors: .only([]), minimumCount: 1))
        #expect(some.fields.map(\.name) == ["country"])
        #expect(some.fields == all.fields.filter { $0.name == "country" })
    }

    @Test("of too many labels the most frequent are kept, and what is longer than a label is none")
    func limits() {
        let long = String(repeating: "x", count: FeatureVocabulary.labelLength)
        let records = (0..<FeatureVocabulary.limit + 10).map { index in
            record(tags: ["t\(index)"] + (index < 8 ? ["frequent", long, long + "x"] : []))
        }
        let vocabulary = FeatureVocabulary(of: records, settings: settings())
        #expect(vocabulary.count == FeatureVocabulary.limit)
        let features = vocabulary.features(of: record(tags: ["frequent", long, long + "x"]))
        #expect(features.indices.count == 2)
    }
}
