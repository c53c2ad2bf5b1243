public import InteractionStorage
internal import JSON
public import NCF

extension FeatureRecord {
    /// What an item is beside its ID and its title. Availability is no property: it changes who may see it, not who likes it.
    public init(_ item: Item) {
        self.init(tags: item.tags, attributes: item.attributes)
        for (name, vector) in item.vectors.sorted(by: { $0.key < $1.key }) { add(.vector, name.text, .vector(vector)) }
    }

    /// What a user is beside its ID.
    public init(_ user: User) {
        self.init(tags: user.tags, attributes: user.attributes)
    }

    private init(tags: [String], attributes: [ExactName: AttributeValue]) {
        self.init()
        if !tags.isEmpty { add(.tags, "", .labels(tags)) }
        for (name, value) in attributes.sorted(by: { $0.key < $1.key }) {
            switch value {
            case .string(let text):
                // JSON knows no times; what is exactly one is meant as one, in filters too.
                let moment = RFC3339.parse(text)
                add(.attribute, name.text, moment.map { .time($0, text: text) } ?? .labels([text]))
            case .strings(let texts): add(.attribute, name.text, .labels(texts))
            case .boolean(let flag): add(.attribute, name.text, .labels([flag ? "true" : "false"]))
            case .number(let number): add(.attribute, name.text, .number(number))
            }
        }
    }
}
