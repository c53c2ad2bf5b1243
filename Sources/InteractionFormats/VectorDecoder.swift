import InteractionStorage
import JSON

/// Reads an item's content vectors: names, and as many finite numbers under each as its limits allow.
struct VectorDecoder {
    let limits: CatalogueLimits

    /// The vectors, over those that are there already: one that is `null` takes away its namesake, and so does `null` for
    /// all of them.
    func vectors(
        _ object: JSONObjectDecoder, over known: [ExactName: [Float]], _ faults: inout JSONFaults
    ) -> [ExactName: [Float]] {
        guard let holder = object.object("vectors", &faults) else { return object.contains("vectors") ? [:] : known }
        var vectors = known
        var names: Set<ExactName> = []
        for (name, value) in holder.members {
            if let problem = JSONIdentifier.problem(in: name) {
                faults.add(at: value, "the vector's name is unfit: \(problem)")
            } else if !names.insert(ExactName(name)).inserted {
                faults.add(at: value, "vector \(FieldText.quotation(of: name)) appears more than once")
            } else {
                vectors[ExactName(name)] = value.kind == .null ? nil : vector(value, &faults)
            }
        }
        if vectors.count > limits.vectorCount {
            faults.add(at: holder, "there must be at most \(limits.vectorCount) vectors, not \(vectors.count)")
        }
        return vectors
    }

    private func vector(_ value: JSONValue, _ faults: inout JSONFaults) -> [Float]? {
        guard let array = value.decodeArray(count: 1...limits.vectorDimension, &faults) else { return nil }
        var vector: [Float] = []
        vector.reserveCapacity(array.count)
        for element in array.elements {
            guard element.kind == .integer || element.kind == .double, let number = element.double else {
                faults.add(at: element, "expected a number")
                continue
            }
            // Kept as 32 bits, in which a greater number would be infinite.
            guard Float(number).isFinite else {
                faults.add(at: element, "must be within ±3.4e38")
                continue
            }
            vector.append(Float(number))
        }
        return vector.count == array.count ? vector : nil
    }
}
