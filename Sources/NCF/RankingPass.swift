/// What is the same for all users of one ranking: how far down, over which items, and by which way.
struct RankingPass {
    private let snapshot: ModelSnapshot
    private let limit: Int
    private let excludingSeen: Bool
    private let excluding: ItemSet?
    /// The only items that are left, where these are few.
    private let few: (items: [Int32], rows: ItemRows)?

    /// Below this share of the catalogue the items that are left are gathered and scored alone.
    private static let fewShare = 8

    init(snapshot: ModelSnapshot, limit: Int, excludingSeen: Bool, excluding: ItemSet?) {
        self.snapshot = snapshot
        self.limit = min(limit, snapshot.itemCount)
        self.excludingSeen = excludingSeen
        self.excluding = excluding
        if let excluding, snapshot.itemCount - excluding.count <= snapshot.itemCount / Self.fewShare {
            let items = excluding.complement.items
            few = (items, snapshot.model.gather(items))
        } else {
            few = nil
        }
    }

    /// Whether every item is scored by the whole model.
    var isExact: Bool {
        guard let preselection = snapshot.model.preselection, few == nil else { return true }
        return preselection.count(for: limit, of: snapshot.itemCount) >= snapshot.itemCount
    }

    /// One pass for all of `subjects`.
    func lists(for subjects: ArraySlice<RankingSubject>) -> [[ScoredItem]] {
        guard limit > 0 else { return subjects.map { _ in [] } }
        let model = snapshot.model
        return unsafe CatalogueScan.run(model, users: subjects.count, limit: limit) { scan in
            for (place, subject) in subjects.enumerated() { unsafe prepare(subject, at: place, in: scan) }
            if let few {
                unsafe scan.score(few.rows, standingFor: few.items)
                return
            }
            unsafe model.catalogue.withPointers { items in
                if let compact = model.compact {
                    unsafe scan.scoreAll(of: items, codedBy: compact)
                } else if let preselection = model.preselection {
                    unsafe scan.scoreAll(of: items, chosenBy: preselection)
                } else {
                    unsafe scan.scoreAll(of: items)
                }
            }
        }
    }

    private func prepare(_ subject: RankingSubject, at place: Int, in scan: CatalogueScan) {
        unsafe scan.hide(excluding, from: place)
        unsafe subject.hidden.withUnsafeBufferPointer { unsafe scan.hide($0, from: place) }
        let memory = unsafe scan.memory(of: place)
        switch subject.taste {
        case .user(let user):
            unsafe scan.enter(
                snapshot.model.prepare(user: user, in: memory), snapshot.model.related(of: user), at: place)
            if excludingSeen { unsafe snapshot.seen.withItems(of: user) { unsafe scan.hide($0, from: place) } }
        case .vector(let vector):
            unsafe scan.enter(snapshot.model.prepare(vector, in: memory), vector.related, at: place)
        }
    }
}
