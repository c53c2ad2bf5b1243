import InteractionStorage
import JSON

/// Rows of JSON as other recommenders export them: their names for ours, and what has no counterpart here passed over.
///
/// Gorse: the structs `User`, `Item` and `Feedback` of its `storage/data/database.go`, one object on a line. Recombee: the
/// parameters of its calls (docs.recombee.com/api/interactions) and the rows of its tutorial, which has `user_id` for `userId`.
struct ForeignRows {
    let layout: DatasetLayout
    let limits: InteractionLimits
    /// The kind of interactions whose file says so; nil where each says it itself.
    var kind: String?

    func interaction(_ value: JSONValue, _ faults: inout JSONFaults) -> Interaction? {
        let before = faults.total
        guard let object = value.decodeObject(&faults) else { return nil }
        object.refuseDuplicates(&faults)
        let isGorse = layout == .gorse
        var interaction = Interaction(
            userID: identifier(isGorse ? ["UserId"] : ["userId", "user_id"], of: object, &faults),
            itemID: identifier(isGorse ? ["ItemId"] : ["itemId", "item_id"], of: object, &faults))
        interaction.kind =
            isGorse ? present("FeedbackType", of: object)?.decodeIdentifier(&faults) : kind
        if let name = interaction.kind, let fault = limits.kinds?.fault(of: name) {
            faults.add(isGorse ? "/FeedbackType" : "", fault)
        }
        interaction.timestamp = present(isGorse ? "Timestamp" : "timestamp", of: object)
            .flatMap { timestamp($0, &faults) }
        interaction.rating = present(isGorse ? "Value" : "rating", of: object)?.decodeNumber(in: limits.rating, &faults)
        // Gorse writes 0 where there is no value.
        if isGorse, interaction.rating == 0 { interaction.rating = nil }
        if !isGorse { interaction.weight = present("portion", of: object)?.decodeNumber(in: 0...1, &faults) }
        if let name = required, present(name, of: object) == nil {
            faults.add(at: object, member: name, "member \"\(name)\" is required")
        }
        return faults.total == before ? interaction : nil
    }

    /// Without which an interaction of Recombee's kinds says nothing.
    private var required: String? {
        switch kind {
        case "rating": "rating"
        case "play": "portion"
        default: nil
        }
    }

    func item(_ value: JSONValue, _ faults: inout JSONFaults) -> Item? {
        let before = faults.total
        guard let object = value.decodeObject(&faults) else { return nil }
        object.refuseDuplicates(&faults)
        let isGorse = layout == .gorse
        var item = Item(id: identifier(isGorse ? ["ItemId"] : ["itemId", "item_id"], of: object, &faults))
        let properties: Properties
        if isGorse {
            properties = Properties(labels: present("Labels", of: object), &faults)
            item.tags = FieldText.distinct(texts(present("Categories", of: object), &faults) + properties.tags)
            item.hidden = present("IsHidden", of: object)?.decodeBool(&faults) ?? false
            item.title = present("Comment", of: object)?.decodeString(&faults).flatMap { $0.isEmpty ? nil : $0 }
            item.availableFrom = present("Timestamp", of: object).flatMap { timestamp($0, &faults) }
        } else {
            properties = Properties(members: object, without: ["itemId", "item_id", "title"], &faults)
            item.title = present("title", of: object)?.decodeString(&faults)
        }
        item.attributes = properties.attributes
        item.vectors = properties.vectors
        return settled(item, CatalogueLimits().fault(of: item), before, value, &faults)
    }

    func user(_ value: JSONValue, _ faults: inout JSONFaults) -> User? {
        let before = faults.total
        guard let object = value.decodeObject(&faults) else { return nil }
        object.refuseDuplicates(&faults)
        let isGorse = layout == .gorse
        var user = User(id: identifier(isGorse ? ["UserId"] : ["userId", "user_id"], of: object, &faults))
        if isGorse {
            let properties = Properties(labels: present("Labels", of: object), &faults)
            user.tags = FieldText.distinct(texts(present("Subscribe", of: object), &faults) + properties.tags)
            user.attributes = properties.attributes
            if let comment = present("Comment", of: object)?.decodeString(&faults), !comment.isEmpty {
                user.attributes["comment"] = .string(comment)
            }
        } else {
            user.attributes = Properties(members: object, without: ["userId", "user_id"], &faults).attributes
        }
        return settled(user, CatalogueLimits().fault(of: user), before, value, &faults)
    }

    // MARK: Members

    /// A record that the catalogue does not take is a fault of its row.
    private func settled<Record>(
        _ record: Record, _ fault: String?, _ before: Int, _ value: JSONValue, _ faults: inout JSONFaults
    ) -> Record? {
        if faults.total == before, let fault { faults.add(at: value, fault) }
        return faults.total == before ? record : nil
    }

    private func present(_ name: String, of object: JSONValue) -> JSONValue? {
        object[name].flatMap { $0.isNull ? nil : $0 }
    }

    private func identifier(_ names: [String], of object: JSONValue, _ faults: inout JSONFaults) -> String {
        guard let value = names.lazy.compactMap({ present($0, of: object) }).first else {
            faults.add(at: object, member: names[0], "member \"\(names[0])\" is required")
            return ""
        }
        return value.decodeIdentifier(&faults) ?? ""
    }

    /// A moment; Go's zero time, the year 1, stands for none.
    private func timestamp(_ value: JSONValue, _ faults: inout JSONFaults) -> Int64? {
        guard let milliseconds = InteractionDecoder.timestamp(value, &faults) else { return nil }
        return milliseconds == Self.goZeroTime ? nil : milliseconds
    }

    /// 0001-01-01T00:00:00Z.
    private static let goZeroTime: Int64 = -62_135_596_800_000

    private func texts(_ value: JSONValue?, _ faults: inout JSONFaults) -> [String] {
        value?.decodeArray(&faults)?.elements.compactMap { $0.decodeIdentifier(&faults) } ?? []
    }
}

extension ForeignRows {
    /// What is said of an item or a user in members of free names.
    private struct Properties {
        var tags: [String] = []
        var attributes: [ExactName: AttributeValue] = [:]
        var vectors: [ExactName: [Float]] = [:]

        /// Gorse's labels: texts are tags; of an object the members are properties.
        init(labels: JSONValue?, _ faults: inout JSONFaults) {
            guard let labels else { return }
            switch labels.kind {
            case .array: tags = labels.elements.compactMap(Self.text)
            case .object: add(labels, without: [], "", &faults)
            default: faults.add(at: labels, "expected an array of texts or an object")
            }
        }

        /// Recombee's properties stand beside the ID.
        init(members object: JSONValue, without names: [String], _ faults: inout JSONFaults) {
            add(object, without: names, "", &faults)
        }

        /// Objects within are joined to their names by dots.
        private mutating func add(
            _ object: JSONValue, without names: [String], _ prefix: String, _ faults: inout JSONFaults
        ) {
            for (name, value) in object.members where !names.contains(name) {
                let key = ExactName(prefix + name)
                switch value.kind {
                case .null: break
                case .string: attributes[key] = value.string.map { .string($0) }
                case .bool: attributes[key] = value.bool.map { .boolean($0) }
                case .integer: attributes[key] = AttributeDecoder.integer(value, &faults)
                case .double: attributes[key] = value.decodeNumber(&faults).map { .number($0) }
                case .object: add(value, without: [], "\(prefix)\(name).", &faults)
                case .array: add(value, under: key, &faults)
                }
            }
        }

        /// Numbers are a vector; of all else what can be said in a text is texts, and what cannot has no counterpart here.
        private mutating func add(_ array: JSONValue, under key: ExactName, _ faults: inout JSONFaults) {
            let numbers = array.elements.compactMap { $0.kind == .string ? nil : $0.double }
            if array.count > 0, numbers.count == array.count {
                vectors[key] = numbers.map { Float($0) }
            } else {
                let texts = array.elements.compactMap(Self.text)
                if array.count == 0 || !texts.isEmpty { attributes[key] = .strings(texts) }
            }
        }

        private static func text(_ value: JSONValue) -> String? {
            switch value.kind {
            case .string: value.string
            case .integer: value.integerText
            case .double: value.double?.description
            case .bool: value.bool?.description
            case .null, .array, .object: nil
            }
        }
    }
}
