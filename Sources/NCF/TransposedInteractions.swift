/// The interactions by item: the users of each, in their order.
struct TransposedInteractions {
    var offsets: [Int]
    var users: [Int32]
    var weights: [Float]

    init(_ dataset: InteractionDataset) {
        var offsets = [Int](repeating: 0, count: dataset.itemCount + 1)
        for item in dataset.items { offsets[Int(item) + 1] += 1 }
        for item in 0..<dataset.itemCount { offsets[item + 1] += offsets[item] }
        self.offsets = offsets
        users = Array(repeating: 0, count: dataset.items.count)
        weights = Array(repeating: 0, count: dataset.items.count)
        for user in 0..<dataset.userCount {
            for place in dataset.interactions(of: user) {
                let item = Int(dataset.items[place])
                users[offsets[item]] = Int32(user)
                weights[offsets[item]] = dataset.weights[place]
                offsets[item] += 1
            }
        }
    }
}
