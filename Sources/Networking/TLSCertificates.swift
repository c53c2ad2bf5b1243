#if TLS
    import Glibc
    import Locking

    /// The TLS context that new connections use, made anew when its files change or somebody asks for it.
    ///
    /// Connections keep the context they began with, so none is dropped. Any thread may call.
    public final class TLSCertificates: Sendable {
        /// What tells that a file has changed.
        private struct Stamp: Equatable, Sendable {
            var device: UInt, inode: UInt, size: Int, seconds: Int, nanoseconds: Int
        }

        private struct State {
            var context: TLSContext
            var stamps: [Stamp?]
            var nextLook: MonotonicInstant
        }

        private let configuration: TLSConfiguration
        private let state: Lock<State>
        /// How often files are looked at, at most; only when a connection comes is it worth looking at all.
        private static let lookInterval = Duration.seconds(1)

        /// Loads the files for the first time.
        public init(_ configuration: TLSConfiguration, now: MonotonicInstant) throws(TLSError) {
            self.configuration = configuration
            // The stamps first: a file that changes while it is read is then read again.
            let stamps = Self.stamps(of: configuration)
            let context = try TLSContext(configuration)
            let nextLook = now.advanced(by: Self.lookInterval)
            state = Lock(State(context: context, stamps: stamps, nextLook: nextLook))
        }

        /// The context for a connection that begins now.
        public var context: TLSContext { state.withLock { $0.context } }

        /// Loads the files again. If one of them is of no use the present context stays.
        public func reload() throws(TLSError) {
            let stamps = Self.stamps(of: configuration)
            let context = try TLSContext(configuration, after: context)
            state.withLock { state in
                state.context = context
                state.stamps = stamps
            }
        }

        /// Loads the files again if they have changed and have not been looked at for a second; whether that was so.
        ///
        /// Several files are rarely replaced at one moment. A certificate whose key is still the old one is refused
        /// here, and taken as soon as the key has changed too.
        public func reloadIfChanged(now: MonotonicInstant) throws(TLSError) -> Bool {
            let isDue = state.withLock { state in
                guard now >= state.nextLook else { return false }
                state.nextLook = now.advanced(by: Self.lookInterval)
                return true
            }
            guard isDue else { return false }
            let stamps = Self.stamps(of: configuration)
            let hasChanged = state.withLock { state in
                defer { state.stamps = stamps }
                return state.stamps != stamps
            }
            if hasChanged { try reload() }
            return hasChanged
        }

        private static func stamps(of configuration: TLSConfiguration) -> [Stamp?] {
            configuration.files.map { file in
                var status = stat()
                guard unsafe stat(file, &status) == 0 else { return nil }
                return Stamp(
                    device: status.st_dev, inode: status.st_ino, size: status.st_size,
                    seconds: status.st_mtim.tv_sec, nanoseconds: status.st_mtim.tv_nsec)
            }
        }
    }
#endif
