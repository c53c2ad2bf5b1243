extension FeatureVocabulary {
    /// Takes what enough of `records` have; the same for any order of them but for the last bits of a mean.
    ///
    /// Vectors come first, then numbers, times, and labels, the most frequent first, until there are ``limit`` features. Of vectors of
    /// one name those of the most frequent length count. O(all properties · log).
    public init(of records: [FeatureRecord], settings: FeatureSettings) {
        var gathering = Gathering(settings: settings)
        for record in records { gathering.add(record) }
        self.init(fields: gathering.fields(limit: Self.limit))
    }
}

/// What properties say over many records.
private struct Gathering {
    let settings: FeatureSettings
    private var labels: [Key: LabelCounts] = [:]
    private var numbers: [Key: [Double]] = [:]
    private var times: [Key: [Double]] = [:]
    private var vectors: [Key: [Int: VectorSum]] = [:]

    /// A property by its name, byte for byte.
    private struct Key: Hashable, Comparable {
        var source: FeatureRecord.Source
        var name: [UInt8]

        static func < (left: Key, right: Key) -> Bool {
            let order = FeatureRecord.Source.allCases
            let (first, second) = (order.firstIndex(of: left.source) ?? 0, order.firstIndex(of: right.source) ?? 0)
            return first != second ? first < second : left.name.lexicographicallyPrecedes(right.name)
        }
    }

    private struct LabelCounts {
        var ids = IDMap.Builder()
        var counts: [Int] = []

        mutating func add(_ texts: [String]) {
            let labels = texts.filter { $0.utf8.count <= FeatureVocabulary.labelLength }
            for index in Set(labels.map { ids.intern($0) }) {
                while counts.count <= index { counts.append(0) }
                counts[index] += 1
            }
        }
    }

    private struct VectorSum {
        var sum: [Double]
        var count = 0
    }

    init(settings: FeatureSettings) {
        self.settings = settings
    }

    mutating func add(_ record: FeatureRecord) {
        for property in record.properties {
            let isWanted =
                switch property.source {
                case .tags: settings.usesTags
                case .attribute: settings.attributes.contains(property.name)
                case .vector: settings.vectors.contains(property.name)
                }
            guard isWanted else { continue }
            let key = Key(source: property.source, name: Array(property.name.utf8))
            switch property.value {
            case .labels(let texts): labels[key, default: LabelCounts()].add(texts)
            case .number(let number): if number.isFinite { numbers[key, default: []].append(number) }
            case .time(let moment, _): times[key, default: []].append(Double(moment))
            case .vector(let vector):
                guard let unit = FeatureVocabulary.unit(vector) else { continue }
                let zero = VectorSum(sum: Array(repeating: 0, count: unit.count))
                vectors[key, default: [:]][unit.count, default: zero].count += 1
                for k in unit.indices { vectors[key]?[unit.count]?.sum[k] += Double(unit[k]) }
            }
        }
    }

    func fields(limit: Int) -> [FeatureVocabulary.Field] {
        var left = limit
        var fields: [(key: Key, form: FeatureVocabulary.Form)] = []
        func take(_ key: Key, _ form: FeatureVocabulary.Form, size: Int) {
            guard size <= left else { return }
            left -= size
            fields.append((key, form))
        }
        for (key, byLength) in vectors.sorted(by: { $0.key < $1.key }) {
            guard let (length, sum) = byLength.max(by: { ($0.value.count, $1.key) < ($1.value.count, $0.key) }),
                sum.count >= settings.minimumCount
            else { continue }
            take(key, .vector(mean: sum.sum.map { Float($0 / Double(sum.count)) }, count: sum.count), size: length)
        }
        func takeBuckets(
            of properties: [Key: [Double]], as form: ([Double], [Int]) -> FeatureVocabulary.Form
        ) {
            let frequent = properties.filter { $0.value.count >= settings.minimumCount }
            for (key, values) in frequent.sorted(by: { $0.key < $1.key }) {
                let bounds = bounds(of: values)
                var counts = [Int](repeating: 0, count: bounds.count + 1)
                for value in values { counts[FeatureVocabulary.bucket(of: value, bounds)] += 1 }
                take(key, form(bounds, counts), size: counts.count)
            }
        }
        takeBuckets(of: numbers) { .buckets(bounds: $0, counts: $1) }
        takeBuckets(of: times) { .times(bounds: $0, counts: $1) }
        for (key, labels) in frequentLabels(limit: left) {
            var builder = IDMap.Builder()
            for label in labels { _ = builder.intern(label.text) }
            fields.append((key, .labels(builder.build(), counts: labels.map(\.count))))
        }
        let inOrder = fields.enumerated().sorted { ($0.element.key, $0.offset) < ($1.element.key, $1.offset) }
        return inOrder.map { field in
            FeatureVocabulary.Field(
                source: field.element.key.source, name: String(decoding: field.element.key.name, as: UTF8.self),
                form: field.element.form)
        }
    }

    /// Quantiles of the values, each value once and without the greatest, beyond which nothing is to be told apart.
    private func bounds(of values: [Double]) -> [Double] {
        let sorted = values.sorted()
        var distinct: [Double] = []
        for value in sorted where distinct.last != value {
            distinct.append(value)
            if distinct.count > settings.bucketCount { break }
        }
        if distinct.count <= settings.bucketCount { return Array(distinct.dropLast()) }
        var bounds: [Double] = []
        for bucket in 1..<settings.bucketCount {
            let value = sorted[(bucket * sorted.count - 1) / settings.bucketCount]
            if bounds.last != value, value < sorted[sorted.count - 1] { bounds.append(value) }
        }
        return bounds
    }

    private typealias Label = (text: String, count: Int)

    /// The labels that enough have, the most frequent of all fields first up to `limit`; each field's by their bytes.
    private func frequentLabels(limit: Int) -> [(key: Key, labels: [Label])] {
        var candidates: [(key: Key, label: Label)] = []
        for (key, found) in labels.sorted(by: { $0.key < $1.key }) {
            let ids = found.ids.build()
            for (index, count) in found.counts.enumerated() where count >= settings.minimumCount {
                candidates.append((key, (ids[index], count)))
            }
        }
        func precedes(_ left: Label, _ right: Label) -> Bool {
            left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
        }
        candidates.sort { left, right in
            if left.label.count != right.label.count { return left.label.count > right.label.count }
            return left.key != right.key ? left.key < right.key : precedes(left.label, right.label)
        }
        let taken = Dictionary(grouping: candidates.prefix(limit), by: \.key)
        return taken.sorted { $0.key < $1.key }.map { key, labels in
            (key, labels.map(\.label).sorted(by: precedes))
        }
    }
}
