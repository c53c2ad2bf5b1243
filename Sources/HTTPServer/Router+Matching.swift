import HTTP

extension Router {
    /// The tree walk for one path: where it stands is on the call stack, what it has seen is here.
    private struct Walk {
        var found: Route?
        var others: [Route] = []
        /// The segments that parameters took, innermost last.
        var captures: [Range<Int>] = []
    }

    /// What to do with a request of this method and raw path.
    func match(_ method: HTTPMethod, _ path: Span<UInt8>) -> Outcome {
        guard path.count > 0, path[0] == 0x2F else { return .notFound }
        let hasEscapes = path.contains(0x25)
        if hasEscapes, (try? PercentDecoding.decode(path)) == nil { return .malformed }
        var walk = Walk()
        descend(0, path, 1, method, hasEscapes, &walk)
        if let route = walk.found {
            guard !walk.captures.isEmpty else { return .match(Match(route: route, parameters: [])) }
            var parameters: [String] = []
            for range in walk.captures {
                guard let text = try? PercentDecoding.decode(path.extracting(range)) else { return .malformed }
                parameters.append(text)
            }
            return .match(Match(route: route, parameters: parameters))
        }
        return walk.others.isEmpty ? .notFound : .otherMethods(Self.allowed(walk.others))
    }

    /// Tries the children of `node` for the segment that begins at `start`; true when a route was found.
    @discardableResult
    private func descend(
        _ node: Int, _ path: Span<UInt8>, _ start: Int, _ method: HTTPMethod, _ hasEscapes: Bool, _ walk: inout Walk
    ) -> Bool {
        // Past the end: the last segment has been matched.
        guard start <= path.count else { return arrive(at: node, method, &walk) }
        var end = start
        while end < path.count, path[end] != 0x2F { end += 1 }
        let segment = start..<end
        for index in nodes[node].literals.indices {
            guard Self.matches(nodes[node].literals[index].segment, path.extracting(segment), hasEscapes) else {
                continue
            }
            if descend(nodes[node].literals[index].node, path, end + 1, method, hasEscapes, &walk) { return true }
        }
        // A parameter is never empty: `/items/` is not an item.
        guard let parameter = nodes[node].parameter, !segment.isEmpty else { return false }
        walk.captures.append(segment)
        if descend(parameter, path, end + 1, method, hasEscapes, &walk) { return true }
        walk.captures.removeLast()
        return false
    }

    private func arrive(at node: Int, _ method: HTTPMethod, _ walk: inout Walk) -> Bool {
        for route in nodes[node].routes where route.method == method {
            walk.found = route
            return true
        }
        if method == .head {
            for route in nodes[node].routes where route.method == .get {
                walk.found = route
                return true
            }
        }
        walk.others += nodes[node].routes
        return false
    }

    private static func matches(_ literal: [UInt8], _ segment: Span<UInt8>, _ hasEscapes: Bool) -> Bool {
        guard !hasEscapes else { return (try? PercentDecoding.decode(segment))?.utf8.elementsEqual(literal) ?? false }
        guard literal.count == segment.count else { return false }
        for index in 0..<segment.count where literal[index] != segment[index] { return false }
        return true
    }
}

extension Span<UInt8> {
    fileprivate func contains(_ byte: UInt8) -> Bool {
        for index in 0..<count where self[index] == byte { return true }
        return false
    }
}
