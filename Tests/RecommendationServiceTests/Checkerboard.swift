import InteractionStorage
import JSON
import RecommendationService
import TestSupport

/// Twelve users and twelve items; who and what are of one colour go together, but for one square each that is left out.
///
/// User `u3` has touched `i1`, `i5`, `i7`, `i9` and `i11`, and not `i3`.
enum Checkerboard {
    static let size = 12

    static var interactions: [Interaction] {
        (0..<size).flatMap { user in
            touched(by: user).map { item in
                Interaction(
                    userID: "u\(user)", itemID: "i\(item)", timestamp: Int64(1_700_000_000_000 + user * 100 + item))
            }
        }
    }

    static func touched(by user: Int) -> [Int] {
        (0..<size).filter { $0 % 2 == user % 2 && $0 != user }
    }

    static func items(of user: Int) -> Set<String> { Set(touched(by: user).map { "i\($0)" }) }

    static let everyItem = Set((0..<size).map { "i\($0)" })
}

extension TestService {
    /// Stores the checkerboard through the front door.
    func loadCheckerboard() throws {
        _ = try post("/interactions", Checkerboard.interactions.map(\.ndjson).joined(), type: "application/x-ndjson")
    }

    /// A service that knows the checkerboard and has a model of it.
    static func trained(
        store: any InteractionStore = InMemoryInteractionStore(), directory: TemporaryDirectory? = nil,
        _ configure: (inout ServiceConfiguration) -> Void = { _ in }
    ) throws -> TestService {
        let service = try TestService(store: store, directory: directory, configure)
        try service.loadCheckerboard()
        try service.train()
        return service
    }

    /// The checkerboard with records: `group` a to c by number, `number`; the last two items have none.
    static func shop(isTrained: Bool = true) throws -> TestService {
        let service = try isTrained ? TestService.trained() : TestService()
        if !isTrained { try service.loadCheckerboard() }
        for item in 0..<10 {
            let group = ["a", "b", "c"][item % 3]
            _ = try service.ask(
                "PUT", "/items/i\(item)",
                #"{"title": "\#(item)", "attributes": {"group": "\#(group)", "number": \#(item)}}"#)
        }
        return service
    }
}

extension Interaction {
    /// A row of NDJSON with its line feed.
    var ndjson: String {
        let time = timestamp.map { ", \"timestamp\": \($0 / 1000)" } ?? ""
        return "{\"user_id\": \"\(userID)\", \"item_id\": \"\(itemID)\"\(time)}\n"
    }
}
