import Testing

/// A safetensors file of weights in the making, honest or not.
struct WeightsFixture: Sendable {
    struct Tensor: Sendable {
        var name: String
        var type: String
        var shape: [Int]
        var bytes: [UInt8]

        init(_ name: String, _ type: String, _ shape: [Int], _ bytes: [UInt8]) {
            self.name = name
            self.type = type
            self.shape = shape
            self.bytes = bytes
        }

        init(_ name: String, _ type: String, _ shape: [Int], floats: [Float]) {
            self.init(
                name, type, shape,
                floats.flatMap { number in (0..<4).map { UInt8(truncatingIfNeeded: number.bitPattern >> (8 * $0)) } })
        }

        /// 0, 1, 2, … in this shape.
        init(counting name: String, _ shape: [Int]) {
            self.init(name, "F32", shape, floats: (0..<shape.reduce(1, *)).map(Float.init))
        }
    }

    var metadata: [String: String] = [:]
    var tensors: [Tensor] = []

    /// The file.
    var bytes: [UInt8] {
        var members = [#""__metadata__":{\#(metadata.map { "\(quoted($0)):\(quoted($1))" }.joined(separator: ","))}"#]
        var offset = 0
        for tensor in tensors {
            let end = offset + tensor.bytes.count
            members.append(
                #"\#(quoted(tensor.name)):{"dtype":"\#(tensor.type)","shape":\#(tensor.shape),"data_offsets":[\#(offset),\#(end)]}"#
            )
            offset = end
        }
        let header = Array("{\(members.joined(separator: ","))}".utf8)
        return (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) } + header + tensors.flatMap(\.bytes)
    }

    private func quoted(_ text: String) -> String {
        "\"\(text.map { $0 == "\"" || $0 == "\\" ? "\\\($0)" : String($0) }.joined())\""
    }

    /// An mf of two users, three items and two elements.
    static let factorisation = WeightsFixture(
        metadata: ["user_ids": #"["a", "b"]"#, "item_ids": #"["x", "y", "z"]"#],
        tensors: [
            Tensor(counting: "user_gmf", [2, 2]), Tensor(counting: "item_gmf", [3, 2]),
            Tensor(counting: "user_bias", [2]), Tensor(counting: "global_bias", [1]),
        ])

    /// An mlp of the same users and items, with layers of 4 and 1.
    static let tower = WeightsFixture(
        metadata: factorisation.metadata,
        tensors: [
            Tensor(counting: "user_mlp", [2, 2]), Tensor(counting: "item_mlp", [3, 2]),
            Tensor(counting: "layers.0.weight", [4, 4]), Tensor(counting: "layers.1.weight", [1, 4]),
            Tensor(counting: "output_weights", [1]),
        ])

    func with(_ name: String, _ text: String?) -> WeightsFixture {
        var copy = self
        copy.metadata[name] = text
        return copy
    }

    /// Replaces the tensor of that name, or adds it.
    func with(_ tensor: Tensor) -> WeightsFixture {
        var copy = without(tensor.name)
        copy.tensors.append(tensor)
        return copy
    }

    func without(_ name: String) -> WeightsFixture {
        var copy = self
        copy.tensors.removeAll { $0.name == name }
        return copy
    }
}

extension WeightsFixture {
    /// A file that has to be refused, and words of the reason.
    struct Hostile: Sendable, CustomTestStringConvertible {
        var file: WeightsFixture
        var reason: String
        var testDescription: String { reason }

        init(_ file: WeightsFixture, _ reason: String) {
            self.file = file
            self.reason = reason
        }
    }

    static let hostile: [Hostile] = tensorFaults + idFaults + metadataFaults

    private static let tensorFaults: [Hostile] = [
        Hostile(factorisation.without("item_gmf"), "there is no tensor \"item_gmf\" beside \"user_gmf\""),
        Hostile(factorisation.without("user_gmf"), "there is no tensor \"user_gmf\" beside \"item_gmf\""),
        Hostile(
            factorisation.without("item_gmf").without("user_gmf"), "there is neither \"user_gmf\" nor \"user_mlp\""),
        Hostile(
            factorisation.with(.init(counting: "item_gmf", [2, 2])),
            "tensor \"item_gmf\" is F32 [2, 2], expected F32 [3, 2]"),
        Hostile(
            factorisation.with(.init(counting: "item_gmf", [3, 3])),
            "tensor \"item_gmf\" is F32 [3, 3], expected F32 [3, 2]"),
        Hostile(
            factorisation.with(.init("user_gmf", "F16", [2, 2], Array(repeating: 0, count: 8))),
            "tensor \"user_gmf\" is F16 [2, 2], expected F32 [2, 2]"),
        Hostile(factorisation.with(.init(counting: "user_gmf", [4])), "tensor \"user_gmf\" is [4], expected a matrix"),
        Hostile(
            factorisation.with(.init(counting: "user_gmf", [2, 0])), "expected a matrix, with 1 to 4096 in place 1"),
        Hostile(factorisation.with(.init(counting: "user_gmf", [1, 4097])), "1 to 4096 in place 1"),
        Hostile(
            factorisation.with(.init("user_gmf", "F32", [2, 2], floats: [0, .nan, 0, 0])),
            "tensor \"user_gmf\" holds nan at place 1"),
        Hostile(
            factorisation.with(.init("item_gmf", "F32", [3, 2], floats: [0, 0, 0, 0, 0, -.infinity])), "holds -inf at"),
        Hostile(
            factorisation.with(.init("user_gmf", "F32", [2, 2], floats: [1e20, 0, 0, 0])), "its scores could reach"),
        Hostile(
            factorisation.with(.init(counting: "user_bais", [2])),
            "tensor \"user_bais\" is unknown; did you mean \"user_bias\"?"),
        Hostile(factorisation.with(.init(counting: "global_bias", [2])), "expected F32 [1]"),
        Hostile(tower.without("layers.0.weight"), "there is no tensor \"layers.0.weight\""),
        Hostile(tower.without("layers.1.weight"), "tensor \"output_weights\" is F32 [1], expected F32 [4]"),
        Hostile(
            tower.with(.init(counting: "layers.1.weight", [1, 5])),
            "tensor \"layers.1.weight\" is F32 [1, 5], expected F32 [1, 4]"),
        Hostile(
            tower.with(.init(counting: "layers.3.weight", [1, 1])),
            "tensor \"layers.3.weight\" is unknown; did you mean"),
        Hostile(tower.without("output_weights"), "there is no tensor \"output_weights\""),
        Hostile(
            tower.with(.init("layers.0.weight", "F32", [4, 4], floats: Array(repeating: 1e12, count: 16)))
                .with(.init("layers.1.weight", "F32", [1, 4], floats: Array(repeating: 1e12, count: 4))),
            "its scores could reach"),
    ]

    private static func offsets(_ name: String, _ numbers: [UInt8], type: String = "I64") -> Tensor {
        Tensor(name, type, [numbers.count], numbers.flatMap { [$0, 0, 0, 0, 0, 0, 0, $0 == 255 ? 255 : 0] })
    }

    private static let idFaults: [Hostile] = [
        Hostile(factorisation.with("user_ids", nil), "it is not said which row is whose: \"user_ids\" are missing"),
        Hostile(factorisation.with("item_ids", nil), "\"item_ids\" are missing"),
        Hostile(factorisation.with("user_ids", "a,b"), "\"user_ids\" is not JSON"),
        Hostile(factorisation.with("user_ids", "{}"), "\"user_ids\" is not a JSON array"),
        Hostile(factorisation.with("user_ids", "[]"), "\"user_ids\" lists 0 IDs"),
        Hostile(factorisation.with("user_ids", #"["a"]"#), "tensor \"user_gmf\" is F32 [2, 2], expected F32 [1, 2]"),
        Hostile(factorisation.with("user_ids", #"["a", "a"]"#), "at place 1: the same ID as at place 0"),
        Hostile(factorisation.with("user_ids", #"["a", ""]"#), "at place 1: an ID must not be empty"),
        Hostile(factorisation.with("user_ids", #"["a", null]"#), "at place 1: expected"),
        Hostile(factorisation.with("user_ids", #"["a", "b\u0000"]"#), "at place 1: an ID must not contain control"),
        Hostile(
            factorisation.with("user_ids", #"["a", "\#(String(repeating: "x", count: 257))"]"#), "at most 256 bytes"),
        Hostile(
            factorisation.with(.init("user_ids.bytes", "U8", [2], [97, 98])).with(
                offsets("user_ids.offsets", [0, 1, 2])),
            "both in the metadata and in tensors"),
        Hostile(
            factorisation.with("user_ids", nil).with(.init("user_ids.bytes", "U8", [2], [97, 98])),
            "there is no tensor \"user_ids.offsets\""),
        Hostile(
            factorisation.with("user_ids", nil).with(.init("user_ids.bytes", "U8", [2], [97, 98]))
                .with(offsets("user_ids.offsets", [0, 1, 3])), "which the offsets do not partition"),
        Hostile(
            factorisation.with("user_ids", nil).with(.init("user_ids.bytes", "U8", [2], [97, 98]))
                .with(offsets("user_ids.offsets", [0, 255, 2])), "at place 1 that counts nothing"),
        Hostile(
            factorisation.with("user_ids", nil).with(.init("user_ids.bytes", "U8", [2], [97, 0xFF]))
                .with(offsets("user_ids.offsets", [0, 1, 2])), "at place 1: an ID must be UTF-8"),
        Hostile(
            factorisation.with("user_ids", nil).with(.init("user_ids.bytes", "U8", [2], [97, 98]))
                .with(.init(counting: "user_ids.offsets", [3])), "expected I32, U32, I64 or U64"),
        Hostile(
            factorisation.with(offsets("seen.offsets", [0, 1, 1])),
            "there is no tensor \"seen.items\" beside \"seen.offsets\""),
        Hostile(
            factorisation.with(offsets("seen.offsets", [0, 1, 2])).with(offsets("seen.items", [1])),
            "does not partition seen.items"),
        Hostile(
            factorisation.with(offsets("seen.offsets", [0, 0, 1])).with(offsets("seen.items", [3])),
            "names an item that is not there"),
    ]

    private static let metadataFaults: [Hostile] = [
        Hostile(factorisation.with("user_id", "[]"), "\"user_id\" is unknown; did you mean \"user_ids\"?"),
        Hostile(factorisation.with("epochs", "3"), "metadata: \"epochs\" is unknown"),
        Hostile(factorisation.with("nectar", "weights 2"), "\"nectar\" is \"weights 2\"; this program reads"),
        Hostile(factorisation.with("architecture", "svd"), "which is none of mf, gmf, mlp and neumf"),
        Hostile(
            factorisation.with("architecture", "neumf"), "\"architecture\" is \"neumf\", the tensors are those of mf"),
        Hostile(tower.with("architecture", "gmf"), "the tensors are those of mlp"),
        Hostile(
            factorisation.with("architecture", "mf").with(.init(counting: "output_weights", [2])),
            "\"output_weights\" of an mf is not 1 throughout"),
        Hostile(
            factorisation.with("objective", "auto"),
            "which is none of implicit, bpr, softmax, cosine_contrastive and rating"),
        Hostile(factorisation.with("objective", "rating"), "needs \"lowest_rating\" and \"highest_rating\""),
        Hostile(factorisation.with("rating_output", "clipped"), "which is none of linear and bounded"),
        Hostile(
            factorisation.with("rating_output", "bounded"),
            "\"rating_output\" means nothing unless \"objective\" is \"rating\""),
        Hostile(
            factorisation.with("objective", "rating").with("rating_output", "bounded"),
            "needs \"lowest_rating\" and \"highest_rating\""),
        Hostile(factorisation.with("lowest_rating", "1"), "are not two numbers in rising order"),
        Hostile(
            factorisation.with("lowest_rating", "5").with("highest_rating", "1"),
            "are not two numbers in rising order"),
        Hostile(
            factorisation.with("lowest_rating", "nan").with("highest_rating", "1"),
            "are not two numbers in rising order"),
        Hostile(factorisation.with("negatives_per_positive", "0"), "expected a whole number from 1 to 1000"),
        Hostile(factorisation.with("history_weight", "nan"), "expected a number"),
        Hostile(factorisation.with("history_weight", "0.5"), "there is no tensor \"prior.user_variance_gmf\""),
        Hostile(factorisation.with(.init(counting: "history_gmf", [3, 2])), "needs \"history_weight\""),
        Hostile(factorisation.with("seed", "-1"), "expected a whole number below 2^64"),
        Hostile(factorisation.with("dislikes_up_to", "nan"), "\"dislikes_up_to\" is \"nan\", expected a number"),
        Hostile(
            factorisation.with("objective", "rating").with("lowest_rating", "1").with("highest_rating", "5")
                .with("dislikes_up_to", "1"),
            "\"dislikes_up_to\" means nothing to a model of ratings"),
        Hostile(
            factorisation.with("negative_sampling", "popular"), "which is none of uniform, popularity and in_batch"),
        Hostile(
            factorisation.with("negative_sampling", "in_batch"),
            "can be in_batch only with the objective softmax, not with implicit"),
        Hostile(
            factorisation.with("popularity_exponent", "1"),
            "\"popularity_exponent\" means nothing unless \"negative_sampling\" is \"popularity\""),
        Hostile(
            factorisation.with("negative_sampling", "popularity").with("popularity_exponent", "2.1"),
            "\"popularity_exponent\" is \"2.1\", expected a number from 0 to 2"),
        Hostile(factorisation.with("propensity", "-1"), "\"propensity\" is \"-1\", expected a number from 0 to 2"),
        Hostile(
            factorisation.with("propensity_clip", "10"), "\"propensity_clip\" means nothing without \"propensity\""),
        Hostile(
            factorisation.with("propensity", "1").with("propensity_clip", "0.5"),
            "\"propensity_clip\" is \"0.5\", expected a number from 1 to 1000"),
        Hostile(factorisation.with("calibration_slope", "0.5"), "are not both there"),
        Hostile(
            factorisation.with("calibration_slope", "0").with("calibration_offset", "1"), "a number from 0.000001 to"),
        Hostile(
            factorisation.with("calibration_slope", "1").with("calibration_offset", "inf"), "are not both there"),
        Hostile(factorisation.with("contrastive_margin", "0.1"), "means nothing unless"),
        Hostile(
            factorisation.with("objective", "cosine_contrastive").with("contrastive_margin", "2"),
            "expected a number from -1 to 1"),
        Hostile(factorisation.with("newest_timestamp", "soon"), "expected milliseconds since 1970"),
        Hostile(factorisation.with("propensities", "1"), "did you mean \"propensity\"?"),
    ]
}
