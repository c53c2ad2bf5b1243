import InteractionStorage
import JSON

/// The rules of the catalogue for records that were read from files of others: what is stored by one way has to be what every other way
/// takes, or an export could not be imported again. (``ItemDecoder`` and ``UserDecoder`` hold JSON of ours to the same, place by place.)
extension CatalogueLimits {
    /// What is wrong with an item; nil where nothing is.
    func fault(of item: Item) -> String? {
        if let fault = item.fault { return fault }
        if let title = item.title, title.utf8.count > titleLength {
            return "title: must be at most \(titleLength) bytes long, not \(title.utf8.count)"
        }
        if let domain = item.domain, let problem = JSONIdentifier.problem(in: domain) { return "domain: \(problem)" }
        if let fault = fault(of: item.tags, item.attributes) ?? fault(of: item.vectors) { return fault }
        return RecordLength(limit: recordLength).fault(of: item)
    }

    /// What is wrong with a user; nil where nothing is.
    func fault(of user: User) -> String? {
        user.fault ?? fault(of: user.tags, user.attributes) ?? RecordLength(limit: recordLength).fault(of: user)
    }

    private func fault(of tags: [String], _ attributes: [ExactName: AttributeValue]) -> String? {
        if tags.count > count { return "there must be at most \(count) tags, not \(tags.count)" }
        for tag in tags {
            if let problem = JSONIdentifier.problem(in: tag) {
                return "tag \(FieldText.quotation(of: tag)) is unfit: \(problem)"
            }
        }
        if attributes.count > count { return "there must be at most \(count) attributes, not \(attributes.count)" }
        for (name, value) in attributes.sorted(by: { $0.key < $1.key }) {
            if let problem = JSONIdentifier.problem(in: name.text) {
                return "attribute \(FieldText.quotation(of: name.text)): the name is unfit: \(problem)"
            }
            if let fault = fault(of: value) { return "attribute \(FieldText.quotation(of: name.text)): \(fault)" }
        }
        return nil
    }

    private func fault(of value: AttributeValue) -> String? {
        let texts: [String]
        switch value {
        case .string(let text): texts = [text]
        case .strings(let list): texts = list
        case .number, .boolean: return nil
        }
        if texts.count > count { return "must have at most \(count) elements, not \(texts.count)" }
        let longest = texts.map(\.utf8.count).max() ?? 0
        return longest > textLength ? "must be at most \(textLength) bytes long, not \(longest)" : nil
    }

    private func fault(of vectors: [ExactName: [Float]]) -> String? {
        if vectors.count > vectorCount {
            return "there must be at most \(vectorCount) vectors, not \(vectors.count)"
        }
        for (name, vector) in vectors.sorted(by: { $0.key < $1.key }) {
            if let problem = JSONIdentifier.problem(in: name.text) {
                return "vector \(FieldText.quotation(of: name.text)): the name is unfit: \(problem)"
            }
            if vector.count > vectorDimension {
                return
                    "vector \(FieldText.quotation(of: name.text)): must have at most \(vectorDimension) elements, not "
                    + "\(vector.count)"
            }
        }
        return nil
    }
}
