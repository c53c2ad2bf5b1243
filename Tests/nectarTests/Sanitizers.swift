import Glibc

/// What this process, and with it the `nectar` that it starts, was built with.
enum Sanitizers {
    static let thread = unsafe dlsym(nil, "__tsan_init") != nil
    static let address = unsafe dlsym(nil, "__asan_init") != nil
}
