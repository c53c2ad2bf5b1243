import InteractionFormats
import InteractionStorage
import JSON

extension Item {
    /// Writes the members that were asked for, as far as there are such: `title`, `tags`, `domain`, or the names of attributes.
    func write(_ fields: [String], into writer: inout JSONWriter) {
        for field in fields {
            switch field {
            case "title": writer.member("title", ifPresent: title)
            case "tags": writer.member("tags", tags)
            case "domain": writer.member("domain", ifPresent: domain)
            default:
                if let value = attributes[ExactName(field)] { ItemEncoder.encode(value, named: field, to: &writer) }
            }
        }
    }
}
