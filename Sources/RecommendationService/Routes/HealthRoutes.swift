import HTTP
import HTTPServer
import InteractionStorage
import JSON
import Metrics
import NCF

/// `/livez`, `/readyz`, `/healthz`, `/metrics`, `/version`: for those who run the server.
struct HealthRoutes: Sendable {
    let store: any InteractionStore
    let models: ModelStore
    let lifecycle: Lifecycle
    let metrics: ServiceMetrics
    let recent: RecentInteractions
    let reserve: DiskReserve
    let outcome: WriteOutcome

    func register(in router: inout Router) {
        router.add(.get, "/livez", answering: Answer.json { $0.object { $0.member("status", "alive") } })
        router.add(.get, "/readyz", .probe) { _ in ready() }
        for path in ["/healthz", "/health"] {
            router.add(.get, path, .probe) { _ in health() }
        }
        router.add(.get, "/metrics", .probe) { _ in
            HTTPResponse(
                status: .ok, fields: [.contentType: PrometheusText.contentType],
                body: .bytes(metrics.text(model: models.current, recent: recent, freeBytes: reserve.freeBytes)))
        }
        let version = Answer.json { writer in
            writer.object { answer in
                answer.member("name", "nectar")
                answer.member("version", Build.version)
                answer.member("swift", Build.compiler)
            }
        }
        router.add(.get, "/version", answering: version)
    }

    /// Ready means that `/recommend` can be answered: with no model yet, the popular items are an answer.
    private func ready() -> HTTPResponse {
        if let reason = lifecycle.reasonNotReady ?? storeFault() {
            return Problem(.serviceUnavailable, reason, retryAfterSeconds: 1).response()
        }
        return Answer.json { writer in
            writer.object { answer in
                answer.member("status", "ready")
                answer.member("model", ifPresent: models.current?.name)
            }
        }
    }

    private func health() -> HTTPResponse {
        let storeFault = storeFault()
        let notReady = lifecycle.reasonNotReady ?? storeFault
        let writeFault = reserve.shortage ?? outcome.fault
        let counts = try? store.counts
        return Answer.json(notReady == nil ? .ok : .serviceUnavailable) { writer in
            writer.object { answer in
                // What cannot be written can still be read and recommended from: to send requests elsewhere would not help.
                answer.member(
                    "status", notReady != nil ? "unhealthy" : writeFault != nil ? "degraded" : "healthy")
                answer.member("detail", ifPresent: notReady ?? writeFault)
                answer.key("store")
                answer.object { part in
                    part.member("status", storeFault == nil ? "ok" : "failed")
                    part.member("detail", ifPresent: storeFault)
                    part.member("writes", writeFault == nil ? "ok" : "failing")
                    part.member("free_bytes", ifPresent: reserve.freeBytes.map(Int.init))
                    part.member("interactions", ifPresent: counts?.interactions)
                    part.member("users", ifPresent: counts?.users)
                    part.member("items", ifPresent: counts?.items)
                }
                answer.key("model")
                answer.object { part in
                    let model = models.current
                    part.member("status", model == nil ? "none" : "ok")
                    part.member("version", ifPresent: model?.name)
                }
            }
        }
    }

    private func storeFault() -> String? {
        do {
            _ = try store.watermark
            return nil
        } catch {
            return "The store does not answer: \(error)."
        }
    }
}
