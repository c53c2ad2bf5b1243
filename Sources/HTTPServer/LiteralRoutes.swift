import HTTP

/// The routes whose template is all literal, and their paths octet by octet: the short way to most handlers.
///
/// Nothing is more specific than such a template, so that what is found here is what the tree would find. What is not
/// (HEAD for GET, a path with escapes, another method) is left to the tree.
struct LiteralRoutes: Sendable {
    /// Numbers alone: going through them counts no references.
    private struct Entry {
        var method: HTTPMethod
        var start: Int
        var count: Int
    }

    private var entries: [Entry] = []
    private var paths: [UInt8] = []
    private var routes: [Router.Route] = []

    /// Adds a route without parameters. A template with a percent sign stands for another path than its own octets.
    mutating func add(_ route: Router.Route) {
        let path = route.template.utf8
        guard !path.contains(0x25) else { return }
        entries.append(Entry(method: route.method, start: paths.count, count: path.count))
        paths += path
        routes.append(route)
    }

    /// The route of this method and exactly this path.
    func find(_ method: HTTPMethod, _ path: Span<UInt8>) -> Router.Route? {
        let entries = entries.span
        for index in entries.indices where entries[index].count == path.count && entries[index].method == method {
            if isPath(entries[index], path) { return routes[index] }
        }
        return nil
    }

    private func isPath(_ entry: Entry, _ path: Span<UInt8>) -> Bool {
        let own = paths.span.extracting(entry.start..<entry.start + entry.count)
        for index in path.indices where own[index] != path[index] { return false }
        return true
    }
}
