import HTTP
import HTTPServer
import InteractionFormats
import InteractionStorage
import JSON
import Locking

/// `/items`: what can be recommended.
struct CatalogRoutes: RecordRoutes {
    let store: any InteractionStore
    let catalog: Catalog
    let newcomers: Newcomers
    let configuration: ServiceConfiguration
    let reserve: DiskReserve
    /// Held while a write goes to the store and then to the catalogue, so that both see writes in the same order. Only
    /// offloaded handlers take it.
    private let writing = Lock(())

    init(
        store: any InteractionStore, catalog: Catalog, newcomers: Newcomers, configuration: ServiceConfiguration,
        reserve: DiskReserve
    ) {
        self.reserve = reserve
        self.store = store
        self.catalog = catalog
        self.newcomers = newcomers
        self.configuration = configuration
    }

    static var noun: String { "item" }

    func register(in router: inout Router) {
        registerRecords(in: &router)
    }

    func list(_ request: ServerRequest) throws(Problem) -> HTTPResponse {
        let page = try RecordPage(request, maximumLimit: configuration.recommendation.maximumLimit)
        let items = try Answer.storing { () throws(StoreError) in
            try store.items(after: page.cursor, limit: page.limit)
        }
        return page.answer("items", items, id: \.id, ItemEncoder.encode)
    }

    func get(_ request: ServerRequest) throws(Problem) -> HTTPResponse {
        let id = try id(of: request)
        guard let item = try Answer.storing({ () throws(StoreError) in try store.item(id) }) else {
            throw missing(id)
        }
        return answer(item)
    }

    func put(_ request: ServerRequest) throws(Problem) -> HTTPResponse {
        let id = try id(of: request)
        let document = try RequestBody.json(of: request)
        var faults = JSONFaults()
        guard let item = ItemDecoder.decode(document.root, id: id, faults: &faults), faults.isEmpty else {
            throw Problem(faults: faults)
        }
        return answer(item, try change([.put(item)], from: [document.root]) > 0 ? .created : .ok)
    }

    /// Carries out `changes`, which came as `values`, and returns how many items were new.
    private func change(_ changes: [ItemChange], from values: [JSONValue]) throws(Problem) -> Int {
        var faults = JSONFaults()
        let created = try Answer.storing { () throws(StoreError) in
            try writing.withLock { _ throws(StoreError) in
                for (misfit, value) in zip(catalog.misfits(of: changes), values) { report(misfit, in: value, &faults) }
                guard faults.isEmpty else { return 0 }
                let created = try store.changeItems(changes)
                for run in changes.runs { follow(run) }
                return created
            }
        }
        guard faults.isEmpty else { throw Problem(faults: faults) }
        return created
    }

    /// What was stored comes into memory.
    private func follow(_ run: ItemChange.Run) {
        switch run {
        case .put(let items): newcomers.put(items, replacing: catalog.put(items))
        case .withdraw(let ids):
            for id in ids { catalog.remove(id) }
            newcomers.remove(ids)
        }
    }

    /// A vector that is not as long as those of other items.
    private func report(_ misfit: (name: String, detail: String)?, in value: JSONValue, _ faults: inout JSONFaults) {
        guard let misfit else { return }
        faults.add(at: value["vectors"]?[misfit.name] ?? value, misfit.detail)
    }

    /// Changes an item as RFC 7396 says: members replace those stored, `null` takes one away, attributes and vectors are merged.
    func patch(_ request: ServerRequest) throws(Problem) -> HTTPResponse {
        let id = try id(of: request)
        let patch = try RequestBody.json(of: request).root
        var faults = JSONFaults()
        let updated = try Answer.storing { () throws(StoreError) in
            try writing.withLock { _ throws(StoreError) in
                let updated = try store.updateItem(id) { item in
                    guard let merged = ItemDecoder.merge(patch, into: item, faults: &faults) else { return }
                    report(catalog.misfits(of: [merged])[0], in: patch, &faults)
                    if faults.isEmpty { item = merged }
                }
                if let updated {
                    newcomers.put([updated], replacing: catalog.put([updated]))
                }
                return updated
            }
        }
        guard faults.isEmpty else { throw Problem(faults: faults) }
        guard let updated else { throw missing(id) }
        return answer(updated)
    }

    func delete(_ request: ServerRequest) throws(Problem) -> HTTPResponse {
        let id = try id(of: request)
        let existed = try Answer.storing { () throws(StoreError) in
            try writing.withLock { _ throws(StoreError) in
                let existed = try store.deleteItem(id)
                if existed {
                    follow(.withdraw([id]))
                }
                return existed
            }
        }
        guard existed else { throw missing(id) }
        return HTTPResponse(status: .noContent)
    }

    /// One item, or `{"items": […]}`; all or nothing. Some may be there to be withdrawn.
    func putMany(_ request: ServerRequest) throws(Problem) -> HTTPResponse {
        var values: [JSONValue] = []
        let changes = try RecordList.decode(request, "items") { value, faults in
            values.append(value)
            return ItemDecoder.decodeChange(value, faults: &faults)
        }
        let created = try change(changes, from: values)
        let withdrawn = changes.count { if case .withdraw = $0 { true } else { false } }
        return RecordList.answer(stored: changes.count - withdrawn, created: created, withdrawn: withdrawn)
    }

    private func answer(_ item: Item, _ status: HTTPStatus = .ok) -> HTTPResponse {
        Answer.json(status) { ItemEncoder.encode(item, to: &$0) }
    }
}
