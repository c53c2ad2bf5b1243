import Glibc

/// Whether this process, and with it the `nectar` that it starts, was built with the thread sanitizer.
enum ThreadSanitizer {
    static let isPresent = unsafe dlsym(nil, "__tsan_init") != nil
}
