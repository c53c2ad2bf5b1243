/// A loop's own reference to a handler, by which it is called without being retained for the call.
///
/// Whoever owns one gives it up by ``take()``, once, and lets go of what that returns only when no call can be under way.
@safe
struct HandlerReference {
    /// The constant property of an object that is known to live is read without counting a reference; an element of an
    /// array is not, since the call might change it.
    private final class Holder {
        let handler: any EventHandler

        init(_ handler: any EventHandler) {
            self.handler = handler
        }
    }

    // Safe: retained from the beginning until it is taken.
    private let holder: Unmanaged<Holder>

    init(_ handler: any EventHandler) {
        unsafe holder = .passRetained(Holder(handler))
    }

    func descriptorReady(_ readiness: Readiness) {
        unsafe holder._withUnsafeGuaranteedRef { $0.handler.descriptorReady(readiness) }
    }

    func deadlinePassed() {
        unsafe holder._withUnsafeGuaranteedRef { $0.handler.deadlinePassed() }
    }

    /// Ends the ownership: the handler lives on as long as somebody holds what this returns.
    consuming func take() -> AnyObject {
        unsafe holder.takeRetainedValue()
    }
}
