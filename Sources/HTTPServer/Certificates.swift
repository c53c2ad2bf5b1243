import Networking

/// Where a server's TLS sessions come from. A build without the trait `TLS` has the type, but no value of it.
struct Certificates: Sendable {
    #if TLS
        private let store: TLSCertificates

        /// Loads the files.
        init(_ configuration: TLSConfiguration, now: MonotonicInstant) throws(TLSError) {
            store = try TLSCertificates(configuration, now: now)
        }

        /// Loads the files again.
        func reload() throws(TLSError) { try store.reload() }

        /// A transport for a connection that begins now, with the certificates as they are now; nil when there is no
        /// memory for it. Files are looked at here, at most once a second, rather than watched: nobody needs a new
        /// certificate before a connection comes.
        func transport(
            _ descriptor: consuming FileDescriptor, now: MonotonicInstant, _ observer: any ServerObserver
        ) -> Transport? {
            do throws(TLSError) {
                if try store.reloadIfChanged(now: now) { observer.certificatesReloaded(error: nil) }
            } catch {
                observer.certificatesReloaded(error: error.description)
            }
            return try? Transport(descriptor, securedBy: store.context)
        }
    #else
        /// Says that there is no TLS.
        init(_ configuration: TLSConfiguration, now: MonotonicInstant) throws(TLSError) {
            throw TLSError("This program was built without TLS.")
        }

        /// Never called.
        func reload() throws(TLSError) {}

        /// Never called.
        func transport(
            _ descriptor: consuming FileDescriptor, now: MonotonicInstant, _ observer: any ServerObserver
        ) -> Transport? { nil }
    #endif
}
