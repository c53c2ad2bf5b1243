/// Keeps the records of erased users out of a load, but for users who have come back since.
///
/// A record says nothing of its time: it may be from an export that was made before the erasure. So it waits until all of the load's
/// interactions were seen. One of the user with a time after the erasure shows that the files are from after it as well, and that the
/// record is of whoever uses the name now; without one the record stays out, also where the store knows such a user, whose record
/// it would replace. Memory: as many records as users were erased, at most.
struct ReturningUsers {
    private let erased: Tombstones
    private let erasures: Int64?
    private var waiting: [ExactName: User] = [:]
    private var back: Set<ExactName> = []

    /// - Parameters:
    ///   - erased: Everybody who was ever erased.
    ///   - erasures: How many erasures there had been when the load began; nil if it begins now.
    init(erased: Tombstones, begunAfter erasures: Int64?) {
        self.erased = erased
        self.erasures = erasures
    }

    /// The records that need not wait.
    mutating func welcome(among users: [User]) -> [User] {
        guard !erased.isEmpty else { return users }
        return users.filter { user in
            guard erased.contains(user.id) else { return true }
            waiting[ExactName(user.id)] = user
            return false
        }
    }

    /// Interactions of the load, which come after the records.
    mutating func note(_ interactions: [Interaction]) {
        guard !waiting.isEmpty else { return }
        for interaction in interactions {
            let name = ExactName(interaction.userID)
            guard waiting[name] != nil, interaction.timestamp != nil, let stone = erased.stone(of: interaction.userID),
                !stone.bars(interaction, begunAfter: erasures)
            else { continue }
            back.insert(name)
        }
    }

    /// The records of who has come back, by name, and how many there are of others; none waits any more.
    mutating func settle() -> (back: [User], erased: Int) {
        defer { (waiting, back) = ([:], []) }
        let returned = waiting.filter { back.contains($0.key) }.sorted { $0.key < $1.key }.map(\.value)
        return (returned, waiting.count - returned.count)
    }
}
