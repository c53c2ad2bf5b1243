/// The value of one attribute of an item or a user.
public enum AttributeValue: Sendable, Hashable {
    /// Text.
    case string(String)
    /// A finite number.
    case number(Double)
    /// A truth value.
    case boolean(Bool)
    /// Several texts, such as genres, in the order given.
    case strings([String])
}
