#if TLS
    import COpenSSL

    /// OpenSSL's queue of errors, which every thread has one of, as words.
    enum OpenSSLErrors {
        /// Empties the queue, so that what is found in it next belongs to the next call.
        ///
        /// It mostly is empty, and to see that costs a tenth of emptying it.
        static func clear() { if ERR_peek_error() != 0 { ERR_clear_error() } }

        /// Takes all that is there and says what the first one means; nil when there is none.
        ///
        /// The first is the cause; those behind it only say through which functions it came.
        static func take() -> String? {
            let code = ERR_get_error()
            ERR_clear_error()
            guard code != 0 else { return nil }
            guard let text = unsafe ERR_reason_error_string(code) else { return "OpenSSL's error \(code)" }
            return unsafe String(cString: text)
        }
    }
#endif
