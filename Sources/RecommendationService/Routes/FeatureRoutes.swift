import HTTP
import HTTPServer
import JSON
import NCF

/// `/features`: which properties of items and users the current model knows.
struct FeatureRoutes: Sendable {
    let models: ModelStore

    func register(in router: inout Router) {
        router.addOffloaded(.get, "/features") { request throws(Problem) in
            try QueryParameters.refuse(in: request)
            guard let current = models.current else { throw Problem(.notFound, "There is no model yet.") }
            return describe(current)
        }
    }

    private func describe(_ model: ModelSnapshot) -> HTTPResponse {
        Answer.json(fields: [Answer.modelField: model.name]) { writer in
            writer.object { answer in
                answer.member("model", model.name)
                answer.key("history")
                answer.object { history in
                    history.member("used", model.knowsHistories)
                    history.member("dimension", model.lineage.hyperparameters.history.dimension)
                    // 0 where all items count.
                    history.member("length", model.historyLength)
                }
                Self.write("items", model.features?.items, into: &answer)
                Self.write("users", model.features?.users, into: &answer)
            }
        }
    }

    private static func write(_ name: String, _ side: ModelFeatures.Side?, into answer: inout JSONWriter) {
        answer.key(name)
        answer.object { object in
            object.member("features", side?.vocabulary.count ?? 0)
            if let explained = side?.explained {
                object.key("explained")
                object.object { shares in
                    shares.member("gmf", explained.gmf)
                    shares.member("mlp", explained.mlp)
                    shares.member("bias", explained.bias)
                }
            }
            object.key("fields")
            object.array { fields in
                for field in side?.vocabulary.fields ?? [] { fields.object { write(field, into: &$0) } }
            }
        }
    }

    private static func write(_ field: FeatureVocabulary.Field, into object: inout JSONWriter) {
        object.member("source", field.source.rawValue)
        if field.source != .tags { object.member("name", field.name) }
        switch field.form {
        case .labels(let labels, let counts):
            object.key("labels")
            object.array { list in
                for (index, count) in counts.enumerated() {
                    list.object { label in
                        label.member("label", labels[index])
                        label.member("count", count)
                    }
                }
            }
        case .buckets(let bounds, let counts):
            write(counts, between: bounds, into: &object) { $0.member($1, $2) }
        case .times(let bounds, let counts):
            write(counts, between: bounds, into: &object) {
                $0.member($1, RFC3339.format(milliseconds: Int64($2)))
            }
        case .vector(let mean, let count):
            object.member("dimension", mean.count)
            object.member("count", count)
        }
    }

    /// The buckets between rising bounds, each of which `writeBound` writes under a name.
    private static func write(
        _ counts: [Int], between bounds: [Double], into object: inout JSONWriter,
        _ writeBound: (inout JSONWriter, String, Double) -> Void
    ) {
        object.key("buckets")
        object.array { list in
            for (index, count) in counts.enumerated() {
                list.object { bucket in
                    if index > 0 { writeBound(&bucket, "above", bounds[index - 1]) }
                    if index < bounds.count { writeBound(&bucket, "at_most", bounds[index]) }
                    bucket.member("count", count)
                }
            }
        }
    }
}
