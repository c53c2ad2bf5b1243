/// The samples of one step as indices: groups of one positive and its negatives, which share their user.
///
/// A rating model's groups have a single sample.
final class MiniBatch: @unchecked Sendable {
    // Sendable because each slice is filled by one thread in one phase of a step and read in the next.
    let capacity: Int
    let samplesPerGroup: Int
    /// How many groups are in use.
    var groupCount = 0
    /// The epoch, and the place in it that the first group has.
    var epoch = 0
    var firstPlace = 0
    let users: AlignedBuffer<Int32>
    let items: AlignedBuffer<Int32>
    let targets: AlignedBuffer<Float>
    let weights: AlignedBuffer<Float>
    /// For each group how much of its first item's feature its user is to be less: that item's weight in the user's history.
    let leftOut: AlignedBuffer<Float>
    /// Which of the groups touch which user, and which of the samples which item; what ``groupUsers()`` and ``groupItems()`` leave.
    let (touchedUsers, touchedItems): (RowGroups, RowGroups)

    /// Room for `capacity` groups, with whose gradients a model of so many users and items takes a step; without them for none that
    /// learns.
    init(capacity: Int, samplesPerGroup: Int, userCount: Int = 0, itemCount: Int = 0) {
        self.capacity = capacity
        self.samplesPerGroup = samplesPerGroup
        users = AlignedBuffer(count: capacity, repeating: 0)
        items = AlignedBuffer(count: capacity * samplesPerGroup, repeating: 0)
        targets = AlignedBuffer(count: capacity * samplesPerGroup, repeating: 0)
        weights = AlignedBuffer(count: capacity * samplesPerGroup, repeating: 0)
        leftOut = AlignedBuffer(count: capacity, repeating: 0)
        touchedUsers = RowGroups(rowCount: userCount, sampleCapacity: userCount > 0 ? capacity : 0)
        touchedItems = RowGroups(rowCount: itemCount, sampleCapacity: itemCount > 0 ? capacity * samplesPerGroup : 0)
    }

    var sampleCount: Int { groupCount * samplesPerGroup }

    /// Finds out which users are touched; after the last group is there.
    func groupUsers() { unsafe touchedUsers.group(rows: users.base, count: groupCount) }

    /// Finds out which items are touched; likewise.
    func groupItems() { unsafe touchedItems.group(rows: items.base, count: sampleCount) }
}
