extension ModelSnapshot {
    /// stub
    public func foldIn(items: [Int32]) -> UserVector { model.vector(of: 0) }
}
