import HTTP

/// The routes whose template is all literal, and their paths octet by octet: the short way to most handlers.
///
/// Nothing is more specific than such a template, so that what is found here is what the tree would find. What is not
/// (HEAD for GET, a path with escapes, another method) is left to the tree. A class, because a connection that reaches
/// for a struct of arrays counts a reference to each of them.
final class LiteralRoutes: Sendable {
    private struct Entry {
        var method: HTTPMethod
        var start: Int
        var count: Int
    }

    private let entries: [Entry]
    private let paths: [UInt8]
    private let routes: [Router.Route]
    private let references: [RouteReference]

    /// Those among `routes` that have no parameters. A template with a percent sign is left out: it stands for another
    /// path than its own octets.
    init(among routes: [Router.Route]) {
        var entries: [Entry] = []
        var paths: [UInt8] = []
        self.routes = routes.filter { $0.parameterNames.isEmpty && !$0.template.utf8.contains(0x25) }
        for route in self.routes {
            let path = route.template.utf8
            entries.append(Entry(method: route.method, start: paths.count, count: path.count))
            paths += path
        }
        self.entries = entries
        self.paths = paths
        references = self.routes.map { RouteReference($0) }
    }

    /// The route of this method and exactly this path; n routes in O(n) comparisons of two numbers. It lives as long as
    /// this object, and is not retained for the caller.
    func find(_ method: HTTPMethod, _ path: Span<UInt8>) -> RouteReference? {
        for index in entries.indices where entries[index].count == path.count && entries[index].method == method {
            if isPath(entries[index].start, path) { return references[index] }
        }
        return nil
    }

    private func isPath(_ start: Int, _ path: Span<UInt8>) -> Bool {
        for index in path.indices where paths[start + index] != path[index] { return false }
        return true
    }
}

/// A route that its router keeps, to be asked without being retained for it.
@safe
struct RouteReference: Sendable {
    private let route: Unmanaged<Router.Route>

    /// `route` must live as long as this is used.
    init(_ route: Router.Route) {
        unsafe self.route = .passUnretained(route)
    }

    @inline(__always)
    func withRoute<Result>(_ body: (Router.Route) -> Result) -> Result {
        unsafe route._withUnsafeGuaranteedRef(body)
    }
}
