/// How a model whose tower costs too much for a whole catalogue chooses the items that the tower then ranks.
///
/// By matrix factorisation, the item's bias and what the tower says of the item for the mean user: what a tower knows of
/// items alone, such as their popularity, is in the choice, and only what it knows of this user is not.
struct Preselection: Sendable {
    /// How many items are chosen, if the request asks for no more than half as many.
    let count: Int
    /// β_i and the tower's part for the mean user.
    let bias: FrozenArray<Float>

    /// One pass of the tower over the catalogue; `multiplications` is what it may cost for one user.
    init(_ model: ScoringModel, multiplications: Int, meanUser: UserVector) {
        count = max(1, multiplications / max(1, model.tower.multiplications))
        let all = model.score(meanUser, model.catalogue)
        let withoutTower = model.scoreWithoutTower(meanUser, model.catalogue)
        bias = FrozenArray(
            model.itemBias.indices.map { item in
                let tower = all[item] - withoutTower[item]
                return model.itemBias[item] + (tower.isFinite ? tower : 0)
            })
    }

    /// How many items are chosen for the best `limit`.
    func count(for limit: Int, of itemCount: Int) -> Int {
        min(itemCount, max(count, limit > itemCount / 2 ? itemCount : 2 * limit))
    }
}
