import TestSupport
import Testing

@testable import JSON

/// A document as a plain tree, with a slow and obvious writer: the oracle.
private indirect enum Tree: Equatable {
    case null
    case bool(Bool)
    case int(Int)
    case unsigned(UInt64)
    case digits(String)
    case double(Double)
    case string(String)
    case array([Tree])
    case object([(String, Tree)])

    static func == (a: Tree, b: Tree) -> Bool {
        switch (a, b) {
        case (.null, .null): true
        case (.bool(let a), .bool(let b)): a == b
        case (.int(let a), .int(let b)): a == b
        case (.unsigned(let a), .unsigned(let b)): a == b
        case (.digits(let a), .digits(let b)): a == b
        case (.double(let a), .double(let b)): a.bitPattern == b.bitPattern
        case (.string(let a), .string(let b)): Array(a.utf8) == Array(b.utf8)
        case (.array(let a), .array(let b)): a == b
        case (.object(let a), .object(let b)):
            a.count == b.count && zip(a, b).allSatisfy { Array($0.0.utf8) == Array($1.0.utf8) && $0.1 == $1.1 }
        default: false
        }
    }

    static func random(depth: Int, _ random: inout SeededGenerator) -> Tree {
        switch Int.random(in: 0..<(depth == 0 ? 7 : 9), using: &random) {
        case 0: return .null
        case 1: return .bool(Bool.random(using: &random))
        case 2: return .int(Int(truncatingIfNeeded: random.next()) >> Int.random(in: 0..<64, using: &random))
        case 3: return .unsigned(random.next() | 1 << 63)
        case 4:
            let double = Double(bitPattern: random.next())
            return double.isFinite ? .double(double) : .double(0.5)
        case 5: return .string(text(&random))
        case 6:
            return .digits("\(Bool.random(using: &random) ? "-" : "")9\(random.next() | 1 << 63)")
        case 7:
            return .array((0..<Int.random(in: 0..<6, using: &random)).map { _ in .random(depth: depth - 1, &random) })
        default:
            return .object(
                (0..<Int.random(in: 0..<6, using: &random)).map { _ in
                    (text(&random), .random(depth: depth - 1, &random))
                })
        }
    }

    private static func text(_ random: inout SeededGenerator) -> String {
        var text = ""
        for _ in 0..<Int.random(in: 0..<20, using: &random) {
            let limit: UInt32 = [0x20, 0x80, 0x800, 0x110000][Int.random(in: 0..<4, using: &random)]
            if let scalar = Unicode.Scalar(UInt32.random(in: 0..<limit, using: &random)) {
                text.unicodeScalars.append(scalar)
            }
        }
        return text
    }

    /// Spaces everywhere, and every character of a string as an escape or as itself by turns.
    var sprawling: String {
        switch self {
        case .null: "null"
        case .bool(let bool): "\(bool)"
        case .int(let int): "\(int)"
        case .unsigned(let int): "\(int)"
        case .digits(let text): text
        case .double(let double): "\(double)".uppercased()
        case .string(let text): Self.sprawling(text)
        case .array(let elements): "[ \(elements.map(\.sprawling).joined(separator: "\n,\t")) ]"
        case .object(let members):
            "{\r\n\(members.map { "\(Self.sprawling($0)) : \($1.sprawling)" }.joined(separator: " , ")) }"
        }
    }

    private static func sprawling(_ text: String) -> String {
        var written = "\""
        for (index, scalar) in text.unicodeScalars.enumerated() {
            if index % 2 == 0 || scalar.value < 0x20 || scalar == "\"" || scalar == "\\" {
                for unit in String(scalar).utf16 {
                    let hex = String(unit, radix: 16, uppercase: index % 4 == 0)
                    written += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
                }
            } else {
                written.unicodeScalars.append(scalar)
            }
        }
        return written + "\""
    }

    func write(_ writer: inout JSONWriter) {
        switch self {
        case .null: writer.null()
        case .bool(let bool): writer.value(bool)
        case .int(let int): writer.value(int)
        case .unsigned(let int): writer.value(int)
        case .digits(let text): writer.raw(Array(text.utf8))
        case .double(let double): writer.value(double)
        case .string(let text): writer.value(text)
        case .array(let elements): writer.array { for element in elements { element.write(&$0) } }
        case .object(let members):
            writer.object {
                for (name, member) in members {
                    $0.key(name)
                    member.write(&$0)
                }
            }
        }
    }

    init(_ value: JSONValue) {
        switch value.kind {
        case .null: self = .null
        case .bool: self = .bool(value.bool ?? false)
        case .integer:
            let small = value.int.map(Tree.int) ?? value.unsignedInteger.map(Tree.unsigned)
            self = small ?? .digits(value.integerText ?? "?")
        case .double: self = .double(value.double ?? .nan)
        case .string: self = .string(value.string ?? "?")
        case .array: self = .array(value.elements.map(Tree.init))
        case .object: self = .object(value.members.map { ($0.name, Tree($0.value)) })
        }
    }
}

@Suite("JSON round trips")
struct JSONRoundTripTests {
    @Test("random documents read back as they were, from the writer and from a sprawling text", arguments: 0..<8)
    func roundTrip(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let parser = JSONParser()
        for _ in 0..<150 {
            let tree = Tree.random(depth: 5, &random)
            var writer = JSONWriter()
            tree.write(&writer)
            let document = try parser.parse(writer.bytes)
            #expect(Tree(document.root) == tree, "seed \(seed)")
            #expect(Tree(try parser.parse(Array(tree.sprawling.utf8)).root) == tree, "seed \(seed)")
            var copy = JSONWriter()
            copy.value(document.root)
            #expect(copy.bytes == writer.bytes, "seed \(seed)")
            check(document.root, at: JSONPointer(), seed)
        }
    }

    /// Walks everything, holding pointers and counts against the way taken.
    private func check(_ value: JSONValue, at pointer: JSONPointer, _ seed: UInt64) {
        #expect(value.pointer == pointer, "seed \(seed)")
        var count = 0
        for (index, element) in value.elements.enumerated() {
            check(element, at: pointer.appending(index), seed)
            count += 1
        }
        for (name, member) in value.members {
            check(member, at: pointer.appending(name), seed)
            count += 1
        }
        #expect(value.count == count, "seed \(seed)")
    }

    @Test("ten megabytes parse, and the parser serves small texts after it")
    func large() throws {
        var writer = JSONWriter(reservingCapacity: 11_000_000)
        writer.object {
            $0.key("interactions")
            $0.array { writer in
                for index in 0..<200_000 {
                    writer.object {
                        $0.member("user_id", "user-\(index % 1000)")
                        $0.member("item_id", index)
                        $0.member("rating", Double(index % 10) / 2)
                    }
                }
            }
        }
        #expect(writer.bytes.count > 10_000_000)
        let parser = JSONParser()
        let document = try parser.parse(writer.bytes)
        _ = try parser.parse(Array("[1]".utf8))
        let array = try #require(document.root["interactions"])
        #expect(array.count == 200_000)
        var sum = 0
        for element in array.elements { sum += element["item_id"]?.int ?? 0 }
        #expect(sum == 200_000 * 199_999 / 2)
        #expect(array[199_999]?["user_id"]?.string == "user-999")
    }

    @Test(
        "texts whose lengths straddle every buffer size parse to their end", arguments: [63, 64, 65, 4095, 4096, 4097])
    func bufferBoundaries(length: Int) throws {
        let parser = JSONParser()
        for text in [
            "\"" + String(repeating: "x", count: length - 2) + "\"", String(repeating: " ", count: length - 1) + "7",
            "[" + String(repeating: "[],", count: (length - 4) / 3) + String(repeating: " ", count: (length - 4) % 3)
                + "[]]",
        ] {
            #expect(text.utf8.count == length)
            var copy = JSONWriter()
            copy.value(try parser.parse(Array(text.utf8)).root)
            #expect(copy.bytes == Array(text.utf8).filter { $0 != 0x20 })
        }
    }

    @Test("a document may be read by many tasks at once")
    func concurrentReading() async throws {
        let document = try JSONParser().parse(Array(#"{"a":[1,2,3],"b":"text"}"#.utf8))
        await withTaskGroup(of: Int.self) { group in
            for _ in 0..<8 {
                group.addTask { (document.root["a"]?.elements.reduce(0) { $0 + ($1.int ?? 0) } ?? 0) }
            }
            for await sum in group { #expect(sum == 6) }
        }
    }
}
