import Glibc

/// A name as a dictionary key, told apart byte for byte.
///
/// `String` takes canonically equivalent texts ("é" written in one scalar or in two) for equal, which would merge two users.
public struct ExactName: Hashable, Comparable, Sendable, ExpressibleByStringLiteral {
    /// The name.
    public let text: String

    /// The name as a key.
    public init(_ text: String) {
        self.text = text
    }

    /// A name written in the program.
    public init(stringLiteral text: StaticString) {
        self.text = text.description
    }

    /// Whether both have the same bytes.
    public static func == (left: ExactName, right: ExactName) -> Bool {
        var left = left.text
        var right = right.text
        return left.withUTF8 { left in
            right.withUTF8 { right in
                guard left.count == right.count, let first = left.baseAddress, let second = right.baseAddress else {
                    return left.count == right.count
                }
                return unsafe memcmp(first, second, left.count) == 0
            }
        }
    }

    /// In the order of the bytes.
    public static func < (left: ExactName, right: ExactName) -> Bool {
        left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }

    /// Feeds the bytes.
    public func hash(into hasher: inout Hasher) {
        var copy = text
        copy.withUTF8 { unsafe hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}
